/* The driver of adapters: what it reports when an adapter does its work, and when it misbehaves in
 * every way that we could think of. BAD_ADAPTER is the program bad_adapter. */
#include "adapter/adapter.h"
#include "adapter/process.h"
#include "base/memory.h"
#include "support/unit.h"

#include <nodehttp/loop.h>
#include <nodehttp/uv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WAIT_MS = 120000, ENOUGH_OBSERVATIONS = 1000 };

/* A harness with one adapter: does one run as soon as it is open, and writes down what it hears. */
typedef struct desk {
    uv_loop_t uv;
    uv_timer_t patience;
    nh_transport *transport;
    nh_loop *loop;
    ts_implementation *implementation;
    ts_scenario scenario;
    json_t *addresses;
    ts_run_start start;
    unsigned long long runs;   /* to be made, one after the other */
    bool stops;                /* a run is stopped when it was synced */
    bool stops_at_observation; /* or at the first observation */
    bool rests;                /* nothing is done after `stopped` */
    bool closed;
    uint64_t waits_after_hello_ms;  /* no longer than so, if not 0 */
    uint64_t waits_after_enough_ms; /* the same after ENOUGH_OBSERVATIONS */
    bool out_of_patience;
    unsigned observations;
    ts_text heard;
} desk;

static void hear(desk *it, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void hear(desk *it, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = ts_format_list(format, arguments);
    va_end(arguments);
    ts_text_printf(&it->heard, "%s\n", text);
    free(text);
}

static void finish(desk *it) {
    it->implementation->operations->close(it->implementation);
}

static void on_patience(uv_timer_t *timer) {
    desk *it = timer->data;
    it->out_of_patience = true;
    finish(it);
}

static void lose_patience_after(desk *it, uint64_t ms) {
    if (ms != 0) {
        (void)uv_timer_start(&it->patience, on_patience, ms, 0);
    }
}

static void begin_run(desk *it) {
    it->start.run++;
    (void)it->implementation->operations->prepare(it->implementation);
    it->implementation->operations->start(it->implementation, &it->start);
    it->implementation->operations->sync(it->implementation, 1);
}

static void on_opened(void *owner, const ts_implementation_identity *identity) {
    desk *it = owner;
    hear(it, "opened %s %s %u", identity->name, identity->version, identity->capabilities);
    lose_patience_after(it, it->waits_after_hello_ms);
    begin_run(it);
}

static void on_failed_to_open(void *owner, const char *message) {
    hear(owner, "failed to open: %s", message);
    finish(owner);
}

static void stop(desk *it) {
    it->implementation->operations->stop(it->implementation);
}

static bool on_observed(void *owner, const char *lane, const char *name, json_t *value,
                        bool chunk) {
    desk *it = owner;
    if (++it->observations <= 5) {
        char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        hear(it, "%s %s%s%s%s", lane, name, text != NULL ? " " : "", text != NULL ? text : "",
             chunk ? " chunk" : "");
        free(text);
    }
    if (it->stops_at_observation && it->observations == 1) {
        stop(it);
    }
    if (it->observations < ENOUGH_OBSERVATIONS) {
        return true;
    }
    lose_patience_after(it, it->waits_after_enough_ms);
    return false;
}

static void on_signalled(void *owner, const char *name) {
    hear(owner, "signal %s", name);
}

static void on_listening(void *owner, const char *server, const json_t *address) {
    hear(owner, "listening %s %s", server, json_string_value(json_object_get(address, "host")));
}

static void on_synced(void *owner, unsigned long long number, unsigned long long pending) {
    desk *it = owner;
    hear(it, "synced %llu %llu", number, pending);
    if (it->stops) {
        stop(it);
    }
}

static void on_unsupported(void *owner, const char *member) {
    hear(owner, "unsupported %s", member);
}

static void on_failed(void *owner, const char *message) {
    hear(owner, "failed %s", message);
}

static void on_stopped(void *owner) {
    desk *it = owner;
    hear(it, "stopped");
    if (it->start.run < it->runs) {
        begin_run(it);
    } else if (!it->rests) {
        finish(it);
    }
}

static void on_died(void *owner, const char *reason, const char *detail, bool by_itself) {
    desk *it = owner;
    hear(it, "%s: %s%s%s", by_itself ? "crash" : "misbehaves", reason, detail != NULL ? "\n" : "",
         detail != NULL ? detail : "");
    finish(it);
}

static void on_closed(void *owner) {
    desk *it = owner;
    it->closed = true;
    uv_close((uv_handle_t *)&it->patience, NULL);
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

static desk *desk_new(void) {
    desk *it = ts_allocate(1, sizeof(*it));
    (void)uv_loop_init(&it->uv);
    it->transport = nh_uv_transport_new(NULL, &it->uv);
    it->loop = nh_loop_new(NULL, it->transport);
    it->scenario = (ts_scenario){.id = ts_duplicate("tests/bad"), .script = json_array()};
    it->addresses = json_object();
    it->start = (ts_run_start){.scenario = &it->scenario,
                               .addresses = it->addresses,
                               .time_scale = 1,
                               .unix_path = "/nowhere"};
    it->runs = 1;
    it->stops = true;
    (void)uv_timer_init(&it->uv, &it->patience);
    it->patience.data = it;
    return it;
}

/* Runs it all; `patience_ms` is how long the harness waits before it closes the adapter. */
static void run(desk *it, char *const *command, uint64_t patience_ms) {
    it->implementation = ts_adapter_new(&it->uv, it->loop, command, &observer, it);
    (void)uv_timer_start(&it->patience, on_patience, patience_ms, 0);
    it->implementation->operations->open(it->implementation);
    (void)uv_run(&it->uv, UV_RUN_DEFAULT);
    ASSERT_TRUE(it->closed);
}

static void desk_free(desk *it) {
    nh_loop_free(it->loop);
    nh_uv_transport_free(it->transport);
    (void)uv_run(&it->uv, UV_RUN_DEFAULT);
    ASSERT_INT_EQ(uv_loop_close(&it->uv), 0);
    json_decref(it->addresses);
    json_decref(it->scenario.script);
    free(it->scenario.id);
    ts_text_free(&it->heard);
    free(it);
}

/* The adapter with these actions is heard to do that. */
#define CHECK(expected, ...)                                                                       \
    do {                                                                                           \
        char *command[] = {BAD_ADAPTER, __VA_ARGS__, NULL};                                        \
        desk *it = desk_new();                                                                     \
        run(it, command, MOST_WAIT_MS);                                                            \
        ASSERT_STR_EQ(ts_text_get(&it->heard), expected);                                          \
        ASSERT_FALSE(it->out_of_patience);                                                         \
        desk_free(it);                                                                             \
    } while (0)

#define OPENED "opened bad 1.0.0 2\n"
#define RUN_1 "{\"run\":1,"

/* --- what is right ------------------------------------------------------------------------ */

static void does_its_work(void) {
    CHECK(OPENED "main started\nsynced 1 0\nstopped\n", "hello", "serve");
}

static void passes_every_message_on(void) {
    CHECK(OPENED "main req:close\nclient res:data \"x\" chunk\nmain a null\nsignal go\n"
                 "listening server 127.0.0.1\nsynced 1 2\nstopped\n",
          "hello", "read", "line:" RUN_1 "\"observe\":[\"main\",\"req:close\"]}",
          "line:" RUN_1 "\"observe\":[\"client\",\"res:data\",\"x\",\"chunk\"]}",
          "line:" RUN_1 "\"observe\":[\"main\",\"a\",null]}", "line:" RUN_1 "\"signal\":\"go\"}",
          "line:" RUN_1 "\"listening\":\"server\",\"address\":{\"host\":\"127.0.0.1\",\"port\":1}}",
          "line:" RUN_1 "\"synced\":1,\"pending\":2}", "serve");
}

static void makes_one_run_after_the_other(void) {
    char *command[] = {BAD_ADAPTER, "hello", "serve", NULL};
    desk *it = desk_new();
    it->runs = 3;
    run(it, command, MOST_WAIT_MS);
    ASSERT_STR_EQ(ts_text_get(&it->heard), OPENED "main started\nsynced 1 0\nstopped\n"
                                                  "main started\nsynced 1 0\nstopped\n"
                                                  "main started\nsynced 1 0\nstopped\n");
    desk_free(it);
}

static void reads_large_numbers(void) {
    CHECK(OPENED "main n 1e20\nsynced 1 0\nstopped\n", "hello", "read",
          "line:" RUN_1 "\"observe\":[\"main\",\"n\",100000000000000000000]}", "serve");
}

/* --- it does not get that far ------------------------------------------------------------- */

static void is_not_there(void) {
    char *command[] = {"/nowhere/at-all", NULL};
    desk *it = desk_new();
    run(it, command, MOST_WAIT_MS);
    ASSERT_STR_EQ(ts_text_get(&it->heard), "failed to open: /nowhere/at-all: it can't be started: "
                                           "no such file or directory\n");
    desk_free(it);
}

static void exits_at_once(void) {
    CHECK("failed to open: exited with status 3 before its hello\nno such option\n\n",
          "errors:no such option", "exit:3");
}

static void is_killed_at_once(void) {
    CHECK("failed to open: killed by signal 11 (SIGSEGV) before its hello\n", "raise:11");
}

static void says_nothing(void) {
    char *command[] = {BAD_ADAPTER, "hang", NULL};
    desk *it = desk_new();
    it->implementation = ts_adapter_new(&it->uv, it->loop, command, &observer, it);
    ts_adapter_set_hello_ms(it->implementation, 100);
    (void)uv_timer_start(&it->patience, on_patience, MOST_WAIT_MS, 0);
    it->implementation->operations->open(it->implementation);
    (void)uv_run(&it->uv, UV_RUN_DEFAULT);
    ASSERT_STR_EQ(ts_text_get(&it->heard), "failed to open: adapter: no hello within 100 ms\n");
    desk_free(it);
}

static void begins_with_garbage(void) {
    CHECK("failed to open: adapter: line 1: no JSON ('[' or '{' expected near 'Welcome'): "
          "Welcome to Node.js v23.5.0.\n",
          "line:Welcome to Node.js v23.5.0.");
}

static void begins_with_another_message(void) {
    CHECK("failed to open: adapter: its first line is no hello\n",
          "line:" RUN_1 "\"stopped\":true}");
}

static void speaks_another_protocol(void) {
    CHECK("failed to open: adapter: line 1: it speaks another version of the protocol than 1: "
          "{\"hello\":{\"protocol\":2}}\n",
          "line:{\"hello\":{\"protocol\":2}}");
}

static void has_no_version(void) {
    CHECK("failed to open: adapter: line 1: hello needs name and version, both strings: "
          "{\"hello\":{\"protocol\":1,\"name\":\"x\"}}\n",
          "line:{\"hello\":{\"protocol\":1,\"name\":\"x\"}}");
}

/* --- it misbehaves during a run ----------------------------------------------------------- */

static void writes_garbage(void) {
    CHECK(OPENED "misbehaves: adapter: line 2: no JSON ('[' or '{' expected near 'console'): "
                 "console.log\n",
          "hello", "read", "line:console.log");
}

static void writes_binary_garbage(void) {
    CHECK(OPENED "misbehaves: adapter: line 2: no JSON (unable to decode byte 0xff): ????\n",
          "hello", "read", "line:\xff\xfe\x01\x80");
}

static void writes_an_empty_line(void) {
    CHECK(OPENED "misbehaves: adapter: line 2: an empty line\n", "hello", "read", "line:");
}

static void writes_an_unknown_message(void) {
    CHECK(OPENED "misbehaves: adapter: line 2: unknown message: {\"run\":1,\"hooray\":1}\n",
          "hello", "read", "line:" RUN_1 "\"hooray\":1}");
}

static void forgets_the_number_of_the_run(void) {
    CHECK(OPENED "misbehaves: adapter: line 2: the number of its run is missing: "
                 "{\"observe\":[\"main\",\"x\"]}\n",
          "hello", "read", "line:{\"observe\":[\"main\",\"x\"]}");
}

static void observes_nonsense(void) {
    CHECK(OPENED "misbehaves: adapter: line 2: observe is [lane, name], [lane, name, value] or "
                 "[lane, name, value, \"chunk\"]: {\"run\":1,\"observe\":\"x\"}\n",
          "hello", "read", "line:" RUN_1 "\"observe\":\"x\"}");
}

static void names_a_run_of_the_future(void) {
    CHECK(OPENED "misbehaves: adapter: message of run 2, which was never started (line 2)\n",
          "hello", "read", "line:{\"run\":2,\"observe\":[\"main\",\"x\"]}");
}

static void says_hello_twice(void) {
    CHECK(OPENED "misbehaves: adapter: a second hello\n", "hello", "read", "hello");
}

static void stops_unasked(void) {
    CHECK(OPENED "misbehaves: adapter: `stopped` without having been told to stop\n", "hello",
          "read", "line:" RUN_1 "\"stopped\":true}");
}

static void dies_in_the_middle(void) {
    CHECK(OPENED "main x\ncrash: killed by signal 6 (SIGABRT)\nassertion failed\n\n", "hello",
          "read", "line:" RUN_1 "\"observe\":[\"main\",\"x\"]}", "errors:assertion failed",
          "raise:6");
}

static void dies_in_the_middle_of_a_line(void) {
    CHECK(OPENED "crash: exited with status 0, in the middle of line 2: {\"run\":1,\"obs\n",
          "hello", "read", "text:" RUN_1 "\"obs", "exit:0");
}

static void ends_and_leaves_a_child(void) {
    CHECK(OPENED "crash: exited with status 0\n", "hello", "read", "hold:60000");
}

static void closes_its_output(void) {
    CHECK(OPENED "misbehaves: adapter: it closed its standard output\n", "hello", "close:1",
          "hang");
}

static void writes_a_huge_line(void) {
    CHECK(OPENED "misbehaves: adapter: it wrote a line of more than 33554432 bytes\n", "hello",
          "read", "huge:40000000", "hang");
}

static void floods_with_observations(void) {
    char *command[] = {BAD_ADAPTER, "hello", "read", "flood:" RUN_1 "\"observe\":[\"main\",\"x\"]}",
                       NULL};
    desk *it = desk_new();
    it->waits_after_enough_ms = 100;
    run(it, command, MOST_WAIT_MS);
    ASSERT_UINT_EQ(it->observations, ENOUGH_OBSERVATIONS); /* and no more */
    ASSERT_TRUE(it->out_of_patience || strstr(ts_text_get(&it->heard), "misbehaves") != NULL);
    desk_free(it);
}

static void floods_with_answers(void) {
    char *command[] = {BAD_ADAPTER, "hello", "read", "flood:" RUN_1 "\"synced\":2,\"pending\":0}",
                       NULL};
    desk *it = desk_new();
    it->stops = false;
    run(it, command, 2 * MOST_WAIT_MS);
    const char *heard = ts_text_get(&it->heard);
    ASSERT_NOT_NULL(strstr(heard, "misbehaves: adapter: more than 1048576 messages in one run\n"));
    desk_free(it);
}

static void floods_its_errors(void) {
    ts_text flood = {0};
    ts_text_append(&flood, "errors:");
    ts_text_append_repeated(&flood, 'e', 100000);
    char *with_errors[] = {BAD_ADAPTER, "hello", "read", flood.data, "exit:1", NULL};
    desk *it = desk_new();
    run(it, with_errors, MOST_WAIT_MS);
    ASSERT_SIZE_EQ(it->heard.length,
                   strlen(OPENED "crash: exited with status 1\n") + TS_PROCESS_KEPT_ERRORS + 1);
    desk_free(it);
    ts_text_free(&flood);
}

static void never_answers(void) {
    char *command[] = {BAD_ADAPTER, "hello", "hang", NULL};
    desk *it = desk_new();
    it->waits_after_hello_ms = 100; /* however long it takes to start */
    run(it, command, MOST_WAIT_MS);
    ASSERT_TRUE(it->out_of_patience); /* the runner has a limit of its own */
    ASSERT_STR_EQ(ts_text_get(&it->heard), OPENED);
    desk_free(it);
}

static void does_not_end_with_its_input(void) {
    CHECK(OPENED "main started\nsynced 1 0\nstopped\n", "hello", "serve", "hang");
}

/* --- after a run -------------------------------------------------------------------------- */

static void observes_after_the_end(void) {
    char *command[] = {BAD_ADAPTER,
                       "hello",
                       "read",
                       "line:" RUN_1 "\"observe\":[\"main\",\"first\"]}",
                       "read",
                       "read",
                       "line:" RUN_1 "\"observe\":[\"main\",\"between stop and stopped\"]}",
                       "line:" RUN_1 "\"stopped\":true}",
                       "line:" RUN_1 "\"observe\":[\"main\",\"after stopped\"]}",
                       "read",
                       "line:" RUN_1 "\"observe\":[\"main\",\"in the next run\"]}",
                       "line:{\"run\":2,\"observe\":[\"main\",\"second\"]}",
                       "serve",
                       NULL};
    desk *it = desk_new();
    it->runs = 2;
    it->stops_at_observation = true;
    run(it, command, MOST_WAIT_MS);
    ASSERT_STR_EQ(ts_text_get(&it->heard),
                  OPENED "main first\nstopped\nmain second\nsynced 1 0\nstopped\n");
    desk_free(it);
}

static void leaves_handles_behind(void) {
    char *command[] = {BAD_ADAPTER,
                       "hello",
                       "read",
                       "line:" RUN_1 "\"synced\":1,\"pending\":0}",
                       "read",
                       "read",
                       "line:" RUN_1 "\"stopped\":true,\"left\":2}",
                       NULL};
    desk *it = desk_new();
    it->rests = true;
    run(it, command, MOST_WAIT_MS);
    ASSERT_STR_EQ(ts_text_get(&it->heard),
                  OPENED "synced 1 0\nstopped\n"
                         "misbehaves: adapter: 2 handles are left of run 1\n");
    desk_free(it);
}

static void dies_while_stopping(void) {
    CHECK(OPENED "synced 1 0\ncrash: killed by signal 9 (SIGKILL)\n", "hello", "read",
          "line:" RUN_1 "\"synced\":1,\"pending\":0}", "read", "read", "raise:9");
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(does_its_work),
        UNIT_CASE(passes_every_message_on),
        UNIT_CASE(makes_one_run_after_the_other),
        UNIT_CASE(reads_large_numbers),
        UNIT_CASE(is_not_there),
        UNIT_CASE(exits_at_once),
        UNIT_CASE(is_killed_at_once),
        UNIT_CASE(says_nothing),
        UNIT_CASE(begins_with_garbage),
        UNIT_CASE(begins_with_another_message),
        UNIT_CASE(speaks_another_protocol),
        UNIT_CASE(has_no_version),
        UNIT_CASE(writes_garbage),
        UNIT_CASE(writes_binary_garbage),
        UNIT_CASE(writes_an_empty_line),
        UNIT_CASE(writes_an_unknown_message),
        UNIT_CASE(forgets_the_number_of_the_run),
        UNIT_CASE(observes_nonsense),
        UNIT_CASE(names_a_run_of_the_future),
        UNIT_CASE(says_hello_twice),
        UNIT_CASE(stops_unasked),
        UNIT_CASE(dies_in_the_middle),
        UNIT_CASE(dies_in_the_middle_of_a_line),
        UNIT_CASE(ends_and_leaves_a_child),
        UNIT_CASE(closes_its_output),
        UNIT_CASE(writes_a_huge_line),
        UNIT_CASE(floods_with_observations),
        UNIT_CASE(floods_with_answers),
        UNIT_CASE(floods_its_errors),
        UNIT_CASE(never_answers),
        UNIT_CASE(does_not_end_with_its_input),
        UNIT_CASE(observes_after_the_end),
        UNIT_CASE(leaves_handles_behind),
        UNIT_CASE(dies_while_stopping),
    };
    return UNIT_RUN("adapter", cases, argc, argv);
}
