/* The steps of a connection's script.
 *
 * Every send waits until the other end has read what was sent (or does not read for a while): so
 * each segment is read by itself, and what follows a send follows the reading. The kernel knows
 * what was read; in the simulator a few rounds of the loop are enough. */
#include "peer/internal.h"

#include "base/memory.h"
#include "peer/bytes.h"

#include <stdlib.h>
#include <string.h>

/* How the other end's reading is waited for. */
enum {
    ROUNDS = 3,       /* of the loop, at least */
    EAGER_LOOKS = 60, /* one a round; later on one a millisecond */
    BLIND_MS = 2,     /* when the kernel can't tell */
    STALLED_MS = 250, /* then it does not read: more than a busy machine makes it wait */
    STILL_STALLED_MS = 1
};

static bool is_alive(const ts_peer_connection *connection) {
    return connection->peers != NULL && !connection->peers->is_closed &&
           !connection->peers->has_failed;
}

static void fail(ts_peer_connection *connection, const char *message) {
    ts_peers_fail(connection->peers,
                  ts_format("%s[%zu]: %s", connection->place, connection->step, message));
}

static const json_t *operand_of(const ts_peer_connection *connection, const char *key) {
    return json_object_get(json_array_get(connection->steps, connection->step), key);
}

/* Whether the step can act on the connection; otherwise it fails or, if the other end broke it, is
 * passed over. */
static bool is_open(ts_peer_connection *connection) {
    if (connection->connection == NULL || connection->is_closing) {
        fail(connection, "the connection is closed already");
        return false;
    }
    return true;
}

/* --- sending ------------------------------------------------------------------------------ */

static void send_segment(ts_peer_connection *connection);

static void end_sending(ts_peer_connection *connection) {
    ts_text_clear(&connection->sending);
    connection->sent = 0;
    connection->waiting = TS_PEER_DELIVERS;
    ts_peer_continue(connection, TS_PEER_DELIVERS);
}

/* The segment has been read, or won't be for a while. */
static void end_delivery(ts_peer_connection *connection, bool was_read) {
    connection->other_stalls = !was_read;
    if (connection->sent < connection->sending.length) {
        send_segment(connection);
    } else {
        end_sending(connection);
    }
}

static ts_delivery_state look(ts_peer_connection *connection) {
    const nh_transport_operations *transport = connection->peers->transport;
    nh_address local;
    nh_address remote;
    if (connection->is_simulated || connection->connection == NULL) {
        return TS_DELIVERY_NOWHERE;
    }
    if (!connection->is_tcp || transport->local_address(connection->connection, &local) != 0 ||
        transport->remote_address(connection->connection, &remote) != 0) {
        return TS_DELIVERY_UNKNOWN;
    }
    return ts_delivery_look(&connection->peers->delivery, &local, &remote);
}

static void look_again(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    ts_peer_connection *connection = data;
    connection->later = (ts_peer_later){0};
    connection->looks++;
    if (!is_alive(connection)) {
        return;
    }
    ts_peers *peers = connection->peers;
    if (connection->looks < ROUNDS) {
        ts_peer_immediately(peers, &connection->later, look_again, connection);
        return;
    }
    ts_delivery_state state = look(connection);
    uint64_t waited_ms = nh_loop_now_ms(peers->loop) - connection->looked_first_ms;
    uint64_t limit_ms = STALLED_MS;
    if (state == TS_DELIVERY_UNKNOWN) {
        limit_ms = BLIND_MS;
    } else if (connection->other_stalls) {
        limit_ms = STILL_STALLED_MS;
    }
    if (state == TS_DELIVERY_NOWHERE) {
        connection->is_simulated = true;
        end_delivery(connection, true);
    } else if (state == TS_DELIVERY_READ || waited_ms >= limit_ms) {
        end_delivery(connection, state != TS_DELIVERY_UNREAD);
    } else if (state == TS_DELIVERY_UNREAD && connection->looks < EAGER_LOOKS) {
        ts_peer_immediately(peers, &connection->later, look_again, connection);
    } else {
        ts_peer_after(peers, &connection->later, 1, look_again, connection);
    }
}

