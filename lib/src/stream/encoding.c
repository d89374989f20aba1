#include "stream/encoding.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

#define REPLACEMENT_CHARACTER 0xFFFDu

static const struct {
    const char *name;
    nh_encoding encoding;
} names[] = {
    {"utf8", NH_ENCODING_UTF8},       {"utf-8", NH_ENCODING_UTF8},
    {"latin1", NH_ENCODING_LATIN1},   {"binary", NH_ENCODING_LATIN1},
    {"ascii", NH_ENCODING_ASCII},     {"hex", NH_ENCODING_HEX},
    {"base64", NH_ENCODING_BASE64},   {"base64url", NH_ENCODING_BASE64URL},
    {"utf16le", NH_ENCODING_UTF16LE}, {"utf-16le", NH_ENCODING_UTF16LE},
    {"ucs2", NH_ENCODING_UTF16LE},    {"ucs-2", NH_ENCODING_UTF16LE},
};

nh_encoding nh_encoding_of_name(nh_bytes name) {
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (nh_bytes_equal_text_ignoring_case(name, names[i].name)) {
            return names[i].encoding;
        }
    }
    return NH_ENCODING_UNKNOWN;
}

const char *nh_encoding_name(nh_encoding encoding) {
    switch (encoding) {
#define X(name, text)                                                                              \
    case NH_ENCODING_##name:                                                                       \
        return text;
        NH_ENCODINGS(X)
#undef X
    case NH_ENCODING_BUFFER:
        return "buffer";
    case NH_ENCODING_UNKNOWN:
        break;
    }
    return "";
}

/* What util.format('%s') makes of a value. */
static nh_value formatted(nh_memory *memory, nh_value value) {
    bool is_inspected = value.type == NH_LIST || value.type == NH_MAP || value.type == NH_SYMBOL ||
                        value.type == NH_BIGINT;

    return is_inspected ? nh_value_inspect(memory, value) : nh_value_to_string(memory, value);
}

nh_error *nh_encoding_error(nh_memory *memory, nh_value value) {
    nh_value shown = formatted(memory, value);
    nh_error *error = shown.type == NH_INVALID
                          ? nh_error_out_of_memory()
                          : nh_error_new(memory, "TypeError", "ERR_UNKNOWN_ENCODING",
                                         "Unknown encoding: %s", nh_value_text(shown));

    nh_value_release(&shown);
    return error;
}

