/* message.h - changes of a stream of HTTP/1.1 messages, requests or responses, that mostly stay
 * within the grammar: what comes out still has heads, bodies and chunks to get lost in. */
#ifndef FUZZERS_MUTATORS_MESSAGE_H
#define FUZZERS_MUTATORS_MESSAGE_H

#include "mutators/bytes.h"

/* Changes a stream in place. An empty one becomes a message. */
void fuzz_mutate_message(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer);

/* Makes a stream of pieces of two, in `out` (which is empty and none of them). */
void fuzz_cross_messages(struct fuzz_mutator *mutator, const uint8_t *first, size_t first_length,
                         const uint8_t *second, size_t second_length, struct fuzz_buffer *out);

/* Changes a header's name, a header's value. */
void fuzz_mutate_header_name(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer);
void fuzz_mutate_header_value(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer);

#endif
