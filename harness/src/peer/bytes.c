#include "peer/bytes.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct context {
    const json_t *addresses;
    char **out_error;
} context;

static bool evaluate(const context *in, const json_t *value, ts_text *bytes);

static bool fail(const context *in, char *message) {
    if (*in->out_error == NULL) {
        *in->out_error = message;
    } else {
        free(message);
    }
    return false;
}

static bool append(const context *in, ts_text *bytes, const char *data, size_t length) {
    if (length > TS_PEER_MOST_BYTES - bytes->length) {
        return fail(in, ts_format("more than %zu bytes", TS_PEER_MOST_BYTES));
    }
    ts_text_append_bytes(bytes, data, length);
    return true;
}

/* --- references --------------------------------------------------------------------------- */

/* "port.origin", "host.origin", "unix.origin". */
static bool append_address(const context *in, const char *path, ts_text *bytes) {
    const char *dot = strchr(path, '.');
    const json_t *address = dot != NULL ? json_object_get(in->addresses, dot + 1) : NULL;
    json_t *part = NULL;
    if (strncmp(path, "port.", 5) == 0) {
        part = json_object_get(address, "port");
    } else if (strncmp(path, "host.", 5) == 0) {
        part = json_object_get(address, "host");
    } else if (strncmp(path, "unix.", 5) == 0) {
        part = json_object_get(address, "path");
    }
    if (json_is_string(part)) {
        return append(in, bytes, json_string_value(part), json_string_length(part));
    }
    if (json_is_integer(part)) {
        ts_text_printf(bytes, "%" JSON_INTEGER_FORMAT, json_integer_value(part));
        return true;
    }
    return fail(in, ts_format("no address is known as \"$%s\"", path));
}

static bool append_string(const context *in, const json_t *string, ts_text *bytes) {
    const char *text = json_string_value(string);
    size_t length = json_string_length(string);
    if (length > 0 && text[0] == '$') {
        if (length == 1 || text[1] != '$') {
            return append_address(in, text + 1, bytes);
        }
        text++;
        length--;
    }
    return append(in, bytes, text, length);
}

/* --- special forms ------------------------------------------------------------------------ */

static bool form_bytes(const context *in, const json_t *operand, ts_text *bytes) {
    const char *digits = json_string_value(operand);
    if (digits == NULL || !ts_bytes_from_hexadecimal(bytes, digits)) {
        return fail(in, ts_duplicate("no hexadecimal digits"));
    }
    return true;
}

static bool form_buffer(const context *in, const json_t *operand, ts_text *bytes) {
    return evaluate(in, operand, bytes);
}

/* The bytes are UTF-8 of characters up to U+00FF: two bytes, C2 or C3 first, for those above 7F. */
static bool form_latin1(const context *in, const json_t *operand, ts_text *bytes) {
    ts_text utf8 = {0};
    bool done = evaluate(in, operand, &utf8);
    for (size_t i = 0; done && i < utf8.length; i++) {
        unsigned char byte = (unsigned char)utf8.data[i];
        char narrow = utf8.data[i];
        if (byte >= 0x80) {
            bool is_latin1 = (byte == 0xC2 || byte == 0xC3) && i + 1 < utf8.length;
            if (!is_latin1) {
                done = fail(in, ts_duplicate("$latin1 of a character above U+00FF"));
                break;
            }
            i++;
            narrow = (char)((byte == 0xC3 ? 0x40 : 0x00) | (unsigned char)utf8.data[i]);
        }
        done = append(in, bytes, &narrow, 1);
    }
    ts_text_free(&utf8);
    return done;
}

static bool form_char(const context *in, const json_t *operand, ts_text *bytes) {
    json_int_t code = json_integer_value(operand);
    if (!json_is_integer(operand) || code < 0 || code > 0x10FFFF) {
        return fail(in, ts_duplicate("no number of a character"));
    }
    ts_text_append_code_point(bytes, (unsigned)code);
    return true;
}

static bool form_repeat(const context *in, const json_t *operand, ts_text *bytes) {
    json_int_t times = json_integer_value(json_array_get(operand, 1));
    ts_text once = {0};
    bool done = json_array_size(operand) == 2 && times >= 0
                    ? evaluate(in, json_array_get(operand, 0), &once)
                    : fail(in, ts_duplicate("$repeat needs [what, how many times]"));
    for (json_int_t i = 0; done && once.length > 0 && i < times; i++) {
        done = append(in, bytes, once.data, once.length);
    }
    ts_text_free(&once);
    return done;
}

static bool form_concat(const context *in, const json_t *operand, ts_text *bytes) {
    for (size_t i = 0; i < json_array_size(operand); i++) {
        if (!evaluate(in, json_array_get(operand, i), bytes)) {
            return false;
        }
    }
    return true;
}

static const struct {
    const char *key;
    bool (*append)(const context *in, const json_t *operand, ts_text *bytes);
} forms[] = {
    {"$bytes", form_bytes}, {"$buffer", form_buffer}, {"$latin1", form_latin1},
    {"$char", form_char},   {"$repeat", form_repeat}, {"$concat", form_concat},
};

static bool evaluate(const context *in, const json_t *value, ts_text *bytes) {
    if (json_is_string(value)) {
        return append_string(in, value, bytes);
    }
    if (json_is_integer(value)) {
        ts_text_printf(bytes, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return true;
    }
    for (size_t i = 0; json_is_object(value) && i < sizeof(forms) / sizeof(forms[0]); i++) {
        const json_t *operand = json_object_get(value, forms[i].key);
        if (operand != NULL) {
            return forms[i].append(in, operand, bytes);
        }
    }
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    char *message = ts_format("no bytes: %.200s", text != NULL ? text : "?");
    free(text);
    return fail(in, message);
}

bool ts_peer_bytes(const json_t *value, const json_t *addresses, ts_text *bytes, char **out_error) {
    *out_error = NULL;
    context in = {.addresses = addresses, .out_error = out_error};
    return evaluate(&in, value, bytes);
}
