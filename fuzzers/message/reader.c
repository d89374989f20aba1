#include "message/reader.h"

#include <string.h>

#include "message/text.h"
#include "support/check.h"

/* Takes a line without its CRLF. */
static bool take_line(nh_bytes *wire, nh_bytes *out_line) {
    for (size_t i = 0; i < wire->length; i++) {
        uint8_t byte = wire->data[i];
        if (byte == '\r' && i + 1 < wire->length && wire->data[i + 1] == '\n') {
            *out_line = nh_bytes_of(wire->data, i);
            wire->data += i + 2;
            wire->length -= i + 2;
            return true;
        }
        FUZZ_CHECK(byte != '\r' || i + 1 == wire->length, "CR without LF in a line");
        FUZZ_CHECK(byte != '\n', "LF without CR in a line");
        FUZZ_CHECK(byte == '\t' || byte == '\r' || byte >= 0x20, "control 0x%02x in a line", byte);
    }
    return false;
}

static void read_field(nh_bytes line, struct fuzz_line *out_field) {
    const uint8_t *colon = memchr(line.data, ':', line.length);
    FUZZ_CHECK(colon != NULL, "a field line without a colon: \"%.*s\"", (int)line.length,
               (const char *)line.data);
    size_t length = (size_t)(colon - line.data);
    out_field->name = nh_bytes_of(line.data, length);
    FUZZ_CHECK(fuzz_is_token((struct fuzz_text){out_field->name, false}),
               "a field name that is no token: \"%.*s\"", (int)length, (const char *)line.data);
    FUZZ_CHECK(length + 1 < line.length && colon[1] == ' ', "no space behind a colon");
    out_field->value = nh_bytes_of(colon + 2, line.length - length - 2);
    FUZZ_CHECK(fuzz_is_field_value((struct fuzz_text){out_field->value, false}),
               "a field value that is none: \"%.*s\"", (int)out_field->value.length,
               (const char *)out_field->value.data);
}

bool fuzz_read_fields(nh_bytes *wire, struct fuzz_head *out_head) {
    nh_bytes line;
    out_head->count = 0;
    while (take_line(wire, &line)) {
        if (line.length == 0) {
            return true;
        }
        FUZZ_CHECK(out_head->count < FUZZ_HEAD_LINES, "more than %u lines", FUZZ_HEAD_LINES);
        read_field(line, &out_head->lines[out_head->count++]);
    }
    return false;
}

bool fuzz_read_head(nh_bytes *wire, struct fuzz_head *out_head) {
    out_head->count = 0;
    return take_line(wire, &out_head->start_line) && fuzz_read_fields(wire, out_head);
}

static int hex_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                                        : -1;
}

static size_t chunk_size(nh_bytes line) {
    size_t size = 0;
    FUZZ_CHECK(line.length > 0 && line.length <= 8, "a chunk size of %zu digits", line.length);
    for (size_t i = 0; i < line.length; i++) {
        int digit = hex_digit(line.data[i]);
        FUZZ_CHECK(digit >= 0, "0x%02x in a chunk size", line.data[i]);
        size = size * 16 + (size_t)digit;
    }
    return size;
}

bool fuzz_read_chunks(nh_bytes *wire, uint8_t *out, size_t capacity, size_t *out_length,
                      nh_bytes *out_trailers) {
    nh_bytes line;
    *out_length = 0;
    while (take_line(wire, &line)) {
        size_t size = chunk_size(line);
        if (size == 0) {
            static struct fuzz_head trailers;
            *out_trailers = *wire;
            bool complete = fuzz_read_fields(wire, &trailers);
            out_trailers->length -= wire->length + 2;
            return complete;
        }
        if (wire->length < size + 2) {
            return false;
        }
        FUZZ_CHECK(size <= capacity - *out_length, "a body of more than %zu bytes", capacity);
        memcpy(out + *out_length, wire->data, size);
        *out_length += size;
        FUZZ_CHECK(wire->data[size] == '\r' && wire->data[size + 1] == '\n',
                   "a chunk of %zu bytes does not end behind them", size);
        wire->data += size + 2;
        wire->length -= size + 2;
    }
    return false;
}

size_t fuzz_head_count(const struct fuzz_head *head, const char *name, nh_bytes *out_value) {
    size_t count = 0;
    for (size_t i = 0; i < head->count; i++) {
        if (fuzz_is_named(head->lines[i].name, name)) {
            *out_value = head->lines[i].value;
            count++;
        }
    }
    return count;
}
