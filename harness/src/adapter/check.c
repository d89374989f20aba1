#include "adapter/check.h"

#include "adapter/adapter.h"
#include "adapter/check_runs.h"
#include "adapter/process.h"
#include "base/memory.h"
#include "run/run.h"
#include "scenario/load.h"
#include "trace/compare.h"

#include <nodehttp/uv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long an adapter may take to end after its standard input has ended. */
enum { END_MS = 3000, COLUMNS = 120 };
/* Runs in a row that the adapter does not survive, before the check gives up. */
enum { MOST_DEATHS = 3 };

/* What is run, in this order. */
static const struct {
    const char *name;
    ts_verdict verdict; /* that a good adapter gets */
    double time_scale;
    double least_ms;   /* that the run takes */
    const char *title; /* instead of the scenario's */
} runs[] = {
    {"marks", TS_PASS, 1, 0, NULL},
    {"values", TS_PASS, 1, 0, NULL},
    {"large", TS_PASS, 1, 0, NULL},
    {"scopes", TS_PASS, 1, 0, NULL},
    {"turns", TS_PASS, 1, 30, NULL},
    {"turns", TS_PASS, 3, 90, "Times are multiplied by time_scale"},
    {"events", TS_PASS, 1, 0, NULL},
    {"exceptions", TS_PASS, 1, 0, NULL},
    {"unsupported", TS_UNSUPPORTED, 1, 0, NULL},
    {"defect", TS_HARNESS_ERROR, 1, 0, NULL},
    {"signals", TS_PASS, 1, 0, NULL},
    {"client", TS_PASS, 1, 0, NULL},
    {"server", TS_PASS, 1, 0, NULL},
    {"fresh", TS_PASS, 1, 0, NULL},
    {"unix-socket", TS_PASS, 1, 0, NULL},
};

enum { RUNS = sizeof(runs) / sizeof(runs[0]) };

typedef struct check {
    FILE *out;
    char *const *command;
    uv_loop_t uv;
    nh_transport *transport;
    nh_loop *loop;
    char folder[64];
    char *unix_path;
    ts_implementation *implementation; /* NULL: to be opened */
    const ts_implementation_identity *identity;
    bool was_identified;
    size_t next; /* index into runs */
    unsigned long long run_number;
    ts_scenario_file *file; /* of the run under way */
    ts_run *run;
    json_t *listening;       /* addresses of the run's servers */
    unsigned long long late; /* messages after their run, so far */
    char *died;              /* how the adapter went wrong; NULL: it did not */
    ts_process *process;     /* of the check of its end */
    unsigned deaths;         /* runs in a row that it did not survive */
    bool gives_up;
    unsigned wrong;
    unsigned right;
    unsigned skipped;
} check;

/* --- what is written ---------------------------------------------------------------------- */

static void write_right(check *it, const char *what) {
    it->right++;
    (void)fprintf(it->out, "ok      %s\n", what);
    (void)fflush(it->out);
}

static void write_skipped(check *it, const char *what, const char *why) {
    it->skipped++;
    (void)fprintf(it->out, "--      %s: %s\n", what, why);
    (void)fflush(it->out);
}

static void write_indented(check *it, const char *text) {
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        (void)fprintf(it->out, "        %.*s\n", (int)length, text);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
}

static void write_wrong(check *it, const char *what, const char *why) {
    it->wrong++;
    (void)fprintf(it->out, "WRONG   %s\n", what);
    write_indented(it, why);
    (void)fflush(it->out);
}

/* --- one run ------------------------------------------------------------------------------ */

static void step(check *it);

static ts_scenario_file *load(const char *name) {
    const ts_adapter_check_run *text = ts_adapter_check_runs;
    while (text->name != NULL && strcmp(text->name, name) != 0) {
        text++;
    }
    return text->name != NULL ? ts_scenario_file_parse(name, name, text->text, text->length) : NULL;
}

static const char *title_of(const check *it) {
    const char *title = runs[it->next].title;
    return title != NULL ? title : it->file->items[0]->title;
}

/* A server that still accepts after `stopped` has not been closed. */
static char *find_open_server(const check *it) {
    const char *name;
    json_t *address;
    char *found = NULL;
    json_object_foreach((json_t *)(uintptr_t)it->listening, name, address) {
        const char *host = json_string_value(json_object_get(address, "host"));
        struct sockaddr_in place;
        if (host == NULL || found != NULL ||
            uv_ip4_addr(host, (int)json_integer_value(json_object_get(address, "port")), &place) !=
                0) {
            continue;
        }
        int client = socket(AF_INET, SOCK_STREAM, 0);
        if (client >= 0 && connect(client, (const struct sockaddr *)&place, sizeof place) == 0) {
            found = ts_format("\"%s\" still listens after `stopped`: a run's servers and "
                              "connections are closed before the answer to `stop`",
                              name);
        }
        (void)close(client);
    }
    return found;
}

