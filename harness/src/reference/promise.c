#include "reference/promise.h"

#define STATE "(promise)"
#define REACTIONS "(reactions)"
#define RESULT "(result)"

bool ts_promise_is(nh_value value) {
    return value.type == NH_MAP && nh_map_has(value, STATE);
}

static void react(nh_value reaction, nh_value result) {
    nh_value function = nh_list_get(reaction, result.type == NH_ERROR ? 1 : 0);
    nh_function_invoke(function, &result, 1, NULL);
}

static void settle(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)out_result;
    nh_value promise = {.type = NH_MAP, .as = {.map = data}};
    nh_value result = count > 0 ? arguments[0] : nh_undefined();
    if (nh_map_has(promise, RESULT) || !nh_map_set(promise, RESULT, result)) {
        return;
    }
    nh_value reactions = nh_value_retain(nh_map_get(promise, REACTIONS));
    for (size_t i = 0; i < nh_list_length(reactions); i++) {
        react(nh_list_get(reactions, i), result);
    }
    nh_value_release(&reactions);
}

static void release_promise(void *data) {
    nh_value promise = {.type = NH_MAP, .as = {.map = data}};
    nh_value_release(&promise);
}

nh_value ts_promise_new(nh_loop *loop, nh_value *out_settle) {
    nh_memory *memory = nh_loop_memory(loop);
    nh_value promise = nh_map_new(memory);
    *out_settle = nh_undefined();
    if (!nh_map_set(promise, STATE, nh_boolean(true)) ||
        !nh_map_set_take(promise, REACTIONS, nh_list_new(memory))) {
        nh_value_release(&promise);
        return (nh_value){.type = NH_INVALID};
    }
    nh_value kept = nh_value_retain(promise);
    *out_settle = nh_function_new(memory, "settle", settle, kept.as.map, release_promise);
    if (out_settle->type == NH_INVALID) {
        nh_value_release(&kept);
        nh_value_release(&promise);
        return (nh_value){.type = NH_INVALID};
    }
    return promise;
}

/* The reaction to a promise that was settled before, as a job of its own. */
static void react_later(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    nh_value job = {.type = NH_LIST, .as = {.list = data}};
    react(job, nh_list_get(job, 2));
}

static void release_job(void *data) {
    nh_value job = {.type = NH_LIST, .as = {.list = data}};
    nh_value_release(&job);
}

bool ts_promise_then(nh_loop *loop, nh_value promise, nh_value fulfilled, nh_value rejected) {
    nh_memory *memory = nh_loop_memory(loop);
    nh_value reaction = nh_list_new(memory);
    bool done = nh_list_append(reaction, fulfilled) && nh_list_append(reaction, rejected);
    if (done && !nh_map_has(promise, RESULT)) {
        return nh_list_append_take(nh_map_get(promise, REACTIONS), reaction);
    }
    done = done && nh_list_append(reaction, nh_map_get(promise, RESULT));
    nh_value job = done ? nh_function_new(memory, "", react_later, reaction.as.list, release_job)
                        : (nh_value){.type = NH_INVALID};
    if (job.type == NH_INVALID) {
        nh_value_release(&reaction);
        return false;
    }
    done = nh_loop_queue_microtask(loop, job);
    nh_value_release(&job);
    return done;
}
