#include "session/grammar.h"

#include <stddef.h>

#include "support/check.h"

static const char *const event_names[GRAMMAR_EVENTS] = {
    [GRAMMAR_CLOSE] = "close",
    [GRAMMAR_END] = "end",
    [GRAMMAR_FINISH] = "finish",
    [GRAMMAR_ERROR] = "error",
    [GRAMMAR_DATA] = "data",
    [GRAMMAR_READABLE] = "readable",
    [GRAMMAR_DRAIN] = "drain",
    [GRAMMAR_PAUSE] = "pause",
    [GRAMMAR_RESUME] = "resume",
    [GRAMMAR_ABORTED] = "aborted",
    [GRAMMAR_TIMEOUT] = "timeout",
    [GRAMMAR_PREFINISH] = "prefinish",
    [GRAMMAR_PIPE] = "pipe",
    [GRAMMAR_UNPIPE] = "unpipe",
    [GRAMMAR_LOOKUP] = "lookup",
    [GRAMMAR_CONNECT] = "connect",
    [GRAMMAR_READY] = "ready",
    [GRAMMAR_SOCKET_ASSIGNED] = "socket",
    [GRAMMAR_RESPONSE_ARRIVED] = "response",
    [GRAMMAR_CONTINUE] = "continue",
    [GRAMMAR_INFORMATION] = "information",
    [GRAMMAR_UPGRADE] = "upgrade",
    [GRAMMAR_ABORT] = "abort",
    [GRAMMAR_FREE] = "free",
    [GRAMMAR_LISTENING] = "listening",
    [GRAMMAR_CONNECTION] = "connection",
    [GRAMMAR_REQUEST_ARRIVED] = "request",
    [GRAMMAR_CHECK_CONTINUE] = "checkContinue",
    [GRAMMAR_CHECK_EXPECTATION] = "checkExpectation",
    [GRAMMAR_CLIENT_ERROR] = "clientError",
    [GRAMMAR_DROP_REQUEST] = "dropRequest",
    [GRAMMAR_DROP] = "drop",
};

static const char *const kind_names[GRAMMAR_KINDS] = {
    [GRAMMAR_SOCKET] = "Socket",           [GRAMMAR_INCOMING] = "IncomingMessage",
    [GRAMMAR_RESPONSE] = "ServerResponse", [GRAMMAR_REQUEST] = "ClientRequest",
    [GRAMMAR_SERVER] = "Server",           [GRAMMAR_AGENT] = "Agent",
};

#define BIT GRAMMAR_BIT

#define READING (BIT(GRAMMAR_DATA) | BIT(GRAMMAR_READABLE))
#define WRITING (BIT(GRAMMAR_DRAIN) | BIT(GRAMMAR_PREFINISH) | BIT(GRAMMAR_FINISH))
/* pause() and resume() tell of themselves whatever state the stream is in, and so does unpipe(). */
#define CALLS (BIT(GRAMMAR_PAUSE) | BIT(GRAMMAR_RESUME) | BIT(GRAMMAR_PIPE) | BIT(GRAMMAR_UNPIPE))
#define ANY (BIT(GRAMMAR_EVENTS) - 1)

/* The rules of a kind. */
struct grammar_rules {
    uint64_t always; /* listeners that change nothing */
    uint64_t once;   /* events that come once at most */
    /* What must not come after each of these. */
    uint64_t after_close;
    uint64_t after_end;
    uint64_t after_error;
    uint64_t after_finish;
};

