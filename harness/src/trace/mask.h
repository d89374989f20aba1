/* Masking: what differs from run to run is shown by a word.
 *
 * The rules (mask.c has them as a table, with their names):
 *   date-header  the date of a Date header: in a message head, in a list of header names and
 *                values, under a key or an observation named "date"           -> <date>
 *   port         a port of the scenario: behind ":" or "port " in texts, a number under a key or an
 *                observation whose name ends in "port"                        -> <port>
 *   path         the path of a UNIX socket of the scenario, in texts           -> <path>
 */
#ifndef TOUCHSTONE_TRACE_MASK_H
#define TOUCHSTONE_TRACE_MASK_H

#include "trace/trace.h"

/* What is known of a run. Zero-initialise it; ts_mask_free() when done. */
typedef struct ts_mask {
    unsigned *ports;
    size_t port_count;
    size_t port_capacity;
    char **paths;
    size_t path_count;
    size_t path_capacity;
} ts_mask;

void ts_mask_add_port(ts_mask *mask, unsigned port);
void ts_mask_add_path(ts_mask *mask, const char *path);
/* {"host", "port"} or {"path"}. */
void ts_mask_add_address(ts_mask *mask, const json_t *address);
void ts_mask_free(ts_mask *mask);

/* The masked value: a new reference. `name` is what the value is called: an observation, a key. */
json_t *ts_mask_value(const ts_mask *mask, const char *name, json_t *value);
/* The whole trace, masked, as {lane: [observations]}: a new reference. */
json_t *ts_mask_trace(const ts_mask *mask, const ts_trace *trace);

#endif
