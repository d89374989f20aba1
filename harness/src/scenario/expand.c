#include "scenario/expand.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

/* Values that name themselves, or grow by doubling, end here, or with the budget. */
enum { DEEPEST = 8, LONGEST_TEXT = 1 << 22 };

typedef struct expansion {
    json_t *row;
    json_t *defaults;
    ts_text path;
    ts_expand_problem *problem;
    ts_expand_budget *budget;
    int depth; /* of placeholders within placeholders */
} expansion;

static json_t *expand(expansion *e, json_t *value);

static json_t *fail(expansion *e, char *reason) {
    e->problem->path = ts_duplicate(ts_text_get(&e->path));
    e->problem->reason = reason;
    return NULL;
}

static json_t *look_up(expansion *e, const char *name, size_t length) {
    json_t *value = json_object_getn(e->row, name, length);
    if (value == NULL) {
        value = json_object_getn(e->defaults, name, length);
    }
    if (value == NULL) {
        return fail(e, ts_format("no value named \"%.*s\"", (int)length, name));
    }
    return value;
}

/* The expanded value of a placeholder: a new reference. */
static json_t *fill_in(expansion *e, const char *name, size_t length) {
    json_t *value = look_up(e, name, length);
    if (value == NULL) {
        return NULL;
    }
    if (e->depth == DEEPEST) {
        return fail(e, ts_format("the value \"%.*s\" contains itself", (int)length, name));
    }
    e->depth++;
    json_t *expanded = expand(e, value);
    e->depth--;
    return expanded;
}

/* If a placeholder begins at `at`: its name, and how long it is with "${" and "}". */
static size_t placeholder_at(const char *at, size_t left, const char **name, size_t *name_length) {
    if (left < 4 || at[0] != '$' || at[1] != '{') {
        return 0;
    }
    const char *end = memchr(at, '}', left);
    if (end == NULL || end == at + 2) {
        return 0;
    }
    *name = at + 2;
    *name_length = (size_t)(end - *name);
    return (size_t)(end - at) + 1;
}

static bool append_text_of(expansion *e, ts_text *text, json_t *value, const char *name,
                           size_t length) {
    if (json_is_string(value)) {
        ts_text_append_bytes(text, json_string_value(value), json_string_length(value));
    } else if (json_is_number(value) || json_is_boolean(value)) {
        ts_text_append_json(text, value);
    } else {
        (void)fail(e, ts_format("the value \"%.*s\" has no text to put inside a longer one",
                                (int)length, name));
        return false;
    }
    if (text->length > LONGEST_TEXT) {
        (void)fail(e, ts_format("the text becomes longer than %d bytes", (int)LONGEST_TEXT));
        return false;
    }
    return true;
}

/* Replaces what is inside a longer text. */
static bool fill_in_text(expansion *e, const char *data, size_t length, ts_text *text) {
    size_t closed = length; /* behind the last brace: no placeholder begins there */
    while (closed > 0 && data[closed - 1] != '}') {
        closed--;
    }
    for (size_t at = 0; at < length;) {
        const char *name = NULL;
        size_t name_length = 0;
        size_t size = placeholder_at(data + at, length - at, &name, &name_length);
        if (size == 0) {
            const char *next = at + 1 < closed ? memchr(data + at + 1, '$', closed - at - 1) : NULL;
            size_t end = next != NULL ? (size_t)(next - data) : length;
            ts_text_append_bytes(text, data + at, end - at);
            at = end;
            continue;
        }
        json_t *value = fill_in(e, name, name_length);
        bool ok = value != NULL && append_text_of(e, text, value, name, name_length);
        json_decref(value);
        if (!ok) {
            return false;
        }
        at += size;
    }
    return true;
}

static bool expand_text(expansion *e, const char *data, size_t length, ts_text *text) {
    if (!fill_in_text(e, data, length, text)) {
        return false;
    }
    if (text->length > e->budget->bytes) {
        (void)fail(e, ts_format("the texts of the rows become longer than %zu bytes",
                                TS_EXPAND_BUDGET.bytes));
        return false;
    }
    e->budget->bytes -= text->length;
    return true;
}

