/* The steps of a script. */
#include "reference/step.h"

#include <stdlib.h>
#include <string.h>

#include "reference/closure.h"

static void observe_in(ts_frame *frame, const char *lane, const char *text, const char *suffix,
                       json_t *value) {
    size_t size = strlen(text) + strlen(suffix) + 1;
    char *name = malloc(size);
    if (name == NULL) {
        json_decref(value);
        return;
    }
    (void)snprintf(name, size, "%s%s", text, suffix);
    ts_session_observe(frame->session, lane, name, value, false);
    free(name);
}

void ts_observe_suffixed(ts_frame *frame, const char *text, const char *suffix, json_t *value) {
    observe_in(frame, ts_session_lane(frame->session, text, frame->lane), text, suffix, value);
}

void ts_observe_error(ts_frame *frame, const char *text, const char *suffix, nh_error *error) {
    nh_value value = nh_value_of_error(error);
    ts_observe_suffixed(frame, text, suffix, ts_render(frame->session, value, false));
    nh_value_release(&value);
}

/* An evaluation did not come to an end: thrown, or the session is over. */
static ts_outcome interrupted(const ts_frame *frame) {
    return frame->session->over ? TS_OVER : TS_THROW;
}

ts_outcome ts_record_interruption(ts_frame *frame, const char *text, const char *suffix) {
    nh_error *error = frame->session->over ? NULL : nh_loop_catch(frame->session->loop);
    if (error == NULL) {
        return TS_OVER;
    }
    ts_observe_error(frame, text, suffix, error);
    nh_error_release(error);
    return TS_CONTINUE;
}

/* A path as observations name it before it could be resolved. */
static const char *text_of(const json_t *path) {
    const char *text = json_string_value(path);
    return text != NULL ? text : "a computed path";
}

/* What follows a call or construction: the name, the record, the handlers. */
static ts_outcome use_result(ts_frame *frame, const json_t *step, const char *text,
                             nh_value result) {
    const char *name = json_string_value(json_object_get(step, "let"));
    if (name != NULL && !ts_scope_declare(frame->scope, name, result)) {
        ts_session_fail(frame->session, "out of memory");
        return TS_OVER;
    }
    if (name != NULL && result.type == NH_OBJECT) {
        (void)ts_session_label(frame->session, result.as.object, name);
    }
    if (json_is_true(json_object_get(step, "show"))) {
        ts_observe_suffixed(frame, text, "()", ts_render(frame->session, result, true));
    }
    const json_t *events = json_object_get(step, "on");
    if (events != NULL && result.type == NH_OBJECT &&
        !ts_attach_handlers(frame, result.as.object, name != NULL ? name : text, events)) {
        return TS_OVER;
    }
    return TS_CONTINUE;
}

/* The name of a result that there isn't, since the call threw: known, and undefined. */
static ts_outcome name_nothing(ts_frame *frame, const json_t *step) {
    const char *name = json_string_value(json_object_get(step, "let"));
    if (name != NULL && !ts_scope_declare(frame->scope, name, nh_undefined())) {
        ts_session_fail(frame->session, "out of memory");
        return TS_OVER;
    }
    return TS_CONTINUE;
}

static ts_outcome call_place(ts_frame *frame, const json_t *step, const json_t *path,
                             bool construct) {
    ts_place place;
    if (!ts_place_resolve(frame, path, &place)) {
        return ts_record_interruption(frame, text_of(path), "() throws");
    }
    ts_arguments arguments;
    if (!ts_evaluate_arguments(frame, json_object_get(step, "args"), &arguments)) {
        ts_outcome outcome = ts_record_interruption(frame, place.text, "() throws");
        ts_place_free(&place);
        return outcome == TS_CONTINUE ? name_nothing(frame, step) : outcome;
    }
    nh_value result = nh_undefined();
    nh_error *error = NULL;
    bool called = ts_place_call(frame, &place, &arguments, construct, &result, &error);
    ts_outcome outcome = TS_CONTINUE;
    if (!called) {
        outcome = ts_record_interruption(frame, place.text, "() throws");
    } else if (error != NULL) {
        ts_observe_error(frame, place.text, "() throws", error);
        outcome = name_nothing(frame, step);
    } else {
        outcome = use_result(frame, step, place.text, result);
    }
    nh_error_release(error);
    nh_value_release(&result);
    ts_arguments_free(frame->session, &arguments);
    ts_place_free(&place);
    return outcome;
}

