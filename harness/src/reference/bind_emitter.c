/* EventEmitter: what every object has. */
#include <string.h>

#include "reference/binding_macros.h"

nh_value ts_object_or_null(nh_emitter *object) {
    return object != NULL ? nh_value_of_object(object) : nh_null();
}

nh_value ts_object_or_undefined(nh_emitter *object) {
    return object != NULL ? nh_value_of_object(object) : nh_undefined();
}

nh_value ts_error_or_null(nh_error *error) {
    return error != NULL ? nh_value_of_error(error) : nh_null();
}

void ts_call_return_self(ts_call *call) {
    nh_value_assign_take(&call->result, nh_value_of_object(call->self));
}

nh_error *ts_call_error(const ts_call *call, size_t index) {
    nh_value argument = ts_call_argument(call, index);
    return nh_value_is_truthy(argument) ? nh_error_of_value(call->memory, argument) : NULL;
}

static nh_error *add(ts_call *call, unsigned flags) {
    nh_value event = ts_call_argument(call, 0);
    nh_value listener = ts_call_argument(call, 1);
    if (listener.type != NH_FUNCTION) {
        return nh_error_new_argument_type(call->memory, "listener", "of type function", listener);
    }
    if (!nh_emitter_add_function(call->self, nh_value_text(event), listener, flags)) {
        return nh_loop_is_throwing(call->loop) ? NULL : nh_error_out_of_memory();
    }
    ts_call_return_self(call);
    return NULL;
}

static nh_error *on(ts_call *call) {
    return add(call, NH_LISTENER_PLAIN);
}

static nh_error *once(ts_call *call) {
    return add(call, NH_LISTENER_ONCE);
}

static nh_error *prepend(ts_call *call) {
    return add(call, NH_LISTENER_PREPEND);
}

static nh_error *prepend_once(ts_call *call) {
    return add(call, NH_LISTENER_PREPEND | NH_LISTENER_ONCE);
}

static nh_error *remove_listener(ts_call *call) {
    (void)nh_emitter_remove_function(call->self, nh_value_text(ts_call_argument(call, 0)),
                                     ts_call_argument(call, 1));
    ts_call_return_self(call);
    return NULL;
}

static nh_error *remove_all(ts_call *call) {
    nh_value event = ts_call_argument(call, 0);
    nh_emitter_remove_all_listeners(call->self,
                                    event.type == NH_STRING ? nh_value_text(event) : NULL);
    ts_call_return_self(call);
    return NULL;
}

static nh_error *emit(ts_call *call) {
    nh_value event = ts_call_argument(call, 0);
    bool heard = nh_emitter_emit(call->self, nh_value_text(event), call->arguments + 1,
                                 call->count > 0 ? call->count - 1 : 0);
    call->result = nh_boolean(heard);
    return NULL;
}

static nh_error *listener_count(ts_call *call) {
    nh_value event = ts_call_argument(call, 0);
    call->result = nh_number((double)nh_emitter_listener_count(call->self, nh_value_text(event)));
    return NULL;
}

static nh_error *event_names(ts_call *call) {
    call->result = nh_emitter_event_names(call->self);
    return NULL;
}

static const ts_binding rows[] = {
    TS_METHOD("EventEmitter", "on", on),
    TS_METHOD("EventEmitter", "addListener", on),
    TS_METHOD("EventEmitter", "once", once),
    TS_METHOD("EventEmitter", "prependListener", prepend),
    TS_METHOD("EventEmitter", "prependOnceListener", prepend_once),
    TS_METHOD("EventEmitter", "removeListener", remove_listener),
    TS_METHOD("EventEmitter", "off", remove_listener),
    TS_METHOD("EventEmitter", "removeAllListeners", remove_all),
    TS_METHOD("EventEmitter", "emit", emit),
    TS_METHOD("EventEmitter", "listenerCount", listener_count),
    TS_METHOD("EventEmitter", "eventNames", event_names),
};
TS_BINDING_ROWS(emitter, rows);
