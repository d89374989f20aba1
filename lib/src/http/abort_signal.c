/* AbortController and AbortSignal. */
#include "http/abort_signal_internal.h"

#include <nodehttp/server.h>

#include "http/client_loop_internal.h"
#include "http/support_internal.h"
#include "stream/stream_internal.h"

#include <math.h>

struct nh_abort_signal {
    nh_emitter emitter; /* first */
    nh_client_living living;
    nh_value reason;
    nh_value dependents; /* signals made by any() from this one: a list, undefined for none */
    nh_timer timer;      /* of timeout(); holds a reference while active */
    bool aborted;
};

struct nh_abort_controller {
    nh_emitter emitter; /* first */
    nh_abort_signal *signal;
};

static void destroy_signal(nh_emitter *emitter);
static void destroy_controller(nh_emitter *emitter);

const nh_class nh_abort_signal_class = {
    .name = "AbortSignal",
    .parent = &nh_emitter_class,
    .size = sizeof(nh_abort_signal),
    .destroy = destroy_signal,
};

static const nh_class controller_class = {
    .name = "AbortController",
    .parent = &nh_emitter_class,
    .size = sizeof(nh_abort_controller),
    .destroy = destroy_controller,
};

static nh_abort_signal *signal_of(nh_emitter *emitter) {
    return (nh_abort_signal *)(void *)emitter;
}

static nh_memory *memory_of(const nh_abort_signal *signal) {
    return nh_object_memory(&signal->emitter);
}

/* --- life --------------------------------------------------------------------------------- */

static void destroy_signal(nh_emitter *emitter) {
    nh_abort_signal *signal = signal_of(emitter);
    nh_client_living_leave(&signal->living);
    nh_timer_stop(emitter->loop, &signal->timer);
    nh_value_release(&signal->reason);
    nh_value_release(&signal->dependents);
}

/* The loop goes: the timer won't fire any more. */
static void end_signal(nh_emitter *emitter) {
    nh_abort_signal *signal = signal_of(emitter);
    if (nh_timer_is_active(&signal->timer)) {
        nh_timer_stop(emitter->loop, &signal->timer);
        nh_emitter_release(emitter);
    }
    nh_value_release(&signal->dependents);
}

static nh_abort_signal *signal_new(nh_loop *loop) {
    nh_abort_signal *signal = nh_object_new(loop, &nh_abort_signal_class);
    if (signal == NULL) {
        return NULL;
    }
    signal->reason = nh_undefined();
    signal->dependents = nh_undefined();
    if (!nh_client_living_join(&signal->living, &signal->emitter, end_signal)) {
        nh_emitter_release(&signal->emitter);
        return NULL;
    }
    return signal;
}

static void destroy_controller(nh_emitter *emitter) {
    nh_abort_controller *controller = (nh_abort_controller *)(void *)emitter;
    if (controller->signal != NULL) {
        nh_emitter_release(&controller->signal->emitter);
    }
}

nh_abort_controller *nh_abort_controller_new(nh_loop *loop) {
    nh_abort_controller *controller = nh_object_new(loop, &controller_class);
    if (controller == NULL) {
        return NULL;
    }
    controller->signal = signal_new(loop);
    if (controller->signal == NULL) {
        nh_emitter_release(&controller->emitter);
        return NULL;
    }
    return controller;
}

nh_abort_signal *nh_abort_controller_signal(const nh_abort_controller *controller) {
    return controller->signal;
}

/* --- aborting ----------------------------------------------------------------------------- */

/* A DOMException; its code is a number (DOM names table). */
static nh_value dom_exception(nh_memory *memory, const char *name, int code, const char *message) {
    nh_error *error = nh_error_new(memory, name, NULL, "%s", message);
    if (error != nh_error_out_of_memory()) {
        nh_error_set_property_take(error, "code", nh_number(code));
    }
    return nh_value_of_error_take(error);
}

/* False when the signal has been aborted before. */
static bool mark(nh_abort_signal *signal, nh_value reason) {
    if (signal->aborted) {
        return false;
    }
    signal->aborted = true;
    nh_value_assign_take(&signal->reason, reason.type == NH_UNDEFINED
                                              ? dom_exception(memory_of(signal), "AbortError", 20,
                                                              "This operation was aborted")
                                              : nh_value_retain(reason));
    return true;
}

