/* scenario_loader.c - arbitrary bytes as a scenario file: loading, checking, expanding, linting.
 *
 * The harness allocates with malloc and takes running out of memory as the end, so bounds are
 * checked by what the results amount to, and leaks are AddressSanitizer's. Properties:
 * - every problem names its place: a line and column, or a path from the root of the file;
 * - there are scenarios or there are problems, never both, never neither;
 * - the same bytes give the same result twice;
 * - a scenario that loads can be shown, and the text shown, made a file of its own, loads to the
 * same scenario; so does the whole file written anew by either of our ways to write JSON. */
#include "base/json_layout.h"
#include "scenario/lint.h"
#include "scenario/load.h"
#include "scenario/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engines/target.h"
#include "support/check.h"

#define LONGEST_INPUT 16384
#define FILE_NAME "scenarios/a/b.json"
#define FILE_ID "a/b"

/* --- problems ----------------------------------------------------------------------------- */

static void check_text(const char *text, const char *what) {
    FUZZ_CHECK(text != NULL && text[0] != '\0', "%s is empty", what);
}

/* The first step of a path is a member of the file or one of the texts that lint looks at. */
static void check_problem(const ts_problem *problem) {
    FUZZ_CHECK(strcmp(problem->file, FILE_NAME) == 0, "a problem of \"%s\"", problem->file);
    check_text(problem->reason, "the reason of a problem");
    FUZZ_CHECK(problem->path != NULL, "a problem without a path");
    FUZZ_CHECK(problem->line == 0 ? problem->column == 0 : problem->column > 0,
               "line %u, column %u", problem->line, problem->column);
    char *text = ts_problem_text(problem);
    FUZZ_CHECK(strncmp(text, FILE_NAME ":", strlen(FILE_NAME ":")) == 0 &&
                   strstr(text, problem->path) != NULL && strstr(text, problem->reason) != NULL,
               "a problem is told as \"%s\"", text);
    free(text);
}

static void check_problems(const ts_problems *problems) {
    FUZZ_CHECK(problems->count <= problems->total && problems->count <= TS_PROBLEMS_KEPT,
               "%zu problems of %zu", problems->count, problems->total);
    FUZZ_CHECK((problems->count == 0) == (problems->total == 0), "%zu problems of %zu",
               problems->count, problems->total);
    for (size_t i = 0; i < problems->count; i++) {
        check_problem(&problems->items[i]);
        for (size_t k = 0; k < i; k++) {
            FUZZ_CHECK(strcmp(problems->items[i].path, problems->items[k].path) != 0 ||
                           strcmp(problems->items[i].reason, problems->items[k].reason) != 0,
                       "told twice: %s", problems->items[i].reason);
        }
    }
    char *all = ts_problems_text(problems);
    FUZZ_CHECK((all[0] == '\0') == (problems->total == 0), "the text of %zu problems",
               problems->total);
    free(all);
}

/* --- scenarios ---------------------------------------------------------------------------- */

static bool is_same(const json_t *a, const json_t *b) {
    return a == b || (a != NULL && b != NULL && json_equal(a, b) != 0);
}

static void check_same_scenario(const ts_scenario *a, const ts_scenario *b) {
    FUZZ_CHECK(strcmp(a->title, b->title) == 0, "titles \"%s\", \"%s\"", a->title, b->title);
    FUZZ_CHECK(is_same(a->script, b->script), "scripts differ");
    FUZZ_CHECK(is_same(a->peers, b->peers), "peers differ");
    FUZZ_CHECK(is_same(a->lanes, b->lanes), "lanes differ");
    FUZZ_CHECK(is_same(a->expect, b->expect), "expectations differ");
    FUZZ_CHECK(is_same(a->variants, b->variants), "variants differ");
    FUZZ_CHECK(is_same(a->when, b->when), "\"when\" differs");
    FUZZ_CHECK(is_same(a->covers, b->covers), "\"covers\" differs");
    FUZZ_CHECK(is_same(a->differs, b->differs), "\"differs\" differs");
    FUZZ_CHECK(is_same(a->quirk, b->quirk), "\"quirk\" differs");
    FUZZ_CHECK(a->needs == b->needs && a->lasts_ms == b->lasts_ms && a->limit_ms == b->limit_ms,
               "needs or times differ");
}

static void check_same_file(const ts_scenario_file *a, const ts_scenario_file *b) {
    FUZZ_CHECK(a->count == b->count && a->problems.total == b->problems.total,
               "%zu scenarios and %zu problems, then %zu and %zu: %s", a->count, a->problems.total,
               b->count, b->problems.total,
               b->problems.count != 0 ? b->problems.items[0].reason : "");
    for (size_t i = 0; i < a->count; i++) {
        FUZZ_CHECK(strcmp(a->items[i]->id, b->items[i]->id) == 0, "ids %s, %s", a->items[i]->id,
                   b->items[i]->id);
        check_same_scenario(a->items[i], b->items[i]);
    }
    for (size_t i = 0; i < a->problems.count; i++) {
        FUZZ_CHECK(strcmp(a->problems.items[i].path, b->problems.items[i].path) == 0 &&
                       strcmp(a->problems.items[i].reason, b->problems.items[i].reason) == 0,
                   "problems differ: %s", a->problems.items[i].reason);
    }
}

