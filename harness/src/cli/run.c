#include "base/file.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 120 };

typedef struct arguments {
    ts_words words;
    ts_words implementations;
    const char *format;
    const char *output;
    const char *shard;
    const char *suite;
    unsigned jobs;
    unsigned repeat;
    double time_scale;
} arguments;

/* --- shards ------------------------------------------------------------------------------- */

/* Keeps every N-th scenario, beginning with the I-th. */
static int take_shard(ts_selection *selection, const char *shard) {
    unsigned index;
    unsigned count;
    int length = 0;
    if (sscanf(shard, "%u/%u%n", &index, &count, &length) != 2 || (size_t)length != strlen(shard) ||
        index < 1 || index > count) {
        return ts_complain("run: --shard wants I/N with 1 <= I <= N, not \"%s\"", shard);
    }
    size_t kept = 0;
    for (size_t i = 0; i < selection->count; i++) {
        if (i % count == index - 1) {
            selection->items[kept++] = selection->items[i];
        } else {
            free(selection->items[i].id);
        }
    }
    selection->count = kept;
    return TS_GO_ON;
}

/* --- output ------------------------------------------------------------------------------- */

static int print_report(const arguments *a, const ts_selection *selection,
                        const ts_schedule_results *results) {
    bool to_file = a->output != NULL;
    ts_report report = {.selection = selection,
                        .results = results,
                        .colour = !to_file && ts_cli_wants_colour(STDOUT_FILENO),
                        .columns = to_file ? COLUMNS : ts_cli_columns(STDOUT_FILENO, COLUMNS)};
    ts_text text = {0};
    int status = TS_GO_ON;
    ts_report_find(a->format)(&report, &text);
    if (to_file) {
        char *error = NULL;
        if (!ts_file_write(a->output, ts_text_get(&text), text.length, &error)) {
            status = ts_complain("%s: %s", a->output, error);
            free(error);
        }
        ts_counts counts = ts_report_count(&report, results->implementation_count);
        ts_text summary = {0};
        ts_report_append_counts(&counts, &summary);
        (void)printf("%s\n", ts_text_get(&summary));
        ts_text_free(&summary);
    } else if (fwrite(ts_text_get(&text), 1, text.length, stdout) != text.length ||
               fflush(stdout) != 0) {
        status = ts_complain("can't write the report");
    }
    ts_text_free(&text);
    return status;
}

static int exit_status(const ts_schedule_results *results) {
    if (results->interrupted) {
        return TS_EXIT_INTERRUPTED;
    }
    for (size_t i = 0; i < results->implementation_count; i++) {
        if (results->implementations[i].problem != NULL) {
            return TS_EXIT_USAGE;
        }
    }
    size_t all = results->implementation_count * results->scenario_count;
    for (size_t i = 0; i < all; i++) {
        if (ts_verdict_is_failure(results->outcomes[i].result.verdict)) {
            return TS_EXIT_FAILED;
        }
    }
    return TS_EXIT_OK;
}

/* --- the command -------------------------------------------------------------------------- */

static int run_session(const arguments *a, ts_cli_session *session) {
    if (session->selection.count == 0) {
        return ts_complain("run: the suite has no scenarios");
    }
    if (a->shard != NULL) {
        int status = take_shard(&session->selection, a->shard);
        if (status != TS_GO_ON) {
            return status;
        }
    }
    ts_progress_bar bar;
    ts_progress_bar_init(&bar);
    ts_schedule_options options = {.selection = &session->selection,
                                   .specifications = &session->specifications,
                                   .jobs = a->jobs,
                                   .repeat = a->repeat,
                                   .time_scale = a->time_scale,
                                   .progress = ts_progress_bar_update,
                                   .owner = &bar};
    ts_schedule_results results;
    ts_schedule_run(&options, &results);
    ts_progress_bar_clear(&bar);
    int status = print_report(a, &session->selection, &results);
    if (status == TS_GO_ON) {
        status = exit_status(&results);
    }
    ts_schedule_results_free(&results);
    return status;
}

/* Finds out early that the report can't be written. */
static int check_output(const char *output) {
    char *folder = ts_file_parent(output);
    int status = TS_GO_ON;
    if (ts_file_is_directory(output) || !ts_file_is_directory(folder)) {
        status = ts_complain("run: --output %s: %s", output,
                             ts_file_is_directory(output) ? "is a folder" : "no such folder");
    }
    free(folder);
    return status;
}

int ts_command_run(const ts_command *self, int argc, char **argv) {
    arguments a = {.format = "pretty", .jobs = 1, .repeat = 1, .time_scale = 1};
    const ts_option options[] = {
        {"impl", TS_OPTION_TEXTS, &a.implementations, "A,B",
         "implementations (default: reference)"},
        {"format", TS_OPTION_TEXT, &a.format, "NAME", "pretty, tap, junit, json or html"},
        {"output", TS_OPTION_TEXT, &a.output, "FILE", "write the report there"},
        {"jobs", TS_OPTION_COUNT, &a.jobs, "N", "so many runs at a time (simulator: one)"},
        {"shard", TS_OPTION_TEXT, &a.shard, "I/N", "only the I-th of N parts"},
        {"repeat", TS_OPTION_COUNT, &a.repeat, "N", "run each scenario N times"},
        {"time-scale", TS_OPTION_FACTOR, &a.time_scale, "F", "multiply all real times by F"},
        {"suite", TS_OPTION_TEXT, &a.suite, "DIR", "the folder of the scenarios"},
    };
    int status = ts_options_parse(self, TS_OPTIONS(options), argc, argv, &a.words);
    if (status == TS_GO_ON && ts_report_find(a.format) == NULL) {
        status = ts_complain("run: unknown format \"%s\" (%s)", a.format, ts_report_names());
    }
    if (status == TS_GO_ON && a.output != NULL) {
        status = check_output(a.output);
    }
    if (status == TS_GO_ON) {
        ts_cli_session session;
        status =
            ts_cli_session_open(&session, self, a.suite, &a.words, &a.implementations, "reference");
        if (status == TS_GO_ON) {
            status = run_session(&a, &session);
        }
        ts_cli_session_close(&session);
    }
    free(a.words.items);
    free(a.implementations.items);
    return status;
}
