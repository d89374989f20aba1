#include "session/client_run.h"

#include <math.h>
#include <string.h>

/* --- agents and signals ------------------------------------------------------------------- */

static bool set(nh_value map, const char *name, nh_value value) {
    return nh_map_set_take(map, name, value);
}

/* The options that a byte of settings stands for. */
static nh_value agent_options(const struct client_run *run, unsigned pool) {
    static const double max_sockets[] = {INFINITY, 1, 2, 3};
    static const double max_total[] = {INFINITY, 1, 2, 4};
    static const double max_free[] = {256, 1, 2, 3};
    nh_value options = nh_map_new(run->memory);
    bool ok = set(options, "keepAlive", nh_boolean((pool & 1u) != 0));
    if ((pool & 2u) != 0) {
        ok = set(options, "scheduling", nh_string_of(run->memory, "fifo")) && ok;
    }
    if ((pool >> 2 & 3u) != 0) {
        ok = set(options, "maxSockets", nh_number(max_sockets[pool >> 2 & 3u])) && ok;
    }
    if ((pool >> 4 & 3u) != 0) {
        ok = set(options, "maxTotalSockets", nh_number(max_total[pool >> 4 & 3u])) && ok;
    }
    if ((pool >> 6 & 3u) != 0) {
        ok = set(options, "maxFreeSockets", nh_number(max_free[pool >> 6 & 3u])) && ok;
    }
    if (run->settings[CLIENT_SETTING_TIMEOUT] != 0) {
        ok = set(options, "timeout", nh_number(run->settings[CLIENT_SETTING_TIMEOUT] * 16.0)) && ok;
    }
    if (run->settings[CLIENT_SETTING_KEEP_ALIVE] != 0) {
        ok = set(options, "keepAliveMsecs",
                 nh_number(run->settings[CLIENT_SETTING_KEEP_ALIVE] * 8.0)) &&
             ok;
    }
    if (!ok) {
        nh_value_release(&options);
        options.type = NH_INVALID;
    }
    return options;
}

nh_agent *client_agent(struct client_run *run, size_t index) {
    if (run->agents[index] != NULL) {
        return run->agents[index];
    }
    if (index == 2) {
        nh_value global = nh_http_global_agent(run->loop);
        run->agents[2] = global.type == NH_OBJECT ? (nh_agent *)(void *)global.as.object : NULL;
        client_open_books(run, index);
        return run->agents[2];
    }
    nh_value options = agent_options(
        run, run->settings[index == 0 ? CLIENT_SETTING_POOL : CLIENT_SETTING_OTHER_POOL]);
    nh_error *error = nh_agent_new(run->loop, options, &run->agents[index]);
    FUZZ_CHECK(error == NULL || run->world.memory->refused, "no agent: %s",
               nh_error_message(error));
    nh_error_release(error);
    nh_value_release(&options);
    client_open_books(run, index);
    return run->agents[index];
}

nh_abort_controller *client_controller(struct client_run *run, size_t index) {
    if (run->controllers[index] == NULL) {
        run->controllers[index] = nh_abort_controller_new(run->loop);
    }
    return run->controllers[index];
}

nh_abort_signal *client_signal(struct client_run *run, size_t index) {
    if (index >= CLIENT_CONTROLLERS) {
        return run->signals[index - CLIENT_CONTROLLERS];
    }
    nh_abort_controller *controller = client_controller(run, index);
    return controller == NULL ? NULL : nh_abort_controller_signal(controller);
}

/* --- connections that a program makes ----------------------------------------------------- */

/* createConnection that calls back from a timer. */
struct late_call {
    struct client_run *run;
    nh_value callback;
};

static void free_late(void *data) {
    struct late_call *late = data;
    nh_value_release(&late->callback);
    nh_memory_free(late->run->memory, late);
}

static void deliver(struct client_run *run, nh_value callback) {
    nh_stream *duplex = client_server_duplex(run);
    nh_error *error = NULL;
    if (duplex == NULL) {
        error = nh_error_new(run->memory, "Error", NULL, "none left");
    }
    nh_value arguments[] = {error != NULL ? nh_value_of_error_take(error) : nh_null(),
                            duplex != NULL ? nh_value_of_object_take(nh_as_emitter(duplex))
                                           : nh_undefined()};
    nh_function_invoke(callback, arguments, 2, NULL);
    nh_value_release(&arguments[0]);
    nh_value_release(&arguments[1]);
}

static void on_late(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    struct late_call *late = data;
    deliver(late->run, late->callback);
}

