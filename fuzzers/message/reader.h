/* reader.h - reads messages off a wire as strictly as RFC 9112 lets a reader be.
 *
 * It shares nothing with the library's parser: only CRLF ends a line, one space follows the colon,
 * no line is folded, chunks have no extensions. The library never has a reason to write anything
 * else, so what the reader does not understand is a finding. */
#ifndef FUZZERS_MESSAGE_READER_H
#define FUZZERS_MESSAGE_READER_H

#include <nodehttp/value.h>

#define FUZZ_HEAD_LINES 1024U

struct fuzz_line {
    nh_bytes name;
    nh_bytes value;
};

struct fuzz_head {
    nh_bytes start_line;
    struct fuzz_line lines[FUZZ_HEAD_LINES];
    size_t count;
};

/* Takes a head, up to the empty line, from the front of `wire`; false when it is not complete.
 * Fails on a line that is none. */
bool fuzz_read_head(nh_bytes *wire, struct fuzz_head *out_head);
/* Takes a section of field lines and the empty line behind it. */
bool fuzz_read_fields(nh_bytes *wire, struct fuzz_head *out_head);
/* Takes a chunked body; its bytes are put together at `out`, which has room for `capacity`. False
 * when it is not complete; `*out_trailers` are the bytes of the trailer section. */
bool fuzz_read_chunks(nh_bytes *wire, uint8_t *out, size_t capacity, size_t *out_length,
                      nh_bytes *out_trailers);
/* How many lines of that name (lower case) there are, and one of them. */
size_t fuzz_head_count(const struct fuzz_head *head, const char *name, nh_bytes *out_value);

#endif
