/* What leaves of heads and interim heads, byte for byte, where Node.js 23.5.0 does the unexpected.
 */
#include "http/fixture.h"

#include <nodehttp/client_request.h>

#include <stdio.h>
#include <string.h>

static struct fixture fixture;
static nh_server *server;
static nh_stream *duplex;
static nh_server_response *responses[2];
static size_t response_count;

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define KEPT "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"

static nh_value text(const char *value) {
    return nh_string_of(&fixture.memory.memory, value);
}

static void keep_response(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    (void)emitter;
    (void)count;
    (void)data;
    nh_emitter *response = nh_emitter_retain(arguments[1].as.object);
    responses[response_count] = (nh_server_response *)(void *)response;
    nh_outgoing_message_set_send_date(nh_as_outgoing_message(response), false);
    response_count++;
}

/* A server with these requests, whose responses are kept; the turn of the program begins. */
static void open_server(const char *requests) {
    REQUIRE_TRUE(fixture_open(&fixture));
    response_count = 0;
    ASSERT_NO_ERROR(nh_server_new(fixture.loop, nh_undefined(), nh_undefined(), &server));
    (void)nh_emitter_on(nh_as_emitter(server), "request", keep_response, NULL);
    duplex = fixture_duplex(&fixture);
    nh_value value = nh_value_of_object(nh_as_emitter(duplex));
    nh_loop_begin_turn(fixture.loop);
    (void)nh_emitter_emit_value(nh_as_emitter(server), "connection", value);
    nh_loop_end_turn(fixture.loop);
    nh_value_release(&value);
    fixture_receive(duplex, requests);
    nh_loop_begin_turn(fixture.loop);
}

static void close_server(const char *wire) {
    nh_loop_end_turn(fixture.loop);
    ASSERT_WIRE(&fixture, wire);
    nh_loop_begin_turn(fixture.loop);
    nh_stream_destroy(duplex, NULL);
    nh_loop_end_turn(fixture.loop);
    for (size_t i = 0; i < response_count; i++) {
        nh_emitter_release(nh_as_emitter(responses[i]));
    }
    nh_emitter_release(nh_as_emitter(duplex));
    nh_emitter_release(nh_as_emitter(server));
    fixture_close(&fixture);
}

static nh_outgoing_message *message(size_t index) {
    return nh_as_outgoing_message(responses[index]);
}

static nh_error *hint(const char *link) {
    nh_value hints = nh_map_new(&fixture.memory.memory);
    (void)nh_map_set_take(hints, "link", text(link));
    nh_error *error =
        nh_server_response_write_early_hints(responses[response_count - 1], hints, nh_undefined());
    nh_value_release(&hints);
    return error;
}

static void end_text(size_t index, const char *value) {
    nh_value chunk = text(value);
    ASSERT_NO_ERROR(nh_outgoing_message_end(message(index), chunk, nh_undefined(), nh_undefined()));
    nh_value_release(&chunk);
}

