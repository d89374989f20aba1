/* JUnit XML, as Jenkins and GitLab read it: a suite for each implementation. */
#include "report/report.h"
#include "report/xml.h"

static void append_attribute(ts_text *out, const char *name, const char *value) {
    ts_text_printf(out, " %s=\"", name);
    ts_xml_append(out, value);
    ts_text_append(out, "\"");
}

static const char *element_of(ts_verdict verdict) {
    switch (verdict) {
    case TS_FAIL:
        return "failure";
    case TS_CRASH:
    case TS_TIMEOUT:
    case TS_HARNESS_ERROR:
        return "error";
    case TS_UNSUPPORTED:
    case TS_NOT_APPLICABLE:
        return "skipped";
    case TS_PASS:
    case TS_VERDICT_COUNT:
        break;
    }
    return NULL;
}

static void append_case(const ts_report *report, size_t implementation, size_t scenario,
                        ts_text *out) {
    const ts_outcome *outcome = ts_report_outcome(report, implementation, scenario);
    const ts_result *result = &outcome->result;
    ts_text_append(out, "    <testcase");
    append_attribute(out, "classname", report->results->implementations[implementation].name);
    append_attribute(out, "name", report->selection->items[scenario].id);
    ts_text_printf(out, " time=\"%.6f\"", result->duration_ms / 1000.0);
    const char *element = element_of(result->verdict);
    if (element == NULL) {
        ts_text_append(out, "/>\n");
        return;
    }
    ts_text_printf(out, ">\n      <%s", element);
    append_attribute(out, "message", result->detail != NULL ? result->detail : "");
    if (ts_verdict_is_failure(result->verdict)) {
        append_attribute(out, "type", ts_verdict_name(result->verdict));
        ts_text details = {0};
        ts_report_append_details(report, outcome, scenario, false, &details);
        ts_text_append(out, ">");
        ts_xml_append(out, ts_text_get(&details));
        ts_text_printf(out, "</%s>\n", element);
        ts_text_free(&details);
    } else {
        ts_text_append(out, "/>\n");
    }
    ts_text_append(out, "    </testcase>\n");
}

static void append_counts(ts_text *out, const ts_counts *counts) {
    ts_text_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
                   counts->total, counts->of[TS_FAIL], counts->failed - counts->of[TS_FAIL],
                   counts->of[TS_UNSUPPORTED] + counts->of[TS_NOT_APPLICABLE]);
}

static double seconds_of(const ts_report *report, size_t implementation) {
    double total = 0;
    for (size_t j = 0; j < report->results->scenario_count; j++) {
        total += ts_report_outcome(report, implementation, j)->result.duration_ms;
    }
    return total / 1000.0;
}

void ts_report_junit(const ts_report *report, ts_text *out) {
    size_t implementations = report->results->implementation_count;
    ts_counts all = ts_report_count(report, implementations);
    ts_text_append(out,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"touchstone\"");
    append_counts(out, &all);
    ts_text_printf(out, " time=\"%.6f\">\n", report->results->duration_ms / 1000.0);
    for (size_t i = 0; i < implementations; i++) {
        ts_counts counts = ts_report_count(report, i);
        ts_text_append(out, "  <testsuite");
        append_attribute(out, "name", report->results->implementations[i].name);
        append_counts(out, &counts);
        ts_text_printf(out, " time=\"%.6f\">\n", seconds_of(report, i));
        for (size_t j = 0; j < report->results->scenario_count; j++) {
            if (ts_report_outcome(report, i, j)->done) {
                append_case(report, i, j, out);
            }
        }
        ts_text_append(out, "  </testsuite>\n");
    }
    ts_text_append(out, "</testsuites>\n");
}
