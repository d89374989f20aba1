/* What any transport does: each case runs on the simulator and on libuv, with the same
 * expectations. */
#include "transport/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every case gets a server that listens on 127.0.0.1, whose first connection `accepted` takes, and
 * a `client` that is not connected. */
struct scene {
    struct world world;
    struct endpoint *server;
    struct endpoint *accepted;
    struct endpoint *client;
    nh_address address;
};

static struct scene scene;

static void accept_first(struct endpoint *server, nh_connection *connection) {
    (void)server;
    endpoint_take(scene.accepted, connection);
}

/* Most cases end when both connections are closed: then the server goes as well. */
static void count_closed(struct endpoint *endpoint) {
    (void)endpoint;
    if (scene.client->connection == NULL && scene.accepted->connection == NULL) {
        endpoint_close_listening(scene.server);
    }
}

static void set_scene_at(bool simulated, const nh_address *address) {
    REQUIRE_TRUE(world_open(&scene.world, simulated, NULL));
    scene.server = world_endpoint(&scene.world, "server");
    scene.accepted = world_endpoint(&scene.world, "accepted");
    scene.client = world_endpoint(&scene.world, "client");
    scene.server->on_connection = accept_first;
    scene.client->on_closed = count_closed;
    scene.accepted->on_closed = count_closed;
    REQUIRE_INT_EQ(endpoint_listen(scene.server, address), 0);
    scene.address = endpoint_address(scene.server);
}

static void set_scene(bool simulated) {
    nh_address address = address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0);
    set_scene_at(simulated, &address);
}

static void run_scene(void) {
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    world_run(&scene.world);
}

static void end_scene(void) {
    world_close(&scene.world);
}

/* --- reactions ---------------------------------------------------------------------------- */

static void send_ping(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(endpoint_write(endpoint, "ping"), 0);
    endpoint_read(endpoint);
}

static void send_back(struct endpoint *endpoint, nh_bytes bytes) {
    ASSERT_INT_EQ(endpoint->world->operations->write(endpoint->connection, &bytes, 1, NULL), 0);
}

static void close_on_data(struct endpoint *endpoint, nh_bytes bytes) {
    (void)bytes;
    endpoint_close(endpoint);
}

static void close_on_status(struct endpoint *endpoint, int status) {
    (void)status;
    endpoint_close(endpoint);
}

static void read_on_connected(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    endpoint_read(endpoint);
}

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

