/* Whether what was observed is what was expected. */
#ifndef TOUCHSTONE_TRACE_MATCH_H
#define TOUCHSTONE_TRACE_MATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether a value fits an expected one, which may hold matchers ({"$any": true}, …). */
bool ts_match_value(json_t *expected, json_t *actual);
/* Whether an observation ("name" or {"name": value}) fits an expected one. */
bool ts_match_observation(json_t *expected, json_t *actual);

/* How a list of expected elements and a list of observations go together. */
typedef struct ts_pairing {
    bool equal;
    /* The first difference: the first observation that fits nothing, and the element that was to
     * be there. Either may be the length of its list. */
    size_t expected_index;
    size_t actual_index;
} ts_pairing;

/* Matches a whole lane, with its {"$unordered": […]} and {"$optional": …} elements. Both may be
 * NULL: an empty list. */
ts_pairing ts_match_lane(json_t *expected, json_t *actual);

#endif
