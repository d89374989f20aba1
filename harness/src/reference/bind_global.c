/* Globals and other modules that scripts use: AbortController, process, Buffer, timers. */
#include <string.h>

#include <nodehttp/abort_signal.h>

#include "reference/binding_macros.h"
#include "reference/plain.h"

#define ARGUMENT(index) ts_call_argument(call, index)

/* --- AbortController, AbortSignal ------------------------------------------------------------- */

static nh_error *new_controller(ts_call *call) {
    nh_abort_controller *controller = nh_abort_controller_new(call->loop);
    if (controller == NULL) {
        return nh_error_out_of_memory();
    }
    call->result = nh_value_of_object_take(nh_as_emitter(controller));
    return NULL;
}

TS_ACTION(abort_controller, nh_abort_controller, nh_abort_controller_abort(it, ARGUMENT(0)))
TS_GETTER(get_signal, nh_abort_controller,
          nh_value_of_object(nh_as_emitter(nh_abort_controller_signal(it))))
TS_GETTER(get_aborted, nh_abort_signal, nh_boolean(nh_abort_signal_is_aborted(it)))
TS_GETTER(get_reason, nh_abort_signal, nh_abort_signal_reason(it))
TS_ATTEMPT(throw_if_aborted, nh_abort_signal, nh_abort_signal_throw_if_aborted(it))

static nh_error *signal_result(ts_call *call, nh_error *error, nh_abort_signal *signal) {
    if (error == NULL && signal == NULL) {
        return nh_error_out_of_memory();
    }
    if (error == NULL) {
        call->result = nh_value_of_object_take(nh_as_emitter(signal));
    }
    return error;
}

static nh_error *signal_abort(ts_call *call) {
    return signal_result(call, NULL, nh_abort_signal_aborted_with(call->loop, ARGUMENT(0)));
}

static nh_error *signal_timeout(ts_call *call) {
    nh_abort_signal *signal = NULL;
    nh_error *error = nh_abort_signal_timeout(call->loop, ARGUMENT(0), &signal);
    return signal_result(call, error, signal);
}

static nh_error *signal_any(ts_call *call) {
    nh_abort_signal *signal = NULL;
    nh_error *error = nh_abort_signal_any(call->loop, ARGUMENT(0), &signal);
    return signal_result(call, error, signal);
}

static nh_error *add_abort_signal(ts_call *call) {
    nh_value stream = ARGUMENT(1);
    if (stream.type != NH_OBJECT) {
        return nh_error_new_argument_type(
            call->memory, "stream", "an instance of ReadableStream, WritableStream, or Stream",
            stream);
    }
    call->result = nh_value_retain(stream);
    return nh_stream_add_signal(nh_as_stream(stream.as.object), ARGUMENT(0));
}

/* --- process, timers -------------------------------------------------------------------------- */

static nh_error *schedule(ts_call *call, bool (*queue)(nh_loop *loop, nh_value function)) {
    nh_value function = ARGUMENT(0);
    if (function.type != NH_FUNCTION) {
        return nh_error_new_argument_type(call->memory, "callback", "of type function", function);
    }
    return queue(call->loop, function) ? NULL : nh_error_out_of_memory();
}

static nh_error *next_tick(ts_call *call) {
    return schedule(call, nh_loop_next_tick);
}

static nh_error *queue_microtask(ts_call *call) {
    return schedule(call, nh_loop_queue_microtask);
}

static bool immediate(nh_loop *loop, nh_value function) {
    return nh_loop_set_immediate(loop, function) != 0;
}

static nh_error *set_immediate(ts_call *call) {
    return schedule(call, immediate);
}

/* --- Buffer ----------------------------------------------------------------------------------- */

static nh_error *buffer_from(ts_call *call) {
    nh_value source = ARGUMENT(0);
    if (source.type != NH_STRING && source.type != NH_BUFFER) {
        return nh_error_new_argument_type(call->memory, "first argument",
                                          "of type string or an instance of Buffer, ArrayBuffer, "
                                          "or Array or an Array-like Object",
                                          source);
    }
    call->result = nh_buffer_of(call->memory, nh_value_bytes(source));
    return NULL;
}

static nh_error *byte_length(ts_call *call) {
    call->result = nh_number((double)nh_value_bytes(ARGUMENT(0)).length);
    return NULL;
}

static nh_error *is_buffer(ts_call *call) {
    call->result = nh_boolean(ARGUMENT(0).type == NH_BUFFER);
    return NULL;
}

static const ts_binding rows[] = {
    TS_CONSTRUCTOR("globalThis", "AbortController", new_controller),
    TS_METHOD("AbortController", "abort", abort_controller),
    TS_PROPERTY("AbortController", "signal", get_signal, NULL),
    TS_PROPERTY("AbortSignal", "aborted", get_aborted, NULL),
    TS_PROPERTY("AbortSignal", "reason", get_reason, NULL),
    TS_METHOD("AbortSignal", "throwIfAborted", throw_if_aborted),
    TS_FUNCTION("AbortSignal", "abort", signal_abort),
    TS_FUNCTION("AbortSignal", "timeout", signal_timeout),
    TS_FUNCTION("AbortSignal", "any", signal_any),
    TS_FUNCTION("stream", "addAbortSignal", add_abort_signal),
    TS_FUNCTION("process", "nextTick", next_tick),
    TS_FUNCTION("globalThis", "queueMicrotask", queue_microtask),
    TS_FUNCTION("globalThis", "setImmediate", set_immediate),
    TS_FUNCTION("Buffer", "from", buffer_from),
    TS_FUNCTION("Buffer", "byteLength", byte_length),
    TS_FUNCTION("Buffer", "isBuffer", is_buffer),
};
TS_BINDING_ROWS(global, rows);
