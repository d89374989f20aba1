/* Conversions and checks of numbers, as JavaScript makes them. */
#include "http/support_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char character) {
    return character == ' ' || (character >= '\t' && character <= '\r');
}

/* A numeric literal with whitespace around it; NaN when the text is something else. */
static double number_of_text(nh_bytes text) {
    const char *start = (const char *)text.data;
    const char *end = start + text.length;
    while (start < end && is_space(*start)) {
        start++;
    }
    while (end > start && is_space(end[-1])) {
        end--;
    }
    size_t length = (size_t)(end - start);
    if (length == 0) {
        return 0;
    }
    char copy[64];
    /* Longer ones have no business here; words that strtod knows are no literals. */
    if (length >= sizeof(copy) || strspn(start, "0123456789abcdefABCDEFxX.+-") < length) {
        return length == 8 && memcmp(start, "Infinity", 8) == 0 ? (double)INFINITY : (double)NAN;
    }
    memcpy(copy, start, length);
    copy[length] = '\0';
    bool is_signed_hex = (copy[0] == '-' || copy[0] == '+') && strpbrk(copy, "xX") != NULL;
    if (is_signed_hex || strpbrk(copy, "pP") != NULL) {
        return (double)NAN;
    }
    char *parsed;
    double number = strtod(copy, &parsed);
    return parsed == copy + length ? number : (double)NAN;
}

double nh_http_to_number(nh_value value) {
    switch (value.type) {
    case NH_NUMBER:
        return value.as.number;
    case NH_BOOLEAN:
        return value.as.boolean ? 1 : 0;
    case NH_NULL:
        return 0;
    case NH_STRING:
        return number_of_text(nh_value_bytes(value));
    case NH_LIST:
        if (nh_list_length(value) == 0) {
            return 0;
        }
        return nh_list_length(value) == 1 ? nh_http_to_number(nh_list_get(value, 0)) : (double)NAN;
    case NH_INVALID:
    case NH_UNDEFINED:
    case NH_BIGINT:
    case NH_SYMBOL:
    case NH_BUFFER:
    case NH_MAP:
    case NH_ERROR:
    case NH_FUNCTION:
    case NH_OBJECT:
        break;
    }
    return (double)NAN;
}

int32_t nh_http_int32_of(double number) {
    if (!isfinite(number)) {
        return 0;
    }
    double modulo = fmod(trunc(number), 4294967296.0);
    if (modulo < 0) {
        modulo += 4294967296.0;
    }
    return (int32_t)(uint32_t)modulo;
}

nh_error *nh_http_to_int32(nh_memory *memory, nh_value value, int32_t *out_number) {
    if (value.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    if (value.type == NH_BIGINT) {
        return nh_error_new(memory, "TypeError", NULL,
                            "Cannot mix BigInt and other types, use explicit conversions");
    }
    if (value.type == NH_SYMBOL) {
        return nh_error_new(memory, "TypeError", NULL, "Cannot convert a Symbol value to a number");
    }
    *out_number = nh_http_int32_of(nh_http_to_number(value));
    return NULL;
}

nh_error *nh_http_check_integer(nh_memory *memory, const char *name, nh_value value,
                                double minimum) {
    static const double largest = 9007199254740991.0;
    if (value.type != NH_NUMBER) {
        return nh_error_new_argument_type(memory, name, "of type number", value);
    }
    double number = value.as.number;
    if (!isfinite(number) || trunc(number) < number || trunc(number) > number) {
        return nh_error_new_out_of_range(memory, name, "an integer", value);
    }
    if (number < minimum || number > largest) {
        return nh_error_new_out_of_range(
            memory, name,
            minimum > 0 ? ">= 1 && <= 9007199254740991" : ">= 0 && <= 9007199254740991", value);
    }
    return NULL;
}
