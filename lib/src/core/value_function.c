#include "core/value_internal.h"

#include <string.h>

struct nh_function {
    size_t references;
    nh_memory *memory;
    nh_function_call call;
    void *data;
    void (*release)(void *data);
    char name[];
};

nh_value nh_function_new(nh_memory *memory, const char *name, nh_function_call call, void *data,
                         void (*release)(void *data)) {
    size_t length = strlen(name);
    nh_function *function = nh_memory_allocate(memory, sizeof(nh_function) + length + 1);
    if (function == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    *function = (nh_function){
        .references = 1, .memory = memory, .call = call, .data = data, .release = release};
    memcpy(function->name, name, length + 1);
    return (nh_value){.type = NH_FUNCTION, .as.function = function};
}

void nh_function_retain(nh_function *function) {
    function->references++;
}

void nh_function_release(nh_function *function) {
    if (--function->references != 0) {
        return;
    }
    if (function->release != NULL) {
        function->release(function->data);
    }
    nh_memory_free(function->memory, function);
}

void nh_function_invoke(nh_value function, const nh_value *arguments, size_t count,
                        nh_value *out_result) {
    nh_value result = nh_undefined();
    if (function.type == NH_FUNCTION) {
        /* The call may drop the last reference to the function that is running. */
        nh_value running = nh_value_retain(function);
        running.as.function->call(arguments, count, running.as.function->data, &result);
        nh_value_release(&running);
    }
    if (out_result != NULL) {
        *out_result = result;
    } else {
        nh_value_release(&result);
    }
}

const char *nh_function_name(nh_value function) {
    return function.type == NH_FUNCTION ? function.as.function->name : "";
}
