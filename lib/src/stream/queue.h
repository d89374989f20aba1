/* stream/queue.h - a ring of elements of one size, which can be pushed to at both ends. */
#ifndef NH_STREAM_QUEUE_H
#define NH_STREAM_QUEUE_H

#include <nodehttp/memory.h>

#include <stdbool.h>

typedef struct nh_queue {
    unsigned char *items;
    size_t element_size;
    size_t capacity;
    size_t first;
    size_t count;
} nh_queue;

void nh_queue_init(nh_queue *queue, size_t element_size);
/* Frees the ring, not what the elements hold. */
void nh_queue_deinit(nh_queue *queue, nh_memory *memory);
/* Makes sure that `extra` pushes cannot fail. */
bool nh_queue_reserve(nh_queue *queue, nh_memory *memory, size_t extra);
/* Element `index` from the front, which has to exist. Valid until the next push or reserve. */
void *nh_queue_at(const nh_queue *queue, size_t index);
/* An uninitialised new element; NULL without memory. */
void *nh_queue_push(nh_queue *queue, nh_memory *memory);
void *nh_queue_push_front(nh_queue *queue, nh_memory *memory);
/* Forgets the first element, which has to exist. */
void nh_queue_pop(nh_queue *queue);
/* Forgets element `index`; those behind it move up. */
void nh_queue_remove(nh_queue *queue, size_t index);

#endif
