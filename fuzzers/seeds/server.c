/* Scripts of server_session: what the clients of a scenario do, and what its server does in its
 * listeners. */
#include <string.h>

#include "seeds/seeds.h"
#include "session/server_operations.h"

enum kind { SERVER, REQUEST, RESPONSE, SOCKET, KINDS };

/* Events that the operation `on` waits for, in the order of its second argument. */
static const char *const events[KINDS][12] = {
    [SERVER] = {"request", "connection", "close", "checkContinue", "checkExpectation",
                "clientError", "upgrade", "connect", "dropRequest", "timeout"},
    [REQUEST] = {"data", "end", "close", "error", "pause", "resume", "aborted", "readable",
                 "timeout"},
    [RESPONSE] = {"finish", "close", "error", "drain", "pipe", "prefinish", "unpipe", "timeout"},
    [SOCKET] = {"close", "end", "finish", "error", "data", "timeout", "drain", "readable"},
};

/* What the operations "request.on" and so on listen for, in the order of their argument. */
static const char *const listened[KINDS][8] = {
    [REQUEST] = {"data", "readable", "error", "aborted", "timeout", "pause", "resume"},
    [RESPONSE] = {"error", "drain", "timeout", "prefinish", "pipe", "unpipe"},
    [SOCKET] = {"data", "readable", "error", "drain", "timeout", "pause", "resume", "prefinish"},
};

/* Methods by kind; `argument`: what the second argument of the operation is made of. */
static const struct {
    enum kind kind;
    const char *method;
    enum server_operation operation;
} methods[] = {
    {REQUEST, "pause", SERVER_REQUEST_PAUSE},
    {REQUEST, "resume", SERVER_REQUEST_RESUME},
    {REQUEST, "read", SERVER_REQUEST_READ},
    {REQUEST, "setEncoding", SERVER_REQUEST_ENCODING},
    {REQUEST, "destroy", SERVER_REQUEST_DESTROY},
    {REQUEST, "pipe", SERVER_REQUEST_PIPE},
    {REQUEST, "unpipe", SERVER_REQUEST_UNPIPE},
    {REQUEST, "setTimeout", SERVER_REQUEST_TIMEOUT},
    {RESPONSE, "writeHead", SERVER_RESPONSE_WRITE_HEAD},
    {RESPONSE, "setHeader", SERVER_RESPONSE_SET_HEADER},
    {RESPONSE, "appendHeader", SERVER_RESPONSE_APPEND_HEADER},
    {RESPONSE, "removeHeader", SERVER_RESPONSE_REMOVE_HEADER},
    {RESPONSE, "write", SERVER_RESPONSE_WRITE},
    {RESPONSE, "end", SERVER_RESPONSE_END},
    {RESPONSE, "cork", SERVER_RESPONSE_CORK},
    {RESPONSE, "uncork", SERVER_RESPONSE_UNCORK},
    {RESPONSE, "destroy", SERVER_RESPONSE_DESTROY},
    {RESPONSE, "flushHeaders", SERVER_RESPONSE_FLUSH},
    {RESPONSE, "addTrailers", SERVER_RESPONSE_TRAILERS},
    {RESPONSE, "writeContinue", SERVER_RESPONSE_CONTINUE},
    {RESPONSE, "writeProcessing", SERVER_RESPONSE_PROCESSING},
    {RESPONSE, "writeEarlyHints", SERVER_RESPONSE_EARLY_HINTS},
    {RESPONSE, "setTimeout", SERVER_RESPONSE_TIMEOUT},
    {RESPONSE, "detachSocket", SERVER_RESPONSE_DETACH},
    {SOCKET, "write", SERVER_SOCKET_WRITE},
    {SOCKET, "end", SERVER_SOCKET_END},
    {SOCKET, "destroy", SERVER_SOCKET_DESTROY},
    {SOCKET, "destroySoon", SERVER_SOCKET_DESTROY_SOON},
    {SOCKET, "resetAndDestroy", SERVER_SOCKET_RESET},
    {SOCKET, "pause", SERVER_SOCKET_PAUSE},
    {SOCKET, "resume", SERVER_SOCKET_RESUME},
    {SOCKET, "setTimeout", SERVER_SOCKET_TIMEOUT},
    {SERVER, "close", SERVER_CLOSE},
    {SERVER, "closeAllConnections", SERVER_CLOSE_ALL},
    {SERVER, "closeIdleConnections", SERVER_CLOSE_IDLE},
    {SERVER, "setTimeout", SERVER_TIMEOUT},
};

