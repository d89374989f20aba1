/* world.h - where a run takes place: a machine with a network in memory, and a loop on it.
 *
 * Nothing of one run is left for the next one: every input does the same every time. */
#ifndef FUZZERS_SUPPORT_WORLD_H
#define FUZZERS_SUPPORT_WORLD_H

#include <nodehttp/loop.h>
#include <nodehttp/simulator.h>

#include "support/memory.h"

struct fuzz_world {
    struct fuzz_memory *memory;
    nh_transport *simulator;
    nh_loop *loop;
    unsigned uncaught; /* errors that nobody caught; they are counted and dropped */
};

/* Makes the world of a run. `refuse_at`: the number of the allocation to refuse, from the first one
 * after the world stands (0: none). */
void fuzz_world_open(struct fuzz_world *world, uint64_t refuse_at);
/* Takes it down; everything that the target references has been released. Fails on leaks. */
void fuzz_world_close(struct fuzz_world *world);

#endif
