/* grammar.h - the grammar of events: which may follow which, checked as they come.
 *
 * A run has one grammar. It watches objects: the listeners that it adds to them check each event
 * against what the object emitted before, and then tell the target. Watching references nothing, so
 * that an object goes when a program would have let go of it; the target is told then.
 *
 * Which listeners an object has changes what it does ('data' makes it flow, 'error' keeps its
 * errors from being thrown, 'timeout' keeps it alive ...), so the target chooses. Those that every
 * object of a kind gets (GRAMMAR_ALWAYS) change nothing.
 *
 * What may not happen is checked always. What has to happen ('close' of what was destroyed, calls
 * of promised callbacks) is checked unless an allocation was refused or an exception was not
 * caught, since both may come in between, here as in Node.js. */
#ifndef FUZZERS_SESSION_GRAMMAR_H
#define FUZZERS_SESSION_GRAMMAR_H

#include <nodehttp/nodehttp.h>

#include "support/world.h"

/* Events by name; the order is that in which listeners are added. */
enum grammar_event {
    GRAMMAR_CLOSE,
    GRAMMAR_END,
    GRAMMAR_FINISH,
    GRAMMAR_ERROR,
    GRAMMAR_DATA,
    GRAMMAR_READABLE,
    GRAMMAR_DRAIN,
    GRAMMAR_PAUSE,
    GRAMMAR_RESUME,
    GRAMMAR_ABORTED,
    GRAMMAR_TIMEOUT,
    GRAMMAR_PREFINISH,
    GRAMMAR_PIPE,
    GRAMMAR_UNPIPE,
    GRAMMAR_LOOKUP,
    GRAMMAR_CONNECT, /* of a socket, a request or a server */
    GRAMMAR_READY,
    GRAMMAR_SOCKET_ASSIGNED,  /* 'socket' */
    GRAMMAR_RESPONSE_ARRIVED, /* 'response' */
    GRAMMAR_CONTINUE,
    GRAMMAR_INFORMATION,
    GRAMMAR_UPGRADE, /* of a request or a server */
    GRAMMAR_ABORT,
    GRAMMAR_FREE,
    GRAMMAR_LISTENING,
    GRAMMAR_CONNECTION,
    GRAMMAR_REQUEST_ARRIVED, /* 'request' */
    GRAMMAR_CHECK_CONTINUE,
    GRAMMAR_CHECK_EXPECTATION,
    GRAMMAR_CLIENT_ERROR,
    GRAMMAR_DROP_REQUEST,
    GRAMMAR_DROP,
    GRAMMAR_EVENTS
};
#define GRAMMAR_BIT(event) (UINT64_C(1) << (event))

/* What an object is, for the grammar. */
enum grammar_kind {
    GRAMMAR_SOCKET,   /* a net.Socket, or any Duplex */
    GRAMMAR_INCOMING, /* an IncomingMessage */
    GRAMMAR_RESPONSE, /* a ServerResponse */
    GRAMMAR_REQUEST,  /* a ClientRequest */
    GRAMMAR_SERVER,
    GRAMMAR_AGENT,
    GRAMMAR_KINDS
};

struct grammar;

/* An object that is, or was, watched. */
struct grammar_object {
    struct grammar *grammar;
    nh_emitter *object; /* NULL once it was freed; no reference */
    enum grammar_kind kind;
    unsigned number;    /* among those of its kind, from 0 in the order of watching */
    uint64_t attached;  /* events with a listener (GRAMMAR_BIT) */
    uint64_t seen;      /* events that were emitted */
    unsigned listeners; /* of this grammar, still there */
    /* The program itself destroyed it with an error, or with one that comes later; whoever does
     * that says so here. */
    bool failed_by_program;
    /* A request emits 'close' with its connection, and again when its exchange is complete later:
     * so does Node.js. The target says so each time that it sees one complete. */
    unsigned more_closes;
    uint64_t excused;              /* events that may come after 'close', here and for a reason */
    unsigned more_finishes;        /* 'finish' may come so often once more, for a reason */
    bool not_to_close;             /* nothing promises its 'close' (detached, handed over ...) */
    void *data;                    /* of the target */
    uint8_t slots[GRAMMAR_EVENTS]; /* their addresses tell listeners apart */
};

