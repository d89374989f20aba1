#include "run/run.h"

#include "base/memory.h"
#include "peer/peer.h"
#include "scenario/load.h"
#include "scenario/version.h"
#include "trace/compare.h"
#include "trace/mask.h"

#include <stdint.h>
#include <stdlib.h>

/* How often a run that is not calm yet is looked at, milliseconds. */
enum { SOON_MS = 1, LATER_MS = 8, CALM_SYNCS = 2 };

/* A sync that was asked for less than this ago may still be answered. */
enum { ANSWER_MS = 40 };
/* Wall-clock time that a run in virtual time may take. */
enum { VIRTUAL_WALL_MS = 20000 };

typedef enum run_state {
    BEFORE,   /* the first step comes */
    RUNNING,  /* observing */
    ENDING,   /* the verdict is there; the next step stops the implementation */
    STOPPING, /* `stopped` is awaited */
    CLOSING   /* only the timers are left */
} run_state;

struct ts_run {
    ts_run_options options;
    run_state state;
    uv_timer_t step;  /* what comes next */
    uv_timer_t limit; /* limit_ms, then the time for stopping */
    int open_timers;
    ts_peers *peers;
    ts_run_start start; /* what the implementation was started with */
    ts_trace trace;
    ts_mask mask;
    json_t *expected; /* NULL when recording */
    ts_result result;
    bool usable;
    uint64_t started_ms;
    uint64_t started_ns; /* of the high-resolution clock */
    uint64_t last_news_ms;
    unsigned long long news; /* counts everything that happens */
    /* Syncs (real time). */
    unsigned long long sync_number;
    unsigned long long news_at_sync;
    uint64_t sync_ms;                    /* when the last sync was asked for */
    unsigned long long activity_at_sync; /* of the peers */
    bool sync_under_way;
    int calm_syncs;
    unsigned long long pending;
    /* Whether the traces agreed when there were so many news. */
    unsigned long long compared_at;
    bool agrees;
};

static void on_step(uv_timer_t *timer);

static void step_in(ts_run *run, uint64_t milliseconds) {
    (void)uv_timer_start(&run->step, on_step, milliseconds, 0);
}

static double scaled(const ts_run *run, double milliseconds) {
    return run->options.identity->virtual_time ? milliseconds
                                               : milliseconds * run->options.time_scale;
}

/* The implementation's own timers do not know of the time scale: the least time of a run gets
 * longer with it, but never shorter. */
static double least_ms(const ts_run *run) {
    double lasts_ms = (double)run->options.scenario->lasts_ms;
    double longer = scaled(run, lasts_ms);
    return longer > lasts_ms ? longer : lasts_ms;
}

static uint64_t limit_ms(const ts_run *run) {
    const ts_scenario *scenario = run->options.scenario;
    return (uint64_t)(least_ms(run) +
                      scaled(run, (double)(scenario->limit_ms - scenario->lasts_ms)));
}

static uint64_t elapsed_ms(const ts_run *run) {
    return uv_now(run->options.uv) - run->started_ms;
}

static void note_news(ts_run *run) {
    run->news++;
    run->last_news_ms = uv_now(run->options.uv);
    if (run->state == RUNNING && !run->options.identity->virtual_time && !run->sync_under_way) {
        step_in(run, SOON_MS);
    }
}

/* --- the verdict -------------------------------------------------------------------------- */

static bool lane_is_required(void *data, const char *lane) {
    const ts_run *run = data;
    return !ts_scenario_is_peer_lane(run->options.scenario, lane);
}

static bool agrees(ts_run *run) {
    if (run->expected == NULL) {
        return false;
    }
    if (run->compared_at != run->news + 1) {
        json_t *observed = ts_mask_trace(&run->mask, &run->trace);
        run->agrees = ts_compare(run->expected, observed, lane_is_required, run);
        run->compared_at = run->news + 1;
        json_decref(observed);
    }
    return run->agrees;
}

/* Fixes the verdict; the first one counts. Consumes `detail`. */
static void end_with(ts_run *run, ts_verdict verdict, char *detail) {
    if (run->state != RUNNING && run->state != BEFORE) {
        free(detail);
        return;
    }
    run->state = ENDING;
    run->result.verdict = verdict;
    run->result.detail = detail;
    run->result.observed = ts_mask_trace(&run->mask, &run->trace);
    run->result.expected = json_incref(run->expected);
    run->result.duration_ms = (double)((uv_hrtime() - run->started_ns) / 1000) / 1000.0;
    step_in(run, 0);
}

