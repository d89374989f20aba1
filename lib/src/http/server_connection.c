/* A server's connection: listeners on the socket, the parser, and what becomes of what it reads.
 *
 * When the socket is a net.Socket, the parser takes its bytes before they become 'data'. The two
 * ways differ in their turns, as in Node: then each piece of a body that was handed over ends a
 * turn of its own, while 'data' of an ordinary stream is one turn, whatever it holds. */
#include "http/server_internal.h"

#include "http/support_internal.h"
#include "net/socket_internal.h"

#include <math.h>
#include <string.h>

static void destroy_object(nh_emitter *emitter);

static const nh_class connection_class = {
    .name = "HTTPServerConnection",
    .parent = &nh_emitter_class,
    .size = sizeof(nh_server_connection),
    .destroy = destroy_object,
};

static nh_memory *memory_of(const nh_server_connection *connection) {
    return nh_object_memory(&connection->emitter);
}

static nh_loop *loop_of(const nh_server_connection *connection) {
    return connection->emitter.loop;
}

static nh_socket *tcp_of(const nh_server_connection *connection) {
    return connection->socket == NULL ? NULL : nh_socket_of_stream(connection->socket);
}

/* --- listeners on the socket -------------------------------------------------------------- */

static void end_consuming(nh_server_connection *connection);
static void end_parser(nh_server_connection *connection);

static void release_listener(void *data) {
    nh_server_connection *connection = data;
    if (--connection->socket_listeners == 0 && connection->socket != NULL) {
        /* The socket is gone, or nothing of it arrives here any more. */
        end_parser(connection);
        connection->socket->http_connection = NULL;
        connection->socket = NULL;
    }
    nh_emitter_release(&connection->emitter);
}

static bool listen(nh_server_connection *connection, const char *event, nh_listener listener) {
    if (!nh_emitter_add_listener(&connection->socket->emitter, event, listener, connection,
                                 release_listener, NH_LISTENER_PLAIN)) {
        return false;
    }
    (void)nh_emitter_retain(&connection->emitter);
    connection->socket_listeners++;
    return true;
}

static void unlisten(nh_server_connection *connection, const char *event, nh_listener listener) {
    if (connection->socket != NULL) {
        (void)nh_emitter_remove_listener(&connection->socket->emitter, event, listener, connection);
    }
}

static void on_pause(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_socket *tcp = nh_socket_of_stream(nh_as_stream(emitter));
    if (tcp != NULL) {
        nh_socket_stop_reading(tcp);
    }
}

static void on_resume(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    const nh_server_connection *connection = data;
    nh_stream *socket = nh_as_stream(emitter);
    if (connection->parser.flow_stopped) {
        /* Resumed by a request that is read; the connection still has to wait. */
        nh_readable_pause(socket);
        return;
    }
    nh_socket *tcp = nh_socket_of_stream(socket);
    if (tcp != NULL) {
        nh_socket_start_reading(tcp);
    }
}

static void end_consuming(nh_server_connection *connection) {
    nh_socket *tcp = tcp_of(connection);
    if (tcp == NULL) {
        return;
    }
    if (connection->consumes) {
        connection->consumes = false;
        nh_socket_unconsume(tcp);
    }
    unlisten(connection, "pause", on_pause);
    unlisten(connection, "resume", on_resume);
}

static void end_parser(nh_server_connection *connection) {
    if (!connection->has_parser) {
        return;
    }
    connection->has_parser = false;
    nh_server_untrack(connection);
    if (connection->consumes) {
        connection->consumes = false;
        nh_socket_unconsume(tcp_of(connection));
    }
    nh_http_parser_deinit(&connection->parser);
}

/* --- errors ------------------------------------------------------------------------------- */

static void on_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);

static void ignore_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    (void)data;
}

