/* Checking the structure of a scenario; private to the loader.
 *
 * Each kind of thing has a table of its fields; a walk over the tables finds unknown keys, missing
 * ones and wrong types, and says where. A checker knows where it is (`path`) and goes on after a
 * problem, so that one run shows as many as possible. */
#ifndef TOUCHSTONE_SCENARIO_CHECK_H
#define TOUCHSTONE_SCENARIO_CHECK_H

#include "base/text.h"
#include "scenario/problem.h"

#include <jansson.h>
#include <stdbool.h>

/* Where a value stands decides which special forms it may use. */
typedef enum ts_check_place {
    TS_IN_SCRIPT = 1 << 0,
    TS_IN_PEER = 1 << 1,
    TS_IN_EXPECTATION = 1 << 2
} ts_check_place;

typedef struct ts_checker {
    ts_problems *problems;
    const char *file;
    const char *row;      /* id of the row that was expanded; NULL without cases */
    ts_text path;         /* where the walk is */
    ts_check_place place; /* likewise */
    json_t *variables; /* names that `let`, `as`, … introduce anywhere: an object used as a set */
    json_t *addresses; /* peers and listening servers, for `$port.NAME`: likewise */
    json_t *used;      /* members of `addresses` that something refers to: likewise */
} ts_checker;

typedef void (*ts_check)(ts_checker *checker, json_t *value);

typedef struct ts_field {
    const char *key;
    ts_check check;
    bool required;
} ts_field;

#define TS_FIELD_COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

void ts_check_fail(ts_checker *checker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Step into a member or an element; the result goes to ts_check_leave(). */
size_t ts_check_enter_key(ts_checker *checker, const char *key);
size_t ts_check_enter_index(ts_checker *checker, size_t index);
void ts_check_leave(ts_checker *checker, size_t mark);

/* `what` is what the object is, for messages: "a step `call`". "note" is a field of everything. */
void ts_check_fields(ts_checker *checker, json_t *object, const char *what, const ts_field *fields,
                     size_t count);
/* Every element with `check`; a problem when it is no list. */
void ts_check_list_of(ts_checker *checker, json_t *list, const char *what, ts_check check);
/* Every member with `check`; a problem when it is no object. */
void ts_check_members(ts_checker *checker, json_t *object, const char *what, ts_check check);

/* Simple types. */
void ts_check_text(ts_checker *checker, json_t *value);
void ts_check_string_list(ts_checker *checker, json_t *value);
void ts_check_boolean(ts_checker *checker, json_t *value);
void ts_check_true(ts_checker *checker, json_t *value);
void ts_check_count(ts_checker *checker, json_t *value);
void ts_check_milliseconds(ts_checker *checker, json_t *value);
void ts_check_identifier(ts_checker *checker, json_t *value);
void ts_check_when(ts_checker *checker, json_t *value);

/* check_path.c */
void ts_check_path(ts_checker *checker, json_t *value);
void ts_check_paths(ts_checker *checker, json_t *value);
/* What a reference names, the text behind the $. */
void ts_check_path_text(ts_checker *checker, const char *text);
/* Whether the text is "port.…", "host.…" or "unix.…". */
bool ts_check_is_address(const char *text);

/* check_value.c */
void ts_check_value(ts_checker *checker, json_t *value);
void ts_check_values(ts_checker *checker, json_t *value);

/* check_script.c */
void ts_check_script(ts_checker *checker, json_t *value);
void ts_check_steps(ts_checker *checker, json_t *value);
void ts_check_function(ts_checker *checker, json_t *value);
/* Gathers the names that the script introduces into `variables` and `addresses`. */
void ts_check_gather(ts_checker *checker, json_t *script);

/* check_peer.c */
void ts_check_peers(ts_checker *checker, json_t *value);

/* check_expect.c */
void ts_check_lanes(ts_checker *checker, json_t *value);
void ts_check_expectation(ts_checker *checker, json_t *expect, json_t *lanes, json_t *peers);
void ts_check_matcher(ts_checker *checker, json_t *value);

/* Of the candidates, the one that `word` was probably meant to be; NULL when none is near. */
const char *ts_check_nearest(const char *word, const char *const *candidates, size_t count);
/* "a string", "an object", … */
const char *ts_check_type_name(const json_t *value);

#endif
