/* net.Socket: a Duplex whose operations go to a handle.
 *
 * Order that is promised: destroy() closes the handle at once and lets it go; 'error' comes on the
 * next tick, 'close' in the closing phase after it, or on the tick after 'error' when there was no
 * handle. */
#include <errno.h>
#include <math.h>

#include "core/name.h"
#include "net/connect.h"
#include "net/handle.h"
#include "net/net_server_internal.h"

#define LONGEST_TIMER 2147483647.0

static nh_socket *socket_of(nh_stream *stream) {
    return (nh_socket *)(void *)stream;
}

static nh_memory *memory_of(const nh_socket *socket) {
    return nh_object_memory(&socket->stream.emitter);
}

/* --- operations of the stream ------------------------------------------------------------- */

static void read_socket(nh_stream *stream, size_t size, void *data);

static void on_connect_read(nh_emitter *emitter, const nh_value *arguments, size_t count,
                            void *data) {
    (void)arguments;
    (void)count;
    read_socket(nh_as_stream(emitter), 0, data);
}

static void read_socket(nh_stream *stream, size_t size, void *data) {
    nh_socket *socket = socket_of(stream);

    (void)size;
    (void)data;
    if (socket->connecting || socket->handle == NULL) {
        nh_socket_once_connected(socket, on_connect_read);
    } else if (!socket->handle->reading) {
        nh_socket_start_reading(socket);
    }
}

static void write_socket(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    (void)data;
    nh_socket_output_write(socket_of(stream), &chunk, 1);
}

static void write_all(nh_stream *stream, const nh_stream_chunk *chunks, size_t count, void *data) {
    (void)data;
    nh_socket_output_write(socket_of(stream), chunks, count);
}

static void finish_socket(nh_stream *stream, void *data);

static void on_connect_finish(nh_emitter *emitter, const nh_value *arguments, size_t count,
                              void *data) {
    (void)arguments;
    (void)count;
    finish_socket(nh_as_stream(emitter), data);
}

static void finish_socket(nh_stream *stream, void *data) {
    nh_socket *socket = socket_of(stream);

    (void)data;
    if (socket->connecting) {
        nh_socket_once_connected(socket, on_connect_finish);
        return;
    }
    if (socket->handle == NULL) {
        nh_stream_final_done(stream, NULL);
        return;
    }
    int status = nh_socket_transport(socket)->shutdown(socket->handle->connection);
    if (status == -ENOTCONN) {
        nh_stream_final_done(stream, NULL);
    } else if (status < 0) {
        nh_error *error = nh_socket_system_error(socket, status, "shutdown");
        nh_stream_final_done(stream, error);
        nh_error_release(error);
    }
}

static void emit_close(nh_emitter *object, nh_value value) {
    (void)value;
    nh_emitter_emit_bare(object, "close");
}

static void destroy_socket(nh_stream *stream, nh_error *error, void *data) {
    nh_socket *socket = socket_of(stream);
    nh_net_server *server = socket->server;

    (void)data;
    socket->connecting = false;
    nh_timer_stop(stream->emitter.loop, &socket->idle_timer);
    socket->idle_ms = 0; /* nothing starts it again: bytes may still be on their way to a parser */
    if (socket->handle != NULL) {
        nh_socket_handle_close(socket, true, error != NULL);
        nh_stream_destroy_done(stream, error);
    } else {
        nh_stream_destroy_done(stream, error);
        nh_loop_tick(stream->emitter.loop, emit_close, &stream->emitter, nh_undefined());
    }
    nh_connect_attempt_drop(socket);
    if (server != NULL) {
        socket->server = NULL;
        nh_net_server_connection_closed(server);
        nh_emitter_release(&server->emitter);
    }
}

static const nh_stream_operations operations = {
    .read = read_socket,
    .write = write_socket,
    .writev = write_all,
    .final = finish_socket,
    .destroy = destroy_socket,
};

/* --- the class ---------------------------------------------------------------------------- */

static void release_socket(nh_emitter *emitter) {
    nh_socket *socket = (nh_socket *)(void *)emitter;

    nh_timer_stop(emitter->loop, &socket->idle_timer);
    nh_socket_output_free(socket);
    nh_connect_attempt_drop(socket);
    if (socket->server != NULL) {
        nh_emitter_release(&socket->server->emitter);
    }
    nh_value_release(&socket->timeout);
    nh_value_release(&socket->attempted_addresses);
    nh_value_release(&socket->host);
}

