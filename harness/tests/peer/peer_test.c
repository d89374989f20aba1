/* Raw peers that talk to each other, in the simulator and on real sockets. */
#include "base/memory.h"
#include "base/text.h"
#include "peer/bytes.h"
#include "peer/peer.h"
#include "support/unit.h"
#include "trace/trace.h"

#include <nodehttp/simulator.h>
#include <nodehttp/uv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { LONGEST_MS = 60000, CALM_ROUNDS = 8 };

/* A stage on which peers meet. */
typedef struct stage {
    bool is_real;
    uv_loop_t uv;
    uv_timer_t pulse;
    nh_transport *transport;
    nh_loop *loop;
    json_t *definitions;
    ts_peers *peers;
    ts_trace trace;
    ts_text reads; /* of visitor: every read by itself, with a bar after it */
    ts_text signals;
    char *failure;
    char folder[64];
    char *unix_path;
} stage;

static void on_observed(void *owner, const char *lane, const char *name, json_t *value) {
    stage *it = owner;
    ts_trace_add(&it->trace, lane, name, value, false);
    if (strcmp(lane, "visitor") == 0 && strcmp(name, "receives") == 0) {
        ts_text_printf(&it->reads, "%s|", json_string_value(value));
    }
}

static void on_signalled(void *owner, const char *name) {
    stage *it = owner;
    ts_text_printf(&it->signals, "%s ", name);
}

static void on_failed(void *owner, const char *message) {
    stage *it = owner;
    if (it->failure == NULL) {
        it->failure = ts_duplicate(message);
    }
}

static const ts_peers_observer observer = {
    .observed = on_observed, .signalled = on_signalled, .failed = on_failed};

static void on_pulse(uv_timer_t *timer) {
    (void)timer;
}

static stage *stage_new(bool is_real, const char *definitions) {
    stage *it = ts_allocate(1, sizeof(*it));
    it->is_real = is_real;
    json_error_t error;
    it->definitions = json_loads(definitions, 0, &error);
    REQUIRE_NOT_NULL(it->definitions);
    if (is_real) {
        (void)uv_loop_init(&it->uv);
        (void)uv_timer_init(&it->uv, &it->pulse);
        (void)uv_timer_start(&it->pulse, on_pulse, 5, 5);
        it->transport = nh_uv_transport_new(NULL, &it->uv);
    } else {
        it->transport = nh_simulator_new(NULL, NULL);
    }
    it->loop = nh_loop_new(NULL, it->transport);
    (void)snprintf(it->folder, sizeof(it->folder), "%s", "/tmp/peer_test.XXXXXX");
    REQUIRE_NOT_NULL(mkdtemp(it->folder));
    it->unix_path = ts_format("%s/u", it->folder);
    char *problem = NULL;
    it->peers = ts_peers_new(it->loop, it->definitions, it->unix_path, 1, &observer, it, &problem);
    ASSERT_STR_EQ(problem, NULL);
    REQUIRE_NOT_NULL(it->peers);
    return it;
}

/* Lets everything happen until the peers have been quiescent for a while. */
static void play(stage *it) {
    if (!it->is_real) {
        nh_simulator_run_until(it->transport, nh_loop_now_ms(it->loop) + LONGEST_MS);
        ASSERT_TRUE(ts_peers_are_quiescent(it->peers));
        return;
    }
    uint64_t start = uv_hrtime();
    for (int calm = 0; calm < CALM_ROUNDS;) {
        (void)uv_run(&it->uv, UV_RUN_ONCE);
        calm = ts_peers_are_quiescent(it->peers) ? calm + 1 : 0;
        if ((uv_hrtime() - start) / 1000000 > LONGEST_MS) {
            (void)ASSERT_FAIL("the peers don't get quiescent");
            return;
        }
    }
}

/* The peers that connect to "server" connect to the peer of that name. */
static void introduce(stage *it, const char *peer) {
    const json_t *address = json_object_get(ts_peers_addresses(it->peers), peer);
    nh_loop_begin_turn(it->loop);
    ts_peers_listening(it->peers, "server", address);
    nh_loop_end_turn(it->loop);
}

static void signal_all(stage *it, const char *name) {
    nh_loop_begin_turn(it->loop);
    ts_peers_signal(it->peers, name);
    nh_loop_end_turn(it->loop);
}

static void check_trace(stage *it, const char *expected) {
    json_t *json = ts_trace_to_json(&it->trace);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    ASSERT_STR_EQ(text, expected);
    ASSERT_STR_EQ(it->failure, NULL);
    free(text);
    json_decref(json);
}

