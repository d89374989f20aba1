/* The suite: where it is, which scenarios it has, and what a command line names of it. */
#ifndef TOUCHSTONE_SCENARIO_SUITE_H
#define TOUCHSTONE_SCENARIO_SUITE_H

#include "base/file.h"
#include "scenario/load.h"

typedef struct ts_suite {
    char *root;    /* the folder "scenarios": absolute; NULL when there is none */
    char *project; /* the folder above it */
} ts_suite;

/* Finds the suite: at `given` (--suite; may be NULL), else in the current directory or above it,
 * else above the program's own file. Only `given` without a suite is an error: false, and
 * `*out_error`, owned by the caller, says so. */
bool ts_suite_find(ts_suite *suite, const char *given, char **out_error);
void ts_suite_free(ts_suite *suite);

/* One runnable scenario, or a file that can't be loaded (`scenario` NULL). */
typedef struct ts_selected {
    ts_scenario_file *file;
    ts_scenario *scenario;
    char *id;
} ts_selected;

typedef struct ts_selection {
    ts_scenario_file **files;
    size_t file_count;
    size_t file_capacity;
    ts_selected *items;
    size_t count;
    size_t capacity;
    ts_paths suite_paths; /* of the whole suite, once they were looked for */
} ts_selection;

/* Loads what the words name, everything when there are none: ids, ids with a row ("a/b:row"),
 * folders, beginnings of ids, and files and folders anywhere on the disk. Each scenario once, in
 * the order of the ids for each word. false: a word names nothing, `*out_error` says which. */
bool ts_suite_select(const ts_suite *suite, char **words, size_t count, ts_selection *out_selection,
                     char **out_error);
void ts_selection_free(ts_selection *selection);

/* The id of a file: its path below the suite, else the path itself, without ".json". */
char *ts_suite_id(const ts_suite *suite, const char *path);

#endif
