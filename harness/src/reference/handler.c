/* Listeners that a scenario attaches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/closure.h"

static void on_event(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    ts_closure_run(data, arguments, count, NULL);
}

static bool is_setting(const char *key) {
    static const char *const keys[] = {"as",     "do",   "once", "prepend", "record",
                                       "chunks", "args", "nth",  "note"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether JSON is a handler's settings: an object with nothing but their keys. Steps have others.
 */
static bool is_settings(const json_t *json) {
    if (!json_is_object(json) || json_object_size(json) == 0) {
        return false;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value) {
        if (!is_setting(key)) {
            return false;
        }
    }
    return true;
}

static bool attach(ts_frame *frame, nh_emitter *object, const char *label, const char *event,
                   const json_t *handler) {
    ts_session *session = frame->session;
    ts_closure *closure = ts_closure_new(frame, handler);
    if (closure == NULL) {
        ts_session_fail(session, "out of memory");
        return false;
    }
    closure->object = object;
    closure->event = strdup(event);
    closure->lane = ts_session_lane(session, label, frame->lane);
    if (!json_is_false(json_object_get(handler, "record"))) {
        size_t size = strlen(label) + strlen(event) + 2;
        closure->name = malloc(size);
        if (closure->name != NULL) {
            (void)snprintf(closure->name, size, "%s:%s", label, event);
        }
    }
    unsigned flags = NH_LISTENER_PLAIN;
    flags |= json_is_true(json_object_get(handler, "once")) ? NH_LISTENER_ONCE : 0U;
    flags |= json_is_true(json_object_get(handler, "prepend")) ? NH_LISTENER_PREPEND : 0U;
    if (!nh_emitter_add_listener(object, event, on_event, closure, ts_closure_free, flags)) {
        ts_closure_free(closure);
        ts_session_fail(session, "out of memory");
        return false;
    }
    return true;
}

bool ts_attach_handlers(ts_frame *frame, nh_emitter *object, const char *name,
                        const json_t *events) {
    const char *label = ts_session_label(frame->session, object, name);
    const char *event;
    json_t *handler;
    json_object_foreach((json_t *)(uintptr_t)events, event, handler) {
        bool several = json_is_array(handler) && is_settings(json_array_get(handler, 0));
        size_t count = several ? json_array_size(handler) : 1;
        for (size_t i = 0; i < count; i++) {
            const json_t *one = several ? json_array_get(handler, i) : handler;
            if (!attach(frame, object, label, event, one)) {
                return false;
            }
        }
    }
    return true;
}

static ts_closure *find_handler(ts_session *session, const nh_emitter *object, const char *event) {
    ts_closure *closure = session->closures;
    while (closure != NULL && (closure->object != object || strcmp(closure->event, event) != 0)) {
        closure = closure->next;
    }
    return closure;
}

bool ts_detach_handlers(ts_frame *frame, nh_emitter *object, const json_t *events) {
    for (size_t i = 0; i < json_array_size(events); i++) {
        const char *event = json_string_value(json_array_get(events, i));
        ts_closure *closure;
        while (event != NULL && (closure = find_handler(frame->session, object, event)) != NULL) {
            closure->object = NULL; /* found once only, even if a once-listener is gone already */
            (void)nh_emitter_remove_listener(object, event, on_event, closure);
        }
    }
    return true;
}
