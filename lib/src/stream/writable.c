/* The writable side: write(), end() and the way to 'finish'.
 *
 * Order that is promised: the callback of a write whose operation completes inside its call comes
 * on the next tick, that of a later completion at once; 'drain' comes right before the callback of
 * the write that emptied the queue; 'prefinish' comes once everything is written and the final
 * operation has completed, 'finish' on the tick after it, and no sooner than all callbacks. */
#include "stream/sides.h"

#define DEFAULT_BYTES ((size_t)65536)
#define DEFAULT_OBJECTS ((size_t)16)

static nh_memory *memory_of(const nh_stream *stream) {
    return nh_object_memory(&stream->emitter);
}

void nh_writable_side_init(nh_stream *stream, const nh_stream_options *options) {
    nh_writable_side *side = &stream->writable;
    size_t mark = options->writable_high_water_mark;

    side->object_mode = options->object_mode || options->writable_object_mode;
    mark = mark == NH_DEFAULT_HIGH_WATER_MARK ? options->high_water_mark : mark;
    if (mark == NH_DEFAULT_HIGH_WATER_MARK) {
        mark = side->object_mode ? DEFAULT_OBJECTS : DEFAULT_BYTES;
    }
    side->high_water_mark = mark;
    side->sync = true;
    side->decode_strings = options->decode_strings;
    side->default_encoding = NH_ENCODING_UTF8;
    if (options->default_encoding != NULL) {
        side->default_encoding = nh_encoding_of_name(nh_bytes_of_text(options->default_encoding));
    }
    nh_queue_init(&side->pending, sizeof(nh_pending_write));
    nh_queue_init(&side->after_writes, sizeof(nh_after_write));
    nh_queue_init(&side->end_callbacks, sizeof(nh_value));
    if (!options->writable || !side->present) {
        side->disabled = true;
        side->ending = true;
        side->ended = true;
        side->finished = true;
    }
}

void nh_writable_side_constructed(nh_stream *stream) {
    const nh_writable_side *side = &stream->writable;

    if (!side->present) {
        return;
    }
    if (!side->writing) {
        nh_writable_start_pending(stream);
    }
    if (side->ending && !nh_stream_is_throwing(stream)) {
        nh_writable_finish_maybe(stream, false);
    }
}

/* --- write -------------------------------------------------------------------------------- */

bool nh_writable_is_over_the_mark(const nh_stream *stream) {
    const nh_writable_side *side = &stream->writable;

    return side->length >= side->high_water_mark && side->length != 0;
}

