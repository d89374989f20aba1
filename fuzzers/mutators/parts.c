#include "mutators/parts.h"

#include <string.h>

#include "mutators/words.h"

struct reader {
    struct fuzz_parts *parts;
    const uint8_t *data;
    size_t length;
    size_t at;
};

/* How a message's body is told from what follows. */
enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE };

struct head {
    enum framing framing;
    size_t length;    /* with FRAMING_LENGTH */
    bool is_bodyless; /* a status that has no body, whatever the fields say */
};

static bool is_done(const struct reader *reader) {
    return reader->at >= reader->length || reader->parts->count >= FUZZ_PARTS;
}

static void take(struct reader *reader, enum fuzz_part_kind kind, size_t length) {
    size_t left = reader->length - reader->at;
    length = length < left ? length : left;
    if (length == 0) {
        return;
    }
    struct fuzz_parts *parts = reader->parts;
    parts->parts[parts->count++] = (struct fuzz_part){kind, parts->messages, reader->at, length};
    reader->at += length;
}

/* The length of the line that starts here, with its end. */
static size_t line_length(const struct reader *reader) {
    const uint8_t *line = reader->data + reader->at;
    size_t left = reader->length - reader->at;
    const uint8_t *end = memchr(line, '\n', left);
    return end == NULL ? left : (size_t)(end - line) + 1;
}

size_t fuzz_line_end(const uint8_t *line, size_t length) {
    if (length == 0 || line[length - 1] != '\n') {
        return 0;
    }
    return length > 1 && line[length - 2] == '\r' ? 2 : 1;
}

