/* Writing what was observed into a scenario's JSON. */
#ifndef TOUCHSTONE_CLI_RECORDING_H
#define TOUCHSTONE_CLI_RECORDING_H

#include "base/text.h"
#include "scenario/load.h"

/* An observed value as an expectation that a person reads: long runs of one character become
 * {"$repeat": …}, and text that looks like a placeholder is taken apart. A new reference. */
json_t *ts_recording_simplify(json_t *observed);

/* Makes `lanes` ({lane: [observations]}) the expectation of the scenario, in its row or else in the
 * file `root`. Lanes whose expectation fits already stay as they are written. Returns whether
 * anything changed. */
bool ts_recording_store(json_t *root, const ts_scenario *scenario, json_t *lanes);

/* Puts the expectations of `root` into `source`, the text that it was read from, where they differ
 * from what `source` says; everything else stays as it was written. */
void ts_recording_rewrite(ts_text *source, json_t *root);

#endif
