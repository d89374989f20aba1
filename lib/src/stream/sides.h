/* stream/sides.h - what the parts of stream/ call on one another. */
#ifndef NH_STREAM_SIDES_H
#define NH_STREAM_SIDES_H

#include "stream/stream_internal.h"

typedef struct nh_pending_write {
    nh_value chunk;
    nh_value callback;
    nh_encoding encoding; /* NH_ENCODING_UNKNOWN: none */
    size_t length;        /* what it counts in writableLength */
} nh_pending_write;

typedef struct nh_after_write {
    nh_write_completion completion;
    size_t count;
} nh_after_write;

/* Whether a listener or an operation has thrown: whoever called it stops as well. */
bool nh_stream_is_throwing(const nh_stream *stream);

void nh_readable_side_init(nh_stream *stream, const nh_stream_options *options);
void nh_readable_side_deinit(nh_stream *stream);
void nh_readable_side_constructed(nh_stream *stream);
/* Sees to it that 'readable' is emitted, on the next tick. */
void nh_readable_emit_later(nh_stream *stream);
/* Emits 'readable' if there is something to read, and lets a flowing stream flow. */
void nh_readable_emit_now(nh_stream *stream);
/* Reads on the next tick until the high-water mark is reached. */
void nh_readable_read_more_later(nh_stream *stream);
/* All was read: 'end' on the next tick. */
void nh_readable_end_later(nh_stream *stream);
/* Takes chunks out while the stream flows. */
void nh_readable_flow(nh_stream *stream);
/* What a chunk counts in readableLength. */
size_t nh_readable_chunk_length(const nh_stream *stream, nh_value chunk);

/* The first chunk of the queue, which has to be there; and its end. */
nh_value *nh_readable_front_chunk(const nh_stream *stream);
void nh_readable_pop_chunk(nh_stream *stream);
/* Takes `amount` (more than 0, and no more than there is) out of the queue; NH_INVALID without
 * memory. The caller counts readableLength down. */
nh_value nh_readable_take(nh_stream *stream, size_t amount);

void nh_pipes_forget_drain(nh_stream *stream);
/* 'close' was emitted: the stream's pipes keep nothing alive any more. */
void nh_pipes_source_closed(nh_stream *stream);
void nh_pipes_deinit(nh_stream *stream);

void nh_writable_side_init(nh_stream *stream, const nh_stream_options *options);
void nh_writable_side_deinit(nh_stream *stream);
void nh_writable_side_constructed(nh_stream *stream);
/* Before a callback (anything else needs nothing) is queued: nh_loop_free() drops those of writes
 * that never end. False without memory. */
bool nh_writable_tie(nh_stream *stream, nh_value callback);
/* Whether destroy() has somebody to tell on the next tick, by nh_writable_fail_pending(). */
bool nh_writable_has_pending(const nh_stream *stream);
/* Fails the queued writes and the callbacks of end(). */
void nh_writable_fail_pending(nh_stream *stream);
/* Starts the next queued write, or all of them. */
void nh_writable_start_pending(nh_stream *stream);
void nh_writable_finish_maybe(nh_stream *stream, bool sync);
void nh_writable_call_end_callbacks(nh_stream *stream, nh_error *error);
/* Hands one chunk to the operation. */
void nh_writable_start(nh_stream *stream, nh_value chunk, nh_encoding encoding, size_t length,
                       nh_value callback);
bool nh_writable_is_over_the_mark(const nh_stream *stream);

extern const nh_writable_interface nh_writable_stream_interface;

#endif
