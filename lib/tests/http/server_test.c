/* The server on the simulator: whole exchanges, timeouts, and what happens without memory. */
#include "http/fixture.h"

#include <stdio.h>
#include <string.h>

static struct fixture fixture;
static nh_server *server;
static nh_socket *client;
static char received[65536];
static size_t received_length;

#define OK "HTTP/1.1 200 OK\r\n"
#define KEPT "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"

/* --- the client, a plain socket ------------------------------------------------------------- */

static void on_client_data(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    (void)emitter;
    (void)count;
    (void)data;
    nh_bytes bytes = nh_value_bytes(arguments[0]);
    if (bytes.length < sizeof(received) - received_length) {
        memcpy(received + received_length, bytes.data, bytes.length);
        received_length += bytes.length;
        received[received_length] = '\0';
    }
}

static void note(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    fixture_note(&fixture, "%s", (const char *)data);
}

static void ignore(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    (void)data;
}

static void send_text(const char *text) {
    if (client == NULL) {
        return;
    }
    nh_loop_begin_turn(fixture.loop);
    nh_error_release(nh_writable_write_bytes(nh_as_stream(client), nh_bytes_of_text(text), NULL));
    nh_loop_end_turn(fixture.loop);
}

/* Runs what happens within `milliseconds` of virtual time. */
static void pass(uint64_t milliseconds) {
    nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + milliseconds);
}

/* False when there was no memory. */
static bool connect_client(void) {
    nh_value address = nh_net_server_address(nh_as_net_server(server));
    nh_socket_options options;
    nh_socket_options_init(&options);
    options.port = nh_map_get(address, "port");
    options.host = nh_string_of(&fixture.memory.memory, "127.0.0.1");
    nh_loop_begin_turn(fixture.loop);
    nh_error *error = nh_net_create_connection(fixture.loop, &options, nh_undefined(), &client);
    if (client != NULL) {
        (void)nh_emitter_on(nh_as_emitter(client), "data", on_client_data, NULL);
        (void)nh_emitter_on(nh_as_emitter(client), "error", ignore, NULL);
    }
    nh_loop_end_turn(fixture.loop);
    nh_value_release(&options.host);
    nh_value_release(&address);
    bool connected = error == NULL;
    nh_error_release(error);
    pass(10);
    return connected;
}

/* --- the server ----------------------------------------------------------------------------- */

/* Answers GET with a greeting; echoes everything else. */
static void end_response(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    nh_outgoing_message *response = data;
    nh_error *error =
        nh_outgoing_message_end(response, nh_undefined(), nh_undefined(), nh_undefined());
    if (error != NULL) {
        nh_outgoing_message_destroy(response, error);
        nh_error_release(error);
    }
}

static void echo(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)count;
    nh_error *error =
        nh_outgoing_message_write(data, arguments[0], nh_undefined(), nh_undefined(), NULL);
    if (error != NULL) {
        nh_outgoing_message_destroy(data, error);
        nh_error_release(error);
    }
}

static void release(void *data) {
    nh_emitter_release(data);
}

static bool add_retained(nh_emitter *emitter, const char *event, nh_listener listener,
                         nh_emitter *object) {
    if (!nh_emitter_add_listener(emitter, event, listener, object, release, NH_LISTENER_PLAIN)) {
        return false;
    }
    (void)nh_emitter_retain(object);
    return true;
}

static void on_request(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)count;
    (void)data;
    nh_emitter *request = arguments[0].as.object;
    nh_emitter *response = arguments[1].as.object;
    nh_value method = nh_incoming_message_method((nh_incoming_message *)(void *)request);
    bool is_get = nh_value_is_text(method, "GET");
    nh_value_release(&method);
    if (!is_get) {
        if (!add_retained(request, "data", echo, response) ||
            !add_retained(request, "end", end_response, response)) {
            nh_outgoing_message_destroy(nh_as_outgoing_message(response), NULL);
        }
        return;
    }
    nh_value greeting = nh_string_of(&fixture.memory.memory, "hello");
    nh_error *error = nh_outgoing_message_end(nh_as_outgoing_message(response), greeting,
                                              nh_undefined(), nh_undefined());
    nh_value_release(&greeting);
    if (error != NULL) {
        nh_outgoing_message_destroy(nh_as_outgoing_message(response), error);
        nh_error_release(error);
    }
}

