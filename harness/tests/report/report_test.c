/* Each format against a file, golden/NAME: verdicts of every kind, text that needs escaping. */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "support/unit.h"

static const char table[] =
    "{\"title\": \"a <fact> & \\\"more\\\"\", \"script\": [], \"expect\": {\"main\": [\"a\"]},\n"
    " \"cases\": [{\"id\": \"one\"}, {\"id\": \"two\"}, {\"id\": \"three\"}]}";
static const char broken[] = "{\"title\": 5, \"script\": []}";

enum { SCENARIOS = 4, IMPLEMENTATIONS = 3 };

static ts_result result_of(ts_verdict verdict, double duration_ms, const char *detail) {
    return (ts_result){
        .verdict = verdict, .duration_ms = duration_ms, .detail = ts_duplicate(detail)};
}

static void set(ts_schedule_results *results, size_t implementation, size_t scenario,
                ts_result result) {
    results->outcomes[implementation * SCENARIOS + scenario] = (ts_outcome){true, result};
}

static void fill(ts_schedule_results *results) {
    *results = (ts_schedule_results){.implementation_count = IMPLEMENTATIONS,
                                     .scenario_count = SCENARIOS,
                                     .duration_ms = 1234.5678};
    results->implementations = ts_allocate(IMPLEMENTATIONS, sizeof(*results->implementations));
    results->outcomes = ts_allocate(IMPLEMENTATIONS * SCENARIOS, sizeof(*results->outcomes));
    results->implementations[0] =
        (ts_implementation_record){ts_duplicate("reference"), ts_duplicate("0.1.0"), NULL};
    results->implementations[1] =
        (ts_implementation_record){ts_duplicate("node@23.5.0"), ts_duplicate("23.5.0"), NULL};
    results->implementations[2] = (ts_implementation_record){
        ts_duplicate("bun@9"), ts_duplicate(""),
        ts_duplicate("bun@9 is not installed; install it: script/runtimes bun@9")};
    ts_result failed = result_of(TS_FAIL, 3.25, "main, observation 1: expected a; observed b 1");
    failed.expected = json_pack("{s:[s, s]}", "main", "a", "c");
    failed.observed = json_pack("{s:[{s:i}, s]}", "main", "b", 1, "c");
    set(results, 0, 0, result_of(TS_PASS, 0.5, NULL));
    set(results, 0, 1, failed);
    set(results, 0, 2, result_of(TS_UNSUPPORTED, 0.25, "http.Agent.keepSocketAlive"));
    set(results, 0, 3,
        result_of(TS_HARNESS_ERROR, 0, "broken.json: title: here stands one sentence"));
    ts_result crash = result_of(TS_CRASH, 12, "killed by signal 11 (SIGSEGV)");
    crash.context = ts_duplicate("frame <1>\nframe # 2 \x01\xff");
    set(results, 1, 0, crash);
    set(results, 1, 1, result_of(TS_TIMEOUT, 5000, "not over after 5000 ms"));
    set(results, 1, 2, result_of(TS_NOT_APPLICABLE, 0, "needs unix # ipv6"));
    for (size_t i = 0; i < SCENARIOS; i++) {
        set(results, 2, i, result_of(TS_HARNESS_ERROR, 0, results->implementations[2].problem));
    }
    results->interrupted = true; /* one result is missing */
}

static void check(const char *format, bool colour, const char *golden) {
    ts_selection selection = {0};
    ts_scenario_file *files[2] = {
        ts_scenario_file_parse("table.json", "table", table, sizeof(table) - 1),
        ts_scenario_file_parse("broken.json", "broken", broken, sizeof(broken) - 1)};
    ts_selected items[SCENARIOS] = {{files[0], NULL, NULL}};
    for (size_t i = 0; i < files[0]->count && i < SCENARIOS; i++) {
        items[i] = (ts_selected){files[0], files[0]->items[i], files[0]->items[i]->id};
    }
    items[3] = (ts_selected){files[1], NULL, files[1]->id};
    selection.items = items;
    selection.count = SCENARIOS;
    ts_schedule_results results;
    fill(&results);
    ts_report report = {
        .selection = &selection, .results = &results, .colour = colour, .columns = 67};
    ts_text text = {0};
    ts_report_find(format)(&report, &text);
    char *path = ts_format("%s/%s", GOLDEN, golden);
    char *error = NULL;
    ts_text expected = {0};
    (void)ts_file_read(path, 1 << 20, &expected, &error);
    if (!ASSERT_STR_EQ(ts_text_get(&text), ts_text_get(&expected))) {
        char *actual = ts_format("%s.actual", golden);
        (void)ts_file_write(actual, ts_text_get(&text), text.length, &error);
        free(actual);
    }
    free(error);
    free(path);
    ts_text_free(&expected);
    ts_text_free(&text);
    ts_schedule_results_free(&results);
    ts_scenario_file_free(files[0]);
    ts_scenario_file_free(files[1]);
}

static void pretty(void) {
    check("pretty", false, "pretty.txt");
}

static void pretty_coloured(void) {
    check("pretty", true, "pretty-coloured.txt");
}

static void tap(void) {
    check("tap", false, "report.tap");
}

static void junit(void) {
    check("junit", false, "junit.xml");
}

static void json(void) {
    check("json", false, "report.json");
}

static void html(void) {
    check("html", false, "report.html");
}

static void json_is_json(void) {
    json_error_t error;
    char *path = ts_format("%s/report.json", GOLDEN);
    json_t *report = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    ASSERT_NOT_NULL(report);
    ASSERT_SIZE_EQ(json_array_size(json_object_get(report, "results")), 11);
    json_decref(report);
    free(path);
}

static void unknown_formats(void) {
    ASSERT_TRUE(ts_report_find("yaml") == NULL);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {UNIT_CASE(pretty),       UNIT_CASE(pretty_coloured),
                                             UNIT_CASE(tap),          UNIT_CASE(junit),
                                             UNIT_CASE(json),         UNIT_CASE(html),
                                             UNIT_CASE(json_is_json), UNIT_CASE(unknown_formats)};
    return UNIT_RUN("report", cases, argc, argv);
}