/* The chunk as the operation is to get it (owned), and its encoding. */
static nh_error *prepare_chunk(nh_stream *stream, nh_value chunk, nh_value encoding,
                               nh_value *out_chunk, nh_encoding *out_encoding) {
    const nh_writable_side *side = &stream->writable;
    nh_error *error = NULL;

    if (chunk.type == NH_INVALID || encoding.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    if (chunk.type == NH_NULL) {
        return nh_error_new(memory_of(stream), "TypeError", "ERR_STREAM_NULL_VALUES",
                            "May not write null values to stream");
    }
    if (side->object_mode) {
        *out_encoding = encoding.type == NH_STRING ? nh_encoding_of_name(nh_value_bytes(encoding))
                                                   : NH_ENCODING_UNKNOWN;
        *out_chunk = nh_value_retain(chunk);
        return NULL;
    }
    if (nh_value_is_text(encoding, "buffer")) {
        *out_encoding = NH_ENCODING_BUFFER;
    } else {
        error =
            nh_encoding_of_value(memory_of(stream), encoding, side->default_encoding, out_encoding);
    }
    if (error != NULL) {
        return error;
    }
    if (chunk.type == NH_BUFFER) {
        *out_encoding = NH_ENCODING_BUFFER;
        *out_chunk = nh_value_retain(chunk);
    } else if (chunk.type != NH_STRING) {
        return nh_error_new_argument_type(
            memory_of(stream), "chunk",
            "of type string or an instance of Buffer, TypedArray, or DataView", chunk);
    } else if (!side->decode_strings) {
        *out_chunk = nh_value_retain(chunk);
    } else if (*out_encoding == NH_ENCODING_BUFFER) {
        return nh_encoding_error(memory_of(stream), encoding);
    } else {
        *out_chunk = nh_encode(memory_of(stream), chunk, *out_encoding);
        *out_encoding = NH_ENCODING_BUFFER;
        return out_chunk->type == NH_INVALID ? nh_error_out_of_memory() : NULL;
    }
    return NULL;
}

static size_t written_length(const nh_stream *stream, nh_value chunk) {
    if (stream->writable.object_mode) {
        return 1;
    }
    return chunk.type == NH_STRING ? nh_string_utf16_length(chunk) : nh_value_bytes(chunk).length;
}

static void call_with_error(nh_emitter *object, nh_value pair) {
    nh_value callback = nh_list_get(pair, 0);
    nh_value error = nh_list_get(pair, 1);

    (void)object;
    nh_loop_call(callback, &error, 1);
}

/* Calls `callback` with `error` (null for NULL) on the next tick. */
static void tell_later(nh_stream *stream, nh_value callback, nh_error *error) {
    nh_value pair = nh_undefined();

    if (callback.type != NH_FUNCTION) {
        return;
    }
    pair = nh_list_new(memory_of(stream));
    if (nh_list_append(pair, callback) &&
        nh_list_append_take(pair, error != NULL ? nh_value_of_error(error) : nh_null())) {
        nh_loop_tick(stream->emitter.loop, call_with_error, &stream->emitter, pair);
    } else {
        nh_stream_fail_no_memory(stream);
    }
    nh_value_release(&pair);
}

/* Why nothing can be written any more; NULL when something can. */
static nh_error *refusal(const nh_stream *stream) {
    if (stream->writable.ending) {
        return nh_error_new(memory_of(stream), "Error", "ERR_STREAM_WRITE_AFTER_END",
                            "write after end");
    }
    if (stream->destroyed) {
        return nh_error_new(memory_of(stream), "Error", "ERR_STREAM_DESTROYED",
                            "Cannot call write after a stream was destroyed");
    }
    return NULL;
}

/* Queues the chunk (consumed), or starts to write it. */
static void write_or_queue_take(nh_stream *stream, nh_value chunk, nh_encoding encoding,
                                nh_value callback) {
    nh_writable_side *side = &stream->writable;
    size_t length = written_length(stream, chunk);
    bool queued =
        side->writing || side->corked > 0 || stream->errored != NULL || !stream->constructed;

    side->pending_callbacks++;
    side->length += length;
    if (queued) {
        nh_pending_write *pending = nh_queue_push(&side->pending, memory_of(stream));
        *pending = (nh_pending_write){
            .chunk = chunk,
            .callback = nh_value_retain(callback),
            .encoding = encoding,
            .length = length,
        };
    } else {
        nh_writable_start(stream, chunk, encoding, length, callback);
        nh_value_release(&chunk);
    }
}

/* write() itself. `*out_refused` (owned): the error that has been emitted instead of writing. */
static nh_error *write_chunk(nh_stream *stream, nh_value chunk, nh_value encoding,
                             nh_value callback, nh_error **out_refused, bool *out_more) {
    nh_writable_side *side = &stream->writable;
    nh_value prepared = nh_undefined();
    nh_encoding prepared_encoding = NH_ENCODING_UTF8;
    nh_error *error = prepare_chunk(stream, chunk, encoding, &prepared, &prepared_encoding);

    *out_more = false;
    if (error != NULL) {
        return error;
    }
    *out_refused = refusal(stream);
    if (*out_refused != NULL) {
        nh_value_release(&prepared);
        tell_later(stream, callback, *out_refused);
        nh_stream_fail(stream, *out_refused, true);
        return NULL;
    }
    /* From here on nothing can fail: not the queueing, not what is put off until the next tick. */
    if (!nh_queue_reserve(&side->pending, memory_of(stream), 1) ||
        !nh_queue_reserve(&side->after_writes, memory_of(stream), side->pending_callbacks + 1) ||
        !nh_writable_tie(stream, callback)) {
        nh_value_release(&prepared);
        return nh_error_out_of_memory();
    }
    write_or_queue_take(stream, prepared, prepared_encoding, callback);
    if (nh_stream_is_throwing(stream)) {
        return NULL;
    }
    bool over = nh_writable_is_over_the_mark(stream);
    side->need_drain = side->need_drain || over;
    *out_more = !over && !stream->destroyed && stream->errored == NULL;
    return NULL;
}

/* The other side has ended the connection, and so has this one. */
static void refuse_for_peer(nh_stream *stream, nh_value callback) {
    nh_error *error = nh_error_new(memory_of(stream), "Error", "EPIPE",
                                   "This socket has been ended by the other party");

    tell_later(stream, callback, error);
    nh_stream_destroy(stream, error);
    nh_error_release(error);
}

nh_error *nh_writable_write(nh_stream *stream, nh_value chunk, nh_value encoding, nh_value callback,
                            bool *out_more) {
    nh_error *refused = NULL;
    nh_error *error = NULL;
    bool more = false;

    if (stream->writable.ended_by_peer && stream->writable.ending) {
        refuse_for_peer(stream, callback);
    } else if (stream->writable.present) {
        nh_emitter_retain(&stream->emitter);
        error = write_chunk(stream, chunk, encoding, callback, &refused, &more);
        nh_error_release(refused);
        nh_emitter_release(&stream->emitter);
    }
    if (out_more != NULL) {
        *out_more = more;
    }
    return error;
}

nh_error *nh_writable_write_bytes(nh_stream *stream, nh_bytes bytes, bool *out_more) {
    nh_value chunk = nh_buffer_of(memory_of(stream), bytes);
    nh_error *error = nh_writable_write(stream, chunk, nh_undefined(), nh_undefined(), out_more);

    nh_value_release(&chunk);
    return error;
}

void nh_writable_cork(nh_stream *stream) {
    stream->writable.corked++;
}

void nh_writable_uncork(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;

    if (side->corked == 0) {
        return;
    }
    side->corked--;
    if (!side->writing) {
        nh_emitter_retain(&stream->emitter);
        nh_writable_start_pending(stream);
        nh_emitter_release(&stream->emitter);
    }
}

nh_error *nh_writable_set_default_encoding(nh_stream *stream, nh_value encoding) {
    nh_encoding chosen = encoding.type == NH_STRING ? nh_encoding_of_name(nh_value_bytes(encoding))
                                                    : NH_ENCODING_UNKNOWN;

    if (chosen == NH_ENCODING_UNKNOWN) {
        return nh_encoding_error(memory_of(stream), encoding);
    }
    stream->writable.default_encoding = chosen;
    return NULL;
}

/* --- end ---------------------------------------------------------------------------------- */

/* What end() tells its callback when it comes too late; NULL when it does not. */
static nh_error *too_late_to_end(const nh_stream *stream) {
    if (stream->writable.finished) {
        return nh_error_new(memory_of(stream), "Error", "ERR_STREAM_ALREADY_FINISHED",
                            "Cannot call end after a stream was finished");
    }
    if (stream->destroyed) {
        return nh_error_new(memory_of(stream), "Error", "ERR_STREAM_DESTROYED",
                            "Cannot call end after a stream was destroyed");
    }
    return NULL;
}

static void remember_end_callback(nh_stream *stream, nh_value callback, nh_error *error) {
    nh_writable_side *side = &stream->writable;

    if (callback.type != NH_FUNCTION) {
        return;
    }
    if (error != NULL || stream->errored != NULL) {
        tell_later(stream, callback, error != NULL ? error : stream->errored);
    } else if (side->finished) {
        tell_later(stream, callback, NULL);
    } else {
        nh_value *place = nh_writable_tie(stream, callback)
                              ? nh_queue_push(&side->end_callbacks, memory_of(stream))
                              : NULL;
        if (place != NULL) {
            *place = nh_value_retain(callback);
        } else {
            nh_stream_fail_no_memory(stream);
        }
    }
}

static nh_error *end_retained(nh_stream *stream, nh_value chunk, nh_value encoding,
                              nh_value callback) {
    nh_writable_side *side = &stream->writable;
    nh_error *error = NULL;
    bool more = false;

    if (chunk.type != NH_UNDEFINED && chunk.type != NH_NULL) {
        nh_error *thrown = write_chunk(stream, chunk, encoding, nh_undefined(), &error, &more);
        if (thrown != NULL || nh_stream_is_throwing(stream)) {
            nh_error_release(error);
            return thrown;
        }
    }
    if (side->corked > 0) {
        side->corked = 1;
        nh_writable_uncork(stream);
    }
    if (error == NULL && !nh_stream_is_throwing(stream)) {
        if (!side->ending && stream->errored == NULL) {
            side->ending = true;
            nh_writable_finish_maybe(stream, true);
            side->ended = true;
        } else {
            error = too_late_to_end(stream);
        }
    }
    if (!nh_stream_is_throwing(stream)) {
        remember_end_callback(stream, callback, error);
    }
    nh_error_release(error);
    return NULL;
}

nh_error *nh_writable_end(nh_stream *stream, nh_value chunk, nh_value encoding, nh_value callback) {
    if (!stream->writable.present) {
        return NULL;
    }
    nh_emitter_retain(&stream->emitter);
    nh_error *error = end_retained(stream, chunk, encoding, callback);
    nh_emitter_release(&stream->emitter);
    return error;
}

/* --- the way to 'finish' ------------------------------------------------------------------ */

/* Everything is written, and nothing has gone wrong. */
static bool is_done_writing(const nh_stream *stream) {
    const nh_writable_side *side = &stream->writable;

    return side->ending && stream->constructed && !side->finished && !side->writing &&
           side->pending.count == 0 && !side->draining_queue && side->length == 0 &&
           !stream->destroyed && stream->errored == NULL && !stream->error_emitted &&
           !stream->close_emitted;
}

static void finish(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;
    const nh_readable_side *readable = &stream->readable;

    side->pending_callbacks--;
    side->finished = true;
    nh_writable_call_end_callbacks(stream, NULL);
    if (!nh_stream_is_throwing(stream)) {
        nh_emitter_emit_bare(&stream->emitter, "finish");
    }
    if (nh_stream_is_throwing(stream) || !stream->auto_destroy) {
        return;
    }
    if (!readable->present || readable->end_emitted || readable->disabled) {
        nh_stream_destroy(stream, NULL);
    }
}

static void finish_after_final(nh_emitter *object, nh_value value) {
    (void)value;
    finish(nh_as_stream(object));
}

static void finish_if_done(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);

    (void)value;
    if (is_done_writing(stream)) {
        finish(stream);
    } else {
        stream->writable.pending_callbacks--;
    }
}

