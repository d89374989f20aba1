/* core/task_queue.h - a ring of tasks in which room can be reserved.
 *
 * Invariant: capacity >= reserved + unreserved, where `unreserved` counts the tasks inside that
 * were added without a reservation. So the others always find room, as long as there are no more
 * of them than were reserved. */
#ifndef NH_CORE_TASK_QUEUE_H
#define NH_CORE_TASK_QUEUE_H

#include "core/loop_internal.h"

typedef struct nh_queued_task {
    nh_task run;        /* NULL: cleared */
    nh_emitter *object; /* retained; NULL for a function value */
    nh_value value;     /* retained */
    uint64_t id;        /* of an immediate */
} nh_queued_task;

typedef struct nh_task_queue {
    nh_queued_task *tasks;
    size_t capacity;
    size_t head;
    size_t count;
    size_t reserved;
    size_t unreserved;
} nh_task_queue;

bool nh_task_queue_reserve(nh_task_queue *queue, nh_memory *memory, size_t count);
void nh_task_queue_unreserve(nh_task_queue *queue, size_t count);
/* Adds a task, retaining its object and value; a task without object has no reservation. False
 * without memory. */
bool nh_task_queue_add(nh_task_queue *queue, nh_memory *memory, nh_queued_task task);
/* Takes the oldest task, whose references pass to the caller. The queue must not be empty. */
nh_queued_task nh_task_queue_take(nh_task_queue *queue);
/* Task number `index` from the oldest. */
nh_queued_task *nh_task_queue_at(const nh_task_queue *queue, size_t index);
/* Gives up the references of a task. */
void nh_queued_task_release(nh_queued_task *task);

#endif
