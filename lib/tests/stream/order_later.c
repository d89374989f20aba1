/* Work for a later tick, microtask or immediate. */
#include "order_internal.h"

#include <stdlib.h>

struct deferred {
    struct run *run;
    void (*work)(struct run *run, long argument);
    long argument;
    int depth; /* how often it is to be put off once more */
    bool immediate;
};

static void call_deferred(const nh_value *arguments, size_t count, void *data,
                          nh_value *out_result) {
    struct deferred *deferred = data;

    (void)arguments;
    (void)count;
    (void)out_result;
    if (deferred->depth > 0) {
        order_put_off(deferred->run, deferred->immediate ? 'i' : 't', deferred->depth - 1,
                      deferred->work, deferred->argument);
    } else {
        deferred->work(deferred->run, deferred->argument);
    }
}

bool order_put_off(struct run *run, char how, int depth, void (*work)(struct run *, long),
                   long argument) {
    struct deferred *deferred = malloc(sizeof(*deferred));
    *deferred = (struct deferred){run, work, argument, depth, how == 'i'};
    nh_value function = nh_function_new(run->memory, "", call_deferred, deferred, free);
    bool queued = false;

    if (function.type == NH_INVALID) {
        free(deferred);
        return false;
    }
    if (how == 'i') {
        queued = nh_loop_set_immediate(run->loop, function) != 0;
    } else if (how == 'm') {
        queued = nh_loop_queue_microtask(run->loop, function);
    } else {
        queued = nh_loop_next_tick(run->loop, function);
    }
    nh_value_release(&function);
    return queued;
}
