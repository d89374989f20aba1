/* stream.pipeline(): pipes, and the destruction of all when one fails. */
#include <string.h>

#include "stream/finished.h"
#include "stream/sides.h"
#include "stream/tie.h"

typedef struct pipeline pipeline;

/* One stream of a pipeline. */
typedef struct line_stage {
    pipeline *line;
    nh_emitter *object; /* retained until the pipeline is done; NULL then */
    nh_finished *watch; /* of the whole stream */
    bool over;          /* nothing to destroy any more */
    bool passed_on;     /* its source has ended, and so has it */
} line_stage;

struct pipeline {
    nh_tie tie;        /* has to stay first */
    size_t references; /* the caller, listeners, watches */
    nh_memory *memory;
    nh_loop *loop;
    nh_value callback;
    nh_error *error;
    nh_error *outcome; /* what the callback gets: the error of the moment when all was done */
    size_t unfinished; /* sides that are still waited for */
    size_t destroyed;  /* stages that were dealt with */
    size_t count;
    line_stage stages[];
};

static void release_line(void *data) {
    pipeline *line = data;

    if (--line->references > 0) {
        return;
    }
    nh_value_release(&line->callback);
    nh_error_release(line->error);
    nh_error_release(line->outcome);
    nh_memory_free(line->memory, line);
}

/* Lets go of the streams, whose listeners hold the pipeline. */
static void release_stages(pipeline *line) {
    line->references++;
    nh_tie_remove(&line->tie);
    for (size_t i = 0; i < line->count; i++) {
        line_stage *stage = &line->stages[i];
        nh_finished *watch = stage->watch;
        nh_emitter *object = stage->object;
        stage->watch = NULL;
        stage->object = NULL;
        if (watch != NULL) {
            nh_finished_release(watch);
        }
        nh_emitter_release(object);
    }
    release_line(line);
}

static void cut(nh_tie *tie) {
    release_stages((pipeline *)(void *)tie);
}

static void release_stage(void *data) {
    line_stage *stage = data;

    release_line(stage->line);
}

static bool has_code(const nh_error *error, const char *code) {
    const char *own = nh_error_code(error);

    return own != NULL && strcmp(own, code) == 0;
}

/* --- the end ------------------------------------------------------------------------------ */

static void destroy_object(nh_emitter *object, nh_error *error) {
    const nh_writable_interface *writable = nh_object_writable(object);

    if (nh_object_is_of(object, &nh_stream_class)) {
        nh_stream *stream = nh_as_stream(object);
        if (!nh_stream_is_destroyed(stream) && !nh_object_give_up(object, error)) {
            nh_stream_destroy(stream, error);
        }
    } else if (!writable->is_destroyed(object) && !nh_object_give_up(object, error)) {
        writable->destroy(object, error);
    }
}

static void destroy_stage(line_stage *stage, nh_error *error) {
    if (stage->over) {
        return;
    }
    stage->over = true;
    if (error != NULL) {
        destroy_object(stage->object, error);
        return;
    }
    nh_error *destroyed = nh_error_new(stage->line->memory, "Error", "ERR_STREAM_DESTROYED",
                                       "Cannot call pipe after a stream was destroyed");
    destroy_object(stage->object, destroyed);
    nh_error_release(destroyed);
}

static void call_back(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    pipeline *line = data;
    nh_value error = line->outcome != NULL ? nh_value_of_error(line->outcome) : nh_undefined();

    (void)arguments;
    (void)count;
    (void)out_result;
    /* (error, value): the value would be that of a function at the end of the line. */
    const nh_value outcome[] = {error, nh_undefined()};
    nh_loop_call(line->callback, outcome, 2);
    nh_value_release(&error);
}

static void call_back_later(pipeline *line) {
    if (line->error != NULL) {
        line->outcome = nh_error_retain(line->error);
    }
    nh_value function = nh_function_new(line->memory, "", call_back, line, release_line);

    if (function.type == NH_INVALID) {
        call_back(NULL, 0, line, NULL);
        return;
    }
    line->references++;
    if (!nh_loop_next_tick(line->loop, function)) {
        call_back(NULL, 0, line, NULL);
    }
    nh_value_release(&function);
}

static void on_late_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data);

