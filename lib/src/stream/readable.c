/* The readable side: its queue, push() and read().
 *
 * Order that is promised: 'readable' comes on the tick after something was pushed that was waited
 * for; 'data' comes from inside push() when the stream flows, nothing is queued and the read
 * operation has returned, and from inside read() otherwise; 'end' comes on the tick after the last
 * chunk was taken. */
#include "stream/sides.h"

#include <math.h>

#define DEFAULT_BYTES ((size_t)65536)
#define DEFAULT_OBJECTS ((size_t)16)
#define LARGEST_READ 1073741824.0

static nh_memory *memory_of(const nh_stream *stream) {
    return nh_object_memory(&stream->emitter);
}

void nh_readable_side_init(nh_stream *stream, const nh_stream_options *options) {
    nh_readable_side *side = &stream->readable;
    size_t mark = options->readable_high_water_mark;

    side->object_mode = options->object_mode || options->readable_object_mode;
    mark = mark == NH_DEFAULT_HIGH_WATER_MARK ? options->high_water_mark : mark;
    if (mark == NH_DEFAULT_HIGH_WATER_MARK) {
        mark = side->object_mode ? DEFAULT_OBJECTS : DEFAULT_BYTES;
    }
    side->high_water_mark = mark;
    side->sync = true;
    nh_queue_init(&side->chunks, sizeof(nh_value));
    nh_queue_init(&side->pipes, sizeof(nh_pipe *));
    side->decoder.encoding = NH_ENCODING_UNKNOWN;
    if (options->encoding != NULL) {
        nh_string_decoder_init(&side->decoder,
                               nh_encoding_of_name(nh_bytes_of_text(options->encoding)));
        side->has_decoder = true;
    }
    if (!options->readable || !side->present) {
        side->disabled = true;
        side->ended = true;
        side->end_emitted = true;
    }
}

static void drop_chunks(nh_stream *stream) {
    while (stream->readable.chunks.count > 0) {
        nh_readable_pop_chunk(stream);
    }
    stream->readable.length = 0;
}

void nh_readable_side_deinit(nh_stream *stream) {
    drop_chunks(stream);
    nh_queue_deinit(&stream->readable.chunks, memory_of(stream));
    nh_pipes_deinit(stream);
}

void nh_readable_side_constructed(nh_stream *stream) {
    if (stream->readable.present && stream->readable.need_readable) {
        nh_readable_read_more_later(stream);
    }
}

size_t nh_readable_chunk_length(const nh_stream *stream, nh_value chunk) {
    if (stream->readable.object_mode) {
        return 1;
    }
    return chunk.type == NH_STRING ? nh_string_utf16_length(chunk) : nh_value_bytes(chunk).length;
}

/* --- push, unshift ------------------------------------------------------------------------ */

static bool wants_more(const nh_stream *stream) {
    const nh_readable_side *side = &stream->readable;

    return !side->ended && (side->length < side->high_water_mark || side->length == 0);
}

/* Queues `chunk`, which is consumed. */
static bool queue_chunk_take(nh_stream *stream, nh_value chunk, bool front) {
    nh_queue *chunks = &stream->readable.chunks;
    size_t length = nh_readable_chunk_length(stream, chunk);
    nh_value *place = front ? nh_queue_push_front(chunks, memory_of(stream))
                            : nh_queue_push(chunks, memory_of(stream));

    if (place == NULL) {
        nh_value_release(&chunk);
        nh_stream_fail_no_memory(stream);
        return false;
    }
    *place = chunk;
    stream->readable.length += length;
    return true;
}

static void add_chunk_take(nh_stream *stream, nh_value chunk, bool front) {
    nh_readable_side *side = &stream->readable;
    bool straight_through =
        side->flowing == NH_FLOWING_ON && !side->sync && side->data_listening && side->length == 0;

    if (straight_through) {
        nh_pipes_forget_drain(stream);
        side->data_emitted = true;
        nh_emitter_emit_value(&stream->emitter, "data", chunk);
        nh_value_release(&chunk);
    } else if (queue_chunk_take(stream, chunk, front) && side->need_readable) {
        nh_readable_emit_later(stream);
    }
    if (!nh_stream_is_throwing(stream)) {
        nh_readable_read_more_later(stream);
    }
}

