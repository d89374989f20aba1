/* Which bytes a field name and a field value may hold (RFC 9110, sections 5.1 and 5.5, with Node's
 * additions: any character up to U+00FF except controls). */
#include "http/header_store_internal.h"

#include "core/text.h"

bool nh_http_is_token(nh_bytes text) {
    static const uint32_t token_characters[8] = {
        0x00000000, /* controls */
        0x03FF6CFA, /* ! # $ % & ' * + - . 0-9 */
        0xC7FFFFFE, /* A-Z ^ _ */
        0x57FFFFFF, /* ` a-z | ~ */
    };
    for (size_t i = 0; i < text.length; i++) {
        uint8_t byte = text.data[i];
        if ((token_characters[byte >> 5] >> (byte & 31U) & 1U) == 0) {
            return false;
        }
    }
    return text.length != 0;
}

bool nh_http_is_field_value(nh_bytes text) {
    for (size_t i = 0; i < text.length;) {
        uint8_t byte = text.data[i];
        if (byte >= 0x80) {
            uint32_t code_point;
            i += nh_utf8_decode(text.data + i, text.length - i, &code_point);
            if (code_point > 0xFF) {
                return false;
            }
            continue;
        }
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
            return false;
        }
        i++;
    }
    return true;
}

/* A value as it stands in an error message: strings bare, everything else inspected. */
static nh_value shown(nh_memory *memory, nh_value value) {
    return value.type == NH_STRING ? nh_value_retain(value) : nh_value_inspect(memory, value);
}

/* An error whose message has a value (consumed) between two texts. */
static nh_error *error_about(nh_memory *memory, const char *code, const char *before,
                             nh_value about, const char *after) {
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_c(&text, before);
    nh_text_add_bytes(&text, nh_value_bytes(about));
    nh_text_add_c(&text, after);
    text.failed = text.failed || about.type == NH_INVALID;
    nh_value_release(&about);
    return nh_error_new_of_string_take(memory, "TypeError", code, nh_text_take_string(&text));
}

nh_error *nh_http_check_name(nh_memory *memory, nh_value name, const char *label) {
    if (name.type == NH_STRING && nh_http_is_token(nh_value_bytes(name))) {
        return NULL;
    }
    nh_text before;
    nh_text_init(&before, memory);
    nh_text_add_c(&before, label);
    nh_text_add_c(&before, " must be a valid HTTP token [\"");
    nh_value text = nh_text_take_string(&before);
    if (text.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    nh_error *error = error_about(memory, "ERR_INVALID_HTTP_TOKEN", nh_value_text(text),
                                  shown(memory, name), "\"]");
    nh_value_release(&text);
    return error;
}

nh_error *nh_http_check_characters(nh_memory *memory, nh_value value, const char *place,
                                   nh_value name) {
    if (value.type == NH_STRING) {
        if (nh_http_is_field_value(nh_value_bytes(value))) {
            return NULL;
        }
    } else if (value.type != NH_NUMBER) {
        nh_error *error = NULL;
        nh_value text = nh_http_value_to_string(memory, value, &error);
        bool legal = error == NULL && nh_http_is_field_value(nh_value_bytes(text));
        nh_value_release(&text);
        if (error != NULL || legal) {
            return error;
        }
    } else {
        return NULL;
    }
    if (name.type == NH_UNDEFINED) {
        return nh_error_new(memory, "TypeError", "ERR_INVALID_CHAR", "Invalid character in %s",
                            place);
    }
    if (name.type == NH_SYMBOL) { /* the name is quoted as a template literal quotes it */
        return nh_error_new(memory, "TypeError", NULL, "Cannot convert a Symbol value to a string");
    }
    nh_value before = nh_string_format(memory, "Invalid character in %s [\"", place);
    if (before.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    nh_error *error =
        error_about(memory, "ERR_INVALID_CHAR", nh_value_text(before), shown(memory, name), "\"]");
    nh_value_release(&before);
    return error;
}

nh_error *nh_http_check_value(nh_memory *memory, nh_value name, nh_value value) {
    if (value.type == NH_UNDEFINED) {
        return error_about(memory, "ERR_HTTP_INVALID_HEADER_VALUE",
                           "Invalid value \"undefined\" for header \"", shown(memory, name), "\"");
    }
    return nh_http_check_characters(memory, value, "header content", name);
}

/* Array.prototype.join gives a symbol inside a list to ToString as well. */
static bool holds_symbol(nh_value value, int depth) {
    if (value.type == NH_LIST && depth < 64) {
        for (size_t i = 0; i < nh_list_length(value); i++) {
            if (holds_symbol(nh_list_get(value, i), depth + 1)) {
                return true;
            }
        }
    }
    return value.type == NH_SYMBOL;
}

nh_value nh_http_value_to_string(nh_memory *memory, nh_value value, nh_error **out_error) {
    if (value.type != NH_STRING && holds_symbol(value, 0)) {
        *out_error =
            nh_error_new(memory, "TypeError", NULL, "Cannot convert a Symbol value to a string");
        return nh_undefined();
    }
    nh_value text = nh_value_to_string(memory, value);
    if (text.type == NH_INVALID) {
        *out_error = nh_error_out_of_memory();
    }
    return text;
}
