/* The iteration and its phases, as uv_run has them in libuv 1.49: pending, poll, pending again,
 * check, closing, timers; and virtual time. */
#include "transport/sim/internal.h"

#define PENDING_ROUNDS 8

/* --- reports ------------------------------------------------------------------------------ */

void sim_begin_report(sim_simulator *simulator) {
    if (simulator->loop != NULL) {
        nh_loop_begin_turn(simulator->loop);
    }
}

void sim_end_report(sim_simulator *simulator) {
    if (simulator->loop != NULL) {
        nh_loop_end_turn(simulator->loop);
    }
}

/* --- handles ------------------------------------------------------------------------------ */

void sim_handle_init(sim_handle *handle, sim_simulator *simulator) {
    handle->simulator = simulator;
    sim_list_append(&simulator->handles, &handle->handles);
}

static bool keeps_running(const sim_handle *handle) {
    return handle->is_active && !handle->is_unreferenced;
}

static void count(sim_handle *handle, bool before) {
    if (keeps_running(handle) && !before) {
        handle->simulator->active_handles++;
    } else if (!keeps_running(handle) && before) {
        handle->simulator->active_handles--;
    }
}

void sim_handle_set_active(sim_handle *handle, bool active) {
    bool before = keeps_running(handle);
    handle->is_active = active;
    count(handle, before);
}

void sim_handle_set_referenced(sim_handle *handle, bool referenced) {
    bool before = keeps_running(handle);
    handle->is_unreferenced = !referenced;
    count(handle, before);
}

void sim_handle_close(sim_handle *handle) {
    sim_watcher_forget(&handle->watcher);
    handle->is_closing = true;
    handle->next_closing = handle->simulator->closing;
    handle->simulator->closing = handle;
}

void sim_handle_free(sim_handle *handle) {
    sim_watcher_forget(&handle->watcher);
    sim_list_remove(&handle->handles);
    nh_memory_free(handle->simulator->memory, handle);
}

/* --- phases ------------------------------------------------------------------------------- */

static bool run_timers(sim_simulator *simulator) {
    if (!simulator->timer_is_armed || simulator->timer_deadline_ms > simulator->now_ms ||
        simulator->loop == NULL) {
        return false;
    }
    simulator->timer_is_armed = false;
    nh_loop_run_timers(simulator->loop);
    return true;
}

static bool run_check(const sim_simulator *simulator) {
    if (!simulator->immediates_are_armed || simulator->loop == NULL) {
        return false;
    }
    nh_loop_run_immediates(simulator->loop);
    return true;
}

