/* The writable side: handing chunks to the write operation, and what follows its completion. */
#include "stream/sides.h"

#include <stddef.h>

/* What one writev operation takes: the chunks, and whom to tell. */
struct nh_write_batch {
    size_t references; /* the completion, and the call of the operation while it lasts */
    size_t count;
    size_t callbacks; /* how many of them there are */
    nh_pending_write *writes;
    nh_stream_chunk chunks[];
};

static nh_memory *memory_of(const nh_stream *stream) {
    return nh_object_memory(&stream->emitter);
}

static nh_error *destroyed_error(const nh_stream *stream, const char *call) {
    return nh_error_new(memory_of(stream), "Error", "ERR_STREAM_DESTROYED",
                        "Cannot call %s after a stream was destroyed", call);
}

/* --- completions -------------------------------------------------------------------------- */

static void call_one(nh_value callback, nh_error *error) {
    nh_value argument = error != NULL ? nh_value_of_error(error) : nh_null();

    nh_loop_call(callback, &argument, 1);
    nh_value_release(&argument);
}

static void release_write(nh_pending_write *write) {
    nh_value_release(&write->chunk);
    nh_value_release(&write->callback);
}

static void release_batch(nh_stream *stream, nh_write_batch *batch) {
    if (--batch->references > 0) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        release_write(&batch->writes[i]);
    }
    nh_memory_free(memory_of(stream), batch->writes);
    nh_memory_free(memory_of(stream), batch);
}

static void release_completion(nh_stream *stream, nh_write_completion *completion) {
    nh_value_release(&completion->callback);
    if (completion->batch != NULL) {
        release_batch(stream, completion->batch);
        completion->batch = NULL;
    }
}

static bool is_silent(const nh_write_completion *completion) {
    return completion->callback.type != NH_FUNCTION &&
           (completion->batch == NULL || completion->batch->callbacks == 0);
}

static void call_completion(nh_stream *stream, const nh_write_completion *completion,
                            nh_error *error) {
    const nh_write_batch *batch = completion->batch;

    if (completion->callback.type == NH_FUNCTION) {
        call_one(completion->callback, error);
    }
    for (size_t i = 0; batch != NULL && i < batch->count && !nh_stream_is_throwing(stream); i++) {
        if (batch->writes[i].callback.type == NH_FUNCTION) {
            call_one(batch->writes[i].callback, error);
        }
    }
}

static void drop_callbacks_of(nh_write_completion *completion) {
    const nh_write_batch *batch = completion->batch;

    nh_value_assign_take(&completion->callback, nh_undefined());
    for (size_t i = 0; batch != NULL && i < batch->count; i++) {
        nh_value_assign_take(&batch->writes[i].callback, nh_undefined());
    }
}

/* The loop is freed: nobody is told any more. The chunks stay, one may be on its way. */
static void cut(nh_tie *tie) {
    nh_stream *stream = (nh_stream *)(void *)((char *)tie - offsetof(nh_stream, writable) -
                                              offsetof(nh_writable_side, tie));
    nh_writable_side *side = &stream->writable;

    nh_emitter_retain(&stream->emitter);
    drop_callbacks_of(&side->current);
    for (size_t i = 0; i < side->pending.count; i++) {
        nh_pending_write *write = nh_queue_at(&side->pending, i);
        nh_value_assign_take(&write->callback, nh_undefined());
    }
    for (size_t i = 0; i < side->after_writes.count; i++) {
        nh_after_write *after = nh_queue_at(&side->after_writes, i);
        drop_callbacks_of(&after->completion);
    }
    for (size_t i = 0; i < side->end_callbacks.count; i++) {
        nh_value_assign_take(nh_queue_at(&side->end_callbacks, i), nh_undefined());
    }
    nh_emitter_release(&stream->emitter);
}

bool nh_writable_tie(nh_stream *stream, nh_value callback) {
    nh_tie *tie = &stream->writable.tie;

    return callback.type != NH_FUNCTION || nh_tie_is_listed(tie) ||
           nh_tie_add(stream->emitter.loop, tie, cut);
}

