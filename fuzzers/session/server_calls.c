/* What a script calls on requests, responses, sockets and the server. */
#include "session/server_run.h"

/* The most bytes that a run writes; calls beyond it write little. */
#define MOST_WRITTEN ((size_t)256 << 10)

static const uint8_t payload[65536];

static nh_memory *memory_of(const struct server_run *run) {
    return &run->world.memory->memory;
}

static nh_value text_of(const struct server_run *run, nh_bytes bytes) {
    return nh_string_of_latin1(memory_of(run), bytes);
}

/* A body of about `size` bytes. */
static nh_value body_of(struct server_run *run, unsigned size, bool as_string) {
    size_t length = size < 0xF000 ? size % 2048 : size;
    if (run->written + length > MOST_WRITTEN) {
        length = size % 16;
    }
    run->written += length;
    nh_bytes bytes = nh_bytes_of(payload, length);
    return as_string ? nh_string_of_latin1(memory_of(run), bytes)
                     : nh_buffer_of(memory_of(run), bytes);
}

static nh_error *error_of(const struct server_run *run, unsigned with) {
    return with % 2 == 0 ? NULL : nh_error_new(memory_of(run), "Error", NULL, "of the script");
}

/* What a call throws is caught by the program. A call that throws keeps no promise. */
static void caught(nh_error *error, struct grammar_call *call) {
    if (error != NULL && call != NULL) {
        call->promise = GRAMMAR_AT_MOST_ONCE;
    }
    nh_error_release(error);
}

/* A callback, if the script wants one. */
static nh_value callback(struct server_run *run, bool wanted, const char *what,
                         enum grammar_promise promise, struct grammar_call **out_call) {
    *out_call = NULL;
    if (!wanted) {
        return nh_undefined();
    }
    nh_value function = grammar_callback(run->grammar, what, promise, out_call);
    return function.type == NH_INVALID ? nh_undefined() : function;
}

static void listen(struct grammar_object *object, unsigned choice) {
    static const enum grammar_event of_requests[] = {
        GRAMMAR_DATA,    GRAMMAR_READABLE, GRAMMAR_ERROR,  GRAMMAR_ABORTED,
        GRAMMAR_TIMEOUT, GRAMMAR_PAUSE,    GRAMMAR_RESUME,
    };
    static const enum grammar_event of_responses[] = {
        GRAMMAR_ERROR,     GRAMMAR_DRAIN, GRAMMAR_TIMEOUT,
        GRAMMAR_PREFINISH, GRAMMAR_PIPE,  GRAMMAR_UNPIPE,
    };
    static const enum grammar_event of_sockets[] = {
        GRAMMAR_DATA,    GRAMMAR_READABLE, GRAMMAR_ERROR,  GRAMMAR_DRAIN,
        GRAMMAR_TIMEOUT, GRAMMAR_PAUSE,    GRAMMAR_RESUME, GRAMMAR_PREFINISH,
    };
    enum grammar_event event = GRAMMAR_CLOSE;
    if (object->kind == GRAMMAR_INCOMING) {
        event = of_requests[choice % (sizeof(of_requests) / sizeof(of_requests[0]))];
    } else if (object->kind == GRAMMAR_RESPONSE) {
        event = of_responses[choice % (sizeof(of_responses) / sizeof(of_responses[0]))];
    } else if (object->kind == GRAMMAR_SOCKET) {
        event = of_sockets[choice % (sizeof(of_sockets) / sizeof(of_sockets[0]))];
    }
    grammar_listen(object, GRAMMAR_BIT(event));
}

/* --- requests ------------------------------------------------------------------------------- */

/* Getters build what they give; nothing may depend on the order. */
static void inspect(nh_incoming_message *request) {
    nh_value values[] = {
        nh_incoming_message_headers_distinct(request),
        nh_incoming_message_raw_trailers(request),
        nh_incoming_message_headers(request),
        nh_incoming_message_raw_headers(request),
        nh_incoming_message_trailers(request),
        nh_incoming_message_trailers_distinct(request),
        nh_incoming_message_url(request),
        nh_incoming_message_method(request),
        nh_incoming_message_http_version(request),
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        nh_value_release(&values[i]);
    }
}

static void call_read(nh_stream *stream, unsigned size) {
    nh_value chunk = size == 255 ? nh_readable_read(stream) : nh_readable_read_size(stream, size);
    nh_value_release(&chunk);
}

