#include "base/memory.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/usage.h"
#include "reference/binding.h"
#include "scenario/requirement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {file: {"total", "covered", "untestable", "uncovered": [ids]}}: a new reference. */
static json_t *count_requirements(const ts_requirements *requirements, const json_t *covered) {
    json_t *files = json_object();
    for (size_t i = 0; i < requirements->count; i++) {
        const ts_requirement *r = &requirements->items[i];
        json_t *file = json_object_get(files, r->file);
        if (file == NULL) {
            file = json_pack("{s:i, s:i, s:i, s:[]}", "total", 0, "covered", 0, "untestable", 0,
                             "uncovered");
            (void)json_object_set_new(files, r->file, file);
        }
        const char *key = json_object_get(covered, r->id) != NULL ? "covered"
                          : r->untestable                         ? "untestable"
                                                                  : NULL;
        json_t *total = json_object_get(file, "total");
        (void)json_integer_set(total, json_integer_value(total) + 1);
        if (key != NULL) {
            json_t *count = json_object_get(file, key);
            (void)json_integer_set(count, json_integer_value(count) + 1);
        } else {
            (void)json_array_append_new(json_object_get(file, "uncovered"), json_string(r->id));
        }
    }
    return files;
}

/* {"total", "touched", "untouched": [{"class", "member", "kind"}]}: a new reference. */
static json_t *count_members(const ts_usage *usage) {
    json_t *untouched = json_array();
    json_int_t touched = 0;
    for (size_t i = 0; i < ts_binding_count(); i++) {
        const ts_binding *binding = ts_binding_at(i);
        if (ts_usage_has(usage, binding)) {
            touched++;
        } else {
            (void)json_array_append_new(
                untouched, json_pack("{s:s, s:s, s:s}", "class", binding->class_name, "member",
                                     binding->member, "kind", ts_member_kind_name(binding->kind)));
        }
    }
    return json_pack("{s:I, s:I, s:o}", "total", (json_int_t)ts_binding_count(), "touched", touched,
                     "untouched", untouched);
}

/* Scenarios that claim something and would accept anything, and those that claim nothing. */
static void judge_scenarios(const ts_selection *selection, json_t *vacuous, json_t *claimless) {
    for (size_t i = 0; i < selection->count; i++) {
        const ts_scenario *scenario = selection->items[i].scenario;
        if (scenario == NULL) {
            continue;
        }
        if (json_array_size(scenario->covers) == 0) {
            (void)json_array_append_new(claimless, json_string(scenario->id));
        } else if (!ts_usage_says_something(scenario)) {
            (void)json_array_append_new(vacuous, json_string(scenario->id));
        }
    }
}

/* The ids that scenarios cover, as a set: a new reference. `unknown` gets those nobody requires. */
static json_t *covered_ids(const ts_selection *selection, const ts_requirements *requirements,
                           json_t *unknown) {
    json_t *covered = json_object();
    for (size_t i = 0; i < selection->count; i++) {
        const ts_scenario *scenario = selection->items[i].scenario;
        size_t index;
        json_t *id;
        json_array_foreach(scenario != NULL ? scenario->covers : NULL, index, id) {
            const char *text = json_string_value(id);
            if (ts_requirements_find(requirements, text) == NULL &&
                json_object_get(covered, text) == NULL) {
                (void)json_array_append(unknown, id);
            }
            (void)json_object_set_new(covered, text, json_true());
        }
    }
    return covered;
}

/* --- output ------------------------------------------------------------------------------- */

static void print_ids(const char *heading, const json_t *list) {
    if (json_array_size(list) == 0) {
        return;
    }
    (void)printf("\n%s: %zu\n", heading, json_array_size(list));
    size_t index;
    json_t *id;
    json_array_foreach(list, index, id) {
        (void)printf("  %s\n", json_string_value(id));
    }
}

