/* net.Socket and net.Server beyond one exchange: timeouts, connecting again, UNIX sockets, limits,
 * and what http uses of a socket. */
#include "net/net_server_internal.h"
#include "world.h"

#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

static void end_world(struct world *world, nh_socket *socket) {
    nh_emitter_release(nh_as_emitter(socket));
    world_close(world);
    ASSERT_SIZE_EQ(world->memory.blocks, 0);
}

/* --- the idle timeout --------------------------------------------------------------------- */

static void destroy_on_timeout(nh_emitter *emitter, const nh_value *arguments, size_t count,
                               void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_stream_destroy(nh_as_stream(emitter), NULL);
}

static void idle_sockets_time_out(void) {
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    world_serve(&world, false);
    uint64_t start = nh_loop_now_ms(world.loop);
    nh_socket *socket = world_connect(&world, "127.0.0.1", 0, "A");
    ASSERT_NULL(nh_socket_set_timeout(socket, nh_number(30), nh_undefined()));
    nh_emitter_on(nh_as_emitter(socket), "timeout", destroy_on_timeout, NULL);
    world_run(&world);
    ASSERT_NOT_NULL(strstr(world.log, "A connect; A ready; A timeout; A close false; "));
    ASSERT_UINT_EQ(nh_loop_now_ms(world.loop) - start, 30);
    end_world(&world, socket);
}

static void write_after_20_ms(const nh_value *arguments, size_t count, void *data,
                              nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    nh_error_release(nh_writable_write_bytes(nh_as_stream(data), nh_bytes_of_text("x"), NULL));
}

static void activity_puts_the_timeout_off(void) {
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    world_serve(&world, false);
    uint64_t start = nh_loop_now_ms(world.loop);
    nh_socket *socket = world_connect(&world, "127.0.0.1", 0, "A");
    nh_value function = nh_function_new(&world.memory.memory, "", write_after_20_ms, socket, NULL);
    ASSERT_NULL(nh_socket_set_timeout(socket, nh_number(30), nh_undefined()));
    nh_emitter_on(nh_as_emitter(socket), "timeout", destroy_on_timeout, NULL);
    nh_loop_set_timeout(world.loop, function, 20);
    nh_value_release(&function);
    world_run(&world);
    ASSERT_UINT_EQ(nh_loop_now_ms(world.loop) - start, 50);
    end_world(&world, socket);
}

/* A write that does not fit is progress once: what was accepted at first. */
static void a_stalled_write_times_out_the_second_time(void) {
    struct world world;
    nh_simulator_shape stalled = {.stalled = true};

    REQUIRE_TRUE(world_open(&world));
    nh_simulator_set_shape(world.simulator, NH_SIMULATOR_TO_SERVER, &stalled);
    world_serve(&world, false);
    uint64_t start = nh_loop_now_ms(world.loop);
    nh_socket *socket = world_connect(&world, "127.0.0.1", 0, "A");
    ASSERT_NULL(nh_socket_set_timeout(socket, nh_number(100), nh_undefined()));
    nh_emitter_on(nh_as_emitter(socket), "timeout", destroy_on_timeout, NULL);
    size_t length = (size_t)8 << 20;
    nh_value chunk = nh_buffer_new(&world.memory.memory, length);
    memset(nh_buffer_data(chunk), 0, length);
    nh_error_release(
        nh_writable_write(nh_as_stream(socket), chunk, nh_undefined(), nh_undefined(), NULL));
    nh_value_release(&chunk);
    world_run(&world);
    ASSERT_UINT_EQ(nh_loop_now_ms(world.loop) - start, 200);
    end_world(&world, socket);
}

