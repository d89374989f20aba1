/* The pool of an Agent: who gets which socket. Expectations are what Node.js 23.5.0 does. */
#include "http/client_fixture.h"

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define NAME "127.0.0.1:8080:"
#define EXCHANGE "socket finish response(200) res.data(hi) res.end close res.close"

static const struct peer_answer hi = {HI, PEER_STAYS};

/* How many things a map has under the name of the peer. */
static size_t count_in(nh_value map) {
    size_t count = nh_list_length(nh_map_get(map, NAME));
    nh_value_release(&map);
    return count;
}

static void assert_pool(const nh_agent *agent, size_t used, size_t idle, size_t waiting,
                        double total) {
    ASSERT_SIZE_EQ(count_in(nh_agent_sockets(agent)), used);
    ASSERT_SIZE_EQ(count_in(nh_agent_free_sockets(agent)), idle);
    ASSERT_SIZE_EQ(count_in(nh_agent_requests(agent)), waiting);
    ASSERT_DOUBLE_EQ(nh_agent_total_socket_count(agent), total);
}

/* An agent with one or two options; NULL names end the list. */
static nh_agent *new_agent(struct fixture *fixture, const char *first, nh_value first_value,
                           const char *second, nh_value second_value) {
    nh_value options = nh_map_new(&fixture->memory.memory);
    nh_agent *agent = NULL;
    set_option(options, first, first_value);
    if (second != NULL) {
        set_option(options, second, second_value);
    }
    ASSERT_NO_ERROR(nh_agent_new(fixture->loop, options, &agent));
    nh_value_release(&options);
    return agent;
}

static void start(struct watched *watched, struct fixture *fixture, nh_agent *agent) {
    nh_value options = peer_options(fixture);
    set_option(options, "agent", nh_value_of_object(nh_as_emitter(agent)));
    nh_loop_begin_turn(fixture->loop);
    watch_request(watched, fixture, options);
    end_request(watched, NULL);
    nh_loop_end_turn(fixture->loop);
}

static void keeps_and_reuses_sockets(void) {
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct watched watched[2] = {{.moment = NEVER}, {.moment = NEVER}};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &hi, 1));
    nh_agent *agent = new_agent(&fixture, "keepAlive", nh_boolean(true), NULL, nh_undefined());
    start(&watched[0], &fixture, agent);
    assert_pool(agent, 1, 0, 0, 1);
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, EXCHANGE);
    assert_pool(agent, 0, 1, 0, 1);
    start(&watched[1], &fixture, agent);
    ASSERT_TRUE(nh_client_request_reused_socket(watched[1].request));
    assert_pool(agent, 1, 0, 0, 1);
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, EXCHANGE);
    ASSERT_SIZE_EQ(peer.connection_count, 1);

    peer_end(&peer, 0); /* the server closes the idle connection: it leaves quietly */
    nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 10);
    assert_pool(agent, 0, 0, 0, 0);
    ASSERT_TRACE(&fixture, "");
    forget_request(&watched[0]);
    forget_request(&watched[1]);
    nh_emitter_release(nh_as_emitter(agent));
    fixture_close(&fixture);
}

static void queues_beyond_max_sockets(void) {
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct watched watched[3] = {{.moment = NEVER}, {.moment = NEVER}, {.moment = NEVER}};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &hi, 1));
    nh_agent *agent =
        new_agent(&fixture, "keepAlive", nh_boolean(true), "maxSockets", nh_number(1));
    for (size_t i = 0; i < 3; i++) {
        start(&watched[i], &fixture, agent);
    }
    assert_pool(agent, 1, 0, 2, 1);
    nh_client_request_destroy(watched[1].request, NULL);
    fixture_run(&fixture);
    /* The socket of the first goes on to the second, which gives it back unused, and the third. */
    ASSERT_TRACE(&fixture, "socket finish response(200) res.data(hi) res.end close "
                           "error(socket hang up) close res.close "
                           "socket finish response(200) res.data(hi) res.end close res.close");
    assert_pool(agent, 0, 1, 0, 1);
    ASSERT_SIZE_EQ(peer.connection_count, 1);
    ASSERT_SIZE_EQ(peer.heads, 2);
    for (size_t i = 0; i < 3; i++) {
        forget_request(&watched[i]);
    }
    nh_emitter_release(nh_as_emitter(agent));
    fixture_close(&fixture);
}