static char *difference(ts_run *run) {
    json_t *observed = ts_mask_trace(&run->mask, &run->trace);
    char *text = run->expected != NULL
                     ? ts_first_difference(run->expected, observed, lane_is_required, run)
                     : NULL;
    json_decref(observed);
    return text;
}

/* The end was reached in good order. */
static void end_by_comparison(ts_run *run) {
    if (run->expected == NULL || agrees(run)) {
        end_with(run, TS_PASS, NULL);
    } else {
        end_with(run, TS_FAIL, difference(run));
    }
}

static void end_by_limit(ts_run *run) {
    ts_text text = {0};
    ts_text_printf(&text, "not over after %llu ms", (unsigned long long)limit_ms(run));
    if (run->sync_under_way && uv_now(run->options.uv) - run->sync_ms >= ANSWER_MS) {
        ts_text_append(&text, "; the implementation does not answer");
    } else if (run->pending > 0) {
        ts_text_printf(&text, "; %llu timers or immediates of the script are pending",
                       run->pending);
    } else if (!ts_peers_are_quiescent(run->peers)) {
        ts_text_append(&text, "; a peer is not done");
    } else {
        ts_text_append(&text, "; something kept happening");
    }
    char *first = difference(run);
    if (first != NULL) {
        ts_text_printf(&text, "; %s", first);
    }
    free(first);
    end_with(run, TS_TIMEOUT, ts_text_take(&text));
}

/* --- release ------------------------------------------------------------------------------ */

static void on_timer_closed(uv_handle_t *handle) {
    ts_run *run = handle->data;
    if (--run->open_timers > 0) {
        return;
    }
    ts_result result = run->result;
    run->options.done(run->options.owner, result, run->usable);
    free(run);
}

static void release(ts_run *run) {
    if (run->state == CLOSING) {
        return;
    }
    run->state = CLOSING;
    ts_peers_free(run->peers);
    ts_trace_free(&run->trace);
    ts_mask_free(&run->mask);
    json_decref(run->expected);
    uv_close((uv_handle_t *)&run->step, on_timer_closed);
    uv_close((uv_handle_t *)&run->limit, on_timer_closed);
}

/* The implementation does not release the run. */
static void on_stopping_limit(uv_timer_t *timer) {
    ts_run *run = timer->data;
    run->usable = false;
    if (run->result.verdict == TS_PASS) {
        run->result.verdict = TS_TIMEOUT;
        run->result.detail = ts_format("it does not answer `stop` within %d ms", TS_STOPPING_MS);
    }
    release(run);
}

static void stop(ts_run *run) {
    run->state = STOPPING;
    (void)uv_timer_start(&run->limit, on_stopping_limit, TS_STOPPING_MS, 0);
    if (run->peers != NULL) {
        ts_peers_close(run->peers);
    }
    run->options.implementation->operations->stop(run->options.implementation);
}

void ts_run_stopped(ts_run *run) {
    if (run->state == STOPPING) {
        release(run);
    }
}

void ts_run_died(ts_run *run, const char *reason, const char *detail, bool by_itself) {
    run->usable = false;
    if (run->state == CLOSING) {
        return;
    }
    bool decided = run->state == STOPPING || run->state == ENDING;
    if (!decided) {
        end_with(run, by_itself ? TS_CRASH : TS_HARNESS_ERROR, ts_duplicate(reason));
    } else if (run->result.verdict == TS_PASS) {
        run->result.verdict = by_itself ? TS_CRASH : TS_HARNESS_ERROR;
        run->result.detail = ts_format("after the scenario: %s", reason);
    }
    if (detail != NULL && run->result.context == NULL && run->result.verdict != TS_TIMEOUT) {
        run->result.context = ts_duplicate(detail);
    }
    release(run);
}

/* --- virtual time ------------------------------------------------------------------------- */

/* Runs to the end, or until something fixes the verdict. */
static void run_in_virtual_time(ts_run *run) {
    ts_implementation *it = run->options.implementation;
    const ts_scenario *scenario = run->options.scenario;
    uint64_t wall_start = uv_hrtime();
    unsigned long long news = run->news;
    uint64_t last_news_ms = 0;
    while (run->state == RUNNING) {
        ts_progress progress = it->operations->run_due(it);
        if (run->state != RUNNING) {
            return;
        }
        uint64_t elapsed = it->operations->elapsed_ms(it);
        if (run->news != news) {
            news = run->news;
            last_news_ms = elapsed;
        }
        run->pending = it->operations->pending(it);
        bool quiescent = run->pending == 0 && ts_peers_are_quiescent(run->peers);
        if (elapsed > scenario->limit_ms ||
            (uv_hrtime() - wall_start) / 1000000 > VIRTUAL_WALL_MS) {
            end_by_limit(run);
        } else if (progress == TS_PROGRESS_MORE) {
            continue;
        } else if (!quiescent) {
            (void)it->operations->pass_time(it, scenario->limit_ms + 1);
        } else {
            /* As in real time: a run that does not agree gets some time for what may still come. */
            uint64_t patience = agrees(run) ? 0 : last_news_ms + TS_QUIET_MS;
            uint64_t until = patience > scenario->lasts_ms ? patience : scenario->lasts_ms;
            if (elapsed >= until) {
                end_by_comparison(run);
            } else {
                (void)it->operations->pass_time(it, until);
            }
        }
    }
}

