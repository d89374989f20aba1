/* What only the simulator does: virtual time, routes, names. */
#include "transport/scene.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAXIMUM UINT64_MAX

static uint64_t now(void) {
    return scene.world.operations->now_ms(scene.world.transport);
}

static nh_transport *simulator(void) {
    return scene.world.transport;
}

static void shape_both(const nh_simulator_shape *shape) {
    nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_SERVER, shape);
    nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_CLIENT, shape);
}

/* Echoes one "ping", the client closes. */
static void set_echo(void) {
    set_scene(true);
    scene.client->on_connected = send_ping;
    scene.client->on_data = close_on_data;
    scene.accepted->on_data = send_back;
    scene.accepted->on_end = endpoint_close;
}

static uint64_t noted_ms;

static void note_time(void) {
    noted_ms = now();
}

static void note_time_on_status(struct endpoint *endpoint, int status) {
    (void)status;
    note_time();
    endpoint_close(endpoint);
}

/* --- time --------------------------------------------------------------------------------- */

static void time_stands_still_while_there_is_work(void) {
    set_echo();
    run_scene();
    ASSERT_UINT_EQ(now(), 1000);
    end_scene();
}

static void time_jumps_to_timers(void) {
    static struct scene_hook hook = {note_time};
    set_scene(true);
    uint64_t wall_clock_ms = nh_loop_wall_clock_ms(scene.world.loop);
    endpoint_close_listening(scene.server);
    scene_set_timeout(&hook, 300000);
    world_run(&scene.world);
    ASSERT_UINT_EQ(noted_ms, 301000);
    ASSERT_UINT_EQ(nh_loop_wall_clock_ms(scene.world.loop), wall_clock_ms + 300000);
    end_scene();
}

static void steps(void) {
    static struct scene_hook hook = {note_time};
    set_scene(true);
    noted_ms = 0;
    ASSERT_UINT_EQ(nh_simulator_next_event_ms(simulator()), MAXIMUM);
    ASSERT_TRUE(nh_simulator_is_idle(simulator()));
    ASSERT_TRUE(nh_simulator_is_alive(simulator()));
    scene_set_timeout(&hook, 50);
    ASSERT_FALSE(nh_simulator_is_idle(simulator()));
    ASSERT_UINT_EQ(nh_simulator_next_event_ms(simulator()), 1050);
    nh_simulator_run_until(simulator(), 1049);
    ASSERT_UINT_EQ(now(), 1049);
    ASSERT_UINT_EQ(noted_ms, 0);
    ASSERT_FALSE(nh_simulator_step(simulator(), 1049));
    ASSERT_FALSE(nh_simulator_step(simulator(), 1050));
    ASSERT_UINT_EQ(noted_ms, 1050);
    nh_simulator_run_until(simulator(), 2000);
    ASSERT_UINT_EQ(now(), 2000);
    endpoint_close_listening(scene.server);
    ASSERT_UINT_EQ(nh_simulator_next_event_ms(simulator()), 2000);
    nh_simulator_run_until(simulator(), 2000);
    ASSERT_LOG(scene.server, "closed");
    ASSERT_FALSE(nh_simulator_is_alive(simulator()));
    end_scene();
}

/* libuv would wait for ever. */
static void run_ends_when_nothing_can_happen(void) {
    set_scene(true);
    world_run(&scene.world);
    ASSERT_TRUE(nh_simulator_is_alive(simulator()));
    ASSERT_LOG(&scene.world, "");
    end_scene();
}

static struct scene_hook polling_hook;
static unsigned polls;

static void poll_clock(void) {
    polls++;
    if (now() < 1003) {
        scene_set_immediate(&polling_hook);
    }
}

static void polling_the_clock_ends(void) {
    set_scene(true);
    polls = 0;
    polling_hook.run = poll_clock;
    endpoint_close_listening(scene.server);
    scene_set_immediate(&polling_hook);
    world_run(&scene.world);
    ASSERT_UINT_EQ(polls, 3000);
    end_scene();
}

static void stop_loop(void) {
    nh_loop_stop(scene.world.loop);
}

static void stops(void) {
    static struct scene_hook stopping = {stop_loop};
    static struct scene_hook noting = {note_time};
    set_scene(true);
    noted_ms = 0;
    scene_set_timeout(&stopping, 10);
    scene_set_timeout(&noting, 20);
    nh_simulator_run_until(simulator(), 5000);
    ASSERT_UINT_EQ(now(), 1010);
    ASSERT_UINT_EQ(noted_ms, 0);
    nh_simulator_run_until(simulator(), 5000);
    ASSERT_UINT_EQ(noted_ms, 1020);
    end_scene();
}

/* --- routes ------------------------------------------------------------------------------- */