/* What the peer is told when nobody listens to 'clientError'. */
static const char *default_answer(const nh_error *error) {
    const char *code = nh_error_code(error);
    if (code != NULL && strcmp(code, "HPE_HEADER_OVERFLOW") == 0) {
        return "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n";
    }
    if (code != NULL && strcmp(code, "HPE_CHUNK_EXTENSIONS_OVERFLOW") == 0) {
        return "HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n";
    }
    if (code != NULL && strcmp(code, "ERR_HTTP_REQUEST_TIMEOUT") == 0) {
        return "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    }
    return "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
}

/* An answer must not end up in the middle of a response. */
static void answer_and_destroy(nh_stream *socket, nh_error *error) {
    const nh_outgoing_message *message = socket->http_message;
    if (error != nh_error_out_of_memory() && nh_writable_is_writable(socket) &&
        (message == NULL || !message->head_sent)) {
        nh_error_release(
            nh_writable_write_bytes(socket, nh_bytes_of_text(default_answer(error)), NULL));
    }
    nh_stream_destroy(socket, error);
}

void nh_server_connection_fail(nh_stream *socket, nh_server *server, nh_error *error) {
    (void)nh_emitter_retain(&socket->emitter);
    (void)nh_emitter_retain(&server->net.emitter);
    nh_server_connection *connection = socket->http_connection;
    if (connection != NULL) {
        (void)nh_emitter_remove_listener(&socket->emitter, "error", on_error, connection);
        if (!connection->ignores_errors) {
            connection->ignores_errors =
                nh_emitter_on(&socket->emitter, "error", ignore_error, NULL);
        }
    }
    nh_value arguments[] = {nh_value_of_error(error), nh_value_of_object(&socket->emitter)};
    bool handled = nh_emitter_emit(&server->net.emitter, "clientError", arguments, 2);
    nh_value_release(&arguments[0]);
    nh_value_release(&arguments[1]);
    if (!handled) {
        answer_and_destroy(socket, error);
    }
    nh_emitter_release(&server->net.emitter);
    nh_emitter_release(&socket->emitter);
}

static void on_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    const nh_server_connection *connection = data;
    if (count > 0 && arguments[0].type == NH_ERROR) {
        nh_server_connection_fail(nh_as_stream(emitter), connection->server, arguments[0].as.error);
    }
}

/* --- what the parser says ----------------------------------------------------------------- */