static void links_may_have_any_white_space(void) {
    static const struct {
        const char *link;
        bool legal;
    } cases[] = {
        {"<a>", true},
        {"<>", true},
        {"<a>; rel=x ;as=\"y\"", true},
        {"<a>\xC2\xA0; rel=x", true},
        {"<a>;\xE2\x80\xA8rel=x", true},
        {"<a>\xEF\xBB\xBF;a", true},
        {"<a>;a==\"b\"", true},
        {"<a>;\xC3\xA9=x", true},
        {"<a>; re\xC2\xA0l=x", false},
        {"<a>; rel=x\xE3\x80\x80y", false},
        {"<a>;a=\"b\xC2\xA0\"", false},
        {"<a> ", false},
        {"<a>;", false},
        {"<a>;=\"b\"", false},
        {"<a>;a\"b\"", false},
        {"<a>;a=\"b", false},
        {"a", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        open_server(GET);
        nh_error *error = hint(cases[i].link);
        ASSERT_STR_EQ(error == NULL ? "none" : nh_error_code(error),
                      cases[i].legal ? "none" : "ERR_INVALID_ARG_VALUE");
        nh_error_release(error);
        nh_loop_end_turn(fixture.loop);
        ASSERT_TRUE((fixture.wire_length != 0) == cases[i].legal);
        fixture.wire_length = 0;
        fixture.wire[0] = '\0';
        nh_loop_begin_turn(fixture.loop);
        close_server("");
    }
}

static void interim_heads_that_wait_may_be_overtaken(void) {
    open_server(GET GET);
    ASSERT_NO_ERROR(hint("<a>"));
    ASSERT_NO_ERROR(nh_outgoing_message_end_bytes(message(1), nh_bytes_of("xy", 2)));
    end_text(0, "1");
    close_server(OK KEPT "Content-Length: 1\r\n\r\n1" OK KEPT "Content-Length: 2\r\n\r\n"
                         "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nxy");
    open_server(GET GET);
    ASSERT_NO_ERROR(hint("<a>"));
    end_text(1, "xy");
    end_text(0, "1");
    close_server(OK KEPT "Content-Length: 1\r\n\r\n1"
                         "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" OK KEPT
                         "Content-Length: 2\r\n\r\nxy");
}

static void corked_chunks_follow_the_end(void) {
    open_server(GET);
    ASSERT_NO_ERROR(nh_outgoing_message_write_bytes(message(0), nh_bytes_of("a", 1), NULL));
    nh_outgoing_message_cork(message(0));
    ASSERT_NO_ERROR(nh_outgoing_message_write_bytes(message(0), nh_bytes_of("b", 1), NULL));
    end_text(0, "c");
    close_server(OK KEPT "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n2\r\nbc\r\n");
}

static void heads_have_the_encoding_of_what_follows(void) {
    open_server(GET);
    ASSERT_NO_ERROR(nh_outgoing_message_set_header_text(message(0), "X", "\xC3\xA9"));
    ASSERT_NO_ERROR(nh_outgoing_message_end_bytes(message(0), nh_bytes_of("a", 1)));
    close_server(OK "X: \xE9\r\n" KEPT "Content-Length: 1\r\n\r\na");
    open_server(GET);
    ASSERT_NO_ERROR(nh_outgoing_message_set_header_text(message(0), "X", "\xC3\xA9"));
    end_text(0, "a");
    close_server(OK "X: \xC3\xA9\r\n" KEPT "Content-Length: 1\r\n\r\na");
    open_server(GET);
    ASSERT_NO_ERROR(
        nh_outgoing_message_set_header_text(message(0), "Content-Disposition", "\xC3\x84\xC2\x8A"));
    ASSERT_NO_ERROR(nh_outgoing_message_end_bytes(message(0), nh_bytes_of("a", 1)));
    close_server(OK "Content-Disposition: \n\r\n" KEPT "Content-Length: 1\r\n\r\na");
}

/* One header, and end() with a body of known length: the error's code, or "". */
static const char *code_of_end(const char *name, nh_value value, nh_value *out_left) {
    static char code[64];
    nh_value name_value = text(name);
    nh_value chunk = text("a");
    ASSERT_NO_ERROR(nh_outgoing_message_set_header(message(0), name_value, value));
    nh_error *error = nh_outgoing_message_end(message(0), chunk, nh_undefined(), nh_undefined());
    (void)snprintf(code, sizeof(code), "%s", error == NULL ? "" : nh_error_code(error));
    ASSERT_NO_ERROR(nh_outgoing_message_get_header(message(0), name_value, out_left));
    nh_error_release(error);
    nh_value_release(&chunk);
    nh_value_release(&name_value);
    nh_value_release(&value);
    return code;
}

static void dispositions_of_a_known_length_are_bytes(void) {
    nh_value left = nh_undefined();
    const nh_value others[] = {nh_number(5), nh_null(), nh_boolean(true)};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        open_server(GET);
        ASSERT_STR_EQ(code_of_end("Content-Disposition", others[i], &left), "ERR_INVALID_ARG_TYPE");
        close_server("");
    }
    open_server(GET);
    nh_value list = nh_list_new(&fixture.memory.memory);
    (void)nh_list_append_take(list, text("b"));
    (void)nh_list_append(list, nh_null());
    ASSERT_STR_EQ(code_of_end("Content-Disposition", list, &left), "ERR_INVALID_ARG_TYPE");
    ASSERT_TRUE(nh_list_get(left, 0).type == NH_BUFFER && nh_list_get(left, 1).type == NH_NULL);
    nh_value_release(&left);
    close_server("");
    open_server(GET);
    list = nh_list_new(&fixture.memory.memory);
    (void)nh_list_append_take(list, nh_list_new(&fixture.memory.memory));
    (void)nh_list_append(nh_list_get(list, 0), nh_number(65));
    (void)nh_list_append(nh_list_get(list, 0), nh_number(322));
    ASSERT_STR_EQ(code_of_end("Content-Disposition", list, &left), "");
    nh_value_release(&left);
    close_server(OK "Content-Disposition: AB\r\n" KEPT "Content-Length: 1\r\n\r\na");
    open_server(GET);
    ASSERT_STR_EQ(code_of_end("Content-Location", nh_number(5), &left), "");
    nh_value_release(&left);
    close_server(OK "Content-Location: 5\r\n" KEPT "Content-Length: 1\r\n\r\na");
}

