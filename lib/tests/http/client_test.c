/* Requests against a raw peer on the simulator: what they emit, in which order. Expectations are
 * what Node.js 23.5.0 does. */
#include "http/client_fixture.h"

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define HI_AND_CLOSE "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
#define PART "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
#define HEAD_ONLY "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
#define REFUSED "error(connect ECONNREFUSED 127.0.0.1:8081)"

/* --- abort() and destroy() at every moment -------------------------------------------------- */

struct order_case {
    const char *answer; /* NULL: none */
    enum moment moment;
    bool leaves_response;
    bool refused;
    const char *abort;         /* the trace of abort() ... */
    const char *destroy;       /* ... destroy() ... */
    const char *destroy_error; /* ... and destroy(error); '*' is the call */
};

static const struct order_case order_cases[] = {
    {NULL, AT_CREATE, false, false, "* close abort", "* error(socket hang up) close",
     "* error(mine) close"},
    {NULL, AT_SOCKET, false, false, "socket * abort error(socket hang up) close",
     "socket * error(socket hang up) close", "socket * error(mine) close"},
    {NULL, AT_FINISH, false, false, "socket finish * abort error(socket hang up) close",
     "socket finish * error(socket hang up) close", "socket finish * error(mine) close"},
    {NULL, AT_TIMEOUT, false, false, "socket finish timeout * abort error(socket hang up) close",
     "socket finish timeout * error(socket hang up) close",
     "socket finish timeout * error(mine) close"},
    {HEAD_ONLY, AT_RESPONSE, false, false,
     "socket finish response(200) * abort res.aborted close res.error(aborted) res.close",
     "socket finish response(200) * res.aborted close res.error(aborted) res.close",
     "socket finish response(200) * error(mine) res.aborted close res.error(aborted) res.close"},
    {PART, AT_RESPONSE, true, false,
     "socket finish response(200) * abort res.aborted close res.error(aborted) res.close",
     "socket finish response(200) * res.aborted close res.error(aborted) res.close",
     "socket finish response(200) * error(mine) res.aborted close res.error(aborted) res.close"},
    {PART, AT_DATA, false, false,
     "socket finish response(200) res.data(abc) * abort res.aborted close res.error(aborted) "
     "res.close",
     "socket finish response(200) res.data(abc) * res.aborted close res.error(aborted) res.close",
     "socket finish response(200) res.data(abc) * error(mine) res.aborted close "
     "res.error(aborted) res.close"},
    {HI, AT_RESPONSE, true, false, "socket finish response(200) * abort res.end close res.close",
     "socket finish response(200) * res.end close res.close",
     "socket finish response(200) * error(mine) res.end close res.close"},
    {HI, AT_DATA, false, false,
     "socket finish response(200) res.data(hi) * res.end abort close res.close",
     "socket finish response(200) res.data(hi) * res.end close res.close",
     "socket finish response(200) res.data(hi) * res.end uncaught(mine) close res.close"},
    {HI, AT_END, false, false,
     "socket finish response(200) res.data(hi) res.end * close abort res.close",
     "socket finish response(200) res.data(hi) res.end * close res.close",
     "socket finish response(200) res.data(hi) res.end * close res.close"},
    {HI_AND_CLOSE, AT_END, false, false,
     "socket finish response(200) res.data(hi) res.end * abort res.close close",
     "socket finish response(200) res.data(hi) res.end * res.close close",
     "socket finish response(200) res.data(hi) res.end * error(mine) res.close close"},
    {HI, AT_CLOSE, false, false,
     "socket finish response(200) res.data(hi) res.end close * abort res.close",
     "socket finish response(200) res.data(hi) res.end close * res.close",
     "socket finish response(200) res.data(hi) res.end close * res.close"},
    {NULL, AT_ERROR, false, true, "socket " REFUSED " * abort close", "socket " REFUSED " * close",
     "socket " REFUSED " * close"},
};

static void run_order_case(const struct order_case *row, enum deed deed, const char *expected) {
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct peer_answer answer = {row->answer, PEER_STAYS};
    struct watched watched = {
        .moment = row->moment, .deed = deed, .leaves_response = row->leaves_response};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &answer, 1));
    nh_value options = peer_options(&fixture);
    set_option(options, "timeout", nh_number(100));
    if (row->refused) {
        set_option(options, "port", nh_number(PEER_PORT + 1));
    }
    watch_request(&watched, &fixture, options);
    end_request(&watched, NULL);
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, expected);
    forget_request(&watched);
    fixture_close(&fixture);
}

static void aborts_and_destroys_in_order(void) {
    for (size_t i = 0; i < sizeof(order_cases) / sizeof(order_cases[0]); i++) {
        run_order_case(&order_cases[i], ABORT, order_cases[i].abort);
        run_order_case(&order_cases[i], DESTROY, order_cases[i].destroy);
        run_order_case(&order_cases[i], DESTROY_ERROR, order_cases[i].destroy_error);
    }
}

/* --- what the peer does --------------------------------------------------------------------- */

