/* One scenario on one implementation: from prepare() to `stopped`, and the verdict.
 *
 * In virtual time a run is over when nothing is due any more and neither the script nor a peer
 * waits for time to pass. In real time nobody can know that nothing more comes, so that:
 *   - it passes as soon as the traces agree, the peers are quiescent, `lasts_ms` is over, and two
 *     syncs one after the other brought nothing new and found nothing pending;
 *   - otherwise it ends, and fails, after a longer quiet period in which the same holds.
 * limit_ms ends it in any case. */
#ifndef TOUCHSTONE_RUN_RUN_H
#define TOUCHSTONE_RUN_RUN_H

#include "run/implementation.h"
#include "run/verdict.h"

#include <uv.h>

/* Bounds of one run. */
enum {
    TS_MOST_OBSERVATIONS = 50000,
    TS_MOST_BYTES = 256 << 20,
    TS_QUIET_MS = 400,    /* without any news before a run that does not agree is given up */
    TS_GRACE_MS = 3,      /* the same for one that agrees */
    TS_STOPPING_MS = 3000 /* for `stopped` */
};

typedef struct ts_run ts_run;

typedef struct ts_run_options {
    uv_loop_t *uv;
    ts_implementation *implementation;
    const ts_implementation_identity *identity;
    const char *label; /* what the implementation was named: "node@23.5.0" */
    const ts_scenario *scenario;
    unsigned long long number;
    double time_scale;
    const char *unix_path;
    bool recording; /* nothing is expected: only observe */
    /* The run is over; it is freed when this returns. `result` is the callee's. `usable`: the
     * implementation can be given another run. Never called from inside ts_run_begin(). */
    void (*done)(void *owner, ts_result result, bool usable);
    void *owner;
} ts_run_options;

/* Starts a run; the options are copied, what they point to has to live until `done`. */
ts_run *ts_run_begin(const ts_run_options *options);
/* Ends it soon; the result is a harness-error "interrupted". */
void ts_run_interrupt(ts_run *run);

/* What the implementation reported; see ts_implementation_observer. */
bool ts_run_observed(ts_run *run, const char *lane, const char *name, json_t *value, bool chunk);
void ts_run_signalled(ts_run *run, const char *name);
void ts_run_listening(ts_run *run, const char *server, const json_t *address);
void ts_run_synced(ts_run *run, unsigned long long number, unsigned long long pending);
void ts_run_unsupported(ts_run *run, const char *member);
void ts_run_failed(ts_run *run, const char *message);
void ts_run_stopped(ts_run *run);
void ts_run_died(ts_run *run, const char *reason, const char *detail, bool by_itself);

/* Verdicts that need no run: false when there has to be one. `recording` as above. */
bool ts_run_is_decided(const ts_scenario *scenario, const char *label,
                       const ts_implementation_identity *identity, bool recording,
                       ts_result *out_result);

#endif
