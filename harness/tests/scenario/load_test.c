/* What the loader accepts and refuses, and that the schema agrees. */
#include "scenario/load.h"

#include <stdlib.h>
#include <string.h>

#include "../support/schema.h"
#include "base/file.h"
#include "base/memory.h"
#include "samples.h"
#include "support/unit.h"

/* "PATH: REASON" or "LINE:COLUMN: REASON" of the first problem, without the file; "" when none. */
static char *first_problem(const ts_scenario_file *file) {
    if (file->problems.count == 0) {
        return ts_duplicate("");
    }
    const ts_problem *problem = &file->problems.items[0];
    if (problem->line > 0) {
        return ts_format("%u:%u: %s", problem->line, problem->column, problem->reason);
    }
    return ts_format("%s: %s", problem->path, problem->reason);
}

static void says_where_and_why(void) {
    for (size_t i = 0; i < sample_count; i++) {
        ts_scenario_file *file =
            ts_scenario_file_parse("file.json", "file", samples[i].text, strlen(samples[i].text));
        char *problem = first_problem(file);
        ASSERT_STR_EQ(problem, samples[i].problem != NULL ? samples[i].problem : "");
        ASSERT_TRUE((file->count == 0) == (samples[i].problem != NULL));
        free(problem);
        ts_scenario_file_free(file);
    }
}

static void agrees_with_the_schema(void) {
    json_t *schema = json_load_file(SCENARIO_SCHEMA, 0, NULL);
    REQUIRE_NOT_NULL(schema);
    for (size_t i = 0; i < sample_count; i++) {
        json_t *value = json_loads(samples[i].text, 0, NULL);
        if (value != NULL) {
            bool expected = samples[i].problem == NULL || samples[i].beyond_schema;
            if (!ASSERT_TRUE(schema_accepts(schema, value) == expected)) {
                ASSERT_STR_EQ(samples[i].text, expected ? "accepted" : "refused");
            }
        }
        json_decref(value);
    }
    json_decref(schema);
}

/* Every scenario of the suite that the loader takes, the schema takes. */
static void schema_accepts_the_suite(void) {
    json_t *schema = json_load_file(SCENARIO_SCHEMA, 0, NULL);
    ts_paths paths = {0};
    REQUIRE_NOT_NULL(schema);
    REQUIRE_TRUE(ts_file_walk(SCENARIO_SUITE, ".json", &paths));
    for (size_t i = 0; i < paths.count; i++) {
        if (strstr(paths.items[i], "/requirements/") != NULL ||
            strstr(paths.items[i], "/schema/") != NULL) {
            continue;
        }
        ts_scenario_file *file = ts_scenario_file_load(paths.items[i], "x");
        if (!ASSERT_TRUE((file->problems.total == 0) == schema_accepts(schema, file->root))) {
            ASSERT_STR_EQ(paths.items[i], "the same from loader and schema");
        }
        ts_scenario_file_free(file);
    }
    ts_paths_free(&paths);
    json_decref(schema);
}

static void text_of_problems_names_the_file(void) {
    const char *text = "{\"title\": \"t\", \"script\": [{\"cal\": 1}, {\"mark\": 2}]}";
    ts_scenario_file *file = ts_scenario_file_parse("a/b.json", "b", text, strlen(text));
    char *problems = ts_problems_text(&file->problems);
    ASSERT_STR_EQ(problems, "a/b.json: script[0]: unknown step \"cal\"; did you mean \"call\"?\n"
                            "a/b.json: script[1].mark: here stands a string, not a number");
    free(problems);
    ts_scenario_file_free(file);
}

static void missing_and_large_files_are_problems(void) {
    ts_scenario_file *file = ts_scenario_file_load("/nonexistent/x.json", "x");
    char *problem = first_problem(file);
    ASSERT_STR_EQ(problem, ": No such file or directory");
    free(problem);
    ts_scenario_file_free(file);

    file = ts_scenario_file_load("/dev/zero", "x");
    problem = first_problem(file);
    ASSERT_STR_EQ(problem, ": larger than 4194304 bytes");
    free(problem);
    ts_scenario_file_free(file);
}

