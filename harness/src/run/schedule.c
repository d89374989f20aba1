#include "run/schedule.h"

#include "base/file.h"
#include "base/memory.h"
#include "run/worker.h"

#include <nodehttp/loop.h>
#include <nodehttp/uv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_JOBS = 64, MOST_FAILED_OPENINGS = 3 };

typedef struct assignment {
    ts_worker *worker; /* NULL: free */
    size_t item;       /* the scenario that it is at */
    unsigned round;    /* how often it has run it */
} assignment;

typedef struct schedule {
    const ts_schedule_options *options;
    ts_schedule_results *results;
    uv_loop_t uv;
    uv_signal_t interrupt;
    uv_signal_t terminate;
    nh_transport *peer_transport;
    nh_loop *peer_loop;
    char *folder;   /* for UNIX sockets */
    size_t current; /* implementation */
    size_t next_item;
    assignment assignments[MOST_JOBS];
    unsigned workers; /* still alive */
    unsigned failed_openings;
    size_t done;
} schedule;

static ts_outcome *outcome_of(schedule *s, size_t item) {
    return &s->results->outcomes[s->current * s->results->scenario_count + item];
}

static void store(schedule *s, size_t item, ts_result result) {
    ts_outcome *outcome = outcome_of(s, item);
    outcome->done = true;
    outcome->result = result;
    s->done++;
    if (s->options->progress != NULL) {
        size_t total = s->results->implementation_count * s->results->scenario_count;
        s->options->progress(s->options->owner, s->done, total,
                             s->results->implementations[s->current].name,
                             s->options->selection->items[item].id);
    }
}

/* --- what is known beforehand ------------------------------------------------------------- */

/* Files that can't be loaded have a result on every implementation. */
static void store_broken(schedule *s, size_t item) {
    const ts_selected *selected = &s->options->selection->items[item];
    ts_result result = {.verdict = TS_HARNESS_ERROR,
                        .detail = ts_problems_text(&selected->file->problems)};
    store(s, item, result);
}

static void store_all_failed(schedule *s, size_t from, const char *message) {
    for (size_t item = from; item < s->results->scenario_count; item++) {
        if (!outcome_of(s, item)->done) {
            ts_result result = {.verdict = TS_HARNESS_ERROR, .detail = ts_duplicate(message)};
            store(s, item, result);
        }
    }
}

/* --- workers ------------------------------------------------------------------------------ */

static assignment *assignment_of(schedule *s, const ts_worker *worker) {
    for (size_t i = 0; i < MOST_JOBS; i++) {
        if (s->assignments[i].worker == worker) {
            return &s->assignments[i];
        }
    }
    return NULL;
}

static const ts_scenario *next(void *owner, ts_worker *worker) {
    schedule *s = owner;
    assignment *a = assignment_of(s, worker);
    if (s->results->interrupted) {
        return NULL;
    }
    const ts_selection *selection = s->options->selection;
    if (a->round > 0) {
        return selection->items[a->item].scenario;
    }
    while (s->next_item < selection->count) {
        size_t item = s->next_item++;
        if (selection->items[item].scenario == NULL) {
            store_broken(s, item);
        } else if (!outcome_of(s, item)->done) {
            a->item = item;
            return selection->items[item].scenario;
        }
    }
    return NULL;
}

static void finished(void *owner, ts_worker *worker, ts_result result) {
    schedule *s = owner;
    assignment *a = assignment_of(s, worker);
    if (s->results->interrupted) {
        ts_result_free(&result);
        return;
    }
    a->round++;
    unsigned repeat = s->options->repeat;
    if (result.verdict == TS_PASS && a->round < repeat) {
        ts_result_free(&result);
        return;
    }
    if (a->round > 1 && result.verdict != TS_PASS) {
        char *detail = ts_format("run %u of %u: %s", a->round, repeat,
                                 result.detail != NULL ? result.detail : "");
        free(result.detail);
        result.detail = detail;
    }
    a->round = 0;
    store(s, a->item, result);
}

static void identified(void *owner, const ts_implementation_identity *identity) {
    schedule *s = owner;
    ts_implementation_record *record = &s->results->implementations[s->current];
    if (record->version[0] == '\0') {
        free(record->version);
        record->version = ts_duplicate(identity->version);
    }
    s->failed_openings = 0;
}

static void failed_to_open(void *owner, const char *message) {
    schedule *s = owner;
    ts_implementation_record *record = &s->results->implementations[s->current];
    s->failed_openings++;
    bool never = record->version[0] == '\0';
    if (never && record->problem == NULL) {
        record->problem = ts_duplicate(message);
    }
    if (never || s->failed_openings >= MOST_FAILED_OPENINGS) {
        store_all_failed(s, s->next_item, message);
        s->next_item = s->results->scenario_count;
    }
}

static void start_implementation(schedule *s);

static void ended(void *owner, ts_worker *worker) {
    schedule *s = owner;
    assignment_of(s, worker)->worker = NULL;
    if (--s->workers == 0) {
        s->current++;
        start_implementation(s);
    }
}

static const ts_worker_events worker_events = {.next = next,
                                               .finished = finished,
                                               .identified = identified,
                                               .failed_to_open = failed_to_open,
                                               .ended = ended};