static ts_outcome step_call(ts_frame *frame, const json_t *step, const json_t *operand) {
    return call_place(frame, step, operand, false);
}

static ts_outcome step_new(ts_frame *frame, const json_t *step, const json_t *operand) {
    return call_place(frame, step, operand, true);
}

static ts_outcome name_value(ts_frame *frame, const json_t *step, const char *name, bool assign) {
    nh_value value;
    if (!ts_evaluate(frame, json_object_get(step, "value"), &value)) {
        return interrupted(frame);
    }
    bool done = assign ? ts_scope_assign(frame->scope, name, value)
                       : ts_scope_declare(frame->scope, name, value);
    if (done && value.type == NH_OBJECT) {
        (void)ts_session_label(frame->session, value.as.object, name);
    }
    nh_value_release(&value);
    return done ? TS_CONTINUE : TS_OVER;
}

static ts_outcome step_let(ts_frame *frame, const json_t *step, const json_t *operand) {
    return name_value(frame, step, json_string_value(operand), false);
}

static ts_outcome step_assign(ts_frame *frame, const json_t *step, const json_t *operand) {
    return name_value(frame, step, json_string_value(operand), true);
}

static ts_outcome get_one(ts_frame *frame, const json_t *path, const char *label) {
    ts_place place;
    if (!ts_place_resolve(frame, path, &place)) {
        return ts_record_interruption(frame, text_of(path), " throws");
    }
    nh_value value;
    ts_outcome outcome = TS_CONTINUE;
    if (ts_place_get(frame, &place, &value)) {
        const char *lane = ts_session_lane(frame->session, place.text, frame->lane);
        observe_in(frame, lane, label != NULL ? label : place.text, "",
                   ts_render(frame->session, value, true));
        nh_value_release(&value);
    } else {
        outcome = ts_record_interruption(frame, place.text, " throws");
    }
    ts_place_free(&place);
    return outcome;
}

static ts_outcome step_get(ts_frame *frame, const json_t *step, const json_t *operand) {
    const char *label = json_string_value(json_object_get(step, "label"));
    if (!json_is_array(operand)) {
        return get_one(frame, operand, label);
    }
    ts_outcome outcome = TS_CONTINUE;
    for (size_t i = 0; i < json_array_size(operand) && outcome == TS_CONTINUE; i++) {
        outcome = get_one(frame, json_array_get(operand, i), label);
    }
    return outcome;
}

static ts_outcome step_show(ts_frame *frame, const json_t *step, const json_t *operand) {
    const char *label = json_string_value(json_object_get(step, "label"));
    const char *text = json_string_value(operand);
    const char *name = label != NULL ? label : text != NULL && text[0] == '$' ? text + 1 : "show";
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return ts_record_interruption(frame, name, " throws");
    }
    observe_in(frame, frame->lane, name, "", ts_render(frame->session, value, true));
    nh_value_release(&value);
    return TS_CONTINUE;
}

static ts_outcome step_set(ts_frame *frame, const json_t *step, const json_t *operand) {
    ts_place place;
    nh_value value;
    if (!ts_place_resolve(frame, operand, &place)) {
        return ts_record_interruption(frame, text_of(operand), "= throws");
    }
    if (!ts_evaluate(frame, json_object_get(step, "to"), &value)) {
        ts_outcome outcome = ts_record_interruption(frame, place.text, "= throws");
        ts_place_free(&place);
        return outcome;
    }
    nh_error *error = NULL;
    bool done = ts_place_set(frame, &place, value, &error);
    if (error != NULL) {
        ts_observe_error(frame, place.text, "= throws", error);
        nh_error_release(error);
    }
    nh_value_release(&value);
    ts_place_free(&place);
    return done ? TS_CONTINUE : interrupted(frame);
}

