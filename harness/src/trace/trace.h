/* What was observed: a trace has lanes, a lane has observations in order. */
#ifndef TOUCHSTONE_TRACE_TRACE_H
#define TOUCHSTONE_TRACE_TRACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One observation, as scenarios/README.md describes it ("Observations and expectations"). */
typedef struct ts_observation {
    char *name;    /* "req:close", "req.end()", "receives", … */
    json_t *value; /* NULL when it has none */
    bool chunk;    /* bytes that must not be joined with their neighbours */
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
} ts_trace;

#endif