static void wrong_timeouts_are_thrown(void) {
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    nh_socket *socket = nh_socket_new(world.loop, NULL);
    nh_error *error = nh_socket_set_timeout(socket, nh_number(-1), nh_undefined());
    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(nh_error_message(error),
                  "The value of \"msecs\" is out of range. It must be a non-negative finite "
                  "number. Received -1");
    nh_error_release(error);
    error = nh_socket_set_timeout(socket, nh_number(5), nh_number(5));
    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(nh_error_message(error),
                  "The \"callback\" argument must be of type function. Received type number (5)");
    nh_error_release(error);
    nh_value timeout = nh_socket_timeout(socket);
    ASSERT_DOUBLE_EQ(timeout.as.number, 5);
    end_world(&world, socket);
}

/* --- before, and again -------------------------------------------------------------------- */

static void a_new_socket_is_pending(void) {
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    nh_socket *socket = nh_socket_new(world.loop, NULL);
    ASSERT_TRUE(nh_socket_is_pending(socket));
    ASSERT_FALSE(nh_socket_is_connecting(socket));
    ASSERT_STR_EQ(nh_socket_ready_state(socket), "open");
    ASSERT_SIZE_EQ(nh_emitter_listener_count(nh_as_emitter(socket), "end"), 1);
    nh_value address = nh_socket_address(socket);
    ASSERT_INT_EQ(address.type, NH_MAP);
    ASSERT_SIZE_EQ(nh_map_length(address), 0);
    nh_value_release(&address);
    world_watch(&world, nh_as_emitter(socket), "A");
    ASSERT_NULL(nh_writable_write_bytes(nh_as_stream(socket), nh_bytes_of_text("x"), NULL));
    world_run(&world);
    ASSERT_STR_EQ(world.log, "A error Error(Socket is closed); A close; ");
    end_world(&world, socket);
}

static void reset_without_a_connection_is_an_error(void) {
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    nh_socket *socket = nh_socket_new(world.loop, NULL);
    world_watch(&world, nh_as_emitter(socket), "A");
    ASSERT_NULL(nh_socket_reset_and_destroy(socket));
    world_run(&world);
    ASSERT_STR_EQ(world.log, "A error Error(Socket is closed); A close; ");
    end_world(&world, socket);
}

static void connect_to_world(struct world *world, nh_socket *socket) {
    nh_socket_options options;
    nh_value host = world_text(world, "127.0.0.1");

    nh_socket_options_init(&options);
    options.host = host;
    options.port = nh_number(world->port);
    ASSERT_NULL(nh_socket_connect(socket, &options, nh_undefined()));
    nh_value_release(&host);
}

static void a_closed_socket_connects_again(void) {
    struct world world;
    static const char once[] =
        "A connectionAttempt 127.0.0.1 PORT 4; A connect; A ready; A end; A close false; ";

    REQUIRE_TRUE(world_open(&world));
    world_serve(&world, true);
    nh_socket *socket = nh_socket_new(world.loop, NULL);
    world_watch(&world, nh_as_emitter(socket), "A");
    for (int i = 0; i < 2; i++) {
        world_clear(&world);
        connect_to_world(&world, socket);
        ASSERT_FALSE(nh_stream_is_destroyed(nh_as_stream(socket)));
        ASSERT_TRUE(nh_writable_is_writable(nh_as_stream(socket)));
        nh_readable_resume(nh_as_stream(socket));
        world_run(&world);
        ASSERT_STR_EQ(strstr(world.log, " 4; A connect"), strstr(once, " 4; A connect"));
        ASSERT_TRUE(nh_stream_is_destroyed(nh_as_stream(socket)));
    }
    end_world(&world, socket);
}

/* --- UNIX sockets ------------------------------------------------------------------------- */

