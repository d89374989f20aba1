#include "message/text.h"

#include <string.h>

/* What the bytes from 0xF0 are in wide text: characters whose low byte is a control or a
 * separator, a half of a pair, characters that JavaScript counts as white space. */
static const uint32_t wide_characters[16] = {0x100,  0x10A,  0x10D,  0x120,   0x13A,  0x2028,
                                             0xFEFF, 0x20AC, 0xD800, 0x1F600, 0x560D, 0x560A,
                                             0x212A, 0x130,  0x3000, 0x1000D};

uint32_t fuzz_text_at(struct fuzz_text text, size_t index) {
    uint8_t byte = text.bytes.data[index];
    return text.wide && byte >= 0xF0 ? wide_characters[byte - 0xF0] : byte;
}

/* --- encodings ---------------------------------------------------------------------------- */

static size_t put_utf8(uint32_t character, uint8_t *out) {
    if (character < 0x80) {
        out[0] = (uint8_t)character;
        return 1;
    }
    size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t leads[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    out[0] = (uint8_t)(leads[length] | character);
    return length;
}

nh_value fuzz_text_value(nh_memory *memory, struct fuzz_text text) {
    uint8_t utf8[4 * FUZZ_TEXT_CHARACTERS];
    size_t length = 0;
    for (size_t i = 0; i < text.bytes.length; i++) {
        length += put_utf8(fuzz_text_at(text, i), utf8 + length);
    }
    return nh_string_new(memory, (const char *)utf8, length);
}

size_t fuzz_text_to_utf8(struct fuzz_text text, uint8_t *out) {
    size_t length = 0;
    for (size_t i = 0; i < text.bytes.length; i++) {
        uint32_t character = fuzz_text_at(text, i);
        bool half = character >= 0xD800 && character <= 0xDFFF;
        length += put_utf8(half ? 0xFFFD : character, out + length);
    }
    return length;
}

/* The UTF-16 code units of a character. */
static size_t units_of(uint32_t character, uint16_t units[2]) {
    if (character < 0x10000) {
        units[0] = (uint16_t)character;
        return 1;
    }
    units[0] = (uint16_t)(0xD800 + ((character - 0x10000) >> 10));
    units[1] = (uint16_t)(0xDC00 + ((character - 0x10000) & 0x3FF));
    return 2;
}

static size_t put_units(struct fuzz_text text, uint8_t *out, size_t bytes_per_unit) {
    size_t length = 0;
    for (size_t i = 0; i < text.bytes.length; i++) {
        uint16_t units[2];
        size_t count = units_of(fuzz_text_at(text, i), units);
        for (size_t unit = 0; unit < count; unit++) {
            out[length++] = (uint8_t)units[unit];
            if (bytes_per_unit == 2) {
                out[length++] = (uint8_t)(units[unit] >> 8);
            }
        }
    }
    return length;
}

size_t fuzz_text_to_latin1(struct fuzz_text text, uint8_t *out) {
    return put_units(text, out, 1);
}

size_t fuzz_text_to_utf16(struct fuzz_text text, uint8_t *out) {
    return put_units(text, out, 2);
}

/* --- what is legal ------------------------------------------------------------------------ */

static bool is_tchar(uint32_t character) {
    return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
           (character >= 'a' && character <= 'z') ||
           (character > 0x20 && character < 0x7F &&
            strchr("!#$%&'*+-.^_`|~", (int)character) != NULL);
}

bool fuzz_is_token(struct fuzz_text text) {
    for (size_t i = 0; i < text.bytes.length; i++) {
        if (!is_tchar(fuzz_text_at(text, i))) {
            return false;
        }
    }
    return text.bytes.length != 0;
}

bool fuzz_is_field_value(struct fuzz_text text) {
    for (size_t i = 0; i < text.bytes.length; i++) {
        uint32_t character = fuzz_text_at(text, i);
        bool visible = character >= 0x21 && character <= 0x7E;
        bool blank = character == ' ' || character == '\t';
        bool obs_text = character >= 0x80 && character <= 0xFF;
        if (!visible && !blank && !obs_text) {
            return false;
        }
    }
    return true;
}

bool fuzz_is_target(struct fuzz_text text) {
    for (size_t i = 0; i < text.bytes.length; i++) {
        uint32_t character = fuzz_text_at(text, i);
        if (character <= ' ' || character > 0xFF) {
            return false;
        }
    }
    return true;
}

/* \s of a JavaScript regular expression */
static bool is_space(uint32_t character) {
    return (character >= 0x09 && character <= 0x0D) || character == 0x20 || character == 0xA0 ||
           character == 0x1680 || (character >= 0x2000 && character <= 0x200A) ||
           character == 0x2028 || character == 0x2029 || character == 0x202F ||
           character == 0x205F || character == 0x3000 || character == 0xFEFF;
}

/* name, name=value or name="value", without spaces, in characters [from, to). */
static bool is_parameter(struct fuzz_text text, size_t from, size_t to) {
    size_t quotes = 0;
    size_t first = 0;
    for (size_t i = from; i < to; i++) {
        if (is_space(fuzz_text_at(text, i))) {
            return false;
        }
        if (fuzz_text_at(text, i) == '"') {
            first = quotes++ == 0 ? i : first;
        }
    }
    if (quotes == 0) {
        return from < to;
    }
    return quotes == 2 && fuzz_text_at(text, to - 1) == '"' && first >= from + 2 &&
           fuzz_text_at(text, first - 1) == '=';
}

bool fuzz_is_link(struct fuzz_text text) {
    size_t length = text.bytes.length;
    size_t at = 1;
    if (length == 0 || fuzz_text_at(text, 0) != '<') {
        return false;
    }
    while (at < length && fuzz_text_at(text, at) != '>') {
        at++;
    }
    if (at == length) {
        return false;
    }
    at++;
    /* Pieces between semicolons: the first one is empty, white space may surround the others, but
     * not end the text. */
    for (bool is_first = true; is_first || at <= length; is_first = false) {
        size_t from = at;
        while (at < length && fuzz_text_at(text, at) != ';') {
            at++;
        }
        size_t to = at;
        bool is_last = at == length;
        while (!is_last && to > from && is_space(fuzz_text_at(text, to - 1))) {
            to--;
        }
        while (!is_first && from < to && is_space(fuzz_text_at(text, from))) {
            from++;
        }
        if (is_first ? from != to : !is_parameter(text, from, to)) {
            return false;
        }
        at++;
    }
    return true;
}

/* --- names -------------------------------------------------------------------------------- */

static uint8_t lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

struct fuzz_text fuzz_looked_up(struct fuzz_text name) {
    static uint8_t bytes[FUZZ_TEXT_CHARACTERS];
    bool is_wide = false;
    for (size_t i = 0; i < name.bytes.length; i++) {
        uint32_t character = fuzz_text_at(name, i);
        bytes[i] = character == 0x212A ? 'k' : name.bytes.data[i];
        is_wide = is_wide || (character > 0xFF && character != 0x212A);
    }
    return (struct fuzz_text){{bytes, name.bytes.length}, is_wide};
}

bool fuzz_is_same_name(nh_bytes a, nh_bytes b) {
    size_t i = 0;
    while (i < a.length && i < b.length && lower(a.data[i]) == lower(b.data[i])) {
        i++;
    }
    return i == a.length && i == b.length;
}

bool fuzz_is_named(nh_bytes name, const char *lower_case) {
    return fuzz_is_same_name(name, nh_bytes_of_text(lower_case));
}

int64_t fuzz_index_of(nh_bytes name) {
    int64_t index = 0;
    if (name.length == 0 || name.length > 10 || (name.length > 1 && name.data[0] == '0')) {
        return -1;
    }
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] < '0' || name.data[i] > '9') {
            return -1;
        }
        index = index * 10 + (name.data[i] - '0');
    }
    return index < 4294967295 ? index : -1;
}
