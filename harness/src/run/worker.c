#include "run/worker.h"

#include "adapter/adapter.h"
#include "base/file.h"
#include "base/memory.h"
#include "reference/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum worker_state {
    IDLE,    /* next() comes */
    OPENING, /* `opened` is awaited, for the scenario */
    BUSY,    /* a run is under way */
    CLOSING, /* `closed` is awaited; a new one may be opened after it */
    ENDING   /* only the timer is left */
} worker_state;

struct ts_worker {
    ts_worker_options options;
    worker_state state;
    uv_timer_t step;
    ts_implementation *implementation; /* NULL: to be opened */
    const ts_implementation_identity *identity;
    bool dead; /* it died, or can't be used any more */
    const ts_scenario *scenario;
    ts_run *run;
    unsigned long long runs;
    char *unix_path;
};

static void on_step(uv_timer_t *timer);

static void step_soon(ts_worker *worker) {
    (void)uv_timer_start(&worker->step, on_step, 0, 0);
}

static void finish_scenario(ts_worker *worker, ts_result result) {
    worker->scenario = NULL;
    worker->options.events->finished(worker->options.owner, worker, result);
}

static void close_implementation(ts_worker *worker) {
    worker->state = CLOSING;
    worker->implementation->operations->close(worker->implementation);
}

/* --- runs --------------------------------------------------------------------------------- */

static void remove_sockets(const ts_worker *worker) {
    ts_paths left = {0};
    (void)ts_file_walk(worker->options.folder, "", &left);
    for (size_t i = 0; i < left.count; i++) {
        if (strncmp(left.items[i], worker->unix_path, strlen(worker->unix_path)) == 0) {
            (void)unlink(left.items[i]);
        }
    }
    ts_paths_free(&left);
}

static void on_done(void *owner, ts_result result, bool usable) {
    ts_worker *worker = owner;
    worker->run = NULL;
    worker->dead = worker->dead || !usable;
    if ((worker->scenario->needs & TS_CAPABILITY_UNIX) != 0) {
        remove_sockets(worker);
    }
    finish_scenario(worker, result);
    worker->state = IDLE;
    step_soon(worker);
}

static void start_run(ts_worker *worker) {
    ts_result result;
    if (ts_run_is_decided(worker->scenario, worker->options.specification->label, worker->identity,
                          worker->options.recording, &result)) {
        finish_scenario(worker, result);
        worker->state = IDLE;
        step_soon(worker);
        return;
    }
    worker->state = BUSY;
    ts_run_options options = {.uv = worker->options.uv,
                              .implementation = worker->implementation,
                              .identity = worker->identity,
                              .label = worker->options.specification->label,
                              .scenario = worker->scenario,
                              .number = ++worker->runs,
                              .time_scale = worker->options.time_scale,
                              .unix_path = worker->unix_path,
                              .recording = worker->options.recording,
                              .done = on_done,
                              .owner = worker};
    worker->run = ts_run_begin(&options);
}

void ts_worker_interrupt(ts_worker *worker) {
    if (worker->run != NULL) {
        ts_run_interrupt(worker->run);
    }
}

/* --- what the implementation reports ------------------------------------------------------ */

static void on_opened(void *owner, const ts_implementation_identity *identity) {
    ts_worker *worker = owner;
    worker->identity = identity;
    worker->options.events->identified(worker->options.owner, identity);
    start_run(worker);
}

static void on_failed_to_open(void *owner, const char *message) {
    ts_worker *worker = owner;
    ts_result result = {.verdict = TS_HARNESS_ERROR, .detail = ts_duplicate(message)};
    worker->options.events->failed_to_open(worker->options.owner, message);
    finish_scenario(worker, result);
    close_implementation(worker);
}

static bool on_observed(void *owner, const char *lane, const char *name, json_t *value,
                        bool chunk) {
    ts_worker *worker = owner;
    return worker->run != NULL && ts_run_observed(worker->run, lane, name, value, chunk);
}

static void on_signalled(void *owner, const char *name) {
    ts_worker *worker = owner;
    if (worker->run != NULL) {
        ts_run_signalled(worker->run, name);
    }
}

