#include "transport/scene.h"

struct scene scene;

static void accept_first(struct endpoint *server, nh_connection *connection) {
    (void)server;
    endpoint_take(scene.accepted, connection);
}

void scene_count_closed(struct endpoint *endpoint) {
    (void)endpoint;
    if (scene.client->connection == NULL && scene.accepted->connection == NULL) {
        endpoint_close_listening(scene.server);
    }
}

void set_scene_with(bool simulated, const nh_address *address,
                    const nh_simulator_options *options) {
    REQUIRE_TRUE(world_open(&scene.world, simulated, options));
    scene.server = world_endpoint(&scene.world, "server");
    scene.accepted = world_endpoint(&scene.world, "accepted");
    scene.client = world_endpoint(&scene.world, "client");
    scene.server->on_connection = accept_first;
    scene.client->on_closed = scene_count_closed;
    scene.accepted->on_closed = scene_count_closed;
    REQUIRE_INT_EQ(endpoint_listen(scene.server, address), 0);
    scene.address = endpoint_address(scene.server);
}

void set_scene_at(bool simulated, const nh_address *address) {
    set_scene_with(simulated, address, NULL);
}

void set_scene(bool simulated) {
    nh_address address = address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0);
    set_scene_with(simulated, &address, NULL);
}

void run_scene(void) {
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    world_run(&scene.world);
}

void end_scene(void) {
    world_close(&scene.world);
}

/* --- reactions ---------------------------------------------------------------------------- */

void send_ping(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(endpoint_write(endpoint, "ping"), 0);
    endpoint_read(endpoint);
}

void send_back(struct endpoint *endpoint, nh_bytes bytes) {
    ASSERT_INT_EQ(endpoint->world->operations->write(endpoint->connection, &bytes, 1, NULL), 0);
}

void close_on_data(struct endpoint *endpoint, nh_bytes bytes) {
    (void)bytes;
    endpoint_close(endpoint);
}

void close_on_status(struct endpoint *endpoint, int status) {
    (void)status;
    endpoint_close(endpoint);
}

void read_on_connected(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    endpoint_read(endpoint);
}

void send_and_end(struct endpoint *endpoint, int status) {
    send_ping(endpoint, status);
    endpoint_shutdown(endpoint);
}

void reset_on_data(struct endpoint *endpoint, nh_bytes bytes) {
    (void)bytes;
    endpoint_reset(endpoint);
}

void take_without_reading(struct endpoint *server, nh_connection *connection) {
    (void)server;
    endpoint_take(scene.accepted, connection);
    scene.world.operations->stop_reading(connection);
}

void ping_and_close_accepted(struct endpoint *endpoint, int status) {
    send_ping(endpoint, status);
    endpoint_close(scene.accepted);
}

static void call_hook(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    const struct scene_hook *hook = data;
    (void)arguments;
    (void)count;
    (void)out_result;
    hook->run();
}

void scene_set_timeout(struct scene_hook *hook, uint64_t delay_ms) {
    nh_value function = nh_function_new(&scene.world.memory.memory, "hook", call_hook, hook, NULL);
    ASSERT_TRUE(nh_loop_set_timeout(scene.world.loop, function, delay_ms) != 0);
    nh_value_release(&function);
}

void scene_set_immediate(struct scene_hook *hook) {
    nh_value function = nh_function_new(&scene.world.memory.memory, "hook", call_hook, hook, NULL);
    ASSERT_TRUE(nh_loop_set_immediate(scene.world.loop, function) != 0);
    nh_value_release(&function);
}

void scene_note_immediate(void) {
    world_note(&scene.world, "immediate");
}
