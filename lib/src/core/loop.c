/* The loop: turns, the queues that are drained at their end, and what was thrown meanwhile. */
#include <nodehttp/loop.h>

#include "core/loop_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

nh_loop *nh_loop_new(nh_memory *memory, nh_transport *transport) {
    memory = memory != NULL ? memory : nh_memory_default();
    nh_loop *loop = nh_memory_allocate_zeroed(memory, 1, sizeof(nh_loop));
    if (loop == NULL) {
        return NULL;
    }
    loop->memory = memory;
    loop->transport = transport;
    transport->operations->attach(transport, loop);
    return loop;
}

static void drop_tasks(nh_task_queue *queue) {
    while (queue->count > 0) {
        nh_queued_task task = nh_task_queue_take(queue);
        nh_queued_task_release(&task);
    }
}

void nh_loop_free(nh_loop *loop) {
    if (loop == NULL) {
        return;
    }
    assert(loop->depth == 0);
    loop->being_freed = true;
    loop->transport->operations->attach(loop->transport, NULL);
    drop_tasks(&loop->ticks);
    drop_tasks(&loop->microtasks);
    nh_loop_drop_immediates(loop);
    while (loop->resources != NULL) {
        nh_loop_resource *resource = loop->resources;
        loop->resources = resource->next;
        resource->release(resource);
    }
    nh_loop_drop_timers(loop);
    nh_error_release(loop->thrown);
    nh_memory_free(loop->memory, loop->ticks.tasks);
    nh_memory_free(loop->memory, loop->microtasks.tasks);
    nh_memory_free(loop->memory, loop);
}

void nh_loop_add_resource(nh_loop *loop, nh_loop_resource *resource) {
    resource->next = loop->resources;
    loop->resources = resource;
}

nh_loop_resource *nh_loop_find_resource(const nh_loop *loop, const void *key) {
    nh_loop_resource *resource = loop->resources;
    while (resource != NULL && resource->key != key) {
        resource = resource->next;
    }
    return resource;
}

bool nh_loop_is_being_freed(const nh_loop *loop) {
    return loop->being_freed;
}

nh_memory *nh_loop_memory(const nh_loop *loop) {
    return loop->memory;
}

nh_transport *nh_loop_transport(const nh_loop *loop) {
    return loop->transport;
}

void nh_loop_run(nh_loop *loop) {
    assert(loop->depth == 0);
    loop->stopping = false;
    nh_loop_begin_turn(loop);
    nh_loop_end_turn(loop);
    if (!loop->stopping) {
        loop->transport->operations->run(loop->transport);
    }
}

void nh_loop_stop(nh_loop *loop) {
    loop->stopping = true;
    loop->transport->operations->stop(loop->transport);
}

uint64_t nh_loop_now_ms(const nh_loop *loop) {
    return loop->transport->operations->now_ms(loop->transport);
}

uint64_t nh_loop_wall_clock_ms(const nh_loop *loop) {
    return loop->transport->operations->wall_clock_ms(loop->transport);
}

/* --- exceptions ----------------------------------------------------------------------------- */

void nh_loop_throw(nh_loop *loop, nh_error *error) {
    nh_error *replaced = loop->thrown;
    loop->thrown = nh_error_retain(error);
    nh_error_release(replaced);
}

bool nh_loop_is_throwing(const nh_loop *loop) {
    return loop->thrown != NULL;
}

nh_error *nh_loop_catch(nh_loop *loop) {
    nh_error *error = loop->thrown;
    loop->thrown = NULL;
    return error;
}

void nh_loop_on_uncaught_exception(nh_loop *loop, nh_uncaught_handler handler, void *data) {
    loop->on_uncaught = handler;
    loop->on_uncaught_data = data;
}

static void print_and_abort(const nh_loop *loop, nh_error *error) {
    nh_value value = nh_value_of_error(error);
    nh_value inspected = nh_value_inspect(loop->memory, value);
    if (inspected.type == NH_STRING) {
        (void)fprintf(stderr, "Uncaught %s\n", nh_value_text(inspected));
    } else {
        (void)fprintf(stderr, "Uncaught %s: %s\n", nh_error_name(error), nh_error_message(error));
    }
    abort();
}

/* Hands what was thrown to the handler; false when there was nothing. */
static bool report_uncaught(nh_loop *loop) {
    nh_error *error = nh_loop_catch(loop);
    if (error == NULL) {
        return false;
    }
    if (loop->on_uncaught == NULL) {
        print_and_abort(loop, error);
    }
    loop->on_uncaught(loop, error, loop->on_uncaught_data);
    nh_error_release(error);
    if (loop->thrown != NULL) {
        print_and_abort(loop, loop->thrown); /* the handler threw: there is no other handler */
    }
    return true;
}

/* --- turns ---------------------------------------------------------------------------------- */

