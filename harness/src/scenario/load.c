#include "scenario/load.h"

#include "base/file.h"
#include "base/memory.h"
#include "scenario/check.h"
#include "scenario/expand.h"
#include "scenario/version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT_MS = 5000 };

/* --- capabilities ------------------------------------------------------------------------- */

static const char *const capability_names[] = {"javascript", "unix", "ipv6"};

enum { CAPABILITIES = sizeof(capability_names) / sizeof(capability_names[0]) };

unsigned ts_capability_from_name(const char *name) {
    for (unsigned i = 0; i < CAPABILITIES; i++) {
        if (strcmp(capability_names[i], name) == 0) {
            return 1U << i;
        }
    }
    return 0;
}

const char *ts_capability_name(unsigned capability) {
    for (unsigned i = 0; i < CAPABILITIES; i++) {
        if (capability == 1U << i) {
            return capability_names[i];
        }
    }
    return NULL;
}

static unsigned needs_of(const json_t *list) {
    unsigned needs = 0;
    size_t index;
    json_t *name;
    json_array_foreach(list, index, name) {
        needs |= ts_capability_from_name(json_string_value(name));
    }
    return needs;
}

/* --- the file as written ------------------------------------------------------------------ */

static void unchecked(ts_checker *checker, json_t *value) {
    (void)checker; /* checked once the values of the row are filled in */
    (void)value;
}

static void check_values_object(ts_checker *checker, json_t *value) {
    ts_check_members(checker, value, "an object of values", unchecked);
}

static void check_need(ts_checker *checker, json_t *value) {
    const char *name = json_string_value(value);
    if (name == NULL || ts_capability_from_name(name) == 0) {
        ts_check_fail(checker, "here stands one of javascript, unix, ipv6");
    }
}

static void check_needs(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of what an implementation needs", check_need);
}

static const ts_field variant_fields[] = {{"when", ts_check_when, true},
                                          {"expect", unchecked, true}};
static const ts_field differs_fields[] = {{"documentation", ts_check_text, true},
                                          {"binary", ts_check_text, true}};
static const ts_field quirk_fields[] = {{"oracle", ts_check_text, true},
                                        {"expected", ts_check_text, true}};

static void check_variant(ts_checker *checker, json_t *value) {
    ts_check_fields(checker, value, "a variant", variant_fields, TS_FIELD_COUNT(variant_fields));
}

static void check_variants(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of variants", check_variant);
}

static void check_differs(ts_checker *checker, json_t *value) {
    ts_check_fields(checker, value, "\"differs\"", differs_fields, TS_FIELD_COUNT(differs_fields));
}

static void check_quirk(ts_checker *checker, json_t *value) {
    ts_check_fields(checker, value, "\"quirk\"", quirk_fields, TS_FIELD_COUNT(quirk_fields));
}

static void check_row_id(ts_checker *checker, json_t *value) {
    const char *id = json_string_value(value);
    size_t length = 0;
    while (id != NULL && (isalnum((unsigned char)id[length]) ||
                          (id[length] != '\0' && strchr("._+=-", id[length]) != NULL))) {
        length++;
    }
    if (length == 0 || length != json_string_length(value)) {
        ts_check_fail(checker, "the id of a row has letters, digits and . _ + = -");
    }
}

static void check_title(ts_checker *checker, json_t *value) {
    if (!json_is_string(value) || json_string_length(value) == 0) {
        ts_check_fail(checker, "here stands one sentence");
    }
}

#define COMMON_FIELDS                                                                              \
    {"covers", ts_check_string_list, false}, {"expect", unchecked, false},                         \
        {"values", check_values_object, false}, {"needs", check_needs, false},                     \
        {"when", ts_check_when, false}, {"variants", check_variants, false},                       \
        {"quirk", check_quirk, false}, {"differs", check_differs, false}, {                        \
        "lasts_ms", ts_check_milliseconds, false                                                   \
    }

static const ts_field row_fields[] = {
    {"id", check_row_id, true}, {"title", check_title, false}, COMMON_FIELDS};

static void check_row(ts_checker *checker, json_t *value) {
    ts_check_fields(checker, value, "a row", row_fields, TS_FIELD_COUNT(row_fields));
}