static void await_delivery(ts_peer_connection *connection) {
    connection->waiting = TS_PEER_DELIVERS;
    connection->looks = 0;
    connection->looked_first_ms = nh_loop_now_ms(connection->peers->loop);
    ts_peer_immediately(connection->peers, &connection->later, look_again, connection);
}

void ts_peer_written(ts_peer_connection *connection, int status) {
    if (!is_alive(connection) || connection->waiting != TS_PEER_WRITES) {
        return;
    }
    if (status >= 0) {
        await_delivery(connection);
        return;
    }
    connection->is_broken = true;
    ts_peers_observe(connection, "fails", json_string(nh_status_name(status)));
    end_sending(connection);
}

/* The size of the next segment: the whole rest without `split`, or after its last size. */
static size_t next_size(ts_peer_connection *connection) {
    size_t rest = connection->sending.length - connection->sent;
    const json_t *split = operand_of(connection, "split");
    json_int_t size = json_is_array(split)
                          ? json_integer_value(json_array_get(split, connection->segment++))
                          : json_integer_value(split);
    return size > 0 && (size_t)size < rest ? (size_t)size : rest;
}

static void send_segment(ts_peer_connection *connection) {
    if (!is_alive(connection)) {
        return;
    }
    if (connection->connection == NULL || connection->is_closing || connection->is_broken) {
        end_sending(connection); /* the other end did not wait for the rest */
        return;
    }
    size_t size = next_size(connection);
    nh_bytes piece = nh_bytes_of(connection->sending.data + connection->sent, size);
    connection->sent += size;
    connection->waiting = TS_PEER_WRITES;
    int status = connection->peers->transport->write(connection->connection, &piece, 1, NULL);
    connection->is_writing = status > 0;
    if (status <= 0) {
        ts_peer_written(connection, status);
    }
}

static void step_send(ts_peer_connection *connection, const json_t *operand) {
    if (!is_open(connection)) {
        return;
    }
    char *error = NULL;
    ts_text_clear(&connection->sending);
    if (!ts_peer_bytes(operand, connection->peers->known, &connection->sending, &error)) {
        fail(connection, error);
        free(error);
        return;
    }
    connection->sent = 0;
    connection->segment = 0;
    if (connection->sending.length > 0) {
        send_segment(connection);
    }
}

/* --- receiving ---------------------------------------------------------------------------- */

static void consume_to(ts_peer_connection *connection, size_t end) {
    connection->consumed = end;
    connection->searched = end;
    /* What was consumed goes when it is most of the buffer. */
    if (end == connection->received.length || end > ((size_t)1 << 16)) {
        size_t rest = connection->received.length - end;
        if (rest > 0) {
            memmove(connection->received.data, connection->received.data + end, rest);
        }
        connection->received.length = rest;
        connection->consumed = 0;
        connection->searched = 0;
    }
}

/* The end of the first `length` bytes `wanted` from `searched` on; 0 when they are not there. */
static size_t find(ts_peer_connection *connection, const char *wanted, size_t length) {
    const char *data = connection->received.data;
    size_t end = connection->received.length;
    size_t from = connection->searched;
    while (end - from >= length && data != NULL) {
        const char *start = memchr(data + from, wanted[0], end - from - length + 1);
        if (start == NULL) {
            break;
        }
        if (memcmp(start, wanted, length) == 0) {
            return (size_t)(start - data) + length;
        }
        from = (size_t)(start - data) + 1;
    }
    /* A match may begin in the last bytes. */
    size_t overlap = length - 1;
    size_t searched = end > overlap ? end - overlap : 0;
    connection->searched = searched > connection->searched ? searched : connection->searched;
    return 0;
}

