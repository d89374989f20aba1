#include "reference/plain.h"

#include <stdlib.h>
#include <string.h>

static bool is_index(const char *text, size_t *out_index) {
    char *end;
    unsigned long index = strtoul(text, &end, 10);
    *out_index = (size_t)index;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static nh_value get_error_member(nh_memory *memory, const nh_error *error, const char *member) {
    if (strcmp(member, "message") == 0) {
        nh_bytes text = nh_error_message_bytes(error);
        return nh_string_new(memory, (const char *)text.data, text.length);
    }
    if (strcmp(member, "name") == 0) {
        return nh_string_of(memory, nh_error_name(error));
    }
    if (strcmp(member, "code") == 0 && nh_error_code(error) != NULL) {
        return nh_string_of(memory, nh_error_code(error));
    }
    return nh_value_retain(nh_error_property(error, member));
}

bool ts_plain_get(ts_frame *frame, nh_value receiver, const char *member, nh_value *out_value) {
    if (receiver.type == NH_ERROR && nh_error_stands_for(receiver.as.error).type != NH_INVALID) {
        receiver = nh_error_stands_for(receiver.as.error);
    }
    nh_memory *memory = frame->session->memory;
    size_t index;
    *out_value = nh_undefined();
    switch (receiver.type) {
    case NH_MAP:
        *out_value = nh_value_retain(nh_map_get(receiver, member));
        return true;
    case NH_ERROR:
        *out_value = get_error_member(memory, receiver.as.error, member);
        return true;
    case NH_LIST:
        if (strcmp(member, "length") == 0) {
            *out_value = nh_number((double)nh_list_length(receiver));
        } else if (is_index(member, &index)) {
            *out_value = nh_value_retain(nh_list_get(receiver, index));
        }
        return true;
    case NH_STRING:
        if (strcmp(member, "length") == 0) {
            *out_value = nh_number((double)nh_string_utf16_length(receiver));
        }
        return true;
    case NH_BUFFER:
        if (strcmp(member, "length") == 0 || strcmp(member, "byteLength") == 0) {
            *out_value = nh_number((double)nh_value_bytes(receiver).length);
        } else if (is_index(member, &index) && index < nh_value_bytes(receiver).length) {
            *out_value = nh_number((double)nh_value_bytes(receiver).data[index]);
        }
        return true;
    case NH_FUNCTION:
        if (strcmp(member, "name") == 0) {
            *out_value = nh_string_of(memory, nh_function_name(receiver));
            return true;
        }
        ts_session_report_unsupported(frame->session, "%s.%s", nh_function_name(receiver), member);
        return false;
    case NH_INVALID:
    case NH_UNDEFINED:
    case NH_NULL: {
        nh_error *error =
            nh_error_new(memory, "TypeError", NULL, "Cannot read properties of %s (reading '%s')",
                         receiver.type == NH_NULL ? "null" : "undefined", member);
        nh_loop_throw(frame->session->loop, error);
        nh_error_release(error);
        return false;
    }
    case NH_BOOLEAN:
    case NH_NUMBER:
    case NH_BIGINT:
    case NH_SYMBOL:
    case NH_OBJECT:
        break;
    }
    return true;
}

static nh_value decode_hexadecimal(nh_memory *memory, nh_bytes bytes) {
    static const char digits[] = "0123456789abcdef";
    char *text = nh_memory_allocate(memory, bytes.length * 2 + 1);
    if (text == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    for (size_t i = 0; i < bytes.length; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    nh_value value = nh_string_new(memory, text, bytes.length * 2);
    nh_memory_free(memory, text);
    return value;
}

nh_value ts_plain_decode(nh_memory *memory, nh_bytes bytes, const char *encoding) {
    if (strcmp(encoding, "latin1") == 0 || strcmp(encoding, "binary") == 0) {
        return nh_string_of_latin1(memory, bytes);
    }
    if (strcmp(encoding, "hex") == 0) {
        return decode_hexadecimal(memory, bytes);
    }
    return nh_string_new(memory, (const char *)bytes.data, bytes.length);
}

static nh_value join(nh_memory *memory, nh_value list, const char *separator) {
    nh_value all = nh_string_of(memory, "");
    for (size_t i = 0; i < nh_list_length(list); i++) {
        nh_value element = nh_list_get(list, i);
        nh_value text = nh_value_is_nullish(element) ? nh_string_of(memory, "")
                                                     : nh_value_to_string(memory, element);
        nh_value longer = nh_string_format(memory, "%s%s%s", nh_value_text(all),
                                           i > 0 ? separator : "", nh_value_text(text));
        nh_value_release(&text);
        nh_value_assign_take(&all, longer);
    }
    return all;
}

bool ts_plain_call(ts_frame *frame, nh_value receiver, const char *member,
                   const ts_arguments *arguments, nh_value *out_result) {
    nh_memory *memory = frame->session->memory;
    const char *text = arguments->count > 0 && arguments->values[0].type == NH_STRING
                           ? nh_value_text(arguments->values[0])
                           : NULL;
    if (receiver.type == NH_MAP && nh_map_get(receiver, member).type == NH_FUNCTION) {
        nh_function_invoke(nh_map_get(receiver, member), arguments->values, arguments->count,
                           out_result);
    } else if (strcmp(member, "toString") == 0 && receiver.type == NH_BUFFER) {
        *out_result =
            ts_plain_decode(memory, nh_value_bytes(receiver), text != NULL ? text : "utf8");
    } else if (strcmp(member, "toString") == 0) {
        *out_result = nh_value_to_string(memory, receiver);
    } else if (receiver.type == NH_LIST && strcmp(member, "push") == 0) {
        for (size_t i = 0; i < arguments->count; i++) {
            (void)nh_list_append(receiver, arguments->values[i]);
        }
        *out_result = nh_number((double)nh_list_length(receiver));
    } else if (receiver.type == NH_LIST && strcmp(member, "join") == 0) {
        *out_result = join(memory, receiver, text != NULL ? text : ",");
    } else {
        ts_session_report_unsupported(frame->session, "%s() of a plain value", member);
        return false;
    }
    return true;
}
