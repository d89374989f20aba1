#include "reference/binding.h"

#include <nodehttp/server.h>

#include <stdint.h>
#include <string.h>

#include "reference/binding_rows.h"

static const ts_binding_rows *const groups[] = {
#define TS_BINDING_GROUP(name) &ts_binding_rows_of_##name,
    TS_BINDING_GROUPS(TS_BINDING_GROUP)
#undef TS_BINDING_GROUP
};
#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

nh_value ts_call_argument(const ts_call *call, size_t index) {
    return index < call->count ? call->arguments[index] : nh_undefined();
}

size_t ts_binding_count(void) {
    size_t count = 0;
    for (size_t group = 0; group < GROUP_COUNT; group++) {
        count += groups[group]->count;
    }
    return count;
}

const ts_binding *ts_binding_at(size_t index) {
    for (size_t group = 0; group < GROUP_COUNT; group++) {
        if (index < groups[group]->count) {
            return &groups[group]->rows[index];
        }
        index -= groups[group]->count;
    }
    return NULL;
}

const char *ts_member_kind_name(ts_member_kind kind) {
    switch (kind) {
    case TS_MEMBER_CONSTRUCTOR:
        return "constructor";
    case TS_MEMBER_FUNCTION:
        return "function";
    case TS_MEMBER_METHOD:
        return "method";
    case TS_MEMBER_PROPERTY:
        return "property";
    case TS_MEMBER_EVENT:
        return "event";
    case TS_MEMBER_OPTION:
        return "option";
    }
    return "member";
}

static bool is_code(const ts_binding *binding) {
    return binding->kind != TS_MEMBER_EVENT && binding->kind != TS_MEMBER_OPTION;
}

/* Whether a row is about this object: net.Server and http.Server have one name. */
static bool is_about(const ts_binding_rows *group, const ts_binding *row,
                     const nh_emitter *object) {
    return nh_emitter_is_a(object, row->class_name) &&
           (group != &ts_binding_rows_of_server || nh_server_of((nh_emitter *)(uintptr_t)object));
}

const ts_binding *ts_binding_of_object(const nh_emitter *object, const char *member) {
    for (size_t group = 0; group < GROUP_COUNT; group++) {
        for (size_t i = 0; i < groups[group]->count; i++) {
            const ts_binding *row = &groups[group]->rows[i];
            if ((row->kind == TS_MEMBER_METHOD || row->kind == TS_MEMBER_PROPERTY) &&
                strcmp(row->member, member) == 0 && is_about(groups[group], row, object)) {
                return row;
            }
        }
    }
    return NULL;
}

const ts_binding *ts_binding_of_module(const char *module, const char *member) {
    for (size_t group = 0; group < GROUP_COUNT; group++) {
        for (size_t i = 0; i < groups[group]->count; i++) {
            const ts_binding *row = &groups[group]->rows[i];
            if (is_code(row) && strcmp(row->class_name, module) == 0 &&
                strcmp(row->member, member) == 0) {
                return row;
            }
        }
    }
    return NULL;
}

/* A row that became a value. */
typedef struct detached {
    const ts_binding *binding;
    nh_loop *loop;
    nh_memory *memory;
} detached;

static void free_detached(void *data) {
    detached *it = data;
    nh_memory_free(it->memory, it);
}

static void throw_take(nh_loop *loop, nh_error *error) {
    nh_loop_throw(loop, error);
    nh_error_release(error);
}

static void call_detached(const nh_value *arguments, size_t count, void *data,
                          nh_value *out_result) {
    const detached *it = data;
    if (it->binding->kind != TS_MEMBER_FUNCTION) {
        throw_take(it->loop, nh_error_new(it->memory, "TypeError", NULL,
                                          "Cannot read properties of undefined"));
        return;
    }
    ts_call call = {.loop = it->loop,
                    .memory = it->memory,
                    .arguments = arguments,
                    .count = count,
                    .result = nh_undefined()};
    nh_error *error = it->binding->invoke(&call);
    *out_result = call.result;
    if (error != NULL) {
        throw_take(it->loop, error);
    }
}

nh_value ts_binding_as_function(const ts_binding *binding, nh_loop *loop, nh_memory *memory) {
    detached *it = nh_memory_allocate(memory, sizeof(*it));
    if (it == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    *it = (detached){.binding = binding, .loop = loop, .memory = memory};
    nh_value function = nh_function_new(memory, binding->member, call_detached, it, free_detached);
    if (function.type != NH_FUNCTION) {
        free_detached(it);
    }
    return function;
}

const char *ts_binding_module(const char *name) {
    static const char *const modules[] = {"http",   "net",    "stream",      "process",
                                          "Buffer", "events", "AbortSignal", "globalThis"};
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        if (strcmp(name, modules[i]) == 0) {
            return modules[i];
        }
    }
    return NULL;
}