/* What is wrong although the verdict is right; NULL when nothing is. */
static char *find_fault(check *it, const ts_result *result, bool usable) {
    if (it->died != NULL) {
        return ts_duplicate(it->died);
    }
    if (!usable) {
        return ts_format("it can't be used for another run: %s",
                         result->detail != NULL ? result->detail : "it is gone");
    }
    unsigned long long late = ts_adapter_late_messages(it->implementation);
    if (late > it->late) {
        char *fault =
            ts_format("%llu messages of a run came after it had `stopped`", late - it->late);
        it->late = late;
        return fault;
    }
    if (result->duration_ms < runs[it->next].least_ms) {
        return ts_format("it was over after %.0f ms, not after at least %.0f ms",
                         result->duration_ms, runs[it->next].least_ms);
    }
    return find_open_server(it);
}

static void explain(check *it, const ts_result *result) {
    ts_text text = {0};
    ts_text_printf(&text, "%s%s%s\n", ts_verdict_name(result->verdict),
                   result->detail != NULL ? ": " : "",
                   result->detail != NULL ? result->detail : "");
    if (result->verdict == TS_FAIL || result->verdict == TS_TIMEOUT) {
        ts_table_style style = {.left = "expected", .right = "observed", .columns = COLUMNS};
        ts_side_by_side(&text, result->expected, result->observed, NULL, NULL, &style);
    }
    if (result->context != NULL) {
        ts_text_printf(&text, "standard error: %s\n", result->context);
    }
    const char *hint = json_string_value(json_object_get(it->file->root, "notes"));
    ts_text_printf(&text, "%s", hint != NULL ? hint : "");
    write_wrong(it, title_of(it), ts_text_get(&text));
    ts_text_free(&text);
}

static void judge(check *it, const ts_result *result, bool usable) {
    ts_verdict wanted = runs[it->next].verdict;
    if (result->verdict == TS_UNSUPPORTED && wanted == TS_PASS) {
        write_skipped(it, title_of(it), result->detail);
        return;
    }
    if (result->verdict != wanted) {
        explain(it, result);
        return;
    }
    char *fault = find_fault(it, result, usable);
    if (fault != NULL) {
        write_wrong(it, title_of(it), fault);
    } else {
        write_right(it, title_of(it));
    }
    free(fault);
}

static void end_run(check *it) {
    ts_scenario_file_free(it->file);
    it->file = NULL;
    json_object_clear(it->listening);
    it->next++;
}

static void close_implementation(check *it) {
    it->implementation->operations->close(it->implementation);
}

static void on_done(void *owner, ts_result result, bool usable) {
    check *it = owner;
    it->run = NULL;
    judge(it, &result, usable);
    ts_result_free(&result);
    end_run(it);
    if (usable && it->died == NULL) {
        it->deaths = 0;
        step(it);
        return;
    }
    if (++it->deaths == MOST_DEATHS) {
        write_skipped(it, "The rest", "it did not survive three runs in a row");
        it->gives_up = true;
    }
    close_implementation(it);
}

static void begin_run(check *it) {
    ts_result result;
    it->file = load(runs[it->next].name);
    if (it->file == NULL || it->file->count != 1) {
        char *problems = it->file != NULL ? ts_problems_text(&it->file->problems) : NULL;
        write_wrong(it, runs[it->next].name, problems != NULL ? problems : "it is not built in");
        free(problems);
        end_run(it);
        step(it);
        return;
    }
    if (ts_run_is_decided(it->file->items[0], "adapter", it->identity, false, &result)) {
        write_skipped(it, title_of(it), result.detail);
        ts_result_free(&result);
        end_run(it);
        step(it);
        return;
    }
    ts_run_options options = {.uv = &it->uv,
                              .implementation = it->implementation,
                              .identity = it->identity,
                              .label = "adapter",
                              .scenario = it->file->items[0],
                              .number = ++it->run_number,
                              .time_scale = runs[it->next].time_scale,
                              .unix_path = it->unix_path,
                              .done = on_done,
                              .owner = it};
    it->run = ts_run_begin(&options);
}

/* --- what the adapter reports ------------------------------------------------------------- */

static void on_opened(void *owner, const ts_implementation_identity *identity) {
    check *it = owner;
    it->identity = identity;
    it->late = 0;
    if (!it->was_identified) {
        it->was_identified = true;
        char *what = ts_format("It says hello: %s %s", identity->name, identity->version);
        write_right(it, what);
        free(what);
    }
    begin_run(it);
}

static void on_failed_to_open(void *owner, const char *message) {
    check *it = owner;
    write_wrong(it, "It says hello", message);
    it->gives_up = true;
    close_implementation(it);
}

static bool on_observed(void *owner, const char *lane, const char *name, json_t *value,
                        bool chunk) {
    check *it = owner;
    return it->run != NULL && ts_run_observed(it->run, lane, name, value, chunk);
}

static void on_signalled(void *owner, const char *name) {
    check *it = owner;
    if (it->run != NULL) {
        ts_run_signalled(it->run, name);
    }
}

