#include "session/client_run.h"

#include <string.h>

/* --- what operations name ----------------------------------------------------------------- */

static struct client_exchange *exchange_of(struct client_run *run, unsigned k) {
    return run->exchange_count == 0 ? NULL : &run->exchanges[k % run->exchange_count];
}

static struct client_connection *connection_of(struct client_run *run, unsigned c) {
    return run->connection_count == 0 ? NULL : &run->connections[c % run->connection_count];
}

/* --- bodies ------------------------------------------------------------------------------- */

/* Most bodies are short; all of a run together have a bound. */
static size_t body_length(struct client_run *run, unsigned given) {
    size_t length = given < 61440 ? given % 512 : given;
    if (length > (size_t)256 * 1024 - run->bytes) {
        length = 0;
    }
    run->bytes += length;
    return length;
}

/* A body of that length, in the letter of the exchange: a buffer or a string. */
static nh_value body_of(struct client_run *run, unsigned k, size_t length, bool is_string) {
    static char letters[65536];
    char letter = client_letter(k % run->exchange_count);
    if (!is_string) {
        nh_value buffer = nh_buffer_new(run->memory, length);
        if (buffer.type == NH_BUFFER && length > 0) {
            memset(nh_buffer_data(buffer), letter, length);
        }
        return buffer;
    }
    memset(letters, letter, length);
    return nh_string_new(run->memory, letters, length);
}

static void release(nh_error *error) {
    nh_error_release(error);
}

/* A callback, if the script wants one, that belongs to the exchange. */
static nh_value callback_of(struct client_exchange *exchange, unsigned how, const char *what,
                            struct grammar_call **out_call) {
    struct client_run *run = exchange->run;
    *out_call = NULL;
    if ((how & 4u) == 0) {
        return nh_undefined();
    }
    nh_value callback = grammar_callback(&run->grammar, what, GRAMMAR_AT_MOST_ONCE, out_call);
    if (*out_call != NULL) {
        (*out_call)->data = (size_t)(exchange - run->exchanges);
    }
    return callback;
}

static void send_body(struct client_run *run, struct client_exchange *exchange,
                      const struct fuzz_step *step) {
    nh_outgoing_message *message = nh_as_outgoing_message(exchange->request);
    unsigned how = step->numbers[1];
    bool ends = step->operation == CLIENT_END;
    nh_value chunk = nh_undefined();
    if ((how & 3u) != 0) {
        chunk = body_of(run, step->numbers[0], body_length(run, step->numbers[2]), (how & 1u) != 0);
    } else if (!ends) {
        chunk = body_of(run, step->numbers[0], 1, true);
    }
    nh_value encoding = (how & 8u) != 0 ? nh_string_of(run->memory, "latin1") : nh_undefined();
    struct grammar_call *call;
    nh_value callback = callback_of(exchange, how, ends ? "end" : "write", &call);
    if (ends) {
        /* Whoever ends a request late gets its 'finish' late, as in Node.js. For a lack of memory a
         * request goes on the tick, while 'finish' is under way. */
        if ((exchange->events->seen & GRAMMAR_BIT(GRAMMAR_CLOSE)) != 0 ||
            run->world.memory->refused) {
            exchange->events->excused |= GRAMMAR_BIT(GRAMMAR_FINISH);
        }
        if (run->world.memory->refused) {
            client_expect_another_close(exchange);
        }
        /* An end() from inside another one, of the program or of a pipe, which writes to a Duplex
         * that answers at once, and both come to their end: so it does in Node.js. */
        bool is_nested =
            exchange->ends_under_way > 0 || (exchange->is_ended_by_a_pipe && run->depth > 0);
        if (is_nested && !nh_outgoing_message_writable_ended(message)) {
            exchange->events->more_finishes++;
            exchange->finishes_again = true;
        } else if (exchange->finishes_again && call != NULL) {
            call->may_repeat = true; /* once for each 'finish', as in Node.js */
        }
        exchange->ends_under_way++;
        release(nh_outgoing_message_end(message, chunk, encoding, callback));
        exchange->ends_under_way--;
    } else {
        release(nh_outgoing_message_write(message, chunk, encoding, callback, NULL));
    }
    nh_value_release(&chunk);
    nh_value_release(&encoding);
    nh_value_release(&callback);
}

/* --- requests ----------------------------------------------------------------------------- */

