/* {"implementations": [{name, version}], "results": [{scenario, implementation, verdict,
 *  duration_ms, detail}], "summary": {…}}. The shape is stable: keys are only added. */
#include "report/report.h"

#include <math.h>

static json_t *implementations_of(const ts_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->results->implementation_count; i++) {
        const ts_implementation_record *record = &report->results->implementations[i];
        json_t *item = json_pack("{s:s, s:s}", "name", record->name, "version", record->version);
        if (record->problem != NULL) {
            (void)json_object_set_new(item, "problem", json_string(record->problem));
        }
        (void)json_array_append_new(list, item);
    }
    return list;
}

/* Milliseconds with three decimals. */
static json_t *milliseconds(double value) {
    return json_real(round(value * 1000.0) / 1000.0);
}

static json_t *result_of(const ts_report *report, size_t implementation, size_t scenario) {
    const ts_outcome *outcome = ts_report_outcome(report, implementation, scenario);
    json_t *item = json_object();
    (void)json_object_set_new(item, "scenario", json_string(report->selection->items[scenario].id));
    (void)json_object_set_new(item, "implementation",
                              json_string(report->results->implementations[implementation].name));
    (void)json_object_set_new(item, "verdict",
                              json_string(ts_verdict_name(outcome->result.verdict)));
    (void)json_object_set_new(item, "duration_ms", milliseconds(outcome->result.duration_ms));
    ts_text details = {0};
    ts_report_append_details(report, outcome, scenario, false, &details);
    (void)json_object_set_new(item, "detail", json_stringn(ts_text_get(&details), details.length));
    ts_text_free(&details);
    return item;
}

static json_t *summary_of(const ts_report *report) {
    ts_counts counts = ts_report_count(report, report->results->implementation_count);
    json_t *summary = json_object();
    (void)json_object_set_new(summary, "total", json_integer((json_int_t)counts.total));
    for (int verdict = TS_PASS; verdict < TS_VERDICT_COUNT; verdict++) {
        (void)json_object_set_new(summary, ts_verdict_name((ts_verdict)verdict),
                                  json_integer((json_int_t)counts.of[verdict]));
    }
    (void)json_object_set_new(summary, "duration_ms", milliseconds(report->results->duration_ms));
    (void)json_object_set_new(summary, "interrupted", json_boolean(report->results->interrupted));
    return summary;
}

void ts_report_json(const ts_report *report, ts_text *out) {
    json_t *implementations = implementations_of(report);
    json_t *summary = summary_of(report);
    const char *separator = "\n";
    ts_text_append(out, "{\"implementations\": ");
    ts_text_append_json(out, implementations);
    ts_text_append(out, ",\n \"results\": [");
    for (size_t i = 0; i < report->results->implementation_count; i++) {
        for (size_t j = 0; j < report->results->scenario_count; j++) {
            if (ts_report_outcome(report, i, j)->done) {
                json_t *item = result_of(report, i, j);
                ts_text_append(out, separator);
                ts_text_append(out, "  ");
                ts_text_append_json(out, item);
                json_decref(item);
                separator = ",\n";
            }
        }
    }
    ts_text_append(out, "\n ],\n \"summary\": ");
    ts_text_append_json(out, summary);
    ts_text_append(out, "}\n");
    json_decref(implementations);
    json_decref(summary);
}
