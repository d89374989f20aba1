#include "message/parse_back.h"

#include <nodehttp/message_parser.h>

#include <string.h>

#include "support/check.h"

/* More than a run writes. */
#define HEADER_BYTES ((size_t)1 << 20)

struct expectation {
    const struct fuzz_head *head;
    nh_bytes body; /* what has not come yet */
    size_t trailers;
    bool is_head;
    unsigned heads;
    unsigned completed;
};

static nh_bytes trimmed(nh_bytes value) {
    while (value.length != 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value.data++;
        value.length--;
    }
    while (value.length != 0 &&
           (value.data[value.length - 1] == ' ' || value.data[value.length - 1] == '\t')) {
        value.length--;
    }
    return value;
}

static nh_message_body on_head(nh_message_parser *parser, const nh_message_head *head, void *data) {
    struct expectation *expected = data;
    (void)parser;
    expected->heads++;
    size_t count = nh_header_block_count(head->fields);
    FUZZ_CHECK(count == expected->head->count, "%zu lines were parsed of %zu", count,
               expected->head->count);
    for (size_t i = 0; i < count; i++) {
        const struct fuzz_line *line = &expected->head->lines[i];
        FUZZ_CHECK(nh_bytes_equal(nh_header_block_name(head->fields, i), line->name),
                   "the name of line %zu is parsed as another one", i);
        FUZZ_CHECK(nh_bytes_equal(nh_header_block_value(head->fields, i), trimmed(line->value)),
                   "the value of line %zu is parsed as another one", i);
    }
    return expected->is_head ? NH_MESSAGE_BODY_SKIPPED : NH_MESSAGE_BODY_FOLLOWS;
}

static void on_body(nh_message_parser *parser, nh_bytes bytes, void *data) {
    struct expectation *expected = data;
    (void)parser;
    FUZZ_CHECK(bytes.length <= expected->body.length &&
                   memcmp(bytes.data, expected->body.data, bytes.length) == 0,
               "%zu bytes of a body are not those written", bytes.length);
    expected->body.data += bytes.length;
    expected->body.length -= bytes.length;
}

static void on_complete(nh_message_parser *parser, const nh_header_block *trailers, void *data) {
    struct expectation *expected = data;
    (void)parser;
    expected->completed++;
    size_t count = nh_header_block_count(trailers);
    FUZZ_CHECK(count == expected->trailers, "%zu trailers instead of %zu", count,
               expected->trailers);
}

void fuzz_parse_back(nh_memory *memory, nh_bytes message, const struct fuzz_head *head,
                     nh_bytes body, size_t trailers, bool is_head) {
    static const nh_message_parser_hooks hooks = {
        .head = on_head, .body = on_body, .complete = on_complete};
    struct expectation expected = {
        .head = head, .body = body, .trailers = trailers, .is_head = is_head};
    nh_message_parser_options options;
    nh_message_parser_options_init(&options);
    options.max_header_size = HEADER_BYTES;
    options.max_headers_count = 0;
    nh_message_parser *parser =
        nh_message_parser_new(memory, NH_MESSAGE_RESPONSE, &options, &hooks, &expected);
    if (parser == NULL) {
        return;
    }
    const nh_message_parser_error *error = nh_message_parser_execute(parser, message, NULL);
    FUZZ_CHECK(error == NULL, "%s: %s, at %zu of %zu", error->code, error->reason,
               error->bytes_parsed, message.length);
    FUZZ_CHECK(expected.heads == 1 && expected.completed == 1 && expected.body.length == 0,
               "%u heads, %u ends, %zu bytes left of the body", expected.heads, expected.completed,
               expected.body.length);
    nh_message_parser_free(parser);
}