/* The last stream may go on without us. */
static void let_go_of_last(pipeline *line) {
    line_stage *last = &line->stages[line->count - 1];

    if (!nh_can_be_read(last->object)) {
        return;
    }
    if (last->watch != NULL) {
        nh_finished_stop(last->watch);
    }
    nh_emitter_remove_listener(last->object, "error", on_late_error, last);
}

static void settle(pipeline *line, nh_error *error, bool all_done) {
    if (error != NULL &&
        (line->error == NULL || has_code(line->error, "ERR_STREAM_PREMATURE_CLOSE"))) {
        nh_error_retain(error);
        nh_error_release(line->error);
        line->error = error;
    }
    if (line->error == NULL && !all_done) {
        return;
    }
    line->references++;
    while (line->destroyed < line->count) {
        destroy_stage(&line->stages[line->destroyed++], line->error);
    }
    if (all_done) {
        if (line->error == NULL) {
            let_go_of_last(line);
        }
        call_back_later(line);
        release_stages(line);
    }
    release_line(line);
}

static void side_done(pipeline *line, nh_error *error) {
    line->unfinished--;
    settle(line, error, line->unfinished == 0);
}

/* --- what is watched ---------------------------------------------------------------------- */

static void on_late_error(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    line_stage *stage = data;
    nh_error *error = count > 0 && arguments[0].type == NH_ERROR ? arguments[0].as.error : NULL;

    (void)emitter;
    if (error != NULL && strcmp(nh_error_name(error), "AbortError") != 0 &&
        !has_code(error, "ERR_STREAM_PREMATURE_CLOSE")) {
        settle(stage->line, error, false);
    }
}

static void on_stage_close(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    line_stage *stage = data;

    (void)emitter;
    (void)arguments;
    (void)count;
    stage->over = true;
}

static void on_target_close(nh_emitter *emitter, const nh_value *arguments, size_t count,
                            void *data) {
    const line_stage *target = data;

    (void)emitter;
    (void)arguments;
    (void)count;
    if (!target->passed_on) {
        nh_error *error = nh_error_new(target->line->memory, "Error", "ERR_STREAM_PREMATURE_CLOSE",
                                       "Premature close");
        settle(target->line, error, false);
        nh_error_release(error);
    }
}

static void end_target(line_stage *target) {
    target->passed_on = true;
    if (target->object != NULL) {
        const nh_writable_interface *writable = nh_object_writable(target->object);
        nh_error *error =
            writable->end(target->object, nh_undefined(), nh_undefined(), nh_undefined());
        nh_error_release(error);
    }
}

static void on_source_end(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    end_target(data);
}

static void end_target_later(const nh_value *arguments, size_t count, void *data,
                             nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    end_target(data);
}

static void on_late_end(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    line_stage *source = data;
    nh_error *error = count > 0 && arguments[0].type == NH_ERROR ? arguments[0].as.error : NULL;

    (void)emitter;
    side_done(source->line, error);
}

static bool listen_to(line_stage *stage, nh_emitter *object, const char *event,
                      nh_listener listener, unsigned flags) {
    if (!nh_emitter_add_listener(object, event, listener, stage, release_stage, flags)) {
        return false;
    }
    stage->line->references++;
    return true;
}

static void stage_finished(nh_error *error, void *data) {
    line_stage *stage = data;

    stage->over = error == NULL;
}

static void source_finished(nh_error *error, void *data) {
    line_stage *source = data;
    const nh_stream *stream = nh_as_stream(source->object);

    if (stream == NULL) {
        return;
    }
    /* Some emit 'close' before 'end', and 'end' is still to come. */
    if (error != NULL && has_code(error, "ERR_STREAM_PREMATURE_CLOSE") && stream->readable.ended &&
        stream->errored == NULL && !stream->error_emitted) {
        listen_to(source, source->object, "end", on_late_end, NH_LISTENER_ONCE);
        listen_to(source, source->object, "error", on_late_end, NH_LISTENER_ONCE);
    } else {
        side_done(source->line, error);
    }
}

static void target_finished(nh_error *error, void *data) {
    side_done(((line_stage *)data)->line, error);
}

static nh_finished *watch(line_stage *stage, bool readable, bool writable, nh_finished_call call) {
    nh_finished *watch =
        nh_finished_new(stage->object, true, readable, writable, call, stage, release_stage);

    if (watch != NULL) {
        stage->line->references++;
    }
    return watch;
}