/* Names are looked up in lower case, which the Kelvin sign has among the letters of tokens. */
static void names_with_a_kelvin_sign_are_found(void) {
    static const char *const names[] = {"coo\xE2\x84\xAAie", "\xE2\x84\xAA\xE2\x84\xAA",
                                        "coo\xE2\x84\xAA", "coo\xE2\x84"};
    open_server(GET);
    ASSERT_NO_ERROR(nh_outgoing_message_set_header_text(message(0), "Cookie", "a"));
    ASSERT_NO_ERROR(nh_outgoing_message_set_header_text(message(0), "KK", "a"));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        nh_value name = text(names[i]);
        bool has = false;
        ASSERT_NO_ERROR(nh_outgoing_message_has_header(message(0), name, &has));
        ASSERT_TRUE(has == (i < 2));
        ASSERT_NO_ERROR(nh_outgoing_message_remove_header(message(0), name));
        nh_value_release(&name);
    }
    end_text(0, "a");
    close_server(OK KEPT "Content-Length: 1\r\n\r\na");
}

static nh_error *write_head(int status, nh_value reason, nh_value headers) {
    nh_error *error =
        nh_server_response_write_head(responses[0], nh_number(status), reason, headers);
    nh_value_release(&reason);
    nh_value_release(&headers);
    return error;
}

static void assert_reason(const char *expected) {
    nh_value reason = nh_server_response_status_message(responses[0]);
    ASSERT_TRUE(nh_value_is_text(reason, expected));
    nh_value_release(&reason);
}

/* What writeHead() does to statusMessage stays if it fails behind that. */
static void reasons_of_heads_that_fail_stay(void) {
    open_server(GET);
    ASSERT_NO_ERROR(nh_outgoing_message_set_header_text(message(0), "From", "a"));
    nh_value headers = nh_map_new(&fixture.memory.memory);
    (void)nh_map_set_take(headers, "X", text("\x02"));
    nh_error *error = write_head(204, nh_undefined(), headers);
    ASSERT_STR_EQ(nh_error_code(error), "ERR_INVALID_CHAR");
    nh_error_release(error);
    assert_reason("No Content");
    headers = nh_list_new(&fixture.memory.memory);
    (void)nh_list_append_take(headers, text("a"));
    error = write_head(200, text(""), headers);
    ASSERT_STR_EQ(nh_error_code(error), "ERR_INVALID_ARG_VALUE");
    nh_error_release(error);
    assert_reason("");
    end_text(0, "a");
    close_server(OK "From: a\r\n" KEPT "Content-Length: 1\r\n\r\na");
}

static void give_duplex(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)data;
    *out_result = nh_value_of_object(nh_as_emitter(duplex));
}

static void heads_that_expect_leave_as_text(void) {
    REQUIRE_TRUE(fixture_open(&fixture));
    duplex = fixture_duplex(&fixture);
    nh_memory *memory = &fixture.memory.memory;
    nh_value options = nh_map_new(memory);
    nh_value headers = nh_map_new(memory);
    nh_client_request *request = NULL;
    (void)nh_map_set_take(headers, "Expect", text("100-continue"));
    (void)nh_map_set_take(headers, "X", text("\xC3\xA9"));
    (void)nh_map_set_take(options, "headers", headers);
    (void)nh_map_set_take(options, "createConnection",
                          nh_function_new(memory, "", give_duplex, NULL, NULL));
    nh_loop_begin_turn(fixture.loop);
    ASSERT_NO_ERROR(
        nh_http_request(fixture.loop, options, nh_undefined(), nh_undefined(), &request));
    nh_value_release(&options);
    nh_loop_end_turn(fixture.loop);
    ASSERT_WIRE(&fixture, "GET / HTTP/1.1\r\nExpect: 100-continue\r\nX: \xC3\xA9\r\n"
                          "Host: localhost:80\r\nConnection: close\r\n\r\n");
    nh_loop_begin_turn(fixture.loop);
    nh_stream_destroy(duplex, NULL);
    nh_loop_end_turn(fixture.loop);
    nh_emitter_release(nh_as_emitter(request));
    nh_emitter_release(nh_as_emitter(duplex));
    fixture_close(&fixture);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(links_may_have_any_white_space),
        UNIT_CASE(interim_heads_that_wait_may_be_overtaken),
        UNIT_CASE(corked_chunks_follow_the_end),
        UNIT_CASE(heads_have_the_encoding_of_what_follows),
        UNIT_CASE(dispositions_of_a_known_length_are_bytes),
        UNIT_CASE(names_with_a_kelvin_sign_are_found),
        UNIT_CASE(reasons_of_heads_that_fail_stay),
        UNIT_CASE(heads_that_expect_leave_as_text),
    };
    return UNIT_RUN("outgoing_head", cases, argc, argv);
}