static int connect_to(const char *host, uint16_t port, const nh_simulator_route *route) {
    nh_address address = address_of(NH_ADDRESS_IPV4, host, port);
    if (route != NULL) {
        ASSERT_INT_EQ(nh_simulator_set_route(simulator(), &address, route), 0);
    }
    return endpoint_connect(scene.client, &address);
}

static void set_client_only(void) {
    set_scene(true);
    noted_ms = 0;
    scene.client->on_connected = note_time_on_status;
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
}

static void routes(void) {
    nh_simulator_route refused = {.status = -ECONNREFUSED, .delay_ms = 20};
    nh_simulator_route unanswered = {.unanswered = true};
    nh_simulator_route forbidden = {.call_status = -EACCES};
    set_client_only();
    ASSERT_INT_EQ(connect_to("192.0.2.1", 80, NULL), -ENETUNREACH);
    endpoint_close(scene.client);
    ASSERT_INT_EQ(connect_to("192.0.2.1", 81, &forbidden), -EACCES);
    endpoint_close(scene.client);
    ASSERT_INT_EQ(connect_to("192.0.2.1", 0, &refused), 0); /* every other port */
    world_run(&scene.world);
    ASSERT_UINT_EQ(noted_ms, 1020);
    ASSERT_INT_EQ(connect_to("127.0.0.1", 1, &unanswered), 0);
    world_run(&scene.world);
    ASSERT_UINT_EQ(noted_ms, 1020 + 127000);
    ASSERT_LOG(scene.client, "closed, closed, connected ECONNREFUSED, closed, "
                             "connected ETIMEDOUT, closed");
    end_scene();
}

static void a_routed_address_is_local(void) {
    nh_simulator_route slow = {.delay_ms = 100};
    nh_address address = address_of(NH_ADDRESS_IPV4, "192.0.2.9", 8080);
    set_client_only();
    ASSERT_INT_EQ(endpoint_listen(scene.server, &address), -EADDRNOTAVAIL);
    ASSERT_INT_EQ(nh_simulator_set_route(simulator(), &address, &slow), 0);
    ASSERT_INT_EQ(endpoint_listen(scene.server, &address), 0);
    scene.accepted->on_end = endpoint_close;
    ASSERT_INT_EQ(connect_to("192.0.2.9", 8080, NULL), 0);
    world_run(&scene.world);
    ASSERT_UINT_EQ(noted_ms, 1100);
    ASSERT_LOG(scene.accepted, "end, closed");
    end_scene();
}

static void never_answered(void) {
    nh_simulator_options options;
    nh_simulator_route unanswered = {.unanswered = true};
    nh_address address = address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0);
    nh_simulator_options_init(&options);
    options.connect_timeout_ms = 0;
    set_scene_with(true, &address, &options);
    ASSERT_INT_EQ(connect_to("127.0.0.1", 1, &unanswered), 0);
    world_run(&scene.world);
    ASSERT_TRUE(nh_simulator_is_idle(simulator()));
    ASSERT_UINT_EQ(now(), 1000);
    endpoint_close(scene.client);
    endpoint_close_listening(scene.server);
    world_run(&scene.world);
    ASSERT_LOG(scene.client, "connected ECANCELED, closed");
    end_scene();
}

/* A full accept queue does not answer; the SYN comes again after a second. UNIX sockets refuse. */
static void backlog(void) {
    set_scene(true);
    const nh_transport_operations *operations = scene.world.operations;
    static const nh_listening_observer nobody = {NULL, NULL};
    nh_listening *listening[2];
    nh_address address[2] = {address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0),
                             address_of(NH_ADDRESS_UNIX, "/full", 0)};
    for (size_t i = 0; i < 2; i++) {
        scene.world.is_quiet = true;
        REQUIRE_INT_EQ(
            operations->listen(simulator(), &address[i], 0, &nobody, NULL, &listening[i]), 0);
        REQUIRE_INT_EQ(operations->listening_address(listening[i], &address[i]), 0);
    }
    /* Before the first poll phase nothing is accepted: the queue has room for one. */
    struct endpoint *tcp = world_endpoint(&scene.world, "tcp");
    struct endpoint *path = world_endpoint(&scene.world, "path");
    tcp->on_connected = note_time_on_status;
    scene.world.is_quiet = false;
    ASSERT_INT_EQ(endpoint_connect(scene.client, &address[0]), 0);
    ASSERT_INT_EQ(endpoint_connect(tcp, &address[0]), 0);
    ASSERT_INT_EQ(endpoint_connect(scene.accepted, &address[1]), 0);
    ASSERT_INT_EQ(endpoint_connect(path, &address[1]), 0);
    operations->close_listening(listening[0]);
    operations->close_listening(listening[1]);
    world_run(&scene.world);
    ASSERT_LOG(scene.client, "connected ECONNRESET");
    ASSERT_LOG(scene.accepted, "connected ECONNRESET");
    ASSERT_LOG(path, "connected EAGAIN");
    ASSERT_LOG(tcp, "connected ECONNREFUSED, closed");
    ASSERT_UINT_EQ(noted_ms, 2000);
    end_scene();
}

