/* The messages with which Node.js refuses arguments (lib/internal/errors). */
#include <nodehttp/emitter.h>
#include <nodehttp/error.h>

#include "core/text.h"
#include "core/value_internal.h"

#include <math.h>
#include <string.h>

/* Strings longer than this are cut in "Received type string (...)", and to what. */
#define LONGEST_SHOWN_UNITS 28
#define CUT_STRING_UNITS 25
/* Where the inspected value of ERR_INVALID_ARG_VALUE is cut. */
#define CUT_INSPECTED_UNITS 128

static bool contains(nh_bytes bytes, char character) {
    return bytes.length != 0 && memchr(bytes.data, character, bytes.length) != NULL;
}

/* A string as JSON writes it (ECMA-262 25.5.2.3, QuoteJSONString). */
static void add_json(nh_text *text, nh_bytes string) {
    static const char short_escapes[] = "btn\0fr"; /* of U+0008 ... U+000D */

    nh_text_add_c(text, "\"");
    for (size_t at = 0; at < string.length;) {
        uint32_t character;
        size_t taken = nh_utf8_decode(string.data + at, string.length - at, &character);
        if (character == '"' || character == '\\') {
            nh_text_add_format(text, "\\%c", (char)character);
        } else if (character >= 8 && character <= 13 && character != 11) {
            nh_text_add_format(text, "\\%c", short_escapes[character - 8]);
        } else if (character < 0x20 || (character >= 0xD800 && character <= 0xDFFF)) {
            nh_text_add_format(text, "\\u%04x", (unsigned)character);
        } else {
            nh_text_add(text, string.data + at, taken);
        }
        at += taken;
    }
    nh_text_add_c(text, "\"");
}

static void add_string_sample(nh_text *text, nh_bytes string) {
    nh_text sample;
    nh_text_init(&sample, text->memory);
    if (nh_text_utf16_length(string) > LONGEST_SHOWN_UNITS) {
        nh_text_add_utf16_prefix(&sample, string, CUT_STRING_UNITS);
        nh_text_add_c(&sample, "...");
    } else {
        nh_text_add_bytes(&sample, string);
    }
    nh_bytes shown = nh_bytes_of(sample.data, sample.length);
    nh_text_add_c(text, "type string (");
    if (contains(shown, '\'')) {
        add_json(text, shown);
    } else {
        nh_text_add_c(text, "'");
        nh_text_add_bytes(text, shown);
        nh_text_add_c(text, "'");
    }
    nh_text_add_c(text, ")");
    text->failed = text->failed || sample.failed;
    nh_text_deinit(&sample);
}

static void add_inspected(nh_text *text, nh_value value) {
    nh_value inspected = nh_value_inspect(text->memory, value);
    text->failed = text->failed || inspected.type == NH_INVALID;
    nh_text_add_bytes(text, nh_value_bytes(inspected));
    nh_value_release(&inspected);
}

static void add_typed(nh_text *text, const char *type, nh_value value) {
    nh_text_add_format(text, "type %s (", type);
    add_inspected(text, value);
    nh_text_add_c(text, ")");
}

static void add_description(nh_text *text, nh_value value) {
    switch (value.type) {
    case NH_INVALID:
        text->failed = true;
        break;
    case NH_UNDEFINED:
    case NH_NULL:
        add_inspected(text, value);
        break;
    case NH_BOOLEAN:
        add_typed(text, "boolean", value);
        break;
    case NH_NUMBER:
        add_typed(text, "number", value);
        break;
    case NH_BIGINT:
        add_typed(text, "bigint", value);
        break;
    case NH_SYMBOL:
        add_typed(text, "symbol", value);
        break;
    case NH_STRING:
        add_string_sample(text, nh_value_bytes(value));
        break;
    case NH_BUFFER:
        nh_text_add_c(text, "an instance of Buffer");
        break;
    case NH_LIST:
        nh_text_add_format(text, "an instance of %s",
                           nh_list_entries_class(value) == NULL ? "Array"
                                                                : nh_list_entries_class(value));
        break;
    case NH_MAP:
        nh_text_add_c(text, "an instance of Object");
        break;
    case NH_ERROR:
        nh_text_add_format(text, "an instance of %s", nh_error_name(value.as.error));
        break;
    case NH_OBJECT:
        nh_text_add_format(text, "an instance of %s", nh_emitter_class_name(value.as.object));
        break;
    case NH_FUNCTION:
        nh_text_add_format(text, "function %s", nh_function_name(value));
        break;
    }
}

