/* What any transport does: each case runs on the simulator and on libuv, with the same
 * expectations. */
#include "transport/scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- cases -------------------------------------------------------------------------------- */

static void echo(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_data = close_on_data;
    scene.accepted->on_data = send_back;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_LOG(scene.client, "connected, data ping, closed");
    ASSERT_LOG(scene.accepted, "data ping, end, closed");
    ASSERT_LOG(scene.server, "connection, closed");
    ASSERT_LOG(&scene.world, "server:connection, client:connected, accepted:data , client:data , "
                             "client:closed, accepted:end, accepted:closed, server:closed");
    end_scene();
}

static void answer_and_end(struct endpoint *endpoint) {
    ASSERT_INT_EQ(endpoint_write(endpoint, "pong"), 0);
    endpoint_shutdown(endpoint);
}

static void half_close(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_and_end;
    scene.client->on_end = endpoint_close;
    scene.accepted->on_end = answer_and_end;
    scene.accepted->on_shut_down = close_on_status;
    run_scene();
    ASSERT_LOG(scene.client, "connected, shut_down, data pong, end, closed");
    ASSERT_LOG(scene.accepted, "data ping, end, shut_down, closed");
    end_scene();
}

static void write_then_reset(struct endpoint *endpoint, nh_bytes bytes) {
    send_back(endpoint, bytes);
    endpoint_reset(endpoint);
}

static void reset(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_error = close_on_status;
    scene.accepted->on_data = reset_on_data;
    run_scene();
    ASSERT_LOG(scene.client, "connected, error ECONNRESET, closed");
    ASSERT_LOG(scene.accepted, "data ping, closed");
    end_scene();
}

/* Linux keeps what arrived before the RST; libuv takes a hang-up after a short read for the end. */
static void reset_after_data(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_end = endpoint_close;
    scene.client->on_error = close_on_status;
    scene.accepted->on_data = write_then_reset;
    run_scene();
    ASSERT_LOG(scene.client, "connected, data ping, end, closed");
    end_scene();
}

/* close() with bytes unread is a RST. */
static void close_with_unread_bytes(bool simulated) {
    set_scene(simulated);
    scene.server->on_connection = take_without_reading;
    scene.client->on_connected = ping_and_close_accepted;
    scene.client->on_error = close_on_status;
    run_scene();
    ASSERT_LOG(scene.client, "connected, error ECONNRESET, closed");
    ASSERT_LOG(scene.accepted, "closed");
    end_scene();
}

static void refused(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = close_on_status;
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    run_scene();
    ASSERT_LOG(scene.client, "connected ECONNREFUSED, closed");
    ASSERT_LOG(scene.server, "closed");
    end_scene();
}

static void close_while_connecting(bool simulated) {
    set_scene(simulated);
    scene.server->on_connection = NULL;
    scene.server->on_closed = NULL;
    scene.client->on_closed = NULL;
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    endpoint_close(scene.client);
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    ASSERT_LOG(scene.client, "connected ECANCELED, closed");
    /* Closed in one iteration: the last one first. */
    ASSERT_LOG(&scene.world, "server:closed, client:connected ECANCELED, client:closed");
    end_scene();
}

static uint8_t big[16u * 1024u * 1024u];

static void write_big(struct endpoint *endpoint, int status) {
    size_t queued = 0;
    nh_bytes pieces[2] = {nh_bytes_of(big, 1000), nh_bytes_of(big + 1000, sizeof big - 1000)};
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(endpoint->world->operations->write(endpoint->connection, pieces, 2, &queued), 1);
    ASSERT_TRUE(queued > 0);
    ASSERT_TRUE(queued < sizeof big);
}

static void start_accepted(void) {
    endpoint_read(scene.accepted);
}

static void shutdown_on_status(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    endpoint_shutdown(endpoint);
}

/* A peer that does not read leaves a big write under way. */
static void big_write(bool simulated) {
    static struct scene_hook hook = {start_accepted};
    set_scene(simulated);
    scene.world.is_quiet = true;
    scene.server->on_connection = take_without_reading;
    scene.client->on_connected = write_big;
    scene.client->on_written = shutdown_on_status;
    scene.client->on_shut_down = close_on_status;
    scene.accepted->on_end = endpoint_close;
    scene_set_timeout(&hook, 30);
    run_scene();
    ASSERT_SIZE_EQ(scene.accepted->received, sizeof big);
    end_scene();
}

static void write_big_and_close(struct endpoint *endpoint, int status) {
    write_big(endpoint, status);
    endpoint_shutdown(endpoint);
    endpoint_close(endpoint);
}

static void close_accepted(struct endpoint *endpoint) {
    endpoint_close(scene.accepted);
    scene_count_closed(endpoint);
}