static void call_request(struct server_run *run, const struct fuzz_step *step,
                         struct grammar_object *object) {
    nh_stream *stream = nh_as_stream(object->object);
    nh_incoming_message *request = (nh_incoming_message *)(void *)object->object;
    unsigned argument = step->numbers[1];
    struct grammar_object *response;
    nh_error *error = NULL;
    switch (step->operation) {
    case SERVER_REQUEST_LISTEN:
        listen(object, argument);
        break;
    case SERVER_REQUEST_PAUSE:
        nh_readable_pause(stream);
        break;
    case SERVER_REQUEST_RESUME:
        nh_readable_resume(stream);
        break;
    case SERVER_REQUEST_READ:
        call_read(stream, argument);
        break;
    case SERVER_REQUEST_ENCODING: {
        static const char *const names[] = {"utf8", "latin1", "hex", "base64", "utf16le", "none"};
        nh_value encoding = nh_string_of(memory_of(run), names[argument % 6]);
        error = nh_readable_set_encoding(stream, encoding);
        nh_value_release(&encoding);
        break;
    }
    case SERVER_REQUEST_DESTROY: {
        nh_error *given = error_of(run, argument);
        /* It takes the connection along, and fails when that has failed: after its 'end' when it
         * was complete, here and in Node.js. */
        object->failed_by_program = true;
        nh_stream_destroy(stream, given);
        nh_error_release(given);
        break;
    }
    case SERVER_REQUEST_PIPE:
        response = server_run_pick(run, GRAMMAR_RESPONSE, argument);
        if (response != NULL) {
            run->copies++;
            error = nh_readable_pipe(stream, response->object, argument % 2 == 0);
        }
        break;
    case SERVER_REQUEST_UNPIPE:
        nh_readable_unpipe(stream, NULL);
        break;
    case SERVER_REQUEST_TIMEOUT:
        error = nh_incoming_message_set_timeout(request, nh_number(argument), nh_undefined());
        break;
    default:
        inspect(request);
        break;
    }
    caught(error, NULL);
}

/* --- responses ------------------------------------------------------------------------------ */

/* Names of fields that tell how the body is framed, or what the connection becomes. */
static bool is_framing(nh_bytes name) {
    return nh_bytes_equal_text_ignoring_case(name, "content-length") ||
           nh_bytes_equal_text_ignoring_case(name, "transfer-encoding") ||
           nh_bytes_equal_text_ignoring_case(name, "connection") ||
           nh_bytes_equal_text_ignoring_case(name, "upgrade");
}

/* The program frames the body of `object` itself. */
static void note_framing(const struct grammar_object *object) {
    const struct server_exchange *exchange = object->data;
    if (exchange != NULL) {
        server_run_give_up(exchange);
    }
}

/* The response sends a head with 1xx, be it in the middle of its body. */
static void note_informational(const struct grammar_object *object) {
    const struct server_exchange *exchange = object->data;
    if (exchange != NULL) {
        server_run_note_early_head(exchange);
    }
}

static unsigned status_of(unsigned number) {
    static const unsigned usual[] = {200, 204, 304, 201, 404, 500, 100, 101, 103, 205, 301, 999};
    return number < 256 ? usual[number % 12] : number;
}

static nh_error *write_head(struct server_run *run, const struct fuzz_step *step,
                            struct grammar_object *object) {
    nh_server_response *response = (nh_server_response *)(void *)object->object;
    unsigned form = step->numbers[2];
    nh_value text = text_of(run, step->bytes[3]);
    nh_value headers = nh_undefined();
    if (form % 4 == 1) {
        headers = nh_map_new(memory_of(run));
        (void)nh_map_set(headers, "x-field", text);
    } else if (form % 4 == 2) {
        headers = nh_list_new(memory_of(run));
        (void)nh_list_append_take(headers, nh_string_of(memory_of(run), "x-field"));
        (void)nh_list_append(headers, text);
    } else if (form % 4 == 3) {
        headers = nh_map_new(memory_of(run));
        (void)nh_map_set_take(headers, "content-length",
                              nh_string_format(memory_of(run), "%u", form / 4));
        note_framing(object);
    }
    unsigned status = status_of(step->numbers[1]);
    if (status < 200) {
        note_framing(object);
    }
    nh_error *error = nh_server_response_write_head(response, nh_number(status),
                                                    form >= 128 ? text : nh_undefined(), headers);
    nh_value_release(&headers);
    nh_value_release(&text);
    return error;
}

