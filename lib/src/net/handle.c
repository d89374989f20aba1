#include "net/handle.h"

const nh_transport_operations *nh_socket_transport(const nh_socket *socket) {
    return nh_loop_transport(socket->stream.emitter.loop)->operations;
}

nh_error *nh_socket_system_error(const nh_socket *socket, int status, const char *call) {
    return nh_error_new_system(nh_object_memory(&socket->stream.emitter), status, call, NULL, -1);
}

static void destroy_with_status(nh_socket *socket, int status, const char *call) {
    nh_error *error = nh_socket_system_error(socket, status, call);

    nh_stream_destroy(&socket->stream, error);
    nh_error_release(error);
}

/* --- what the transport reports ----------------------------------------------------------- */

static bool is_current(const nh_socket_handle *handle) {
    return handle->socket->handle == handle;
}

static void on_connected(void *owner, int status) {
    nh_socket_handle *handle = owner;

    if (is_current(handle)) {
        nh_socket_connected(handle->socket, status);
    }
}

static void take_bytes(nh_socket_handle *handle, nh_bytes bytes) {
    nh_socket *socket = handle->socket;

    if (socket->consumer != NULL) {
        socket->consumer->bytes(socket, bytes, socket->consumer_owner);
        return;
    }
    bool more = nh_readable_push_bytes(&socket->stream, bytes);
    if (!more && is_current(handle)) {
        nh_socket_stop_reading(socket);
    }
}

static void on_read(void *owner, int status, nh_bytes bytes) {
    nh_socket_handle *handle = owner;
    nh_socket *socket = handle->socket;
    nh_stream *stream = &socket->stream;

    if (handle->lingers && status != 0) {
        nh_socket_transport(socket)->close(handle->connection);
    }
    if (!is_current(handle)) {
        return;
    }
    handle->bytes_read += bytes.length;
    nh_socket_touch(socket);
    if (status == 0) {
        take_bytes(handle, bytes);
    } else if (status != NH_STATUS_END_OF_STREAM) {
        destroy_with_status(socket, status, "read");
    } else if (!stream->readable.end_emitted) {
        nh_readable_push(stream, nh_null(), nh_undefined());
        if (!nh_loop_is_throwing(stream->emitter.loop)) {
            nh_value nothing = nh_readable_read_size(stream, 0);
            nh_value_release(&nothing);
        }
    }
}

static void on_written(void *owner, int status) {
    nh_socket_handle *handle = owner;
    nh_socket *socket = handle->socket;

    handle->writing = false;
    nh_value_release(&handle->encoded);
    if (status < 0) {
        nh_error *error = nh_socket_system_error(socket, status, "write");
        nh_stream_write_done(&socket->stream, error);
        nh_error_release(error);
        return;
    }
    if (!socket->stream.destroyed) {
        nh_socket_touch(socket);
        socket->idle_queued_bytes = 0;
    }
    nh_stream_write_done(&socket->stream, NULL);
}

static void on_shut_down(void *owner, int status) {
    nh_socket_handle *handle = owner;

    (void)status; /* a connection that failed tells so when it is read from or written to */
    nh_stream_final_done(&handle->socket->stream, NULL);
}

static void on_closed(void *owner) {
    nh_socket_handle *handle = owner;
    nh_socket *socket = handle->socket;
    bool emits_close = handle->emits_close;
    nh_value had_error = nh_boolean(handle->had_error);

    if (is_current(handle)) {
        socket->handle = NULL; /* the loop is being freed */
    }
    nh_value_release(&handle->encoded);
    nh_memory_free(nh_object_memory(&socket->stream.emitter), handle);
    if (emits_close) {
        nh_emitter_emit_value(&socket->stream.emitter, "close", had_error);
    }
    nh_emitter_release(&socket->stream.emitter);
}

static const nh_connection_observer observer = {
    .connected = on_connected,
    .read = on_read,
    .written = on_written,
    .shut_down = on_shut_down,
    .closed = on_closed,
};

/* --- life --------------------------------------------------------------------------------- */

static nh_socket_handle *new_handle(nh_socket *socket) {
    nh_socket_handle *handle =
        nh_memory_allocate_zeroed(nh_object_memory(&socket->stream.emitter), 1, sizeof(*handle));
    if (handle != NULL) {
        handle->socket = socket;
        handle->encoded = nh_undefined();
    }
    return handle;
}

static void attach(nh_socket *socket, nh_socket_handle *handle, nh_connection *connection) {
    handle->connection = connection;
    nh_emitter_retain(&socket->stream.emitter);
    socket->handle = handle;
}

bool nh_socket_handle_open(nh_socket *socket, bool is_unix) {
    nh_loop *loop = socket->stream.emitter.loop;
    nh_address_family family = is_unix ? NH_ADDRESS_UNIX : NH_ADDRESS_IPV4;
    nh_socket_handle *handle = new_handle(socket);

    if (handle == NULL) {
        return false;
    }
    nh_connection *connection =
        nh_socket_transport(socket)->open(nh_loop_transport(loop), family, &observer, handle);
    if (connection == NULL) {
        nh_memory_free(nh_loop_memory(loop), handle);
        return false;
    }
    handle->is_unix = is_unix;
    attach(socket, handle, connection);
    return true;
}

static void forget(void *owner) {
    (void)owner;
}

static const nh_connection_observer nobody = {.closed = forget};

void nh_socket_close_unowned(const nh_transport_operations *transport, nh_connection *connection) {
    transport->observe(connection, &nobody, NULL);
    transport->close(connection);
}

bool nh_socket_handle_adopt(nh_socket *socket, nh_connection *connection) {
    const nh_transport_operations *transport = nh_socket_transport(socket);
    nh_socket_handle *handle = new_handle(socket);
    nh_address address;

    if (handle == NULL) {
        nh_socket_close_unowned(transport, connection);
        return false;
    }
    handle->is_unix =
        transport->local_address(connection, &address) == 0 && address.family == NH_ADDRESS_UNIX;
    transport->observe(connection, &observer, handle);
    attach(socket, handle, connection);
    return true;
}

/* RST cannot be sent while the end of the stream is. Node.js then leaves the connection open for
 * ever and never emits 'close'; here it is open until the other side ends, too. */
static void linger(nh_socket *socket, nh_socket_handle *handle, int status) {
    const nh_transport_operations *transport = nh_socket_transport(socket);
    nh_error *error = nh_socket_system_error(socket, status, "reset");

    handle->emits_close = false;
    transport->set_referenced(handle->connection, false);
    if (transport->start_reading(handle->connection) == 0) {
        handle->lingers = true;
    } else {
        transport->close(handle->connection);
    }
    nh_emitter_emit_error(&socket->stream.emitter, error);
    nh_error_release(error);
}

void nh_socket_handle_close(nh_socket *socket, bool emits_close, bool had_error) {
    const nh_transport_operations *transport = nh_socket_transport(socket);
    nh_socket_handle *handle = socket->handle;
    int status = 0;

    socket->bytes_read = handle->bytes_read;
    socket->bytes_written = handle->bytes_written;
    socket->handle = NULL;
    handle->closing = true;
    handle->emits_close = emits_close;
    handle->had_error = had_error;
    if (socket->resets) {
        socket->resets = false;
        status = transport->reset(handle->connection);
        if (status != 0) {
            linger(socket, handle, status);
        }
        return;
    }
    transport->close(handle->connection);
}