static void unix_sockets_have_no_addresses(void) {
    struct world world;
    nh_socket_options options;
    nh_listen_options to;
    nh_socket *socket = NULL;

    REQUIRE_TRUE(world_open(&world));
    nh_value path = world_text(&world, "/a.sock");
    world.server = nh_net_server_new(world.loop, NULL, nh_undefined());
    nh_listen_options_init(&to);
    to.path = path;
    ASSERT_NULL(nh_net_server_listen(world.server, &to, nh_undefined()));
    nh_net_server_unref(world.server);
    nh_value address = nh_net_server_address(world.server);
    ASSERT_STR_EQ(nh_value_text(address), "/a.sock");
    nh_value_release(&address);
    nh_socket_options_init(&options);
    options.path = path;
    ASSERT_NULL(nh_net_create_connection(world.loop, &options, nh_undefined(), &socket));
    world_watch(&world, nh_as_emitter(socket), "A");
    nh_loop_begin_turn(world.loop);
    nh_loop_end_turn(world.loop);
    nh_simulator_run_until(world.simulator, nh_loop_now_ms(world.loop) + 1);
    ASSERT_STR_EQ(world.log, "A connect; A ready; ");
    nh_value remote = nh_socket_remote_address(socket);
    ASSERT_INT_EQ(remote.type, NH_UNDEFINED);
    nh_error *error = nh_socket_reset_and_destroy(socket);
    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(nh_error_code(error), "ERR_INVALID_HANDLE_TYPE");
    nh_error_release(error);
    nh_stream_destroy(nh_as_stream(socket), NULL);
    nh_value_release(&path);
    world_run(&world);
    end_world(&world, socket);
}

/* --- servers ------------------------------------------------------------------------------ */

static void note_count(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)out_result;
    world_note(data, "count %d; ", count == 2 ? (int)arguments[1].as.number : -1);
}

static void note_close(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)out_result;
    world_note(data, "closed %s; ", count == 0 ? "" : nh_error_code(arguments[0].as.error));
}

static void listening_twice_is_refused(void) {
    struct world world;
    nh_listen_options to;

    REQUIRE_TRUE(world_open(&world));
    world_serve(&world, true);
    ASSERT_TRUE(nh_net_server_is_listening(world.server));
    nh_listen_options_init(&to);
    to.port = nh_number(0);
    nh_error *error = nh_net_server_listen(world.server, &to, nh_undefined());
    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(nh_error_code(error), "ERR_SERVER_ALREADY_LISTEN");
    nh_error_release(error);

    nh_net_server *other = nh_net_server_new(world.loop, NULL, nh_undefined());
    nh_value host = world_text(&world, "127.0.0.1");
    world_watch(&world, nh_as_emitter(other), "B");
    to.port = nh_number(world.port);
    to.host = host;
    ASSERT_NULL(nh_net_server_listen(other, &to, nh_undefined()));
    world_run(&world);
    ASSERT_NOT_NULL(strstr(world.log, "B error Error(listen EADDRINUSE: address already in use "
                                      "127.0.0.1:"));
    nh_value_release(&host);
    nh_emitter_release(nh_as_emitter(other));
    end_world(&world, NULL);
}

static void wrong_listen_options_are_thrown(void) {
    static const char *const messages[] = {
        "The argument 'options' must have the property \"port\" or \"path\". Received {}",
        "options.port should be >= 0 and < 65536. Received type number (70000).",
        "The argument 'options' is invalid. Received { path: 5 }",
    };
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    world.server = nh_net_server_new(world.loop, NULL, nh_undefined());
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        nh_listen_options to;
        nh_listen_options_init(&to);
        to.port = i == 1 ? nh_number(70000) : nh_undefined();
        to.path = i == 2 ? nh_number(5) : nh_undefined();
        nh_error *error = nh_net_server_listen(world.server, &to, nh_undefined());
        REQUIRE_NOT_NULL(error);
        ASSERT_STR_EQ(nh_error_message(error), messages[i]);
        nh_error_release(error);
    }
    end_world(&world, NULL);
}

/* Lets what was started go on for a millisecond. */
static void run_a_little(struct world *world) {
    nh_loop_begin_turn(world->loop);
    nh_loop_end_turn(world->loop);
    nh_simulator_run_until(world->simulator, nh_loop_now_ms(world->loop) + 1);
}

