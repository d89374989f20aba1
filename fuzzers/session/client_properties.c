/* Properties of requests, responses, agents and signals; and what programs pass for arguments of
 * the wrong type. A field takes any value and gives it back; what the library tells by itself
 * agrees with what the run has seen. */
#include "session/client_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* --- values ------------------------------------------------------------------------------- */

static void do_nothing(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)data;
    (void)out_result;
}

static void say_no(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)data;
    *out_result = nh_boolean(false);
}

static void say_yes(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)data;
    *out_result = nh_boolean(true);
}

static void say_name(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    struct client_run *run = data;
    (void)arguments;
    (void)count;
    *out_result = nh_string_of(run->memory, "all");
}

static void say_error(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    struct client_run *run = data;
    (void)arguments;
    (void)count;
    (void)out_result;
    nh_error *error = nh_error_new(run->memory, "Error", NULL, "of an agent's");
    nh_loop_throw(run->loop, error);
    nh_error_release(error);
}

/* An Agent-like object's addRequest(): tells the request of a Duplex, of an error, or of both. */
static void add_request(struct client_run *run, const nh_value *arguments, size_t count,
                        bool connects, bool fails) {
    if (count == 0 || arguments[0].type != NH_OBJECT) {
        return;
    }
    nh_stream *duplex = connects ? client_server_duplex(run) : NULL;
    nh_error *error = fails ? nh_error_new(run->memory, "Error", NULL, "from an agent") : NULL;
    nh_client_request_on_socket((nh_client_request *)(void *)arguments[0].as.object, duplex, error);
    nh_error_release(error);
    nh_emitter_release(nh_as_emitter(duplex));
}

static void add_with_duplex(const nh_value *arguments, size_t count, void *data,
                            nh_value *out_result) {
    (void)out_result;
    add_request(data, arguments, count, true, false);
}

static void add_with_both(const nh_value *arguments, size_t count, void *data,
                          nh_value *out_result) {
    (void)out_result;
    add_request(data, arguments, count, true, true);
}

static void add_with_error(const nh_value *arguments, size_t count, void *data,
                           nh_value *out_result) {
    (void)out_result;
    add_request(data, arguments, count, false, true);
}

static nh_value agent_like(struct client_run *run, nh_function_call call) {
    nh_value agent = nh_map_new(run->memory);
    (void)nh_map_set_take(agent, "addRequest",
                          nh_function_new(run->memory, "addRequest", call, run, NULL));
    (void)nh_map_set_take(agent, "protocol", nh_string_of(run->memory, "http:"));
    (void)nh_map_set_take(agent, "defaultPort", nh_number(8080));
    return agent;
}

#define DIGITS 10u /* the one that is "8080" */

nh_value client_odd_value(struct client_run *run, unsigned which) {
    static const double numbers[] = {0, 1, -1, 2.5, NAN, INFINITY, 65536, 4294967296.0};
    static const char *const strings[] = {
        "", "x", "8080", "http:", "https:", "a\r\nb", "user:pass", "GET"};
    which %= CLIENT_ODD_VALUES;
    if (which < 8) {
        return nh_number(numbers[which]);
    }
    if (which < 16) {
        return nh_string_of(run->memory, strings[which - 8]);
    }
    switch (which) {
    case 16:
        return nh_undefined();
    case 17:
        return nh_null();
    case 18:
        return nh_boolean(false);
    case 19:
        return nh_boolean(true);
    case 20:
        return nh_map_new(run->memory);
    case 21: {
        nh_value list = nh_list_new(run->memory);
        (void)nh_list_append_take(list, nh_string_of(run->memory, "x-unique"));
        return list;
    }
    case 22:
        return nh_buffer_of(run->memory, nh_bytes_of_text("abc"));
    case 23:
        return nh_function_new(run->memory, "", do_nothing, NULL, NULL);
    case 24:
        return nh_symbol_new(run->memory, "s", 1);
    case 25:
        return agent_like(run, add_with_duplex);
    case 26:
        return agent_like(run, add_with_both);
    case 27:
        return agent_like(run, add_with_error);
    case 28:
        return nh_function_new(run->memory, "", say_yes, run, NULL);
    case 29:
        return nh_function_new(run->memory, "", say_name, run, NULL);
    case 30:
        return nh_function_new(run->memory, "", say_error, run, NULL);
    default:
        return nh_bigint_new(run->memory, "12", 2);
    }
}

