#include "fake.h"

#include <nodehttp/uv.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "scenario/load.h"
#include "support/unit.h"

typedef struct fake {
    ts_implementation implementation; /* first */
    const fake_plan *plan;
    uv_loop_t uv;
    uv_timer_t timer; /* the next act */
    uv_timer_t reply; /* to sync and stop */
    nh_transport *transport;
    nh_loop *loop;
    ts_run *run;
    size_t next;
    uint64_t started_ms;
    uint64_t now_ms; /* virtual */
    unsigned long long sync_number;
    bool stopping;
    bool deaf;
    bool dead;
    ts_result result;
    bool usable;
} fake;

static fake *fake_of(ts_implementation *implementation) {
    return (fake *)(void *)implementation;
}

static void on_act(uv_timer_t *timer);

static bool has_next(const fake *f) {
    return f->plan->acts[f->next].kind != FAKE_END;
}

static void act(fake *f, const fake_act *what) {
    switch (what->kind) {
    case FAKE_END:
        break;
    case FAKE_OBSERVE:
        (void)ts_run_observed(f->run, "main", what->text, NULL, false);
        break;
    case FAKE_FLOOD:
        while (ts_run_observed(f->run, "main", what->text, NULL, false)) {
        }
        break;
    case FAKE_UNSUPPORTED:
        ts_run_unsupported(f->run, what->text);
        break;
    case FAKE_FAILED:
        ts_run_failed(f->run, what->text);
        break;
    case FAKE_CRASH:
    case FAKE_MISBEHAVE:
        f->dead = true;
        ts_run_died(f->run, "gone", what->text, what->kind == FAKE_CRASH);
        break;
    case FAKE_DEAF:
        f->deaf = true;
        break;
    }
}

static void plan_next(fake *f) {
    if (has_next(f) && !f->plan->virtual_time) {
        uint64_t elapsed = uv_now(&f->uv) - f->started_ms;
        uint64_t due = f->plan->acts[f->next].at_ms;
        (void)uv_timer_start(&f->timer, on_act, due > elapsed ? due - elapsed : 0, 0);
    }
}

static void on_act(uv_timer_t *timer) {
    fake *f = timer->data;
    act(f, &f->plan->acts[f->next++]);
    if (!f->dead && !f->stopping) {
        plan_next(f);
    }
}

static unsigned long long count_pending(ts_implementation *implementation) {
    fake *f = fake_of(implementation);
    unsigned long long count = 0;
    for (size_t i = f->next; f->plan->acts[i].kind != FAKE_END; i++) {
        count += !f->plan->acts[i].own;
    }
    return count;
}

static void on_reply(uv_timer_t *timer) {
    fake *f = timer->data;
    if (f->stopping) {
        ts_run_stopped(f->run);
    } else if (!f->deaf) {
        ts_run_synced(f->run, f->sync_number, count_pending(&f->implementation));
    }
}

static nh_loop *prepare(ts_implementation *implementation) {
    return fake_of(implementation)->loop;
}

static void start(ts_implementation *implementation, const ts_run_start *with) {
    (void)with;
    fake *f = fake_of(implementation);
    f->started_ms = uv_now(&f->uv);
    plan_next(f);
}

static void give_signal(ts_implementation *implementation, const char *name) {
    (void)implementation;
    (void)name;
}

static void answer_sync(ts_implementation *implementation, unsigned long long number) {
    fake *f = fake_of(implementation);
    f->sync_number = number;
    (void)uv_timer_start(&f->reply, on_reply, 0, 0);
}

static void stop(ts_implementation *implementation) {
    fake *f = fake_of(implementation);
    f->stopping = true;
    (void)uv_timer_stop(&f->timer);
    (void)uv_timer_start(&f->reply, on_reply, 0, 0);
}

/* --- virtual time ------------------------------------------------------------------------- */

static ts_progress run_due(ts_implementation *implementation) {
    fake *f = fake_of(implementation);
    while (has_next(f) && f->plan->acts[f->next].at_ms <= f->now_ms) {
        act(f, &f->plan->acts[f->next++]);
    }
    return TS_PROGRESS_IDLE;
}

static bool pass_time(ts_implementation *implementation, uint64_t until_ms) {
    fake *f = fake_of(implementation);
    bool due = has_next(f) && f->plan->acts[f->next].at_ms <= until_ms;
    f->now_ms = due ? f->plan->acts[f->next].at_ms : until_ms;
    return due;
}

static uint64_t elapsed_ms(ts_implementation *implementation) {
    return fake_of(implementation)->now_ms;
}

static const ts_implementation_operations operations = {.prepare = prepare,
                                                        .start = start,
                                                        .signal = give_signal,
                                                        .sync = answer_sync,
                                                        .stop = stop,
                                                        .run_due = run_due,
                                                        .pass_time = pass_time,
                                                        .elapsed_ms = elapsed_ms,
                                                        .pending = count_pending};

/* --- the run ------------------------------------------------------------------------------ */

static void on_done(void *owner, ts_result result, bool usable) {
    fake *f = owner;
    f->result = result;
    f->usable = usable;
    uv_close((uv_handle_t *)&f->timer, NULL);
    uv_close((uv_handle_t *)&f->reply, NULL);
}

ts_result fake_run(const fake_plan *plan, const char *scenario, double time_scale, bool recording,
                   bool *out_usable) {
    fake f = {.plan = plan, .implementation = {.operations = &operations}};
    ts_scenario_file *file = ts_scenario_file_parse("x", "x", scenario, strlen(scenario));
    REQUIRE_SIZE_EQ(file->count, 1);
    REQUIRE_INT_EQ(uv_loop_init(&f.uv), 0);
    f.transport = nh_uv_transport_new(NULL, &f.uv);
    f.loop = nh_loop_new(NULL, f.transport);
    (void)uv_timer_init(&f.uv, &f.timer);
    (void)uv_timer_init(&f.uv, &f.reply);
    f.timer.data = &f;
    f.reply.data = &f;
    ts_implementation_identity identity = {
        .name = "fake", .version = "1.0.0", .virtual_time = plan->virtual_time};
    ts_run_options options = {.uv = &f.uv,
                              .implementation = &f.implementation,
                              .identity = &identity,
                              .label = "fake",
                              .scenario = file->items[0],
                              .number = 1,
                              .time_scale = time_scale,
                              .unix_path = "/nonexistent/x.sock",
                              .recording = recording,
                              .done = on_done,
                              .owner = &f};
    f.run = ts_run_begin(&options);
    (void)uv_run(&f.uv, UV_RUN_DEFAULT);
    nh_loop_free(f.loop);
    nh_uv_transport_free(f.transport);
    (void)uv_run(&f.uv, UV_RUN_DEFAULT);
    ASSERT_INT_EQ(uv_loop_close(&f.uv), 0);
    ts_scenario_file_free(file);
    *out_usable = f.usable;
    return f.result;
}