static void change_header(struct client_run *run, nh_outgoing_message *message,
                          const struct fuzz_step *step) {
    nh_value name = nh_string_of_latin1(run->memory, step->bytes[1]);
    nh_value value = step->operation == CLIENT_REMOVE_HEADER
                         ? nh_undefined()
                         : nh_string_of_latin1(run->memory, step->bytes[2]);
    if (step->operation == CLIENT_SET_HEADER) {
        release(nh_outgoing_message_set_header(message, name, value));
    } else if (step->operation == CLIENT_APPEND_HEADER) {
        release(nh_outgoing_message_append_header(message, name, value));
    } else {
        release(nh_outgoing_message_remove_header(message, name));
    }
    nh_value_release(&name);
    nh_value_release(&value);
}

/* Fields in the letter of the request, like its body. */
static void add_trailers(struct client_run *run, nh_outgoing_message *message,
                         const struct fuzz_step *step) {
    unsigned k = step->numbers[0];
    nh_value name = body_of(run, k, 1 + step->numbers[1] % 8, true);
    nh_value value = body_of(run, k, step->numbers[1], true);
    nh_value trailers = nh_map_new(run->memory);
    if (nh_map_set_bytes(trailers, nh_value_bytes(name), value)) {
        release(nh_outgoing_message_add_trailers(message, trailers));
    }
    nh_value_release(&trailers);
    nh_value_release(&name);
    nh_value_release(&value);
}

static void destroy_request(struct client_run *run, struct client_exchange *exchange,
                            bool with_error) {
    nh_error *error =
        with_error ? nh_error_new(run->memory, "Error", NULL, "of the program") : NULL;
    nh_client_request_destroy(exchange->request, error);
    nh_error_release(error);
}

static void call_request(struct client_run *run, struct client_exchange *exchange,
                         const struct fuzz_step *step) {
    nh_client_request *request = exchange->request;
    nh_outgoing_message *message = nh_as_outgoing_message(request);
    switch (step->operation) {
    case CLIENT_END:
    case CLIENT_WRITE:
        send_body(run, exchange, step);
        break;
    case CLIENT_SET_HEADER:
    case CLIENT_APPEND_HEADER:
    case CLIENT_REMOVE_HEADER:
        change_header(run, message, step);
        break;
    case CLIENT_ADD_TRAILERS:
        add_trailers(run, message, step);
        break;
    case CLIENT_FLUSH_HEADERS:
        release(nh_outgoing_message_flush_headers(message));
        break;
    case CLIENT_CORK:
        nh_outgoing_message_cork(message);
        break;
    case CLIENT_UNCORK:
        nh_outgoing_message_uncork(message);
        break;
    case CLIENT_ABORT:
        if (!exchange->aborted) {
            exchange->aborted = true;
            exchange->aborted_at = run->iterations;
        }
        nh_client_request_abort(request);
        break;
    case CLIENT_DESTROY:
        destroy_request(run, exchange, (step->numbers[1] & 1u) != 0);
        break;
    case CLIENT_SET_TIMEOUT:
        release(
            nh_client_request_set_timeout(request, nh_number(step->numbers[1]), nh_undefined()));
        break;
    case CLIENT_SET_NO_DELAY:
        nh_client_request_set_no_delay(request, (step->numbers[1] & 1u) != 0);
        break;
    default: /* CLIENT_SET_SOCKET_KEEP_ALIVE */
        nh_client_request_set_socket_keep_alive(request, (step->numbers[1] & 1u) != 0,
                                                step->numbers[1]);
        break;
    }
}

/* --- responses ---------------------------------------------------------------------------- */

void client_note_pipe(struct client_exchange *exchange, struct client_exchange *target, bool ends) {
    target->is_foreign = true;
    /* Its end ends the request, however late. */
    target->events->excused |= GRAMMAR_BIT(GRAMMAR_FINISH);
    if (ends && nh_readable_is_ended(nh_as_stream(exchange->response))) {
        target->is_ended_by_a_pipe = true;
    } else if (ends) {
        exchange->ends |= UINT32_C(1) << (target - exchange->run->exchanges);
    }
}

static void pipe_response(struct client_run *run, struct client_exchange *exchange, unsigned into) {
    struct client_exchange *target = exchange_of(run, into);
    if (target->request == NULL || target == exchange) {
        return;
    }
    bool ends = (into & 0x80u) == 0;
    client_note_pipe(exchange, target, ends);
    release(
        nh_readable_pipe(nh_as_stream(exchange->response), nh_as_emitter(target->request), ends));
}

