/* Calls with unusual values, what objects tell about themselves, and a connection that the program
 * brings. */
#include "session/server_run.h"

#include "support/check.h"

static nh_memory *memory_of(const struct server_run *run) {
    return &run->world.memory->memory;
}

/* A value of any type. */
static nh_value value_of(const struct server_run *run, unsigned choice, unsigned number) {
    switch (choice % 12) {
    case 0:
        return nh_undefined();
    case 1:
        return nh_null();
    case 2:
        return nh_boolean(number % 2 != 0);
    case 3:
        return nh_number(-1.0 - number);
    case 4:
        return nh_number(number + 0.5);
    case 5:
        return nh_string_of(memory_of(run), "text");
    case 6:
        return nh_buffer_of(memory_of(run), nh_bytes_of("bytes", 5));
    case 7:
        return nh_list_new(memory_of(run));
    case 8:
        return nh_map_new(memory_of(run));
    case 9:
        return nh_string_of(memory_of(run), "");
    default:
        return nh_number(number);
    }
}

nh_value server_run_value(const struct server_run *run, unsigned choice, unsigned number) {
    return value_of(run, choice, number);
}

static nh_value text_of(const struct server_run *run, nh_bytes bytes) {
    return nh_string_of_latin1(memory_of(run), bytes);
}

static void give_up(const struct grammar_object *object) {
    const struct server_exchange *exchange = object->data;
    if (exchange != NULL) {
        server_run_give_up(exchange);
    }
}

/* --- responses ------------------------------------------------------------------------------ */

/* write() and end() in all their forms: encodings, callbacks in each place, values that are no
 * chunks. */
static nh_error *write_as(struct server_run *run, const struct fuzz_step *step,
                          const struct grammar_object *object) {
    nh_outgoing_message *message = nh_as_outgoing_message(object->object);
    static const char *const encodings[] = {"utf8",    "latin1", "hex",     "base64",
                                            "utf16le", "ascii",  "unknown", "base64url"};
    unsigned form = step->numbers[2];
    nh_bytes bytes = step->bytes[3];
    nh_value chunk = form % 8 == 7 ? value_of(run, form / 8, form) : text_of(run, bytes);
    nh_value encoding = nh_string_of(memory_of(run), encodings[step->numbers[1] % 8]);
    nh_value done = grammar_callback(run->grammar, "a write", GRAMMAR_AT_MOST_ONCE, NULL);
    nh_value none = nh_undefined();
    nh_error *error = NULL;
    run->written += 8 * bytes.length;
    unsigned encoding_number = step->numbers[1] % 8;
    if (encoding_number == 2 || encoding_number == 3 || encoding_number >= 6) {
        /* What isn't hexadecimal or base64 counts in the length, but isn't sent; an unknown
         * encoding is refused when the size of the chunk was sent. Here and in Node.js. */
        give_up(object);
    }
    switch (form % 8) {
    case 0:
        error = nh_outgoing_message_write_bytes(message, bytes, NULL);
        break;
    case 1:
        error = nh_outgoing_message_end_bytes(message, bytes);
        break;
    case 2:
        error = nh_outgoing_message_end(message, done, none, none);
        break;
    case 3:
        error = nh_outgoing_message_end(message, chunk, done, none);
        break;
    case 4:
        error = nh_outgoing_message_write(message, chunk, done, none, NULL);
        break;
    case 5:
        error = nh_outgoing_message_end(message, chunk, encoding, done);
        break;
    default:
        error = nh_outgoing_message_write(message, chunk, encoding, done, NULL);
        break;
    }
    nh_value_release(&chunk);
    nh_value_release(&encoding);
    nh_value_release(&done);
    return error;
}

static void check_names(struct server_run *run, nh_outgoing_message *message) {
    nh_value names = nh_outgoing_message_get_header_names(message);
    nh_value raw_names = nh_outgoing_message_get_raw_header_names(message);
    nh_value headers = nh_outgoing_message_get_headers(message);
    if (!run->world.memory->refused) {
        size_t count = nh_list_length(names);
        FUZZ_CHECK(nh_list_length(raw_names) == count && nh_map_length(headers) == count,
                   "%zu names, %zu raw ones, %zu headers", count, nh_list_length(raw_names),
                   nh_map_length(headers));
        for (size_t i = 0; i < count; i++) {
            bool has = false;
            nh_error *error =
                nh_outgoing_message_has_header(message, nh_list_get(raw_names, i), &has);
            FUZZ_CHECK(error == NULL && has, "a header by its name isn't there");
        }
    }
    nh_value_release(&names);
    nh_value_release(&raw_names);
    nh_value_release(&headers);
}

