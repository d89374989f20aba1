/* The server on Duplexes: what goes over the wire, and in which order things happen. */
#include "http/fixture.h"

#include <string.h>

static struct fixture fixture;
static nh_server *server;
static nh_stream *duplex;

static void open_with(nh_value options) {
    REQUIRE_TRUE(fixture_open(&fixture));
    ASSERT_NO_ERROR(nh_server_new(fixture.loop, options, nh_undefined(), &server));
    duplex = fixture_duplex(&fixture);
}

static void connect_duplex(void) {
    nh_value value = nh_value_of_object(nh_as_emitter(duplex));
    nh_loop_begin_turn(fixture.loop);
    (void)nh_emitter_emit_value(nh_as_emitter(server), "connection", value);
    nh_loop_end_turn(fixture.loop);
    nh_value_release(&value);
}

static void close_all(void) {
    nh_loop_begin_turn(fixture.loop);
    nh_stream_destroy(duplex, NULL);
    nh_loop_end_turn(fixture.loop);
    nh_emitter_release(nh_as_emitter(duplex));
    nh_emitter_release(nh_as_emitter(server));
    fixture_close(&fixture);
}

static nh_value text(const char *value) {
    return nh_string_of(&fixture.memory.memory, value);
}

/* Writes (the first character is 'w') or ends ('e') with the rest as the chunk. */
static void say(nh_outgoing_message *response, const char *what) {
    nh_value chunk = what[1] == '\0' ? nh_undefined() : text(what + 1);
    if (what[0] == 'w') {
        ASSERT_NO_ERROR(
            nh_outgoing_message_write(response, chunk, nh_undefined(), nh_undefined(), NULL));
    } else {
        ASSERT_NO_ERROR(nh_outgoing_message_end(response, chunk, nh_undefined(), nh_undefined()));
    }
    nh_value_release(&chunk);
}

/* --- the wire ------------------------------------------------------------------------------- */

/* Headers ("Name: value", a '-' in front removes one) and parts of the body, all in one request. */
struct wire_case {
    const char *request;
    const char *headers[3];
    double status;
    bool write_head; /* an explicit head */
    const char *parts[4];
    const char *expected;
};

static void apply_header(nh_outgoing_message *response, const char *header) {
    if (header[0] == '-') {
        nh_value name = text(header + 1);
        ASSERT_NO_ERROR(nh_outgoing_message_remove_header(response, name));
        nh_value_release(&name);
        return;
    }
    char name[64];
    const char *colon = strchr(header, ':');
    size_t length = (size_t)(colon - header);
    memcpy(name, header, length);
    name[length] = '\0';
    ASSERT_NO_ERROR(nh_outgoing_message_set_header_text(response, name, colon + 2));
}