static const struct grammar_rules rules[GRAMMAR_KINDS] = {
    [GRAMMAR_SOCKET] = {.always = BIT(GRAMMAR_CLOSE) | BIT(GRAMMAR_END) | BIT(GRAMMAR_FINISH),
                        .once = BIT(GRAMMAR_CLOSE) | BIT(GRAMMAR_END) | BIT(GRAMMAR_FINISH) |
                                BIT(GRAMMAR_PREFINISH) | BIT(GRAMMAR_ERROR) | BIT(GRAMMAR_CONNECT) |
                                BIT(GRAMMAR_READY),
                        .after_close = ANY & ~CALLS,
                        .after_end = READING,
                        .after_error = READING | WRITING | BIT(GRAMMAR_END),
                        .after_finish = WRITING},
    [GRAMMAR_INCOMING] = {.always = BIT(GRAMMAR_CLOSE) | BIT(GRAMMAR_END),
                          .once = BIT(GRAMMAR_CLOSE) | BIT(GRAMMAR_END) | BIT(GRAMMAR_ERROR) |
                                  BIT(GRAMMAR_ABORTED),
                          .after_close = ANY & ~CALLS,
                          .after_end = READING | BIT(GRAMMAR_ERROR),
                          .after_error = READING | BIT(GRAMMAR_END)},
    /* A message that is written to after its end tells so each time; one that is ended after its
     * connection was lost still tells that it has finished. */
    [GRAMMAR_RESPONSE] = {.always = BIT(GRAMMAR_CLOSE) | BIT(GRAMMAR_FINISH),
                          .once = BIT(GRAMMAR_CLOSE) | BIT(GRAMMAR_FINISH) | BIT(GRAMMAR_PREFINISH),
                          .after_close = ANY & ~CALLS & ~BIT(GRAMMAR_PREFINISH)},
    [GRAMMAR_REQUEST] = {.always = BIT(GRAMMAR_CLOSE) | BIT(GRAMMAR_FINISH),
                         .once = BIT(GRAMMAR_CLOSE) | BIT(GRAMMAR_FINISH) | BIT(GRAMMAR_PREFINISH) |
                                 BIT(GRAMMAR_ABORT) | BIT(GRAMMAR_RESPONSE_ARRIVED) |
                                 BIT(GRAMMAR_UPGRADE) | BIT(GRAMMAR_CONNECT),
                         /* abort() tells of itself on a tick, whatever comes in between: the target
                          * checks that it is the very next one. */
                         .after_close = ANY & ~CALLS & ~BIT(GRAMMAR_ABORT)},
    /* A server that is closed again says so again; and its last connection may be gone while the
     * parser is still at the bytes that it sent. */
    [GRAMMAR_SERVER] = {.always = BIT(GRAMMAR_CLOSE),
                        .once = BIT(GRAMMAR_LISTENING),
                        .after_close = BIT(GRAMMAR_LISTENING) | BIT(GRAMMAR_CONNECTION)},
    [GRAMMAR_AGENT] = {.always = 0},
};

const char *grammar_event_name(enum grammar_event event) {
    return event_names[event];
}

const char *grammar_kind_name(enum grammar_kind kind) {
    return kind_names[kind];
}

uint64_t grammar_always(enum grammar_kind kind) {
    return rules[kind].always;
}

void grammar_begin(struct grammar *grammar, const struct fuzz_world *world,
                   const struct grammar_hooks *hooks, void *data) {
    grammar->world = world;
    grammar->hooks = hooks;
    grammar->data = data;
    grammar->object_count = 0;
    grammar->call_count = 0;
    grammar->event_count = 0;
    grammar->promises_nothing = false;
    for (size_t i = 0; i < GRAMMAR_KINDS; i++) {
        grammar->kind_counts[i] = 0;
    }
}

bool grammar_keeps_promises(const struct grammar *grammar) {
    return !grammar->promises_nothing && !grammar->world->memory->refused &&
           grammar->world->uncaught == 0;
}

/* --- objects -------------------------------------------------------------------------------- */

static bool has_seen(const struct grammar_object *object, enum grammar_event event) {
    return (object->seen & BIT(event)) != 0;
}

static void check_after(const struct grammar_object *object, enum grammar_event before,
                        uint64_t forbidden, enum grammar_event event) {
    FUZZ_CHECK(!has_seen(object, before) || (forbidden & BIT(event)) == 0,
               "%s %u emitted '%s' after '%s'", kind_names[object->kind], object->number,
               event_names[event], event_names[before]);
}