static void destroys_without_keep_alive(void) {
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct watched watched = {.moment = NEVER};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &hi, 1));
    nh_agent *agent = new_agent(&fixture, "keepAlive", nh_boolean(false), NULL, nh_undefined());
    start(&watched, &fixture, agent);
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, "socket finish response(200) res.data(hi) res.end res.close close");
    assert_pool(agent, 0, 0, 0, 0);
    nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 10);
    ASSERT_SIZE_EQ(peer.open, 0);
    forget_request(&watched);
    nh_emitter_release(nh_as_emitter(agent));
    fixture_close(&fixture);
}

static void heeds_the_keep_alive_hint(void) {
    static const struct {
        const char *hint;
        double timeout_ms; /* of the idle socket; -1: it was not kept */
    } rows[] = {{"timeout=5", 4000}, {"timeout=2, max=9", 1000}, {"timeout=1", -1},
                {"timeout=0", -1},   {"timeout=9", 5000},        {"max=5, timeout=2", 5000},
                {"Timeout=2", 5000}, {"timeout=5.9", 4000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture fixture = {.loop = NULL};
        struct peer peer;
        struct watched watched = {.moment = NEVER};
        REQUIRE_TRUE(fixture_open(&fixture));
        nh_value text = nh_string_format(&fixture.memory.memory,
                                         "HTTP/1.1 200 OK\r\nKeep-Alive: %s\r\n"
                                         "Content-Length: 2\r\n\r\nhi",
                                         rows[i].hint);
        struct peer_answer answer = {nh_value_text(text), PEER_STAYS};
        REQUIRE_TRUE(peer_open(&peer, &fixture, &answer, 1));
        nh_agent *agent =
            new_agent(&fixture, "keepAlive", nh_boolean(true), "timeout", nh_number(5000));
        start(&watched, &fixture, agent);
        nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 10);
        nh_value idle = nh_agent_free_sockets(agent);
        nh_value socket = nh_list_get(nh_map_get(idle, NAME), 0);
        nh_value timeout = socket.type == NH_OBJECT
                               ? nh_socket_timeout((nh_socket *)(void *)socket.as.object)
                               : nh_number(-1);
        ASSERT_DOUBLE_EQ(timeout.as.number, rows[i].timeout_ms);
        nh_value_release(&idle);
        nh_value_release(&text);
        forget_request(&watched);
        nh_emitter_release(nh_as_emitter(agent));
        fixture_close(&fixture);
    }
}

static void idle_sockets_time_out(void) {
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct watched watched = {.moment = NEVER};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &hi, 1));
    nh_agent *agent =
        new_agent(&fixture, "keepAlive", nh_boolean(true), "timeout", nh_number(5000));
    start(&watched, &fixture, agent);
    fixture_run(&fixture); /* idle sockets do not keep the loop running */
    assert_pool(agent, 0, 1, 0, 1);
    nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 5010);
    assert_pool(agent, 0, 0, 0, 0);
    ASSERT_TRACE(&fixture, EXCHANGE);
    forget_request(&watched);
    nh_emitter_release(nh_as_emitter(agent));
    fixture_close(&fixture);
}