void nh_writable_side_deinit(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;
    nh_memory *memory = memory_of(stream);

    nh_tie_remove(&side->tie);
    for (size_t i = 0; i < side->pending.count; i++) {
        release_write(nh_queue_at(&side->pending, i));
    }
    for (size_t i = 0; i < side->after_writes.count; i++) {
        nh_after_write *after = nh_queue_at(&side->after_writes, i);
        release_completion(stream, &after->completion);
    }
    for (size_t i = 0; i < side->end_callbacks.count; i++) {
        nh_value_release(nh_queue_at(&side->end_callbacks, i));
    }
    release_completion(stream, &side->current);
    nh_value_release(&side->current_chunk);
    nh_queue_deinit(&side->pending, memory);
    nh_queue_deinit(&side->after_writes, memory);
    nh_queue_deinit(&side->end_callbacks, memory);
}

void nh_writable_call_end_callbacks(nh_stream *stream, nh_error *error) {
    nh_queue callbacks = stream->writable.end_callbacks;

    nh_queue_init(&stream->writable.end_callbacks, sizeof(nh_value));
    for (size_t i = 0; i < callbacks.count; i++) {
        nh_value *callback = nh_queue_at(&callbacks, i);
        if (!nh_stream_is_throwing(stream)) {
            call_one(*callback, error);
        }
        nh_value_release(callback);
    }
    nh_queue_deinit(&callbacks, memory_of(stream));
}

bool nh_writable_has_pending(const nh_stream *stream) {
    return stream->writable.pending.count > 0 || stream->writable.end_callbacks.count > 0;
}

void nh_writable_fail_pending(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;

    if (side->writing) {
        return;
    }
    while (side->pending.count > 0 && !nh_stream_is_throwing(stream)) {
        nh_pending_write *front = nh_queue_at(&side->pending, 0);
        nh_pending_write write = *front;
        nh_queue_pop(&side->pending);
        side->length -= write.length;
        if (write.callback.type == NH_FUNCTION) {
            nh_error *error = stream->errored != NULL ? nh_error_retain(stream->errored)
                                                      : destroyed_error(stream, "write");
            call_one(write.callback, error);
            nh_error_release(error);
        }
        release_write(&write);
    }
    if (side->end_callbacks.count > 0 && !nh_stream_is_throwing(stream)) {
        nh_error *error = stream->errored != NULL ? nh_error_retain(stream->errored)
                                                  : destroyed_error(stream, "end");
        nh_writable_call_end_callbacks(stream, error);
        nh_error_release(error);
    }
}

/* --- after a write ------------------------------------------------------------------------ */

/* 'drain', the callback as often as it is due, then perhaps 'finish'. Releases the completion. */
static void after_write(nh_stream *stream, nh_write_completion completion, size_t count) {
    nh_writable_side *side = &stream->writable;

    side->after_write_pending = false;
    if (side->need_drain && !side->ending && !stream->destroyed && side->length == 0) {
        side->need_drain = false;
        nh_emitter_emit_bare(&stream->emitter, "drain");
    }
    for (; count > 0 && !nh_stream_is_throwing(stream); count--) {
        side->pending_callbacks--;
        call_completion(stream, &completion, NULL);
    }
    release_completion(stream, &completion);
    if (stream->destroyed && !nh_stream_is_throwing(stream)) {
        nh_writable_fail_pending(stream);
    }
    if (side->ending && !nh_stream_is_throwing(stream)) {
        nh_writable_finish_maybe(stream, true);
    }
}

static void run_after_write(nh_emitter *object, nh_value value) {
    nh_stream *stream = nh_as_stream(object);
    nh_after_write *front = nh_queue_at(&stream->writable.after_writes, 0);
    nh_after_write after = *front;

    (void)value;
    nh_queue_pop(&stream->writable.after_writes);
    if (!is_silent(&after.completion)) {
        stream->writable.after_write_open = false;
    }
    after_write(stream, after.completion, after.count);
}

/* Room for this was reserved when the chunk was written. */
static void schedule_after_write(nh_stream *stream, nh_write_completion completion) {
    nh_after_write *after = nh_queue_push(&stream->writable.after_writes, memory_of(stream));

    *after = (nh_after_write){.completion = completion, .count = 1};
    stream->writable.after_write_pending = true;
    nh_loop_tick(stream->emitter.loop, run_after_write, &stream->emitter, nh_undefined());
}

