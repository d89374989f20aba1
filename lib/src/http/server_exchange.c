/* Requests and responses on a server's connection: dispatch, pipelining, and the end of each.
 *
 * All requests that were read are dispatched at once; their responses take turns on the socket, in
 * the order of the requests. */
#include "http/server_internal.h"

#include "http/support_internal.h"
#include "net/socket_internal.h"

#include <string.h>

static nh_memory *memory_of(const nh_server_connection *connection) {
    return nh_object_memory(&connection->emitter);
}

static nh_loop *loop_of(const nh_server_connection *connection) {
    return connection->emitter.loop;
}

/* --- queues ------------------------------------------------------------------------------- */

/* Makes room for one more pointer; false without memory. */
static bool reserve(nh_memory *memory, void **array, size_t count, size_t *capacity) {
    if (count < *capacity) {
        return true;
    }
    size_t wanted = *capacity == 0 ? 2 : *capacity * 2;
    void *resized = nh_memory_resize(memory, *array, wanted * sizeof(void *));
    if (resized == NULL) {
        return false;
    }
    *array = resized;
    *capacity = wanted;
    return true;
}

static bool queue_request(nh_server_connection *connection, nh_incoming_message *request) {
    void *array = connection->incoming;
    bool reserved = reserve(memory_of(connection), &array, connection->incoming_count,
                            &connection->incoming_capacity);
    connection->incoming = array;
    if (reserved) {
        (void)nh_emitter_retain(&request->stream.emitter);
        connection->incoming[connection->incoming_count++] = request;
    }
    return reserved;
}

static bool queue_response(nh_server_connection *connection, nh_server_response *response) {
    void *array = connection->outgoing;
    bool reserved = reserve(memory_of(connection), &array, connection->outgoing_count,
                            &connection->outgoing_capacity);
    connection->outgoing = array;
    if (reserved) {
        (void)nh_emitter_retain(&response->message.emitter);
        connection->outgoing[connection->outgoing_count++] = response;
    }
    return reserved;
}

/* Takes the oldest request / response out; the caller owns the reference. */
static nh_incoming_message *take_request(nh_server_connection *connection) {
    nh_incoming_message *first = connection->incoming[0];
    connection->incoming_count--;
    memmove(connection->incoming, connection->incoming + 1,
            connection->incoming_count * sizeof(*connection->incoming));
    return first;
}

static nh_server_response *take_response(nh_server_connection *connection) {
    nh_server_response *first = connection->outgoing[0];
    connection->outgoing_count--;
    memmove(connection->outgoing, connection->outgoing + 1,
            connection->outgoing_count * sizeof(*connection->outgoing));
    return first;
}

void nh_server_connection_abort_incoming(nh_server_connection *connection) {
    while (connection->incoming_count != 0) {
        nh_incoming_message *request = take_request(connection);
        nh_error *error = nh_http_reset_error(memory_of(connection), "aborted");
        nh_stream_destroy(&request->stream, error);
        nh_error_release(error);
        nh_emitter_release(&request->stream.emitter);
    }
}

void nh_server_connection_drop_incoming(nh_server_connection *connection) {
    while (connection->incoming_count != 0) {
        nh_incoming_message *request = take_request(connection);
        nh_emitter_release(&request->stream.emitter);
    }
}

void nh_server_connection_drop_outgoing(nh_server_connection *connection) {
    while (connection->outgoing_count != 0) {
        nh_server_response *response = take_response(connection);
        nh_server_response_loosen_request(response);
        nh_outgoing_abandon(&response->message);
        nh_emitter_release(&response->message.emitter);
    }
}

bool nh_server_connection_has_turn(const nh_server_connection *connection) {
    const nh_outgoing_message *message = connection->socket->http_message;
    return message != NULL && nh_object_is_of(&message->emitter, &nh_server_response_class) &&
           ((const nh_server_response *)(const void *)message)->connection == connection;
}

/* --- flow --------------------------------------------------------------------------------- */

