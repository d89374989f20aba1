/* Ranges of versions, as in {"when": {"node": ">=24"}}.
 *
 * A range is alternatives separated by "||"; an alternative is comparators separated by spaces that
 * all have to hold; a comparator is one of < <= > >= = (or nothing, the same as =) and a version of
 * one to three numbers. Only the numbers that are written are compared: "23" is every 23.x.y, ">23"
 * begins with 24, "<=23.5" ends with the last 23.5.x. "*" is every version. */
#ifndef TOUCHSTONE_SCENARIO_VERSION_H
#define TOUCHSTONE_SCENARIO_VERSION_H

#include <jansson.h>
#include <stdbool.h>

/* Whether `range` is well-formed. */
bool ts_range_is_valid(const char *range);
/* Whether `version` ("23.5.0", "v24.0.0-nightly…") lies in `range`; false for a malformed one. */
bool ts_range_includes(const char *range, const char *version);

/* Whether {"node": ">=24", …} lets this implementation through: implementations that are not named
 * pass; `when` NULL lets everybody through. `name` may be longer than the named one by "@…" or
 * "-uv". The reference counts as the Node.js that it reproduces, unless it is named itself. */
bool ts_when_applies(const json_t *when, const char *name, const char *version);
/* The same for a variant, which is chosen only when the implementation is named. */
bool ts_when_names(const json_t *when, const char *name, const char *version);

#endif
