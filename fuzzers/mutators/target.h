/* target.h - what an engine's binding calls: the mutator of the target it is linked with.
 *
 * target_message.c is that of the targets on HTTP bytes, target_script.c that of the targets on
 * scripts; CMakeLists.txt here pairs them with the engines. */
#ifndef FUZZERS_MUTATORS_TARGET_H
#define FUZZERS_MUTATORS_TARGET_H

#include "mutators/bytes.h"

/* Changes an input in place. */
void fuzz_target_mutate(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer);

/* Makes an input of two, in `out` (which is empty and none of them). */
void fuzz_target_cross(struct fuzz_mutator *mutator, const uint8_t *first, size_t first_length,
                       const uint8_t *second, size_t second_length, struct fuzz_buffer *out);

#endif
