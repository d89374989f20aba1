/* Who is told what, and in which order.
 *
 * libuv tells epoll of changed interest once, before it waits, in the order in which the handles
 * asked. epoll keeps a list of ready descriptors: one joins at the end when it becomes ready, or
 * when interest in something that it is ready for is registered; one that was reported goes to the
 * end again (level-triggered) and leaves when it is found not ready. A descriptor that libuv
 * stopped watching stays in epoll, and keeps its place, until it is reported once more. */
#include "transport/sim/internal.h"

#define ALWAYS (SIM_ERROR | SIM_HANG_UP) /* epoll reports these unasked */

static void register_change(sim_simulator *simulator, sim_watcher *watcher) {
    if (!sim_node_is_linked(&watcher->change)) {
        sim_list_append(&simulator->changes, &watcher->change);
    }
}

void sim_watch(sim_simulator *simulator, sim_watcher *watcher, unsigned events) {
    watcher->wanted |= events;
    if (watcher->wanted != watcher->registered) {
        register_change(simulator, watcher);
    }
}

void sim_unwatch(sim_simulator *simulator, sim_watcher *watcher, unsigned events) {
    watcher->wanted &= ~events;
    if (watcher->wanted == 0) {
        sim_list_remove(&watcher->change);
        watcher->registered = 0;
    } else {
        register_change(simulator, watcher);
    }
}

void sim_watcher_forget(sim_watcher *watcher) {
    watcher->wanted = watcher->registered = watcher->interest = 0;
    watcher->in_epoll = false;
    sim_list_remove(&watcher->change);
    sim_list_remove(&watcher->ready);
    sim_list_remove(&watcher->batch);
    sim_list_remove(&watcher->pending);
}

static unsigned ready_events(sim_watcher *watcher) {
    return watcher->readiness(watcher) & (watcher->interest | ALWAYS);
}

void sim_wake(sim_simulator *simulator, sim_watcher *watcher) {
    if (watcher->in_epoll && !sim_node_is_linked(&watcher->ready) && ready_events(watcher) != 0) {
        sim_list_append(&simulator->ready, &watcher->ready);
    }
}

void sim_feed(sim_simulator *simulator, sim_watcher *watcher) {
    if (!sim_node_is_linked(&watcher->pending)) {
        sim_list_append(&simulator->pending, &watcher->pending);
    }
}

static void apply_changes(sim_simulator *simulator) {
    while (!sim_list_is_empty(&simulator->changes)) {
        sim_watcher *watcher = SIM_OWNER(simulator->changes.next, sim_watcher, change);
        sim_list_remove(&watcher->change);
        watcher->interest = watcher->registered = watcher->wanted;
        watcher->in_epoll = true;
        sim_wake(simulator, watcher);
    }
}

/* epoll_wait: moves what is ready into `batch`. */
static void collect(sim_simulator *simulator, sim_node *batch) {
    sim_node scanned;
    sim_list_move(&simulator->ready, &scanned);
    while (!sim_list_is_empty(&scanned)) {
        sim_watcher *watcher = SIM_OWNER(scanned.next, sim_watcher, ready);
        sim_list_remove(&watcher->ready);
        watcher->occurred = ready_events(watcher);
        if (watcher->occurred != 0) {
            sim_list_append(&simulator->ready, &watcher->ready);
            sim_list_append(batch, &watcher->batch);
        }
    }
}

/* What libuv makes of an event from epoll. */
static unsigned narrowed(const sim_watcher *watcher) {
    unsigned events = watcher->occurred & (watcher->wanted | ALWAYS);
    if (events == SIM_ERROR || events == SIM_HANG_UP) {
        events |= watcher->wanted;
    }
    return events;
}

bool sim_watchers_poll(sim_simulator *simulator) {
    bool reported = false;
    sim_node batch;
    sim_list_init(&batch);
    apply_changes(simulator);
    collect(simulator, &batch);
    while (!sim_list_is_empty(&batch)) {
        sim_watcher *watcher = SIM_OWNER(batch.next, sim_watcher, batch);
        sim_list_remove(&watcher->batch);
        if (watcher->wanted == 0) {
            watcher->in_epoll = false;
            watcher->interest = 0;
            sim_list_remove(&watcher->ready);
            continue;
        }
        unsigned events = narrowed(watcher);
        if (events != 0) {
            reported = true;
            watcher->report(watcher, events);
        }
    }
    return reported;
}

bool sim_watchers_run_pending(sim_simulator *simulator) {
    sim_node batch;
    sim_list_move(&simulator->pending, &batch);
    bool any = !sim_list_is_empty(&batch);
    while (!sim_list_is_empty(&batch)) {
        sim_watcher *watcher = SIM_OWNER(batch.next, sim_watcher, pending);
        sim_list_remove(&watcher->pending);
        watcher->report(watcher, SIM_OUT);
    }
    return any;
}

bool sim_watchers_are_ready(const sim_simulator *simulator) {
    for (sim_node *node = simulator->changes.next; node != &simulator->changes; node = node->next) {
        sim_watcher *watcher = SIM_OWNER(node, sim_watcher, change);
        if ((watcher->readiness(watcher) & (watcher->wanted | ALWAYS)) != 0) {
            return true;
        }
    }
    for (sim_node *node = simulator->ready.next; node != &simulator->ready; node = node->next) {
        sim_watcher *watcher = SIM_OWNER(node, sim_watcher, ready);
        if (watcher->wanted != 0 && (ready_events(watcher) & (watcher->wanted | ALWAYS)) != 0) {
            return true;
        }
    }
    return false;
}