static void deep_files_are_problems(void) {
    ts_text text = {0};
    ts_text_append(&text, "{\"title\": \"t\", \"script\": ");
    ts_text_append_repeated(&text, '[', 1000);
    ts_text_append_repeated(&text, ']', 1000);
    ts_text_append(&text, "}");
    ts_scenario_file *file = ts_scenario_file_parse("x", "x", text.data, text.length);
    char *problem = first_problem(file);
    ASSERT_STR_EQ(problem, ": lists and objects are nested deeper than 64");
    free(problem);
    ts_scenario_file_free(file);
    ts_text_free(&text);
}

/* Values that double themselves would fill the memory. */
static void expansion_is_bounded(void) {
    ts_text text = {0};
    ts_text_append(&text, "{\"title\": \"t\", \"script\": [\"${...v0}\"], \"values\": {");
    for (int i = 0; i < 7; i++) {
        ts_text_printf(&text, "\"v%d\": [", i);
        for (int j = 0; j < 10; j++) {
            ts_text_printf(&text, "%s\"${...v%d}\"", j > 0 ? "," : "", i + 1);
        }
        ts_text_append(&text, "],");
    }
    ts_text_append(&text, "\"v7\": [{\"mark\": \"a\"}]}}");
    ts_scenario_file *file = ts_scenario_file_parse("x", "x", text.data, text.length);
    REQUIRE_TRUE(file->problems.count > 0);
    ASSERT_STR_EQ(file->problems.items[0].reason, "the rows become more than 200000 values");
    ts_scenario_file_free(file);
    ts_text_free(&text);
}

static const char whole[] =
    "{\"title\": \"a ${how}\", \"covers\": [\"x.y\"], \"needs\": [\"unix\"],\n"
    " \"values\": {\"how\": \"default\", \"steps\": [{\"mark\": \"1\"}]},\n"
    " \"peers\": {\"origin\": {\"accepts\": [[{\"receive_head\": 1}, {\"${act}\": true}]]}},\n"
    " \"script\": [{\"let\": \"req\", \"call\": \"http.${how}\", \"args\": [{\"port\": "
    "\"$port.origin\"}],\n   \"on\": {\"error\": [\"${...steps}\"]}}],\n"
    " \"expect\": {\"main\": [{\"req.${how}()\": {\"$concat\": [\"${how}\", \"!\"]}}], "
    "\"origin.1\": [\"ends\"]},\n"
    " \"cases\": [{\"id\": \"one\", \"values\": {\"act\": \"close\"}},\n"
    "  {\"id\": \"two\", \"title\": \"b\", \"values\": {\"how\": \"get\", \"act\": \"reset\", "
    "\"steps\": []},\n   \"covers\": [\"z\"], \"needs\": [\"ipv6\"], \"expect\": {\"main\": "
    "[\"x\"]}, \"lasts_ms\": 70}]}";

static char *compact(json_t *value) {
    ts_text text = {0};
    ts_text_append_json(&text, value);
    return ts_text_take(&text);
}

