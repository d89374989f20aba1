/* reference/binding.h - the one table in which names of the http module meet functions of
 * libnodehttp.
 *
 * It drives the interpreter, tells `touchstone coverage` what exists, and a member that is missing
 * here is "unsupported" in the report. */
#ifndef TS_REFERENCE_BINDING_H
#define TS_REFERENCE_BINDING_H

#include <stddef.h>

#include <nodehttp/emitter.h>
#include <nodehttp/loop.h>

typedef enum ts_member_kind {
    TS_MEMBER_CONSTRUCTOR, /* new http.Agent() */
    TS_MEMBER_FUNCTION,    /* http.request() */
    TS_MEMBER_METHOD,      /* req.end() */
    TS_MEMBER_PROPERTY,    /* req.aborted */
    TS_MEMBER_EVENT,       /* 'response' */
    TS_MEMBER_OPTION       /* {keepAlive: true} */
} ts_member_kind;

/* One call of a bound function. */
typedef struct ts_call {
    nh_loop *loop;
    nh_memory *memory;
    nh_emitter *self; /* NULL for module functions and constructors */
    const nh_value *arguments;
    size_t count;
    nh_value result; /* out: owned by the caller of the binder; undefined at first */
} ts_call;

/* Argument `index`, borrowed; undefined when it was not given. */
nh_value ts_call_argument(const ts_call *call, size_t index);

typedef struct ts_binding {
    const char *class_name; /* "OutgoingMessage"; "http", "net", "stream", "process" ... for
                               modules; "globalThis" for AbortController and the like */
    const char *member;
    ts_member_kind kind;
    /* Constructors, functions, methods. Returns what it throws (owned), or NULL. */
    nh_error *(*invoke)(ts_call *call);
    /* Properties: get gives an owned value; set is NULL for read-only ones (assigning is ignored,
     * as it is for a getter without setter in sloppy JavaScript) and returns what a setter throws.
     */
    nh_value (*get)(nh_loop *loop, nh_emitter *self);
    nh_error *(*set)(nh_loop *loop, nh_emitter *self, nh_value value);
} ts_binding;

/* The rows of one file (bind_*.c). */
typedef struct ts_binding_rows {
    const ts_binding *rows;
    size_t count;
} ts_binding_rows;

/* The whole table: derived classes before their bases. */
size_t ts_binding_count(void);
const ts_binding *ts_binding_at(size_t index);

/* "method", "property", ... */
const char *ts_member_kind_name(ts_member_kind kind);

/* The row for a member of an object, the nearest class first; NULL when the library lacks it. */
const ts_binding *ts_binding_of_object(const nh_emitter *object, const char *member);
/* The row for a member of a module; NULL when there is none. */
const ts_binding *ts_binding_of_module(const char *module, const char *member);
/* A method, function or constructor of the table as a value. Called as a function it has no `this`,
 * as in JavaScript; functions of modules need none. NH_INVALID without memory. */
nh_value ts_binding_as_function(const ts_binding *binding, nh_loop *loop, nh_memory *memory);
/* The name of a module as a constant, or NULL when `name` is none. */
const char *ts_binding_module(const char *name);

#endif
