/* The frame of every CUnit suite: a table of cases, a main, and assertions that print both values.
 *
 *     static void parses_empty_head(void) { ASSERT_INT_EQ(parse(""), 0); }
 *
 *     int main(int argc, char **argv) {
 *         static const struct unit_case cases[] = {UNIT_CASE(parses_empty_head)};
 *         return UNIT_RUN("head", cases, argc, argv);
 *     }
 *
 * `program NAME...` runs only the cases of those names. ASSERT_* records a failure and goes on and
 * is an expression that is true when it held; REQUIRE_* ends the case (by longjmp: what the case
 * holds then leaks). */
#ifndef TOUCHSTONE_TESTS_UNIT_H
#define TOUCHSTONE_TESTS_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unit_case {
    const char *name;
    void (*run)(void);
};

#define UNIT_CASE(function)                                                                        \
    { #function, function }
#define UNIT_RUN(suite, cases, argc, argv)                                                         \
    unit_run((suite), (cases), sizeof(cases) / sizeof((cases)[0]), (argc), (argv))

/* unit_run runs the cases and returns the exit status of the program: 0 when at least one case ran
 * and all held, 1 when an assertion failed, 2 when nothing could be run. */
int unit_run(const char *suite, const struct unit_case *cases, size_t count, int argc, char **argv);

/* Where an assertion stands and what it compares; made by the macros. */
struct unit_place {
    const char *file;
    unsigned line;
    const char *actual;
    const char *expected;
    bool fatal;
};

bool unit_check_true(struct unit_place place, bool actual, bool expected);
bool unit_check_int(struct unit_place place, intmax_t actual, intmax_t expected);
bool unit_check_uint(struct unit_place place, uintmax_t actual, uintmax_t expected);
bool unit_check_double(struct unit_place place, double actual, double expected);
bool unit_check_pointer(struct unit_place place, const void *actual, const void *expected,
                        bool equal);
bool unit_check_string(struct unit_place place, const char *actual, const char *expected);
bool unit_check_bytes(struct unit_place place, const void *actual, size_t actual_size,
                      const void *expected, size_t expected_size);
bool unit_fail(struct unit_place place, const char *message);

#define UNIT_PLACE(actual, expected, fatal)                                                        \
    ((struct unit_place){__FILE__, (unsigned)__LINE__, (actual), (expected), (fatal)})

#define ASSERT_TRUE(a) unit_check_true(UNIT_PLACE(#a, "true", false), (a), true)
#define ASSERT_FALSE(a) unit_check_true(UNIT_PLACE(#a, "false", false), (a), false)
#define ASSERT_INT_EQ(a, e) unit_check_int(UNIT_PLACE(#a, #e, false), (a), (e))
#define ASSERT_UINT_EQ(a, e) unit_check_uint(UNIT_PLACE(#a, #e, false), (a), (e))
#define ASSERT_SIZE_EQ(a, e) ASSERT_UINT_EQ(a, e)
#define ASSERT_DOUBLE_EQ(a, e) unit_check_double(UNIT_PLACE(#a, #e, false), (a), (e))
#define ASSERT_PTR_EQ(a, e) unit_check_pointer(UNIT_PLACE(#a, #e, false), (a), (e), true)
#define ASSERT_NULL(a) unit_check_pointer(UNIT_PLACE(#a, "NULL", false), (a), NULL, true)
#define ASSERT_NOT_NULL(a) unit_check_pointer(UNIT_PLACE(#a, "NULL", false), (a), NULL, false)
/* NULL is a value: it equals only NULL. */
#define ASSERT_STR_EQ(a, e) unit_check_string(UNIT_PLACE(#a, #e, false), (a), (e))
#define ASSERT_MEM_EQ(a, a_size, e, e_size)                                                        \
    unit_check_bytes(UNIT_PLACE(#a, #e, false), (a), (a_size), (e), (e_size))
#define ASSERT_FAIL(message) unit_fail(UNIT_PLACE("", "", false), (message))

#define REQUIRE_TRUE(a) unit_check_true(UNIT_PLACE(#a, "true", true), (a), true)
#define REQUIRE_INT_EQ(a, e) unit_check_int(UNIT_PLACE(#a, #e, true), (a), (e))
#define REQUIRE_SIZE_EQ(a, e) unit_check_uint(UNIT_PLACE(#a, #e, true), (a), (e))
#define REQUIRE_NULL(a) unit_check_pointer(UNIT_PLACE(#a, "NULL", true), (a), NULL, true)
#define REQUIRE_NOT_NULL(a) unit_check_pointer(UNIT_PLACE(#a, "NULL", true), (a), NULL, false)

#endif