static bool is_space(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

struct fuzz_field_place fuzz_field_place_of(const uint8_t *data, size_t at, size_t length) {
    const uint8_t *line = data + at;
    size_t end = length - fuzz_line_end(line, length);
    const uint8_t *colon = memchr(line, ':', end);
    if (colon == NULL) {
        return (struct fuzz_field_place){at, end, at + end, 0};
    }
    size_t name = (size_t)(colon - line);
    size_t value = name + 1;
    while (value < end && is_space(line[value])) {
        value++;
    }
    while (end > value && is_space(line[end - 1])) {
        end--;
    }
    return (struct fuzz_field_place){at, name, at + value, end - value};
}

static bool is_empty_line(const struct reader *reader, size_t length) {
    return fuzz_line_end(reader->data + reader->at, length) == length;
}

static size_t number_of(const uint8_t *digits, size_t length, size_t base) {
    size_t number = 0;
    for (size_t i = 0; i < length && number < SIZE_MAX / 32; i++) {
        uint8_t c = digits[i];
        size_t digit = c >= '0' && c <= '9'   ? (size_t)(c - '0')
                       : c >= 'a' && c <= 'f' ? (size_t)(c - 'a') + 10
                       : c >= 'A' && c <= 'F' ? (size_t)(c - 'A') + 10
                                              : base;
        if (digit >= base) {
            break;
        }
        number = number * base + digit;
    }
    return number;
}

static bool ends_in_chunked(const uint8_t *value, size_t length) {
    return length >= 7 && fuzz_same_word(value + length - 7, 7, "chunked");
}

/* What a field line says about the body: chunked wins over a length. */
static void note_framing(struct head *head, const struct reader *reader, size_t length) {
    const uint8_t *data = reader->data;
    struct fuzz_field_place field = fuzz_field_place_of(data, reader->at, length);
    const uint8_t *name = data + field.name_at;
    const uint8_t *value = data + field.value_at;
    if (fuzz_same_word(name, field.name_length, "Transfer-Encoding")) {
        if (ends_in_chunked(value, field.value_length)) {
            head->framing = FRAMING_CHUNKED;
        }
    } else if (head->framing != FRAMING_CHUNKED &&
               fuzz_same_word(name, field.name_length, "Content-Length")) {
        head->framing = FRAMING_LENGTH;
        head->length = number_of(value, field.value_length, 10);
    }
}

static bool starts_with(const uint8_t *bytes, size_t length, const char *text) {
    size_t wanted = strlen(text);
    return length >= wanted && memcmp(bytes, text, wanted) == 0;
}

static void read_chunks(struct reader *reader) {
    while (!is_done(reader)) {
        size_t line = line_length(reader);
        size_t size = number_of(reader->data + reader->at, line, 16);
        take(reader, FUZZ_PART_CHUNK_HEAD, line);
        if (size == 0) {
            break;
        }
        if (!is_done(reader)) {
            take(reader, FUZZ_PART_CHUNK_BODY, size);
        }
        if (!is_done(reader)) {
            size_t end = line_length(reader);
            if (is_empty_line(reader, end)) {
                take(reader, FUZZ_PART_CHUNK_END, end);
            }
        }
    }
    while (!is_done(reader)) {
        size_t line = line_length(reader);
        bool last = is_empty_line(reader, line);
        take(reader, last ? FUZZ_PART_TRAILERS_END : FUZZ_PART_TRAILER, line);
        if (last) {
            return;
        }
    }
}

/* Up to the next response, or all that is left. */
static size_t length_until_close(const struct reader *reader) {
    size_t left = reader->length - reader->at;
    const uint8_t *rest = reader->data + reader->at;
    for (size_t i = 0; i + 7 <= left; i++) {
        if (memcmp(rest + i, "HTTP/1.", 7) == 0) {
            return i;
        }
    }
    return left;
}

static bool has_version(const uint8_t *line, size_t length) {
    for (size_t i = 0; i + 5 <= length; i++) {
        if (memcmp(line + i, "HTTP/", 5) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads the start line, if there is one: a piece of a stream may begin in the middle of a head. */
static bool read_start(struct reader *reader, struct head *head) {
    const uint8_t *line = reader->data + reader->at;
    size_t length = line_length(reader);
    if (!has_version(line, length)) {
        return memchr(line, ':', length) != NULL;
    }
    if (starts_with(line, length, "HTTP/")) {
        size_t status = length >= 12 ? number_of(line + 9, 3, 10) : 0;
        head->is_bodyless = (status >= 100 && status < 200) || status == 204 || status == 304;
        head->framing = FRAMING_CLOSE;
    }
    take(reader, FUZZ_PART_START, length);
    return true;
}

static void read_message(struct reader *reader) {
    struct head head = {.framing = FRAMING_NONE};
    if (!read_start(reader, &head)) {
        take(reader, FUZZ_PART_OTHER, line_length(reader));
        return;
    }
    while (!is_done(reader)) {
        size_t line = line_length(reader);
        if (is_empty_line(reader, line)) {
            take(reader, FUZZ_PART_HEAD_END, line);
            break;
        }
        note_framing(&head, reader, line);
        take(reader, FUZZ_PART_FIELD, line);
    }
    if (is_done(reader) || head.is_bodyless) {
        return;
    }
    switch (head.framing) {
    case FRAMING_CHUNKED:
        read_chunks(reader);
        break;
    case FRAMING_LENGTH:
        take(reader, FUZZ_PART_BODY, head.length);
        break;
    case FRAMING_CLOSE:
        take(reader, FUZZ_PART_BODY, length_until_close(reader));
        break;
    case FRAMING_NONE:
        break;
    }
}

void fuzz_parts_read(struct fuzz_parts *parts, const uint8_t *data, size_t length) {
    parts->count = 0;
    parts->messages = 0;
    struct reader reader = {parts, data, length, 0};
    while (!is_done(&reader)) {
        read_message(&reader);
        parts->messages++;
    }
    if (reader.at < length) {
        parts->parts[parts->count++] =
            (struct fuzz_part){FUZZ_PART_OTHER, parts->messages, reader.at, length - reader.at};
    }
}
