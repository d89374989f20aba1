/* parts.h - a stream of HTTP/1.1 messages taken apart, leniently: every sequence of bytes has
 * parts.
 *
 * The parts cover the bytes without gaps. What has no place in a message is FUZZ_PART_OTHER. */
#ifndef FUZZERS_MUTATORS_PARTS_H
#define FUZZERS_MUTATORS_PARTS_H

#include "mutators/bytes.h"

enum fuzz_part_kind {
    FUZZ_PART_START,      /* a request line or status line, with its end of line */
    FUZZ_PART_FIELD,      /* a field line of the head, the same */
    FUZZ_PART_HEAD_END,   /* the empty line */
    FUZZ_PART_BODY,       /* a body that isn't chunked */
    FUZZ_PART_CHUNK_HEAD, /* size, extensions, end of line; that of the last chunk, too */
    FUZZ_PART_CHUNK_BODY,
    FUZZ_PART_CHUNK_END,    /* the end of line after a chunk's body */
    FUZZ_PART_TRAILER,      /* a field line after the last chunk */
    FUZZ_PART_TRAILERS_END, /* the empty line after these */
    FUZZ_PART_OTHER
};

struct fuzz_part {
    enum fuzz_part_kind kind;
    unsigned message; /* which of the messages, from 0 */
    size_t at;
    size_t length;
};

/* The most parts that are told apart; what comes after them is one more, FUZZ_PART_OTHER. */
#define FUZZ_PARTS 200

struct fuzz_parts {
    size_t count;
    unsigned messages;
    struct fuzz_part parts[FUZZ_PARTS + 1];
};

void fuzz_parts_read(struct fuzz_parts *parts, const uint8_t *data, size_t length);

/* A line's end: 2 with CRLF, 1 with LF only, 0 without. */
size_t fuzz_line_end(const uint8_t *line, size_t length);

/* The name and value of the field line at `at`, without the whitespace around the value. Without a
 * colon all of it is the name. */
struct fuzz_field_place {
    size_t name_at, name_length;
    size_t value_at, value_length;
};

struct fuzz_field_place fuzz_field_place_of(const uint8_t *data, size_t at, size_t length);

#endif
