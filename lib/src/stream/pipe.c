/* readable.pipe(): listeners on both ends, and who waits for 'drain'.
 *
 * The source owns its pipes and each pipe keeps its destination alive; the destination's listeners
 * only borrow the source, which takes them off when it goes. Once the source has emitted 'close',
 * nothing comes through the pipe any more, and it is the other way round: the destination's
 * listeners own the pipe, which keeps the source alive and borrows the destination. What is left of
 * the pipe is told to the destination ('unpipe' when it closes), so it goes with the destination.
 * Otherwise a source that its destination references (a request, its response) and a destination
 * that never closes would hold each other for good. */
#include "stream/sides.h"
#include "stream/tie.h"

#include <string.h>

struct nh_pipe {
    nh_tie tie; /* has to stay first */
    nh_memory *memory;
    size_t references;            /* the source's list, and each listener */
    size_t destination_listeners; /* those of them on the destination */
    nh_stream *source;            /* NULL once it is gone */
    nh_pipe *previous;            /* among those of the source */
    nh_pipe *next;
    nh_emitter *destination;
    bool keeps_source; /* the source has closed: referenced, and the destination is not */
    bool ends_destination;
    bool cleaned_up;
    bool listens_to_drain;
    bool waits_for_drain;
};

/* A pipe whose 'unpipe' listener the program took off lives on when unpipe() has taken it off the
 * list: the source knows those as well, so that they forget it when it goes. */
static void add_to_source(nh_pipe *pipe) {
    nh_readable_side *side = &pipe->source->readable;

    pipe->next = side->first_pipe;
    if (side->first_pipe != NULL) {
        side->first_pipe->previous = pipe;
    }
    side->first_pipe = pipe;
}

static void forget_source(nh_pipe *pipe) {
    if (pipe->source == NULL) {
        return;
    }
    if (pipe->previous != NULL) {
        pipe->previous->next = pipe->next;
    } else {
        pipe->source->readable.first_pipe = pipe->next;
    }
    if (pipe->next != NULL) {
        pipe->next->previous = pipe->previous;
    }
    pipe->source = NULL;
}

static void release_pipe(void *data) {
    nh_pipe *pipe = data;

    if (--pipe->references == 0) {
        nh_emitter *kept = pipe->keeps_source ? &pipe->source->emitter : pipe->destination;
        forget_source(pipe);
        nh_tie_remove(&pipe->tie);
        nh_memory_free(pipe->memory, pipe);
        nh_emitter_release(kept);
    }
}

static nh_pipe *pipe_at(const nh_stream *stream, size_t index) {
    return *(nh_pipe **)nh_queue_at(&stream->readable.pipes, index);
}

/* Takes the pipe off the source's list, where it need not be. The caller has a reference. */
static void remove_pipe(nh_pipe *pipe) {
    nh_queue *pipes = &pipe->source->readable.pipes;

    for (size_t i = 0; i < pipes->count; i++) {
        if (pipe_at(pipe->source, i) == pipe) {
            nh_queue_remove(pipes, i);
            pipe->references--;
            return;
        }
    }
}

void nh_pipes_forget_drain(nh_stream *stream) {
    for (size_t i = 0; i < stream->readable.pipes.count; i++) {
        pipe_at(stream, i)->waits_for_drain = false;
    }
}

static bool somebody_waits_for_drain(const nh_stream *stream) {
    for (size_t i = 0; i < stream->readable.pipes.count; i++) {
        if (pipe_at(stream, i)->waits_for_drain) {
            return true;
        }
    }
    return false;
}

/* --- listeners ---------------------------------------------------------------------------- */