static void inspect(struct server_run *run, const struct grammar_object *object) {
    nh_outgoing_message *message = nh_as_outgoing_message(object->object);
    nh_server_response *response = (nh_server_response *)(void *)object->object;
    const struct server_exchange *exchange = object->data;
    bool ended = nh_outgoing_message_writable_ended(message);
    FUZZ_CHECK(ended == nh_outgoing_message_is_finished(message), "ended and finished differ");
    FUZZ_CHECK(!nh_outgoing_message_writable_finished(message) || ended, "finished, not ended");
    FUZZ_CHECK(!nh_outgoing_message_is_closed(message) || nh_outgoing_message_is_destroyed(message),
               "closed, not destroyed");
    FUZZ_CHECK(nh_outgoing_message_socket(message) == nh_outgoing_message_connection(message),
               "socket and connection differ");
    FUZZ_CHECK(nh_outgoing_message_output_size(message) >= 0 &&
                   nh_outgoing_message_output_size(message) <=
                       nh_outgoing_message_writable_length(message),
               "more waits than there is");
    const void *request = nh_server_response_request(response);
    FUZZ_CHECK(request == NULL || exchange == NULL || exchange->request == NULL ||
                   exchange->request->object == NULL || request == exchange->request->object,
               "the request of a response is another one");
    nh_value status = nh_server_response_status_code(response);
    nh_value text = nh_server_response_status_message(response);
    nh_value_release(&status);
    nh_value_release(&text);
    check_names(run, message);
}

static nh_error *hints(struct server_run *run, const struct fuzz_step *step,
                       struct grammar_object *object) {
    unsigned form = step->numbers[1];
    if (server_run_has_line_end(step->bytes[2]) || server_run_has_line_end(step->bytes[3])) {
        return NULL;
    }
    nh_value given = form % 8 == 7 ? value_of(run, form / 8, form) : nh_map_new(memory_of(run));
    if (form % 8 != 7) {
        nh_value link = text_of(run, step->bytes[2]);
        nh_value other = text_of(run, step->bytes[3]);
        if (form % 4 == 0) {
            (void)nh_map_set(given, "link", link);
        } else {
            nh_value list = nh_list_new(memory_of(run));
            (void)nh_list_append(list, link);
            if (form % 4 >= 2) {
                (void)nh_list_append(list, link);
            }
            if (form % 4 == 3) {
                (void)nh_list_append(list, other);
            }
            (void)nh_map_set_take(given, "link", list);
        }
        if (form / 8 % 2 != 0) {
            (void)nh_map_set(given, "x-hint", other);
            give_up(object); /* these aren't checked, here and in Node.js */
        }
        nh_value_release(&link);
        nh_value_release(&other);
    }
    if (object->data != NULL) {
        server_run_note_early_head(object->data);
    }
    nh_error *error = nh_server_response_write_early_hints(
        (nh_server_response *)(void *)object->object, given, nh_undefined());
    nh_value_release(&given);
    return error;
}

/* writeHead() with what no program means: lists of odd length, empty names, phrases that are no
 * text. */
