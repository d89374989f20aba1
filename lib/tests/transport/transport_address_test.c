/* Addresses of all kinds, and what is special about UNIX sockets: each case runs on the simulator
 * and on libuv, with the same expectations. */
#include "transport/scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    scene.client->on_connected = ping_and_close_accepted;
    scene.client->on_error = close_on_status;
    run_scene();
    ASSERT_LOG(scene.client, "connected, error ECONNRESET, closed");
    end_scene();
}

static void unix_addresses(bool simulated) {
    static struct scene_hook hook = {scene_note_immediate};
    set_unix_scene(simulated);
    struct endpoint *second = world_endpoint(&scene.world, "second");
    nh_address nowhere = scene.address;
    nowhere.host[strlen(nowhere.host) - 1] = '!';
    ASSERT_INT_EQ(endpoint_listen(second, &scene.address), -EADDRINUSE);
    /* The failure is reported in the pending phase: before immediates. */
    scene.client->on_connected = close_on_status;
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &nowhere), 0);
    scene_set_immediate(&hook);
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
    X(addresses_of_both_ends)                                                                      \
    X(taken_addresses)                                                                             \
    X(bound_client)                                                                                \
    X(both_families)                                                                               \
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
    return UNIT_RUN("transport_address", cases, argc, argv);
}