/* null was pushed. */
static void end_input(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;

    if (side->ended) {
        return;
    }
    if (side->has_decoder) {
        nh_value rest = nh_string_decoder_end(&side->decoder, memory_of(stream));
        if (rest.type == NH_INVALID) {
            nh_stream_fail_no_memory(stream);
            return;
        }
        if (nh_value_bytes(rest).length > 0) {
            queue_chunk_take(stream, rest, false);
        } else {
            nh_value_release(&rest);
        }
    }
    side->ended = true;
    if (side->sync) {
        nh_readable_emit_later(stream);
    } else {
        side->need_readable = false;
        side->emitting_readable = true;
        nh_readable_emit_now(stream);
    }
}

static void fail_chunk_type(nh_stream *stream, nh_value chunk) {
    nh_error *error = nh_error_new_argument_type(
        memory_of(stream), "chunk",
        "of type string or an instance of Buffer, TypedArray, or DataView", chunk);

    nh_stream_fail(stream, error, false);
    nh_error_release(error);
}

static void fail_with_code(nh_stream *stream, const char *code, const char *message) {
    nh_error *error = nh_error_new(memory_of(stream), "Error", code, "%s", message);

    nh_stream_fail(stream, error, false);
    nh_error_release(error);
}

static void throw_take(nh_stream *stream, nh_error *error) {
    nh_loop_throw(stream->emitter.loop, error);
    nh_error_release(error);
}

/* What a pushed string becomes: itself when it is in the encoding that is read, bytes otherwise. */
static bool prepare_string(nh_stream *stream, nh_value encoding, nh_value *chunk,
                           bool *out_decoded) {
    nh_encoding from = NH_ENCODING_UTF8;

    /* What is no string counts as not given, unlike in write(). */
    if (encoding.type == NH_STRING) {
        nh_error *error =
            nh_encoding_of_value(memory_of(stream), encoding, NH_ENCODING_UTF8, &from);
        if (error != NULL) {
            throw_take(stream, error);
            return false;
        }
    }
    if (stream->readable.has_decoder && stream->readable.decoder.encoding == from) {
        *out_decoded = true;
        return true;
    }
    nh_value bytes = nh_encode(memory_of(stream), *chunk, from);
    if (bytes.type == NH_INVALID) {
        nh_stream_fail_no_memory(stream);
        return false;
    }
    nh_value_assign_take(chunk, bytes);
    return true;
}

/* Replaces bytes by the text that they complete. */
static bool decode_chunk(nh_stream *stream, nh_value *chunk) {
    nh_value text = nh_string_decoder_write(&stream->readable.decoder, memory_of(stream),
                                            nh_value_bytes(*chunk));

    if (text.type == NH_INVALID) {
        nh_stream_fail_no_memory(stream);
        return false;
    }
    nh_value_assign_take(chunk, text);
    return true;
}

/* The rest of push() and unshift() once `chunk`, which is consumed, is neither null nor of a wrong
 * type. `decoded`: it is not to go through the decoder. Whether more is wanted. */
static bool push_checked_take(nh_stream *stream, nh_value chunk, bool decoded) {
    nh_readable_side *side = &stream->readable;

    if (side->ended) {
        nh_value_release(&chunk);
        fail_with_code(stream, "ERR_STREAM_PUSH_AFTER_EOF", "stream.push() after EOF");
        return false;
    }
    if (stream->destroyed || stream->errored != NULL) {
        nh_value_release(&chunk);
        return false;
    }
    side->reading = false;
    if (side->has_decoder && !decoded) {
        bool complete = decode_chunk(stream, &chunk);
        bool empty = nh_value_bytes(chunk).length == 0;
        if (!complete || (empty && !side->object_mode)) {
            nh_value_release(&chunk);
            nh_readable_read_more_later(stream);
            return wants_more(stream);
        }
    }
    add_chunk_take(stream, chunk, false);
    return wants_more(stream);
}

