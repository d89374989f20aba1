#include <nodehttp/error.h>

#include "core/value_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct nh_error {
    size_t references;
    nh_memory *memory; /* NULL: the static error, which is not counted */
    const char *name;
    const char *code;
    nh_bytes message;
    nh_value properties; /* a map once there are any */
    nh_value stands_for; /* a value that was thrown in place of an error; NH_INVALID: none */
    char texts[];        /* name, message, code, each with its NUL */
};

/* Never changed, so that loops on several threads may share it. */
static nh_error out_of_memory = {
    .name = "Error",
    .code = "ERR_MEMORY_ALLOCATION_FAILED",
    .message = {(const uint8_t *)"Failed to allocate memory",
                sizeof("Failed to allocate memory") - 1},
    .properties = {.type = NH_UNDEFINED},
};

nh_error *nh_error_out_of_memory(void) {
    return &out_of_memory;
}

/* An error with room for a message of `length` bytes, to be written to *out_message; NULL without
 * memory. */
static nh_error *allocate(nh_memory *memory, const char *name, const char *code, size_t length,
                          char **out_message) {
    size_t name_size = strlen(name) + 1;
    size_t code_size = code == NULL ? 0 : strlen(code) + 1;
    nh_error *error =
        nh_memory_allocate(memory, sizeof(nh_error) + name_size + length + 1 + code_size);
    if (error == NULL) {
        return NULL;
    }
    char *message = error->texts + name_size;
    char *code_copy = message + length + 1;
    *error = (nh_error){
        .references = 1,
        .memory = memory,
        .name = error->texts,
        .code = code == NULL ? NULL : code_copy,
        .message = {(const uint8_t *)message, length},
        .properties = nh_undefined(),
        .stands_for = {.type = NH_INVALID},
    };
    memcpy(error->texts, name, name_size);
    if (code != NULL) {
        memcpy(code_copy, code, code_size);
    }
    message[length] = '\0';
    *out_message = message;
    return error;
}

nh_error *nh_error_new(nh_memory *memory, const char *name, const char *code, const char *format,
                       ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *message;
    nh_error *error = length < 0 ? NULL : allocate(memory, name, code, (size_t)length, &message);
    if (error != NULL) {
        (void)vsnprintf(message, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(arguments);
    return error != NULL ? error : &out_of_memory;
}

nh_error *nh_error_new_of_bytes(nh_memory *memory, const char *name, const char *code,
                                nh_bytes message) {
    char *text;
    nh_error *error = allocate(memory, name, code, message.length, &text);
    if (error == NULL) {
        return &out_of_memory;
    }
    if (message.length != 0) {
        memcpy(text, message.data, message.length);
    }
    return error;
}

nh_error *nh_error_new_of_string_take(nh_memory *memory, const char *name, const char *code,
                                      nh_value message) {
    nh_error *error = &out_of_memory;
    if (message.type == NH_STRING) {
        error = nh_error_new_of_bytes(memory, name, code, nh_value_bytes(message));
    }
    nh_value_release(&message);
    return error;
}

nh_error *nh_error_of_value(nh_memory *memory, nh_value value) {
    if (value.type == NH_ERROR) {
        return nh_error_retain(value.as.error);
    }
    nh_error *error =
        nh_error_new_of_string_take(memory, "Error", NULL, nh_value_to_string(memory, value));
    if (error->memory != NULL) {
        error->stands_for = nh_value_retain(value);
    }
    return error;
}

nh_value nh_error_stands_for(const nh_error *error) {
    return error->stands_for;
}

nh_error *nh_error_retain(nh_error *error) {
    if (error->memory != NULL) {
        error->references++;
    }
    return error;
}

void nh_error_release(nh_error *error) {
    if (error == NULL || error->memory == NULL || --error->references != 0) {
        return;
    }
    nh_value_release(&error->properties);
    nh_value_release(&error->stands_for);
    nh_memory_free(error->memory, error);
}

const char *nh_error_name(const nh_error *error) {
    return error->name;
}

const char *nh_error_code(const nh_error *error) {
    return error->code;
}

const char *nh_error_message(const nh_error *error) {
    return (const char *)error->message.data;
}

nh_bytes nh_error_message_bytes(const nh_error *error) {
    return error->message;
}

nh_value nh_error_property(const nh_error *error, const char *key) {
    return nh_map_get(error->properties, key);
}

size_t nh_error_property_count(const nh_error *error) {
    return nh_map_length(error->properties);
}

nh_bytes nh_error_property_key_at(const nh_error *error, size_t index) {
    return nh_map_key_at(error->properties, index);
}

nh_value nh_error_property_at(const nh_error *error, size_t index) {
    return nh_map_value_at(error->properties, index);
}

void nh_error_set_property_take(nh_error *error, const char *key, nh_value value) {
    if (error->memory != NULL && error->properties.type != NH_MAP) {
        error->properties = nh_map_new(error->memory);
    }
    (void)nh_map_set_take(error->properties, key, value); /* refuses NH_INVALID and no map */
}