static void finals_done(nh_stream *stream, nh_error *error) {
    nh_writable_side *side = &stream->writable;

    if (side->prefinished) {
        nh_error *multiple = error != NULL
                                 ? nh_error_retain(error)
                                 : nh_error_new(memory_of(stream), "Error", "ERR_MULTIPLE_CALLBACK",
                                                "Callback called multiple times");
        nh_stream_fail(stream, multiple, false);
        nh_error_release(multiple);
        return;
    }
    side->pending_callbacks--;
    if (error != NULL) {
        nh_writable_call_end_callbacks(stream, error);
        nh_stream_fail(stream, error, side->sync);
    } else if (is_done_writing(stream)) {
        side->prefinished = true;
        nh_emitter_emit_bare(&stream->emitter, "prefinish");
        if (!nh_stream_is_throwing(stream)) {
            side->pending_callbacks++;
            nh_loop_tick(stream->emitter.loop, finish_after_final, &stream->emitter,
                         nh_undefined());
        }
    }
}

void nh_stream_final_done(nh_stream *stream, nh_error *error) {
    nh_emitter_retain(&stream->emitter);
    finals_done(stream, error);
    nh_emitter_release(&stream->emitter);
}

static void run_final(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;
    nh_loop *loop = stream->emitter.loop;

    side->final_called = true;
    side->sync = true;
    side->pending_callbacks++;
    stream->operations->final(stream, stream->data);
    if (nh_loop_is_throwing(loop)) {
        nh_error *error = nh_loop_catch(loop);
        finals_done(stream, error);
        nh_error_release(error);
    }
    side->sync = false;
}

static void prefinish(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;

    if (side->prefinished || side->final_called) {
        return;
    }
    if (stream->operations->final != NULL && !stream->destroyed) {
        run_final(stream);
        return;
    }
    side->final_called = true;
    side->prefinished = true;
    nh_emitter_emit_bare(&stream->emitter, "prefinish");
}

void nh_writable_finish_maybe(nh_stream *stream, bool sync) {
    nh_writable_side *side = &stream->writable;

    if (!is_done_writing(stream)) {
        return;
    }
    prefinish(stream);
    if (nh_stream_is_throwing(stream) || side->pending_callbacks != 0) {
        return;
    }
    if (sync) {
        side->pending_callbacks++;
        nh_loop_tick(stream->emitter.loop, finish_if_done, &stream->emitter, nh_undefined());
    } else if (is_done_writing(stream)) {
        side->pending_callbacks++;
        finish(stream);
    }
}