/* Dependent signals count as aborted before the first listener runs, theirs run last. */
static void abort_signal(nh_abort_signal *signal, nh_value reason) {
    if (!mark(signal, reason)) {
        return;
    }
    nh_value dependents = signal->dependents;
    signal->dependents = nh_undefined();
    size_t count = nh_list_length(dependents);
    for (size_t i = 0; i < count; i++) {
        if (!mark(signal_of(nh_list_get(dependents, i).as.object), signal->reason)) {
            nh_list_set_take(dependents, i, nh_undefined());
        }
    }
    (void)nh_emitter_retain(&signal->emitter);
    (void)nh_emitter_emit_bare(&signal->emitter, "abort");
    for (size_t i = 0; i < count && !nh_loop_is_throwing(signal->emitter.loop); i++) {
        nh_value dependent = nh_list_get(dependents, i);
        if (dependent.type == NH_OBJECT) {
            (void)nh_emitter_emit_bare(dependent.as.object, "abort");
        }
    }
    nh_value_release(&dependents);
    nh_emitter_release(&signal->emitter);
}

void nh_abort_controller_abort(nh_abort_controller *controller, nh_value reason) {
    abort_signal(controller->signal, reason);
}

nh_abort_signal *nh_abort_signal_aborted_with(nh_loop *loop, nh_value reason) {
    nh_abort_signal *signal = signal_new(loop);
    if (signal != NULL) {
        (void)mark(signal, reason);
    }
    return signal;
}

/* --- timeout() ---------------------------------------------------------------------------- */

static void timed_out(void *owner) {
    nh_abort_signal *signal = owner;
    nh_value reason = dom_exception(memory_of(signal), "TimeoutError", 23,
                                    "The operation was aborted due to timeout");
    abort_signal(signal, reason);
    nh_value_release(&reason);
    nh_emitter_release(&signal->emitter);
}

static nh_error *check_delay(nh_memory *memory, nh_value delay) {
    if (delay.type != NH_NUMBER) {
        return nh_error_new_argument_type(memory, "delay", "of type number", delay);
    }
    double number = delay.as.number;
    if (!isfinite(number) || number != trunc(number)) {
        return nh_error_new_out_of_range(memory, "delay", "an integer", delay);
    }
    if (number < 0 || number > (double)UINT32_MAX) {
        return nh_error_new_out_of_range(memory, "delay", ">= 0 && <= 4294967295", delay);
    }
    return NULL;
}

nh_error *nh_abort_signal_timeout(nh_loop *loop, nh_value milliseconds,
                                  nh_abort_signal **out_signal) {
    *out_signal = NULL;
    nh_error *error = check_delay(nh_loop_memory(loop), milliseconds);
    if (error != NULL) {
        return error;
    }
    nh_abort_signal *signal = signal_new(loop);
    if (signal == NULL) {
        return nh_error_out_of_memory();
    }
    signal->timer.fire = timed_out;
    signal->timer.owner = signal;
    signal->timer.unreferenced = true;
    double delay = milliseconds.as.number < 1 ? 1 : milliseconds.as.number;
    if (!nh_timer_start(loop, &signal->timer, (uint64_t)delay)) {
        nh_emitter_release(&signal->emitter);
        return nh_error_out_of_memory();
    }
    (void)nh_emitter_retain(&signal->emitter);
    *out_signal = signal;
    return NULL;
}

/* --- any() -------------------------------------------------------------------------------- */

nh_error *nh_abort_signal_of_value(nh_memory *memory, nh_value value, const char *name,
                                   nh_abort_signal **out_signal) {
    *out_signal = NULL;
    if (value.type != NH_OBJECT || !nh_object_is_of(value.as.object, &nh_abort_signal_class)) {
        return nh_error_new_argument_type(memory, name, "an instance of AbortSignal", value);
    }
    *out_signal = signal_of(value.as.object);
    return NULL;
}

static nh_error *check_signals(nh_memory *memory, nh_value signals) {
    if (signals.type != NH_LIST) {
        return nh_error_new(memory, "TypeError", "ERR_INVALID_ARG_TYPE",
                            "signals can not be converted to sequence.");
    }
    nh_error *error = NULL;
    for (size_t i = 0; error == NULL && i < nh_list_length(signals); i++) {
        nh_abort_signal *ignored;
        nh_value name = nh_string_format(memory, "signals[%zu]", i);
        error = nh_abort_signal_of_value(memory, nh_list_get(signals, i), nh_value_text(name),
                                         &ignored);
        nh_value_release(&name);
    }
    return error;
}