static void check(struct grammar_object *object, enum grammar_event event) {
    if (event == GRAMMAR_CLOSE && object->more_closes > 0 && has_seen(object, event)) {
        object->more_closes--;
        return;
    }
    const struct grammar_rules *rule = &rules[object->kind];
    bool again = event == GRAMMAR_FINISH && has_seen(object, event) && object->more_finishes > 0;
    object->more_finishes -= again;
    FUZZ_CHECK(again || !has_seen(object, event) || (rule->once & BIT(event)) == 0,
               "%s %u emitted '%s' twice", kind_names[object->kind], object->number,
               event_names[event]);
    check_after(object, GRAMMAR_CLOSE, rule->after_close & ~object->excused, event);
    check_after(object, GRAMMAR_ERROR, rule->after_error, event);
    check_after(object, GRAMMAR_FINISH, rule->after_finish, event);
    /* A stream whose 'end' listener throws (a pipe's, too) is not destroyed by its end, but by what
     * comes later. Without memory for the end of its destination, it fails at its own. */
    const struct fuzz_world *world = object->grammar->world;
    bool fails_late = object->failed_by_program || world->uncaught > 0 || world->memory->refused;
    if (!(event == GRAMMAR_ERROR && fails_late)) {
        check_after(object, GRAMMAR_END, rule->after_end, event);
    }
}

/* The object that a listener's address of data belongs to. */
static struct grammar_object *owner_of(const uint8_t *slot) {
    const uint8_t *slots = slot - *slot;
    return (struct grammar_object *)(uintptr_t)(slots - offsetof(struct grammar_object, slots));
}

static void on_event(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    enum grammar_event event = (enum grammar_event) * (const uint8_t *)data;
    struct grammar_object *object = owner_of(data);
    FUZZ_CHECK(object->object == emitter, "%s %u: an event after it was freed",
               kind_names[object->kind], object->number);
    check(object, event);
    object->seen |= BIT(event);
    object->grammar->event_count++;
    const struct grammar_hooks *hooks = object->grammar->hooks;
    if (hooks != NULL && hooks->event != NULL) {
        hooks->event(object, event, arguments, count, object->grammar->data);
    }
}

static void on_listener_gone(void *data) {
    struct grammar_object *object = owner_of(data);
    object->listeners--;
    if (object->listeners != 0) {
        return;
    }
    object->object = NULL;
    const struct grammar_hooks *hooks = object->grammar->hooks;
    if (hooks != NULL && hooks->gone != NULL) {
        hooks->gone(object, object->grammar->data);
    }
}

void grammar_listen(struct grammar_object *object, uint64_t events) {
    uint64_t added = events & ~object->attached;
    for (unsigned event = 0; event < GRAMMAR_EVENTS && added >> event != 0; event++) {
        if ((added & BIT(event)) == 0) {
            continue;
        }
        object->slots[event] = (uint8_t)event;
        if (nh_emitter_add_listener(object->object, event_names[event], on_event,
                                    &object->slots[event], on_listener_gone, NH_LISTENER_PLAIN)) {
            object->attached |= BIT(event);
            object->listeners++;
        }
    }
}

void grammar_remove_listeners(struct grammar_object *object, enum grammar_event event) {
    uint64_t own = object->attached & BIT(event);
    object->grammar->promises_nothing = true;
    nh_emitter_remove_all_listeners(object->object, event_names[event]);
    object->attached &= ~own;
    grammar_listen(object, own);
}

struct grammar_object *grammar_watch(struct grammar *grammar, nh_emitter *emitter,
                                     enum grammar_kind kind, uint64_t events) {
    if (grammar->object_count == GRAMMAR_MOST_OBJECTS) {
        return NULL;
    }
    struct grammar_object *object = &grammar->objects[grammar->object_count];
    object->grammar = grammar;
    object->object = emitter;
    object->kind = kind;
    object->number = grammar->kind_counts[kind];
    object->attached = 0;
    object->seen = 0;
    object->listeners = 0;
    object->failed_by_program = false;
    object->more_closes = 0;
    object->excused = 0;
    object->more_finishes = 0;
    object->not_to_close = false;
    object->data = NULL;
    grammar_listen(object, rules[kind].always | events);
    if (object->listeners == 0) {
        return NULL;
    }
    grammar->kind_counts[kind]++;
    grammar->object_count++;
    return object;
}

