/* Faults on demand, and a failing allocator. */
#include "transport/scene.h"

#include <errno.h>
#include <string.h>

static nh_transport *simulator(void) {
    return scene.world.transport;
}

static void fail_next(nh_simulator_operation operation, int status) {
    ASSERT_INT_EQ(nh_simulator_fail(simulator(), NULL, operation, 1, status), 0);
}

static void close_on_error(struct endpoint *endpoint, int status) {
    (void)status;
    endpoint_close(endpoint);
}

static void end_on_status(struct endpoint *endpoint, int status) {
    (void)status;
    endpoint_shutdown(endpoint);
    if (endpoint->log.length > 0 && strstr(endpoint->log.text, "refused") != NULL) {
        endpoint_close(endpoint);
    }
}

static void set_exchange(void) {
    set_scene(true);
    scene.client->on_connected = send_ping;
    scene.client->on_data = close_on_data;
    scene.client->on_end = endpoint_close;
    scene.client->on_error = close_on_error;
    scene.accepted->on_data = send_back;
    scene.accepted->on_end = endpoint_close;
    scene.accepted->on_error = close_on_error;
}

static void calls_that_fail(void) {
    nh_address address = address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0);
    set_exchange();
    const nh_transport_operations *operations = scene.world.operations;
    struct endpoint *other = world_endpoint(&scene.world, "other");
    fail_next(NH_SIMULATOR_LISTEN, -EACCES);
    ASSERT_INT_EQ(endpoint_listen(other, &address), -EACCES);
    fail_next(NH_SIMULATOR_CONNECT, -EMFILE);
    ASSERT_INT_EQ(endpoint_connect(other, &scene.address), -EMFILE);
    fail_next(NH_SIMULATOR_BIND, -EACCES);
    ASSERT_INT_EQ(operations->bind(other->connection, &address), -EACCES);
    fail_next(NH_SIMULATOR_START_READING, -EIO);
    ASSERT_INT_EQ(operations->start_reading(other->connection), -EIO);
    fail_next(NH_SIMULATOR_WRITE, -ENOBUFS);
    ASSERT_INT_EQ(endpoint_write(other, "x"), -ENOBUFS);
    fail_next(NH_SIMULATOR_SHUTDOWN, -EIO);
    ASSERT_INT_EQ(operations->shutdown(other->connection), -EIO);
    fail_next(NH_SIMULATOR_RESET, -EIO);
    ASSERT_INT_EQ(operations->reset(other->connection), -EIO);
    endpoint_close(other);
    run_scene();
    ASSERT_LOG(scene.client, "connected, data ping, closed");
    end_scene();
}

static void failed_connect(void) {
    set_exchange();
    scene.client->on_connected = close_on_status;
    scene.accepted->on_error = close_on_error;
    fail_next(NH_SIMULATOR_CONNECTED, -EHOSTUNREACH);
    run_scene();
    ASSERT_LOG(scene.client, "connected EHOSTUNREACH, closed");
    ASSERT_LOG(scene.accepted, "error ECONNRESET, closed");
    end_scene();
}

static void drop_connection(struct endpoint *server, nh_connection *connection) {
    ASSERT_NULL(connection);
    endpoint_close_listening(server);
}

static void failed_accept(void) {
    set_exchange();
    scene.server->on_connection = drop_connection;
    scene.client->on_connected = close_on_status;
    fail_next(NH_SIMULATOR_ACCEPT, -EMFILE);
    run_scene();
    ASSERT_LOG(scene.server, "connection EMFILE, closed");
    ASSERT_LOG(scene.client, "connected ECONNRESET, closed");
    end_scene();
}

/* The client's read; what it would have read stays unread, so its close is a RST. */
static void failed_read(void) {
    set_exchange();
    ASSERT_INT_EQ(nh_simulator_fail(simulator(), NULL, NH_SIMULATOR_READ, 2, -ETIMEDOUT), 0);
    run_scene();
    ASSERT_LOG(scene.client, "connected, error ETIMEDOUT, closed");
    ASSERT_LOG(scene.accepted, "data ping, error ECONNRESET, closed");
    end_scene();
}

static void only_on_one_connection(void) {
    set_exchange();
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    ASSERT_INT_EQ(
        nh_simulator_fail(simulator(), scene.client->connection, NH_SIMULATOR_READ, 1, -ETIMEDOUT),
        0);
    world_run(&scene.world);
    ASSERT_LOG(scene.accepted, "data ping, error ECONNRESET, closed");
    ASSERT_LOG(scene.client, "connected, error ETIMEDOUT, closed");
    end_scene();
}

static void write_in_parts(struct endpoint *endpoint, int status) {
    (void)status;
    ASSERT_INT_EQ(endpoint_write(endpoint, "a long text"), 1);
}

static void failed_outcomes(void) {
    nh_simulator_shape shape = {.write_limit_bytes = 2};
    set_exchange();
    nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_SERVER, &shape);
    scene.client->on_connected = write_in_parts;
    scene.client->on_written = end_on_status;
    scene.client->on_shut_down = close_on_status;
    scene.accepted->on_data = NULL;
    fail_next(NH_SIMULATOR_WRITTEN, -EIO);
    fail_next(NH_SIMULATOR_SHUT_DOWN, -EIO);
    run_scene();
    ASSERT_LOG(scene.client, "connected, written EIO, shut_down EIO, closed");
    ASSERT_LOG(scene.accepted, "data a long text, end, closed");
    end_scene();
}

static int lookup_status;

static void keep_status(void *owner, int status, const nh_address *found, size_t count) {
    (void)owner;
    (void)found;
    ASSERT_SIZE_EQ(count, 0);
    lookup_status = status;
}

