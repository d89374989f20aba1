/* Values of a script: JSON scalars, references, special forms. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <nodehttp/client_request.h>

#include "reference/evaluate_entries.h"
#include "reference/evaluate_question.h"
#include "reference/frame.h"
#include "reference/plain.h"
#include "reference/promise.h"

typedef bool (*form_evaluator)(ts_frame *frame, const json_t *form, const json_t *operand,
                               nh_value *out_value);

bool ts_finish_value(ts_frame *frame, nh_value value, nh_value *out_value) {
    if (value.type == NH_INVALID) {
        ts_session_fail(frame->session, "out of memory");
        return false;
    }
    *out_value = value;
    return true;
}

static bool evaluate_undefined(ts_frame *frame, const json_t *form, const json_t *operand,
                               nh_value *out_value) {
    (void)frame;
    (void)form;
    (void)operand;
    *out_value = nh_undefined();
    return true;
}

static bool evaluate_number(ts_frame *frame, const json_t *form, const json_t *operand,
                            nh_value *out_value) {
    (void)frame;
    (void)form;
    const char *text = json_string_value(operand);
    *out_value = nh_number(text != NULL ? strtod(text, NULL) : json_number_value(operand));
    return true;
}

static bool evaluate_bigint(ts_frame *frame, const json_t *form, const json_t *operand,
                            nh_value *out_value) {
    (void)form;
    return ts_finish_value(frame,
                           nh_bigint_new(frame->session->memory, json_string_value(operand),
                                         json_string_length(operand)),
                           out_value);
}

static bool evaluate_symbol(ts_frame *frame, const json_t *form, const json_t *operand,
                            nh_value *out_value) {
    (void)form;
    return ts_finish_value(frame,
                           nh_symbol_new(frame->session->memory, json_string_value(operand),
                                         json_string_length(operand)),
                           out_value);
}

static int hexadecimal_digit(char digit) {
    const char *digits = "0123456789abcdef";
    const char *at = digit != '\0' ? strchr(digits, digit | 0x20) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static bool evaluate_bytes(ts_frame *frame, const json_t *form, const json_t *operand,
                           nh_value *out_value) {
    (void)form;
    const char *text = json_string_value(operand);
    size_t length = text != NULL ? strlen(text) / 2 : 0;
    nh_value buffer = nh_buffer_new(frame->session->memory, length);
    uint8_t *data = nh_buffer_data(buffer);
    for (size_t i = 0; i < length && buffer.type == NH_BUFFER; i++) {
        int high = hexadecimal_digit(text[2 * i]);
        int low = hexadecimal_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            nh_value_release(&buffer);
            ts_session_fail(frame->session, "\"%s\" is not hexadecimal", text);
            return false;
        }
        data[i] = (uint8_t)(high * 16 + low);
    }
    return ts_finish_value(frame, buffer, out_value);
}

static bool evaluate_buffer(ts_frame *frame, const json_t *form, const json_t *operand,
                            nh_value *out_value) {
    (void)form;
    nh_value text;
    if (!ts_evaluate(frame, operand, &text)) {
        return false;
    }
    nh_value buffer = text.type == NH_BUFFER
                          ? nh_value_retain(text)
                          : nh_buffer_of(frame->session->memory, nh_value_bytes(text));
    nh_value_release(&text);
    return ts_finish_value(frame, buffer, out_value);
}

/* Bytes, one for each character U+0000 to U+00FF of the text. */
static bool evaluate_latin1(ts_frame *frame, const json_t *form, const json_t *operand,
                            nh_value *out_value) {
    (void)form;
    nh_value text;
    if (!ts_evaluate(frame, operand, &text)) {
        return false;
    }
    nh_bytes bytes = nh_value_bytes(text);
    nh_value buffer = nh_buffer_new(frame->session->memory, bytes.length);
    uint8_t *data = nh_buffer_data(buffer);
    size_t length = 0;
    for (size_t i = 0; i < bytes.length && buffer.type == NH_BUFFER; i++) {
        uint8_t byte = bytes.data[i];
        if (byte >= 0xC0 && i + 1 < bytes.length) {
            byte = (uint8_t)((byte & 0x03) << 6 | (bytes.data[++i] & 0x3F));
        }
        data[length++] = byte;
    }
    nh_value_release(&text);
    nh_value exact = nh_buffer_slice(frame->session->memory, buffer, 0, length);
    nh_value_release(&buffer);
    return ts_finish_value(frame, exact, out_value);
}