/* The newest scheduled callback when it is the same function: one tick then serves both. */
static nh_after_write *same_callback(nh_stream *stream, const nh_write_completion *completion) {
    nh_queue *queue = &stream->writable.after_writes;

    for (size_t i = queue->count; stream->writable.after_write_open && i > 0; i--) {
        nh_after_write *last = nh_queue_at(queue, i - 1);
        if (!is_silent(&last->completion)) {
            bool same = completion->batch == NULL && last->completion.batch == NULL &&
                        nh_value_is_same(last->completion.callback, completion->callback);
            return same ? last : NULL;
        }
    }
    return NULL;
}

/* The operation completed inside its own call: what follows comes on the next tick, if there is
 * anything to follow. */
static void put_off_after_write(nh_stream *stream, nh_write_completion completion) {
    nh_writable_side *side = &stream->writable;
    bool silent = is_silent(&completion);
    bool drains = side->need_drain && side->length == 0;
    nh_after_write *last = silent ? NULL : same_callback(stream, &completion);

    if (last != NULL) {
        last->count++;
        release_completion(stream, &completion);
    } else if (!silent) {
        schedule_after_write(stream, completion);
        side->after_write_open = true;
    } else if (!side->after_write_pending && (drains || side->object_mode)) {
        schedule_after_write(stream, completion);
    } else {
        release_completion(stream, &completion);
        side->pending_callbacks--;
        if (side->ending) {
            nh_writable_finish_maybe(stream, true);
        }
    }
}

/* --- failed writes ------------------------------------------------------------------------ */

static void tell_failure(nh_stream *stream, const nh_write_completion *completion,
                         nh_error *error) {
    stream->writable.pending_callbacks--;
    call_completion(stream, completion, error);
    if (!nh_stream_is_throwing(stream)) {
        nh_writable_fail_pending(stream);
    }
    if (!nh_stream_is_throwing(stream)) {
        nh_stream_fail(stream, error, false);
    }
}

/* Failed completions stand in the same queue as the others: ticks run in order. */
static void run_failure(nh_emitter *object, nh_value error) {
    nh_stream *stream = nh_as_stream(object);
    nh_after_write *front = nh_queue_at(&stream->writable.after_writes, 0);
    nh_after_write after = *front;

    nh_queue_pop(&stream->writable.after_writes);
    tell_failure(stream, &after.completion, error.as.error);
    release_completion(stream, &after.completion);
}

static void put_off_failure(nh_stream *stream, nh_write_completion completion, nh_error *error) {
    nh_after_write *after = nh_queue_push(&stream->writable.after_writes, memory_of(stream));
    nh_value value = nh_value_of_error(error);

    *after = (nh_after_write){.completion = completion, .count = 1};
    stream->writable.after_write_open = false;
    nh_loop_tick(stream->emitter.loop, run_failure, &stream->emitter, value);
    nh_value_release(&value);
}

static void write_failed(nh_stream *stream, nh_write_completion completion, nh_error *error) {
    if (stream->errored == NULL) {
        stream->errored = nh_error_retain(error);
    }
    if (stream->writable.sync) {
        put_off_failure(stream, completion, error);
    } else {
        tell_failure(stream, &completion, error);
        release_completion(stream, &completion);
    }
}

/* --- the operation ------------------------------------------------------------------------ */

void nh_stream_write_done(nh_stream *stream, nh_error *error) {
    nh_writable_side *side = &stream->writable;

    nh_emitter_retain(&stream->emitter);
    if (!side->expects_done) {
        nh_error *multiple = nh_error_new(memory_of(stream), "Error", "ERR_MULTIPLE_CALLBACK",
                                          "Callback called multiple times");
        nh_stream_fail(stream, multiple, false);
        nh_error_release(multiple);
        nh_emitter_release(&stream->emitter);
        return;
    }
    bool sync = side->sync;
    nh_write_completion completion = side->current;
    side->current = (nh_write_completion){.callback = nh_undefined()};
    side->writing = false;
    side->expects_done = false;
    side->length -= side->current_length;
    side->current_length = 0;
    if (!sync) {
        nh_value_release(&side->current_chunk);
    }
    if (error != NULL) {
        write_failed(stream, completion, error);
    } else {
        nh_writable_start_pending(stream);
        if (nh_stream_is_throwing(stream)) {
            release_completion(stream, &completion);
        } else if (sync) {
            put_off_after_write(stream, completion);
        } else {
            after_write(stream, completion, 1);
        }
    }
    nh_emitter_release(&stream->emitter);
}

static void throw_not_implemented(nh_stream *stream) {
    nh_error *error = nh_error_new(memory_of(stream), "Error", "ERR_METHOD_NOT_IMPLEMENTED",
                                   "The _write() method is not implemented");

    nh_loop_throw(stream->emitter.loop, error);
    nh_error_release(error);
}

