/* The Test Anything Protocol, version 14. */
#include "report/report.h"

/* In a description "#" begins a directive and a newline ends it. */
static void append_escaped(ts_text *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '#' || *text == '\\') {
            ts_text_append(out, "\\");
        }
        ts_text_append_bytes(out, *text == '\n' ? " " : text, 1);
    }
}

/* A block scalar takes any text, as long as its lines are indented. */
static void append_diagnostics(const ts_report *report, const ts_outcome *outcome, size_t scenario,
                               ts_text *out) {
    ts_text details = {0};
    ts_report_append_details(report, outcome, scenario, false, &details);
    ts_text_printf(out, "  ---\n  verdict: %s\n  duration_ms: %.3f\n",
                   ts_verdict_name(outcome->result.verdict), outcome->result.duration_ms);
    if (details.length > 0) {
        ts_text_append(out, "  detail: |2\n"); /* 2: the text may begin with spaces itself */
        ts_report_append_indented(out, ts_text_get(&details), 4);
    }
    ts_text_append(out, "  ...\n");
    ts_text_free(&details);
}

static void append_test(const ts_report *report, size_t number, size_t implementation,
                        size_t scenario, ts_text *out) {
    const ts_outcome *outcome = ts_report_outcome(report, implementation, scenario);
    ts_verdict verdict = outcome->result.verdict;
    ts_text_printf(out, "%s %zu - ", ts_verdict_is_failure(verdict) ? "not ok" : "ok", number);
    append_escaped(out, report->results->implementations[implementation].name);
    ts_text_append(out, ": ");
    append_escaped(out, report->selection->items[scenario].id);
    if (verdict == TS_UNSUPPORTED || verdict == TS_NOT_APPLICABLE) {
        ts_text_printf(out, " # SKIP %s: ", ts_verdict_name(verdict));
        append_escaped(out, outcome->result.detail != NULL ? outcome->result.detail : "");
    }
    ts_text_append(out, "\n");
    if (ts_verdict_is_failure(verdict)) {
        append_diagnostics(report, outcome, scenario, out);
    }
}

void ts_report_tap(const ts_report *report, ts_text *out) {
    size_t implementations = report->results->implementation_count;
    ts_counts counts = ts_report_count(report, implementations);
    ts_text_printf(out, "TAP version 14\n1..%zu\n",
                   implementations * report->results->scenario_count);
    size_t number = 0;
    for (size_t i = 0; i < implementations; i++) {
        for (size_t j = 0; j < report->results->scenario_count; j++) {
            number++;
            if (ts_report_outcome(report, i, j)->done) {
                append_test(report, number, i, j, out);
            }
        }
    }
    ts_text_append(out, "# ");
    ts_report_append_counts(&counts, out);
    ts_text_append(out, "\n");
    if (report->results->interrupted) {
        ts_text_append(out, "Bail out! interrupted\n");
    }
}
