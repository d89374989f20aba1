/* The readable side: who listens, whether it flows, and when 'readable' and 'end' come. */
#include "stream/sides.h"

#include "core/name.h"
#include "core/text.h"

/* --- 'readable' --------------------------------------------------------------------------- */

void nh_readable_flow(nh_stream *stream) {
    bool more = true;

    while (more && stream->readable.flowing == NH_FLOWING_ON) {
        nh_value chunk = nh_readable_read(stream);
        more = chunk.type != NH_NULL && !nh_stream_is_throwing(stream);
        nh_value_release(&chunk);
    }
}

void nh_readable_emit_now(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;

    if (!stream->destroyed && stream->errored == NULL && (side->length > 0 || side->ended)) {
        nh_emitter_emit_bare(&stream->emitter, "readable");
        if (nh_stream_is_throwing(stream)) {
            return;
        }
        side->emitting_readable = false;
    }
    if (side->flowing != NH_FLOWING_ON && !side->ended && side->length <= side->high_water_mark) {
        side->need_readable = true;
    }
    nh_readable_flow(stream);
}

static void emit_readable(nh_emitter *object, nh_value value) {
    (void)value;
    nh_readable_emit_now(nh_as_stream(object));
}

void nh_readable_emit_later(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;

    side->need_readable = false;
    if (!side->emitting_readable) {
        side->emitting_readable = true;
        nh_loop_tick(stream->emitter.loop, emit_readable, &stream->emitter, nh_undefined());
    }
}

/* --- reading ahead ------------------------------------------------------------------------ */

static void read_nothing(nh_stream *stream) {
    nh_value chunk = nh_readable_read_size(stream, 0);

    nh_value_release(&chunk);
}

static void read_more(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);
    nh_readable_side *side = &stream->readable;
    bool progress = true;

    (void)value;
    while (progress && !side->reading && !side->ended &&
           (side->length < side->high_water_mark ||
            (side->flowing == NH_FLOWING_ON && side->length == 0))) {
        size_t before = side->length;
        read_nothing(stream);
        progress = side->length != before;
        if (nh_stream_is_throwing(stream)) {
            return;
        }
    }
    side->reading_more = false;
}

void nh_readable_read_more_later(nh_stream *stream) {
    if (!stream->readable.reading_more && stream->constructed) {
        stream->readable.reading_more = true;
        nh_loop_tick(stream->emitter.loop, read_more, &stream->emitter, nh_undefined());
    }
}

/* --- 'end' -------------------------------------------------------------------------------- */

static void end_writable(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);

    (void)value;
    if (nh_writable_is_writable(stream)) {
        nh_error *error = nh_writable_end(stream, nh_undefined(), nh_undefined(), nh_undefined());
        nh_error_release(error);
    }
}

static void end_readable(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);
    nh_readable_side *side = &stream->readable;

    (void)value;
    if (stream->errored != NULL || stream->close_emitted || side->end_emitted || side->length > 0) {
        return;
    }
    side->end_emitted = true;
    nh_emitter_emit_bare(object, "end");
    if (nh_stream_is_throwing(stream)) {
        return;
    }
    if (nh_writable_is_writable(stream) && !stream->allow_half_open) {
        nh_loop_tick(object->loop, end_writable, object, nh_undefined());
    } else if (stream->auto_destroy) {
        const nh_writable_side *writable = &stream->writable;
        if (!writable->present || writable->finished || writable->disabled) {
            nh_stream_destroy(stream, NULL);
        }
    }
}

void nh_readable_end_later(nh_stream *stream) {
    if (!stream->readable.end_emitted) {
        stream->readable.ended = true;
        nh_loop_tick(stream->emitter.loop, end_readable, &stream->emitter, nh_undefined());
    }
}

/* --- pause, resume ------------------------------------------------------------------------ */

