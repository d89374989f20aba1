/* Raw peers. */
#include "scenario/check.h"

#include <ctype.h>
#include <string.h>

/* --- steps -------------------------------------------------------------------------------- */

static void check_segment_size(ts_checker *checker, json_t *value) {
    if (!json_is_integer(value) || json_integer_value(value) < 1) {
        ts_check_fail(checker, "here stands a number of bytes from 1 on");
    }
}

static void check_split(ts_checker *checker, json_t *value) {
    if (json_is_array(value)) {
        ts_check_list_of(checker, value, "sizes", check_segment_size);
    } else {
        check_segment_size(checker, value);
    }
}

static const ts_field send_fields[] = {{"send", ts_check_value, true},
                                       {"split", check_split, false}};
static const ts_field head_fields[] = {{"receive_head", ts_check_count, true}};
static const ts_field text_fields[] = {{"receive_text", ts_check_value, true}};
static const ts_field bytes_fields[] = {{"receive_bytes", ts_check_count, true}};
static const ts_field receive_end_fields[] = {{"receive_end", ts_check_true, true}};
static const ts_field pause_fields[] = {{"pause", ts_check_milliseconds, true}};
static const ts_field wait_fields[] = {{"wait", ts_check_text, true}};
static const ts_field signal_fields[] = {{"signal", ts_check_text, true}};
static const ts_field end_fields[] = {{"end", ts_check_true, true}};
static const ts_field close_fields[] = {{"close", ts_check_true, true}};
static const ts_field reset_fields[] = {{"reset", ts_check_true, true}};
static const ts_field stop_fields[] = {{"stop_reading", ts_check_true, true}};
static const ts_field start_fields[] = {{"start_reading", ts_check_true, true}};
static const ts_field unrecorded_fields[] = {{"unrecorded", ts_check_true, true}};
static const ts_field recorded_fields[] = {{"recorded", ts_check_true, true}};

static const struct {
    const char *key;
    const char *what;
    const ts_field *fields;
    size_t count;
} kinds[] = {
#define KIND(key, fields)                                                                          \
    { key, "a step \"" key "\"", fields, TS_FIELD_COUNT(fields) }
    KIND("send", send_fields),
    KIND("receive_head", head_fields),
    KIND("receive_text", text_fields),
    KIND("receive_bytes", bytes_fields),
    KIND("receive_end", receive_end_fields),
    KIND("pause", pause_fields),
    KIND("wait", wait_fields),
    KIND("signal", signal_fields),
    KIND("end", end_fields),
    KIND("close", close_fields),
    KIND("reset", reset_fields),
    KIND("stop_reading", stop_fields),
    KIND("start_reading", start_fields),
    KIND("unrecorded", unrecorded_fields),
    KIND("recorded", recorded_fields),
#undef KIND
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void check_step(ts_checker *checker, json_t *step) {
    if (!json_is_object(step)) {
        ts_check_fail(checker, "a step is an object, not %s", ts_check_type_name(step));
        return;
    }
    const char *names[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].key;
        if (json_object_get(step, kinds[i].key) != NULL) {
            ts_check_fields(checker, step, kinds[i].what, kinds[i].fields, kinds[i].count);
            return;
        }
    }
    const char *key = json_object_iter_key(json_object_iter(step));
    const char *meant = key != NULL ? ts_check_nearest(key, names, KINDS) : NULL;
    if (key == NULL) {
        ts_check_fail(checker, "an empty step");
    } else if (meant != NULL) {
        ts_check_fail(checker, "unknown step of a peer \"%s\"; did you mean \"%s\"?", key, meant);
    } else {
        ts_check_fail(checker, "unknown step of a peer \"%s\"", key);
    }
}

static void check_steps(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of steps", check_step);
}

/* --- connections and peers ---------------------------------------------------------------- */

static const ts_field connection_fields[] = {{"steps", check_steps, true},
                                             {"keeps_open", ts_check_boolean, false}};

static void check_connection(ts_checker *checker, json_t *value) {
    if (json_is_array(value)) {
        check_steps(checker, value);
    } else {
        ts_check_fields(checker, value, "a connection", connection_fields,
                        TS_FIELD_COUNT(connection_fields));
    }
}

static void check_connections(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of connections", check_connection);
}

/* The server that a peer connects to: the path of a `listen` step. */
static void check_server(ts_checker *checker, json_t *value) {
    const char *name = json_string_value(value);
    if (name == NULL) {
        ts_check_fail(checker, "here stands the path of a server that listens");
        return;
    }
    if (json_object_get(checker->addresses, name) == NULL) {
        ts_check_fail(checker, "no `listen` step for \"%s\"", name);
    }
}

static const ts_field accepting_fields[] = {{"accepts", check_connections, true},
                                            {"further", check_connection, false},
                                            {"unix", ts_check_true, false},
                                            {"keeps_open", ts_check_boolean, false}};
static const ts_field refusing_fields[] = {{"refuses", ts_check_true, true}};
static const ts_field connecting_fields[] = {{"connects", check_server, true},
                                             {"steps", check_steps, true},
                                             {"waits", ts_check_text, false},
                                             {"keeps_open", ts_check_boolean, false}};

static void check_peer(ts_checker *checker, json_t *peer) {
    if (!json_is_object(peer)) {
        ts_check_fail(checker, "a peer is an object, not %s", ts_check_type_name(peer));
    } else if (json_object_get(peer, "accepts") != NULL) {
        ts_check_fields(checker, peer, "an accepting peer", accepting_fields,
                        TS_FIELD_COUNT(accepting_fields));
    } else if (json_object_get(peer, "refuses") != NULL) {
        ts_check_fields(checker, peer, "a refusing peer", refusing_fields,
                        TS_FIELD_COUNT(refusing_fields));
    } else if (json_object_get(peer, "connects") != NULL) {
        ts_check_fields(checker, peer, "a connecting peer", connecting_fields,
                        TS_FIELD_COUNT(connecting_fields));
    } else {
        ts_check_fail(checker, "a peer needs \"accepts\", \"refuses\" or \"connects\"");
    }
}

static bool is_peer_name(const char *name) {
    size_t length = 0;
    while (isalnum((unsigned char)name[length]) || name[length] == '_' || name[length] == '-') {
        length++;
    }
    return length > 0 && name[length] == '\0';
}

void ts_check_peers(ts_checker *checker, json_t *value) {
    checker->place = TS_IN_PEER;
    ts_check_members(checker, value, "an object of peers", check_peer);
    const char *name;
    json_t *peer;
    json_object_foreach(value, name, peer) {
        if (!is_peer_name(name)) {
            ts_check_fail(checker, "\"%s\" is no name for a peer (letters, digits, _, -)", name);
        }
    }
}
