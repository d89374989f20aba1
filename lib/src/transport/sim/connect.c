/* connect, from the call to its outcome, and the routes that shape it.
 *
 * TCP on the loopback interface: the three-way handshake is over when connect(2) returns, so the
 * outcome is there in the next poll phase. While the listener's queue is full nothing answers, and
 * the SYN is sent again after 1, 2, 4 ... seconds. UNIX sockets connect inside the call; libuv
 * reports their errors in the pending phase. */
#include "transport/sim/internal.h"

#define FIRST_RETRY_MS 1000u

/* --- routes ------------------------------------------------------------------------------- */

static bool is_same_host(const nh_address *a, const nh_address *b) {
    return a->family == b->family && strcmp(a->host, b->host) == 0;
}

/* The exact one before the one for every port. */
static sim_route *find_set_route(const sim_simulator *simulator, const nh_address *remote) {
    sim_route *found = NULL;
    for (sim_node *node = simulator->routes.next; node != &simulator->routes; node = node->next) {
        sim_route *route = SIM_OWNER(node, sim_route, routes);
        if (sim_address_equal(&route->remote, remote)) {
            return route;
        }
        if (route->remote.port == 0 && is_same_host(&route->remote, remote)) {
            found = route;
        }
    }
    return found;
}

const nh_simulator_route *sim_route_find(const sim_simulator *simulator, const nh_address *remote) {
    static const nh_simulator_route nowhere = {.call_status = -ENETUNREACH};
    const sim_route *route = find_set_route(simulator, remote);
    if (route != NULL) {
        return &route->route;
    }
    bool is_here = remote->family == NH_ADDRESS_UNIX || sim_address_is_any(remote) ||
                   sim_address_is_loopback(remote);
    return is_here ? NULL : &nowhere;
}

bool sim_address_is_local(const sim_simulator *simulator, const nh_address *address) {
    const nh_simulator_route *route = sim_route_find(simulator, address);
    return route == NULL || route->call_status != -ENETUNREACH;
}

int nh_simulator_set_route(nh_transport *transport, const nh_address *remote,
                           const nh_simulator_route *route) {
    sim_simulator *simulator = sim_simulator_of(transport);
    nh_address address;
    if (!sim_address_normalise(remote, &address)) {
        return -EINVAL;
    }
    sim_route *entry = find_set_route(simulator, &address);
    if (entry == NULL || entry->remote.port != address.port) {
        entry = nh_memory_allocate_zeroed(simulator->memory, 1, sizeof *entry);
        if (entry == NULL) {
            return -ENOMEM;
        }
        entry->remote = address;
        sim_list_append(&simulator->routes, &entry->routes);
    }
    entry->route = *route;
    return 0;
}

/* --- bind --------------------------------------------------------------------------------- */

int sim_bind(nh_connection *public_connection, const nh_address *local) {
    sim_connection *connection = sim_connection_of(public_connection);
    sim_simulator *simulator = connection->handle.simulator;
    int status = sim_fault(simulator, connection, NH_SIMULATOR_BIND);
    if (status != 0) {
        return status;
    }
    if (connection->family == NH_ADDRESS_UNIX || local->family == NH_ADDRESS_UNIX ||
        connection->is_bound || connection->is_connecting || connection->socket != NULL ||
        connection->handle.is_closing) {
        return -EINVAL;
    }
    nh_address address;
    status = sim_address_claim(simulator, local, &address);
    if (status == 0) {
        connection->local = address;
        connection->is_bound = true;
    }
    return status;
}

/* --- the attempt -------------------------------------------------------------------------- */

static void answer(sim_connection *connection, int status) {
    connection->connect_state = SIM_CONNECT_ANSWERED;
    connection->connect_status = status;
    sim_list_remove(&connection->connects);
    sim_wake(connection->handle.simulator, &connection->handle.watcher);
}

/* Waits until `due_ms`, or times out before. `status`: as sim_connection.connect_status. */
static void wait_until(sim_connection *connection, uint64_t due_ms, int status) {
    connection->connect_state = SIM_CONNECT_WAITING;
    connection->connect_status = status;
    connection->connect_due_ms = due_ms;
    if (due_ms >= connection->connect_gives_up_ms) {
        connection->connect_due_ms = connection->connect_gives_up_ms;
        connection->connect_status = -ETIMEDOUT;
    }
    if (!sim_node_is_linked(&connection->connects)) {
        sim_list_append(&connection->handle.simulator->connects, &connection->connects);
    }
}

