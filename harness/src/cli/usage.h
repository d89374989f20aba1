/* What of the API scenarios touch, and what they say of it. */
#ifndef TOUCHSTONE_CLI_USAGE_H
#define TOUCHSTONE_CLI_USAGE_H

#include "reference/binding.h"
#include "scenario/scenario.h"

#include <stdbool.h>

/* Names are all there is: a script does not say which class an object has, so that `destroy` of a
 * socket and of a request are one. Functions of modules are told apart ("http.request"). */
typedef struct ts_usage {
    json_t *paths;   /* "http.request", "net.Socket": a module and its member */
    json_t *members; /* names behind a variable */
    json_t *events;  /* names of events with handlers */
    json_t *options; /* keys of objects that are arguments */
} ts_usage;

/* Adds the script of a scenario (NULL: nothing). */
void ts_usage_add(ts_usage *usage, const ts_scenario *scenario);
bool ts_usage_has(const ts_usage *usage, const ts_binding *binding);
void ts_usage_free(ts_usage *usage);

/* Whether some element of the expectation would refuse some observation: false for one that is
 * empty, or has nothing but optional observations and {"$any": true}. */
bool ts_usage_says_something(const ts_scenario *scenario);

#endif
