/* The order of a stream's events, against what Node.js v23.5.0 does in the same cases. */
#include "order.h"

#include "support/test_memory.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#define LINE_SIZE 4096
#define CASES_AT_LEAST 600
#define SWEPT_CASES 41 /* the first ones, which were written by hand */
#define MOST_REQUESTS 2000

static FILE *open_cases(void) {
    FILE *file = fopen(ORDER_CASES, "r");

    REQUIRE_NOT_NULL(file);
    return file;
}

/* The next case; false at the end. `expected` points into `line`. */
static bool next_case(FILE *file, char *line, char **out_expected) {
    while (fgets(line, LINE_SIZE, file) != NULL) {
        char *arrow = strstr(line, " => ");
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '#' && arrow != NULL) {
            *arrow = '\0';
            *out_expected = arrow + strlen(" => ");
            return true;
        }
    }
    return false;
}

static void cases_come_out_as_on_node(void) {
    FILE *file = open_cases();
    char line[LINE_SIZE];
    char log[LINE_SIZE];
    char *expected = NULL;
    size_t count = 0;

    while (next_case(file, line, &expected)) {
        struct test_memory memory = test_memory_make();
        ASSERT_TRUE(order_run(&memory.memory, line, log, sizeof(log)));
        if (!ASSERT_STR_EQ(log, expected)) {
            (void)printf("      in \"%s\"\n", line);
        }
        ASSERT_SIZE_EQ(memory.blocks, 0);
        count++;
    }
    ASSERT_TRUE(count >= CASES_AT_LEAST);
    (void)fclose(file);
}

/* Every request for memory refused once: no crash, no leak, and nothing after 'close'. */
static void refused_memory_is_survived(void) {
    FILE *file = open_cases();
    char line[LINE_SIZE];
    char log[LINE_SIZE];
    char *expected = NULL;

    for (size_t i = 0; i < SWEPT_CASES && next_case(file, line, &expected); i++) {
        bool refused = true;
        for (size_t at = 1; refused && at < MOST_REQUESTS; at++) {
            struct test_memory memory = test_memory_make();
            memory.refuse_at = at;
            order_run(&memory.memory, line, log, sizeof(log));
            refused = memory.refused;
            if (!ASSERT_SIZE_EQ(memory.blocks, 0)) {
                (void)printf("      in \"%s\", request %zu\n", line, at);
            }
            const char *close = strstr(log, " close");
            ASSERT_TRUE(close == NULL || strstr(close + 1, " close") == NULL);
        }
        ASSERT_FALSE(refused);
    }
    (void)fclose(file);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(cases_come_out_as_on_node),
        UNIT_CASE(refused_memory_is_survived),
    };
    return UNIT_RUN("stream order", cases, argc, argv);
}
