/* libfuzzer.c - the mutator as libFuzzer (and what speaks its language) calls it. */
#include "mutators/target.h"

/* Engines that know custom mutators need not have one of their own to offer. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second,
                                 size_t second_size, uint8_t *out, size_t max_out_size,
                                 unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    struct fuzz_mutator mutator = {fuzz_random_of(seed), LLVMFuzzerMutate};
    struct fuzz_buffer buffer = {data, size, max_size};
    fuzz_target_mutate(&mutator, &buffer);
    return buffer.length;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second,
                                 size_t second_size, uint8_t *out, size_t max_out_size,
                                 unsigned seed) {
    struct fuzz_mutator mutator = {fuzz_random_of(seed), LLVMFuzzerMutate};
    struct fuzz_buffer buffer = {out, 0, max_out_size};
    fuzz_target_cross(&mutator, first, first_size, second, second_size, &buffer);
    return buffer.length;
}
