/* script.h - inputs that are scripts: a sequence of operations, each one byte that names it and its
 * arguments as bytes.
 *
 * A table tells which operations a target knows and what arguments they take. The target reads
 * scripts by it, the mutator changes them by it, the replay program prints them by it. Every
 * sequence of bytes is a script: names count modulo the size of the table, and what is missing at
 * the end reads as zero. */
#ifndef FUZZERS_SUPPORT_SCRIPT_H
#define FUZZERS_SUPPORT_SCRIPT_H

#include "support/input.h"

/* The most arguments of one operation. */
#define FUZZ_SCRIPT_ARGUMENTS 4

/* One operation. `arguments`: a letter each,
 *   b   a byte
 *   s   two bytes, the low one first
 *   d   bytes: two bytes that say how many (modulo what is left plus one), then these
 *   h   the same, being HTTP/1.1 messages or pieces of them (the mutator knows their grammar)
 *   n   the same, being a header name
 *   v   the same, being a header value */
struct fuzz_operation {
    const char *name;
    const char *arguments;
};

struct fuzz_script_format {
    size_t prefix; /* bytes before the first operation: settings of the run */
    /* Where in the prefix two bytes say which allocation is refused, the low one first; 0: none. */
    size_t refusal;
    const struct fuzz_operation *operations;
    size_t count; /* 1 to 256 */
    /* The most operations of a mutant, which others come of in turn: each takes its time, and
     * hardly any bug needs so many. 0: no limit. */
    size_t mutant_operations;
};

/* An operation of a script with its arguments. */
struct fuzz_step {
    size_t operation;                        /* in the table */
    unsigned numbers[FUZZ_SCRIPT_ARGUMENTS]; /* of the arguments b, s */
    nh_bytes bytes[FUZZ_SCRIPT_ARGUMENTS];   /* of the others; borrowed from the input */
};

/* Takes the next operation from the input; false at its end. */
bool fuzz_script_next(const struct fuzz_script_format *format, struct fuzz_input *input,
                      struct fuzz_step *out_step);

/* Growing a script, as the mutator and the seeds' maker do. Appends `step` at `out`, which has room
 * for `capacity` bytes; the bytes it took, 0 when it does not fit. Arguments are cut to 65535
 * bytes. */
size_t fuzz_script_write(const struct fuzz_script_format *format, const struct fuzz_step *step,
                         uint8_t *out, size_t capacity);

/* Prints a script in words on standard output, an operation a line. */
void fuzz_script_print(const struct fuzz_script_format *format, const uint8_t *data, size_t length);

#endif
