#include "cli/recording.h"

#include "base/json_layout.h"
#include "base/json_span.h"
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

/* --- the text ----------------------------------------------------------------------------- */

static void replace_span(ts_text *source, ts_json_span span, const ts_text *with) {
    ts_text changed = {0};
    ts_text_append_bytes(&changed, source->data, span.start);
    ts_text_append_bytes(&changed, ts_text_get(with), with->length);
    ts_text_append(&changed, source->data + span.end);
    ts_text_free(source);
    *source = changed;
}

static size_t column_of(const char *text, size_t at) {
    size_t start = at;
    while (start > 0 && text[start - 1] != '\n') {
        start--;
    }
    return ts_utf8_count(text + start, at - start);
}

static size_t skip_back(const char *text, size_t at) {
    while (at > 0 && strchr(" \t\r\n", text[at - 1]) != NULL) {
        at--;
    }
    return at;
}

/* Takes the member out, with the comma before or behind it. */
static void remove_member(ts_text *source, ts_json_span owner, ts_json_span value) {
    size_t key = value.start;
    (void)ts_json_span_key(source->data, owner, "expect", &key);
    size_t start = skip_back(source->data, key);
    size_t end = value.end;
    if (source->data[start - 1] == ',') {
        start--;
    } else {
        end += strspn(source->data + end, " \t\r\n");
        end += source->data[end] == ',' ? 1 : 0;
    }
    replace_span(source, (ts_json_span){start, end}, &(ts_text){0});
}

static void rewrite_owner(ts_text *source, ts_json_span owner, json_t *before, json_t *after) {
    if ((before == NULL && after == NULL) ||
        (before != NULL && after != NULL && json_equal(before, after))) {
        return;
    }
    ts_json_span span;
    ts_text text = {0};
    bool there = ts_json_span_member(source->data, owner, "expect", &span);
    size_t indent = ts_json_span_indent(source->data, there ? span.start : owner.start);
    if (there && after == NULL) {
        remove_member(source, owner, span);
    } else if (there) {
        ts_json_layout_inside(&text, after, indent, column_of(source->data, span.start));
        replace_span(source, span, &text);
    } else {
        static const char name[] = "\"expect\": ";
        size_t at = skip_back(source->data, owner.end - 1);
        ts_text_append(&text, source->data[at - 1] == '{' ? "\n" : ",\n");
        ts_text_append_repeated(&text, ' ', indent + 2);
        ts_text_append(&text, name);
        ts_json_layout_inside(&text, after, indent + 2, indent + 2 + sizeof(name) - 1);
        replace_span(source, (ts_json_span){at, at}, &text);
    }
    ts_text_free(&text);
}

void ts_recording_rewrite(ts_text *source, json_t *root) {
    json_t *before = json_loadb(source->data, source->length, JSON_ALLOW_NUL, NULL);
    json_t *old_rows = json_object_get(before, "cases");
    json_t *new_rows = json_object_get(root, "cases");
    for (size_t i = 0; i < json_array_size(new_rows); i++) {
        ts_json_span span = ts_json_span_of(source->data);
        if (ts_json_span_member(source->data, span, "cases", &span) &&
            ts_json_span_element(source->data, span, i, &span)) {
            rewrite_owner(source, span, json_object_get(json_array_get(old_rows, i), "expect"),
                          json_object_get(json_array_get(new_rows, i), "expect"));
        }
    }
    rewrite_owner(source, ts_json_span_of(source->data), json_object_get(before, "expect"),
                  json_object_get(root, "expect"));
    json_decref(before);
}
