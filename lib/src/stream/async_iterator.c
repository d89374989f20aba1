/* for await (const chunk of readable).
 *
 * What JavaScript runs here is an asynchronous generator: each chunk reaches the loop's body two
 * microtasks after it was read (one for the yield, one for the await of the loop), the end and an
 * error one microtask after they were found, and leaving the loop takes one microtask to reach the
 * generator. While there is nothing to read it waits for 'readable' or for the end of the stream.
 */
#include "core/loop_internal.h"
#include "stream/finished.h"
#include "stream/stream_internal.h"

/* What stream.finished() said of the stream. */
typedef enum iterator_end {
    END_UNKNOWN, /* nothing yet */
    END_CLEAN,
    END_FAILED
} iterator_end;

struct nh_readable_iterator {
    nh_emitter emitter; /* an object, so that its microtasks always find room */
    nh_stream *stream;  /* retained */
    nh_finished *finished;
    nh_readable_step step; /* of the request under way; NULL: none, or given back */
    void *data;
    nh_value result; /* to be delivered */
    nh_step_status status;
    unsigned hops; /* microtasks until then */
    iterator_end end;
    nh_error *error;
    bool destroy_on_return;
    bool started;
    bool waiting; /* for 'readable' or the end */
    bool over;    /* the generator has returned */
};

static void destroy_iterator(nh_emitter *emitter) {
    nh_readable_iterator *iterator = (nh_readable_iterator *)(void *)emitter;

    nh_value_release(&iterator->result);
    nh_error_release(iterator->error);
    nh_emitter_release(nh_as_emitter(iterator->stream));
}

static const nh_class iterator_class = {
    .name = "AsyncIterator",
    .parent = &nh_emitter_class,
    .size = sizeof(nh_readable_iterator),
    .destroy = destroy_iterator,
};

static nh_readable_iterator *of(nh_emitter *emitter) {
    return (nh_readable_iterator *)(void *)emitter;
}

/* --- delivery ----------------------------------------------------------------------------- */

static void hop(nh_emitter *emitter, nh_value unused) {
    nh_readable_iterator *iterator = of(emitter);

    (void)unused;
    if (--iterator->hops > 0) {
        nh_loop_microtask(emitter->loop, hop, emitter, nh_undefined());
        return;
    }
    nh_readable_step step = iterator->step;
    nh_value result = iterator->result;
    iterator->step = NULL;
    iterator->result = nh_undefined();
    if (step != NULL) {
        step(iterator->status, result, iterator->data);
    }
    nh_value_release(&result);
}

/* Calls the step `hops` microtasks from now. Consumes `result`. */
static void deliver_take(nh_readable_iterator *iterator, nh_step_status status, nh_value result,
                         unsigned hops) {
    iterator->status = status;
    iterator->hops = hops;
    nh_value_assign_take(&iterator->result, result);
    nh_loop_microtask(iterator->emitter.loop, hop, &iterator->emitter, nh_undefined());
}

/* --- the generator ------------------------------------------------------------------------ */

static void wake(nh_readable_iterator *iterator);

static void on_readable(nh_emitter *stream, const nh_value *arguments, size_t count, void *data) {
    (void)stream;
    (void)arguments;
    (void)count;
    wake(data);
}

static void release_iterator(void *data) {
    nh_readable_iterator *iterator = data;
    nh_emitter_release(&iterator->emitter);
}

static void on_finished(nh_error *error, void *data) {
    nh_readable_iterator *iterator = data;

    iterator->end = error != NULL ? END_FAILED : END_CLEAN;
    if (error != NULL && iterator->error == NULL) {
        iterator->error = nh_error_retain(error);
    }
    wake(iterator);
}

/* The generator's first step: it starts to watch the stream. False without memory. */
static bool start(nh_readable_iterator *iterator) {
    nh_emitter *stream = nh_as_emitter(iterator->stream);

    iterator->started = true;
    nh_emitter_retain(&iterator->emitter);
    if (!nh_emitter_add_listener(stream, "readable", on_readable, iterator, release_iterator,
                                 NH_LISTENER_PLAIN)) {
        nh_emitter_release(&iterator->emitter);
        return false;
    }
    nh_emitter_retain(&iterator->emitter);
    iterator->finished =
        nh_finished_new(stream, true, true, false, on_finished, iterator, release_iterator);
    if (iterator->finished == NULL) {
        nh_emitter_release(&iterator->emitter);
        return false;
    }
    return true;
}

