/* Scripts of client_session: what the servers of a scenario answer, and what its program calls. */
#include <string.h>

#include "seeds/seeds.h"
#include "session/client_operations.h"

/* In the order of `enum client_event`; what is not an event of the request has its object before.
 */
static const char *const request_events[] = {
    [CLIENT_EVENT_SOCKET] = "socket",     [CLIENT_EVENT_FINISH] = "finish",
    [CLIENT_EVENT_RESPONSE] = "response", [CLIENT_EVENT_INFORMATION] = "information",
    [CLIENT_EVENT_CONTINUE] = "continue", [CLIENT_EVENT_UPGRADE] = "upgrade",
    [CLIENT_EVENT_TIMEOUT] = "timeout",   [CLIENT_EVENT_DRAIN] = "drain",
    [CLIENT_EVENT_ABORT] = "abort",       [CLIENT_EVENT_ERROR] = "error",
    [CLIENT_EVENT_CLOSE] = "close",
};
static const char *const response_events[] = {
    [CLIENT_EVENT_RES_DATA] = "data",   [CLIENT_EVENT_RES_READABLE] = "readable",
    [CLIENT_EVENT_RES_END] = "end",     [CLIENT_EVENT_RES_CLOSE] = "close",
    [CLIENT_EVENT_RES_ERROR] = "error", [CLIENT_EVENT_RES_ABORTED] = "aborted",
};
static const char *const socket_events[] = {
    [CLIENT_EVENT_SOCKET_CONNECT] = "connect", [CLIENT_EVENT_SOCKET_FREE] = "free",
    [CLIENT_EVENT_SOCKET_TIMEOUT] = "timeout", [CLIENT_EVENT_SOCKET_END] = "end",
    [CLIENT_EVENT_SOCKET_CLOSE] = "close",
};

enum kind { AGENT, REQUEST, RESPONSE, SOCKET, KINDS };

/* What the second argument of an operation is made of. */
enum argument { NOTHING, WITH_ARGUMENT, NUMBER, BODY, HEADER };

static const struct {
    enum kind kind;
    const char *method;
    enum client_operation operation;
    enum argument argument;
} methods[] = {
    {REQUEST, "end", CLIENT_END, BODY},
    {REQUEST, "write", CLIENT_WRITE, BODY},
    {REQUEST, "setHeader", CLIENT_SET_HEADER, HEADER},
    {REQUEST, "appendHeader", CLIENT_APPEND_HEADER, HEADER},
    {REQUEST, "removeHeader", CLIENT_REMOVE_HEADER, HEADER},
    {REQUEST, "addTrailers", CLIENT_ADD_TRAILERS, NUMBER},
    {REQUEST, "flushHeaders", CLIENT_FLUSH_HEADERS, NOTHING},
    {REQUEST, "cork", CLIENT_CORK, NOTHING},
    {REQUEST, "uncork", CLIENT_UNCORK, NOTHING},
    {REQUEST, "abort", CLIENT_ABORT, NOTHING},
    {REQUEST, "destroy", CLIENT_DESTROY, WITH_ARGUMENT},
    {REQUEST, "setTimeout", CLIENT_SET_TIMEOUT, NUMBER},
    {REQUEST, "setNoDelay", CLIENT_SET_NO_DELAY, NUMBER},
    {REQUEST, "setSocketKeepAlive", CLIENT_SET_SOCKET_KEEP_ALIVE, NUMBER},
    {RESPONSE, "pause", CLIENT_RES_PAUSE, NOTHING},
    {RESPONSE, "resume", CLIENT_RES_RESUME, NOTHING},
    {RESPONSE, "read", CLIENT_RES_READ, NUMBER},
    {RESPONSE, "setEncoding", CLIENT_RES_SET_ENCODING, NOTHING},
    {RESPONSE, "destroy", CLIENT_RES_DESTROY, WITH_ARGUMENT},
    {RESPONSE, "pipe", CLIENT_RES_PIPE, NOTHING},
    {RESPONSE, "unpipe", CLIENT_RES_UNPIPE, NOTHING},
    {RESPONSE, "setTimeout", CLIENT_RES_SET_TIMEOUT, NUMBER},
    {SOCKET, "destroy", CLIENT_SOCKET_DESTROY, WITH_ARGUMENT},
    {SOCKET, "end", CLIENT_SOCKET_END, NOTHING},
    {SOCKET, "resetAndDestroy", CLIENT_SOCKET_RESET, NOTHING},
    {SOCKET, "setTimeout", CLIENT_SOCKET_SET_TIMEOUT, NUMBER},
    {SOCKET, "pause", CLIENT_SOCKET_PAUSE, NOTHING},
    {AGENT, "destroy", CLIENT_AGENT_DESTROY, NOTHING},
};