nh_value nh_value_describe(nh_memory *memory, nh_value value) {
    nh_text text;
    nh_text_init(&text, memory);
    add_description(&text, value);
    return nh_text_take_string(&text);
}

/* Names such as options.port are properties. */
static const char *kind_of_name(const char *name) {
    return strchr(name, '.') != NULL ? "property" : "argument";
}

nh_error *nh_error_new_argument_type(nh_memory *memory, const char *name, const char *expected,
                                     nh_value received) {
    static const char suffix[] = " argument";
    size_t length = strlen(name);
    size_t suffix_length = sizeof(suffix) - 1;
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_c(&text, "The ");
    if (length >= suffix_length && strcmp(name + length - suffix_length, suffix) == 0) {
        nh_text_add_c(&text, name); /* "first argument" */
    } else {
        nh_text_add_format(&text, "\"%s\" %s", name, kind_of_name(name));
    }
    nh_text_add_format(&text, " must be %s. Received ", expected);
    add_description(&text, received);
    return nh_error_new_of_string_take(memory, "TypeError", "ERR_INVALID_ARG_TYPE",
                                       nh_text_take_string(&text));
}

nh_error *nh_error_new_argument_value(nh_memory *memory, const char *name, nh_value received,
                                      const char *reason) {
    nh_value inspected = nh_value_inspect(memory, received);
    nh_bytes shown = nh_value_bytes(inspected);
    nh_text text;
    nh_text_init(&text, memory);
    text.failed = inspected.type == NH_INVALID;
    nh_text_add_format(&text, "The %s '%s' %s. Received ", kind_of_name(name), name, reason);
    if (nh_text_utf16_length(shown) > CUT_INSPECTED_UNITS) {
        nh_text_add_utf16_prefix(&text, shown, CUT_INSPECTED_UNITS);
        nh_text_add_c(&text, "...");
    } else {
        nh_text_add_bytes(&text, shown);
    }
    nh_value_release(&inspected);
    return nh_error_new_of_string_take(memory, "TypeError", "ERR_INVALID_ARG_VALUE",
                                       nh_text_take_string(&text));
}

/* Groups of three from the right. Node.js does it to the printed form, whatever that is: 1e+25
 * comes out as 1e_+25. */
static void add_grouped(nh_text *text, const char *digits, size_t length) {
    size_t sign = length != 0 && digits[0] == '-';
    for (size_t i = 0; i < length; i++) {
        if (i > sign && (length - i) % 3 == 0) {
            nh_text_add_c(text, "_");
        }
        nh_text_add(text, digits + i, 1);
    }
}

/* Whether the decimal digits stand for a number beyond +-2^32. */
static bool is_beyond_32_bits(nh_bytes digits) {
    static const char limit[] = "4294967296";
    size_t sign = digits.length != 0 && digits.data[0] == '-';
    size_t count = digits.length - sign;
    if (count != sizeof(limit) - 1) {
        return count > sizeof(limit) - 1;
    }
    return memcmp(digits.data + sign, limit, count) > 0;
}

nh_error *nh_error_new_out_of_range(nh_memory *memory, const char *name, const char *range,
                                    nh_value received) {
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_format(&text, "The value of \"%s\" is out of range. It must be %s. Received ", name,
                       range);
    double number = received.type == NH_NUMBER ? received.as.number : 0;
    if (received.type == NH_BIGINT) {
        nh_bytes digits = nh_value_bytes(received);
        if (is_beyond_32_bits(digits)) {
            add_grouped(&text, (const char *)digits.data, digits.length);
        } else {
            nh_text_add_bytes(&text, digits);
        }
        nh_text_add_c(&text, "n");
    } else if (fabs(number) > 4294967296.0 && isfinite(number) && fmod(number, 1) == 0) {
        char printed[NH_NUMBER_TEXT_SIZE];
        add_grouped(&text, printed, nh_number_to_text(number, printed));
    } else {
        add_inspected(&text, received);
    }
    return nh_error_new_of_string_take(memory, "RangeError", "ERR_OUT_OF_RANGE",
                                       nh_text_take_string(&text));
}
