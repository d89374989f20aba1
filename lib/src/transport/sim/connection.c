/* libuv's half of a connection (uv_stream_t). Order promised to the owner:
 *
 * - poll phase: `connected` alone; or `read` (several while a read fills its 64 KiB), then
 *   END_OF_STREAM at once if the connection is hung up, then `written`, then `shut_down`;
 * - pending phase (right after poll, or at the start of the next iteration): `connected` of a
 * failed UNIX connect, `written` of what was finished early, `shut_down`;
 * - closing phase: -ECANCELED for what was under way (connect, write, shutdown), then `closed`. */
#include "transport/sim/internal.h"

#define READS_PER_POLL 32

/* --- reports ------------------------------------------------------------------------------ */

static void report_read(sim_connection *connection, int status, nh_bytes bytes) {
    sim_begin_report(connection->handle.simulator);
    connection->observer->read(connection->owner, status, bytes);
    sim_end_report(connection->handle.simulator);
}

static void report_status(sim_connection *connection, void (*report)(void *owner, int status),
                          int status) {
    if (report != NULL) {
        sim_begin_report(connection->handle.simulator);
        report(connection->owner, status);
        sim_end_report(connection->handle.simulator);
    }
}

/* --- reading ------------------------------------------------------------------------------ */

static void end_reading(sim_connection *connection) {
    if (connection->is_reading) {
        connection->is_reading = false;
        sim_unwatch(connection->handle.simulator, &connection->handle.watcher, SIM_IN);
        sim_handle_set_active(&connection->handle, false);
    }
}

static void report_end(sim_connection *connection) {
    connection->has_ended = true;
    end_reading(connection);
    report_read(connection, NH_STATUS_END_OF_STREAM, (nh_bytes){NULL, 0});
}

static void report_read_error(sim_connection *connection, int status) {
    connection->is_readable = connection->is_writable = false;
    report_read(connection, status, (nh_bytes){NULL, 0});
    end_reading(connection);
}

static int receive(sim_connection *connection, size_t *out_length) {
    *out_length = 0;
    if (connection->socket == NULL) {
        return -ENOTCONN;
    }
    int status = sim_fault(connection->handle.simulator, connection, NH_SIMULATOR_READ);
    if (status != 0) {
        return status;
    }
    return sim_socket_receive(connection->socket, connection->handle.simulator->read_buffer,
                              SIM_READ_BYTES, out_length);
}

static void read_available(sim_connection *connection) {
    connection->read_was_partial = false;
    for (int i = 0; i < READS_PER_POLL && connection->is_reading; i++) {
        size_t length;
        int status = receive(connection, &length);
        if (status == -EAGAIN) {
            return;
        }
        if (status == NH_STATUS_END_OF_STREAM || (status == 0 && length == 0)) {
            report_end(connection);
            return;
        }
        if (status != 0) {
            report_read_error(connection, status);
            return;
        }
        report_read(connection, 0, (nh_bytes){connection->handle.simulator->read_buffer, length});
        if (length < SIM_READ_BYTES) {
            connection->read_was_partial = true;
            return;
        }
    }
}

int sim_start_reading(nh_connection *public_connection) {
    sim_connection *connection = sim_connection_of(public_connection);
    sim_simulator *simulator = connection->handle.simulator;
    int status = sim_fault(simulator, connection, NH_SIMULATOR_START_READING);
    if (status != 0) {
        return status;
    }
    if (connection->handle.is_closing) {
        return -EINVAL;
    }
    if (connection->is_reading) {
        return 0;
    }
    if (!connection->is_readable) {
        return -ENOTCONN;
    }
    connection->is_reading = true;
    connection->has_ended = false;
    sim_watch(simulator, &connection->handle.watcher, SIM_IN);
    sim_handle_set_active(&connection->handle, true);
    return 0;
}

void sim_stop_reading(nh_connection *connection) {
    end_reading(sim_connection_of(connection));
}

/* --- writing ------------------------------------------------------------------------------ */