/* False when there was no memory. */
static bool start(nh_value options) {
    server = NULL;
    client = NULL;
    received_length = 0;
    received[0] = '\0';
    if (!fixture_open(&fixture)) {
        return false;
    }
    nh_error *error = nh_server_new(fixture.loop, options, nh_undefined(), &server);
    if (error == NULL) {
        nh_listen_options listen_options;
        nh_listen_options_init(&listen_options);
        listen_options.port = nh_number(0);
        bool added = nh_emitter_on(nh_as_emitter(server), "request", on_request, NULL) &&
                     nh_emitter_on(nh_as_emitter(server), "error", ignore, NULL);
        nh_loop_begin_turn(fixture.loop);
        error =
            added ? nh_net_server_listen(nh_as_net_server(server), &listen_options, nh_undefined())
                  : nh_error_out_of_memory();
        nh_loop_end_turn(fixture.loop);
    }
    bool started = error == NULL;
    nh_error_release(error);
    return started;
}

static void stop(void) {
    if (fixture.loop != NULL) {
        nh_loop_begin_turn(fixture.loop);
        if (client != NULL) {
            nh_stream_destroy(nh_as_stream(client), NULL);
        }
        if (server != NULL) {
            nh_server_close(server, nh_undefined());
            nh_server_close_all_connections(server);
        }
        nh_loop_end_turn(fixture.loop);
        fixture_run(&fixture);
        if (client != NULL) {
            nh_emitter_release(nh_as_emitter(client));
        }
        if (server != NULL) {
            nh_emitter_release(nh_as_emitter(server));
        }
    }
    fixture_close(&fixture);
}

static void assert_received(const char *expected) {
    ASSERT_STR_EQ(received, expected);
    received_length = 0;
    received[0] = '\0';
}

/* --- exchanges ------------------------------------------------------------------------------ */

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST                                                                                       \
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"                             \
    "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
#define GREETING OK DATE KEPT "Content-Length: 5\r\n\r\nhello"
#define ECHO OK DATE KEPT "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"

static void serves_several_requests_on_a_connection(void) {
    REQUIRE_TRUE(start(nh_undefined()));
    ASSERT_TRUE(connect_client());
    send_text(GET);
    pass(10);
    assert_received(GREETING);
    send_text(POST);
    pass(10);
    assert_received(ECHO);
    send_text(GET GET);
    pass(10);
    assert_received(GREETING GREETING);
    stop();
}

static void closes_idle_connections_after_a_while(void) {
    REQUIRE_TRUE(start(nh_undefined()));
    ASSERT_TRUE(connect_client());
    (void)nh_emitter_on(nh_as_emitter(client), "end", note, "end");
    send_text(GET);
    pass(5990);
    assert_received(GREETING);
    ASSERT_TRACE(&fixture, "");
    pass(20);
    ASSERT_TRACE(&fixture, "end");
    stop();
}

static void answers_slow_heads_with_408(void) {
    REQUIRE_TRUE(start(nh_undefined()));
    ASSERT_TRUE(connect_client());
    send_text("GET / HTTP/1.1\r\nHost: ");
    pass(59900);
    assert_received("");
    pass(31000);
    assert_received("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    stop();
}

static void close_leaves_busy_connections_alone(void) {
    REQUIRE_TRUE(start(nh_undefined()));
    ASSERT_TRUE(connect_client());
    (void)nh_emitter_on(nh_as_emitter(server), "close", note, "closed");
    send_text("GET / HTTP/1.1\r\n");
    pass(10);
    nh_loop_begin_turn(fixture.loop);
    nh_server_close(server, nh_undefined());
    nh_loop_end_turn(fixture.loop);
    pass(10);
    ASSERT_TRACE(&fixture, "");
    send_text("Host: x\r\n\r\n");
    pass(10);
    assert_received(GREETING);
    pass(6100);
    ASSERT_TRACE(&fixture, "closed");
    nh_emitter_release(nh_as_emitter(server));
    server = NULL;
    stop();
}

/* --- what the fuzzer of sessions found ------------------------------------------------------ */

static void keep_socket(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)count;
    nh_emitter **kept = data;
    *kept = nh_emitter_retain(arguments[0].as.object);
    (void)nh_emitter_on(*kept, "timeout", note, "timeout");
    (void)nh_emitter_on(*kept, "close", note, "closed");
}

static void times_nothing_out_after_close(void) {
    nh_emitter *kept = NULL;
    REQUIRE_TRUE(start(nh_undefined()));
    (void)nh_emitter_on(nh_as_emitter(server), "connection", keep_socket, &kept);
    ASSERT_TRUE(connect_client());
    nh_loop_begin_turn(fixture.loop);
    nh_error_release(
        nh_writable_write_bytes(nh_as_stream(client), nh_bytes_of_text(GET POST), NULL));
    (void)nh_socket_reset_and_destroy(client);
    nh_loop_end_turn(fixture.loop);
    pass(10000);
    ASSERT_TRACE(&fixture, "closed");
    nh_emitter_release(kept);
    stop();
}

