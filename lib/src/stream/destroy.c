/* How a stream ends early, and how it starts. destroy() marks the stream at once, runs the destroy
 * operation (after a construct operation that is under way), and when that has completed puts
 * 'error' and 'close' on one tick. */
#include "stream/sides.h"

static void remember(nh_stream *stream, nh_error *error) {
    if (error != NULL && stream->errored == NULL) {
        stream->errored = nh_error_retain(error);
    }
}

/* --- 'error' and 'close' ------------------------------------------------------------------ */

void nh_stream_emit_error(nh_stream *stream, nh_error *error) {
    if (!stream->error_emitted) {
        stream->error_emitted = true;
        nh_emitter_emit_error(&stream->emitter, error);
    }
}

static void emit_error(nh_emitter *object, nh_value error) {
    nh_stream_emit_error(nh_as_stream(object), error.as.error);
}

static void emit_close(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);

    (void)value;
    stream->close_emitted = true;
    if (stream->emit_close) {
        nh_emitter_emit_bare(object, "close");
    }
    nh_pipes_source_closed(stream);
}

static void emit_error_and_close(nh_emitter *object, nh_value error) {
    emit_error(object, error);
    if (!nh_loop_is_throwing(object->loop)) {
        emit_close(object, nh_undefined());
    }
}

static void tick_with_error(nh_stream *stream, nh_task task, nh_error *error) {
    nh_value value = nh_value_of_error(error);

    nh_loop_tick(stream->emitter.loop, task, &stream->emitter, value);
    nh_value_release(&value);
}

/* --- destroy ------------------------------------------------------------------------------ */

void nh_stream_destroy_done(nh_stream *stream, nh_error *error) {
    if (stream->closed) {
        return;
    }
    remember(stream, error);
    stream->closed = true;
    if (error != NULL) {
        tick_with_error(stream, emit_error_and_close, error);
    } else {
        nh_loop_tick(stream->emitter.loop, emit_close, &stream->emitter, nh_undefined());
    }
}

static void run_destroy(nh_stream *stream, nh_error *error) {
    nh_loop *loop = stream->emitter.loop;

    if (stream->operations->destroy == NULL) {
        nh_stream_destroy_done(stream, error);
        return;
    }
    /* An error that is being thrown while this is called is not the operation's. */
    nh_error *outer = nh_loop_catch(loop);
    stream->operations->destroy(stream, error, stream->data);
    if (nh_loop_is_throwing(loop)) {
        nh_error *thrown = nh_loop_catch(loop);
        nh_stream_destroy_done(stream, thrown);
        nh_error_release(thrown);
    }
    if (outer != NULL) {
        nh_loop_throw(loop, outer);
        nh_error_release(outer);
    }
}

static void fail_pending(nh_emitter *object, nh_value value) {
    (void)value;
    nh_writable_fail_pending(nh_as_stream(object));
}

void nh_stream_destroy(nh_stream *stream, nh_error *error) {
    if (stream->destroyed) {
        return;
    }
    if (nh_writable_has_pending(stream)) {
        nh_loop_tick(stream->emitter.loop, fail_pending, &stream->emitter, nh_undefined());
    }
    remember(stream, error);
    stream->destroyed = true;
    if (stream->constructed) {
        nh_emitter_retain(&stream->emitter);
        run_destroy(stream, error);
        nh_emitter_release(&stream->emitter);
    } else if (error != NULL) {
        stream->destroy_error = nh_error_retain(error);
    }
}

void nh_stream_fail(nh_stream *stream, nh_error *error, bool sync) {
    if (stream->destroyed) {
        return;
    }
    if (stream->auto_destroy) {
        nh_stream_destroy(stream, error);
        return;
    }
    remember(stream, error);
    if (sync) {
        tick_with_error(stream, emit_error, error);
    } else {
        nh_stream_emit_error(stream, error);
    }
}

void nh_stream_fail_no_memory(nh_stream *stream) {
    nh_error *error = nh_error_out_of_memory();

    nh_stream_destroy(stream, error);
    nh_error_release(error);
}

void nh_stream_undestroy(nh_stream *stream) {
    nh_readable_side *readable = &stream->readable;
    nh_writable_side *writable = &stream->writable;

    nh_error_release(stream->errored);
    stream->errored = NULL;
    stream->constructed = true;
    stream->destroyed = false;
    stream->closed = false;
    stream->close_emitted = false;
    stream->error_emitted = false;
    readable->reading = false;
    readable->ended = readable->disabled;
    readable->end_emitted = readable->disabled;
    writable->final_called = false;
    writable->prefinished = false;
    writable->ended = writable->disabled;
    writable->ending = writable->disabled;
    writable->finished = writable->disabled;
}

/* --- construct ---------------------------------------------------------------------------- */

/* What destroy() was called with, joined by what construct() failed with. Owned; NULL for none. */
static nh_error *joined(nh_memory *memory, nh_error *inner, nh_error *outer) {
    if (inner == NULL || outer == NULL || inner == outer) {
        nh_error *either = inner != NULL ? inner : outer;
        return either != NULL ? nh_error_retain(either) : NULL;
    }
    nh_error *both =
        nh_error_new(memory, "AggregateError", nh_error_code(outer), "%s", nh_error_message(outer));
    nh_value errors = nh_list_new(memory);
    nh_list_append_take(errors, nh_value_of_error(outer));
    nh_list_append_take(errors, nh_value_of_error(inner));
    nh_error_set_property_take(both, "errors", errors);
    return both;
}

static void constructed(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);
    nh_error *error = value.type == NH_ERROR ? value.as.error : NULL;

    if (stream->constructed) {
        nh_error *multiple =
            error != NULL ? nh_error_retain(error)
                          : nh_error_new(nh_object_memory(object), "Error", "ERR_MULTIPLE_CALLBACK",
                                         "Callback called multiple times");
        nh_stream_fail(stream, multiple, false);
        nh_error_release(multiple);
        return;
    }
    stream->constructed = true;
    if (stream->destroyed) {
        nh_error *both = joined(nh_object_memory(object), error, stream->destroy_error);
        run_destroy(stream, both);
        nh_error_release(both);
    } else if (error != NULL) {
        nh_stream_fail(stream, error, true);
    } else {
        nh_readable_side_constructed(stream);
        nh_writable_side_constructed(stream);
    }
}

void nh_stream_construct_done(nh_stream *stream, nh_error *error) {
    if (error != NULL) {
        tick_with_error(stream, constructed, error);
    } else {
        nh_loop_tick(stream->emitter.loop, constructed, &stream->emitter, nh_undefined());
    }
}