static void check_cases(ts_checker *checker, json_t *value) {
    if (json_array_size(value) == 0 || json_array_size(value) > TS_MOST_ROWS) {
        ts_check_fail(checker, "here stands a list of 1 to %d rows", (int)TS_MOST_ROWS);
        return;
    }
    ts_check_list_of(checker, value, "a list of rows", check_row);
    json_t *seen = json_object();
    size_t index;
    json_t *row;
    json_array_foreach(value, index, row) {
        const char *id = json_string_value(json_object_get(row, "id"));
        if (id != NULL && json_object_get(seen, id) != NULL) {
            ts_check_fail(checker, "two rows have the id \"%s\"", id);
        }
        if (id != NULL) {
            (void)json_object_set_new(seen, id, json_true());
        }
    }
    json_decref(seen);
}

static const ts_field file_fields[] = {{"title", check_title, true},
                                       COMMON_FIELDS,
                                       {"script", unchecked, true},
                                       {"peers", unchecked, false},
                                       {"lanes", unchecked, false},
                                       {"cases", check_cases, false},
                                       {"limit_ms", ts_check_milliseconds, false},
                                       {"notes", ts_check_text, false},
                                       {"$schema", ts_check_text, false}};

static bool is_too_deep(json_t *value, int left) {
    if (left == 0) {
        return json_is_object(value) || json_is_array(value);
    }
    size_t index;
    json_t *item;
    json_array_foreach(value, index, item) {
        if (is_too_deep(item, left - 1)) {
            return true;
        }
    }
    const char *key;
    json_object_foreach(value, key, item) {
        if (is_too_deep(item, left - 1)) {
            return true;
        }
    }
    return false;
}

/* --- rows --------------------------------------------------------------------------------- */

void ts_scenario_free(ts_scenario *scenario) {
    free(scenario->id);
    free(scenario->row);
    free(scenario->path);
    free(scenario->title);
    json_decref(scenario->script);
    json_decref(scenario->peers);
    json_decref(scenario->lanes);
    json_decref(scenario->expect);
    json_decref(scenario->variants);
    json_decref(scenario->when);
    json_decref(scenario->covers);
    json_decref(scenario->differs);
    json_decref(scenario->quirk);
    free(scenario);
}

/* Whose values are filled in. */
typedef struct ts_filling {
    json_t *root;
    json_t *row; /* NULL: the file has no cases */
    ts_expand_budget *budget;
} ts_filling;

/* `owner[key]` with the values of the row: a new reference; NULL when absent or wrong. */
static json_t *expand_member(ts_checker *checker, const ts_filling *filling, json_t *owner,
                             const char *key) {
    json_t *value = json_object_get(owner, key);
    if (value == NULL) {
        return NULL;
    }
    ts_expand_problem problem = {0};
    json_t *expanded =
        ts_expand(value, json_object_get(filling->row, "values"),
                  json_object_get(filling->root, "values"), key, filling->budget, &problem);
    if (expanded == NULL) {
        size_t mark = checker->path.length;
        ts_text_append(&checker->path, problem.path != NULL ? problem.path : key);
        ts_check_fail(checker, "%s", problem.reason != NULL ? problem.reason : "can't be expanded");
        ts_check_leave(checker, mark);
        free(problem.path);
        free(problem.reason);
    }
    return expanded;
}

/* Puts the lanes of `over` (consumed) into `expect` (consumed). */
static json_t *merge_lanes(json_t *expect, json_t *over) {
    if (expect == NULL || over == NULL) {
        return expect != NULL ? expect : over;
    }
    if (json_is_object(over)) {
        (void)json_object_update(expect, over);
    }
    json_decref(over);
    return expect;
}

/* The row's own value, else the file's. Borrowed. */
static json_t *row_or_file(json_t *root, json_t *row, const char *key) {
    json_t *value = json_object_get(row, key);
    return value != NULL ? value : json_object_get(root, key);
}

static json_t *joined_lists(json_t *root, json_t *row, const char *key) {
    json_t *list = json_array();
    (void)json_array_extend(list, json_object_get(root, key));
    (void)json_array_extend(list, json_object_get(row, key));
    return list;
}