static void closes_after_a_connection_that_cannot_be_read(void) {
    for (uint64_t nth = 1; nth <= 2; nth++) {
        REQUIRE_TRUE(start(nh_undefined()));
        (void)nh_emitter_on(nh_as_emitter(server), "close", note, "closed");
        (void)nh_simulator_fail(fixture.simulator, NULL, NH_SIMULATOR_START_READING, nth,
                                nh_status_of_name("ECONNRESET"));
        ASSERT_TRUE(connect_client());
        nh_loop_begin_turn(fixture.loop);
        nh_stream_destroy(nh_as_stream(client), NULL);
        nh_server_close(server, nh_undefined());
        nh_loop_end_turn(fixture.loop);
        pass(10);
        ASSERT_TRACE(&fixture, "closed");
        stop();
    }
}

static void leaves_exchanges_under_way_to_the_loop(void) {
    REQUIRE_TRUE(start(nh_undefined()));
    ASSERT_TRUE(connect_client());
    send_text("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
    pass(10);
    nh_emitter_release(nh_as_emitter(client));
    nh_emitter_release(nh_as_emitter(server));
    fixture_close(&fixture); /* finds leaks */
}

/* --- without memory ------------------------------------------------------------------------- */

static bool exchange_with_refusal(size_t nth) {
    fixture.memory.refuse_at = nth;
    if (start(nh_undefined()) && connect_client()) {
        send_text(GET);
        pass(10);
        send_text(POST);
        pass(10);
        if (nth == 0) {
            assert_received(GREETING ECHO);
        }
    }
    bool refused = fixture.memory.refused;
    fixture.memory.refuse_at = 0;
    stop();
    return refused;
}

static void survives_any_refused_allocation(void) {
    (void)exchange_with_refusal(0);
    size_t nth = 1;
    while (exchange_with_refusal(nth)) {
        nth++;
    }
    ASSERT_TRUE(nth > 20);
}

/* Goes on after a write() that failed, as a program may. */
static void write_and_end(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    (void)emitter;
    (void)count;
    (void)data;
    nh_outgoing_message *response = nh_as_outgoing_message(arguments[1].as.object);
    nh_bytes hello = nh_bytes_of_text("hello");
    nh_error_release(nh_outgoing_message_write_bytes(response, hello, NULL));
    nh_error_release(nh_outgoing_message_end_bytes(response, hello));
}

static bool ends_with(const char *text) {
    size_t length = strlen(text);
    return received_length >= length &&
           memcmp(received + received_length - length, text, length) == 0;
}

/* Whatever was refused, the head says how the body is framed. */
static void frames_what_follows_a_refused_head(void) {
    bool refused = true;
    for (size_t nth = 1; refused; nth++) {
        REQUIRE_TRUE(start(nh_undefined()));
        nh_emitter_remove_all_listeners(nh_as_emitter(server), "request");
        (void)nh_emitter_on(nh_as_emitter(server), "request", write_and_end, NULL);
        ASSERT_TRUE(connect_client());
        fixture.memory.refuse_at = fixture.memory.requests + nth;
        send_text(GET);
        pass(10);
        if (strstr(received, "Content-Length: 5\r\n") != NULL) {
            ASSERT_TRUE(ends_with("\r\n\r\nhello"));
        } else if (ends_with("hello\r\n0\r\n\r\n")) {
            ASSERT_TRUE(strstr(received, "Transfer-Encoding: chunked\r\n") != NULL);
        }
        refused = fixture.memory.refused;
        fixture.memory.refuse_at = 0;
        stop();
    }
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(serves_several_requests_on_a_connection),
        UNIT_CASE(closes_idle_connections_after_a_while),
        UNIT_CASE(answers_slow_heads_with_408),
        UNIT_CASE(close_leaves_busy_connections_alone),
        UNIT_CASE(times_nothing_out_after_close),
        UNIT_CASE(closes_after_a_connection_that_cannot_be_read),
        UNIT_CASE(leaves_exchanges_under_way_to_the_loop),
        UNIT_CASE(survives_any_refused_allocation),
        UNIT_CASE(frames_what_follows_a_refused_head),
    };
    return UNIT_RUN("server", cases, argc, argv);
}
