#include "trace/match.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- bytes -------------------------------------------------------------------------------- */

#define LONGEST_TEXT (1 << 28) /* bytes */

static bool append_expected(ts_text *bytes, json_t *expected);

static void append_latin1(ts_text *bytes, const char *data, size_t length) {
    for (size_t at = 0; at < length;) {
        unsigned char first = (unsigned char)data[at];
        size_t size = ts_utf8_sequence(data + at, length - at);
        char byte = data[at];
        if (size == 2) {
            byte = (char)(((first & 0x1F) << 6) | ((unsigned char)data[at + 1] & 0x3F));
        }
        ts_text_append_bytes(bytes, &byte, 1);
        at += size > 0 ? size : 1;
    }
}

static bool append_repeated(ts_text *bytes, json_t *pair) {
    ts_text once = {0};
    json_int_t times = json_integer_value(json_array_get(pair, 1));
    bool ok = append_expected(&once, json_array_get(pair, 0)) && times >= 0 &&
              (double)times * (double)once.length < LONGEST_TEXT;
    for (json_int_t i = 0; ok && i < times; i++) {
        ts_text_append_bytes(bytes, ts_text_get(&once), once.length);
    }
    ts_text_free(&once);
    return ok;
}

static bool append_joined(ts_text *bytes, json_t *list) {
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item) {
        if (!append_expected(bytes, item)) {
            return false;
        }
    }
    return json_is_array(list);
}

static bool append_as_latin1(ts_text *bytes, json_t *value) {
    ts_text text = {0};
    bool ok = append_expected(&text, value);
    append_latin1(bytes, ts_text_get(&text), text.length);
    ts_text_free(&text);
    return ok;
}

/* Appends the bytes that an expected value stands for; false when it stands for none. */
static bool append_expected(ts_text *bytes, json_t *expected) {
    if (ts_bytes_is(expected)) {
        ts_bytes_append(bytes, expected);
        return true;
    }
    if (json_object_size(expected) != 1) {
        return false;
    }
    const char *form = json_object_iter_key(json_object_iter(expected));
    json_t *inner = json_object_iter_value(json_object_iter(expected));
    if (strcmp(form, "$repeat") == 0) {
        return append_repeated(bytes, inner);
    }
    if (strcmp(form, "$concat") == 0) {
        return append_joined(bytes, inner);
    }
    if (strcmp(form, "$latin1") == 0) {
        return append_as_latin1(bytes, inner);
    }
    if (strcmp(form, "$buffer") == 0) {
        return append_expected(bytes, inner);
    }
    if (strcmp(form, "$char") == 0 && json_is_integer(inner)) {
        ts_text_append_code_point(bytes, (unsigned)json_integer_value(inner));
        return true;
    }
    return false;
}

/* --- matchers ----------------------------------------------------------------------------- */

static bool has_form(const json_t *value, const char *form) {
    return json_object_size(value) == 1 && json_object_get(value, form) != NULL;
}

static bool match_any(json_t *matcher, json_t *argument, json_t *actual) {
    (void)matcher;
    (void)argument;
    (void)actual;
    return true;
}

static bool match_type(json_t *matcher, json_t *argument, json_t *actual) {
    (void)matcher;
    const char *type = json_string_value(argument);
    if (strcmp(type, "string") == 0) {
        return json_is_string(actual);
    }
    if (strcmp(type, "buffer") == 0) {
        return ts_bytes_is(actual); /* a Buffer that is UTF-8 is shown as text */
    }
    if (strcmp(type, "number") == 0) {
        return json_is_number(actual) || has_form(actual, "$number");
    }
    if (strcmp(type, "boolean") == 0) {
        return json_is_boolean(actual);
    }
    if (strcmp(type, "null") == 0) {
        return json_is_null(actual);
    }
    if (strcmp(type, "undefined") == 0) {
        return has_form(actual, "$undefined");
    }
    if (strcmp(type, "function") == 0) {
        return has_form(actual, "$function");
    }
    if (strcmp(type, "list") == 0) {
        return json_is_array(actual);
    }
    return json_is_object(actual) && !has_form(actual, "$undefined") &&
           !has_form(actual, "$number") && !has_form(actual, "$function") &&
           !has_form(actual, "$bytes") && !has_form(actual, "$bigint") &&
           !has_form(actual, "$symbol");
}

