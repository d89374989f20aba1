#include "stream/queue.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define FIRST_CAPACITY ((size_t)4)

void nh_queue_init(nh_queue *queue, size_t element_size) {
    *queue = (nh_queue){.element_size = element_size};
}

void nh_queue_deinit(nh_queue *queue, nh_memory *memory) {
    nh_memory_free(memory, queue->items);
    nh_queue_init(queue, queue->element_size);
}

static unsigned char *place(const nh_queue *queue, size_t index) {
    size_t slot = queue->first + index;

    slot -= slot >= queue->capacity ? queue->capacity : 0;
    return queue->items + slot * queue->element_size;
}

bool nh_queue_reserve(nh_queue *queue, nh_memory *memory, size_t extra) {
    if (extra <= queue->capacity - queue->count) {
        return true;
    }

    size_t capacity = queue->capacity == 0 ? FIRST_CAPACITY : queue->capacity;
    while (capacity - queue->count < extra) {
        if (capacity > SIZE_MAX / 2 / queue->element_size) {
            return false;
        }
        capacity *= 2;
    }
    unsigned char *items = nh_memory_allocate(memory, capacity * queue->element_size);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < queue->count; i++) {
        memcpy(items + i * queue->element_size, place(queue, i), queue->element_size);
    }
    nh_memory_free(memory, queue->items);
    queue->items = items;
    queue->capacity = capacity;
    queue->first = 0;
    return true;
}

void *nh_queue_at(const nh_queue *queue, size_t index) {
    assert(index < queue->count);
    return place(queue, index);
}

void *nh_queue_push(nh_queue *queue, nh_memory *memory) {
    if (!nh_queue_reserve(queue, memory, 1)) {
        return NULL;
    }
    queue->count++;
    return place(queue, queue->count - 1);
}

void *nh_queue_push_front(nh_queue *queue, nh_memory *memory) {
    if (!nh_queue_reserve(queue, memory, 1)) {
        return NULL;
    }
    queue->first = queue->first == 0 ? queue->capacity - 1 : queue->first - 1;
    queue->count++;
    return place(queue, 0);
}

void nh_queue_pop(nh_queue *queue) {
    assert(queue->count > 0);
    queue->first = queue->first + 1 == queue->capacity ? 0 : queue->first + 1;
    queue->count--;
}

void nh_queue_remove(nh_queue *queue, size_t index) {
    assert(index < queue->count);
    for (size_t i = index; i + 1 < queue->count; i++) {
        memcpy(place(queue, i), place(queue, i + 1), queue->element_size);
    }
    queue->count--;
}