static void forget_pieces(sim_connection *connection) {
    nh_memory_free(connection->handle.simulator->memory, connection->allocated_pieces);
    connection->allocated_pieces = NULL;
    connection->pieces = NULL;
    connection->piece_count = 0;
}

void sim_connection_end_write(sim_connection *connection, int status) {
    if (connection->is_writing && !connection->write_finished) {
        sim_simulator *simulator = connection->handle.simulator;
        int fault = sim_fault(simulator, connection, NH_SIMULATOR_WRITTEN);
        connection->write_status = fault != 0 ? fault : status;
        connection->write_finished = true;
        forget_pieces(connection);
        if (!connection->handle.is_closing) {
            sim_feed(simulator, &connection->handle.watcher);
        }
    }
}

void sim_connection_report_written(sim_connection *connection) {
    if (connection->is_writing && connection->write_finished) {
        connection->is_writing = connection->write_finished = false;
        connection->handle.simulator->active_requests--;
        report_status(connection, connection->observer->written, connection->write_status);
    }
}

/* Goes on with the write under way. */
static void continue_write(sim_connection *connection) {
    sim_simulator *simulator = connection->handle.simulator;
    if (!connection->is_writing || connection->write_finished || connection->socket == NULL) {
        return;
    }
    size_t accepted;
    int status = sim_socket_send(connection->socket, connection->pieces, connection->piece_count,
                                 connection->write_accepted, &accepted);
    connection->write_accepted += accepted;
    if (status != 0 && status != -EAGAIN) {
        sim_connection_end_write(connection, status);
        sim_unwatch(simulator, &connection->handle.watcher, SIM_OUT);
    } else if (connection->write_accepted == connection->write_length) {
        sim_connection_end_write(connection, 0);
    } else {
        sim_watch(simulator, &connection->handle.watcher, SIM_OUT);
    }
}

static bool keep_pieces(sim_connection *connection, const nh_bytes *pieces, size_t count) {
    nh_bytes *kept = connection->inline_pieces;
    if (count > SIM_INLINE_PIECES) {
        if (count > SIZE_MAX / sizeof *pieces) {
            return false;
        }
        kept = nh_memory_allocate(connection->handle.simulator->memory, count * sizeof *pieces);
        if (kept == NULL) {
            return false;
        }
        connection->allocated_pieces = kept;
    }
    if (count > 0) {
        memcpy(kept, pieces, count * sizeof *pieces);
    }
    connection->pieces = kept;
    connection->piece_count = count;
    return true;
}

static int refuse_write(sim_connection *connection) {
    if (connection->handle.is_closing) {
        return -EBADF;
    }
    if (!connection->is_writable) {
        return connection->socket == NULL ? -EBADF : -EPIPE;
    }
    return connection->is_writing ? -EBUSY : 0;
}

int sim_write(nh_connection *public_connection, const nh_bytes *pieces, size_t count,
              size_t *out_queued) {
    sim_connection *connection = sim_connection_of(public_connection);
    sim_simulator *simulator = connection->handle.simulator;
    size_t total = 0;
    size_t accepted = 0;
    for (size_t i = 0; i < count; i++) {
        total += pieces[i].length;
    }
    if (out_queued != NULL) {
        *out_queued = 0;
    }
    int status = sim_fault(simulator, connection, NH_SIMULATOR_WRITE);
    if (status == 0) {
        status = refuse_write(connection);
    }
    if (status == 0 && !connection->is_connecting && connection->socket == NULL) {
        status = -EPIPE; /* its connect has failed */
    }
    if (status == 0 && !connection->is_connecting) {
        status = sim_socket_send(connection->socket, pieces, count, 0, &accepted);
        if (status == 0 && accepted == total) {
            return 0;
        }
    }
    if (status != 0 && status != -EAGAIN) {
        return status;
    }
    if (!keep_pieces(connection, pieces, count)) {
        return -ENOMEM;
    }
    connection->is_writing = true;
    connection->write_finished = false;
    connection->write_length = total;
    connection->write_accepted = accepted;
    simulator->active_requests++;
    if (!connection->is_connecting) {
        continue_write(connection);
    }
    if (out_queued != NULL) {
        *out_queued = total - connection->write_accepted;
    }
    return 1;
}

