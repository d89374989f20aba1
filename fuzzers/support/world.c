#include "support/world.h"

#include "support/check.h"

static void on_uncaught(nh_loop *loop, nh_error *error, void *data) {
    struct fuzz_world *world = data;
    (void)loop;
    (void)error;
    world->uncaught++;
}

void fuzz_world_open(struct fuzz_world *world, uint64_t refuse_at) {
    *world = (struct fuzz_world){.memory = fuzz_memory_begin()};
    nh_memory *memory = &world->memory->memory;
    world->simulator = nh_simulator_new(memory, NULL);
    FUZZ_CHECK(world->simulator != NULL, "no simulator");
    world->loop = nh_loop_new(memory, world->simulator);
    FUZZ_CHECK(world->loop != NULL, "no loop");
    nh_loop_on_uncaught_exception(world->loop, on_uncaught, world);
    world->memory->refuse_at = refuse_at == 0 ? 0 : world->memory->requests + refuse_at;
}

void fuzz_world_close(struct fuzz_world *world) {
    nh_loop_free(world->loop);
    nh_simulator_free(world->simulator);
    fuzz_memory_end(world->memory);
}