static void names_connections(void) {
    struct fixture fixture = {.loop = NULL};
    REQUIRE_TRUE(fixture_open(&fixture));
    nh_memory *memory = &fixture.memory.memory;
    nh_agent *agent = new_agent(&fixture, "keepAlive", nh_boolean(true), NULL, nh_undefined());
    nh_value options = nh_map_new(memory);
    nh_value name;
    ASSERT_NO_ERROR(nh_agent_get_name(agent, options, &name));
    ASSERT_STR_EQ(nh_value_text(name), "localhost::");
    nh_value_release(&name);
    set_option(options, "host", nh_string_of(memory, "h"));
    set_option(options, "port", nh_number(80));
    set_option(options, "family", nh_number(6));
    set_option(options, "localAddress", nh_string_of(memory, "127.0.0.1"));
    set_option(options, "socketPath", nh_string_of(memory, "/s"));
    ASSERT_NO_ERROR(nh_agent_get_name(agent, options, &name));
    ASSERT_STR_EQ(nh_value_text(name), "h:80:127.0.0.1:6:/s");
    nh_value_release(&name);
    nh_value_release(&options);
    assert_error_take(nh_agent_get_name(agent, nh_null(), &name), NULL,
                      "Cannot read properties of null (reading 'host')");
    nh_emitter_release(nh_as_emitter(agent));
    fixture_close(&fixture);
}

static void checks_options(void) {
    struct fixture fixture = {.loop = NULL};
    REQUIRE_TRUE(fixture_open(&fixture));
    nh_memory *memory = &fixture.memory.memory;
    nh_value options = nh_map_new(memory);
    nh_agent *agent;
    set_option(options, "maxTotalSockets", nh_number(0));
    assert_error_take(
        nh_agent_new(fixture.loop, options, &agent), "ERR_OUT_OF_RANGE",
        "The value of \"maxTotalSockets\" is out of range. It must be >= 1. Received 0");
    set_option(options, "scheduling", nh_string_of(memory, "random"));
    assert_error_take(
        nh_agent_new(fixture.loop, options, &agent), "ERR_INVALID_ARG_VALUE",
        "The argument 'scheduling' must be one of: 'fifo', 'lifo'. Received 'random'");
    ASSERT_NULL(agent);
    nh_value_release(&options);
    fixture_close(&fixture);
}

/* createConnection of a program that cannot connect. */
static void fail_to_connect(const nh_value *arguments, size_t count, void *data,
                            nh_value *out_result) {
    struct fixture *fixture = data;
    (void)out_result;
    ASSERT_SIZE_EQ(count, 3);
    nh_value error =
        nh_value_of_error_take(nh_error_new(&fixture->memory.memory, "Error", NULL, "no way"));
    nh_function_invoke(arguments[1], &error, 1, NULL);
    nh_value_release(&error);
}

static void a_request_without_a_connection_is_destroyed(void) {
    struct fixture fixture = {.loop = NULL};
    struct watched watched = {.moment = NEVER};
    REQUIRE_TRUE(fixture_open(&fixture));
    nh_agent *agent = new_agent(&fixture, "keepAlive", nh_boolean(true), NULL, nh_undefined());
    nh_value function =
        nh_function_new(&fixture.memory.memory, "", fail_to_connect, &fixture, NULL);
    nh_agent_replace(agent, NH_AGENT_CREATE_CONNECTION, function);
    nh_value_release(&function);
    nh_value options = peer_options(&fixture);
    set_option(options, "agent", nh_value_of_object(nh_as_emitter(agent)));
    nh_loop_begin_turn(fixture.loop);
    watch_request(&watched, &fixture, options);
    end_request(&watched, NULL);
    ASSERT_FALSE(nh_client_request_is_destroyed(watched.request));
    /* Told on the tick after the one that destroys the request: it goes to nobody but a callback.
     */
    ASSERT_NO_ERROR(nh_outgoing_message_write_bytes(nh_as_outgoing_message(watched.request),
                                                    nh_bytes_of_text("late"), NULL));
    nh_loop_end_turn(fixture.loop);
    ASSERT_TRACE(&fixture, "error(no way) close");
    ASSERT_TRUE(nh_client_request_is_destroyed(watched.request));
    forget_request(&watched);
    nh_emitter_release(nh_as_emitter(agent));
    fixture_close(&fixture);
}

/* createConnection that tells the timeout it is given, and connects while it is told to. */
struct connector {
    struct fixture *fixture;
    bool fails;
};

