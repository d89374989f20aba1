#include "http/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void on_uncaught(nh_loop *loop, nh_error *error, void *data) {
    (void)loop;
    fixture_note(data, "uncaught(%s)", nh_error_message(error));
}

bool fixture_open(struct fixture *fixture) {
    size_t refuse_at = fixture->memory.refuse_at;
    memset(fixture, 0, sizeof(*fixture));
    fixture->memory = test_memory_make();
    fixture->memory.refuse_at = refuse_at;
    fixture->simulator = nh_simulator_new(&fixture->memory.memory, NULL);
    if (fixture->simulator == NULL) {
        return false;
    }
    fixture->loop = nh_loop_new(&fixture->memory.memory, fixture->simulator);
    if (fixture->loop == NULL) {
        nh_simulator_free(fixture->simulator);
        fixture->simulator = NULL;
        return false;
    }
    nh_loop_on_uncaught_exception(fixture->loop, on_uncaught, fixture);
    return true;
}

void fixture_close(struct fixture *fixture) {
    if (fixture->loop != NULL) {
        nh_loop_free(fixture->loop);
        nh_simulator_free(fixture->simulator);
    }
    ASSERT_SIZE_EQ(fixture->memory.blocks, 0);
}

void fixture_note(struct fixture *fixture, const char *format, ...) {
    size_t length = strlen(fixture->trace);
    if (length != 0 && length + 1 < sizeof(fixture->trace)) {
        fixture->trace[length++] = ' ';
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fixture->trace + length, sizeof(fixture->trace) - length, format, arguments);
    va_end(arguments);
}

void fixture_run(struct fixture *fixture) {
    nh_loop_run(fixture->loop);
}

/* --- duplexes ------------------------------------------------------------------------------- */

static void add_to_wire(struct fixture *fixture, nh_stream_chunk chunk) {
    nh_bytes bytes = nh_value_bytes(chunk.chunk);
    size_t room = sizeof(fixture->wire) - fixture->wire_length - 1;
    size_t length = bytes.length < room ? bytes.length : room;
    memcpy(fixture->wire + fixture->wire_length, bytes.data, length);
    fixture->wire_length += length;
    fixture->wire[fixture->wire_length] = '\0';
}

static void write_chunk(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    add_to_wire(data, chunk);
    nh_stream_write_done(stream, NULL);
}

static void stall(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    (void)stream;
    add_to_wire(data, chunk);
}

static void read_nothing(nh_stream *stream, size_t size, void *data) {
    (void)stream;
    (void)size;
    (void)data;
}

nh_stream *fixture_duplex(struct fixture *fixture) {
    static const nh_stream_operations operations = {.read = read_nothing, .write = write_chunk};
    return nh_duplex_new(fixture->loop, NULL, &operations, fixture);
}

nh_stream *fixture_stalled_duplex(struct fixture *fixture) {
    static const nh_stream_operations operations = {.read = read_nothing, .write = stall};
    return nh_duplex_new(fixture->loop, NULL, &operations, fixture);
}

void fixture_receive(nh_stream *duplex, const char *text) {
    nh_loop *loop = nh_emitter_loop(nh_as_emitter(duplex));
    nh_loop_begin_turn(loop);
    (void)nh_readable_push_bytes(duplex, nh_bytes_of_text(text));
    nh_loop_end_turn(loop);
}

void assert_error_take(nh_error *error, const char *code, const char *message) {
    ASSERT_STR_EQ(error == NULL ? NULL : nh_error_code(error), code);
    ASSERT_STR_EQ(error == NULL ? NULL : nh_error_message(error), message);
    nh_error_release(error);
}
