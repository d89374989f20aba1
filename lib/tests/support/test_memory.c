#include "support/test_memory.h"

#include <stdlib.h>

static void *resize(nh_memory *memory, void *block, size_t size) {
    struct test_memory *self = (struct test_memory *)memory;
    if (size == 0) {
        self->blocks -= block != NULL;
        free(block);
        return NULL;
    }
    self->requests++;
    if (self->refuse_at != 0 && (self->requests == self->refuse_at ||
                                 (self->refuse_after && self->requests > self->refuse_at))) {
        self->refused = true;
        return NULL;
    }
    void *resized = realloc(block, size);
    self->blocks += block == NULL && resized != NULL;
    return resized;
}

struct test_memory test_memory_make(void) {
    return (struct test_memory){.memory = {.resize = resize}};
}