static bool match_one_of(json_t *matcher, json_t *argument, json_t *actual) {
    (void)matcher;
    size_t index;
    json_t *choice;
    json_array_foreach(argument, index, choice) {
        if (ts_match_value(choice, actual)) {
            return true;
        }
    }
    return false;
}

/* "*" stands for any characters; goes back to the last one when the rest does not fit. */
static bool fits_glob(const char *pattern, const char *text, size_t length) {
    const char *star = NULL;
    size_t resume = 0;
    size_t at = 0;
    while (at < length) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = at;
        } else if (*pattern != '\0' && *pattern == text[at]) {
            pattern++;
            at++;
        } else if (star != NULL) {
            pattern = star;
            at = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool match_glob(json_t *matcher, json_t *argument, json_t *actual) {
    (void)matcher;
    if (!ts_bytes_is(actual)) {
        return false;
    }
    ts_text bytes = {0};
    ts_bytes_append(&bytes, actual);
    bool fits = fits_glob(json_string_value(argument), ts_text_get(&bytes), bytes.length);
    ts_text_free(&bytes);
    return fits;
}

static bool match_near(json_t *matcher, json_t *argument, json_t *actual) {
    double within = json_number_value(json_object_get(matcher, "within"));
    return json_is_number(actual) &&
           fabs(json_number_value(actual) - json_number_value(argument)) <= within;
}

static bool match_includes(json_t *matcher, json_t *argument, json_t *actual) {
    (void)matcher;
    const char *key;
    json_t *member;
    json_object_foreach(argument, key, member) {
        json_t *other = json_object_get(actual, key);
        if (other == NULL || !ts_match_value(member, other)) {
            return false;
        }
    }
    return json_is_object(actual);
}

static const struct {
    const char *form;
    bool (*match)(json_t *matcher, json_t *argument, json_t *actual);
} matchers[] = {
    {"$any", match_any},   {"$type", match_type}, {"$oneOf", match_one_of},
    {"$glob", match_glob}, {"$near", match_near}, {"$includes", match_includes},
};

/* --- values ------------------------------------------------------------------------------- */

static bool match_lists(json_t *expected, json_t *actual) {
    size_t index;
    json_t *item;
    if (json_array_size(expected) != json_array_size(actual)) {
        return false;
    }
    json_array_foreach(expected, index, item) {
        if (!ts_match_value(item, json_array_get(actual, index))) {
            return false;
        }
    }
    return true;
}

static bool match_objects(json_t *expected, json_t *actual) {
    return json_object_size(expected) == json_object_size(actual) &&
           match_includes(NULL, expected, actual);
}

static bool match_bytes(const ts_text *expected, json_t *actual) {
    if (!ts_bytes_is(actual)) {
        return false;
    }
    ts_text bytes = {0};
    ts_bytes_append(&bytes, actual);
    bool equal = bytes.length == expected->length &&
                 memcmp(ts_text_get(&bytes), ts_text_get(expected), bytes.length) == 0;
    ts_text_free(&bytes);
    return equal;
}

static bool match_numbers(const json_t *expected, const json_t *actual) {
    if (json_is_integer(expected) && json_is_integer(actual)) {
        return json_integer_value(expected) == json_integer_value(actual);
    }
    double a = json_number_value(expected);
    double b = json_number_value(actual);
    return json_is_number(actual) && !(a < b) && !(a > b);
}

static bool match_object(json_t *expected, json_t *actual) {
    for (size_t i = 0; i < sizeof(matchers) / sizeof(matchers[0]); i++) {
        json_t *argument = json_object_get(expected, matchers[i].form);
        if (argument != NULL) {
            return matchers[i].match(expected, argument, actual);
        }
    }
    ts_text bytes = {0};
    bool is_bytes = append_expected(&bytes, expected);
    bool equal = is_bytes ? match_bytes(&bytes, actual)
                          : json_is_object(actual) && match_objects(expected, actual);
    ts_text_free(&bytes);
    return equal;
}

bool ts_match_value(json_t *expected, json_t *actual) {
    switch (json_typeof(expected)) {
    case JSON_OBJECT:
        return match_object(expected, actual);
    case JSON_ARRAY:
        return json_is_array(actual) && match_lists(expected, actual);
    case JSON_STRING: {
        ts_text bytes = {0};
        ts_bytes_append(&bytes, expected);
        bool equal = match_bytes(&bytes, actual);
        ts_text_free(&bytes);
        return equal;
    }
    case JSON_INTEGER:
    case JSON_REAL:
        return match_numbers(expected, actual);
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return json_typeof(expected) == json_typeof(actual);
    }
    return false;
}

bool ts_match_observation(json_t *expected, json_t *actual) {
    if (json_is_string(expected) || json_is_string(actual)) {
        return json_equal(expected, actual) != 0;
    }
    const char *name = json_object_iter_key(json_object_iter(expected));
    json_t *value = json_object_get(actual, name);
    return value != NULL &&
           ts_match_value(json_object_iter_value(json_object_iter(expected)), value);
}

/* --- lanes -------------------------------------------------------------------------------- */

typedef struct lane_match {
    json_t *expected;
    json_t *actual;
    size_t expected_count;
    size_t actual_count;
    /* For an optional element: at which observations the rest is known not to fit. */
    bool **failed;
    ts_pairing furthest;
} lane_match;

static void remember_failure(lane_match *m, size_t i, size_t j) {
    if (j >= m->furthest.actual_index) {
        m->furthest.actual_index = j;
        m->furthest.expected_index = i;
    }
}

/* Finds a partner for observation `j` among the members of a group, moving others if need be. */
static bool find_partner(json_t *group, json_t *actual, size_t first, size_t j, size_t *partners,
                         bool *tried) {
    for (size_t member = 0; member < json_array_size(group); member++) {
        if (tried[member] || !ts_match_observation(json_array_get(group, member),
                                                   json_array_get(actual, first + j))) {
            continue;
        }
        tried[member] = true;
        if (partners[member] == SIZE_MAX ||
            find_partner(group, actual, first, partners[member], partners, tried)) {
            partners[member] = j;
            return true;
        }
    }
    return false;
}

/* How many of the observations from `first` on can be paired with the group, at most its size. */
static size_t match_group(json_t *group, json_t *actual, size_t first) {
    size_t size = json_array_size(group);
    size_t *partners = ts_allocate(size, sizeof(size_t));
    bool *tried = ts_allocate(size, sizeof(bool));
    for (size_t i = 0; i < size; i++) {
        partners[i] = SIZE_MAX;
    }
    size_t paired = 0;
    while (paired < size && first + paired < json_array_size(actual)) {
        memset(tried, 0, size * sizeof(bool));
        if (!find_partner(group, actual, first, paired, partners, tried)) {
            break;
        }
        paired++;
    }
    free(partners);
    free(tried);
    return paired;
}

static bool match_from(lane_match *m, size_t i, size_t j);

/* An optional observation is there, or is not. */
static bool match_optional(lane_match *m, json_t *optional, size_t i, size_t j) {
    if (m->failed[i] == NULL) {
        m->failed[i] = ts_allocate(m->actual_count + 1, sizeof(bool));
    }
    if (m->failed[i][j]) {
        return false;
    }
    bool fits = j < m->actual_count && ts_match_observation(optional, json_array_get(m->actual, j));
    if ((fits && match_from(m, i + 1, j + 1)) || match_from(m, i + 1, j)) {
        return true;
    }
    m->failed[i][j] = true;
    return false;
}

static bool match_from(lane_match *m, size_t i, size_t j) {
    for (; i < m->expected_count; i++) {
        json_t *element = json_array_get(m->expected, i);
        json_t *group = json_object_get(element, "$unordered");
        json_t *optional = json_object_get(element, "$optional");
        if (optional != NULL) {
            return match_optional(m, optional, i, j);
        }
        if (group != NULL) {
            size_t paired = match_group(group, m->actual, j);
            j += paired;
            if (paired < json_array_size(group)) {
                remember_failure(m, i, j);
                return false;
            }
        } else if (j < m->actual_count &&
                   ts_match_observation(element, json_array_get(m->actual, j))) {
            j++;
        } else {
            remember_failure(m, i, j);
            return false;
        }
    }
    if (j < m->actual_count) {
        remember_failure(m, i, j);
        return false;
    }
    return true;
}

ts_pairing ts_match_lane(json_t *expected, json_t *actual) {
    lane_match m = {.expected = expected,
                    .actual = actual,
                    .expected_count = json_array_size(expected),
                    .actual_count = json_array_size(actual)};
    m.failed = ts_allocate(m.expected_count, sizeof(bool *));
    if (match_from(&m, 0, 0)) {
        m.furthest = (ts_pairing){true, m.expected_count, m.actual_count};
    }
    for (size_t i = 0; i < m.expected_count; i++) {
        free(m.failed[i]);
    }
    free(m.failed);
    return m.furthest;
}