/* From 128 on, a selector means the object that the event is about. */
#define OF_THE_EVENT 128U

struct name {
    const char *name;
    enum kind kind;
};

struct session {
    const struct seed_source *source;
    struct seed_script script;
    struct name names[24]; /* variables of the scenario */
    size_t name_count;
    bool ends_responses; /* the script does */
    bool has_server;
};

/* What the operations under way wait for; NULL event: nothing. */
struct trigger {
    enum kind kind;
    unsigned event;
    bool is_set;
    int defer; /* -1: done at once */
};

static unsigned place_of(const char *const *list, size_t count, const char *word) {
    for (unsigned i = 0; i < count && list[i] != NULL; i++) {
        if (strcmp(list[i], word) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

static void note_name(struct session *session, const char *name, enum kind kind) {
    if (name != NULL && session->name_count < sizeof session->names / sizeof session->names[0]) {
        session->names[session->name_count++] = (struct name){name, kind};
    }
}

/* The kind of what a path leads to ("res", "res.socket"); KINDS if it isn't known. */
static enum kind kind_of(const struct session *session, const char *path, size_t length) {
    static const char *const sockets[] = {".socket", ".connection"};
    for (size_t i = 0; i < 2; i++) {
        size_t end = strlen(sockets[i]);
        if (length > end && memcmp(path + length - end, sockets[i], end) == 0) {
            return SOCKET;
        }
    }
    for (size_t i = session->name_count; i-- > 0;) {
        if (strlen(session->names[i].name) == length &&
            memcmp(session->names[i].name, path, length) == 0) {
            return session->names[i].kind;
        }
    }
    return KINDS;
}

/* Appends an operation that is done at once, or when the trigger says. */
static void add(struct session *session, const struct trigger *trigger, struct fuzz_step step) {
    if (trigger->is_set) {
        struct fuzz_step on = {.operation = SERVER_ON,
                               .numbers = {(unsigned)trigger->kind, trigger->event, 0}};
        seed_script_add(&session->script, &on);
    }
    if (trigger->defer >= 0) {
        struct fuzz_step defer = {.operation = SERVER_DEFER, .numbers = {(unsigned)trigger->defer}};
        seed_script_add(&session->script, &defer);
    }
    seed_script_add(&session->script, &step);
}

struct header_call {
    struct session *session;
    const struct trigger *trigger;
    enum server_operation operation;
    unsigned selector;
};

static void add_header(nh_bytes name, nh_bytes value, void *data) {
    const struct header_call *call = data;
    add(call->session, call->trigger,
        (struct fuzz_step){.operation = call->operation,
                           .numbers = {call->selector},
                           .bytes = {[1] = name, [2] = value}});
}

static void add_writing(struct session *session, const struct trigger *trigger,
                        struct fuzz_step *step, const json_t *call) {
    ts_text body = {NULL, 0, 0};
    (void)seed_bytes(session->source, seed_argument(call, 0), &body);
    step->numbers[1] = (unsigned)(body.length < 2000 ? body.length : 2000);
    add(session, trigger, *step);
    ts_text_free(&body);
}

/* A call of one of the objects, with what the operation can say of its arguments. */
static void add_method(struct session *session, const struct trigger *trigger, json_t *call,
                       enum server_operation operation) {
    unsigned selector = trigger->is_set ? OF_THE_EVENT : 0;
    struct header_call header = {session, trigger, operation, selector};
    struct fuzz_step step = {.operation = operation, .numbers = {selector}};
    json_t *first = seed_argument(call, 0);
    ts_text texts[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
    switch ((unsigned)operation) {
    case SERVER_RESPONSE_WRITE_HEAD:
        header.operation = SERVER_RESPONSE_SET_HEADER;
        seed_each_header(session->source, seed_argument(call, 1), add_header, &header);
        seed_each_header(session->source, seed_argument(call, 2), add_header, &header);
        step.numbers[1] = (unsigned)json_integer_value(first) % 1000;
        add(session, trigger, step);
        break;
    case SERVER_RESPONSE_TRAILERS:
        seed_each_header(session->source, first, add_header, &header);
        break;
    case SERVER_RESPONSE_SET_HEADER:
    case SERVER_RESPONSE_APPEND_HEADER:
    case SERVER_RESPONSE_REMOVE_HEADER:
        (void)seed_bytes(session->source, first, &texts[0]);
        (void)seed_bytes(session->source, seed_argument(call, 1), &texts[1]);
        step.bytes[1] = seed_bytes_of(&texts[0]);
        step.bytes[2] = seed_bytes_of(&texts[1]);
        add(session, trigger, step);
        break;
    case SERVER_RESPONSE_WRITE:
    case SERVER_RESPONSE_END:
    case SERVER_SOCKET_WRITE:
        session->ends_responses = session->ends_responses || operation == SERVER_RESPONSE_END;
        add_writing(session, trigger, &step, call);
        break;
    case SERVER_TIMEOUT:
        step.numbers[0] = (unsigned)json_integer_value(first) % 5000;
        add(session, trigger, step);
        break;
    case SERVER_REQUEST_DESTROY:
    case SERVER_RESPONSE_DESTROY:
    case SERVER_SOCKET_DESTROY:
        step.numbers[1] = first != NULL;
        add(session, trigger, step);
        break;
    default:
        step.numbers[1] = (unsigned)json_integer_value(first) % 5000;
        add(session, trigger, step);
        break;
    }
    ts_text_free(&texts[0]);
    ts_text_free(&texts[1]);
}

static void add_call(struct session *session, const struct trigger *trigger, json_t *step) {
    const char *path = seed_member(step, "call");
    const char *method = seed_method(step);
    if (method == NULL) {
        return;
    }
    enum kind kind = kind_of(session, path, (size_t)(method - 1 - path));
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (methods[i].kind == kind && strcmp(methods[i].method, method) == 0) {
            add_method(session, trigger, step, methods[i].operation);
        }
    }
}

static void add_steps(struct session *session, const struct trigger *trigger, json_t *steps);

/* Names of a handler's arguments, by the event that it is for. */
static void note_arguments(struct session *session, enum kind kind, const char *event,
                           const json_t *handler) {
    const json_t *as = json_object_get(handler, "as");
    const char *first = json_string_value(json_array_get(as, 0));
    const char *second = json_string_value(json_array_get(as, 1));
    if (kind != SERVER) {
        return;
    }
    if (strcmp(event, "connection") == 0) {
        note_name(session, first, SOCKET);
    } else if (strcmp(event, "clientError") == 0) {
        note_name(session, second, SOCKET);
    } else {
        bool hands_over = strcmp(event, "upgrade") == 0 || strcmp(event, "connect") == 0;
        note_name(session, first, REQUEST);
        note_name(session, second, hands_over ? SOCKET : RESPONSE);
    }
}

/* Handlers of an object: what they do is done when their events come. */
static void add_handlers(struct session *session, const struct trigger *trigger, enum kind kind,
                         json_t *handlers) {
    static const enum server_operation listens[KINDS] = {
        SERVER_OPERATIONS, SERVER_REQUEST_LISTEN, SERVER_RESPONSE_LISTEN, SERVER_SOCKET_LISTEN};
    const char *event = NULL;
    json_t *handler = NULL;
    json_object_foreach(handlers, event, handler) {
        unsigned place = place_of(events[kind], 12, event);
        unsigned listen = place_of(listened[kind], 8, event);
        if (kind != SERVER && listen != UINT32_MAX) {
            unsigned selector = trigger->is_set ? OF_THE_EVENT : 0;
            add(session, trigger,
                (struct fuzz_step){.operation = listens[kind], .numbers = {selector, listen}});
        }
        if (place != UINT32_MAX) {
            struct trigger next = {kind, place, true, -1};
            note_arguments(session, kind, event, handler);
            add_steps(session, &next, seed_steps_of(handler));
        }
    }
}

static void set_bits_of_events(struct session *session, const json_t *handlers) {
    static const char *const optional[] = {
        "checkContinue", "checkExpectation", "connect",     "upgrade",
        "clientError",   "timeout",          "dropRequest", "drop"};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        if (json_object_get(handlers, optional[i]) != NULL) {
            session->script.bytes[SERVER_SETTING_LISTENERS] |= (uint8_t)(1U << i);
        }
    }
}

static void add_server(struct session *session, json_t *step) {
    static const struct {
        const char *name;
        bool wanted;
        uint8_t bit;
    } options[] = {
        {"insecureHTTPParser", true, SERVER_OPTION_INSECURE},
        {"requireHostHeader", false, SERVER_OPTION_NO_HOST},
        {"joinDuplicateHeaders", true, SERVER_OPTION_JOIN},
        {"rejectNonStandardBodyWrites", true, SERVER_OPTION_REJECT},
        {"keepAlive", true, SERVER_OPTION_KEEP_ALIVE},
        {"httpAllowHalfOpen", true, SERVER_OPTION_HALF_OPEN},
    };
    const json_t *given = seed_argument(step, 0);
    uint8_t *settings = session->script.bytes;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const json_t *value = json_object_get(given, options[i].name);
        if (json_is_boolean(value) && json_is_true(value) == options[i].wanted) {
            settings[SERVER_SETTING_OPTIONS] |= options[i].bit;
        }
    }
    if (json_object_get(given, "keepAliveTimeout") != NULL) {
        settings[SERVER_SETTING_TIMEOUTS] |= 2;
    }
    if (json_object_get(given, "requestTimeout") != NULL ||
        json_object_get(given, "headersTimeout") != NULL) {
        settings[SERVER_SETTING_TIMEOUTS] |= 0x10;
    }
    if (json_object_get(given, "maxHeaderSize") != NULL) {
        settings[SERVER_SETTING_LIMITS] |= 1;
    }
    session->has_server = true;
    note_name(session, seed_member(step, "let"), SERVER);
    set_bits_of_events(session, json_object_get(step, "on"));
    struct trigger at_once = {SERVER, 0, false, -1};
    add_handlers(session, &at_once, SERVER, json_object_get(step, "on"));
}

static void add_step(struct session *session, const struct trigger *trigger, json_t *step) {
    static const char *const later[] = {"tick", "microtask", "immediate"};
    const char *call = seed_member(step, "call");
    const char *on = seed_member(step, "on");
    if (call != NULL && strcmp(call, "http.createServer") == 0) {
        add_server(session, step);
    } else if (call != NULL) {
        add_call(session, trigger, step);
    }
    if (on != NULL) {
        enum kind kind = kind_of(session, on, strlen(on));
        if (kind == SERVER) {
            set_bits_of_events(session, json_object_get(step, "events"));
        }
        if (kind != KINDS) {
            add_handlers(session, trigger, kind, json_object_get(step, "events"));
        }
    }
    for (int i = 0; i < 3; i++) {
        struct trigger next = *trigger;
        next.defer = i;
        add_steps(session, &next, json_object_get(step, later[i]));
    }
    if (json_object_get(step, "after") != NULL) {
        struct trigger next = *trigger;
        next.defer = 7; /* a timer of so many milliseconds */
        add_steps(session, &next, json_object_get(step, "do"));
    } else {
        add_steps(session, trigger, json_object_get(step, "do"));
    }
    if (json_object_get(step, "throw") != NULL) {
        add(session, trigger, (struct fuzz_step){.operation = SERVER_THROW});
    }
}

static void add_steps(struct session *session, const struct trigger *trigger, json_t *steps) {
    size_t index = 0;
    json_t *step = NULL;
    json_array_foreach(steps, index, step) {
        add_step(session, trigger, step);
    }
}

/* What a peer does that connects. */
static void add_client_step(struct session *session, unsigned client, const json_t *step) {
    static const struct {
        const char *key;
        enum server_operation operation;
        unsigned argument;
    } simple[] = {
        {"end", SERVER_FINISH_SENDING, 0},
        {"reset", SERVER_RESET, 0},
        {"close", SERVER_CLOSE_CLIENT, 0},
        {"stop_reading", SERVER_CLIENT_READS, 0},
        {"start_reading", SERVER_CLIENT_READS, 1},
        {"receive_head", SERVER_RUN, 0},
        {"receive_text", SERVER_RUN, 0},
        {"receive_bytes", SERVER_RUN, 0},
        {"wait", SERVER_RUN, 0},
    };
    ts_text bytes = {NULL, 0, 0};
    if (seed_bytes(session->source, json_object_get(step, "send"), &bytes)) {
        struct fuzz_step send = {
            .operation = SERVER_SEND, .numbers = {client}, .bytes = {[1] = seed_bytes_of(&bytes)}};
        const json_t *split = json_object_get(step, "split");
        if (split != NULL) {
            send.operation = SERVER_SEND_CUT;
            send.numbers[1] = (unsigned)(json_integer_value(split) - 1) % 64;
            send.bytes[2] = send.bytes[1];
        }
        seed_script_add(&session->script, &send);
    }
    ts_text_free(&bytes);
    const json_t *pause = json_object_get(step, "pause");
    if (pause != NULL) {
        struct fuzz_step wait = {.operation = SERVER_WAIT,
                                 .numbers = {(unsigned)json_integer_value(pause) % 60000}};
        seed_script_add(&session->script, &wait);
    }
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++) {
        if (json_object_get(step, simple[i].key) != NULL) {
            struct fuzz_step plain = {.operation = simple[i].operation,
                                      .numbers = {client, simple[i].argument}};
            seed_script_add(&session->script, &plain);
        }
    }
}