static nh_error *head_of(struct server_run *run, const struct fuzz_step *step,
                         struct grammar_object *object) {
    unsigned form = step->numbers[1];
    nh_memory *memory = memory_of(run);
    nh_value name = text_of(run, step->bytes[2]);
    nh_value value = text_of(run, step->bytes[3]);
    nh_value headers = form % 2 == 0 ? nh_list_new(memory) : nh_map_new(memory);
    give_up(object);
    server_run_note_header(object->data, step->bytes[2], step->bytes[3]);
    if (form % 2 == 0) {
        (void)nh_list_append(headers, name);
        (void)nh_list_append(headers, value);
        if (form / 2 % 4 == 1) {
            (void)nh_list_append(headers, name);
        } else if (form / 2 % 4 == 2) {
            (void)nh_list_append_take(headers, nh_string_of(memory, ""));
            (void)nh_list_append(headers, value);
        }
    } else {
        (void)nh_map_set_bytes(headers, step->bytes[2], value);
        (void)nh_map_set(headers, "", value);
    }
    nh_value reason = form >= 128 ? value_of(run, form / 8, form) : nh_undefined();
    nh_value status = form >= 192 ? value_of(run, form / 4, form) : nh_number(200);
    nh_server_response *response = (nh_server_response *)(void *)object->object;
    if (form / 8 % 2 != 0) {
        nh_server_response_set_status_message(response, reason);
    }
    nh_error *error = nh_server_response_write_head(
        response, status, form / 8 % 2 != 0 ? nh_undefined() : reason, headers);
    nh_value_release(&reason);
    nh_value_release(&status);
    nh_value_release(&headers);
    nh_value_release(&name);
    nh_value_release(&value);
    return error;
}

/* A socket that has a response refuses another one. */
static nh_error *assign(struct server_run *run, struct grammar_object *object) {
    nh_stream *socket = nh_outgoing_message_socket(nh_as_outgoing_message(object->object));
    if (socket == NULL) {
        return NULL;
    }
    nh_error *error =
        nh_server_response_assign_socket((nh_server_response *)(void *)object->object, socket);
    FUZZ_CHECK(error != NULL || run->world.memory->refused, "two responses on a socket");
    return error;
}

static nh_error *call_response(struct server_run *run, const struct fuzz_step *step,
                               struct grammar_object *object) {
    switch (step->operation) {
    case SERVER_RESPONSE_WRITE_AS:
        return write_as(run, step, object);
    case SERVER_RESPONSE_INSPECT:
        inspect(run, object);
        return NULL;
    case SERVER_RESPONSE_HINTS:
        return hints(run, step, object);
    case SERVER_RESPONSE_HEAD_OF:
        return head_of(run, step, object);
    case SERVER_RESPONSE_ASSIGN:
        return assign(run, object);
    default: {
        nh_value encoding = nh_string_of(memory_of(run), "hex");
        nh_error *error = nh_readable_set_encoding(nh_as_stream(object->object), encoding);
        nh_value_release(&encoding);
        return error;
    }
    }
}

/* --- servers -------------------------------------------------------------------------------- */

static const char *const names[] = {
    "maxHeaderSize",
    "insecureHTTPParser",
    "requestTimeout",
    "headersTimeout",
    "keepAliveTimeout",
    "connectionsCheckingInterval",
    "requireHostHeader",
    "joinDuplicateHeaders",
    "rejectNonStandardBodyWrites",
    "highWaterMark",
    "uniqueHeaders",
    "keepAliveInitialDelay",
    "noDelay",
    "keepAlive",
    "pauseOnConnect",
    "allowHalfOpen",
    "timeout",
    "maxHeadersCount",
    "maxRequestsPerSocket",
    "httpAllowHalfOpen",
    "noSuchProperty",
};
#define NAMES (sizeof(names) / sizeof(names[0]))
#define FIRST_PROPERTY 12 /* the ones before are options that are read once */

/* What a property was set to is what it is. */
static void set(struct server_run *run, const struct fuzz_step *step) {
    const char *name = names[FIRST_PROPERTY + step->numbers[0] % (NAMES - FIRST_PROPERTY)];
    nh_value value = value_of(run, step->numbers[1], step->numbers[2]);
    bool known = nh_server_set_property(run->server, name, value);
    nh_value now = nh_server_property(run->server, name);
    FUZZ_CHECK(known ? now.type == value.type : now.type == NH_UNDEFINED,
               "%s is not what it was set to", name);
    nh_value_release(&now);
    nh_value_release(&value);
}