/* --- real time ---------------------------------------------------------------------------- */

static void sync(ts_run *run) {
    run->sync_under_way = true;
    run->sync_ms = uv_now(run->options.uv);
    run->news_at_sync = run->news;
    run->activity_at_sync = ts_peers_activity(run->peers);
    ts_implementation *it = run->options.implementation;
    it->operations->sync(it, ++run->sync_number);
}

/* Ends the run if it may end; otherwise says when to look again. */
static void consider(ts_run *run) {
    const double grace_ms = TS_GRACE_MS;
    double elapsed = (double)elapsed_ms(run);
    bool lasted = elapsed >= least_ms(run);
    bool calm = run->calm_syncs >= CALM_SYNCS;
    double quiet = (double)(uv_now(run->options.uv) - run->last_news_ms);
    bool good = calm && lasted && agrees(run);
    if (good && quiet >= grace_ms) {
        end_with(run, TS_PASS, NULL);
    } else if (calm && lasted && quiet >= scaled(run, TS_QUIET_MS)) {
        end_by_comparison(run);
    } else {
        step_in(run, good || !calm ? SOON_MS : LATER_MS);
    }
}

void ts_run_synced(ts_run *run, unsigned long long number, unsigned long long pending) {
    if (run->state != RUNNING || number != run->sync_number) {
        return;
    }
    run->sync_under_way = false;
    run->pending = pending;
    if (ts_peers_activity(run->peers) != run->activity_at_sync) {
        note_news(run); /* bytes that nobody records are no silence */
    }
    bool calm =
        run->news == run->news_at_sync && pending == 0 && ts_peers_are_quiescent(run->peers);
    run->calm_syncs = calm ? run->calm_syncs + 1 : 0;
    consider(run);
}

/* --- what is reported --------------------------------------------------------------------- */

bool ts_run_observed(ts_run *run, const char *lane, const char *name, json_t *value, bool chunk) {
    if (run->state != RUNNING) {
        return false;
    }
    ts_trace_add(&run->trace, lane, name, value, chunk);
    note_news(run);
    if (run->trace.observations > TS_MOST_OBSERVATIONS || run->trace.bytes > TS_MOST_BYTES) {
        end_with(run, TS_FAIL,
                 ts_format("given up: more than %d observations or %d MiB", TS_MOST_OBSERVATIONS,
                           TS_MOST_BYTES >> 20));
        return false;
    }
    return true;
}

void ts_run_signalled(ts_run *run, const char *name) {
    if (run->state == RUNNING) {
        note_news(run);
        ts_peers_signal(run->peers, name);
    }
}

void ts_run_listening(ts_run *run, const char *server, const json_t *address) {
    if (run->state == RUNNING) {
        note_news(run);
        ts_mask_add_address(&run->mask, address);
        ts_peers_listening(run->peers, server, address);
    }
}

void ts_run_unsupported(ts_run *run, const char *member) {
    end_with(run, TS_UNSUPPORTED, ts_duplicate(member));
}

void ts_run_failed(ts_run *run, const char *message) {
    end_with(run, TS_HARNESS_ERROR, ts_duplicate(message));
}

void ts_run_interrupt(ts_run *run) {
    end_with(run, TS_HARNESS_ERROR, ts_duplicate("interrupted"));
}

/* --- peers -------------------------------------------------------------------------------- */

static void on_peer_observed(void *owner, const char *lane, const char *name, json_t *value) {
    (void)ts_run_observed(owner, lane, name, value, false);
}

static void on_peer_signalled(void *owner, const char *name) {
    ts_run *run = owner;
    if (run->state == RUNNING) {
        note_news(run);
        ts_implementation *it = run->options.implementation;
        it->operations->signal(it, name);
    }
}

static void on_peer_failed(void *owner, const char *message) {
    ts_run_failed(owner, message);
}

