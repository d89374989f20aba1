#include "message/duplex.h"

#include <string.h>

#include "support/check.h"

static uint8_t wire_bytes[FUZZ_WIRE_CAPACITY];
static struct fuzz_wire wire;

static void add(nh_stream_chunk chunk) {
    nh_bytes bytes = nh_value_bytes(chunk.chunk);
    FUZZ_CHECK(!wire.ended, "%zu bytes after the end of the stream", bytes.length);
    FUZZ_CHECK(bytes.length <= FUZZ_WIRE_CAPACITY - wire.length, "more than %zu bytes written",
               FUZZ_WIRE_CAPACITY);
    if (bytes.length != 0) {
        memcpy(wire.bytes + wire.length, bytes.data, bytes.length);
        wire.length += bytes.length;
    }
}

static void read_nothing(nh_stream *stream, size_t size, void *data) {
    (void)stream;
    (void)size;
    (void)data;
}

static void write_one(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    (void)data;
    add(chunk);
    nh_stream_write_done(stream, NULL);
}

static void write_all(nh_stream *stream, const nh_stream_chunk *chunks, size_t count, void *data) {
    (void)data;
    for (size_t i = 0; i < count; i++) {
        add(chunks[i]);
    }
    nh_stream_write_done(stream, NULL);
}

static void finish(nh_stream *stream, void *data) {
    (void)data;
    wire.ended = true;
    nh_stream_final_done(stream, NULL);
}

static void destroy(nh_stream *stream, nh_error *error, void *data) {
    (void)data;
    wire.destroyed = true;
    nh_stream_destroy_done(stream, error);
}

nh_stream *fuzz_duplex_new(nh_loop *loop, struct fuzz_wire **out_wire) {
    static const nh_stream_operations operations = {.read = read_nothing,
                                                    .write = write_one,
                                                    .writev = write_all,
                                                    .final = finish,
                                                    .destroy = destroy};
    wire = (struct fuzz_wire){.bytes = wire_bytes};
    *out_wire = &wire;
    return nh_duplex_new(loop, NULL, &operations, NULL);
}

void fuzz_duplex_receive(nh_stream *duplex, nh_bytes bytes, size_t segment) {
    nh_loop *loop = nh_emitter_loop(nh_as_emitter(duplex));
    do {
        nh_bytes part = bytes;
        if (segment != 0 && segment < part.length) {
            part.length = segment;
        }
        nh_loop_begin_turn(loop);
        (void)nh_readable_push_bytes(duplex, part);
        nh_loop_end_turn(loop);
        bytes.data += part.length;
        bytes.length -= part.length;
    } while (bytes.length != 0);
}

void fuzz_duplex_discard(nh_stream *duplex) {
    if (duplex == NULL) {
        return;
    }
    nh_loop *loop = nh_emitter_loop(nh_as_emitter(duplex));
    nh_loop_begin_turn(loop);
    nh_stream_destroy(duplex, NULL);
    nh_loop_end_turn(loop);
    nh_emitter_release(nh_as_emitter(duplex));
}
