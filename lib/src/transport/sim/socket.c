/* The kernel's half of a connection, as Linux behaves (observed with recv, send and poll).
 *
 * TCP. close() with unread bytes sends RST, otherwise FIN. Bytes that arrive at a closed end are
 * answered with RST. A RST leaves what has arrived readable; then the error is told once, by a read
 * or a write, whichever comes first, then a read gives the end of the stream and a write EPIPE.
 * After a FIN a read never fails, and a RST is EPIPE to writers.
 *
 * UNIX. There is one buffer; close() hangs the peer up at once: writes fail with EPIPE, reads give
 * what is there, then ECONNRESET if the closed end had unread bytes, then the end of the stream. */
#include "transport/sim/internal.h"

static void wake(const sim_socket *socket) {
    if (socket->watcher != NULL) {
        sim_wake(socket->link->simulator, socket->watcher);
    }
}

static nh_memory *memory_of(const sim_socket *socket) {
    return socket->link->simulator->memory;
}

/* Bytes accepted from the peer that have not arrived. */
static size_t on_the_way(const sim_pipe *pipe) {
    return pipe->queued - pipe->arrived;
}

/* --- links -------------------------------------------------------------------------------- */

static void end_init(sim_link *link, sim_socket *socket, sim_socket *peer, const nh_address *local,
                     const nh_address *remote, const nh_simulator_shape *shape) {
    socket->link = link;
    socket->peer = peer;
    socket->local = *local;
    socket->remote = *remote;
    socket->incoming.shape = *shape;
    socket->is_open = true;
}

sim_link *sim_link_new(sim_simulator *simulator, const nh_address *client,
                       const nh_address *server) {
    sim_link *link = nh_memory_allocate_zeroed(simulator->memory, 1, sizeof *link);
    if (link == NULL) {
        return NULL;
    }
    link->simulator = simulator;
    link->is_unix = server->family == NH_ADDRESS_UNIX;
    end_init(link, &link->client, &link->server, client, server,
             &simulator->shapes[NH_SIMULATOR_TO_CLIENT]);
    end_init(link, &link->server, &link->client, server, client,
             &simulator->shapes[NH_SIMULATOR_TO_SERVER]);
    sim_list_append(&simulator->links, &link->links);
    return link;
}

static void end_release(sim_socket *socket) {
    sim_list_remove(&socket->transit);
    sim_list_remove(&socket->accept_queue);
    sim_pipe_clear(&socket->incoming, memory_of(socket));
}

void sim_link_free(sim_link *link) {
    end_release(&link->client);
    end_release(&link->server);
    sim_list_remove(&link->links);
    nh_memory_free(link->simulator->memory, link);
}

sim_socket *sim_link_receiver(sim_link *link, nh_simulator_direction direction) {
    return direction == NH_SIMULATOR_TO_SERVER ? &link->server : &link->client;
}

/* --- arrival ------------------------------------------------------------------------------ */

static bool is_in_transit(const sim_pipe *pipe) {
    return pipe->arriving != NULL || pipe->fin.state == SIM_MARK_SENT ||
           pipe->rst.state == SIM_MARK_SENT;
}

static void update_transit(sim_socket *socket) {
    if (!is_in_transit(&socket->incoming)) {
        sim_list_remove(&socket->transit);
    } else if (!sim_node_is_linked(&socket->transit)) {
        sim_list_append(&socket->link->simulator->transit, &socket->transit);
    }
}

static size_t receive_room(const sim_socket *socket) {
    size_t size = socket->link->simulator->options.receive_buffer_bytes;
    if (!socket->is_open || socket->link->is_unix) {
        return SIZE_MAX;
    }
    return size > socket->incoming.arrived ? size - socket->incoming.arrived : 0;
}

/* A shape that resets the connection has seen enough. */
static bool is_reset_by_shape(const sim_pipe *pipe) {
    return pipe->shape.resets && pipe->total_arrived >= pipe->shape.reset_after_bytes;
}

/* How much may arrive in one step. */
static size_t arrival_room(const sim_socket *socket) {
    const sim_pipe *pipe = &socket->incoming;
    size_t room = receive_room(socket);
    if (pipe->shape.segment_bytes != 0) {
        size_t segment = pipe->arrived > 0 ? 0 : pipe->shape.segment_bytes;
        room = segment < room ? segment : room;
    }
    if (pipe->shape.resets && !is_reset_by_shape(pipe)) {
        uint64_t left = pipe->shape.reset_after_bytes - pipe->total_arrived;
        room = left < room ? (size_t)left : room;
    }
    return room;
}

/* What was written but has not arrived is lost. */
static void lose(sim_socket *receiver) {
    sim_pipe_truncate(&receiver->incoming, memory_of(receiver), 0);
    if (receiver->incoming.fin.state == SIM_MARK_SENT) {
        receiver->incoming.fin.state = SIM_MARK_NONE;
    }
    update_transit(receiver);
}

