/* lines.c - making field lines: names with a rule of their own or any token, legal values. */
#include "header_joining/lines.h"

#include <string.h>

#include "header_joining_operations.h"
#include "message/text.h"

#define NAME_BYTES 64U
#define VALUE_BYTES 512U

/* RFC 9110, section 5.6.2 */
static const char token_characters[] =
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Names with a rule of their own, or that are something else in JavaScript. */
static const char *const names[] = {
    "Set-Cookie",
    "Cookie",
    "Age",
    "Authorization",
    "Content-Type",
    "ETag",
    "Expires",
    "From",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "Host",
    "Location",
    "Referer",
    "Last-Modified",
    "Max-Forwards",
    "Server",
    "Retry-After",
    "X-Value",
    "Proxy-Authorization",
    "User-Agent",
    "__proto__",
    "constructor",
    "toString",
    "10",
    "2",
    "01",
    "4294967294",
    "Accept",
    "set-cookie",
    "COOKIE",
    "hOsT",
    "x-value",
};

/* Fields that decide about the message itself: a message with them may be another one. */
static bool is_left_out(nh_bytes name) {
    return fuzz_is_named(name, "content-length") || fuzz_is_named(name, "transfer-encoding") ||
           fuzz_is_named(name, "upgrade") || fuzz_is_named(name, "expect");
}

static bool is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

/* Puts bytes on the wire. */
static nh_bytes put(struct joining_section *section, const void *bytes, size_t length) {
    nh_bytes there = {section->bytes + section->length, length};
    if (length != 0) {
        memcpy(section->bytes + section->length, bytes, length);
        section->length += length;
    }
    return there;
}

static nh_bytes put_name(struct joining_section *section, nh_bytes given, unsigned how) {
    if (given.length == 0) {
        const char *name = names[how % (sizeof(names) / sizeof(names[0]))];
        return put(section, name, strlen(name));
    }
    size_t length = given.length < NAME_BYTES ? given.length : NAME_BYTES;
    nh_bytes there = {section->bytes + section->length, length};
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = given.data[i];
        bool legal = byte != 0 && strchr(token_characters, byte) != NULL;
        section->bytes[section->length++] =
            legal ? byte : (uint8_t)token_characters[byte % (sizeof(token_characters) - 1)];
    }
    return there;
}

static nh_bytes put_value(struct joining_section *section, nh_bytes given) {
    size_t length = given.length < VALUE_BYTES ? given.length : VALUE_BYTES;
    nh_bytes there = {section->bytes + section->length, length};
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = given.data[i];
        bool legal = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
        section->bytes[section->length++] = legal ? byte : 'x';
    }
    while (there.length != 0 && is_blank(there.data[0])) {
        there.data++;
        there.length--;
    }
    while (there.length != 0 && is_blank(there.data[there.length - 1])) {
        there.length--;
    }
    return there;
}

static bool has_room(const struct joining_section *section) {
    return section->count < JOINING_LINES &&
           section->length + NAME_BYTES + VALUE_BYTES + 8 < JOINING_SECTION_BYTES;
}

static void add_line(struct joining_section *section, unsigned how, nh_bytes name, nh_bytes value) {
    static const char *const blanks[] = {"", " ", "\t", " \t "};
    if (!has_room(section)) {
        return;
    }
    size_t start = section->length;
    struct joining_line line = {.name = put_name(section, name, how & 31U)};
    if (is_left_out(line.name)) {
        section->length = start;
        return;
    }
    const char *before = blanks[how >> 5 & 3U];
    const char *after = (how & 0x80U) != 0 ? "\t " : "";
    (void)put(section, ":", 1);
    (void)put(section, before, strlen(before));
    line.value = put_value(section, value);
    (void)put(section, after, strlen(after));
    (void)put(section, "\r\n", 2);
    section->lines[section->count++] = line;
}

static void repeat_line(struct joining_section *section, unsigned which, unsigned count) {
    for (unsigned i = 0; i < count % 8 && section->count != 0; i++) {
        struct joining_line line = section->lines[which % section->count];
        add_line(section, 0x20, line.name, line.value);
    }
}

void joining_read(struct fuzz_input *input, struct joining_section *head,
                  struct joining_section *trailer) {
    struct fuzz_step step;
    struct joining_section *last = head;
    head->count = head->length = trailer->count = trailer->length = 0;
    while (fuzz_script_next(&fuzz_script_format, input, &step)) {
        if (step.operation == OP_REPEAT) {
            repeat_line(last, step.numbers[0], step.numbers[1]);
        } else {
            last = step.operation == OP_LINE ? head : trailer;
            add_line(last, step.numbers[0], step.bytes[1], step.bytes[2]);
        }
    }
    struct joining_line framing = {.name = put(head, "Transfer-Encoding", 17)};
    (void)put(head, ": ", 2);
    framing.value = put(head, "chunked", 7);
    (void)put(head, "\r\n", 2);
    head->lines[head->count++] = framing;
}
