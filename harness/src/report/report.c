#include "report/report.h"

#include "scenario/load.h"
#include "trace/compare.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    ts_report_writer write;
} formats[] = {
#define X(name, text, function) {text, function},
    TS_REPORT_FORMATS(X)
#undef X
};

ts_report_writer ts_report_find(const char *format) {
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, format) == 0) {
            return formats[i].write;
        }
    }
    return NULL;
}

const char *ts_report_names(void) {
    return "pretty, tap, junit, json, html";
}

const ts_outcome *ts_report_outcome(const ts_report *report, size_t implementation,
                                    size_t scenario) {
    return &report->results->outcomes[implementation * report->results->scenario_count + scenario];
}

const char *ts_report_title(const ts_report *report, size_t scenario) {
    const ts_scenario *item = report->selection->items[scenario].scenario;
    return item != NULL ? item->title : "";
}

ts_counts ts_report_count(const ts_report *report, size_t implementation) {
    ts_counts counts = {{0}, 0, 0};
    size_t all = report->results->implementation_count;
    for (size_t i = 0; i < all; i++) {
        for (size_t j = 0; j < report->results->scenario_count; j++) {
            const ts_outcome *outcome = ts_report_outcome(report, i, j);
            if ((implementation == all || implementation == i) && outcome->done) {
                counts.of[outcome->result.verdict]++;
                counts.total++;
                counts.failed += ts_verdict_is_failure(outcome->result.verdict);
            }
        }
    }
    return counts;
}

void ts_report_append_counts(const ts_counts *counts, ts_text *out) {
    ts_text_printf(out, "%zu passed, %zu failed", counts->of[TS_PASS], counts->failed);
    size_t others = 0;
    for (int verdict = TS_FAIL; verdict < TS_VERDICT_COUNT; verdict++) {
        others += ts_verdict_is_failure((ts_verdict)verdict) && verdict != TS_FAIL
                      ? counts->of[verdict]
                      : 0;
    }
    if (others > 0) {
        const char *separator = " (";
        for (int verdict = TS_FAIL; verdict < TS_VERDICT_COUNT; verdict++) {
            if (counts->of[verdict] > 0 && ts_verdict_is_failure((ts_verdict)verdict)) {
                ts_text_printf(out, "%s%zu %s", separator, counts->of[verdict],
                               ts_verdict_name((ts_verdict)verdict));
                separator = ", ";
            }
        }
        ts_text_append(out, ")");
    }
    if (counts->of[TS_UNSUPPORTED] > 0) {
        ts_text_printf(out, ", %zu unsupported", counts->of[TS_UNSUPPORTED]);
    }
    if (counts->of[TS_NOT_APPLICABLE] > 0) {
        ts_text_printf(out, ", %zu not applicable", counts->of[TS_NOT_APPLICABLE]);
    }
}

void ts_report_append_indented(ts_text *out, const char *text, size_t indent) {
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        if (length > 0) {
            ts_text_append_repeated(out, ' ', indent);
            ts_text_append_bytes(out, text, length);
        }
        ts_text_append(out, "\n");
        text += length;
        text += *text == '\n' ? 1 : 0;
    }
}

static bool lane_is_required(void *data, const char *lane) {
    return data == NULL || !ts_scenario_is_peer_lane(data, lane);
}

void ts_report_append_details(const ts_report *report, const ts_outcome *outcome, size_t scenario,
                              bool colour, ts_text *out) {
    const ts_result *result = &outcome->result;
    if (result->detail != NULL) {
        ts_text_append_clean(out, result->detail);
        ts_text_append(out, "\n");
    }
    bool compared = result->expected != NULL && result->observed != NULL;
    if (ts_verdict_is_failure(result->verdict) && compared) {
        ts_table_style style = {
            .left = "expected", .right = "observed", .columns = report->columns, .colour = colour};
        ts_side_by_side(out, result->expected, result->observed, lane_is_required,
                        report->selection->items[scenario].scenario, &style);
    }
    if (result->context != NULL) {
        ts_text_append(out, "standard error:\n");
        ts_text clean = {0};
        ts_text_append_clean(&clean, result->context);
        ts_report_append_indented(out, ts_text_get(&clean), 2);
        ts_text_free(&clean);
    }
}