nh_error *nh_encoding_of_value(nh_memory *memory, nh_value value, nh_encoding fallback,
                               nh_encoding *out_encoding) {
    nh_encoding encoding = fallback;

    if (value.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    if (nh_value_is_truthy(value)) {
        encoding = value.type == NH_STRING ? nh_encoding_of_name(nh_value_bytes(value))
                                           : NH_ENCODING_UNKNOWN;
    }
    if (encoding == NH_ENCODING_UNKNOWN) {
        return nh_encoding_error(memory, value);
    }
    *out_encoding = encoding;
    return NULL;
}

/* --- text to bytes ------------------------------------------------------------------------ */

static bool is_surrogate(uint32_t code_point) {
    return code_point >= 0xD800 && code_point <= 0xDFFF;
}

/* The first byte of three that stand for a surrogate, and for some other characters. */
#define SURROGATE_LEAD 0xED

static size_t encode_utf8(nh_bytes text, uint8_t *out) {
    size_t written = 0;

    for (size_t at = 0; at < text.length;) {
        const uint8_t *lead = memchr(text.data + at, SURROGATE_LEAD, text.length - at);
        size_t plain = lead == NULL ? text.length - at : (size_t)(lead - (text.data + at));
        memcpy(out + written, text.data + at, plain);
        written += plain;
        at += plain;
        if (lead == NULL) {
            break;
        }
        uint32_t code_point = 0;
        size_t taken = nh_utf8_decode(text.data + at, text.length - at, &code_point);
        if (is_surrogate(code_point)) {
            char replacement[4];
            size_t length = nh_utf8_encode(REPLACEMENT_CHARACTER, replacement);
            memcpy(out + written, replacement, length);
            written += length;
        } else {
            memcpy(out + written, text.data + at, taken);
            written += taken;
        }
        at += taken;
    }
    return written;
}

/* One byte, or two, for each UTF-16 code unit. */
static size_t encode_units(nh_bytes text, bool wide, uint8_t *out) {
    size_t written = 0;

    for (size_t at = 0; at < text.length;) {
        if (text.data[at] < 0x80) {
            out[written++] = text.data[at++];
            if (wide) {
                out[written++] = 0;
            }
            continue;
        }
        uint32_t code_point = 0;
        uint16_t units[2];
        size_t count = 1;
        at += nh_utf8_decode(text.data + at, text.length - at, &code_point);
        if (code_point > 0xFFFF) {
            units[0] = (uint16_t)(0xD7C0 + (code_point >> 10));
            units[1] = (uint16_t)(0xDC00 + (code_point & 0x3FF));
            count = 2;
        } else {
            units[0] = (uint16_t)code_point;
        }
        for (size_t i = 0; i < count; i++) {
            out[written++] = (uint8_t)(units[i] & 0xFF);
            if (wide) {
                out[written++] = (uint8_t)(units[i] >> 8);
            }
        }
    }
    return written;
}

static int hex_digit(uint8_t character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

/* Pairs of digits up to the first that is none. */
static size_t encode_hex(nh_bytes text, uint8_t *out) {
    size_t written = 0;

    for (size_t at = 0; at + 1 < text.length; at += 2) {
        int high = hex_digit(text.data[at]);
        int low = hex_digit(text.data[at + 1]);
        if (high < 0 || low < 0) {
            break;
        }
        out[written++] = (uint8_t)(high * 16 + low);
    }
    return written;
}

static int base64_digit(uint8_t character) {
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    if (character == '+' || character == '-') {
        return 62;
    }
    return character == '/' || character == '_' ? 63 : -1;
}

/* Both alphabets, whatever is neither is skipped, '=' ends it. */
static size_t encode_base64(nh_bytes text, uint8_t *out) {
    size_t written = 0;
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t at = 0; at < text.length && text.data[at] != '='; at++) {
        int digit = base64_digit(text.data[at]);
        if (digit < 0) {
            continue;
        }
        bits = (bits << 6 | (uint32_t)digit) & 0xFFFFFF;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[written++] = (uint8_t)(bits >> count & 0xFF);
        }
    }
    return written;
}

/* Every character counts as a digit, but for the padding. */
static size_t base64_size(nh_bytes text) {
    size_t digits = nh_text_utf16_length(text);
    for (size_t padding = 0; padding < 2 && digits > 0 && padding < text.length &&
                             text.data[text.length - 1 - padding] == '=';
         padding++) {
        digits--;
    }
    return digits / 4 * 3 + digits % 4 * 3 / 4;
}

size_t nh_encoded_size(nh_value string, nh_encoding encoding) {
    nh_bytes text = nh_value_bytes(string);

    switch (encoding) {
    case NH_ENCODING_UTF16LE:
        return 2 * nh_text_utf16_length(text);
    case NH_ENCODING_LATIN1:
    case NH_ENCODING_ASCII:
        return nh_text_utf16_length(text);
    case NH_ENCODING_HEX:
        return text.length / 2;
    case NH_ENCODING_BASE64:
    case NH_ENCODING_BASE64URL:
        return base64_size(text);
    case NH_ENCODING_UTF8:
    case NH_ENCODING_BUFFER:
    case NH_ENCODING_UNKNOWN:
        break;
    }
    return text.length; /* a lone surrogate's replacement is as long as it is */
}

size_t nh_encode_into(nh_value string, nh_encoding encoding, uint8_t *out) {
    nh_bytes text = nh_value_bytes(string);

    switch (encoding) {
    case NH_ENCODING_UTF16LE:
        return encode_units(text, true, out);
    case NH_ENCODING_LATIN1:
    case NH_ENCODING_ASCII:
        return encode_units(text, false, out);
    case NH_ENCODING_HEX:
        return encode_hex(text, out);
    case NH_ENCODING_BASE64:
    case NH_ENCODING_BASE64URL:
        return encode_base64(text, out);
    case NH_ENCODING_UTF8:
    case NH_ENCODING_BUFFER:
    case NH_ENCODING_UNKNOWN:
        break;
    }
    return encode_utf8(text, out);
}