void nh_server_connection_drained(nh_server_connection *connection) {
    nh_stream *socket = connection->socket;
    if (socket == NULL) {
        return;
    }
    bool is_full = connection->outgoing_bytes > (double)nh_writable_high_water_mark(socket);
    if (connection->parser.flow_stopped && !is_full) {
        connection->parser.flow_stopped = false;
        if (connection->has_parser) {
            nh_http_parser_resume(&connection->parser);
        }
        nh_readable_resume(socket);
    }
    nh_outgoing_message *message = socket->http_message;
    if (message != NULL && !message->finished && message->need_drain) {
        message->need_drain = false;
        (void)nh_emitter_emit_bare(&message->emitter, "drain");
    }
}

/* Stops reading while responses wait that the peer does not take: a flood of pipelined requests
 * must not fill the memory. */
static void hold_back_if_full(nh_server_connection *connection) {
    nh_stream *socket = connection->socket;
    if (!connection->parser.flow_stopped &&
        (nh_writable_needs_drain(socket) ||
         connection->outgoing_bytes >= (double)nh_writable_high_water_mark(socket))) {
        connection->parser.flow_stopped = true;
        nh_readable_pause(socket);
    }
}

/* --- the end of an exchange --------------------------------------------------------------- */

static void forget_request(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_incoming_message *request = (nh_incoming_message *)(void *)emitter;
    nh_http_parser *parser = request->socket == NULL ? NULL : request->socket->http_parser;
    if (parser == NULL || parser->incoming != request) {
        return;
    }
    if (nh_readable_is_ended(&request->stream)) {
        nh_http_parser_forget_incoming(parser);
    } else {
        (void)nh_emitter_on(emitter, "end", forget_request, NULL);
    }
}

/* `timeout` + 1000 as JavaScript adds: a number, or else a text; NH_INVALID without memory. Longer
 * than what the Keep-Alive field says, so that a client that keeps to it is not reset. */
static nh_value a_second_longer(nh_memory *memory, nh_value timeout) {
    if (timeout.type == NH_NUMBER || timeout.type == NH_BOOLEAN) {
        return nh_number(nh_http_to_number(timeout) + 1000);
    }
    nh_value text = nh_value_to_string(memory, timeout);
    nh_value longer = text;
    if (text.type == NH_STRING) {
        longer = nh_string_format(memory, "%s1000", nh_value_text(text));
        nh_value_release(&text);
    }
    return longer;
}

/* Gives the connection the time that it may be idle. */
static void start_keep_alive_timeout(nh_server_connection *connection, nh_stream *socket) {
    nh_value timeout = connection->server->settings[NH_SERVER_KEEP_ALIVE_TIMEOUT];
    nh_socket *tcp = nh_socket_of_stream(socket);
    if (tcp == NULL || !nh_value_is_truthy(timeout)) {
        return;
    }
    nh_value longer = a_second_longer(memory_of(connection), timeout);
    nh_error *error = nh_socket_set_timeout(tcp, longer, nh_undefined());
    nh_value_release(&longer);
    if (error == NULL) {
        connection->keep_alive_timeout_set = true;
    }
    nh_http_throw_take(loop_of(connection), error);
}

static void end_socket(nh_stream *socket) {
    nh_socket *tcp = nh_socket_of_stream(socket);
    if (tcp != NULL) {
        nh_socket_destroy_soon(tcp);
    } else {
        nh_error_release(nh_writable_end(socket, nh_undefined(), nh_undefined(), nh_undefined()));
    }
}

