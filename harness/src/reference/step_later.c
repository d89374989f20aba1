/* What happens later: ticks, timers, signals, a server that listens. */
#include <stdlib.h>
#include <string.h>

#include "reference/closure.h"
#include "reference/promise.h"
#include "reference/step.h"

static ts_outcome scheduled(ts_frame *frame, nh_value function, bool done) {
    nh_value_release(&function);
    if (!done) {
        ts_session_fail(frame->session, "out of memory");
        return TS_OVER;
    }
    return TS_CONTINUE;
}

ts_outcome ts_step_tick(ts_frame *frame, const json_t *step, const json_t *operand) {
    (void)step;
    nh_value function = ts_function_of(frame, operand);
    return scheduled(frame, function, nh_loop_next_tick(frame->session->loop, function));
}

ts_outcome ts_step_microtask(ts_frame *frame, const json_t *step, const json_t *operand) {
    (void)step;
    nh_value function = ts_function_of(frame, operand);
    return scheduled(frame, function, nh_loop_queue_microtask(frame->session->loop, function));
}

ts_outcome ts_step_immediate(ts_frame *frame, const json_t *step, const json_t *operand) {
    (void)step;
    nh_value function = ts_pending_function_of(frame, operand);
    return scheduled(frame, function, nh_loop_set_immediate(frame->session->loop, function) != 0);
}

ts_outcome ts_step_after(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_value delay;
    if (!ts_evaluate(frame, operand, &delay)) {
        return frame->session->over ? TS_OVER : TS_THROW;
    }
    double ms = delay.type == NH_NUMBER ? delay.as.number * frame->session->time_scale : 0;
    nh_value_release(&delay);
    nh_value function = ts_pending_function_of(frame, json_object_get(step, "do"));
    return scheduled(
        frame, function,
        nh_loop_set_timeout(frame->session->loop, function, ms > 0 ? (uint64_t)ms : 0) != 0);
}

/* --- signals ---------------------------------------------------------------------------------- */

/* Lets the `when` steps that wait for a signal run, each in a turn of its own, in the order in
 * which they were reached. */
static void wake(ts_session *session, const char *name) {
    nh_value waiting = nh_undefined();
    if (!ts_scope_find(session->globals, "(waiting)", &waiting)) {
        return;
    }
    nh_value functions = nh_value_retain(nh_map_get(waiting, name));
    nh_map_delete_bytes(waiting, nh_bytes_of_text(name));
    for (size_t i = 0; i < nh_list_length(functions); i++) {
        if (nh_loop_set_immediate(session->loop, nh_list_get(functions, i)) == 0) {
            ts_session_fail(session, "out of memory");
        }
    }
    nh_value_release(&functions);
}

static void give(ts_session *session, const char *name) {
    (void)json_object_set_new(session->signals, name, json_true());
    wake(session, name);
}

void ts_session_signal(ts_session *session, const char *name) {
    if (!session->over) {
        give(session, name);
    }
}

ts_outcome ts_step_signal(ts_frame *frame, const json_t *step, const json_t *operand) {
    (void)step;
    ts_session *session = frame->session;
    const char *name = json_string_value(operand);
    give(session, name);
    if (!session->over) {
        session->events->signal(session->owner, name);
    }
    return TS_CONTINUE;
}

ts_outcome ts_step_when(ts_frame *frame, const json_t *step, const json_t *operand) {
    ts_session *session = frame->session;
    const char *name = json_string_value(operand);
    nh_value waiting = nh_undefined();
    if (!ts_scope_find(session->globals, "(waiting)", &waiting)) {
        nh_value fresh = nh_map_new(session->memory);
        (void)ts_scope_declare(session->globals, "(waiting)", fresh);
        nh_value_release(&fresh);
        (void)ts_scope_find(session->globals, "(waiting)", &waiting);
    }
    if (!nh_map_has(waiting, name)) {
        (void)nh_map_set_take(waiting, name, nh_list_new(session->memory));
    }
    nh_value function = ts_function_of(frame, json_object_get(step, "do"));
    bool added = nh_list_append(nh_map_get(waiting, name), function);
    if (added && json_object_get(session->signals, name) != NULL) {
        wake(session, name);
    }
    return scheduled(frame, function, added);
}

/* --- listening -------------------------------------------------------------------------------- */

/* Rounds of the loop in which a server may come to listen (its host may have to be looked up). */
#define LOOKS 1000

/* That a server listens is found out by looking, so that no listener of ours is on it. */
typedef struct look {
    ts_session *session;
    nh_value server;
    char *name;
    unsigned rounds;
} look;

static void look_release(void *data) {
    look *self = data;
    nh_value_release(&self->server);
    free(self->name);
    free(self);
}

static void look_now(const nh_value *arguments, size_t count, void *data, nh_value *out_result);

static void look_later(look *self) {
    nh_value function = nh_function_new(self->session->memory, "", look_now, self, look_release);
    if (function.type == NH_INVALID) {
        look_release(self);
        return;
    }
    (void)nh_loop_set_immediate(self->session->loop, function);
    nh_value_release(&function);
}