static void on_source_end(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_source_data(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data);
static void on_drain(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_unpipe(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_close(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);
static void on_finish(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);

static void remove_source_listeners(nh_pipe *pipe) {
    nh_emitter *source = &pipe->source->emitter;

    nh_emitter_remove_listener(source, "end", on_source_end, pipe);
    nh_emitter_remove_listener(source, "data", on_source_data, pipe);
}

/* A listener on the destination is gone, and maybe the destination with it. */
static void release_from_destination(void *data) {
    nh_pipe *pipe = data;

    pipe->destination_listeners--;
    if (pipe->destination_listeners == 0 && pipe->keeps_source && !pipe->cleaned_up) {
        pipe->cleaned_up = true;
        remove_pipe(pipe);
        remove_source_listeners(pipe);
    }
    release_pipe(pipe);
}

static bool listen_to_source(nh_pipe *pipe, const char *event, nh_listener listener,
                             unsigned flags) {
    if (!nh_emitter_add_listener(&pipe->source->emitter, event, listener, pipe, release_pipe,
                                 flags)) {
        return false;
    }
    pipe->references++;
    return true;
}

static bool listen_to_destination(nh_pipe *pipe, const char *event, nh_listener listener,
                                  unsigned flags) {
    if (!nh_emitter_add_listener(pipe->destination, event, listener, pipe, release_from_destination,
                                 flags)) {
        return false;
    }
    pipe->references++;
    pipe->destination_listeners++;
    return true;
}

/* Takes all listeners off. */
static void remove_listeners(nh_pipe *pipe) {
    nh_emitter *destination = pipe->destination;

    nh_emitter_remove_listener(destination, "close", on_close, pipe);
    nh_emitter_remove_listener(destination, "finish", on_finish, pipe);
    nh_emitter_remove_listener(destination, "drain", on_drain, pipe);
    nh_emitter_remove_listener(destination, "error", on_error, pipe);
    nh_emitter_remove_listener(destination, "unpipe", on_unpipe, pipe);
    if (pipe->source != NULL) {
        remove_source_listeners(pipe);
    }
}

static bool destination_needs_drain(nh_emitter *destination) {
    if (nh_object_is_of(destination, &nh_stream_class)) {
        return nh_as_stream(destination)->writable.need_drain;
    }
    return true;
}

/* The destination takes data again. */
static void drained(nh_pipe *pipe) {
    nh_stream *source = pipe->source;

    pipe->waits_for_drain = false;
    for (size_t i = 0; source != NULL && i < source->readable.pipes.count; i++) {
        nh_pipe *other = pipe_at(source, i);
        other->waits_for_drain = other->waits_for_drain && other->destination != pipe->destination;
    }
    if (source != NULL && !somebody_waits_for_drain(source) && source->readable.data_listening) {
        nh_readable_resume(source);
    }
}

/* No listener of the destination's will tell when it goes: the pipe keeps it alive again, for the
 * source may still have the pipe in its list. The caller has a reference to the pipe. */
static void turn_back(nh_pipe *pipe) {
    if (pipe->keeps_source) {
        pipe->keeps_source = false;
        nh_emitter_retain(pipe->destination);
        nh_emitter_release(&pipe->source->emitter);
    }
}

static void clean_up(nh_pipe *pipe) {
    /* Once there were several pipes, the last to go always counts as having waited. */
    bool waited = pipe->waits_for_drain ||
                  (pipe->source != NULL && (pipe->source->readable.had_several_pipes ||
                                            somebody_waits_for_drain(pipe->source)));
    bool listened = pipe->listens_to_drain;

    pipe->references++;
    pipe->cleaned_up = true;
    remove_listeners(pipe);
    if (listened && waited && destination_needs_drain(pipe->destination)) {
        drained(pipe);
    }
    turn_back(pipe);
    release_pipe(pipe);
}

static void wait_for_drain(nh_pipe *pipe) {
    nh_stream *source = pipe->source;

    if (!pipe->cleaned_up) {
        pipe->waits_for_drain = true;
        if (source->readable.pipes.count == 1) {
            source->readable.had_several_pipes = false;
        }
        nh_readable_pause(source);
    }
    if (!pipe->listens_to_drain && !nh_stream_is_throwing(source)) {
        pipe->listens_to_drain = listen_to_destination(pipe, "drain", on_drain, NH_LISTENER_PLAIN);
        if (!pipe->listens_to_drain) {
            nh_stream_fail_no_memory(source);
        }
    }
}

static void throw_or_fail_take(nh_stream *source, nh_error *error) {
    if (error == NULL) {
        return;
    }
    const char *code = nh_error_code(error);
    if (code != NULL && strcmp(code, "ERR_MEMORY_ALLOCATION_FAILED") == 0) {
        nh_stream_destroy(source, error);
    } else {
        nh_loop_throw(source->emitter.loop, error);
    }
    nh_error_release(error);
}

static void on_source_data(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    nh_pipe *pipe = data;
    const nh_writable_interface *writable = nh_object_writable(pipe->destination);
    nh_stream *source = nh_as_stream(emitter);
    bool more = true;

    (void)count;
    nh_error *error =
        writable->write(pipe->destination, arguments[0], nh_undefined(), nh_undefined(), &more);
    if (error != NULL) {
        throw_or_fail_take(source, error);
    } else if (!more && !nh_stream_is_throwing(source)) {
        wait_for_drain(pipe);
    }
}

static void on_source_end(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    nh_pipe *pipe = data;
    nh_stream *source = nh_as_stream(emitter);

    (void)arguments;
    (void)count;
    if (pipe->ends_destination) {
        const nh_writable_interface *writable = nh_object_writable(pipe->destination);
        throw_or_fail_take(source, writable->end(pipe->destination, nh_undefined(), nh_undefined(),
                                                 nh_undefined()));
    } else {
        nh_readable_unpipe(source, pipe->destination);
    }
}

static void on_drain(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    drained(data);
}

static void unpipe(nh_pipe *pipe) {
    if (pipe->source != NULL) {
        nh_readable_unpipe(pipe->source, pipe->destination);
    }
}

static void on_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    nh_pipe *pipe = data;
    nh_value error = count > 0 ? arguments[0] : nh_undefined();

    unpipe(pipe);
    nh_emitter_remove_listener(emitter, "error", on_error, pipe);
    if (nh_loop_is_throwing(emitter->loop) || nh_emitter_listener_count(emitter, "error") > 0) {
        return;
    }
    /* The pipe's own listener must not swallow an error that nobody else listens to. */
    if (nh_object_is_of(emitter, &nh_stream_class) && !nh_as_stream(emitter)->error_emitted &&
        error.type == NH_ERROR) {
        nh_stream_fail(nh_as_stream(emitter), error.as.error, false);
    } else {
        nh_emitter_emit_value(emitter, "error", error);
    }
}

static void on_unpipe(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    nh_pipe *pipe = data;
    bool ours = count > 1 && pipe->source != NULL && arguments[0].type == NH_OBJECT &&
                arguments[0].as.object == &pipe->source->emitter;

    (void)emitter;
    /* One pipe of several between the same two streams takes itself off. */
    if (ours && !nh_value_is_truthy(nh_map_get(arguments[1], "hasUnpiped"))) {
        nh_map_set(arguments[1], "hasUnpiped", nh_boolean(true));
        clean_up(pipe);
    }
}

static void on_close(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    nh_emitter_remove_listener(emitter, "finish", on_finish, data);
    unpipe(data);
}

static void on_finish(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    nh_emitter_remove_listener(emitter, "close", on_close, data);
    unpipe(data);
}

/* --- pipe, unpipe ------------------------------------------------------------------------- */

static void end_late(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    nh_pipe *pipe = data;

    (void)arguments;
    (void)count;
    (void)out_result;
    if (pipe->source != NULL) {
        on_source_end(&pipe->source->emitter, NULL, 0, pipe);
    }
}

static void release_late(void *data) {
    nh_pipe *pipe = data;
    nh_emitter *destination = pipe->destination;

    release_pipe(pipe);
    nh_emitter_release(destination);
}

/* The source has ended before it was piped: its end is taken for reached on the next tick, whatever
 * becomes of the pipe until then. The tick references the destination, since the pipe only borrows
 * it when the source has closed, too. */
static bool end_on_next_tick(nh_pipe *pipe) {
    nh_emitter *source = &pipe->source->emitter;
    nh_value function = nh_function_new(nh_object_memory(source), "", end_late, pipe, release_late);

    if (function.type == NH_INVALID) {
        return false;
    }
    (void)nh_emitter_retain(pipe->destination);
    pipe->references++;
    bool queued = nh_loop_next_tick(source->loop, function);
    nh_value_release(&function);
    return queued;
}

static bool add_listeners(nh_pipe *pipe) {
    bool added = pipe->source->readable.end_emitted
                     ? end_on_next_tick(pipe)
                     : listen_to_source(pipe, "end", on_source_end, NH_LISTENER_ONCE);

    return added && listen_to_destination(pipe, "unpipe", on_unpipe, NH_LISTENER_PLAIN) &&
           listen_to_source(pipe, "data", on_source_data, NH_LISTENER_PLAIN) &&
           listen_to_destination(pipe, "error", on_error, NH_LISTENER_PREPEND) &&
           listen_to_destination(pipe, "close", on_close, NH_LISTENER_ONCE) &&
           listen_to_destination(pipe, "finish", on_finish, NH_LISTENER_ONCE);
}

/* The loop is going: nothing is emitted. */
static void cut(nh_tie *tie) {
    nh_pipe *pipe = (nh_pipe *)(void *)tie;

    pipe->references++;
    if (pipe->source != NULL) {
        remove_pipe(pipe);
    }
    pipe->cleaned_up = true;
    remove_listeners(pipe);
    release_pipe(pipe);
}

static nh_pipe *new_pipe(nh_stream *stream, nh_emitter *destination, bool end) {
    nh_memory *memory = nh_object_memory(&stream->emitter);
    nh_pipe *pipe = nh_memory_allocate_zeroed(memory, 1, sizeof(*pipe));

    if (pipe == NULL || !nh_queue_reserve(&stream->readable.pipes, memory, 1) ||
        !nh_tie_add(stream->emitter.loop, &pipe->tie, cut)) {
        nh_memory_free(memory, pipe);
        return NULL;
    }
    pipe->memory = memory;
    pipe->references = 1;
    pipe->source = stream;
    add_to_source(pipe);
    pipe->destination = nh_emitter_retain(destination);
    pipe->ends_destination = end;
    nh_pipe **place = nh_queue_push(&stream->readable.pipes, memory);
    *place = pipe;
    return pipe;
}

/* From now on, the destination's listeners own the pipe. */
static void turn_over(nh_pipe *pipe) {
    pipe->keeps_source = true;
    nh_emitter_retain(&pipe->source->emitter);
    nh_emitter_release(pipe->destination);
}

/* The first pipe that has not been turned over and can be; NULL when there is none. */
static nh_pipe *pipe_to_turn_over(const nh_stream *stream) {
    nh_pipe *pipe = stream->readable.first_pipe;

    while (pipe != NULL && (pipe->keeps_source || pipe->destination_listeners == 0)) {
        pipe = pipe->next;
    }
    return pipe;
}

void nh_pipes_source_closed(nh_stream *stream) {
    nh_emitter_retain(&stream->emitter);
    for (nh_pipe *pipe = pipe_to_turn_over(stream); pipe != NULL;
         pipe = pipe_to_turn_over(stream)) {
        turn_over(pipe);
    }
    nh_emitter_release(&stream->emitter);
}

nh_error *nh_readable_pipe(nh_stream *stream, nh_emitter *destination, bool end) {
    nh_readable_side *side = &stream->readable;
    const nh_writable_interface *writable = nh_object_writable(destination);

    if (!side->present || writable == NULL) {
        return nh_error_new(nh_object_memory(&stream->emitter), "Error", "ERR_STREAM_CANNOT_PIPE",
                            "Cannot pipe, not readable");
    }
    side->had_several_pipes = side->had_several_pipes || side->pipes.count == 1;
    nh_pipe *pipe = new_pipe(stream, destination, end);
    if (pipe == NULL) {
        return nh_error_out_of_memory();
    }
    if (!add_listeners(pipe)) {
        bool threw = nh_stream_is_throwing(stream);
        pipe->references++;
        remove_pipe(pipe);
        clean_up(pipe);
        release_pipe(pipe);
        return threw ? NULL : nh_error_out_of_memory();
    }
    pipe->references++;
    nh_value source = nh_value_of_object(&stream->emitter);
    nh_emitter_emit_value(destination, "pipe", source);
    nh_value_release(&source);
    if (!nh_stream_is_throwing(stream)) {
        if (writable->needs_drain(destination)) {
            wait_for_drain(pipe);
        } else if (side->flowing != NH_FLOWING_ON) {
            nh_readable_resume(stream);
        }
    }
    if (stream->close_emitted) {
        nh_pipes_source_closed(stream);
    }
    release_pipe(pipe);
    return NULL;
}

/* `pipe` has left the list and its reference there is consumed. */
static void emit_unpipe_take(nh_stream *stream, nh_pipe *pipe) {
    nh_memory *memory = nh_object_memory(&stream->emitter);
    nh_value arguments[2] = {nh_value_of_object(&stream->emitter), nh_map_new(memory)};
    nh_emitter *destination = nh_emitter_retain(pipe->destination);

    if (nh_map_set(arguments[1], "hasUnpiped", nh_boolean(false))) {
        nh_emitter_emit(destination, "unpipe", arguments, 2);
    } else {
        nh_emitter_emit(destination, "unpipe", arguments, 1);
        clean_up(pipe);
    }
    nh_value_release(&arguments[0]);
    nh_value_release(&arguments[1]);
    release_pipe(pipe);
    nh_emitter_release(destination);
}

static void unpipe_all(nh_stream *stream) {
    nh_queue pipes = stream->readable.pipes;

    nh_queue_init(&stream->readable.pipes, sizeof(nh_pipe *));
    nh_readable_pause(stream);
    for (; pipes.count > 0; nh_queue_pop(&pipes)) {
        nh_pipe *pipe = *(nh_pipe **)nh_queue_at(&pipes, 0);
        if (nh_stream_is_throwing(stream)) {
            clean_up(pipe);
            release_pipe(pipe);
        } else {
            emit_unpipe_take(stream, pipe);
        }
    }
    nh_queue_deinit(&pipes, nh_object_memory(&stream->emitter));
}

void nh_readable_unpipe(nh_stream *stream, nh_emitter *destination) {
    nh_queue *pipes = &stream->readable.pipes;
    size_t index = 0;

    if (pipes->count == 0) {
        return;
    }
    nh_emitter_retain(&stream->emitter);
    if (destination == NULL) {
        unpipe_all(stream);
    } else {
        while (index < pipes->count && pipe_at(stream, index)->destination != destination) {
            index++;
        }
        if (index < pipes->count) {
            nh_pipe *pipe = pipe_at(stream, index);
            nh_queue_remove(pipes, index);
            if (pipes->count == 0) {
                nh_readable_pause(stream);
            }
            emit_unpipe_take(stream, pipe);
        }
    }
    nh_emitter_release(&stream->emitter);
}

/* The source is gone: nothing is emitted. */
void nh_pipes_deinit(nh_stream *stream) {
    nh_readable_side *side = &stream->readable;

    while (side->first_pipe != NULL) {
        nh_pipe *pipe = side->first_pipe;
        pipe->references++;
        remove_pipe(pipe);
        forget_source(pipe);
        pipe->cleaned_up = true;
        remove_listeners(pipe);
        release_pipe(pipe);
    }
    nh_queue_deinit(&side->pipes, nh_object_memory(&stream->emitter));
}