static ts_scenario_file *parse(const ts_text *text) {
    return ts_scenario_file_parse(FILE_NAME, FILE_ID, ts_text_get(text), text->length);
}

/* The root written anew loads to the same scenarios. */
static void check_loads_again(const ts_scenario_file *file,
                              void (*write)(ts_text *text, json_t *value)) {
    ts_text text = {0};
    write(&text, file->root);
    ts_scenario_file *again = parse(&text);
    check_same_file(file, again);
    ts_scenario_file_free(again);
    ts_text_free(&text);
}

static json_t *names_of(unsigned needs) {
    json_t *names = json_array();
    for (unsigned bit = 1; bit != 0 && bit <= needs; bit <<= 1) {
        if ((needs & bit) != 0) {
            check_text(ts_capability_name(bit), "the name of a capability");
            (void)json_array_append_new(names, json_string(ts_capability_name(bit)));
        }
    }
    return names;
}

/* A scenario as `touchstone show` prints it, and what that leaves out. */
static json_t *shown(const ts_scenario *scenario) {
    json_t *object = ts_scenario_json(scenario);
    (void)json_object_set_new(object, "needs", names_of(scenario->needs));
    (void)json_object_set_new(object, "lasts_ms", json_integer((json_int_t)scenario->lasts_ms));
    (void)json_object_set_new(object, "limit_ms", json_integer((json_int_t)scenario->limit_ms));
    return object;
}

static bool holds_placeholder(const ts_text *text) {
    return strstr(ts_text_get(text), "${") != NULL;
}

/* An expanded scenario, made a file, is the same scenario. What still looks like a placeholder
 * ("${" that filling in put together, or "${}") would be filled in again. */
static void check_shown(const ts_scenario *scenario) {
    json_t *object = shown(scenario);
    ts_text text = {0};
    ts_json_layout(&text, object);
    json_decref(object);
    if (!holds_placeholder(&text)) {
        ts_scenario_file *again = parse(&text);
        FUZZ_CHECK(again->count == 1, "what is shown does not load: %s",
                   again->problems.count != 0 ? again->problems.items[0].reason : "no scenario");
        check_same_scenario(scenario, again->items[0]);
        ts_scenario_file_free(again);
    }
    ts_text_free(&text);
}

static void check_scenario(const ts_scenario_file *file, const ts_scenario *scenario) {
    FUZZ_CHECK(strncmp(scenario->id, FILE_ID, strlen(FILE_ID)) == 0, "id \"%s\"", scenario->id);
    check_text(scenario->title, "a title");
    FUZZ_CHECK(json_is_array(scenario->script) && json_is_object(scenario->peers),
               "no script, or no peers");
    FUZZ_CHECK(scenario->limit_ms > scenario->lasts_ms, "limit %llu ms, lasts %llu ms",
               (unsigned long long)scenario->limit_ms, (unsigned long long)scenario->lasts_ms);
    static const char *const names[][2] = {{"node", "23.5.0"}, {"bun", "1.2"}, {"reference", "0"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)ts_when_applies(scenario->when, names[i][0], names[i][1]);
        json_t *expect = ts_scenario_expectation(scenario, names[i][0], names[i][1]);
        const char *lane;
        json_t *list;
        json_object_foreach(expect, lane, list) {
            FUZZ_CHECK(json_is_array(list), "the lane \"%s\" is no list", lane);
            (void)ts_scenario_is_peer_lane(scenario, lane);
        }
        json_decref(expect);
    }
    FUZZ_CHECK(file->count == 1 || scenario->row != NULL, "a row without a name");
}

/* --- the target --------------------------------------------------------------------------- */

static void check_lint(const ts_scenario_file *file) {
    ts_problems found = {0};
    ts_scenario_lint(file, NULL, &found);
    check_problems(&found);
    ts_problems_free(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > LONGEST_INPUT) {
        return 0;
    }
    const char *bytes = size == 0 ? "" : (const char *)data;
    json_object_seed(1); /* the order of hash tables is not to depend on the time */
    ts_scenario_file *file = ts_scenario_file_parse(FILE_NAME, FILE_ID, bytes, size);
    check_problems(&file->problems);
    FUZZ_CHECK((file->problems.total == 0) == (file->count != 0), "%zu problems, %zu scenarios",
               file->problems.total, file->count);
    ts_scenario_file *twice = ts_scenario_file_parse(FILE_NAME, FILE_ID, bytes, size);
    check_same_file(file, twice);
    ts_scenario_file_free(twice);
    if (file->count != 0) {
        check_loads_again(file, ts_text_append_json);
        check_loads_again(file, ts_json_layout);
        check_lint(file);
    }
    for (size_t i = 0; i < file->count && i < 8; i++) {
        check_scenario(file, file->items[i]);
        check_shown(file->items[i]);
    }
    ts_scenario_file_free(file);
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    ts_scenario_file *file =
        ts_scenario_file_parse(FILE_NAME, FILE_ID, size == 0 ? "" : (const char *)data, size);
    char *problems = ts_problems_text(&file->problems);
    printf("%.*s\n%s%zu scenarios\n", (int)size, (const char *)data, problems, file->count);
    free(problems);
    ts_scenario_file_free(file);
}