static void send_and_end(struct endpoint *endpoint, int status) {
    send_ping(endpoint, status);
    endpoint_shutdown(endpoint);
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

static void reset_on_data(struct endpoint *endpoint, nh_bytes bytes) {
    (void)bytes;
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

static void take_without_reading(struct endpoint *server, nh_connection *connection) {
    (void)server;
    endpoint_take(scene.accepted, connection);
    scene.world.operations->stop_reading(connection);
}

static void close_accepted_later(struct endpoint *endpoint, int status) {
    send_ping(endpoint, status);
    endpoint_close(scene.accepted);
}

/* close() with bytes unread is a RST. */
static void close_with_unread_bytes(bool simulated) {
    set_scene(simulated);
    scene.server->on_connection = take_without_reading;
    scene.client->on_connected = close_accepted_later;
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

static void start_accepted(void *data) {
    (void)data;
    endpoint_read(scene.accepted);
}

static void call_hook(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    void (**hook)(void *) = data;
    (void)arguments;
    (void)count;
    (void)out_result;
    (*hook)(NULL);
}

static void set_timeout(void (**hook)(void *), uint64_t delay_ms) {
    nh_value function =
        nh_function_new(&scene.world.memory.memory, "hook", call_hook, (void *)hook, NULL);
    ASSERT_TRUE(nh_loop_set_timeout(scene.world.loop, function, delay_ms) != 0);
    nh_value_release(&function);
}

static void set_immediate(void (**hook)(void *)) {
    nh_value function =
        nh_function_new(&scene.world.memory.memory, "hook", call_hook, (void *)hook, NULL);
    ASSERT_TRUE(nh_loop_set_immediate(scene.world.loop, function) != 0);
    nh_value_release(&function);
}

static void shutdown_on_status(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    endpoint_shutdown(endpoint);
}

/* A peer that does not read leaves a big write under way. */
static void big_write(bool simulated) {
    static void (*hook)(void *) = start_accepted;
    set_scene(simulated);
    scene.world.is_quiet = true;
    scene.server->on_connection = take_without_reading;
    scene.client->on_connected = write_big;
    scene.client->on_written = shutdown_on_status;
    scene.client->on_shut_down = close_on_status;
    scene.accepted->on_end = endpoint_close;
    set_timeout(&hook, 30);
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
    count_closed(endpoint);
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

static void note_immediate(void *data) {
    (void)data;
    world_note(&scene.world, "immediate");
}

static void shutdown_and_immediate(struct endpoint *endpoint, int status) {
    static void (*hook)(void *) = note_immediate;
    (void)status;
    set_immediate(&hook);
    endpoint_shutdown(endpoint);
    endpoint_close_listening(scene.server);
}

/* Poll, pending, check, closing. */
static void phases(bool simulated) {
    set_scene(simulated);
    scene.server->on_connection = accept_first;
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
    static void (*hook)(void *) = note_immediate;
    (void)endpoint;
    (void)bytes;
    set_immediate(&hook);
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

static void stop_and_resume(void *data) {
    (void)data;
    world_note(&scene.world, "resumed");
    endpoint_read(scene.accepted);
}

static void stop_reading_on_data(struct endpoint *endpoint, nh_bytes bytes) {
    static void (*hook)(void *) = stop_and_resume;
    (void)bytes;
    if (endpoint->received == 4) {
        endpoint->world->operations->stop_reading(endpoint->connection);
        ASSERT_INT_EQ(endpoint_write(scene.client, "more"), 0);
        endpoint_close(scene.client);
        set_timeout(&hook, 20);
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

static void addresses(struct endpoint *endpoint, int status) {
    const nh_transport_operations *operations = endpoint->world->operations;
    nh_address own;
    nh_address other;
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(operations->local_address(scene.client->connection, &own), 0);
    ASSERT_INT_EQ(operations->remote_address(scene.accepted->connection, &other), 0);
    ASSERT_STR_EQ(own.host, "127.0.0.1");
    ASSERT_STR_EQ(other.host, "127.0.0.1");
    ASSERT_UINT_EQ(own.port, other.port);
    ASSERT_INT_EQ(operations->remote_address(scene.client->connection, &other), 0);
    ASSERT_UINT_EQ(other.port, scene.address.port);
    ASSERT_INT_EQ(operations->local_address(scene.accepted->connection, &other), 0);
    ASSERT_UINT_EQ(other.port, scene.address.port);
    endpoint_close(scene.client);
    endpoint_close(scene.accepted);
}

static void addresses_of_both_ends(bool simulated) {
    set_scene(simulated);
    scene.client->on_connected = addresses;
    run_scene();
    ASSERT_LOG(scene.client, "connected, closed");
    end_scene();
}

static void taken_addresses(bool simulated) {
    set_scene(simulated);
    const nh_transport_operations *operations = scene.world.operations;
    struct endpoint *second = world_endpoint(&scene.world, "second");
    nh_address any = address_of(NH_ADDRESS_IPV4, "0.0.0.0", scene.address.port);
    nh_address foreign = address_of(NH_ADDRESS_IPV4, "203.0.113.7", 0);
    nh_address nonsense = address_of(NH_ADDRESS_IPV4, "nonsense", 0);
    ASSERT_INT_EQ(endpoint_listen(second, &scene.address), -EADDRINUSE);
    ASSERT_INT_EQ(endpoint_listen(second, &any), -EADDRINUSE);
    ASSERT_INT_EQ(endpoint_listen(second, &foreign), -EADDRNOTAVAIL);
    ASSERT_INT_EQ(endpoint_listen(second, &nonsense), -EINVAL);
    nh_connection *connection =
        operations->open(scene.world.transport, NH_ADDRESS_IPV4, NULL, NULL);
    ASSERT_INT_EQ(operations->bind(connection, &foreign), -EADDRNOTAVAIL);
    ASSERT_INT_EQ(operations->connect(connection, &nonsense, NULL), -EINVAL);
    ASSERT_INT_EQ(operations->bind(connection, &scene.address), -EADDRINUSE);
    operations->close(connection);
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    ASSERT_LOG(second, "");
    end_scene();
}

static void check_bound(struct endpoint *endpoint, int status) {
    const nh_transport_operations *operations = endpoint->world->operations;
    nh_address address;
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(operations->remote_address(scene.accepted->connection, &address), 0);
    ASSERT_STR_EQ(address.host, "127.0.0.2");
    endpoint_close(endpoint);
}

static void bound_client(bool simulated) {
    nh_address local = address_of(NH_ADDRESS_IPV4, "127.0.0.2", 0);
    nh_address bound = {.family = NH_ADDRESS_IPV4};
    set_scene(simulated);
    const nh_transport_operations *operations = scene.world.operations;
    scene.client->on_connected = check_bound;
    scene.accepted->on_end = endpoint_close;
    REQUIRE_TRUE(endpoint_open(scene.client, NH_ADDRESS_IPV4));
    ASSERT_INT_EQ(operations->bind(scene.client->connection, &local), 0);
    ASSERT_INT_EQ(operations->local_address(scene.client->connection, &bound), 0);
    ASSERT_STR_EQ(bound.host, "127.0.0.2");
    ASSERT_TRUE(bound.port != 0);
    ASSERT_INT_EQ(operations->connect(scene.client->connection, &scene.address, NULL), 0);
    ASSERT_INT_EQ(operations->connect(scene.client->connection, &scene.address, NULL), -EALREADY);
    world_run(&scene.world);
    ASSERT_LOG(scene.client, "connected, closed");
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

/* :: takes IPv4 as well, whose addresses it sees mapped. */
static void check_mapped(struct endpoint *endpoint, int status) {
    const nh_transport_operations *operations = endpoint->world->operations;
    nh_address address;
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(operations->remote_address(scene.accepted->connection, &address), 0);
    ASSERT_STR_EQ(address.host, "::ffff:127.0.0.1");
    ASSERT_INT_EQ(operations->local_address(scene.accepted->connection, &address), 0);
    ASSERT_STR_EQ(address.host, "::ffff:127.0.0.1");
    ASSERT_INT_EQ(operations->remote_address(endpoint->connection, &address), 0);
    ASSERT_STR_EQ(address.host, "127.0.0.1");
    endpoint_close(endpoint);
    endpoint_close(scene.accepted);
}

static bool has_ipv6(void) {
    struct world probe = {.memory = {.blocks = 0}};
    nh_address address = address_of(NH_ADDRESS_IPV6, "::1", 0);
    REQUIRE_TRUE(world_open(&probe, false, NULL));
    struct endpoint *endpoint = world_endpoint(&probe, "probe");
    bool works = endpoint_listen(endpoint, &address) == 0;
    endpoint_close_listening(endpoint);
    world_run(&probe);
    world_close(&probe);
    return works;
}

static void both_families(bool simulated) {
    if (!simulated && !has_ipv6()) {
        return; /* a machine without IPv6 */
    }
    nh_address any = address_of(NH_ADDRESS_IPV6, "::", 0);
    set_scene_at(simulated, &any);
    nh_address taken = address_of(NH_ADDRESS_IPV4, "127.0.0.1", scene.address.port);
    ASSERT_INT_EQ(endpoint_listen(world_endpoint(&scene.world, "second"), &taken), -EADDRINUSE);
    scene.client->on_connected = check_mapped;
    scene.address = taken;
    run_scene();
    ASSERT_LOG(scene.client, "connected, closed");
    end_scene();
}

/* --- UNIX sockets ------------------------------------------------------------------------- */

static nh_address unix_address(void) {
    const char *folder = getenv("TMPDIR");
    nh_address address = {.family = NH_ADDRESS_UNIX};
    (void)snprintf(address.host, sizeof address.host, "%s/nodehttp-transport-%ld.sock",
                   folder == NULL || strlen(folder) > 60 ? "/tmp" : folder, (long)getpid());
    return address;
}

static void set_unix_scene(bool simulated) {
    nh_address address = unix_address();
    set_scene_at(simulated, &address);
    ASSERT_STR_EQ(scene.address.host, address.host);
}

static void unix_echo(bool simulated) {
    set_unix_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_data = close_on_data;
    scene.accepted->on_data = send_back;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_LOG(scene.client, "connected, data ping, closed");
    ASSERT_LOG(scene.accepted, "data ping, end, closed");
    end_scene();
}

static void send_back_and_close(struct endpoint *endpoint, nh_bytes bytes) {
    send_back(endpoint, bytes);
    endpoint_close(endpoint);
}

static void write_fails(struct endpoint *endpoint) {
    ASSERT_INT_EQ(endpoint_write(endpoint, "1"), -EPIPE);
    endpoint_close(endpoint);
}

/* A UNIX socket is hung up at once. */
static void unix_peer_is_gone(bool simulated) {
    set_unix_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_end = write_fails;
    scene.accepted->on_data = send_back_and_close;
    run_scene();
    ASSERT_LOG(scene.client, "connected, data ping, end, closed");
    end_scene();
}

static void unix_close_with_unread_bytes(bool simulated) {
    set_unix_scene(simulated);
    scene.server->on_connection = take_without_reading;
    scene.client->on_connected = close_accepted_later;
    scene.client->on_error = close_on_status;
    run_scene();
    ASSERT_LOG(scene.client, "connected, error ECONNRESET, closed");
    end_scene();
}

static void unix_addresses(bool simulated) {
    static void (*hook)(void *) = note_immediate;
    set_unix_scene(simulated);
    struct endpoint *second = world_endpoint(&scene.world, "second");
    nh_address nowhere = scene.address;
    nowhere.host[strlen(nowhere.host) - 1] = '!';
    ASSERT_INT_EQ(endpoint_listen(second, &scene.address), -EADDRINUSE);
    /* The failure is reported in the pending phase: before immediates. */
    scene.client->on_connected = close_on_status;
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &nowhere), 0);
    set_immediate(&hook);
    scene.client->on_closed = NULL;
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    ASSERT_LOG(scene.client, "connected ENOENT, closed");
    ASSERT_LOG(&scene.world, "client:connected ENOENT, immediate, client:closed, server:closed");
    /* The path went with the server. */
    ASSERT_INT_EQ(endpoint_listen(second, &scene.address), 0);
    endpoint_close_listening(second);
    world_run(&scene.world);
    end_scene();
}

static void reset_refused(bool simulated) {
    set_unix_scene(simulated);
    scene.client->on_connected = send_ping;
    scene.client->on_end = endpoint_close;
    scene.accepted->on_data = reset_on_data;
    scene.accepted->on_shut_down = close_on_status;
    scene.accepted->on_end = endpoint_close;
    scene.client->on_data = close_on_data;
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    scene.client->on_connected = send_and_end;
    scene.client->on_shut_down = close_on_status;
    world_run(&scene.world);
    ASSERT_LOG(scene.accepted, "data ping, reset refused EINVAL, end, closed");
    end_scene();
}

/* --- look-ups ----------------------------------------------------------------------------- */

struct answer {
    int status;
    size_t count;
    nh_address first;
    unsigned calls;
};

static void keep_answer(void *owner, int status, const nh_address *found, size_t count) {
    struct answer *answer = owner;
    answer->status = status;
    answer->count = count;
    answer->calls++;
    if (count > 0) {
        answer->first = found[0];
    }
}

static void look_up(bool simulated) {
    set_scene(simulated);
    const nh_transport_operations *operations = scene.world.operations;
    nh_transport *transport = scene.world.transport;
    struct answer local = {0};
    struct answer numeric = {0};
    struct answer ipv6 = {0};
    struct answer wrong_family = {0};
    struct answer cancelled = {0};
    ASSERT_NOT_NULL(operations->lookup(transport, "localhost", 4, keep_answer, &local));
    ASSERT_NOT_NULL(operations->lookup(transport, "127.1", 0, keep_answer, &numeric));
    ASSERT_NOT_NULL(operations->lookup(transport, "::1", 0, keep_answer, &ipv6));
    ASSERT_NOT_NULL(operations->lookup(transport, "::1", 4, keep_answer, &wrong_family));
    operations->cancel_lookup(
        operations->lookup(transport, "localhost", 0, keep_answer, &cancelled));
    ASSERT_UINT_EQ(local.calls, 0);
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    ASSERT_INT_EQ(local.status, 0);
    ASSERT_STR_EQ(local.first.host, "127.0.0.1");
    ASSERT_INT_EQ(numeric.status, 0);
    ASSERT_SIZE_EQ(numeric.count, 1);
    ASSERT_STR_EQ(numeric.first.host, "127.0.0.1");
    ASSERT_INT_EQ((int)ipv6.first.family, NH_ADDRESS_IPV6);
    ASSERT_STR_EQ(ipv6.first.host, "::1");
    ASSERT_INT_EQ(wrong_family.status, -3000);
    ASSERT_SIZE_EQ(wrong_family.count, 0);
    ASSERT_UINT_EQ(cancelled.calls, 0);
    ASSERT_UINT_EQ(local.calls, 1);
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
    X(both_families)                                                                               \
    X(stopped_reading)                                                                             \
    X(unreferenced)                                                                                \
    X(addresses_of_both_ends)                                                                      \
    X(taken_addresses)                                                                             \
    X(bound_client)                                                                                \
    X(unix_echo)                                                                                   \
    X(unix_peer_is_gone)                                                                           \
    X(unix_close_with_unread_bytes)                                                                \
    X(unix_addresses)                                                                              \
    X(reset_refused)                                                                               \
    X(look_up)

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