static void check_expanded(ts_checker *checker, ts_scenario *scenario) {
    checker->variables = json_object();
    checker->addresses = json_object();
    checker->used = json_object();
    ts_check_gather(checker, scenario->script);
    const char *name;
    json_t *peer;
    json_object_foreach(scenario->peers, name, peer) {
        if (json_object_get(peer, "connects") == NULL) {
            (void)json_object_set_new(checker->addresses, name, json_true());
        }
    }
    size_t mark = ts_check_enter_key(checker, "script");
    ts_check_script(checker, scenario->script);
    ts_check_leave(checker, mark);
    mark = ts_check_enter_key(checker, "peers");
    ts_check_peers(checker, scenario->peers);
    ts_check_leave(checker, mark);
    if (scenario->lanes != NULL) {
        mark = ts_check_enter_key(checker, "lanes");
        ts_check_lanes(checker, scenario->lanes);
        ts_check_leave(checker, mark);
    }
    if (scenario->expect != NULL) {
        mark = ts_check_enter_key(checker, "expect");
        ts_check_expectation(checker, scenario->expect, scenario->lanes, scenario->peers);
        ts_check_leave(checker, mark);
    }
    size_t index;
    json_t *variant;
    json_array_foreach(scenario->variants, index, variant) {
        mark = ts_check_enter_key(checker, "variants");
        (void)ts_check_enter_index(checker, index);
        (void)ts_check_enter_key(checker, "expect");
        ts_check_expectation(checker, json_object_get(variant, "expect"), scenario->lanes,
                             scenario->peers);
        ts_check_leave(checker, mark);
    }
    json_decref(checker->variables);
    json_decref(checker->addresses);
}

static uint64_t milliseconds_of(const json_t *value, uint64_t otherwise) {
    return value != NULL ? (uint64_t)json_number_value(value) : otherwise;
}

static char *title_of(ts_checker *checker, const ts_filling *filling) {
    bool own = json_object_get(filling->row, "title") != NULL;
    json_t *title = expand_member(checker, filling, own ? filling->row : filling->root, "title");
    char *text = ts_duplicate(json_is_string(title) ? json_string_value(title) : "");
    if (title != NULL && (text[0] == '\0' || strlen(text) != json_string_length(title))) {
        size_t mark = ts_check_enter_key(checker, "title");
        ts_check_fail(checker, "the title becomes no sentence");
        ts_check_leave(checker, mark);
    }
    json_decref(title);
    return text;
}

/* One scenario; `row` NULL: the file has no cases. What is wrong is added to the problems. */
static ts_scenario *make_scenario(ts_scenario_file *file, json_t *row, ts_expand_budget *budget) {
    json_t *root = file->root;
    const ts_filling filling = {.root = root, .row = row, .budget = budget};
    const char *row_id = json_string_value(json_object_get(row, "id"));
    ts_checker checker = {.problems = &file->problems, .file = file->path, .row = row_id};
    ts_scenario *scenario = ts_allocate(1, sizeof(*scenario));
    scenario->path = ts_duplicate(file->path);
    scenario->row = ts_duplicate(row_id);
    scenario->id = row_id != NULL ? ts_format("%s:%s", file->id, row_id) : ts_duplicate(file->id);
    scenario->title = title_of(&checker, &filling);
    scenario->script = expand_member(&checker, &filling, root, "script");
    scenario->peers = expand_member(&checker, &filling, root, "peers");
    scenario->lanes = expand_member(&checker, &filling, root, "lanes");
    scenario->expect = merge_lanes(expand_member(&checker, &filling, root, "expect"),
                                   expand_member(&checker, &filling, row, "expect"));
    json_t *owner = json_object_get(row, "variants") != NULL ? row : root;
    scenario->variants = expand_member(&checker, &filling, owner, "variants");
    scenario->when = json_incref(row_or_file(root, row, "when"));
    scenario->differs = json_incref(row_or_file(root, row, "differs"));
    scenario->quirk = json_incref(row_or_file(root, row, "quirk"));
    scenario->covers = joined_lists(root, row, "covers");
    scenario->needs =
        needs_of(json_object_get(root, "needs")) | needs_of(json_object_get(row, "needs"));
    scenario->lasts_ms = milliseconds_of(row_or_file(root, row, "lasts_ms"), 0);
    scenario->limit_ms =
        milliseconds_of(json_object_get(root, "limit_ms"), scenario->lasts_ms + DEFAULT_LIMIT_MS);
    if (scenario->peers == NULL) {
        scenario->peers = json_object();
    }
    if (file->problems.total == 0 && scenario->limit_ms <= scenario->lasts_ms) {
        ts_check_fail(&checker, "limit_ms has to be more than lasts_ms");
    }
    if (file->problems.total == 0) {
        check_expanded(&checker, scenario);
        (void)json_object_update(file->used_addresses, checker.used);
        json_decref(checker.used);
    }
    ts_text_free(&checker.path);
    return scenario;
}

static void drop_scenarios(ts_scenario_file *file) {
    for (size_t i = 0; i < file->count; i++) {
        ts_scenario_free(file->items[i]);
    }
    free(file->items);
    file->items = NULL;
    file->count = 0;
}