static void call_later(struct client_run *run, nh_value callback) {
    struct late_call *late = nh_memory_allocate(run->memory, sizeof(*late));
    if (late == NULL) {
        return;
    }
    *late = (struct late_call){run, nh_value_retain(callback)};
    nh_value function = nh_function_new(run->memory, "late", on_late, late, free_late);
    if (function.type != NH_FUNCTION) {
        free_late(late);
        return;
    }
    (void)nh_loop_set_timeout(run->loop, function, 5);
    nh_value_release(&function);
}

/* What createConnection does for a source; `callback` is the one it got. */
static nh_value connect(struct client_run *run, unsigned source, nh_value options,
                        nh_value callback) {
    nh_error *error;
    nh_stream *duplex;
    nh_socket *socket;
    nh_socket_options socket_options;
    switch (source) {
    case CLIENT_SOURCE_DUPLEX:
        duplex = client_server_duplex(run);
        return duplex == NULL ? nh_undefined() : nh_value_of_object_take(nh_as_emitter(duplex));
    case CLIENT_SOURCE_LATER:
        call_later(run, callback);
        return nh_undefined();
    case CLIENT_SOURCE_FAILS: {
        error = nh_error_new(run->memory, "Error", NULL, "no way");
        nh_value argument = nh_value_of_error_take(error);
        nh_function_invoke(callback, &argument, 1, NULL);
        nh_value_release(&argument);
        return nh_undefined();
    }
    case CLIENT_SOURCE_THROWS:
        error = nh_error_new(run->memory, "Error", NULL, "no connection");
        nh_loop_throw(run->loop, error);
        nh_error_release(error);
        return nh_undefined();
    case CLIENT_SOURCE_NEVER:
        return nh_undefined();
    default:
        nh_socket_options_init(&socket_options);
        nh_socket_options_of_map(&socket_options, options);
        error = nh_net_create_connection(run->loop, &socket_options, nh_undefined(), &socket);
        if (error != NULL) {
            nh_loop_throw(run->loop, error);
            nh_error_release(error);
            return nh_undefined();
        }
        return nh_value_of_object_take(nh_as_emitter(socket));
    }
}