struct name {
    const char *name;
    enum kind kind;
    unsigned request; /* which one it is, or belongs to */
};

struct session {
    const struct seed_source *source;
    struct seed_script script;
    struct name names[32];
    size_t name_count;
    unsigned requests;
};

/* What the operations under way wait for. */
struct trigger {
    bool is_set;
    enum client_event event;
    unsigned request;
};

static const struct trigger at_once = {.is_set = false};

static void note_name(struct session *session, const char *name, enum kind kind, unsigned request) {
    if (name != NULL && session->name_count < sizeof session->names / sizeof session->names[0]) {
        session->names[session->name_count++] = (struct name){name, kind, request};
    }
}

/* What a path leads to: "req", "req.socket", "res". False if it isn't known. */
static bool find_name(const struct session *session, const char *path, size_t length,
                      struct name *out_name) {
    const char *dot = memchr(path, '.', length);
    size_t root = dot == NULL ? length : (size_t)(dot - path);
    for (size_t i = session->name_count; i-- > 0;) {
        const struct name *name = &session->names[i];
        if (strlen(name->name) == root && memcmp(name->name, path, root) == 0) {
            *out_name = *name;
            if (dot != NULL &&
                (strncmp(dot, ".socket", 7) == 0 || strncmp(dot, ".connection", 11) == 0)) {
                out_name->kind = SOCKET;
            } else if (dot != NULL) {
                return false;
            }
            return true;
        }
    }
    return false;
}

