/* An implementation that does what a test says. */
#ifndef TOUCHSTONE_TESTS_RUN_FAKE_H
#define TOUCHSTONE_TESTS_RUN_FAKE_H

#include "run/run.h"

typedef enum fake_act_kind {
    FAKE_END,     /* no more acts */
    FAKE_OBSERVE, /* `text` is the name of an observation in lane "main" */
    FAKE_FLOOD,   /* observes `text` until it is told to stop */
    FAKE_UNSUPPORTED,
    FAKE_FAILED,
    FAKE_CRASH,     /* dies by itself; `text` is on its standard error */
    FAKE_MISBEHAVE, /* was killed */
    FAKE_DEAF       /* answers no sync any more */
} fake_act_kind;

typedef struct fake_act {
    uint64_t at_ms; /* since start() */
    fake_act_kind kind;
    const char *text;
    bool own; /* due later because of itself: not counted as pending */
} fake_act;

typedef struct fake_plan {
    bool virtual_time;
    fake_act acts[4]; /* in the order of their times; the last one is FAKE_END */
} fake_plan;

/* Runs a scenario (text of a file) as planned; the result is the caller's. `usable`: whether the
 * implementation could be used again. */
ts_result fake_run(const fake_plan *plan, const char *scenario, double time_scale, bool recording,
                   bool *out_usable);

#endif
