/* ServerResponse: an OutgoingMessage with a status line. */
#include "http/server_internal.h"

#include "core/text.h"
#include "http/support_internal.h"

#include <nodehttp/http.h>

static nh_error *implicit_header(nh_outgoing_message *message);
static void pending_data(nh_outgoing_message *message, double delta);
static void destroy_object(nh_emitter *emitter);

static const nh_outgoing_hooks hooks = {
    .implicit_header = implicit_header,
    .pending_data = pending_data,
};

const nh_class nh_server_response_class = {
    .name = "ServerResponse",
    .parent = &nh_outgoing_message_class,
    .size = sizeof(nh_server_response),
    .destroy = destroy_object,
};

static nh_server_response *of(nh_outgoing_message *message) {
    return (nh_server_response *)(void *)message;
}

static nh_memory *memory_of(const nh_server_response *response) {
    return nh_object_memory(&response->message.emitter);
}

/* --- life --------------------------------------------------------------------------------- */

/* Whether the client of an HTTP/1.0 request understands chunks. */
static bool accepts_chunked(const nh_incoming_message *request) {
    nh_bytes te;
    return nh_incoming_message_find_header(request, "te", &te) &&
           nh_http_contains_word(te, "chunked");
}

nh_server_response *nh_server_response_new(nh_incoming_message *request, nh_value options) {
    nh_server_response *response =
        nh_object_new(request->stream.emitter.loop, &nh_server_response_class);
    if (response == NULL) {
        return NULL;
    }
    nh_outgoing_message *message = &response->message;
    nh_outgoing_message_init(message, &hooks);
    nh_outgoing_message_apply_options(message, options);
    response->status_code = nh_number(200);
    response->status_message = nh_undefined();
    message->send_date = true;
    if (nh_incoming_message_is_method(request, "HEAD")) {
        message->has_body = false;
    }
    (void)nh_emitter_retain(&request->stream.emitter);
    response->request = request;
    response->holds_request = true;
    if (request->version_major < 1 || request->version_minor < 1) {
        message->use_chunked_encoding_by_default = accepts_chunked(request);
        message->should_keep_alive = false;
    }
    return response;
}

static void destroy_object(nh_emitter *emitter) {
    nh_server_response *response = (nh_server_response *)(void *)emitter;
    nh_value_release(&response->status_code);
    nh_value_release(&response->status_message);
    if (response->holds_request) {
        nh_emitter_release(&response->request->stream.emitter);
    } else if (response->request != NULL) {
        response->request->weak_reference = NULL;
    }
    if (response->connection != NULL) {
        nh_emitter_release(&response->connection->emitter);
    }
}

static void pending_data(nh_outgoing_message *message, double delta) {
    nh_server_connection *connection = of(message)->connection;
    if (connection != NULL) {
        connection->outgoing_bytes += delta;
        nh_server_connection_drained(connection);
    }
}

void nh_server_response_loosen_request(nh_server_response *response) {
    nh_incoming_message *request = response->request;
    if (!response->holds_request) {
        return;
    }
    response->holds_request = false;
    if (request->weak_reference == NULL) {
        request->weak_reference = &response->request;
    } else {
        response->request = NULL; /* another response has the place */
    }
    nh_emitter_release(&request->stream.emitter);
}

void nh_server_response_emit_close(nh_emitter *emitter, nh_value unused) {
    (void)unused;
    nh_outgoing_message *message = nh_as_outgoing_message(emitter);
    if (!message->closed) {
        message->destroyed = true;
        message->closed = true;
        (void)nh_emitter_emit_bare(emitter, "close");
        nh_server_response_loosen_request(of(message));
    }
}

/* --- the socket --------------------------------------------------------------------------- */

/* While a response has the socket, nobody else may hold it. */
static void end_turn(nh_server_response *response) {
    if (response->has_turn) {
        nh_tie_remove(&response->turn);
        response->has_turn = false;
        nh_emitter_release(&response->message.emitter);
    }
}

static void on_socket_close(nh_emitter *emitter, const nh_value *arguments, size_t count,
                            void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_outgoing_message *message = nh_as_stream(emitter)->http_message;
    if (message == NULL) {
        return;
    }
    (void)nh_emitter_retain(&message->emitter);
    nh_server_connection *connection = of(message)->connection;
    if (connection != NULL && !connection->has_parser) {
        nh_server_connection_drop_outgoing(connection);
    }
    nh_server_response_emit_close(&message->emitter, nh_undefined());
    end_turn(of(message));
    nh_emitter_release(&message->emitter);
}