/* The path stays: it names the request to the server. */
static const char *const option_names[] = {
    "agent",         "_defaultAgent",   "auth",          "createConnection",
    "defaultPort",   "headers",         "host",          "hostname",
    "port",          "protocol",        "method",        "insecureHTTPParser",
    "maxHeaderSize", "setHost",         "signal",        "joinDuplicateHeaders",
    "socketPath",    "timeout",         "uniqueHeaders", "setDefaultHeaders",
    "family",        "localAddress",    "localPort",     "lookup",
    "hints",         "autoSelectFamily"};

bool client_set_odd_options(struct client_run *run, nh_value options) {
    bool ok = true;
    for (size_t i = 0; i < run->next.odd_count; i++) {
        const unsigned *odd = run->next.odd_options[i];
        const char *name = option_names[odd[0] % LENGTH(option_names)];
        unsigned which = odd[1] % CLIENT_ODD_VALUES;
        /* Digits are a method, too, but the raw server tells a head from a body by its first
         * letter. */
        if (which == DIGITS && strcmp(name, "method") == 0) {
            which++;
        }
        ok = nh_map_set_take(options, name, client_odd_value(run, which)) && ok;
    }
    return ok;
}

/* --- requests ----------------------------------------------------------------------------- */

static void check_same(const struct client_run *run, nh_value got, nh_value wanted,
                       const char *what) {
    FUZZ_CHECK(nh_value_is_same(got, wanted) || run->world.memory->refused ||
                   (got.type == NH_NUMBER && isnan(got.as.number)),
               "%s does not give back what was set", what);
}

static void read_request(const struct client_run *run, const struct client_exchange *exchange) {
    const nh_client_request *request = exchange->request;
    FUZZ_CHECK(nh_client_request_is_aborted(request) == exchange->aborted || exchange->may_abort,
               "request.aborted is not what abort() left");
    FUZZ_CHECK(!exchange->closed || nh_client_request_is_destroyed(request) ||
                   !grammar_keeps_promises(&run->grammar) ||
                   (exchange->events->seen & GRAMMAR_BIT(GRAMMAR_ERROR)) != 0,
               "a request closed, and is not destroyed");
    FUZZ_CHECK((exchange->events->seen &
                (GRAMMAR_BIT(GRAMMAR_UPGRADE) | GRAMMAR_BIT(GRAMMAR_CONNECT))) == 0 ||
                   nh_client_request_is_upgrade_or_connect(request),
               "an upgraded request does not say so");
    for (unsigned property = 0; property <= NH_CLIENT_REQUEST_RES; property++) {
        nh_value value = nh_client_request_get(request, (nh_client_request_property)property);
        nh_value_release(&value);
    }
}

static void set_request_property(struct client_run *run, struct client_exchange *exchange,
                                 const struct fuzz_step *step) {
    nh_client_request *request = exchange->request;
    /* Those that the request line is not made of. */
    static const nh_client_request_property properties[] = {NH_CLIENT_REQUEST_TIMEOUT,
                                                            NH_CLIENT_REQUEST_MAX_HEADERS_COUNT};
    unsigned which = step->numbers[1] % 4;
    if (which < 2) {
        nh_value value = client_odd_value(run, step->numbers[2]);
        nh_client_request_set(request, properties[which], value);
        nh_value got = nh_client_request_get(request, properties[which]);
        check_same(run, got, value, "a property of a request");
        nh_value_release(&got);
        nh_value_release(&value);
    } else if (which == 2) {
        bool reused = (step->numbers[2] & 1u) != 0;
        nh_client_request_set_reused_socket(request, reused);
        FUZZ_CHECK(nh_client_request_reused_socket(request) == reused, "request.reusedSocket");
    }
    read_request(run, exchange);
}

/* --- responses ---------------------------------------------------------------------------- */

static nh_value version_of(const struct client_run *run, const nh_incoming_message *message) {
    nh_value major = nh_incoming_message_http_version_major(message);
    nh_value minor = nh_incoming_message_http_version_minor(message);
    FUZZ_CHECK(major.type == NH_NUMBER && minor.type == NH_NUMBER, "a response has a version");
    return nh_string_format(run->memory, "%g.%g", major.as.number, minor.as.number);
}