static json_t *expand_string(expansion *e, json_t *string) {
    const char *data = json_string_value(string);
    size_t length = json_string_length(string);
    const char *name = NULL;
    size_t name_length = 0;
    if (placeholder_at(data, length, &name, &name_length) == length && length > 0) {
        if (strncmp(name, "...", 3) == 0) {
            return fail(e, ts_format("\"%s\" stands only in a list", data));
        }
        return fill_in(e, name, name_length);
    }
    ts_text text = {0};
    json_t *result =
        expand_text(e, data, length, &text) ? json_stringn(ts_text_get(&text), text.length) : NULL;
    ts_text_free(&text);
    return result;
}

/* "${...name}" as an element: appends the elements of that list. 1: done, 0: no splice, -1: failed.
 */
static int splice(expansion *e, json_t *item, json_t *result) {
    const char *data = json_string_value(item);
    const char *name = NULL;
    size_t name_length = 0;
    if (data == NULL || strncmp(data, "${...", 5) != 0 ||
        placeholder_at(data, json_string_length(item), &name, &name_length) !=
            json_string_length(item)) {
        return 0;
    }
    json_t *list = fill_in(e, name + 3, name_length - 3);
    int outcome = 1;
    if (list == NULL) {
        outcome = -1;
    } else if (!json_is_array(list)) {
        (void)fail(e, ts_format("the value \"%.*s\" is no list", (int)name_length - 3, name + 3));
        outcome = -1;
    } else {
        (void)json_array_extend(result, list);
    }
    json_decref(list);
    return outcome;
}

static json_t *expand_list(expansion *e, json_t *list) {
    json_t *result = json_array();
    size_t index;
    json_t *item;
    size_t length = e->path.length;
    json_array_foreach(list, index, item) {
        ts_text_printf(&e->path, "[%zu]", index);
        int spliced = splice(e, item, result);
        json_t *expanded = spliced == 0 ? expand(e, item) : NULL;
        if (spliced < 0 || (spliced == 0 && json_array_append_new(result, expanded) != 0)) {
            json_decref(result);
            return NULL;
        }
        e->path.length = length;
        e->path.data[length] = '\0';
    }
    return result;
}

static json_t *expand_object(expansion *e, json_t *object) {
    json_t *result = json_object();
    const char *key;
    json_t *member;
    size_t length = e->path.length;
    json_object_foreach(object, key, member) {
        ts_text_printf(&e->path, "%s%s", length > 0 ? "." : "", key);
        ts_text name = {0};
        json_t *expanded = expand_text(e, key, strlen(key), &name) ? expand(e, member) : NULL;
        bool ok = expanded != NULL;
        if (ok && json_object_get(result, ts_text_get(&name)) != NULL) {
            (void)fail(e, ts_format("two members become \"%s\"", ts_text_get(&name)));
            ok = false;
        }
        if (ok && json_object_set(result, ts_text_get(&name), expanded) != 0) {
            (void)fail(e, ts_duplicate("the name of a member can't hold a NUL character"));
            ok = false;
        }
        json_decref(expanded);
        ts_text_free(&name);
        if (!ok) {
            json_decref(result);
            return NULL;
        }
        e->path.length = length;
        e->path.data[length] = '\0';
    }
    return result;
}

static json_t *expand(expansion *e, json_t *value) {
    if (e->budget->values == 0) {
        return fail(e, ts_format("the rows become more than %zu values", TS_EXPAND_BUDGET.values));
    }
    e->budget->values--;
    if (json_is_string(value)) {
        return expand_string(e, value);
    }
    if (json_is_array(value)) {
        return expand_list(e, value);
    }
    if (json_is_object(value)) {
        return expand_object(e, value);
    }
    return json_copy(value);
}

json_t *ts_expand(json_t *value, json_t *row, json_t *defaults, const char *name,
                  ts_expand_budget *budget, ts_expand_problem *out_problem) {
    expansion e = {.row = row, .defaults = defaults, .budget = budget, .problem = out_problem};
    ts_text_append(&e.path, name);
    json_t *result = expand(&e, value);
    ts_text_free(&e.path);
    return result;
}