/* The socket is nobody's again. */
static void give_back(nh_outgoing_message *message, nh_stream *socket) {
    if (socket->http_message == message) {
        (void)nh_emitter_remove_listener(&socket->emitter, "close", on_socket_close, NULL);
        socket->http_message = NULL;
    }
}

/* The loop is freed. */
static void cut_turn(nh_tie *tie) {
    nh_server_response *response =
        (nh_server_response *)(void *)((char *)tie - offsetof(nh_server_response, turn));
    nh_server_response_loosen_request(response);
    nh_server_response_detach_socket(response, response->message.socket);
}

nh_error *nh_server_response_assign_socket(nh_server_response *response, nh_stream *socket) {
    nh_outgoing_message *message = &response->message;
    if (socket->http_message != NULL) {
        return nh_http_error(memory_of(response), "ERR_HTTP_SOCKET_ASSIGNED",
                             "ServerResponse has an already assigned socket");
    }
    if (!response->has_turn && !nh_tie_add(socket->emitter.loop, &response->turn, cut_turn)) {
        return nh_error_out_of_memory();
    }
    if (!nh_emitter_on(&socket->emitter, "close", on_socket_close, NULL)) {
        if (!response->has_turn) {
            nh_tie_remove(&response->turn);
        }
        return nh_loop_is_throwing(socket->emitter.loop) ? NULL : nh_error_out_of_memory();
    }
    if (!response->has_turn) {
        (void)nh_emitter_retain(&message->emitter);
        response->has_turn = true;
    }
    if (message->socket != NULL) {
        give_back(message, message->socket);
    }
    socket->http_message = message;
    nh_outgoing_set_socket(message, socket);
    nh_value value = nh_value_of_object(&socket->emitter);
    (void)nh_emitter_emit_value(&message->emitter, "socket", value);
    nh_value_release(&value);
    if (!nh_loop_is_throwing(socket->emitter.loop)) {
        nh_outgoing_flush(message);
    }
    return NULL;
}

void nh_server_response_detach_socket(nh_server_response *response, nh_stream *socket) {
    give_back(&response->message, socket);
    nh_outgoing_set_socket(&response->message, NULL);
    end_turn(response);
}

/* --- the head ----------------------------------------------------------------------------- */

static nh_error *implicit_header(nh_outgoing_message *message) {
    return nh_server_response_write_head(of(message), of(message)->status_code, nh_undefined(),
                                         nh_undefined());
}

static nh_error *status_code_error(nh_memory *memory, nh_value given) {
    nh_value shown = nh_http_shown(memory, given);
    nh_error *error = shown.type == NH_INVALID
                          ? nh_error_out_of_memory()
                          : nh_error_new(memory, "RangeError", "ERR_HTTP_INVALID_STATUS_CODE",
                                         "Invalid status code: %s", nh_value_text(shown));
    nh_value_release(&shown);
    return error;
}

/* Takes over a flat list into headers that exist: its names replace earlier values, and may repeat
 * among themselves. */
static nh_error *merge_list(nh_outgoing_message *message, nh_value list) {
    size_t length = nh_list_length(list);
    if (length % 2 != 0) {
        return nh_error_new_argument_value(nh_object_memory(&message->emitter), "headers", list,
                                           "is invalid");
    }
    nh_error *error = NULL;
    for (size_t i = 0; i < length && error == NULL; i += 2) {
        error = nh_outgoing_message_remove_header(message, nh_list_get(list, i));
    }
    for (size_t i = 0; i < length && error == NULL; i += 2) {
        nh_value name = nh_list_get(list, i);
        if (nh_value_is_truthy(name)) {
            error = nh_outgoing_message_append_header(message, name, nh_list_get(list, i + 1));
        }
    }
    return error;
}

static nh_error *merge_map(nh_outgoing_message *message, nh_value map) {
    nh_error *error = NULL;
    for (size_t i = 0; i < nh_map_length(map) && error == NULL; i++) {
        nh_bytes key = nh_map_key_at(map, i);
        if (key.length == 0) {
            continue;
        }
        nh_value name =
            nh_string_new(nh_object_memory(&message->emitter), (const char *)key.data, key.length);
        error = nh_outgoing_message_set_header(message, name, nh_map_value_at(map, i));
        nh_value_release(&name);
    }
    return error;
}

