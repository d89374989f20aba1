/* One self-contained page: a table of scenarios and implementations, details to unfold. */
#include "report/report.h"
#include "report/xml.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Touchstone: conformance</title>\n<style>\n"
    ":root { color-scheme: light dark; }\n"
    "body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; }\n"
    "table { border-collapse: collapse; }\n"
    "th, td { border-bottom: 1px solid #8884; padding: .2rem .8rem; text-align: left;"
    " vertical-align: top; }\n"
    "thead th { position: sticky; top: 0; background: Canvas; }\n"
    "pre { font: 12px/1.4 ui-monospace, monospace; overflow-x: auto; }\n"
    ".pass { color: #1a7f37; } .fail, .crash, .timeout, .harness-error { color: #d1242f; }\n"
    ".unsupported, .not-applicable { color: #9a6700; }\n"
    "</style>\n</head>\n<body>\n<h1>Touchstone</h1>\n";

static void append_summary(const ts_report *report, ts_text *out) {
    ts_text_append(out, "<ul>\n");
    for (size_t i = 0; i < report->results->implementation_count; i++) {
        const ts_implementation_record *record = &report->results->implementations[i];
        ts_counts counts = ts_report_count(report, i);
        ts_text_append(out, "<li><strong>");
        ts_xml_append(out, record->name);
        ts_text_append(out, "</strong> ");
        ts_xml_append(out, record->version);
        ts_text_append(out, ": ");
        ts_report_append_counts(&counts, out);
        if (record->problem != NULL) {
            ts_text_append(out, " <span class=\"fail\">");
            ts_xml_append(out, record->problem);
            ts_text_append(out, "</span>");
        }
        ts_text_append(out, "</li>\n");
    }
    ts_text_append(out, "</ul>\n");
    if (report->results->interrupted) {
        ts_text_append(out, "<p class=\"fail\">The run was interrupted.</p>\n");
    }
}

static void append_cell(const ts_report *report, size_t implementation, size_t scenario,
                        ts_text *out) {
    const ts_outcome *outcome = ts_report_outcome(report, implementation, scenario);
    if (!outcome->done) {
        ts_text_append(out, "<td>not run</td>");
        return;
    }
    const char *verdict = ts_verdict_name(outcome->result.verdict);
    ts_text details = {0};
    ts_report_append_details(report, outcome, scenario, false, &details);
    ts_text_printf(out, "<td class=\"%s\">", verdict);
    if (details.length > 0) {
        ts_text_printf(out, "<details><summary>%s</summary><pre>", verdict);
        ts_xml_append(out, ts_text_get(&details));
        ts_text_append(out, "</pre></details>");
    } else {
        ts_text_append(out, verdict);
    }
    ts_text_append(out, "</td>");
    ts_text_free(&details);
}

void ts_report_html(const ts_report *report, ts_text *out) {
    ts_text_append(out, head);
    append_summary(report, out);
    ts_text_append(out, "<table>\n<thead><tr><th>scenario</th>");
    for (size_t i = 0; i < report->results->implementation_count; i++) {
        ts_text_append(out, "<th>");
        ts_xml_append(out, report->results->implementations[i].name);
        ts_text_append(out, "</th>");
    }
    ts_text_append(out, "</tr></thead>\n<tbody>\n");
    for (size_t j = 0; j < report->results->scenario_count; j++) {
        ts_text_append(out, "<tr><th scope=\"row\" title=\"");
        ts_xml_append(out, ts_report_title(report, j));
        ts_text_append(out, "\">");
        ts_xml_append(out, report->selection->items[j].id);
        ts_text_append(out, "</th>");
        for (size_t i = 0; i < report->results->implementation_count; i++) {
            append_cell(report, i, j, out);
        }
        ts_text_append(out, "</tr>\n");
    }
    ts_text_append(out, "</tbody>\n</table>\n</body>\n</html>\n");
}