static void fills_in_the_values_of_rows(void) {
    ts_scenario_file *file = ts_scenario_file_parse("x", "dir/x", whole, sizeof(whole) - 1);
    char *problems = ts_problems_text(&file->problems);
    ASSERT_STR_EQ(problems, "");
    free(problems);
    REQUIRE_SIZE_EQ(file->count, 2);
    const ts_scenario *one = file->items[0];
    const ts_scenario *two = file->items[1];
    ASSERT_STR_EQ(one->id, "dir/x:one");
    ASSERT_STR_EQ(one->title, "a default");
    ASSERT_STR_EQ(two->title, "b");
    char *text = compact(one->script);
    ASSERT_STR_EQ(text, "[{\"let\": \"req\", \"call\": \"http.default\", \"args\": [{\"port\": "
                        "\"$port.origin\"}], \"on\": {\"error\": [{\"mark\": \"1\"}]}}]");
    free(text);
    text = compact(one->expect);
    ASSERT_STR_EQ(text, "{\"main\": [{\"req.default()\": {\"$concat\": [\"default\", \"!\"]}}], "
                        "\"origin.1\": [\"ends\"]}");
    free(text);
    text = compact(two->expect);
    ASSERT_STR_EQ(text, "{\"main\": [\"x\"], \"origin.1\": [\"ends\"]}");
    free(text);
    text = compact(two->peers);
    ASSERT_STR_EQ(text,
                  "{\"origin\": {\"accepts\": [[{\"receive_head\": 1}, {\"reset\": true}]]}}");
    free(text);
    text = compact(two->covers);
    ASSERT_STR_EQ(text, "[\"x.y\", \"z\"]");
    free(text);
    ASSERT_UINT_EQ(one->needs, TS_CAPABILITY_UNIX);
    ASSERT_UINT_EQ(two->needs, TS_CAPABILITY_UNIX | TS_CAPABILITY_IPV6);
    ASSERT_UINT_EQ(two->lasts_ms, 70);
    ASSERT_UINT_EQ(two->limit_ms, 5070);
    ts_scenario_file_free(file);
}

/* Whatever is left of a file after a cut, or with a byte changed, is loaded or refused in words. */
static void survives_damage(void) {
    static const char bytes[] = "\"{}[]:,$\\0a \xff";
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        ts_scenario_file *file = ts_scenario_file_parse("x", "x", whole, length);
        ASSERT_TRUE(file->problems.count > 0 && file->count == 0);
        ts_scenario_file_free(file);
        char *damaged = ts_duplicate_bytes(whole, sizeof(whole) - 1);
        damaged[length] = bytes[length % (sizeof(bytes) - 1)];
        file = ts_scenario_file_parse("x", "x", damaged, sizeof(whole) - 1);
        ASSERT_TRUE((file->problems.count > 0) == (file->count == 0));
        ts_scenario_file_free(file);
        free(damaged);
    }
}

static void chooses_the_first_variant_that_fits(void) {
    static const char text[] =
        "{\"title\": \"t\", \"script\": [], \"expect\": {\"main\": [\"a\"]},\n"
        " \"variants\": [{\"when\": {\"node\": \">=24\"}, \"expect\": {\"main\": [\"b\"]}},\n"
        "  {\"when\": {\"node\": \"*\", \"bun\": \"1\"}, \"expect\": {\"main\": [\"c\"]}}]}";
    static const struct {
        const char *name;
        const char *version;
        const char *expected;
    } cases[] = {
        {"node", "24.1.0", "{\"main\": [\"b\"]}"},
        {"node@22.9.0", "22.9.0", "{\"main\": [\"c\"]}"},
        {"bun", "1.2.3", "{\"main\": [\"c\"]}"},
        {"deno", "2.0.0", "{\"main\": [\"a\"]}"},
        {"reference", "0.1.0", "{\"main\": [\"c\"]}"},
    };
    ts_scenario_file *file = ts_scenario_file_parse("x", "x", text, sizeof(text) - 1);
    REQUIRE_SIZE_EQ(file->count, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *expect = ts_scenario_expectation(file->items[0], cases[i].name, cases[i].version);
        char *shown = compact(expect);
        ASSERT_STR_EQ(shown, cases[i].expected);
        free(shown);
        json_decref(expect);
    }
    ts_scenario_file_free(file);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(says_where_and_why),
        UNIT_CASE(agrees_with_the_schema),
        UNIT_CASE(schema_accepts_the_suite),
        UNIT_CASE(text_of_problems_names_the_file),
        UNIT_CASE(missing_and_large_files_are_problems),
        UNIT_CASE(deep_files_are_problems),
        UNIT_CASE(expansion_is_bounded),
        UNIT_CASE(fills_in_the_values_of_rows),
        UNIT_CASE(survives_damage),
        UNIT_CASE(chooses_the_first_variant_that_fits),
    };
    return UNIT_RUN("load", cases, argc, argv);
}
