/* A request and its response: what follows a head, and the end of the exchange. */
#include "http/client_request_internal.h"

#include "http/agent_internal.h"
#include "http/support_internal.h"
#include "net/socket_internal.h"

static nh_http_body incoming(void *owner, nh_incoming_message *res, bool should_keep_alive);
static void response_ended(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data);
static void request_finished(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data);

const nh_http_parser_hooks nh_client_parser_hooks = {.incoming = incoming};

static bool is_throwing(const nh_client_request *request) {
    return nh_loop_is_throwing(request->message.emitter.loop);
}

/* --- heads -------------------------------------------------------------------------------- */

/* The argument of 'information'. */
static nh_value describe_interim(nh_memory *memory, nh_incoming_message *res) {
    nh_value map = nh_map_new(memory);
    bool ok = nh_map_set_take(map, "statusCode", nh_incoming_message_status_code(res));
    ok = nh_map_set_take(map, "statusMessage", nh_incoming_message_status_message(res)) && ok;
    ok = nh_map_set_take(map, "httpVersion", nh_incoming_message_http_version(res)) && ok;
    ok =
        nh_map_set_take(map, "httpVersionMajor", nh_incoming_message_http_version_major(res)) && ok;
    ok =
        nh_map_set_take(map, "httpVersionMinor", nh_incoming_message_http_version_minor(res)) && ok;
    ok = nh_map_set_take(map, "headers", nh_incoming_message_headers(res)) && ok;
    ok = nh_map_set_take(map, "rawHeaders", nh_incoming_message_raw_headers(res)) && ok;
    if (!ok) {
        nh_value_release(&map);
        map.type = NH_INVALID;
    }
    return map;
}

static nh_http_body interim_response(nh_client_request *request, nh_incoming_message *res) {
    nh_emitter *emitter = &request->message.emitter;
    nh_client_request_set_response(request, NULL);
    if (res->status_code == 100) {
        (void)nh_emitter_emit_bare(emitter, "continue");
        if (is_throwing(request)) {
            return NH_HTTP_BODY_SKIPPED;
        }
    }
    if (nh_emitter_listener_count(emitter, "information") > 0) {
        nh_value information = describe_interim(nh_object_memory(emitter), res);
        if (information.type == NH_INVALID) {
            nh_loop_throw(emitter->loop, nh_error_out_of_memory());
        } else {
            (void)nh_emitter_emit_value(emitter, "information", information);
        }
        nh_value_release(&information);
    }
    return NH_HTTP_BODY_SKIPPED;
}

/* Without memory for a listener the exchange cannot be followed to its end. */
static bool follow_exchange(nh_client_request *request, nh_stream *socket,
                            nh_incoming_message *res) {
    return nh_emitter_on(&res->stream.emitter, "end", response_ended, NULL) &&
           nh_emitter_on(&request->message.emitter, "finish", request_finished, NULL) &&
           nh_emitter_on(&socket->emitter, "timeout", nh_client_response_timed_out, NULL);
}

static nh_http_body incoming(void *owner, nh_incoming_message *res, bool should_keep_alive) {
    nh_client_request *request = owner;
    nh_stream *socket = request->message.socket;
    if (request->res != NULL) {
        /* A second response, and nobody to take it. */
        nh_stream_destroy(socket, NULL);
        return NH_HTTP_BODY_FOLLOWS;
    }
    nh_client_request_set_response(request, res);
    if (res->upgrade) {
        return NH_HTTP_BODY_UPGRADE;
    }
    if (nh_value_is_text(request->method, "CONNECT")) {
        res->upgrade = true;
        res->has_upgrade = true;
        return NH_HTTP_BODY_UPGRADE;
    }
    if (res->status_code >= 100 && res->status_code < 200 && res->status_code != 101) {
        return interim_response(request, res);
    }
    if (request->message.should_keep_alive && !should_keep_alive && !request->upgrade_or_connect) {
        request->message.should_keep_alive = false;
    }
    res->request = &request->message.emitter;
    res->answers_request = true;
    if (!follow_exchange(request, socket, res)) {
        if (!is_throwing(request)) {
            nh_http_destroy_without_memory(socket);
        }
        return NH_HTTP_BODY_FOLLOWS;
    }
    nh_value argument = nh_value_of_object(&res->stream.emitter);
    bool taken =
        !request->aborted && nh_emitter_emit_value(&request->message.emitter, "response", argument);
    nh_value_release(&argument);
    if (is_throwing(request)) {
        return NH_HTTP_BODY_FOLLOWS;
    }
    if (!taken) {
        nh_incoming_message_dump(res);
    }
    if (nh_value_is_text(request->method, "HEAD")) {
        return NH_HTTP_BODY_SKIPPED;
    }
    if (res->status_code == 304) {
        res->complete = true;
        return NH_HTTP_BODY_SKIPPED;
    }
    return NH_HTTP_BODY_FOLLOWS;
}