/* UTF-8 of one UTF-16 code unit. */
static bool evaluate_char(ts_frame *frame, const json_t *form, const json_t *operand,
                          nh_value *out_value) {
    (void)form;
    nh_value number;
    if (!ts_evaluate(frame, operand, &number)) {
        return false;
    }
    unsigned code = number.type == NH_NUMBER ? (unsigned)number.as.number : 0;
    char text[4];
    size_t length = 0;
    if (code < 0x80) {
        text[length++] = (char)code;
    } else if (code < 0x800) {
        text[length++] = (char)(0xC0 | code >> 6);
        text[length++] = (char)(0x80 | (code & 0x3F));
    } else {
        text[length++] = (char)(0xE0 | (code >> 12 & 0x0F));
        text[length++] = (char)(0x80 | (code >> 6 & 0x3F));
        text[length++] = (char)(0x80 | (code & 0x3F));
    }
    return ts_finish_value(frame, nh_string_new(frame->session->memory, text, length), out_value);
}

/* Joins `pieces` `times` times: bytes when any piece is a buffer. */
static nh_value join(nh_memory *memory, const nh_value *pieces, size_t count, size_t times) {
    bool bytes = false;
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        bytes = bytes || pieces[i].type == NH_BUFFER;
        length += nh_value_bytes(pieces[i]).length;
    }
    if (times > 0 && length > (size_t)64 * 1024 * 1024 / times) {
        return (nh_value){.type = NH_INVALID};
    }
    nh_value buffer = nh_buffer_new(memory, length * times);
    uint8_t *at = nh_buffer_data(buffer);
    size_t filled = 0;
    for (size_t i = 0; i < count && times > 0 && buffer.type == NH_BUFFER; i++) {
        nh_bytes piece = nh_value_bytes(pieces[i]);
        if (piece.length > 0) {
            memcpy(at + filled, piece.data, piece.length);
            filled += piece.length;
        }
    }
    /* The first round is there; each copy doubles it. */
    while (filled > 0 && filled < length * times) {
        size_t rest = length * times - filled;
        size_t more = filled < rest ? filled : rest;
        memcpy(at + filled, at, more);
        filled += more;
    }
    if (bytes || buffer.type != NH_BUFFER) {
        return buffer;
    }
    nh_bytes all = nh_value_bytes(buffer);
    nh_value text = nh_string_new(memory, (const char *)all.data, all.length);
    nh_value_release(&buffer);
    return text;
}

static bool evaluate_repeat(ts_frame *frame, const json_t *form, const json_t *operand,
                            nh_value *out_value) {
    (void)form;
    ts_arguments parts;
    if (!ts_evaluate_arguments(frame, operand, &parts)) {
        return false;
    }
    double times =
        parts.count == 2 && parts.values[1].type == NH_NUMBER ? parts.values[1].as.number : -1;
    nh_value value = {.type = NH_INVALID};
    if (times >= 0) {
        value = join(frame->session->memory, parts.values, 1, (size_t)times);
    }
    ts_arguments_free(frame->session, &parts);
    return ts_finish_value(frame, value, out_value);
}

static bool evaluate_concat(ts_frame *frame, const json_t *form, const json_t *operand,
                            nh_value *out_value) {
    (void)form;
    ts_arguments parts;
    if (!ts_evaluate_arguments(frame, operand, &parts)) {
        return false;
    }
    for (size_t i = 0; i < parts.count; i++) {
        if (parts.values[i].type != NH_STRING && parts.values[i].type != NH_BUFFER) {
            nh_value_assign_take(&parts.values[i],
                                 nh_value_to_string(frame->session->memory, parts.values[i]));
        }
    }
    nh_value value = join(frame->session->memory, parts.values, parts.count, 1);
    ts_arguments_free(frame->session, &parts);
    return ts_finish_value(frame, value, out_value);
}

