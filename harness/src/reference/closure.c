#include "reference/closure.h"

#include <stdlib.h>
#include <string.h>

ts_closure *ts_closure_new(ts_frame *frame, const json_t *definition) {
    ts_closure *closure = calloc(1, sizeof(*closure));
    if (closure == NULL) {
        return NULL;
    }
    ts_session *session = frame->session;
    closure->session = session;
    closure->scope = ts_scope_retain(frame->scope);
    closure->lane = frame->lane;
    if (json_is_object(definition)) {
        closure->settings = definition;
        closure->steps = json_object_get(definition, "do");
    } else {
        closure->steps = definition;
    }
    closure->next = session->closures;
    if (closure->next != NULL) {
        closure->next->previous = closure;
    }
    session->closures = closure;
    return closure;
}

void ts_closure_free(void *data) {
    ts_closure *closure = data;
    ts_session *session = closure->session;
    if (session != NULL) { /* or it went first */
        if (closure->previous != NULL) {
            closure->previous->next = closure->next;
        } else {
            session->closures = closure->next;
        }
        if (closure->next != NULL) {
            closure->next->previous = closure->previous;
        }
        if (closure->pending) {
            session->pending--;
        }
    }
    nh_emitter_release(closure->overridden_object);
    ts_scope_release(closure->scope);
    free(closure->event);
    free(closure->name);
    free(closure);
}

static json_t *setting(const ts_closure *closure, const char *key) {
    return closure->settings != NULL ? json_object_get(closure->settings, key) : NULL;
}

static bool is_recorded_argument(const ts_closure *closure, size_t index, nh_value argument) {
    json_t *chosen = setting(closure, "args");
    if (chosen == NULL) {
        return argument.type != NH_OBJECT && argument.type != NH_FUNCTION;
    }
    for (size_t i = 0; i < json_array_size(chosen); i++) {
        if ((size_t)json_integer_value(json_array_get(chosen, i)) == index) {
            return true;
        }
    }
    return false;
}

static void record(ts_closure *closure, const nh_value *arguments, size_t count) {
    json_t *shown = json_array();
    for (size_t i = 0; i < count; i++) {
        if (is_recorded_argument(closure, i, arguments[i])) {
            (void)json_array_append_new(shown, ts_render(closure->session, arguments[i], false));
        }
    }
    json_t *value = NULL;
    if (json_array_size(shown) == 1) {
        value = json_incref(json_array_get(shown, 0));
    } else if (json_array_size(shown) > 1) {
        value = json_incref(shown);
    }
    json_decref(shown);
    bool chunk = json_is_true(setting(closure, "chunks"));
    ts_session_observe(closure->session, closure->lane, closure->name, value, chunk);
}

/* The steps of this call: those of "nth" while it lasts, else "do". */
static const json_t *steps_of_call(const ts_closure *closure, size_t call) {
    json_t *nth = setting(closure, "nth");
    return nth != NULL && call < json_array_size(nth) ? json_array_get(nth, call) : closure->steps;
}

static bool declare_arguments(ts_closure *closure, ts_scope *scope, const nh_value *arguments,
                              size_t count) {
    json_t *names = setting(closure, "as");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        nh_value argument = i < count ? arguments[i] : nh_undefined();
        if (name == NULL || !ts_scope_declare(scope, name, argument)) {
            return false;
        }
        if (argument.type == NH_OBJECT) {
            (void)ts_session_label(closure->session, argument.as.object, name);
        }
    }
    return true;
}

void ts_closure_run(ts_closure *closure, const nh_value *arguments, size_t count,
                    nh_value *out_result) {
    ts_session *session = closure->session;
    if (closure->pending) {
        closure->pending = false;
        session->pending--;
    }
    if (session->over) {
        return;
    }
    ts_scope *scope = ts_scope_new(session->memory, closure->scope);
    if (scope == NULL || !declare_arguments(closure, scope, arguments, count)) {
        ts_scope_release(scope);
        ts_session_fail(session, "out of memory");
        return;
    }
    if (closure->name != NULL) {
        record(closure, arguments, count);
    }
    const json_t *steps = steps_of_call(closure, closure->calls++);
    ts_frame frame = {.session = session, .scope = scope, .lane = closure->lane, .super = closure};
    /* The steps may remove the listener, and the closure with it: nothing of it is read below. */
    json_t *returns = setting(closure, "returns");
    ts_outcome outcome = ts_run_steps(&frame, steps);
    if (out_result != NULL && outcome == TS_RETURN) {
        *out_result = frame.returned;
    } else if (out_result != NULL && outcome == TS_CONTINUE && returns != NULL) {
        (void)ts_evaluate(&frame, returns, out_result);
    } else {
        nh_value_release(&frame.returned);
    }
    ts_scope_release(scope);
}

static void call_closure(const nh_value *arguments, size_t count, void *data,
                         nh_value *out_result) {
    ts_closure_run(data, arguments, count, out_result);
}

nh_value ts_closure_as_function(ts_closure *closure, const char *name) {
    nh_value function = {.type = NH_INVALID};
    if (closure != NULL) {
        function = nh_function_new(closure->session->memory, name != NULL ? name : "", call_closure,
                                   closure, ts_closure_free);
        if (function.type == NH_INVALID) {
            ts_closure_free(closure);
        }
    }
    return function;
}

nh_value ts_function_of(ts_frame *frame, const json_t *definition) {
    ts_closure *closure = ts_closure_new(frame, definition);
    const char *name = json_string_value(json_object_get(definition, "name"));
    if (closure != NULL && name != NULL) {
        closure->name = strdup(name);
        closure->lane = ts_session_lane(frame->session, name, frame->lane);
    }
    return ts_closure_as_function(closure, name);
}

nh_value ts_pending_function_of(ts_frame *frame, const json_t *steps) {
    ts_closure *closure = ts_closure_new(frame, steps);
    if (closure != NULL) {
        closure->pending = true;
        frame->session->pending++;
    }
    return ts_closure_as_function(closure, NULL);
}

void ts_closures_clear(ts_session *session) {
    /* Clearing a scope may free closures and scopes: collect before the first is cleared. */
    size_t count = 0;
    for (const ts_closure *closure = session->closures; closure != NULL; closure = closure->next) {
        count++;
    }
    ts_scope **scopes = count > 0 ? calloc(count, sizeof(*scopes)) : NULL;
    if (scopes == NULL) {
        return;
    }
    count = 0;
    for (const ts_closure *closure = session->closures; closure != NULL; closure = closure->next) {
        scopes[count++] = ts_scope_retain(closure->scope);
    }
    for (size_t i = 0; i < count; i++) {
        ts_scope_clear(scopes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        ts_scope_release(scopes[i]);
    }
    free(scopes);
}

void ts_closures_abandon(ts_session *session) {
    for (ts_closure *closure = session->closures; closure != NULL; closure = closure->next) {
        closure->session = NULL;
    }
    session->closures = NULL;
}
