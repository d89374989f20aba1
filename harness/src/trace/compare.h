/* Comparing whole traces, and showing two of them side by side. */
#ifndef TOUCHSTONE_TRACE_COMPARE_H
#define TOUCHSTONE_TRACE_COMPARE_H

#include "base/text.h"
#include "trace/match.h"

/* Which lanes of the observed trace have to be expected; NULL: all. */
typedef bool (*ts_lane_filter)(void *data, const char *lane);

/* Whether the lanes of `expected` ({lane: [elements]}) and of `actual` ({lane: [observations]})
 * agree. Lanes that only `actual` has count if the filter says so and they are not empty. */
bool ts_compare(json_t *expected, json_t *actual, ts_lane_filter required, void *data);

/* The first difference in one line: "main, 3: expected req:close, observed req:error {…}"; owned by
 * the caller; NULL when the traces agree. */
char *ts_first_difference(json_t *expected, json_t *actual, ts_lane_filter required, void *data);

typedef struct ts_table_style {
    const char *left;  /* heading of the expected side */
    const char *right; /* heading of the observed side */
    size_t columns;    /* width of the table in characters */
    bool colour;
    bool all_lanes; /* also those without a difference */
} ts_table_style;

/* Appends both traces, lane by lane, the first difference of each marked. */
void ts_side_by_side(ts_text *text, json_t *expected, json_t *actual, ts_lane_filter required,
                     void *data, const ts_table_style *style);

/* One observation (or expected element) in a line: `res:data "hello"`. */
void ts_text_append_observation(ts_text *text, json_t *observation);

#endif