static const char *text_or(const json_t *object, const char *key, const char *fallback) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : fallback;
}

static bool evaluate_error(ts_frame *frame, const json_t *form, const json_t *operand,
                           nh_value *out_value) {
    (void)form;
    nh_error *error =
        nh_error_new(frame->session->memory, text_or(operand, "name", "Error"),
                     text_or(operand, "code", NULL), "%s", text_or(operand, "message", ""));
    const char *key;
    json_t *property;
    json_object_foreach((json_t *)(uintptr_t)operand, key, property) {
        if (strcmp(key, "name") == 0 || strcmp(key, "code") == 0 || strcmp(key, "message") == 0) {
            continue;
        }
        nh_value value;
        if (!ts_evaluate(frame, property, &value)) {
            nh_error_release(error);
            return false;
        }
        nh_error_set_property_take(error, key, value);
    }
    *out_value = nh_value_of_error_take(error);
    return true;
}

static bool evaluate_function(ts_frame *frame, const json_t *form, const json_t *operand,
                              nh_value *out_value) {
    (void)form;
    return ts_finish_value(frame, ts_function_of(frame, operand), out_value);
}

static bool evaluate_new(ts_frame *frame, const json_t *form, const json_t *operand,
                         nh_value *out_value) {
    ts_arguments arguments;
    if (!ts_evaluate_arguments(frame, json_object_get(form, "args"), &arguments)) {
        return false;
    }
    ts_place place;
    nh_error *error = NULL;
    bool done = ts_place_resolve(frame, operand, &place);
    if (done) {
        done = ts_place_call(frame, &place, &arguments, true, out_value, &error);
        ts_place_free(&place);
    }
    ts_arguments_free(frame->session, &arguments);
    if (error != NULL) {
        nh_loop_throw(frame->session->loop, error);
        nh_error_release(error);
        return false;
    }
    return done;
}

static bool evaluate_ms(ts_frame *frame, const json_t *form, const json_t *operand,
                        nh_value *out_value) {
    (void)form;
    *out_value = nh_number(json_number_value(operand) * frame->session->time_scale);
    return true;
}

/* A plain object; what distinguishes a Map, Headers, URL or Date needs JavaScript. */
static bool evaluate_members(ts_frame *frame, const json_t *form, const json_t *operand,
                             nh_value *out_value) {
    (void)form;
    nh_value map = nh_map_new(frame->session->memory);
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)operand, key, member) {
        nh_value value;
        if (!ts_evaluate(frame, member, &value)) {
            nh_value_release(&map);
            return false;
        }
        if (!nh_map_set_take(map, key, value)) {
            break;
        }
    }
    return ts_finish_value(frame, map, out_value);
}

static bool evaluate_url(ts_frame *frame, const json_t *form, const json_t *operand,
                         nh_value *out_value) {
    (void)form;
    nh_value text;
    if (!ts_evaluate(frame, operand, &text)) {
        return false;
    }
    nh_error *error = nh_url_new(frame->session->memory, text, out_value);
    nh_value_release(&text);
    if (error != NULL) {
        nh_loop_throw(frame->session->loop, error);
        nh_error_release(error);
    }
    return error == NULL;
}

/* What the overridden function gives, called with these arguments. */
static bool evaluate_super(ts_frame *frame, const json_t *form, const json_t *operand,
                           nh_value *out_value) {
    (void)form;
    return ts_call_super(frame, operand, out_value);
}

