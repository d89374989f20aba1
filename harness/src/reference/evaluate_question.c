/* The value forms that ask about a value: what it is, how long, its names, whether it is another.
 */
#include "reference/evaluate_question.h"

#include <string.h>

#include "reference/plain.h"
#include "reference/promise.h"

static const char *type_name(nh_value value) {
    switch (value.type) {
    case NH_INVALID:
    case NH_UNDEFINED:
        return "undefined";
    case NH_BOOLEAN:
        return "boolean";
    case NH_NUMBER:
        return "number";
    case NH_BIGINT:
        return "bigint";
    case NH_STRING:
        return "string";
    case NH_SYMBOL:
        return "symbol";
    case NH_FUNCTION:
        return "function";
    case NH_NULL:
    case NH_BUFFER:
    case NH_LIST:
    case NH_MAP:
    case NH_ERROR:
    case NH_OBJECT:
        break;
    }
    return "object";
}

bool ts_evaluate_typeof(ts_frame *frame, const json_t *form, const json_t *operand,
                        nh_value *out_value) {
    (void)form;
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return false;
    }
    *out_value = nh_string_of(frame->session->memory, type_name(value));
    nh_value_release(&value);
    return true;
}

bool ts_evaluate_length(ts_frame *frame, const json_t *form, const json_t *operand,
                        nh_value *out_value) {
    (void)form;
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return false;
    }
    size_t length = value.type == NH_LIST     ? nh_list_length(value)
                    : value.type == NH_STRING ? nh_string_utf16_length(value)
                    : value.type == NH_MAP    ? nh_map_length(value)
                                              : nh_value_bytes(value).length;
    nh_value_release(&value);
    *out_value = nh_number((double)length);
    return true;
}

bool ts_evaluate_text(ts_frame *frame, const json_t *form, const json_t *operand,
                      nh_value *out_value) {
    const char *given = json_string_value(json_object_get(form, "encoding"));
    const char *encoding = given != NULL ? given : "utf8";
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return false;
    }
    nh_memory *memory = frame->session->memory;
    nh_value text = value.type == NH_BUFFER
                        ? ts_plain_decode(memory, nh_value_bytes(value), encoding)
                        : nh_value_to_string(memory, value);
    nh_value_release(&value);
    return ts_finish_value(frame, text, out_value);
}

static void append_text(nh_memory *memory, nh_value list, nh_bytes text) {
    (void)nh_list_append_take(list, nh_string_new(memory, (const char *)text.data, text.length));
}

/* The enumerable ones: neither message nor stack. */
static void append_error_keys(nh_memory *memory, nh_value keys, const nh_error *error) {
    bool has_code = false;
    for (size_t i = 0; i < nh_error_property_count(error); i++) {
        nh_bytes key = nh_error_property_key_at(error, i);
        has_code = has_code || (key.length == 4 && memcmp(key.data, "code", 4) == 0);
        append_text(memory, keys, key);
    }
    if (!has_code && nh_error_code(error) != NULL) {
        append_text(memory, keys, nh_bytes_of_text("code"));
    }
}

bool ts_evaluate_keys(ts_frame *frame, const json_t *form, const json_t *operand,
                      nh_value *out_value) {
    (void)form;
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return false;
    }
    if (value.type == NH_OBJECT || value.type == NH_FUNCTION) {
        ts_session_report_unsupported(frame->session, "own properties of API objects");
        nh_value_release(&value);
        return false;
    }
    nh_memory *memory = frame->session->memory;
    nh_value keys = nh_list_new(memory);
    for (size_t i = 0; i < nh_list_length(value); i++) {
        (void)nh_list_append_take(keys, nh_string_format(memory, "%zu", i));
    }
    for (size_t i = 0; i < nh_map_length(value); i++) {
        append_text(memory, keys, nh_map_key_at(value, i));
    }
    if (value.type == NH_ERROR) {
        append_error_keys(memory, keys, value.as.error);
    }
    nh_value_release(&value);
    return ts_finish_value(frame, keys, out_value);
}

bool ts_evaluate_is(ts_frame *frame, const json_t *form, const json_t *operand,
                    nh_value *out_value) {
    (void)form;
    ts_arguments pair;
    if (!ts_evaluate_arguments(frame, operand, &pair)) {
        return false;
    }
    *out_value = nh_boolean(pair.count == 2 && nh_value_is_same(pair.values[0], pair.values[1]));
    ts_arguments_free(frame->session, &pair);
    return true;
}

bool ts_evaluate_instance(ts_frame *frame, const json_t *form, const json_t *operand,
                          nh_value *out_value) {
    (void)form;
    nh_value value;
    if (!ts_evaluate(frame, json_array_get(operand, 0), &value)) {
        return false;
    }
    const char *path = json_string_value(json_array_get(operand, 1));
    const char *dot = path != NULL ? strrchr(path, '.') : NULL;
    const char *name = dot != NULL ? dot + 1 : path;
    bool is = false;
    if (name != NULL && value.type == NH_OBJECT) {
        is = nh_emitter_is_a(value.as.object, name);
    } else if (name != NULL) {
        is = (value.type == NH_BUFFER && strcmp(name, "Buffer") == 0) ||
             (value.type == NH_LIST && strcmp(name, "Array") == 0) ||
             (ts_promise_is(value) && strcmp(name, "Promise") == 0) ||
             (value.type == NH_ERROR &&
              (strcmp(name, "Error") == 0 || strcmp(name, nh_error_name(value.as.error)) == 0));
    }
    nh_value_release(&value);
    *out_value = nh_boolean(is);
    return true;
}

bool ts_evaluate_not(ts_frame *frame, const json_t *form, const json_t *operand,
                     nh_value *out_value) {
    (void)form;
    nh_value value;
    if (!ts_evaluate(frame, operand, &value)) {
        return false;
    }
    *out_value = nh_boolean(!nh_value_is_truthy(value));
    nh_value_release(&value);
    return true;
}