static void end(schedule *s) {
    uv_close((uv_handle_t *)&s->interrupt, NULL);
    uv_close((uv_handle_t *)&s->terminate, NULL);
}

/* Starts the workers of the present implementation, or ends everything after the last one. */
static void start_implementation(schedule *s) {
    const ts_specifications *specifications = s->options->specifications;
    while (s->current < specifications->count &&
           specifications->items[s->current].problem != NULL) {
        store_all_failed(s, 0, specifications->items[s->current].problem);
        s->current++;
    }
    if (s->current >= specifications->count || s->results->interrupted) {
        end(s);
        return;
    }
    const ts_specification *spec = &specifications->items[s->current];
    unsigned jobs = spec->kind != TS_SPECIFICATION_REFERENCE ? s->options->jobs : 1;
    jobs = jobs > MOST_JOBS ? MOST_JOBS : jobs;
    s->next_item = 0;
    s->failed_openings = 0;
    for (unsigned i = 0; i < jobs && (i == 0 || i < s->results->scenario_count); i++) {
        ts_worker_options options = {.uv = &s->uv,
                                     .peer_loop = s->peer_loop,
                                     .specification = spec,
                                     .time_scale = s->options->time_scale,
                                     .recording = s->options->recording,
                                     .folder = s->folder,
                                     .index = i,
                                     .events = &worker_events,
                                     .owner = s};
        s->assignments[i] = (assignment){.worker = ts_worker_start(&options)};
        s->workers++;
    }
}

/* --- interruption ------------------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int number) {
    schedule *s = handle->data;
    if (s->results->interrupted) {
        _exit(128 + number);
    }
    s->results->interrupted = true;
    for (size_t i = 0; i < MOST_JOBS; i++) {
        if (s->assignments[i].worker != NULL) {
            ts_worker_interrupt(s->assignments[i].worker);
        }
    }
}

static void watch_signal(schedule *s, uv_signal_t *handle, int number) {
    (void)uv_signal_init(&s->uv, handle);
    handle->data = s;
    (void)uv_signal_start(handle, on_signal, number);
    uv_unref((uv_handle_t *)handle);
}

/* --- start and end ------------------------------------------------------------------------ */

static char *make_folder(void) {
    const char *base = getenv("TMPDIR");
    char *folder =
        ts_format("%s/touchstone-XXXXXX", base != NULL && base[0] == '/' ? base : "/tmp");
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        exit(2);
    }
    return folder;
}

static void remove_folder(const char *folder) {
    ts_paths left = {0};
    (void)ts_file_walk(folder, "", &left);
    for (size_t i = 0; i < left.count; i++) {
        (void)unlink(left.items[i]);
    }
    ts_paths_free(&left);
    (void)rmdir(folder);
}

static void prepare_results(const ts_schedule_options *options, ts_schedule_results *results) {
    size_t count = options->specifications->count;
    *results = (ts_schedule_results){.implementation_count = count,
                                     .scenario_count = options->selection->count};
    results->implementations = ts_allocate(count, sizeof(*results->implementations));
    results->outcomes = ts_allocate(count * results->scenario_count, sizeof(*results->outcomes));
    for (size_t i = 0; i < count; i++) {
        const ts_specification *spec = &options->specifications->items[i];
        results->implementations[i] = (ts_implementation_record){
            ts_duplicate(spec->label), ts_duplicate(""), ts_duplicate(spec->problem)};
    }
}

void ts_schedule_run(const ts_schedule_options *options, ts_schedule_results *out_results) {
    prepare_results(options, out_results);
    uint64_t started = uv_hrtime();
    schedule s = {.options = options, .results = out_results, .folder = make_folder()};
    (void)signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&s.uv) != 0) {
        (void)fputs("touchstone: no event loop\n", stderr);
        exit(2);
    }
    s.peer_transport = nh_uv_transport_new(NULL, &s.uv);
    s.peer_loop = s.peer_transport != NULL ? nh_loop_new(NULL, s.peer_transport) : NULL;
    if (s.peer_loop == NULL) {
        (void)fputs("touchstone: out of memory\n", stderr);
        exit(2);
    }
    watch_signal(&s, &s.interrupt, SIGINT);
    watch_signal(&s, &s.terminate, SIGTERM);
    start_implementation(&s);
    (void)uv_run(&s.uv, UV_RUN_DEFAULT);
    nh_loop_free(s.peer_loop);
    nh_uv_transport_free(s.peer_transport);
    (void)uv_run(&s.uv, UV_RUN_DEFAULT);
    (void)uv_loop_close(&s.uv);
    remove_folder(s.folder);
    free(s.folder);
    out_results->duration_ms = (double)((uv_hrtime() - started) / 1000) / 1000.0;
}

void ts_schedule_results_free(ts_schedule_results *results) {
    for (size_t i = 0; i < results->implementation_count; i++) {
        free(results->implementations[i].name);
        free(results->implementations[i].version);
        free(results->implementations[i].problem);
    }
    for (size_t i = 0; i < results->implementation_count * results->scenario_count; i++) {
        ts_result_free(&results->outcomes[i].result);
    }
    free(results->implementations);
    free(results->outcomes);
    *results = (ts_schedule_results){0};
}
