/* What the parts of the interpreter of order.h share: the run of a case, and what each does. */
#ifndef TOUCHSTONE_TESTS_STREAM_ORDER_INTERNAL_H
#define TOUCHSTONE_TESTS_STREAM_ORDER_INTERNAL_H

#include "order.h"

#include <stdbool.h>

#define MOST_ACTIONS 64

/* when:what */
struct action {
    char event[16]; /* empty: not inside an event */
    char when;
    char what;
    bool waiting; /* for its event */
};

/* A case while it runs. */
struct run {
    nh_loop *loop;
    nh_memory *memory;
    nh_stream *stream;
    nh_stream *target; /* T */
    size_t target_mark;
    char target_write;
    char *log;
    size_t size; /* room for the log */
    size_t length;
    char kind;
    /* How the operations complete; 0: the stream has none of its own. */
    char write, writev, final, destroy, construct, read;
    nh_error *destroy_error; /* what the destroy operation was given */
    int left;                /* what read pushes before null */
    int calls;               /* actions so far, which gives them their numbers */
    int tick, immediate;     /* the last marks */
    bool closed;             /* the log is complete */
    struct action actions[MOST_ACTIONS];
    size_t count;
    nh_stream_operations operations;
};

/* --- the log (order_log.c) ---------------------------------------------------------------- */

/* Adds a word, until the log is complete. */
void order_note(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Errors are called by their code, else by their message; "ok" is none. */
const char *order_error_name(const nh_error *error);
const char *order_value_name(nh_value value);
/* The text of a chunk, which is written to `room`; "null" for null. */
const char *order_text_of(nh_value chunk, char *room, size_t size);

/* --- work for later (order_later.c) ------------------------------------------------------- */

/* Does `work` by the way `how`: t: on the next tick, m: as a microtask, i: in an immediate; `depth`
 * ticks or immediates later than that. False when there is not enough memory. */
bool order_put_off(struct run *run, char how, int depth, void (*work)(struct run *, long),
                   long argument);

/* --- the streams (order_operations.c) ----------------------------------------------------- */

/* Makes the stream, of its kind and with its operations, and T. False when there is not enough
 * memory. */
bool order_make_streams(struct run *run, const nh_stream_options *options);
/* Pushes text; `out_more`, which may be NULL, is what push() returned. */
void order_push(struct run *run, const char *text, bool *out_more);

/* --- listeners (order_listeners.c) -------------------------------------------------------- */

/* Listens to the events that every case has in its log. */
void order_listen(struct run *run);
/* d D l L k: adds or removes listeners for 'data' and 'readable'. */
void order_change_listeners(struct run *run, long what);

/* --- actions (order_actions.c) ------------------------------------------------------------ */

/* Does what the letter `what` says. */
void order_act(struct run *run, long what);
/* Does what waits for the event. */
void order_fire(struct run *run, const char *event);

/* --- the script (order_script.c) ---------------------------------------------------------- */

/* Reads a case: settings of the run, options of the stream, actions. */
void order_parse(struct run *run, const char *script, nh_stream_options *options);

#endif