static bool depend_on(nh_abort_signal *signal, nh_abort_signal *source) {
    if (source->dependents.type == NH_UNDEFINED) {
        source->dependents = nh_list_new(memory_of(source));
        if (source->dependents.type == NH_INVALID) {
            source->dependents = nh_undefined();
            return false;
        }
    }
    return nh_list_append_take(source->dependents, nh_value_of_object(&signal->emitter));
}

nh_error *nh_abort_signal_any(nh_loop *loop, nh_value signals, nh_abort_signal **out_signal) {
    *out_signal = NULL;
    nh_error *error = check_signals(nh_loop_memory(loop), signals);
    if (error != NULL) {
        return error;
    }
    nh_abort_signal *signal = signal_new(loop);
    if (signal == NULL) {
        return nh_error_out_of_memory();
    }
    for (size_t i = 0; i < nh_list_length(signals); i++) {
        nh_abort_signal *source = signal_of(nh_list_get(signals, i).as.object);
        if (source->aborted) {
            (void)mark(signal, source->reason);
            break;
        }
    }
    for (size_t i = 0; !signal->aborted && i < nh_list_length(signals); i++) {
        if (!depend_on(signal, signal_of(nh_list_get(signals, i).as.object))) {
            nh_emitter_release(&signal->emitter);
            return nh_error_out_of_memory();
        }
    }
    *out_signal = signal;
    return NULL;
}

/* --- reading ------------------------------------------------------------------------------ */

bool nh_abort_signal_is_aborted(const nh_abort_signal *signal) {
    return signal->aborted;
}

nh_value nh_abort_signal_reason(const nh_abort_signal *signal) {
    return nh_value_retain(signal->reason);
}

nh_error *nh_abort_signal_throw_if_aborted(const nh_abort_signal *signal) {
    if (!signal->aborted) {
        return NULL;
    }
    if (signal->reason.type == NH_ERROR) {
        return nh_error_retain(signal->reason.as.error);
    }
    nh_error *error = nh_error_new(memory_of(signal), "Error", NULL, "The operation was aborted");
    if (error != nh_error_out_of_memory()) {
        nh_error_set_property_take(error, "reason", nh_value_retain(signal->reason));
    }
    return error;
}

/* --- signals and streams ------------------------------------------------------------------ */

/* Ties an object to a signal; an 'abort' listener and the callback of finished() hold it. The
 * latter goes when the object does, so the object need not be held. */
typedef struct signal_tie {
    nh_memory *memory;
    size_t references;
    nh_abort_signal *signal; /* retained */
    nh_emitter *object;      /* NULL once it is gone */
    void (*destroy)(nh_emitter *object, nh_error *error);
} signal_tie;

/* One reference; NULL without memory. */
static signal_tie *new_tie(nh_abort_signal *signal, nh_emitter *object,
                           void (*destroy)(nh_emitter *object, nh_error *error)) {
    nh_memory *memory = memory_of(signal);
    signal_tie *tie = nh_memory_allocate(memory, sizeof(*tie));
    if (tie != NULL) {
        *tie = (signal_tie){.memory = memory,
                            .references = 1,
                            .signal = signal_of(nh_emitter_retain(&signal->emitter)),
                            .object = object,
                            .destroy = destroy};
    }
    return tie;
}

static void release_tie(void *data) {
    signal_tie *tie = data;
    if (--tie->references == 0) {
        nh_emitter_release(&tie->signal->emitter);
        nh_memory_free(tie->memory, tie);
    }
}

static void signal_aborted(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    const signal_tie *tie = data;
    if (tie->object == NULL) {
        return;
    }
    nh_emitter *object = nh_emitter_retain(tie->object);
    nh_error *error = nh_abort_error_new(tie->memory, tie->signal->reason);
    tie->destroy(object, error);
    nh_error_release(error);
    nh_emitter_release(object);
}

static void object_finished(const nh_value *arguments, size_t count, void *data,
                            nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    signal_tie *tie = data;
    (void)nh_emitter_remove_listener(&tie->signal->emitter, "abort", signal_aborted, tie);
}

