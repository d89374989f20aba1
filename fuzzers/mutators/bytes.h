/* bytes.h - a block of bytes that is changed in place and never outgrows its room, and changes that
 * know nothing of what the bytes mean. */
#ifndef FUZZERS_MUTATORS_BYTES_H
#define FUZZERS_MUTATORS_BYTES_H

#include "mutators/random.h"

/* Who changes: the source of chance, and the engine's own change of bytes (LLVMFuzzerMutate, which
 * knows what the target compared with) or NULL. It changes `length` bytes in place, in a block of
 * `capacity` bytes, and returns how many there are then. */
struct fuzz_mutator {
    struct fuzz_random random;
    size_t (*engine)(uint8_t *data, size_t length, size_t capacity);
};

struct fuzz_buffer {
    uint8_t *data;
    size_t length;
    size_t capacity;
};

/* Puts `length` bytes (not of the buffer) in the place of `removed` bytes at `at`. False, and
 * nothing changed, when there is no room. */
bool fuzz_buffer_replace(struct fuzz_buffer *buffer, size_t at, size_t removed, const void *bytes,
                         size_t length);

/* The same with a text that ends in a zero. */
bool fuzz_buffer_replace_text(struct fuzz_buffer *buffer, size_t at, size_t removed,
                              const char *text);

void fuzz_buffer_remove(struct fuzz_buffer *buffer, size_t at, size_t length);

/* Inserts a copy of `length` of the buffer's bytes, from `from`, at `to`. False when there is no
 * room, or `to` lies within what is copied. */
bool fuzz_buffer_copy(struct fuzz_buffer *buffer, size_t to, size_t from, size_t length);

/* Inserts `count` times the same byte. False when there is no room. */
bool fuzz_buffer_fill(struct fuzz_buffer *buffer, size_t at, uint8_t byte, size_t count);

/* Two neighbours change places: `first` bytes at `at`, and after `between` bytes `second` more. */
void fuzz_buffer_swap(struct fuzz_buffer *buffer, size_t at, size_t first, size_t between,
                      size_t second);

/* A part of a buffer, changed as if it were all of one. fuzz_buffer_open() moves what stands after
 * the part to the end of the room, fuzz_buffer_close() moves it back to the part's new end. Between
 * the two only the part may be used. */
struct fuzz_buffer fuzz_buffer_open(struct fuzz_buffer *buffer, size_t at, size_t length);
void fuzz_buffer_close(struct fuzz_buffer *buffer, size_t at, const struct fuzz_buffer *part);

/* Changes some bytes: bits, numbers, pieces removed, repeated, moved. An empty block gets bytes. */
void fuzz_mutate_bytes(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer);

#endif