struct peer_case {
    struct peer_answer answer;
    const char *expected;
};

static const struct peer_case peer_cases[] = {
    {{HI, PEER_STAYS}, "socket finish response(200) res.data(hi) res.end close res.close"},
    {{HI_AND_CLOSE, PEER_STAYS},
     "socket finish response(200) res.data(hi) res.end res.close close"},
    {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", PEER_STAYS},
     "socket finish response(200) res.data(hi) res.end close res.close"},
    {{"HTTP/1.1 200 OK\r\n\r\nhi", PEER_ENDS},
     "socket finish response(200) res.data(hi) res.end res.close close"},
    {{"HTTP/1.1 204 No Content\r\n\r\n", PEER_STAYS},
     "socket finish response(204) res.end close res.close"},
    {{"HTTP/1.1 100 Continue\r\n\r\n" HI, PEER_STAYS},
     "socket finish continue information response(200) res.data(hi) res.end close res.close"},
    {{"HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhead", PEER_STAYS},
     "socket finish upgrade(head) close"},
    {{NULL, PEER_ENDS}, "socket finish error(socket hang up) close"},
    {{NULL, PEER_RESETS}, "socket finish error(read ECONNRESET) close"},
    {{PART, PEER_ENDS},
     "socket finish response(200) res.data(abc) res.aborted close res.error(aborted) res.close"},
    {{"HTTP/1.1 2x0 OK\r\n\r\n", PEER_STAYS},
     "socket finish error(Parse Error: Invalid status code) close"},
    {{HI "x", PEER_STAYS},
     "socket finish response(200) error(Parse Error: Expected HTTP/) res.data(hi) res.end close "
     "res.close"},
    {{HI HI, PEER_STAYS}, "socket finish response(200) res.data(hi) res.end close res.close"},
};

static void follows_the_peer(void) {
    for (size_t i = 0; i < sizeof(peer_cases) / sizeof(peer_cases[0]); i++) {
        struct fixture fixture = {.loop = NULL};
        struct peer peer;
        struct watched watched = {.moment = NEVER};
        REQUIRE_TRUE(fixture_open(&fixture));
        REQUIRE_TRUE(peer_open(&peer, &fixture, &peer_cases[i].answer, 1));
        watch_request(&watched, &fixture, peer_options(&fixture));
        end_request(&watched, NULL);
        fixture_run(&fixture);
        ASSERT_TRACE(&fixture, peer_cases[i].expected);
        ASSERT_STR_EQ(peer.connections[0].received,
                      "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n\r\n");
        forget_request(&watched);
        fixture_close(&fixture);
    }
}

/* --- timeouts ------------------------------------------------------------------------------- */

static void times_out_in_virtual_time(void) {
    static const struct peer_answer silence = {NULL, PEER_STAYS};
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct watched watched = {.moment = AT_TIMEOUT, .deed = DESTROY};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &silence, 1));
    uint64_t start = nh_loop_now_ms(fixture.loop);
    watch_request(&watched, &fixture, peer_options(&fixture)); /* the global agent's 5 s */
    end_request(&watched, NULL);
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, "socket finish timeout * error(socket hang up) close");
    ASSERT_UINT_EQ(nh_loop_now_ms(fixture.loop) - start, 5000);
    forget_request(&watched);

    watched = (struct watched){.moment = AT_TIMEOUT, .deed = DESTROY};
    start = nh_loop_now_ms(fixture.loop);
    watch_request(&watched, &fixture, peer_options(&fixture));
    ASSERT_NO_ERROR(
        nh_client_request_set_timeout(watched.request, nh_number(300000), nh_undefined()));
    assert_error_take(
        nh_client_request_set_timeout(watched.request, nh_number(-1), nh_undefined()),
        "ERR_OUT_OF_RANGE",
        "The value of \"msecs\" is out of range. It must be a non-negative finite number. "
        "Received -1");
    end_request(&watched, NULL);
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, "socket finish timeout * error(socket hang up) close");
    ASSERT_UINT_EQ(nh_loop_now_ms(fixture.loop) - start, 300000);
    forget_request(&watched);
    fixture_close(&fixture);
}

static void waits_for_the_connection_with_set_timeout_only(void) {
    static const struct peer_answer silence = {NULL, PEER_STAYS};
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct watched watched = {.moment = AT_TIMEOUT, .deed = DESTROY};
    const nh_address address = {.family = NH_ADDRESS_IPV4, .host = PEER_HOST, .port = PEER_PORT};
    const nh_simulator_route slow = {.delay_ms = 1000};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &silence, 1));
    REQUIRE_INT_EQ(nh_simulator_set_route(fixture.simulator, &address, &slow), 0);
    nh_value options = peer_options(&fixture);
    set_option(options, "timeout", nh_number(50));
    watch_request(&watched, &fixture, options);
    end_request(&watched, NULL);
    uint64_t start = nh_loop_now_ms(fixture.loop);
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, "socket timeout * error(socket hang up) close");
    ASSERT_UINT_EQ(nh_loop_now_ms(fixture.loop) - start, 50);
    forget_request(&watched);
    fixture_close(&fixture);
}

