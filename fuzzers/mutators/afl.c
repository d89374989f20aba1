/* afl.c - the mutator as a library that AFL++ loads (AFL_CUSTOM_MUTATOR_LIBRARY). */
#include <stdlib.h>
#include <string.h>

#include "mutators/target.h"

/* The most bytes a mutant gets: more than any limit of a head, far less than the engine allows,
 * which would spend its time on copying. Inputs that are longer stay as they are. */
#define MOST_BYTES 32768

struct binding {
    struct fuzz_mutator mutator;
    uint8_t bytes[MOST_BYTES];
};

void *afl_custom_init(void *afl, unsigned int seed);
size_t afl_custom_fuzz(void *data, uint8_t *input, size_t length, uint8_t **out_input,
                       uint8_t *other, size_t other_length, size_t capacity);
void afl_custom_deinit(void *data);

void *afl_custom_init(void *afl, unsigned int seed) {
    (void)afl;
    struct binding *binding = malloc(sizeof *binding);
    if (binding != NULL) {
        binding->mutator = (struct fuzz_mutator){fuzz_random_of(seed), NULL};
    }
    return binding;
}

size_t afl_custom_fuzz(void *data, uint8_t *input, size_t length, uint8_t **out_input,
                       uint8_t *other, size_t other_length, size_t capacity) {
    struct binding *binding = data;
    struct fuzz_buffer buffer = {binding->bytes, 0, capacity < MOST_BYTES ? capacity : MOST_BYTES};
    if (length > buffer.capacity) {
        *out_input = input;
        return length;
    }
    if (other != NULL && fuzz_random_once_in(&binding->mutator.random, 8)) {
        fuzz_target_cross(&binding->mutator, input, length, other, other_length, &buffer);
    } else {
        (void)fuzz_buffer_replace(&buffer, 0, 0, input, length);
        fuzz_target_mutate(&binding->mutator, &buffer);
    }
    *out_input = binding->bytes;
    return buffer.length;
}

void afl_custom_deinit(void *data) {
    free(data);
}