static void answer_case(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)count;
    const struct wire_case *entry = data;
    nh_server_response *response = (nh_server_response *)(void *)arguments[1].as.object;
    nh_outgoing_message *message = nh_as_outgoing_message(response);
    if (entry->status > 0) {
        nh_server_response_set_status_code(response, nh_number(entry->status));
    }
    for (size_t i = 0; i < 3 && entry->headers[i] != NULL; i++) {
        apply_header(message, entry->headers[i]);
    }
    if (entry->write_head) {
        ASSERT_NO_ERROR(nh_server_response_write_head(
            response, nh_number(entry->status > 0 ? entry->status : 200), nh_undefined(),
            nh_undefined()));
    }
    for (size_t i = 0; i < 4 && entry->parts[i] != NULL; i++) {
        say(message, entry->parts[i]);
    }
}

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET10 "GET / HTTP/1.0\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define KEPT "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
#define CLOSED "Connection: close\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static void frames_responses(void) {
    static const struct wire_case cases[] = {
        {GET, {0}, 0, false, {"ehello"}, OK DATE KEPT "Content-Length: 5\r\n\r\nhello"},
        {GET, {0}, 0, false, {"e"}, OK DATE KEPT "Content-Length: 0\r\n\r\n"},
        {GET, {0}, 0, false, {"whello", "e"}, OK DATE KEPT CHUNKED "\r\n5\r\nhello\r\n0\r\n\r\n"},
        {GET,
         {0},
         0,
         false,
         {"whe", "ello"},
         OK DATE KEPT CHUNKED "\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"},
        {GET, {0}, 0, true, {"ehello"}, OK DATE KEPT CHUNKED "\r\n5\r\nhello\r\n0\r\n\r\n"},
        {GET, {0}, 0, true, {"e"}, OK DATE KEPT CHUNKED "\r\n0\r\n\r\n"},
        {GET,
         {"Content-Length: 5"},
         0,
         false,
         {"whe", "ello"},
         OK "Content-Length: 5\r\n" DATE KEPT "\r\nhello"},
        {GET10, {0}, 0, false, {"whe", "ello"}, OK DATE CLOSED "\r\nhello"},
        {GET10, {0}, 0, false, {"e"}, OK DATE CLOSED "\r\n"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
         {"Content-Length: 5"},
         0,
         false,
         {"ehello"},
         OK "Content-Length: 5\r\n" DATE KEPT "\r\nhello"},
        {"GET / HTTP/1.0\r\nTE: chunked\r\n\r\n",
         {0},
         0,
         false,
         {"wx", "e"},
         OK DATE CLOSED CHUNKED "\r\n1\r\nx\r\n0\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
         {0},
         0,
         false,
         {"ehello"},
         OK DATE CLOSED "Content-Length: 5\r\n\r\nhello"},
        {"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", {0}, 0, false, {"wab", "ecd"}, OK DATE KEPT "\r\n"},
        {"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
         {"Content-Length: 5"},
         0,
         false,
         {"ehello"},
         OK "Content-Length: 5\r\n" DATE KEPT "\r\n"},
        {GET, {0}, 204, false, {"ehello"}, "HTTP/1.1 204 No Content\r\n" DATE KEPT "\r\n"},
        {GET,
         {"Transfer-Encoding: chunked"},
         304,
         false,
         {"e"},
         "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n" DATE CLOSED "\r\n"},
        {GET,
         {0},
         299,
         false,
         {"e"},
         "HTTP/1.1 299 unknown\r\n" DATE KEPT "Content-Length: 0\r\n\r\n"},
        {GET, {"-Connection"}, 0, false, {"ehello"}, OK DATE "Content-Length: 5\r\n\r\nhello"},
        {GET, {"-Date"}, 0, false, {"ehello"}, OK KEPT "Content-Length: 5\r\n\r\nhello"},
        {GET,
         {"-Content-Length"},
         0,
         false,
         {"ehello"},
         OK DATE KEPT CHUNKED "\r\n5\r\nhello\r\n0\r\n\r\n"},
        {GET, {"-Transfer-Encoding"}, 0, false, {"whe", "ello"}, OK DATE KEPT "\r\nhello"},
        {GET,
         {"Transfer-Encoding: chunked", "Content-Length: 5"},
         0,
         false,
         {"ehello"},
         OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" DATE KEPT
            "\r\n5\r\nhello\r\n0\r\n\r\n"},
        {GET,
         {"Transfer-Encoding: gzip"},
         0,
         false,
         {"ehello"},
         OK "Transfer-Encoding: gzip\r\n" DATE KEPT "\r\nhello"},
        {GET,
         {"Connection: keep-alive"},
         0,
         false,
         {"ehello"},
         OK "Connection: keep-alive\r\n" DATE "Content-Length: 5\r\n\r\nhello"},
        {GET,
         {"Connection: Upgrade, Close"},
         0,
         false,
         {"ehello"},
         OK "Connection: Upgrade, Close\r\n" DATE "Content-Length: 5\r\n\r\nhello"},
        {GET,
         {"Keep-Alive: timeout=99"},
         0,
         false,
         {"ehello"},
         OK "Keep-Alive: timeout=99\r\n" DATE "Connection: keep-alive\r\n"
            "Content-Length: 5\r\n\r\nhello"},
        {GET,
         {"Trailer: X-T"},
         0,
         false,
         {"ehello"},
         OK "Trailer: X-T\r\n" DATE KEPT CHUNKED "\r\n5\r\nhello\r\n0\r\n\r\n"},
        {GET,
         {"Z: 1", "a: 2", "2: x"},
         0,
         false,
         {"ehi"},
         OK "2: x\r\nZ: 1\r\na: 2\r\n" DATE KEPT "Content-Length: 2\r\n\r\nhi"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        open_with(nh_undefined());
        struct wire_case entry = cases[i];
        (void)nh_emitter_on(nh_as_emitter(server), "request", answer_case, &entry);
        connect_duplex();
        fixture_receive(duplex, entry.request);
        ASSERT_WIRE(&fixture, entry.expected);
        close_all();
    }
}