static void on_response_finish(nh_emitter *emitter, const nh_value *arguments, size_t count,
                               void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_server_response *response = (nh_server_response *)(void *)emitter;
    nh_server_connection *connection = response->connection;
    nh_incoming_message *request = response->request;
    nh_stream *socket = response->message.socket;
    if (connection == NULL || socket == NULL || request == NULL) {
        return;
    }
    (void)nh_emitter_retain(emitter);
    (void)nh_emitter_retain(&socket->emitter);
    if (connection->incoming_count != 0 && connection->incoming[0] == request) {
        nh_emitter_release(&take_request(connection)->stream.emitter);
    }
    /* Nobody has read, or is about to. */
    if (!request->consumed && !request->stream.readable.resume_scheduled) {
        nh_incoming_message_dump(request);
    }
    nh_server_response_detach_socket(response, socket);
    forget_request(&request->stream.emitter, NULL, 0, NULL);
    nh_loop_tick(emitter->loop, nh_server_response_emit_close, emitter, nh_undefined());
    if (response->message.last) {
        end_socket(socket);
        if (!connection->has_parser) {
            nh_server_connection_drop_outgoing(connection); /* nobody sees the socket close */
        }
    } else if (connection->outgoing_count == 0) {
        start_keep_alive_timeout(connection, socket);
    } else {
        nh_server_response *next = take_response(connection);
        nh_http_throw_take(emitter->loop, nh_server_response_assign_socket(next, socket));
        nh_emitter_release(&next->message.emitter);
    }
    nh_emitter_release(&socket->emitter);
    nh_emitter_release(emitter);
}

/* --- the start of an exchange ------------------------------------------------------------- */

static nh_server_response *new_response(nh_server_connection *connection,
                                        nh_incoming_message *request, bool should_keep_alive) {
    const nh_server *server = connection->server;
    nh_server_response *response = nh_server_response_new(request, nh_undefined());
    if (response == NULL) {
        return NULL;
    }
    (void)nh_emitter_retain(&connection->emitter);
    response->connection = connection;
    nh_outgoing_message *message = &response->message;
    message->high_water_mark = (double)nh_writable_high_water_mark(connection->socket);
    message->reject_nonstandard_body_writes =
        nh_server_is_set(server, NH_SERVER_REJECT_NONSTANDARD_BODY_WRITES);
    nh_value keep_alive_timeout = server->settings[NH_SERVER_KEEP_ALIVE_TIMEOUT];
    message->tells_keep_alive_timeout = nh_value_is_truthy(keep_alive_timeout);
    message->keep_alive_timeout_ms = nh_http_to_number(keep_alive_timeout);
    message->max_requests_per_socket =
        nh_http_to_number(server->settings[NH_SERVER_MAX_REQUESTS_PER_SOCKET]);
    message->should_keep_alive = should_keep_alive;
    message->unique_headers = nh_value_retain(server->unique_headers);
    return response;
}

static void emit_on_server(nh_server_connection *connection, const char *event,
                           nh_incoming_message *request, nh_emitter *second) {
    nh_value arguments[] = {nh_value_of_object(&request->stream.emitter),
                            nh_value_of_object(second)};
    (void)nh_emitter_emit(&connection->server->net.emitter, event, arguments, 2);
    nh_value_release(&arguments[0]);
    nh_value_release(&arguments[1]);
}

/* Ends a response that the server gives by itself. */
static void answer(nh_server_response *response, int status_code, nh_value headers) {
    nh_error *error =
        nh_server_response_write_head(response, nh_number(status_code), headers, nh_undefined());
    if (error == NULL) {
        error = nh_outgoing_message_end(&response->message, nh_undefined(), nh_undefined(),
                                        nh_undefined());
    }
    nh_http_throw_take(response->message.emitter.loop, error);
}

static void refuse_without_host(nh_server_response *response) {
    nh_memory *memory = nh_object_memory(&response->message.emitter);
    nh_value headers = nh_list_new(memory);
    if (nh_list_append_take(headers, nh_string_of(memory, "Connection")) &&
        nh_list_append_take(headers, nh_string_of(memory, "close"))) {
        answer(response, 400, headers);
    } else {
        nh_loop_throw(response->message.emitter.loop, nh_error_out_of_memory());
    }
    nh_value_release(&headers);
}

