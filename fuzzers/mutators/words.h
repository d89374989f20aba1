/* words.h - what the mutators put in: names, values, methods, targets, numbers and whole messages
 * that an implementation of HTTP/1.1 treats in a way of its own. */
#ifndef FUZZERS_MUTATORS_WORDS_H
#define FUZZERS_MUTATORS_WORDS_H

#include "mutators/random.h"

/* A header, and values that mean something in it; the last value is NULL. */
struct fuzz_known_header {
    const char *name;
    const char *const *values;
};

/* A header that doesn't frame the message, or, if `framing`, one that does. */
const struct fuzz_known_header *fuzz_known_header(struct fuzz_random *random, bool framing);

/* The known header with this name (any case), else NULL. */
const struct fuzz_known_header *fuzz_known_header_of(const uint8_t *name, size_t length);

/* One of a header's values; of any header's, if NULL. */
const char *fuzz_known_value(struct fuzz_random *random, const struct fuzz_known_header *header);

const char *fuzz_known_method(struct fuzz_random *random);
const char *fuzz_known_target(struct fuzz_random *random);
const char *fuzz_known_version(struct fuzz_random *random);
const char *fuzz_known_status(struct fuzz_random *random);
const char *fuzz_known_number(struct fuzz_random *random);
const char *fuzz_known_size(struct fuzz_random *random);      /* of a chunk */
const char *fuzz_known_extension(struct fuzz_random *random); /* of a chunk, with its ';' */
const char *fuzz_known_request(struct fuzz_random *random);
const char *fuzz_known_response(struct fuzz_random *random);

/* Bytes that break a line, a token or a text where they are put; may hold a zero byte. */
const char *fuzz_known_oddity(struct fuzz_random *random, size_t *out_length);

/* Whether two texts are the same but for case. `text` ends in a zero. */
bool fuzz_same_word(const uint8_t *bytes, size_t length, const char *text);

#endif
