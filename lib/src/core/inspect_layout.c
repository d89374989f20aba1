#include "core/inspect_layout.h"

#include "core/text.h"

#include <math.h>
#include <string.h>

/* Containers nested more deeply than this get lines of their own (util.inspect's `compact`). */
#define MAX_LEVELS_ON_A_LINE 3
/* Arrays of more elements are put in columns. */
#define MAX_UNGROUPED 6
#define MAX_GRID_COLUMNS 12
#define SEPARATOR_WIDTH 2 /* ", " */

static size_t width_of(nh_value entry) {
    return nh_string_utf16_length(entry);
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* --- columns -------------------------------------------------------------------------------- */

/* How the elements of an array fill columns. */
typedef struct grid {
    size_t count;   /* elements, without the one that tells what is hidden */
    size_t columns; /* 0: no columns */
    size_t widths[MAX_GRID_COLUMNS];
    bool align_right; /* numbers */
} grid;

/* As many columns as make the block about square on a screen, where a line is 2.5 times as high as
 * a character is wide. The usual width is taken to be below that of the longest element, the more
 * so the more the average falls short of it. */
static size_t choose_columns(nh_value entries, const grid *cells, size_t indentation) {
    size_t longest = 0;
    size_t total = 0;
    for (size_t i = 0; i < cells->count; i++) {
        size_t width = width_of(nh_list_get(entries, i));
        total += width + SEPARATOR_WIDTH;
        longest = width > longest ? width : longest;
    }
    size_t cell = longest + SEPARATOR_WIDTH;
    bool worth_it = (double)total / (double)cell > 5 || longest <= 6;
    if (cell * 3 + indentation >= NH_INSPECT_COLUMNS || !worth_it) {
        return 0;
    }
    double slack = sqrt((double)cell - (double)total / (double)nh_list_length(entries));
    double usual = fmax((double)cell - 3 - slack, 1);
    double square = round(sqrt(2.5 * usual * (double)cells->count) / usual);
    size_t columns = smaller((size_t)square, (NH_INSPECT_COLUMNS - indentation) / cell);
    columns = smaller(columns, MAX_GRID_COLUMNS);
    return columns > 1 ? columns : 0;
}

static grid measure(nh_value entries, const nh_inspect_layout *layout) {
    grid cells = {.count = nh_list_length(entries) - layout->has_rest, .align_right = true};
    cells.columns = choose_columns(entries, &cells, layout->indentation);
    for (size_t i = 0; i < cells.count && cells.columns != 0; i++) {
        size_t *width = &cells.widths[i % cells.columns];
        size_t needed = width_of(nh_list_get(entries, i)) + SEPARATOR_WIDTH;
        *width = needed > *width ? needed : *width;
    }
    for (size_t i = 0; i < nh_list_length(entries); i++) {
        nh_type type = nh_list_get(layout->array, i).type;
        cells.align_right = cells.align_right && (type == NH_NUMBER || type == NH_BIGINT);
    }
    return cells;
}

/* One row of the grid, starting with element `first`. */
static nh_value build_row(nh_memory *memory, nh_value entries, const grid *cells, size_t first) {
    size_t end = smaller(first + cells->columns, cells->count);
    nh_text row;
    nh_text_init(&row, memory);
    for (size_t i = first; i < end; i++) {
        bool is_last = i + 1 == end;
        nh_value entry = nh_list_get(entries, i);
        size_t padding = cells->widths[i - first] - SEPARATOR_WIDTH - width_of(entry);
        nh_text_add_repeated(&row, ' ', cells->align_right ? padding : 0);
        nh_text_add_bytes(&row, nh_value_bytes(entry));
        nh_text_add_c(&row, is_last ? "" : ", ");
        nh_text_add_repeated(&row, ' ', cells->align_right || is_last ? 0 : padding);
    }
    return nh_text_take_string(&row);
}

/* The rows as a new list of entries; `entries` itself (retained) when there are no columns. */
static nh_value group(nh_memory *memory, nh_value entries, const nh_inspect_layout *layout) {
    if (layout->array.type != NH_LIST || nh_list_length(entries) <= MAX_UNGROUPED) {
        return nh_value_retain(entries);
    }
    grid cells = measure(entries, layout);
    if (cells.columns == 0) {
        return nh_value_retain(entries);
    }
    nh_value rows = nh_list_new(memory);
    bool complete = rows.type == NH_LIST;
    for (size_t first = 0; complete && first < cells.count; first += cells.columns) {
        complete = nh_list_append_take(rows, build_row(memory, entries, &cells, first));
    }
    if (complete && layout->has_rest) {
        complete = nh_list_append(rows, nh_list_get(entries, cells.count));
    }
    if (!complete) {
        nh_value_release(&rows);
        rows.type = NH_INVALID;
    }
    return rows;
}

/* --- lines ---------------------------------------------------------------------------------- */

static bool has_newline(nh_value string) {
    nh_bytes bytes = nh_value_bytes(string);
    return bytes.length != 0 && memchr(bytes.data, '\n', bytes.length) != NULL;
}

static bool fits_on_a_line(nh_value entries, const nh_inspect_layout *layout) {
    size_t count = nh_list_length(entries);
    size_t width = 2 * count + layout->indentation + 1 + width_of(layout->base) + 10;
    for (size_t i = 0; i < count; i++) {
        nh_value entry = nh_list_get(entries, i);
        width += width_of(entry);
        if (has_newline(entry)) {
            return false;
        }
    }
    return width <= NH_INSPECT_COLUMNS && !has_newline(layout->base);
}

static void add_separator(nh_text *text, bool on_a_line, size_t indentation) {
    nh_text_add_c(text, on_a_line ? " " : "\n");
    nh_text_add_repeated(text, ' ', on_a_line ? 0 : indentation);
}

nh_value nh_inspect_lay_out(nh_memory *memory, nh_value entries, const nh_inspect_layout *layout) {
    nh_value rows = group(memory, entries, layout);
    if (rows.type != NH_LIST) {
        return rows;
    }
    size_t count = nh_list_length(rows);
    bool on_a_line = layout->levels_below < MAX_LEVELS_ON_A_LINE &&
                     count == nh_list_length(entries) && fits_on_a_line(rows, layout);
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_bytes(&text, nh_value_bytes(layout->base));
    nh_text_add_c(&text, nh_value_bytes(layout->base).length == 0 ? "" : " ");
    nh_text_add(&text, &layout->open, 1);
    for (size_t i = 0; i < count; i++) {
        add_separator(&text, on_a_line, layout->indentation + 2);
        nh_text_add_bytes(&text, nh_value_bytes(nh_list_get(rows, i)));
        nh_text_add_c(&text, i + 1 < count ? "," : "");
    }
    add_separator(&text, on_a_line, layout->indentation);
    nh_text_add(&text, &layout->close, 1);
    nh_value_release(&rows);
    return nh_text_take_string(&text);
}
