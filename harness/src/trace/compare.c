#include "trace/compare.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* --- lanes of both sides ------------------------------------------------------------------ */

/* Names of the lanes to compare, the expected ones first: a new list. */
static json_t *lanes_to_compare(json_t *expected, json_t *actual, ts_lane_filter required,
                                void *data) {
    json_t *names = json_array();
    const char *lane;
    json_t *list;
    json_object_foreach(expected, lane, list) {
        (void)json_array_append_new(names, json_string(lane));
    }
    json_object_foreach(actual, lane, list) {
        if (json_object_get(expected, lane) == NULL && json_array_size(list) > 0 &&
            (required == NULL || required(data, lane))) {
            (void)json_array_append_new(names, json_string(lane));
        }
    }
    return names;
}

bool ts_compare(json_t *expected, json_t *actual, ts_lane_filter required, void *data) {
    json_t *names = lanes_to_compare(expected, actual, required, data);
    bool equal = true;
    for (size_t i = 0; equal && i < json_array_size(names); i++) {
        const char *lane = json_string_value(json_array_get(names, i));
        equal = ts_match_lane(json_object_get(expected, lane), json_object_get(actual, lane)).equal;
    }
    json_decref(names);
    return equal;
}

/* --- one line ----------------------------------------------------------------------------- */

static void append_group(ts_text *text, json_t *group) {
    size_t index;
    json_t *item;
    ts_text_append(text, "in any order: ");
    json_array_foreach(group, index, item) {
        ts_text_append(text, index > 0 ? ", " : "");
        ts_text_append_observation(text, item);
    }
}

void ts_text_append_observation(ts_text *text, json_t *observation) {
    if (json_is_string(observation)) {
        ts_text_append_bytes(text, json_string_value(observation), json_string_length(observation));
        return;
    }
    const char *name = json_object_iter_key(json_object_iter(observation));
    json_t *value = json_object_iter_value(json_object_iter(observation));
    if (name == NULL) {
        ts_text_append_json(text, observation);
    } else if (strcmp(name, "$unordered") == 0) {
        append_group(text, value);
    } else if (strcmp(name, "$optional") == 0) {
        ts_text_append(text, "perhaps ");
        ts_text_append_observation(text, value);
    } else {
        ts_text_printf(text, "%s ", name);
        ts_text_append_json(text, value);
    }
}

static void append_element_or_end(ts_text *text, json_t *list, size_t index) {
    if (index < json_array_size(list)) {
        ts_text_append_observation(text, json_array_get(list, index));
    } else {
        ts_text_append(text, "nothing more");
    }
}

char *ts_first_difference(json_t *expected, json_t *actual, ts_lane_filter required, void *data) {
    json_t *names = lanes_to_compare(expected, actual, required, data);
    char *difference = NULL;
    for (size_t i = 0; difference == NULL && i < json_array_size(names); i++) {
        const char *lane = json_string_value(json_array_get(names, i));
        json_t *left = json_object_get(expected, lane);
        json_t *right = json_object_get(actual, lane);
        ts_pairing pairing = ts_match_lane(left, right);
        if (pairing.equal) {
            continue;
        }
        ts_text text = {0};
        ts_text_printf(&text, "%s, observation %zu: expected ", lane, pairing.actual_index + 1);
        append_element_or_end(&text, left, pairing.expected_index);
        ts_text_append(&text, "; observed ");
        append_element_or_end(&text, right, pairing.actual_index);
        difference = ts_text_take(&text);
    }
    json_decref(names);
    return difference;
}

/* --- rows of the table -------------------------------------------------------------------- */

typedef struct table_row {
    json_t *left;
    json_t *right;
} table_row;

typedef struct rows {
    table_row *items;
    size_t count;
    size_t capacity;
} rows;

static void add_row(rows *list, json_t *left, json_t *right) {
    list->items = ts_grow(list->items, list->count, &list->capacity, sizeof(table_row));
    list->items[list->count++] = (table_row){left, right};
}

static size_t group_size(json_t *element) {
    json_t *group = json_object_get(element, "$unordered");
    return group != NULL ? json_array_size(group) : 1;
}

/* The rows up to the first difference: element by element. */
static void add_agreeing_rows(rows *list, json_t *left, json_t *right, const ts_pairing *pairing) {
    size_t j = 0;
    for (size_t i = 0; i < pairing->expected_index; i++) {
        json_t *element = json_array_get(left, i);
        json_t *optional = json_object_get(element, "$optional");
        if (optional != NULL && (j >= pairing->actual_index ||
                                 !ts_match_observation(optional, json_array_get(right, j)))) {
            add_row(list, element, NULL);
            continue;
        }
        for (size_t k = 0; k < group_size(element); k++) {
            add_row(list, k == 0 ? element : NULL, json_array_get(right, j++));
        }
    }
    while (j < pairing->actual_index) {
        add_row(list, NULL, json_array_get(right, j++));
    }
}

static bool is_common(json_t *left, size_t i, json_t *right, size_t j) {
    json_t *l = json_array_get(left, i);
    json_t *r = json_array_get(right, j);
    return l != NULL && r != NULL && ts_match_observation(l, r);
}

/* After the first difference: what both sides have in common stays level (the longest common
 * subsequence), if they are not too long for that. */
