#include "base/file.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/recording.h"
#include "cli/session.h"
#include "trace/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 140 };

typedef struct recorder {
    const ts_cli_session *session;
    bool force;
    bool peers; /* also the lanes of peers that nobody expected so far */
    bool dry_run;
    int status;
} recorder;

static void fail(recorder *r, int status) {
    r->status = r->status == TS_EXIT_USAGE ? r->status : status;
}

static void print_table(json_t *left, json_t *right, const char *left_name, const char *right_name,
                        ts_lane_filter filter, void *data) {
    ts_table_style style = {.left = left_name,
                            .right = right_name,
                            .columns = ts_cli_columns(STDOUT_FILENO, COLUMNS),
                            .colour = ts_cli_wants_colour(STDOUT_FILENO)};
    ts_text text = {0};
    ts_side_by_side(&text, left, right, filter, data, &style);
    (void)fputs(ts_text_get(&text), stdout);
    ts_text_free(&text);
}

static bool lane_is_required(void *data, const char *lane) {
    return !ts_scenario_is_peer_lane(data, lane);
}

/* Without the lanes of peers that nobody asked for: a new reference. */
static json_t *lanes_to_keep(const recorder *r, const ts_scenario *scenario, json_t *observed) {
    json_t *kept = json_object();
    const char *lane;
    json_t *list;
    json_object_foreach(observed, lane, list) {
        bool wanted = !ts_scenario_is_peer_lane(scenario, lane) || r->peers ||
                      json_object_get(scenario->expect, lane) != NULL;
        if (wanted) {
            (void)json_object_set_new(kept, lane, ts_recording_simplify(list));
        }
    }
    return kept;
}

static bool is_named_by_variant(const ts_scenario *scenario, const char *label,
                                const char *version) {
    ts_scenario plain = *scenario;
    plain.variants = NULL;
    json_t *with = ts_scenario_expectation(scenario, label, version);
    json_t *without = ts_scenario_expectation(&plain, label, version);
    bool named = with != NULL && !json_equal(with, without);
    json_decref(with);
    json_decref(without);
    return named;
}

/* Whether two recordings of the same scenario agree; says so if not. */
static bool is_stable(const ts_selected *item, const ts_result *first, const ts_result *second) {
    if (second->observed == NULL || ts_compare(first->observed, second->observed, NULL, NULL)) {
        return true;
    }
    (void)printf("%s: two runs differ; a signal or lanes have to order what is unordered\n",
                 item->id);
    print_table(first->observed, second->observed, "first run", "second run", NULL, NULL);
    return false;
}

/* Puts what was observed into the file's JSON. true: the file changed. */
static bool record_item(recorder *r, const ts_selected *item, const ts_result *result,
                        const ts_implementation_record *by) {
    ts_scenario *scenario = item->scenario;
    bool empty = json_object_size(scenario->expect) == 0;
    bool agrees =
        !empty && ts_compare(scenario->expect, result->observed, lane_is_required, scenario);
    if (agrees && !r->peers) {
        (void)printf("%s: agrees with what is expected\n", item->id);
        return false;
    }
    if (is_named_by_variant(scenario, by->name, by->version)) {
        (void)printf("%s: a variant is for %s %s; edit it by hand\n", item->id, by->name,
                     by->version);
        fail(r, TS_EXIT_FAILED);
        return false;
    }
    if (!empty && !agrees && !r->force) {
        (void)printf("%s: something else is expected; --force overwrites it\n", item->id);
        print_table(scenario->expect, result->observed, "expected", by->name, lane_is_required,
                    scenario);
        fail(r, TS_EXIT_FAILED);
        return false;
    }
    json_t *lanes = lanes_to_keep(r, scenario, result->observed);
    bool changed = ts_recording_store(item->file->root, scenario, lanes);
    (void)printf("%s: %s\n", item->id, changed ? "recorded" : "agrees with what is expected");
    json_decref(lanes);
    return changed;
}

static void save(recorder *r, const ts_scenario_file *file) {
    ts_text text = {0};
    char *error = NULL;
    bool read = ts_file_read(file->path, TS_LARGEST_FILE, &text, &error);
    if (read) {
        ts_recording_rewrite(&text, file->root);
    }
    if (read && r->dry_run) {
        (void)fputs(ts_text_get(&text), stdout);
    } else if (!read || !ts_file_write(file->path, ts_text_get(&text), text.length, &error)) {
        fail(r, ts_complain("record: %s: %s", file->path, error));
        free(error);
    }
    ts_text_free(&text);
}