/* --- errors --------------------------------------------------------------------------------- */

static void on_client_error(nh_emitter *emitter, const nh_value *arguments, size_t count,
                            void *data) {
    (void)emitter;
    (void)data;
    ASSERT_SIZE_EQ(count, 2);
    const nh_error *error = arguments[0].as.error;
    fixture_note(&fixture, "%s|%s|%.0f", nh_error_code(error), nh_error_message(error),
                 nh_error_property(error, "bytesParsed").as.number);
}

#define BAD_REQUEST "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"

static void reports_parse_errors(void) {
    static const struct {
        const char *bytes;
        const char *trace;
    } cases[] = {
        {"garbage\r\n\r\n", "HPE_INVALID_METHOD|Parse Error: Invalid method encountered|0"},
        {"GETT / HTTP/1.1\r\nHost: x\r\n\r\n",
         "HPE_INVALID_METHOD|Parse Error: Expected space after method|3"},
        {"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
         "HPE_INVALID_CONSTANT|Parse Error: Expected HTTP/|7"},
        {"GET / HTTP/1.2\r\nHost: x\r\n\r\n",
         "HPE_INVALID_VERSION|Parse Error: Invalid HTTP version|14"},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
         "HPE_INVALID_HEADER_TOKEN|Parse Error: Invalid header token|20"},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
         "HPE_UNEXPECTED_CONTENT_LENGTH|Parse Error: Duplicate Content-Length|61"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int listens = 0; listens < 2; listens++) {
            open_with(nh_undefined());
            if (listens != 0) {
                (void)nh_emitter_on(nh_as_emitter(server), "clientError", on_client_error, NULL);
            }
            connect_duplex();
            fixture_receive(duplex, cases[i].bytes);
            ASSERT_TRACE(&fixture, listens != 0 ? cases[i].trace : "");
            ASSERT_WIRE(&fixture, listens != 0 ? "" : BAD_REQUEST);
            ASSERT_TRUE(nh_stream_is_destroyed(duplex) == (listens == 0));
            close_all();
        }
    }
}

