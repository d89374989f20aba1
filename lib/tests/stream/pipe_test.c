/* Pipes that lose a part of themselves: what stays of them, and who keeps whom. Expectations are
 * what Node.js v23.5.0 does. */
#include <nodehttp/nodehttp.h>

#include "support/test_memory.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

static struct test_memory memory;
static nh_transport *simulator;
static nh_loop *loop;
static nh_stream *source;
static nh_stream *destination;
static char written[64];

static void read_nothing(nh_stream *stream, size_t size, void *data) {
    (void)stream;
    (void)size;
    (void)data;
}

static void keep_text(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    (void)data;
    nh_bytes bytes = nh_value_bytes(chunk.chunk);
    size_t length = strlen(written);
    (void)snprintf(written + length, sizeof(written) - length, "%.*s", (int)bytes.length,
                   (const char *)bytes.data);
    nh_stream_write_done(stream, NULL);
}

static void push(const char *text) {
    nh_loop_begin_turn(loop);
    (void)nh_readable_push_bytes(source, nh_bytes_of_text(text));
    nh_loop_end_turn(loop);
}

static void destroy(nh_stream *stream) {
    nh_loop_begin_turn(loop);
    nh_stream_destroy(stream, NULL);
    nh_loop_end_turn(loop);
}

/* A pipe that unpipe() cannot take apart, because the program took its listener off. */
static void open_with_half_a_pipe(void) {
    static const nh_stream_operations reads = {.read = read_nothing};
    static const nh_stream_operations writes = {.write = keep_text};
    memory = test_memory_make();
    simulator = nh_simulator_new(&memory.memory, NULL);
    loop = nh_loop_new(&memory.memory, simulator);
    source = nh_readable_new(loop, NULL, &reads, NULL);
    destination = nh_writable_new(loop, NULL, &writes, NULL);
    written[0] = '\0';
    nh_loop_begin_turn(loop);
    nh_error_release(nh_readable_pipe(source, nh_as_emitter(destination), true));
    nh_emitter_remove_all_listeners(nh_as_emitter(destination), "unpipe");
    nh_readable_unpipe(source, nh_as_emitter(destination));
    nh_readable_resume(source);
    nh_loop_end_turn(loop);
    push("ab");
    ASSERT_STR_EQ(written, "ab"); /* the other listeners are still there */
}

static void close_all(void) {
    nh_loop_free(loop);
    nh_simulator_free(simulator);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

static void half_a_pipe_survives_its_source(void) {
    open_with_half_a_pipe();
    nh_emitter_release(nh_as_emitter(source));
    destroy(destination);
    nh_emitter_release(nh_as_emitter(destination));
    close_all();
}

static void half_a_pipe_survives_its_destination(void) {
    open_with_half_a_pipe();
    nh_emitter_release(nh_as_emitter(destination));
    push("cd");
    ASSERT_STR_EQ(written, "abcd");
    destroy(source);
    nh_emitter_release(nh_as_emitter(source));
    close_all();
}

static void half_a_pipe_goes_with_the_loop(void) {
    open_with_half_a_pipe();
    nh_emitter_release(nh_as_emitter(source));
    nh_emitter_release(nh_as_emitter(destination));
    close_all();
}

static void half_a_pipe_of_a_closed_source_goes(void) {
    open_with_half_a_pipe();
    destroy(source);
    nh_emitter_release(nh_as_emitter(source));
    nh_emitter_release(nh_as_emitter(destination));
    close_all();
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(half_a_pipe_survives_its_source),
        UNIT_CASE(half_a_pipe_survives_its_destination),
        UNIT_CASE(half_a_pipe_goes_with_the_loop),
        UNIT_CASE(half_a_pipe_of_a_closed_source_goes),
    };
    return UNIT_RUN("pipe", cases, argc, argv);
}