struct grammar_object *grammar_find(struct grammar *grammar, const nh_emitter *emitter) {
    for (size_t i = grammar->object_count; i > 0; i--) {
        if (grammar->objects[i - 1].object == emitter) {
            return &grammar->objects[i - 1];
        }
    }
    return NULL;
}

/* --- callbacks ------------------------------------------------------------------------------ */

static void on_call(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    struct grammar_call *call = data;
    (void)out_result;
    FUZZ_CHECK(!call->called || call->may_repeat, "the callback of %s was called twice",
               call->what);
    call->called = true;
    const struct grammar_hooks *hooks = call->grammar->hooks;
    if (hooks != NULL && hooks->called != NULL) {
        hooks->called(call, arguments, count, call->grammar->data);
    }
}

static void on_call_dropped(void *data) {
    struct grammar_call *call = data;
    call->dropped = true;
}

nh_value grammar_callback(struct grammar *grammar, const char *what, enum grammar_promise promise,
                          struct grammar_call **out_call) {
    if (out_call != NULL) {
        *out_call = NULL;
    }
    if (grammar->call_count == GRAMMAR_MOST_CALLS) {
        return nh_undefined();
    }
    struct grammar_call *call = &grammar->calls[grammar->call_count];
    *call = (struct grammar_call){.grammar = grammar, .what = what, .promise = promise};
    nh_value function =
        nh_function_new(&grammar->world->memory->memory, "", on_call, call, on_call_dropped);
    if (function.type == NH_FUNCTION) {
        grammar->call_count++;
        if (out_call != NULL) {
            *out_call = call;
        }
    }
    return function;
}

/* --- at the end ----------------------------------------------------------------------------- */

/* Whether a living object was destroyed. */
static bool is_destroyed(const struct grammar_object *object) {
    if (object->kind == GRAMMAR_SOCKET || object->kind == GRAMMAR_INCOMING) {
        return nh_stream_is_destroyed(nh_as_stream(object->object));
    }
    return object->kind == GRAMMAR_REQUEST &&
           nh_outgoing_message_is_destroyed(nh_as_outgoing_message(object->object));
}

void grammar_check_closed(const struct grammar *grammar) {
    if (!grammar_keeps_promises(grammar)) {
        return;
    }
    for (size_t i = 0; i < grammar->object_count; i++) {
        const struct grammar_object *object = &grammar->objects[i];
        bool listens = (object->attached & BIT(GRAMMAR_CLOSE)) != 0;
        if (!listens || has_seen(object, GRAMMAR_CLOSE) || object->not_to_close) {
            continue;
        }
        /* Sockets are destroyed sooner or later; nobody may lose one before. */
        FUZZ_CHECK(object->object != NULL || object->kind != GRAMMAR_SOCKET,
                   "%s %u was freed without 'close'", kind_names[object->kind], object->number);
        FUZZ_CHECK(object->object == NULL || !is_destroyed(object),
                   "%s %u was destroyed, but did not emit 'close'", kind_names[object->kind],
                   object->number);
    }
    for (size_t i = 0; i < grammar->call_count; i++) {
        const struct grammar_call *call = &grammar->calls[i];
        FUZZ_CHECK(call->called || call->promise != GRAMMAR_ONCE,
                   "the callback of %s was never called", call->what);
    }
}

void grammar_check_freed(const struct grammar *grammar) {
    for (size_t i = 0; i < grammar->object_count; i++) {
        const struct grammar_object *object = &grammar->objects[i];
        FUZZ_CHECK(object->listeners == 0, "%s %u was never freed", kind_names[object->kind],
                   object->number);
    }
    for (size_t i = 0; i < grammar->call_count; i++) {
        FUZZ_CHECK(grammar->calls[i].dropped, "the callback of %s was never let go of",
                   grammar->calls[i].what);
    }
}