static void tell_and_connect(const nh_value *arguments, size_t count, void *data,
                             nh_value *out_result) {
    struct connector *connector = data;
    nh_socket_options options;
    nh_socket *socket;
    (void)count;
    fixture_note(connector->fixture, "create(%g)", nh_map_get(arguments[0], "timeout").as.number);
    if (connector->fails) {
        nh_value error = nh_value_of_error_take(
            nh_error_new(&connector->fixture->memory.memory, "Error", NULL, "no way"));
        nh_function_invoke(arguments[1], &error, 1, NULL);
        nh_value_release(&error);
        return;
    }
    nh_socket_options_init(&options);
    nh_socket_options_of_map(&options, arguments[0]);
    ASSERT_NO_ERROR(
        nh_net_create_connection(connector->fixture->loop, &options, nh_undefined(), &socket));
    *out_result = nh_value_of_object_take(nh_as_emitter(socket));
}

/* Three requests, of which the last one waits; then no connection can be made any more, and the
 * first two go. */
static void run_queue_case(const char *limit, int last_port, const char *expected) {
    static const struct peer_answer silence = {NULL, PEER_STAYS};
    struct fixture fixture = {.loop = NULL};
    struct peer peer;
    struct watched watched[3] = {{.moment = NEVER}, {.moment = NEVER}, {.moment = NEVER}};
    struct connector connector = {&fixture, false};
    REQUIRE_TRUE(fixture_open(&fixture));
    REQUIRE_TRUE(peer_open(&peer, &fixture, &silence, 1));
    nh_agent *agent = new_agent(&fixture, "keepAlive", nh_boolean(true), limit, nh_number(2));
    nh_value function =
        nh_function_new(&fixture.memory.memory, "", tell_and_connect, &connector, NULL);
    nh_agent_replace(agent, NH_AGENT_CREATE_CONNECTION, function);
    nh_value_release(&function);
    nh_loop_begin_turn(fixture.loop);
    for (int i = 0; i < 3; i++) {
        nh_value options = peer_options(&fixture);
        set_option(options, "agent", nh_value_of_object(nh_as_emitter(agent)));
        set_option(options, "timeout", nh_number(1000 + i));
        set_option(options, "port", nh_number(i == 2 ? last_port : PEER_PORT));
        watch_request(&watched[i], &fixture, options);
        end_request(&watched[i], NULL);
    }
    nh_loop_end_turn(fixture.loop);
    nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 10);
    connector.fails = true;
    for (int i = 0; i < 2; i++) {
        nh_loop_begin_turn(fixture.loop);
        nh_client_request_destroy(watched[i].request, NULL);
        nh_loop_end_turn(fixture.loop);
        nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 10);
    }
    ASSERT_TRACE(&fixture, expected);
    for (int i = 0; i < 3; i++) {
        forget_request(&watched[i]);
    }
    nh_emitter_release(nh_as_emitter(agent));
    fixture_close(&fixture);
}

/* For a request of the same name the agent connects as the socket that went did, each time one
 * goes; for a request of another name as that one asks, once. */
static void connects_for_the_queue(void) {
    run_queue_case("maxSockets", PEER_PORT,
                   "create(1000) create(1001) socket socket finish finish create(1000) "
                   "error(socket hang up) close error(no way) close create(1001) "
                   "error(socket hang up) close error(no way) close");
    run_queue_case("maxTotalSockets", PEER_PORT + 1,
                   "create(1000) create(1001) socket socket finish finish create(1002) "
                   "error(socket hang up) close error(no way) close "
                   "error(socket hang up) close");
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {UNIT_CASE(keeps_and_reuses_sockets),
                                             UNIT_CASE(queues_beyond_max_sockets),
                                             UNIT_CASE(destroys_without_keep_alive),
                                             UNIT_CASE(heeds_the_keep_alive_hint),
                                             UNIT_CASE(idle_sockets_time_out),
                                             UNIT_CASE(names_connections),
                                             UNIT_CASE(checks_options),
                                             UNIT_CASE(a_request_without_a_connection_is_destroyed),
                                             UNIT_CASE(connects_for_the_queue)};
    return UNIT_RUN("agent", cases, argc, argv);
}