static void read_response(const struct client_run *run, const struct client_exchange *exchange) {
    const nh_incoming_message *response = exchange->response;
    nh_value wanted = version_of(run, response);
    nh_value version = nh_incoming_message_http_version(response);
    FUZZ_CHECK(nh_value_is_same(version, wanted) || run->world.memory->refused,
               "response.httpVersion");
    nh_value_release(&version);
    nh_value_release(&wanted);
    FUZZ_CHECK(nh_incoming_message_socket(response) == nh_incoming_message_connection(response),
               "response.socket and response.connection");
    FUZZ_CHECK(exchange->res_events == NULL ||
                   (exchange->res_events->seen & GRAMMAR_BIT(GRAMMAR_ABORTED)) == 0 ||
                   nh_incoming_message_is_aborted(response),
               "a response emitted 'aborted', and does not say so");
    nh_value upgrade = nh_incoming_message_upgrade(response);
    nh_value_release(&upgrade);
    nh_value header = nh_incoming_message_header(exchange->response, "content-length");
    nh_value_release(&header);
}

typedef void response_setter(nh_incoming_message *message, nh_value value);
typedef nh_value response_getter(const nh_incoming_message *message);

static nh_value headers_of(const nh_incoming_message *message) {
    return nh_incoming_message_headers((nh_incoming_message *)(uintptr_t)message);
}
static nh_value distinct_of(const nh_incoming_message *message) {
    return nh_incoming_message_headers_distinct((nh_incoming_message *)(uintptr_t)message);
}
static nh_value trailers_of(const nh_incoming_message *message) {
    return nh_incoming_message_trailers((nh_incoming_message *)(uintptr_t)message);
}
static nh_value distinct_trailers_of(const nh_incoming_message *message) {
    return nh_incoming_message_trailers_distinct((nh_incoming_message *)(uintptr_t)message);
}

static const struct {
    response_setter *set;
    response_getter *get;
} fields[] = {
    {nh_incoming_message_set_method, nh_incoming_message_method},
    {nh_incoming_message_set_url, nh_incoming_message_url},
    {nh_incoming_message_set_status_code, nh_incoming_message_status_code},
    {nh_incoming_message_set_status_message, nh_incoming_message_status_message},
    {nh_incoming_message_set_headers, headers_of},
    {nh_incoming_message_set_headers_distinct, distinct_of},
    {nh_incoming_message_set_trailers, trailers_of},
    {nh_incoming_message_set_trailers_distinct, distinct_trailers_of},
};

/* A message that no parser made has nothing to tell. */
static void read_new_message(struct client_run *run, nh_stream *socket) {
    nh_incoming_message *message = nh_incoming_message_new(run->loop, socket);
    if (message == NULL) {
        return;
    }
    nh_value version = nh_incoming_message_http_version(message);
    nh_value upgrade = nh_incoming_message_upgrade(message);
    FUZZ_CHECK(version.type == NH_NULL && upgrade.type == NH_NULL &&
                   !nh_incoming_message_is_complete(message) &&
                   nh_incoming_message_request(message) == NULL &&
                   nh_incoming_message_socket(message) == socket,
               "a message that no parser made");
    nh_emitter_release(nh_as_emitter(message));
}

/* A signal that destroys the response, or something that is none. */
static void add_signal(struct client_run *run, struct client_exchange *exchange, unsigned which) {
    nh_abort_signal *signal =
        which < 128 ? client_signal(run, which % (2 * CLIENT_CONTROLLERS)) : NULL;
    nh_value value =
        signal != NULL ? nh_value_of_object(nh_as_emitter(signal)) : client_odd_value(run, which);
    if (exchange->res_events != NULL) {
        exchange->res_events->failed_by_program = true;
    }
    nh_error_release(nh_stream_add_signal(nh_as_stream(exchange->response), value));
    nh_value_release(&value);
}

