/* Joining, masking, and two traces side by side. */
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>

#include "support/unit.h"
#include "trace/compare.h"
#include "trace/mask.h"

static json_t *parse(const char *text) {
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    REQUIRE_NOT_NULL(value);
    return value;
}

static void add(ts_trace *trace, const char *lane, const char *name, const char *value,
                bool chunk) {
    json_t *json = value != NULL ? parse(value) : NULL;
    ts_trace_add(trace, lane, name, json, chunk);
    json_decref(json);
}

static void check(json_t *value, const char *expected) {
    ts_text text = {0};
    ts_text_append_json(&text, value);
    ASSERT_STR_EQ(ts_text_get(&text), expected);
    ts_text_free(&text);
    json_decref(value);
}

static void joins_pieces_of_a_stream(void) {
    ts_trace trace = {0};
    add(&trace, "main", "res:data", "\"a\"", false);
    add(&trace, "main", "res:data", "\"b\"", false);
    add(&trace, "main", "res:data", "{\"$bytes\": \"c3\"}", false);
    add(&trace, "origin.1", "receives", "\"x\"", false);
    add(&trace, "main", "res:data", "{\"$bytes\": \"a9\"}", false);
    add(&trace, "main", "req:data", "\"c\"", false);
    add(&trace, "main", "res:data", "\"d\"", false);
    add(&trace, "main", "res:data", "\"e\"", true);
    add(&trace, "main", "res:data", "\"f\"", false);
    add(&trace, "main", "res:data", "{\"$bytes\": \"ff\"}", false);
    add(&trace, "origin.1", "receives", "\"y\"", false);
    add(&trace, "origin.1", "ends", NULL, false);
    add(&trace, "main", "metadata", "\"g\"", false);
    add(&trace, "main", "metadata", "\"h\"", false);
    check(ts_trace_to_json(&trace),
          "{\"main\": [{\"res:data\": \"abé\"}, {\"req:data\": \"c\"}, {\"res:data\": \"d\"}, "
          "{\"res:data\": \"e\"}, {\"res:data\": {\"$bytes\": \"66ff\"}}, {\"metadata\": \"g\"}, "
          "{\"metadata\": \"h\"}], \"origin.1\": [{\"receives\": \"xy\"}, \"ends\"]}");
    ASSERT_SIZE_EQ(trace.observations, 14);
    ts_trace_free(&trace);
}

static void masks(void) {
    static const struct {
        const char *name;
        const char *value;
        const char *masked;
    } cases[] = {
        /* date-header */
        {"receives", "\"HTTP/1.1 200 OK\\r\\nDate: Sun, 06 Nov 1994 08:49:37 GMT\\r\\n\\r\\n\"",
         "\"HTTP/1.1 200 OK\\r\\nDate: <date>\\r\\n\\r\\n\""},
        {"receives", "\"date:Sun, 06 Nov 1994 08:49:37 GMT\"", "\"date:<date>\""},
        {"receives",
         "{\"$bytes\": \"ff0a446174653a2053756e2c203036204e6f7620313939342030383a34393a"
         "333720474d54\"}",
         "{\"$bytes\": \"ff0a446174653a203c646174653e\"}"},
        {"receives", "\"Update: Sun, 06 Nov 1994 08:49:37 GMT\"",
         "\"Update: Sun, 06 Nov 1994 08:49:37 GMT\""},
        {"receives", "\"Date: today\"", "\"Date: today\""},
        {"res.headers",
         "{\"date\": \"Sun, 06 Nov 1994 08:49:37 GMT\", \"expires\": \"Sun, 06 Nov "
         "1994 08:49:37 GMT\"}",
         "{\"date\": \"<date>\", \"expires\": \"Sun, 06 Nov 1994 08:49:37 GMT\"}"},
        {"res.rawHeaders", "[\"Date\", \"Sun, 06 Nov 1994 08:49:37 GMT\", \"X\", \"Date\"]",
         "[\"Date\", \"<date>\", \"X\", \"Date\"]"},
        {"res.headers.date", "\"Sun, 06 Nov 1994 08:49:37 GMT\"", "\"<date>\""},
        {"res.headers[\"date\"]", "\"Sun, 06 Nov 1994 08:49:37 GMT\"", "\"<date>\""},
        {"update", "\"Sun, 06 Nov 1994 08:49:37 GMT\"", "\"Sun, 06 Nov 1994 08:49:37 GMT\""},
        /* port */
        {"message", "\"connect ECONNREFUSED 127.0.0.1:4711\"",
         "\"connect ECONNREFUSED 127.0.0.1:<port>\""},
        {"message", "\"127.0.0.1:47110 4711 :4712\"", "\"127.0.0.1:47110 4711 :4712\""},
        {"message", "\"port 4711\"", "\"port <port>\""},
        {"socket.remotePort", "4711", "\"<port>\""},
        {"socket.remotePort", "4712", "4712"},
        {"length", "4711", "4711"},
        {"error", "{\"port\": 4711, \"size\": 4711}", "{\"port\": \"<port>\", \"size\": 4711}"},
        {"agent.sockets", "{\"127.0.0.1:4711:\": []}", "{\"127.0.0.1:<port>:\": []}"},
        /* path */
        {"message", "\"connect ENOENT /tmp/x/0.sock-origin\"", "\"connect ENOENT <path>\""},
        {"message", "\"in /tmp/x/0.sock!\"", "\"in <path>!\""},
    };
    ts_mask mask = {0};
    ts_mask_add_path(&mask, "/tmp/x/0.sock");
    json_t *tcp = parse("{\"host\": \"127.0.0.1\", \"port\": 4711}");
    json_t *local = parse("{\"path\": \"/tmp/x/0.sock-origin\"}");
    ts_mask_add_address(&mask, tcp);
    ts_mask_add_address(&mask, local);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *value = parse(cases[i].value);
        check(ts_mask_value(&mask, cases[i].name, value), cases[i].masked);
        json_decref(value);
    }
    json_decref(tcp);
    json_decref(local);
    ts_mask_free(&mask);
}

