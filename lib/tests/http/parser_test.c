/* The parser: the same bytes give the same messages, wherever they are cut. */
#include "http/fixture.h"
#include "http/parser_internal.h"

#include <stdio.h>
#include <string.h>

static struct fixture fixture;
static nh_http_parser parser;

/* --- what is written down ------------------------------------------------------------------- */

static void note_list_take(nh_value list) {
    for (size_t i = 0; i + 1 < nh_list_length(list); i += 2) {
        fixture_note(&fixture, "%s=%s", nh_value_text(nh_list_get(list, i)),
                     nh_value_text(nh_list_get(list, i + 1)));
    }
    nh_value_release(&list);
}

static nh_http_body incoming(void *owner, nh_incoming_message *message, bool should_keep_alive) {
    (void)owner;
    nh_value url = nh_incoming_message_url(message);
    nh_value phrase = nh_incoming_message_status_message(message);
    if (message->is_request) {
        fixture_note(&fixture, "%s %s", message->method, nh_value_text(url));
    } else {
        fixture_note(&fixture, "%d %s", message->status_code, nh_value_text(phrase));
    }
    fixture_note(&fixture, "%d.%d%s%s", message->version_major, message->version_minor,
                 should_keep_alive ? " kept" : "", message->upgrade ? " upgrade" : "");
    note_list_take(nh_incoming_message_raw_headers(message));
    nh_value_release(&url);
    nh_value_release(&phrase);
    return message->upgrade ? NH_HTTP_BODY_UPGRADE : NH_HTTP_BODY_FOLLOWS;
}

static void message_complete(void *owner) {
    (void)owner;
    nh_incoming_message *message = parser.incoming;
    nh_value body = nh_readable_read(&message->stream);
    nh_bytes bytes = nh_value_bytes(body);
    fixture_note(&fixture, "[%.*s]", (int)bytes.length, (const char *)bytes.data);
    nh_value_release(&body);
    note_list_take(nh_incoming_message_raw_trailers(message));
    fixture_note(&fixture, message->complete ? "." : "?");
}

static const nh_http_parser_hooks hooks = {.incoming = incoming,
                                           .message_complete = message_complete};

/* --- feeding -------------------------------------------------------------------------------- */

static void open_parser(llhttp_type_t type) {
    REQUIRE_TRUE(fixture_open(&fixture));
    nh_http_parser_options options;
    nh_http_parser_options_init(&options);
    nh_http_parser_init(&parser, fixture.loop, type, &options, &hooks, NULL, NULL);
}

static void close_parser(void) {
    nh_http_parser_deinit(&parser);
    fixture_close(&fixture);
}

/* False after an error, which is written down. */
static bool feed(const char *bytes, size_t length) {
    size_t consumed = 0;
    nh_value buffer = nh_buffer_of(&fixture.memory.memory, nh_bytes_of(bytes, length));
    nh_loop_begin_turn(fixture.loop);
    nh_error *error = nh_http_parser_execute(&parser, buffer, &consumed);
    nh_loop_end_turn(fixture.loop);
    nh_value_release(&buffer);
    if (error != NULL) {
        fixture_note(&fixture, "%s", nh_error_code(error));
        nh_error_release(error);
        return false;
    }
    if (consumed < length) {
        fixture_note(&fixture, "rest(%.*s)", (int)(length - consumed), bytes + consumed);
        return false;
    }
    return true;
}

/* The trace of the bytes cut after every `step` bytes, the first time after `first`. */
static void trace_of(llhttp_type_t type, const char *bytes, size_t first, size_t step,
                     char trace[sizeof(fixture.trace)]) {
    open_parser(type);
    size_t length = strlen(bytes);
    bool good = feed(bytes, first);
    for (size_t at = first; good && at < length; at += step) {
        good = feed(bytes + at, length - at < step ? length - at : step);
    }
    nh_loop_begin_turn(fixture.loop);
    nh_error *error = good ? nh_http_parser_finish(&parser) : NULL;
    nh_loop_end_turn(fixture.loop);
    if (error != NULL) {
        fixture_note(&fixture, "end:%s", nh_error_code(error));
        nh_error_release(error);
    }
    memcpy(trace, fixture.trace, sizeof(fixture.trace));
    close_parser();
}

