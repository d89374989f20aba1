#include "session/response_reader.h"

#include <string.h>

#include "support/check.h"

static bool starts_with(const struct response_reader *reader, const char *text) {
    size_t length = strlen(text);
    if (reader->line_length < length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        char letter = reader->line[i];
        if (letter >= 'A' && letter <= 'Z') {
            letter = (char)(letter + ('a' - 'A'));
        }
        if (letter != text[i]) {
            return false;
        }
    }
    return true;
}

static void new_head(struct response_reader *reader) {
    reader->state = RESPONSE_READER_START;
    reader->chunked = false;
    reader->has_length = false;
    reader->line_length = 0;
}

static bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

static void end_status_line(struct response_reader *reader) {
    const char *line = reader->line;
    FUZZ_CHECK(reader->line_length >= 13 && memcmp(line, "HTTP/1.1 ", 9) == 0 &&
                   is_digit(line[9]) && is_digit(line[10]) && is_digit(line[11]) && line[12] == ' ',
               "no status line: \"%.*s\"",
               (int)(reader->line_length < RESPONSE_READER_LINE ? reader->line_length
                                                                : RESPONSE_READER_LINE),
               line);
    reader->status = (unsigned)(line[9] - '0') * 100 + (unsigned)(line[10] - '0') * 10 +
                     (unsigned)(line[11] - '0');
    reader->state = RESPONSE_READER_FIELD;
}

/* The head is over: what follows depends on it (RFC 9112, 6.3). */
static void end_head(struct response_reader *reader) {
    if (reader->status == 101 || reader->own_framing) {
        /* Heads that announce a protocol, or a length of the program's: no telling what follows. */
        reader->final++;
        reader->state = RESPONSE_READER_UNTIL_CLOSE;
        return;
    }
    if (reader->status < 200) {
        reader->informational++;
        new_head(reader);
        return;
    }
    size_t number = reader->final++;
    bool is_head =
        number < RESPONSE_READER_METHODS && (reader->heads_without_body >> number & 1) != 0;
    /* Answers that the server gives by itself have no 'request', so methods can't be told from
     * then on. */
    bool is_own = reader->status == 400 || reader->status == 417 || reader->status == 503;
    if (is_own || number >= RESPONSE_READER_METHODS) {
        reader->state = RESPONSE_READER_UNTIL_CLOSE;
    } else if (is_head || reader->status == 204 || reader->status == 304) {
        new_head(reader);
    } else if (reader->chunked) {
        reader->state = RESPONSE_READER_CHUNK_SIZE;
    } else if (reader->has_length) {
        reader->left = reader->length;
        reader->state = RESPONSE_READER_BODY;
    } else {
        reader->state = RESPONSE_READER_UNTIL_CLOSE;
    }
    if (reader->state == RESPONSE_READER_BODY && reader->left == 0) {
        new_head(reader);
    }
}

static void end_field(struct response_reader *reader) {
    if (reader->line_length == 0) {
        end_head(reader);
        return;
    }
    FUZZ_CHECK(reader->has_colon && reader->line[0] != ':' && reader->line[0] != ' ',
               "no field line: \"%.20s\"", reader->line);
    if (starts_with(reader, "transfer-encoding: chunked")) {
        reader->chunked = true;
    } else if (starts_with(reader, "content-length: ")) {
        reader->has_length = true;
        reader->length = 0;
        for (size_t i = 16; i < reader->line_length && i < 32 && is_digit(reader->line[i]); i++) {
            reader->length = reader->length * 10 + (uint64_t)(reader->line[i] - '0');
        }
    }
}

static void end_chunk_size(struct response_reader *reader) {
    uint64_t size = 0;
    if (reader->late_heads > 0 && starts_with(reader, "http/1.1 10")) {
        reader->late_heads--;
        reader->informational++;
        reader->state = RESPONSE_READER_LATE_HEAD;
        return;
    }
    FUZZ_CHECK(reader->line_length >= 1 && reader->line_length <= 15, "no size of a chunk");
    for (size_t i = 0; i < reader->line_length; i++) {
        char digit = reader->line[i];
        bool is_hex = is_digit(digit) || (digit >= 'a' && digit <= 'f');
        FUZZ_CHECK(is_hex, "no digit of the size of a chunk: 0x%02x", (unsigned char)digit);
        size = size * 16 + (uint64_t)(is_digit(digit) ? digit - '0' : digit - 'a' + 10);
    }
    if (size == 0) {
        reader->state = RESPONSE_READER_TRAILER;
    } else {
        reader->left = size + 2;
        reader->state = RESPONSE_READER_CHUNK;
    }
}

