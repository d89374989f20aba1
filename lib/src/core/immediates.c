/* Immediates: tasks of the check phase. Their numbers ascend along the queue. */
#include "core/loop_state.h"

#include <assert.h>

static void arm(nh_loop *loop) {
    if (!loop->being_freed) {
        loop->transport->operations->arm_immediates(loop->transport, loop->live_immediates > 0);
    }
}

/* Returns the number of the new immediate, 0 without memory. */
static uint64_t add(nh_loop *loop, nh_task run, nh_emitter *object, nh_value value) {
    nh_queued_task task = {
        .run = run, .object = object, .value = value, .id = loop->last_immediate + 1};
    if (!nh_task_queue_add(&loop->immediates, loop->memory, task)) {
        return 0;
    }
    loop->last_immediate++;
    if (loop->live_immediates++ == 0) {
        arm(loop);
    }
    return task.id;
}

static void call_function(nh_emitter *object, nh_value function) {
    (void)object;
    nh_function_invoke(function, NULL, 0, NULL);
}

uint64_t nh_loop_set_immediate(nh_loop *loop, nh_value function) {
    if (function.type == NH_INVALID || loop->being_freed) {
        return 0;
    }
    return add(loop, call_function, NULL, function);
}

void nh_loop_immediate(nh_loop *loop, nh_task task, nh_emitter *object, nh_value value) {
    if (!loop->being_freed && add(loop, task, object, value) == 0) {
        nh_loop_throw(loop, nh_error_out_of_memory());
    }
}

void nh_loop_clear_immediate(nh_loop *loop, uint64_t immediate) {
    size_t low = 0;
    size_t high = loop->immediates.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (nh_task_queue_at(&loop->immediates, middle)->id < immediate) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == loop->immediates.count) {
        return;
    }
    nh_queued_task *task = nh_task_queue_at(&loop->immediates, low);
    if (task->id != immediate || task->run == NULL) {
        return;
    }
    /* The slot stays in the queue, without a task; `object` is NULL already, as only functions have
     * numbers that are handed out. */
    nh_value function = task->value;
    task->run = NULL;
    task->value = nh_undefined();
    if (--loop->live_immediates == 0) {
        arm(loop);
    }
    nh_value_release(&function);
}

/* Whether the check phase under way has anything left to run. */
static bool more_follows(const nh_loop *loop) {
    for (size_t i = 0; i < loop->immediates_left; i++) {
        if (nh_task_queue_at(&loop->immediates, i)->run != NULL) {
            return true;
        }
    }
    return false;
}

void nh_loop_run_immediates(nh_loop *loop) {
    assert(loop->depth == 0);
    loop->stopping = false;
    loop->immediates_left = loop->immediates.count;
    while (loop->immediates_left > 0 && !loop->stopping) {
        loop->immediates_left--;
        nh_queued_task task = nh_task_queue_take(&loop->immediates);
        if (task.run == NULL) {
            continue;
        }
        loop->live_immediates--;
        nh_loop_begin_turn(loop);
        task.run(task.object, task.value);
        nh_queued_task_release(&task);
        nh_loop_end_turn_in_phase(loop, more_follows);
    }
    loop->immediates_left = 0;
    arm(loop);
}

void nh_loop_drop_immediates(nh_loop *loop) {
    while (loop->immediates.count > 0) {
        nh_queued_task task = nh_task_queue_take(&loop->immediates);
        nh_queued_task_release(&task);
    }
    nh_memory_free(loop->memory, loop->immediates.tasks);
}
