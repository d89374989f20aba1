/* The requirements (scenarios/requirements) that scenarios cover. */
#ifndef TOUCHSTONE_SCENARIO_REQUIREMENT_H
#define TOUCHSTONE_SCENARIO_REQUIREMENT_H

#include "scenario/problem.h"
#include "scenario/suite.h"

typedef struct ts_requirement {
    const char *id;   /* "agent.pool.queue-per-origin" */
    const char *says; /* the requirement, one or two sentences */
    const char *file; /* "agent.json" */
    bool untestable;  /* nothing outside can see it */
} ts_requirement;

typedef struct ts_requirements {
    ts_requirement *items; /* in the order of the files */
    size_t count;
    size_t capacity;
    json_t *by_id; /* id -> index */
    json_t *files; /* what the strings belong to */
} ts_requirements;

/* Reads them all; what is wrong with the files goes to `problems`. */
void ts_requirements_load(const ts_suite *suite, ts_requirements *out_requirements,
                          ts_problems *problems);
void ts_requirements_free(ts_requirements *requirements);
/* NULL when there is no requirement of that id. */
const ts_requirement *ts_requirements_find(const ts_requirements *requirements, const char *id);

#endif
