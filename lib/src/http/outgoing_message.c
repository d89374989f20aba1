/* OutgoingMessage: its life, its socket, its properties. */
#include "http/outgoing_message_internal.h"

#include "http/support_internal.h"

static void destroy_object(nh_emitter *emitter);

static const nh_outgoing_hooks no_hooks = {.implicit_header = NULL};

/* The legacy class that JavaScript has between: it adds nothing here, and is no nh_stream. */
static const nh_class legacy_stream_class = {
    .name = "Stream",
    .parent = &nh_emitter_class,
    .size = sizeof(nh_emitter),
};

const nh_class nh_outgoing_message_class = {
    .name = "OutgoingMessage",
    .parent = &legacy_stream_class,
    .size = sizeof(nh_outgoing_message),
    .destroy = destroy_object,
    .writable = &nh_outgoing_message_writable,
};

static nh_memory *memory_of(const nh_outgoing_message *message) {
    return nh_object_memory(&message->emitter);
}

/* --- life --------------------------------------------------------------------------------- */

void nh_outgoing_message_init(nh_outgoing_message *message, const nh_outgoing_hooks *hooks) {
    message->hooks = hooks == NULL ? &no_hooks : hooks;
    message->unique_headers = nh_undefined();
    nh_text_init(&message->head, memory_of(message));
    message->trailer = nh_undefined();
    message->content_length = nh_undefined();
    message->errored = nh_null();
    message->high_water_mark = (double)NH_OUTGOING_HIGH_WATER_MARK;
    message->should_keep_alive = true;
    message->default_keep_alive = true;
    message->use_chunked_encoding_by_default = true;
    message->has_body = true;
}

void nh_outgoing_message_apply_options(nh_outgoing_message *message, nh_value options) {
    nh_value mark = nh_map_get(options, "highWaterMark");
    if (mark.type == NH_NUMBER) {
        message->high_water_mark = mark.as.number;
    }
    message->reject_nonstandard_body_writes =
        nh_value_is_truthy(nh_map_get(options, "rejectNonStandardBodyWrites"));
}

nh_outgoing_message *nh_outgoing_message_new(nh_loop *loop, nh_value options) {
    nh_outgoing_message *message = nh_object_new(loop, &nh_outgoing_message_class);
    if (message != NULL) {
        nh_outgoing_message_init(message, NULL);
        nh_outgoing_message_apply_options(message, options);
    }
    return message;
}

static void destroy_object(nh_emitter *emitter) {
    nh_outgoing_message *message = nh_as_outgoing_message(emitter);
    nh_memory *memory = memory_of(message);
    nh_header_store_clear(memory, &message->headers);
    nh_value_release(&message->unique_headers);
    nh_text_deinit(&message->head);
    nh_value_release(&message->trailer);
    nh_value_release(&message->content_length);
    nh_outgoing_queue_clear(memory, &message->queue);
    nh_outgoing_queue_clear(memory, &message->corked_chunks);
    nh_value_release(&message->errored);
    if (message->socket != NULL) {
        if (message->socket->http_message == message) {
            message->socket->http_message = NULL;
        }
        nh_emitter_release(&message->socket->emitter);
    }
}

nh_error *nh_outgoing_implicit_header(nh_outgoing_message *message) {
    if (message->hooks->implicit_header != NULL) {
        return message->hooks->implicit_header(message);
    }
    return nh_http_error(memory_of(message), "ERR_METHOD_NOT_IMPLEMENTED",
                         "The _implicitHeader() method is not implemented");
}

/* --- the socket --------------------------------------------------------------------------- */

void nh_outgoing_set_socket(nh_outgoing_message *message, nh_stream *socket) {
    nh_stream *before = message->socket;
    if (socket != NULL) {
        (void)nh_emitter_retain(&socket->emitter);
    }
    for (int i = 0; i < message->corked; i++) {
        if (socket != NULL) {
            nh_writable_cork(socket);
        }
        if (before != NULL) {
            nh_writable_uncork(before);
        }
    }
    message->socket = socket;
    if (before != NULL) {
        nh_emitter_release(&before->emitter);
    }
}

/* What is done to the socket as soon as there is one. */
typedef struct socket_request {
    nh_memory *memory;
    nh_error *error;       /* destroy */
    nh_value milliseconds; /* setTimeout */
    bool is_timeout;
} socket_request;

static void free_socket_request(void *data) {
    socket_request *request = data;
    nh_error_release(request->error);
    nh_value_release(&request->milliseconds);
    nh_memory_free(request->memory, request);
}