/* A consumed socket takes its bytes back as soon as somebody else wants them. */
static void listener_added(nh_emitter *emitter, const char *event) {
    nh_socket *socket = (nh_socket *)(void *)emitter;
    const nh_socket_consumer *consumer = socket->consumer;
    void *owner = socket->consumer_owner;

    nh_stream_listener_added(emitter, event);
    if (consumer != NULL && (nh_name_equals(event, "data") || nh_name_equals(event, "readable"))) {
        nh_socket_unconsume(socket);
        if (consumer->released != NULL) {
            consumer->released(socket, owner);
        }
    }
}

const nh_class nh_socket_class = {
    .name = "Socket",
    .parent = &nh_duplex_class,
    .size = sizeof(nh_socket),
    .destroy = release_socket,
    .listener_added = listener_added,
    .listener_removed = nh_stream_listener_removed,
    .all_listeners_removed = nh_stream_all_listeners_removed,
};

/* Whether a write under way has moved since it was looked at last. */
static bool write_has_moved(nh_socket *socket) {
    if (socket->idle_queued_bytes == 0 || socket->handle == NULL) {
        return false;
    }
    size_t before = socket->idle_queued_bytes;
    socket->idle_queued_bytes =
        nh_socket_transport(socket)->write_queue_size(socket->handle->connection);
    return socket->idle_queued_bytes != before;
}

static void on_idle(void *owner) {
    nh_socket *socket = owner;

    if (write_has_moved(socket)) {
        nh_socket_touch(socket);
        return;
    }
    nh_emitter_retain(&socket->stream.emitter);
    nh_emitter_emit_bare(&socket->stream.emitter, "timeout");
    nh_emitter_release(&socket->stream.emitter);
}

/* What is written after the other side has ended, and we with it, is an error of its own. */
static void on_end(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    nh_stream *stream = nh_as_stream(emitter);

    (void)arguments;
    (void)count;
    (void)data;
    if (!stream->allow_half_open) {
        stream->writable.ended_by_peer = true;
    }
}

/* `~~(milliseconds / 1000)` */
static double whole_seconds(nh_value milliseconds) {
    double seconds = milliseconds.type == NH_NUMBER ? trunc(milliseconds.as.number / 1000) : 0;

    return seconds >= 0 && seconds < 2147483648.0 ? seconds : 0;
}

static size_t mark_of(nh_value mark) {
    bool usable = mark.type == NH_NUMBER && mark.as.number >= 0 && mark.as.number < 9e15;

    return usable ? (size_t)mark.as.number : NH_DEFAULT_HIGH_WATER_MARK;
}

static bool init_with(nh_socket *socket, const nh_stream_options *stream_options) {
    nh_emitter *emitter = &socket->stream.emitter;

    socket->timeout = nh_undefined();
    socket->attempted_addresses = nh_undefined();
    socket->host = nh_null();
    socket->idle_timer.fire = on_idle;
    socket->idle_timer.owner = socket;
    socket->idle_timer.unreferenced = true;
    nh_stream_init(&socket->stream, stream_options, &operations, NULL);
    return nh_emitter_on(emitter, "end", on_end, NULL);
}

static void stream_options_init(nh_stream_options *options) {
    nh_stream_options_init(options);
    options->emit_close = false; /* the socket does, with hadError */
    options->decode_strings = false;
}

bool nh_socket_init(nh_socket *socket, const nh_socket_options *options) {
    nh_stream_options stream_options;

    stream_options_init(&stream_options);
    stream_options.allow_half_open = false;
    if (options != NULL) {
        stream_options.allow_half_open = nh_value_is_truthy(options->allow_half_open);
        stream_options.high_water_mark = mark_of(options->high_water_mark);
        socket->no_delay = nh_value_is_truthy(options->no_delay);
        socket->keep_alive = nh_value_is_truthy(options->keep_alive);
        socket->keep_alive_seconds = whole_seconds(options->keep_alive_initial_delay);
    }
    return init_with(socket, &stream_options);
}

nh_socket *nh_socket_new(nh_loop *loop, const nh_socket_options *options) {
    nh_socket *socket = nh_object_new(loop, &nh_socket_class);

    if (socket != NULL && !nh_socket_init(socket, options)) {
        nh_emitter_release(&socket->stream.emitter);
        return NULL;
    }
    return socket;
}

