/* What composed messages have to be on the wire. */
#include "message/composer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/parse_back.h"
#include "message/reader.h"
#include "support/check.h"

/* More than the lines of a message can be. */
#define BLOCK_CAPACITY ((size_t)1 << 18)

static struct fuzz_head head;
static uint8_t block[BLOCK_CAPACITY];
static uint8_t decoded[FUZZ_BODY_CAPACITY];

/* How the end of a message is told, and what that means for what follows. */
enum framing {
    FRAMED,      /* by its head: the next message follows */
    UNTIL_CLOSE, /* by the end of the connection */
    BY_PROGRAM   /* the program's own affair: nothing behind it can be judged */
};

/* --- the program's lines ------------------------------------------------------------------ */

/* Whether the program gave the field in just this one form. */
static bool is_only(const struct fuzz_message *message, const char *name, const char *value) {
    return fuzz_is_only_line(message, name) &&
           fuzz_is_named(fuzz_line_named(message, name)->values[0], value);
}

static size_t write_lines(const struct fuzz_message *message, bool utf8) {
    struct fuzz_head_form form = {utf8, message->joins_unique};
    if (!message->listed) {
        return fuzz_fields_write(&message->fields, form, block);
    }
    size_t length = 0;
    for (size_t i = 0; i < message->list_count; i++) {
        length += fuzz_field_write(&message->list[i], form, block + length);
    }
    return length;
}

static size_t count_lines(size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += block[i] == '\n' ? 1 : 0;
    }
    return count;
}

static bool starts_with(nh_bytes wire, const uint8_t *bytes, size_t length) {
    return wire.length >= length && (length == 0 || memcmp(wire.data, bytes, length) == 0);
}

static size_t put(size_t at, const char *text) {
    return at + fuzz_write_bytes(nh_bytes_of_text(text), false, block + at);
}

static size_t start_line(const struct fuzz_composer *composer, const struct fuzz_message *message,
                         bool utf8) {
    size_t at = 0;
    if ((composer->flags & FUZZ_COMPOSER_CLIENT) == 0) {
        at = put(at, "HTTP/1.1 ");
        block[at++] = (uint8_t)('0' + message->head_status / 100);
        block[at++] = (uint8_t)('0' + message->head_status / 10 % 10);
        block[at++] = (uint8_t)('0' + message->head_status % 10);
        block[at++] = ' ';
        return at + fuzz_write_bytes(message->head_reason, utf8, block + at);
    }
    nh_bytes method = composer->method.bytes;
    at = put(at, method.length == 0 ? "GET" : "");
    for (size_t i = 0; i < method.length; i++) {
        uint8_t byte = method.data[i];
        block[at++] = (uint8_t)(byte >= 'a' && byte <= 'z' ? byte - 32 : byte);
    }
    at = put(at, composer->path.bytes.length == 0 ? " /" : " ");
    at += fuzz_write_bytes(composer->path.bytes, utf8, block + at);
    return put(at, " HTTP/1.1");
}

/* Whether the head goes out in UTF-8. */
static bool is_utf8(const struct fuzz_message *message) {
    nh_bytes value = {NULL, 0};
    bool chunked = fuzz_head_count(&head, "transfer-encoding", &value) != 0;
    return message->first == FUZZ_FIRST_EMPTY || (message->first == FUZZ_FIRST_TEXT && !chunked);
}

/* Whether the program's Transfer-Encoding leaves open whether there are chunks. */
static bool has_odd_encoding(const struct fuzz_message *message) {
    return fuzz_has_line(message, "transfer-encoding") &&
           !is_only(message, "transfer-encoding", "chunked");
}

/* The start line and the program's own lines. The number of these. */
static size_t check_own_lines(const struct fuzz_composer *composer,
                              const struct fuzz_message *message, nh_bytes wire) {
    bool is_open = has_odd_encoding(message);
    for (int utf8 = 0; utf8 < 2; utf8++) {
        size_t length = start_line(composer, message, utf8 != 0);
        if ((!is_open && is_utf8(message) != (utf8 != 0)) ||
            !nh_bytes_equal(head.start_line, nh_bytes_of(block, length))) {
            continue;
        }
        nh_bytes rest = {wire.data + length + 2, wire.length - length - 2};
        length = write_lines(message, utf8 != 0);
        if (starts_with(rest, block, length)) {
            return count_lines(length);
        }
    }
    size_t length = start_line(composer, message, false);
    length = put(length, "\r\n");
    memmove(block + BLOCK_CAPACITY / 2, block, length);
    size_t lines = write_lines(message, false);
    FUZZ_CHECK(false, "the wire has \"%.*s\" instead of \"%.*s%.*s\"", (int)wire.length,
               (const char *)wire.data, (int)length, (const char *)block + BLOCK_CAPACITY / 2,
               (int)lines, (const char *)block);
    return 0;
}