static void resume(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);
    nh_readable_side *side = &stream->readable;

    (void)value;
    if (!side->reading) {
        read_nothing(stream);
        if (nh_stream_is_throwing(stream)) {
            return;
        }
    }
    side->resume_scheduled = false;
    nh_emitter_emit_bare(object, "resume");
    if (nh_stream_is_throwing(stream)) {
        return;
    }
    nh_readable_flow(stream);
    if (side->flowing == NH_FLOWING_ON && !side->reading && !nh_stream_is_throwing(stream)) {
        read_nothing(stream);
    }
}

void nh_readable_resume(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;

    if (!side->present) {
        return;
    }
    if (side->flowing != NH_FLOWING_ON) {
        side->flowing = side->readable_listening ? NH_FLOWING_STOPPED : NH_FLOWING_ON;
        if (!side->resume_scheduled) {
            side->resume_scheduled = true;
            nh_loop_tick(stream->emitter.loop, resume, &stream->emitter, nh_undefined());
        }
    }
    side->has_paused = true;
    side->paused = false;
}

void nh_readable_pause(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;

    if (!side->present) {
        return;
    }
    nh_emitter_retain(&stream->emitter);
    if (side->flowing != NH_FLOWING_STOPPED) {
        side->flowing = NH_FLOWING_STOPPED;
        nh_emitter_emit_bare(&stream->emitter, "pause");
    }
    if (!nh_stream_is_throwing(stream)) {
        side->has_paused = true;
        side->paused = true;
    }
    nh_emitter_release(&stream->emitter);
}

bool nh_readable_is_paused(const nh_stream *stream) {
    return (stream->readable.has_paused && stream->readable.paused) ||
           stream->readable.flowing == NH_FLOWING_STOPPED;
}

/* --- listeners ---------------------------------------------------------------------------- */

static bool has_listener(const nh_stream *stream, const char *event) {
    return nh_emitter_listener_count(&stream->emitter, event) > 0;
}

static void start_waiting(nh_emitter *object, nh_value value) {
    (void)value;
    read_nothing(nh_as_stream(object));
}

static void readable_listener_added(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;

    if (side->end_emitted || side->readable_listening) {
        return;
    }
    side->readable_listening = true;
    side->need_readable = true;
    side->flowing = NH_FLOWING_STOPPED;
    side->emitting_readable = false;
    if (side->length > 0) {
        nh_readable_emit_later(stream);
    } else if (!side->reading) {
        nh_loop_tick(stream->emitter.loop, start_waiting, &stream->emitter, nh_undefined());
    }
}

static void data_listener_added(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;

    side->data_listening = true;
    side->readable_listening = side->readable_listening || has_listener(stream, "readable");
    if (side->flowing != NH_FLOWING_STOPPED) {
        nh_readable_resume(stream);
    }
}

void nh_stream_listener_added(nh_emitter *emitter, const char *event) {
    nh_stream *stream = nh_as_stream(emitter);

    if (stream->readable.present && nh_name_equals(event, "data")) {
        data_listener_added(stream);
    } else if (stream->readable.present && nh_name_equals(event, "readable")) {
        readable_listener_added(stream);
    }
}

/* After the last 'readable' listener is gone the stream goes back to what 'data' and resume() want
 * of it. */
static void readable_listener_gone(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);
    nh_readable_side *side = &stream->readable;

    (void)value;
    side->readable_listening = has_listener(stream, "readable");
    if (side->resume_scheduled && side->has_paused && !side->paused) {
        side->flowing = NH_FLOWING_ON;
    } else if (side->data_listening) {
        nh_readable_resume(stream);
    } else if (!side->readable_listening) {
        side->flowing = NH_FLOWING_UNSET;
    }
}

void nh_stream_listener_removed(nh_emitter *emitter, const char *event) {
    nh_stream *stream = nh_as_stream(emitter);

    if (!stream->readable.present) {
        return;
    }
    if (nh_name_equals(event, "readable")) {
        nh_loop_tick(emitter->loop, readable_listener_gone, emitter, nh_undefined());
    } else if (nh_name_equals(event, "data") && !has_listener(stream, "data")) {
        stream->readable.data_listening = false;
    }
}

