#include "base/bytes.h"

#include <string.h>

static int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool is_hexadecimal(const char *text) {
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        if (digit_value(text[length]) < 0) {
            return false;
        }
    }
    return length % 2 == 0;
}

bool ts_bytes_from_hexadecimal(ts_text *bytes, const char *hexadecimal) {
    if (!is_hexadecimal(hexadecimal)) {
        return false;
    }
    for (const char *at = hexadecimal; *at != '\0'; at += 2) {
        char byte = (char)(digit_value(at[0]) * 16 + digit_value(at[1]));
        ts_text_append_bytes(bytes, &byte, 1);
    }
    return true;
}

static const char *hexadecimal_of(const json_t *value) {
    if (json_object_size(value) != 1) {
        return NULL;
    }
    const char *text = json_string_value(json_object_get(value, "$bytes"));
    return text != NULL && is_hexadecimal(text) ? text : NULL;
}

bool ts_bytes_is(const json_t *value) {
    return json_is_string(value) || hexadecimal_of(value) != NULL;
}

void ts_bytes_append(ts_text *bytes, const json_t *value) {
    if (json_is_string(value)) {
        ts_text_append_bytes(bytes, json_string_value(value), json_string_length(value));
        return;
    }
    const char *hexadecimal = hexadecimal_of(value);
    if (hexadecimal != NULL) {
        (void)ts_bytes_from_hexadecimal(bytes, hexadecimal);
    }
}

json_t *ts_bytes_to_json(const char *data, size_t length) {
    if (ts_utf8_valid(data, length)) {
        return json_stringn_nocheck(data, length);
    }
    static const char digits[] = "0123456789abcdef";
    ts_text text = {0};
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        char pair[2] = {digits[byte >> 4], digits[byte & 15]};
        ts_text_append_bytes(&text, pair, 2);
    }
    json_t *value = json_pack("{s:s}", "$bytes", ts_text_get(&text));
    ts_text_free(&text);
    return value;
}
