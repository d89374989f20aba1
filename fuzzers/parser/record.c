#include "parser/record.h"

#include <stdio.h>
#include <string.h>

#include "parser/head_scan.h"
#include "parser/views.h"
#include "support/check.h"

/* Field lines are dropped in batches of this many (Node: maxHeadersCount). */
#define LINES_PER_BATCH 31U

/* The bookkeeping of the target is not what is fuzzed: it is kept out of the coverage. */
#ifdef __clang__
#define BOOKKEEPING __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define BOOKKEEPING
#endif

/* --- hashing ------------------------------------------------------------------------------ */

BOOKKEEPING static inline uint64_t mixed(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
    return hash ^ hash >> 29;
}

BOOKKEEPING static uint64_t mixed_bytes(uint64_t hash, nh_bytes bytes) {
    size_t at = 0;
    for (; at + 8 <= bytes.length; at += 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes.data + at, 8);
        hash = mixed(hash, word);
    }
    uint64_t word = bytes.length;
    for (; at < bytes.length; at++) {
        word = word << 8 | bytes.data[at];
    }
    return mixed(hash, word);
}

uint64_t parser_hash(nh_bytes bytes) {
    return mixed_bytes(0, bytes);
}

BOOKKEEPING static uint64_t mixed_fields(uint64_t hash, const nh_header_block *fields) {
    size_t count = nh_header_block_count(fields);
    for (size_t i = 0; i < count; i++) {
        hash = mixed_bytes(hash, nh_header_block_name(fields, i));
        hash = mixed_bytes(hash, nh_header_block_value(fields, i));
    }
    return mixed(hash, count);
}

/* A polynomial over the bytes, so that it does not matter where they are cut. */
BOOKKEEPING static uint64_t extended(uint64_t hash, nh_bytes bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        hash = (hash + bytes.data[i] + 1) * 0x100000001B3U;
    }
    return hash;
}

/* --- words -------------------------------------------------------------------------------- */

static void print_bytes(nh_bytes bytes) {
    fputc('"', stderr);
    for (size_t i = 0; i < bytes.length; i++) {
        uint8_t byte = bytes.data[i];
        if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\') {
            fprintf(stderr, "\\x%02X", byte);
        } else {
            fputc(byte, stderr);
        }
    }
    fputc('"', stderr);
}

static void print_fields(const nh_header_block *fields) {
    for (size_t i = 0; i < nh_header_block_count(fields); i++) {
        fprintf(stderr, "    ");
        print_bytes(nh_header_block_name(fields, i));
        fprintf(stderr, " = ");
        print_bytes(nh_header_block_value(fields, i));
        fputc('\n', stderr);
    }
}

static void print_head(const nh_message_head *head) {
    fprintf(stderr, "  head: %s %u HTTP/%u.%u%s%s ", head->method == NULL ? "" : head->method,
            head->status_code, head->version_major, head->version_minor,
            head->should_keep_alive ? ", keep-alive" : "", head->upgrade ? ", upgrade" : "");
    print_bytes(head->text);
    fprintf(stderr, ", %zu lines shown\n", head->shown_count);
    print_fields(head->fields);
}

void parser_record_print_end(const struct parser_record *record) {
    if (record->body_length != 0) {
        fprintf(stderr, "  body so far: %zu bytes\n", record->body_length);
    }
    fprintf(stderr, "  end: %s, \"%s\", at %zu\n", record->code == NULL ? "good" : record->code,
            record->reason == NULL ? "" : record->reason, record->offset);
}

/* --- heads -------------------------------------------------------------------------------- */

/* The lines that are left of `sent` when maxHeadersCount is `limit`. */
static size_t lines_left(size_t sent, double limit) {
    if (limit <= 0) {
        return sent;
    }
    size_t batches = ((size_t)limit + LINES_PER_BATCH - 1) / LINES_PER_BATCH;
    return sent < batches * LINES_PER_BATCH ? sent : batches * LINES_PER_BATCH;
}

/* What a strict parser reports of a head, against the bytes on the wire. */
static void compare_with_wire(struct parser_record *record, const nh_message_head *head) {
    struct head_scan scan =
        head_scan_of(record->kind, nh_bytes_of(record->wire.data + record->place,
                                               record->wire.length - record->place));
    size_t count = nh_header_block_count(head->fields);
    double max_count = record->settings->options.max_headers_count;
    FUZZ_CHECK(scan.is_complete, "a head was reported whose empty line is not there");
    size_t limit = parser_max_header_size(record->settings);
    FUZZ_CHECK(scan.counted < limit, "a head of %zu bytes passed the limit of %zu", scan.counted,
               limit);
    FUZZ_CHECK(count == lines_left(scan.lines, max_count), "%zu lines of %zu left with limit %.0f",
               count, scan.lines, max_count);
    if (count == scan.lines) {
        size_t reported = head->text.length;
        for (size_t i = 0; i < count; i++) {
            reported += nh_header_block_name(head->fields, i).length +
                        nh_header_block_value(head->fields, i).length;
        }
        FUZZ_CHECK(reported + scan.blanks == scan.counted,
                   "%zu bytes reported of a head of %zu with %zu blanks", reported, scan.counted,
                   scan.blanks);
    }
    record->place += scan.length;
    record->knows_place = count == scan.lines; /* a dropped line may have been Transfer-Encoding */
}

/* Whatever the mode, what is reported of a section is below the limit. */
BOOKKEEPING static void check_below_limit(const struct parser_record *record,
                                          const nh_header_block *fields, size_t text_length) {
    size_t length = text_length;
    for (size_t i = 0; i < nh_header_block_count(fields); i++) {
        length += nh_header_block_name(fields, i).length + nh_header_block_value(fields, i).length;
    }
    size_t limit = parser_max_header_size(record->settings);
    FUZZ_CHECK(length < limit, "a section of %zu bytes passed the limit of %zu", length, limit);
}

