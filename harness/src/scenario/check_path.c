/* Paths: "req.socket", "res.headers[\"x-a\"]", or a list of segments. */
#include "scenario/check.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What a path may begin with besides the variables of the script. */
static const char *const roots[] = {
    "http",        "net",        "stream", "process", "Buffer", "Promise", "AbortController",
    "AbortSignal", "globalThis", "port",   "host",    "unix"};

static size_t name_length(const char *text) {
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_' ||
           (text[length] == '$' && length > 0)) {
        length++;
    }
    return length > 0 && isdigit((unsigned char)text[0]) ? 0 : length;
}

/* Length of "[0]", "[Symbol.name]" or "[\"any text\"]"; 0 when it is none of them. */
static size_t bracket_length(const char *text) {
    size_t digits = strspn(text + 1, "0123456789");
    if (digits > 0) {
        return text[1 + digits] == ']' ? digits + 2 : 0;
    }
    if (strncmp(text + 1, "Symbol.", 7) == 0) {
        size_t name = name_length(text + 8);
        return name > 0 && text[8 + name] == ']' ? name + 9 : 0;
    }
    if (text[1] != '"') {
        return 0;
    }
    size_t at = 2;
    while (text[at] != '\0' && text[at] != '"') {
        at += text[at] == '\\' && text[at + 1] != '\0' ? 2 : 1;
    }
    return text[at] == '"' && text[at + 1] == ']' ? at + 2 : 0;
}

static bool is_path(const char *text) {
    size_t at = name_length(text);
    if (at == 0) {
        return false;
    }
    while (text[at] != '\0') {
        size_t length = 0;
        if (text[at] == '[') {
            length = bracket_length(text + at);
        } else if (text[at] == '.') {
            size_t name = name_length(text + at + 1);
            length = name > 0 ? name + 1 : 0;
        }
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

bool ts_check_is_address(const char *text) {
    return strncmp(text, "port.", 5) == 0 || strncmp(text, "host.", 5) == 0 ||
           strncmp(text, "unix.", 5) == 0;
}

static void check_address(ts_checker *checker, const char *name) {
    if (checker->addresses == NULL) {
        return;
    }
    if (json_object_get(checker->addresses, name) == NULL) {
        ts_check_fail(checker, "nothing named \"%s\" listens (no peer, no `listen` step)", name);
        return;
    }
    (void)json_object_set_new(checker->used, name, json_true());
}

static void check_root(ts_checker *checker, const char *root, size_t length) {
    if (checker->variables == NULL || json_object_getn(checker->variables, root, length) != NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
        if (strlen(roots[i]) == length && strncmp(roots[i], root, length) == 0) {
            return;
        }
    }
    char *name = ts_duplicate_bytes(root, length);
    const char **names = ts_allocate(json_object_size(checker->variables), sizeof(*names));
    size_t count = 0;
    const char *variable;
    json_t *unused;
    json_object_foreach(checker->variables, variable, unused) {
        names[count++] = variable;
    }
    const char *meant = ts_check_nearest(name, names, count);
    free(names);
    if (meant != NULL) {
        ts_check_fail(checker, "unknown variable \"%s\"; did you mean \"%s\"?", name, meant);
    } else {
        ts_check_fail(checker, "unknown variable \"%s\"", name);
    }
    free(name);
}

void ts_check_path_text(ts_checker *checker, const char *text) {
    size_t root = name_length(text);
    if (ts_check_is_address(text) &&
        (checker->variables == NULL || json_object_getn(checker->variables, text, root) == NULL)) {
        check_address(checker, text + root + 1);
        return;
    }
    if (!is_path(text)) {
        ts_check_fail(checker, "\"%s\" is no path", text);
        return;
    }
    check_root(checker, text, root);
}

static void check_segments(ts_checker *checker, json_t *list) {
    const char *root = json_string_value(json_array_get(list, 0));
    if (root == NULL) {
        ts_check_fail(checker, "a path in segments begins with the name of a variable");
        return;
    }
    check_root(checker, root, strlen(root));
    for (size_t i = 1; i < json_array_size(list); i++) {
        json_t *segment = json_array_get(list, i);
        if (!json_is_string(segment) && !json_is_integer(segment)) {
            ts_check_fail(checker, "the segments of a path are strings and whole numbers");
        }
    }
}

void ts_check_path(ts_checker *checker, json_t *value) {
    if (json_is_array(value)) {
        check_segments(checker, value);
    } else if (!json_is_string(value)) {
        ts_check_fail(checker, "here stands a path, not %s", ts_check_type_name(value));
    } else if (json_string_value(value)[0] == '$') {
        ts_check_fail(checker, "here stands a path, without $: \"%s\"",
                      json_string_value(value) + 1);
    } else {
        ts_check_path_text(checker, json_string_value(value));
    }
}

void ts_check_paths(ts_checker *checker, json_t *value) {
    if (json_is_array(value)) {
        ts_check_list_of(checker, value, "a list of paths", ts_check_path);
    } else {
        ts_check_path(checker, value);
    }
}