static void assert_any_cut(llhttp_type_t type, const char *bytes, const char *expected) {
    static char whole[sizeof(fixture.trace)];
    static char cut[sizeof(fixture.trace)];
    size_t length = strlen(bytes);
    trace_of(type, bytes, length, 1, whole);
    ASSERT_STR_EQ(whole, expected);
    trace_of(type, bytes, 1, 1, cut);
    ASSERT_STR_EQ(cut, whole);
    for (size_t first = 1; first < length; first++) {
        trace_of(type, bytes, first, length, cut);
        ASSERT_STR_EQ(cut, whole);
    }
}

static void requests_are_the_same_however_cut(void) {
    static const struct {
        const char *bytes;
        const char *trace;
    } cases[] = {
        {"GET /a?b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Space: a b \t\r\n\r\n",
         "GET /a?b 1.1 kept Host=x X-Empty= X-Space=a b [] ."},
        {"\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.0\r\n\r\n",
         "POST / 1.1 kept Host=x Content-Length=3 [abc] . GET /2 1.0 [] ."},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\nA\r\n0123456789\r\n"
         "0\r\nT: 1\r\nt: 2 \r\n\r\n",
         "POST / 1.1 kept Transfer-Encoding=chunked [ab0123456789] T=1 t=2 ."},
        {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab",
         "POST / 1.1 kept Content-Length=5 end:HPE_INVALID_EOF_STATE"},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"},
        {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET / 1.1 Connection=close [] ."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_any_cut(HTTP_REQUEST, cases[i].bytes, cases[i].trace);
    }
}

static void responses_are_the_same_however_cut(void) {
    static const struct {
        const char *bytes;
        const char *trace;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
         "200 OK 1.1 kept Content-Length=2 [ok] ."},
        {"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", "404  1.1 kept Content-Length=0 [] ."},
        {"HTTP/1.1 200  Fine \r\n\r\nuntil the end", "200  Fine  1.1 [until the end] ."},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
         "100 Continue 1.1 kept [] . 204 No Content 1.1 kept [] ."},
        {"HTTX", "HPE_INVALID_CONSTANT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_any_cut(HTTP_RESPONSE, cases[i].bytes, cases[i].trace);
    }
}

/* --- the rest of the contract --------------------------------------------------------------- */

static void the_rest_after_an_upgrade_is_left(void) {
    open_parser(HTTP_REQUEST);
    ASSERT_FALSE(feed("GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nrest", 56));
    ASSERT_TRACE(&fixture, "GET / 1.1 kept upgrade Upgrade=x Connection=upgrade [] . rest(rest)");
    close_parser();
}

static void errors_tell_where_and_what(void) {
    open_parser(HTTP_REQUEST);
    size_t consumed;
    ASSERT_NULL(
        nh_http_parser_execute_bytes(&parser, nh_bytes_of_text("GET / HTTP/1.1\r\n"), &consumed));
    nh_error *error =
        nh_http_parser_execute_bytes(&parser, nh_bytes_of_text("B@d: 1\r\n\r\n"), &consumed);
    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(nh_error_message(error), "Parse Error: Invalid header token");
    ASSERT_STR_EQ(nh_error_code(error), "HPE_INVALID_HEADER_TOKEN");
    ASSERT_DOUBLE_EQ(nh_error_property(error, "bytesParsed").as.number, 1);
    nh_bytes packet = nh_value_bytes(nh_error_property(error, "rawPacket"));
    ASSERT_MEM_EQ(packet.data, packet.length, "B@d: 1\r\n\r\n", 10);
    ASSERT_STR_EQ(nh_value_text(nh_error_property(error, "reason")), "Invalid header token");
    nh_error_release(error);
    close_parser();
}

static void long_heads_are_cut_in_batches(void) {
    static const struct {
        int sent;
        double limit;
        size_t shown;
        size_t raw;
    } cases[] = {{21, 10, 10, 21},      {101, 10, 10, 31},        {101, 33, 33, 62},
                 {2101, 0, 2101, 2101}, {1100, 1000, 1000, 1023}, {1001, 1000, 1000, 1001}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        REQUIRE_TRUE(fixture_open(&fixture));
        nh_http_parser_options options;
        nh_http_parser_options_init(&options);
        options.max_headers_count = cases[i].limit;
        options.max_header_size = 1U << 20;
        nh_http_parser_init(&parser, fixture.loop, HTTP_REQUEST, &options, &hooks, NULL, NULL);
        size_t consumed;
        ASSERT_NULL(nh_http_parser_execute_bytes(&parser, nh_bytes_of_text("GET / HTTP/1.1\r\n"),
                                                 &consumed));
        for (int line = 0; line < cases[i].sent; line++) {
            ASSERT_NULL(
                nh_http_parser_execute_bytes(&parser, nh_bytes_of_text("x: y\r\n"), &consumed));
        }
        nh_loop_begin_turn(fixture.loop);
        ASSERT_NULL(nh_http_parser_execute_bytes(&parser, nh_bytes_of_text("\r\n"), &consumed));
        nh_loop_end_turn(fixture.loop);
        ASSERT_SIZE_EQ(parser.incoming->header_count, cases[i].shown);
        ASSERT_SIZE_EQ(parser.incoming->headers.count, cases[i].raw);
        close_parser();
    }
}