/* The address that the kernel gives a connection to `remote`. */
static int choose_local(sim_connection *connection, const nh_address *remote,
                        nh_address *out_local) {
    if (connection->is_bound && !sim_address_is_any(&connection->local)) {
        *out_local = connection->local;
        return 0;
    }
    *out_local = (nh_address){.family = remote->family};
    if (remote->family == NH_ADDRESS_UNIX) {
        return 0;
    }
    nh_address plain = sim_address_unmapped(remote);
    if (plain.family == NH_ADDRESS_IPV4 && sim_address_is_loopback(&plain)) {
        sim_address_set_host(&plain, "127.0.0.1");
    }
    *out_local = remote->family == NH_ADDRESS_IPV6 ? sim_address_mapped(&plain) : plain;
    out_local->port = connection->is_bound ? connection->local.port
                                           : sim_port_choose(connection->handle.simulator);
    return out_local->port == 0 ? -EADDRNOTAVAIL : 0;
}

/* What the listener's side sees: an IPv4 client of :: has a mapped address. */
static nh_address seen_by(const sim_listening *listening, const nh_address *address) {
    return listening->address.family == NH_ADDRESS_IPV6 ? sim_address_mapped(address)
                                                        : sim_address_unmapped(address);
}

static int shake_hands(sim_connection *connection, sim_listening *listening) {
    sim_simulator *simulator = connection->handle.simulator;
    nh_address local;
    int status = choose_local(connection, &connection->remote, &local);
    if (status != 0) {
        return status;
    }
    sim_link *link = sim_link_new(simulator, &local, &connection->remote);
    if (link == NULL) {
        return -ENOMEM;
    }
    if (!link->is_unix) {
        link->server.local = seen_by(listening, &connection->remote);
        link->server.remote = seen_by(listening, &local);
    }
    sim_connection_use(connection, &link->client);
    sim_listening_enqueue(listening, &link->server);
    return 0;
}

static int ask_listener(sim_connection *connection) {
    sim_listening *listening =
        sim_listening_find(connection->handle.simulator, &connection->remote);
    if (listening == NULL) {
        return connection->family == NH_ADDRESS_UNIX ? -ENOENT : -ECONNREFUSED;
    }
    return sim_listening_is_full(listening) ? -EAGAIN : shake_hands(connection, listening);
}

/* The answer may be a wait. */
static void attempt(sim_connection *connection) {
    int status = ask_listener(connection);
    if (status == -EAGAIN && connection->family != NH_ADDRESS_UNIX) {
        uint64_t now_ms = connection->handle.simulator->now_ms;
        wait_until(connection, sim_later(now_ms, connection->connect_wait_ms), 0);
        connection->connect_wait_ms *= 2;
    } else {
        answer(connection, status);
    }
}

void sim_connects_advance(sim_simulator *simulator) {
    sim_node step;
    sim_list_move(&simulator->connects, &step);
    while (!sim_list_is_empty(&step)) {
        sim_connection *connection = SIM_OWNER(step.next, sim_connection, connects);
        sim_list_remove(&connection->connects);
        if (connection->connect_due_ms > simulator->now_ms) {
            sim_list_append(&simulator->connects, &connection->connects);
        } else if (connection->connect_status != 0) {
            answer(connection, connection->connect_status);
        } else {
            attempt(connection);
        }
    }
}

static void start_attempt(sim_connection *connection, const nh_simulator_route *route) {
    sim_simulator *simulator = connection->handle.simulator;
    uint64_t timeout_ms = simulator->options.connect_timeout_ms;
    connection->connect_gives_up_ms =
        timeout_ms == 0 ? SIM_NEVER : sim_later(simulator->now_ms, timeout_ms);
    connection->connect_wait_ms = FIRST_RETRY_MS;
    if (route != NULL && route->unanswered) {
        wait_until(connection, SIM_NEVER, 0);
    } else if (route != NULL && route->delay_ms != 0) {
        wait_until(connection, sim_later(simulator->now_ms, route->delay_ms), route->status);
    } else if (route != NULL && route->status != 0) {
        answer(connection, route->status);
    } else {
        attempt(connection);
    }
}

