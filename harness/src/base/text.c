#include "base/text.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(ts_text *text, size_t more) {
    size_t needed = text->length + more + 1;
    if (needed <= text->capacity) {
        return;
    }
    size_t capacity = text->capacity > 0 ? text->capacity : 64;
    while (capacity < needed) {
        capacity *= 2;
    }
    text->data = ts_reallocate(text->data, capacity, 1);
    text->capacity = capacity;
}

void ts_text_free(ts_text *text) {
    free(text->data);
    *text = (ts_text){0};
}

void ts_text_clear(ts_text *text) {
    text->length = 0;
    if (text->data != NULL) {
        text->data[0] = '\0';
    }
}

char *ts_text_take(ts_text *text) {
    reserve(text, 0);
    text->data[text->length] = '\0';
    char *data = text->data;
    *text = (ts_text){0};
    return data;
}

const char *ts_text_get(const ts_text *text) {
    return text->data != NULL ? text->data : "";
}

void ts_text_append_bytes(ts_text *text, const char *more, size_t length) {
    reserve(text, length);
    memcpy(text->data + text->length, more, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void ts_text_append(ts_text *text, const char *more) {
    ts_text_append_bytes(text, more, strlen(more));
}

void ts_text_append_repeated(ts_text *text, char character, size_t times) {
    reserve(text, times);
    memset(text->data + text->length, character, times);
    text->length += times;
    text->data[text->length] = '\0';
}

void ts_text_printf(ts_text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *more = ts_format_list(format, arguments);
    va_end(arguments);
    ts_text_append(text, more);
    free(more);
}

static int append_dumped(const char *data, size_t length, void *text) {
    ts_text_append_bytes(text, data, length);
    return 0;
}

/* The shortest decimal that reads back as the same number. */
static void append_real(ts_text *text, double real) {
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof(digits), "%.*g", precision, real);
        if (memcmp(&(double){strtod(digits, NULL)}, &real, sizeof(real)) == 0) {
            break;
        }
    }
    ts_text_append(text, digits);
    if (strpbrk(digits, ".en") == NULL) {
        ts_text_append(text, ".0"); /* stays a real when read again */
    }
}

static void append_members(ts_text *text, json_t *object) {
    const char *separator = "";
    const char *key;
    json_t *member;
    ts_text_append(text, "{");
    json_object_foreach(object, key, member) {
        ts_text_append(text, separator);
        json_t *name = json_string(key);
        ts_text_append_json(text, name);
        json_decref(name);
        ts_text_append(text, ": ");
        ts_text_append_json(text, member);
        separator = ", ";
    }
    ts_text_append(text, "}");
}

void ts_text_append_json(ts_text *text, json_t *value) {
    size_t index;
    json_t *item;
    if (value == NULL) {
        ts_text_append(text, "null");
    } else if (json_is_object(value)) {
        append_members(text, value);
    } else if (json_is_array(value)) {
        ts_text_append(text, "[");
        json_array_foreach(value, index, item) {
            ts_text_append(text, index > 0 ? ", " : "");
            ts_text_append_json(text, item);
        }
        ts_text_append(text, "]");
    } else if (json_is_real(value)) {
        append_real(text, json_real_value(value));
    } else {
        (void)json_dump_callback(value, append_dumped, text, JSON_ENCODE_ANY);
    }
}

size_t ts_utf8_sequence(const char *data, size_t length) {
    if (length == 0) {
        return 0;
    }
    const unsigned char *bytes = (const unsigned char *)data;
    unsigned first = bytes[0];
    if (first < 0x80) {
        return 1;
    }
    size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || size > length) {
        return 0;
    }
    /* The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF. */
    unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (bytes[1] < low || bytes[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

bool ts_utf8_valid(const char *data, size_t length) {
    for (size_t at = 0; at < length;) {
        size_t size = ts_utf8_sequence(data + at, length - at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

size_t ts_utf8_count(const char *data, size_t length) {
    size_t count = 0;
    for (size_t at = 0; at < length; count++) {
        size_t size = ts_utf8_sequence(data + at, length - at);
        at += size > 0 ? size : 1;
    }
    return count;
}

void ts_text_append_code_point(ts_text *text, unsigned code_point) {
    unsigned char bytes[4];
    size_t size;
    if (code_point < 0x80) {
        bytes[0] = (unsigned char)code_point;
        size = 1;
    } else if (code_point < 0x800) {
        bytes[0] = (unsigned char)(0xC0 | (code_point >> 6));
        bytes[1] = (unsigned char)(0x80 | (code_point & 0x3F));
        size = 2;
    } else if (code_point < 0x10000) {
        bytes[0] = (unsigned char)(0xE0 | (code_point >> 12));
        bytes[1] = (unsigned char)(0x80 | ((code_point >> 6) & 0x3F));
        bytes[2] = (unsigned char)(0x80 | (code_point & 0x3F));
        size = 3;
    } else {
        bytes[0] = (unsigned char)(0xF0 | ((code_point >> 18) & 0x07));
        bytes[1] = (unsigned char)(0x80 | ((code_point >> 12) & 0x3F));
        bytes[2] = (unsigned char)(0x80 | ((code_point >> 6) & 0x3F));
        bytes[3] = (unsigned char)(0x80 | (code_point & 0x3F));
        size = 4;
    }
    ts_text_append_bytes(text, (const char *)bytes, size);
}

void ts_text_append_clean(ts_text *text, const char *more) {
    size_t length = strlen(more);
    for (size_t at = 0; at < length;) {
        size_t size = ts_utf8_sequence(more + at, length - at);
        unsigned char byte = (unsigned char)more[at];
        bool control = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
        if (size == 0 || control) {
            ts_text_append_code_point(text, 0xFFFD);
        } else {
            ts_text_append_bytes(text, more + at, size);
        }
        at += size > 0 ? size : 1;
    }
}