/* --- signals -------------------------------------------------------------------------------- */

static void aborts_by_signal(void) {
    static const struct peer_answer silence = {NULL, PEER_STAYS};
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct watched watched = {.moment = NEVER};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &silence, 1));
    nh_abort_controller *controller = nh_abort_controller_new(fixture.loop);
    REQUIRE_NOT_NULL(controller);
    nh_emitter *signal = nh_as_emitter(nh_abort_controller_signal(controller));
    nh_value options = peer_options(&fixture);
    set_option(options, "signal", nh_value_of_object(signal));
    watch_request(&watched, &fixture, options);
    nh_loop_begin_turn(fixture.loop);
    end_request(&watched, NULL);
    nh_loop_end_turn(fixture.loop);
    nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 10);
    ASSERT_TRACE(&fixture, "socket finish");
    ASSERT_SIZE_EQ(nh_emitter_listener_count(signal, "abort"), 1);
    nh_abort_controller_abort(controller, nh_undefined());
    ASSERT_TRUE(nh_client_request_is_destroyed(watched.request));
    ASSERT_FALSE(nh_client_request_is_aborted(watched.request));
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, "error(The operation was aborted) close");
    ASSERT_SIZE_EQ(nh_emitter_listener_count(signal, "abort"), 0);
    forget_request(&watched);
    nh_emitter_release(nh_as_emitter(controller));
    fixture_close(&fixture);
}

/* --- every allocation refused in turn ------------------------------------------------------- */

typedef void (*sweep_body)(struct fixture *fixture, struct peer *peer, struct watched *watched);

/* Two requests on one kept connection. */
static void keep_alive_get(struct fixture *fixture, struct peer *peer, struct watched *watched) {
    (void)peer;
    for (int i = 0; i < 2; i++) {
        watch_request(watched, fixture, peer_options(fixture));
        end_request(watched, NULL);
        fixture_run(fixture);
        forget_request(watched);
    }
}

static void chunked_post(struct fixture *fixture, struct peer *peer, struct watched *watched) {
    (void)peer;
    nh_value options = peer_options(fixture);
    set_option(options, "method", nh_string_of(&fixture->memory.memory, "POST"));
    watch_request(watched, fixture, options);
    if (watched->request != NULL) {
        nh_outgoing_message *message = nh_as_outgoing_message(watched->request);
        nh_error *error = nh_outgoing_message_write_bytes(message, nh_bytes_of_text("one"), NULL);
        if (error == NULL) {
            error = nh_outgoing_message_write_bytes(message, nh_bytes_of_text("two"), NULL);
        }
        if (error != NULL) {
            nh_client_request_destroy(watched->request, error);
        }
        nh_error_release(error);
        end_request(watched, NULL);
    }
    fixture_run(fixture);
    forget_request(watched);
}

/* Runs `body` with the first, second, ... request for memory refused until none was; whatever
 * happens, it ends, and nothing leaks. */
static void sweep(sweep_body body, const struct peer_answer *answers, size_t answer_count,
                  const char *expected) {
    for (size_t refuse_at = 1; refuse_at < 20000; refuse_at++) {
        struct fixture fixture = {.memory = {.refuse_at = refuse_at}};
        struct peer peer;
        struct watched watched = {.moment = AT_TIMEOUT, .deed = DESTROY};
        bool opened = fixture_open(&fixture);
        if (opened && peer_open(&peer, &fixture, answers, answer_count)) {
            body(&fixture, &peer, &watched);
            if (!fixture.memory.refused) {
                ASSERT_TRACE(&fixture, expected);
            }
        }
        bool refused = fixture.memory.refused;
        fixture_close(&fixture);
        if (!refused) {
            return;
        }
    }
    ASSERT_FAIL("no end of allocations");
}

static void survives_a_lack_of_memory_in_keep_alive_get(void) {
    static const struct peer_answer answer = {HI, PEER_STAYS};
    sweep(keep_alive_get, &answer, 1,
          "socket finish response(200) res.data(hi) res.end close res.close "
          "socket finish response(200) res.data(hi) res.end close res.close");
}

static void survives_a_lack_of_memory_in_chunked_post(void) {
    /* The last chunk ends like a head. */
    static const struct peer_answer answers[] = {{HI_AND_CLOSE, PEER_STAYS}, {NULL, PEER_STAYS}};
    sweep(chunked_post, answers, 2,
          "socket finish response(200) res.data(hi) res.end res.close close");
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(aborts_and_destroys_in_order),
        UNIT_CASE(follows_the_peer),
        UNIT_CASE(times_out_in_virtual_time),
        UNIT_CASE(waits_for_the_connection_with_set_timeout_only),
        UNIT_CASE(aborts_by_signal),
        UNIT_CASE(survives_a_lack_of_memory_in_keep_alive_get),
        UNIT_CASE(survives_a_lack_of_memory_in_chunked_post)};
    return UNIT_RUN("client", cases, argc, argv);
}
