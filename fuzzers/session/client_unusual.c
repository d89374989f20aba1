/* Calls that hardly a program makes: createConnection() that gives something else than a stream,
 * properties and options of other types, pipelines, streams that are freed while a signal aborts.
 */
#include "session/client_run.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void ignore(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    (void)data;
}

/* --- connections -------------------------------------------------------------------------- */

/* A createConnection(): what it does, and the value it does it with. */
struct creator {
    struct client_run *run;
    unsigned how;
    unsigned which;
};

static void free_creator(void *data) {
    struct creator *creator = data;
    nh_memory_free(creator->run->memory, creator);
}

static void call_back(nh_value callback, nh_value error, nh_value stream) {
    const nh_value arguments[] = {error, stream};
    if (callback.type == NH_FUNCTION) {
        nh_function_invoke(callback, arguments, 2, NULL);
    }
}

static void create(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    const struct creator *creator = data;
    struct client_run *run = creator->run;
    unsigned how = creator->how % 5;
    nh_value callback = count > 1 ? nh_value_retain(arguments[1]) : nh_undefined();
    nh_value value = client_odd_value(run, creator->which);
    if (value.type == NH_INVALID) {
        value = nh_undefined();
    }
    if (how == 1) {
        call_back(callback, value, nh_undefined());
    } else if (how == 2) {
        call_back(callback, nh_null(), value);
    } else if (how >= 3) {
        nh_stream *duplex = client_server_duplex(run);
        nh_value stream =
            duplex != NULL ? nh_value_of_object_take(nh_as_emitter(duplex)) : nh_undefined();
        call_back(callback, nh_null(), stream);
        nh_value_release(&stream);
        if (how == 3) {
            call_back(callback, nh_null(), value); /* once more */
        }
    }
    if (how == 0 || how == 4) {
        *out_result = value;
    } else {
        nh_value_release(&value);
    }
    nh_value_release(&callback);
}