static void limits_count_target_names_and_values(void) {
    /* "/", "Host", "x" and the field "a": 6 bytes besides its value. */
    static const size_t lengths[] = {16383 - 7, 16384 - 7};
    for (int i = 0; i < 2; i++) {
        open_parser(HTTP_REQUEST);
        static char head[20000];
        int length = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: x\r\na: ");
        memset(head + length, 'v', lengths[i]);
        memcpy(head + (size_t)length + lengths[i], "\r\n\r\n", 5);
        size_t consumed;
        nh_loop_begin_turn(fixture.loop);
        nh_error *error = nh_http_parser_execute_bytes(&parser, nh_bytes_of_text(head), &consumed);
        nh_loop_end_turn(fixture.loop);
        ASSERT_STR_EQ(error == NULL ? NULL : nh_error_code(error),
                      i == 0 ? NULL : "HPE_HEADER_OVERFLOW");
        nh_error_release(error);
        close_parser();
    }
}

/* What is assigned is given back, undefined too; what is false lets headers be made anew. */
static void properties_of_messages_can_be_assigned(void) {
    open_parser(HTTP_REQUEST);
    nh_incoming_message *message = nh_incoming_message_new(fixture.loop, NULL);
    const nh_value values[] = {nh_undefined(), nh_null(), nh_number(0), nh_number(1)};
    REQUIRE_TRUE(message != NULL);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        nh_incoming_message_set_method(message, values[i]);
        nh_incoming_message_set_url(message, values[i]);
        nh_incoming_message_set_status_code(message, values[i]);
        nh_incoming_message_set_headers(message, values[i]);
        nh_incoming_message_set_trailers_distinct(message, values[i]);
        nh_value got[] = {nh_incoming_message_method(message), nh_incoming_message_url(message),
                          nh_incoming_message_status_code(message),
                          nh_incoming_message_headers(message),
                          nh_incoming_message_trailers_distinct(message)};
        for (size_t k = 0; k < sizeof(got) / sizeof(got[0]); k++) {
            if (k < 3 || nh_value_is_truthy(values[i])) {
                ASSERT_TRUE(nh_value_is_same(got[k], values[i]));
            } else {
                ASSERT_TRUE(got[k].type == NH_MAP);
            }
            nh_value_release(&got[k]);
        }
    }
    nh_emitter_release(nh_as_emitter(message));
    close_parser();
}

static void refused_allocations_are_errors(void) {
    static const char bytes[] = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "3\r\nabc\r\n0\r\nT: 1\r\n\r\n";
    bool refused = true;
    for (size_t nth = 1; refused; nth++) {
        open_parser(HTTP_REQUEST);
        size_t consumed;
        fixture.memory.refuse_at = fixture.memory.requests + nth;
        nh_loop_begin_turn(fixture.loop);
        nh_error *error = nh_http_parser_execute_bytes(&parser, nh_bytes_of_text(bytes), &consumed);
        nh_loop_end_turn(fixture.loop);
        refused = fixture.memory.refused;
        ASSERT_TRUE(error == NULL || error == nh_error_out_of_memory());
        ASSERT_TRUE(refused || error == NULL);
        nh_error_release(error);
        fixture.memory.refuse_at = 0;
        fixture.trace[0] = '\0';
        close_parser();
    }
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(requests_are_the_same_however_cut),
        UNIT_CASE(responses_are_the_same_however_cut),
        UNIT_CASE(the_rest_after_an_upgrade_is_left),
        UNIT_CASE(errors_tell_where_and_what),
        UNIT_CASE(long_heads_are_cut_in_batches),
        UNIT_CASE(limits_count_target_names_and_values),
        UNIT_CASE(properties_of_messages_can_be_assigned),
        UNIT_CASE(refused_allocations_are_errors),
    };
    return UNIT_RUN("parser", cases, argc, argv);
}