void nh_stream_all_listeners_removed(nh_emitter *emitter, const char *event) {
    const nh_stream *stream = nh_as_stream(emitter);

    if (stream->readable.present && (event == NULL || nh_name_equals(event, "readable"))) {
        nh_loop_tick(emitter->loop, readable_listener_gone, emitter, nh_undefined());
    }
}

/* --- encoding ----------------------------------------------------------------------------- */

/* Decodes what is queued already, into one chunk. */
static bool decode_queue(nh_stream *stream, nh_string_decoder *decoder) {
    nh_readable_side *side = &stream->readable;
    nh_memory *memory = nh_object_memory(&stream->emitter);
    nh_text text;

    nh_text_init(&text, memory);
    for (size_t i = 0; i < side->chunks.count; i++) {
        const nh_value *chunk = nh_queue_at(&side->chunks, i);
        nh_value piece = chunk->type == NH_STRING
                             ? nh_value_retain(*chunk)
                             : nh_string_decoder_write(decoder, memory, nh_value_bytes(*chunk));
        if (piece.type == NH_INVALID) {
            nh_text_deinit(&text);
            return false;
        }
        nh_text_add_bytes(&text, nh_value_bytes(piece));
        nh_value_release(&piece);
    }
    nh_value all = nh_text_take_string(&text);
    if (all.type == NH_INVALID) {
        return false;
    }
    side->length = nh_string_utf16_length(all);
    for (; side->chunks.count > 1; nh_queue_pop(&side->chunks)) {
        nh_value_release(nh_queue_at(&side->chunks, 0));
    }
    nh_value_assign_take(nh_queue_at(&side->chunks, 0), all);
    if (side->length == 0) {
        nh_value_release(nh_queue_at(&side->chunks, 0));
        nh_queue_pop(&side->chunks);
    }
    return true;
}

nh_error *nh_readable_set_encoding(nh_stream *stream, nh_value encoding) {
    if (stream->refuse_encoding != NULL) {
        return stream->refuse_encoding(nh_object_memory(&stream->emitter));
    }
    nh_readable_side *side = &stream->readable;
    nh_encoding chosen = NH_ENCODING_UTF8;
    nh_error *error = nh_encoding_of_value(nh_object_memory(&stream->emitter), encoding,
                                           NH_ENCODING_UTF8, &chosen);
    nh_string_decoder decoder;

    if (error != NULL || !side->present) {
        return error;
    }
    nh_string_decoder_init(&decoder, chosen);
    if (side->chunks.count > 0 && !decode_queue(stream, &decoder)) {
        nh_stream_fail_no_memory(stream);
        return nh_error_out_of_memory();
    }
    side->decoder = decoder;
    side->has_decoder = true;
    return NULL;
}

/* --- properties --------------------------------------------------------------------------- */

bool nh_readable_is_readable(const nh_stream *stream) {
    const nh_readable_side *side = &stream->readable;

    return side->present && !side->disabled && !stream->destroyed && !stream->error_emitted &&
           !side->end_emitted;
}

nh_value nh_readable_flowing(const nh_stream *stream) {
    return stream->readable.flowing == NH_FLOWING_UNSET
               ? nh_null()
               : nh_boolean(stream->readable.flowing == NH_FLOWING_ON);
}

bool nh_readable_is_ended(const nh_stream *stream) {
    return stream->readable.present && stream->readable.end_emitted;
}

bool nh_readable_did_read(const nh_stream *stream) {
    return stream->readable.data_emitted;
}

bool nh_readable_is_aborted(const nh_stream *stream) {
    return stream->readable.present && !stream->readable.disabled &&
           (stream->destroyed || stream->errored != NULL) && !stream->readable.end_emitted;
}

size_t nh_readable_length(const nh_stream *stream) {
    return stream->readable.length;
}

size_t nh_readable_high_water_mark(const nh_stream *stream) {
    return stream->readable.high_water_mark;
}

bool nh_readable_object_mode(const nh_stream *stream) {
    return stream->readable.object_mode;
}

const char *nh_readable_encoding(const nh_stream *stream) {
    return stream->readable.has_decoder ? nh_encoding_name(stream->readable.decoder.encoding)
                                        : NULL;
}
