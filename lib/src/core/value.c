/* Tagged values: scalars, references, and the questions that can be asked of any value. */
#include <nodehttp/emitter.h>
#include <nodehttp/error.h>
#include <nodehttp/value.h>

#include "core/text.h"
#include "core/value_internal.h"

#include <math.h>
#include <string.h>

nh_bytes nh_bytes_of(const void *data, size_t length) {
    return (nh_bytes){data, length};
}

nh_bytes nh_bytes_of_text(const char *text) {
    return (nh_bytes){(const uint8_t *)text, strlen(text)};
}

bool nh_bytes_equal(nh_bytes a, nh_bytes b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool nh_bytes_equal_text(nh_bytes bytes, const char *text) {
    return nh_bytes_equal(bytes, nh_bytes_of_text(text));
}

static uint8_t to_lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool nh_bytes_equal_text_ignoring_case(nh_bytes bytes, const char *text) {
    nh_bytes other = nh_bytes_of_text(text);
    if (bytes.length != other.length) {
        return false;
    }
    for (size_t i = 0; i < bytes.length; i++) {
        if (to_lower(bytes.data[i]) != to_lower(other.data[i])) {
            return false;
        }
    }
    return true;
}

nh_value nh_undefined(void) {
    return (nh_value){.type = NH_UNDEFINED};
}

nh_value nh_null(void) {
    return (nh_value){.type = NH_NULL};
}

nh_value nh_boolean(bool boolean) {
    return (nh_value){.type = NH_BOOLEAN, .as.boolean = boolean};
}

nh_value nh_number(double number) {
    return (nh_value){.type = NH_NUMBER, .as.number = number};
}

nh_value nh_value_of_error_take(nh_error *error) {
    if (error == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    return (nh_value){.type = NH_ERROR, .as.error = error};
}

nh_value nh_value_of_error(nh_error *error) {
    return nh_value_of_error_take(error == NULL ? NULL : nh_error_retain(error));
}

nh_value nh_value_of_object_take(nh_emitter *object) {
    if (object == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    return (nh_value){.type = NH_OBJECT, .as.object = object};
}

nh_value nh_value_of_object(nh_emitter *object) {
    return nh_value_of_object_take(object == NULL ? NULL : nh_emitter_retain(object));
}

nh_value nh_value_retain(nh_value value) {
    switch (value.type) {
    case NH_STRING:
    case NH_SYMBOL:
    case NH_BIGINT:
        value.as.string->references++;
        break;
    case NH_BUFFER:
        nh_buffer_retain(value.as.buffer);
        break;
    case NH_LIST:
        nh_list_retain(value.as.list);
        break;
    case NH_MAP:
        nh_map_retain(value.as.map);
        break;
    case NH_ERROR:
        (void)nh_error_retain(value.as.error);
        break;
    case NH_FUNCTION:
        nh_function_retain(value.as.function);
        break;
    case NH_OBJECT:
        (void)nh_emitter_retain(value.as.object);
        break;
    case NH_INVALID:
    case NH_UNDEFINED:
    case NH_NULL:
    case NH_BOOLEAN:
    case NH_NUMBER:
        break;
    }
    return value;
}

void nh_value_release(nh_value *value) {
    nh_value old = *value;
    *value = nh_undefined(); /* first: what is freed may run code that looks here */
    switch (old.type) {
    case NH_STRING:
    case NH_SYMBOL:
    case NH_BIGINT:
        nh_string_release(old.as.string);
        break;
    case NH_BUFFER:
        nh_buffer_release(old.as.buffer);
        break;
    case NH_LIST:
        nh_list_release(old.as.list);
        break;
    case NH_MAP:
        nh_map_release(old.as.map);
        break;
    case NH_ERROR:
        nh_error_release(old.as.error);
        break;
    case NH_FUNCTION:
        nh_function_release(old.as.function);
        break;
    case NH_OBJECT:
        nh_emitter_release(old.as.object);
        break;
    case NH_INVALID:
    case NH_UNDEFINED:
    case NH_NULL:
    case NH_BOOLEAN:
    case NH_NUMBER:
        break;
    }
}

void nh_value_assign_take(nh_value *slot, nh_value value) {
    nh_value old = *slot;
    *slot = value;
    nh_value_release(&old);
}

nh_bytes nh_value_bytes(nh_value value) {
    switch (value.type) {
    case NH_STRING:
    case NH_SYMBOL:
    case NH_BIGINT:
        return nh_bytes_of(value.as.string->text, value.as.string->length);
    case NH_BUFFER:
        return nh_buffer_bytes(value.as.buffer);
    case NH_INVALID:
    case NH_UNDEFINED:
    case NH_NULL:
    case NH_BOOLEAN:
    case NH_NUMBER:
    case NH_LIST:
    case NH_MAP:
    case NH_ERROR:
    case NH_FUNCTION:
    case NH_OBJECT:
        break;
    }
    return nh_bytes_of("", 0);
}

const char *nh_value_text(nh_value value) {
    return value.type == NH_STRING ? value.as.string->text : "";
}

bool nh_value_is_truthy(nh_value value) {
    switch (value.type) {
    case NH_INVALID:
    case NH_UNDEFINED:
    case NH_NULL:
        return false;
    case NH_BOOLEAN:
        return value.as.boolean;
    case NH_NUMBER:
        return value.as.number < 0 || value.as.number > 0; /* not NaN */
    case NH_BIGINT:
        return !nh_bytes_equal_text(nh_value_bytes(value), "0");
    case NH_STRING:
        return value.as.string->length != 0;
    case NH_SYMBOL:
    case NH_BUFFER:
    case NH_LIST:
    case NH_MAP:
    case NH_ERROR:
    case NH_FUNCTION:
    case NH_OBJECT:
        break;
    }
    return true;
}

bool nh_value_is_nullish(nh_value value) {
    return value.type == NH_UNDEFINED || value.type == NH_NULL;
}

bool nh_value_is_same(nh_value a, nh_value b) {
    if (a.type != b.type) {
        return false;
    }
    switch (a.type) {
    case NH_INVALID:
        return false;
    case NH_UNDEFINED:
    case NH_NULL:
        return true;
    case NH_BOOLEAN:
        return a.as.boolean == b.as.boolean;
    case NH_NUMBER:
        return a.as.number >= b.as.number && a.as.number <= b.as.number; /* NaN differs, -0 is 0 */
    case NH_BIGINT:
    case NH_STRING:
        return nh_bytes_equal(nh_value_bytes(a), nh_value_bytes(b));
    case NH_SYMBOL:
        return a.as.string == b.as.string;
    case NH_BUFFER:
        return a.as.buffer == b.as.buffer;
    case NH_LIST:
        return a.as.list == b.as.list;
    case NH_MAP:
        return a.as.map == b.as.map;
    case NH_ERROR:
        return a.as.error == b.as.error;
    case NH_FUNCTION:
        return a.as.function == b.as.function;
    case NH_OBJECT:
        return a.as.object == b.as.object;
    }
    return false;
}

bool nh_value_is_text(nh_value value, const char *text) {
    return value.type == NH_STRING && nh_bytes_equal_text(nh_value_bytes(value), text);
}

/* A list that contains itself would never end; nobody means more than this. */
#define MAX_JOIN_DEPTH 64

static void add_as_string(nh_text *text, nh_value value, int depth) {
    char number[NH_NUMBER_TEXT_SIZE];

    switch (value.type) {
    case NH_INVALID:
        text->failed = true;
        break;
    case NH_UNDEFINED:
        nh_text_add_c(text, "undefined");
        break;
    case NH_NULL:
        nh_text_add_c(text, "null");
        break;
    case NH_BOOLEAN:
        nh_text_add_c(text, value.as.boolean ? "true" : "false");
        break;
    case NH_NUMBER:
        nh_text_add(text, number, nh_number_to_text(value.as.number, number));
        break;
    case NH_BIGINT:
    case NH_STRING:
        nh_text_add_bytes(text, nh_value_bytes(value));
        break;
    case NH_SYMBOL:
        nh_text_add_c(text, "Symbol(");
        nh_text_add_bytes(text, nh_value_bytes(value));
        nh_text_add_c(text, ")");
        break;
    case NH_BUFFER: {
        nh_value decoded = nh_string_of_utf8(text->memory, nh_value_bytes(value));
        add_as_string(text, decoded, depth);
        nh_value_release(&decoded);
        break;
    }
    case NH_LIST:
        for (size_t i = 0; depth < MAX_JOIN_DEPTH && i < nh_list_length(value); i++) {
            nh_value element = nh_list_get(value, i);
            nh_text_add_c(text, i == 0 ? "" : ",");
            if (!nh_value_is_nullish(element)) {
                add_as_string(text, element, depth + 1);
            }
        }
        break;
    case NH_ERROR:
        nh_text_add_c(text, nh_error_name(value.as.error));
        if (nh_error_message_bytes(value.as.error).length != 0) {
            nh_text_add_c(text, ": ");
            nh_text_add_bytes(text, nh_error_message_bytes(value.as.error));
        }
        break;
    case NH_FUNCTION:
        nh_text_add_format(text, "function %s() { [native code] }", nh_function_name(value));
        break;
    case NH_MAP:
    case NH_OBJECT:
        nh_text_add_c(text, "[object Object]");
        break;
    }
}

nh_value nh_value_to_string(nh_memory *memory, nh_value value) {
    if (value.type == NH_STRING) {
        return nh_value_retain(value);
    }
    nh_text text;
    nh_text_init(&text, memory);
    add_as_string(&text, value, 0);
    return nh_text_take_string(&text);
}
