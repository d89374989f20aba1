#include "reference/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/frame.h"

static json_t *lanes_by_label(const json_t *lanes) {
    json_t *by_label = json_object();
    const char *lane;
    json_t *labels;
    json_object_foreach((json_t *)(uintptr_t)lanes, lane, labels) {
        for (size_t i = 0; i < json_array_size(labels); i++) {
            (void)json_object_set_new(by_label, json_string_value(json_array_get(labels, i)),
                                      json_string(lane));
        }
    }
    return by_label;
}

static void on_uncaught(nh_loop *loop, nh_error *error, void *data) {
    (void)loop;
    ts_session *session = data;
    nh_value value = nh_value_of_error(error);
    ts_session_observe(session, ts_session_lane(session, "process", "main"),
                       "process:uncaughtException", ts_render(session, value, false), false);
    nh_value_release(&value);
}

ts_session *ts_session_new(nh_loop *loop, const json_t *script, const json_t *lanes,
                           const json_t *addresses, const char *unix_path, double time_scale,
                           const ts_session_events *events, void *owner) {
    ts_session *session = calloc(1, sizeof(*session));
    if (session == NULL) {
        return NULL;
    }
    session->loop = loop;
    session->memory = nh_loop_memory(loop);
    session->script = script;
    session->lanes = lanes_by_label(lanes);
    session->addresses = addresses != NULL ? json_deep_copy(addresses) : json_object();
    session->names = json_object();
    session->signals = json_object();
    session->unix_path = unix_path;
    session->time_scale = time_scale;
    session->events = events;
    session->owner = owner;
    session->globals = ts_scope_new(session->memory, NULL);
    if (session->lanes == NULL || session->addresses == NULL || session->names == NULL ||
        session->signals == NULL || session->globals == NULL) {
        ts_session_free(session);
        return NULL;
    }
    nh_loop_on_uncaught_exception(loop, on_uncaught, session);
    return session;
}

/* The look-up that carried the start is over: this is a turn of the poll phase. */
static void on_start(void *owner, int status, const nh_address *addresses, size_t count) {
    (void)status;
    (void)addresses;
    (void)count;
    ts_session *session = owner;
    session->start = NULL;
    session->pending--;
    ts_frame frame = {.session = session, .scope = session->globals, .lane = "main"};
    (void)ts_run_steps(&frame, session->script);
    nh_value_release(&frame.returned);
}

void ts_session_start(ts_session *session) {
    /* A script that came over a pipe would run in the poll phase, and its immediates right after. A
     * look-up is what any transport reports there without a connection. */
    nh_transport *transport = nh_loop_transport(session->loop);
    session->start = transport->operations->lookup(transport, "127.0.0.1", 4, on_start, session);
    if (session->start == NULL) {
        ts_session_fail(session, "out of memory");
        return;
    }
    session->pending++;
}

size_t ts_session_pending(const ts_session *session) {
    return session->pending;
}

void ts_session_set_address(ts_session *session, const char *name, const nh_address *address) {
    json_t *json = address->family == NH_ADDRESS_UNIX
                       ? json_pack("{s:s}", "path", address->host)
                       : json_pack("{s:s,s:i}", "host", address->host, "port", (int)address->port);
    (void)json_object_set_new(session->addresses, name, json);
}

/* Calls a method without arguments if the object has it. */
static bool call_if_there(ts_session *session, nh_emitter *object, const char *method) {
    const ts_binding *binding = ts_binding_of_object(object, method);
    if (binding == NULL || binding->invoke == NULL) {
        return false;
    }
    ts_call call = {
        .loop = session->loop, .memory = session->memory, .self = object, .result = nh_undefined()};
    nh_error_release(binding->invoke(&call));
    nh_value_release(&call.result);
    nh_error_release(nh_loop_catch(session->loop));
    return true;
}

