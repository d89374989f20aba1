/* script.h - changes of inputs that are scripts (support/script.h): what comes out is a sequence of
 * whole operations, written as fuzz_script_write() would. */
#ifndef FUZZERS_MUTATORS_SCRIPT_H
#define FUZZERS_MUTATORS_SCRIPT_H

#include "mutators/bytes.h"
#include "support/script.h"

/* Changes a script in place. An empty one gets its settings and an operation. */
void fuzz_mutate_script(const struct fuzz_script_format *format, struct fuzz_mutator *mutator,
                        struct fuzz_buffer *buffer);

/* Makes a script of pieces of two, in `out` (which is empty and none of them). */
void fuzz_cross_scripts(const struct fuzz_script_format *format, struct fuzz_mutator *mutator,
                        const uint8_t *first, size_t first_length, const uint8_t *second,
                        size_t second_length, struct fuzz_buffer *out);

#endif
