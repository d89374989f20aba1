/* What a scenario file that loads should do better: the findings of `touchstone lint`. */
#ifndef TOUCHSTONE_SCENARIO_LINT_H
#define TOUCHSTONE_SCENARIO_LINT_H

#include "scenario/load.h"
#include "scenario/requirement.h"

/* Adds what it finds to `problems`: words in titles, unknown requirements (looked up in
 * `requirements`; NULL: not looked up), values and peers that nothing uses, rows that expect
 * nothing. `file` has loaded without a problem. */
void ts_scenario_lint(const ts_scenario_file *file, const ts_requirements *requirements,
                      ts_problems *problems);

#endif
