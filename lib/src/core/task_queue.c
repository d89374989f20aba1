#include "core/task_queue.h"

#include <assert.h>
#include <stdint.h>

/* Makes the ring at least `capacity` tasks large. */
static bool grow(nh_task_queue *queue, nh_memory *memory, size_t capacity) {
    if (capacity <= queue->capacity) {
        return true;
    }
    size_t larger = queue->capacity < 16 ? 16 : queue->capacity;
    while (larger < capacity) {
        larger *= 2;
    }
    if (larger > SIZE_MAX / sizeof(nh_queued_task)) {
        return false;
    }
    nh_queued_task *tasks = nh_memory_allocate(memory, larger * sizeof(nh_queued_task));
    if (tasks == NULL) {
        return false;
    }
    for (size_t i = 0; i < queue->count; i++) {
        tasks[i] = *nh_task_queue_at(queue, i);
    }
    nh_memory_free(memory, queue->tasks);
    queue->tasks = tasks;
    queue->capacity = larger;
    queue->head = 0;
    return true;
}

bool nh_task_queue_reserve(nh_task_queue *queue, nh_memory *memory, size_t count) {
    if (!grow(queue, memory, queue->reserved + queue->unreserved + count)) {
        return false;
    }
    queue->reserved += count;
    return true;
}

void nh_task_queue_unreserve(nh_task_queue *queue, size_t count) {
    assert(queue->reserved >= count);
    queue->reserved -= count;
}

bool nh_task_queue_add(nh_task_queue *queue, nh_memory *memory, nh_queued_task task) {
    bool is_unreserved = task.object == NULL;
    if ((is_unreserved && !grow(queue, memory, queue->reserved + queue->unreserved + 1)) ||
        !grow(queue, memory, queue->count + 1)) {
        return false;
    }
    if (is_unreserved) {
        queue->unreserved++;
    } else {
        (void)nh_emitter_retain(task.object);
    }
    (void)nh_value_retain(task.value);
    queue->count++;
    *nh_task_queue_at(queue, queue->count - 1) = task;
    return true;
}

nh_queued_task nh_task_queue_take(nh_task_queue *queue) {
    nh_queued_task task = *nh_task_queue_at(queue, 0);
    queue->head = (queue->head + 1) & (queue->capacity - 1);
    queue->count--;
    queue->unreserved -= task.object == NULL;
    return task;
}

nh_queued_task *nh_task_queue_at(const nh_task_queue *queue, size_t index) {
    assert(index < queue->count);
    return &queue->tasks[(queue->head + index) & (queue->capacity - 1)];
}

void nh_queued_task_release(nh_queued_task *task) {
    nh_value_release(&task->value);
    nh_emitter_release(task->object);
    task->object = NULL;
}
