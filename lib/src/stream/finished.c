/* stream.finished(): one answer out of 'end', 'finish', 'error' and 'close'.
 *
 * A stream that will emit 'close' is finished then; any other one as soon as its sides are over. */
#include "stream/finished.h"

#include <string.h>

#include "stream/sides.h"

struct nh_finished {
    size_t references;  /* the owner, each listener, the tick that is due */
    nh_emitter *object; /* NULL once all listeners are gone */
    size_t listeners;
    nh_memory *memory;
    nh_finished_call call; /* NULL once it was called or is not wanted any more */
    void *data;
    void (*release)(void *data);
    bool readable, writable; /* what is waited for */
    bool readable_finished, writable_finished;
    bool will_emit_close;
    bool is_request; /* ClientRequest has events of its own */
};

/* --- what can be known about any object --------------------------------------------------- */

static nh_stream *stream_of(const nh_emitter *object) {
    union {
        const nh_emitter *constant;
        nh_stream *stream;
    } same = {.constant = object};

    return nh_object_is_of(object, &nh_stream_class) ? same.stream : NULL;
}

static nh_emitter *variable(const nh_emitter *object) {
    union {
        const nh_emitter *constant;
        nh_emitter *variable;
    } same = {.constant = object};

    return same.variable;
}

static const nh_writable_interface *outgoing(const nh_emitter *object) {
    return stream_of(object) == NULL ? nh_object_writable(object) : NULL;
}

bool nh_looks_readable(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);

    if (stream == NULL) {
        return outgoing(object) != NULL;
    }
    return stream->readable.present && !(stream->writable.present && stream->readable.disabled);
}

bool nh_looks_writable(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);

    if (stream == NULL) {
        return outgoing(object) != NULL;
    }
    return stream->writable.present && !(stream->readable.present && stream->writable.disabled);
}

bool nh_can_be_read(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);

    return stream != NULL && nh_looks_readable(object) && nh_readable_is_readable(stream);
}

/* Whether it certainly cannot be read: what is no Readable has no say in it. */
static bool cannot_be_read(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);

    return stream != NULL && stream->readable.present && !nh_can_be_read(object);
}

static bool can_be_written(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);
    const nh_writable_interface *other = outgoing(object);

    if (stream != NULL) {
        return nh_looks_writable(object) && nh_writable_is_writable(stream);
    }
    return other != NULL && other->is_writable(variable(object)) &&
           !other->is_destroyed(variable(object)) && !other->is_ended(variable(object));
}

static bool cannot_be_written(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);

    return (stream == NULL || stream->writable.present) && !can_be_written(object);
}

static bool is_readable_finished(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);

    if (stream == NULL || !nh_looks_readable(object) || stream->errored != NULL) {
        return false;
    }
    return stream->readable.end_emitted || (stream->readable.ended && stream->readable.length == 0);
}

static bool is_writable_finished(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);
    const nh_writable_interface *other = outgoing(object);

    if (stream == NULL) {
        return other != NULL && other->is_finished(variable(object));
    }
    if (!nh_looks_writable(object)) {
        return false;
    }
    if (stream->writable.finished) {
        return true;
    }
    return stream->errored == NULL && stream->writable.ended && stream->writable.length == 0;
}

static bool is_closed(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);
    const nh_writable_interface *other = outgoing(object);

    if (stream != NULL) {
        return stream->closed;
    }
    if (other == NULL) {
        return false;
    }
    return other->is_closed != NULL ? other->is_closed(variable(object))
                                    : other->is_destroyed(variable(object));
}

static bool is_destroyed(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);
    const nh_writable_interface *other = outgoing(object);

    return stream != NULL ? stream->destroyed
                          : other != NULL && other->is_destroyed(variable(object));
}

static nh_error *errored_of(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);

    return stream != NULL ? stream->errored : NULL;
}

static bool will_emit_close(const nh_emitter *object) {
    const nh_stream *stream = stream_of(object);

    if (stream != NULL) {
        return stream->auto_destroy && stream->emit_close && !stream->closed;
    }
    return nh_emitter_is_a(object, "ServerResponse");
}

/* --- the answer --------------------------------------------------------------------------- */

void nh_finished_release(nh_finished *finished) {
    if (--finished->references > 0) {
        return;
    }
    if (finished->release != NULL) {
        finished->release(finished->data);
    }
    nh_memory_free(finished->memory, finished);
}

static void answer(nh_finished *finished, nh_error *error) {
    nh_finished_call call = finished->call;

    finished->call = NULL;
    if (call != NULL) {
        finished->references++;
        call(error, finished->data);
        nh_finished_release(finished);
    }
}

