/* Strings, symbols and bigints; Latin-1 and UTF-8 bytes in and out of them. */
#include "core/text.h"
#include "core/value_internal.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

nh_string *nh_string_allocate(nh_memory *memory, size_t length) {
    if (length >= SIZE_MAX - sizeof(nh_string)) {
        return NULL;
    }
    nh_string *string = nh_memory_allocate(memory, sizeof(nh_string) + length + 1);
    if (string != NULL) {
        string->references = 1;
        string->memory = memory;
        string->length = length;
        string->text[length] = '\0';
    }
    return string;
}

nh_value nh_string_wrap(nh_type type, nh_string *string) {
    if (string == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    return (nh_value){.type = type, .as.string = string};
}

void nh_string_release(nh_string *string) {
    if (--string->references == 0) {
        nh_memory_free(string->memory, string);
    }
}

static nh_value copy_text(nh_memory *memory, nh_type type, const char *text, size_t length) {
    nh_string *string = nh_string_allocate(memory, length);
    if (string != NULL && length != 0) {
        memcpy(string->text, text, length);
    }
    return nh_string_wrap(type, string);
}

nh_value nh_string_new(nh_memory *memory, const char *text, size_t length) {
    return copy_text(memory, NH_STRING, text, length);
}

nh_value nh_string_of(nh_memory *memory, const char *text) {
    return copy_text(memory, NH_STRING, text, strlen(text));
}

nh_value nh_symbol_new(nh_memory *memory, const char *description, size_t length) {
    return copy_text(memory, NH_SYMBOL, description, length);
}

nh_value nh_bigint_new(nh_memory *memory, const char *digits, size_t length) {
    return copy_text(memory, NH_BIGINT, digits, length);
}

nh_value nh_string_of_latin1(nh_memory *memory, nh_bytes bytes) {
    size_t length = bytes.length;
    for (size_t i = 0; i < bytes.length; i++) {
        length += bytes.data[i] >> 7;
    }
    nh_string *string = nh_string_allocate(memory, length);
    if (string == NULL) {
        return nh_string_wrap(NH_STRING, NULL);
    }
    if (length == bytes.length) {
        if (length != 0) {
            memcpy(string->text, bytes.data, length);
        }
        return nh_string_wrap(NH_STRING, string);
    }
    char *at = string->text;
    for (size_t i = 0; i < bytes.length; i++) {
        at += nh_utf8_encode(bytes.data[i], at);
    }
    return nh_string_wrap(NH_STRING, string);
}

nh_value nh_string_format(nh_memory *memory, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    nh_string *string = length < 0 ? NULL : nh_string_allocate(memory, (size_t)length);
    if (string != NULL) {
        (void)vsnprintf(string->text, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(arguments);
    return nh_string_wrap(NH_STRING, string);
}

/* How many bytes of the sequence at `data` belong together: all of it when it is well-formed
 * (*out_valid), else the longest part that could have started one, which becomes one U+FFFD
 * (Unicode 3.9, "maximal subpart"; WHATWG Encoding, UTF-8 decoder). */
static size_t sequence_length(const uint8_t *data, size_t length, bool *out_valid) {
    uint8_t lead = data[0];
    *out_valid = lead < 0x80;
    if (lead < 0xC2 || lead > 0xF4) {
        return 1;
    }
    size_t needed = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    /* The second byte is where overlong forms, surrogates and numbers past U+10FFFF show. */
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < needed; i++) {
        if (i >= length || data[i] < low || data[i] > high) {
            return i;
        }
        low = 0x80;
        high = 0xBF;
    }
    *out_valid = true;
    return needed;
}

nh_value nh_string_of_utf8(nh_memory *memory, nh_bytes bytes) {
    bool valid = true;
    size_t at = 0;
    while (at < bytes.length && valid) {
        at += sequence_length(bytes.data + at, bytes.length - at, &valid);
    }
    if (valid) {
        return nh_string_new(memory, (const char *)bytes.data, bytes.length);
    }
    nh_text text;
    nh_text_init(&text, memory);
    for (at = 0; at < bytes.length;) {
        size_t taken = sequence_length(bytes.data + at, bytes.length - at, &valid);
        if (valid) {
            nh_text_add(&text, bytes.data + at, taken);
        } else {
            nh_text_add_code_point(&text, 0xFFFD);
        }
        at += taken;
    }
    return nh_text_take_string(&text);
}

nh_value nh_buffer_of_latin1(nh_memory *memory, nh_value string) {
    nh_bytes text = nh_value_bytes(string);
    if (string.type != NH_STRING) {
        return (nh_value){.type = NH_INVALID};
    }
    nh_value buffer = nh_buffer_new(memory, nh_text_utf16_length(text));
    uint8_t *out = nh_buffer_data(buffer);
    if (out == NULL) {
        return buffer;
    }
    for (size_t at = 0; at < text.length;) {
        uint32_t code_point;
        at += nh_utf8_decode(text.data + at, text.length - at, &code_point);
        if (code_point >= 0x10000) {
            *out++ = (uint8_t)((code_point - 0x10000) >> 10); /* low byte of 0xD800 + ... */
        }
        *out++ = (uint8_t)code_point;
    }
    return buffer;
}

size_t nh_string_utf16_length(nh_value string) {
    return string.type == NH_STRING ? nh_text_utf16_length(nh_value_bytes(string)) : 0;
}
