/* The public face of the parser: events, errors, limits, streams one after the other. */
#include <nodehttp/message_parser.h>

#include <stdio.h>
#include <string.h>

#include "support/test_memory.h"
#include "support/unit.h"

static char trace[4096];
static nh_message_body answer; /* what the head hook returns */

/* --- what is written down ------------------------------------------------------------------- */

static void note(const char *text, size_t length) {
    size_t used = strlen(trace);
    snprintf(trace + used, sizeof(trace) - used, "%.*s", (int)length, text);
}

static void note_bytes(nh_bytes bytes) {
    note((const char *)bytes.data, bytes.length);
}

static void note_fields(const nh_header_block *fields) {
    for (size_t i = 0; i < nh_header_block_count(fields); i++) {
        note(" ", 1);
        note_bytes(nh_header_block_name(fields, i));
        note("=", 1);
        note_bytes(nh_header_block_value(fields, i));
    }
}

static void on_begin(nh_message_parser *parser, void *data) {
    (void)parser;
    (void)data;
    note("<", 1);
}

static nh_message_body on_head(nh_message_parser *parser, const nh_message_head *head, void *data) {
    (void)parser;
    ASSERT_STR_EQ(data, "data");
    char start[128];
    if (head->kind == NH_MESSAGE_REQUEST) {
        snprintf(start, sizeof(start), "%s", head->method);
    } else {
        ASSERT_NULL(head->method);
        snprintf(start, sizeof(start), "%u", head->status_code);
    }
    note(start, strlen(start));
    note(" ", 1);
    note_bytes(head->text);
    snprintf(start, sizeof(start), " %u.%u%s%s", head->version_major, head->version_minor,
             head->should_keep_alive ? " kept" : "", head->upgrade ? " upgrade" : "");
    note(start, strlen(start));
    note_fields(head->fields);
    note(" [", 2);
    return answer;
}

static void on_body(nh_message_parser *parser, nh_bytes bytes, void *data) {
    (void)parser;
    (void)data;
    ASSERT_TRUE(bytes.length > 0);
    note_bytes(bytes);
}

static void on_complete(nh_message_parser *parser, const nh_header_block *trailers, void *data) {
    (void)parser;
    (void)data;
    note("]", 1);
    note_fields(trailers);
    note(">", 1);
}

static const nh_message_parser_hooks hooks = {
    .begin = on_begin, .head = on_head, .body = on_body, .complete = on_complete};

/* --- feeding -------------------------------------------------------------------------------- */

static nh_message_parser *open_parser(nh_memory *memory, nh_message_kind kind,
                                      const nh_message_parser_options *options) {
    static char data[] = "data";
    trace[0] = '\0';
    answer = NH_MESSAGE_BODY_FOLLOWS;
    nh_message_parser *parser = nh_message_parser_new(memory, kind, options, &hooks, data);
    REQUIRE_NOT_NULL(parser);
    return parser;
}

static const nh_message_parser_error *feed(nh_message_parser *parser, const char *text,
                                           size_t step) {
    size_t length = strlen(text);
    for (size_t at = 0; at < length; at += step) {
        size_t piece = length - at < step ? length - at : step;
        size_t consumed = 0;
        const nh_message_parser_error *error =
            nh_message_parser_execute(parser, nh_bytes_of(text + at, piece), &consumed);
        if (error != NULL) {
            return error;
        }
        ASSERT_SIZE_EQ(consumed, piece);
    }
    return NULL;
}

/* --- cases ---------------------------------------------------------------------------------- */

