/* core/text.h - building strings, and the two encodings that JavaScript text goes through.
 *
 * Text inside the library is UTF-8 in which lone surrogates may stand (WTF-8). */
#ifndef NH_CORE_TEXT_H
#define NH_CORE_TEXT_H

#include <nodehttp/value.h>

#include <stdarg.h>

/* A growing text. Once memory has run out it stays `failed` and ignores what is added, so that only
 * the end needs a check. */
typedef struct nh_text {
    nh_memory *memory;
    char *data;
    size_t length;
    size_t capacity;
    bool failed;
} nh_text;

void nh_text_init(nh_text *text, nh_memory *memory);
void nh_text_deinit(nh_text *text);
/* Makes room for a text of `length` bytes, for who knows it. */
void nh_text_reserve(nh_text *text, size_t length);
void nh_text_add(nh_text *text, const void *data, size_t length);
void nh_text_add_bytes(nh_text *text, nh_bytes bytes);
void nh_text_add_c(nh_text *text, const char *c_string);
void nh_text_add_repeated(nh_text *text, char character, size_t count);
void nh_text_add_code_point(nh_text *text, uint32_t code_point);
void nh_text_add_format(nh_text *text, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
/* Adds a number as JavaScript prints it. */
void nh_text_add_number(nh_text *text, double number);
/* Adds at most `units` UTF-16 code units of `source`; a surrogate pair may be cut in half, as
 * String.prototype.slice would. */
void nh_text_add_utf16_prefix(nh_text *text, nh_bytes source, size_t units);
/* The text as a string value, NH_INVALID when it failed. Empties `text`. */
nh_value nh_text_take_string(nh_text *text);

/* Length in UTF-16 code units. */
size_t nh_text_utf16_length(nh_bytes text);

/* Decodes one code point of WTF-8 at `data` (`length` > 0). Returns how many bytes it took; bytes
 * that are not WTF-8 are taken singly, as themselves. */
size_t nh_utf8_decode(const uint8_t *data, size_t length, uint32_t *out_code_point);
/* Writes 1 to 4 bytes, returns how many. */
size_t nh_utf8_encode(uint32_t code_point, char out[4]);

#endif
