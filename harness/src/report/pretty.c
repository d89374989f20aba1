/* The report for people at a terminal. */
#include "report/report.h"

#include <string.h>

typedef struct paint {
    const char *red;
    const char *green;
    const char *yellow;
    const char *bold;
    const char *plain;
} paint;

static const paint coloured = {"\033[31m", "\033[32m", "\033[33m", "\033[1m", "\033[0m"};
static const paint uncoloured = {"", "", "", "", ""};

static void write_failures(const ts_report *report, size_t implementation, const paint *p,
                           ts_text *out) {
    for (size_t i = 0; i < report->results->scenario_count; i++) {
        const ts_outcome *outcome = ts_report_outcome(report, implementation, i);
        if (!outcome->done || !ts_verdict_is_failure(outcome->result.verdict)) {
            continue;
        }
        ts_text_printf(out, "\n  %s✗ %s%s  %s%s%s\n", p->red, report->selection->items[i].id,
                       p->plain, p->bold, ts_verdict_name(outcome->result.verdict), p->plain);
        const char *title = ts_report_title(report, i);
        if (title[0] != '\0') {
            ts_text_printf(out, "    %s\n", title);
        }
        ts_text details = {0};
        ts_report_append_details(report, outcome, i, report->colour, &details);
        ts_report_append_indented(out, ts_text_get(&details), 4);
        ts_text_free(&details);
    }
}

/* The members that an implementation lacks, each with how many scenarios need it. */
static void write_unsupported(const ts_report *report, size_t implementation, const paint *p,
                              ts_text *out) {
    json_t *members = json_object();
    for (size_t i = 0; i < report->results->scenario_count; i++) {
        const ts_outcome *outcome = ts_report_outcome(report, implementation, i);
        if (outcome->done && outcome->result.verdict == TS_UNSUPPORTED) {
            const char *member = outcome->result.detail;
            json_int_t count = json_integer_value(json_object_get(members, member));
            (void)json_object_set_new(members, member, json_integer(count + 1));
        }
    }
    const char *member;
    json_t *count;
    const char *separator = "";
    if (json_object_size(members) > 0) {
        ts_text_printf(out, "\n  %sunsupported:%s ", p->yellow, p->plain);
    }
    json_object_foreach(members, member, count) {
        ts_text_printf(out, "%s%s (%lld)", separator, member, (long long)json_integer_value(count));
        separator = ", ";
    }
    ts_text_append(out, json_object_size(members) > 0 ? "\n" : "");
    json_decref(members);
}

static void write_implementation(const ts_report *report, size_t index, ts_text *out) {
    const paint *p = report->colour ? &coloured : &uncoloured;
    const ts_implementation_record *record = &report->results->implementations[index];
    ts_counts counts = ts_report_count(report, index);
    bool versioned = record->version[0] != '\0' && strstr(record->name, record->version) == NULL;
    ts_text_printf(out, "%s%s%s", p->bold, record->name, p->plain);
    ts_text_printf(out, "%s%s\n", versioned ? " " : "", versioned ? record->version : "");
    if (record->problem != NULL) {
        ts_text_printf(out, "  %s%s%s\n", p->red, record->problem, p->plain);
    } else {
        write_failures(report, index, p, out);
        write_unsupported(report, index, p, out);
    }
    ts_text_printf(out, "  %s", counts.failed > 0 ? p->red : p->green);
    ts_report_append_counts(&counts, out);
    ts_text_printf(out, "%s\n", p->plain);
}

void ts_report_pretty(const ts_report *report, ts_text *out) {
    size_t implementations = report->results->implementation_count;
    for (size_t i = 0; i < implementations; i++) {
        ts_text_append(out, i > 0 ? "\n" : "");
        write_implementation(report, i, out);
    }
    ts_counts counts = ts_report_count(report, implementations);
    ts_text_append(out, "\n");
    if (report->results->interrupted) {
        ts_text_printf(out, "interrupted: %zu of %zu results are missing\n",
                       implementations * report->results->scenario_count - counts.total,
                       implementations * report->results->scenario_count);
    }
    ts_report_append_counts(&counts, out);
    ts_text_printf(out, " in %.2f s\n", report->results->duration_ms / 1000.0);
}