static void print_requirements(json_t *files) {
    json_int_t sums[3] = {0, 0, 0};
    static const char *const keys[] = {"total", "covered", "untestable"};
    const char *name;
    json_t *file;
    json_object_foreach(files, name, file) {
        for (int i = 0; i < 3; i++) {
            sums[i] += json_integer_value(json_object_get(file, keys[i]));
        }
    }
    (void)printf("requirements: %lld of %lld covered, %lld more can't be tested\n",
                 (long long)sums[1], (long long)sums[0], (long long)sums[2]);
    json_object_foreach(files, name, file) {
        char *heading = ts_format("%s: %lld of %lld covered; not covered", name,
                                  (long long)json_integer_value(json_object_get(file, "covered")),
                                  (long long)json_integer_value(json_object_get(file, "total")));
        print_ids(heading, json_object_get(file, "uncovered"));
        free(heading);
    }
}

static void print_members(json_t *members) {
    (void)printf("\nmembers: %lld of %lld touched (by name); not touched:\n",
                 (long long)json_integer_value(json_object_get(members, "touched")),
                 (long long)json_integer_value(json_object_get(members, "total")));
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(members, "untouched"), index, item) {
        (void)printf("  %s.%s (%s)\n", json_string_value(json_object_get(item, "class")),
                     json_string_value(json_object_get(item, "member")),
                     json_string_value(json_object_get(item, "kind")));
    }
}

static void print_all(json_t *report, bool json) {
    if (json) {
        ts_text text = {0};
        ts_text_append_json(&text, report);
        (void)printf("%s\n", ts_text_get(&text));
        ts_text_free(&text);
        return;
    }
    print_requirements(json_object_get(report, "requirements"));
    print_members(json_object_get(report, "members"));
    print_ids("expectations that say nothing", json_object_get(report, "vacuous"));
    print_ids("scenarios that cover no requirement", json_object_get(report, "claimless"));
    print_ids("covered ids that are no requirements", json_object_get(report, "unknown"));
}

/* --- the command -------------------------------------------------------------------------- */

static int cover(const ts_cli_session *session, bool json) {
    if (session->suite.root == NULL) {
        return ts_complain("coverage: no suite found; say where it is: --suite");
    }
    ts_requirements requirements;
    ts_problems problems = {0};
    ts_requirements_load(&session->suite, &requirements, &problems);
    int status = TS_EXIT_OK;
    if (problems.total > 0) {
        char *text = ts_problems_text(&problems);
        status = ts_complain("%s", text);
        free(text);
    }
    ts_usage usage = {0};
    for (size_t i = 0; i < session->selection.count; i++) {
        ts_usage_add(&usage, session->selection.items[i].scenario);
    }
    json_t *unknown = json_array();
    json_t *vacuous = json_array();
    json_t *claimless = json_array();
    json_t *covered = covered_ids(&session->selection, &requirements, unknown);
    judge_scenarios(&session->selection, vacuous, claimless);
    json_t *report =
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "requirements",
                  count_requirements(&requirements, covered), "members", count_members(&usage),
                  "vacuous", vacuous, "claimless", claimless, "unknown", unknown);
    print_all(report, json);
    json_decref(report);
    json_decref(covered);
    ts_usage_free(&usage);
    ts_problems_free(&problems);
    ts_requirements_free(&requirements);
    return status;
}

int ts_command_coverage(const ts_command *self, int argc, char **argv) {
    ts_words words = {0};
    const char *suite = NULL;
    const char *format = "text";
    const ts_option options[] = {
        {"format", TS_OPTION_TEXT, &format, "NAME", "text or json"},
        {"suite", TS_OPTION_TEXT, &suite, "DIR", "the folder of the scenarios"},
    };
    int status = ts_options_parse(self, TS_OPTIONS(options), argc, argv, &words);
    bool json = strcmp(format, "json") == 0;
    if (status == TS_GO_ON && !json && strcmp(format, "text") != 0) {
        status = ts_complain("coverage: unknown format \"%s\" (text, json)", format);
    }
    if (status == TS_GO_ON) {
        ts_cli_session session;
        status = ts_cli_session_open(&session, self, suite, &words, NULL, NULL);
        if (status == TS_GO_ON) {
            status = cover(&session, json);
        }
        ts_cli_session_close(&session);
    }
    free(words.items);
    return status;
}
