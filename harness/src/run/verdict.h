/* Verdicts and results. */
#ifndef TOUCHSTONE_RUN_VERDICT_H
#define TOUCHSTONE_RUN_VERDICT_H

#include <jansson.h>
#include <stdbool.h>

#define TS_VERDICTS(X)                                                                             \
    X(PASS, "pass")                     /* what was expected was observed */                       \
    X(FAIL, "fail")                     /* something else was observed */                          \
    X(UNSUPPORTED, "unsupported")       /* the implementation says that it lacks a member */       \
    X(NOT_APPLICABLE, "not-applicable") /* the scenario is not for this implementation */          \
    X(CRASH, "crash")                   /* the implementation died */                              \
    X(TIMEOUT, "timeout")               /* it was not over in time */                              \
    X(HARNESS_ERROR, "harness-error")   /* scenario, adapter or harness are at fault */

typedef enum ts_verdict {
#define X(name, text) TS_##name,
    TS_VERDICTS(X)
#undef X
        TS_VERDICT_COUNT
} ts_verdict;

/* "not-applicable": a static string. */
const char *ts_verdict_name(ts_verdict verdict);
/* Whether the verdict makes the whole run fail. */
bool ts_verdict_is_failure(ts_verdict verdict);

/* What became of one scenario on one implementation. */
typedef struct ts_result {
    ts_verdict verdict;
    double duration_ms;
    char *detail;     /* one line that says why; NULL for most passes */
    char *context;    /* more lines: standard error of the implementation; NULL: none */
    json_t *expected; /* {lane: [elements]}; NULL when it did not come to a comparison */
    json_t *observed; /* {lane: [observations]}, masked; likewise */
} ts_result;

void ts_result_free(ts_result *result);

#endif