static void events_are_the_same_however_cut(void) {
    static const struct {
        nh_message_kind kind;
        const char *bytes;
        const char *trace;
    } cases[] = {
        {NH_MESSAGE_REQUEST,
         "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n",
         "<POST /a?b 1.1 kept Host=x Content-Length=3 [abc]><GET / 1.0 []>"},
        {NH_MESSAGE_REQUEST,
         "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nT: 1 \r\n\r\n",
         "<PUT / 1.1 kept Transfer-Encoding=chunked [ab] T=1>"},
        {NH_MESSAGE_RESPONSE, "HTTP/1.1 200  Fine \r\nX:\r\n\r\nuntil the end",
         "<200  Fine  1.1 X= [until the end]>"},
        {NH_MESSAGE_RESPONSE, "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
         "<404  1.1 kept Content-Length=0 []>"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step <= strlen(cases[i].bytes); step++) {
            nh_message_parser *parser = open_parser(NULL, cases[i].kind, NULL);
            ASSERT_NULL(feed(parser, cases[i].bytes, step));
            ASSERT_NULL(nh_message_parser_finish(parser));
            ASSERT_STR_EQ(trace, cases[i].trace);
            nh_message_parser_free(parser);
        }
    }
}

static void heads_say_what_follows(void) {
    nh_message_parser *parser = open_parser(NULL, NH_MESSAGE_RESPONSE, NULL);
    answer = NH_MESSAGE_BODY_SKIPPED;
    ASSERT_NULL(
        feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 None\r\n\r\n", 99));
    ASSERT_STR_EQ(trace, "<200 OK 1.1 kept Content-Length=9 []><204 None 1.1 kept []>");
    nh_message_parser_free(parser);

    static const char upgrade[] = "GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    parser = open_parser(NULL, NH_MESSAGE_REQUEST, NULL);
    answer = NH_MESSAGE_BODY_UPGRADE;
    char text[128];
    snprintf(text, sizeof(text), "%srest", upgrade);
    size_t consumed = 0;
    ASSERT_NULL(nh_message_parser_execute(parser, nh_bytes_of_text(text), &consumed));
    ASSERT_SIZE_EQ(consumed, sizeof(upgrade) - 1);
    ASSERT_STR_EQ(trace, "<GET / 1.1 kept upgrade Upgrade=x Connection=upgrade []>");
    nh_message_parser_free(parser);
}

static void errors_stay_until_a_reset(void) {
    nh_message_parser *parser = open_parser(NULL, NH_MESSAGE_REQUEST, NULL);
    ASSERT_NULL(nh_message_parser_error_object(parser));
    ASSERT_NULL(feed(parser, "GET / HTTP/1.1\r\n", 99));
    const nh_message_parser_error *error = feed(parser, "B@d: 1\r\n\r\n", 99);
    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(error->code, "HPE_INVALID_HEADER_TOKEN");
    ASSERT_STR_EQ(error->reason, "Invalid header token");
    ASSERT_SIZE_EQ(error->bytes_parsed, 1);
    nh_error *object = nh_message_parser_error_object(parser);
    ASSERT_STR_EQ(nh_error_message(object), "Parse Error: Invalid header token");
    ASSERT_STR_EQ(nh_error_code(object), "HPE_INVALID_HEADER_TOKEN");
    ASSERT_DOUBLE_EQ(nh_error_property(object, "bytesParsed").as.number, 1);
    nh_error_release(object);
    size_t consumed = 1;
    ASSERT_PTR_EQ(nh_message_parser_execute(parser, nh_bytes_of_text("x"), &consumed), error);
    ASSERT_SIZE_EQ(consumed, 0);
    ASSERT_PTR_EQ(nh_message_parser_finish(parser), error);
    ASSERT_STR_EQ(trace, "<");

    nh_message_parser_reset(parser, NULL);
    trace[0] = '\0';
    ASSERT_NULL(feed(parser, "GET / HTTP/1.1\r\n\r\nGET", 99));
    error = nh_message_parser_finish(parser);
    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(error->code, "HPE_INVALID_EOF_STATE");
    ASSERT_STR_EQ(trace, "<GET / 1.1 kept []><");
    object = nh_message_parser_error_object(parser);
    ASSERT_STR_EQ(nh_error_message(object), "Parse Error");
    nh_error_release(object);
    nh_message_parser_free(parser);
    nh_message_parser_free(NULL);
}

static void options_hold_and_change_with_a_reset(void) {
    static const char head[] = "GET /67 HTTP/1.1\r\nHost: 1\r\nName: %.*s\r\n\r\n";
    nh_message_parser_options options;
    nh_message_parser_options_init(&options);
    ASSERT_DOUBLE_EQ(options.max_headers_count, 1000);
    options.max_header_size = 32;
    nh_message_parser *parser = open_parser(NULL, NH_MESSAGE_REQUEST, &options);
    /* "/67", "Host", "1" and "Name": 12 bytes besides the last value. */
    for (int length = 19; length <= 20; length++) {
        char text[128];
        snprintf(text, sizeof(text), head, length, "0123456789012345678901234567890");
        for (size_t step = 1; step < 99; step += 97) {
            nh_message_parser_reset(parser, NULL);
            const nh_message_parser_error *error = feed(parser, text, step);
            ASSERT_STR_EQ(error == NULL ? NULL : error->code,
                          length == 19 ? NULL : "HPE_HEADER_OVERFLOW");
        }
    }
    static const char fold[] = "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n";
    nh_message_parser_reset(parser, NULL);
    ASSERT_NOT_NULL(feed(parser, fold, 99));
    options.insecure_http_parser = true;
    nh_message_parser_reset(parser, &options);
    ASSERT_NULL(feed(parser, fold, 99));
    options.insecure_http_parser = false;
    nh_message_parser_reset(parser, &options);
    ASSERT_NOT_NULL(feed(parser, fold, 99));
    nh_message_parser_free(parser);
}

static void hooks_are_optional(void) {
    static const nh_message_parser_hooks none = {.head = NULL};
    nh_message_parser *parser = nh_message_parser_new(NULL, NH_MESSAGE_REQUEST, NULL, &none, NULL);
    REQUIRE_NOT_NULL(parser);
    ASSERT_NULL(nh_message_parser_execute(
        parser, nh_bytes_of_text("PUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"), NULL));
    ASSERT_NULL(nh_message_parser_finish(parser));
    nh_message_parser_free(parser);
}

static void refused_allocations_are_errors(void) {
    static const char bytes[] = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "3\r\nabc\r\n0\r\nT: 1\r\n\r\n";
    for (bool refused = true; refused;) {
        static size_t nth = 0;
        struct test_memory memory = test_memory_make();
        memory.refuse_at = ++nth;
        nh_message_parser *parser =
            nh_message_parser_new(&memory.memory, NH_MESSAGE_REQUEST, NULL,
                                  &(nh_message_parser_hooks){.head = NULL}, NULL);
        if (parser != NULL) {
            const nh_message_parser_error *error =
                nh_message_parser_execute(parser, nh_bytes_of_text(bytes), NULL);
            ASSERT_STR_EQ(error == NULL ? NULL : error->code,
                          memory.refused ? "ERR_MEMORY_ALLOCATION_FAILED" : NULL);
            nh_error *object = nh_message_parser_error_object(parser);
            ASSERT_PTR_EQ(object, memory.refused ? nh_error_out_of_memory() : NULL);
            nh_error_release(object);
        }
        refused = memory.refused;
        nh_message_parser_free(parser);
        ASSERT_SIZE_EQ(memory.blocks, 0);
    }
}

static void a_parser_that_is_reset_allocates_no_more(void) {
    static const char bytes[] = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    struct test_memory memory = test_memory_make();
    nh_message_parser *parser = open_parser(&memory.memory, NH_MESSAGE_REQUEST, NULL);
    ASSERT_NULL(feed(parser, bytes, 99));
    size_t requests = memory.requests;
    for (int i = 0; i < 10; i++) {
        nh_message_parser_reset(parser, NULL);
        ASSERT_NULL(feed(parser, bytes, 99));
    }
    ASSERT_SIZE_EQ(memory.requests, requests);
    nh_message_parser_free(parser);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(events_are_the_same_however_cut),
        UNIT_CASE(heads_say_what_follows),
        UNIT_CASE(errors_stay_until_a_reset),
        UNIT_CASE(options_hold_and_change_with_a_reset),
        UNIT_CASE(hooks_are_optional),
        UNIT_CASE(refused_allocations_are_errors),
        UNIT_CASE(a_parser_that_is_reset_allocates_no_more),
    };
    return UNIT_RUN("message_parser", cases, argc, argv);
}
