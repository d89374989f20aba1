/* IncomingMessage: a Readable that the parser fills.
 *
 * Order when it is cut off: 'aborted' from inside destroy(), then (once its socket is done) 'error'
 * if somebody listens, then 'close'. */
#include "http/incoming_message_internal.h"

#include "http/parser_internal.h"
#include "http/support_internal.h"

static void read_more(nh_stream *stream, size_t size, void *data);
static void destroy_stream(nh_stream *stream, nh_error *error, void *data);
static void destroy_object(nh_emitter *emitter);
static void give_up(nh_emitter *emitter, nh_error *error);

static const nh_stream_operations operations = {.read = read_more, .destroy = destroy_stream};

const nh_class nh_incoming_message_class = {
    .name = "IncomingMessage",
    .parent = &nh_readable_class,
    .size = sizeof(nh_incoming_message),
    .destroy = destroy_object,
    .give_up = give_up,
};

static nh_incoming_message *of(nh_emitter *emitter) {
    return (nh_incoming_message *)(void *)emitter;
}

static nh_memory *memory_of(const nh_incoming_message *message) {
    return nh_object_memory(&message->stream.emitter);
}

/* --- life --------------------------------------------------------------------------------- */

nh_incoming_message *nh_incoming_message_create(nh_loop *loop, nh_stream *socket) {
    nh_incoming_message *message = nh_object_new(loop, &nh_incoming_message_class);
    if (message == NULL) {
        return NULL;
    }
    nh_value *const unset[] = {&message->raw_header_list,     &message->header_map,
                               &message->distinct_header_map, &message->raw_trailer_list,
                               &message->trailer_map,         &message->distinct_trailer_map};
    for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++) {
        *unset[i] = nh_undefined();
    }
    /* A program may assign undefined to these. */
    nh_value *const unassigned[] = {&message->method_value, &message->url, &message->status_message,
                                    &message->status_code_value};
    for (size_t i = 0; i < sizeof(unassigned) / sizeof(unassigned[0]); i++) {
        unassigned[i]->type = NH_INVALID;
    }
    nh_stream_options options;
    nh_stream_options_init(&options);
    if (socket != NULL) {
        options.high_water_mark = nh_readable_high_water_mark(socket);
        message->socket = nh_as_stream(nh_emitter_retain(&socket->emitter));
    }
    nh_stream_init(&message->stream, &options, &operations, NULL);
    /* Nothing is read ahead before somebody asks: the parser pushes. */
    message->stream.readable.reading_more = true;
    return message;
}

nh_incoming_message *nh_incoming_message_new(nh_loop *loop, nh_stream *socket) {
    return nh_incoming_message_create(loop, socket);
}

static void destroy_object(nh_emitter *emitter) {
    nh_incoming_message *message = of(emitter);
    nh_memory *memory = memory_of(message);
    if (message->weak_reference != NULL) {
        *message->weak_reference = NULL;
    }
    nh_header_block_clear(memory, &message->headers);
    nh_header_block_clear(memory, &message->trailers);
    nh_value_release(&message->raw_header_list);
    nh_value_release(&message->header_map);
    nh_value_release(&message->distinct_header_map);
    nh_value_release(&message->raw_trailer_list);
    nh_value_release(&message->trailer_map);
    nh_value_release(&message->distinct_trailer_map);
    nh_value_release(&message->method_value);
    nh_value_release(&message->url);
    nh_value_release(&message->status_message);
    nh_value_release(&message->status_code_value);
    nh_emitter_release(message->request);
    message->request = NULL;
    nh_incoming_message_set_socket(message, NULL);
}

void nh_incoming_message_set_socket(nh_incoming_message *message, nh_stream *socket) {
    nh_stream *before = message->socket;
    message->socket = socket == NULL ? NULL : nh_as_stream(nh_emitter_retain(&socket->emitter));
    if (before != NULL) {
        nh_emitter_release(&before->emitter);
    }
}

/* --- flow --------------------------------------------------------------------------------- */

void nh_http_start_reading(nh_stream *socket) {
    if (socket == NULL || !nh_readable_is_readable(socket)) {
        return;
    }
    const nh_http_parser *parser = socket->http_parser;
    if (parser == NULL || !parser->flow_stopped) {
        nh_readable_resume(socket);
    }
}

void nh_http_stop_reading(nh_stream *socket) {
    if (socket != NULL) {
        nh_readable_pause(socket);
    }
}

/* The parser pushes by itself; all that reading has to do is to let the connection flow. */
static void read_more(nh_stream *stream, size_t size, void *data) {
    (void)size;
    (void)data;
    nh_incoming_message *message = of(&stream->emitter);
    if (!message->consumed) {
        message->stream.readable.reading_more = false;
        message->consumed = true;
    }
    nh_http_start_reading(message->socket);
}