static void premature(nh_finished *finished) {
    nh_error *error =
        nh_error_new(finished->memory, "Error", "ERR_STREAM_PREMATURE_CLOSE", "Premature close");

    answer(finished, error);
    nh_error_release(error);
}

static void writable_over(nh_finished *finished) {
    nh_emitter *object = finished->object;

    finished->writable_finished = true;
    if (is_destroyed(object)) {
        finished->will_emit_close = false;
    }
    if (finished->will_emit_close && (!nh_can_be_read(object) || finished->readable)) {
        return;
    }
    if (!finished->readable || finished->readable_finished) {
        answer(finished, NULL);
    }
}

static void readable_over(nh_finished *finished) {
    nh_emitter *object = finished->object;

    finished->readable_finished = true;
    if (is_destroyed(object)) {
        finished->will_emit_close = false;
    }
    if (finished->will_emit_close && (!can_be_written(object) || finished->writable)) {
        return;
    }
    if (!finished->writable || finished->writable_finished) {
        answer(finished, NULL);
    }
}

static void closed(nh_finished *finished) {
    nh_emitter *object = finished->object;
    nh_error *errored = errored_of(object);

    if (errored != NULL) {
        answer(finished, errored);
    } else if (finished->readable && !finished->readable_finished && stream_of(object) != NULL &&
               nh_looks_readable(object) && !is_readable_finished(object)) {
        premature(finished);
    } else if (finished->writable && !finished->writable_finished &&
               !is_writable_finished(object)) {
        premature(finished);
    } else {
        answer(finished, NULL);
    }
}

/* --- listeners ---------------------------------------------------------------------------- */

static void on_end(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    readable_over(data);
}

static void on_finish(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    writable_over(data);
}

static void on_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    answer(data, count > 0 && arguments[0].type == NH_ERROR ? arguments[0].as.error : NULL);
}

static void on_close(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    closed(data);
}

/* Objects that can be written to without being streams say so in their own way. */
static void on_other_end(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    if (!outgoing(emitter)->is_writable(emitter)) {
        writable_over(data);
    }
}

static void listener_gone(void *data) {
    nh_finished *finished = data;

    finished->listeners--;
    if (finished->listeners == 0) {
        finished->object = NULL;
    }
    nh_finished_release(finished);
}

static bool listen_to(nh_finished *finished, const char *event, nh_listener listener) {
    if (!nh_emitter_add_listener(finished->object, event, listener, finished, listener_gone,
                                 NH_LISTENER_PLAIN)) {
        return false;
    }
    finished->references++;
    finished->listeners++;
    return true;
}

static bool add_listeners(nh_finished *finished, bool error) {
    const nh_emitter *object = finished->object;
    bool added = true;

    if (finished->is_request) {
        added = listen_to(finished, "complete", on_finish) &&
                (finished->will_emit_close || listen_to(finished, "abort", on_close));
    } else if (finished->writable && stream_of(object) == NULL) {
        added =
            listen_to(finished, "end", on_other_end) && listen_to(finished, "close", on_other_end);
    }
    if (added && !finished->will_emit_close && nh_emitter_is_a(object, "IncomingMessage")) {
        added = listen_to(finished, "aborted", on_close);
    }
    return added && listen_to(finished, "end", on_end) &&
           listen_to(finished, "finish", on_finish) &&
           (!error || listen_to(finished, "error", on_error)) &&
           listen_to(finished, "close", on_close);
}

void nh_finished_stop(nh_finished *finished) {
    static const struct {
        const char *event;
        nh_listener listener;
    } all[] = {
        {"aborted", on_close}, {"complete", on_finish}, {"abort", on_close},
        {"end", on_other_end}, {"close", on_other_end}, {"finish", on_finish},
        {"end", on_end},       {"error", on_error},     {"close", on_close},
    };

    finished->references++;
    finished->call = NULL;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && finished->object != NULL; i++) {
        nh_emitter_remove_listener(finished->object, all[i].event, all[i].listener, finished);
    }
    nh_finished_release(finished);
}

/* --- what is over already ----------------------------------------------------------------- */

static void tell_closed(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    nh_finished *finished = data;

    (void)arguments;
    (void)count;
    (void)out_result;
    if (finished->object != NULL) {
        closed(finished);
    }
}

static void tell_over(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    nh_finished *finished = data;

    (void)arguments;
    (void)count;
    (void)out_result;
    if (finished->object != NULL) {
        answer(finished, errored_of(finished->object));
    }
}

static void release_tick(void *data) {
    nh_finished_release(data);
}