/* As watch(), for as long as the stream lives. */
static bool keep_watching(line_stage *stage, bool readable, bool writable, nh_finished_call call) {
    nh_finished *kept = watch(stage, readable, writable, call);

    if (kept == NULL) {
        return false;
    }
    nh_finished_release(kept);
    return true;
}

static bool end_with_source(line_stage *source, line_stage *target) {
    const nh_stream *stream = nh_as_stream(source->object);

    if (!stream->readable.end_emitted) {
        return listen_to(target, source->object, "end", on_source_end, NH_LISTENER_ONCE);
    }
    nh_value function =
        nh_function_new(source->line->memory, "", end_target_later, target, release_stage);
    if (function.type == NH_INVALID) {
        return false;
    }
    source->line->references++;
    bool queued = nh_loop_next_tick(source->line->loop, function);
    nh_value_release(&function);
    return queued;
}

static bool connect(line_stage *source, line_stage *target) {
    source->line->unfinished += 2;
    if (!listen_to(target, target->object, "close", on_target_close, NH_LISTENER_PLAIN)) {
        return false;
    }
    nh_error *error = nh_readable_pipe(nh_as_stream(source->object), target->object, false);
    if (error != NULL) {
        nh_error_release(error);
        return false;
    }
    return end_with_source(source, target) && keep_watching(source, true, false, source_finished) &&
           keep_watching(target, false, true, target_finished);
}

static bool start_stage(pipeline *line, size_t index) {
    line_stage *stage = &line->stages[index];

    if (!listen_to(stage, stage->object, "close", on_stage_close, NH_LISTENER_PLAIN)) {
        return false;
    }
    stage->watch = watch(stage, index + 1 < line->count, index > 0, stage_finished);
    return stage->watch != NULL &&
           listen_to(stage, stage->object, "error", on_late_error, NH_LISTENER_PLAIN) &&
           (index == 0 || connect(&line->stages[index - 1], stage));
}

static nh_error *check(nh_memory *memory, nh_emitter *const *streams, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool reads = i + 1 < count;
        bool fits =
            reads ? nh_object_is_of(streams[i], &nh_stream_class) && nh_looks_readable(streams[i])
                  : nh_looks_writable(streams[i]);
        if (!fits) {
            return nh_error_new_argument_type(
                memory, reads ? "source" : "destination",
                "an instance of Stream, Iterable, AsyncIterable, or ReadableStream",
                (nh_value){.type = NH_OBJECT, .as.object = streams[i]});
        }
        const nh_writable_interface *writable = nh_object_writable(streams[i]);
        if (i > 0 && writable != NULL && writable->is_destroyed(streams[i])) {
            return nh_error_new(memory, "Error", "ERR_STREAM_UNABLE_TO_PIPE",
                                "Cannot pipe to a closed or destroyed stream");
        }
    }
    return NULL;
}

nh_error *nh_stream_pipeline(nh_emitter *const *streams, size_t count, nh_value callback) {
    nh_memory *memory = count > 0 ? nh_object_memory(streams[0]) : nh_memory_default();

    if (callback.type != NH_FUNCTION) {
        return nh_error_new_argument_type(memory, "streams[stream.length - 1]", "of type function",
                                          callback);
    }
    if (count < 2) {
        return nh_error_new(memory, "TypeError", "ERR_MISSING_ARGS",
                            "The \"streams\" argument must be specified");
    }
    nh_error *error = check(memory, streams, count);
    if (error != NULL) {
        return error;
    }
    pipeline *line =
        nh_memory_allocate_zeroed(memory, 1, sizeof(*line) + count * sizeof(line_stage));
    if (line == NULL) {
        return nh_error_out_of_memory();
    }
    *line = (pipeline){
        .references = 1,
        .memory = memory,
        .loop = streams[0]->loop,
        .callback = nh_value_retain(callback),
        .count = count,
    };
    for (size_t i = 0; i < count; i++) {
        line->stages[i] = (line_stage){.line = line, .object = nh_emitter_retain(streams[i])};
    }
    bool started = nh_tie_add(line->loop, &line->tie, cut);
    for (size_t i = 0; i < count && started; i++) {
        started = start_stage(line, i);
    }
    if (!started) {
        settle(line, nh_error_out_of_memory(), false);
        release_stages(line);
    }
    release_line(line);
    return started ? NULL : nh_error_out_of_memory();
}
