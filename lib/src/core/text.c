#include "core/text.h"

#include "core/value_internal.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void nh_text_init(nh_text *text, nh_memory *memory) {
    *text = (nh_text){.memory = memory};
}

/* The text grows inside a string that is not one yet, so that taking it copies nothing. */
static nh_string *block_of(const nh_text *text) {
    return text->data == NULL ? NULL
                              : (nh_string *)(void *)(text->data - offsetof(nh_string, text));
}

void nh_text_deinit(nh_text *text) {
    nh_memory_free(text->memory, block_of(text));
    *text = (nh_text){.memory = text->memory};
}

static bool set_capacity(nh_text *text, size_t capacity) {
    nh_string *block = NULL;
    if (capacity < SIZE_MAX - sizeof(nh_string)) {
        block = nh_memory_resize(text->memory, block_of(text), sizeof(nh_string) + capacity);
    }
    if (block == NULL) {
        text->failed = true;
        return false;
    }
    text->data = block->text;
    text->capacity = capacity;
    return true;
}

void nh_text_reserve(nh_text *text, size_t length) {
    if (!text->failed && length >= text->capacity) {
        (void)set_capacity(text, length + 1);
    }
}

/* Room for `more` bytes and a NUL. */
static bool make_room(nh_text *text, size_t more) {
    if (text->failed) {
        return false;
    }
    if (more < text->capacity - text->length) {
        return true;
    }
    size_t capacity = text->capacity < 64 ? 64 : text->capacity;
    while (capacity - text->length <= more) {
        if (capacity > SIZE_MAX / 2) {
            text->failed = true;
            return false;
        }
        capacity *= 2;
    }
    return set_capacity(text, capacity);
}

void nh_text_add(nh_text *text, const void *data, size_t length) {
    if (length != 0 && make_room(text, length)) {
        memcpy(text->data + text->length, data, length);
        text->length += length;
    }
}

void nh_text_add_bytes(nh_text *text, nh_bytes bytes) {
    nh_text_add(text, bytes.data, bytes.length);
}

void nh_text_add_c(nh_text *text, const char *c_string) {
    nh_text_add(text, c_string, strlen(c_string));
}

void nh_text_add_repeated(nh_text *text, char character, size_t count) {
    if (count != 0 && make_room(text, count)) {
        memset(text->data + text->length, character, count);
        text->length += count;
    }
}

void nh_text_add_code_point(nh_text *text, uint32_t code_point) {
    char encoded[4];
    nh_text_add(text, encoded, nh_utf8_encode(code_point, encoded));
}

void nh_text_add_format(nh_text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0) {
        text->failed = true;
    } else if (make_room(text, (size_t)length)) {
        (void)vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

void nh_text_add_number(nh_text *text, double number) {
    char digits[NH_NUMBER_TEXT_SIZE];
    nh_text_add(text, digits, nh_number_to_text(number, digits));
}

void nh_text_add_utf16_prefix(nh_text *text, nh_bytes source, size_t units) {
    size_t at = 0;
    while (at < source.length && units > 0) {
        uint32_t code_point;
        size_t taken = nh_utf8_decode(source.data + at, source.length - at, &code_point);
        if (code_point < 0x10000) {
            nh_text_add(text, source.data + at, taken);
            units--;
        } else if (units == 1) {
            nh_text_add_code_point(text, 0xD800 + ((code_point - 0x10000) >> 10));
            units = 0;
        } else {
            nh_text_add(text, source.data + at, taken);
            units -= 2;
        }
        at += taken;
    }
}

nh_value nh_text_take_string(nh_text *text) {
    nh_memory *memory = text->memory;
    nh_string *string = block_of(text);
    if (text->failed) {
        nh_text_deinit(text);
        return nh_string_wrap(NH_STRING, NULL);
    }
    if (string == NULL) {
        return nh_string_new(memory, "", 0);
    }
    string->references = 1;
    string->memory = memory;
    string->length = text->length;
    string->text[text->length] = '\0';
    *text = (nh_text){.memory = memory};
    return nh_string_wrap(NH_STRING, string);
}

/* How many of the first bytes are ASCII, in steps of a word. */
static size_t ascii_words(nh_bytes text) {
    size_t at = 0;
    uint64_t word;
    while (text.length - at >= sizeof(word)) {
        memcpy(&word, text.data + at, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        at += sizeof(word);
    }
    return at;
}

size_t nh_text_utf16_length(nh_bytes text) {
    size_t units = ascii_words(text); /* most text is nothing else */
    for (size_t i = units; i < text.length; i++) {
        uint8_t byte = text.data[i];
        units += (byte & 0xC0) != 0x80; /* every lead byte */
        units += byte >= 0xF0;          /* two units: a surrogate pair */
    }
    return units;
}

static bool is_continuation(uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

size_t nh_utf8_decode(const uint8_t *data, size_t length, uint32_t *out_code_point) {
    uint8_t lead = data[0];
    size_t needed = lead < 0x80   ? 1
                    : lead < 0xC2 ? 0
                    : lead < 0xE0 ? 2
                    : lead < 0xF0 ? 3
                    : lead < 0xF5 ? 4
                                  : 0;
    if (needed < 2 || needed > length) {
        *out_code_point = lead;
        return 1;
    }
    uint32_t code_point = lead & (0xFFU >> (needed + 1));
    for (size_t i = 1; i < needed; i++) {
        if (!is_continuation(data[i])) {
            *out_code_point = lead;
            return 1;
        }
        code_point = (code_point << 6) | (data[i] & 0x3FU);
    }
    *out_code_point = code_point;
    return needed;
}

size_t nh_utf8_encode(uint32_t code_point, char out[4]) {
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    static const unsigned marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(marks[length] | code_point);
    return length;
}