nh_socket *nh_socket_new_accepted(nh_loop *loop, nh_connection *connection,
                                  const nh_net_server_options *options) {
    nh_socket *socket = nh_object_new(loop, &nh_socket_class);
    nh_stream_options stream_options;

    if (socket == NULL) {
        const nh_transport_operations *transport = nh_loop_transport(loop)->operations;
        nh_socket_close_unowned(transport, connection);
        return NULL;
    }
    stream_options_init(&stream_options);
    stream_options.allow_half_open = options->allow_half_open;
    stream_options.high_water_mark = options->high_water_mark;
    bool ready = init_with(socket, &stream_options);
    if (!nh_socket_handle_adopt(socket, connection)) {
        nh_emitter_release(&socket->stream.emitter);
        return NULL;
    }
    if (!ready) {
        nh_socket_handle_close(socket, false, false);
        nh_emitter_release(&socket->stream.emitter);
        return NULL;
    }
    if (options->pause_on_connect) {
        socket->stream.readable.flowing = NH_FLOWING_STOPPED;
    } else {
        nh_value nothing = nh_readable_read_size(&socket->stream, 0);
        nh_value_release(&nothing);
    }
    return socket;
}

nh_socket *nh_socket_of_stream(nh_stream *stream) {
    return nh_object_is_of(&stream->emitter, &nh_socket_class) ? socket_of(stream) : NULL;
}

bool nh_socket_has_handle(const nh_socket *socket) {
    return socket->handle != NULL;
}

void nh_socket_once_connected(nh_socket *socket, nh_listener listener) {
    if (!nh_emitter_once(&socket->stream.emitter, "connect", listener, socket) &&
        !nh_loop_is_throwing(socket->stream.emitter.loop)) {
        nh_stream_fail_no_memory(&socket->stream);
    }
}

/* --- reading ------------------------------------------------------------------------------ */

void nh_socket_start_reading(nh_socket *socket) {
    nh_socket_handle *handle = socket->handle;

    if (handle == NULL || handle->reading) {
        return;
    }
    handle->reading = true;
    int status = nh_socket_transport(socket)->start_reading(handle->connection);
    if (status < 0) {
        nh_error *error = nh_socket_system_error(socket, status, "read");
        nh_stream_destroy(&socket->stream, error);
        nh_error_release(error);
    }
}

void nh_socket_stop_reading(nh_socket *socket) {
    nh_socket_handle *handle = socket->handle;

    if (handle != NULL && handle->reading) {
        handle->reading = false;
        nh_socket_transport(socket)->stop_reading(handle->connection);
    }
}

void nh_socket_consume(nh_socket *socket, const nh_socket_consumer *consumer, void *owner) {
    socket->consumer = consumer;
    socket->consumer_owner = owner;
}

void nh_socket_unconsume(nh_socket *socket) {
    socket->consumer = NULL;
    socket->consumer_owner = NULL;
}

/* --- the idle timeout --------------------------------------------------------------------- */

void nh_socket_touch(nh_socket *socket) {
    nh_loop *loop = socket->stream.emitter.loop;

    if (socket->idle_ms > 0 &&
        !nh_timer_start(loop, &socket->idle_timer, (uint64_t)socket->idle_ms)) {
        nh_stream_fail_no_memory(&socket->stream);
    }
}

static nh_error *check_timeout(const nh_socket *socket, nh_value milliseconds) {
    if (milliseconds.type != NH_NUMBER) {
        return nh_error_new_argument_type(memory_of(socket), "msecs", "of type number",
                                          milliseconds);
    }
    if (!(milliseconds.as.number >= 0) || !isfinite(milliseconds.as.number)) {
        return nh_error_new_out_of_range(memory_of(socket), "msecs", "a non-negative finite number",
                                         milliseconds);
    }
    return NULL;
}

nh_error *nh_socket_set_timeout(nh_socket *socket, nh_value milliseconds, nh_value callback) {
    nh_emitter *emitter = &socket->stream.emitter;

    if (socket->stream.destroyed) {
        return NULL;
    }
    nh_value_assign_take(&socket->timeout, nh_value_retain(milliseconds));
    nh_error *error = check_timeout(socket, milliseconds);
    if (error != NULL) {
        return error;
    }
    nh_timer_stop(emitter->loop, &socket->idle_timer);
    socket->idle_ms = 0;
    if (milliseconds.as.number > 0) {
        double delay = fmin(trunc(fmax(milliseconds.as.number, 1)), LONGEST_TIMER);
        if (!nh_timer_start(emitter->loop, &socket->idle_timer, (uint64_t)delay)) {
            return nh_error_out_of_memory();
        }
        socket->idle_ms = delay;
    }
    if (callback.type == NH_UNDEFINED) {
        return NULL;
    }
    if (callback.type != NH_FUNCTION) {
        return nh_error_new_argument_type(memory_of(socket), "callback", "of type function",
                                          callback);
    }
    if (socket->idle_ms == 0) {
        nh_emitter_remove_function(emitter, "timeout", callback);
        return NULL;
    }
    bool added = nh_emitter_add_function(emitter, "timeout", callback, NH_LISTENER_ONCE);
    return added || nh_loop_is_throwing(emitter->loop) ? NULL : nh_error_out_of_memory();
}