static void on_listening(void *owner, const char *server, const json_t *address) {
    check *it = owner;
    if (it->run != NULL) {
        (void)json_object_set_new(it->listening, server, json_deep_copy(address));
        ts_run_listening(it->run, server, address);
    }
}

static void on_synced(void *owner, unsigned long long number, unsigned long long pending) {
    check *it = owner;
    if (it->run != NULL) {
        ts_run_synced(it->run, number, pending);
    }
}

static void on_unsupported(void *owner, const char *member) {
    check *it = owner;
    if (it->run != NULL) {
        ts_run_unsupported(it->run, member);
    }
}

static void on_failed(void *owner, const char *message) {
    check *it = owner;
    if (it->run != NULL) {
        ts_run_failed(it->run, message);
    }
}

static void on_stopped(void *owner) {
    check *it = owner;
    if (it->run != NULL) {
        ts_run_stopped(it->run);
    }
}

/* After its `stopped` a run takes no notice any more; the check does. */
static void on_died(void *owner, const char *reason, const char *detail, bool by_itself) {
    check *it = owner;
    if (it->run != NULL) {
        ts_run_died(it->run, reason, detail, by_itself);
    }
    if (it->died == NULL) {
        it->died = ts_duplicate(reason);
    }
}

static void on_closed(void *owner) {
    check *it = owner;
    it->implementation = NULL;
    free(it->died);
    it->died = NULL;
    step(it);
}

static const ts_implementation_observer observer = {
    .opened = on_opened,
    .failed_to_open = on_failed_to_open,
    .observed = on_observed,
    .signalled = on_signalled,
    .listening = on_listening,
    .synced = on_synced,
    .unsupported = on_unsupported,
    .failed = on_failed,
    .stopped = on_stopped,
    .died = on_died,
    .closed = on_closed,
};

/* --- its end ------------------------------------------------------------------------------ */

static void on_line(void *owner, const char *line, size_t length) {
    check *it = owner;
    (void)line;
    (void)length;
    ts_process_close(it->process, END_MS);
}

static void on_process_ended(void *owner, const char *how, const char *rest) {
    check *it = owner;
    (void)rest;
    write_wrong(it, "It ends when its standard input ends", how);
    it->gives_up = true;
    ts_process_close(it->process, 0);
}

static void on_process_broken(void *owner, const char *reason) {
    on_process_ended(owner, reason, "");
}

static void on_process_closed(void *owner) {
    check *it = owner;
    if (it->gives_up) {
        return;
    }
    if (ts_process_was_killed(it->process)) {
        char *why = ts_format("it had to be killed %d ms later", END_MS);
        write_wrong(it, "It ends when its standard input ends", why);
        free(why);
    } else {
        write_right(it, "It ends when its standard input ends");
    }
}

static const ts_process_events end_events = {.line = on_line,
                                             .ended = on_process_ended,
                                             .broken = on_process_broken,
                                             .closed = on_process_closed};

static void check_end(check *it) {
    char *error = NULL;
    it->process = ts_process_start(&it->uv, it->command, &end_events, it, &error);
    if (it->process == NULL) {
        write_wrong(it, "It ends when its standard input ends", error);
        free(error);
    }
}

/* --- all of it ---------------------------------------------------------------------------- */

/* Does what comes next. */
static void step(check *it) {
    if (it->gives_up) {
        return;
    }
    if (it->next == RUNS) {
        if (it->implementation != NULL) {
            close_implementation(it);
        } else {
            check_end(it);
        }
        return;
    }
    if (it->implementation != NULL) {
        begin_run(it);
        return;
    }
    it->implementation = ts_adapter_new(&it->uv, it->loop, it->command, &observer, it);
    it->implementation->operations->open(it->implementation);
}

bool ts_adapter_check(char *const *command, FILE *out) {
    check it = {.out = out, .command = command, .folder = "/tmp/touchstone.XXXXXX"};
    if (mkdtemp(it.folder) == NULL || uv_loop_init(&it.uv) != 0) {
        (void)fprintf(out, "WRONG   no folder for sockets, or no event loop\n");
        return false;
    }
    it.unix_path = ts_format("%s/s", it.folder);
    it.transport = nh_uv_transport_new(NULL, &it.uv);
    it.loop = it.transport != NULL ? nh_loop_new(NULL, it.transport) : NULL;
    it.listening = json_object();
    if (it.loop != NULL) {
        step(&it);
        (void)uv_run(&it.uv, UV_RUN_DEFAULT);
        nh_loop_free(it.loop);
    }
    nh_uv_transport_free(it.transport);
    (void)uv_run(&it.uv, UV_RUN_DEFAULT);
    (void)uv_loop_close(&it.uv);
    json_decref(it.listening);
    free(it.unix_path);
    (void)rmdir(it.folder);
    (void)fprintf(out, "\n%u right, %u wrong, %u skipped\n", it.right, it.wrong, it.skipped);
    return it.wrong == 0 && it.right > 0;
}