/* The first client is there from the beginning. The number of clients. */
static unsigned add_clients(struct session *session) {
    unsigned count = 0;
    const char *name = NULL;
    json_t *peer = NULL;
    json_object_foreach(session->source->scenario->peers, name, peer) {
        if (json_object_get(peer, "connects") == NULL) {
            continue;
        }
        if (count > 0) {
            struct fuzz_step connect = {.operation = SERVER_CONNECT};
            seed_script_add(&session->script, &connect);
        }
        size_t index = 0;
        json_t *step = NULL;
        json_array_foreach(json_object_get(peer, "steps"), index, step) {
            add_client_step(session, count, step);
        }
        count++;
    }
    return count;
}

void seeds_of_server(struct seeds *seeds, const struct seed_source *source) {
    static struct session session;
    session.source = source;
    session.name_count = 0;
    session.ends_responses = false;
    session.has_server = false;
    seed_script_begin(&session.script, &seed_format_server_session);
    struct trigger at_once = {SERVER, 0, false, -1};
    add_steps(&session, &at_once, source->scenario->script);
    if (add_clients(&session) == 0 || !session.has_server) {
        return;
    }
    struct fuzz_step wait = {.operation = SERVER_WAIT, .numbers = {100}};
    seed_script_add(&session.script, &wait);
    session.script.bytes[SERVER_SETTING_WATCH] = 0x5B; /* 'data', errors, 'aborted' */
    session.script.bytes[SERVER_SETTING_ANSWER] = session.ends_responses ? 0 : 3;
    seeds_add(seeds, "server_session", session.script.bytes, session.script.length);
    session.script.bytes[SERVER_SETTING_SHAPE] = 0x11; /* the same in pieces */
    session.script.bytes[SERVER_SETTING_PROGRAM] = SERVER_PROGRAM_REFERENCES;
    seeds_add(seeds, "server_session", session.script.bytes, session.script.length);
}