static bool on_next_tick(nh_finished *finished, nh_function_call call) {
    nh_value function = nh_function_new(finished->memory, "", call, finished, release_tick);

    if (function.type == NH_INVALID) {
        return false;
    }
    finished->references++;
    bool queued = nh_loop_next_tick(finished->object->loop, function);
    nh_value_release(&function);
    return queued;
}

static bool tell_what_is_over(nh_finished *finished) {
    const nh_emitter *object = finished->object;
    const nh_stream *stream = stream_of(object);
    bool no_callbacks_pending = stream == NULL || stream->writable.pending_callbacks == 0;

    if (is_closed(object)) {
        return on_next_tick(finished, tell_closed);
    }
    if (stream != NULL && stream->error_emitted) {
        return finished->will_emit_close || on_next_tick(finished, tell_over);
    }
    if (!finished->readable && (!finished->will_emit_close || nh_can_be_read(object)) &&
        (finished->writable_finished || cannot_be_written(object)) && no_callbacks_pending) {
        return on_next_tick(finished, tell_over);
    }
    if (!finished->writable && (!finished->will_emit_close || can_be_written(object)) &&
        (finished->readable_finished || cannot_be_read(object))) {
        return on_next_tick(finished, tell_over);
    }
    return true;
}

nh_finished *nh_finished_new(nh_emitter *object, bool error, bool readable, bool writable,
                             nh_finished_call call, void *data, void (*release)(void *data)) {
    nh_memory *memory = nh_object_memory(object);
    nh_finished *finished = nh_memory_allocate_zeroed(memory, 1, sizeof(*finished));

    if (finished == NULL) {
        return NULL;
    }
    *finished = (nh_finished){
        .references = 1,
        .object = object,
        .memory = memory,
        .call = call,
        .data = data,
        .readable = readable,
        .writable = writable,
        .readable_finished = is_readable_finished(object),
        .writable_finished = is_writable_finished(object),
        .will_emit_close = will_emit_close(object) && nh_looks_readable(object) == readable &&
                           nh_looks_writable(object) == writable,
        .is_request = nh_emitter_is_a(object, "ClientRequest"),
    };
    if (!add_listeners(finished, error) || !tell_what_is_over(finished)) {
        nh_finished_stop(finished);
        nh_finished_release(finished);
        return NULL;
    }
    finished->release = release;
    return finished;
}

/* --- the public function ------------------------------------------------------------------ */

void nh_finished_options_init(nh_finished_options *options) {
    *options = (nh_finished_options){.error = true, .readable = true, .writable = true};
}

static void call_function(nh_error *error, void *data) {
    nh_value callback = {.type = NH_FUNCTION, .as.function = data};
    nh_value argument = error != NULL ? nh_value_of_error(error) : nh_undefined();

    nh_loop_call(callback, &argument, error != NULL ? 1 : 0);
    nh_value_release(&argument);
}

static void release_function(void *data) {
    nh_value callback = {.type = NH_FUNCTION, .as.function = data};

    nh_value_release(&callback);
}

static void clean_up(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    nh_finished_stop(data);
}

nh_error *nh_stream_finished(nh_emitter *object, const nh_finished_options *options,
                             nh_value callback, nh_value *out_cleanup) {
    nh_memory *memory = nh_object_memory(object);
    nh_finished_options defaults;

    if (options == NULL) {
        nh_finished_options_init(&defaults);
        options = &defaults;
    }
    if (callback.type != NH_FUNCTION) {
        return nh_error_new_argument_type(memory, "callback", "of type function", callback);
    }
    if (!nh_looks_readable(object) && !nh_looks_writable(object)) {
        return nh_error_new_argument_type(
            memory, "stream", "an instance of ReadableStream, WritableStream, or Stream",
            (nh_value){.type = NH_OBJECT, .as.object = object});
    }
    nh_value held = nh_value_retain(callback);
    nh_finished *finished =
        nh_finished_new(object, options->error, options->readable && nh_looks_readable(object),
                        options->writable && nh_looks_writable(object), call_function,
                        held.as.function, release_function);
    if (finished == NULL) {
        nh_value_release(&held);
        return nh_error_out_of_memory();
    }
    if (out_cleanup == NULL) {
        nh_finished_release(finished);
        return NULL;
    }
    *out_cleanup = nh_function_new(memory, "cleanup", clean_up, finished, release_tick);
    if (out_cleanup->type == NH_INVALID) {
        nh_finished_stop(finished);
        nh_finished_release(finished);
        return nh_error_out_of_memory();
    }
    return NULL;
}
