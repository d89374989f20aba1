/* Small things that several files of this layer need. */
#include "http/support_internal.h"

#include "core/text.h"
#include "net/socket_internal.h"

#include <math.h>

nh_error *nh_http_add_callback(nh_emitter *emitter, const char *event, nh_value callback,
                               unsigned flags) {
    if (callback.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    if (!nh_value_is_truthy(callback)) {
        return NULL;
    }
    nh_memory *memory = nh_object_memory(emitter);
    if (callback.type != NH_FUNCTION) {
        return nh_error_new_argument_type(memory, "listener", "of type function", callback);
    }
    if (!nh_emitter_add_function(emitter, event, callback, flags) &&
        !nh_loop_is_throwing(emitter->loop)) {
        return nh_error_out_of_memory();
    }
    return NULL;
}

nh_error *nh_http_set_socket_timeout(nh_stream *socket, nh_value milliseconds,
                                     const char *expression) {
    nh_socket *tcp = nh_socket_of_stream(socket);
    if (tcp == NULL) {
        return nh_error_new(nh_object_memory(&socket->emitter), "TypeError", NULL,
                            "%s.setTimeout is not a function", expression);
    }
    return nh_socket_set_timeout(tcp, milliseconds, nh_undefined());
}

nh_error *nh_http_error(nh_memory *memory, const char *code, const char *message) {
    return nh_error_new(memory, "Error", code, "%s", message);
}

nh_error *nh_http_reset_error(nh_memory *memory, const char *message) {
    return nh_error_new(memory, "Error", "ECONNRESET", "%s", message);
}

void nh_http_throw_take(nh_loop *loop, nh_error *error) {
    if (error != NULL) {
        nh_loop_throw(loop, error);
        nh_error_release(error);
    }
}

void nh_http_destroy_without_memory(nh_stream *stream) {
    nh_stream_destroy(stream, nh_error_out_of_memory());
}

static void release_object(void *data) {
    nh_emitter_release(data);
}

nh_value nh_http_method_function(nh_emitter *object, const char *name, nh_function_call call) {
    nh_value function =
        nh_function_new(nh_object_memory(object), name, call, object, release_object);
    if (function.type == NH_FUNCTION) {
        (void)nh_emitter_retain(object);
    }
    return function;
}

static bool is_word_byte(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_';
}

bool nh_http_contains_word(nh_bytes text, const char *word) {
    size_t length = nh_bytes_of_text(word).length;
    for (size_t i = 0; i + length <= text.length; i++) {
        size_t end = i + length;
        if ((i == 0 || !is_word_byte(text.data[i - 1])) &&
            (end == text.length || !is_word_byte(text.data[end])) &&
            nh_bytes_equal_text_ignoring_case(nh_bytes_of(text.data + i, length), word)) {
            return true;
        }
    }
    return false;
}

/* The UTF-16 code unit at `index` of a string, as a string; undefined past the end. */
static nh_value character(nh_memory *memory, nh_value string, size_t index) {
    nh_bytes bytes = nh_value_bytes(string);
    size_t unit = 0;
    for (size_t at = 0; at < bytes.length;) {
        uint32_t code_point;
        at += nh_utf8_decode(bytes.data + at, bytes.length - at, &code_point);
        size_t units = code_point > 0xFFFF ? 2 : 1;
        if (index < unit + units) {
            if (units == 2) {
                code_point -= 0x10000;
                code_point =
                    index == unit ? 0xD800 + (code_point >> 10) : 0xDC00 + (code_point & 0x3FF);
            }
            char text[4];
            return nh_string_new(memory, text, nh_utf8_encode(code_point, text));
        }
        unit += units;
    }
    return nh_undefined();
}

nh_value nh_http_element(nh_memory *memory, nh_value value, size_t index, nh_error **out_error) {
    if (nh_value_is_nullish(value)) {
        *out_error =
            nh_error_new(memory, "TypeError", NULL, "Cannot read properties of %s (reading '%zu')",
                         value.type == NH_NULL ? "null" : "undefined", index);
        return nh_undefined();
    }
    return value.type == NH_STRING ? character(memory, value, index)
                                   : nh_value_retain(nh_list_get(value, index));
}

nh_value nh_http_shown(nh_memory *memory, nh_value value) {
    switch (value.type) {
    case NH_STRING:
        return nh_value_retain(value);
    case NH_BUFFER:
        return nh_string_of_utf8(memory, nh_value_bytes(value));
    case NH_FUNCTION:
        return nh_value_to_string(memory, value);
    case NH_INVALID:
    case NH_UNDEFINED:
    case NH_NULL:
    case NH_BOOLEAN:
    case NH_NUMBER:
    case NH_BIGINT:
    case NH_SYMBOL:
    case NH_LIST:
    case NH_MAP:
    case NH_ERROR:
    case NH_OBJECT:
        break;
    }
    return nh_value_inspect(memory, value);
}

nh_error *nh_http_bytes_of(nh_memory *memory, nh_value value, nh_encoding encoding,
                           nh_value *out_buffer) {
    nh_value buffer;
    if (value.type == NH_STRING) {
        buffer = nh_encode(memory, value, encoding);
    } else if (value.type == NH_BUFFER) {
        buffer = nh_value_retain(value);
    } else if (value.type == NH_LIST) {
        size_t length = nh_list_length(value);
        buffer = nh_buffer_new(memory, length);
        for (size_t i = 0; buffer.type == NH_BUFFER && i < length; i++) {
            double number = nh_http_to_number(nh_list_get(value, i));
            nh_buffer_data(buffer)[i] = isfinite(number) ? (uint8_t)(int64_t)fmod(number, 256) : 0;
        }
    } else {
        return nh_error_new_argument_type(memory, "first argument",
                                          "of type string or an instance of Buffer, ArrayBuffer, "
                                          "or Array or an Array-like Object",
                                          value);
    }
    if (buffer.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    *out_buffer = buffer;
    return NULL;
}
