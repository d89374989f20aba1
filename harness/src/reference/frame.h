/* reference/frame.h - the parts of the interpreter that its files share. */
#ifndef TS_REFERENCE_FRAME_H
#define TS_REFERENCE_FRAME_H

#include "reference/binding.h"
#include "reference/scope.h"
#include "reference/session.h"

typedef struct ts_label {
    nh_emitter *object; /* retained */
    char *text;
} ts_label;

/* Something the session will call later: a list of steps, or a handler, with the scope it was
 * written in. Every closure is in the session's list, so that its scope can be cut loose. */
typedef struct ts_closure ts_closure;

struct ts_session {
    nh_loop *loop;
    nh_memory *memory;
    const json_t *script;
    json_t *lanes;     /* label -> lane */
    json_t *addresses; /* name -> {"host", "port"} or {"path"} */
    json_t *names;     /* how many objects were labelled with a name */
    json_t *signals;   /* signals given so far */
    const char *unix_path;
    double time_scale;
    const ts_session_events *events;
    void *owner;
    ts_scope *globals;
    ts_label *labels;
    size_t label_count;
    size_t label_capacity;
    ts_closure *closures;
    struct ts_async_loop *async_loops; /* `for await` loops under way */
    nh_lookup *start;                  /* carries the start of the script; NULL once it has run */
    size_t pending;                    /* timers and immediates of the script, and its start */
    bool over; /* unsupported, failed or stopped: nothing more is reported */
};

/* Where in the script the interpreter is. Lives on the C stack. */
typedef struct ts_frame {
    ts_session *session;
    ts_scope *scope;
    const char *lane;        /* of the handler, for marks and the like */
    nh_value returned;       /* by a `return` step; owned */
    const ts_closure *super; /* the overridden method's call, see override.c; NULL outside */
} ts_frame;

/* How a list of steps ended. */
typedef enum ts_outcome {
    TS_CONTINUE, /* at its end */
    TS_RETURN,   /* by `return` */
    TS_BREAK,    /* by `break` */
    TS_THROW,    /* by an exception, which is pending on the loop */
    TS_OVER      /* the session is over */
} ts_outcome;

ts_outcome ts_run_steps(ts_frame *frame, const json_t *steps);
/* Calls what the function that the frame belongs to overrides; its result is owned. False when that
 * threw, or the session is over. */
bool ts_call_super(ts_frame *frame, const json_t *argument_list, nh_value *out_value);

/* Ends the session: unsupported member, or defect of the script (printf). */
void ts_session_report_unsupported(ts_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ts_session_fail(ts_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Reports an observation in `lane`. Takes `value`. */
void ts_session_observe(ts_session *session, const char *lane, const char *name, json_t *value,
                        bool chunk);
/* The lane that a label or path belongs to; `current` when nothing was said of it. */
const char *ts_session_lane(const ts_session *session, const char *label, const char *current);

/* The label of an object; gives it `name` (numbered if taken) when it has none and `name` is not
 * NULL. NULL: no label. */
const char *ts_session_label(ts_session *session, nh_emitter *object, const char *name);

/* --- values ------------------------------------------------------------------------------- */

/* Evaluates JSON to a value (owned). False when that threw, or the session is over. */
bool ts_evaluate(ts_frame *frame, const json_t *json, nh_value *out_value);
/* Ends an evaluation: stores `value`, which is taken; false, and the session is over, when there
 * was no memory for it (NH_INVALID). */
bool ts_finish_value(ts_frame *frame, nh_value value, nh_value *out_value);
/* Evaluates a list of arguments (JSON NULL: none). On success the caller frees with
 * ts_arguments_free. */
typedef struct ts_arguments {
    nh_value *values;
    size_t count;
} ts_arguments;
bool ts_evaluate_arguments(ts_frame *frame, const json_t *json, ts_arguments *out_arguments);
void ts_arguments_free(ts_session *session, ts_arguments *arguments);

/* The JSON that shows a value. `detailed`: errors with all their own properties. */
json_t *ts_render(ts_session *session, nh_value value, bool detailed);

/* --- paths -------------------------------------------------------------------------------- */

/* What a path leads to: a value, a module, or a member of either that is about to be called. */
typedef struct ts_place {
    const char *module; /* non-NULL: the module itself; or the receiver of `member` */
    nh_value receiver;  /* owned; undefined for modules and plain variables */
    char *member;       /* last segment; NULL when the path is a variable */
    char *text;         /* the path as written, for observations */
} ts_place;

/* Resolves all but the last segment. False when the session is over or a getter threw. */
bool ts_place_resolve(ts_frame *frame, const json_t *path, ts_place *out_place);
void ts_place_free(ts_place *place);
/* Reads the whole path. */
bool ts_place_get(ts_frame *frame, const ts_place *place, nh_value *out_value);
/* Assigns; returns what the setter throws (owned). False as above. */
bool ts_place_set(ts_frame *frame, const ts_place *place, nh_value value, nh_error **out_error);
/* Calls it as a method or function; `construct`: with new. */
bool ts_place_call(ts_frame *frame, const ts_place *place, const ts_arguments *arguments,
                   bool construct, nh_value *out_result, nh_error **out_error);
/* Reads the path given as text ("req.socket"). */
bool ts_path_get(ts_frame *frame, const char *path, nh_value *out_value);
/* Where a server of the script listens; false while it does not. */
bool ts_find_listening_address(ts_session *session, nh_emitter *server, nh_address *out_address);

/* --- handlers and functions --------------------------------------------------------------- */

/* Attaches the handlers of `events` (event name -> handler) to an object. */
bool ts_attach_handlers(ts_frame *frame, nh_emitter *object, const char *name,
                        const json_t *events);
bool ts_detach_handlers(ts_frame *frame, nh_emitter *object, const json_t *events);
/* A function value from a `$function` form's object, or from a plain list of steps. */
nh_value ts_function_of(ts_frame *frame, const json_t *definition);
/* The same, counted as pending until it has run (timers, immediates). */
nh_value ts_pending_function_of(ts_frame *frame, const json_t *steps);
void ts_closures_clear(ts_session *session);
/* Gives up the `for await` loops that are under way. */
void ts_async_loops_clear(ts_session *session);
/* The session goes; functions that objects of the loop still hold stay until the loop is freed. */
void ts_closures_abandon(ts_session *session);

#endif
