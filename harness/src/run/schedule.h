/* Many scenarios on several implementations. */
#ifndef TOUCHSTONE_RUN_SCHEDULE_H
#define TOUCHSTONE_RUN_SCHEDULE_H

#include "run/specification.h"
#include "run/verdict.h"
#include "scenario/suite.h"

#include <stdint.h>

/* One scenario on one implementation. */
typedef struct ts_outcome {
    bool done; /* false: the run was interrupted before */
    ts_result result;
} ts_outcome;

/* What is known of an implementation after the run. */
typedef struct ts_implementation_record {
    char *name;    /* as it was named on the command line: "node@23.5.0" */
    char *version; /* as it says; "" when it could not be opened */
    char *problem; /* why it could not be opened; NULL */
} ts_implementation_record;

typedef struct ts_schedule_options {
    const ts_selection *selection;
    const ts_specifications *specifications;
    unsigned jobs; /* runs of one implementation at a time; in the simulator one after the other */
    unsigned repeat; /* how often each scenario runs; the first result that is no pass stays */
    double time_scale;
    bool recording; /* observe only: results carry traces, and nothing is compared */
    /* Told after each scenario; NULL: nobody. */
    void (*progress)(void *owner, size_t done, size_t total, const char *implementation,
                     const char *scenario);
    void *owner;
} ts_schedule_options;

typedef struct ts_schedule_results {
    ts_implementation_record *implementations; /* in the order of the specifications */
    size_t implementation_count;
    ts_outcome *outcomes; /* [implementation][scenario], in the order of the selection */
    size_t scenario_count;
    double duration_ms;
    bool interrupted;
} ts_schedule_results;

/* Runs everything; returns when all is done or SIGINT or SIGTERM came (a second one ends the
 * program at once). */
void ts_schedule_run(const ts_schedule_options *options, ts_schedule_results *out_results);
void ts_schedule_results_free(ts_schedule_results *results);

#endif