static bool run_closing(sim_simulator *simulator) {
    sim_handle *handle = simulator->closing;
    bool any = handle != NULL;
    simulator->closing = NULL;
    while (handle != NULL) {
        sim_handle *next = handle->next_closing;
        handle->finish(handle);
        handle = next;
    }
    return any;
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* When the network does something next. */
static uint64_t next_network_event(const sim_simulator *simulator) {
    uint64_t next_ms = sim_lookups_next_due(simulator);
    for (sim_node *node = simulator->connects.next; node != &simulator->connects;
         node = node->next) {
        next_ms = earlier(next_ms, SIM_OWNER(node, sim_connection, connects)->connect_due_ms);
    }
    for (sim_node *node = simulator->transit.next; node != &simulator->transit; node = node->next) {
        next_ms = earlier(next_ms, sim_socket_next_due(SIM_OWNER(node, sim_socket, transit)));
    }
    return next_ms;
}

static uint64_t next_deadline(const sim_simulator *simulator) {
    return simulator->timer_is_armed ? simulator->timer_deadline_ms : SIM_NEVER;
}

static bool poll_once(sim_simulator *simulator, bool waiting) {
    sim_connects_advance(simulator);
    sim_sockets_deliver(simulator);
    sim_lookups_mature(simulator, waiting);
    return sim_watchers_poll(simulator);
}

/* Lets time pass until something is reported, a timer is due or it is `until_ms`. */
static bool poll_waiting(sim_simulator *simulator, uint64_t until_ms) {
    for (;;) {
        if (poll_once(simulator, true)) {
            return true;
        }
        uint64_t network_ms = next_network_event(simulator);
        uint64_t next_ms = earlier(network_ms, next_deadline(simulator));
        if (next_ms > until_ms || next_ms == SIM_NEVER) {
            if (until_ms != SIM_NEVER && until_ms > simulator->now_ms) {
                simulator->now_ms = until_ms;
                simulator->busy_iterations = 0;
            }
            return false;
        }
        if (next_ms > simulator->now_ms) {
            simulator->now_ms = next_ms;
            simulator->busy_iterations = 0;
        } else if (network_ms > simulator->now_ms) {
            return false; /* the timer is due */
        }
        if (network_ms > next_ms) {
            return false;
        }
    }
}

static bool may_wait(const sim_simulator *simulator) {
    return sim_list_is_empty(&simulator->pending) && simulator->closing == NULL &&
           !simulator->immediates_are_armed && !simulator->is_stopped;
}

/* True when anything was reported. */
static bool iterate(sim_simulator *simulator, uint64_t until_ms) {
    simulator->iteration++;
    if (++simulator->busy_iterations == simulator->options.iterations_per_ms) {
        simulator->busy_iterations = 0;
        simulator->now_ms++;
    }
    bool any = sim_watchers_run_pending(simulator);
    if (poll_once(simulator, false)) {
        any = true;
    } else if (may_wait(simulator)) {
        any = poll_waiting(simulator, until_ms) || any;
    }
    for (int i = 0; i < PENDING_ROUNDS && !sim_list_is_empty(&simulator->pending); i++) {
        any = sim_watchers_run_pending(simulator) || any;
    }
    any = run_check(simulator) || any;
    any = run_closing(simulator) || any;
    return run_timers(simulator) || any;
}

static bool is_alive(const sim_simulator *simulator) {
    return simulator->active_handles > 0 || simulator->active_requests > 0 ||
           simulator->closing != NULL || !sim_list_is_empty(&simulator->pending) ||
           simulator->immediates_are_armed ||
           (simulator->timer_is_armed && simulator->timer_is_referenced);
}

/* --- running ------------------------------------------------------------------------------ */

static void run(nh_transport *transport) {
    sim_simulator *simulator = sim_simulator_of(transport);
    if (is_alive(simulator) && !simulator->is_stopped) {
        (void)run_timers(simulator);
        while (is_alive(simulator) && !simulator->is_stopped) {
            if (!iterate(simulator, SIM_NEVER) && nh_simulator_is_idle(transport)) {
                break;
            }
        }
    }
    simulator->is_stopped = false;
}

static void stop(nh_transport *transport) {
    sim_simulator_of(transport)->is_stopped = true;
}

bool nh_simulator_step(nh_transport *transport, uint64_t until_ms) {
    sim_simulator *simulator = sim_simulator_of(transport);
    (void)run_timers(simulator);
    (void)iterate(simulator, until_ms);
    return nh_simulator_next_event_ms(transport) <= until_ms;
}

void nh_simulator_run_until(nh_transport *transport, uint64_t until_ms) {
    sim_simulator *simulator = sim_simulator_of(transport);
    while (!simulator->is_stopped && nh_simulator_next_event_ms(transport) <= until_ms) {
        (void)nh_simulator_step(transport, until_ms);
    }
    if (!simulator->is_stopped && until_ms > simulator->now_ms) {
        simulator->now_ms = until_ms;
    }
    simulator->is_stopped = false;
}

uint64_t nh_simulator_next_event_ms(const nh_transport *transport) {
    const sim_simulator *simulator = (const sim_simulator *)(const void *)transport;
    if (!may_wait(simulator) || sim_watchers_are_ready(simulator)) {
        return simulator->now_ms;
    }
    uint64_t next_ms = earlier(next_network_event(simulator), next_deadline(simulator));
    return next_ms < simulator->now_ms ? simulator->now_ms : next_ms;
}

bool nh_simulator_is_idle(const nh_transport *transport) {
    return nh_simulator_next_event_ms(transport) == SIM_NEVER;
}

bool nh_simulator_is_alive(const nh_transport *transport) {
    return is_alive((const sim_simulator *)(const void *)transport);
}

/* --- clock and timer ---------------------------------------------------------------------- */

/* The loop goes: everything that is open ends, so that owners let go of it. */
static void end_everything(sim_simulator *simulator) {
    sim_lookups_cancel(simulator);
    while (!sim_list_is_empty(&simulator->handles)) {
        sim_handle *handle = SIM_OWNER(simulator->handles.next, sim_handle, handles);
        if (!handle->is_closing) {
            handle->close(handle);
        }
        run_closing(simulator);
    }
}

static void attach(nh_transport *transport, nh_loop *loop) {
    sim_simulator *simulator = sim_simulator_of(transport);
    if (loop == NULL && simulator->loop != NULL) {
        end_everything(simulator);
    }
    simulator->loop = loop;
    if (loop == NULL) {
        simulator->timer_is_armed = false;
        simulator->immediates_are_armed = false;
    }
}

static uint64_t now_ms(nh_transport *transport) {
    return sim_simulator_of(transport)->now_ms;
}

static uint64_t wall_clock_ms(nh_transport *transport) {
    const sim_simulator *simulator = sim_simulator_of(transport);
    return simulator->options.wall_clock_ms + (simulator->now_ms - simulator->options.start_ms);
}

static void arm_timer(nh_transport *transport, uint64_t deadline_ms, bool referenced) {
    sim_simulator *simulator = sim_simulator_of(transport);
    simulator->timer_is_armed = true;
    simulator->timer_is_referenced = referenced;
    simulator->timer_deadline_ms = deadline_ms;
}

static void disarm_timer(nh_transport *transport) {
    sim_simulator_of(transport)->timer_is_armed = false;
}

static void arm_immediates(nh_transport *transport, bool armed) {
    sim_simulator_of(transport)->immediates_are_armed = armed;
}

/* There is no Nagle algorithm and no keep-alive probe to switch. */
static void set_no_delay(nh_connection *connection, bool enable) {
    (void)connection;
    (void)enable;
}

static void set_keep_alive(nh_connection *connection, bool enable, uint64_t initial_delay_ms) {
    (void)connection;
    (void)enable;
    (void)initial_delay_ms;
}

static const nh_transport_operations operations = {
    .attach = attach,
    .now_ms = now_ms,
    .wall_clock_ms = wall_clock_ms,
    .arm_timer = arm_timer,
    .disarm_timer = disarm_timer,
    .arm_immediates = arm_immediates,
    .run = run,
    .stop = stop,
    .open = sim_open,
    .observe = sim_observe,
    .bind = sim_bind,
    .connect = sim_connect,
    .start_reading = sim_start_reading,
    .stop_reading = sim_stop_reading,
    .write = sim_write,
    .write_queue_size = sim_write_queue_size,
    .shutdown = sim_shutdown,
    .close = sim_close,
    .reset = sim_reset,
    .local_address = sim_local_address,
    .remote_address = sim_remote_address,
    .set_no_delay = set_no_delay,
    .set_keep_alive = set_keep_alive,
    .set_referenced = sim_set_referenced,
    .listen = sim_listen,
    .listening_address = sim_listening_address,
    .listening_set_referenced = sim_listening_set_referenced,
    .close_listening = sim_listening_close,
    .lookup = sim_lookup,
    .cancel_lookup = sim_lookup_cancel,
};

/* --- shaping ------------------------------------------------------------------------------ */

void nh_simulator_set_shape(nh_transport *transport, nh_simulator_direction direction,
                            const nh_simulator_shape *shape) {
    sim_simulator_of(transport)->shapes[direction] = *shape;
}

int nh_simulator_connection_set_shape(nh_connection *connection, nh_simulator_direction direction,
                                      const nh_simulator_shape *shape) {
    const sim_connection *own = sim_connection_of(connection);
    if (own->socket == NULL) {
        return -ENOTCONN;
    }
    sim_socket *receiver = sim_link_receiver(own->socket->link, direction);
    receiver->incoming.shape = *shape;
    sim_socket_reshaped(receiver);
    return 0;
}

int nh_simulator_connection_get_shape(const nh_connection *connection,
                                      nh_simulator_direction direction,
                                      nh_simulator_shape *out_shape) {
    const sim_connection *own = (const sim_connection *)(const void *)connection;
    if (own->socket == NULL) {
        return -ENOTCONN;
    }
    *out_shape = sim_link_receiver(own->socket->link, direction)->incoming.shape;
    return 0;
}

/* --- life --------------------------------------------------------------------------------- */

void nh_simulator_options_init(nh_simulator_options *options) {
    *options = (nh_simulator_options){
        .start_ms = 1000,
        .wall_clock_ms = UINT64_C(1735689600000),
        .send_buffer_bytes = 3840u * 1024u,
        .receive_buffer_bytes = 64u * 1024u,
        .unix_buffer_bytes = 208u * 1024u,
        .first_ephemeral_port = 32768,
        .connect_timeout_ms = 127000,
        .iterations_per_ms = 1000,
    };
}

static void init_lists(sim_simulator *simulator) {
    sim_list_init(&simulator->changes);
    sim_list_init(&simulator->ready);
    sim_list_init(&simulator->pending);
    sim_list_init(&simulator->handles);
    sim_list_init(&simulator->links);
    sim_list_init(&simulator->transit);
    sim_list_init(&simulator->connects);
    sim_list_init(&simulator->listenings);
    sim_list_init(&simulator->lookups);
    sim_list_init(&simulator->hosts);
    sim_list_init(&simulator->routes);
    sim_list_init(&simulator->faults);
}

nh_transport *nh_simulator_new(nh_memory *memory, const nh_simulator_options *options) {
    if (memory == NULL) {
        memory = nh_memory_default();
    }
    sim_simulator *simulator = nh_memory_allocate(memory, sizeof *simulator);
    if (simulator == NULL) {
        return NULL;
    }
    memset(simulator, 0, offsetof(sim_simulator, read_buffer));
    simulator->transport.operations = &operations;
    simulator->memory = memory;
    if (options == NULL) {
        nh_simulator_options_init(&simulator->options);
    } else {
        simulator->options = *options;
    }
    if (simulator->options.first_ephemeral_port == 0) {
        simulator->options.first_ephemeral_port = 1;
    }
    simulator->next_port = simulator->options.first_ephemeral_port;
    simulator->now_ms = simulator->options.start_ms;
    init_lists(simulator);
    sim_lookups_init(simulator);
    nh_address localhost = {.family = NH_ADDRESS_IPV4};
    sim_address_set_host(&localhost, "127.0.0.1");
    if (nh_simulator_set_host(&simulator->transport, "localhost", 0, &localhost, 1, 0) != 0) {
        nh_simulator_free(&simulator->transport);
        return NULL;
    }
    return &simulator->transport;
}

void nh_simulator_free(nh_transport *transport) {
    if (transport == NULL) {
        return;
    }
    sim_simulator *simulator = sim_simulator_of(transport);
    while (!sim_list_is_empty(&simulator->handles)) {
        sim_handle *handle = SIM_OWNER(simulator->handles.next, sim_handle, handles);
        handle->release(handle);
    }
    while (!sim_list_is_empty(&simulator->links)) {
        sim_link_free(SIM_OWNER(simulator->links.next, sim_link, links));
    }
    while (!sim_list_is_empty(&simulator->routes)) {
        sim_route *route = SIM_OWNER(simulator->routes.next, sim_route, routes);
        sim_list_remove(&route->routes);
        nh_memory_free(simulator->memory, route);
    }
    nh_simulator_clear_faults(transport);
    sim_lookups_free(simulator);
    sim_hosts_free(simulator);
    nh_memory_free(simulator->memory, simulator);
}