static void set_status(nh_server_response *response, int code, nh_value reason) {
    if (reason.type == NH_STRING) {
        nh_server_response_set_status_message(response, reason);
    } else if (!nh_value_is_truthy(response->status_message)) {
        const char *phrase = nh_http_status_text(code);
        nh_value_release(&response->status_message);
        /* A phrase of an earlier attempt stays. */
        if (response->phrase == NULL) {
            response->phrase = phrase == NULL ? "unknown" : phrase;
        }
    }
    nh_value_assign_take(&response->status_code, nh_number(code));
    response->message.status_code = code;
}

/* The reason phrase as text: borrowed, or held by `*out_held`. */
static nh_error *reason_phrase(const nh_server_response *response, nh_bytes *out_phrase,
                               nh_value *out_held) {
    nh_memory *memory = memory_of(response);
    *out_held = nh_undefined();
    if (response->status_message.type == NH_UNDEFINED) {
        *out_phrase = nh_bytes_of_text(response->phrase);
        return NULL;
    }
    nh_error *error = NULL;
    *out_held = nh_http_value_to_string(memory, response->status_message, &error);
    if (error != NULL) {
        return error;
    }
    *out_phrase = nh_value_bytes(*out_held);
    return nh_http_is_field_value(*out_phrase)
               ? NULL
               : nh_error_new(memory, "TypeError", "ERR_INVALID_CHAR",
                              "Invalid character in statusMessage");
}

/* The head itself, behind a status line that `line` has room for. */
static nh_error *store_head(nh_server_response *response, int code, nh_bytes phrase,
                            nh_value given) {
    nh_outgoing_message *message = &response->message;
    nh_text line;
    nh_text_init(&line, memory_of(response));
    nh_text_reserve(&line, phrase.length + sizeof("HTTP/1.1 200 \r\n"));
    nh_text_add(&line, "HTTP/1.1 ", 9);
    nh_text_add_number(&line, code);
    nh_text_add(&line, " ", 1);
    nh_text_add_bytes(&line, phrase);
    nh_text_add(&line, "\r\n", 2);
    if (line.failed) {
        nh_text_deinit(&line);
        return nh_error_out_of_memory();
    }
    if (code == 204 || code == 304 || (code >= 100 && code <= 199)) {
        message->has_body = false;
    }
    /* A client that was to wait for 100 and gets something final may send its body or not: what
     * follows on the connection can't be told apart. */
    if (response->expects_continue && !response->sent_continue) {
        message->should_keep_alive = false;
    }
    nh_error *error =
        nh_outgoing_store_head(message, nh_bytes_of(line.data, line.length),
                               message->has_headers ? NH_HEAD_OWN : NH_HEAD_GIVEN, given);
    nh_text_deinit(&line);
    return error;
}

nh_error *nh_server_response_write_head(nh_server_response *response, nh_value status_code,
                                        nh_value reason, nh_value headers) {
    nh_memory *memory = memory_of(response);
    nh_outgoing_message *message = &response->message;
    if (message->has_head) {
        return nh_http_headers_sent_error(memory, "write");
    }
    int32_t code = 0;
    nh_error *error = nh_http_to_int32(memory, status_code, &code);
    if (error != NULL) {
        return error;
    }
    if (code < 100 || code > 999) {
        return status_code_error(memory, status_code);
    }
    set_status(response, code, reason);
    nh_value given = reason.type != NH_STRING && nh_value_is_nullish(headers) ? reason : headers;
    if (message->has_headers && given.type == NH_LIST) {
        error = merge_list(message, given);
    } else if (message->has_headers) {
        error = merge_map(message, given);
    }
    nh_bytes phrase;
    nh_value held = nh_undefined();
    if (error == NULL) {
        error = reason_phrase(response, &phrase, &held);
    }
    if (error == NULL) {
        error = store_head(response, code, phrase, given);
    }
    nh_value_release(&held);
    return error;
}

/* --- properties --------------------------------------------------------------------------- */

nh_value nh_server_response_status_code(const nh_server_response *response) {
    return nh_value_retain(response->status_code);
}

void nh_server_response_set_status_code(nh_server_response *response, nh_value status_code) {
    nh_value_assign_take(&response->status_code, nh_value_retain(status_code));
}

nh_value nh_server_response_status_message(const nh_server_response *response) {
    if (response->status_message.type == NH_UNDEFINED && response->phrase != NULL) {
        return nh_string_of(memory_of(response), response->phrase);
    }
    return nh_value_retain(response->status_message);
}

void nh_server_response_set_status_message(nh_server_response *response, nh_value message) {
    response->phrase = NULL;
    nh_value_assign_take(&response->status_message, nh_value_retain(message));
}

nh_incoming_message *nh_server_response_request(const nh_server_response *response) {
    return response->request;
}