static void receive_rst(sim_socket *socket) {
    bool fin_received = socket->incoming.fin.state == SIM_MARK_ARRIVED;
    if (!socket->is_open || socket->is_dead) {
        return;
    }
    if (!(fin_received && socket->send_shut)) {
        socket->error = fin_received ? -EPIPE : -ECONNRESET;
    }
    socket->is_dead = true;
    socket->receive_shut = socket->send_shut = true;
    lose(socket->peer);
    wake(socket);
}

static void receive_fin(sim_socket *socket) {
    socket->incoming.fin.state = SIM_MARK_ARRIVED;
    socket->receive_shut = true;
    if (socket->link->is_unix && !socket->peer->is_open) {
        socket->send_shut = true;
        socket->error = socket->peer->closed_unread ? -ECONNRESET : socket->error;
    }
    wake(socket);
}

/* A middlebox, or an operator, tears the connection down. */
static void reset_both(sim_socket *socket) {
    lose(socket);
    lose(socket->peer);
    receive_rst(socket);
    receive_rst(socket->peer);
}

static void send_mark(sim_socket *receiver, sim_mark *mark) {
    sim_pipe *pipe = &receiver->incoming;
    mark->due_ms = sim_pipe_flush(pipe, receiver->link->simulator->now_ms);
    mark->state = SIM_MARK_SENT;
    update_transit(receiver);
    if (sim_shape_is_plain(&pipe->shape)) {
        sim_socket_deliver(receiver);
    }
}

/* The bytes that are in the network still arrive; those that waited for room are dropped. */
static void send_rst(sim_socket *socket) {
    sim_socket *peer = socket->peer;
    socket->is_dead = true;
    socket->receive_shut = socket->send_shut = true;
    if (peer->is_open && peer->incoming.rst.state == SIM_MARK_NONE) {
        sim_pipe_truncate(&peer->incoming, memory_of(peer), receive_room(peer));
        send_mark(peer, &peer->incoming.rst);
    }
}

static void send_fin(sim_socket *socket) {
    socket->send_shut = true;
    if (socket->peer->is_open) {
        send_mark(socket->peer, &socket->peer->incoming.fin);
    }
}

static void deliver_marks(sim_socket *socket) {
    sim_pipe *pipe = &socket->incoming;
    uint64_t now_ms = socket->link->simulator->now_ms;
    bool rst = pipe->rst.state == SIM_MARK_SENT && pipe->rst.due_ms <= now_ms;
    bool fin = pipe->fin.state == SIM_MARK_SENT && pipe->fin.due_ms <= now_ms &&
               (rst || pipe->shape.segment_bytes == 0 || pipe->arrived == 0);
    if (fin) {
        receive_fin(socket);
    }
    if (rst) {
        pipe->rst.state = SIM_MARK_ARRIVED;
        receive_rst(socket);
    }
}

void sim_socket_deliver(sim_socket *socket) {
    sim_pipe *pipe = &socket->incoming;
    if (pipe->shape.stalled) {
        return;
    }
    bool in_segments = pipe->shape.segment_bytes != 0;
    uint64_t now_ms = socket->link->simulator->now_ms;
    size_t arrived = 0;
    if (!is_reset_by_shape(pipe)) {
        arrived = sim_pipe_arrive(pipe, now_ms, arrival_room(socket));
    }
    if (arrived > 0) {
        wake(socket->peer);
        if (!socket->is_open) {
            sim_pipe_clear(pipe, memory_of(socket));
            send_rst(socket);
        }
        wake(socket);
    }
    bool something_came =
        arrived > 0 || (pipe->arriving != NULL && pipe->arriving->due_ms <= now_ms);
    if (something_came && is_reset_by_shape(pipe)) {
        reset_both(socket);
    } else if (pipe->arriving == NULL && !(in_segments && arrived > 0)) {
        deliver_marks(socket);
    }
    update_transit(socket);
}

void sim_sockets_deliver(sim_simulator *simulator) {
    sim_node step;
    sim_list_move(&simulator->transit, &step);
    while (!sim_list_is_empty(&step)) {
        sim_socket *socket = SIM_OWNER(step.next, sim_socket, transit);
        sim_list_remove(&socket->transit);
        sim_socket_deliver(socket);
        update_transit(socket);
    }
}

uint64_t sim_socket_next_due(const sim_socket *socket) {
    const sim_pipe *pipe = &socket->incoming;
    return sim_pipe_next_due(pipe, is_reset_by_shape(pipe) ? 1 : arrival_room(socket));
}

void sim_socket_reshaped(sim_socket *socket) {
    if (sim_shape_is_plain(&socket->incoming.shape)) {
        sim_pipe_flush(&socket->incoming, socket->link->simulator->now_ms);
        sim_socket_deliver(socket);
    }
}

/* --- what a descriptor offers ------------------------------------------------------------- */

static size_t send_room(const sim_socket *socket) {
    const nh_simulator_options *options = &socket->link->simulator->options;
    const sim_socket *peer = socket->peer;
    const sim_pipe *pipe = &peer->incoming;
    size_t size = options->send_buffer_bytes;
    size_t used = on_the_way(pipe);
    if (socket->link->is_unix) {
        size = options->unix_buffer_bytes;
        used = pipe->queued;
    } else if (sim_shape_is_plain(&pipe->shape)) {
        size_t room = receive_room(peer);
        size = room > SIZE_MAX - size ? SIZE_MAX : size + room;
    }
    return used < size ? size - used : 0;
}

