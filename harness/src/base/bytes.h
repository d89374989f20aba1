/* Text and bytes in JSON: "text" when it is UTF-8, {"$bytes": "68ff"} otherwise. */
#ifndef TOUCHSTONE_BASE_BYTES_H
#define TOUCHSTONE_BASE_BYTES_H

#include "base/text.h"

/* Whether `value` is text or {"$bytes": hexadecimal}. */
bool ts_bytes_is(const json_t *value);
/* Appends the bytes of such a value. */
void ts_bytes_append(ts_text *bytes, const json_t *value);
/* The shortest way to write bytes: a new reference. */
json_t *ts_bytes_to_json(const char *data, size_t length);

/* Appends what `hexadecimal` spells; false when it is not pairs of hexadecimal digits. */
bool ts_bytes_from_hexadecimal(ts_text *bytes, const char *hexadecimal);

#endif