static void close_cancels(bool simulated) {
    set_scene(simulated);
    scene.server->on_connection = take_without_reading;
    scene.client->on_connected = write_big_and_close;
    scene.client->on_closed = close_accepted;
    run_scene();
    ASSERT_LOG(scene.client, "connected, written ECANCELED, shut_down ECANCELED, closed");
    end_scene();
}

/* The kernel had the connection, nobody took it. */
static void closed_before_accepting(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = close_on_status;
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    ASSERT_LOG(scene.client, "connected ECONNRESET, closed");
    end_scene();
}

static void close_both(struct endpoint *endpoint, nh_bytes bytes) {
    (void)endpoint;
    (void)bytes;
    endpoint_close(scene.accepted);
    endpoint_close(scene.client);
    endpoint_close_listening(scene.server);
}

/* libuv closes what was closed last first. */
static void close_order(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_closed = scene.accepted->on_closed = NULL;
    scene.accepted->on_data = close_both;
    run_scene();
    ASSERT_LOG(&scene.world, "server:connection, client:connected, accepted:data , server:closed, "
                             "client:closed, accepted:closed");
    end_scene();
}

static void write_after_peer_closed(struct endpoint *endpoint) {
    ASSERT_INT_EQ(endpoint_write(endpoint, "1"), 0);
    ASSERT_INT_EQ(endpoint_write(endpoint, "2"), -EPIPE);
    ASSERT_INT_EQ(endpoint_write(endpoint, "3"), -EPIPE);
    endpoint_shutdown(endpoint);
}

/* The first write provokes the RST. */
static void peer_is_gone(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_end = write_after_peer_closed;
    scene.client->on_shut_down = close_on_status;
    scene.accepted->on_data = close_on_data;
    run_scene();
    ASSERT_LOG(scene.client, "connected, end, shut_down ENOTCONN, closed");
    end_scene();
}

static void use_dead_connection(struct endpoint *endpoint, int status) {
    const nh_transport_operations *operations = endpoint->world->operations;
    nh_address address;
    (void)status;
    ASSERT_INT_EQ(endpoint_write(endpoint, "x"), -EPIPE);
    ASSERT_INT_EQ(operations->shutdown(endpoint->connection), -ENOTCONN);
    ASSERT_INT_EQ(operations->remote_address(endpoint->connection, &address), -ENOTCONN);
    ASSERT_INT_EQ(operations->local_address(endpoint->connection, &address), 0);
    endpoint_close(endpoint);
}

static void after_a_read_error(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_error = use_dead_connection;
    scene.accepted->on_data = reset_on_data;
    run_scene();
    ASSERT_LOG(scene.client, "connected, error ECONNRESET, closed");
    end_scene();
}

static void unconnected(bool simulated) {
    set_scene(simulated);
    const nh_transport_operations *operations = scene.world.operations;
    nh_address address;
    nh_connection *connection =
        operations->open(scene.world.transport, NH_ADDRESS_IPV4, NULL, NULL);
    nh_bytes bytes = nh_bytes_of_text("x");
    ASSERT_INT_EQ(operations->start_reading(connection), -ENOTCONN);
    ASSERT_INT_EQ(operations->write(connection, &bytes, 1, NULL), -EBADF);
    ASSERT_INT_EQ(operations->shutdown(connection), -ENOTCONN);
    ASSERT_INT_EQ(operations->reset(connection), -EBADF);
    ASSERT_INT_EQ(operations->local_address(connection, &address), -EBADF);
    ASSERT_INT_EQ(operations->remote_address(connection, &address), -EBADF);
    operations->close(connection);
    operations->close(connection); /* a second time: nothing */
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    end_scene();
}

static void shutdown_and_immediate(struct endpoint *endpoint, int status) {
    static struct scene_hook hook = {scene_note_immediate};
    (void)status;
    scene_set_immediate(&hook);
    endpoint_shutdown(endpoint);
    endpoint_close_listening(scene.server);
}

/* Poll, pending, check, closing. */
static void phases(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = shutdown_and_immediate;
    scene.client->on_closed = NULL;
    scene.accepted->on_end = endpoint_close;
    scene.accepted->on_closed = endpoint_close;
    run_scene();
    endpoint_close(scene.client);
    world_run(&scene.world);
    ASSERT_LOG(&scene.world,
               "server:connection, client:connected, client:shut_down, immediate, server:closed, "
               "accepted:end, accepted:closed, client:closed");
    end_scene();
}

static void immediate_on_data(struct endpoint *endpoint, nh_bytes bytes) {
    static struct scene_hook hook = {scene_note_immediate};
    (void)endpoint;
    (void)bytes;
    scene_set_immediate(&hook);
}

/* The end of the stream comes in a poll phase of its own ... */
static void end_after_data(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_and_end;
    scene.client->on_end = endpoint_close;
    scene.accepted->on_data = immediate_on_data;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_LOG(&scene.world, "server:connection, client:connected, client:shut_down, "
                             "accepted:data , immediate, accepted:end, accepted:closed, "
                             "client:end, client:closed, server:closed");
    end_scene();
}

