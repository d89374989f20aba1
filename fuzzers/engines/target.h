/* target.h - what a fuzz target consists of. */
#ifndef FUZZERS_ENGINES_TARGET_H
#define FUZZERS_ENGINES_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Runs the target on one input; 0. Every engine calls this. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Prints an input in words on standard output: its settings, then its operations or its bytes.
 * Called by the replay program for --print. */
void fuzz_target_print(const uint8_t *data, size_t size);

#endif
