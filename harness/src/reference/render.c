/* Values of the library as the JSON that observations show. */
#include <math.h>
#include <string.h>

#include "reference/frame.h"
#include "reference/promise.h"

#define DEPTH_LIMIT 8

static json_t *render(ts_session *session, nh_value value, bool detailed, int depth);

static json_t *render_number(double number) {
    if (isnan(number)) {
        return json_pack("{s:s}", "$number", "NaN");
    }
    if (isinf(number)) {
        return json_pack("{s:s}", "$number", number > 0 ? "Infinity" : "-Infinity");
    }
    if (number == 0 && signbit(number)) {
        return json_pack("{s:s}", "$number", "-0");
    }
    if (number == floor(number) && fabs(number) < 9007199254740992.0) {
        return json_integer((json_int_t)number);
    }
    return json_real(number);
}

static json_t *render_bytes(nh_bytes bytes) {
    json_t *text = json_stringn((const char *)bytes.data, bytes.length); /* NULL unless UTF-8 */
    if (text != NULL || bytes.length == 0) {
        return text != NULL ? text : json_string("");
    }
    static const char digits[] = "0123456789abcdef";
    nh_memory *memory = nh_memory_default();
    char *hexadecimal = nh_memory_allocate(memory, bytes.length * 2);
    if (hexadecimal == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < bytes.length; i++) {
        hexadecimal[2 * i] = digits[bytes.data[i] >> 4];
        hexadecimal[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    json_t *form = json_pack("{s:s#}", "$bytes", hexadecimal, (int)(bytes.length * 2));
    nh_memory_free(memory, hexadecimal);
    return form;
}

/* Text with lone surrogates is no UTF-8 and cannot stand in JSON as it is: shown as U+FFFD. */
static json_t *render_text(nh_bytes text) {
    json_t *plain = json_stringn_nocheck((const char *)text.data, text.length);
    json_t *checked = json_stringn((const char *)text.data, text.length);
    if (checked != NULL) {
        json_decref(plain);
        return checked;
    }
    json_decref(plain);
    return render_bytes(text);
}

static json_t *render_list(ts_session *session, nh_value list, int depth) {
    json_t *array = json_array();
    for (size_t i = 0; i < nh_list_length(list); i++) {
        (void)json_array_append_new(array, render(session, nh_list_get(list, i), false, depth + 1));
    }
    return array;
}

static void put(json_t *object, nh_bytes key, json_t *value) {
    nh_value text = nh_string_new(nh_memory_default(), (const char *)key.data, key.length);
    (void)json_object_set_new_nocheck(object, nh_value_text(text), value);
    nh_value_release(&text);
}

static json_t *render_map(ts_session *session, nh_value map, int depth) {
    json_t *object = json_object();
    for (size_t i = 0; i < nh_map_length(map); i++) {
        put(object, nh_map_key_at(map, i),
            render(session, nh_map_value_at(map, i), false, depth + 1));
    }
    return object;
}

static json_t *render_error(ts_session *session, nh_error *error, bool detailed, int depth) {
    json_t *object = json_object();
    (void)json_object_set_new(object, "name", json_string(nh_error_name(error)));
    if (nh_error_code(error) != NULL) {
        (void)json_object_set_new(object, "code", json_string(nh_error_code(error)));
    } else if (nh_error_property(error, "code").type == NH_NUMBER) { /* of a DOMException */
        put(object, nh_bytes_of_text("code"),
            render(session, nh_error_property(error, "code"), false, depth + 1));
    }
    (void)json_object_set_new(object, "message", render_text(nh_error_message_bytes(error)));
    for (size_t i = 0; detailed && i < nh_error_property_count(error); i++) {
        put(object, nh_error_property_key_at(error, i),
            render(session, nh_error_property_at(error, i), false, depth + 1));
    }
    return object;
}

static json_t *render_object(ts_session *session, nh_emitter *object) {
    const char *label = ts_session_label(session, object, NULL);
    return label != NULL ? json_pack("{s:s}", "$ref", label)
                         : json_pack("{s:s}", "$object", nh_emitter_class_name(object));
}

static json_t *render(ts_session *session, nh_value value, bool detailed, int depth) {
    if (depth > DEPTH_LIMIT) {
        return json_pack("{s:s}", "$object", "…");
    }
    switch (value.type) {
    case NH_INVALID:
    case NH_UNDEFINED:
        return json_pack("{s:b}", "$undefined", 1);
    case NH_NULL:
        return json_null();
    case NH_BOOLEAN:
        return json_boolean(value.as.boolean);
    case NH_NUMBER:
        return render_number(value.as.number);
    case NH_BIGINT:
    case NH_SYMBOL: {
        nh_bytes text = nh_value_bytes(value);
        return json_pack("{s:s#}", value.type == NH_SYMBOL ? "$symbol" : "$bigint", text.data,
                         (int)text.length);
    }
    case NH_STRING:
        return render_text(nh_value_bytes(value));
    case NH_BUFFER:
        return render_bytes(nh_value_bytes(value));
    case NH_LIST:
        return render_list(session, value, depth);
    case NH_MAP:
        if (ts_promise_is(value)) {
            return json_pack("{s:s}", "$object", "Promise");
        }
        return render_map(session, value, depth);
    case NH_ERROR:
        if (nh_error_stands_for(value.as.error).type != NH_INVALID) {
            return render(session, nh_error_stands_for(value.as.error), detailed, depth + 1);
        }
        return render_error(session, value.as.error, detailed, depth);
    case NH_FUNCTION:
        return json_pack("{s:s}", "$function", nh_function_name(value));
    case NH_OBJECT:
        return render_object(session, value.as.object);
    }
    return NULL;
}

json_t *ts_render(ts_session *session, nh_value value, bool detailed) {
    return render(session, value, detailed, 0);
}