static void a_full_server_drops(void) {
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    world_serve(&world, false);
    world_watch(&world, nh_as_emitter(world.server), "S");
    nh_net_server_set_max_connections(world.server, nh_number(1));
    nh_socket *first = world_connect(&world, "127.0.0.1", 0, "A");
    run_a_little(&world);
    world_clear(&world);
    nh_socket *second = world_connect(&world, "127.0.0.1", 0, "B");
    run_a_little(&world);
    ASSERT_NOT_NULL(strstr(world.log, "S drop [object Object]; "));
    ASSERT_NOT_NULL(strstr(world.log, "B end; B close false; "));

    nh_value count = nh_function_new(&world.memory.memory, "", note_count, &world, NULL);
    nh_value closed = nh_function_new(&world.memory.memory, "", note_close, &world, NULL);
    world_clear(&world);
    nh_loop_begin_turn(world.loop);
    nh_net_server_get_connections(world.server, count);
    nh_net_server_close(world.server, closed);
    nh_net_server_close(world.server, closed);
    nh_loop_end_turn(world.loop);
    ASSERT_STR_EQ(world.log, "count 1; ");
    ASSERT_FALSE(nh_net_server_is_listening(world.server));
    nh_stream_destroy(nh_as_stream(first), NULL);
    world_run(&world);
    ASSERT_NOT_NULL(strstr(world.log, "S close; closed ; closed ERR_SERVER_NOT_RUNNING; "));
    nh_value_release(&count);
    nh_value_release(&closed);
    nh_emitter_release(nh_as_emitter(second));
    end_world(&world, first);
}

/* --- what http uses ----------------------------------------------------------------------- */

static void take_bytes(nh_socket *socket, nh_bytes bytes, void *owner) {
    (void)socket;
    world_note(owner, "bytes %.*s; ", (int)bytes.length, (const char *)bytes.data);
}

static void taken_back(nh_socket *socket, void *owner) {
    (void)socket;
    world_note(owner, "released; ");
}

static const nh_socket_consumer consumer = {.bytes = take_bytes, .released = taken_back};

static void on_data(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)count;
    world_note(data, "data %.*s; ", (int)nh_value_bytes(arguments[0]).length,
               (const char *)nh_value_bytes(arguments[0]).data);
}

static void consumers_get_the_bytes(void) {
    for (int listens = 0; listens < 2; listens++) {
        struct world world;
        REQUIRE_TRUE(world_open(&world));
        world_serve(&world, true);
        nh_socket *socket = world_connect(&world, "127.0.0.1", 0, "A");
        world_clear(&world);
        nh_socket_consume(socket, &consumer, &world);
        if (listens) {
            nh_emitter_on(nh_as_emitter(socket), "data", on_data, &world);
        }
        world_run(&world);
        const char *expected = listens ? "A ready; data hi; A end; A close false; "
                                       : "A ready; bytes hi; A end; A close false; ";
        ASSERT_STR_EQ(strstr(world.log, "A ready"), expected);
        ASSERT_TRUE((strstr(world.log, "released; ") != NULL) == (listens == 1));
        ASSERT_UINT_EQ(nh_socket_bytes_read(socket), 2);
        end_world(&world, socket);
    }
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(idle_sockets_time_out),
        UNIT_CASE(activity_puts_the_timeout_off),
        UNIT_CASE(a_stalled_write_times_out_the_second_time),
        UNIT_CASE(wrong_timeouts_are_thrown),
        UNIT_CASE(a_new_socket_is_pending),
        UNIT_CASE(reset_without_a_connection_is_an_error),
        UNIT_CASE(a_closed_socket_connects_again),
        UNIT_CASE(unix_sockets_have_no_addresses),
        UNIT_CASE(listening_twice_is_refused),
        UNIT_CASE(wrong_listen_options_are_thrown),
        UNIT_CASE(a_full_server_drops),
        UNIT_CASE(consumers_get_the_bytes),
    };
    return UNIT_RUN("socket", cases, argc, argv);
}
