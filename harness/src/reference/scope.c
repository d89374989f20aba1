#include "reference/scope.h"

struct ts_scope {
    nh_memory *memory;
    size_t references;
    ts_scope *parent;
    nh_value variables; /* a map */
};

ts_scope *ts_scope_new(nh_memory *memory, ts_scope *parent) {
    ts_scope *scope = nh_memory_allocate_zeroed(memory, 1, sizeof(*scope));
    if (scope == NULL) {
        return NULL;
    }
    scope->memory = memory;
    scope->references = 1;
    scope->variables = nh_map_new(memory);
    if (scope->variables.type != NH_MAP) {
        nh_memory_free(memory, scope);
        return NULL;
    }
    scope->parent = parent != NULL ? ts_scope_retain(parent) : NULL;
    return scope;
}

ts_scope *ts_scope_retain(ts_scope *scope) {
    scope->references++;
    return scope;
}

void ts_scope_release(ts_scope *scope) {
    while (scope != NULL && --scope->references == 0) {
        ts_scope *parent = scope->parent;
        nh_value_release(&scope->variables);
        nh_memory_free(scope->memory, scope);
        scope = parent;
    }
}

bool ts_scope_declare(ts_scope *scope, const char *name, nh_value value) {
    return nh_map_set(scope->variables, name, value);
}

bool ts_scope_assign(ts_scope *scope, const char *name, nh_value value) {
    ts_scope *at = scope;
    while (!nh_map_has(at->variables, name) && at->parent != NULL) {
        at = at->parent;
    }
    return nh_map_set(at->variables, name, value);
}

bool ts_scope_find(const ts_scope *scope, const char *name, nh_value *out_value) {
    for (; scope != NULL; scope = scope->parent) {
        if (nh_map_has(scope->variables, name)) {
            *out_value = nh_map_get(scope->variables, name);
            return true;
        }
    }
    return false;
}

void ts_scope_clear(ts_scope *scope) {
    nh_value old = scope->variables;
    scope->variables = nh_undefined(); /* reads as an empty map from now on */
    nh_value_release(&old);
}