static void read_headers(nh_incoming_message *response) {
    nh_value values[] = {nh_incoming_message_headers(response),
                         nh_incoming_message_headers_distinct(response),
                         nh_incoming_message_raw_headers(response),
                         nh_incoming_message_trailers(response),
                         nh_incoming_message_trailers_distinct(response),
                         nh_incoming_message_raw_trailers(response)};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        nh_value_release(&values[i]);
    }
}

static void set_encoding(struct client_run *run, nh_stream *stream, unsigned which) {
    static const char *const encodings[] = {"utf8", "latin1", "hex", "base64", "utf16le", "nope"};
    nh_value encoding =
        nh_string_of(run->memory, encodings[which % (sizeof(encodings) / sizeof(encodings[0]))]);
    release(nh_readable_set_encoding(stream, encoding));
    nh_value_release(&encoding);
}

static void destroy_stream(struct client_run *run, nh_stream *stream, bool with_error) {
    nh_error *error =
        with_error ? nh_error_new(run->memory, "Error", NULL, "of the program") : NULL;
    struct grammar_object *events = grammar_find(&run->grammar, nh_as_emitter(stream));
    if (events != NULL && with_error) {
        events->failed_by_program = true;
    }
    nh_stream_destroy(stream, error);
    nh_error_release(error);
}

/* A response that is destroyed before its end destroys the socket, and waits for it: the error of
 * the socket becomes its own then, even if the message has come to its end in the meantime. So it
 * does in Node.js. */
static void destroy_response(struct client_run *run, struct client_exchange *exchange,
                             bool with_error) {
    struct grammar_object *events = exchange->res_events;
    if (events != NULL && !with_error && !events->failed_by_program && exchange->socket != NULL &&
        (events->seen & GRAMMAR_BIT(GRAMMAR_END)) == 0) {
        events->failed_by_program = true;
        exchange->fails_with_socket = true;
    }
    destroy_stream(run, nh_as_stream(exchange->response), with_error);
}

static void read_size(nh_stream *stream, unsigned size) {
    nh_value chunk = size == 0 ? nh_readable_read(stream) : nh_readable_read_size(stream, size);
    nh_value_release(&chunk);
}

static void call_response(struct client_run *run, struct client_exchange *exchange,
                          const struct fuzz_step *step) {
    nh_incoming_message *response = exchange->response;
    nh_stream *stream = nh_as_stream(response);
    switch (step->operation) {
    case CLIENT_RES_PAUSE:
        nh_readable_pause(stream);
        break;
    case CLIENT_RES_RESUME:
        nh_readable_resume(stream);
        break;
    case CLIENT_RES_READ:
        read_size(stream, step->numbers[1]);
        break;
    case CLIENT_RES_SET_ENCODING:
        set_encoding(run, stream, step->numbers[1]);
        break;
    case CLIENT_RES_DESTROY:
        destroy_response(run, exchange, (step->numbers[1] & 1u) != 0);
        break;
    case CLIENT_RES_PIPE:
        pipe_response(run, exchange, step->numbers[1]);
        break;
    case CLIENT_RES_UNPIPE:
        nh_readable_unpipe(stream, NULL);
        exchange->ends = 0;
        break;
    case CLIENT_RES_SET_TIMEOUT:
        release(
            nh_incoming_message_set_timeout(response, nh_number(step->numbers[1]), nh_undefined()));
        break;
    case CLIENT_RES_LISTEN:
        if (exchange->res_events != NULL) {
            grammar_listen(
                exchange->res_events,
                GRAMMAR_BIT((step->numbers[1] & 1u) != 0 ? GRAMMAR_READABLE : GRAMMAR_DATA));
        }
        break;
    default: /* CLIENT_RES_READ_HEADERS */
        read_headers(response);
        break;
    }
}

/* --- sockets ------------------------------------------------------------------------------ */

static nh_socket *as_socket(nh_stream *stream) {
    return nh_emitter_is_a(nh_as_emitter(stream), "Socket") ? (nh_socket *)(void *)stream : NULL;
}