static void set_response_property(struct client_run *run, struct client_exchange *exchange,
                                  const struct fuzz_step *step) {
    unsigned which = step->numbers[1] % (2 * LENGTH(fields));
    if (which < LENGTH(fields)) {
        nh_value value = client_odd_value(run, step->numbers[2]);
        fields[which].set(exchange->response, value);
        nh_value got = fields[which].get(exchange->response);
        if (nh_value_is_truthy(value) || which < 4) {
            check_same(run, got, value, "a property of a response");
        } else {
            FUZZ_CHECK(got.type == NH_MAP || run->world.memory->refused,
                       "headers are not made anew");
        }
        nh_value_release(&got);
        nh_value_release(&value);
    } else if (which == LENGTH(fields)) {
        read_new_message(run, exchange->socket);
    } else if (which == LENGTH(fields) + 1) {
        add_signal(run, exchange, step->numbers[2]);
    }
    read_response(run, exchange);
}

static void set_odd_timeout(struct client_run *run, struct client_exchange *exchange,
                            const struct fuzz_step *step) {
    nh_value value = client_odd_value(run, step->numbers[2]);
    nh_value callback = nh_undefined();
    bool is_response = (step->numbers[1] & 1u) != 0;
    if ((step->numbers[1] & 2u) != 0) {
        /* That of a response is called at every 'timeout', as in Node.js. */
        callback = is_response
                       ? nh_function_new(run->memory, "", do_nothing, NULL, NULL)
                       : grammar_callback(&run->grammar, "setTimeout", GRAMMAR_AT_MOST_ONCE, NULL);
    } else if ((step->numbers[1] & 4u) != 0) {
        callback = client_odd_value(run, step->numbers[1] >> 3);
    }
    if (callback.type == NH_FUNCTION || value.type != NH_FUNCTION) {
        nh_error *error = NULL;
        if (!is_response) {
            error = nh_client_request_set_timeout(exchange->request, value, callback);
        } else if (exchange->response != NULL) {
            error = nh_incoming_message_set_timeout(exchange->response, value, callback);
        }
        nh_error_release(error);
    }
    nh_value_release(&callback);
    nh_value_release(&value);
}

/* --- agents ------------------------------------------------------------------------------- */

static void get_name(struct client_run *run, nh_agent *agent, unsigned which) {
    nh_value options = nh_undefined();
    nh_value name = nh_undefined();
    if ((which & 1u) != 0) {
        static const char *const names[] = {"host", "port", "localAddress", "family", "socketPath"};
        options = nh_map_new(run->memory);
        for (size_t i = 0; i < LENGTH(names); i++) {
            (void)nh_map_set_take(options, names[i],
                                  client_odd_value(run, which + (unsigned)i * 7));
        }
    }
    nh_error *error = nh_agent_get_name(agent, options, &name);
    nh_error_release(error);
    nh_value_release(&name);
    nh_value_release(&options);
}

/* The global agent stays what it is: the books are those of three agents. */
static void set_global_agent_and_back(struct client_run *run) {
    nh_value before = nh_http_global_agent(run->loop);
    if (before.type != NH_OBJECT) {
        return; /* it could not be made */
    }
    nh_value first = nh_value_of_object(nh_as_emitter(run->agents[0]));
    FUZZ_CHECK(nh_http_set_global_agent(run->loop, first) || run->world.memory->refused,
               "http.globalAgent cannot be set");
    nh_value got = nh_http_global_agent(run->loop);
    check_same(run, got, first, "http.globalAgent");
    (void)nh_http_set_global_agent(run->loop, before);
    nh_value_release(&got);
    nh_value_release(&first);
    nh_value_release(&before);
}

/* Any value but for the limits, which have an operation of their own. */
static void set_odd_agent_property(struct client_run *run, const struct fuzz_step *step) {
    static const nh_agent_property properties[] = {NH_AGENT_SCHEDULING, NH_AGENT_KEEP_ALIVE_MSECS};
    nh_agent *agent = client_agent(run, step->numbers[0] % CLIENT_AGENTS);
    unsigned which = step->numbers[1] % 5;
    if (agent == NULL) {
        return;
    }
    if (which < LENGTH(properties)) {
        nh_value value = client_odd_value(run, step->numbers[2]);
        nh_agent_set(agent, properties[which], value);
        nh_value got = nh_agent_get(agent, properties[which]);
        check_same(run, got, value, "a property of an agent");
        nh_value_release(&got);
        nh_value_release(&value);
    } else if (which == 2) {
        get_name(run, agent, step->numbers[2]);
    } else if (which == 3) {
        nh_value options = nh_agent_options(agent);
        FUZZ_CHECK(options.type == NH_MAP, "agent.options");
        nh_value_release(&options);
    } else if (run->agents[0] != NULL) {
        set_global_agent_and_back(run);
    }
}

