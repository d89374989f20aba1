/* Listening, ports and paths.
 *
 * libuv 1.49 accepts one connection a poll phase, in the order of the connects. */
#include "transport/sim/internal.h"

#define BACKLOG_MAXIMUM 4096 /* net.core.somaxconn */

/* --- ports -------------------------------------------------------------------------------- */

static bool is_listened_on(const sim_simulator *simulator, uint16_t port) {
    for (sim_node *node = simulator->listenings.next; node != &simulator->listenings;
         node = node->next) {
        const sim_listening *listening = SIM_OWNER(node, sim_listening, listenings);
        if (listening->address.family != NH_ADDRESS_UNIX && listening->address.port == port) {
            return true;
        }
    }
    return false;
}

static bool is_connected_from(const sim_simulator *simulator, uint16_t port) {
    for (sim_node *node = simulator->links.next; node != &simulator->links; node = node->next) {
        const sim_link *link = SIM_OWNER(node, sim_link, links);
        if (!link->is_unix && link->client.local.port == port) {
            return true;
        }
    }
    return false;
}

uint16_t sim_port_choose(sim_simulator *simulator) {
    uint16_t first = simulator->options.first_ephemeral_port;
    for (uint32_t tries = (uint32_t)UINT16_MAX - first + 1; tries > 0; tries--) {
        uint16_t port = simulator->next_port;
        simulator->next_port = port == UINT16_MAX ? first : (uint16_t)(port + 1);
        bool is_used = is_listened_on(simulator, port) ||
                       (simulator->ports_have_wrapped && is_connected_from(simulator, port));
        simulator->ports_have_wrapped = simulator->ports_have_wrapped || port == UINT16_MAX;
        if (!is_used) {
            return port;
        }
    }
    return 0;
}

static bool is_taken(const sim_simulator *simulator, const nh_address *address) {
    for (sim_node *node = simulator->listenings.next; node != &simulator->listenings;
         node = node->next) {
        const sim_listening *listening = SIM_OWNER(node, sim_listening, listenings);
        if (sim_address_covers(&listening->address, address) ||
            sim_address_covers(address, &listening->address)) {
            return true;
        }
    }
    return false;
}

int sim_address_claim(sim_simulator *simulator, const nh_address *address,
                      nh_address *out_address) {
    nh_address claimed;
    if (!sim_address_normalise(address, &claimed)) {
        return -EINVAL;
    }
    if (claimed.family != NH_ADDRESS_UNIX && !sim_address_is_local(simulator, &claimed)) {
        return -EADDRNOTAVAIL;
    }
    if (claimed.family != NH_ADDRESS_UNIX && claimed.port == 0) {
        claimed.port = sim_port_choose(simulator);
        if (claimed.port == 0) {
            return -EADDRINUSE;
        }
    } else if (is_taken(simulator, &claimed)) {
        return -EADDRINUSE;
    }
    *out_address = claimed;
    return 0;
}

/* --- the accept queue --------------------------------------------------------------------- */

sim_listening *sim_listening_find(const sim_simulator *simulator, const nh_address *remote) {
    for (sim_node *node = simulator->listenings.next; node != &simulator->listenings;
         node = node->next) {
        sim_listening *listening = SIM_OWNER(node, sim_listening, listenings);
        if (sim_address_covers(&listening->address, remote)) {
            return listening;
        }
    }
    return NULL;
}

bool sim_listening_is_full(const sim_listening *listening) {
    return listening->waiting > listening->backlog;
}

void sim_listening_enqueue(sim_listening *listening, sim_socket *socket) {
    sim_list_append(&listening->accept_queue, &socket->accept_queue);
    listening->waiting++;
    sim_wake(listening->handle.simulator, &listening->handle.watcher);
}

static sim_socket *dequeue(sim_listening *listening) {
    sim_socket *socket = SIM_OWNER(listening->accept_queue.next, sim_socket, accept_queue);
    sim_list_remove(&socket->accept_queue);
    listening->waiting--;
    return socket;
}

static sim_listening *of_watcher(sim_watcher *watcher) {
    return SIM_OWNER(watcher, sim_listening, handle.watcher);
}

static unsigned readiness(sim_watcher *watcher) {
    return sim_list_is_empty(&of_watcher(watcher)->accept_queue) ? 0 : SIM_IN;
}