static void add_differing_rows(rows *list, json_t *left, size_t i, json_t *right, size_t j) {
    enum { LONGEST = 400 };
    size_t m = json_array_size(left) - i;
    size_t n = json_array_size(right) - j;
    unsigned short *common = NULL;
    if (m > 0 && n > 0 && m <= LONGEST && n <= LONGEST) {
        common = ts_allocate((m + 1) * (n + 1), sizeof(*common));
        for (size_t a = m; a-- > 0;) {
            for (size_t b = n; b-- > 0;) {
                unsigned short *here = &common[a * (n + 1) + b];
                unsigned short down = common[(a + 1) * (n + 1) + b];
                unsigned short across = common[a * (n + 1) + b + 1];
                if (ts_match_observation(json_array_get(left, i + a),
                                         json_array_get(right, j + b))) {
                    *here = (unsigned short)(common[(a + 1) * (n + 1) + b + 1] + 1);
                } else {
                    *here = down > across ? down : across;
                }
            }
        }
    }
    size_t a = 0;
    size_t b = 0;
    while (a < m || b < n) {
        /* A stretch that has nothing in common: its two sides stand beside each other. */
        size_t left_end = a;
        size_t right_end = b;
        while (!is_common(left, i + left_end, right, j + right_end) &&
               (left_end < m || right_end < n)) {
            bool skip_left = right_end >= n || common == NULL ||
                             (left_end < m && common[(left_end + 1) * (n + 1) + right_end] >=
                                                  common[left_end * (n + 1) + right_end + 1]);
            skip_left = skip_left && left_end < m;
            left_end += skip_left;
            right_end += !skip_left;
        }
        for (; a < left_end || b < right_end; a += a < left_end, b += b < right_end) {
            add_row(list, a < left_end ? json_array_get(left, i + a) : NULL,
                    b < right_end ? json_array_get(right, j + b) : NULL);
        }
        if (a < m && b < n) {
            add_row(list, json_array_get(left, i + a++), json_array_get(right, j + b++));
        }
    }
    free(common);
}

/* --- the table ---------------------------------------------------------------------------- */

/* Appends `line` cut or filled to `width` characters. */
static void append_cell(ts_text *text, const char *line, size_t length, size_t width) {
    size_t characters = ts_utf8_count(line, length);
    if (characters <= width) {
        ts_text_append_bytes(text, line, length);
        ts_text_append_repeated(text, ' ', width - characters);
        return;
    }
    size_t at = 0;
    for (size_t i = 0; i + 1 < width; i++) {
        size_t size = ts_utf8_sequence(line + at, length - at);
        at += size > 0 ? size : 1;
    }
    ts_text_append_bytes(text, line, at);
    ts_text_append(text, "…");
}

/* Control characters would break the table. */
static ts_text cell_text(json_t *observation) {
    ts_text raw = {0};
    ts_text line = {0};
    if (observation != NULL) {
        ts_text_append_observation(&raw, observation);
    }
    for (size_t i = 0; i < raw.length; i++) {
        unsigned char byte = (unsigned char)raw.data[i];
        if (byte < 0x20 || byte == 0x7F) {
            ts_text_printf(&line, "\\x%02x", byte);
        } else {
            ts_text_append_bytes(&line, &raw.data[i], 1);
        }
    }
    ts_text_free(&raw);
    return line;
}

static void trim_right(ts_text *text) {
    while (text->length > 0 && text->data[text->length - 1] == ' ') {
        text->length--;
    }
    text->data[text->length] = '\0';
}

static void append_row(ts_text *text, const table_row *row, const char *mark, const char *colour,
                       size_t width) {
    ts_text left = cell_text(row->left);
    ts_text right = cell_text(row->right);
    ts_text_printf(text, "%s%s ", colour, mark);
    append_cell(text, ts_text_get(&left), left.length, width);
    ts_text_append(text, " │ ");
    append_cell(text, ts_text_get(&right), right.length, width);
    trim_right(text);
    ts_text_printf(text, "%s\n", colour[0] != '\0' ? "\033[0m" : "");
    ts_text_free(&left);
    ts_text_free(&right);
}

static void append_lane(ts_text *text, const char *lane, json_t *left, json_t *right,
                        const ts_table_style *style) {
    ts_pairing pairing = ts_match_lane(left, right);
    if (pairing.equal && !style->all_lanes) {
        return;
    }
    rows list = {0};
    add_agreeing_rows(&list, left, right, &pairing);
    size_t first = list.count;
    if (!pairing.equal) {
        add_differing_rows(&list, left, pairing.expected_index, right, pairing.actual_index);
    }
    size_t width = (style->columns - 7) / 2;
    ts_text_printf(text, "  lane %s%s\n", lane, pairing.equal ? " (the same)" : "");
    for (size_t i = 0; i < list.count; i++) {
        const table_row *r = &list.items[i];
        bool same = i < first || (r->left != NULL && r->right != NULL &&
                                  ts_match_observation(r->left, r->right));
        const char *mark = i == first ? "  ▶" : same ? "   " : "  ·";
        const char *colour = !style->colour || same ? "" : i == first ? "\033[1;31m" : "\033[33m";
        append_row(text, r, mark, colour, width);
    }
    free(list.items);
}

void ts_side_by_side(ts_text *text, json_t *expected, json_t *actual, ts_lane_filter required,
                     void *data, const ts_table_style *style) {
    size_t width = (style->columns - 7) / 2;
    ts_text_append(text, "    ");
    append_cell(text, style->left, strlen(style->left), width);
    ts_text_append(text, " │ ");
    append_cell(text, style->right, strlen(style->right), width);
    trim_right(text);
    ts_text_append(text, "\n");
    json_t *names = lanes_to_compare(expected, actual, required, data);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *lane = json_string_value(json_array_get(names, i));
        append_lane(text, lane, json_object_get(expected, lane), json_object_get(actual, lane),
                    style);
    }
    json_decref(names);
}
