/* What was observed: a trace has lanes, a lane has observations in order. */
#ifndef TOUCHSTONE_TRACE_TRACE_H
#define TOUCHSTONE_TRACE_TRACE_H

#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One observation, as scenarios/README.md describes it ("Observations and expectations"). */
typedef struct ts_observation {
    char *name;    /* "req:close", "req.end()", "receives", … */
    json_t *value; /* NULL when it has none, or while it is in `bytes` */
    ts_text bytes; /* what was joined so far */
    bool joining;  /* more bytes may be joined; the value is `bytes` */
} ts_observation;

typedef struct ts_lane {
    char *name; /* "main", "client", "origin.1", … */
    ts_observation *observations;
    size_t count;
    size_t capacity;
} ts_lane;

/* Lanes in the order in which they were first seen. */
typedef struct ts_trace {
    ts_lane *lanes;
    size_t count;
    size_t capacity;
    size_t observations; /* added, in all lanes */
    size_t bytes;        /* roughly what they take */
} ts_trace;

/* Adds an observation; `value` is borrowed and may be NULL. Consecutive 'data' of one object, and
 * consecutive bytes that a peer received, are joined to one observation, unless `chunk`. */
void ts_trace_add(ts_trace *trace, const char *lane, const char *name, json_t *value, bool chunk);
void ts_trace_free(ts_trace *trace);

const ts_lane *ts_trace_lane(const ts_trace *trace, const char *name);

/* The observation's value: a new reference, NULL when it has none. */
json_t *ts_observation_value(const ts_observation *observation);
/* "name", or {"name": value}: a new reference. */
json_t *ts_observation_to_json(const ts_observation *observation);

/* {lane: [observations]}: a new reference. */
json_t *ts_trace_to_json(const ts_trace *trace);

#endif