static void failed_lookup(void) {
    set_exchange();
    ASSERT_INT_EQ(nh_simulator_fail(simulator(), NULL, NH_SIMULATOR_LOOKUP, 2, -EIO), 0);
    fail_next(NH_SIMULATOR_LOOKUP, -3001);
    ASSERT_NOT_NULL(scene.world.operations->lookup(simulator(), "localhost", 0, keep_status, NULL));
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    ASSERT_INT_EQ(lookup_status, -3001);
    end_scene();
}

static void faults_can_be_taken_back(void) {
    set_exchange();
    ASSERT_INT_EQ(nh_simulator_fail(simulator(), NULL, NH_SIMULATOR_READ, 0, -EIO), -EINVAL);
    ASSERT_INT_EQ(nh_simulator_fail(simulator(), NULL, NH_SIMULATOR_READ, 1, 0), -EINVAL);
    fail_next(NH_SIMULATOR_READ, -EIO);
    fail_next(NH_SIMULATOR_WRITE, -EIO);
    nh_simulator_clear_faults(simulator());
    run_scene();
    ASSERT_LOG(scene.client, "connected, data ping, closed");
    end_scene();
}

/* --- memory ------------------------------------------------------------------------------- */

/* A scenario that uses everything which allocates; every step may fail, none may crash or leak. */

static void try_ping(struct endpoint *endpoint, int status) {
    static const char text[] = "piece";
    nh_bytes pieces[6];
    for (size_t i = 0; i < 6; i++) {
        pieces[i] = nh_bytes_of(text, sizeof text);
    }
    const nh_transport_operations *operations = endpoint->world->operations;
    if (status != 0 || operations->write(endpoint->connection, pieces, 6, NULL) < 0 ||
        operations->start_reading(endpoint->connection) != 0) {
        endpoint_close(endpoint);
    }
}

static void try_back(struct endpoint *endpoint, nh_bytes bytes) {
    if (endpoint->world->operations->write(endpoint->connection, &bytes, 1, NULL) < 0) {
        endpoint_close(endpoint);
    }
}

static void close_when_enough(struct endpoint *endpoint, nh_bytes bytes) {
    (void)bytes;
    if (endpoint->received == 36) {
        endpoint_close(endpoint);
    }
}

static void ignore_lookup(void *owner, int status, const nh_address *found, size_t count) {
    (void)owner;
    (void)status;
    (void)found;
    (void)count;
}

static void try_accept(struct endpoint *server, nh_connection *connection) {
    if (connection != NULL) {
        endpoint_take(scene.accepted, connection);
    }
    (void)server;
}

static void play(bool simulated) {
    nh_simulator_shape shape = {.write_limit_bytes = 5};
    nh_simulator_route route = {.delay_ms = 3};
    nh_address address = address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0);
    if (simulated) {
        nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_SERVER, &shape);
        (void)nh_simulator_set_host(simulator(), "name.test", 0, &address, 1, 0);
        (void)nh_simulator_set_route(simulator(), &address, &route);
        (void)nh_simulator_fail(simulator(), NULL, NH_SIMULATOR_RESET, 1, -EIO);
    }
    (void)scene.world.operations->lookup(simulator(), "localhost", 0, ignore_lookup, NULL);
    scene.server = world_endpoint(&scene.world, "server");
    scene.accepted = world_endpoint(&scene.world, "accepted");
    scene.client = world_endpoint(&scene.world, "client");
    scene.server->on_connection = try_accept;
    scene.client->on_connected = try_ping;
    scene.client->on_data = close_when_enough;
    scene.client->on_end = scene.accepted->on_end = endpoint_close;
    scene.client->on_error = scene.accepted->on_error = close_on_error;
    scene.accepted->on_data = try_back;
    scene.client->on_closed = scene.accepted->on_closed = scene_count_closed;
    if (endpoint_listen(scene.server, &address) != 0) {
        return;
    }
    scene.address = endpoint_address(scene.server);
    if (endpoint_connect(scene.client, &scene.address) != 0) {
        endpoint_close(scene.client);
        endpoint_close_listening(scene.server);
    }
    world_run(&scene.world);
}

/* Fails the first allocation, then the second, until none is left to fail. */
static void sweep(bool simulated) {
    bool refused = true;
    size_t rounds = 0;
    for (size_t refuse_at = 1; refused && refuse_at < 500; refuse_at++) {
        scene.world.memory.refuse_at = refuse_at;
        if (world_open(&scene.world, simulated, NULL)) {
            play(simulated);
        }
        refused = scene.world.memory.refused;
        if (!refused) {
            ASSERT_SIZE_EQ(scene.client->received, 36);
        }
        world_close(&scene.world);
        rounds++;
    }
    ASSERT_FALSE(refused);
    ASSERT_TRUE(rounds > 4); /* something was refused */
}

static void memory_refused_to_the_simulator(void) {
    sweep(true);
}

static void memory_refused_to_libuv(void) {
    sweep(false);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(calls_that_fail),
        UNIT_CASE(failed_connect),
        UNIT_CASE(failed_accept),
        UNIT_CASE(failed_read),
        UNIT_CASE(only_on_one_connection),
        UNIT_CASE(failed_outcomes),
        UNIT_CASE(failed_lookup),
        UNIT_CASE(faults_can_be_taken_back),
        UNIT_CASE(memory_refused_to_the_simulator),
        UNIT_CASE(memory_refused_to_libuv),
    };
    return UNIT_RUN("simulator_fault", cases, argc, argv);
}