static void end_trailer(struct response_reader *reader) {
    if (reader->line_length == 0) {
        new_head(reader);
        return;
    }
    FUZZ_CHECK(reader->has_colon && reader->line[0] != ':', "no field line in a trailer section");
}

static void end_late_field(struct response_reader *reader) {
    if (reader->line_length == 0) {
        reader->state = RESPONSE_READER_CHUNK_SIZE;
        return;
    }
    FUZZ_CHECK(reader->has_colon && reader->line[0] != ':', "no field line in a head with 1xx");
}

static void end_line(struct response_reader *reader) {
    reader->line_length--; /* the CR */
    switch (reader->state) {
    case RESPONSE_READER_START:
    case RESPONSE_READER_STATUS_LINE:
        end_status_line(reader);
        break;
    case RESPONSE_READER_FIELD:
        end_field(reader);
        break;
    case RESPONSE_READER_CHUNK_SIZE:
        end_chunk_size(reader);
        break;
    case RESPONSE_READER_LATE_HEAD:
        end_late_field(reader);
        break;
    case RESPONSE_READER_TRAILER:
        end_trailer(reader);
        break;
    case RESPONSE_READER_BODY:
    case RESPONSE_READER_CHUNK:
    case RESPONSE_READER_UNTIL_CLOSE:
        break;
    }
    reader->line_length = 0;
    reader->has_colon = false;
}

/* One byte of a line. Lines end in CRLF; neither byte is anywhere else. */
static void take_line_byte(struct response_reader *reader, uint8_t byte) {
    bool after_cr = reader->line_length > 0 && reader->last == '\r';
    reader->last = byte;
    FUZZ_CHECK(after_cr == (byte == '\n'), "a line with a CR or an LF of its own");
    if (after_cr) {
        reader->last = 0;
        end_line(reader);
        return;
    }
    if (reader->state == RESPONSE_READER_START) {
        reader->state = RESPONSE_READER_STATUS_LINE;
    }
    reader->has_colon = reader->has_colon || byte == ':';
    if (reader->line_length < RESPONSE_READER_LINE) {
        reader->line[reader->line_length] = (char)byte;
    }
    reader->line_length++;
}

/* Passes over the part of a body that is there; bytes taken. */
static size_t take_body(struct response_reader *reader, nh_bytes bytes) {
    size_t length = bytes.length < reader->left ? bytes.length : (size_t)reader->left;
    bool is_chunk = reader->state == RESPONSE_READER_CHUNK;
    for (size_t i = reader->left > 2 ? (size_t)(reader->left - 2) : 0; is_chunk && i < length;
         i++) {
        FUZZ_CHECK(bytes.data[i] == (reader->left - i == 2 ? '\r' : '\n'), "no CRLF after a chunk");
    }
    reader->left -= length;
    if (reader->left == 0) {
        if (is_chunk) {
            reader->state = RESPONSE_READER_CHUNK_SIZE;
            reader->line_length = 0;
        } else {
            new_head(reader);
        }
    }
    return length;
}

static bool is_in_head(const struct response_reader *reader) {
    return reader->state == RESPONSE_READER_START || reader->state == RESPONSE_READER_STATUS_LINE ||
           reader->state == RESPONSE_READER_FIELD;
}

void response_reader_take(struct response_reader *reader, nh_bytes bytes) {
    size_t at = 0;
    if (reader->own_framing && !is_in_head(reader)) {
        response_reader_give_up(reader);
    }
    while (at < bytes.length && reader->state != RESPONSE_READER_UNTIL_CLOSE) {
        if (reader->state == RESPONSE_READER_BODY || reader->state == RESPONSE_READER_CHUNK) {
            at += take_body(reader, nh_bytes_of(bytes.data + at, bytes.length - at));
        } else {
            take_line_byte(reader, bytes.data[at++]);
        }
    }
}

void response_reader_expect(struct response_reader *reader, bool is_head) {
    if (reader->requests < RESPONSE_READER_METHODS && is_head) {
        reader->heads_without_body |= UINT64_C(1) << reader->requests;
    }
    reader->requests++;
}

void response_reader_expect_late_head(struct response_reader *reader) {
    reader->late_heads++;
}

void response_reader_give_up(struct response_reader *reader) {
    reader->state = RESPONSE_READER_UNTIL_CLOSE;
}