/* One function for each source, since a function value carries one pointer only: the run. */
#define CREATES(name, source)                                                                      \
    static void name(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {  \
        nh_value callback = count > 1 ? arguments[1] : nh_undefined();                             \
        *out_result = connect(data, source, count > 0 ? arguments[0] : nh_undefined(), callback);  \
    }
CREATES(create_duplex, CLIENT_SOURCE_DUPLEX)
CREATES(create_socket, CLIENT_SOURCE_SOCKET)
CREATES(create_later, CLIENT_SOURCE_LATER)
CREATES(create_failing, CLIENT_SOURCE_FAILS)
CREATES(create_throwing, CLIENT_SOURCE_THROWS)
CREATES(create_never, CLIENT_SOURCE_NEVER)

static nh_value creator(struct client_run *run, unsigned source) {
    static const nh_function_call calls[CLIENT_SOURCES] = {
        [CLIENT_SOURCE_DUPLEX] = create_duplex,   [CLIENT_SOURCE_SOCKET] = create_socket,
        [CLIENT_SOURCE_LATER] = create_later,     [CLIENT_SOURCE_FAILS] = create_failing,
        [CLIENT_SOURCE_THROWS] = create_throwing, [CLIENT_SOURCE_NEVER] = create_never,
    };
    return nh_function_new(run->memory, "createConnection", calls[source], run, NULL);
}

/* --- the options of a request ------------------------------------------------------------- */

void client_forget_options(struct client_run *run) {
    run->next.header_count = 0;
    run->next.path = (nh_bytes){NULL, 0};
    run->next.source = run->settings[CLIENT_SETTING_AGENT];
    run->next.flags = 0;
    run->next.signal = -1;
    run->next.odd_count = 0;
    run->next.has_text = false;
    run->next.path_is_list = false;
    run->next.has_connect = false;
    run->next.has_unique = false;
    run->next.has_timeout = false;
    run->next.has_max_header_size = false;
}

static nh_value text(const struct client_run *run, const char *string) {
    return nh_string_of(run->memory, string);
}

static bool set_origin(struct client_run *run, nh_value options, unsigned origin) {
    static const struct {
        const char *host;
        double port;
    } origins[CLIENT_ORIGINS] = {
        [CLIENT_ORIGIN_FIRST] = {"127.0.0.1", 8080},  [CLIENT_ORIGIN_SECOND] = {"127.0.0.1", 8081},
        [CLIENT_ORIGIN_NAME] = {"peer.test", 8080},   [CLIENT_ORIGIN_NAMES] = {"pair.test", 8080},
        [CLIENT_ORIGIN_REFUSED] = {"127.0.0.1", 999}, [CLIENT_ORIGIN_UNKNOWN] = {"none.test", 8080},
    };
    client_server_open(run, (enum client_origin)origin);
    if (origin == CLIENT_ORIGIN_UNIX) {
        return set(options, "socketPath", text(run, "/peer"));
    }
    if (origin == CLIENT_ORIGIN_NAME || origin == CLIENT_ORIGIN_NAMES) {
        client_set_names(run);
    }
    return set(options, "host", text(run, origins[origin].host)) &&
           set(options, "port", nh_number(origins[origin].port));
}

/* Header `name` of the options, as an object has it or as a list of names and values. */
static bool add_header(const struct client_run *run, nh_value headers, nh_bytes name,
                       nh_value value) {
    if (headers.type == NH_LIST) {
        bool named = nh_list_append_take(headers, nh_string_of_latin1(run->memory, name));
        return nh_list_append_take(headers, value) && named;
    }
    nh_value key = nh_string_of_latin1(run->memory, name);
    bool ok = nh_map_set_bytes_take(headers, nh_value_bytes(key), value) && key.type == NH_STRING;
    nh_value_release(&key);
    return ok;
}

static bool set_headers(const struct client_run *run, nh_value options, unsigned flags) {
    bool expects = (flags & 0x10u) != 0;
    if (run->next.header_count == 0 && !expects) {
        return true;
    }
    nh_value headers = (flags & 2u) != 0 ? nh_list_new(run->memory) : nh_map_new(run->memory);
    bool ok = headers.type != NH_INVALID;
    for (size_t i = 0; ok && i < run->next.header_count; i++) {
        nh_value value = nh_string_of_latin1(run->memory, run->next.header_values[i]);
        if (i == 0 && (flags & 0x20u) != 0) {
            nh_value list = nh_list_new(run->memory);
            ok = nh_list_append(list, value) && nh_list_append(list, value);
            nh_value_release(&value);
            value = list;
        }
        ok = add_header(run, headers, run->next.header_names[i], value) && ok;
    }
    if (expects) {
        ok = ok && add_header(run, headers, nh_bytes_of_text("Expect"), text(run, "100-continue"));
    }
    return set(options, "headers", headers) && ok;
}

/* The target starts with the letter of the request. */
static bool set_path(const struct client_run *run, nh_value options) {
    uint8_t path[2 + 128] = {'/', (uint8_t)client_letter(run->exchange_count)};
    nh_bytes more = run->next.path;
    size_t length = more.length < 128 ? more.length : 128;
    if (length > 0) {
        memcpy(path + 2, more.data, length);
    }
    nh_value text = nh_string_of_latin1(run->memory, nh_bytes_of(path, length + 2));
    if (run->next.path_is_list) {
        nh_value list = nh_list_new(run->memory);
        bool ok = nh_list_append_take(list, text);
        return set(options, "path", list) && ok;
    }
    return set(options, "path", text);
}

/* Where the connection comes from. */
static bool set_source(struct client_run *run, struct client_exchange *exchange, nh_value options,
                       unsigned given) {
    unsigned source = (given & ~CLIENT_SOURCE_REPLACED) % CLIENT_SOURCES;
    bool replaced = (given & CLIENT_SOURCE_REPLACED) != 0;
    if (source == CLIENT_SOURCE_NO_AGENT) {
        return set(options, "agent", nh_boolean(false));
    }
    if (source == CLIENT_SOURCE_GLOBAL) {
        exchange->agent = 2;
        return client_agent(run, 2) != NULL;
    }
    if (source > CLIENT_SOURCE_NO_AGENT && !replaced) {
        return set(options, "createConnection", creator(run, source));
    }
    exchange->agent = source == CLIENT_SOURCE_OTHER_AGENT ? 1 : 0;
    nh_agent *agent = client_agent(run, exchange->agent);
    if (agent == NULL) {
        return false;
    }
    if (source > CLIENT_SOURCE_NO_AGENT) {
        nh_value function = creator(run, source);
        struct client_books *books = &run->books[exchange->agent];
        books->connections_may_not_come = true;
        books->has_duplexes = true;
        run->grammar.promises_nothing = run->grammar.promises_nothing || books->keeps_sockets;
        books->connections_come_late =
            books->connections_come_late || source == CLIENT_SOURCE_LATER;
        nh_agent_replace(agent, NH_AGENT_CREATE_CONNECTION, function);
        nh_value_release(&function);
    } else if (replaced) {
        nh_agent_replace(agent, NH_AGENT_CREATE_CONNECTION, nh_undefined());
    }
    return set(options, "agent", nh_value_of_object(nh_as_emitter(agent)));
}

static bool set_details(struct client_run *run, nh_value options) {
    unsigned parser = run->settings[CLIENT_SETTING_PARSER];
    unsigned flags = run->next.flags;
    bool ok = true;
    if ((flags & 1u) != 0) {
        ok = set(options, "setHost", nh_boolean(false));
    }
    if (((flags >> 2 ^ parser) & 1u) != 0) {
        ok = set(options, "insecureHTTPParser", nh_boolean(true)) && ok;
    }
    if (((flags >> 3 ^ parser >> 1) & 1u) != 0) {
        ok = set(options, "joinDuplicateHeaders", nh_boolean(true)) && ok;
    }
    if (run->next.has_timeout) {
        ok = set(options, "timeout", nh_number(run->next.timeout)) && ok;
    }
    if (run->next.has_max_header_size || (parser & 4u) != 0) {
        unsigned size = run->next.has_max_header_size ? run->next.max_header_size : 64;
        ok = set(options, "maxHeaderSize", nh_number(size)) && ok;
    }
    if (run->next.signal >= 0) {
        nh_abort_signal *signal = client_signal(run, (size_t)run->next.signal);
        ok =
            (signal == NULL || set(options, "signal", nh_value_of_object(nh_as_emitter(signal)))) &&
            ok;
    }
    return client_set_odd_options(run, options) && client_set_unusual_options(run, options) && ok;
}

/* Whether a connection, or news about one, comes to a request in any case. */
static bool has_connection_to_come(unsigned source) {
    switch ((source & ~CLIENT_SOURCE_REPLACED) % CLIENT_SOURCES) {
    case CLIENT_SOURCE_FAILS:
    case CLIENT_SOURCE_THROWS:
    case CLIENT_SOURCE_NEVER:
    case CLIENT_SOURCE_LATER:
    case CLIENT_SOURCE_DUPLEX:
        return false;
    default:
        return true;
    }
}

void client_start_request(struct client_run *run, unsigned method, unsigned origin,
                          unsigned listeners) {
    if (run->exchange_count == CLIENT_REQUESTS) {
        return;
    }
    struct client_exchange *exchange = &run->exchanges[run->exchange_count];
    *exchange = (struct client_exchange){
        .run = run, .listeners = (uint8_t)listeners, .agent = CLIENT_AGENTS};
    nh_value options = nh_map_new(run->memory);
    const char *name = client_methods[method % client_method_count];
    bool ok = set_origin(run, options, origin % CLIENT_ORIGINS) &&
              set(options, "method", text(run, name)) && set_path(run, options) &&
              set_headers(run, options, run->next.flags) &&
              set_source(run, exchange, options, run->next.source) && set_details(run, options);
    exchange->has_connection_to_come = run->next.odd_count == 0 && !run->next.has_connect &&
                                       !run->next.has_text &&
                                       has_connection_to_come(run->next.source);
    unsigned flags = run->next.flags;
    client_forget_options(run);
    run->exchange_count++;
    if (ok) {
        nh_client_request *request = NULL;
        nh_value url =
            (flags & 0x40u) != 0 ? text(run, "http://127.0.0.1:8080") : nh_value_retain(options);
        nh_value more = (flags & 0x40u) != 0 ? nh_value_retain(options) : nh_undefined();
        nh_error *error = ((flags & 0x80u) != 0 ? nh_http_get : nh_http_request)(
            run->loop, url, more, nh_undefined(), &request);
        nh_value_release(&url);
        nh_value_release(&more);
        FUZZ_CHECK((error == NULL) == (request != NULL), "a request or an error");
        /* An agent has passed the request on to a Duplex when it finds that this has no timeout: so
         * it does in Node.js. */
        exchange->thrown_late = error != NULL && strcmp(nh_error_message(error),
                                                        "socket.setTimeout is not a function") == 0;
        nh_error_release(error);
        exchange->request = request;
        exchange->was_made = request != NULL;
    }
    nh_value_release(&options);
    if (exchange->request != NULL) {
        client_watch_request(exchange);
    }
}
