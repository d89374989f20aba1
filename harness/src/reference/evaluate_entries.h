/* The value forms $map and $headers: collections of [key, value] pairs. */
#ifndef TOUCHSTONE_REFERENCE_EVALUATE_ENTRIES_H
#define TOUCHSTONE_REFERENCE_EVALUATE_ENTRIES_H

#include <stdbool.h>

#include <jansson.h>
#include <nodehttp/value.h>

#include "reference/frame.h"

/* {"$map": [[key, value], ...]}: the entries in the order given, a repeated key once, with its last
 * value. False when the scenario has failed. */
bool ts_evaluate_map(ts_frame *frame, const json_t *form, const json_t *operand,
                     nh_value *out_value);
/* {"$headers": [[name, value], ...]}: as a Headers object gives them: names in lower case and
 * sorted, the values of a name joined, except those of set-cookie. */
bool ts_evaluate_headers(ts_frame *frame, const json_t *form, const json_t *operand,
                         nh_value *out_value);

#endif
