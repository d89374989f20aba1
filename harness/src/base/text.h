/* A growing piece of text. Zero-initialise it; ts_text_free() when done. */
#ifndef TOUCHSTONE_BASE_TEXT_H
#define TOUCHSTONE_BASE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct ts_text {
    char *data; /* NUL-terminated once something was appended; NULL before */
    size_t length;
    size_t capacity;
} ts_text;

void ts_text_free(ts_text *text);
/* Empties it and keeps its memory. */
void ts_text_clear(ts_text *text);
/* Hands the memory over to the caller: never NULL, NUL-terminated. */
char *ts_text_take(ts_text *text);
/* The text so far; "" when empty. */
const char *ts_text_get(const ts_text *text);

void ts_text_append(ts_text *text, const char *more);
void ts_text_append_bytes(ts_text *text, const char *more, size_t length);
void ts_text_append_repeated(ts_text *text, char character, size_t times);
void ts_text_printf(ts_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Compact JSON on one line, members in the order they were written, ", " and ": " between them. */
void ts_text_append_json(ts_text *text, json_t *value);

/* Text from anywhere, made fit for a report: what is no UTF-8, and control characters but newline
 * and tab, become U+FFFD. */
void ts_text_append_clean(ts_text *text, const char *more);

/* Length of the well-formed UTF-8 sequence at `data`, 0 when there is none. */
size_t ts_utf8_sequence(const char *data, size_t length);
bool ts_utf8_valid(const char *data, size_t length);
/* How many characters `length` bytes of UTF-8 hold; broken bytes count as one each. */
size_t ts_utf8_count(const char *data, size_t length);
/* Appends a code point, surrogates too (as three bytes). */
void ts_text_append_code_point(ts_text *text, unsigned code_point);

#endif
