/* text.h - text of an input as JavaScript would have it, and what RFC 9110 and RFC 9112 allow in
 * the places where it may stand.
 *
 * Written from the RFCs and from what Node.js was seen to accept, not from the library: it is the
 * other opinion that the library is held against. */
#ifndef FUZZERS_MESSAGE_TEXT_H
#define FUZZERS_MESSAGE_TEXT_H

#include <nodehttp/value.h>

/* Characters. Each byte is one, U+0000 to U+00FF; in wide text the bytes from 0xF0 are characters
 * beyond U+00FF instead. Legal text of a message has none of these, so it is its own bytes. */
struct fuzz_text {
    nh_bytes bytes;
    bool wide;
};

/* The most characters of a text that targets use. */
#define FUZZ_TEXT_CHARACTERS ((size_t)1024)

uint32_t fuzz_text_at(struct fuzz_text text, size_t index);
/* The text as a string value. */
nh_value fuzz_text_value(nh_memory *memory, struct fuzz_text text);

/* Encodings, as a Writable encodes strings. Each returns the bytes written to `out`, which has room
 * for 4 a character. */
size_t fuzz_text_to_utf8(struct fuzz_text text, uint8_t *out);
size_t fuzz_text_to_latin1(struct fuzz_text text, uint8_t *out);
size_t fuzz_text_to_utf16(struct fuzz_text text, uint8_t *out);

/* token = 1*tchar (RFC 9110, section 5.6.2): names of fields, methods. */
bool fuzz_is_token(struct fuzz_text text);
/* Field values and reason phrases (RFC 9110, section 5.5; RFC 9112, section 4): visible characters,
 * space, tab, and 0x80 to 0xFF. */
bool fuzz_is_field_value(struct fuzz_text text);
/* What Node.js sends as a request target: anything from "!" to U+00FF, DEL included. */
bool fuzz_is_target(struct fuzz_text text);
/* One link of Early Hints: `<anything>` and parameters, each behind a semicolon. */
bool fuzz_is_link(struct fuzz_text text);

/* ASCII letters compared without case. */
/* A name as headers are looked up by it: toLowerCase() makes a letter of the Kelvin sign. The text
 * is valid until the next call. */
struct fuzz_text fuzz_looked_up(struct fuzz_text name);
bool fuzz_is_same_name(nh_bytes a, nh_bytes b);
bool fuzz_is_named(nh_bytes name, const char *lower_case);
/* The array index that a property name is, or -1. */
int64_t fuzz_index_of(nh_bytes name);

#endif