static bool is_satisfied_head(ts_peer_connection *connection) {
    static const char empty_line[] = "\r\n\r\n";
    size_t end;
    while (connection->heads > 0 &&
           (end = find(connection, empty_line, sizeof(empty_line) - 1)) > 0) {
        consume_to(connection, end);
        connection->heads--;
    }
    return connection->heads == 0;
}

static bool is_satisfied_text(ts_peer_connection *connection) {
    if (connection->wanted.length == 0) {
        return true;
    }
    size_t end = find(connection, connection->wanted.data, connection->wanted.length);
    if (end > 0) {
        consume_to(connection, end);
    }
    return end > 0;
}

static bool is_satisfied_bytes(ts_peer_connection *connection) {
    size_t count = (size_t)json_integer_value(operand_of(connection, "receive_bytes"));
    if (connection->received.length - connection->consumed < count) {
        return false;
    }
    consume_to(connection, connection->consumed + count);
    return true;
}

/* A step that receives, waiting, may go on. */
static bool is_satisfied(ts_peer_connection *connection) {
    if (operand_of(connection, "receive_head") != NULL) {
        return is_satisfied_head(connection);
    }
    if (operand_of(connection, "receive_text") != NULL) {
        return is_satisfied_text(connection);
    }
    if (operand_of(connection, "receive_bytes") != NULL) {
        return is_satisfied_bytes(connection);
    }
    return connection->other_ended;
}

void ts_peer_received(ts_peer_connection *connection) {
    if (is_alive(connection) && connection->waiting == TS_PEER_RECEIVES &&
        is_satisfied(connection)) {
        ts_peer_continue(connection, TS_PEER_RECEIVES);
    }
}

static void receive(ts_peer_connection *connection) {
    connection->searched = connection->consumed;
    if (!is_satisfied(connection)) {
        connection->waiting = TS_PEER_RECEIVES;
    }
}

static void step_receive_head(ts_peer_connection *connection, const json_t *operand) {
    connection->heads = json_is_integer(operand) ? json_integer_value(operand) : 1;
    receive(connection);
}

static void step_receive_text(ts_peer_connection *connection, const json_t *operand) {
    char *error = NULL;
    ts_text_clear(&connection->wanted);
    if (!ts_peer_bytes(operand, connection->peers->known, &connection->wanted, &error)) {
        fail(connection, error);
        free(error);
        return;
    }
    receive(connection);
}

static void step_receive(ts_peer_connection *connection, const json_t *operand) {
    (void)operand;
    receive(connection);
}

/* --- time and signals --------------------------------------------------------------------- */

static void end_pause(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    ts_peer_connection *connection = data;
    connection->later = (ts_peer_later){0};
    ts_peer_continue(connection, TS_PEER_PAUSES);
}

static double milliseconds_of(const json_t *operand) {
    const json_t *scaled = json_object_get(operand, "$ms");
    return json_number_value(scaled != NULL ? scaled : operand);
}

static void step_pause(ts_peer_connection *connection, const json_t *operand) {
    double milliseconds = milliseconds_of(operand) * connection->peers->time_scale;
    connection->waiting = TS_PEER_PAUSES;
    ts_peer_after(connection->peers, &connection->later,
                  milliseconds > 0 ? (uint64_t)milliseconds : 0, end_pause, connection);
}

static void step_wait(ts_peer_connection *connection, const json_t *operand) {
    if (json_object_get(connection->peers->signals, json_string_value(operand)) == NULL) {
        connection->waiting = TS_PEER_SIGNAL;
    }
}

static void step_signal(ts_peer_connection *connection, const json_t *operand) {
    ts_peers_give(connection->peers, json_string_value(operand));
}

/* --- the connection ----------------------------------------------------------------------- */

static void step_end(ts_peer_connection *connection, const json_t *operand) {
    (void)operand;
    if (!is_open(connection) || connection->is_broken) {
        return;
    }
    int status = connection->peers->transport->shutdown(connection->connection);
    if (status == 0) {
        connection->waiting = TS_PEER_ENDS;
    } else {
        char *message = ts_format("it can't be ended: %s", nh_status_name(status));
        fail(connection, message);
        free(message);
    }
}

