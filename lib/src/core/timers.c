/* Timers: a binary heap by deadline and start order, and one wake-up of the transport for its top.
 */
#include "core/loop_state.h"

#include <assert.h>
#include <stdint.h>

struct nh_timeout {
    nh_timer timer;
    nh_loop *loop;
    nh_value function;
    uint32_t slot;
};

/* --- the heap ------------------------------------------------------------------------------- */

static bool is_earlier(const nh_timer *a, const nh_timer *b) {
    return a->deadline_ms != b->deadline_ms ? a->deadline_ms < b->deadline_ms
                                            : a->sequence < b->sequence;
}

static void put(nh_loop *loop, size_t place, nh_timer *timer) {
    loop->timers[place] = timer;
    timer->position = place + 1;
}

static void move_up(nh_loop *loop, size_t place, nh_timer *timer) {
    while (place > 0 && is_earlier(timer, loop->timers[(place - 1) / 2])) {
        put(loop, place, loop->timers[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(loop, place, timer);
}

static void move_down(nh_loop *loop, size_t place, nh_timer *timer) {
    for (;;) {
        size_t child = place * 2 + 1;
        if (child + 1 < loop->timer_count &&
            is_earlier(loop->timers[child + 1], loop->timers[child])) {
            child++;
        }
        if (child >= loop->timer_count || !is_earlier(loop->timers[child], timer)) {
            break;
        }
        put(loop, place, loop->timers[child]);
        place = child;
    }
    put(loop, place, timer);
}

static bool make_room(nh_loop *loop) {
    if (loop->timer_count < loop->timer_capacity) {
        return true;
    }
    size_t capacity = loop->timer_capacity == 0 ? 16 : loop->timer_capacity * 2;
    if (capacity > SIZE_MAX / sizeof(nh_timer *)) {
        return false;
    }
    nh_timer **timers = nh_memory_resize(loop->memory, loop->timers, capacity * sizeof(nh_timer *));
    if (timers == NULL) {
        return false;
    }
    loop->timers = timers;
    loop->timer_capacity = capacity;
    return true;
}

static void take_out(nh_loop *loop, nh_timer *timer) {
    size_t place = timer->position - 1;
    assert(place < loop->timer_count && loop->timers[place] == timer);
    timer->position = 0;
    loop->referenced_timers -= !timer->unreferenced;
    loop->timer_count--;
    if (place < loop->timer_count) {
        nh_timer *last = loop->timers[loop->timer_count];
        move_down(loop, place, last);
        move_up(loop, last->position - 1, last);
    }
}

/* --- the wake-up ---------------------------------------------------------------------------- */

/* Makes the transport wake the loop for the first timer. */
static void arm_wake_up(nh_loop *loop) {
    const nh_transport_operations *operations = loop->transport->operations;
    if (loop->running_timers || loop->being_freed) {
        return; /* once they have run */
    }
    if (loop->timer_count == 0) {
        if (loop->wake_up_armed) {
            loop->wake_up_armed = false;
            operations->disarm_timer(loop->transport);
        }
        return;
    }
    uint64_t deadline_ms = loop->timers[0]->deadline_ms;
    bool referenced = loop->referenced_timers > 0;
    if (!loop->wake_up_armed || loop->wake_up_deadline_ms != deadline_ms ||
        loop->wake_up_referenced != referenced) {
        loop->wake_up_armed = true;
        loop->wake_up_deadline_ms = deadline_ms;
        loop->wake_up_referenced = referenced;
        operations->arm_timer(loop->transport, deadline_ms, referenced);
    }
}

bool nh_timer_start(nh_loop *loop, nh_timer *timer, uint64_t delay_ms) {
    if (loop->being_freed || (timer->position == 0 && !make_room(loop))) {
        return false;
    }
    if (timer->position != 0) {
        take_out(loop, timer);
    }
    uint64_t now_ms = nh_loop_now_ms(loop);
    timer->delay_ms = delay_ms < 1 ? 1 : delay_ms;
    timer->deadline_ms =
        timer->delay_ms > UINT64_MAX - now_ms ? UINT64_MAX : now_ms + timer->delay_ms;
    timer->sequence = ++loop->last_sequence;
    loop->referenced_timers += !timer->unreferenced;
    loop->timer_count++;
    move_up(loop, loop->timer_count - 1, timer);
    arm_wake_up(loop);
    return true;
}

void nh_timer_stop(nh_loop *loop, nh_timer *timer) {
    if (timer->position != 0) {
        take_out(loop, timer);
        arm_wake_up(loop);
    }
}

bool nh_timer_is_active(const nh_timer *timer) {
    return timer->position != 0;
}

void nh_timer_set_referenced(nh_loop *loop, nh_timer *timer, bool referenced) {
    if (timer->unreferenced != referenced) {
        return;
    }
    timer->unreferenced = !referenced;
    if (timer->position != 0 && referenced) {
        loop->referenced_timers++;
        arm_wake_up(loop);
    } else if (timer->position != 0) {
        loop->referenced_timers--;
        arm_wake_up(loop);
    }
}

static bool is_due(const nh_loop *loop) {
    return loop->timer_count > 0 && loop->timers[0]->deadline_ms <= loop->firing_time;
}

/* Node.js keeps timers in one list for each delay, and goes on with the list of a timer that threw
 * before anything else. */
static bool more_follows(const nh_loop *loop) {
    return is_due(loop) && loop->timers[0]->delay_ms == loop->firing_delay;
}

void nh_loop_run_timers(nh_loop *loop) {
    assert(loop->depth == 0 && !loop->running_timers);
    loop->stopping = false;
    loop->wake_up_armed = false; /* it has fired */
    loop->running_timers = true;
    /* Timers started from here on are due later than this, however long the calls take. */
    loop->firing_time = nh_loop_now_ms(loop);
    while (is_due(loop) && !loop->stopping) {
        nh_timer *timer = loop->timers[0];
        take_out(loop, timer);
        loop->firing_delay = timer->delay_ms;
        nh_loop_begin_turn(loop);
        timer->fire(timer->owner);
        nh_loop_end_turn_in_phase(loop, more_follows);
    }
    loop->running_timers = false;
    arm_wake_up(loop);
}

/* --- timeouts of the embedder --------------------------------------------------------------- */

/* A free slot, plus one; 0 without memory. */
static uint32_t find_slot(nh_loop *loop) {
    if (loop->first_free_slot != 0) {
        return loop->first_free_slot;
    }
    size_t count = loop->timeout_slot_count == 0 ? 8 : loop->timeout_slot_count * 2;
    if (count > UINT32_MAX / 2) {
        return 0;
    }
    nh_timeout_slot *slots =
        nh_memory_resize(loop->memory, loop->timeout_slots, count * sizeof(nh_timeout_slot));
    if (slots == NULL) {
        return 0;
    }
    loop->timeout_slots = slots;
    for (size_t i = count; i > loop->timeout_slot_count; i--) {
        slots[i - 1] = (nh_timeout_slot){.next_free = loop->first_free_slot};
        loop->first_free_slot = (uint32_t)i;
    }
    loop->timeout_slot_count = count;
    return loop->first_free_slot;
}

/* Frees a timeout that is not active, and returns its function to the caller. */
static nh_value dissolve(nh_timeout *timeout) {
    nh_loop *loop = timeout->loop;
    nh_value function = timeout->function;
    nh_timeout_slot *slot = &loop->timeout_slots[timeout->slot];
    slot->timeout = NULL;
    slot->next_free = loop->first_free_slot;
    loop->first_free_slot = timeout->slot + 1;
    nh_memory_free(loop->memory, timeout);
    return function;
}

static void fire_timeout(void *owner) {
    nh_value function = dissolve(owner);
    nh_function_invoke(function, NULL, 0, NULL);
    nh_value_release(&function);
}

uint64_t nh_loop_set_timeout(nh_loop *loop, nh_value function, uint64_t delay_ms) {
    uint32_t slot = function.type == NH_INVALID || loop->being_freed ? 0 : find_slot(loop);
    nh_timeout *timeout =
        slot == 0 ? NULL : nh_memory_allocate_zeroed(loop->memory, 1, sizeof(nh_timeout));
    if (timeout == NULL) {
        return 0;
    }
    timeout->timer = (nh_timer){.fire = fire_timeout, .owner = timeout};
    timeout->loop = loop;
    timeout->slot = slot - 1;
    if (!nh_timer_start(loop, &timeout->timer, delay_ms)) {
        nh_memory_free(loop->memory, timeout);
        return 0;
    }
    timeout->function = nh_value_retain(function);
    nh_timeout_slot *place = &loop->timeout_slots[timeout->slot];
    loop->first_free_slot = place->next_free;
    place->timeout = timeout;
    place->generation++;
    return (uint64_t)place->generation << 32 | slot;
}

void nh_loop_clear_timeout(nh_loop *loop, uint64_t timeout) {
    uint32_t slot = (uint32_t)timeout;
    if (slot == 0 || slot > loop->timeout_slot_count) {
        return;
    }
    const nh_timeout_slot *place = &loop->timeout_slots[slot - 1];
    if (place->timeout == NULL || place->generation != (uint32_t)(timeout >> 32)) {
        return;
    }
    nh_timer_stop(loop, &place->timeout->timer);
    nh_value function = dissolve(place->timeout);
    nh_value_release(&function);
}

void nh_loop_drop_timers(nh_loop *loop) {
    for (size_t i = 0; i < loop->timeout_slot_count; i++) {
        if (loop->timeout_slots[i].timeout != NULL) {
            nh_timer_stop(loop, &loop->timeout_slots[i].timeout->timer);
            nh_value function = dissolve(loop->timeout_slots[i].timeout);
            nh_value_release(&function);
        }
    }
    while (loop->timer_count > 0) {
        take_out(loop, loop->timers[0]); /* of objects that are still alive */
    }
    nh_memory_free(loop->memory, loop->timeout_slots);
    nh_memory_free(loop->memory, loop->timers);
}
