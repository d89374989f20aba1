/* Where the parts of a JSON text stand, so that one of them can be replaced and the rest kept as
 * its author wrote it. The text has to be valid JSON: parse it first. */
#ifndef TOUCHSTONE_BASE_JSON_SPAN_H
#define TOUCHSTONE_BASE_JSON_SPAN_H

#include <stdbool.h>
#include <stddef.h>

/* From the first character of a value to the one behind its last. */
typedef struct ts_json_span {
    size_t start;
    size_t end;
} ts_json_span;

/* The outermost value. */
ts_json_span ts_json_span_of(const char *text);
/* The value of a member of the object at `object`; false when it has none of that name. */
bool ts_json_span_member(const char *text, ts_json_span object, const char *key,
                         ts_json_span *out_span);
/* Where the name of that member begins: its quote. */
bool ts_json_span_key(const char *text, ts_json_span object, const char *key, size_t *out_start);
/* An element of the list at `list`; false when it has fewer. */
bool ts_json_span_element(const char *text, ts_json_span list, size_t index,
                          ts_json_span *out_span);
/* How many spaces the line begins with on which the character at `at` stands. */
size_t ts_json_span_indent(const char *text, size_t at);

#endif
