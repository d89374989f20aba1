#include "support/memory.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FUZZ_ADDRESS_SANITIZER 1
#endif

#ifdef FUZZ_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#define POISON(address, size) __asan_poison_memory_region((address), (size))
#define UNPOISON(address, size) __asan_unpoison_memory_region((address), (size))
/* The heads of blocks are poisoned, too; these functions may look at them nevertheless. */
#define READS_HEADS __attribute__((no_sanitize("address")))
#else
#define READS_HEADS
#define POISON(address, size) ((void)(address), (void)(size))
#define UNPOISON(address, size) ((void)(address), (void)(size))
#endif

#if defined(FUZZ_ENGINE) && defined(FUZZ_ADDRESS_SANITIZER)
/* AddressSanitizer asks for its defaults; the environment goes before them. A run's own blocks come
 * from the arena, so that freed ones of malloc are the engine's: keeping 256 MB of them would have
 * the kernel bring new pages all the time. */
const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void) {
    return "quarantine_size_mb=16";
}
#endif

/* Enough for nearly every run; what does not fit comes from malloc. */
#define ARENA_BYTES ((size_t)8 << 20)
/* After each block; never in use, so that overruns meet poisoned bytes. */
#define RED_ZONE_BYTES ((size_t)16)
/* AddressSanitizer's granule is 8 bytes; malloc promises alignment to 16. */
#define ALIGNMENT ((size_t)16)

/* Before each block. */
struct block_head {
    size_t size;
    size_t padding; /* keeps the block aligned */
};
static_assert(sizeof(struct block_head) % ALIGNMENT == 0, "blocks are aligned");

static struct {
    struct fuzz_memory memory;
    uint8_t *arena; /* NULL: malloc only */
    size_t used;    /* of the arena */
    bool ready;
} state;

static bool is_in_arena(const void *block) {
    const uint8_t *address = block;
    return state.arena != NULL && address >= state.arena && address < state.arena + ARENA_BYTES;
}

static struct block_head *head_of(void *block) {
    return (struct block_head *)block - 1;
}

/* The size of a block, whose head is out of bounds for everybody else. */
READS_HEADS static size_t size_of(void *block) {
    return head_of(block)->size;
}

READS_HEADS static void *arena_allocate(size_t size) {
    size_t whole = sizeof(struct block_head) + size + RED_ZONE_BYTES;
    whole = (whole + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (whole > ARENA_BYTES - state.used) {
        return NULL;
    }
    struct block_head *head = (struct block_head *)(void *)(state.arena + state.used);
    state.used += whole;
    head->size = size;
    UNPOISON(head + 1, size);
    return head + 1;
}

static void *allocate(size_t size) {
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    void *block = state.arena != NULL ? arena_allocate(size) : NULL;
    if (block == NULL) {
        struct block_head *head = malloc(sizeof(*head) + size);
        if (head == NULL) {
            return NULL;
        }
        head->size = size;
        block = head + 1;
    }
    return block;
}

static void release(void *block) {
    if (is_in_arena(block)) {
        POISON(block, size_of(block));
    } else {
        free(head_of(block));
    }
}

/* Whether to refuse a request that makes the blocks in use grow by `growth` bytes. */
static bool is_refused(struct fuzz_memory *memory, size_t growth) {
    memory->requests++;
    if (memory->requests == memory->refuse_at ||
        (memory->byte_limit != 0 && growth > memory->byte_limit - memory->bytes)) {
        memory->refused = true;
        return true;
    }
    return false;
}

static void *resize(nh_memory *base, void *block, size_t size) {
    struct fuzz_memory *memory = (struct fuzz_memory *)(void *)base;
    size_t before = block != NULL ? size_of(block) : 0;
    void *moved = NULL;
    if (size != 0) {
        if (is_refused(memory, size > before ? size - before : 0)) {
            return NULL;
        }
        moved = allocate(size);
        if (moved == NULL) {
            memory->refused = true;
            return NULL;
        }
        memory->blocks++;
    }
    if (block != NULL) {
        if (moved != NULL) {
            memcpy(moved, block, before < size ? before : size);
        }
        release(block);
        memory->blocks--;
    }
    memory->bytes += size - before;
    if (memory->bytes > memory->peak_bytes) {
        memory->peak_bytes = memory->bytes;
    }
    return moved;
}

static void get_ready(void) {
#ifdef FUZZ_ENGINE
    if (getenv("TOUCHSTONE_FUZZ_MALLOC") == NULL) {
        state.arena = malloc(ARENA_BYTES);
        if (state.arena != NULL) {
            POISON(state.arena, ARENA_BYTES);
        }
    }
#endif
    state.ready = true;
}

struct fuzz_memory *fuzz_memory_begin(void) {
    if (!state.ready) {
        get_ready();
    }
    state.used = 0;
    state.memory = (struct fuzz_memory){.memory = {.resize = resize}};
    return &state.memory;
}

/* The run-time library of LeakSanitizer has it; nobody else does. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

void fuzz_memory_end(struct fuzz_memory *memory) {
    if (memory->blocks != 0 && state.arena == NULL && __lsan_do_recoverable_leak_check != NULL) {
        (void)__lsan_do_recoverable_leak_check(); /* tells where they were allocated */
    }
    FUZZ_CHECK(memory->blocks == 0, "%zu blocks of %zu bytes were never freed", memory->blocks,
               memory->bytes);
}

const struct fuzz_memory *fuzz_memory_last(void) {
    return &state.memory;
}