static void close_with(ts_peer_connection *connection, bool reset) {
    int status = ts_peer_connection_close(connection, reset);
    if (status == 0) {
        connection->waiting = connection->connection != NULL ? TS_PEER_CLOSES : TS_PEER_RUNS;
        return;
    }
    char *message = ts_format("it can't be reset: %s", nh_status_name(status));
    fail(connection, message);
    free(message);
}

static void step_close(ts_peer_connection *connection, const json_t *operand) {
    (void)operand;
    close_with(connection, false);
}

static void step_reset(ts_peer_connection *connection, const json_t *operand) {
    (void)operand;
    if (connection->is_tcp) {
        close_with(connection, true);
    } else {
        fail(connection, "there is no reset on UNIX sockets");
    }
}

static void step_reading(ts_peer_connection *connection, const json_t *operand) {
    (void)operand;
    connection->reads = operand_of(connection, "start_reading") != NULL;
    ts_peer_connection_update_reading(connection);
}

static void step_recording(ts_peer_connection *connection, const json_t *operand) {
    (void)operand;
    connection->records = operand_of(connection, "recorded") != NULL;
}

/* --- running ------------------------------------------------------------------------------ */

static const struct {
    const char *key;
    void (*run)(ts_peer_connection *connection, const json_t *operand);
    bool receives;
} kinds[] = {
    {"send", step_send, false},
    {"receive_head", step_receive_head, true},
    {"receive_text", step_receive_text, true},
    {"receive_bytes", step_receive, true},
    {"receive_end", step_receive, true},
    {"pause", step_pause, false},
    {"wait", step_wait, false},
    {"signal", step_signal, false},
    {"end", step_end, false},
    {"close", step_close, false},
    {"reset", step_reset, false},
    {"stop_reading", step_reading, false},
    {"start_reading", step_reading, false},
    {"unrecorded", step_recording, false},
    {"recorded", step_recording, false},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The index of a step's kind; KINDS when there is no such kind. */
static size_t kind_of(const json_t *step) {
    size_t kind = 0;
    while (kind < KINDS && json_object_get(step, kinds[kind].key) == NULL) {
        kind++;
    }
    return kind;
}

size_t ts_peer_after_receives(const json_t *steps) {
    size_t count = json_array_size(steps);
    while (count > 0) {
        size_t kind = kind_of(json_array_get(steps, count - 1));
        if (kind < KINDS && kinds[kind].receives) {
            break;
        }
        count--;
    }
    return count;
}

static void run_step(ts_peer_connection *connection) {
    const json_t *step = json_array_get(connection->steps, connection->step);
    size_t kind = kind_of(step);
    if (kind == KINDS) {
        char *text = json_dumps(step, JSON_COMPACT | JSON_ENCODE_ANY);
        char *message = ts_format("no step of a peer: %.200s", text != NULL ? text : "?");
        fail(connection, message);
        free(message);
        free(text);
        return;
    }
    kinds[kind].run(connection, json_object_get(step, kinds[kind].key));
}

void ts_peer_run(ts_peer_connection *connection) {
    while (is_alive(connection) && connection->waiting == TS_PEER_RUNS) {
        if (connection->step == json_array_size(connection->steps)) {
            connection->waiting = TS_PEER_DONE;
            ts_peer_connection_close_if_done(connection);
            return;
        }
        connection->is_running = true;
        connection->peers->activity++;
        run_step(connection);
        connection->is_running = false;
        if (connection->waiting == TS_PEER_RUNS) {
            connection->step++;
        }
    }
}

void ts_peer_continue(ts_peer_connection *connection, ts_peer_waiting what) {
    if (!is_alive(connection) || connection->waiting != what) {
        return;
    }
    connection->waiting = TS_PEER_RUNS;
    if (!connection->is_running) {
        connection->step++;
        ts_peer_run(connection);
    }
}