static void add(struct session *session, const struct trigger *trigger,
                const struct fuzz_step *step) {
    if (trigger->is_set) { /* the number of operations is one: 1 + 0 */
        struct fuzz_step when = {.operation = CLIENT_WHEN,
                                 .numbers = {trigger->event, trigger->request, 0}};
        seed_script_add(&session->script, &when);
    }
    seed_script_add(&session->script, step);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void add_method(struct session *session, const struct trigger *trigger, json_t *call,
                       enum client_operation operation, enum argument argument, unsigned request) {
    struct fuzz_step step = {.operation = operation, .numbers = {request}};
    const json_t *first = seed_argument(call, 0);
    ts_text texts[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
    (void)seed_bytes(session->source, first, &texts[0]);
    (void)seed_bytes(session->source, seed_argument(call, 1), &texts[1]);
    switch (argument) {
    case NOTHING:
        break;
    case WITH_ARGUMENT:
        step.numbers[1] = first != NULL;
        break;
    case NUMBER:
        step.numbers[1] = (unsigned)json_integer_value(first) % 60000;
        break;
    case BODY:
        step.numbers[1] = first == NULL ? 0 : json_is_string(first) ? 1 : 2;
        step.numbers[2] = (unsigned)(texts[0].length < 60000 ? texts[0].length : 60000);
        break;
    case HEADER:
        step.bytes[1] = seed_bytes_of(&texts[0]);
        step.bytes[2] = seed_bytes_of(&texts[1]);
        break;
    }
    add(session, trigger, &step);
    ts_text_free(&texts[0]);
    ts_text_free(&texts[1]);
}

static void add_call(struct session *session, const struct trigger *trigger, json_t *step) {
    const char *path = seed_member(step, "call");
    const char *method = seed_method(step);
    struct name name;
    if (method == NULL || !find_name(session, path, (size_t)(method - 1 - path), &name)) {
        return;
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (methods[i].kind == name.kind && strcmp(methods[i].method, method) == 0) {
            add_method(session, trigger, step, methods[i].operation, methods[i].argument,
                       name.request);
        }
    }
}

/* --- handlers --------------------------------------------------------------------------------- */

static void add_steps(struct session *session, const struct trigger *trigger, json_t *steps);

static bool find_event(const char *const *events, size_t count, const char *event,
                       enum client_event *out_event) {
    for (size_t i = 0; i < count; i++) {
        if (events[i] != NULL && strcmp(events[i], event) == 0) {
            *out_event = (enum client_event)i;
            return true;
        }
    }
    return false;
}

#define FIND(events, event, out_event)                                                             \
    find_event(events, sizeof events / sizeof events[0], event, out_event)

static void add_handlers(struct session *session, enum kind kind, unsigned request,
                         json_t *handlers) {
    const char *event = NULL;
    json_t *handler = NULL;
    json_object_foreach(handlers, event, handler) {
        const json_t *as = json_object_get(handler, "as");
        const char *first = json_string_value(json_array_get(as, 0));
        struct trigger trigger = {true, CLIENT_EVENT_CLOSE, request};
        bool is_known = kind == REQUEST    ? FIND(request_events, event, &trigger.event)
                        : kind == RESPONSE ? FIND(response_events, event, &trigger.event)
                        : kind == SOCKET   ? FIND(socket_events, event, &trigger.event)
                                           : false;
        if (kind == REQUEST && strcmp(event, "connect") == 0) {
            trigger.event = CLIENT_EVENT_UPGRADE;
            is_known = true;
        }
        if (kind == REQUEST && strcmp(event, "socket") == 0) {
            note_name(session, first, SOCKET, request);
        } else if (kind == REQUEST) {
            note_name(session, first, RESPONSE, request);
            note_name(session, json_string_value(json_array_get(as, 1)), SOCKET, request);
        }
        if (is_known) {
            add_steps(session, &trigger, seed_steps_of(handler));
        }
    }
}

/* Which listeners the program attaches: the last argument of the operation `request`. */
struct listeners {
    unsigned bits;
};

static void note_listeners(json_t *object, void *data) {
    static const char *const names[] = {"response", "continue", "information", "upgrade",
                                        "connect",  "timeout",  "data",        "readable"};
    struct listeners *listeners = data;
    for (unsigned i = 0; i < 8; i++) {
        if (seed_has_handler(object, names[i])) {
            listeners->bits |= 1U << i;
        }
    }
}

/* --- requests --------------------------------------------------------------------------------- */

static void add_header(nh_bytes name, nh_bytes value, void *data) {
    struct session *session = data;
    struct fuzz_step step = {.operation = CLIENT_OPTION_HEADER, .bytes = {name, value}};
    seed_script_add(&session->script, &step);
}

static void add_number(struct session *session, enum client_operation operation,
                       const json_t *value) {
    struct fuzz_step step = {.operation = operation,
                             .numbers = {(unsigned)json_integer_value(value) % 60000}};
    if (json_is_integer(value)) {
        seed_script_add(&session->script, &step);
    }
}

/* The options of a request, but for its method. */
static void add_options(struct session *session, json_t *options) {
    json_t *headers = json_object_get(options, "headers");
    unsigned flags = 0;
    flags |= json_is_false(json_object_get(options, "setHost")) ? 1U : 0;
    flags |= json_is_array(headers) ? 2U : 0;
    flags |= json_is_true(json_object_get(options, "insecureHTTPParser")) ? 4U : 0;
    flags |= json_is_true(json_object_get(options, "joinDuplicateHeaders")) ? 8U : 0;
    seed_each_header(session->source, headers, add_header, session);
    struct fuzz_step step = {.operation = CLIENT_OPTION_FLAGS, .numbers = {flags}};
    if (flags != 0) {
        seed_script_add(&session->script, &step);
    }
    if (json_is_false(json_object_get(options, "agent"))) {
        struct fuzz_step source = {.operation = CLIENT_OPTION_SOURCE,
                                   .numbers = {CLIENT_SOURCE_NO_AGENT}};
        seed_script_add(&session->script, &source);
    }
    add_number(session, CLIENT_OPTION_TIMEOUT, json_object_get(options, "timeout"));
    add_number(session, CLIENT_OPTION_MAX_HEADER_SIZE, json_object_get(options, "maxHeaderSize"));
    if (json_object_get(options, "signal") != NULL) {
        struct fuzz_step signal = {.operation = CLIENT_OPTION_SIGNAL};
        seed_script_add(&session->script, &signal);
    }
}

static unsigned method_number(const char *method) {
    static const char *const names[] = {"GET",     "POST",  "HEAD", "PUT",      "DELETE",
                                        "OPTIONS", "TRACE", "get",  "M-SEARCH", "CONNECT"};
    for (unsigned i = 0; method != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], method) == 0) {
            return i;
        }
    }
    return 0;
}

