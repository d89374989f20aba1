#include "cli/usage.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void add(json_t **set, const char *name, size_t length) {
    if (*set == NULL) {
        *set = json_object();
    }
    char *copy = ts_duplicate_bytes(name, length);
    (void)json_object_set_new(*set, copy, json_true());
    free(copy);
}

static bool is_module(const char *name, size_t length) {
    static const char *const modules[] = {"http", "net", "stream", "process", "Buffer"};
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        if (strlen(modules[i]) == length && strncmp(modules[i], name, length) == 0) {
            return true;
        }
    }
    return false;
}

/* --- paths -------------------------------------------------------------------------------- */

static size_t word_length(const char *text) {
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_') {
        length++;
    }
    return length;
}

/* Every name of the path behind the first; the first two together, if the first is a module. */
static void add_path_text(ts_usage *usage, const char *path) {
    size_t root = word_length(path);
    if (path[root] == '.' && is_module(path, root)) {
        add(&usage->paths, path, root + 1 + word_length(path + root + 1));
    }
    if (path[root] == '\0') {
        add(&usage->paths, path, root); /* AbortController */
    }
    for (const char *at = path + root; *at != '\0';) {
        size_t length = word_length(at);
        if (length > 0) {
            add(&usage->members, at, length);
        }
        at += length > 0 ? length : 1;
    }
}

static void add_path(ts_usage *usage, const json_t *path) {
    if (json_is_string(path)) {
        add_path_text(usage, json_string_value(path));
        return;
    }
    size_t index;
    json_t *segment;
    json_array_foreach(path, index, segment) {
        if (json_is_array(segment)) {
            add_path(usage, segment);
        } else if (json_is_string(segment)) {
            /* A list is either segments or several paths: take both meanings. */
            add_path_text(usage, json_string_value(segment));
            add(&usage->members, json_string_value(segment), json_string_length(segment));
        }
    }
}

/* --- steps -------------------------------------------------------------------------------- */

static bool is_one_of(const char *key, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(key, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds_path(const char *key) {
    static const char *const keys[] = {"call",     "new", "get",    "set",  "on",
                                       "override", "off", "listen", "loop", "$new"};
    return is_one_of(key, keys, sizeof(keys) / sizeof(keys[0]));
}

static void add_keys(json_t **set, json_t *object) {
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        add(set, key, strlen(key));
    }
}

static void add_value(ts_usage *usage, json_t *value);

static void add_member(ts_usage *usage, const char *key, json_t *member) {
    if (holds_path(key) && (json_is_string(member) || json_is_array(member))) {
        add_path(usage, member);
        return;
    }
    if (strcmp(key, "on") == 0 || strcmp(key, "events") == 0) {
        add_keys(&usage->events, member);
    }
    if (strcmp(key, "args") == 0) {
        size_t index;
        json_t *argument;
        json_array_foreach(member, index, argument) {
            add_keys(&usage->options, argument);
        }
    }
    if (strcmp(key, "$instance") == 0) {
        add_path(usage, json_array_get(member, 1));
    }
    if (strcmp(key, "listen") == 0) {
        add(&usage->members, "listen", strlen("listen"));
    }
    add_value(usage, member);
}

static void add_value(ts_usage *usage, json_t *value) {
    size_t index;
    const char *key;
    json_t *item;
    const char *text = json_string_value(value);
    if (text != NULL && text[0] == '$' && text[1] != '$') {
        add_path_text(usage, text + 1);
    }
    json_array_foreach(value, index, item) {
        add_value(usage, item);
    }
    json_object_foreach(value, key, item) {
        add_member(usage, key, item);
    }
}

void ts_usage_add(ts_usage *usage, const ts_scenario *scenario) {
    if (scenario != NULL) {
        add_value(usage, scenario->script);
    }
}

bool ts_usage_has(const ts_usage *usage, const ts_binding *binding) {
    switch (binding->kind) {
    case TS_MEMBER_CONSTRUCTOR:
    case TS_MEMBER_FUNCTION: {
        char *path = ts_format("%s.%s", binding->class_name, binding->member);
        bool used = json_object_get(usage->paths, path) != NULL ||
                    (strcmp(binding->class_name, "globalThis") == 0 &&
                     json_object_get(usage->paths, binding->member) != NULL);
        free(path);
        return used;
    }
    case TS_MEMBER_METHOD:
    case TS_MEMBER_PROPERTY:
        return json_object_get(usage->members, binding->member) != NULL;
    case TS_MEMBER_EVENT:
        return json_object_get(usage->events, binding->member) != NULL;
    case TS_MEMBER_OPTION:
        return json_object_get(usage->options, binding->member) != NULL;
    }
    return false;
}

void ts_usage_free(ts_usage *usage) {
    json_decref(usage->paths);
    json_decref(usage->members);
    json_decref(usage->events);
    json_decref(usage->options);
    *usage = (ts_usage){0};
}

/* --- expectations ------------------------------------------------------------------------- */

static bool says_something(json_t *expect) {
    const char *lane;
    json_t *list;
    json_object_foreach(expect, lane, list) {
        size_t index;
        json_t *element;
        json_array_foreach(list, index, element) {
            json_t *value = json_object_iter_value(json_object_iter(element));
            if (json_object_get(element, "$optional") == NULL &&
                json_object_get(value, "$any") == NULL) {
                return true;
            }
        }
    }
    return false;
}

bool ts_usage_says_something(const ts_scenario *scenario) {
    if (says_something(scenario->expect)) {
        return true;
    }
    size_t index;
    json_t *variant;
    json_array_foreach(scenario->variants, index, variant) {
        if (says_something(json_object_get(variant, "expect"))) {
            return true;
        }
    }
    return false;
}