/* True when there is nothing more to look for. */
static bool look_once(look *self) {
    ts_session *session = self->session;
    nh_address address;
    if (session->over || !ts_find_listening_address(session, self->server.as.object, &address)) {
        return session->over || ++self->rounds > LOOKS;
    }
    ts_session_set_address(session, self->name, &address);
    session->events->listening(session->owner, self->name, &address);
    return true;
}

static void look_now(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    look *self = data;
    if (!look_once(self)) {
        look *next = malloc(sizeof(*next));
        if (next != NULL) {
            *next = *self; /* this one goes with the function that is running */
            next->server = nh_value_retain(self->server);
            next->name = strdup(self->name);
            look_later(next);
        }
    }
}

static void look_for_address(ts_session *session, const char *name, nh_value server) {
    look *self = calloc(1, sizeof(*self));
    char *copy = strdup(name);
    if (self == NULL || copy == NULL) {
        free(self);
        free(copy);
        ts_session_fail(session, "out of memory");
        return;
    }
    *self = (look){.session = session, .server = nh_value_retain(server), .name = copy};
    if (look_once(self)) {
        look_release(self);
    } else {
        look_later(self);
    }
}

/* The arguments of listen(): those given, or any port of the loopback address; then the callback.
 */
static bool listen_arguments(ts_frame *frame, const json_t *step, ts_arguments *out_arguments) {
    json_t *given = json_object_get(step, "args");
    json_t *arguments = given != NULL ? json_copy(given)
                        : json_is_true(json_object_get(step, "unix"))
                            ? json_pack("[s]", frame->session->unix_path)
                            : json_pack("[i,s]", 0, "127.0.0.1");
    bool done = ts_evaluate_arguments(frame, arguments, out_arguments);
    json_decref(arguments);
    json_t *steps = json_object_get(step, "do");
    if (!done || steps == NULL) {
        return done;
    }
    nh_value *longer = realloc(out_arguments->values, (out_arguments->count + 1) * sizeof(*longer));
    if (longer == NULL) {
        ts_arguments_free(frame->session, out_arguments);
        return false;
    }
    out_arguments->values = longer;
    longer[out_arguments->count++] = ts_function_of(frame, steps);
    return true;
}

ts_outcome ts_step_listen(ts_frame *frame, const json_t *step, const json_t *operand) {
    ts_session *session = frame->session;
    const char *name = json_string_value(operand);
    nh_value server = nh_undefined();
    if (!ts_path_get(frame, name, &server)) {
        return session->over ? TS_OVER : TS_THROW;
    }
    ts_arguments arguments;
    if (server.type != NH_OBJECT || !listen_arguments(frame, step, &arguments)) {
        nh_value_release(&server);
        ts_session_fail(session, "\"%s\" is not a server", name);
        return session->over ? TS_OVER : TS_THROW;
    }
    ts_place place = {.receiver = nh_value_retain(server), .member = strdup("listen")};
    nh_value result = nh_undefined();
    nh_error *error = NULL;
    bool called = ts_place_call(frame, &place, &arguments, false, &result, &error);
    if (error != NULL) {
        ts_observe_error(frame, name, ".listen() throws", error);
        nh_error_release(error);
    } else if (called) {
        look_for_address(session, name, server);
    }
    nh_value_release(&result);
    nh_value_release(&server);
    ts_place_free(&place);
    ts_arguments_free(session, &arguments);
    return called ? TS_CONTINUE : TS_OVER;
}

/* --- promises --------------------------------------------------------------------------------- */

/* A reaction: records "name fulfils" or "name rejects" with the value, then does the steps. */
static nh_value reaction(ts_frame *frame, const json_t *step, const char *suffix) {
    const char *name = json_string_value(json_object_get(step, "name"));
    ts_closure *closure = ts_closure_new(frame, step);
    if (closure != NULL && name != NULL) {
        size_t size = strlen(name) + strlen(suffix) + 1;
        closure->name = malloc(size);
        if (closure->name != NULL) {
            (void)snprintf(closure->name, size, "%s%s", name, suffix);
        }
    }
    return ts_closure_as_function(closure, name);
}

ts_outcome ts_step_promise(ts_frame *frame, const json_t *step, const json_t *operand) {
    nh_value promise;
    if (!ts_evaluate(frame, operand, &promise)) {
        return frame->session->over ? TS_OVER : TS_THROW;
    }
    if (!ts_promise_is(promise)) {
        nh_value_release(&promise);
        ts_session_report_unsupported(frame->session, "a promise step on something else");
        return TS_OVER;
    }
    nh_value fulfilled = reaction(frame, step, " fulfils");
    nh_value rejected = reaction(frame, step, " rejects");
    bool done = ts_promise_then(frame->session->loop, promise, fulfilled, rejected);
    nh_value_release(&promise);
    nh_value_release(&rejected);
    return scheduled(frame, fulfilled, done);
}