static void make_scenarios(ts_scenario_file *file) {
    json_t *cases = json_object_get(file->root, "cases");
    size_t rows = cases != NULL ? json_array_size(cases) : 1;
    file->items = ts_allocate(rows, sizeof(*file->items));
    ts_expand_budget budget = TS_EXPAND_BUDGET;
    /* What is wrong in one row is mostly wrong in all: the first one is enough. */
    for (size_t i = 0; i < rows && file->problems.total == 0; i++) {
        file->items[file->count++] = make_scenario(file, json_array_get(cases, i), &budget);
    }
    if (file->problems.total > 0) {
        drop_scenarios(file);
    }
}

/* --- files -------------------------------------------------------------------------------- */

static ts_scenario_file *new_file(const char *path, const char *id) {
    ts_scenario_file *file = ts_allocate(1, sizeof(*file));
    file->path = ts_duplicate(path);
    file->id = ts_duplicate(id);
    file->used_addresses = json_object();
    return file;
}

static void parse(ts_scenario_file *file, const char *text, size_t length) {
    json_error_t error;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (root == NULL) {
        ts_problems_add_at(&file->problems, file->path, (unsigned)(error.line > 0 ? error.line : 1),
                           (unsigned)(error.column > 0 ? error.column : 1), error.text);
        return;
    }
    if (!json_is_object(root)) {
        ts_problems_add(&file->problems, file->path, "", "a scenario is an object");
        json_decref(root);
        return;
    }
    file->root = root;
    if (is_too_deep(root, TS_DEEPEST_FILE)) {
        char *reason = ts_format("lists and objects are nested deeper than %d", TS_DEEPEST_FILE);
        ts_problems_add(&file->problems, file->path, "", reason);
        free(reason);
        return;
    }
    ts_checker checker = {.problems = &file->problems, .file = file->path};
    ts_check_fields(&checker, root, "a scenario", file_fields, TS_FIELD_COUNT(file_fields));
    ts_text_free(&checker.path);
    if (file->problems.total == 0) {
        make_scenarios(file);
    }
}

ts_scenario_file *ts_scenario_file_parse(const char *path, const char *id, const char *text,
                                         size_t length) {
    ts_scenario_file *file = new_file(path, id);
    parse(file, text, length);
    return file;
}

ts_scenario_file *ts_scenario_file_load(const char *path, const char *id) {
    ts_scenario_file *file = new_file(path, id);
    ts_text text = {0};
    char *error = NULL;
    if (ts_file_read(path, TS_LARGEST_FILE, &text, &error)) {
        parse(file, ts_text_get(&text), text.length);
    } else {
        ts_problems_add(&file->problems, path, "", error);
    }
    free(error);
    ts_text_free(&text);
    return file;
}

void ts_scenario_file_free(ts_scenario_file *file) {
    if (file == NULL) {
        return;
    }
    drop_scenarios(file);
    ts_problems_free(&file->problems);
    json_decref(file->root);
    json_decref(file->used_addresses);
    free(file->path);
    free(file->id);
    free(file);
}

/* --- what a scenario says ----------------------------------------------------------------- */

json_t *ts_scenario_json(const ts_scenario *scenario) {
    const struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"covers", scenario->covers},     {"when", scenario->when},
        {"peers", scenario->peers},       {"lanes", scenario->lanes},
        {"script", scenario->script},     {"expect", scenario->expect},
        {"variants", scenario->variants}, {"differs", scenario->differs},
        {"quirk", scenario->quirk},
    };
    json_t *object = json_object();
    (void)json_object_set_new(object, "title", json_string(scenario->title));
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (members[i].value != NULL) {
            (void)json_object_set(object, members[i].key, members[i].value);
        }
    }
    return object;
}

json_t *ts_scenario_expectation(const ts_scenario *scenario, const char *name,
                                const char *version) {
    json_t *expect = scenario->expect != NULL ? json_copy(scenario->expect) : NULL;
    size_t index;
    json_t *variant;
    json_array_foreach(scenario->variants, index, variant) {
        if (ts_when_names(json_object_get(variant, "when"), name, version)) {
            json_t *over = json_incref(json_object_get(variant, "expect"));
            return expect != NULL ? merge_lanes(expect, over) : over;
        }
    }
    return expect;
}

bool ts_scenario_is_peer_lane(const ts_scenario *scenario, const char *lane) {
    if (json_object_get(scenario->lanes, lane) != NULL || strcmp(lane, "main") == 0) {
        return false;
    }
    const char *dot = strrchr(lane, '.');
    return json_object_get(scenario->peers, lane) != NULL ||
           (dot != NULL && json_object_getn(scenario->peers, lane, (size_t)(dot - lane)) != NULL);
}