static const struct {
    const char *key;
    form_evaluator evaluate;
} forms[] = {
    {"$undefined", evaluate_undefined},
    {"$number", evaluate_number},
    {"$bigint", evaluate_bigint},
    {"$symbol", evaluate_symbol},
    {"$bytes", evaluate_bytes},
    {"$uint8array", evaluate_bytes},
    {"$buffer", evaluate_buffer},
    {"$latin1", evaluate_latin1},
    {"$char", evaluate_char},
    {"$repeat", evaluate_repeat},
    {"$concat", evaluate_concat},
    {"$error", evaluate_error},
    {"$function", evaluate_function},
    {"$new", evaluate_new},
    {"$null_prototype", evaluate_members},
    {"$map", ts_evaluate_map},
    {"$headers", ts_evaluate_headers},
    {"$typeof", ts_evaluate_typeof},
    {"$length", ts_evaluate_length},
    {"$text", ts_evaluate_text},
    {"$keys", ts_evaluate_keys},
    {"$is", ts_evaluate_is},
    {"$instance", ts_evaluate_instance},
    {"$not", ts_evaluate_not},
    {"$ms", evaluate_ms},
    {"$super", evaluate_super},
    {"$url", evaluate_url},
};

static bool evaluate_object(ts_frame *frame, const json_t *json, nh_value *out_value) {
    json_t *mutable_json = (json_t *)(uintptr_t)json; /* jansson's iterators are not const */
    const char *key = json_object_iter_key(json_object_iter(mutable_json));
    if (key == NULL || key[0] != '$') {
        return evaluate_members(frame, json, json, out_value);
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        json_t *operand = json_object_get(json, forms[i].key);
        if (operand != NULL) {
            return forms[i].evaluate(frame, json, operand, out_value);
        }
    }
    ts_session_report_unsupported(frame->session, "the value form %s", key);
    return false;
}

static bool evaluate_list(ts_frame *frame, const json_t *json, nh_value *out_value) {
    nh_value list = nh_list_new(frame->session->memory);
    for (size_t i = 0; i < json_array_size(json); i++) {
        nh_value element;
        if (!ts_evaluate(frame, json_array_get(json, i), &element)) {
            nh_value_release(&list);
            return false;
        }
        if (!nh_list_append_take(list, element)) {
            break;
        }
    }
    return ts_finish_value(frame, list, out_value);
}

bool ts_evaluate(ts_frame *frame, const json_t *json, nh_value *out_value) {
    *out_value = nh_undefined();
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return evaluate_object(frame, json, out_value);
    case JSON_ARRAY:
        return evaluate_list(frame, json, out_value);
    case JSON_STRING: {
        const char *text = json_string_value(json);
        size_t length = json_string_length(json);
        if (text[0] == '$' && text[1] != '$' && length > 1) {
            return ts_path_get(frame, text + 1, out_value);
        }
        size_t skip = text[0] == '$' && length > 1 ? 1 : 0;
        return ts_finish_value(
            frame, nh_string_new(frame->session->memory, text + skip, length - skip), out_value);
    }
    case JSON_INTEGER:
    case JSON_REAL:
        *out_value = nh_number(json_number_value(json));
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        *out_value = nh_boolean(json_is_true(json));
        return true;
    case JSON_NULL:
        *out_value = nh_null();
        return true;
    }
    return false;
}

bool ts_evaluate_arguments(ts_frame *frame, const json_t *json, ts_arguments *out_arguments) {
    size_t count = json_array_size(json);
    out_arguments->count = 0;
    out_arguments->values = NULL;
    if (count == 0) {
        return true;
    }
    out_arguments->values = calloc(count, sizeof(nh_value));
    if (out_arguments->values == NULL) {
        ts_session_fail(frame->session, "out of memory");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!ts_evaluate(frame, json_array_get(json, i), &out_arguments->values[i])) {
            ts_arguments_free(frame->session, out_arguments);
            return false;
        }
        out_arguments->count++;
    }
    return true;
}

void ts_arguments_free(ts_session *session, ts_arguments *arguments) {
    (void)session;
    for (size_t i = 0; i < arguments->count; i++) {
        nh_value_release(&arguments->values[i]);
    }
    free(arguments->values);
    arguments->values = NULL;
    arguments->count = 0;
}
