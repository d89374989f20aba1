/* What --impl names. */
#ifndef TOUCHSTONE_RUN_SPECIFICATION_H
#define TOUCHSTONE_RUN_SPECIFICATION_H

#include "scenario/suite.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum ts_specification_kind {
    TS_SPECIFICATION_REFERENCE,    /* the library in the simulator */
    TS_SPECIFICATION_REFERENCE_UV, /* the library on real sockets */
    TS_SPECIFICATION_COMMAND       /* an adapter: a child process */
} ts_specification_kind;

typedef struct ts_specification {
    char *label; /* as it was named: "node@23.5.0" */
    ts_specification_kind kind;
    char **command; /* NULL-terminated; of an adapter */
    char *problem;  /* why it can't be run; NULL when it can */
} ts_specification;

typedef struct ts_specifications {
    ts_specification *items;
    size_t count;
    size_t capacity;
} ts_specifications;

/* Adds what `list` names, separated by commas: "reference", "reference-uv", "NAME@VERSION" (in
 * .runtimes of the project), NAME on PATH (node, bun, deno), the path of such a program, or
 * "adapter:COMMAND" (up to the end of the list; run by the shell). What is not there is added
 * too, with its `problem`. */
void ts_specifications_add(ts_specifications *specifications, const ts_suite *suite,
                           const char *list);
void ts_specifications_free(ts_specifications *specifications);

#endif
