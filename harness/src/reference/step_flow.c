/* Conditions and loops. */
#include <string.h>

#include "reference/closure.h"
#include "reference/step.h"

#include <nodehttp/stream.h>

static ts_outcome interrupted(const ts_frame *frame) {
    return frame->session->over ? TS_OVER : TS_THROW;
}

static ts_outcome branch(ts_frame *frame, const json_t *step, bool truth) {
    return ts_run_nested(frame, json_object_get(step, truth ? "do" : "else"), NULL, nh_undefined());
}

ts_outcome ts_step_if(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return interrupted(frame);
    }
    bool truth = nh_value_is_truthy(value);
    nh_value_release(&value);
    return branch(frame, step, truth);
}

ts_outcome ts_step_equal(ts_frame *frame, const json_t *step, const json_t *operand) {
    ts_arguments pair;
    if (!ts_evaluate_arguments(frame, operand, &pair)) {
        return interrupted(frame);
    }
    bool equal = pair.count == 2 && nh_value_is_same(pair.values[0], pair.values[1]);
    ts_arguments_free(frame->session, &pair);
    return branch(frame, step, equal);
}

/* What a loop does after one round. */
static bool goes_on(ts_outcome *outcome) {
    if (*outcome == TS_BREAK) {
        *outcome = TS_CONTINUE;
        return false;
    }
    return *outcome == TS_CONTINUE;
}

ts_outcome ts_step_repeat(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_value times;
    if (!ts_evaluate(frame, operand, &times)) {
        return interrupted(frame);
    }
    size_t count = times.type == NH_NUMBER && times.as.number > 0 ? (size_t)times.as.number : 0;
    nh_value_release(&times);
    ts_outcome outcome = TS_CONTINUE;
    for (size_t i = 0; i < count; i++) {
        outcome = ts_run_nested(frame, json_object_get(step, "do"), NULL, nh_undefined());
        if (!goes_on(&outcome)) {
            break;
        }
    }
    return outcome;
}

ts_outcome ts_step_each(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_value list;
    if (!ts_evaluate(frame, json_object_get(step, "of"), &list)) {
        return interrupted(frame);
    }
    ts_outcome outcome = TS_CONTINUE;
    for (size_t i = 0; i < nh_list_length(list); i++) {
        outcome = ts_run_nested(frame, json_object_get(step, "do"), json_string_value(operand),
                                nh_list_get(list, i));
        if (!goes_on(&outcome)) {
            break;
        }
    }
    nh_value_release(&list);
    return outcome;
}

/* One call of a loop; false when it is over (nullish result, error). */
static bool call_once(ts_frame *frame, const json_t *step, const ts_place *place,
                      nh_value *out_value, ts_outcome *outcome) {
    ts_arguments arguments;
    nh_error *error = NULL;
    if (!ts_evaluate_arguments(frame, json_object_get(step, "args"), &arguments)) {
        *outcome = interrupted(frame);
        return false;
    }
    bool called = ts_place_call(frame, place, &arguments, false, out_value, &error);
    ts_arguments_free(frame->session, &arguments);
    if (error != NULL) {
        ts_observe_error(frame, place->text, "() throws", error);
        nh_error_release(error);
        return false;
    }
    if (!called) {
        *outcome = interrupted(frame);
        return false;
    }
    return !nh_value_is_nullish(*out_value);
}

ts_outcome ts_step_loop(ts_frame *frame, const json_t *step, const json_t *operand) {
    ts_place place;
    if (!ts_place_resolve(frame, operand, &place)) {
        return interrupted(frame);
    }
    const char *name = json_string_value(json_object_get(step, "as"));
    ts_outcome outcome = TS_CONTINUE;
    nh_value value = nh_undefined();
    while (call_once(frame, step, &place, &value, &outcome)) {
        outcome = ts_run_nested(frame, json_object_get(step, "do"), name, value);
        nh_value_release(&value);
        if (!goes_on(&outcome)) {
            break;
        }
    }
    nh_value_release(&value);
    ts_place_free(&place);
    return outcome;
}

/* --- for await -------------------------------------------------------------------------------- */

/* A loop that is under way; freed when it is left, or with the session. */
typedef struct ts_async_loop async_loop;
struct ts_async_loop {
    async_loop *next; /* in the session's list */
    ts_session *session;
    ts_scope *scope;
    const char *lane;
    const json_t *step;
    nh_readable_iterator *iterator;
};

static void forget(async_loop *loop) {
    async_loop **at = &loop->session->async_loops;
    while (*at != loop) {
        at = &(*at)->next;
    }
    *at = loop->next;
    nh_readable_iterator_free(loop->iterator);
    ts_scope_release(loop->scope);
    nh_memory_free(loop->session->memory, loop);
}

void ts_async_loops_clear(ts_session *session) {
    while (session->async_loops != NULL) {
        forget(session->async_loops);
    }
}

static void on_step(nh_step_status status, nh_value value, void *data);

static void leave(async_loop *loop) {
    ts_frame frame = {.session = loop->session, .scope = loop->scope, .lane = loop->lane};
    if (!loop->session->over) {
        (void)ts_run_nested(&frame, json_object_get(loop->step, "then"), NULL, nh_undefined());
    }
    nh_value_release(&frame.returned);
    forget(loop);
}

static void on_left(nh_step_status status, nh_value value, void *data) {
    (void)status;
    (void)value;
    leave(data);
}

static void on_step(nh_step_status status, nh_value value, void *data) {
    async_loop *loop = data;
    ts_frame frame = {.session = loop->session, .scope = loop->scope, .lane = loop->lane};
    if (status == NH_STEP_ERROR) {
        if (value.type == NH_ERROR) {
            ts_observe_error(&frame, "for await", " throws", value.as.error);
        }
        leave(loop);
        return;
    }
    if (status == NH_STEP_DONE || loop->session->over) {
        leave(loop);
        return;
    }
    const char *name = json_string_value(json_object_get(loop->step, "as"));
    ts_outcome outcome = ts_run_nested(&frame, json_object_get(loop->step, "do"), name, value);
    nh_value_release(&frame.returned);
    if (goes_on(&outcome)) {
        nh_readable_iterator_next(loop->iterator, on_step, loop);
    } else {
        nh_readable_iterator_return(loop->iterator, on_left, loop);
    }
}

ts_outcome ts_step_for_await(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return interrupted(frame);
    }
    bool readable = value.type == NH_OBJECT && nh_emitter_is_a(value.as.object, "Readable");
    if (!readable) {
        nh_value_release(&value);
        ts_session_report_unsupported(frame->session,
                                      "for await over something else than a stream");
        return TS_OVER;
    }
    async_loop *loop = nh_memory_allocate_zeroed(frame->session->memory, 1, sizeof(*loop));
    if (loop != NULL) {
        loop->iterator = nh_readable_iterator_new(nh_as_stream(value.as.object), true);
    }
    nh_value_release(&value);
    if (loop == NULL || loop->iterator == NULL) {
        nh_memory_free(frame->session->memory, loop);
        ts_session_fail(frame->session, "out of memory");
        return TS_OVER;
    }
    loop->session = frame->session;
    loop->next = loop->session->async_loops;
    loop->session->async_loops = loop;
    loop->scope = ts_scope_retain(frame->scope);
    loop->lane = frame->lane;
    loop->step = step;
    nh_readable_iterator_next(loop->iterator, on_step, loop);
    return TS_CONTINUE;
}