/* Replaces a method of one object: those that the library lets its embedder replace are rows that
 * have both `invoke` (the library's own) and `set`. */
static ts_outcome step_override(ts_frame *frame, const json_t *step, const json_t *operand) {
    ts_session *session = frame->session;
    ts_place place;
    if (!ts_place_resolve(frame, operand, &place)) {
        return interrupted(frame);
    }
    const ts_binding *row = place.receiver.type == NH_OBJECT && place.member != NULL
                                ? ts_binding_of_object(place.receiver.as.object, place.member)
                                : NULL;
    if (row == NULL || row->kind != TS_MEMBER_METHOD || row->set == NULL) {
        ts_session_report_unsupported(session, "overriding %s", place.text);
        ts_place_free(&place);
        return TS_OVER;
    }
    ts_closure *closure = ts_closure_new(frame, json_object_get(step, "function"));
    const char *name =
        json_string_value(json_object_get(json_object_get(step, "function"), "name"));
    if (closure != NULL) {
        closure->overridden = row;
        closure->overridden_object = nh_emitter_retain(place.receiver.as.object);
        closure->name = name != NULL ? strdup(name) : NULL;
    }
    nh_value function = ts_closure_as_function(closure, place.member);
    nh_error *error = row->set(session->loop, place.receiver.as.object, function);
    if (error != NULL) {
        ts_observe_error(frame, place.text, "= throws", error);
        nh_error_release(error);
    }
    nh_value_release(&function);
    ts_place_free(&place);
    return TS_CONTINUE;
}

bool ts_call_super(ts_frame *frame, const json_t *argument_list, nh_value *out_value) {
    const ts_closure *closure = frame->super;
    if (closure == NULL || closure->overridden == NULL) {
        ts_session_fail(frame->session, "super outside of an overriding function");
        return false;
    }
    ts_arguments arguments;
    if (!ts_evaluate_arguments(frame, argument_list, &arguments)) {
        return false;
    }
    ts_call call = {.loop = frame->session->loop,
                    .memory = frame->session->memory,
                    .self = closure->overridden_object,
                    .arguments = arguments.values,
                    .count = arguments.count,
                    .result = nh_undefined()};
    nh_error *error = closure->overridden->invoke(&call);
    ts_arguments_free(frame->session, &arguments);
    if (error != NULL) {
        nh_loop_throw(frame->session->loop, error);
        nh_error_release(error);
        nh_value_release(&call.result);
        return false;
    }
    *out_value = call.result;
    return true;
}

static ts_outcome step_super(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_value result = nh_undefined();
    if (!ts_call_super(frame, operand, &result)) {
        return interrupted(frame); /* what it throws, the overriding function throws */
    }
    ts_outcome outcome = use_result(frame, step, "super", result);
    nh_value_release(&result);
    return outcome;
}

/* The object at a path; NULL (and the session is over, or an exception pending) if there is none.
 */
static nh_emitter *object_at(ts_frame *frame, const json_t *path) {
    nh_value value = nh_undefined();
    ts_place place;
    if (!ts_place_resolve(frame, path, &place)) {
        return NULL;
    }
    bool found = ts_place_get(frame, &place, &value);
    if (found && value.type != NH_OBJECT) {
        ts_session_fail(frame->session, "\"%s\" is not an object that has events", place.text);
        nh_value_release(&value);
        found = false;
    }
    ts_place_free(&place);
    return found ? value.as.object : NULL;
}

static ts_outcome step_on(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_emitter *object = object_at(frame, operand);
    if (object == NULL) {
        return interrupted(frame);
    }
    const char *name = json_string_value(operand);
    bool done = ts_attach_handlers(frame, object, name != NULL ? name : "object",
                                   json_object_get(step, "events"));
    nh_emitter_release(object);
    return done ? TS_CONTINUE : TS_OVER;
}

