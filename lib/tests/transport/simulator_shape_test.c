/* What happens to bytes on their way in the simulator: shapes and buffers. */
#include "transport/scene.h"

#include <errno.h>
#include <string.h>

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

/* --- shaping ------------------------------------------------------------------------------ */

static void send_long(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(endpoint_write(endpoint, "0123456789"), 0);
    endpoint_close(endpoint);
}

static void segments(void) {
    nh_simulator_shape shape = {.segment_bytes = 4};
    set_scene(true);
    scene.world.keeps_reads_apart = true;
    nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_SERVER, &shape);
    scene.client->on_connected = send_long;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_LOG(scene.accepted, "data 0123, data 4567, data 89, end, closed");
    ASSERT_UINT_EQ(now(), 1000);
    end_scene();
}

static void immediate_each(struct endpoint *endpoint, nh_bytes bytes) {
    static struct scene_hook hook = {scene_note_immediate};
    (void)endpoint;
    (void)bytes;
    scene_set_immediate(&hook);
}

static void each_segment_has_its_poll_phase(void) {
    nh_simulator_shape shape = {.segment_bytes = 5};
    set_scene(true);
    shape_both(&shape);
    scene.client->on_connected = send_long;
    scene.accepted->on_data = immediate_each;
    scene.accepted->on_end = endpoint_close;
    scene.world.keeps_reads_apart = true;
    run_scene();
    ASSERT_LOG(&scene.world, "server:connection, client:connected, client:closed, "
                             "accepted:data , immediate, accepted:data , immediate, "
                             "accepted:end, accepted:closed, server:closed");
    end_scene();
}

static void write_twice(struct endpoint *endpoint, int status) {
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(endpoint_write(endpoint, "one"), 0);
    ASSERT_INT_EQ(endpoint_write(endpoint, "two"), 0);
    endpoint_close(endpoint);
}

static void writes_before_a_read_come_together(void) {
    set_scene(true);
    scene.world.keeps_reads_apart = true;
    scene.client->on_connected = write_twice;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_LOG(scene.accepted, "data onetwo, end, closed");
    end_scene();
}

static void write_later(void) {
    ASSERT_INT_EQ(endpoint_write(scene.client, "later"), 0);
}

static void close_client(void) {
    endpoint_close(scene.client);
}

static void write_now_and_later(struct endpoint *endpoint, int status) {
    static struct scene_hook writing = {write_later};
    static struct scene_hook closing = {close_client};
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(endpoint_write(endpoint, "now"), 0);
    scene_set_timeout(&writing, 10);
    scene_set_timeout(&closing, 100);
}

static uint64_t arrival_ms[4];
static size_t arrivals;

static void note_arrival(struct endpoint *endpoint, nh_bytes bytes) {
    (void)endpoint;
    (void)bytes;
    if (arrivals < 4) {
        arrival_ms[arrivals++] = now();
    }
}

static void run_two_writes(const nh_simulator_shape *shape) {
    set_scene(true);
    arrivals = 0;
    scene.world.keeps_reads_apart = true;
    shape_both(shape);
    scene.client->on_connected = write_now_and_later;
    scene.accepted->on_data = note_arrival;
    scene.accepted->on_end = endpoint_close;
    run_scene();
}

static void delay(void) {
    nh_simulator_shape shape = {.delay_ms = 40};
    run_two_writes(&shape);
    ASSERT_LOG(scene.accepted, "data now, data later, end, closed");
    ASSERT_UINT_EQ(arrival_ms[0], 1040);
    ASSERT_UINT_EQ(arrival_ms[1], 1050);
    ASSERT_UINT_EQ(now(), 1140);
    end_scene();
}

static void merge(void) {
    nh_simulator_shape shape = {.merge_ms = 30};
    run_two_writes(&shape);
    ASSERT_LOG(scene.accepted, "data nowlater, end, closed");
    ASSERT_UINT_EQ(arrival_ms[0], 1030);
    ASSERT_UINT_EQ(now(), 1100);
    end_scene();
}

static void merge_ends_with_the_stream(void) {
    nh_simulator_shape shape = {.merge_ms = 500};
    run_two_writes(&shape);
    ASSERT_LOG(scene.accepted, "data nowlater, end, closed");
    ASSERT_UINT_EQ(arrival_ms[0], 1100);
    end_scene();
}

static void resume_client(void) {
    nh_simulator_shape shape;
    ASSERT_INT_EQ(nh_simulator_connection_get_shape(scene.accepted->connection,
                                                    NH_SIMULATOR_TO_SERVER, &shape),
                  0);
    ASSERT_TRUE(shape.stalled);
    shape.stalled = false;
    ASSERT_INT_EQ(nh_simulator_connection_set_shape(scene.accepted->connection,
                                                    NH_SIMULATOR_TO_SERVER, &shape),
                  0);
}

static void stall(void) {
    static struct scene_hook hook = {resume_client};
    nh_simulator_shape shape = {.stalled = true};
    set_scene(true);
    arrivals = 0;
    shape_both(&shape);
    scene_set_timeout(&hook, 700);
    scene.client->on_connected = send_long;
    scene.accepted->on_data = note_arrival;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_LOG(scene.accepted, "data 0123456789, end, closed");
    ASSERT_UINT_EQ(arrival_ms[0], 1700);
    ASSERT_INT_EQ(nh_simulator_connection_set_shape(
                      scene.world.operations->open(simulator(), NH_ADDRESS_IPV4, NULL, NULL),
                      NH_SIMULATOR_TO_CLIENT, &shape),
                  -ENOTCONN);
    end_scene();
}

