/* nh_connection on uv_tcp_t and uv_pipe_t. */
#include "transport/uv/internal.h"

#define STACK_PIECES 16

typedef struct uvt_connection {
    uvt_handle handle;
    const nh_connection_observer *observer; /* NULL: nobody to tell */
    void *owner;
    bool is_connecting;
    bool is_writing;
    uv_connect_t connect_request;
    uv_write_t write_request;
    uv_shutdown_t shutdown_request;
} uvt_connection;

static uvt_connection *of_public(nh_connection *connection) {
    return (uvt_connection *)(void *)connection;
}

/* --- reports ------------------------------------------------------------------------------ */

static void report_status(uvt_connection *connection, void (*report)(void *owner, int status),
                          int status) {
    if (report != NULL) {
        uvt_begin_report(connection->handle.transport);
        report(connection->owner, status);
        uvt_end_report(connection->handle.transport);
    }
}

static void on_connected(uv_connect_t *request, int status) {
    uvt_connection *connection = request->data;
    connection->is_connecting = false;
    connection->handle.transport->requests--;
    if (connection->observer != NULL) {
        report_status(connection, connection->observer->connected, status);
    }
}

static void on_written(uv_write_t *request, int status) {
    uvt_connection *connection = request->data;
    connection->is_writing = false;
    connection->handle.transport->requests--;
    if (connection->observer != NULL) {
        report_status(connection, connection->observer->written, status);
    }
}

static void on_shut_down(uv_shutdown_t *request, int status) {
    uvt_connection *connection = request->data;
    connection->handle.transport->requests--;
    if (connection->observer != NULL) {
        report_status(connection, connection->observer->shut_down, status);
    }
}

static void report_closed(uvt_connection *connection) {
    const nh_connection_observer *observer = connection->observer;
    connection->observer = NULL; /* it was the last report */
    if (observer != NULL && observer->closed != NULL) {
        uvt_begin_report(connection->handle.transport);
        observer->closed(connection->owner);
        uvt_end_report(connection->handle.transport);
    }
}