size_t sim_write_queue_size(nh_connection *public_connection) {
    const sim_connection *connection = sim_connection_of(public_connection);
    return connection->is_writing ? connection->write_length - connection->write_accepted : 0;
}

/* --- ending ------------------------------------------------------------------------------- */

/* Nothing is left to write. */
static void drain(sim_connection *connection) {
    sim_simulator *simulator = connection->handle.simulator;
    if (!connection->handle.is_closing) {
        sim_unwatch(simulator, &connection->handle.watcher, SIM_OUT);
    }
    if (!connection->is_shutting) {
        return;
    }
    connection->is_shutting = false;
    simulator->active_requests--;
    int status = -ECANCELED;
    if (!connection->handle.is_closing) {
        status = sim_fault(simulator, connection, NH_SIMULATOR_SHUT_DOWN);
        if (status == 0) {
            status =
                connection->socket == NULL ? -ENOTCONN : sim_socket_shutdown(connection->socket);
        }
        connection->is_shut = status == 0;
    }
    report_status(connection, connection->observer->shut_down, status);
}

int sim_shutdown(nh_connection *public_connection) {
    sim_connection *connection = sim_connection_of(public_connection);
    sim_simulator *simulator = connection->handle.simulator;
    int status = sim_fault(simulator, connection, NH_SIMULATOR_SHUTDOWN);
    if (status != 0) {
        return status;
    }
    if (!connection->is_writable || connection->is_shut || connection->is_shutting ||
        connection->handle.is_closing) {
        return -ENOTCONN;
    }
    connection->is_shutting = true;
    connection->is_writable = false;
    simulator->active_requests++;
    if (!connection->is_writing || connection->write_finished) {
        sim_feed(simulator, &connection->handle.watcher);
    }
    return 0;
}

/* --- events ------------------------------------------------------------------------------- */

static sim_connection *of_watcher(sim_watcher *watcher) {
    return SIM_OWNER(watcher, sim_connection, handle.watcher);
}

static unsigned readiness(sim_watcher *watcher) {
    const sim_connection *connection = of_watcher(watcher);
    if (connection->socket != NULL) {
        return sim_socket_readiness(connection->socket);
    }
    bool has_failed = connection->connect_state == SIM_CONNECT_ANSWERED;
    return has_failed ? SIM_IN | SIM_OUT | SIM_ERROR | SIM_HANG_UP : 0;
}

static void on_ready(sim_watcher *watcher, unsigned events) {
    sim_connection *connection = of_watcher(watcher);
    const sim_handle *handle = &connection->handle;
    if (connection->is_connecting) {
        sim_connect_report(connection);
        return;
    }
    if ((events & (SIM_IN | SIM_ERROR | SIM_HANG_UP)) != 0) {
        read_available(connection);
    }
    if (handle->is_closing) {
        return;
    }
    /* Hung up, and all of it was read: libuv takes that for the end, whatever a read would say. */
    if ((events & SIM_HANG_UP) != 0 && connection->is_reading && connection->read_was_partial &&
        !connection->has_ended) {
        report_end(connection);
    }
    if (handle->is_closing || (events & (SIM_OUT | SIM_ERROR | SIM_HANG_UP)) == 0) {
        return;
    }
    continue_write(connection);
    sim_connection_report_written(connection);
    if (!connection->is_writing) {
        drain(connection);
    }
}

/* --- life --------------------------------------------------------------------------------- */

static void release(sim_handle *handle) {
    sim_connection *connection = (sim_connection *)(void *)handle;
    sim_list_remove(&connection->connects);
    forget_pieces(connection);
    sim_faults_forget(handle->simulator, connection);
    sim_handle_free(handle);
}

