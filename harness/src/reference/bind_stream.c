/* Readable, Writable, Duplex. */
#include <math.h>

#include <nodehttp/stream.h>

#include "reference/binding_macros.h"

/* --- both sides ------------------------------------------------------------------------------- */

static nh_error *destroy(ts_call *call) {
    nh_error *error = ts_call_error(call, 0);
    nh_stream_destroy(nh_as_stream(call->self), error);
    nh_error_release(error);
    ts_call_return_self(call);
    return NULL;
}

TS_GETTER(get_destroyed, nh_stream, nh_boolean(nh_stream_is_destroyed(it)))
TS_GETTER(get_closed, nh_stream, nh_boolean(nh_stream_is_closed(it)))
TS_GETTER(get_errored, nh_stream, ts_error_or_null(nh_stream_errored(it)))
TS_GETTER(get_allow_half_open, nh_stream, nh_boolean(nh_stream_allow_half_open(it)))
TS_SETTER(set_allow_half_open, nh_stream,
          nh_stream_set_allow_half_open(it, nh_value_is_truthy(value)))

/* --- the readable side ------------------------------------------------------------------------ */

static nh_error *push(ts_call *call) {
    call->result = nh_boolean(nh_readable_push(nh_as_stream(call->self), ts_call_argument(call, 0),
                                               ts_call_argument(call, 1)));
    return NULL;
}

static nh_error *unshift(ts_call *call) {
    call->result = nh_boolean(nh_readable_unshift(
        nh_as_stream(call->self), ts_call_argument(call, 0), ts_call_argument(call, 1)));
    return NULL;
}

static nh_error *read(ts_call *call) {
    nh_value size = ts_call_argument(call, 0);
    nh_stream *stream = nh_as_stream(call->self);
    call->result = size.type == NH_NUMBER ? nh_readable_read_size(stream, size.as.number)
                                          : nh_readable_read(stream);
    return NULL;
}

static nh_error *pipe_into(ts_call *call) {
    nh_value destination = ts_call_argument(call, 0);
    if (destination.type != NH_OBJECT) {
        return nh_error_new(call->memory, "TypeError", NULL,
                            "Cannot read properties of undefined (reading 'on')");
    }
    nh_value end = nh_map_get(ts_call_argument(call, 1), "end");
    bool ends = end.type != NH_BOOLEAN || end.as.boolean;
    nh_error *error = nh_readable_pipe(nh_as_stream(call->self), destination.as.object, ends);
    call->result = nh_value_retain(destination);
    return error;
}

static nh_error *unpipe(ts_call *call) {
    nh_value destination = ts_call_argument(call, 0);
    nh_readable_unpipe(nh_as_stream(call->self),
                       destination.type == NH_OBJECT ? destination.as.object : NULL);
    ts_call_return_self(call);
    return NULL;
}

TS_ACTION(pause, nh_stream, nh_readable_pause(it); ts_call_return_self(call))
TS_ACTION(resume, nh_stream, nh_readable_resume(it); ts_call_return_self(call))
TS_ACTION(is_paused, nh_stream, call->result = nh_boolean(nh_readable_is_paused(it)))
TS_ATTEMPT(set_encoding, nh_stream,
           (ts_call_return_self(call), nh_readable_set_encoding(it, ts_call_argument(call, 0))))
TS_GETTER(get_readable, nh_stream, nh_boolean(nh_readable_is_readable(it)))
TS_GETTER(get_flowing, nh_stream, nh_readable_flowing(it))
TS_GETTER(get_readable_ended, nh_stream, nh_boolean(nh_readable_is_ended(it)))
TS_GETTER(get_did_read, nh_stream, nh_boolean(nh_readable_did_read(it)))
TS_GETTER(get_readable_aborted, nh_stream, nh_boolean(nh_readable_is_aborted(it)))
TS_GETTER(get_readable_length, nh_stream, nh_number((double)nh_readable_length(it)))
TS_GETTER(get_readable_mark, nh_stream, nh_number((double)nh_readable_high_water_mark(it)))
TS_GETTER(get_readable_object_mode, nh_stream, nh_boolean(nh_readable_object_mode(it)))

static nh_value get_readable_encoding(nh_loop *loop, nh_emitter *self) {
    const char *encoding = nh_readable_encoding(nh_as_stream(self));
    return encoding != NULL ? nh_string_of(nh_loop_memory(loop), encoding) : nh_null();
}

/* --- the writable side ------------------------------------------------------------------------ */

/* write(chunk, callback) and write(chunk, encoding, callback). */
static void split_arguments(const ts_call *call, nh_value *chunk, nh_value *encoding,
                            nh_value *callback) {
    *chunk = ts_call_argument(call, 0);
    *encoding = ts_call_argument(call, 1);
    *callback = ts_call_argument(call, 2);
    if (encoding->type == NH_FUNCTION) {
        *callback = *encoding;
        *encoding = nh_undefined();
    }
}