/* Stops watching, which lets go of the references that the listeners hold. */
static void unwatch(nh_readable_iterator *iterator) {
    nh_finished *finished = iterator->finished;

    iterator->finished = NULL;
    if (finished != NULL) {
        nh_finished_stop(finished);
        nh_finished_release(finished);
    }
    (void)nh_emitter_remove_listener(nh_as_emitter(iterator->stream), "readable", on_readable,
                                     iterator);
}

/* The stream's end, if it did not come by itself: the rest will not be read. */
static void destroy_stream(nh_stream *stream) {
    nh_emitter *object = nh_as_emitter(stream);

    if (nh_stream_is_destroyed(stream)) {
        return;
    }
    bool finished = !nh_can_be_read(object) && !nh_writable_is_writable(stream);
    nh_error *error =
        finished ? NULL : nh_abort_error_new(nh_object_memory(object), nh_undefined());
    if (!nh_object_give_up(object, error)) {
        nh_stream_destroy(stream, error);
    }
    nh_error_release(error);
}

/* What follows the loop, however it was left. */
static void leave(nh_readable_iterator *iterator) {
    bool wanted = iterator->end == END_FAILED || iterator->destroy_on_return;
    bool destroys = wanted && (iterator->end == END_UNKNOWN || iterator->stream->auto_destroy);

    iterator->over = true;
    if (destroys) {
        destroy_stream(iterator->stream);
    }
    unwatch(iterator);
}

static void pump(nh_emitter *emitter, nh_value unused) {
    nh_readable_iterator *iterator = of(emitter);
    nh_stream *stream = iterator->stream;

    (void)unused;
    nh_value chunk = nh_stream_is_destroyed(stream) ? nh_null() : nh_readable_read(stream);
    if (chunk.type != NH_NULL) {
        deliver_take(iterator, NH_STEP_CHUNK, chunk, 2);
    } else if (iterator->end == END_UNKNOWN) {
        iterator->waiting = true;
    } else {
        leave(iterator);
        bool failed = iterator->end == END_FAILED;
        deliver_take(iterator, failed ? NH_STEP_ERROR : NH_STEP_DONE,
                     failed ? nh_value_of_error(iterator->error) : nh_undefined(), 1);
    }
}

static void wake(nh_readable_iterator *iterator) {
    if (iterator->waiting) {
        iterator->waiting = false;
        nh_loop_microtask(iterator->emitter.loop, pump, &iterator->emitter, nh_undefined());
    }
}

static void return_early(nh_emitter *emitter, nh_value unused) {
    nh_readable_iterator *iterator = of(emitter);

    (void)unused;
    leave(iterator);
    deliver_take(iterator, NH_STEP_DONE, nh_undefined(), 1);
}

/* --- what the loop asks for --------------------------------------------------------------- */

nh_readable_iterator *nh_readable_iterator_new(nh_stream *stream, bool destroy_on_return) {
    nh_readable_iterator *iterator = nh_object_new(nh_as_emitter(stream)->loop, &iterator_class);

    if (iterator != NULL) {
        nh_emitter_retain(nh_as_emitter(stream));
        iterator->stream = stream;
        iterator->result = nh_undefined();
        iterator->destroy_on_return = destroy_on_return;
    }
    return iterator;
}

void nh_readable_iterator_next(nh_readable_iterator *iterator, nh_readable_step step, void *data) {
    iterator->step = step;
    iterator->data = data;
    if (!iterator->started && !start(iterator)) {
        iterator->over = true;
        deliver_take(iterator, NH_STEP_ERROR, nh_value_of_error(nh_error_out_of_memory()), 1);
    } else if (iterator->over) {
        deliver_take(iterator, NH_STEP_DONE, nh_undefined(), 1);
    } else {
        pump(&iterator->emitter, nh_undefined());
    }
}

void nh_readable_iterator_return(nh_readable_iterator *iterator, nh_readable_step step,
                                 void *data) {
    iterator->step = step;
    iterator->data = data;
    if (iterator->over || !iterator->started) {
        iterator->over = true;
        deliver_take(iterator, NH_STEP_DONE, nh_undefined(), 1);
    } else {
        nh_loop_microtask(iterator->emitter.loop, return_early, &iterator->emitter, nh_undefined());
    }
}

void nh_readable_iterator_free(nh_readable_iterator *iterator) {
    if (iterator == NULL) {
        return;
    }
    iterator->step = NULL;
    iterator->over = true;
    unwatch(iterator);
    nh_emitter_release(&iterator->emitter);
}