static void refuses_large_heads_and_missing_hosts(void) {
    open_with(nh_undefined());
    connect_duplex();
    fixture_receive(duplex, "GET / HTTP/1.1\r\nHost: x\r\nA: ");
    char kilobyte[1025];
    memset(kilobyte, 'a', 1024);
    kilobyte[1024] = '\0';
    for (int i = 0; i < 16; i++) {
        fixture_receive(duplex, kilobyte);
    }
    ASSERT_WIRE(&fixture, "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                          "Connection: close\r\n\r\n");
    close_all();

    open_with(nh_undefined());
    connect_duplex();
    fixture_receive(duplex, "GET / HTTP/1.1\r\n\r\n");
    ASSERT_WIRE(&fixture,
                "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n" DATE CHUNKED "\r\n0\r\n\r\n");
    close_all();
}

/* --- order ---------------------------------------------------------------------------------- */

static nh_outgoing_message *responses[4];
static size_t response_count;

static void note_event(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    fixture_note(&fixture, "%s", (const char *)data);
}

static void keep_response(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    static const char *const names[3][4] = {{"/1:socket", "/1:prefinish", "/1:finish", "/1:close"},
                                            {"/2:socket", "/2:prefinish", "/2:finish", "/2:close"},
                                            {"/3:socket", "/3:prefinish", "/3:finish", "/3:close"}};
    static const char *const events[4] = {"socket", "prefinish", "finish", "close"};
    (void)emitter;
    (void)count;
    (void)data;
    nh_incoming_message *request = (nh_incoming_message *)(void *)arguments[0].as.object;
    nh_value url = nh_incoming_message_url(request);
    fixture_note(&fixture, "%s", nh_value_text(url));
    nh_value_release(&url);
    nh_emitter *response = nh_emitter_retain(arguments[1].as.object);
    for (size_t i = 0; i < 4; i++) {
        union {
            const char *name;
            void *data;
        } name = {names[response_count][i]};
        (void)nh_emitter_on(response, events[i], note_event, name.data);
    }
    responses[response_count++] = nh_as_outgoing_message(response);
}

static void gives_responses_their_turns(void) {
    open_with(nh_undefined());
    response_count = 0;
    (void)nh_emitter_on(nh_as_emitter(server), "request", keep_response, NULL);
    connect_duplex();
    fixture_receive(duplex, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
                            "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ASSERT_TRACE(&fixture, "/1 /2 /3");
    ASSERT_NULL(nh_outgoing_message_socket(responses[1]));
    nh_loop_begin_turn(fixture.loop);
    say(responses[2], "e3");
    ASSERT_TRUE(nh_outgoing_message_headers_sent(responses[2]));
    ASSERT_FALSE(nh_outgoing_message_writable_finished(responses[2]));
    say(responses[1], "e2");
    ASSERT_WIRE(&fixture, "");
    say(responses[0], "e1");
    nh_loop_end_turn(fixture.loop);
    ASSERT_TRACE(&fixture, "/1:prefinish /2:socket /2:prefinish /1:finish /1:close /3:socket "
                           "/3:prefinish /2:finish /2:close /3:finish /3:close");
    ASSERT_WIRE(&fixture, OK DATE KEPT "Content-Length: 1\r\n\r\n1" OK DATE KEPT
                                       "Content-Length: 1\r\n\r\n2" OK DATE CLOSED
                                       "Content-Length: 1\r\n\r\n3");
    for (size_t i = 0; i < 3; i++) {
        nh_emitter_release(nh_as_emitter(responses[i]));
    }
    close_all();
}

/* --- without memory ------------------------------------------------------------------------- */

/* Uses as much of a response as fits into one request; every error is taken as it comes. */
static void answer_at_length(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    (void)emitter;
    (void)count;
    (void)data;
    nh_memory *memory = &fixture.memory.memory;
    nh_incoming_message *request = (nh_incoming_message *)(void *)arguments[0].as.object;
    nh_server_response *response = (nh_server_response *)(void *)arguments[1].as.object;
    nh_outgoing_message *message = nh_as_outgoing_message(response);
    nh_value headers = nh_incoming_message_headers(request);
    nh_value raw = nh_incoming_message_raw_headers(request);
    nh_value chunk = text("chunk");
    nh_value trailers = nh_map_new(memory);
    (void)nh_map_set(trailers, "T", chunk);
    nh_error *errors[] = {
        nh_server_response_write_continue(response, nh_undefined()),
        nh_outgoing_message_set_header_text(message, "X-A", "1"),
        nh_outgoing_message_set_header_text(message, "Trailer", "T"),
        nh_outgoing_message_write(message, chunk, nh_undefined(), nh_undefined(), NULL),
        nh_outgoing_message_add_trailers(message, trailers),
    };
    nh_outgoing_message_cork(message);
    nh_error *more[] = {
        nh_outgoing_message_write(message, chunk, nh_undefined(), nh_undefined(), NULL),
        nh_outgoing_message_write_bytes(message, nh_bytes_of("ab", 2), NULL),
    };
    nh_outgoing_message_uncork(message);
    nh_error *end =
        nh_outgoing_message_end(message, nh_undefined(), nh_undefined(), nh_undefined());
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        nh_error_release(errors[i]);
    }
    nh_error_release(more[0]);
    nh_error_release(more[1]);
    if (end != NULL) {
        nh_outgoing_message_destroy(message, end);
        nh_error_release(end);
    }
    nh_value_release(&headers);
    nh_value_release(&raw);
    nh_value_release(&chunk);
    nh_value_release(&trailers);
}

/* Ends again when that failed. */
static void end_until_it_works(nh_emitter *emitter, const nh_value *arguments, size_t count,
                               void *data) {
    static const char *const bodies[] = {"hello", "again"};
    (void)emitter;
    (void)count;
    (void)data;
    nh_outgoing_message *message = nh_as_outgoing_message(arguments[1].as.object);
    bool failed = true;
    for (size_t i = 0; i < 2 && failed; i++) {
        nh_value body = text(bodies[i]);
        nh_error *error = nh_outgoing_message_end(message, body, nh_undefined(), nh_undefined());
        nh_value_release(&body);
        failed = error != NULL;
        nh_error_release(error);
    }
}

static void take_over(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)data;
    ASSERT_SIZE_EQ(count, 3);
    nh_error_release(
        nh_writable_write_bytes(nh_as_stream(arguments[1].as.object), nh_bytes_of("raw", 3), NULL));
}