static void add_request(struct session *session, const struct trigger *trigger, json_t *step,
                        bool ends) {
    const char *method = NULL;
    for (size_t i = 0; i < json_array_size(json_object_get(step, "args")); i++) {
        json_t *options = seed_argument(step, i);
        method = method == NULL ? seed_member(options, "method") : method;
        add_options(session, options);
    }
    struct listeners listeners = {0};
    seed_walk(session->source->scenario->script, note_listeners, &listeners);
    unsigned number = session->requests++;
    struct fuzz_step request = {.operation = CLIENT_REQUEST,
                                .numbers = {method_number(method), 0, listeners.bits}};
    add(session, trigger, &request);
    note_name(session, seed_member(step, "let"), REQUEST, number);
    if (ends) {
        struct fuzz_step end = {.operation = CLIENT_END, .numbers = {number}};
        add(session, trigger, &end);
    }
    add_handlers(session, REQUEST, number, json_object_get(step, "on"));
}

static void add_agent(struct session *session, json_t *step) {
    const json_t *options = seed_argument(step, 0);
    json_int_t most = json_integer_value(json_object_get(options, "maxSockets"));
    json_int_t total = json_integer_value(json_object_get(options, "maxTotalSockets"));
    json_int_t free_ones = json_integer_value(json_object_get(options, "maxFreeSockets"));
    const char *scheduling = seed_member(options, "scheduling");
    unsigned bits = json_is_true(json_object_get(options, "keepAlive")) ? 1U : 0;
    bits |= scheduling != NULL && strcmp(scheduling, "fifo") == 0 ? 2U : 0;
    bits |= (most > 0 && most < 4 ? (unsigned)most : 0) << 2;
    bits |= (total > 0 && total < 3 ? (unsigned)total : 0) << 4;
    bits |= (free_ones > 0 && free_ones < 4 ? (unsigned)free_ones : 0) << 6;
    session->script.bytes[CLIENT_SETTING_POOL] = (uint8_t)bits;
    json_int_t timeout = json_integer_value(json_object_get(options, "timeout"));
    session->script.bytes[CLIENT_SETTING_TIMEOUT] =
        (uint8_t)(timeout > 0 && timeout < 4000 ? timeout / 16 + 1 : 0);
    note_name(session, seed_member(step, "let"), AGENT, 0);
}

