/* The writable side: its properties, and the interface by which pipe() and others reach it. */
#include "stream/sides.h"

bool nh_writable_is_writable(const nh_stream *stream) {
    const nh_writable_side *side = &stream->writable;

    return side->present && !side->disabled && !side->ending && !stream->destroyed &&
           stream->errored == NULL;
}

bool nh_writable_is_ended(const nh_stream *stream) {
    return stream->writable.present && stream->writable.ending;
}

bool nh_writable_is_finished(const nh_stream *stream) {
    return stream->writable.present && stream->writable.finished;
}

bool nh_writable_is_aborted(const nh_stream *stream) {
    /* A Duplex does not have this property in Node.js: its prototype leaves it out. */
    return stream->writable.present && !stream->readable.present && !stream->writable.disabled &&
           (stream->destroyed || stream->errored != NULL) && !stream->writable.finished;
}

bool nh_writable_needs_drain(const nh_stream *stream) {
    return stream->writable.need_drain && !stream->writable.ending && !stream->destroyed;
}

size_t nh_writable_length(const nh_stream *stream) {
    return stream->writable.length;
}

size_t nh_writable_high_water_mark(const nh_stream *stream) {
    return stream->writable.high_water_mark;
}

size_t nh_writable_corked(const nh_stream *stream) {
    return stream->writable.corked;
}

bool nh_writable_object_mode(const nh_stream *stream) {
    return stream->writable.object_mode;
}

/* --- the interface ------------------------------------------------------------------------ */

static nh_error *write_object(nh_emitter *object, nh_value chunk, nh_value encoding,
                              nh_value callback, bool *out_more) {
    return nh_writable_write(nh_as_stream(object), chunk, encoding, callback, out_more);
}

static nh_error *end_object(nh_emitter *object, nh_value chunk, nh_value encoding,
                            nh_value callback) {
    return nh_writable_end(nh_as_stream(object), chunk, encoding, callback);
}

static void destroy_object(nh_emitter *object, nh_error *error) {
    nh_stream_destroy(nh_as_stream(object), error);
}

static bool needs_drain(nh_emitter *object) {
    return nh_writable_needs_drain(nh_as_stream(object));
}

static bool is_destroyed(nh_emitter *object) {
    return nh_stream_is_destroyed(nh_as_stream(object));
}

static bool is_ended(nh_emitter *object) {
    return nh_writable_is_ended(nh_as_stream(object));
}

static bool is_finished(nh_emitter *object) {
    return nh_writable_is_finished(nh_as_stream(object));
}

static bool is_writable(nh_emitter *object) {
    return nh_writable_is_writable(nh_as_stream(object));
}

const nh_writable_interface nh_writable_stream_interface = {
    .write = write_object,
    .end = end_object,
    .destroy = destroy_object,
    .needs_drain = needs_drain,
    .is_destroyed = is_destroyed,
    .is_ended = is_ended,
    .is_finished = is_finished,
    .is_writable = is_writable,
};
