#include "cli/recording.h"

#include "trace/match.h"

#include <string.h>

/* --- values ------------------------------------------------------------------------------- */

enum { SHORTEST_RUN = 128 };

/* Whether the text is one character, of one byte, many times. */
static bool is_run(const char *data, size_t length) {
    if (length < SHORTEST_RUN || (unsigned char)data[0] >= 0x80) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (data[i] != data[0]) {
            return false;
        }
    }
    return true;
}

/* "a${b" -> {"$concat": ["a$", "{b"]}: nothing is filled in there. */
static json_t *take_apart(const char *data, size_t length) {
    json_t *parts = json_array();
    size_t start = 0;
    for (size_t i = 0; i + 1 < length; i++) {
        if (data[i] == '$' && data[i + 1] == '{') {
            (void)json_array_append_new(parts, json_stringn(data + start, i + 1 - start));
            start = i + 1;
        }
    }
    (void)json_array_append_new(parts, json_stringn(data + start, length - start));
    return json_pack("{s:o}", "$concat", parts);
}

static bool has_placeholder(const char *data, size_t length) {
    for (size_t i = 0; i + 1 < length; i++) {
        if (data[i] == '$' && data[i + 1] == '{') {
            return true;
        }
    }
    return false;
}

static json_t *simplify_string(json_t *string) {
    const char *data = json_string_value(string);
    size_t length = json_string_length(string);
    if (is_run(data, length)) {
        return json_pack("{s:[s#, I]}", "$repeat", data, 1, (json_int_t)length);
    }
    if (has_placeholder(data, length)) {
        return take_apart(data, length);
    }
    return json_incref(string);
}

json_t *ts_recording_simplify(json_t *observed) {
    size_t index;
    const char *key;
    json_t *item;
    if (json_is_string(observed)) {
        return simplify_string(observed);
    }
    if (json_is_array(observed)) {
        json_t *list = json_array();
        json_array_foreach(observed, index, item) {
            (void)json_array_append_new(list, ts_recording_simplify(item));
        }
        return list;
    }
    if (json_is_object(observed)) {
        json_t *object = json_object();
        json_object_foreach(observed, key, item) {
            (void)json_object_set_new(object, key, ts_recording_simplify(item));
        }
        return object;
    }
    return json_incref(observed);
}

/* --- files -------------------------------------------------------------------------------- */

/* Where the scenario's own expectation stands: its row, or the file. */
static json_t *owner_of(json_t *root, const ts_scenario *scenario) {
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(root, "cases"), index, row) {
        const char *id = json_string_value(json_object_get(row, "id"));
        if (scenario->row != NULL && id != NULL && strcmp(id, scenario->row) == 0) {
            return row;
        }
    }
    return root;
}

bool ts_recording_store(json_t *root, const ts_scenario *scenario, json_t *lanes) {
    json_t *owner = owner_of(root, scenario);
    json_t *expect = json_object_get(owner, "expect");
    if (expect == NULL) {
        expect = json_object();
        (void)json_object_set_new(owner, "expect", expect);
    }
    bool changed = false;
    const char *lane;
    json_t *list;
    json_object_foreach(lanes, lane, list) {
        json_t *before = json_object_get(scenario->expect, lane);
        if (before == NULL || !ts_match_lane(before, list).equal) {
            (void)json_object_set(expect, lane, list);
            changed = true;
        }
    }
    /* Lanes that were expected and have no observation. */
    json_object_foreach(scenario->expect, lane, list) {
        if (json_object_get(lanes, lane) != NULL || ts_match_lane(list, NULL).equal) {
            continue;
        }
        changed = true;
        if (owner != root && json_object_get(json_object_get(root, "expect"), lane) != NULL) {
            (void)json_object_set_new(expect, lane, json_array());
        } else {
            (void)json_object_del(expect, lane);
        }
    }
    if (json_object_size(expect) == 0 && owner != root) {
        (void)json_object_del(owner, "expect");
    }
    return changed;
}
