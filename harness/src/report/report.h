/* Reports: the results of a run for people and for machines. */
#ifndef TOUCHSTONE_REPORT_REPORT_H
#define TOUCHSTONE_REPORT_REPORT_H

#include "base/text.h"
#include "run/schedule.h"

#define TS_REPORT_FORMATS(X)                                                                       \
    X(PRETTY, "pretty", ts_report_pretty)                                                          \
    X(TAP, "tap", ts_report_tap)                                                                   \
    X(JUNIT, "junit", ts_report_junit)                                                             \
    X(JSON, "json", ts_report_json)                                                                \
    X(HTML, "html", ts_report_html)

typedef struct ts_report {
    const ts_selection *selection;
    const ts_schedule_results *results;
    bool colour;    /* pretty: escape sequences */
    size_t columns; /* pretty: width of the tables */
} ts_report;

typedef void (*ts_report_writer)(const ts_report *report, ts_text *out);

/* The writer of a format; NULL for an unknown one. */
ts_report_writer ts_report_find(const char *format);
/* "pretty, tap, junit, json, html" */
const char *ts_report_names(void);

#define X(name, text, function) void function(const ts_report *report, ts_text *out);
TS_REPORT_FORMATS(X)
#undef X

/* --- for the writers ---------------------------------------------------------------------- */

typedef struct ts_counts {
    size_t of[TS_VERDICT_COUNT];
    size_t total;  /* results, without those that an interruption left out */
    size_t failed; /* verdicts that make the run fail */
} ts_counts;

/* Of one implementation; of all for `implementation` == implementation_count. */
ts_counts ts_report_count(const ts_report *report, size_t implementation);
const ts_outcome *ts_report_outcome(const ts_report *report, size_t implementation,
                                    size_t scenario);
/* The title of a scenario, "" when its file could not be loaded. */
const char *ts_report_title(const ts_report *report, size_t scenario);
/* Everything there is to say about a result besides the verdict: detail, both traces, standard
 * error. Lines end with newlines. */
void ts_report_append_details(const ts_report *report, const ts_outcome *outcome, size_t scenario,
                              bool colour, ts_text *out);
/* "250 passed, 3 failed, 12 unsupported": verdicts that occur; passed and failed always. */
void ts_report_append_counts(const ts_counts *counts, ts_text *out);
/* Appends `text` with every line indented. */
void ts_report_append_indented(ts_text *out, const char *text, size_t indent);

#endif