/* What throws leaves sockets and requests where they are, and promises nothing. */
static void replace_member(struct client_run *run, const struct fuzz_step *step) {
    static const nh_agent_member members[] = {NH_AGENT_KEEP_SOCKET_ALIVE, NH_AGENT_REUSE_SOCKET,
                                              NH_AGENT_GET_NAME};
    static const nh_function_call calls[] = {say_no, say_yes, say_name, say_error};
    size_t index = step->numbers[0] % CLIENT_AGENTS;
    nh_agent *agent = client_agent(run, index);
    nh_agent_member member = members[step->numbers[1] % LENGTH(members)];
    unsigned what = step->numbers[2] % 5;
    if (agent == NULL || (member == NH_AGENT_GET_NAME && what != 2 && what != 3)) {
        return;
    }
    nh_value function = what < LENGTH(calls)
                            ? nh_function_new(run->memory, "", calls[what], run, NULL)
                            : nh_undefined();
    nh_agent_replace(agent, member, function);
    FUZZ_CHECK(nh_value_is_same(nh_agent_replacement(agent, member), function) ||
                   run->world.memory->refused,
               "a member of an agent is not what replaced it");
    run->books[index].names_change = run->books[index].names_change || member == NH_AGENT_GET_NAME;
    run->books[index].keeps_sockets =
        run->books[index].keeps_sockets || member == NH_AGENT_KEEP_SOCKET_ALIVE;
    run->grammar.promises_nothing =
        run->grammar.promises_nothing || what == 3 || member == NH_AGENT_GET_NAME ||
        (run->books[index].keeps_sockets && run->books[index].has_duplexes);
    nh_value_release(&function);
}

/* --- signals ------------------------------------------------------------------------------ */

static void read_signal(struct client_run *run, const nh_abort_signal *signal) {
    bool aborted = nh_abort_signal_is_aborted(signal);
    nh_value reason = nh_abort_signal_reason(signal);
    nh_error *error = nh_abort_signal_throw_if_aborted(signal);
    FUZZ_CHECK(aborted || (reason.type == NH_UNDEFINED && error == NULL),
               "a signal that was not aborted has a reason");
    FUZZ_CHECK(!aborted || error != NULL, "a signal was aborted, and does not throw");
    FUZZ_CHECK(!aborted || reason.type != NH_UNDEFINED || run->world.memory->refused,
               "a signal was aborted without a reason");
    FUZZ_CHECK(reason.type != NH_ERROR || reason.as.error == error || run->world.memory->refused,
               "a signal throws something else than its reason");
    nh_error_release(error);
    nh_value_release(&reason);
}

/* Of all signals whose bits are set: aborted at once when one of them is. */
static nh_error *make_any(struct client_run *run, unsigned sources, nh_abort_signal **out_signal) {
    nh_value list = nh_list_new(run->memory);
    bool aborted = false;
    for (size_t i = 0; i < 2 * CLIENT_CONTROLLERS; i++) {
        nh_abort_signal *source = (sources >> i & 1u) != 0 ? client_signal(run, i) : NULL;
        if (source != NULL) {
            aborted = aborted || nh_abort_signal_is_aborted(source);
            (void)nh_list_append_take(list, nh_value_of_object(nh_as_emitter(source)));
        }
    }
    if ((sources & 0x100u) != 0) {
        (void)nh_list_append_take(list, client_odd_value(run, sources >> 9));
    }
    nh_error *error = nh_abort_signal_any(run->loop, list, out_signal);
    FUZZ_CHECK(error != NULL || run->world.memory->refused ||
                   nh_abort_signal_is_aborted(*out_signal) == aborted,
               "a signal of several is not aborted as they are");
    nh_value_release(&list);
    return error;
}

