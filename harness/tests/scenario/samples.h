/* Scenarios in one line, and what the loader says about them. */
#ifndef TOUCHSTONE_TESTS_SCENARIO_SAMPLES_H
#define TOUCHSTONE_TESTS_SCENARIO_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sample {
    const char *text;
    const char
        *problem; /* of the first problem: "PATH: REASON" or "LINE:COLUMN: REASON"; NULL: none */
    bool beyond_schema; /* the schema can't see it */
} sample;

extern const sample samples[];
extern const size_t sample_count;

#endif
