/* Numbers as JavaScript prints them: the fewest digits that read back as the same double. */
#include "core/value_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest decimal digits of a positive finite number, and the power of ten of the first. */
static size_t shortest_digits(double number, char digits[20], int *out_exponent) {
    char scientific[40];
    for (int precision = 0; precision <= 16; precision++) {
        (void)snprintf(scientific, sizeof(scientific), "%.*e", precision, number);
        if (strtod(scientific, NULL) >= number && strtod(scientific, NULL) <= number) {
            break;
        }
    }
    /* Whatever the locale's decimal separator is, it is no digit. */
    const char *exponent = strchr(scientific, 'e');
    size_t count = 0;
    for (const char *at = scientific; at < exponent; at++) {
        if (*at >= '0' && *at <= '9') {
            digits[count++] = *at;
        }
    }
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    *out_exponent = (int)strtol(exponent + 1, NULL, 10);
    return count;
}

static size_t put(char *out, size_t at, const char *text, size_t length) {
    memcpy(out + at, text, length);
    return at + length;
}

static size_t put_zeros(char *out, size_t at, int count) {
    for (int i = 0; i < count; i++) {
        out[at++] = '0';
    }
    return at;
}

/* Lays `count` digits out; `point` is how many of them stand before the decimal point. */
static size_t lay_out(char *out, size_t at, const char *digits, size_t count, int point) {
    if (point > 21 || point <= -6) {
        out[at++] = digits[0];
        if (count > 1) {
            out[at++] = '.';
            at = put(out, at, digits + 1, count - 1);
        }
        int power = point - 1;
        return at + (size_t)snprintf(out + at, 8, "e%c%d", power < 0 ? '-' : '+', abs(power));
    }
    if (point <= 0) {
        at = put(out, at, "0.", 2);
        at = put_zeros(out, at, -point);
        return put(out, at, digits, count);
    }
    if (count <= (size_t)point) {
        at = put(out, at, digits, count);
        return put_zeros(out, at, point - (int)count);
    }
    at = put(out, at, digits, (size_t)point);
    out[at++] = '.';
    return put(out, at, digits + point, count - (size_t)point);
}

size_t nh_integer_to_text(int64_t number, char out[NH_NUMBER_TEXT_SIZE]) {
    char reversed[NH_NUMBER_TEXT_SIZE];
    size_t count = 0;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    size_t at = 0;
    if (number < 0) {
        out[at++] = '-';
    }
    while (count > 0) {
        out[at++] = reversed[--count];
    }
    out[at] = '\0';
    return at;
}

size_t nh_number_to_text(double number, char out[NH_NUMBER_TEXT_SIZE]) {
    if (isnan(number)) {
        return (size_t)snprintf(out, NH_NUMBER_TEXT_SIZE, "NaN");
    }
    if (isinf(number)) {
        return (size_t)snprintf(out, NH_NUMBER_TEXT_SIZE, "%sInfinity", number < 0 ? "-" : "");
    }
    if (fabs(number) < 9007199254740992.0 && !(trunc(number) < number || trunc(number) > number)) {
        return nh_integer_to_text((int64_t)number, out);
    }
    size_t at = 0;
    if (number < 0) {
        out[at++] = '-';
    }
    char digits[20];
    int exponent;
    size_t count = shortest_digits(fabs(number), digits, &exponent);
    at = lay_out(out, at, digits, count, exponent + 1);
    out[at] = '\0';
    return at;
}