void ts_session_stop(ts_session *session) {
    session->over = true;
    if (session->start != NULL) {
        nh_transport *transport = nh_loop_transport(session->loop);
        transport->operations->cancel_lookup(session->start);
        session->start = NULL;
    }
    nh_loop_begin_turn(session->loop);
    for (size_t i = 0; i < session->label_count; i++) {
        nh_emitter *object = session->labels[i].object;
        (void)call_if_there(session, object, "closeAllConnections");
        if (!call_if_there(session, object, "destroy")) {
            (void)call_if_there(session, object, "close");
        }
    }
    nh_loop_end_turn(session->loop);
}

void ts_session_free(ts_session *session) {
    if (session == NULL) {
        return;
    }
    session->over = true;
    nh_loop_on_uncaught_exception(session->loop, on_uncaught, session);
    if (session->globals != NULL) {
        ts_scope_clear(session->globals);
    }
    ts_async_loops_clear(session);
    ts_closures_clear(session);
    for (size_t i = 0; i < session->label_count; i++) {
        nh_emitter_remove_all_listeners(session->labels[i].object, NULL);
    }
    for (size_t i = 0; i < session->label_count; i++) {
        nh_emitter_release(session->labels[i].object);
        free(session->labels[i].text);
    }
    free(session->labels);
    ts_scope_release(session->globals);
    json_decref(session->lanes);
    json_decref(session->addresses);
    json_decref(session->names);
    json_decref(session->signals);
    ts_closures_abandon(session);
    free(session);
}

void ts_session_observe(ts_session *session, const char *lane, const char *name, json_t *value,
                        bool chunk) {
    if (session->over) {
        json_decref(value);
        return;
    }
    session->events->observation(session->owner, lane, name, value, chunk);
}

__attribute__((format(printf, 3, 0))) static void
report(ts_session *session, void (*event)(void *owner, const char *text), const char *format,
       va_list arguments) {
    if (session->over) {
        return;
    }
    char text[512];
    (void)vsnprintf(text, sizeof(text), format, arguments);
    session->over = true;
    event(session->owner, text);
}

void ts_session_report_unsupported(ts_session *session, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(session, session->events->unsupported, format, arguments);
    va_end(arguments);
}

void ts_session_fail(ts_session *session, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(session, session->events->failed, format, arguments);
    va_end(arguments);
}

const char *ts_session_lane(const ts_session *session, const char *label, const char *current) {
    char name[128];
    size_t length = strcspn(label, ".:[#(= ");
    if (length >= sizeof(name)) {
        return current;
    }
    memcpy(name, label, length);
    name[length] = '\0';
    const char *lane = json_string_value(json_object_get(session->lanes, name));
    return lane != NULL ? lane : current;
}

static const char *add_label(ts_session *session, nh_emitter *object, const char *name) {
    if (session->label_count == session->label_capacity) {
        size_t capacity = session->label_capacity == 0 ? 16 : session->label_capacity * 2;
        ts_label *labels = realloc(session->labels, capacity * sizeof(*labels));
        if (labels == NULL) {
            return name;
        }
        session->labels = labels;
        session->label_capacity = capacity;
    }
    json_int_t number = json_integer_value(json_object_get(session->names, name)) + 1;
    (void)json_object_set_new(session->names, name, json_integer(number));
    char text[160];
    if (number > 1) {
        (void)snprintf(text, sizeof(text), "%s#%d", name, (int)number);
    } else {
        (void)snprintf(text, sizeof(text), "%s", name);
    }
    ts_label *label = &session->labels[session->label_count];
    label->text = strdup(text);
    if (label->text == NULL) {
        return name;
    }
    label->object = nh_emitter_retain(object);
    session->label_count++;
    return label->text;
}

const char *ts_session_label(ts_session *session, nh_emitter *object, const char *name) {
    for (size_t i = 0; i < session->label_count; i++) {
        if (session->labels[i].object == object) {
            return session->labels[i].text;
        }
    }
    return name != NULL ? add_label(session, object, name) : NULL;
}
