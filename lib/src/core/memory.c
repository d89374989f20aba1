#include <nodehttp/memory.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *resize_with_c_library(nh_memory *memory, void *block, size_t size) {
    (void)memory;
    if (size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, size);
}

nh_memory *nh_memory_default(void) {
    static nh_memory c_library = {resize_with_c_library, NULL};
    return &c_library;
}

void *nh_memory_allocate(nh_memory *memory, size_t size) {
    return memory->resize(memory, NULL, size == 0 ? 1 : size);
}

void *nh_memory_allocate_zeroed(nh_memory *memory, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *block = nh_memory_allocate(memory, count * size);
    if (block != NULL) {
        memset(block, 0, count * size);
    }
    return block;
}

void *nh_memory_resize(nh_memory *memory, void *block, size_t size) {
    return memory->resize(memory, block, size);
}

void nh_memory_free(nh_memory *memory, void *block) {
    if (block != NULL) {
        (void)memory->resize(memory, block, 0);
    }
}
