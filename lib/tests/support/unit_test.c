/* Checks the checker: suites that have to fail are run in a child process, and both its exit status
 * and what it prints are looked at. Not a CUnit suite itself, for that would trust what it tests.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void holds(void) {
    ASSERT_TRUE(1 == 1);
    ASSERT_INT_EQ(-1, -1);
    ASSERT_STR_EQ(NULL, NULL);
    ASSERT_MEM_EQ("a\0b", 3, "a\0b", 3);
    ASSERT_NOT_NULL("");
}

static void wrong_int(void) {
    ASSERT_INT_EQ(40 + 1, 42);
}

static void wrong_string(void) {
    ASSERT_STR_EQ("GET / HTTP/1.1\r\n", "GET / HTTP/1.0\r\n");
}

static void wrong_bytes(void) {
    ASSERT_MEM_EQ("a\0b\xff", 4, "a\0b", 3);
}

static void null_string(void) {
    ASSERT_STR_EQ("", NULL);
}

static void not_a_number(void) {
    double zero = 0;
    ASSERT_DOUBLE_EQ(zero / 1, 0);
    double infinite = 1e308 * 10;
    ASSERT_DOUBLE_EQ(infinite - infinite, infinite - infinite);
}

static void fatal_stops(void) {
    REQUIRE_NOT_NULL(NULL);
    (void)puts("went on after REQUIRE");
}

static const struct unit_case suite[] = {
    UNIT_CASE(holds),       UNIT_CASE(wrong_int),   UNIT_CASE(wrong_string),
    UNIT_CASE(wrong_bytes), UNIT_CASE(null_string), UNIT_CASE(not_a_number),
    UNIT_CASE(fatal_stops),
};

/* run_child runs one case of the suite, collects what it prints, and returns its exit status (-1:
 * none). */
static int run_child(const char *name, char *output, size_t size) {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char program[] = "unit_test";
        char selected[64];
        char *arguments[] = {program, selected, NULL};
        (void)snprintf(selected, sizeof(selected), "%s", name);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        exit(UNIT_RUN("suite", suite, 2, arguments));
    }
    (void)close(ends[1]);

    size_t length = 0;
    ssize_t got = 0;
    while (length + 1 < size && (got = read(ends[0], output + length, size - length - 1)) > 0) {
        length += (size_t)got;
    }
    output[length] = '\0';
    (void)close(ends[0]);

    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}

int main(void) {
    static const struct {
        const char *name;
        int status;
        const char *printed; /* must stand in the output */
    } expectations[] = {
        {"holds", 0, "passed"},
        {"wrong_int", 1, "40 + 1 is 41, expected 42 = 42"},
        {"wrong_string", 1, "at byte 13"},
        {"wrong_string", 1, "\"GET / HTTP/1.1\\r\\n\""},
        {"wrong_bytes", 1, "\"a\\x00b\\xff\" (4 bytes)"},
        {"null_string", 1, "= NULL"},
        {"not_a_number", 1, "nan, expected"},
        {"fatal_stops", 1, "expected anything but NULL"},
        {"no_such_case", 2, "no test case ran"},
    };
    int failures = 0;

    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        char output[8192];
        int status = run_child(expectations[i].name, output, sizeof(output));
        bool printed = strstr(output, expectations[i].printed) != NULL;
        bool stopped = strstr(output, "went on after REQUIRE") == NULL;
        if (status != expectations[i].status || !printed || !stopped) {
            (void)printf("%s: exit status %d (expected %d), output lacks or breaks \"%s\":\n%s\n",
                         expectations[i].name, status, expectations[i].status,
                         expectations[i].printed, output);
            failures++;
        }
    }
    return failures == 0 ? 0 : 1;
}
