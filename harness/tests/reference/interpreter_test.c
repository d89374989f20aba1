/* The interpreter of scripts: scopes, steps, values, turns. What scripts do to http is checked by
 * the suite; here it is the language itself. */
#include <nodehttp/simulator.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/session.h"
#include "support/unit.h"

/* The observations of one run, a line each: "lane name value". */
struct trace {
    char text[4096];
};

static void append(struct trace *trace, const char *a, const char *b, const char *c) {
    size_t used = strlen(trace->text);
    (void)snprintf(trace->text + used, sizeof(trace->text) - used, "%s%s%s%s%s\n", a,
                   b != NULL ? " " : "", b != NULL ? b : "", c != NULL ? " " : "",
                   c != NULL ? c : "");
}

static void on_observation(void *owner, const char *lane, const char *name, json_t *value,
                           bool chunk) {
    (void)chunk;
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    append(owner, lane, name, text);
    free(text);
    json_decref(value);
}

static void on_signal(void *owner, const char *name) {
    append(owner, "signal", name, NULL);
}

static void on_listening(void *owner, const char *name, const nh_address *address) {
    append(owner, "listening", name, address->host);
}

static void on_unsupported(void *owner, const char *member) {
    append(owner, "unsupported", member, NULL);
}

static void on_failed(void *owner, const char *message) {
    append(owner, "failed", message, NULL);
}

static const ts_session_events events = {.observation = on_observation,
                                         .signal = on_signal,
                                         .listening = on_listening,
                                         .unsupported = on_unsupported,
                                         .failed = on_failed};

/* Runs a script for ten virtual seconds, and frees everything. */
static struct trace run(const char *script_text, const char *lanes_text) {
    struct trace trace = {.text = ""};
    json_t *script = json_loads(script_text, 0, NULL);
    json_t *lanes = lanes_text != NULL ? json_loads(lanes_text, 0, NULL) : NULL;
    REQUIRE_NOT_NULL(script);
    nh_transport *simulator = nh_simulator_new(NULL, NULL);
    nh_loop *loop = nh_loop_new(NULL, simulator);
    ts_session *session =
        ts_session_new(loop, script, lanes, NULL, "/run/test.sock", 1, &events, &trace);
    ts_session_start(session);
    nh_simulator_run_until(simulator, nh_loop_now_ms(loop) + 10000);
    ts_session_stop(session);
    nh_simulator_run_until(simulator, nh_loop_now_ms(loop) + 10);
    ts_session_free(session);
    nh_loop_free(loop);
    nh_simulator_free(simulator);
    json_decref(script);
    json_decref(lanes);
    return trace;
}

static void expect(const char *script, const char *expected) {
    struct trace trace = run(script, NULL);
    ASSERT_STR_EQ(trace.text, expected);
}

static void work_for_later_runs_in_the_order_of_the_turn(void) {
    expect(
        "[{\"immediate\": [{\"mark\": \"immediate\"}]}, {\"microtask\": [{\"mark\": \"micro\"}]},"
        " {\"tick\": [{\"mark\": \"tick\"}]}, {\"after\": 5, \"do\": [{\"mark\": \"late\"}]},"
        " {\"mark\": \"now\"}]",
        "main now\nmain tick\nmain micro\nmain immediate\nmain late\n");
}

static void inner_lists_see_outer_variables_and_keep_their_own(void) {
    expect("[{\"let\": \"a\", \"value\": 1},"
           " {\"if\": true, \"do\": [{\"let\": \"a\", \"value\": 2}, {\"show\": \"$a\"}]},"
           " {\"show\": \"$a\"},"
           " {\"if\": true, \"do\": [{\"assign\": \"a\", \"value\": 3}]},"
           " {\"show\": \"$a\", \"label\": \"after\"}]",
           "main a 2\nmain a 1\nmain after 3\n");
}

static void functions_take_arguments_and_return(void) {
    expect("[{\"let\": \"f\", \"value\": {\"$function\": {\"name\": \"f\", \"as\": [\"x\"],"
           "   \"do\": [{\"return\": {\"$concat\": [\"<\", \"$x\", \">\"]}}]}}},"
           " {\"call\": \"f\", \"args\": [\"y\"], \"show\": true}]",
           "main f \"y\"\nmain f() \"<y>\"\n");
}

static void what_is_thrown_is_recorded_or_uncaught(void) {
    expect("[{\"let\": \"f\", \"value\": {\"$function\": {\"do\": [{\"throw\": {\"$error\":"
           "   {\"message\": \"m\", \"code\": \"C\"}}}]}}},"
           " {\"call\": \"f\"}, {\"tick\": [{\"throw\": {\"$error\": {\"message\": \"t\"}}}]}]",
           "main f() throws {\"name\":\"Error\",\"code\":\"C\",\"message\":\"m\"}\n"
           "main process:uncaughtException {\"name\":\"Error\",\"message\":\"t\"}\n");
}