/* --- options of the connection ------------------------------------------------------------ */

void nh_socket_set_no_delay(nh_socket *socket, bool enable) {
    bool changes = enable != socket->no_delay;

    socket->no_delay = enable;
    if (socket->handle != NULL && changes) {
        nh_socket_transport(socket)->set_no_delay(socket->handle->connection, enable);
    }
}

void nh_socket_set_keep_alive(nh_socket *socket, bool enable, double initial_delay_ms) {
    double seconds = whole_seconds(nh_number(initial_delay_ms));
    bool changes =
        enable != socket->keep_alive || (enable && !(seconds >= socket->keep_alive_seconds &&
                                                     seconds <= socket->keep_alive_seconds));

    socket->keep_alive = enable;
    socket->keep_alive_seconds = seconds;
    if (socket->handle != NULL && changes) {
        nh_socket_transport(socket)->set_keep_alive(socket->handle->connection, enable,
                                                    (uint64_t)seconds * 1000);
    }
}

static void on_connect_ref(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    nh_socket_ref(data);
}

void nh_socket_ref(nh_socket *socket) {
    if (socket->handle == NULL) {
        nh_socket_once_connected(socket, on_connect_ref);
    } else {
        nh_socket_transport(socket)->set_referenced(socket->handle->connection, true);
    }
}

static void on_connect_unref(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    nh_socket_unref(data);
}

void nh_socket_unref(nh_socket *socket) {
    if (socket->handle == NULL) {
        nh_socket_once_connected(socket, on_connect_unref);
    } else {
        nh_socket_transport(socket)->set_referenced(socket->handle->connection, false);
    }
}

/* --- destroySoon, resetAndDestroy --------------------------------------------------------- */

static void on_finish_destroy(nh_emitter *emitter, const nh_value *arguments, size_t count,
                              void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_stream_destroy(nh_as_stream(emitter), NULL);
}

void nh_socket_destroy_soon(nh_socket *socket) {
    nh_stream *stream = &socket->stream;

    if (nh_writable_is_writable(stream)) {
        nh_error *error = nh_writable_end(stream, nh_undefined(), nh_undefined(), nh_undefined());
        nh_error_release(error);
    }
    if (nh_loop_is_throwing(stream->emitter.loop)) {
        return;
    }
    if (nh_writable_is_finished(stream)) {
        nh_stream_destroy(stream, NULL);
    } else if (!nh_emitter_once(&stream->emitter, "finish", on_finish_destroy, socket)) {
        nh_stream_fail_no_memory(stream);
    }
}

static void reset_now(nh_socket *socket) {
    socket->resets = true;
    nh_stream_destroy(&socket->stream, NULL);
}

static void on_connect_reset(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    reset_now(data);
}

nh_error *nh_socket_reset_and_destroy(nh_socket *socket) {
    if (socket->handle == NULL) {
        nh_error *error =
            nh_error_new(memory_of(socket), "Error", "ERR_SOCKET_CLOSED", "Socket is closed");
        nh_stream_destroy(&socket->stream, error);
        nh_error_release(error);
    } else if (socket->handle->is_unix) {
        return nh_error_new(memory_of(socket), "TypeError", "ERR_INVALID_HANDLE_TYPE",
                            "This handle type cannot be sent");
    } else if (socket->connecting) {
        nh_socket_once_connected(socket, on_connect_reset);
    } else {
        reset_now(socket);
    }
    return NULL;
}

void nh_socket_abandon(nh_socket *socket) {
    nh_stream *stream = &socket->stream;

    nh_timer_stop(stream->emitter.loop, &socket->idle_timer);
    socket->idle_ms = 0;
    socket->connecting = false;
    stream->destroyed = true;
    stream->closed = true;
    nh_connect_attempt_drop(socket);
    if (socket->handle != NULL) {
        nh_socket_handle_close(socket, false, false);
    }
}