static void on_socket(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    const socket_request *request = data;
    if (count == 0 || arguments[0].type != NH_OBJECT) {
        return;
    }
    nh_stream *socket = nh_as_stream(arguments[0].as.object);
    if (!request->is_timeout) {
        nh_stream_destroy(socket, request->error);
    } else {
        nh_http_throw_take(emitter->loop,
                           nh_http_set_socket_timeout(socket, request->milliseconds, "socket"));
    }
}

static nh_error *when_socket_comes(nh_outgoing_message *message, nh_error *error, bool is_timeout,
                                   nh_value milliseconds) {
    nh_memory *memory = memory_of(message);
    socket_request *request = nh_memory_allocate(memory, sizeof(*request));
    if (request == NULL) {
        return nh_error_out_of_memory();
    }
    *request = (socket_request){.memory = memory,
                                .error = error == NULL ? NULL : nh_error_retain(error),
                                .is_timeout = is_timeout,
                                .milliseconds = nh_value_retain(milliseconds)};
    if (!nh_emitter_add_listener(&message->emitter, "socket", on_socket, request,
                                 free_socket_request, NH_LISTENER_ONCE)) {
        free_socket_request(request);
        return nh_loop_is_throwing(message->emitter.loop) ? NULL : nh_error_out_of_memory();
    }
    return NULL;
}

void nh_outgoing_destroy(nh_outgoing_message *message, nh_error *error) {
    if (message->destroyed) {
        return;
    }
    message->destroyed = true;
    message->errored = error == NULL ? nh_undefined() : nh_value_of_error(error);
    if (message->socket != NULL) {
        nh_stream_destroy(message->socket, error);
        return;
    }
    nh_http_throw_take(message->emitter.loop,
                       when_socket_comes(message, error, false, nh_undefined()));
}

void nh_outgoing_message_destroy(nh_outgoing_message *message, nh_error *error) {
    if (message->hooks->destroy != NULL) {
        message->hooks->destroy(message, error);
    } else {
        nh_outgoing_destroy(message, error);
    }
}

nh_error *nh_outgoing_message_set_timeout(nh_outgoing_message *message, nh_value milliseconds,
                                          nh_value callback) {
    if (message->hooks->set_timeout != NULL) {
        return message->hooks->set_timeout(message, milliseconds, callback);
    }
    nh_error *error =
        nh_http_add_callback(&message->emitter, "timeout", callback, NH_LISTENER_PLAIN);
    if (error != NULL) {
        return error;
    }
    if (message->socket != NULL) {
        return nh_http_set_socket_timeout(message->socket, milliseconds, "this[kSocket]");
    }
    /* The check of the value waits for the socket as well. */
    return when_socket_comes(message, NULL, true, milliseconds);
}

void nh_outgoing_message_pipe(nh_outgoing_message *message) {
    nh_error *error =
        nh_http_error(memory_of(message), "ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable");
    (void)nh_emitter_emit_error(&message->emitter, error);
    nh_error_release(error);
}

/* --- properties --------------------------------------------------------------------------- */

bool nh_outgoing_message_headers_sent(const nh_outgoing_message *message) {
    return message->has_head;
}

bool nh_outgoing_message_is_finished(const nh_outgoing_message *message) {
    return message->finished;
}

bool nh_outgoing_message_writable_ended(const nh_outgoing_message *message) {
    return message->finished;
}

bool nh_outgoing_message_writable_finished(const nh_outgoing_message *message) {
    return message->finished && message->output_size <= 0 &&
           (message->socket == NULL || nh_writable_length(message->socket) == 0);
}

double nh_outgoing_message_writable_length(const nh_outgoing_message *message) {
    double of_socket = message->socket == NULL ? 0 : (double)nh_writable_length(message->socket);
    return message->output_size + message->corked_bytes + of_socket;
}

double nh_outgoing_message_output_size(const nh_outgoing_message *message) {
    return message->output_size;
}

double nh_outgoing_message_writable_high_water_mark(const nh_outgoing_message *message) {
    return message->socket == NULL ? message->high_water_mark
                                   : (double)nh_writable_high_water_mark(message->socket);
}

int nh_outgoing_message_writable_corked(const nh_outgoing_message *message) {
    return message->corked;
}

bool nh_outgoing_message_writable_need_drain(const nh_outgoing_message *message) {
    return !message->destroyed && !message->finished && message->need_drain;
}