static void object_gone(void *data) {
    signal_tie *tie = data;
    tie->object = NULL;
    (void)nh_emitter_remove_listener(&tie->signal->emitter, "abort", signal_aborted, tie);
    release_tie(tie);
}

static nh_error *tie_to_signal(signal_tie *tie) {
    tie->references++;
    if (!nh_emitter_add_listener(&tie->signal->emitter, "abort", signal_aborted, tie, release_tie,
                                 NH_LISTENER_ONCE)) {
        tie->references--;
        return nh_error_out_of_memory();
    }
    tie->references++;
    nh_value function = nh_function_new(tie->memory, "", object_finished, tie, object_gone);
    if (function.type != NH_FUNCTION) {
        tie->references--;
        (void)nh_emitter_remove_listener(&tie->signal->emitter, "abort", signal_aborted, tie);
        return nh_error_out_of_memory();
    }
    nh_error *error = nh_stream_finished(tie->object, NULL, function, NULL);
    nh_value_release(&function);
    return error;
}

nh_error *nh_abort_signal_destroys(nh_abort_signal *signal, nh_emitter *object,
                                   void (*destroy)(nh_emitter *object, nh_error *error)) {
    nh_memory *memory = memory_of(signal);
    if (signal->aborted) {
        nh_error *error = nh_abort_error_new(memory, signal->reason);
        destroy(object, error);
        nh_error_release(error);
        return NULL;
    }
    signal_tie *tie = new_tie(signal, object, destroy);
    if (tie == NULL) {
        return nh_error_out_of_memory();
    }
    nh_error *error = tie_to_signal(tie);
    release_tie(tie);
    return error;
}

static void destroy_stream(nh_emitter *object, nh_error *error) {
    nh_stream_destroy(nh_as_stream(object), error);
}

nh_error *nh_stream_add_signal(nh_stream *stream, nh_value signal) {
    nh_memory *memory = nh_object_memory(&stream->emitter);
    nh_abort_signal *checked;
    nh_error *error = nh_abort_signal_of_value(memory, signal, "signal", &checked);
    if (error != NULL) {
        return error;
    }
    const nh_writable_interface *writable = nh_object_writable(&stream->emitter);
    if (!nh_object_is_of(&stream->emitter, &nh_stream_class) && writable != NULL) {
        return nh_abort_signal_destroys(checked, &stream->emitter, writable->destroy);
    }
    return nh_abort_signal_destroys(checked, &stream->emitter, destroy_stream);
}

/* --- signals and servers ------------------------------------------------------------------ */

static void close_server(nh_emitter *object, nh_error *error) {
    (void)error;
    nh_server *server = nh_server_of(object);
    if (server != NULL) {
        nh_server_close(server, nh_undefined());
    } else {
        nh_net_server_close((nh_net_server *)(void *)object, nh_undefined());
    }
}

static void close_server_later(nh_emitter *object, nh_value value) {
    (void)value;
    close_server(object, NULL);
}

static void server_closed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    (void)emitter;
    object_finished(arguments, count, data, NULL);
}

static bool tie_server(signal_tie *tie) {
    tie->references++;
    if (!nh_emitter_add_listener(&tie->signal->emitter, "abort", signal_aborted, tie, release_tie,
                                 NH_LISTENER_ONCE)) {
        tie->references--;
        return false;
    }
    tie->references++;
    if (!nh_emitter_add_listener(tie->object, "close", server_closed, tie, object_gone,
                                 NH_LISTENER_ONCE)) {
        tie->references--;
        (void)nh_emitter_remove_listener(&tie->signal->emitter, "abort", signal_aborted, tie);
        return false;
    }
    return true;
}

nh_error *nh_net_server_add_signal(nh_net_server *server, nh_value value) {
    nh_emitter *object = (nh_emitter *)(void *)server;
    nh_memory *memory = nh_object_memory(object);
    nh_abort_signal *signal;
    nh_error *error = nh_abort_signal_of_value(memory, value, "options.signal", &signal);
    if (error != NULL) {
        return error;
    }
    if (signal->aborted) {
        nh_loop_tick(object->loop, close_server_later, object, nh_undefined());
        return NULL;
    }
    signal_tie *tie = new_tie(signal, object, close_server);
    if (tie == NULL) {
        return nh_error_out_of_memory();
    }
    bool tied = tie_server(tie);
    release_tie(tie);
    return tied ? NULL : nh_error_out_of_memory();
}