static void call_socket(struct client_run *run, nh_stream *stream, const struct fuzz_step *step) {
    nh_socket *socket = as_socket(stream);
    unsigned how = step->numbers[1];
    switch (step->operation) {
    case CLIENT_SOCKET_DESTROY:
        destroy_stream(run, stream, (how & 1u) != 0);
        break;
    case CLIENT_SOCKET_END:
        release(nh_writable_end(stream, nh_undefined(), nh_undefined(), nh_undefined()));
        break;
    case CLIENT_SOCKET_RESET:
        if (socket != NULL) {
            struct grammar_object *events = grammar_find(&run->grammar, nh_as_emitter(stream));
            if (events != NULL) {
                /* Where RST cannot be sent, Node.js never emits 'close'. */
                events->not_to_close = true;
            }
            release(nh_socket_reset_and_destroy(socket));
        }
        break;
    case CLIENT_SOCKET_SET_TIMEOUT:
        if (socket != NULL) {
            release(nh_socket_set_timeout(socket, nh_number(how), nh_undefined()));
        }
        break;
    default: /* CLIENT_SOCKET_PAUSE */
        if (how % 4 == 0) {
            nh_readable_pause(stream);
        } else if (how % 4 == 1) {
            nh_readable_resume(stream);
        } else if (socket != NULL && how % 4 == 2) {
            nh_socket_unref(socket);
        } else if (socket != NULL) {
            nh_socket_ref(socket);
        }
        break;
    }
}

/* --- agents, signals, and what a listener does -------------------------------------------- */

static void set_agent_property(struct client_run *run, const struct fuzz_step *step) {
    static const nh_agent_property properties[] = {NH_AGENT_KEEP_ALIVE, NH_AGENT_KEEP_ALIVE_MSECS,
                                                   NH_AGENT_MAX_SOCKETS, NH_AGENT_MAX_TOTAL_SOCKETS,
                                                   NH_AGENT_MAX_FREE_SOCKETS};
    size_t index = step->numbers[0] % CLIENT_AGENTS;
    nh_agent *agent = client_agent(run, index);
    nh_agent_property property =
        properties[step->numbers[1] % (sizeof(properties) / sizeof(properties[0]))];
    if (agent == NULL) {
        return;
    }
    bool is_flag = property == NH_AGENT_KEEP_ALIVE;
    nh_agent_set(agent, property,
                 is_flag ? nh_boolean((step->numbers[2] & 1u) != 0) : nh_number(step->numbers[2]));
    if (!is_flag && property != NH_AGENT_KEEP_ALIVE_MSECS) {
        run->books[index].limits_changed = true;
        client_note_limits(run, index);
    }
}

static void destroy_agent(struct client_run *run, unsigned which) {
    nh_agent *agent = run->agents[which % CLIENT_AGENTS];
    if (agent != NULL) {
        nh_agent_destroy(agent);
    }
}

static void abort_signal(struct client_run *run, unsigned which) {
    nh_abort_controller *controller = client_controller(run, which % CLIENT_CONTROLLERS);
    if (controller != NULL) {
        nh_abort_controller_abort(controller, nh_undefined());
    }
}

/* The operations that follow are taken out of the script and kept. */
static void keep_when(struct client_run *run, const struct fuzz_step *step,
                      struct fuzz_input *following) {
    unsigned count = 1 + step->numbers[2] % 8;
    struct client_when when = {.event = (enum client_event)(step->numbers[0] % CLIENT_EVENTS),
                               .exchange = step->numbers[1] % CLIENT_REQUESTS,
                               .operations = *following,
                               .count = count};
    struct fuzz_step skipped;
    while (count-- > 0 && fuzz_script_next(&fuzz_script_format, following, &skipped)) {
    }
    if (run->when_count < CLIENT_WHENS) {
        run->whens[run->when_count++] = when;
    }
}

static void throw_error(struct client_run *run) {
    if (run->depth > 0) {
        nh_error *error = nh_error_new(run->memory, "Error", NULL, "thrown by the program");
        nh_loop_throw(run->loop, error);
        nh_error_release(error);
    }
}

/* --- options and the server --------------------------------------------------------------- */

static void set_option(struct client_run *run, const struct fuzz_step *step) {
    size_t count = run->next.header_count;
    switch (step->operation) {
    case CLIENT_OPTION_HEADER:
        if (count < CLIENT_OPTION_HEADERS) {
            run->next.header_names[count] = step->bytes[0];
            run->next.header_values[count] = step->bytes[1];
            run->next.header_count++;
        }
        break;
    case CLIENT_OPTION_SOURCE:
        run->next.source = step->numbers[0];
        break;
    case CLIENT_OPTION_FLAGS:
        run->next.flags = step->numbers[0];
        break;
    case CLIENT_OPTION_TIMEOUT:
        run->next.timeout = step->numbers[0];
        run->next.has_timeout = true;
        break;
    case CLIENT_OPTION_SIGNAL:
        run->next.signal = (int)(step->numbers[0] % (2 * CLIENT_CONTROLLERS));
        break;
    case CLIENT_OPTION_MAX_HEADER_SIZE:
        run->next.max_header_size = step->numbers[0];
        run->next.has_max_header_size = true;
        break;
    default: /* CLIENT_OPTION_PATH */
        run->next.path = step->bytes[0];
        break;
    }
}