/* --- the end ------------------------------------------------------------------------------ */

void nh_client_response_timed_out(nh_emitter *emitter, const nh_value *arguments, size_t count,
                                  void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_client_request *request = nh_client_request_of_socket(nh_as_stream(emitter));
    if (request != NULL && request->res != NULL) {
        (void)nh_emitter_emit_bare(&request->res->stream.emitter, "timeout");
    }
}

/* On the tick after the exchange: the request closes, the agent gets the socket. */
static void close_and_free(nh_emitter *object, nh_value value) {
    (void)value;
    nh_client_request *request = nh_client_request_of(object);
    nh_client_request_close(request);
    if (!is_throwing(request) && request->message.socket != NULL) {
        (void)nh_emitter_emit_bare(&request->message.socket->emitter, "free");
    }
}

void nh_client_request_complete(nh_client_request *request) {
    nh_stream *socket = request->message.socket;
    if (request->watches_timeout) {
        nh_socket *tcp = nh_socket_of_stream(socket);
        (void)nh_emitter_remove_listener(&socket->emitter, "timeout", nh_client_request_timed_out,
                                         NULL);
        if (tcp != NULL) {
            nh_error_release(nh_socket_set_timeout(tcp, nh_number(0), nh_undefined()));
        }
        request->watches_timeout = false;
    }
    nh_client_request_detach(socket, NH_CLIENT_HEARS_INPUT | NH_CLIENT_HEARS_FATE);
    nh_loop_tick(request->message.emitter.loop, close_and_free, &request->message.emitter,
                 nh_undefined());
    request->message.destroyed = true;
    if (request->res != NULL) {
        /* The socket outlives the response: destroying that must not reach it. */
        nh_incoming_message_set_socket(request->res, NULL);
    }
}

static void end_connection(nh_stream *socket) {
    nh_socket *tcp = nh_socket_of_stream(socket);
    if (!nh_writable_is_writable(socket)) {
        return;
    }
    if (tcp != NULL) {
        nh_socket_destroy_soon(tcp);
    } else {
        nh_error_release(nh_writable_end(socket, nh_undefined(), nh_undefined(), nh_undefined()));
    }
}

static void response_ended(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_incoming_message *res = (nh_incoming_message *)(void *)emitter;
    if (res->request == NULL) {
        return; /* nobody holds the request any more */
    }
    nh_client_request *request = nh_client_request_of(res->request);
    nh_stream *socket = request->message.socket;
    if (request->watches_timeout) {
        (void)nh_emitter_remove_listener(&socket->emitter, "timeout", nh_client_request_timed_out,
                                         NULL);
    }
    (void)nh_emitter_remove_listener(&socket->emitter, "timeout", nh_client_response_timed_out,
                                     NULL);
    request->response_ended = true;
    if (!request->message.should_keep_alive) {
        end_connection(socket);
    } else if (nh_outgoing_message_writable_finished(&request->message) && !res->aborted) {
        nh_client_request_complete(request);
    }
}

static void request_finished(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_client_request *request = nh_client_request_of(emitter);
    if (request->message.should_keep_alive && request->response_ended) {
        nh_client_request_complete(request);
    }
}