static void write_short(struct endpoint *endpoint, int status) {
    size_t queued = 0;
    nh_bytes pieces[6];
    ASSERT_INT_EQ(status, 0);
    for (size_t i = 0; i < 6; i++) {
        pieces[i] = nh_bytes_of_text("abcde");
    }
    ASSERT_INT_EQ(endpoint->world->operations->write(endpoint->connection, pieces, 6, &queued), 1);
    /* Two attempts, as libuv makes: uv_try_write() and uv_write(). */
    ASSERT_SIZE_EQ(queued, 30 - 2 * 7);
    ASSERT_INT_EQ(endpoint_write(endpoint, "too early"), -EBUSY);
}

static void short_writes(void) {
    nh_simulator_shape shape = {.write_limit_bytes = 7};
    set_scene(true);
    scene.world.keeps_reads_apart = true;
    shape_both(&shape);
    scene.client->on_connected = write_short;
    scene.client->on_written = close_on_status;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_LOG(scene.client, "connected, written, closed");
    ASSERT_LOG(scene.accepted, "data abcdeabcdeabcdeabcdea, data bcdeabcde, end, closed");
    end_scene();
}

static void send_back_or_fail(struct endpoint *endpoint, nh_bytes bytes) {
    bool is_first = endpoint->received == 4;
    ASSERT_INT_EQ(endpoint->world->operations->write(endpoint->connection, &bytes, 1, NULL),
                  is_first ? 0 : -ECONNRESET);
}

static void reset_at_a_byte(void) {
    nh_simulator_shape shape = {.resets = true, .reset_after_bytes = 6};
    set_scene(true);
    nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_SERVER, &shape);
    scene.client->on_connected = send_ping;
    scene.client->on_error = close_on_status;
    scene.accepted->on_data = send_back_or_fail;
    scene.accepted->on_end = endpoint_close;
    scene.accepted->on_error = close_on_status;
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    nh_simulator_run_until(simulator(), 1001);
    ASSERT_LOG(scene.client, "connected, data ping");
    ASSERT_INT_EQ(endpoint_write(scene.client, "pong"), 0);
    world_run(&scene.world);
    ASSERT_LOG(scene.accepted, "data pingpo, end, closed");
    ASSERT_LOG(scene.client, "connected, data ping, error ECONNRESET, closed");
    end_scene();
}

/* --- buffers ------------------------------------------------------------------------------ */

static size_t read_lengths[8];
static size_t reads;

static void note_length(struct endpoint *endpoint, nh_bytes bytes) {
    (void)endpoint;
    if (reads < 8) {
        read_lengths[reads++] = bytes.length;
    }
}

static uint8_t much[300000];

static void write_much(struct endpoint *endpoint, int status) {
    size_t queued = 0;
    nh_bytes bytes = nh_bytes_of(much, sizeof much);
    ASSERT_INT_EQ(status, 0);
    ASSERT_INT_EQ(endpoint->world->operations->write(endpoint->connection, &bytes, 1, &queued), 1);
    ASSERT_SIZE_EQ(queued, sizeof much - 150000 - 65536);
}

static void buffers_are_bounded(void) {
    nh_simulator_options options;
    nh_address address = address_of(NH_ADDRESS_IPV4, "127.0.0.1", 0);
    nh_simulator_options_init(&options);
    options.send_buffer_bytes = 150000;
    set_scene_with(true, &address, &options);
    reads = 0;
    scene.world.is_quiet = true;
    scene.client->on_connected = write_much;
    scene.client->on_written = close_on_status;
    scene.accepted->on_data = note_length;
    scene.accepted->on_end = endpoint_close;
    run_scene();
    ASSERT_SIZE_EQ(scene.accepted->received, sizeof much);
    ASSERT_SIZE_EQ(read_lengths[0], 65536); /* as much as libuv reads at once */
    ASSERT_SIZE_EQ(read_lengths[1], 65536);
    end_scene();
}

/* --- determinism -------------------------------------------------------------------------- */

static void run_mixture(struct log *out_log) {
    nh_simulator_shape up = {.segment_bytes = 3, .delay_ms = 7, .write_limit_bytes = 5};
    nh_simulator_shape down = {.merge_ms = 3};
    set_scene(true);
    nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_SERVER, &up);
    nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_CLIENT, &down);
    scene.world.keeps_reads_apart = true;
    scene.client->on_connected = write_short;
    scene.client->on_written = NULL;
    scene.accepted->on_data = send_back;
    scene.accepted->on_end = endpoint_close;
    up.write_limit_bytes = 7;
    nh_simulator_set_shape(simulator(), NH_SIMULATOR_TO_SERVER, &up);
    REQUIRE_INT_EQ(endpoint_connect(scene.client, &scene.address), 0);
    nh_simulator_run_until(simulator(), 1010);
    endpoint_read(scene.client);
    nh_simulator_run_until(simulator(), 1100);
    endpoint_close(scene.client);
    world_run(&scene.world);
    *out_log = scene.world.log;
    ASSERT_SIZE_EQ(scene.client->received, 30);
    end_scene();
}

static void same_every_time(void) {
    static struct log first;
    static struct log second;
    run_mixture(&first);
    run_mixture(&second);
    ASSERT_TRUE(first.length > 100);
    ASSERT_STR_EQ(first.text, second.text);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(segments),
        UNIT_CASE(each_segment_has_its_poll_phase),
        UNIT_CASE(writes_before_a_read_come_together),
        UNIT_CASE(delay),
        UNIT_CASE(merge),
        UNIT_CASE(merge_ends_with_the_stream),
        UNIT_CASE(stall),
        UNIT_CASE(short_writes),
        UNIT_CASE(reset_at_a_byte),
        UNIT_CASE(buffers_are_bounded),
        UNIT_CASE(same_every_time),
    };
    return UNIT_RUN("simulator_shape", cases, argc, argv);
}