static void flood(struct client_run *run, struct client_connection *connection, unsigned length) {
    static uint8_t bytes[65536];
    if (bytes[0] == 0) {
        memset(bytes, 'x', sizeof(bytes));
    }
    client_server_send(connection, nh_bytes_of(bytes, body_length(run, length)));
}

static void call_server(struct client_run *run, const struct fuzz_step *step) {
    struct client_connection *connection = connection_of(run, step->numbers[0]);
    if (connection == NULL) {
        return;
    }
    switch (step->operation) {
    case CLIENT_SEND:
        client_server_send(connection, step->bytes[1]);
        break;
    case CLIENT_FLOOD:
        flood(run, connection, step->numbers[1]);
        break;
    case CLIENT_FINISH:
        client_server_finish(connection);
        break;
    case CLIENT_RESET:
        client_server_reset(connection);
        break;
    case CLIENT_CLOSE:
        client_server_close(connection);
        break;
    case CLIENT_STOP_READING:
        client_server_set_reading(connection, false);
        break;
    default: /* CLIENT_START_READING */
        client_server_set_reading(connection, true);
        break;
    }
}

static void call_world(struct client_run *run, const struct fuzz_step *step) {
    switch (step->operation) {
    case CLIENT_AGENT_DESTROY:
        destroy_agent(run, step->numbers[0]);
        break;
    case CLIENT_AGENT_SET:
        set_agent_property(run, step);
        break;
    case CLIENT_SIGNAL_ABORT:
        abort_signal(run, step->numbers[0]);
        break;
    case CLIENT_THROW:
        throw_error(run);
        break;
    case CLIENT_ANSWER:
        if (run->answer_count < CLIENT_ANSWERS) {
            run->answers[run->answer_count++] =
                (struct client_answer){step->numbers[0] % 4, step->bytes[1]};
        }
        break;
    case CLIENT_ACCEPT:
        run->accept_policy = step->numbers[0] % 4;
        break;
    case CLIENT_SHAPE:
        client_shape(run, step->numbers[0], step->numbers[1], step->numbers[2]);
        break;
    case CLIENT_ROUTE:
        client_route(run, step->numbers[0], step->numbers[1]);
        break;
    case CLIENT_LOOKUP:
        client_lookup(run, step->numbers[0], step->numbers[1]);
        break;
    case CLIENT_FAULT:
        client_fault(run, step->numbers[0], step->numbers[1], step->numbers[2]);
        break;
    default: /* time does not go on in a listener */
        break;
    }
}

/* Calls of an object that is there, and stays at least until they return. */
static void call_object(struct client_run *run, const struct fuzz_step *step) {
    struct client_exchange *exchange = exchange_of(run, step->numbers[0]);
    size_t operation = step->operation;
    if (exchange == NULL) {
        return;
    }
    nh_emitter *object = operation <= CLIENT_SET_SOCKET_KEEP_ALIVE
                             ? nh_as_emitter(exchange->request)
                         : operation <= CLIENT_RES_READ_HEADERS ? nh_as_emitter(exchange->response)
                                                                : nh_as_emitter(exchange->socket);
    if (object == NULL) {
        return;
    }
    (void)nh_emitter_retain(object);
    if (operation <= CLIENT_SET_SOCKET_KEEP_ALIVE) {
        call_request(run, exchange, step);
    } else if (operation <= CLIENT_RES_READ_HEADERS) {
        call_response(run, exchange, step);
    } else {
        call_socket(run, nh_as_stream(object), step);
    }
    nh_emitter_release(object);
}

void client_perform(struct client_run *run, const struct fuzz_step *step,
                    struct fuzz_input *following) {
    size_t operation = step->operation;
    if (operation >= CLIENT_OPTION_CONNECT) {
        client_perform_unusual(run, step);
    } else if (operation >= CLIENT_OPTION_ODD) {
        client_perform_odd(run, step);
    } else if (operation == CLIENT_WHEN) {
        keep_when(run, step, following);
    } else if (operation < CLIENT_REQUEST) {
        set_option(run, step);
    } else if (operation == CLIENT_REQUEST) {
        client_start_request(run, step->numbers[0], step->numbers[1], step->numbers[2]);
    } else if (operation <= CLIENT_SOCKET_PAUSE) {
        call_object(run, step);
    } else if (operation >= CLIENT_SEND && operation <= CLIENT_START_READING) {
        call_server(run, step);
    } else {
        call_world(run, step);
    }
}