static bool not_a_peer(void *data, const char *lane) {
    (void)data;
    return strncmp(lane, "origin.", 7) != 0;
}

static void compares_lanes(void) {
    static const struct {
        const char *expected;
        const char *actual;
        const char *difference;
    } cases[] = {
        {"{\"main\": [\"a\"]}", "{\"main\": [\"a\"], \"origin.1\": [\"x\"]}", NULL},
        {"{\"main\": [\"a\"], \"origin.1\": [\"y\"]}", "{\"main\": [\"a\"], \"origin.1\": [\"x\"]}",
         "origin.1, observation 1: expected y; observed x"},
        {"{\"main\": [\"a\"]}", "{\"main\": [\"a\"], \"server\": [{\"x\": 1}]}",
         "server, observation 1: expected nothing more; observed x 1"},
        {"{\"main\": [\"a\"]}", "{\"main\": [\"a\"], \"server\": []}", NULL},
        {"{\"main\": [\"a\", {\"$optional\": \"b\"}, {\"$unordered\": [\"c\", {\"d\": \"e\"}]}]}",
         "{\"main\": [\"a\", \"c\"]}",
         "main, observation 3: expected in any order: c, d \"e\"; observed nothing more"},
        {"{\"main\": []}", "{}", NULL},
        {"{\"main\": [\"a\"]}", "{}", "main, observation 1: expected a; observed nothing more"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *expected = parse(cases[i].expected);
        json_t *actual = parse(cases[i].actual);
        ASSERT_TRUE(ts_compare(expected, actual, not_a_peer, NULL) ==
                    (cases[i].difference == NULL));
        char *difference = ts_first_difference(expected, actual, not_a_peer, NULL);
        ASSERT_STR_EQ(difference, cases[i].difference);
        free(difference);
        json_decref(expected);
        json_decref(actual);
    }
}

static void prints_side_by_side(void) {
    json_t *expected =
        parse("{\"main\": [\"a\", {\"$unordered\": [\"b\", \"c\"]}, {\"res:data\": \"0123456789"
              "0123456789012345678901234567890\"}, \"d\", \"e\", \"f\"]}");
    json_t *actual =
        parse("{\"main\": [\"a\", \"c\", \"b\", \"d\", {\"new\": \"\\u0007\"}, \"e\", \"f\"]}");
    ts_table_style style = {.left = "expected", .right = "observed", .columns = 61};
    ts_text text = {0};
    ts_side_by_side(&text, expected, actual, NULL, NULL, &style);
    ASSERT_STR_EQ(ts_text_get(&text), "    expected                    │ observed\n"
                                      "  lane main\n"
                                      "    a                           │ a\n"
                                      "    in any order: b, c          │ c\n"
                                      "                                │ b\n"
                                      "  ▶ res:data \"0123456789012345… │\n"
                                      "    d                           │ d\n"
                                      "  ·                             │ new \"\\u0007\"\n"
                                      "    e                           │ e\n"
                                      "    f                           │ f\n");
    ts_text_free(&text);
    json_decref(expected);
    json_decref(actual);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(joins_pieces_of_a_stream),
        UNIT_CASE(masks),
        UNIT_CASE(compares_lanes),
        UNIT_CASE(prints_side_by_side),
    };
    return UNIT_RUN("trace", cases, argc, argv);
}