static nh_error *change_header(struct server_run *run, const struct fuzz_step *step,
                               struct grammar_object *object) {
    nh_outgoing_message *message = nh_as_outgoing_message(object->object);
    nh_value name = text_of(run, step->bytes[1]);
    nh_value value = text_of(run, step->bytes[2]);
    if (is_framing(step->bytes[1])) {
        note_framing(object);
    }
    server_run_note_header(object->data, step->bytes[1], step->bytes[2]);
    nh_error *error = NULL;
    if (step->operation == SERVER_RESPONSE_SET_HEADER) {
        error = nh_outgoing_message_set_header(message, name, value);
    } else if (step->operation == SERVER_RESPONSE_APPEND_HEADER) {
        error = nh_outgoing_message_append_header(message, name, value);
    } else if (step->operation == SERVER_RESPONSE_REMOVE_HEADER) {
        error = nh_outgoing_message_remove_header(message, name);
    } else {
        nh_value trailers = nh_map_new(memory_of(run));
        error = nh_map_set_bytes(trailers, step->bytes[1], value)
                    ? nh_outgoing_message_add_trailers(message, trailers)
                    : nh_error_out_of_memory();
        nh_value_release(&trailers);
    }
    nh_value_release(&name);
    nh_value_release(&value);
    return error;
}

/* end() of a message whose head is on its way has nothing to wait for, so that 'finish' comes on
 * the next tick even if the connection is lost, and 'close' may come first. */
static void note_end(struct grammar_object *object, const nh_outgoing_message *message) {
    nh_stream *socket = nh_outgoing_message_socket(message);
    if (nh_outgoing_message_headers_sent(message) &&
        (socket == NULL || nh_stream_is_destroyed(socket))) {
        object->excused |= GRAMMAR_BIT(GRAMMAR_FINISH);
    }
}

/* write() and end(): flags are 1 a callback, 2 a string, 4 (end) no chunk. */
static void write_response(struct server_run *run, const struct fuzz_step *step,
                           struct grammar_object *object) {
    nh_outgoing_message *message = nh_as_outgoing_message(object->object);
    unsigned flags = step->numbers[2];
    bool ends = step->operation == SERVER_RESPONSE_END;
    struct grammar_call *call;
    nh_value done = callback(run, (flags & 1) != 0, ends ? "response.end()" : "response.write()",
                             GRAMMAR_AT_MOST_ONCE, &call);
    nh_value chunk = ends && (flags & 4) != 0 ? nh_undefined()
                                              : body_of(run, step->numbers[1], (flags & 2) != 0);
    if (ends) {
        note_end(object, message);
    }
    nh_error *error = ends ? nh_outgoing_message_end(message, chunk, nh_undefined(), done)
                           : nh_outgoing_message_write(message, chunk, nh_undefined(), done, NULL);
    nh_value_release(&chunk);
    nh_value_release(&done);
    caught(error, call);
}

static nh_error *set_status(struct server_run *run, const struct fuzz_step *step,
                            struct grammar_object *object) {
    nh_server_response *response = (nh_server_response *)(void *)object->object;
    unsigned status = status_of(step->numbers[1]);
    if (status < 200) {
        note_framing(object);
    }
    nh_server_response_set_status_code(response, nh_number(status));
    if (step->bytes[2].length > 0) {
        nh_value text = text_of(run, step->bytes[2]);
        nh_server_response_set_status_message(response, text);
        nh_value_release(&text);
    }
    return NULL;
}

static void set_property(struct grammar_object *object, unsigned choice) {
    nh_outgoing_message *message = nh_as_outgoing_message(object->object);
    bool value = choice / 8 % 2 != 0;
    switch (choice % 8) {
    case 0:
        nh_outgoing_message_set_send_date(message, value);
        break;
    case 1:
        nh_outgoing_message_set_strict_content_length(message, value);
        break;
    case 2:
        nh_outgoing_message_set_should_keep_alive(message, value);
        break;
    case 3:
        note_framing(object);
        nh_outgoing_message_set_chunked_encoding(message, value);
        break;
    case 4:
        note_framing(object);
        nh_outgoing_message_set_use_chunked_encoding_by_default(message, value);
        break;
    case 5:
        nh_outgoing_message_set_max_requests_on_connection_reached(message, value);
        break;
    default: {
        /* Emits 'error' at once, after 'close' too, and nothing else may. */
        uint64_t excused = object->excused;
        object->excused |= GRAMMAR_BIT(GRAMMAR_ERROR);
        nh_outgoing_message_pipe(message);
        object->excused = excused;
        break;
    }
    }
}