/* --- the call ----------------------------------------------------------------------------- */

static void begin(sim_connection *connection) {
    connection->is_connecting = true;
    connection->handle.simulator->active_requests++;
}

/* Inside the call, but the outcome is reported later. */
static void connect_unix(sim_connection *connection, const nh_simulator_route *route) {
    sim_simulator *simulator = connection->handle.simulator;
    int status = route != NULL && route->status != 0 ? route->status : ask_listener(connection);
    connection->connect_state = SIM_CONNECT_ANSWERED;
    connection->connect_status = status;
    if (status == 0) {
        sim_watch(simulator, &connection->handle.watcher, SIM_OUT);
    } else {
        sim_feed(simulator, &connection->handle.watcher);
    }
}

static bool is_delayed(const nh_simulator_route *route) {
    return route != NULL && (route->delay_ms != 0 || route->unanswered);
}

static int refuse_connect(const sim_connection *connection) {
    if (connection->handle.is_closing) {
        return -EBADF;
    }
    if (connection->is_connecting) {
        return -EALREADY;
    }
    return connection->socket != NULL ? -EISCONN : 0;
}

/* 0.0.0.0 and :: mean this machine. */
static int resolve_remote(sim_connection *connection, const nh_address *remote) {
    nh_address *address = &connection->remote;
    if (!sim_address_normalise(remote, address) ||
        (address->family == NH_ADDRESS_UNIX) != (connection->family == NH_ADDRESS_UNIX)) {
        return -EINVAL;
    }
    if (sim_address_is_any(address)) {
        sim_address_set_host(address, address->family == NH_ADDRESS_IPV4 ? "127.0.0.1" : "::1");
    }
    return 0;
}

int sim_connect(nh_connection *public_connection, const nh_address *remote,
                const nh_address *local) {
    sim_connection *connection = sim_connection_of(public_connection);
    sim_simulator *simulator = connection->handle.simulator;
    int status = sim_fault(simulator, connection, NH_SIMULATOR_CONNECT);
    if (status == 0) {
        status = refuse_connect(connection);
    }
    if (status == 0 && local != NULL) {
        status = sim_bind(public_connection, local);
    }
    if (status == 0) {
        status = resolve_remote(connection, remote);
    }
    const nh_simulator_route *route =
        status == 0 ? sim_route_find(simulator, &connection->remote) : NULL;
    if (route != NULL && status == 0) {
        status = route->call_status;
    }
    if (status != 0) {
        return status;
    }
    begin(connection);
    if (connection->family == NH_ADDRESS_UNIX && !is_delayed(route)) {
        connect_unix(connection, route);
        return 0;
    }
    connection->is_readable = connection->is_writable = true;
    sim_watch(simulator, &connection->handle.watcher, SIM_OUT);
    start_attempt(connection, route);
    return 0;
}

void sim_connect_report(sim_connection *connection) {
    sim_simulator *simulator = connection->handle.simulator;
    if (connection->connect_state != SIM_CONNECT_ANSWERED) {
        return; /* something else was fed */
    }
    int status = sim_fault(simulator, connection, NH_SIMULATOR_CONNECTED);
    if (status == 0) {
        status = connection->connect_status;
        if (connection->socket != NULL) {
            status = sim_socket_take_error(connection->socket); /* SO_ERROR */
        }
    } else if (connection->socket != NULL) {
        sim_socket_close(connection->socket, true);
        connection->socket = NULL;
    }
    connection->is_connecting = false;
    simulator->active_requests--;
    if (status != 0 || !connection->is_writing) {
        sim_unwatch(simulator, &connection->handle.watcher, SIM_OUT);
    }
    sim_begin_report(simulator);
    connection->observer->connected(connection->owner, status);
    sim_end_report(simulator);
    if (!connection->handle.is_closing && status != 0) {
        sim_connection_end_write(connection, -ECANCELED);
        sim_connection_report_written(connection);
    }
}
