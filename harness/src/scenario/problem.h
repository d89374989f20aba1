/* What is wrong with a file, and where. */
#ifndef TOUCHSTONE_SCENARIO_PROBLEM_H
#define TOUCHSTONE_SCENARIO_PROBLEM_H

#include <stddef.h>

typedef struct ts_problem {
    char *file;
    char *path;      /* JSON path ("script[0].call"); "" for the file as a whole */
    char *reason;    /* one sentence without full stop */
    unsigned line;   /* of a syntax error, from 1; 0 otherwise */
    unsigned column; /* likewise */
} ts_problem;

/* At most TS_PROBLEMS_KEPT are kept, each text once; `total` counts those that were left out too.
 */
typedef struct ts_problems {
    ts_problem *items;
    size_t count;
    size_t capacity;
    size_t total;
} ts_problems;

enum { TS_PROBLEMS_KEPT = 20 };

void ts_problems_add(ts_problems *problems, const char *file, const char *path, const char *reason);
void ts_problems_add_at(ts_problems *problems, const char *file, unsigned line, unsigned column,
                        const char *reason);
void ts_problems_free(ts_problems *problems);

/* "FILE: PATH: REASON" or "FILE:LINE:COLUMN: REASON"; owned by the caller. */
char *ts_problem_text(const ts_problem *problem);
/* All of them, a line each; owned by the caller. */
char *ts_problems_text(const ts_problems *problems);

#endif