/* Whether, and how often, a callback is called. */
enum grammar_promise {
    GRAMMAR_AT_MOST_ONCE,
    GRAMMAR_ONCE /* exactly once, before it is dropped */
};

/* A callback that was handed out. */
struct grammar_call {
    struct grammar *grammar;
    const char *what;
    enum grammar_promise promise;
    bool called;
    bool may_repeat; /* may be called more than once, for a reason */
    bool dropped;    /* nobody references it any more */
    uintptr_t data;  /* of the target */
};

#define GRAMMAR_MOST_OBJECTS 192
#define GRAMMAR_MOST_CALLS 192

/* What a target does about events; each may be NULL. Arguments are borrowed. */
struct grammar_hooks {
    /* After the event was found to be in order; from inside the listener: the target may call
     * anything, throw included. */
    void (*event)(struct grammar_object *object, enum grammar_event event,
                  const nh_value *arguments, size_t count, void *data);
    /* The object is being freed; `object->object` is NULL already. */
    void (*gone)(struct grammar_object *object, void *data);
    void (*called)(struct grammar_call *call, const nh_value *arguments, size_t count, void *data);
};

struct grammar {
    const struct fuzz_world *world;
    const struct grammar_hooks *hooks;
    void *data; /* of the hooks */
    size_t object_count;
    size_t call_count;
    unsigned kind_counts[GRAMMAR_KINDS];
    size_t event_count; /* emitted and checked, all in all */
    /* The program did what makes Node.js break its promises; whoever does that says so here. */
    bool promises_nothing;
    struct grammar_object objects[GRAMMAR_MOST_OBJECTS];
    struct grammar_call calls[GRAMMAR_MOST_CALLS];
};

/* Begins a run. `grammar` may be static; only what is used of it is touched. */
void grammar_begin(struct grammar *grammar, const struct fuzz_world *world,
                   const struct grammar_hooks *hooks, void *data);

/* The listeners that every object of a kind gets. */
uint64_t grammar_always(enum grammar_kind kind);
/* Watches `object` (not referenced), with listeners for `events` besides those. NULL when there are
 * GRAMMAR_MOST_OBJECTS already or not one listener could be added. */
struct grammar_object *grammar_watch(struct grammar *grammar, nh_emitter *object,
                                     enum grammar_kind kind, uint64_t events);
/* Adds further listeners. */
void grammar_listen(struct grammar_object *object, uint64_t events);
/* Removes the listeners of an event, as a program can: the library's own, too, and with them what
 * Node.js promises. The watching ones come back. */
void grammar_remove_listeners(struct grammar_object *object, enum grammar_event event);
/* The record of an object that lives; NULL when it isn't watched. */
struct grammar_object *grammar_find(struct grammar *grammar, const nh_emitter *object);

/* A function value (owned) that checks how often it is called; undefined when there are
 * GRAMMAR_MOST_CALLS already. `what` is for messages and has to be static; `*out_call` (may be
 * NULL) gets the record, NULL when there is none. */
nh_value grammar_callback(struct grammar *grammar, const char *what, enum grammar_promise promise,
                          struct grammar_call **out_call);

/* Whether what Node.js promises holds: no allocation was refused, no exception uncaught, and the
 * program did not say otherwise. */
bool grammar_keeps_promises(const struct grammar *grammar);
/* Everything is closed and the loop has nothing to do: whoever lives and was destroyed has emitted
 * 'close', no socket was freed without it, and promised callbacks were called. Before the target
 * lets go of its references. */
void grammar_check_closed(const struct grammar *grammar);
/* The world was taken down: every object and every callback is gone. */
void grammar_check_freed(const struct grammar *grammar);

/* "data", ...; "Socket", ... */
const char *grammar_event_name(enum grammar_event event);
const char *grammar_kind_name(enum grammar_kind kind);

#endif
