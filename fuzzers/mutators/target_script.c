/* Inputs that are scripts; the operations' table is linked with it. */
#include "mutators/script.h"
#include "mutators/target.h"

extern const struct fuzz_script_format fuzz_script_format;

void fuzz_target_mutate(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer) {
    fuzz_mutate_script(&fuzz_script_format, mutator, buffer);
}

void fuzz_target_cross(struct fuzz_mutator *mutator, const uint8_t *first, size_t first_length,
                       const uint8_t *second, size_t second_length, struct fuzz_buffer *out) {
    fuzz_cross_scripts(&fuzz_script_format, mutator, first, first_length, second, second_length,
                       out);
}