/* --- the library's lines ------------------------------------------------------------------ */

static size_t number_of(nh_bytes text) {
    size_t number = 0;
    FUZZ_CHECK(text.length > 0 && text.length < 9, "a number of %zu digits", text.length);
    for (size_t i = 0; i < text.length; i++) {
        FUZZ_CHECK(text.data[i] >= '0' && text.data[i] <= '9', "0x%02x in a number", text.data[i]);
        number = number * 10 + (size_t)(text.data[i] - '0');
    }
    return number;
}

/* The lines that the library adds: each at most once, in this order, none that the program gave,
 * with one of few values. */
static void check_added_lines(const struct fuzz_composer *composer,
                              const struct fuzz_message *message, size_t own) {
    bool is_limited = (composer->flags & FUZZ_COMPOSER_LIMITED) != 0;
    const char *keep_alive = is_limited ? "timeout=5, max=5" : "timeout=5";
    const struct {
        const char *name;
        const char *first;
        const char *second;
    } known[] = {{"date", NULL, NULL},
                 {"connection", "keep-alive", "close"},
                 {"keep-alive", keep_alive, keep_alive},
                 {"content-length", NULL, NULL},
                 {"transfer-encoding", "chunked", "chunked"}};
    size_t next = 0;
    for (size_t i = own; i < head.count; i++) {
        const struct fuzz_line *line = &head.lines[i];
        while (next < 5 && !fuzz_is_named(line->name, known[next].name)) {
            next++;
        }
        FUZZ_CHECK(next < 5, "line \"%.*s\" is not the program's, or out of order",
                   (int)line->name.length, (const char *)line->name.data);
        FUZZ_CHECK(!fuzz_has_line(message, known[next].name), "a second \"%s\"", known[next].name);
        if (known[next].first != NULL) {
            FUZZ_CHECK(nh_bytes_equal_text(line->value, known[next].first) ||
                           nh_bytes_equal_text(line->value, known[next].second),
                       "\"%s: %.*s\"", known[next].name, (int)line->value.length,
                       (const char *)line->value.data);
        }
        next++;
    }
    nh_bytes value = {NULL, 0};
    bool dated = fuzz_head_count(&head, "date", &value) != 0;
    FUZZ_CHECK(dated == (message->sends_date || fuzz_has_line(message, "date")), "date: %d", dated);
    bool lengths = fuzz_head_count(&head, "content-length", &value) != 0;
    bool encodings = fuzz_head_count(&head, "transfer-encoding", &value) != 0;
    FUZZ_CHECK(!lengths || !encodings || fuzz_has_line(message, "content-length") ||
                   fuzz_has_line(message, "transfer-encoding"),
               "Content-Length and Transfer-Encoding");
}

/* --- the body ----------------------------------------------------------------------------- */

static void check_bytes(const struct fuzz_message *message, const uint8_t *bytes, size_t length) {
    FUZZ_CHECK(length == message->body_length &&
                   (length == 0 || memcmp(bytes, message->body, length) == 0),
               "a body of %zu bytes that is not the %zu bytes written", length,
               message->body_length);
}

static void check_trailers(const struct fuzz_message *message, nh_bytes trailers) {
    const struct fuzz_field *trailer = &message->trailer;
    size_t length = message->has_trailer ? fuzz_trailer_write(trailer, block) : 0;
    FUZZ_CHECK(trailers.length == length && starts_with(trailers, block, length),
               "trailers \"%.*s\" instead of \"%.*s\"", (int)trailers.length,
               (const char *)trailers.data, (int)length, (const char *)block);
}