static void stage_free(stage *it) {
    ts_peers_close(it->peers);
    if (it->is_real) {
        uv_close((uv_handle_t *)&it->pulse, NULL);
        (void)uv_run(&it->uv, UV_RUN_NOWAIT);
    }
    ts_peers_free(it->peers);
    nh_loop_free(it->loop);
    if (it->is_real) {
        nh_uv_transport_free(it->transport);
        (void)uv_run(&it->uv, UV_RUN_DEFAULT);
        ASSERT_INT_EQ(uv_loop_close(&it->uv), 0);
    } else {
        nh_simulator_free(it->transport);
    }
    ts_trace_free(&it->trace);
    ts_text_free(&it->reads);
    ts_text_free(&it->signals);
    json_decref(it->definitions);
    ASSERT_INT_EQ(rmdir(it->folder), 0); /* empty again */
    free(it->unix_path);
    free(it->failure);
    free(it);
}

/* Both kinds of stage, one after the other. */
#define ON_EVERY_STAGE(it, definitions)                                                            \
    for (int real_ = 0; real_ < 2; real_++)                                                        \
        for (stage *it = stage_new(real_ == 1, definitions); it != NULL; stage_free(it), it = NULL)

/* --- conversations ------------------------------------------------------------------------ */

static void talk(void) {
    ON_EVERY_STAGE(it, "{\"origin\": {\"accepts\": [[{\"receive_head\": 1},"
                       "  {\"send\": \"HTTP/1.1 200 OK\\r\\n\\r\\n\"}, {\"end\": true}]]},"
                       " \"visitor\": {\"connects\": \"server\", \"steps\": ["
                       "  {\"send\": \"GET / HTTP/1.1\\r\\n\\r\\n\"}, {\"receive_end\": true}]}}") {
        introduce(it, "origin");
        play(it);
        check_trace(it, "{\"origin.1\":[{\"receives\":\"GET / HTTP/1.1\\r\\n\\r\\n\"},\"ends\"],"
                        "\"visitor\":[{\"receives\":\"HTTP/1.1 200 OK\\r\\n\\r\\n\"},\"ends\"]}");
    }
}

static void every_segment_is_a_read(void) {
    ON_EVERY_STAGE(it, "{\"origin\": {\"accepts\": [[{\"send\": \"abcdefgh\", \"split\": 1},"
                       "  {\"send\": \"0123456789\", \"split\": [3, 5]}, {\"send\": \"x\"},"
                       "  {\"send\": \"y\"}, {\"end\": true}]]},"
                       " \"visitor\": {\"connects\": \"server\", \"steps\": []}}") {
        introduce(it, "origin");
        play(it);
        ASSERT_STR_EQ(ts_text_get(&it->reads), "a|b|c|d|e|f|g|h|012|34567|89|x|y|");
        check_trace(it, "{\"origin.1\":[\"ends\"],"
                        "\"visitor\":[{\"receives\":\"abcdefgh0123456789xy\"},\"ends\"]}");
    }
}

static void receive_what_was_asked_for(void) {
    ON_EVERY_STAGE(
        it, "{\"origin\": {\"accepts\": [[{\"receive_head\": 2}, {\"signal\": \"heads\"},"
            "  {\"receive_bytes\": 3}, {\"signal\": \"bytes\"}, {\"receive_text\": \"end\"},"
            "  {\"signal\": \"text\"}, {\"receive_end\": true}, {\"signal\": \"fin\"}]]},"
            " \"visitor\": {\"connects\": \"server\", \"steps\": ["
            "  {\"send\": \"A\\r\\n\\r\\nB\\r\\n\\r\\n12\", \"split\": 3}, {\"wait\": \"heads\"},"
            "  {\"send\": \"3..\"}, {\"wait\": \"bytes\"}, {\"send\": \"..e\"}, {\"send\": \"nd\"},"
            "  {\"wait\": \"text\"}, {\"end\": true}]}}") {
        introduce(it, "origin");
        play(it);
        ASSERT_STR_EQ(ts_text_get(&it->signals), "heads bytes text fin ");
        check_trace(it, "{\"origin.1\":[{\"receives\":\"A\\r\\n\\r\\nB\\r\\n\\r\\n123....end\"},"
                        "\"ends\"],\"visitor\":[\"ends\"]}");
    }
}

static void wait_for_signals(void) {
    ON_EVERY_STAGE(it, "{\"origin\": {\"accepts\": [[{\"wait\": \"go\"}, {\"send\": \"went\"},"
                       "  {\"pause\": 20}, {\"send\": \"on\"}, {\"close\": true}]]},"
                       " \"visitor\": {\"connects\": \"server\", \"waits\": \"now\","
                       "  \"steps\": []}}") {
        introduce(it, "origin");
        play(it);
        check_trace(it, "{}");
        signal_all(it, "now");
        play(it);
        check_trace(it, "{}");
        signal_all(it, "go");
        play(it);
        check_trace(it, "{\"visitor\":[{\"receives\":\"wenton\"},\"ends\"]}");
    }
}