static bool unshift_checked_take(nh_stream *stream, nh_value chunk) {
    if (stream->readable.end_emitted) {
        nh_value_release(&chunk);
        fail_with_code(stream, "ERR_STREAM_UNSHIFT_AFTER_END_EVENT",
                       "stream.unshift() after end event");
    } else if (stream->destroyed || stream->errored != NULL) {
        nh_value_release(&chunk);
        return false;
    } else {
        add_chunk_take(stream, chunk, true);
    }
    return wants_more(stream);
}

static bool insert_bytes_or_text(nh_stream *stream, nh_value chunk, nh_value encoding, bool front) {
    nh_readable_side *side = &stream->readable;
    nh_value owned = nh_value_retain(chunk);
    bool decoded = false;

    if (chunk.type == NH_STRING) {
        if (!prepare_string(stream, encoding, &owned, &decoded)) {
            nh_value_release(&owned);
            return false;
        }
        if (front && side->has_decoder && !decoded) {
            nh_value text =
                nh_decode(memory_of(stream), nh_value_bytes(owned), side->decoder.encoding);
            nh_value_assign_take(&owned, text);
        }
    } else if (chunk.type != NH_BUFFER && chunk.type != NH_UNDEFINED) {
        nh_value_release(&owned);
        fail_chunk_type(stream, chunk);
        return false;
    }
    if (owned.type == NH_INVALID) {
        nh_stream_fail_no_memory(stream);
        return false;
    }
    if (nh_value_bytes(owned).length == 0) {
        nh_value_release(&owned);
        if (!front) {
            side->reading = false;
            nh_readable_read_more_later(stream);
        }
    } else if (front) {
        return unshift_checked_take(stream, owned);
    } else {
        return push_checked_take(stream, owned, decoded);
    }
    return wants_more(stream);
}

static bool insert(nh_stream *stream, nh_value chunk, nh_value encoding, bool front) {
    nh_readable_side *side = &stream->readable;
    bool more = false;

    if (!side->present) {
        return false;
    }
    nh_emitter_retain(&stream->emitter);
    if (chunk.type == NH_INVALID) {
        nh_stream_fail_no_memory(stream);
    } else if (chunk.type == NH_NULL) {
        side->reading = false;
        end_input(stream);
    } else if (!side->object_mode) {
        more = insert_bytes_or_text(stream, chunk, encoding, front);
    } else if (front) {
        more = unshift_checked_take(stream, nh_value_retain(chunk));
    } else {
        bool decoded = chunk.type != NH_BUFFER || nh_value_is_truthy(encoding);
        more = push_checked_take(stream, nh_value_retain(chunk), decoded);
    }
    nh_emitter_release(&stream->emitter);
    return more;
}

bool nh_readable_push(nh_stream *stream, nh_value chunk, nh_value encoding) {
    return insert(stream, chunk, encoding, false);
}

bool nh_readable_unshift(nh_stream *stream, nh_value chunk, nh_value encoding) {
    return insert(stream, chunk, encoding, true);
}

bool nh_readable_push_bytes(nh_stream *stream, nh_bytes bytes) {
    nh_value chunk = nh_buffer_of(memory_of(stream), bytes);
    bool more = insert(stream, chunk, nh_undefined(), false);

    nh_value_release(&chunk);
    return more;
}

/* --- read --------------------------------------------------------------------------------- */

/* How much a read of `size` (NaN: whatever there is) gives now. */
static size_t readable_amount(const nh_stream *stream, double size) {
    const nh_readable_side *side = &stream->readable;

    if (size <= 0 || (side->length == 0 && side->ended)) {
        return 0;
    }
    if (side->object_mode) {
        return 1;
    }
    if (isnan(size)) {
        bool one_chunk = side->flowing == NH_FLOWING_ON && side->length > 0;
        return one_chunk ? nh_readable_chunk_length(stream, *nh_readable_front_chunk(stream))
                         : side->length;
    }
    if (size <= (double)side->length) {
        return (size_t)size;
    }
    return side->ended ? side->length : 0;
}

