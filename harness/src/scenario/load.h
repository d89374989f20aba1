/* Reading scenario files. */
#ifndef TOUCHSTONE_SCENARIO_LOAD_H
#define TOUCHSTONE_SCENARIO_LOAD_H

#include "scenario/problem.h"
#include "scenario/scenario.h"

enum {
    TS_LARGEST_FILE = 4 << 20, /* bytes */
    TS_DEEPEST_FILE = 64,      /* lists and objects in one another */
    TS_MOST_ROWS = 4096
};

/* A file, with one scenario, or one for each row of its table of cases. */
typedef struct ts_scenario_file {
    char *path;
    char *id;
    json_t *root;        /* the file as written; NULL when it is no JSON object */
    ts_scenario **items; /* none when there are problems */
    size_t count;
    ts_problems problems;
    json_t *used_addresses; /* peers and servers that something refers to: an object as a set */
} ts_scenario_file;

/* Reads, checks and expands a file. Never NULL: what went wrong is in `problems`. `id` is the id of
 * the file; problems name it by `path`. */
ts_scenario_file *ts_scenario_file_load(const char *path, const char *id);
/* The same for text in memory. */
ts_scenario_file *ts_scenario_file_parse(const char *path, const char *id, const char *text,
                                         size_t length);
void ts_scenario_file_free(ts_scenario_file *file);

/* The members of a file that holds just this scenario, the values of its row filled in: title,
 * covers, when, peers, lanes, script, expect, variants, differs and quirk, as far as they are
 * there. A new reference. */
json_t *ts_scenario_json(const ts_scenario *scenario);

/* What is expected of an implementation: `expect`, overridden lane by lane by the first variant
 * that fits. A new reference; NULL when nothing is expected. */
json_t *ts_scenario_expectation(const ts_scenario *scenario, const char *name, const char *version);

/* Whether `lane` belongs to a peer of the scenario. */
bool ts_scenario_is_peer_lane(const ts_scenario *scenario, const char *lane);

#endif
