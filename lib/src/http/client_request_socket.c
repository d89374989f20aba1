/* A request and its socket: what the client listens to on it, and what each event means.
 *
 * The listeners find the request through socket->http_message, so they mean whatever request the
 * socket works for at that time. */
#include "http/client_request_internal.h"

#include "http/support_internal.h"
#include "net/socket_internal.h"

typedef struct socket_listener {
    const char *event;
    nh_listener listener;
    unsigned what; /* NH_CLIENT_HEARS_... */
} socket_listener;

static void socket_failed(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void socket_read(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void socket_ended(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void socket_closed(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void socket_drained(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data);

static const socket_listener socket_listeners[] = {
    {"error", socket_failed, NH_CLIENT_HEARS_FATE},
    {"data", socket_read, NH_CLIENT_HEARS_INPUT},
    {"end", socket_ended, NH_CLIENT_HEARS_INPUT},
    {"close", socket_closed, NH_CLIENT_HEARS_FATE},
    {"drain", socket_drained, NH_CLIENT_HEARS_DRAIN},
};
#define SOCKET_LISTENERS (sizeof(socket_listeners) / sizeof(socket_listeners[0]))

static bool is_throwing(const nh_emitter *emitter) {
    return nh_loop_is_throwing(emitter->loop);
}

nh_client_request *nh_client_request_of_socket(const nh_stream *socket) {
    nh_emitter *message = socket->http_message;
    return message != NULL && nh_object_is_of(message, &nh_client_request_class)
               ? nh_client_request_of(message)
               : NULL;
}

/* --- the parser --------------------------------------------------------------------------- */

static void start_parser(nh_client_request *request, nh_stream *socket) {
    nh_http_parser_options options;
    nh_http_parser_options_init(&options);
    if (request->max_header_size.type == NH_NUMBER) {
        options.max_header_size = (size_t)request->max_header_size.as.number;
    }
    options.insecure = nh_value_is_truthy(request->insecure_http_parser);
    options.join_duplicate_headers = nh_value_is_truthy(request->join_duplicate_headers);
    if (request->max_headers_count.type == NH_NUMBER) {
        options.max_headers_count = request->max_headers_count.as.number;
    }
    nh_http_parser_init(&request->parser, socket->emitter.loop, HTTP_RESPONSE, &options,
                        &nh_client_parser_hooks, request, socket);
    request->has_parser = true;
}

void nh_client_request_drop_parser(nh_client_request *request, bool finish) {
    if (!request->has_parser) {
        return;
    }
    if (finish) {
        nh_error_release(nh_http_parser_finish(&request->parser));
        if (!request->has_parser) {
            return; /* what finishing led to has dropped it */
        }
    }
    request->has_parser = false;
    nh_http_parser_deinit(&request->parser);
}

/* --- attaching and detaching -------------------------------------------------------------- */

void nh_client_request_detach(nh_stream *socket, unsigned what) {
    for (size_t i = 0; i < SOCKET_LISTENERS; i++) {
        const socket_listener *entry = &socket_listeners[i];
        if ((entry->what & what) != 0) {
            (void)nh_emitter_remove_listener(&socket->emitter, entry->event, entry->listener, NULL);
        }
    }
}

static bool add_listeners(nh_stream *socket) {
    for (size_t i = 0; i < SOCKET_LISTENERS; i++) {
        if (!nh_emitter_on(&socket->emitter, socket_listeners[i].event,
                           socket_listeners[i].listener, NULL)) {
            return false;
        }
    }
    return true;
}

/* Without memory for the listeners the request cannot use its socket. */
static void give_up_socket(nh_client_request *request, nh_stream *socket) {
    nh_client_request_detach(socket,
                             NH_CLIENT_HEARS_INPUT | NH_CLIENT_HEARS_DRAIN | NH_CLIENT_HEARS_FATE);
    nh_client_request_drop_parser(request, false);
    socket->http_message = NULL;
    request->message.destroyed = true;
    nh_stream_destroy(socket, NULL);
    nh_client_request_fail(request, nh_error_out_of_memory());
    if (!is_throwing(&socket->emitter)) {
        nh_client_request_close(request);
    }
}

void nh_client_request_attach(nh_client_request *request, nh_stream *socket) {
    nh_outgoing_set_socket(&request->message, socket);
    socket->http_message = request;
    start_parser(request, socket);
    bool complete = add_listeners(socket);
    nh_value agent_options = nh_client_agent_member(request->agent, "options");
    if (complete && (request->timeout.type != NH_UNDEFINED ||
                     nh_value_is_truthy(nh_map_get(agent_options, "timeout")))) {
        nh_error *error = nh_client_request_watch_timeout(request);
        complete = error == NULL;
        nh_error_release(error);
    }
    if (!complete) {
        if (!is_throwing(&socket->emitter)) {
            give_up_socket(request, socket);
        }
        return;
    }
    nh_value argument = nh_value_of_object(&socket->emitter);
    (void)nh_emitter_emit_value(&request->message.emitter, "socket", argument);
    nh_value_release(&argument);
}

/* --- timeouts ----------------------------------------------------------------------------- */

void nh_client_request_timed_out(nh_emitter *emitter, const nh_value *arguments, size_t count,
                                 void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_client_request *request = nh_client_request_of_socket(nh_as_stream(emitter));
    if (request != NULL) {
        (void)nh_emitter_emit_bare(&request->message.emitter, "timeout");
    }
}

static void watch_given_socket(nh_emitter *emitter, const nh_value *arguments, size_t count,
                               void *data) {
    (void)data;
    if (count > 0 && arguments[0].type == NH_OBJECT &&
        !nh_emitter_once(arguments[0].as.object, "timeout", nh_client_request_timed_out, NULL) &&
        !is_throwing(emitter)) {
        nh_loop_throw(emitter->loop, nh_error_out_of_memory());
    }
}

nh_error *nh_client_request_watch_timeout(nh_client_request *request) {
    if (request->watches_timeout) {
        return NULL;
    }
    nh_emitter *emitter = &request->message.emitter;
    nh_stream *socket = request->message.socket;
    bool added = socket != NULL ? nh_emitter_once(&socket->emitter, "timeout",
                                                  nh_client_request_timed_out, NULL)
                                : nh_emitter_on(emitter, "socket", watch_given_socket, NULL);
    request->watches_timeout = added;
    return added || is_throwing(emitter) ? NULL : nh_error_out_of_memory();
}

/* --- events ------------------------------------------------------------------------------- */

static void socket_drained(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_client_request *request = nh_client_request_of_socket(nh_as_stream(emitter));
    if (request != NULL && !request->message.finished && request->message.need_drain) {
        request->message.need_drain = false;
        (void)nh_emitter_emit_bare(&request->message.emitter, "drain");
    }
}

static void socket_failed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    (void)data;
    nh_stream *socket = nh_as_stream(emitter);
    nh_client_request *request = nh_client_request_of_socket(socket);
    if (request != NULL) {
        request->message.socket_had_error = true;
        (void)nh_emitter_emit_value(&request->message.emitter, "error",
                                    count > 0 ? arguments[0] : nh_undefined());
        if (is_throwing(emitter)) {
            return;
        }
        nh_client_request_drop_parser(request, true);
        if (is_throwing(emitter)) {
            return;
        }
    }
    nh_client_request_detach(socket, NH_CLIENT_HEARS_INPUT);
    nh_stream_destroy(socket, NULL);
}

static void socket_ended(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_stream *socket = nh_as_stream(emitter);
    nh_client_request *request = nh_client_request_of_socket(socket);
    if (request == NULL) {
        return;
    }
    if (request->res == NULL && !request->message.socket_had_error) {
        nh_client_request_hang_up(request);
        if (is_throwing(emitter)) {
            return;
        }
    }
    nh_client_request_drop_parser(request, true);
    if (!is_throwing(emitter)) {
        nh_stream_destroy(socket, NULL);
    }
}

/* The response that was being read, if any, is cut off, or ends with the connection. */
static void end_response(nh_client_request *request, nh_incoming_message *res) {
    nh_emitter *emitter = &request->message.emitter;
    if (!res->complete) {
        nh_error *error = nh_http_reset_error(nh_object_memory(emitter), "aborted");
        nh_stream_destroy(&res->stream, error);
        nh_error_release(error);
        if (is_throwing(emitter)) {
            return;
        }
    }
    nh_client_request_close(request);
    if (!is_throwing(emitter) && !res->aborted && nh_readable_is_readable(&res->stream)) {
        (void)nh_readable_push(&res->stream, nh_null(), nh_undefined());
    }
}

static void socket_closed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_stream *socket = nh_as_stream(emitter);
    nh_client_request *request = nh_client_request_of_socket(socket);
    if (request == NULL) {
        return;
    }
    (void)nh_emitter_retain(&request->message.emitter);
    /* What is still buffered belongs to the response. */
    nh_value rest = nh_readable_read(socket);
    nh_value_release(&rest);
    nh_incoming_message *res = request->res;
    request->message.destroyed = true;
    if (res != NULL) {
        (void)nh_emitter_retain(&res->stream.emitter);
        end_response(request, res);
        nh_emitter_release(&res->stream.emitter);
    } else {
        if (!request->message.socket_had_error) {
            nh_client_request_hang_up(request);
        }
        if (!is_throwing(emitter)) {
            nh_client_request_close(request);
        }
    }
    if (!is_throwing(emitter)) {
        nh_outgoing_queue_clear(nh_object_memory(emitter), &request->message.queue);
        nh_client_request_drop_parser(request, true);
    }
    nh_emitter_release(&request->message.emitter);
}

/* --- bytes -------------------------------------------------------------------------------- */

static void parse_failed(nh_client_request *request, nh_stream *socket, nh_error *error) {
    nh_client_request_drop_parser(request, false);
    nh_client_request_detach(socket, NH_CLIENT_HEARS_INPUT);
    nh_stream_destroy(socket, NULL);
    nh_client_request_fail(request, error);
}

static void emit_upgrade(nh_client_request *request, const char *event, nh_incoming_message *res,
                         nh_stream *socket, nh_value head) {
    nh_value arguments[] = {nh_value_of_object(&res->stream.emitter),
                            nh_value_of_object(&socket->emitter), head};
    (void)nh_emitter_emit(&request->message.emitter, event, arguments, 3);
    nh_value_release(&arguments[0]);
    nh_value_release(&arguments[1]);
    if (!is_throwing(&socket->emitter)) {
        request->message.destroyed = true;
        nh_client_request_close(request);
    }
}

/* The connection now speaks another protocol; `head` is what came with the response. */
static void upgrade(nh_client_request *request, nh_stream *socket, nh_incoming_message *res,
                    nh_value head) {
    nh_client_request_set_response(request, res);
    nh_client_request_detach(socket, NH_CLIENT_HEARS_INPUT | NH_CLIENT_HEARS_DRAIN);
    if (request->watches_timeout) {
        (void)nh_emitter_remove_listener(&socket->emitter, "timeout", nh_client_request_timed_out,
                                         NULL);
    }
    (void)nh_emitter_remove_listener(&socket->emitter, "timeout", nh_client_response_timed_out,
                                     NULL);
    nh_client_request_drop_parser(request, true);
    const char *event = nh_value_is_text(request->method, "CONNECT") ? "connect" : "upgrade";
    if (nh_emitter_listener_count(&request->message.emitter, event) == 0) {
        nh_stream_destroy(socket, NULL);
        return;
    }
    request->upgrade_or_connect = true;
    (void)nh_emitter_emit_bare(&socket->emitter, "agentRemove");
    if (is_throwing(&socket->emitter)) {
        return;
    }
    nh_client_request_detach(socket, NH_CLIENT_HEARS_FATE);
    socket->http_message = NULL;
    /* As new: it flows when its user asks, not because it did here. */
    socket->readable.flowing = NH_FLOWING_UNSET;
    emit_upgrade(request, event, res, socket, head);
}

static bool is_informational(const nh_incoming_message *res) {
    return res->status_code >= 100 && res->status_code < 200 && res->status_code != 101;
}

static void parsed(nh_client_request *request, nh_stream *socket, nh_value bytes, size_t consumed) {
    nh_incoming_message *res = request->has_parser ? request->parser.incoming : NULL;
    if (res == NULL) {
        return;
    }
    if (res->upgrade) {
        (void)nh_emitter_retain(&res->stream.emitter);
        size_t length = nh_value_bytes(bytes).length;
        nh_value head =
            nh_buffer_slice(nh_object_memory(&socket->emitter), bytes, consumed, length - consumed);
        if (head.type == NH_INVALID) {
            parse_failed(request, socket, nh_error_out_of_memory());
        } else {
            upgrade(request, socket, res, head);
        }
        nh_value_release(&head);
        nh_emitter_release(&res->stream.emitter);
    } else if (res->complete && !is_informational(res)) {
        nh_client_request_detach(socket, NH_CLIENT_HEARS_INPUT | NH_CLIENT_HEARS_DRAIN);
        nh_client_request_drop_parser(request, false);
    }
}

static void socket_read(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)data;
    nh_stream *socket = nh_as_stream(emitter);
    nh_client_request *request = nh_client_request_of_socket(socket);
    if (request == NULL || !request->has_parser || count == 0) {
        return;
    }
    (void)nh_emitter_retain(&request->message.emitter);
    size_t consumed = 0;
    nh_error *error = nh_http_parser_execute(&request->parser, arguments[0], &consumed);
    if (error != NULL) {
        parse_failed(request, socket, error);
        nh_error_release(error);
    } else if (!is_throwing(emitter)) {
        parsed(request, socket, arguments[0], consumed);
    }
    nh_emitter_release(&request->message.emitter);
}