static nh_error *write(ts_call *call) {
    nh_value chunk;
    nh_value encoding;
    nh_value callback;
    bool more = false;
    split_arguments(call, &chunk, &encoding, &callback);
    nh_error *error = nh_writable_write(nh_as_stream(call->self), chunk, encoding, callback, &more);
    call->result = nh_boolean(more);
    return error;
}

static nh_error *end(ts_call *call) {
    nh_value chunk;
    nh_value encoding;
    nh_value callback;
    split_arguments(call, &chunk, &encoding, &callback);
    if (chunk.type == NH_FUNCTION) {
        callback = chunk;
        chunk = nh_undefined();
    }
    ts_call_return_self(call);
    return nh_writable_end(nh_as_stream(call->self), chunk, encoding, callback);
}

TS_ACTION(cork, nh_stream, nh_writable_cork(it))
TS_ACTION(uncork, nh_stream, nh_writable_uncork(it))
TS_ATTEMPT(set_default_encoding, nh_stream,
           (ts_call_return_self(call),
            nh_writable_set_default_encoding(it, ts_call_argument(call, 0))))
TS_GETTER(get_writable, nh_stream, nh_boolean(nh_writable_is_writable(it)))
TS_GETTER(get_writable_ended, nh_stream, nh_boolean(nh_writable_is_ended(it)))
TS_GETTER(get_writable_finished, nh_stream, nh_boolean(nh_writable_is_finished(it)))
TS_GETTER(get_writable_aborted, nh_stream, nh_boolean(nh_writable_is_aborted(it)))
TS_GETTER(get_need_drain, nh_stream, nh_boolean(nh_writable_needs_drain(it)))
TS_GETTER(get_writable_length, nh_stream, nh_number((double)nh_writable_length(it)))
TS_GETTER(get_writable_mark, nh_stream, nh_number((double)nh_writable_high_water_mark(it)))
TS_GETTER(get_corked, nh_stream, nh_number((double)nh_writable_corked(it)))
TS_GETTER(get_writable_object_mode, nh_stream, nh_boolean(nh_writable_object_mode(it)))

/* --- constructors, module functions ----------------------------------------------------------- */

static void size_option(nh_value map, const char *name, size_t *out_size) {
    nh_value value = nh_map_get(map, name);
    if (value.type == NH_NUMBER && value.as.number >= 0) {
        *out_size = (size_t)value.as.number;
    }
}

static void flag_option(nh_value map, const char *name, bool *out_flag) {
    nh_value value = nh_map_get(map, name);
    if (value.type != NH_UNDEFINED) {
        *out_flag = nh_value_is_truthy(value);
    }
}

static nh_error *construct(ts_call *call, bool readable, bool writable) {
    nh_value map = ts_call_argument(call, 0);
    nh_stream_options options;
    nh_stream_options_init(&options);
    options.readable = readable;
    options.writable = writable;
    size_option(map, "highWaterMark", &options.high_water_mark);
    size_option(map, "readableHighWaterMark", &options.readable_high_water_mark);
    size_option(map, "writableHighWaterMark", &options.writable_high_water_mark);
    flag_option(map, "objectMode", &options.object_mode);
    flag_option(map, "readableObjectMode", &options.readable_object_mode);
    flag_option(map, "writableObjectMode", &options.writable_object_mode);
    flag_option(map, "allowHalfOpen", &options.allow_half_open);
    flag_option(map, "autoDestroy", &options.auto_destroy);
    flag_option(map, "emitClose", &options.emit_close);
    flag_option(map, "decodeStrings", &options.decode_strings);
    nh_value encoding = nh_map_get(map, "encoding");
    options.encoding = encoding.type == NH_STRING ? nh_value_text(encoding) : NULL;
    nh_value functions = map.type == NH_MAP ? nh_value_retain(map) : nh_map_new(call->memory);
    nh_stream *stream = nh_stream_new_of_functions(call->loop, &options, functions);
    nh_value_release(&functions);
    if (stream == NULL) {
        return nh_error_out_of_memory();
    }
    call->result = nh_value_of_object_take(nh_as_emitter(stream));
    return NULL;
}

static nh_error *new_readable(ts_call *call) {
    return construct(call, true, false);
}

static nh_error *new_writable(ts_call *call) {
    return construct(call, false, true);
}

static nh_error *new_duplex(ts_call *call) {
    return construct(call, true, true);
}

static nh_error *finished(ts_call *call) {
    nh_value stream = ts_call_argument(call, 0);
    nh_value map = ts_call_argument(call, 1);
    nh_value callback = map.type == NH_FUNCTION ? map : ts_call_argument(call, 2);
    if (stream.type != NH_OBJECT) {
        return nh_error_new_argument_type(
            call->memory, "stream", "an instance of ReadableStream, WritableStream, or Stream",
            stream);
    }
    nh_finished_options options;
    nh_finished_options_init(&options);
    flag_option(map, "error", &options.error);
    flag_option(map, "readable", &options.readable);
    flag_option(map, "writable", &options.writable);
    return nh_stream_finished(stream.as.object, &options, callback, &call->result);
}

