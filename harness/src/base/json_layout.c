#include "base/json_layout.h"

enum { COLUMNS = 100, INDENT = 2, FILLED_ITEM = 72 };

static void lay_out(ts_text *text, json_t *value, size_t indent, size_t taken, bool open);

static void break_line(ts_text *text, size_t indent) {
    ts_text_append(text, "\n");
    ts_text_append_repeated(text, ' ', indent);
}

/* Compact text of a value; the caller frees it. */
static ts_text compact(json_t *value) {
    ts_text text = {0};
    ts_text_append_json(&text, value);
    return text;
}

/* A list of scalars, or of observations (a name with a small value), reads best as running text. */
static bool is_fillable(json_t *list) {
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item) {
        bool short_object = json_object_size(item) == 1;
        if (!short_object && (json_is_object(item) || json_is_array(item))) {
            return false;
        }
        json_t *inner = short_object ? json_object_iter_value(json_object_iter(item)) : NULL;
        if (json_object_size(inner) > 3 || json_array_size(inner) > 3) {
            return false;
        }
        ts_text line = compact(item);
        bool fits = ts_utf8_count(line.data, line.length) <= FILLED_ITEM;
        ts_text_free(&line);
        if (!fits) {
            return false;
        }
    }
    return true;
}

static void fill(ts_text *text, json_t *list, size_t indent) {
    size_t index;
    size_t column = 0;
    size_t count = json_array_size(list);
    json_t *item;
    json_array_foreach(list, index, item) {
        ts_text line = compact(item);
        size_t width = ts_utf8_count(line.data, line.length) + (index + 1 < count ? 1 : 0);
        if (column == 0 || column + 1 + width > COLUMNS) {
            break_line(text, indent + INDENT);
            column = indent + INDENT;
        } else {
            ts_text_append(text, " ");
            column++;
        }
        ts_text_append_bytes(text, line.data, line.length);
        ts_text_append(text, index + 1 < count ? "," : "");
        column += width;
        ts_text_free(&line);
    }
}

static void lay_out_list(ts_text *text, json_t *list, size_t indent) {
    ts_text_append(text, "[");
    if (is_fillable(list)) {
        fill(text, list, indent);
    } else {
        size_t index;
        json_t *item;
        json_array_foreach(list, index, item) {
            break_line(text, indent + INDENT);
            bool last = index + 1 == json_array_size(list);
            lay_out(text, item, indent + INDENT, indent + INDENT + (last ? 0 : 1), false);
            ts_text_append(text, last ? "" : ",");
        }
    }
    break_line(text, indent);
    ts_text_append(text, "]");
}

static void lay_out_object(ts_text *text, json_t *object, size_t indent) {
    ts_text_append(text, "{");
    size_t left = json_object_size(object);
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        break_line(text, indent + INDENT);
        json_t *name = json_string(key);
        ts_text label = compact(name);
        json_decref(name);
        ts_text_append_bytes(text, label.data, label.length);
        ts_text_append(text, ": ");
        left--;
        size_t taken = indent + INDENT + ts_utf8_count(label.data, label.length) + 2;
        lay_out(text, member, indent + INDENT, taken + (left > 0 ? 1 : 0), false);
        ts_text_append(text, left > 0 ? "," : "");
        ts_text_free(&label);
    }
    break_line(text, indent);
    ts_text_append(text, "}");
}

/* `taken`: columns that are used on this line already, or will be by what follows the value. */
static void lay_out(ts_text *text, json_t *value, size_t indent, size_t taken, bool open) {
    bool composite = json_object_size(value) > 0 || json_array_size(value) > 0;
    ts_text line = compact(value);
    bool fits = taken + ts_utf8_count(line.data, line.length) <= COLUMNS;
    if (!composite || (fits && !open)) {
        ts_text_append_bytes(text, line.data, line.length);
    } else if (json_is_array(value)) {
        lay_out_list(text, value, indent);
    } else {
        lay_out_object(text, value, indent);
    }
    ts_text_free(&line);
}

void ts_json_layout(ts_text *text, json_t *value) {
    lay_out(text, value, 0, 0, true);
    ts_text_append(text, "\n");
}

void ts_json_layout_inside(ts_text *text, json_t *value, size_t indent, size_t column) {
    lay_out(text, value, indent, column + 1, false); /* 1: what follows */
}