/* ... but in the same one where the connection is hung up, its own side having ended before. */
static void end_with_data(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_and_end;
    scene.client->on_data = immediate_on_data;
    scene.client->on_end = endpoint_close;
    scene.accepted->on_end = answer_and_end;
    scene.accepted->on_shut_down = close_on_status;
    run_scene();
    ASSERT_LOG(&scene.world,
               "server:connection, client:connected, client:shut_down, accepted:data , "
               "accepted:end, accepted:shut_down, accepted:closed, client:data , client:end, "
               "immediate, client:closed, server:closed");
    end_scene();
}

static void stop_and_resume(void) {
    world_note(&scene.world, "resumed");
    endpoint_read(scene.accepted);
}

static void stop_reading_on_data(struct endpoint *endpoint, nh_bytes bytes) {
    static struct scene_hook hook = {stop_and_resume};
    (void)bytes;
    if (endpoint->received == 4) {
        endpoint->world->operations->stop_reading(endpoint->connection);
        ASSERT_INT_EQ(endpoint_write(scene.client, "more"), 0);
        endpoint_close(scene.client);
        scene_set_timeout(&hook, 20);
    }
}

static void stopped_reading(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.accepted->on_data = stop_reading_on_data;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_LOG(scene.accepted, "data pingmore, end, closed");
    ASSERT_LOG(&scene.world,
               "server:connection, client:connected, accepted:data , client:closed, resumed, "
               "accepted:end, accepted:closed, server:closed");
    end_scene();
}

static void forget_references(struct endpoint *endpoint, int status) {
    read_on_connected(endpoint, status);
    scene.world.operations->set_referenced(scene.client->connection, false);
    scene.world.operations->set_referenced(scene.accepted->connection, false);
    scene.world.operations->listening_set_referenced(scene.server->listening, false);
}

static void unreferenced(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = forget_references;
    run_scene();
    ASSERT_LOG(scene.client, "connected");
    endpoint_close(scene.client);
    endpoint_close(scene.accepted);
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    end_scene();
}

static void accept_and_end(struct endpoint *server, nh_connection *connection) {
    if (server->world->endpoint_count == 4) { /* the second one */
        endpoint_take(world_endpoint(server->world, "accepted2"), connection);
        endpoint_close_listening(server);
    } else {
        endpoint_take(world_endpoint(server->world, "accepted1"), connection);
    }
}

static void send_name(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(endpoint_write(endpoint, endpoint->name), 0);
    endpoint_close(endpoint);
}

/* Connections are accepted in the order of the connects. */
static void accept_order(bool simulated) {
    set_scene(simulated);
    struct endpoint *first = scene.client;
    struct endpoint *second = scene.accepted; /* has no other part to play here */
    first->name = "first";
    second->name = "second";
    first->on_connected = second->on_connected = send_name;
    first->on_closed = second->on_closed = NULL;
    scene.server->on_connection = accept_and_end;
    scene.world.endpoints[3].on_end = scene.world.endpoints[4].on_end = endpoint_close;
    REQUIRE_INT_EQ(endpoint_connect(first, &scene.address), 0);
    REQUIRE_INT_EQ(endpoint_connect(second, &scene.address), 0);
    world_run(&scene.world);
    ASSERT_LOG(&scene.world.endpoints[3], "data first, end, closed");
    ASSERT_LOG(&scene.world.endpoints[4], "data second, end, closed");
    end_scene();
}

/* --- both --------------------------------------------------------------------------------- */

#define CASES(X)                                                                                   \
    X(echo)                                                                                        \
    X(half_close)                                                                                  \
    X(reset)                                                                                       \
    X(reset_after_data)                                                                            \
    X(close_with_unread_bytes)                                                                     \
    X(refused)                                                                                     \
    X(close_while_connecting)                                                                      \
    X(big_write)                                                                                   \
    X(close_cancels)                                                                               \
    X(closed_before_accepting)                                                                     \
    X(close_order)                                                                                 \
    X(peer_is_gone)                                                                                \
    X(after_a_read_error)                                                                          \
    X(unconnected)                                                                                 \
    X(phases)                                                                                      \
    X(end_after_data)                                                                              \
    X(end_with_data)                                                                               \
    X(accept_order)                                                                                \
    X(stopped_reading)                                                                             \
    X(unreferenced)

#define DEFINE(name)                                                                               \
    static void simulated_##name(void) {                                                           \
        name(true);                                                                                \
    }                                                                                              \
    static void real_##name(void) {                                                                \
        name(false);                                                                               \
    }
#define LIST(name) UNIT_CASE(simulated_##name), UNIT_CASE(real_##name),

CASES(DEFINE)

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {CASES(LIST)};
    return UNIT_RUN("transport", cases, argc, argv);
}
