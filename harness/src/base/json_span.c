#include "base/json_span.h"

#include <jansson.h>
#include <string.h>

static size_t skip_space(const char *text, size_t at) {
    return at + strspn(text + at, " \t\r\n");
}

static size_t end_of_string(const char *text, size_t at) {
    for (at++; text[at] != '"' && text[at] != '\0'; at++) {
        at += text[at] == '\\' && text[at + 1] != '\0' ? 1 : 0;
    }
    return text[at] == '"' ? at + 1 : at;
}

/* The end of the value that begins at `at`: of a list or object when its brackets are even. */
static size_t end_of_value(const char *text, size_t at) {
    if (text[at] == '"') {
        return end_of_string(text, at);
    }
    if (text[at] != '{' && text[at] != '[') {
        return at + strcspn(text + at, " \t\r\n,]}");
    }
    size_t depth = 0;
    do {
        if (text[at] == '"') {
            at = end_of_string(text, at);
            continue;
        }
        depth += text[at] == '{' || text[at] == '[' ? 1 : 0;
        depth -= text[at] == '}' || text[at] == ']' ? 1 : 0;
        at++;
    } while (depth > 0 && text[at] != '\0');
    return at;
}

ts_json_span ts_json_span_of(const char *text) {
    size_t start = skip_space(text, 0);
    return (ts_json_span){start, end_of_value(text, start)};
}

/* Whether the string at `at`, with its escapes, is `key`. */
static bool is_key(const char *text, size_t at, size_t end, const char *key) {
    json_t *name = json_loadb(text + at, end - at, JSON_DECODE_ANY, NULL);
    bool same = json_is_string(name) && strcmp(json_string_value(name), key) == 0;
    json_decref(name);
    return same;
}

static bool find_member(const char *text, ts_json_span object, const char *key, size_t *out_key,
                        ts_json_span *out_span) {
    size_t at = skip_space(text, object.start + 1);
    while (text[at] == '"') {
        size_t key_end = end_of_string(text, at);
        bool found = is_key(text, at, key_end, key);
        size_t start = skip_space(text, skip_space(text, key_end) + 1);
        size_t end = end_of_value(text, start);
        if (found) {
            *out_key = at;
            *out_span = (ts_json_span){start, end};
            return true;
        }
        at = skip_space(text, end);
        at = text[at] == ',' ? skip_space(text, at + 1) : at;
    }
    return false;
}

bool ts_json_span_member(const char *text, ts_json_span object, const char *key,
                         ts_json_span *out_span) {
    size_t unused;
    return find_member(text, object, key, &unused, out_span);
}

bool ts_json_span_key(const char *text, ts_json_span object, const char *key, size_t *out_start) {
    ts_json_span unused;
    return find_member(text, object, key, out_start, &unused);
}

bool ts_json_span_element(const char *text, ts_json_span list, size_t index,
                          ts_json_span *out_span) {
    size_t at = skip_space(text, list.start + 1);
    while (text[at] != ']' && text[at] != '\0') {
        size_t end = end_of_value(text, at);
        if (index-- == 0) {
            *out_span = (ts_json_span){at, end};
            return true;
        }
        at = skip_space(text, end);
        at = text[at] == ',' ? skip_space(text, at + 1) : at;
    }
    return false;
}

size_t ts_json_span_indent(const char *text, size_t at) {
    while (at > 0 && text[at - 1] != '\n') {
        at--;
    }
    return strspn(text + at, " ");
}
