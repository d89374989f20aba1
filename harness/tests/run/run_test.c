/* When a run ends, and with which verdict. */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fake.h"
#include "scenario/load.h"
#include "support/unit.h"

#define PLAN(virtual, ...)                                                                         \
    {                                                                                              \
        virtual, {                                                                                 \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define EXPECTING(list, more)                                                                      \
    "{\"title\": \"t\", \"script\": [], \"expect\": {\"main\": [" list "]}" more "}"

typedef struct expectation {
    const char *what;
    fake_plan plan;
    const char *scenario;
    ts_verdict verdict;
    const char *detail;
    double least_ms; /* of real time */
    double most_ms;
    bool unusable;
} expectation;

/* A tenth of all times: the quiet period is 40 ms. The longest durations are generous: machines
 * that test are busy. */
enum { QUIET_MS = TS_QUIET_MS / 10, BUSY_MS = 2000 };

static void check(const expectation *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const expectation *c = &cases[i];
        bool usable;
        ts_result result = fake_run(&c->plan, c->scenario, 0.1, false, &usable);
        bool fine = ASSERT_STR_EQ(ts_verdict_name(result.verdict), ts_verdict_name(c->verdict));
        fine = ASSERT_STR_EQ(result.detail, c->detail) && fine;
        /* libuv's timers count from the start of an iteration: they may be early by one. */
        fine = ASSERT_TRUE(result.duration_ms + 1 >= c->least_ms) && fine;
        fine = ASSERT_TRUE(result.duration_ms <= c->most_ms) && fine;
        fine = ASSERT_TRUE(usable != c->unusable) && fine;
        if (!fine) {
            char *text = ts_format("took %.3f ms", result.duration_ms);
            ASSERT_STR_EQ(text, c->what);
            free(text);
        }
        ts_result_free(&result);
    }
}

static void real_time(void) {
    static const expectation cases[] = {
        {"agrees: passes without a quiet period",
         PLAN(false, {0, FAKE_OBSERVE, "a", false}, {2, FAKE_OBSERVE, "b", false}),
         EXPECTING("\"a\", \"b\"", ""), TS_PASS, NULL, TS_GRACE_MS, BUSY_MS, false},
        {"something else: fails after the quiet period", PLAN(false, {0, FAKE_OBSERVE, "b", false}),
         EXPECTING("\"a\"", ""), TS_FAIL, "main, observation 1: expected a; observed b", QUIET_MS,
         BUSY_MS, false},
        {"nothing at all", PLAN(false, {0, FAKE_DEAF, NULL, false}), EXPECTING("\"a\"", ""),
         TS_TIMEOUT,
         "not over after 500 ms; the implementation does not answer; main, observation 1: expected "
         "a; observed nothing more",
         500, BUSY_MS, false},
        {"one more, just after it agreed",
         PLAN(false, {0, FAKE_OBSERVE, "a", false}, {1, FAKE_OBSERVE, "b", true}),
         EXPECTING("\"a\"", ""), TS_FAIL, "main, observation 2: expected nothing more; observed b",
         QUIET_MS, BUSY_MS, false},
        {"waits for what is pending",
         PLAN(false, {0, FAKE_OBSERVE, "a", false}, {100, FAKE_OBSERVE, "b", false}),
         EXPECTING("\"a\"", ""), TS_FAIL, "main, observation 2: expected nothing more; observed b",
         100, BUSY_MS, false},
        {"observes for lasts_ms",
         PLAN(false, {0, FAKE_OBSERVE, "a", false}, {60, FAKE_OBSERVE, "b", true}),
         EXPECTING("\"a\"", ", \"lasts_ms\": 100"), TS_FAIL,
         "main, observation 2: expected nothing more; observed b", 100, BUSY_MS, false},
        {"a small time scale shortens the limit, but not below lasts_ms",
         PLAN(false, {0, FAKE_OBSERVE, "a", false}),
         EXPECTING("\"a\"", ", \"lasts_ms\": 100, \"limit_ms\": 600"), TS_PASS, NULL, 100, BUSY_MS,
         false},
        {"what comes within the quiet period is waited for",
         PLAN(false, {0, FAKE_OBSERVE, "a", false}, {20, FAKE_OBSERVE, "b", true}),
         EXPECTING("\"a\", \"b\"", ""), TS_PASS, NULL, 20, BUSY_MS, false},
        {"pending beyond the limit",
         PLAN(false, {0, FAKE_OBSERVE, "a", false}, {60000, FAKE_OBSERVE, "b", false}),
         EXPECTING("\"a\"", ", \"limit_ms\": 800"), TS_TIMEOUT,
         "not over after 80 ms; 1 timers or immediates of the script are pending", 80, BUSY_MS,
         false},
    };
    check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void virtual_time(void) {
    static const expectation cases[] = {
        {"agrees", PLAN(true, {0, FAKE_OBSERVE, "a", false}, {70, FAKE_OBSERVE, "b", false}),
         EXPECTING("\"a\", \"b\"", ""), TS_PASS, NULL, 0, BUSY_MS, false},
        {"times are not scaled",
         PLAN(true, {0, FAKE_OBSERVE, "a", false}, {60, FAKE_OBSERVE, "b", true}),
         EXPECTING("\"a\"", ", \"lasts_ms\": 60"), TS_FAIL,
         "main, observation 2: expected nothing more; observed b", 0, BUSY_MS, false},
        {"what is due of itself after lasts_ms is not waited for",
         PLAN(true, {0, FAKE_OBSERVE, "a", false}, {61, FAKE_OBSERVE, "b", true}),
         EXPECTING("\"a\"", ", \"lasts_ms\": 60"), TS_PASS, NULL, 0, BUSY_MS, false},
        {"a day passes in no time",
         PLAN(true, {0, FAKE_OBSERVE, "a", false}, {86400000, FAKE_OBSERVE, "b", false}),
         EXPECTING("\"a\", \"b\"", ", \"limit_ms\": 86400000"), TS_PASS, NULL, 0, BUSY_MS, false},
        {"pending beyond the limit",
         PLAN(true, {0, FAKE_OBSERVE, "a", false}, {6000, FAKE_OBSERVE, "b", false}),
         EXPECTING("\"a\"", ""), TS_TIMEOUT,
         "not over after 5000 ms; 1 timers or immediates of the script are pending", 0, BUSY_MS,
         false},
    };
    check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void other_endings(void) {
    static const expectation cases[] = {
        {"unsupported", PLAN(false, {0, FAKE_UNSUPPORTED, "http.x", false}), EXPECTING("\"a\"", ""),
         TS_UNSUPPORTED, "http.x", 0, BUSY_MS, false},
        {"failed", PLAN(true, {0, FAKE_FAILED, "no such variable", false}), EXPECTING("\"a\"", ""),
         TS_HARNESS_ERROR, "no such variable", 0, BUSY_MS, false},
        {"crash", PLAN(false, {0, FAKE_CRASH, "Segmentation fault", false}), EXPECTING("", ""),
         TS_CRASH, "gone", 0, BUSY_MS, true},
        {"misbehaviour of an adapter", PLAN(false, {0, FAKE_MISBEHAVE, NULL, false}),
         EXPECTING("", ""), TS_HARNESS_ERROR, "gone", 0, BUSY_MS, true},
        {"flood", PLAN(false, {0, FAKE_FLOOD, "a", false}), EXPECTING("\"a\"", ""), TS_FAIL,
         "given up: more than 50000 observations or 256 MiB", 0, 10 * BUSY_MS, false},
        {"flood in virtual time", PLAN(true, {0, FAKE_FLOOD, "a", false}), EXPECTING("\"a\"", ""),
         TS_FAIL, "given up: more than 50000 observations or 256 MiB", 0, 10 * BUSY_MS, false},
    };
    check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void standard_error_is_kept(void) {
    static const fake_plan plan = PLAN(false, {0, FAKE_CRASH, "Segmentation fault", false});
    bool usable;
    ts_result result = fake_run(&plan, EXPECTING("", ""), 0.1, false, &usable);
    ASSERT_STR_EQ(result.context, "Segmentation fault");
    ts_result_free(&result);
}

static void recording_only_observes(void) {
    static const fake_plan plan = PLAN(true, {0, FAKE_OBSERVE, "x", false});
    bool usable;
    ts_result result = fake_run(&plan, EXPECTING("\"a\"", ""), 1, true, &usable);
    ASSERT_STR_EQ(ts_verdict_name(result.verdict), "pass");
    ASSERT_TRUE(result.expected == NULL);
    json_t *expected = json_pack("{s:[s]}", "main", "x");
    ASSERT_TRUE(json_equal(result.observed, expected) != 0);
    json_decref(expected);
    ts_result_free(&result);
}

/* Verdicts without a run. */
static void decided_beforehand(void) {
    static const struct {
        const char *scenario;
        const char *label;
        bool recording;
        const char *verdict; /* NULL: it has to run */
        const char *detail;
    } cases[] = {
        {EXPECTING("\"a\"", ""), "node", false, NULL, NULL},
        {EXPECTING("\"a\"", ", \"needs\": [\"unix\"]"), "node", false, NULL, NULL},
        {EXPECTING("\"a\"", ", \"needs\": [\"unix\", \"javascript\", \"ipv6\"]"), "node", false,
         "not-applicable", "needs javascript ipv6"},
        {EXPECTING("\"a\"", ", \"when\": {\"node\": \">=24\"}"), "node@23.5.0", false,
         "not-applicable", "applies to {\"node\": \">=24\"} only"},
        {EXPECTING("\"a\"", ", \"when\": {\"node\": \">=24\"}"), "bun", false, NULL, NULL},
        {"{\"title\": \"t\", \"script\": []}", "node", false, "harness-error",
         "nothing is expected yet: touchstone record fills it in"},
        {"{\"title\": \"t\", \"script\": []}", "node", true, NULL, NULL},
    };
    ts_implementation_identity identity = {
        .name = "node", .version = "23.5.0", .capabilities = TS_CAPABILITY_UNIX};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ts_scenario_file *file =
            ts_scenario_file_parse("x", "x", cases[i].scenario, strlen(cases[i].scenario));
        REQUIRE_SIZE_EQ(file->count, 1);
        ts_result result;
        bool decided = ts_run_is_decided(file->items[0], cases[i].label, &identity,
                                         cases[i].recording, &result);
        ASSERT_STR_EQ(decided ? ts_verdict_name(result.verdict) : NULL, cases[i].verdict);
        ASSERT_STR_EQ(result.detail, cases[i].detail);
        ts_result_free(&result);
        ts_scenario_file_free(file);
    }
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {UNIT_CASE(real_time),
                                             UNIT_CASE(virtual_time),
                                             UNIT_CASE(other_endings),
                                             UNIT_CASE(standard_error_is_kept),
                                             UNIT_CASE(recording_only_observes),
                                             UNIT_CASE(decided_beforehand)};
    return UNIT_RUN("run", cases, argc, argv);
}