/* Another server, which hears of nothing. */
static nh_error *make_server(struct server_run *run, const struct fuzz_step *step) {
    unsigned choice = step->numbers[0];
    nh_value value = value_of(run, step->numbers[1], step->numbers[2]);
    nh_value options;
    if (choice % 64 >= NAMES) {
        options = nh_value_retain(value);
    } else {
        options = nh_map_new(memory_of(run));
        (void)nh_map_set(options, names[choice % 64], value);
        if (choice >= 128) {
            (void)nh_map_set(options, "requestTimeout", nh_number(step->numbers[2]));
        }
    }
    nh_value listener = grammar_callback(run->grammar, "a listener", GRAMMAR_AT_MOST_ONCE, NULL);
    nh_server *server = NULL;
    nh_error *error = choice / 64 % 2 == 0
                          ? nh_server_new(run->world.loop, options, listener, &server)
                          : nh_server_new(run->world.loop, listener, nh_undefined(), &server);
    FUZZ_CHECK((error == NULL) == (server != NULL), "a server and an error, or neither");
    if (server != NULL) {
        nh_emitter_release(nh_as_emitter(server));
    }
    nh_value_release(&listener);
    nh_value_release(&options);
    nh_value_release(&value);
    return error;
}

static void dispose(struct server_run *run) {
    nh_value settled = grammar_callback(run->grammar, "server.asyncDispose()", GRAMMAR_ONCE, NULL);
    run->server_closes++;
    if (settled.type == NH_FUNCTION) {
        nh_server_async_dispose(run->server, settled);
    }
    nh_value_release(&settled);
}

/* --- a connection of the program's ---------------------------------------------------------- */

static void read_nothing(nh_stream *stream, size_t size, void *data) {
    (void)stream;
    (void)size;
    (void)data;
}

static void forget_write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    (void)data;
    (void)chunk;
    nh_stream_write_done(stream, NULL);
}

static void keep_writing(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    (void)stream;
    (void)chunk;
    (void)data;
}

const nh_stream_operations server_run_taking = {.read = read_nothing, .write = forget_write};
static const nh_stream_operations stalling = {.read = read_nothing, .write = keep_writing};

/* Emits 'connection' with a Duplex, or with something that is none. */
static void adopt(struct server_run *run, unsigned how) {
    if (run->server_closed > 0) {
        return; /* a server that has closed gets no connection */
    }
    nh_value value = nh_undefined();
    if (how % 8 == 7) {
        value = value_of(run, how / 8, how);
    } else if (run->adopted == NULL) {
        run->stalls = how % 2 != 0;
        run->adopted = nh_duplex_new(run->world.loop, NULL,
                                     how % 2 == 0 ? &server_run_taking : &stalling, NULL);
    }
    if (how % 8 != 7) {
        if (run->adopted == NULL || nh_stream_is_destroyed(run->adopted)) {
            return;
        }
        value = nh_value_of_object(nh_as_emitter(run->adopted));
    }
    run->copies++;
    (void)nh_emitter_emit_value(nh_as_emitter(run->server), "connection", value);
    nh_value_release(&value);
}

void server_run_drop_adopted(struct server_run *run) {
    if (run->adopted != NULL) {
        nh_emitter_release(nh_as_emitter(run->adopted));
        run->adopted = NULL;
    }
}

/* --- one operation -------------------------------------------------------------------------- */

static nh_error *call_world(struct server_run *run, const struct fuzz_step *step) {
    switch (step->operation) {
    case SERVER_SET:
        set(run, step);
        return NULL;
    case SERVER_NEW:
        return make_server(run, step);
    case SERVER_DISPOSE:
        dispose(run);
        return NULL;
    case SERVER_ADOPT:
        adopt(run, step->numbers[0]);
        return NULL;
    default:
        if (run->adopted != NULL && !nh_stream_is_destroyed(run->adopted)) {
            run->pushed += step->bytes[0].length;
            (void)nh_readable_push_bytes(run->adopted, step->bytes[0]);
        }
        return NULL;
    }
}

void server_run_call_with_value(struct server_run *run, const struct fuzz_step *step) {
    nh_error *error = NULL;
    if (step->operation >= SERVER_SET_TEXT) {
        server_run_call_unusual(run, step);
    } else if (step->operation >= SERVER_SET) {
        error = call_world(run, step);
    } else {
        enum grammar_kind kind =
            step->operation == SERVER_SOCKET_ENCODING ? GRAMMAR_SOCKET : GRAMMAR_RESPONSE;
        struct grammar_object *object = server_run_pick(run, kind, step->numbers[0]);
        if (object != NULL) {
            nh_emitter *held = nh_emitter_retain(object->object);
            error = call_response(run, step, object);
            nh_emitter_release(held);
        }
    }
    nh_error_release(error);
}