static ts_outcome step_off(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_emitter *object = object_at(frame, operand);
    if (object == NULL) {
        return interrupted(frame);
    }
    bool done = ts_detach_handlers(frame, object, json_object_get(step, "events"));
    nh_emitter_release(object);
    return done ? TS_CONTINUE : TS_OVER;
}

static ts_outcome step_mark(ts_frame *frame, const json_t *step, const json_t *operand) {
    (void)step;
    ts_session_observe(frame->session, frame->lane, json_string_value(operand), NULL, false);
    return TS_CONTINUE;
}

static ts_outcome step_throw(ts_frame *frame, const json_t *step, const json_t *operand) {
    (void)step;
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return interrupted(frame);
    }
    nh_error *error = nh_error_of_value(frame->session->memory, value);
    nh_loop_throw(frame->session->loop, error);
    nh_error_release(error);
    nh_value_release(&value);
    return TS_THROW;
}

static ts_outcome step_return(ts_frame *frame, const json_t *step, const json_t *operand) {
    (void)step;
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return interrupted(frame);
    }
    nh_value_assign_take(&frame->returned, value);
    return TS_RETURN;
}

static ts_outcome step_break(ts_frame *frame, const json_t *step, const json_t *operand) {
    (void)frame;
    (void)step;
    (void)operand;
    return TS_BREAK;
}

static const struct {
    const char *key;
    ts_step_runner run;
} steps_by_key[] = {
    /* Those whose keys are options of other steps ("let", "show", "on") come after these. */
    {"call", step_call},
    {"new", step_new},
    {"super", step_super},
    {"listen", ts_step_listen},
    {"get", step_get},
    {"set", step_set},
    {"override", step_override},
    {"mark", step_mark},
    {"throw", step_throw},
    {"return", step_return},
    {"break", step_break},
    {"tick", ts_step_tick},
    {"microtask", ts_step_microtask},
    {"immediate", ts_step_immediate},
    {"after", ts_step_after},
    {"signal", ts_step_signal},
    {"when", ts_step_when},
    {"if", ts_step_if},
    {"equal", ts_step_equal},
    {"repeat", ts_step_repeat},
    {"each", ts_step_each},
    {"loop", ts_step_loop},
    {"for_await", ts_step_for_await},
    {"promise", ts_step_promise},
    {"off", step_off},
    {"assign", step_assign},
    {"on", step_on},
    {"show", step_show},
    {"let", step_let},
};

static ts_outcome run_step(ts_frame *frame, const json_t *step) {
    for (size_t i = 0; i < sizeof(steps_by_key) / sizeof(steps_by_key[0]); i++) {
        const json_t *operand = json_object_get(step, steps_by_key[i].key);
        if (operand != NULL) {
            return steps_by_key[i].run(frame, step, operand);
        }
    }
    char *text = json_dumps(step, JSON_COMPACT);
    ts_session_fail(frame->session, "not a step: %.200s", text != NULL ? text : "");
    free(text);
    return TS_OVER;
}

ts_outcome ts_run_steps(ts_frame *frame, const json_t *steps) {
    ts_outcome outcome = TS_CONTINUE;
    for (size_t i = 0; i < json_array_size(steps) && outcome == TS_CONTINUE; i++) {
        outcome = frame->session->over ? TS_OVER : run_step(frame, json_array_get(steps, i));
    }
    return outcome;
}

ts_outcome ts_run_nested(ts_frame *frame, const json_t *steps, const char *name, nh_value value) {
    ts_scope *scope = ts_scope_new(frame->session->memory, frame->scope);
    if (scope == NULL || (name != NULL && !ts_scope_declare(scope, name, value))) {
        ts_scope_release(scope);
        ts_session_fail(frame->session, "out of memory");
        return TS_OVER;
    }
    ts_frame nested = {
        .session = frame->session, .scope = scope, .lane = frame->lane, .super = frame->super};
    ts_outcome outcome = ts_run_steps(&nested, steps);
    nh_value_assign_take(&frame->returned, nested.returned);
    ts_scope_release(scope);
    return outcome;
}