static void make_signal(struct client_run *run, const struct fuzz_step *step) {
    nh_abort_signal *signal = NULL;
    nh_error *error = NULL;
    unsigned amount = step->numbers[2];
    nh_value value;
    switch (step->numbers[1] % 5) {
    case 0:
        error = nh_abort_signal_timeout(run->loop, nh_number(amount), &signal);
        break;
    case 1:
        value = client_odd_value(run, amount);
        error = nh_abort_signal_timeout(run->loop, value, &signal);
        nh_value_release(&value);
        break;
    case 2:
        value = client_odd_value(run, amount);
        signal = nh_abort_signal_aborted_with(run->loop, value);
        FUZZ_CHECK(signal == NULL || nh_abort_signal_is_aborted(signal), "AbortSignal.abort()");
        nh_value_release(&value);
        break;
    case 3:
        value = client_odd_value(run, amount);
        error = nh_abort_signal_any(run->loop, value, &signal);
        nh_value_release(&value);
        break;
    default:
        error = make_any(run, amount, &signal);
        break;
    }
    FUZZ_CHECK(error == NULL || signal == NULL, "a signal and an error");
    nh_error_release(error);
    if (signal != NULL) {
        read_signal(run, signal);
        nh_abort_signal **place = &run->signals[step->numbers[0] % CLIENT_CONTROLLERS];
        nh_emitter_release(nh_as_emitter(*place));
        *place = signal;
    }
}

static void abort_with(struct client_run *run, const struct fuzz_step *step) {
    nh_abort_controller *controller = client_controller(run, step->numbers[0] % CLIENT_CONTROLLERS);
    if (controller == NULL) {
        return;
    }
    nh_abort_signal *signal = nh_abort_controller_signal(controller);
    bool before = nh_abort_signal_is_aborted(signal);
    nh_value reason = client_odd_value(run, step->numbers[1]);
    nh_abort_controller_abort(controller, reason);
    nh_value got = nh_abort_signal_reason(signal);
    FUZZ_CHECK(nh_abort_signal_is_aborted(signal) || run->world.memory->refused,
               "a signal is not aborted by its controller");
    if (!before && reason.type != NH_UNDEFINED) {
        check_same(run, got, reason, "signal.reason");
    }
    nh_value_release(&got);
    nh_value_release(&reason);
    read_signal(run, signal);
}

void client_release_signals(struct client_run *run) {
    for (size_t i = 0; i < CLIENT_CONTROLLERS; i++) {
        nh_emitter_release(nh_as_emitter(run->signals[i]));
    }
    nh_emitter_release(nh_as_emitter(run->pair));
}

/* --- operations --------------------------------------------------------------------------- */

static void perform_on_exchange(struct client_run *run, struct client_exchange *exchange,
                                const struct fuzz_step *step) {
    if (exchange->request == NULL || exchange->events == NULL) {
        return;
    }
    if (step->operation == CLIENT_REQ_PROPERTY) {
        set_request_property(run, exchange, step);
    } else if (step->operation == CLIENT_TIMEOUT_ODD) {
        set_odd_timeout(run, exchange, step);
    } else if (exchange->response != NULL) {
        set_response_property(run, exchange, step);
    }
}

void client_perform_odd(struct client_run *run, const struct fuzz_step *step) {
    nh_abort_signal *signal;
    switch (step->operation) {
    case CLIENT_OPTION_ODD:
        if (run->next.odd_count < CLIENT_OPTION_ODD_MOST) {
            memcpy(run->next.odd_options[run->next.odd_count++], step->numbers,
                   sizeof(run->next.odd_options[0]));
        }
        break;
    case CLIENT_AGENT_PROPERTY:
        set_odd_agent_property(run, step);
        break;
    case CLIENT_AGENT_REPLACE:
        replace_member(run, step);
        break;
    case CLIENT_SIGNAL_MAKE:
        make_signal(run, step);
        break;
    case CLIENT_SIGNAL_READ:
        signal = client_signal(run, step->numbers[0] % (2 * CLIENT_CONTROLLERS));
        if (signal != NULL) {
            read_signal(run, signal);
        }
        break;
    case CLIENT_SIGNAL_ABORT_WITH:
        abort_with(run, step);
        break;
    default:
        if (run->exchange_count > 0) {
            perform_on_exchange(run, &run->exchanges[step->numbers[0] % run->exchange_count], step);
        }
        break;
    }
}
