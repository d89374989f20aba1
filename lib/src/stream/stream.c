/* The classes, and what both sides have in common. */
#include "stream/sides.h"

static void release_stream(nh_emitter *emitter);

const nh_class nh_stream_class = {
    .name = "Stream",
    .parent = &nh_emitter_class,
    .size = sizeof(nh_stream),
    .destroy = release_stream,
    .listener_added = nh_stream_listener_added,
    .listener_removed = nh_stream_listener_removed,
    .all_listeners_removed = nh_stream_all_listeners_removed,
};

const nh_class nh_readable_class = {
    .name = "Readable",
    .parent = &nh_stream_class,
    .size = sizeof(nh_stream),
};

const nh_class nh_writable_class = {
    .name = "Writable",
    .parent = &nh_stream_class,
    .size = sizeof(nh_stream),
    .writable = &nh_writable_stream_interface,
};

const nh_class nh_duplex_class = {
    .name = "Duplex",
    .parent = &nh_readable_class,
    .size = sizeof(nh_stream),
    .writable = &nh_writable_stream_interface,
};

void nh_stream_options_init(nh_stream_options *options) {
    *options = (nh_stream_options){
        .high_water_mark = NH_DEFAULT_HIGH_WATER_MARK,
        .readable_high_water_mark = NH_DEFAULT_HIGH_WATER_MARK,
        .writable_high_water_mark = NH_DEFAULT_HIGH_WATER_MARK,
        .allow_half_open = true,
        .readable = true,
        .writable = true,
        .auto_destroy = true,
        .emit_close = true,
        .decode_strings = true,
    };
}

static void construct(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);
    nh_loop *loop = object->loop;

    (void)value;
    stream->operations->construct(stream, stream->data);
    if (nh_loop_is_throwing(loop)) {
        nh_error *error = nh_loop_catch(loop);
        nh_stream_construct_done(stream, error);
        nh_error_release(error);
    }
}

void nh_stream_init(nh_stream *stream, const nh_stream_options *options,
                    const nh_stream_operations *operations, void *data) {
    nh_stream_options defaults;

    if (options == NULL) {
        nh_stream_options_init(&defaults);
        options = &defaults;
    }
    stream->operations = operations;
    stream->data = data;
    stream->allow_half_open = options->allow_half_open;
    stream->auto_destroy = options->auto_destroy;
    stream->emit_close = options->emit_close;
    stream->constructed = true;
    stream->readable.present = nh_object_is_of(&stream->emitter, &nh_readable_class);
    stream->writable.present = nh_object_writable(&stream->emitter) != NULL;
    nh_readable_side_init(stream, options);
    nh_writable_side_init(stream, options);
    if (operations->construct != NULL) {
        stream->constructed = false;
        nh_loop_tick(stream->emitter.loop, construct, &stream->emitter, nh_undefined());
    }
}

static void release_stream(nh_emitter *emitter) {
    nh_stream *stream = nh_as_stream(emitter);

    if (stream->operations == NULL) {
        return; /* nh_stream_init() was never reached */
    }
    nh_readable_side_deinit(stream);
    nh_writable_side_deinit(stream);
    nh_error_release(stream->errored);
    nh_error_release(stream->destroy_error);
    if (stream->releases_data && stream->operations->release != NULL) {
        stream->operations->release(stream->data);
    }
}

static nh_stream *new_stream(nh_loop *loop, const nh_class *stream_class,
                             const nh_stream_options *options,
                             const nh_stream_operations *operations, void *data) {
    nh_stream *stream = nh_object_new(loop, stream_class);

    if (stream != NULL) {
        nh_stream_init(stream, options, operations, data);
        stream->releases_data = true;
    }
    return stream;
}

nh_stream *nh_readable_new(nh_loop *loop, const nh_stream_options *options,
                           const nh_stream_operations *operations, void *data) {
    return new_stream(loop, &nh_readable_class, options, operations, data);
}

nh_stream *nh_writable_new(nh_loop *loop, const nh_stream_options *options,
                           const nh_stream_operations *operations, void *data) {
    return new_stream(loop, &nh_writable_class, options, operations, data);
}

nh_stream *nh_duplex_new(nh_loop *loop, const nh_stream_options *options,
                         const nh_stream_operations *operations, void *data) {
    return new_stream(loop, &nh_duplex_class, options, operations, data);
}

void *nh_stream_data(const nh_stream *stream) {
    return stream->data;
}

bool nh_stream_is_throwing(const nh_stream *stream) {
    return nh_loop_is_throwing(stream->emitter.loop);
}

bool nh_stream_has_readable_side(const nh_stream *stream) {
    return stream->readable.present;
}

bool nh_stream_has_writable_side(const nh_stream *stream) {
    return stream->writable.present;
}

bool nh_stream_is_destroyed(const nh_stream *stream) {
    return stream->destroyed;
}

bool nh_stream_is_closed(const nh_stream *stream) {
    return stream->closed;
}

nh_error *nh_stream_errored(const nh_stream *stream) {
    return stream->errored;
}

bool nh_stream_allow_half_open(const nh_stream *stream) {
    return stream->allow_half_open;
}

void nh_stream_set_allow_half_open(nh_stream *stream, bool allow) {
    stream->allow_half_open = allow;
}
