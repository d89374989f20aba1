/* Filling in the values of a table of cases: "${name}" and "${...name}". */
#ifndef TOUCHSTONE_SCENARIO_EXPAND_H
#define TOUCHSTONE_SCENARIO_EXPAND_H

#include <jansson.h>

/* The text of the problem and where it is, both owned by the caller; zero when all is well. */
typedef struct ts_expand_problem {
    char *path; /* within the expanded value, beginning with `name` */
    char *reason;
} ts_expand_problem;

/* A new value: `value` with every placeholder replaced by its value in `row`, else in `defaults`
 * (both may be NULL). What is filled in may hold placeholders itself. NULL: a name is unknown, a
 * value has no text, the result is too large. `name` is what paths begin with. */
json_t *ts_expand(json_t *value, json_t *row, json_t *defaults, const char *name,
                  ts_expand_problem *out_problem);

#endif