static void on_data(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_end(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_close(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_drain(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_timeout(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);

/* The connection speaks another protocol from here on: hands it to 'upgrade' or 'connect'. `rest`
 * (consumed) is what came after the head. */
static void hand_over_take(nh_server_connection *connection, nh_value rest) {
    nh_server *server = connection->server;
    nh_stream *socket = connection->socket;
    nh_incoming_message *request = connection->parser.incoming;
    /* Without its last listener the connection knows no socket any more. */
    bool has_turn = nh_server_connection_has_turn(connection);
    (void)nh_emitter_retain(&request->stream.emitter);
    (void)nh_emitter_retain(&socket->emitter);
    unlisten(connection, "data", on_data);
    unlisten(connection, "end", on_end);
    unlisten(connection, "close", on_close);
    unlisten(connection, "drain", on_drain);
    unlisten(connection, "error", on_error);
    end_consuming(connection);
    end_parser(connection);
    nh_server_connection_drop_incoming(connection); /* nobody would abort them */
    if (!has_turn) {
        nh_server_connection_drop_outgoing(connection); /* nobody would give them theirs */
    }
    unlisten(connection, "timeout", on_timeout);
    const char *event = nh_incoming_message_is_method(request, "CONNECT") ? "connect" : "upgrade";
    if (nh_emitter_listener_count(&server->net.emitter, event) != 0) {
        socket->readable.flowing = NH_FLOWING_UNSET;
        nh_value arguments[] = {nh_value_of_object(&request->stream.emitter),
                                nh_value_of_object(&socket->emitter), rest};
        (void)nh_emitter_emit(&server->net.emitter, event, arguments, 3);
        nh_value_release(&arguments[0]);
        nh_value_release(&arguments[1]);
    } else {
        nh_stream_destroy(socket, NULL);
    }
    nh_value_release(&rest);
    nh_emitter_release(&socket->emitter);
    nh_emitter_release(&request->stream.emitter);
}

/* What follows from one call of the parser. `packet` is the buffer that was parsed, undefined when
 * plain bytes were. `error` is consumed. */
static void conclude_take(nh_server_connection *connection, nh_error *error, nh_value packet,
                          nh_bytes bytes, size_t consumed) {
    nh_server_connection_reset_timeout(connection);
    nh_stream *socket = connection->socket;
    if (error != NULL) {
        if (error == nh_error_out_of_memory()) {
            nh_stream_destroy(socket, error);
        } else {
            nh_server_connection_fail(socket, connection->server, error);
        }
        nh_error_release(error);
    } else if (connection->has_parser && connection->parser.incoming != NULL &&
               connection->parser.incoming->upgrade) {
        size_t left = bytes.length - consumed;
        nh_value rest =
            packet.type == NH_BUFFER
                ? nh_buffer_slice(memory_of(connection), packet, consumed, left)
                : nh_buffer_of(memory_of(connection), nh_bytes_of(bytes.data + consumed, left));
        if (rest.type == NH_INVALID) {
            nh_http_destroy_without_memory(socket);
        } else {
            hand_over_take(connection, rest);
        }
    }
    if (connection->has_parser && connection->parser.flow_stopped) {
        nh_http_parser_pause(&connection->parser);
    }
}

static void on_data(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    nh_server_connection *connection = data;
    if (count == 0 || !connection->has_parser) {
        return;
    }
    (void)nh_emitter_retain(&connection->emitter);
    size_t consumed = 0;
    nh_error *error = nh_http_parser_execute(&connection->parser, arguments[0], &consumed);
    if (!connection->parser.threw && connection->socket != NULL) {
        conclude_take(connection, error, arguments[0], nh_value_bytes(arguments[0]), consumed);
    } else {
        nh_error_release(error);
    }
    nh_emitter_release(&connection->emitter);
}

static void consume(nh_socket *tcp, nh_bytes bytes, void *owner) {
    nh_server_connection *connection = owner;
    (void)nh_emitter_retain(&connection->emitter);
    (void)nh_emitter_retain(&connection->socket->emitter);
    nh_stream *socket = connection->socket;
    size_t consumed = 0;
    nh_error *error = nh_http_parser_execute_bytes(&connection->parser, bytes, &consumed);
    if (!connection->parser.threw && connection->socket != NULL) {
        nh_socket_touch(tcp);
        conclude_take(connection, error, nh_undefined(), bytes, consumed);
    } else {
        nh_error_release(error);
    }
    nh_emitter_release(&socket->emitter);
    nh_emitter_release(&connection->emitter);
}

static void stop_consuming(nh_socket *tcp, void *owner) {
    (void)tcp;
    nh_server_connection *connection = owner;
    connection->consumes = false;
    end_consuming(connection);
}

static const nh_socket_consumer consumer = {.bytes = consume, .released = stop_consuming};

static void message_begin(void *owner) {
    nh_server_connection *connection = owner;
    connection->expired = false;
    if (connection->tracked) {
        nh_server_track(connection);
    }
}

/* A piece of a body that came straight from the connection was a turn of its own. */
static bool body(void *owner) {
    const nh_server_connection *connection = owner;
    return connection->consumes ? nh_loop_split_turn(loop_of(connection))
                                : !nh_loop_is_throwing(loop_of(connection));
}

static const nh_http_parser_hooks parser_hooks = {
    .incoming = nh_server_take_request,
    .message_begin = message_begin,
    .body = body,
};

/* --- other events of the socket ----------------------------------------------------------- */

static void on_end(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    nh_server_connection *connection = data;
    nh_stream *socket = nh_as_stream(emitter);
    if (!connection->has_parser) {
        return;
    }
    (void)nh_emitter_retain(&connection->emitter);
    nh_error *error = nh_http_parser_finish(&connection->parser);
    nh_outgoing_message *message = socket->http_message;
    if (error != NULL) {
        nh_server_connection_fail(socket, connection->server, error);
        nh_error_release(error);
    } else if (!nh_server_is_set(connection->server, NH_SERVER_HTTP_ALLOW_HALF_OPEN)) {
        nh_error_release(nh_writable_end(socket, nh_undefined(), nh_undefined(), nh_undefined()));
    } else if (connection->outgoing_count != 0) {
        connection->outgoing[connection->outgoing_count - 1]->message.last = true;
    } else if (message != NULL) {
        message->last = true;
    } else {
        nh_error_release(nh_writable_end(socket, nh_undefined(), nh_undefined(), nh_undefined()));
    }
    nh_emitter_release(&connection->emitter);
}

static void on_close(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    nh_server_connection *connection = data;
    (void)nh_emitter_retain(&connection->emitter);
    end_parser(connection);
    nh_server_connection_abort_incoming(connection);
    nh_server_connection_drop_outgoing(connection);
    nh_emitter_release(&connection->emitter);
}

static void on_drain(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    nh_server_connection_drained(data);
}

static void on_timeout(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    nh_server_connection *connection = data;
    nh_stream *socket = nh_as_stream(emitter);
    nh_outgoing_message *response = socket->http_message;
    nh_incoming_message *request = connection->has_parser ? connection->parser.incoming : NULL;
    (void)nh_emitter_retain(&connection->emitter);
    if (response != NULL) {
        (void)nh_emitter_retain(&response->emitter);
    }
    nh_value value = nh_value_of_object(emitter);
    bool heard = false;
    if (request != NULL && !request->complete) {
        heard = nh_emitter_emit_value(&request->stream.emitter, "timeout", value);
    }
    if (response != NULL && !nh_loop_is_throwing(emitter->loop)) {
        heard = nh_emitter_emit_value(&response->emitter, "timeout", value) || heard;
    }
    if (!nh_loop_is_throwing(emitter->loop)) {
        heard = nh_emitter_emit_value(&connection->server->net.emitter, "timeout", value) || heard;
    }
    if (!heard) {
        nh_stream_destroy(socket, NULL);
    }
    nh_value_release(&value);
    if (response != NULL) {
        nh_emitter_release(&response->emitter);
    }
    nh_emitter_release(&connection->emitter);
}

void nh_server_connection_reset_timeout(nh_server_connection *connection) {
    nh_socket *tcp = tcp_of(connection);
    if (!connection->keep_alive_timeout_set || tcp == NULL) {
        return;
    }
    const nh_server *server = connection->server;
    nh_value timeout = nh_server_is_set(server, NH_SERVER_TIMEOUT)
                           ? server->settings[NH_SERVER_TIMEOUT]
                           : nh_number(0);
    connection->keep_alive_timeout_set = false;
    nh_http_throw_take(loop_of(connection), nh_socket_set_timeout(tcp, timeout, nh_undefined()));
}

/* --- set-up ------------------------------------------------------------------------------- */

static void destroy_object(nh_emitter *emitter) {
    nh_server_connection *connection = (nh_server_connection *)(void *)emitter;
    nh_tie_remove(&connection->tie);
    end_parser(connection);
    nh_memory *memory = memory_of(connection);
    nh_server_connection_drop_incoming(connection);
    nh_memory_free(memory, connection->incoming);
    nh_server_connection_drop_outgoing(connection);
    nh_memory_free(memory, connection->outgoing);
    nh_emitter_release(&connection->server->net.emitter);
}

static double max_headers_count(const nh_server *server, double otherwise) {
    nh_value value = server->settings[NH_SERVER_MAX_HEADERS_COUNT];
    /* Node counts names and values: twice the number, as a 32-bit integer. */
    return value.type == NH_NUMBER ? nh_http_int32_of(nh_http_int32_of(value.as.number) * 2.0) / 2.0
                                   : otherwise;
}

static void start_parser(nh_server_connection *connection) {
    const nh_server *server = connection->server;
    nh_http_parser_options options;
    nh_http_parser_options_init(&options);
    double size = nh_server_number(server, NH_SERVER_MAX_HEADER_SIZE);
    options.max_header_size = size >= 1 ? (size_t)size : 0;
    options.insecure = nh_server_is_set(server, NH_SERVER_INSECURE_HTTP_PARSER);
    options.join_duplicate_headers = nh_server_is_set(server, NH_SERVER_JOIN_DUPLICATE_HEADERS);
    options.max_headers_count = max_headers_count(server, options.max_headers_count);
    nh_http_parser_init(&connection->parser, loop_of(connection), HTTP_REQUEST, &options,
                        &parser_hooks, connection, connection->socket);
    connection->has_parser = true;
    if (server->tracks_connections) {
        nh_server_track(connection);
    }
}

static nh_error *refuse_encoding(nh_memory *memory) {
    return nh_http_error(memory, "ERR_HTTP_SOCKET_ENCODING",
                         "Changing the socket encoding is not allowed per RFC7230 Section 3.");
}

/* The loop is freed: the exchanges under way come to nothing. */
static void cut(nh_tie *tie) {
    nh_server_connection *connection =
        (nh_server_connection *)(void *)((char *)tie - offsetof(nh_server_connection, tie));
    (void)nh_emitter_retain(&connection->emitter);
    end_parser(connection);
    nh_server_connection_drop_incoming(connection);
    nh_server_connection_drop_outgoing(connection);
    nh_emitter_release(&connection->emitter);
}

static bool attach(nh_server_connection *connection) {
    nh_stream *socket = connection->socket;
    if (!nh_tie_add(loop_of(connection), &connection->tie, cut) ||
        !listen(connection, "timeout", on_timeout)) {
        return false;
    }
    start_parser(connection);
    if (!listen(connection, "data", on_data) || !listen(connection, "error", on_error) ||
        !listen(connection, "end", on_end) || !listen(connection, "close", on_close) ||
        !listen(connection, "drain", on_drain) || !listen(connection, "resume", on_resume) ||
        !listen(connection, "pause", on_pause)) {
        return false;
    }
    socket->refuse_encoding = refuse_encoding;
    nh_socket *tcp = nh_socket_of_stream(socket);
    if (tcp != NULL && tcp->consumer == NULL) {
        connection->consumes = true;
        nh_socket_consume(tcp, &consumer, connection);
    }
    return true;
}

/* The idle timeout that the server gives to each connection; an error is thrown. */
static bool apply_timeout(nh_server *server, nh_stream *socket) {
    nh_socket *tcp = nh_socket_of_stream(socket);
    if (tcp == NULL || !nh_server_is_set(server, NH_SERVER_TIMEOUT)) {
        return true;
    }
    nh_error *error =
        nh_socket_set_timeout(tcp, server->settings[NH_SERVER_TIMEOUT], nh_undefined());
    bool applied = error == NULL;
    nh_http_throw_take(server->net.emitter.loop, error);
    return applied;
}

void nh_server_accept(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)data;
    nh_server *server = (nh_server *)(void *)emitter;
    nh_value argument = count > 0 ? arguments[0] : nh_undefined();
    if (argument.type != NH_OBJECT || !nh_object_is_of(argument.as.object, &nh_stream_class)) {
        nh_http_throw_take(emitter->loop, nh_error_new(nh_loop_memory(emitter->loop), "TypeError",
                                                       NULL, "socket.on is not a function"));
        return;
    }
    nh_stream *socket = nh_as_stream(argument.as.object);
    if (!apply_timeout(server, socket)) {
        return;
    }
    nh_server_connection *connection = nh_object_new(emitter->loop, &connection_class);
    if (connection == NULL) {
        nh_http_destroy_without_memory(socket);
        return;
    }
    connection->server = (nh_server *)(void *)nh_emitter_retain(emitter);
    connection->socket = socket;
    socket->http_connection = connection;
    if (!attach(connection) && !nh_loop_is_throwing(emitter->loop)) {
        nh_http_destroy_without_memory(socket);
    }
    if (connection->socket_listeners == 0) {
        socket->http_connection = NULL;
        connection->socket = NULL;
    }
    nh_emitter_release(&connection->emitter);
}
