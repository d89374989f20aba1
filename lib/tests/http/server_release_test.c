/* What a server on Duplexes lets go of, and when: exchanges that never end, a loop that is freed.
 */
#include "http/fixture.h"

#include <string.h>

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static struct fixture fixture;
static nh_server *server;
static nh_stream *duplex;

static void open_on(nh_stream *(*make_duplex)(struct fixture *fixture)) {
    REQUIRE_TRUE(fixture_open(&fixture));
    ASSERT_NO_ERROR(nh_server_new(fixture.loop, nh_undefined(), nh_undefined(), &server));
    duplex = make_duplex(&fixture);
}

static void listen_to_server(const char *event, nh_listener listener) {
    (void)nh_emitter_on(nh_as_emitter(server), event, listener, NULL);
}

static void connect_duplex(void) {
    nh_value value = nh_value_of_object(nh_as_emitter(duplex));
    nh_loop_begin_turn(fixture.loop);
    (void)nh_emitter_emit_value(nh_as_emitter(server), "connection", value);
    nh_loop_end_turn(fixture.loop);
    nh_value_release(&value);
}

static void destroy_duplex(void) {
    nh_loop_begin_turn(fixture.loop);
    nh_stream_destroy(duplex, NULL);
    nh_loop_end_turn(fixture.loop);
    fixture_run(&fixture);
}

/* Asserts that nothing is left. */
static void close_all(void) {
    destroy_duplex();
    nh_emitter_release(nh_as_emitter(duplex));
    nh_emitter_release(nh_as_emitter(server));
    fixture_close(&fixture);
}

static void note_gone(void *data) {
    fixture_note(&fixture, "%s", (const char *)data);
}

static void ignore_event(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    (void)data;
}

/* Notes when the request and the response of an event go. */
static void mark_exchange(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    static char names[2][16] = {"request-gone", "response-gone"};
    (void)emitter;
    (void)count;
    (void)data;
    for (size_t i = 0; i < 2; i++) {
        (void)nh_emitter_add_listener(arguments[i].as.object, "mark", ignore_event, names[i],
                                      note_gone, NH_LISTENER_PLAIN);
    }
}

/* --- responses that wait -------------------------------------------------------------------- */

static void pipe_back(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    mark_exchange(emitter, arguments, count, data);
    ASSERT_NO_ERROR(
        nh_readable_pipe(nh_as_stream(arguments[0].as.object), arguments[1].as.object, true));
}

/* The second response never gets its turn: it does not close, and it references its request. */
static void lets_go_of_pipes_into_queued_responses(void) {
    open_on(fixture_duplex);
    listen_to_server("request", pipe_back);
    connect_duplex();
    fixture_receive(duplex, "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
                            "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\ncd");
    destroy_duplex();
    ASSERT_TRACE(&fixture, "response-gone request-gone response-gone request-gone");
    close_all();
}

#define UPGRADE "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n"

/* The connection is handed over while a response waits behind one that says 'Connection: close',
 * and after it: nobody listens to the socket when it closes. */
static void lets_go_of_responses_behind_the_last_one(void) {
    static const char *const cases[][3] = {
        {"GET /without-host HTTP/1.1\r\n\r\n" GET UPGRADE, "", "response-gone request-gone"},
        {"GET /without-host HTTP/1.1\r\n\r\n" GET, UPGRADE, "request-gone response-gone"},
    };
    for (size_t i = 0; i < 2; i++) {
        open_on(fixture_duplex);
        listen_to_server("request", mark_exchange);
        listen_to_server("upgrade", ignore_event);
        connect_duplex();
        fixture_receive(duplex, cases[i][0]);
        fixture_receive(duplex, cases[i][1]);
        destroy_duplex();
        ASSERT_TRACE(&fixture, cases[i][2]);
        close_all();
    }
}

/* The program announces one Duplex twice. Both connections read everything: a response of the first
 * has the Duplex, so that one of the second waits for ever. */
static void lets_go_of_responses_behind_those_of_another_connection(void) {
    open_on(fixture_duplex);
    listen_to_server("request", mark_exchange);
    listen_to_server("upgrade", ignore_event);
    connect_duplex();
    connect_duplex();
    fixture_receive(duplex, GET UPGRADE);
    destroy_duplex();
    ASSERT_TRACE(&fixture, "response-gone request-gone request-gone response-gone");
    close_all();
}

/* --- writes that never end ------------------------------------------------------------------ */

static void answer(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    mark_exchange(emitter, arguments, count, data);
    nh_value body = nh_string_of(&fixture.memory.memory, "hello");
    ASSERT_NO_ERROR(nh_outgoing_message_end(nh_as_outgoing_message(arguments[1].as.object), body,
                                            nh_undefined(), nh_undefined()));
    nh_value_release(&body);
}

/* The response waits in the queue of its Duplex for 'finish', and references the Duplex. */
static void lets_go_of_a_response_that_is_never_taken(void) {
    open_on(fixture_stalled_duplex);
    listen_to_server("request", answer);
    connect_duplex();
    fixture_receive(duplex, GET GET);
    destroy_duplex();
    ASSERT_TRACE(&fixture, "response-gone request-gone request-gone");
    close_all();
    ASSERT_TRACE(&fixture, "response-gone"); /* not before the loop */
}

/* --- a response with two connections -------------------------------------------------------- */

static nh_stream *other;

static void move_to_other(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    mark_exchange(emitter, arguments, count, data);
    nh_server_response *response = (nh_server_response *)(void *)arguments[1].as.object;
    ASSERT_NO_ERROR(nh_server_response_assign_socket(response, other));
    ASSERT_TRUE(nh_outgoing_message_socket(nh_as_outgoing_message(response)) == other);
}

static void lets_go_of_a_response_that_was_moved(void) {
    for (int other_first = 0; other_first < 2; other_first++) {
        open_on(fixture_duplex);
        other = fixture_duplex(&fixture);
        listen_to_server("request", move_to_other);
        connect_duplex();
        fixture_receive(duplex, GET);
        if (other_first == 0) {
            destroy_duplex();
        }
        nh_loop_begin_turn(fixture.loop);
        nh_stream_destroy(other, NULL);
        nh_loop_end_turn(fixture.loop);
        nh_emitter_release(nh_as_emitter(other));
        close_all();
    }
}

/* --- disposal ------------------------------------------------------------------------------- */

static void ignore_call(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)data;
    (void)out_result;
}

static void is_freed_while_it_is_disposed_of(void) {
    open_on(fixture_duplex);
    nh_value settled = nh_function_new(&fixture.memory.memory, "", ignore_call, NULL, NULL);
    nh_listen_options listen;
    nh_listen_options_init(&listen);
    listen.port = nh_number(8080);
    nh_loop_begin_turn(fixture.loop);
    ASSERT_NO_ERROR(nh_net_server_listen(nh_as_net_server(server), &listen, nh_undefined()));
    nh_server_async_dispose(server, settled);
    nh_loop_end_turn(fixture.loop);
    nh_value_release(&settled);
    close_all(); /* before the loop has come to rest; asserts that nothing is left */
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(lets_go_of_pipes_into_queued_responses),
        UNIT_CASE(lets_go_of_responses_behind_the_last_one),
        UNIT_CASE(lets_go_of_responses_behind_those_of_another_connection),
        UNIT_CASE(lets_go_of_a_response_that_is_never_taken),
        UNIT_CASE(lets_go_of_a_response_that_was_moved),
        UNIT_CASE(is_freed_while_it_is_disposed_of),
    };
    return UNIT_RUN("server_release", cases, argc, argv);
}