void nh_incoming_message_dump(nh_incoming_message *message) {
    if (message->dumped) {
        return;
    }
    message->dumped = true;
    nh_emitter_remove_all_listeners(&message->stream.emitter, "data");
    nh_readable_resume(&message->stream);
}

/* --- the end ------------------------------------------------------------------------------ */

/* An error nobody listens to is not emitted: aborted messages were silent once. */
static void finish_destroy(nh_emitter *object, nh_value error) {
    nh_stream *stream = nh_as_stream(object);
    bool heard = nh_emitter_listener_count(object, "error") != 0;
    nh_stream_destroy_done(stream, heard && error.type == NH_ERROR ? error.as.error : NULL);
}

static void finish_destroy_later(nh_incoming_message *message, nh_error *error) {
    nh_value value = error == NULL ? nh_undefined() : nh_value_of_error(error);
    nh_loop_tick(message->stream.emitter.loop, finish_destroy, &message->stream.emitter, value);
    nh_value_release(&value);
}

/* Waits for the socket of a message that is being destroyed. */
typedef struct socket_watch {
    nh_incoming_message *message; /* retained */
    nh_error *error;              /* of destroy(): may be NULL */
    nh_value cleanup;
    bool over;
} socket_watch;

static void free_watch(void *data) {
    socket_watch *watch = data;
    nh_memory *memory = memory_of(watch->message);
    nh_value_release(&watch->cleanup);
    nh_error_release(watch->error);
    nh_emitter_release(&watch->message->stream.emitter);
    nh_memory_free(memory, watch);
}

static void socket_finished(const nh_value *arguments, size_t count, void *data,
                            nh_value *out_result) {
    (void)out_result;
    socket_watch *watch = data;
    if (watch->over) {
        return;
    }
    watch->over = true;
    nh_error *error = watch->error;
    if (count > 0 && arguments[0].type == NH_ERROR) {
        const char *code = nh_error_code(arguments[0].as.error);
        if (code == NULL ||
            !nh_bytes_equal_text(nh_bytes_of_text(code), "ERR_STREAM_PREMATURE_CLOSE")) {
            error = arguments[0].as.error;
        }
    }
    /* Removing the listeners may free the watch: take what is needed first. */
    nh_incoming_message *message = watch->message;
    (void)nh_emitter_retain(&message->stream.emitter);
    finish_destroy_later(message, error);
    nh_value cleanup = watch->cleanup;
    watch->cleanup = nh_undefined();
    nh_function_invoke(cleanup, NULL, 0, NULL);
    nh_value_release(&cleanup);
    nh_emitter_release(&message->stream.emitter);
}

/* Whether completion was arranged. */
static bool watch_socket(nh_incoming_message *message, nh_error *error) {
    nh_memory *memory = memory_of(message);
    socket_watch *watch = nh_memory_allocate_zeroed(memory, 1, sizeof(*watch));
    if (watch == NULL) {
        return false;
    }
    (void)nh_emitter_retain(&message->stream.emitter);
    *watch = (socket_watch){.message = message,
                            .error = error == NULL ? NULL : nh_error_retain(error),
                            .cleanup = nh_undefined()};
    nh_value function = nh_function_new(memory, "", socket_finished, watch, free_watch);
    if (function.type != NH_FUNCTION) {
        free_watch(watch);
        return false;
    }
    nh_value cleanup = nh_undefined();
    nh_error *failure = nh_stream_finished(&message->socket->emitter, NULL, function, &cleanup);
    bool arranged = failure == NULL;
    if (arranged && !watch->over) {
        watch->cleanup = cleanup;
    } else {
        watch->over = true;
        nh_value_release(&cleanup);
    }
    nh_error_release(failure);
    nh_value_release(&function);
    return arranged;
}

static void destroy_stream(nh_stream *stream, nh_error *error, void *data) {
    (void)data;
    nh_incoming_message *message = of(&stream->emitter);
    if (!nh_readable_is_ended(stream) || !message->complete) {
        message->aborted = true;
        (void)nh_emitter_emit_bare(&stream->emitter, "aborted");
        if (nh_loop_is_throwing(stream->emitter.loop)) {
            return;
        }
    }
    nh_stream *socket = message->socket;
    if (socket != NULL && message->aborted && !nh_stream_is_destroyed(socket)) {
        nh_stream_destroy(socket, error);
        if (watch_socket(message, error)) {
            return;
        }
    }
    finish_destroy_later(message, error);
}

/* A response is given up with its request; a server's request without its connection, on which the
 * response may still go out. */
static void give_up(nh_emitter *emitter, nh_error *error) {
    nh_incoming_message *message = of(emitter);
    if (message->request != NULL && nh_object_give_up(message->request, error)) {
        return;
    }
    if (message->request == NULL && message->answers_request) {
        return; /* the request is over and gone: there is nothing to abort */
    }
    if (message->is_request) {
        nh_incoming_message_set_socket(message, NULL);
    }
    nh_stream_destroy(&message->stream, error);
}
