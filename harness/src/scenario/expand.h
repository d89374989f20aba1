/* Filling in the values of a table of cases: "${name}" and "${...name}". */
#ifndef TOUCHSTONE_SCENARIO_EXPAND_H
#define TOUCHSTONE_SCENARIO_EXPAND_H

#include <jansson.h>

/* The text of the problem and where it is, both owned by the caller; zero when all is well. */
typedef struct ts_expand_problem {
    char *path; /* within the expanded value, beginning with `name` */
    char *reason;
} ts_expand_problem;

/* What the expansions of one file may still amount to, all rows together. */
typedef struct ts_expand_budget {
    size_t values;
    size_t bytes; /* of texts */
} ts_expand_budget;

/* What a file starts with: more than anybody writes, and no strain on memory. */
#define TS_EXPAND_BUDGET ((ts_expand_budget){.values = 200000, .bytes = (size_t)16 << 20})

/* A new value: `value` with every placeholder replaced by its value in `row`, else in `defaults`
 * (both may be NULL). What is filled in may hold placeholders itself. NULL: a name is unknown, a
 * value has no text, `budget` is used up. `name` is what paths begin with. */
json_t *ts_expand(json_t *value, json_t *row, json_t *defaults, const char *name,
                  ts_expand_budget *budget, ts_expand_problem *out_problem);

#endif