static void ports(void) {
    nh_simulator_options options;
    nh_address address = address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0);
    nh_simulator_options_init(&options);
    options.first_ephemeral_port = 65534;
    set_scene_with(true, &address, &options);
    ASSERT_UINT_EQ(scene.address.port, 65534);
    struct endpoint *second = world_endpoint(&scene.world, "second");
    struct endpoint *third = world_endpoint(&scene.world, "third");
    ASSERT_INT_EQ(endpoint_listen(second, &address), 0);
    ASSERT_UINT_EQ(endpoint_address(second).port, 65535);
    ASSERT_INT_EQ(endpoint_listen(third, &address), -EADDRINUSE);
    endpoint_close_listening(second);
    ASSERT_INT_EQ(endpoint_listen(third, &address), 0);
    ASSERT_UINT_EQ(endpoint_address(third).port, 65535);
    end_scene();
}

/* --- names -------------------------------------------------------------------------------- */

static void note_lookup(void *owner, int status, const nh_address *found, size_t count) {
    char entry[160];
    const char *name = owner;
    (void)snprintf(entry, sizeof entry, "%s=%d:%s:%u@%u", name, status,
                   count > 0 ? found[0].host : "", (unsigned)count, (unsigned)now());
    world_note(&scene.world, entry);
}

static void look_up(char *host, int family) {
    ASSERT_NOT_NULL(scene.world.operations->lookup(simulator(), host, family, note_lookup, host));
}

static void host_table(void) {
    static struct scene_hook hook = {scene_note_immediate};
    nh_address pair[2] = {address_of(NH_ADDRESS_IPV6, "::1", 0),
                          address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0)};
    set_client_only();
    memset(&scene.world.log, 0, sizeof scene.world.log);
    ASSERT_INT_EQ(nh_simulator_set_host(simulator(), "both.test", 0, pair, 2, 0), 0);
    ASSERT_INT_EQ(nh_simulator_set_host(simulator(), "slow.test", 0, pair, 2, 250), 0);
    ASSERT_INT_EQ(nh_simulator_set_host(simulator(), "fails.test", -3001, NULL, 0, 0), 0);
    look_up((char[]){"slow.test"}, 0);
    look_up((char[]){"BOTH.test"}, 0);
    look_up((char[]){"both.test"}, 4);
    look_up((char[]){"fails.test"}, 0);
    look_up((char[]){"unknown.test"}, 0);
    look_up((char[]){"LOCALHOST"}, 0);
    look_up((char[]){"localhost"}, 6);
    scene_set_immediate(&hook); /* getaddrinfo takes longer than that */
    world_run(&scene.world);
    ASSERT_LOG(&scene.world, "immediate, BOTH.test=0:::1:2@1000, both.test=0:127.0.0.1:1@1000, "
                             "fails.test=-3001::0@1000, unknown.test=-3008::0@1000, "
                             "LOCALHOST=0:127.0.0.1:1@1000, localhost=-3008::0@1000, "
                             "slow.test=0:::1:2@1250");
    end_scene();
}

/* --- life ---------------------------------------------------------------------------------- */

/* Whatever is open, freeing the simulator frees it. */
static void freed_in_the_middle(void) {
    nh_simulator_shape shape = {.delay_ms = 50};
    set_echo();
    shape_both(&shape);
    ASSERT_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    struct endpoint *waiting = world_endpoint(&scene.world, "waiting");
    nh_simulator_run_until(simulator(), 1020);
    ASSERT_INT_EQ(endpoint_connect(waiting, &scene.address), 0);
    look_up((char[]){"localhost"}, 0);
    ASSERT_INT_EQ(nh_simulator_fail(simulator(), NULL, NH_SIMULATOR_WRITE, 9, -EIO), 0);
    scene.world.operations->close(scene.client->connection);
    end_scene();
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(time_stands_still_while_there_is_work),
        UNIT_CASE(time_jumps_to_timers),
        UNIT_CASE(steps),
        UNIT_CASE(run_ends_when_nothing_can_happen),
        UNIT_CASE(polling_the_clock_ends),
        UNIT_CASE(stops),
        UNIT_CASE(routes),
        UNIT_CASE(a_routed_address_is_local),
        UNIT_CASE(never_answered),
        UNIT_CASE(backlog),
        UNIT_CASE(ports),
        UNIT_CASE(host_table),
        UNIT_CASE(freed_in_the_middle),
    };
    return UNIT_RUN("simulator", cases, argc, argv);
}