static void loops_and_conditions(void) {
    expect("[{\"each\": \"x\", \"of\": [1, 2, 3], \"do\": [{\"equal\": [\"$x\", 2],"
           "   \"do\": [{\"mark\": \"two\"}], \"else\": [{\"show\": \"$x\"}]}]},"
           " {\"repeat\": 2, \"do\": [{\"mark\": \"r\"}]}]",
           "main x 1\nmain two\nmain x 3\nmain r\nmain r\n");
}

static void special_forms(void) {
    expect("[{\"show\": {\"$bytes\": \"ff00\"}, \"label\": \"bytes\"},"
           " {\"show\": {\"$buffer\": \"hi\"}, \"label\": \"buffer\"},"
           " {\"show\": {\"$repeat\": [\"ab\", 2]}, \"label\": \"repeat\"},"
           " {\"show\": {\"$number\": \"NaN\"}, \"label\": \"nan\"},"
           " {\"show\": {\"$undefined\": true}, \"label\": \"undefined\"},"
           " {\"show\": {\"$typeof\": {\"$symbol\": \"s\"}}, \"label\": \"typeof\"},"
           " {\"show\": \"$$x\", \"label\": \"dollar\"},"
           " {\"show\": {\"a\": [1, null, true]}, \"label\": \"object\"}]",
           "main bytes {\"$bytes\":\"ff00\"}\nmain buffer \"hi\"\nmain repeat \"abab\"\n"
           "main nan {\"$number\":\"NaN\"}\nmain undefined {\"$undefined\":true}\n"
           "main typeof \"symbol\"\nmain dollar \"$x\"\nmain object {\"a\":[1,null,true]}\n");
}

static void signals_reach_steps_that_wait_for_them(void) {
    expect("[{\"when\": \"s\", \"do\": [{\"mark\": \"first\"}]}, {\"signal\": \"s\"},"
           " {\"mark\": \"now\"}, {\"when\": \"s\", \"do\": [{\"mark\": \"second\"}]}]",
           "signal s\nmain now\nmain first\nmain second\n");
}

static void handlers_record_events_in_the_lane_of_their_label(void) {
    struct trace trace =
        run("[{\"let\": \"c\", \"new\": \"AbortController\"},"
            " {\"let\": \"s\", \"value\": \"$c.signal\"},"
            " {\"on\": \"s\", \"events\": {\"abort\": {\"do\": [{\"mark\": \"inside\"}]}}},"
            " {\"call\": \"c.abort\"}, {\"get\": \"s.aborted\"}]",
            "{\"other\": [\"s\"]}");
    ASSERT_STR_EQ(trace.text, "other s:abort\nother inside\nother s.aborted true\n");
}

static void handlers_can_be_removed(void) {
    expect(
        "[{\"let\": \"d\", \"new\": \"stream.Duplex\", \"args\": [{}]},"
        " {\"on\": \"d\", \"events\": {\"x\": []}}, {\"call\": \"d.emit\", \"args\": [\"x\", 1]},"
        " {\"off\": \"d\", \"events\": [\"x\"]}, {\"call\": \"d.emit\", \"args\": [\"x\"],"
        "   \"show\": true}]",
        "main d:x 1\nmain d.emit() false\n");
}

static void missing_members_and_defects_end_the_session(void) {
    expect("[{\"call\": \"http.nothing\"}, {\"mark\": \"never\"}]", "unsupported http.nothing\n");
    expect("[{\"call\": \"who.knows\"}, {\"mark\": \"never\"}]",
           "failed unknown variable \"who\" in \"who.knows\"\n");
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(work_for_later_runs_in_the_order_of_the_turn),
        UNIT_CASE(inner_lists_see_outer_variables_and_keep_their_own),
        UNIT_CASE(functions_take_arguments_and_return),
        UNIT_CASE(what_is_thrown_is_recorded_or_uncaught),
        UNIT_CASE(loops_and_conditions),
        UNIT_CASE(special_forms),
        UNIT_CASE(signals_reach_steps_that_wait_for_them),
        UNIT_CASE(handlers_record_events_in_the_lane_of_their_label),
        UNIT_CASE(handlers_can_be_removed),
        UNIT_CASE(missing_members_and_defects_end_the_session),
    };
    return UNIT_RUN("interpreter", cases, argc, argv);
}