static nh_value new_creator(struct client_run *run, unsigned how, unsigned which) {
    struct creator *creator = nh_memory_allocate(run->memory, sizeof(*creator));
    if (creator == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    *creator = (struct creator){run, how, which};
    nh_value function =
        nh_function_new(run->memory, "createConnection", create, creator, free_creator);
    if (function.type != NH_FUNCTION) {
        free_creator(creator);
    }
    /* Requests may wait for a connection for ever, or fail in the middle of their way. */
    run->grammar.promises_nothing = true;
    return function;
}

/* --- requests ----------------------------------------------------------------------------- */

bool client_set_unusual_options(struct client_run *run, nh_value options) {
    static const char *const names[] = {"host", "port",         "defaultPort", "protocol",
                                        "auth", "localAddress", "setHost",     "maxHeaderSize"};
    bool ok = true;
    if (run->next.has_text) {
        ok = nh_map_set_take(options, names[run->next.text_option % LENGTH(names)],
                             nh_string_of_latin1(run->memory, run->next.text));
    }
    if (run->next.has_connect) {
        ok = nh_map_set_take(options, "createConnection",
                             new_creator(run, run->next.connect[0], run->next.connect[1])) &&
             ok;
    }
    if (run->next.has_unique) {
        nh_value list = nh_list_new(run->memory);
        ok = nh_list_append_take(list, client_odd_value(run, run->next.unique)) && ok;
        ok = nh_map_set_take(options, "uniqueHeaders", list) && ok;
    }
    return ok;
}

/* The URL that names the next request: a text, or a URL that the program has changed. */
static nh_value url_of(struct client_run *run, unsigned how, unsigned port) {
    const char letter[] = {client_letter(run->exchange_count), '\0'};
    /* A path that ends with half of a surrogate pair, as texts of JavaScript may. */
    nh_value text = nh_string_format(run->memory, "http://127.0.0.1:8080/%s%s", letter,
                                     how / 4 % 2 != 0 ? "\xED\xA0\xBD" : "");
    if (how % 2 == 0) {
        return text;
    }
    nh_value url = nh_undefined();
    nh_error_release(nh_url_new(run->memory, text, &url));
    if (port != 0 && url.type == NH_MAP) {
        (void)nh_map_set_take(url, "port", client_odd_value(run, port));
    }
    nh_value_release(&text);
    return url;
}

/* http.get(url), http.get(url, callback): nothing but a URL. */
static void request_of_url(struct client_run *run, unsigned how, unsigned port) {
    if (run->exchange_count == CLIENT_REQUESTS || client_agent(run, 2) == NULL) {
        return;
    }
    client_server_open(run, CLIENT_ORIGIN_FIRST);
    struct client_exchange *exchange = &run->exchanges[run->exchange_count];
    *exchange = (struct client_exchange){.run = run, .listeners = 1, .agent = 2};
    exchange->has_connection_to_come = how % 2 == 0 || port == 0;
    nh_value url = url_of(run, how, port);
    nh_value callback = nh_undefined();
    if (how / 2 % 2 != 0) {
        callback = grammar_callback(&run->grammar, "http.get()", GRAMMAR_AT_MOST_ONCE, NULL);
    }
    run->exchange_count++;
    nh_error *error = nh_http_get(run->loop, url, callback, nh_undefined(), &exchange->request);
    FUZZ_CHECK((error == NULL) == (exchange->request != NULL), "a request or an error");
    nh_error_release(error);
    exchange->was_made = exchange->request != NULL;
    nh_value_release(&callback);
    nh_value_release(&url);
    if (exchange->request != NULL) {
        client_watch_request(exchange);
    }
}

/* stream.pipeline(response, other request), which gives both up when one fails. */
static void pipeline(struct client_run *run, struct client_exchange *exchange,
                     struct client_exchange *target) {
    if (exchange->response == NULL || target->request == NULL || target->events == NULL ||
        target == exchange) {
        return;
    }
    client_note_pipe(exchange, target, true);
    target->may_abort = true;
    exchange->may_abort = true;
    run->grammar.promises_nothing = true;
    nh_emitter *const streams[] = {nh_as_emitter(exchange->response),
                                   nh_as_emitter(target->request)};
    nh_value done = grammar_callback(&run->grammar, "a pipeline", GRAMMAR_AT_MOST_ONCE, NULL);
    nh_error_release(nh_stream_pipeline(streams, 2, done));
    nh_value_release(&done);
}

/* Calls that a request takes for being an OutgoingMessage, or a stream. */
static void call_request(struct client_run *run, struct client_exchange *exchange,
                         const struct fuzz_step *step) {
    nh_emitter *object = nh_as_emitter(exchange->request);
    nh_value value = client_odd_value(run, step->numbers[2]);
    nh_value callback = nh_undefined();
    switch (step->numbers[1] % 3) {
    case 0:
        nh_error_release(
            nh_outgoing_message_set_timeout(nh_as_outgoing_message(object), value, nh_undefined()));
        break;
    case 1:
        callback = grammar_callback(&run->grammar, "finished()", GRAMMAR_AT_MOST_ONCE, NULL);
        nh_error_release(nh_stream_finished(object, NULL, callback, NULL));
        break;
    default: {
        nh_abort_signal *signal = client_signal(run, step->numbers[2] % (2 * CLIENT_CONTROLLERS));
        if (signal != NULL) {
            exchange->events->failed_by_program = true;
            nh_value_release(&value);
            value = nh_value_of_object(nh_as_emitter(signal));
            nh_error_release(nh_stream_add_signal(nh_as_stream(object), value));
        }
        break;
    }
    }
    nh_value_release(&callback);
    nh_value_release(&value);
}

/* --- agents ------------------------------------------------------------------------------- */

/* An agent that nothing uses. */
static void make_agent(struct client_run *run, unsigned which, unsigned value) {
    static const char *const names[] = {"scheduling",     "maxTotalSockets", "maxSockets",
                                        "maxFreeSockets", "keepAlive",       "keepAliveMsecs",
                                        "timeout"};
    nh_value options = nh_map_new(run->memory);
    nh_agent *agent = NULL;
    (void)nh_map_set_take(options, names[which % LENGTH(names)], client_odd_value(run, value));
    nh_error *error = nh_agent_new(run->loop, options, &agent);
    FUZZ_CHECK((error == NULL) == (agent != NULL), "an agent or an error");
    nh_error_release(error);
    nh_emitter_release(nh_as_emitter(agent));
    nh_value_release(&options);
}

static void set_limit(struct client_run *run, size_t index, unsigned value) {
    static const nh_agent_property limits[] = {NH_AGENT_MAX_SOCKETS, NH_AGENT_MAX_TOTAL_SOCKETS,
                                               NH_AGENT_MAX_FREE_SOCKETS};
    nh_value limit = client_odd_value(run, value);
    nh_agent_set(run->agents[index], limits[value / CLIENT_ODD_VALUES % LENGTH(limits)], limit);
    run->books[index].limits_changed = true;
    run->books[index].limits_are_odd = true;
    nh_value_release(&limit);
}

static void get_name(struct client_run *run, nh_agent *agent, unsigned value) {
    nh_value name = nh_undefined();
    nh_value options = nh_null();
    if (value % 4 != 0) {
        options = nh_map_new(run->memory);
        (void)nh_map_set_take(options, "family", nh_number(2 + 2 * (value % 4)));
    }
    nh_error_release(nh_agent_get_name(agent, options, &name));
    nh_value_release(&name);
    nh_value_release(&options);
}

/* Without a global agent a request that names none cannot be made. */
static void lose_global_agent(struct client_run *run, unsigned value) {
    nh_value before = nh_http_global_agent(run->loop);
    nh_value options = nh_map_new(run->memory);
    nh_client_request *request = NULL;
    if (before.type != NH_INVALID &&
        nh_http_set_global_agent(run->loop, value % 2 == 0 ? nh_null() : nh_undefined())) {
        nh_error *error =
            nh_http_request(run->loop, options, nh_undefined(), nh_undefined(), &request);
        FUZZ_CHECK(error != NULL && request == NULL, "a request without an agent");
        nh_error_release(error);
        (void)nh_http_set_global_agent(run->loop, before);
    }
    nh_value_release(&options);
    nh_value_release(&before);
}

static void call_agent(struct client_run *run, const struct fuzz_step *step) {
    size_t index = step->numbers[0] % CLIENT_AGENTS;
    unsigned value = step->numbers[2];
    nh_agent *agent = client_agent(run, index);
    if (agent == NULL) {
        return;
    }
    nh_value odd;
    switch (step->numbers[1] % 6) {
    case 0:
        (void)nh_emitter_on(nh_as_emitter(agent), value % 4 == 0 ? "other" : "keylog", ignore,
                            NULL);
        break;
    case 1:
        odd = client_odd_value(run, value);
        (void)nh_emitter_emit_value(nh_as_emitter(agent), "free", odd);
        nh_value_release(&odd);
        break;
    case 2:
        set_limit(run, index, value);
        break;
    case 3:
        get_name(run, agent, value);
        break;
    case 4:
        odd = new_creator(run, value / CLIENT_ODD_VALUES, value);
        run->books[index].connections_may_not_come = true;
        nh_agent_replace(agent, NH_AGENT_CREATE_CONNECTION, odd);
        nh_value_release(&odd);
        break;
    default:
        lose_global_agent(run, value);
        break;
    }
}

/* --- signals ------------------------------------------------------------------------------ */

static void read_nothing(nh_stream *stream, size_t size, void *data) {
    (void)stream;
    (void)size;
    (void)data;
}

/* The second stream of a pair goes with the first, from inside of its destroy(). */
struct pair {
    nh_memory *memory;
    nh_stream *second; /* owned */
};

static void let_second_go(nh_stream *stream, nh_error *error, void *data) {
    struct pair *pair = data;
    nh_emitter_release(nh_as_emitter(pair->second));
    pair->second = NULL;
    nh_stream_destroy_done(stream, error);
}

static void free_pair(void *data) {
    struct pair *pair = data;
    nh_emitter_release(nh_as_emitter(pair->second));
    nh_memory_free(pair->memory, pair);
}

static void make_pair(struct client_run *run, nh_value signal) {
    static const nh_stream_operations first = {
        .read = read_nothing, .destroy = let_second_go, .release = free_pair};
    static const nh_stream_operations second = {.read = read_nothing};
    struct pair *pair = nh_memory_allocate(run->memory, sizeof(*pair));
    if (pair == NULL) {
        return;
    }
    *pair = (struct pair){run->memory, NULL};
    run->pair = nh_readable_new(run->loop, NULL, &first, pair);
    if (run->pair == NULL) {
        nh_memory_free(run->memory, pair);
        return;
    }
    (void)nh_emitter_on(nh_as_emitter(run->pair), "error", ignore, NULL);
    pair->second = nh_readable_new(run->loop, NULL, &second, NULL);
    nh_error_release(nh_stream_add_signal(run->pair, signal));
    if (pair->second != NULL) {
        (void)nh_emitter_on(nh_as_emitter(pair->second), "error", ignore, NULL);
        nh_error_release(nh_stream_add_signal(pair->second, signal));
    }
}

/* Its timer is still there when the loop goes. */
static void make_far_signal(struct client_run *run, nh_abort_signal **place) {
    nh_abort_signal *signal = NULL;
    nh_error_release(nh_abort_signal_timeout(run->loop, nh_number(4294967295.0), &signal));
    if (signal != NULL) {
        run->grammar.promises_nothing = true; /* a loop with a timer never comes to rest */
        nh_emitter_release(nh_as_emitter(*place));
        *place = signal;
    }
}

/* --- listeners ---------------------------------------------------------------------------- */

static void remove_listeners(struct client_exchange *exchange, const struct fuzz_step *step) {
    struct grammar_object *const objects[] = {exchange->events, exchange->res_events,
                                              exchange->socket_events};
    struct grammar_object *object = objects[step->numbers[1] % 3];
    if (object != NULL && object->object != NULL) {
        exchange->run->agents_hear_nothing =
            exchange->run->agents_hear_nothing || object == exchange->socket_events;
        grammar_remove_listeners(object, (enum grammar_event)(step->numbers[2] % GRAMMAR_EVENTS));
    }
}

/* --- one operation ------------------------------------------------------------------------ */

static void perform_on_exchange(struct client_run *run, const struct fuzz_step *step) {
    struct client_exchange *exchange = &run->exchanges[step->numbers[0] % run->exchange_count];
    if (exchange->request == NULL || exchange->events == NULL) {
        return;
    }
    nh_emitter *held = nh_emitter_retain(nh_as_emitter(exchange->request));
    if (step->operation == CLIENT_REQUEST_PIPELINE) {
        pipeline(run, exchange, &run->exchanges[step->numbers[1] % run->exchange_count]);
    } else if (step->operation == CLIENT_REMOVE_LISTENERS) {
        remove_listeners(exchange, step);
    } else {
        call_request(run, exchange, step);
    }
    nh_emitter_release(held);
}

void client_perform_unusual(struct client_run *run, const struct fuzz_step *step) {
    nh_abort_signal *signal;
    nh_value value;
    switch (step->operation) {
    case CLIENT_OPTION_CONNECT:
        run->next.has_connect = true;
        run->next.connect[0] = step->numbers[0];
        run->next.connect[1] = step->numbers[1];
        break;
    case CLIENT_OPTION_UNIQUE:
        run->next.has_unique = true;
        run->next.unique = step->numbers[0];
        break;
    case CLIENT_REQUEST_OF_URL:
        request_of_url(run, step->numbers[0], step->numbers[1]);
        break;
    case CLIENT_SIGNAL_FAR:
        make_far_signal(run, &run->signals[step->numbers[0] % CLIENT_CONTROLLERS]);
        break;
    case CLIENT_OPTION_TEXT:
        run->next.has_text = true;
        run->next.text_option = step->numbers[0];
        run->next.text = step->bytes[1];
        break;
    case CLIENT_OPTION_PATH_LIST:
        run->next.path_is_list = true;
        run->grammar.promises_nothing = true; /* net.connect() takes it for a path of its own */
        break;
    case CLIENT_AGENT_MAKE:
        make_agent(run, step->numbers[0], step->numbers[1]);
        break;
    case CLIENT_AGENT_ODD:
        call_agent(run, step);
        break;
    case CLIENT_SIGNAL_PAIR:
        signal = client_signal(run, step->numbers[0] % (2 * CLIENT_CONTROLLERS));
        if (signal != NULL && run->pair == NULL) {
            value = nh_value_of_object(nh_as_emitter(signal));
            make_pair(run, value);
            nh_value_release(&value);
        }
        break;
    default:
        if (run->exchange_count > 0) {
            perform_on_exchange(run, step);
        }
        break;
    }
}