/* Calls the read operation. */
static void start_reading(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;
    nh_loop *loop = stream->emitter.loop;

    side->reading = true;
    side->sync = true;
    if (side->length == 0) {
        side->need_readable = true;
    }
    if (stream->operations->read != NULL) {
        stream->operations->read(stream, side->high_water_mark, stream->data);
    } else {
        throw_take(stream, nh_error_new(memory_of(stream), "Error", "ERR_METHOD_NOT_IMPLEMENTED",
                                        "The _read() method is not implemented"));
    }
    if (nh_loop_is_throwing(loop)) {
        nh_error *error = nh_loop_catch(loop);
        nh_stream_fail(stream, error, false);
        nh_error_release(error);
    }
    side->sync = false;
}

/* The next power of two, as Node.js rounds a high-water mark that a read asks for. */
static size_t rounded_up(double size) {
    size_t mark = 1;

    while ((double)mark < size) {
        mark *= 2;
    }
    return mark;
}

/* read(0) while there is something to tell: tells it instead of reading. */
static bool only_tells(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;
    bool enough =
        side->high_water_mark != 0 ? side->length >= side->high_water_mark : side->length > 0;

    if (!side->need_readable || !(enough || side->ended)) {
        return false;
    }
    if (side->length == 0 && side->ended) {
        nh_readable_end_later(stream);
    } else {
        nh_readable_emit_later(stream);
    }
    return true;
}

static bool should_start_reading(const nh_stream *stream, size_t amount) {
    const nh_readable_side *side = &stream->readable;

    if (side->reading || side->ended || stream->destroyed || stream->errored != NULL ||
        !stream->constructed) {
        return false;
    }
    return side->need_readable || side->length == 0 ||
           side->length - amount < side->high_water_mark;
}

static nh_value read_retained(nh_stream *stream, double size) {
    nh_readable_side *side = &stream->readable;

    if (size != 0) {
        side->emitting_readable = false;
    } else if (only_tells(stream)) {
        return nh_null();
    }
    size_t amount = readable_amount(stream, size);
    if (amount == 0 && side->ended) {
        if (side->length == 0) {
            nh_readable_end_later(stream);
        }
        return nh_null();
    }
    if (should_start_reading(stream, amount)) {
        start_reading(stream);
        if (nh_stream_is_throwing(stream)) {
            return nh_null();
        }
        if (!side->reading) {
            amount = readable_amount(stream, size);
        }
    }

    nh_value taken = nh_null();
    if (amount > 0 && side->length > 0) {
        size_t before = amount;
        taken = nh_readable_take(stream, amount);
        if (taken.type == NH_INVALID) {
            drop_chunks(stream); /* part of them was taken */
            nh_stream_fail_no_memory(stream);
            return nh_null();
        }
        side->length -= before;
        nh_pipes_forget_drain(stream);
    } else {
        amount = 0;
        side->need_readable = side->need_readable || side->length <= side->high_water_mark;
    }
    if (side->length == 0) {
        side->need_readable = side->need_readable || !side->ended;
        bool asked_for_something_else = isnan(size) || size != (double)amount;
        if (side->ended && asked_for_something_else) {
            nh_readable_end_later(stream);
        }
    }
    if (taken.type != NH_NULL && !stream->error_emitted && !stream->close_emitted) {
        side->data_emitted = true;
        nh_emitter_emit_value(&stream->emitter, "data", taken);
    }
    return taken;
}

nh_value nh_readable_read_size(nh_stream *stream, double size) {
    nh_readable_side *side = &stream->readable;

    if (!side->present) {
        return nh_null();
    }
    if (size > (double)side->high_water_mark) {
        if (size > LARGEST_READ) {
            throw_take(stream, nh_error_new_out_of_range(memory_of(stream), "size", "<= 1GiB",
                                                         nh_number(size)));
            return nh_null();
        }
        side->high_water_mark = rounded_up(size);
    }
    nh_emitter_retain(&stream->emitter);
    nh_value taken = read_retained(stream, isnan(size) ? size : trunc(size));
    nh_emitter_release(&stream->emitter);
    return taken;
}

nh_value nh_readable_read(nh_stream *stream) {
    return nh_readable_read_size(stream, (double)NAN);
}
