/* reference/closure.h - steps that run later, with the scope they were written in. */
#ifndef TS_REFERENCE_CLOSURE_H
#define TS_REFERENCE_CLOSURE_H

#include "reference/frame.h"

struct ts_closure {
    ts_closure *next; /* in the session's list */
    ts_closure *previous;
    ts_session *session;
    ts_scope *scope;        /* retained */
    const char *lane;       /* of the place it was written in */
    const json_t *settings; /* the handler's or function's object; NULL for a bare list */
    const json_t *steps;    /* what to do; may be NULL */
    size_t calls;
    bool pending; /* counted in session->pending until it has run */
    /* A handler's object, label and event; NULL for functions. Not retained: the listener goes
     * before the object does. */
    nh_emitter *object;
    char *event;
    char *name; /* observed as: "req:close", or the function's name; NULL: not recorded */
    /* Of an overriding function: what `super` calls, and on which object (retained). */
    const ts_binding *overridden;
    nh_emitter *overridden_object;
};

/* A closure on the frame's scope. `definition` is a list of steps or a settings object with "do".
 * NULL without memory. */
ts_closure *ts_closure_new(ts_frame *frame, const json_t *definition);
/* Releases it; fits nh_function_new() and nh_emitter_add_listener(). */
void ts_closure_free(void *closure);
/* The closure as a function value; takes it. */
nh_value ts_closure_as_function(ts_closure *closure, const char *name);
/* Records the call (if the closure has a name) and runs the steps in a scope of their own.
 * `out_result` (may be NULL) gets the value of a `return` step or of "returns". */
void ts_closure_run(ts_closure *closure, const nh_value *arguments, size_t count,
                    nh_value *out_result);

#endif