static void add_step(struct session *session, const struct trigger *trigger, json_t *step) {
    static const char *const later[] = {"tick", "microtask", "immediate", "do"};
    const char *call = seed_member(step, "call");
    const char *made = seed_member(step, "new");
    const char *on = seed_member(step, "on");
    struct name name;
    if (call != NULL && (strcmp(call, "http.get") == 0 || strcmp(call, "http.request") == 0)) {
        add_request(session, trigger, step, strcmp(call, "http.get") == 0);
    } else if (call != NULL && strstr(call, ".abort") != NULL &&
               !find_name(session, call, strcspn(call, "."), &name)) {
        struct fuzz_step abort_step = {.operation = CLIENT_SIGNAL_ABORT};
        add(session, trigger, &abort_step);
    } else if (call != NULL) {
        add_call(session, trigger, step);
    } else if (made != NULL && strcmp(made, "http.Agent") == 0) {
        add_agent(session, step);
    }
    if (on != NULL && find_name(session, on, strlen(on), &name)) {
        add_handlers(session, name.kind, name.request, json_object_get(step, "events"));
    }
    if (json_object_get(step, "after") != NULL && !trigger->is_set) {
        struct fuzz_step wait = {
            .operation = CLIENT_STEP,
            .numbers = {(unsigned)json_integer_value(json_object_get(step, "after")) % 60000}};
        seed_script_add(&session->script, &wait);
    }
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        add_steps(session, trigger, json_object_get(step, later[i]));
    }
    if (json_object_get(step, "throw") != NULL) {
        struct fuzz_step thrown = {.operation = CLIENT_THROW};
        add(session, trigger, &thrown);
    }
}

static void add_steps(struct session *session, const struct trigger *trigger, json_t *steps) {
    size_t index = 0;
    json_t *step = NULL;
    json_array_foreach(steps, index, step) {
        add_step(session, trigger, step);
    }
}

/* --- the server ------------------------------------------------------------------------------- */

/* What follows the bytes of an answer. */
enum afterwards { STAYS, FINISHES, RESETS };

static void flush_answer(struct session *session, ts_text *bytes, enum afterwards afterwards) {
    if (bytes->length != 0 || afterwards != STAYS) {
        struct fuzz_step answer = {.operation = CLIENT_ANSWER,
                                   .numbers = {(unsigned)afterwards},
                                   .bytes = {[1] = seed_bytes_of(bytes)}};
        seed_script_add(&session->script, &answer);
    }
    ts_text_clear(bytes);
}

/* Each head that a connection waits for gets what is sent up to the next one. */
static void add_connection(struct session *session, json_t *steps) {
    ts_text bytes = {NULL, 0, 0};
    size_t index = 0;
    json_t *step = NULL;
    enum afterwards afterwards = STAYS;
    json_array_foreach(steps, index, step) {
        if (json_object_get(step, "receive_head") != NULL && bytes.length != 0) {
            flush_answer(session, &bytes, STAYS);
        }
        (void)seed_bytes(session->source, json_object_get(step, "send"), &bytes);
        if (json_object_get(step, "end") != NULL || json_object_get(step, "close") != NULL) {
            afterwards = FINISHES;
        } else if (json_object_get(step, "reset") != NULL) {
            afterwards = RESETS;
        }
    }
    flush_answer(session, &bytes, afterwards);
    ts_text_free(&bytes);
}

static unsigned add_answers(struct session *session) {
    unsigned count = 0;
    const char *name = NULL;
    json_t *peer = NULL;
    json_object_foreach(session->source->scenario->peers, name, peer) {
        size_t index = 0;
        json_t *connection = NULL;
        json_array_foreach(json_object_get(peer, "accepts"), index, connection) {
            add_connection(session, seed_connection_steps(connection));
            count++;
        }
    }
    return count;
}

void seeds_of_client(struct seeds *seeds, const struct seed_source *source) {
    static struct session session;
    session.source = source;
    session.name_count = 0;
    session.requests = 0;
    seed_script_begin(&session.script, &seed_format_client_session);
    unsigned answers = add_answers(&session);
    add_steps(&session, &at_once, source->scenario->script);
    if (answers == 0 || session.requests == 0) {
        return;
    }
    struct fuzz_step step = {.operation = CLIENT_STEP, .numbers = {200}};
    seed_script_add(&session.script, &step);
    seeds_add(seeds, "client_session", session.script.bytes, session.script.length);
    session.script.bytes[CLIENT_SETTING_PARSER] = 0x20; /* no references are kept */
    session.script.bytes[CLIENT_SETTING_POOL] |= 1;
    seeds_add(seeds, "client_session", session.script.bytes, session.script.length);
}