/* What was written while corked when end() came, behind the last chunk. */
static void check_late_chunk(const struct fuzz_message *message, size_t length, nh_bytes *wire) {
    char size[24];
    size_t late = message->body_length - message->late_from;
    int digits = snprintf(size, sizeof(size), "%zx\r\n", late);
    FUZZ_CHECK(length == message->late_from && memcmp(decoded, message->body, length) == 0,
               "%zu bytes of a body before the last chunk instead of %zu", length,
               message->late_from);
    FUZZ_CHECK(starts_with(*wire, (const uint8_t *)size, (size_t)digits),
               "no chunk of %zu bytes behind the last one", late);
    wire->data += digits;
    wire->length -= (size_t)digits;
    FUZZ_CHECK(starts_with(*wire, message->body + message->late_from, late) &&
                   wire->length >= late + 2 && memcmp(wire->data + late, "\r\n", 2) == 0,
               "the chunk behind the last one is another one");
    wire->data += late + 2;
    wire->length -= late + 2;
}

static bool has_no_body(const struct fuzz_message *message) {
    unsigned status = message->head_status;
    return message->is_head || status == 204 || status == 304 || status < 200;
}

/* The body of a message without chunks. */
static enum framing check_plain_body(const struct fuzz_composer *composer,
                                     const struct fuzz_message *message, nh_bytes *wire) {
    nh_bytes value = {NULL, 0};
    FUZZ_CHECK(wire->length >= message->body_length, "%zu bytes of a body of %zu", wire->length,
               message->body_length);
    check_bytes(message, wire->data, message->body_length);
    wire->data += message->body_length;
    wire->length -= message->body_length;
    size_t lengths = fuzz_head_count(&head, "content-length", &value);
    if (lengths == 0) {
        return UNTIL_CLOSE;
    }
    if (!fuzz_has_line(message, "content-length")) {
        FUZZ_CHECK(number_of(value) == message->body_length, "Content-Length: %.*s for %zu bytes",
                   (int)value.length, (const char *)value.data, message->body_length);
        return FRAMED;
    }
    char digits[16] = "";
    bool is_number = lengths == 1 && value.length > 0 && value.length < 8;
    for (size_t i = 0; is_number && i < value.length; i++) {
        is_number = value.data[i] >= '0' && value.data[i] <= '9';
        digits[i] = (char)value.data[i];
    }
    bool is_kept = is_number && (size_t)atol(digits) == message->body_length;
    bool strict = (composer->flags & FUZZ_COMPOSER_STRICT_LENGTH) != 0 && !message->miscounted &&
                  fuzz_own_field(message, "transfer-encoding", NULL) == NULL;
    FUZZ_CHECK(is_kept || !strict || !is_number,
               "Content-Length: %.*s was to be kept strictly to by %zu bytes", (int)value.length,
               (const char *)value.data, message->body_length);
    return is_kept ? FRAMED : BY_PROGRAM;
}

static enum framing check_body(const struct fuzz_composer *composer,
                               const struct fuzz_message *message, nh_bytes *wire) {
    nh_bytes value = {NULL, 0};
    bool encoded = fuzz_head_count(&head, "transfer-encoding", &value) != 0;
    bool own_encoding = fuzz_has_line(message, "transfer-encoding");
    if (has_no_body(message)) {
        return own_encoding && message->head_status < 200 ? BY_PROGRAM : FRAMED;
    }
    if (has_odd_encoding(message)) {
        return BY_PROGRAM;
    }
    if (!encoded) {
        return check_plain_body(composer, message, wire);
    }
    size_t length = 0;
    nh_bytes trailers = {NULL, 0};
    bool complete = fuzz_read_chunks(wire, decoded, sizeof(decoded), &length, &trailers);
    FUZZ_CHECK(complete, "a chunked body that is not complete");
    check_trailers(message, trailers);
    if (message->late_from != FUZZ_NOWHERE) {
        check_late_chunk(message, length, wire);
    } else {
        check_bytes(message, decoded, length);
    }
    return FRAMED;
}

/* --- messages ----------------------------------------------------------------------------- */