bool nh_outgoing_message_writable_object_mode(const nh_outgoing_message *message) {
    (void)message;
    return false;
}

bool nh_outgoing_message_is_writable(const nh_outgoing_message *message) {
    (void)message;
    return true;
}

bool nh_outgoing_message_is_destroyed(const nh_outgoing_message *message) {
    return message->destroyed;
}

bool nh_outgoing_message_is_closed(const nh_outgoing_message *message) {
    return message->closed;
}

nh_value nh_outgoing_message_errored(const nh_outgoing_message *message) {
    return message->errored;
}

nh_stream *nh_outgoing_message_socket(const nh_outgoing_message *message) {
    return message->socket;
}

nh_stream *nh_outgoing_message_connection(const nh_outgoing_message *message) {
    return message->socket;
}

bool nh_outgoing_message_send_date(const nh_outgoing_message *message) {
    return message->send_date;
}

void nh_outgoing_message_set_send_date(nh_outgoing_message *message, bool send) {
    message->send_date = send;
}

bool nh_outgoing_message_strict_content_length(const nh_outgoing_message *message) {
    return message->strict_content_length;
}

void nh_outgoing_message_set_strict_content_length(nh_outgoing_message *message, bool strict) {
    message->strict_content_length = strict;
}

bool nh_outgoing_message_chunked_encoding(const nh_outgoing_message *message) {
    return message->chunked_encoding;
}

void nh_outgoing_message_set_chunked_encoding(nh_outgoing_message *message, bool chunked) {
    message->chunked_encoding = chunked;
}

bool nh_outgoing_message_should_keep_alive(const nh_outgoing_message *message) {
    return message->should_keep_alive;
}

void nh_outgoing_message_set_should_keep_alive(nh_outgoing_message *message, bool keep_alive) {
    message->should_keep_alive = keep_alive;
}

bool nh_outgoing_message_use_chunked_encoding_by_default(const nh_outgoing_message *message) {
    return message->use_chunked_encoding_by_default;
}

void nh_outgoing_message_set_use_chunked_encoding_by_default(nh_outgoing_message *message,
                                                             bool chunked) {
    message->use_chunked_encoding_by_default = chunked;
}

bool nh_outgoing_message_max_requests_on_connection_reached(const nh_outgoing_message *message) {
    return message->max_requests_on_connection_reached;
}

void nh_outgoing_message_set_max_requests_on_connection_reached(nh_outgoing_message *message,
                                                                bool reached) {
    message->max_requests_on_connection_reached = reached;
}

/* --- as the destination of a pipe --------------------------------------------------------- */

static nh_error *piped_write(nh_emitter *object, nh_value chunk, nh_value encoding,
                             nh_value callback, bool *out_more) {
    return nh_outgoing_message_write(nh_as_outgoing_message(object), chunk, encoding, callback,
                                     out_more);
}

static nh_error *piped_end(nh_emitter *object, nh_value chunk, nh_value encoding,
                           nh_value callback) {
    return nh_outgoing_message_end(nh_as_outgoing_message(object), chunk, encoding, callback);
}

static void piped_destroy(nh_emitter *object, nh_error *error) {
    nh_outgoing_message_destroy(nh_as_outgoing_message(object), error);
}

static bool piped_needs_drain(nh_emitter *object) {
    return nh_outgoing_message_writable_need_drain(nh_as_outgoing_message(object));
}

static bool piped_is_destroyed(nh_emitter *object) {
    return nh_as_outgoing_message(object)->destroyed;
}

static bool piped_is_ended(nh_emitter *object) {
    return nh_as_outgoing_message(object)->finished;
}

static bool piped_is_finished(nh_emitter *object) {
    return nh_outgoing_message_writable_finished(nh_as_outgoing_message(object));
}

static bool piped_is_closed(nh_emitter *object) {
    return nh_as_outgoing_message(object)->closed;
}

static bool piped_is_writable(nh_emitter *object) {
    return nh_outgoing_message_is_writable(nh_as_outgoing_message(object));
}

const nh_writable_interface nh_outgoing_message_writable = {
    .write = piped_write,
    .end = piped_end,
    .destroy = piped_destroy,
    .needs_drain = piped_needs_drain,
    .is_destroyed = piped_is_destroyed,
    .is_ended = piped_is_ended,
    .is_finished = piped_is_finished,
    .is_writable = piped_is_writable,
    .is_closed = piped_is_closed,
};