static void record_file(recorder *r, const ts_scenario_file *file, const ts_schedule_results *first,
                        const ts_schedule_results *second) {
    bool changed = false;
    for (size_t i = 0; i < first->scenario_count; i++) {
        const ts_selected *item = &r->session->selection.items[i];
        const ts_result *result = &first->outcomes[i].result;
        if (item->file != file) {
            continue;
        }
        if (result->verdict != TS_PASS || !second->outcomes[i].done) {
            (void)printf("%s: %s%s%s\n", item->id, ts_verdict_name(result->verdict),
                         result->detail != NULL ? ": " : "",
                         result->detail != NULL ? result->detail : "");
            (void)printf("%s", result->context != NULL ? result->context : "");
            if (ts_verdict_is_failure(result->verdict)) {
                fail(r, TS_EXIT_FAILED);
            }
        } else if (!is_stable(item, result, &second->outcomes[i].result) && !r->force) {
            fail(r, TS_EXIT_FAILED);
        } else {
            changed = record_item(r, item, result, &first->implementations[0]) || changed;
        }
    }
    if (changed) {
        save(r, file);
    }
}

static int record_all(recorder *r, double time_scale, unsigned jobs) {
    ts_progress_bar bar;
    ts_progress_bar_init(&bar);
    ts_schedule_options options = {.selection = &r->session->selection,
                                   .specifications = &r->session->specifications,
                                   .jobs = jobs,
                                   .repeat = 1,
                                   .time_scale = time_scale,
                                   .recording = true,
                                   .progress = ts_progress_bar_update,
                                   .owner = &bar};
    ts_schedule_results first;
    ts_schedule_results second;
    ts_schedule_run(&options, &first);
    ts_schedule_run(&options, &second);
    ts_progress_bar_clear(&bar);
    r->status = first.implementations[0].problem != NULL ? TS_EXIT_USAGE : TS_EXIT_OK;
    if (first.interrupted || second.interrupted) {
        r->status = TS_EXIT_INTERRUPTED;
    } else {
        for (size_t i = 0; i < r->session->selection.file_count; i++) {
            record_file(r, r->session->selection.files[i], &first, &second);
        }
    }
    ts_schedule_results_free(&first);
    ts_schedule_results_free(&second);
    return r->status;
}

int ts_command_record(const ts_command *self, int argc, char **argv) {
    ts_words words = {0};
    ts_words implementations = {0};
    const char *suite = NULL;
    double time_scale = 1;
    unsigned jobs = 1;
    recorder r = {0};
    const ts_option options[] = {
        {"impl", TS_OPTION_TEXTS, &implementations, "NAME", "the implementation that is right"},
        {"force", TS_OPTION_FLAG, &r.force, NULL, "overwrite expectations that differ"},
        {"peers", TS_OPTION_FLAG, &r.peers, NULL, "expect what peers receive, too"},
        {"dry-run", TS_OPTION_FLAG, &r.dry_run, NULL, "print the files instead of writing them"},
        {"jobs", TS_OPTION_COUNT, &jobs, "N", "adapter processes at a time"},
        {"time-scale", TS_OPTION_FACTOR, &time_scale, "F", "multiply all real times by F"},
        {"suite", TS_OPTION_TEXT, &suite, "DIR", "the folder of the scenarios"},
    };
    int status = ts_options_parse(self, TS_OPTIONS(options), argc, argv, &words);
    if (status == TS_GO_ON && words.count == 0) {
        status = ts_complain("record: which scenario?");
    }
    if (status == TS_GO_ON) {
        ts_cli_session session;
        status = ts_cli_session_open(&session, self, suite, &words, &implementations, NULL);
        if (status == TS_GO_ON && session.specifications.count != 1) {
            status = ts_complain("record: --impl wants one implementation, such as node@23.5.0");
        }
        if (status == TS_GO_ON) {
            r.session = &session;
            status = record_all(&r, time_scale, jobs);
        }
        ts_cli_session_close(&session);
    }
    free(words.items);
    free(implementations.items);
    return status;
}