static bool has_high_bytes(nh_bytes bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        if (bytes.data[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

/* Node.js reads the value of Content-Disposition as UTF-8 when it knows the length of the body,
 * and sends the low bytes of the characters: such a value goes out as something else. */
static bool has_mangled_line(const struct fuzz_message *message) {
    static const char name[] = "content-disposition";
    for (const struct fuzz_field *field = fuzz_own_field(message, name, NULL); field != NULL;
         field = fuzz_own_field(message, name, field)) {
        for (size_t i = 0; i < field->count; i++) {
            if (has_high_bytes(field->values[i])) {
                return true;
            }
        }
    }
    return false;
}

/* The library's own parser has to find the same message, unless the program framed it itself. */
static void parse_back(const struct fuzz_composer *composer, const struct fuzz_message *message,
                       nh_bytes bytes) {
    static const char *const framing[] = {"content-length", "transfer-encoding", "connection",
                                          "upgrade"};
    bool by_library = (composer->flags & FUZZ_COMPOSER_CLIENT) == 0 &&
                      message->head_status >= 200 && message->late_from == FUZZ_NOWHERE;
    for (size_t i = 0; i < sizeof(framing) / sizeof(framing[0]); i++) {
        by_library = by_library && !fuzz_has_line(message, framing[i]) &&
                     !(message->has_trailer && fuzz_is_named(message->trailer.name, framing[i]));
    }
    nh_bytes value = {NULL, 0};
    bool chunked = fuzz_head_count(&head, "transfer-encoding", &value) != 0;
    size_t trailers = chunked && message->has_trailer ? message->trailer.count : 0;
    if (chunked && message->has_trailer && fuzz_trailer_is_joined(&message->trailer)) {
        trailers = 1;
    }
    if (by_library) {
        fuzz_parse_back(nh_loop_memory(composer->world.loop), bytes, &head,
                        nh_bytes_of(message->body, message->body_length), trailers,
                        message->is_head);
    }
}

static void take_interim(const struct fuzz_message *message, nh_bytes *wire) {
    FUZZ_CHECK(starts_with(*wire, message->interim, message->interim_length),
               "interim responses are not where they belong");
    wire->data += message->interim_length;
    wire->length -= message->interim_length;
}

/* Checks the message at the front of the wire and takes it off. Whether the next one has to be
 * behind it. `overtaken`: its interim responses are behind the head. */
static bool check_message(const struct fuzz_composer *composer, const struct fuzz_message *message,
                          bool overtaken, nh_bytes *wire) {
    nh_bytes value = {NULL, 0};
    nh_bytes from_head = *wire;
    bool complete = fuzz_read_head(wire, &head);
    FUZZ_CHECK(complete, "a head that is not complete");
    size_t own = check_own_lines(composer, message, from_head);
    check_added_lines(composer, message, own);
    if (overtaken) {
        take_interim(message, wire);
    }
    enum framing framing = check_body(composer, message, wire);
    if (framing == FRAMED && !overtaken) {
        from_head.length -= wire->length;
        parse_back(composer, message, from_head);
    }
    if (framing == BY_PROGRAM || (composer->flags & FUZZ_COMPOSER_CLIENT) != 0) {
        return false;
    }
    bool own_connection = fuzz_has_line(message, "connection");
    bool closes =
        fuzz_head_count(&head, "connection", &value) != 0 && fuzz_is_named(value, "close");
    if (own_connection && !is_only(message, "connection", "close") &&
        !is_only(message, "connection", "keep-alive")) {
        return false;
    }
    if (closes || framing == UNTIL_CLOSE) {
        FUZZ_CHECK(wire->length == 0, "%zu bytes behind the last message", wire->length);
        FUZZ_CHECK(composer->wire->ended || composer->wire->destroyed,
                   "the connection was not ended behind a message that ends with it");
        return false;
    }
    return !message->removed_connection && !composer->wire->destroyed;
}

void fuzz_check_wire(struct fuzz_composer *composer) {
    composer->world.memory->refuse_at = 0; /* the check itself is no part of the run */
    nh_bytes wire = {composer->wire->bytes, composer->wire->length};
    for (size_t i = 0; i < composer->count; i++) {
        const struct fuzz_message *message = &composer->messages[i];
        if (message->abandoned || !message->finished || has_mangled_line(message)) {
            return;
        }
        bool corked = false;
        for (size_t k = i; k < composer->count; k++) {
            corked = corked || composer->messages[k].abandoned;
        }
        if (corked) {
            return;
        }
        bool overtaken = message->interim_waited &&
                         !starts_with(wire, message->interim, message->interim_length);
        if (!overtaken) {
            take_interim(message, &wire);
        }
        if (!check_message(composer, message, overtaken, &wire)) {
            return;
        }
    }
    FUZZ_CHECK(wire.length == 0, "%zu bytes behind the last message", wire.length);
}
