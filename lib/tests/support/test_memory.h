/* An allocator for tests: counts blocks, and refuses requests on demand.
 *
 *     struct test_memory memory = test_memory_make();
 *     memory.refuse_at = 3;                  // the third request from now on fails
 *     ... nh_loop_new(&memory.memory, ...)
 *     ASSERT_SIZE_EQ(memory.blocks, 0);      // nothing leaked */
#ifndef TOUCHSTONE_TESTS_TEST_MEMORY_H
#define TOUCHSTONE_TESTS_TEST_MEMORY_H

#include <nodehttp/memory.h>

#include <stdbool.h>

struct test_memory {
    nh_memory memory;  /* has to stay first */
    size_t blocks;     /* allocated and not freed */
    size_t requests;   /* made so far, refused ones included */
    size_t refuse_at;  /* number of the request to refuse, from 1; 0: none */
    bool refuse_after; /* and every one after that */
    bool refused;      /* whether that has happened */
};

/* Must not be moved once something was allocated from it. */
struct test_memory test_memory_make(void);

#endif