static const ts_peers_observer peers_observer = {
    .observed = on_peer_observed, .signalled = on_peer_signalled, .failed = on_peer_failed};

/* --- steps -------------------------------------------------------------------------------- */

static void on_limit(uv_timer_t *timer) {
    ts_run *run = timer->data;
    if (run->state == RUNNING) {
        end_by_limit(run);
    }
}

static void mask_addresses(ts_run *run, const json_t *addresses) {
    const char *name;
    json_t *address;
    json_object_foreach((json_t *)(uintptr_t)addresses, name, address) {
        ts_mask_add_address(&run->mask, address);
    }
    ts_mask_add_path(&run->mask, run->options.unix_path);
}

static void begin(ts_run *run) {
    ts_implementation *it = run->options.implementation;
    nh_loop *loop = it->operations->prepare(it);
    if (loop == NULL) {
        end_with(run, TS_HARNESS_ERROR, ts_duplicate("out of memory"));
        return;
    }
    run->state = RUNNING;
    run->started_ms = uv_now(run->options.uv);
    run->last_news_ms = run->started_ms;
    char *error = NULL;
    run->peers = ts_peers_new(loop, run->options.scenario->peers, run->options.unix_path,
                              scaled(run, 1), &peers_observer, run, &error);
    if (run->peers == NULL) {
        end_with(run, TS_HARNESS_ERROR, error != NULL ? error : ts_duplicate("out of memory"));
        return;
    }
    const json_t *addresses = ts_peers_addresses(run->peers);
    mask_addresses(run, addresses);
    run->start = (ts_run_start){
        .run = run->options.number,
        .scenario = run->options.scenario,
        .addresses = addresses,
        .time_scale = scaled(run, 1),
        .unix_path = run->options.unix_path,
    };
    it->operations->start(it, &run->start);
    if (run->options.identity->virtual_time) {
        run_in_virtual_time(run);
        return;
    }
    (void)uv_timer_start(&run->limit, on_limit, limit_ms(run), 0);
    sync(run);
}

static void on_step(uv_timer_t *timer) {
    ts_run *run = timer->data;
    switch (run->state) {
    case BEFORE:
        begin(run);
        break;
    case RUNNING:
        if (!run->sync_under_way) {
            sync(run);
        }
        break;
    case ENDING:
        stop(run);
        break;
    case STOPPING:
    case CLOSING:
        break;
    }
}

/* --- start -------------------------------------------------------------------------------- */

ts_run *ts_run_begin(const ts_run_options *options) {
    ts_run *run = ts_allocate(1, sizeof(*run));
    run->options = *options;
    run->usable = true;
    run->started_ns = uv_hrtime();
    if (!options->recording) {
        run->expected =
            ts_scenario_expectation(options->scenario, options->label, options->identity->version);
    }
    (void)uv_timer_init(options->uv, &run->step);
    (void)uv_timer_init(options->uv, &run->limit);
    run->open_timers = 2;
    run->step.data = run;
    run->limit.data = run;
    step_in(run, 0);
    return run;
}

/* --- verdicts without a run --------------------------------------------------------------- */

static char *missing_capabilities(unsigned missing) {
    ts_text text = {0};
    ts_text_append(&text, "needs");
    for (unsigned bit = 1; bit <= missing; bit <<= 1) {
        if ((missing & bit) != 0) {
            ts_text_printf(&text, " %s", ts_capability_name(bit));
        }
    }
    return ts_text_take(&text);
}

bool ts_run_is_decided(const ts_scenario *scenario, const char *label,
                       const ts_implementation_identity *identity, bool recording,
                       ts_result *out_result) {
    *out_result = (ts_result){0};
    unsigned missing = scenario->needs & ~identity->capabilities;
    if (missing != 0) {
        out_result->verdict = TS_NOT_APPLICABLE;
        out_result->detail = missing_capabilities(missing);
        return true;
    }
    if (!ts_when_applies(scenario->when, label, identity->version)) {
        ts_text text = {0};
        ts_text_append(&text, "applies to ");
        ts_text_append_json(&text, scenario->when);
        ts_text_append(&text, " only");
        out_result->verdict = TS_NOT_APPLICABLE;
        out_result->detail = ts_text_take(&text);
        return true;
    }
    json_t *expected =
        recording ? NULL : ts_scenario_expectation(scenario, label, identity->version);
    bool empty = !recording && json_object_size(expected) == 0;
    json_decref(expected);
    if (empty) {
        out_result->verdict = TS_HARNESS_ERROR;
        out_result->detail = ts_duplicate("nothing is expected yet: touchstone record fills it in");
    }
    return empty;
}