static nh_error *early_hints(struct server_run *run, const struct fuzz_step *step,
                             struct grammar_object *object) {
    if (server_run_has_line_end(step->bytes[1])) {
        return NULL;
    }
    nh_value hints = nh_map_new(memory_of(run));
    nh_error *error = NULL;
    if (nh_map_set_take(hints, "link", text_of(run, step->bytes[1]))) {
        error = nh_server_response_write_early_hints((nh_server_response *)(void *)object->object,
                                                     hints, nh_undefined());
    }
    nh_value_release(&hints);
    return error;
}

static void call_response(struct server_run *run, const struct fuzz_step *step,
                          struct grammar_object *object) {
    nh_outgoing_message *message = nh_as_outgoing_message(object->object);
    nh_server_response *response = (nh_server_response *)(void *)object->object;
    nh_error *error = NULL;
    switch (step->operation) {
    case SERVER_RESPONSE_LISTEN:
        listen(object, step->numbers[1]);
        break;
    case SERVER_RESPONSE_WRITE_HEAD:
        error = write_head(run, step, object);
        break;
    case SERVER_RESPONSE_SET_HEADER:
    case SERVER_RESPONSE_APPEND_HEADER:
    case SERVER_RESPONSE_REMOVE_HEADER:
    case SERVER_RESPONSE_TRAILERS:
        error = change_header(run, step, object);
        break;
    case SERVER_RESPONSE_STATUS:
        error = set_status(run, step, object);
        break;
    case SERVER_RESPONSE_WRITE:
    case SERVER_RESPONSE_END:
        write_response(run, step, object);
        break;
    case SERVER_RESPONSE_CORK:
        /* What is corked when the message ends is sent after the last chunk, by Node.js too; it
         * counts calls of uncork() without a cork() as well. */
        note_framing(object);
        nh_outgoing_message_cork(message);
        break;
    case SERVER_RESPONSE_UNCORK:
        note_framing(object);
        nh_outgoing_message_uncork(message);
        break;
    case SERVER_RESPONSE_DESTROY: {
        nh_error *given = error_of(run, step->numbers[1]);
        nh_outgoing_message_destroy(message, given);
        nh_error_release(given);
        break;
    }
    case SERVER_RESPONSE_FLUSH:
        error = nh_outgoing_message_flush_headers(message);
        break;
    case SERVER_RESPONSE_CONTINUE:
        note_informational(object);
        error = nh_server_response_write_continue(response, nh_undefined());
        break;
    case SERVER_RESPONSE_PROCESSING:
        note_informational(object);
        error = nh_server_response_write_processing(response, nh_undefined());
        break;
    case SERVER_RESPONSE_EARLY_HINTS:
        note_informational(object);
        error = early_hints(run, step, object);
        break;
    case SERVER_RESPONSE_TIMEOUT:
        error =
            nh_outgoing_message_set_timeout(message, nh_number(step->numbers[1]), nh_undefined());
        break;
    case SERVER_RESPONSE_PROPERTY:
        set_property(object, step->numbers[1]);
        break;
    default: {
        nh_stream *socket = nh_outgoing_message_socket(message);
        note_framing(object);
        object->not_to_close = true;
        run->detached = true;
        if (socket != NULL) {
            nh_server_response_detach_socket(response, socket);
        }
        break;
    }
    }
    caught(error, NULL);
}

/* --- sockets -------------------------------------------------------------------------------- */

static void write_socket(struct server_run *run, const struct fuzz_step *step,
                         struct grammar_object *object) {
    struct raw_client *client = object->data;
    if (client != NULL) {
        response_reader_give_up(&client->reader);
    }
    bool ends = step->operation == SERVER_SOCKET_END;
    unsigned flags = step->numbers[ends ? 1 : 2];
    struct grammar_call *call;
    nh_stream *stream = nh_as_stream(object->object);
    /* The callback of an end() that comes after destroy() is forgotten. */
    bool promised = !ends || !nh_stream_is_destroyed(stream);
    nh_value done = callback(run, (flags & 1) != 0, ends ? "socket.end()" : "socket.write()",
                             promised ? GRAMMAR_ONCE : GRAMMAR_AT_MOST_ONCE, &call);
    nh_value chunk = ends ? nh_undefined() : body_of(run, step->numbers[1], (flags & 2) != 0);
    nh_error *error = ends ? nh_writable_end(stream, chunk, nh_undefined(), done)
                           : nh_writable_write(stream, chunk, nh_undefined(), done, NULL);
    nh_value_release(&chunk);
    nh_value_release(&done);
    caught(error, call);
}