nh_value nh_encode(nh_memory *memory, nh_value string, nh_encoding encoding) {
    size_t room = nh_encoded_size(string, encoding);
    nh_value buffer = nh_buffer_new(memory, room);
    if (buffer.type == NH_INVALID) {
        return buffer;
    }

    size_t length = room == 0 ? 0 : nh_encode_into(string, encoding, nh_buffer_data(buffer));
    if (length == room) {
        return buffer;
    }
    nh_value exact = nh_buffer_slice(memory, buffer, 0, length);
    nh_value_release(&buffer);
    return exact;
}

/* --- bytes to text ------------------------------------------------------------------------ */

static nh_value decode_utf16(nh_memory *memory, nh_bytes bytes) {
    nh_text text;
    size_t units = bytes.length / 2;

    nh_text_init(&text, memory);
    for (size_t i = 0; i < units; i++) {
        uint32_t unit = (uint32_t)(bytes.data[2 * i] | bytes.data[2 * i + 1] << 8);
        if (unit >= 0xD800 && unit <= 0xDBFF && i + 1 < units) {
            uint32_t next = (uint32_t)(bytes.data[2 * i + 2] | bytes.data[2 * i + 3] << 8);
            if (next >= 0xDC00 && next <= 0xDFFF) {
                unit = 0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00);
                i++;
            }
        }
        nh_text_add_code_point(&text, unit);
    }
    return nh_text_take_string(&text);
}

static nh_value decode_ascii(nh_memory *memory, nh_bytes bytes) {
    nh_text text;

    nh_text_init(&text, memory);
    for (size_t i = 0; i < bytes.length; i++) {
        nh_text_add_code_point(&text, bytes.data[i] & 0x7F);
    }
    return nh_text_take_string(&text);
}

static nh_value decode_hex(nh_memory *memory, nh_bytes bytes) {
    static const char digits[] = "0123456789abcdef";
    nh_text text;

    nh_text_init(&text, memory);
    for (size_t i = 0; i < bytes.length; i++) {
        char pair[2] = {digits[bytes.data[i] >> 4], digits[bytes.data[i] & 15]};
        nh_text_add(&text, pair, sizeof(pair));
    }
    return nh_text_take_string(&text);
}

static nh_value decode_base64(nh_memory *memory, nh_bytes bytes, bool url) {
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    nh_text text;

    nh_text_init(&text, memory);
    for (size_t at = 0; at < bytes.length; at += 3) {
        size_t left = bytes.length - at;
        uint32_t bits = (uint32_t)bytes.data[at] << 16;
        char group[4] = {'=', '=', '=', '='};
        size_t digits = left >= 3 ? 4 : left + 1;
        bits |= left > 1 ? (uint32_t)bytes.data[at + 1] << 8 : 0;
        bits |= left > 2 ? (uint32_t)bytes.data[at + 2] : 0;
        for (size_t i = 0; i < digits; i++) {
            uint32_t digit = bits >> (18 - 6 * i) & 63;
            group[i] = digit < 62    ? common[digit]
                       : digit == 62 ? (url ? '-' : '+')
                                     : (url ? '_' : '/');
        }
        nh_text_add(&text, group, url ? digits : sizeof(group));
    }
    return nh_text_take_string(&text);
}

nh_value nh_decode(nh_memory *memory, nh_bytes bytes, nh_encoding encoding) {
    switch (encoding) {
    case NH_ENCODING_UTF16LE:
        return decode_utf16(memory, bytes);
    case NH_ENCODING_LATIN1:
        return nh_string_of_latin1(memory, bytes);
    case NH_ENCODING_ASCII:
        return decode_ascii(memory, bytes);
    case NH_ENCODING_HEX:
        return decode_hex(memory, bytes);
    case NH_ENCODING_BASE64:
        return decode_base64(memory, bytes, false);
    case NH_ENCODING_BASE64URL:
        return decode_base64(memory, bytes, true);
    case NH_ENCODING_UTF8:
    case NH_ENCODING_BUFFER:
    case NH_ENCODING_UNKNOWN:
        break;
    }
    return nh_string_of_utf8(memory, bytes);
}
