#include "trace/compare.h"

#include "cli/commands.h"
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COLUMNS = 140 };

static const ts_outcome *outcome_of(const ts_schedule_results *results, size_t implementation,
                                    size_t scenario) {
    return &results->outcomes[implementation * results->scenario_count + scenario];
}

static void print_reason(const ts_implementation_record *record, const ts_result *result) {
    (void)printf("  %s: %s%s%s\n", record->name, ts_verdict_name(result->verdict),
                 result->detail != NULL ? ": " : "", result->detail != NULL ? result->detail : "");
    if (result->context != NULL) {
        (void)printf("%s\n", result->context);
    }
}

/* Prints one scenario of implementation `other` beside that of the first; whether they agree. */
static bool print_pair(const ts_schedule_results *results, size_t other, size_t scenario) {
    const ts_result *left = &outcome_of(results, 0, scenario)->result;
    const ts_result *right = &outcome_of(results, other, scenario)->result;
    bool both = true;
    if (left->verdict != TS_PASS) {
        print_reason(&results->implementations[0], left);
        both = false;
    }
    if (right->verdict != TS_PASS) {
        print_reason(&results->implementations[other], right);
        both = false;
    }
    if (left->observed == NULL || right->observed == NULL) {
        return false;
    }
    ts_table_style style = {.left = results->implementations[0].name,
                            .right = results->implementations[other].name,
                            .columns = ts_cli_columns(STDOUT_FILENO, COLUMNS),
                            .colour = ts_cli_wants_colour(STDOUT_FILENO),
                            .all_lanes = true};
    ts_text text = {0};
    ts_side_by_side(&text, left->observed, right->observed, NULL, NULL, &style);
    (void)fputs(ts_text_get(&text), stdout);
    ts_text_free(&text);
    return both && ts_compare(left->observed, right->observed, NULL, NULL);
}

static int compare_all(const ts_cli_session *session, double time_scale) {
    ts_schedule_options options = {.selection = &session->selection,
                                   .specifications = &session->specifications,
                                   .jobs = 1,
                                   .repeat = 1,
                                   .time_scale = time_scale,
                                   .recording = true};
    ts_schedule_results results;
    ts_schedule_run(&options, &results);
    int status = results.interrupted ? TS_EXIT_INTERRUPTED : TS_EXIT_OK;
    for (size_t i = 0; i < results.scenario_count && !results.interrupted; i++) {
        for (size_t other = 1; other < results.implementation_count; other++) {
            (void)printf("%s\n", session->selection.items[i].id);
            bool same = print_pair(&results, other, i);
            (void)printf("  %s\n", same ? "the traces agree" : "the traces differ");
            status = same ? status : TS_EXIT_FAILED;
        }
    }
    for (size_t i = 0; i < results.implementation_count; i++) {
        status = results.implementations[i].problem != NULL ? TS_EXIT_USAGE : status;
    }
    ts_schedule_results_free(&results);
    return status;
}

int ts_command_compare(const ts_command *self, int argc, char **argv) {
    ts_words words = {0};
    ts_words implementations = {0};
    const char *suite = NULL;
    double time_scale = 1;
    const ts_option options[] = {
        {"impl", TS_OPTION_TEXTS, &implementations, "A,B", "the implementations to compare"},
        {"time-scale", TS_OPTION_FACTOR, &time_scale, "F", "multiply all real times by F"},
        {"suite", TS_OPTION_TEXT, &suite, "DIR", "the folder of the scenarios"},
    };
    int status = ts_options_parse(self, TS_OPTIONS(options), argc, argv, &words);
    if (status == TS_GO_ON && words.count == 0) {
        status = ts_complain("compare: which scenario?");
    }
    if (status == TS_GO_ON) {
        ts_cli_session session;
        status = ts_cli_session_open(&session, self, suite, &words, &implementations, NULL);
        if (status == TS_GO_ON && session.specifications.count < 2) {
            status = ts_complain("compare: --impl wants two implementations, such as "
                                 "reference,node@23.5.0");
        }
        if (status == TS_GO_ON) {
            status = compare_all(&session, time_scale);
        }
        ts_cli_session_close(&session);
    }
    free(words.items);
    free(implementations.items);
    return status;
}