static void on_listening(void *owner, const char *server, const json_t *address) {
    ts_worker *worker = owner;
    if (worker->run != NULL) {
        ts_run_listening(worker->run, server, address);
    }
}

static void on_synced(void *owner, unsigned long long number, unsigned long long pending) {
    ts_worker *worker = owner;
    if (worker->run != NULL) {
        ts_run_synced(worker->run, number, pending);
    }
}

static void on_unsupported(void *owner, const char *member) {
    ts_worker *worker = owner;
    if (worker->run != NULL) {
        ts_run_unsupported(worker->run, member);
    }
}

static void on_failed(void *owner, const char *message) {
    ts_worker *worker = owner;
    if (worker->run != NULL) {
        ts_run_failed(worker->run, message);
    }
}

static void on_stopped(void *owner) {
    ts_worker *worker = owner;
    if (worker->run != NULL) {
        ts_run_stopped(worker->run);
    }
}

static void on_died(void *owner, const char *reason, const char *detail, bool by_itself) {
    ts_worker *worker = owner;
    worker->dead = true;
    if (worker->run != NULL) {
        ts_run_died(worker->run, reason, detail, by_itself);
    }
}

static void on_closed(void *owner) {
    ts_worker *worker = owner;
    worker->implementation = NULL;
    worker->identity = NULL;
    worker->dead = false;
    worker->state = IDLE;
    step_soon(worker);
}

static const ts_implementation_observer observer = {
    .opened = on_opened,
    .failed_to_open = on_failed_to_open,
    .observed = on_observed,
    .signalled = on_signalled,
    .listening = on_listening,
    .synced = on_synced,
    .unsupported = on_unsupported,
    .failed = on_failed,
    .stopped = on_stopped,
    .died = on_died,
    .closed = on_closed,
};

/* --- life --------------------------------------------------------------------------------- */

static ts_implementation *create(ts_worker *worker) {
    const ts_specification *spec = worker->options.specification;
    switch (spec->kind) {
    case TS_SPECIFICATION_REFERENCE:
        return ts_reference_new(worker->options.uv, TS_REFERENCE_SIMULATOR, &observer, worker);
    case TS_SPECIFICATION_REFERENCE_UV:
        return ts_reference_new(worker->options.uv, TS_REFERENCE_LIBUV, &observer, worker);
    case TS_SPECIFICATION_COMMAND:
        return ts_adapter_new(worker->options.uv, worker->options.peer_loop, spec->command,
                              &observer, worker);
    }
    return NULL;
}

static void open_implementation(ts_worker *worker) {
    worker->implementation = create(worker);
    if (worker->implementation == NULL) {
        (void)fputs("touchstone: out of memory\n", stderr);
        exit(2);
    }
    worker->state = OPENING;
    worker->implementation->operations->open(worker->implementation);
}

static void on_timer_closed(uv_handle_t *handle) {
    ts_worker *worker = handle->data;
    worker->options.events->ended(worker->options.owner, worker);
    free(worker->unix_path);
    free(worker);
}

static void on_step(uv_timer_t *timer) {
    ts_worker *worker = timer->data;
    if (worker->state != IDLE) {
        return;
    }
    if (worker->dead) {
        close_implementation(worker);
        return;
    }
    worker->scenario = worker->options.events->next(worker->options.owner, worker);
    if (worker->scenario != NULL) {
        if (worker->implementation == NULL) {
            open_implementation(worker);
        } else {
            start_run(worker);
        }
    } else if (worker->implementation != NULL) {
        close_implementation(worker);
    } else {
        worker->state = ENDING;
        uv_close((uv_handle_t *)&worker->step, on_timer_closed);
    }
}

ts_worker *ts_worker_start(const ts_worker_options *options) {
    ts_worker *worker = ts_allocate(1, sizeof(*worker));
    worker->options = *options;
    worker->unix_path = ts_format("%s/%u.sock", options->folder, options->index);
    (void)uv_timer_init(options->uv, &worker->step);
    worker->step.data = worker;
    step_soon(worker);
    return worker;
}