/* --- ends --------------------------------------------------------------------------------- */

static void reset(void) {
    ON_EVERY_STAGE(it,
                   "{\"origin\": {\"accepts\": [[{\"receive_text\": \"x\"},"
                   "  {\"reset\": true}, {\"signal\": \"done\"}]]},"
                   " \"visitor\": {\"connects\": \"server\", \"steps\": [{\"send\": \"x\"}]}}") {
        introduce(it, "origin");
        play(it);
        ASSERT_STR_EQ(ts_text_get(&it->signals), "done ");
        check_trace(it, "{\"origin.1\":[{\"receives\":\"x\"}],\"visitor\":[\"resets\"]}");
    }
}

static void refuse(void) {
    ON_EVERY_STAGE(it,
                   "{\"closed\": {\"refuses\": true},"
                   " \"visitor\": {\"connects\": \"server\", \"steps\": [{\"send\": \"x\"}]}}") {
        introduce(it, "closed");
        play(it);
        check_trace(it, "{\"visitor\":[{\"fails\":\"ECONNREFUSED\"}]}");
    }
}

static void keep_open_when_told_to(void) {
    ON_EVERY_STAGE(it, "{\"origin\": {\"accepts\": [{\"steps\": [], \"keeps_open\": true}],"
                       "  \"further\": []},"
                       " \"visitor\": {\"connects\": \"server\", \"steps\": [{\"end\": true}]},"
                       " \"second\": {\"connects\": \"server\", \"waits\": \"next\","
                       "  \"steps\": [{\"end\": true}]}}") {
        introduce(it, "origin");
        play(it);
        check_trace(it, "{\"origin.1\":[\"ends\"]}");
        signal_all(it, "next");
        play(it);
        check_trace(it, "{\"origin.1\":[\"ends\"],\"origin.2\":[\"ends\"],\"second\":[\"ends\"]}");
    }
}

static void record_only_what_they_should(void) {
    ON_EVERY_STAGE(it, "{\"origin\": {\"accepts\": [[{\"unrecorded\": true},"
                       "  {\"receive_text\": \"secret\"}, {\"recorded\": true},"
                       "  {\"send\": \"ok\"}]]},"
                       " \"visitor\": {\"connects\": \"server\", \"steps\": ["
                       "  {\"send\": \"secret\"}, {\"receive_bytes\": 2}, {\"send\": \"open\"},"
                       "  {\"close\": true}]}}") {
        introduce(it, "origin");
        play(it);
        check_trace(it, "{\"origin.1\":[{\"receives\":\"open\"},\"ends\"],"
                        "\"visitor\":[{\"receives\":\"ok\"}]}");
    }
}

static void stop_reading(void) {
    ON_EVERY_STAGE(it,
                   "{\"origin\": {\"accepts\": [[{\"stop_reading\": true}, {\"wait\": \"read\"},"
                   "  {\"unrecorded\": true}, {\"start_reading\": true}]]},"
                   " \"visitor\": {\"connects\": \"server\", \"steps\": ["
                   "  {\"send\": {\"$repeat\": [\"0123456789\", 2000000]}},"
                   "  {\"signal\": \"sent\"}, {\"end\": true}]}}") {
        introduce(it, "origin");
        play(it); /* quiescent: only the other side can help */
        ASSERT_STR_EQ(ts_text_get(&it->signals), "");
        signal_all(it, "read");
        for (int i = 0; i < 200 && it->signals.length == 0; i++) {
            play(it);
        }
        play(it);
        ASSERT_STR_EQ(ts_text_get(&it->signals), "sent ");
        check_trace(it, "{\"origin.1\":[\"ends\"],\"visitor\":[\"ends\"]}");
    }
}

static void write_to_one_who_went(void) {
    ON_EVERY_STAGE(it, "{\"origin\": {\"accepts\": [[{\"wait\": \"gone\"}, {\"pause\": 20},"
                       "  {\"send\": \"a\"}, {\"pause\": 20}, {\"send\": \"b\"},"
                       "  {\"signal\": \"written\"}]]},"
                       " \"visitor\": {\"connects\": \"server\", \"steps\": ["
                       "  {\"reset\": true}, {\"signal\": \"gone\"}]}}") {
        introduce(it, "origin");
        play(it);
        ASSERT_STR_EQ(ts_text_get(&it->signals), "gone written ");
        check_trace(it, "{\"origin.1\":[\"resets\"]}");
    }
}

