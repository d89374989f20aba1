/* nodehttp/memory.h - the allocator that a loop and everything on it uses.
 *
 * libnodehttp never calls malloc itself: every block comes from the nh_memory that the loop was
 * created with, and every request may be refused. A refused request ends in an nh_error with code
 * ERR_MEMORY_ALLOCATION_FAILED (or in a connection destroyed with it), never in a crash. */
#ifndef NODEHTTP_MEMORY_H
#define NODEHTTP_MEMORY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An allocator. Copied by nobody: it has to outlive everything allocated from it. */
typedef struct nh_memory nh_memory;
struct nh_memory {
    /* Resizes `block` to `size` bytes. `block` NULL allocates; `size` 0 frees and returns NULL.
     * Returns NULL when there is no memory; `block` is then unchanged. */
    void *(*resize)(nh_memory *memory, void *block, size_t size);
    void *context; /* for the embedder */
};

/* The allocator of the C library: realloc and free. */
nh_memory *nh_memory_default(void);

/* `size` bytes, uninitialised; NULL when there is no memory. */
void *nh_memory_allocate(nh_memory *memory, size_t size);
/* `count` times `size` bytes set to zero; NULL when there is no memory or the product overflows. */
void *nh_memory_allocate_zeroed(nh_memory *memory, size_t count, size_t size);
/* As realloc; on NULL the old block is unchanged. `size` must not be 0. */
void *nh_memory_resize(nh_memory *memory, void *block, size_t size);
/* Frees `block`; NULL is allowed. */
void nh_memory_free(nh_memory *memory, void *block);

#ifdef __cplusplus
}
#endif
#endif