/* Calls the operation with one chunk, or with those of `batch`. */
static void call_operation(nh_stream *stream, nh_stream_chunk chunk, nh_write_batch *batch) {
    nh_writable_side *side = &stream->writable;
    const nh_stream_operations *operations = stream->operations;

    side->writing = true;
    side->sync = true;
    side->expects_done = true;
    if (stream->destroyed) {
        nh_error *error = destroyed_error(stream, "write");
        nh_stream_write_done(stream, error);
        nh_error_release(error);
    } else if (batch != NULL) {
        operations->writev(stream, batch->chunks, batch->count, stream->data);
    } else if (operations->write != NULL) {
        operations->write(stream, chunk, stream->data);
    } else if (operations->writev != NULL) {
        operations->writev(stream, &chunk, 1, stream->data);
    } else {
        throw_not_implemented(stream);
    }
    if (!nh_stream_is_throwing(stream)) {
        side->sync = false;
    }
}

void nh_writable_start(nh_stream *stream, nh_value chunk, nh_encoding encoding, size_t length,
                       nh_value callback) {
    nh_writable_side *side = &stream->writable;
    const char *name = encoding == NH_ENCODING_UNKNOWN ? NULL : nh_encoding_name(encoding);

    side->current = (nh_write_completion){.callback = nh_value_retain(callback)};
    side->current_length = length;
    nh_value_assign_take(&side->current_chunk, nh_value_retain(chunk));
    call_operation(stream, (nh_stream_chunk){.chunk = chunk, .encoding = name}, NULL);
    if (!side->writing) {
        nh_value_release(&side->current_chunk);
    }
}

/* Moves all that is queued into a batch; NULL without memory. */
static nh_write_batch *take_batch(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;
    size_t count = side->pending.count;
    nh_write_batch *batch =
        nh_memory_allocate(memory_of(stream), sizeof(*batch) + count * sizeof(batch->chunks[0]));
    nh_pending_write *writes =
        nh_memory_allocate(memory_of(stream), count * sizeof(nh_pending_write));

    if (batch == NULL || writes == NULL) {
        nh_memory_free(memory_of(stream), batch);
        nh_memory_free(memory_of(stream), writes);
        return NULL;
    }
    *batch = (nh_write_batch){.references = 1, .count = count, .writes = writes};
    for (size_t i = 0; i < count; i++) {
        const nh_pending_write *write = nh_queue_at(&side->pending, 0);
        writes[i] = *write;
        batch->callbacks += write->callback.type == NH_FUNCTION;
        batch->chunks[i] = (nh_stream_chunk){
            .chunk = write->chunk,
            .encoding =
                write->encoding == NH_ENCODING_UNKNOWN ? NULL : nh_encoding_name(write->encoding),
        };
        nh_queue_pop(&side->pending);
    }
    return batch;
}

static void start_all(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;
    nh_write_batch *batch = take_batch(stream);

    if (batch == NULL) {
        nh_stream_fail_no_memory(stream);
        return;
    }
    side->pending_callbacks -= batch->count - 1;
    side->current = (nh_write_completion){.callback = nh_undefined(), .batch = batch};
    side->current_length = side->length;
    batch->references++;
    call_operation(stream, (nh_stream_chunk){.chunk = nh_undefined()}, batch);
    release_batch(stream, batch);
}

static void start_one_by_one(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;

    do {
        const nh_pending_write *front = nh_queue_at(&side->pending, 0);
        nh_pending_write write = *front;
        nh_queue_pop(&side->pending);
        nh_writable_start(stream, write.chunk, write.encoding, write.length, write.callback);
        release_write(&write);
    } while (side->pending.count > 0 && !side->writing && !nh_stream_is_throwing(stream));
}

void nh_writable_start_pending(nh_stream *stream) {
    nh_writable_side *side = &stream->writable;

    if (side->pending.count == 0 || stream->destroyed || side->draining_queue || side->corked > 0 ||
        !stream->constructed) {
        return;
    }
    side->draining_queue = true;
    if (side->pending.count > 1 && stream->operations->writev != NULL) {
        start_all(stream);
    } else {
        start_one_by_one(stream);
    }
    side->draining_queue = side->draining_queue && nh_stream_is_throwing(stream);
}
