/* A worker: one implementation (a process, mostly) and the runs that it does one after the other.
 * It opens the implementation when there is something to run, and opens it anew after it died. */
#ifndef TOUCHSTONE_RUN_WORKER_H
#define TOUCHSTONE_RUN_WORKER_H

#include "run/run.h"
#include "run/specification.h"

#include <nodehttp/loop.h>

typedef struct ts_worker ts_worker;

/* What a worker asks of the one who started it. */
typedef struct ts_worker_events {
    /* The next scenario; NULL: no more. */
    const ts_scenario *(*next)(void *owner, ts_worker *worker);
    /* The result (the callee's) of the scenario that next() gave. */
    void (*finished)(void *owner, ts_worker *worker, ts_result result);
    /* The implementation said who it is; for every process anew. */
    void (*identified)(void *owner, const ts_implementation_identity *identity);
    /* It can't be opened; the scenario that next() gave is finished with a harness-error. */
    void (*failed_to_open)(void *owner, const char *message);
    /* The worker is through with everything and freed when this returns. */
    void (*ended)(void *owner, ts_worker *worker);
} ts_worker_events;

typedef struct ts_worker_options {
    uv_loop_t *uv;
    nh_loop *peer_loop; /* for the peers of child processes */
    const ts_specification *specification;
    double time_scale;
    bool recording;
    const char *folder; /* for UNIX sockets */
    unsigned index;     /* distinguishes the workers of one folder */
    const ts_worker_events *events;
    void *owner;
} ts_worker_options;

/* Starts a worker; nothing is asked or told from inside this call. */
ts_worker *ts_worker_start(const ts_worker_options *options);
/* Ends the present run soon; next() is asked again after it. */
void ts_worker_interrupt(ts_worker *worker);

#endif