/* Linux wakes a writer only when a good part of the buffer is free: a third (TCP), three quarters
 * (UNIX). */
static bool is_roomy(const sim_socket *socket) {
    const nh_simulator_options *options = &socket->link->simulator->options;
    const sim_pipe *pipe = &socket->peer->incoming;
    if (socket->link->is_unix) {
        return pipe->queued <= options->unix_buffer_bytes / 4;
    }
    size_t used = on_the_way(pipe);
    return used < options->send_buffer_bytes && options->send_buffer_bytes - used >= used / 2;
}

unsigned sim_socket_readiness(const sim_socket *socket) {
    unsigned events = 0;
    if (socket->error != 0) {
        events |= SIM_ERROR;
    }
    if (socket->receive_shut && socket->send_shut) {
        events |= SIM_HANG_UP;
    }
    if (socket->receive_shut || socket->incoming.arrived > 0) {
        events |= SIM_IN;
    }
    if ((socket->send_shut && !socket->link->is_unix) || is_roomy(socket)) {
        events |= SIM_OUT;
    }
    return events;
}

int sim_socket_take_error(sim_socket *socket) {
    int error = socket->error;
    socket->error = 0;
    return error;
}

static int sending_error(sim_socket *socket) {
    if (socket->link->is_unix && (socket->send_shut || !socket->peer->is_open)) {
        return -EPIPE;
    }
    if (socket->error != 0) {
        return sim_socket_take_error(socket);
    }
    return socket->send_shut ? -EPIPE : 0;
}

int sim_socket_send(sim_socket *socket, const nh_bytes *pieces, size_t count, size_t skip,
                    size_t *out_accepted) {
    *out_accepted = 0;
    int error = sending_error(socket);
    if (error != 0) {
        return error;
    }
    sim_socket *peer = socket->peer;
    sim_pipe *pipe = &peer->incoming;
    size_t room = send_room(socket);
    if (pipe->shape.write_limit_bytes != 0 && pipe->shape.write_limit_bytes < room) {
        room = pipe->shape.write_limit_bytes;
    }
    bool is_short = false;
    for (size_t i = 0; i < count && !is_short; i++) {
        size_t skipped = skip < pieces[i].length ? skip : pieces[i].length;
        skip -= skipped;
        size_t length = pieces[i].length - skipped;
        if (length == 0) {
            continue;
        }
        size_t wanted = length < room - *out_accepted ? length : room - *out_accepted;
        size_t accepted = sim_pipe_append(pipe, memory_of(socket), pieces[i].data + skipped, wanted,
                                          socket->link->simulator->now_ms);
        *out_accepted += accepted;
        if (accepted < wanted && *out_accepted == 0) {
            return -ENOMEM;
        }
        is_short = accepted < length;
    }
    if (is_short && *out_accepted == 0) {
        return -EAGAIN;
    }
    update_transit(peer);
    if (sim_shape_is_plain(&pipe->shape)) {
        sim_socket_deliver(peer);
    }
    return 0;
}

int sim_socket_receive(sim_socket *socket, uint8_t *buffer, size_t size, size_t *out_length) {
    sim_pipe *pipe = &socket->incoming;
    *out_length = 0;
    if (pipe->arrived > 0) {
        *out_length = sim_pipe_take(pipe, memory_of(socket), buffer, size);
        if (sim_shape_is_plain(&pipe->shape)) {
            sim_socket_deliver(socket);
        }
        wake(socket->peer);
        return 0;
    }
    if (pipe->fin.state == SIM_MARK_ARRIVED && !socket->link->is_unix) {
        return 0;
    }
    if (socket->error != 0) {
        return sim_socket_take_error(socket);
    }
    return socket->receive_shut ? 0 : -EAGAIN;
}

int sim_socket_shutdown(sim_socket *socket) {
    if (socket->is_dead) {
        return -ENOTCONN;
    }
    if (!socket->send_shut) {
        send_fin(socket);
    }
    return 0;
}

static void hang_up(sim_socket *socket, bool unread) {
    socket->closed_unread = unread;
    sim_pipe_clear(&socket->incoming, memory_of(socket));
    send_fin(socket);
    wake(socket->peer);
}

void sim_socket_close(sim_socket *socket, bool reset) {
    sim_link *link = socket->link;
    bool unread = socket->incoming.arrived > 0;
    bool both_ended = socket->send_shut && socket->incoming.fin.state == SIM_MARK_ARRIVED;
    socket->is_open = false;
    socket->watcher = NULL;
    sim_list_remove(&socket->accept_queue);
    if (link->is_unix) {
        hang_up(socket, unread || reset);
    } else if (!socket->is_dead && !both_ended) {
        if (reset || unread) {
            sim_pipe_clear(&socket->incoming, memory_of(socket));
            send_rst(socket);
        } else if (!socket->send_shut) {
            send_fin(socket);
        }
    }
    update_transit(socket);
    if (!socket->peer->is_open) {
        sim_link_free(link);
    }
}