static void on_ready(sim_watcher *watcher, unsigned events) {
    sim_listening *listening = of_watcher(watcher);
    sim_simulator *simulator = listening->handle.simulator;
    if ((events & SIM_IN) == 0 || sim_list_is_empty(&listening->accept_queue)) {
        return;
    }
    sim_socket *socket = dequeue(listening);
    sim_connection *connection = NULL;
    int status = sim_fault(simulator, NULL, NH_SIMULATOR_ACCEPT);
    if (status == 0) {
        connection = sim_connection_new(simulator, listening->address.family);
        status = connection == NULL ? -ENOMEM : 0;
    }
    if (connection == NULL) {
        sim_socket_close(socket, true);
    } else {
        sim_connection_use(connection, socket);
    }
    sim_begin_report(simulator);
    listening->observer->connection(listening->owner, status, (nh_connection *)(void *)connection);
    sim_end_report(simulator);
}

/* --- life --------------------------------------------------------------------------------- */

static void refuse_waiting(sim_listening *listening) {
    while (!sim_list_is_empty(&listening->accept_queue)) {
        sim_socket_close(dequeue(listening), true);
    }
}

static void release(sim_handle *handle) {
    sim_listening *listening = (sim_listening *)(void *)handle;
    while (!sim_list_is_empty(&listening->accept_queue)) {
        (void)dequeue(listening);
    }
    sim_list_remove(&listening->listenings);
    sim_handle_free(handle);
}

static void finish(sim_handle *handle) {
    const sim_listening *listening = (sim_listening *)(void *)handle;
    if (listening->observer->closed != NULL) {
        sim_begin_report(handle->simulator);
        listening->observer->closed(listening->owner);
        sim_end_report(handle->simulator);
    }
    release(handle);
}

static void close_handle(sim_handle *handle) {
    sim_listening_close((nh_listening *)(void *)handle);
}

static size_t usable_backlog(int backlog) {
    return backlog < 0 || backlog > BACKLOG_MAXIMUM ? BACKLOG_MAXIMUM : (size_t)backlog;
}

int sim_listen(nh_transport *transport, const nh_address *address, int backlog,
               const nh_listening_observer *observer, void *owner, nh_listening **out_listening) {
    sim_simulator *simulator = sim_simulator_of(transport);
    nh_address claimed;
    int status = sim_fault(simulator, NULL, NH_SIMULATOR_LISTEN);
    if (status == 0) {
        status = sim_address_claim(simulator, address, &claimed);
    }
    if (status != 0) {
        return status;
    }
    sim_listening *listening = nh_memory_allocate_zeroed(simulator->memory, 1, sizeof *listening);
    if (listening == NULL) {
        return -ENOMEM;
    }
    sim_handle_init(&listening->handle, simulator);
    listening->handle.watcher.readiness = readiness;
    listening->handle.watcher.report = on_ready;
    listening->handle.close = close_handle;
    listening->handle.finish = finish;
    listening->handle.release = release;
    listening->observer = observer;
    listening->owner = owner;
    listening->address = claimed;
    listening->backlog = usable_backlog(backlog);
    sim_list_init(&listening->accept_queue);
    sim_list_append(&simulator->listenings, &listening->listenings);
    sim_watch(simulator, &listening->handle.watcher, SIM_IN);
    sim_handle_set_active(&listening->handle, true);
    *out_listening = (nh_listening *)(void *)listening;
    return 0;
}

static sim_listening *of_public(nh_listening *listening) {
    return (sim_listening *)(void *)listening;
}

int sim_listening_address(nh_listening *listening, nh_address *out_address) {
    if (of_public(listening)->handle.is_closing) {
        return -EBADF;
    }
    *out_address = of_public(listening)->address;
    return 0;
}

void sim_listening_set_referenced(nh_listening *listening, bool referenced) {
    sim_handle_set_referenced(&of_public(listening)->handle, referenced);
}

void sim_listening_close(nh_listening *public_listening) {
    sim_listening *listening = of_public(public_listening);
    if (!listening->handle.is_closing) {
        sim_handle_set_active(&listening->handle, false);
        sim_list_remove(&listening->listenings);
        sim_handle_close(&listening->handle);
        refuse_waiting(listening);
    }
}