static void check_head(struct parser_record *record, const nh_message_head *head) {
    double limit = record->settings->options.max_headers_count;
    size_t count = nh_header_block_count(head->fields);
    FUZZ_CHECK(head->shown_count == (limit > 0 && (double)count > limit ? (size_t)limit : count),
               "%zu of %zu lines are shown with limit %.0f", head->shown_count, count, limit);
    FUZZ_CHECK((head->method != NULL) == (head->kind == NH_MESSAGE_REQUEST) &&
                   head->kind == record->kind,
               "the head is of the other kind");
    if (record->is_whole && record->knows_place && record->is_strict) {
        compare_with_wire(record, head);
    } else {
        check_below_limit(record, head->fields, head->text.length);
    }
    if (record->memory != NULL) {
        parser_views_check(&record->memory->memory, head->fields, head->shown_count,
                           record->settings->join);
    }
}

static bool has_transfer_coding(const nh_header_block *fields) {
    for (size_t i = 0; i < nh_header_block_count(fields); i++) {
        nh_bytes name = nh_header_block_name(fields, i);
        if (nh_bytes_equal_text_ignoring_case(name, "transfer-encoding")) {
            return true;
        }
    }
    return false;
}

/* --- hooks -------------------------------------------------------------------------------- */

static void check_alive(const struct parser_record *record, const char *event) {
    FUZZ_CHECK(!record->is_over && !record->has_upgraded, "%s after the end", event);
}

static void on_begin(nh_message_parser *parser, void *data) {
    (void)parser;
    struct parser_record *record = data;
    check_alive(record, "a message");
    FUZZ_CHECK(record->state == BETWEEN_MESSAGES, "a message begins inside another");
    record->state = IN_HEAD;
    record->messages++;
    record->hash = mixed(record->hash, 'b');
    if (record->prints) {
        fprintf(stderr, "  begin\n");
    }
}

static nh_message_body on_head(nh_message_parser *parser, const nh_message_head *head, void *data) {
    (void)parser;
    struct parser_record *record = data;
    const struct parser_settings *settings = record->settings;
    check_alive(record, "a head");
    FUZZ_CHECK(record->state == IN_HEAD, "a head out of place");
    if (record->prints) {
        print_head(head);
    }
    check_head(record, head);
    record->state = IN_BODY;
    record->body_hash = 0;
    record->body_length = 0;
    record->has_coding = record->is_whole && has_transfer_coding(head->fields);
    uint64_t hash = mixed_bytes(record->hash, head->text);
    if (head->method != NULL) {
        hash = mixed_bytes(hash, nh_bytes_of_text(head->method));
    }
    hash = mixed(hash, (uint64_t)head->status_code << 32 | (uint64_t)head->version_major << 24 |
                           (uint64_t)head->version_minor << 16 |
                           (uint64_t)head->should_keep_alive << 1 | head->upgrade);
    record->hash = mixed_fields(mixed(hash, head->shown_count), head->fields);
    if (settings->takes_upgrades && head->upgrade) {
        record->takes_upgrade = true;
        return NH_MESSAGE_BODY_UPGRADE;
    }
    if (settings->skips_bodies && (settings->seed >> (record->messages & 7U) & 1U) != 0) {
        return NH_MESSAGE_BODY_SKIPPED;
    }
    return NH_MESSAGE_BODY_FOLLOWS;
}

static void on_body(nh_message_parser *parser, nh_bytes bytes, void *data) {
    (void)parser;
    struct parser_record *record = data;
    check_alive(record, "a body");
    FUZZ_CHECK(record->state == IN_BODY, "a body out of place");
    FUZZ_CHECK(bytes.length > 0 && bytes.data >= record->wire.data &&
                   bytes.data + bytes.length <= record->wire.data + record->wire.length,
               "a piece of %zu bytes is not a part of the input", bytes.length);
    if (record->is_whole && record->knows_place && !record->has_coding && record->is_strict) {
        size_t at = (size_t)(bytes.data - record->wire.data);
        FUZZ_CHECK(at == record->place, "a body at %zu instead of %zu", at, record->place);
        record->place = at + bytes.length;
    }
    record->body_hash = extended(record->body_hash, bytes);
    record->body_length += bytes.length;
}

/* Adds the body to the hash, whose length and bytes are known now. */
static void close_body(struct parser_record *record) {
    record->hash = mixed(mixed(record->hash, record->body_hash), record->body_length);
    record->body_hash = 0;
    record->body_length = 0;
}

static void on_complete(nh_message_parser *parser, const nh_header_block *trailers, void *data) {
    (void)parser;
    struct parser_record *record = data;
    check_alive(record, "a completed message");
    FUZZ_CHECK(record->state == IN_BODY, "a message is complete without its head");
    if (record->prints) {
        fprintf(stderr, "  complete after %zu bytes of body\n", record->body_length);
        print_fields(trailers);
    }
    check_below_limit(record, trailers, 0);
    record->state = BETWEEN_MESSAGES;
    record->has_upgraded = record->takes_upgrade;
    record->knows_place = record->knows_place && !record->has_coding;
    close_body(record);
    record->hash = mixed(mixed_fields(record->hash, trailers), 'c');
    if (record->memory != NULL) {
        parser_views_check(&record->memory->memory, trailers, nh_header_block_count(trailers),
                           record->settings->join);
    }
}

const nh_message_parser_hooks parser_record_hooks = {
    .begin = on_begin, .head = on_head, .body = on_body, .complete = on_complete};

void parser_record_close(struct parser_record *record) {
    close_body(record);
    record->hash = mixed(record->hash, record->messages << 2 | record->state);
}