static void note_reset(struct grammar_object *object) {
    struct raw_client *client = object->data;
    nh_stream *stream = nh_as_stream(object->object);
    if (nh_stream_is_destroyed(stream)) {
        return;
    }
    if (client == NULL) {
        /* The client had gone when the connection was met: no telling whose it was. */
        object->not_to_close = object->not_to_close || nh_writable_is_ended(stream);
    } else {
        client->reset_by_server = true;
        client->reset_after_end = client->reset_after_end || nh_writable_is_ended(stream);
    }
}

static void call_socket(struct server_run *run, const struct fuzz_step *step,
                        struct grammar_object *object) {
    nh_stream *stream = nh_as_stream(object->object);
    nh_socket *socket = (nh_socket *)(void *)object->object;
    nh_error *error = NULL;
    switch (step->operation) {
    case SERVER_SOCKET_LISTEN:
        listen(object, step->numbers[1]);
        break;
    case SERVER_SOCKET_WRITE:
    case SERVER_SOCKET_END:
        write_socket(run, step, object);
        break;
    case SERVER_SOCKET_DESTROY: {
        nh_error *given = error_of(run, step->numbers[1]);
        nh_stream_destroy(stream, given);
        nh_error_release(given);
        break;
    }
    case SERVER_SOCKET_DESTROY_SOON:
        nh_socket_destroy_soon(socket);
        break;
    case SERVER_SOCKET_RESET:
        note_reset(object);
        error = nh_socket_reset_and_destroy(socket);
        break;
    case SERVER_SOCKET_PAUSE:
        nh_readable_pause(stream);
        break;
    case SERVER_SOCKET_RESUME:
        nh_readable_resume(stream);
        break;
    default:
        error = nh_socket_set_timeout(socket, nh_number(step->numbers[1]), nh_undefined());
        break;
    }
    caught(error, NULL);
}

/* --- the server ----------------------------------------------------------------------------- */

static void set_server_property(struct server_run *run, unsigned which, unsigned value) {
    static const char *const names[] = {
        "timeout",         "keepAliveTimeout",     "headersTimeout",    "requestTimeout",
        "maxHeadersCount", "maxRequestsPerSocket", "requireHostHeader", "httpAllowHalfOpen",
    };
    if (which % 9 == 8) {
        nh_net_server_set_max_connections(nh_as_net_server(run->server), nh_number(value % 4));
    } else {
        (void)nh_server_set_property(run->server, names[which % 9], nh_number(value));
    }
}

static void call_server(struct server_run *run, const struct fuzz_step *step) {
    struct grammar_call *call;
    nh_value done;
    switch (step->operation) {
    case SERVER_CLOSE:
        done = callback(run, step->numbers[0] % 2 != 0, "server.close()", GRAMMAR_ONCE, &call);
        run->server_closes++;
        nh_server_close(run->server, done);
        nh_value_release(&done);
        break;
    case SERVER_CLOSE_ALL:
        nh_server_close_all_connections(run->server);
        break;
    case SERVER_CLOSE_IDLE:
        nh_server_close_idle_connections(run->server);
        break;
    case SERVER_TIMEOUT:
        caught(nh_server_set_timeout(run->server, nh_number(step->numbers[0]), nh_undefined()),
               NULL);
        break;
    default:
        set_server_property(run, step->numbers[0], step->numbers[1]);
        break;
    }
}

void server_run_call(struct server_run *run, const struct fuzz_step *step) {
    if (step->operation > SERVER_PROPERTY) {
        server_run_call_with_value(run, step);
        return;
    }
    if (step->operation >= SERVER_CLOSE) {
        call_server(run, step);
        return;
    }
    enum grammar_kind kind = step->operation >= SERVER_SOCKET_LISTEN     ? GRAMMAR_SOCKET
                             : step->operation >= SERVER_RESPONSE_LISTEN ? GRAMMAR_RESPONSE
                                                                         : GRAMMAR_INCOMING;
    struct grammar_object *object = server_run_pick(run, kind, step->numbers[0]);
    if (object == NULL) {
        return;
    }
    /* Whoever calls a method holds a reference while it does. */
    nh_emitter *held = nh_emitter_retain(object->object);
    if (kind == GRAMMAR_SOCKET) {
        call_socket(run, step, object);
    } else if (kind == GRAMMAR_RESPONSE) {
        call_response(run, step, object);
    } else {
        call_request(run, step, object);
    }
    nh_emitter_release(held);
}
