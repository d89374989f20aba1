/* What recording makes of a file: the expectation changes, and nothing else. */
#include "cli/recording.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_layout.h"
#include "support/unit.h"

static json_t *parse(const char *text) {
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    REQUIRE_NOT_NULL(value);
    return value;
}

static void simplifies(void) {
    static const struct {
        const char *observed;
        const char *simple;
    } cases[] = {
        {"{\"a\": [\"x\", 1]}", "{\"a\": [\"x\", 1]}"},
        {"\"a${b}c\"", "{\"$concat\": [\"a$\", \"{b}c\"]}"},
        {"\"$\"", "\"$\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *observed = parse(cases[i].observed);
        json_t *simple = ts_recording_simplify(observed);
        ts_text text = {0};
        ts_text_append_json(&text, simple);
        ASSERT_STR_EQ(ts_text_get(&text), cases[i].simple);
        ts_text_free(&text);
        json_decref(simple);
        json_decref(observed);
    }
    ts_text run = {0};
    ts_text_append_repeated(&run, 'x', 5000);
    json_t *observed = json_stringn(run.data, run.length);
    json_t *simple = ts_recording_simplify(observed);
    ts_text text = {0};
    ts_text_append_json(&text, simple);
    ASSERT_STR_EQ(ts_text_get(&text), "{\"$repeat\": [\"x\", 5000]}");
    ts_text_free(&text);
    ts_text_free(&run);
    json_decref(simple);
    json_decref(observed);
}

/* Stores `lanes` as the expectation of the scenario with that row (NULL: the first). */
static void store(const char *source, const char *row, const char *lanes, const char *after) {
    ts_scenario_file *file = ts_scenario_file_parse("x", "x", source, strlen(source));
    REQUIRE_TRUE(file->count > 0);
    const ts_scenario *scenario = file->items[0];
    for (size_t i = 0; row != NULL && i < file->count; i++) {
        scenario = strcmp(file->items[i]->row, row) == 0 ? file->items[i] : scenario;
    }
    json_t *observed = parse(lanes);
    bool changed = ts_recording_store(file->root, scenario, observed);
    ts_text text = {0};
    ts_text_append(&text, source);
    ts_recording_rewrite(&text, file->root);
    ASSERT_STR_EQ(ts_text_get(&text), after);
    ASSERT_TRUE(changed == (strcmp(source, after) != 0));
    ts_text_free(&text);
    json_decref(observed);
    ts_scenario_file_free(file);
}

static void keeps_what_the_author_wrote(void) {
    store("{ \"title\" : \"t\\u0041\",\n  \"script\": [ ], \"expect\": {} }\n", NULL,
          "{\"main\": [\"a\", {\"b\": 1}]}",
          "{ \"title\" : \"t\\u0041\",\n  \"script\": [ ], \"expect\": {\"main\": [\"a\", {\"b\": "
          "1}]} }\n");
    store("{\"title\": \"t\",\n  \"script\": []\n}\n", NULL, "{\"main\": [\"a\"]}",
          "{\"title\": \"t\",\n  \"script\": [],\n  \"expect\": {\"main\": [\"a\"]}\n}\n");
    /* A lane whose expectation fits stays, with its matchers and its layout. */
    store(
        "{\"title\": \"t\", \"script\": [], \"expect\": {\"main\": [ {\"a\": {\"$any\":true}} ]}}",
        NULL, "{\"main\": [{\"a\": 5}]}",
        "{\"title\": \"t\", \"script\": [], \"expect\": {\"main\": [ {\"a\": {\"$any\":true}} ]}}");
    /* A lane that is gone. */
    store("{\"title\": \"t\", \"script\": [], \"lanes\": {\"x\": [\"q\"]},\n"
          " \"expect\": {\"main\": [\"a\"], \"x\": [\"b\"]}}",
          NULL, "{\"main\": [\"a\"]}",
          "{\"title\": \"t\", \"script\": [], \"lanes\": {\"x\": [\"q\"]},\n"
          " \"expect\": {\"main\": [\"a\"]}}");
}

static void rows_have_their_own(void) {
    static const char source[] =
        "{\"title\": \"t\", \"script\": [], \"expect\": {\"main\": [\"${x}\"]},\n"
        " \"cases\": [\n"
        "  {\"id\": \"a\", \"values\": {\"x\": \"1\"}},\n"
        "  {\"id\": \"b\", \"values\": {\"x\": \"2\"}, \"expect\": {\"main\": [\"z\"]}}]}";
    store(source, "a", "{\"main\": [\"1\"]}", source);
    store(source, "a", "{\"main\": [\"2\", \"3\"]}",
          "{\"title\": \"t\", \"script\": [], \"expect\": {\"main\": [\"${x}\"]},\n"
          " \"cases\": [\n"
          "  {\"id\": \"a\", \"values\": {\"x\": \"1\"},\n"
          "    \"expect\": {\"main\": [\"2\", \"3\"]}},\n"
          "  {\"id\": \"b\", \"values\": {\"x\": \"2\"}, \"expect\": {\"main\": [\"z\"]}}]}");
    store(source, "b", "{\"main\": [\"2\"]}",
          "{\"title\": \"t\", \"script\": [], \"expect\": {\"main\": [\"${x}\"]},\n"
          " \"cases\": [\n"
          "  {\"id\": \"a\", \"values\": {\"x\": \"1\"}},\n"
          "  {\"id\": \"b\", \"values\": {\"x\": \"2\"}, \"expect\": {\"main\": [\"2\"]}}]}");
    store(source, "a", "{}",
          "{\"title\": \"t\", \"script\": [], \"expect\": {\"main\": [\"${x}\"]},\n"
          " \"cases\": [\n"
          "  {\"id\": \"a\", \"values\": {\"x\": \"1\"},\n"
          "    \"expect\": {\"main\": []}},\n"
          "  {\"id\": \"b\", \"values\": {\"x\": \"2\"}, \"expect\": {\"main\": [\"z\"]}}]}");
}

static void lays_out_json(void) {
    json_t *value =
        parse("{\"title\": \"t\", \"number\": 0.1, \"list\": [\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
              "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\", {\"c\": \"cccccccccccccccccccccccccc\"}, "
              "\"d\"], \"object\": {}, \"steps\": [{\"call\": "
              "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", "
              "\"args\": [1, 2, 3]}, {\"mark\": \"x\"}]}");
    ts_text text = {0};
    ts_json_layout(&text, value);
    ASSERT_STR_EQ(
        ts_text_get(&text),
        "{\n"
        "  \"title\": \"t\",\n"
        "  \"number\": 0.1,\n"
        "  \"list\": [\n"
        "    \"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\n"
        "    {\"c\": \"cccccccccccccccccccccccccc\"}, \"d\"\n"
        "  ],\n"
        "  \"object\": {},\n"
        "  \"steps\": [\n"
        "    {\n"
        "      \"call\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\n"
        "      \"args\": [1, 2, 3]\n"
        "    },\n"
        "    {\"mark\": \"x\"}\n"
        "  ]\n"
        "}\n");
    ts_text_free(&text);
    json_decref(value);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(simplifies), UNIT_CASE(keeps_what_the_author_wrote),
        UNIT_CASE(rows_have_their_own), UNIT_CASE(lays_out_json)};
    return UNIT_RUN("recording", cases, argc, argv);
}