/* Runs the oldest task; true when it threw and nobody caught that. */
static bool run_oldest(nh_loop *loop, nh_task_queue *queue) {
    nh_queued_task task = nh_task_queue_take(queue);
    task.run(task.object, task.value);
    nh_queued_task_release(&task);
    return report_uncaught(loop);
}

/* All ticks, then all microtasks, and again: ticks that a microtask adds wait until there is no
 * microtask left. */
static void drain(nh_loop *loop, bool (*more_follows)(const nh_loop *loop)) {
    do {
        while (loop->ticks.count > 0) {
            if (run_oldest(loop, &loop->ticks) && more_follows != NULL && more_follows(loop)) {
                return;
            }
        }
        while (loop->microtasks.count > 0) {
            (void)run_oldest(loop, &loop->microtasks);
        }
    } while (loop->ticks.count > 0);
}

void nh_loop_begin_turn(nh_loop *loop) {
    loop->depth++;
}

void nh_loop_end_turn(nh_loop *loop) {
    nh_loop_end_turn_in_phase(loop, NULL);
}

void nh_loop_end_turn_in_phase(nh_loop *loop, bool (*more_follows)(const nh_loop *loop)) {
    assert(loop->depth > 0);
    if (loop->depth == 1 && !loop->being_freed) {
        bool threw = report_uncaught(loop);
        if (!threw || more_follows == NULL || !more_follows(loop)) {
            drain(loop, more_follows);
        }
    }
    loop->depth--;
}

bool nh_loop_split_turn(nh_loop *loop) {
    if (loop->depth != 1 || loop->being_freed) {
        return loop->thrown == NULL;
    }
    if (report_uncaught(loop)) {
        return false; /* what was put off runs at the end of the turn */
    }
    do {
        while (loop->ticks.count > 0) {
            if (run_oldest(loop, &loop->ticks)) {
                return false;
            }
        }
        while (loop->microtasks.count > 0) {
            (void)run_oldest(loop, &loop->microtasks);
        }
    } while (loop->ticks.count > 0);
    return true;
}

/* --- ticks and microtasks ------------------------------------------------------------------- */

static void call_function(nh_emitter *object, nh_value function) {
    (void)object;
    nh_function_invoke(function, NULL, 0, NULL);
}

static bool add_function(nh_loop *loop, nh_task_queue *queue, nh_value function) {
    if (function.type == NH_INVALID || loop->being_freed) {
        return false;
    }
    nh_queued_task task = {.run = call_function, .value = function};
    return nh_task_queue_add(queue, loop->memory, task);
}

bool nh_loop_next_tick(nh_loop *loop, nh_value function) {
    return add_function(loop, &loop->ticks, function);
}

bool nh_loop_queue_microtask(nh_loop *loop, nh_value function) {
    return add_function(loop, &loop->microtasks, function);
}

static void add_task(nh_loop *loop, nh_task_queue *queue, nh_task run, nh_emitter *object,
                     nh_value value) {
    nh_queued_task task = {.run = run, .object = object, .value = value};
    if (!loop->being_freed && !nh_task_queue_add(queue, loop->memory, task)) {
        nh_loop_throw(loop, nh_error_out_of_memory());
    }
}

void nh_loop_tick(nh_loop *loop, nh_task task, nh_emitter *object, nh_value value) {
    add_task(loop, &loop->ticks, task, object, value);
}

void nh_loop_microtask(nh_loop *loop, nh_task task, nh_emitter *object, nh_value value) {
    add_task(loop, &loop->microtasks, task, object, value);
}

static size_t others_for(size_t ticks) {
    return (ticks + NH_TICKS_PER_OBJECT - 1) / NH_TICKS_PER_OBJECT;
}

bool nh_loop_reserve_ticks(nh_loop *loop, size_t count) {
    if (!nh_task_queue_reserve(&loop->ticks, loop->memory, count)) {
        return false;
    }
    if (!nh_task_queue_reserve(&loop->microtasks, loop->memory, others_for(count))) {
        nh_task_queue_unreserve(&loop->ticks, count);
        return false;
    }
    if (!nh_task_queue_reserve(&loop->immediates, loop->memory, others_for(count))) {
        nh_task_queue_unreserve(&loop->ticks, count);
        nh_task_queue_unreserve(&loop->microtasks, others_for(count));
        return false;
    }
    return true;
}

void nh_loop_unreserve_ticks(nh_loop *loop, size_t count) {
    nh_task_queue_unreserve(&loop->ticks, count);
    nh_task_queue_unreserve(&loop->microtasks, others_for(count));
    nh_task_queue_unreserve(&loop->immediates, others_for(count));
}

void nh_loop_call(nh_value function, const nh_value *arguments, size_t count) {
    nh_function_invoke(function, arguments, count, NULL);
}
