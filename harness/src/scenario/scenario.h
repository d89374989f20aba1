/* A scenario: one file, or one row of its table of cases, checked and expanded.
 *
 * See scenarios/README.md for the format. What a loaded scenario holds has passed every check of
 * the loader, so that whoever runs it need not look again for unknown keys or wrong types. */
#ifndef TOUCHSTONE_SCENARIO_SCENARIO_H
#define TOUCHSTONE_SCENARIO_SCENARIO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an implementation may lack without failing ("needs"); a set of bits. */
typedef enum ts_capability {
    TS_CAPABILITY_JAVASCRIPT = 1 << 0,
    TS_CAPABILITY_UNIX = 1 << 1,
    TS_CAPABILITY_IPV6 = 1 << 2
} ts_capability;

/* The bit of a capability's name, 0 for an unknown one. */
unsigned ts_capability_from_name(const char *name);
/* The name of a single bit: a static string, NULL for an unknown one. */
const char *ts_capability_name(unsigned capability);

/* One runnable scenario. JSON members are owned by the scenario and NULL when absent, unless they
 * say otherwise; values of the table of cases are already filled in. */
typedef struct ts_scenario {
    char *id;          /* "client-request/x", or "client-request/x:row" */
    char *row;         /* id of the row; NULL when the file has no cases */
    char *path;        /* the file it came from */
    char *title;       /* never NULL */
    json_t *script;    /* list of steps; never NULL */
    json_t *peers;     /* object by name; never NULL, maybe empty */
    json_t *lanes;     /* lane -> list of labels; NULL: everything is in "main" */
    json_t *expect;    /* lane -> list of observations; NULL: nothing is expected yet */
    json_t *variants;  /* list of {"when", "expect"} */
    json_t *when;      /* implementation -> version range */
    json_t *covers;    /* list of requirement ids */
    json_t *differs;   /* object */
    json_t *quirk;     /* object */
    unsigned needs;    /* ts_capability bits */
    uint64_t lasts_ms; /* least time that it is observed; 0 by default */
    uint64_t limit_ms; /* by default lasts_ms + 5000 */
} ts_scenario;

void ts_scenario_free(ts_scenario *scenario);

#endif