static void finish(sim_handle *handle) {
    sim_connection *connection = (sim_connection *)(void *)handle;
    if (connection->observer != NULL) {
        if (connection->is_connecting) {
            connection->is_connecting = false;
            handle->simulator->active_requests--;
            report_status(connection, connection->observer->connected, -ECANCELED);
        }
        sim_connection_end_write(connection, -ECANCELED);
        sim_connection_report_written(connection);
        drain(connection);
        if (connection->observer->closed != NULL) {
            sim_begin_report(handle->simulator);
            connection->observer->closed(connection->owner);
            sim_end_report(handle->simulator);
        }
    }
    release(handle);
}

static void close_handle(sim_handle *handle) {
    sim_close((nh_connection *)(void *)handle);
}

sim_connection *sim_connection_new(sim_simulator *simulator, nh_address_family family) {
    sim_connection *connection =
        nh_memory_allocate_zeroed(simulator->memory, 1, sizeof *connection);
    if (connection != NULL) {
        connection->family = family;
        sim_handle_init(&connection->handle, simulator);
        connection->handle.watcher.readiness = readiness;
        connection->handle.watcher.report = on_ready;
        connection->handle.close = close_handle;
        connection->handle.finish = finish;
        connection->handle.release = release;
    }
    return connection;
}

nh_connection *sim_open(nh_transport *transport, nh_address_family family,
                        const nh_connection_observer *observer, void *owner) {
    sim_connection *connection = sim_connection_new(sim_simulator_of(transport), family);
    if (connection != NULL) {
        connection->observer = observer;
        connection->owner = owner;
    }
    return (nh_connection *)(void *)connection;
}

void sim_observe(nh_connection *public_connection, const nh_connection_observer *observer,
                 void *owner) {
    sim_connection *connection = sim_connection_of(public_connection);
    connection->observer = observer;
    connection->owner = owner;
}

void sim_connection_use(sim_connection *connection, sim_socket *socket) {
    connection->socket = socket;
    connection->is_readable = connection->is_writable = true;
    socket->watcher = &connection->handle.watcher;
}

static void close_connection(sim_connection *connection, bool reset) {
    end_reading(connection);
    sim_list_remove(&connection->connects);
    connection->connect_state = SIM_CONNECT_NONE;
    connection->is_readable = connection->is_writable = false;
    sim_handle_close(&connection->handle);
    if (connection->socket != NULL) {
        sim_socket_close(connection->socket, reset);
        connection->socket = NULL;
    }
}

void sim_close(nh_connection *public_connection) {
    sim_connection *connection = sim_connection_of(public_connection);
    if (!connection->handle.is_closing) {
        close_connection(connection, false);
    }
}

int sim_reset(nh_connection *public_connection) {
    sim_connection *connection = sim_connection_of(public_connection);
    int status = sim_fault(connection->handle.simulator, connection, NH_SIMULATOR_RESET);
    if (status != 0) {
        return status;
    }
    if (connection->family == NH_ADDRESS_UNIX || connection->is_shutting) {
        return -EINVAL;
    }
    if (connection->handle.is_closing || connection->socket == NULL) {
        return -EBADF;
    }
    close_connection(connection, true);
    return 0;
}

int sim_local_address(nh_connection *public_connection, nh_address *out_address) {
    const sim_connection *connection = sim_connection_of(public_connection);
    if (connection->socket != NULL) {
        *out_address = connection->socket->local;
        return 0;
    }
    if (connection->is_bound && !connection->handle.is_closing) {
        *out_address = connection->local;
        return 0;
    }
    return -EBADF;
}

int sim_remote_address(nh_connection *public_connection, nh_address *out_address) {
    const sim_connection *connection = sim_connection_of(public_connection);
    if (connection->socket == NULL) {
        return connection->is_connecting ? -ENOTCONN : -EBADF;
    }
    if (connection->socket->is_dead) {
        return -ENOTCONN;
    }
    *out_address = connection->socket->remote;
    return 0;
}

void sim_set_referenced(nh_connection *connection, bool referenced) {
    sim_handle_set_referenced(&sim_connection_of(connection)->handle, referenced);
}
