#include "scenario/check.h"

#include "base/memory.h"
#include "scenario/version.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_WORD = 32, NEAR = 2, MOST_FIELDS = 32 };

void ts_check_fail(ts_checker *checker, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *reason = ts_format_list(format, arguments);
    va_end(arguments);
    if (checker->row != NULL) {
        char *in_row = ts_format("%s (in row \"%s\")", reason, checker->row);
        free(reason);
        reason = in_row;
    }
    ts_problems_add(checker->problems, checker->file, ts_text_get(&checker->path), reason);
    free(reason);
}

static bool is_plain_name(const char *key) {
    if (!isalpha((unsigned char)key[0]) && key[0] != '_' && key[0] != '$') {
        return false;
    }
    for (const char *at = key; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && *at != '_' && *at != '$') {
            return false;
        }
    }
    return true;
}

size_t ts_check_enter_key(ts_checker *checker, const char *key) {
    size_t mark = checker->path.length;
    if (is_plain_name(key)) {
        ts_text_printf(&checker->path, "%s%s", mark > 0 ? "." : "", key);
    } else {
        json_t *name = json_string(key);
        ts_text_append(&checker->path, "[");
        ts_text_append_json(&checker->path, name);
        ts_text_append(&checker->path, "]");
        json_decref(name);
    }
    return mark;
}

size_t ts_check_enter_index(ts_checker *checker, size_t index) {
    size_t mark = checker->path.length;
    ts_text_printf(&checker->path, "[%zu]", index);
    return mark;
}

void ts_check_leave(ts_checker *checker, size_t mark) {
    checker->path.length = mark;
    checker->path.data[mark] = '\0';
}

const char *ts_check_type_name(const json_t *value) {
    if (value == NULL) {
        return "nothing";
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        return "null";
    }
    return "nothing";
}

/* --- suggestions -------------------------------------------------------------------------- */

static size_t smallest(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* How many letters have to be changed, added or removed. */
static size_t distance(const char *a, const char *b) {
    size_t rows = strlen(a);
    size_t columns = strlen(b);
    if (rows >= LONGEST_WORD || columns >= LONGEST_WORD) {
        return SIZE_MAX;
    }
    size_t line[LONGEST_WORD + 1];
    for (size_t j = 0; j <= columns; j++) {
        line[j] = j;
    }
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = line[0];
        line[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t above = line[j];
            line[j] = smallest(above + 1, line[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return line[columns];
}

const char *ts_check_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *nearest = NULL;
    size_t least = NEAR + 1;
    for (size_t i = 0; i < count; i++) {
        size_t changes = distance(word, candidates[i]);
        if (changes < least && changes < strlen(word)) {
            least = changes;
            nearest = candidates[i];
        }
    }
    return nearest;
}

/* --- structure ---------------------------------------------------------------------------- */

static const ts_field *find_field(const ts_field *fields, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].key, key) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static void unknown_key(ts_checker *checker, const char *key, const char *what,
                        const ts_field *fields, size_t count) {
    const char *keys[MOST_FIELDS] = {NULL};
    for (size_t i = 0; i < count; i++) {
        keys[i] = fields[i].key;
    }
    const char *meant = ts_check_nearest(key, keys, count);
    if (meant != NULL) {
        ts_check_fail(checker, "%s has no key \"%s\"; did you mean \"%s\"?", what, key, meant);
        return;
    }
    ts_text known = {0};
    for (size_t i = 0; i < count; i++) {
        ts_text_printf(&known, "%s%s", i > 0 ? ", " : "", fields[i].key);
    }
    ts_check_fail(checker, "%s has no key \"%s\" (it has %s)", what, key, ts_text_get(&known));
    ts_text_free(&known);
}

void ts_check_fields(ts_checker *checker, json_t *object, const char *what, const ts_field *fields,
                     size_t count) {
    if (!json_is_object(object)) {
        ts_check_fail(checker, "%s is an object, not %s", what, ts_check_type_name(object));
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        const ts_field *field = find_field(fields, count, key);
        bool note = strcmp(key, "note") == 0;
        if (field == NULL && !note) {
            unknown_key(checker, key, what, fields, count);
            continue;
        }
        size_t mark = ts_check_enter_key(checker, key);
        (note && field == NULL ? ts_check_text : field->check)(checker, member);
        ts_check_leave(checker, mark);
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].required && json_object_get(object, fields[i].key) == NULL) {
            ts_check_fail(checker, "%s needs \"%s\"", what, fields[i].key);
        }
    }
}

void ts_check_list_of(ts_checker *checker, json_t *list, const char *what, ts_check check) {
    if (!json_is_array(list)) {
        ts_check_fail(checker, "here stands %s, not %s", what, ts_check_type_name(list));
        return;
    }
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item) {
        size_t mark = ts_check_enter_index(checker, index);
        check(checker, item);
        ts_check_leave(checker, mark);
    }
}

void ts_check_members(ts_checker *checker, json_t *object, const char *what, ts_check check) {
    if (!json_is_object(object)) {
        ts_check_fail(checker, "here stands %s, not %s", what, ts_check_type_name(object));
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        size_t mark = ts_check_enter_key(checker, key);
        check(checker, member);
        ts_check_leave(checker, mark);
    }
}

/* --- simple types ------------------------------------------------------------------------- */

static void expected(ts_checker *checker, const char *what, const json_t *value) {
    ts_check_fail(checker, "here stands %s, not %s", what, ts_check_type_name(value));
}

void ts_check_text(ts_checker *checker, json_t *value) {
    if (!json_is_string(value)) {
        expected(checker, "a string", value);
    }
}

void ts_check_string_list(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of strings", ts_check_text);
}

void ts_check_boolean(ts_checker *checker, json_t *value) {
    if (!json_is_boolean(value)) {
        expected(checker, "true or false", value);
    }
}

void ts_check_true(ts_checker *checker, json_t *value) {
    if (!json_is_true(value)) {
        expected(checker, "true", value);
    }
}

/* A number that a script may also compute. */
static bool is_computed(ts_checker *checker, json_t *value) {
    if (checker->place != TS_IN_SCRIPT || json_is_number(value) ||
        (!json_is_object(value) && !json_is_string(value))) {
        return false;
    }
    if (json_is_string(value) && json_string_value(value)[0] != '$') {
        return false;
    }
    ts_check_value(checker, value);
    return true;
}

void ts_check_count(ts_checker *checker, json_t *value) {
    if (!is_computed(checker, value) &&
        (!json_is_integer(value) || json_integer_value(value) < 0)) {
        expected(checker, "a whole number from 0 on", value);
    }
}

void ts_check_milliseconds(ts_checker *checker, json_t *value) {
    const double day_ms = 86400000;
    if (is_computed(checker, value)) {
        return;
    }
    if (!json_is_number(value) || json_number_value(value) < 0 ||
        json_number_value(value) > day_ms) {
        expected(checker, "a number of milliseconds from 0 to 86400000", value);
    }
}

void ts_check_identifier(ts_checker *checker, json_t *value) {
    const char *text = json_string_value(value);
    if (text == NULL || !is_plain_name(text) || strlen(text) != json_string_length(value)) {
        ts_check_fail(checker, "here stands a name (letters, digits, _)");
    }
}

static void check_range(ts_checker *checker, json_t *value) {
    const char *text = json_string_value(value);
    if (text == NULL || !ts_range_is_valid(text)) {
        ts_check_fail(checker, "here stands a range of versions such as \">=24\"");
    }
}

void ts_check_when(ts_checker *checker, json_t *value) {
    ts_check_members(checker, value, "an object of version ranges", check_range);
}