static void use_unix_sockets(void) {
    ON_EVERY_STAGE(it, "{\"origin\": {\"unix\": true, \"accepts\": [[{\"receive_text\": \"ping\"},"
                       "  {\"send\": \"pong\", \"split\": 2}]]},"
                       " \"visitor\": {\"connects\": \"server\", \"steps\": ["
                       "  {\"send\": \"ping\"}, {\"receive_text\": \"pong\"}, {\"end\": true}]}}") {
        introduce(it, "origin");
        play(it);
        ASSERT_STR_EQ(ts_text_get(&it->reads), "po|ng|");
        check_trace(it, "{\"origin.1\":[{\"receives\":\"ping\"},\"ends\"],"
                        "\"visitor\":[{\"receives\":\"pong\"},\"ends\"]}");
    }
}

/* --- what can't be done ------------------------------------------------------------------- */

#define CHECK_FAILURE(expected, steps)                                                             \
    ON_EVERY_STAGE(it, "{\"origin\": {\"accepts\": []}, \"visitor\": {\"connects\": \"server\","   \
                       " \"steps\": " steps "}}") {                                                \
        introduce(it, "origin");                                                                   \
        play(it);                                                                                  \
        ASSERT_STR_EQ(it->failure, expected);                                                      \
        free(it->failure);                                                                         \
        it->failure = NULL;                                                                        \
    }

static void fail_with_the_place(void) {
    CHECK_FAILURE("peers.visitor.steps[1]: the connection is closed already",
                  "[{\"close\": true}, {\"send\": \"x\"}]");
    CHECK_FAILURE("peers.visitor.steps[0]: no address is known as \"$port.nobody\"",
                  "[{\"send\": \"$port.nobody\"}]");
    CHECK_FAILURE("peers.visitor.steps[0]: no step of a peer: {\"dance\":true}",
                  "[{\"dance\": true}]");
    CHECK_FAILURE("peers.visitor.steps[1]: it can't be ended: ENOTCONN",
                  "[{\"end\": true}, {\"end\": true}]");
}

/* --- bytes -------------------------------------------------------------------------------- */

static void check_bytes(const char *value, const char *expected) {
    json_t *json = json_loads(value, JSON_DECODE_ANY, NULL);
    json_t *addresses = json_pack("{s:{s:s, s:i}, s:{s:s}}", "origin", "host", "127.0.0.1", "port",
                                  4711, "sock", "path", "/x");
    ts_text bytes = {0};
    char *error = NULL;
    if (!ts_peer_bytes(json, addresses, &bytes, &error)) {
        ts_text_clear(&bytes);
        ts_text_printf(&bytes, "error: %s", error);
    }
    ASSERT_MEM_EQ(ts_text_get(&bytes), bytes.length, expected, strlen(expected));
    free(error);
    ts_text_free(&bytes);
    json_decref(json);
    json_decref(addresses);
}

static void spell_bytes(void) {
    check_bytes("\"caf\\u00e9\"", "caf\xc3\xa9");
    check_bytes("\"$$x\"", "$x");
    check_bytes("\"$port.origin\"", "4711");
    check_bytes("\"$host.origin\"", "127.0.0.1");
    check_bytes("\"$unix.sock\"", "/x");
    check_bytes("{\"$bytes\": \"68ff\"}", "h\xff");
    check_bytes("{\"$latin1\": \"caf\\u00e9\\u0080\"}", "caf\xe9\x80");
    check_bytes("{\"$buffer\": {\"$latin1\": \"\\u00ff\"}}", "\xff");
    check_bytes("{\"$char\": 8364}", "\xe2\x82\xac");
    check_bytes("{\"$repeat\": [{\"$char\": 65}, 4]}", "AAAA");
    check_bytes("{\"$concat\": [\"Host: \", \"$host.origin\", \":\", \"$port.origin\"]}",
                "Host: 127.0.0.1:4711");
    check_bytes("{\"$latin1\": \"\\u20ac\"}", "error: $latin1 of a character above U+00FF");
    check_bytes("{\"$repeat\": [\"0123456789\", 10000000]}", "error: more than 67108864 bytes");
    check_bytes("\"$port.nobody\"", "error: no address is known as \"$port.nobody\"");
    check_bytes("true", "error: no bytes: true");
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(talk),
        UNIT_CASE(every_segment_is_a_read),
        UNIT_CASE(receive_what_was_asked_for),
        UNIT_CASE(wait_for_signals),
        UNIT_CASE(reset),
        UNIT_CASE(refuse),
        UNIT_CASE(keep_open_when_told_to),
        UNIT_CASE(record_only_what_they_should),
        UNIT_CASE(stop_reading),
        UNIT_CASE(write_to_one_who_went),
        UNIT_CASE(use_unix_sockets),
        UNIT_CASE(fail_with_the_place),
        UNIT_CASE(spell_bytes),
    };
    return UNIT_RUN("peer", cases, argc, argv);
}
