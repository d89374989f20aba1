#include "scenario/lint.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct linter {
    const ts_requirements *requirements; /* NULL: there is no suite to look them up in */
    ts_problems *found;
    const ts_scenario_file *file;
} linter;

static void find(linter *l, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void find(linter *l, const char *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *reason = ts_format_list(format, arguments);
    va_end(arguments);
    ts_problems_add(l->found, l->file->path, path, reason);
    free(reason);
}

/* --- texts -------------------------------------------------------------------------------- */

static bool has_word(const char *text, const char *word) {
    size_t length = strlen(word);
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        bool begins = at == text || !isalpha((unsigned char)at[-1]);
        if (begins && !isalpha((unsigned char)at[length])) {
            return true;
        }
    }
    return false;
}

static void lint_title(linter *l, const char *path, const json_t *title) {
    static const char *const words[] = {"should",     "Should",     "test that", "Test that",
                                        "tests that", "Tests that", "TODO"};
    const char *text = json_string_value(title);
    for (size_t i = 0; text != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
        if (has_word(text, words[i])) {
            find(l, path, "a title states the fact shown, without \"%s\"", words[i]);
        }
    }
}

static void lint_covers(linter *l, const char *path, const json_t *covers) {
    size_t index;
    json_t *id;
    json_array_foreach(covers, index, id) {
        if (l->requirements != NULL &&
            ts_requirements_find(l->requirements, json_string_value(id)) == NULL) {
            find(l, path, "there is no requirement \"%s\"", json_string_value(id));
        }
    }
}

/* --- values ------------------------------------------------------------------------------- */

/* Whether "${name}" or "${...name}" occurs anywhere in the value. */
static bool uses_value(json_t *value, const char *placeholder, const char *splice) {
    size_t index;
    const char *key;
    json_t *item;
    if (json_is_string(value)) {
        return strstr(json_string_value(value), placeholder) != NULL ||
               strstr(json_string_value(value), splice) != NULL;
    }
    json_array_foreach(value, index, item) {
        if (uses_value(item, placeholder, splice)) {
            return true;
        }
    }
    json_object_foreach(value, key, item) {
        if (strstr(key, placeholder) != NULL || uses_value(item, placeholder, splice)) {
            return true;
        }
    }
    return false;
}

static void lint_values(linter *l, const char *path, json_t *values) {
    const char *name;
    json_t *value;
    json_object_foreach(values, name, value) {
        char *placeholder = ts_format("${%s}", name);
        char *splice = ts_format("${...%s}", name);
        if (!uses_value(l->file->root, placeholder, splice)) {
            find(l, path, "nothing uses the value \"%s\"", name);
        }
        free(placeholder);
        free(splice);
    }
}

static void lint_rows(linter *l) {
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(l->file->root, "cases"), index, row) {
        char *path = ts_format("cases[%zu]", index);
        lint_title(l, path, json_object_get(row, "title"));
        lint_covers(l, path, json_object_get(row, "covers"));
        lint_values(l, path, json_object_get(row, "values"));
        free(path);
    }
}

/* --- whole files -------------------------------------------------------------------------- */

static size_t observations_in(json_t *expect) {
    size_t count = 0;
    const char *lane;
    json_t *list;
    json_object_foreach(expect, lane, list) {
        count += json_array_size(list);
    }
    return count;
}

static void lint_expectations(linter *l) {
    for (size_t i = 0; i < l->file->count; i++) {
        const ts_scenario *scenario = l->file->items[i];
        size_t count = observations_in(scenario->expect);
        size_t index;
        json_t *variant;
        json_array_foreach(scenario->variants, index, variant) {
            count += observations_in(json_object_get(variant, "expect"));
        }
        if (count == 0) {
            find(l, "expect", "nothing is expected%s%s", scenario->row != NULL ? " of row " : "",
                 scenario->row != NULL ? scenario->row : "");
        }
    }
}

static void lint_peers(linter *l) {
    const char *name;
    json_t *peer;
    json_object_foreach(json_object_get(l->file->root, "peers"), name, peer) {
        if (json_object_get(peer, "connects") == NULL &&
            json_object_get(l->file->used_addresses, name) == NULL) {
            find(l, "peers", "nothing connects to \"%s\": no $port.%s, $host.%s or $unix.%s", name,
                 name, name, name);
        }
    }
}

void ts_scenario_lint(const ts_scenario_file *file, const ts_requirements *requirements,
                      ts_problems *problems) {
    linter l = {.requirements = requirements, .found = problems, .file = file};
    lint_title(&l, "title", json_object_get(file->root, "title"));
    lint_covers(&l, "covers", json_object_get(file->root, "covers"));
    lint_values(&l, "values", json_object_get(file->root, "values"));
    lint_rows(&l);
    lint_expectations(&l);
    lint_peers(&l);
}