static void on_closed(uv_handle_t *handle) {
    uvt_connection *connection = handle->data;
    report_closed(connection);
    uvt_handle_free(&connection->handle);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out_buffer) {
    uvt_connection *connection = handle->data;
    (void)suggested;
    *out_buffer = uv_buf_init(connection->handle.transport->read_buffer, UVT_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    _Static_assert(UV_EOF == NH_STATUS_END_OF_STREAM, "libuv's number for the end of a stream");
    uvt_connection *connection = stream->data;
    if (length == 0 || connection->observer == NULL) {
        return; /* a read that would have had to wait */
    }
    nh_bytes bytes = {NULL, 0};
    if (length > 0) {
        bytes = nh_bytes_of(buffer->base, (size_t)length);
    }
    uvt_begin_report(connection->handle.transport);
    connection->observer->read(connection->owner, length < 0 ? (int)length : 0, bytes);
    uvt_end_report(connection->handle.transport);
}

/* --- life --------------------------------------------------------------------------------- */

static void close_with(uvt_connection *connection) {
    uvt_handle_closes(&connection->handle);
    uv_close(&connection->handle.uv.handle, on_closed);
}

static void abandon(uvt_handle *handle) {
    uvt_connection *connection = (uvt_connection *)(void *)handle;
    if (!handle->is_closing) {
        close_with(connection);
    }
    if (handle->transport->loop != NULL) {
        report_closed(connection);
    }
    connection->observer = NULL;
}

static uvt_connection *connection_new(uvt_transport *transport, nh_address_family family) {
    uvt_connection *connection =
        nh_memory_allocate_zeroed(transport->memory, 1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    if (uvt_handle_init(&connection->handle, transport, family) != 0) {
        nh_memory_free(transport->memory, connection);
        return NULL;
    }
    connection->handle.abandon = abandon;
    connection->connect_request.data = connection;
    connection->write_request.data = connection;
    connection->shutdown_request.data = connection;
    return connection;
}

nh_connection *uvt_open(nh_transport *transport, nh_address_family family,
                        const nh_connection_observer *observer, void *owner) {
    uvt_connection *connection = connection_new(uvt_transport_of(transport), family);
    if (connection != NULL) {
        connection->observer = observer;
        connection->owner = owner;
    }
    return (nh_connection *)(void *)connection;
}

int uvt_connection_accept(uvt_transport *transport, nh_address_family family, uv_stream_t *server,
                          nh_connection **out_connection) {
    uvt_connection *connection = connection_new(transport, family);
    if (connection == NULL) {
        return UV_ENOMEM;
    }
    int status = uv_accept(server, &connection->handle.uv.stream);
    if (status != 0) {
        close_with(connection);
        return status;
    }
    *out_connection = (nh_connection *)(void *)connection;
    return 0;
}

void uvt_observe(nh_connection *public_connection, const nh_connection_observer *observer,
                 void *owner) {
    uvt_connection *connection = of_public(public_connection);
    connection->observer = observer;
    connection->owner = owner;
}

void uvt_close(nh_connection *public_connection) {
    uvt_connection *connection = of_public(public_connection);
    if (!connection->handle.is_closing) {
        close_with(connection);
    }
}

int uvt_reset(nh_connection *public_connection) {
    uvt_connection *connection = of_public(public_connection);
    uvt_handle *handle = &connection->handle;
    if (handle->family == NH_ADDRESS_UNIX) {
        return UV_EINVAL;
    }
    if (handle->is_closing) {
        return UV_EBADF;
    }
    int status = uv_tcp_close_reset(&handle->uv.tcp, on_closed);
    if (status == 0) {
        uvt_handle_closes(handle);
    }
    return status;
}

/* --- connecting --------------------------------------------------------------------------- */

int uvt_bind(nh_connection *connection, const nh_address *local) {
    uvt_handle *handle = &of_public(connection)->handle;
    struct sockaddr_storage system;
    nh_address bound;
    if (handle->is_closing || handle->family == NH_ADDRESS_UNIX) {
        return UV_EINVAL;
    }
    int status = uvt_address_to_system(local, &system);
    if (status == 0) {
        status = uv_tcp_bind(&handle->uv.tcp, (const struct sockaddr *)&system, 0);
    }
    /* libuv keeps EADDRINUSE to itself until listen or connect, but not from this call. */
    return status == 0 ? uvt_handle_address(handle, false, &bound) : status;
}

int uvt_connect(nh_connection *public_connection, const nh_address *remote,
                const nh_address *local) {
    uvt_connection *connection = of_public(public_connection);
    uvt_handle *handle = &connection->handle;
    if (handle->is_closing) {
        return UV_EBADF;
    }
    if (connection->is_connecting) {
        return UV_EALREADY;
    }
    if ((remote->family == NH_ADDRESS_UNIX) != (handle->family == NH_ADDRESS_UNIX)) {
        return UV_EINVAL;
    }
    int status = local == NULL ? 0 : uvt_bind(public_connection, local);
    if (status != 0) {
        return status;
    }
    if (handle->family == NH_ADDRESS_UNIX) {
        uv_pipe_connect(&connection->connect_request, &handle->uv.pipe, remote->host, on_connected);
    } else {
        struct sockaddr_storage system;
        status = uvt_address_to_system(remote, &system);
        if (status == 0) {
            status = uv_tcp_connect(&connection->connect_request, &handle->uv.tcp,
                                    (const struct sockaddr *)&system, on_connected);
        }
    }
    if (status == 0) {
        connection->is_connecting = true;
        handle->transport->requests++;
    }
    return status;
}

/* --- reading ------------------------------------------------------------------------------ */

int uvt_start_reading(nh_connection *public_connection) {
    uvt_connection *connection = of_public(public_connection);
    if (connection->handle.is_closing) {
        return UV_EINVAL;
    }
    int status = uv_read_start(&connection->handle.uv.stream, on_allocate, on_read);
    return status == UV_EALREADY ? 0 : status;
}

void uvt_stop_reading(nh_connection *connection) {
    (void)uv_read_stop(&of_public(connection)->handle.uv.stream);
}

/* --- writing ------------------------------------------------------------------------------ */

/* libuv does not write to what it is given to write. */
static uv_buf_t buffer_of(nh_bytes bytes) {
    union {
        const uint8_t *constant;
        char *variable;
    } base = {.constant = bytes.data};
    uv_buf_t buffer = {.base = base.variable, .len = bytes.length};
    return buffer;
}

/* Leaves out the first `accepted` bytes; returns the number of buffers left, moved to the front. */
static unsigned drop_accepted(uv_buf_t *buffers, unsigned count, size_t accepted) {
    unsigned first = 0;
    while (first < count && accepted >= buffers[first].len) {
        accepted -= buffers[first].len;
        first++;
    }
    for (unsigned i = first; i < count; i++) {
        buffers[i - first] = buffers[i];
    }
    if (first < count) {
        buffers[0].base += accepted;
        buffers[0].len -= accepted;
    }
    return count - first;
}

static int write_buffers(uvt_connection *connection, uv_buf_t *buffers, unsigned count,
                         size_t total, size_t *out_queued) {
    uv_stream_t *stream = &connection->handle.uv.stream;
    int accepted = uv_try_write(stream, buffers, count);
    if (accepted == UV_EAGAIN) {
        accepted = 0;
    }
    if (accepted < 0 || (size_t)accepted == total) {
        return accepted < 0 ? accepted : 0;
    }
    count = drop_accepted(buffers, count, (size_t)accepted);
    int status = uv_write(&connection->write_request, stream, buffers, count, on_written);
    if (status != 0) {
        return status;
    }
    connection->is_writing = true;
    connection->handle.transport->requests++;
    if (out_queued != NULL) {
        *out_queued = uv_stream_get_write_queue_size(stream);
    }
    return 1;
}

int uvt_write(nh_connection *public_connection, const nh_bytes *pieces, size_t count,
              size_t *out_queued) {
    uvt_connection *connection = of_public(public_connection);
    nh_memory *memory = connection->handle.transport->memory;
    uv_buf_t on_stack[STACK_PIECES];
    uv_buf_t *buffers = on_stack;
    size_t total = 0;
    if (out_queued != NULL) {
        *out_queued = 0;
    }
    if (connection->handle.is_closing) {
        return UV_EBADF;
    }
    if (connection->is_writing) {
        return UV_EBUSY;
    }
    if (count == 0) {
        return 0;
    }
    if (count > STACK_PIECES) {
        buffers = count > UINT32_MAX / sizeof *buffers
                      ? NULL
                      : nh_memory_allocate(memory, count * sizeof *buffers);
        if (buffers == NULL) {
            return UV_ENOMEM;
        }
    }
    for (size_t i = 0; i < count; i++) {
        buffers[i] = buffer_of(pieces[i]);
        total += pieces[i].length;
    }
    int status = write_buffers(connection, buffers, (unsigned)count, total, out_queued);
    if (buffers != on_stack) {
        nh_memory_free(memory, buffers);
    }
    return status;
}

size_t uvt_write_queue_size(nh_connection *connection) {
    return uv_stream_get_write_queue_size(&of_public(connection)->handle.uv.stream);
}

int uvt_shutdown(nh_connection *public_connection) {
    uvt_connection *connection = of_public(public_connection);
    if (connection->handle.is_closing) {
        return UV_ENOTCONN;
    }
    int status =
        uv_shutdown(&connection->shutdown_request, &connection->handle.uv.stream, on_shut_down);
    if (status == 0) {
        connection->handle.transport->requests++;
    }
    return status;
}

/* --- properties --------------------------------------------------------------------------- */

int uvt_local_address(nh_connection *connection, nh_address *out_address) {
    return uvt_handle_address(&of_public(connection)->handle, false, out_address);
}

int uvt_remote_address(nh_connection *connection, nh_address *out_address) {
    return uvt_handle_address(&of_public(connection)->handle, true, out_address);
}

void uvt_set_no_delay(nh_connection *connection, bool enable) {
    uvt_handle *handle = &of_public(connection)->handle;
    if (handle->family != NH_ADDRESS_UNIX && !handle->is_closing) {
        (void)uv_tcp_nodelay(&handle->uv.tcp, enable);
    }
}

void uvt_set_keep_alive(nh_connection *connection, bool enable, uint64_t initial_delay_ms) {
    uvt_handle *handle = &of_public(connection)->handle;
    uint64_t seconds = initial_delay_ms / 1000;
    if (handle->family != NH_ADDRESS_UNIX && !handle->is_closing) {
        unsigned delay = seconds > INT32_MAX ? (unsigned)INT32_MAX : (unsigned)seconds;
        (void)uv_tcp_keepalive(&handle->uv.tcp, enable, delay);
    }
}

void uvt_set_referenced(nh_connection *connection, bool referenced) {
    uv_handle_t *handle = &of_public(connection)->handle.uv.handle;
    if (referenced) {
        uv_ref(handle);
    } else {
        uv_unref(handle);
    }
}