static nh_error *pipeline(ts_call *call) {
    nh_emitter *streams[16];
    size_t count = 0;
    while (count < call->count && count < 16 && call->arguments[count].type == NH_OBJECT) {
        streams[count] = call->arguments[count].as.object;
        count++;
    }
    nh_value callback = ts_call_argument(call, count);
    if (count > 0) {
        call->result = nh_value_of_object(streams[count - 1]);
    }
    return nh_stream_pipeline(streams, count, callback);
}

#define BOTH_SIDES(class_name)                                                                     \
    TS_METHOD(class_name, "destroy", destroy),                                                     \
        TS_PROPERTY(class_name, "destroyed", get_destroyed, NULL),                                 \
        TS_PROPERTY(class_name, "closed", get_closed, NULL),                                       \
        TS_PROPERTY(class_name, "errored", get_errored, NULL), TS_EVENT(class_name, "close"),      \
        TS_EVENT(class_name, "error")

#define READABLE_SIDE(class_name)                                                                  \
    TS_METHOD(class_name, "push", push), TS_METHOD(class_name, "unshift", unshift),                \
        TS_METHOD(class_name, "read", read), TS_METHOD(class_name, "pipe", pipe_into),             \
        TS_METHOD(class_name, "unpipe", unpipe), TS_METHOD(class_name, "pause", pause),            \
        TS_METHOD(class_name, "resume", resume), TS_METHOD(class_name, "isPaused", is_paused),     \
        TS_METHOD(class_name, "setEncoding", set_encoding),                                        \
        TS_PROPERTY(class_name, "readable", get_readable, NULL),                                   \
        TS_PROPERTY(class_name, "readableFlowing", get_flowing, NULL),                             \
        TS_PROPERTY(class_name, "readableEnded", get_readable_ended, NULL),                        \
        TS_PROPERTY(class_name, "readableDidRead", get_did_read, NULL),                            \
        TS_PROPERTY(class_name, "readableAborted", get_readable_aborted, NULL),                    \
        TS_PROPERTY(class_name, "readableLength", get_readable_length, NULL),                      \
        TS_PROPERTY(class_name, "readableHighWaterMark", get_readable_mark, NULL),                 \
        TS_PROPERTY(class_name, "readableObjectMode", get_readable_object_mode, NULL),             \
        TS_PROPERTY(class_name, "readableEncoding", get_readable_encoding, NULL),                  \
        TS_EVENT(class_name, "data"), TS_EVENT(class_name, "end"),                                 \
        TS_EVENT(class_name, "readable"), TS_EVENT(class_name, "pause"),                           \
        TS_EVENT(class_name, "resume")

#define WRITABLE_SIDE(class_name)                                                                  \
    TS_METHOD(class_name, "write", write), TS_METHOD(class_name, "end", end),                      \
        TS_METHOD(class_name, "cork", cork), TS_METHOD(class_name, "uncork", uncork),              \
        TS_METHOD(class_name, "setDefaultEncoding", set_default_encoding),                         \
        TS_PROPERTY(class_name, "writable", get_writable, NULL),                                   \
        TS_PROPERTY(class_name, "writableEnded", get_writable_ended, NULL),                        \
        TS_PROPERTY(class_name, "writableFinished", get_writable_finished, NULL),                  \
        TS_PROPERTY(class_name, "writableAborted", get_writable_aborted, NULL),                    \
        TS_PROPERTY(class_name, "writableNeedDrain", get_need_drain, NULL),                        \
        TS_PROPERTY(class_name, "writableLength", get_writable_length, NULL),                      \
        TS_PROPERTY(class_name, "writableHighWaterMark", get_writable_mark, NULL),                 \
        TS_PROPERTY(class_name, "writableCorked", get_corked, NULL),                               \
        TS_PROPERTY(class_name, "writableObjectMode", get_writable_object_mode, NULL),             \
        TS_EVENT(class_name, "drain"), TS_EVENT(class_name, "finish"),                             \
        TS_EVENT(class_name, "pipe"), TS_EVENT(class_name, "unpipe")

static const ts_binding rows[] = {
    BOTH_SIDES("Duplex"),
    READABLE_SIDE("Duplex"),
    WRITABLE_SIDE("Duplex"),
    TS_PROPERTY("Duplex", "allowHalfOpen", get_allow_half_open, set_allow_half_open),
    BOTH_SIDES("Readable"),
    READABLE_SIDE("Readable"),
    BOTH_SIDES("Writable"),
    WRITABLE_SIDE("Writable"),
    TS_CONSTRUCTOR("stream", "Readable", new_readable),
    TS_CONSTRUCTOR("stream", "Writable", new_writable),
    TS_CONSTRUCTOR("stream", "Duplex", new_duplex),
    TS_FUNCTION("stream", "finished", finished),
    TS_FUNCTION("stream", "pipeline", pipeline),
};
TS_BINDING_ROWS(stream, rows);