/* A request with an Expect field. */
static void dispatch_expecting(nh_server_connection *connection, nh_incoming_message *request,
                               nh_server_response *response) {
    nh_emitter *server = &connection->server->net.emitter;
    nh_value expect = nh_incoming_message_header(request, "expect");
    bool wants_continue = nh_http_contains_word(nh_value_bytes(expect), "100-continue");
    nh_value_release(&expect);
    if (wants_continue) {
        response->expects_continue = true;
        if (nh_emitter_listener_count(server, "checkContinue") != 0) {
            emit_on_server(connection, "checkContinue", request, &response->message.emitter);
            return;
        }
        nh_error *error = nh_server_response_write_continue(response, nh_undefined());
        if (error != NULL) {
            nh_http_throw_take(server->loop, error);
            return;
        }
        emit_on_server(connection, "request", request, &response->message.emitter);
    } else if (nh_emitter_listener_count(server, "checkExpectation") != 0) {
        emit_on_server(connection, "checkExpectation", request, &response->message.emitter);
    } else {
        answer(response, 417, nh_undefined());
    }
}

/* The limit of requests on one connection; 0: none. */
static double request_limit(const nh_server *server) {
    double limit = nh_server_number(server, NH_SERVER_MAX_REQUESTS_PER_SOCKET);
    return limit > 0 ? limit : 0;
}

static void dispatch_http11(nh_server_connection *connection, nh_incoming_message *request,
                            nh_server_response *response) {
    nh_server *server = connection->server;
    if (nh_server_is_set(server, NH_SERVER_REQUIRE_HOST_HEADER) &&
        !nh_incoming_message_find_header(request, "host", NULL)) {
        refuse_without_host(response);
        return;
    }
    double limit = request_limit(server);
    if (limit > 0) {
        connection->request_count++;
        response->message.max_requests_on_connection_reached = limit <= connection->request_count;
    }
    if (limit > 0 && limit < connection->request_count) {
        emit_on_server(connection, "dropRequest", request, &connection->socket->emitter);
        if (!nh_loop_is_throwing(loop_of(connection))) {
            answer(response, 503, nh_undefined());
        }
    } else if (nh_incoming_message_find_header(request, "expect", NULL)) {
        dispatch_expecting(connection, request, response);
    } else {
        emit_on_server(connection, "request", request, &response->message.emitter);
    }
}

/* Gives the response the socket if it is free, a place in the queue if not; false without memory.
 */
static bool give_turn(nh_server_connection *connection, nh_server_response *response) {
    if (connection->socket->http_message != NULL) {
        return queue_response(connection, response);
    }
    nh_error *error = nh_server_response_assign_socket(response, connection->socket);
    bool assigned = error == NULL;
    nh_error_release(error);
    return assigned;
}

nh_http_body nh_server_take_request(void *owner, nh_incoming_message *request,
                                    bool should_keep_alive) {
    nh_server_connection *connection = owner;
    nh_stream *socket = connection->socket;
    nh_server_connection_reset_timeout(connection);
    if (request->upgrade) {
        request->upgrade =
            nh_incoming_message_is_method(request, "CONNECT") ||
            nh_emitter_listener_count(&connection->server->net.emitter, "upgrade") != 0;
        if (request->upgrade) {
            return NH_HTTP_BODY_UPGRADE;
        }
    }
    nh_server_response *response = queue_request(connection, request)
                                       ? new_response(connection, request, should_keep_alive)
                                       : NULL;
    if (response == NULL) {
        nh_http_destroy_without_memory(socket);
        return NH_HTTP_BODY_SKIPPED;
    }
    hold_back_if_full(connection);
    if (!give_turn(connection, response) ||
        !nh_emitter_on(&response->message.emitter, "finish", on_response_finish, NULL)) {
        nh_http_destroy_without_memory(socket);
    } else if (nh_loop_is_throwing(loop_of(connection))) {
        /* A listener of 'socket' threw. */
    } else if (request->version_major == 1 && request->version_minor == 1) {
        dispatch_http11(connection, request, response);
    } else {
        emit_on_server(connection, "request", request, &response->message.emitter);
    }
    nh_emitter_release(&response->message.emitter);
    return NH_HTTP_BODY_FOLLOWS;
}
