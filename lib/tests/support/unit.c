#include "support/unit.h"

#include <CUnit/Basic.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A failure quotes at most this many bytes of each value, from a little before the first
 * difference. */
#define SHOWN_BYTES ((size_t)160)
#define SHOWN_BEFORE_DIFFERENCE ((size_t)40)
#define MESSAGE_SIZE 2048

static bool report(struct unit_place place, bool held, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool report(struct unit_place place, bool held, const char *format, ...) {
    char message[MESSAGE_SIZE] = "";

    if (!held) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
    }
    return CU_assertImplementation(held ? CU_TRUE : CU_FALSE, place.line, message, place.file, "",
                                   place.fatal ? CU_TRUE : CU_FALSE) != CU_FALSE;
}

bool unit_fail(struct unit_place place, const char *message) {
    return report(place, false, "%s", message);
}

bool unit_check_true(struct unit_place place, bool actual, bool expected) {
    return report(place, actual == expected, "%s is %s, expected %s", place.actual,
                  actual ? "true" : "false", expected ? "true" : "false");
}

bool unit_check_int(struct unit_place place, intmax_t actual, intmax_t expected) {
    return report(place, actual == expected, "%s is %" PRIdMAX ", expected %s = %" PRIdMAX,
                  place.actual, actual, place.expected, expected);
}

bool unit_check_uint(struct unit_place place, uintmax_t actual, uintmax_t expected) {
    return report(place, actual == expected, "%s is %" PRIuMAX ", expected %s = %" PRIuMAX,
                  place.actual, actual, place.expected, expected);
}

bool unit_check_double(struct unit_place place, double actual, double expected) {
    bool equal = !(actual < expected) && !(actual > expected);
    bool ordered = actual == actual && expected == expected;

    return report(place, equal && ordered, "%s is %.17g, expected %s = %.17g", place.actual, actual,
                  place.expected, expected);
}

bool unit_check_pointer(struct unit_place place, const void *actual, const void *expected,
                        bool equal) {
    return report(place, (actual == expected) == equal, "%s is %p, expected %s%s = %p",
                  place.actual, actual, equal ? "" : "anything but ", place.expected, expected);
}

/* quote writes the bytes as a C string literal, from `start` on; `text` holds 4 characters a byte
 * and some more. */
static void quote(char *text, const unsigned char *bytes, size_t size, size_t start) {
    size_t end = size - start > SHOWN_BYTES ? start + SHOWN_BYTES : size;

    text += sprintf(text, "%s\"", start > 0 ? "..." : "");
    for (size_t i = start; i < end; i++) {
        unsigned char byte = bytes[i];
        if (byte == '"' || byte == '\\') {
            text += sprintf(text, "\\%c", byte);
        } else if (byte == '\r' || byte == '\n' || byte == '\t') {
            text += sprintf(text, "\\%c", byte == '\r' ? 'r' : byte == '\n' ? 'n' : 't');
        } else if (byte < 0x20 || byte > 0x7e) {
            text += sprintf(text, "\\x%02x", byte);
        } else {
            *text++ = (char)byte;
        }
    }
    (void)sprintf(text, "\"%s", end < size ? "..." : "");
}

bool unit_check_bytes(struct unit_place place, const void *actual, size_t actual_size,
                      const void *expected, size_t expected_size) {
    const unsigned char *left = actual;
    const unsigned char *right = expected;
    size_t shorter = actual_size < expected_size ? actual_size : expected_size;
    size_t difference = 0;

    while (difference < shorter && left[difference] == right[difference]) {
        difference++;
    }
    if (difference == actual_size && difference == expected_size) {
        return report(place, true, "%s", "");
    }

    char shown_left[4 * SHOWN_BYTES + 16];
    char shown_right[4 * SHOWN_BYTES + 16];
    size_t start = difference > SHOWN_BEFORE_DIFFERENCE ? difference - SHOWN_BEFORE_DIFFERENCE : 0;
    quote(shown_left, left, actual_size, start);
    quote(shown_right, right, expected_size, start);
    return report(place, false,
                  "%s differs from %s at byte %zu:\n      is       %s (%zu bytes)\n"
                  "      expected %s (%zu bytes)",
                  place.actual, place.expected, difference, shown_left, actual_size, shown_right,
                  expected_size);
}

bool unit_check_string(struct unit_place place, const char *actual, const char *expected) {
    if (actual == NULL || expected == NULL) {
        return report(place, actual == expected, "%s is %s, expected %s = %s", place.actual,
                      actual ? actual : "NULL", place.expected, expected ? expected : "NULL");
    }
    return unit_check_bytes(place, actual, strlen(actual), expected, strlen(expected));
}

static bool is_selected(const char *name, int argc, char **argv) {
    bool selected = argc <= 1;

    for (int i = 1; i < argc && !selected; i++) {
        selected = strcmp(argv[i], name) == 0;
    }
    return selected;
}

int unit_run(const char *suite, const struct unit_case *cases, size_t count, int argc,
             char **argv) {
    if (CU_initialize_registry() != CUE_SUCCESS) {
        (void)fprintf(stderr, "%s: %s\n", suite, CU_get_error_msg());
        return 2;
    }

    unsigned added = 0;
    CU_pSuite registered = CU_add_suite(suite, NULL, NULL);
    for (size_t i = 0; i < count && registered != NULL; i++) {
        if (is_selected(cases[i].name, argc, argv) &&
            CU_add_test(registered, cases[i].name, cases[i].run) != NULL) {
            added++;
        }
    }

    CU_basic_set_mode(CU_BRM_VERBOSE);
    int status = 2;
    if (added > 0 && CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_tests_run() == added) {
        status = CU_get_number_of_failure_records() == 0 ? 0 : 1;
    } else {
        (void)fprintf(stderr, "%s: no test case ran: %s\n", suite,
                      added > 0 ? CU_get_error_msg() : "none of that name");
    }
    CU_cleanup_registry();
    return status;
}
