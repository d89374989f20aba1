/* The run of a case: what is done when, the marks, the end. */
#include "order_internal.h"

#include <nodehttp/simulator.h>

#include <stdint.h>

#define LAST_TICK 5
#define LAST_IMMEDIATE 4

static void mark_tick(struct run *run, long argument) {
    (void)argument;
    order_note(run, "t%d", ++run->tick);
    if (run->tick < LAST_TICK) {
        order_put_off(run, 't', 0, mark_tick, 0);
    }
}

static void finish(struct run *run, long argument) {
    (void)argument;
    order_act(run, 's');
    run->closed = true;
    nh_loop_stop(run->loop);
}

static void mark_immediate(struct run *run, long argument) {
    (void)argument;
    order_note(run, "i%d", ++run->immediate);
    if (run->immediate < LAST_IMMEDIATE) {
        order_put_off(run, 'i', 0, mark_immediate, 0);
    } else {
        order_put_off(run, 'i', 0, finish, 0);
    }
}

static void begin(struct run *run, long argument) {
    nh_stream_options *options = (nh_stream_options *)(void *)(uintptr_t)argument;

    if (!order_make_streams(run, options)) {
        return;
    }
    order_listen(run);
    order_put_off(run, 't', 0, mark_tick, 0);
    order_put_off(run, 'i', 0, mark_immediate, 0);
    for (size_t i = 0; i < run->count; i++) {
        struct action *action = &run->actions[i];
        switch (action->when) {
        case 'n':
            order_act(run, action->what);
            break;
        case 't':
        case 'm':
        case 'i':
            order_put_off(run, action->when, 0, order_act, action->what);
            break;
        case 'T':
            order_put_off(run, 't', 1, order_act, action->what);
            break;
        case 'I':
            order_put_off(run, 'i', 1, order_act, action->what);
            break;
        default:
            action->waiting = true;
            break;
        }
    }
}

static void on_uncaught(nh_loop *loop, nh_error *error, void *data) {
    (void)loop;
    order_note(data, "uncaught(%s)", order_error_name(error));
}

bool order_run(nh_memory *memory, const char *script, char *log, size_t size) {
    struct run run = {.log = log,
                      .size = size,
                      .memory = memory,
                      .kind = 'd',
                      .left = 3,
                      .target_write = 's',
                      .target_mark = 4};
    nh_stream_options options;
    nh_transport *simulator = nh_simulator_new(memory, NULL);

    log[0] = '\0';
    run.loop = simulator != NULL ? nh_loop_new(memory, simulator) : NULL;
    if (run.loop == NULL) {
        nh_simulator_free(simulator);
        return false;
    }
    nh_loop_on_uncaught_exception(run.loop, on_uncaught, &run);
    nh_stream_options_init(&options);
    options.high_water_mark = 4;
    order_parse(&run, script, &options);
    bool begun = order_put_off(&run, 'i', 0, begin, (long)(uintptr_t)&options);
    nh_loop_run(run.loop);
    if (run.stream != NULL) {
        nh_emitter_release(nh_as_emitter(run.stream));
    }
    if (run.target != NULL) {
        nh_emitter_release(nh_as_emitter(run.target));
    }
    nh_error_release(run.destroy_error);
    nh_loop_free(run.loop);
    nh_simulator_free(simulator);
    return begun;
}