/* One connection on which the nth allocation is refused; whether it came to that. */
static bool serve_with_refusal(const char *bytes, bool one_by_one, nh_listener answer, size_t nth) {
    fixture.memory.refuse_at = nth;
    server = NULL;
    duplex = NULL;
    if (fixture_open(&fixture)) {
        nh_error_release(nh_server_new(fixture.loop, nh_undefined(), nh_undefined(), &server));
        duplex = fixture_duplex(&fixture);
    }
    if (server != NULL && duplex != NULL) {
        (void)nh_emitter_on(nh_as_emitter(server), "request", answer, NULL);
        (void)nh_emitter_on(nh_as_emitter(server), "upgrade", take_over, NULL);
        connect_duplex();
        for (size_t i = 0; one_by_one && bytes[i] != '\0'; i++) {
            char one[2] = {bytes[i], '\0'};
            fixture_receive(duplex, one);
        }
        if (!one_by_one) {
            fixture_receive(duplex, bytes);
        }
    }
    bool refused = fixture.memory.refused;
    fixture.memory.refuse_at = 0;
    if (duplex != NULL) {
        nh_loop_begin_turn(fixture.loop);
        nh_stream_destroy(duplex, NULL);
        nh_loop_end_turn(fixture.loop);
        nh_emitter_release(nh_as_emitter(duplex));
    }
    if (server != NULL) {
        nh_emitter_release(nh_as_emitter(server));
    }
    fixture_close(&fixture);
    return refused;
}

static void survives_refusals_on_every_path(void) {
    static const char *const inputs[] = {
        GET GET "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\nT: v\r\n\r\n" GET,
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: x\r\nExpect: else\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\nrest",
        "CONNECT h:1 HTTP/1.1\r\nHost: x\r\n\r\nrest",
        GET "garbage\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
            size_t nth = 1;
            while (serve_with_refusal(inputs[i], one_by_one != 0, answer_at_length, nth)) {
                nth++;
            }
            ASSERT_TRUE(nth > 20);
        }
    }
}

/* What was sent of a response cannot be taken back: nothing may follow. */
static void sends_no_second_body_after_a_refusal(void) {
    size_t nth = 1;
    bool refused = true;
    for (; refused; nth++) {
        refused = serve_with_refusal(GET, false, end_until_it_works, nth);
        const char *body = strstr(fixture.wire, "\r\n\r\n");
        if (body != NULL && strcmp(body, "\r\n\r\n") != 0 && strcmp(body, "\r\n\r\nagain") != 0) {
            ASSERT_STR_EQ(body, "\r\n\r\nhello");
        }
    }
    ASSERT_TRUE(nth > 20);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(frames_responses),
        UNIT_CASE(reports_parse_errors),
        UNIT_CASE(refuses_large_heads_and_missing_hosts),
        UNIT_CASE(gives_responses_their_turns),
        UNIT_CASE(survives_refusals_on_every_path),
        UNIT_CASE(sends_no_second_body_after_a_refusal),
    };
    return UNIT_RUN("server_duplex", cases, argc, argv);
}
