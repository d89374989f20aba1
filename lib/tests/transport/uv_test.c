/* What only libuv's transport does: a loop shared with the embedder. */
#include "transport/scene.h"

#include <signal.h>
#include <uv.h>

static uv_loop_t shared;
static uv_timer_t ticking; /* the embedder's */
static unsigned ticks;

static void on_tick(uv_timer_t *timer) {
    (void)timer;
    ticks++;
}

static void open_shared(struct world *world) {
    *world = (struct world){.memory = test_memory_make()};
    ticks = 0;
    REQUIRE_INT_EQ(uv_loop_init(&shared), 0);
    REQUIRE_INT_EQ(uv_timer_init(&shared, &ticking), 0);
    REQUIRE_INT_EQ(uv_timer_start(&ticking, on_tick, 1, 1), 0);
    world->transport = nh_uv_transport_new(&world->memory.memory, &shared);
    REQUIRE_NOT_NULL(world->transport);
    ASSERT_PTR_EQ(nh_uv_transport_loop(world->transport), &shared);
    world->operations = world->transport->operations;
    world->loop = nh_loop_new(&world->memory.memory, world->transport);
    REQUIRE_NOT_NULL(world->loop);
}

/* The transport's memory goes in the embedder's last uv_run(). */
static void close_shared(struct world *world) {
    nh_loop_free(world->loop);
    nh_uv_transport_free(world->transport);
    ASSERT_TRUE(world->memory.blocks > 0);
    ASSERT_INT_EQ(uv_loop_close(&shared), UV_EBUSY);
    uv_close((uv_handle_t *)&ticking, NULL);
    ASSERT_INT_EQ(uv_run(&shared, UV_RUN_DEFAULT), 0);
    ASSERT_SIZE_EQ(world->memory.blocks, 0);
    ASSERT_INT_EQ(uv_loop_close(&shared), 0);
}

static void set_shared_scene(void) {
    nh_address address = address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0);
    open_shared(&scene.world);
    scene.server = world_endpoint(&scene.world, "server");
    scene.accepted = world_endpoint(&scene.world, "accepted");
    scene.client = world_endpoint(&scene.world, "client");
    scene.client->on_closed = scene.accepted->on_closed = scene_count_closed;
    scene.client->on_connected = send_ping;
    scene.client->on_data = close_on_data;
    scene.accepted->on_data = send_back;
    scene.accepted->on_end = endpoint_close;
    REQUIRE_INT_EQ(endpoint_listen(scene.server, &address), 0);
    scene.address = endpoint_address(scene.server);
}

static void take(struct endpoint *server, nh_connection *connection) {
    (void)server;
    endpoint_take(scene.accepted, connection);
}

static void run_ends_although_the_embedder_goes_on(void) {
    static struct scene_hook hook = {scene_note_immediate};
    set_shared_scene();
    scene.server->on_connection = take;
    scene_set_immediate(&hook);
    scene_set_timeout(&hook, 20);
    run_scene();
    ASSERT_LOG(scene.client, "connected, data ping, closed");
    ASSERT_LOG(scene.server, "connection, closed");
    ASSERT_TRUE(ticks > 0); /* at least the one that was due before our timeout */
    ASSERT_TRUE(uv_is_active((const uv_handle_t *)&ticking) != 0);
    close_shared(&scene.world);
}

static void stop_loop(void) {
    nh_loop_stop(scene.world.loop);
}

static void stops(void) {
    static struct scene_hook hook = {stop_loop};
    set_shared_scene();
    scene_set_timeout(&hook, 5);
    world_run(&scene.world);
    ASSERT_LOG(&scene.world, "");
    close_shared(&scene.world); /* with the server still open: it ends with the loop */
    ASSERT_LOG(&scene.world, "server:closed");
}

static size_t cancelled_lookups;

static void count_cancelled(void *owner, int status, const nh_address *found, size_t count) {
    (void)owner;
    (void)found;
    ASSERT_INT_EQ(status, UV_ECANCELED);
    ASSERT_SIZE_EQ(count, 0);
    cancelled_lookups++;
}

static void freed_in_the_middle(void) {
    set_shared_scene();
    scene.server->on_connection = take;
    ASSERT_NOT_NULL(scene.world.operations->lookup(scene.world.transport, "localhost", 0,
                                                   count_cancelled, NULL));
    ASSERT_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    cancelled_lookups = 0;
    close_shared(&scene.world);
    ASSERT_SIZE_EQ(cancelled_lookups, 1);
    ASSERT_LOG(&scene.world, "client:closed, server:closed");
}

static void own_loop_freed_in_the_middle(void) {
    set_scene(false);
    ASSERT_NOT_NULL(scene.world.operations->lookup(scene.world.transport, "localhost", 0,
                                                   count_cancelled, NULL));
    ASSERT_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    nh_loop_stop(scene.world.loop);
    cancelled_lookups = 0;
    end_scene();
    ASSERT_SIZE_EQ(cancelled_lookups, 1);
    ASSERT_LOG(&scene.world, "client:closed, server:closed");
}

static void keep_handler(int number) {
    (void)number;
}

static void broken_pipes_are_ignored_unless_handled(void) {
    struct sigaction action = {.sa_handler = keep_handler};
    REQUIRE_INT_EQ(sigaction(SIGPIPE, &action, NULL), 0);
    set_scene(false);
    end_scene();
    REQUIRE_INT_EQ(sigaction(SIGPIPE, NULL, &action), 0);
    ASSERT_TRUE(action.sa_handler == keep_handler);
    action.sa_handler = SIG_DFL;
    REQUIRE_INT_EQ(sigaction(SIGPIPE, &action, NULL), 0);
    set_scene(false);
    end_scene();
    REQUIRE_INT_EQ(sigaction(SIGPIPE, NULL, &action), 0);
    ASSERT_TRUE(action.sa_handler == SIG_IGN);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(run_ends_although_the_embedder_goes_on),
        UNIT_CASE(stops),
        UNIT_CASE(freed_in_the_middle),
        UNIT_CASE(own_loop_freed_in_the_middle),
        UNIT_CASE(broken_pipes_are_ignored_unless_handled),
    };
    return UNIT_RUN("uv", cases, argc, argv);
}
