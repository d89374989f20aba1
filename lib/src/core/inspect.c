/* Values as util.inspect prints them with its default options (Node: util, "util.inspect"): depth
 * 2, 80 columns, compact 3, at most 100 elements of an array and 10,000 characters of a string.
 *
 * A container is printed in two steps: its entries first, each a string; then they are laid out,
 * on one line where they fit, numbers and other short elements of arrays in columns. */
#include <nodehttp/emitter.h>
#include <nodehttp/error.h>

#include "core/inspect_layout.h"
#include "core/text.h"
#include "core/value_internal.h"

#include <assert.h>
#include <string.h>

#define MAX_DEPTH 2
#define MAX_ELEMENTS 100
#define MAX_BYTES 50
#define MAX_STRING_UNITS 10000
/* Shorter strings are never split into lines. */
#define MIN_SPLIT_UNITS 16

typedef struct inspection {
    nh_memory *memory;
    size_t indentation;
    int current_depth; /* of the container whose entries were printed last */
    const void *open[MAX_DEPTH + 1];
    size_t open_count;
    const void *circular; /* one that turned out to contain itself */
} inspection;

static nh_value inspect_at(inspection *state, nh_value value, int depth);

static nh_value invalid(void) {
    return (nh_value){.type = NH_INVALID};
}

/* --- strings -------------------------------------------------------------------------------- */

static bool contains(nh_bytes bytes, const char *text) {
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= bytes.length; i++) {
        if (memcmp(bytes.data + i, text, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Single quotes, unless another kind needs no escape. */
static char choose_quote(nh_bytes string) {
    if (!contains(string, "'")) {
        return '\'';
    }
    if (!contains(string, "\"")) {
        return '"';
    }
    return !contains(string, "`") && !contains(string, "${") ? '`' : '\'';
}

static void add_escaped(nh_text *text, uint32_t character, char quote) {
    static const char short_escapes[] = "btn\0fr"; /* of U+0008 ... U+000D */

    if (character == (uint32_t)quote || character == '\\') {
        nh_text_add_format(text, "\\%c", (char)character);
    } else if (character >= 8 && character <= 13 && character != 11) {
        nh_text_add_format(text, "\\%c", short_escapes[character - 8]);
    } else if (character < 0x20 || (character >= 0x7F && character <= 0x9F)) {
        nh_text_add_format(text, "\\x%02X", (unsigned)character);
    } else if (character >= 0xD800 && character <= 0xDFFF) {
        nh_text_add_format(text, "\\u%04x", (unsigned)character);
    } else {
        nh_text_add_code_point(text, character);
    }
}

static void add_quoted(nh_text *text, nh_bytes string, char quote) {
    nh_text_add(text, &quote, 1);
    for (size_t at = 0; at < string.length;) {
        uint32_t character;
        at += nh_utf8_decode(string.data + at, string.length - at, &character);
        add_escaped(text, character, quote);
    }
    nh_text_add(text, &quote, 1);
}

/* Long strings of several lines are shown as several, joined by '+'. */
static void add_lines(const inspection *state, nh_text *text, nh_bytes string) {
    size_t start = 0;
    while (start < string.length) {
        const uint8_t *newline = memchr(string.data + start, '\n', string.length - start);
        size_t end = newline == NULL ? string.length : (size_t)(newline - string.data) + 1;
        nh_bytes line = nh_bytes_of(string.data + start, end - start);
        if (start != 0) {
            nh_text_add_c(text, " +\n");
            nh_text_add_repeated(text, ' ', state->indentation + 2);
        }
        add_quoted(text, line, choose_quote(line));
        start = end;
    }
}

static nh_value inspect_string(inspection *state, nh_bytes string) {
    nh_text shown;
    nh_text_init(&shown, state->memory);
    size_t units = nh_text_utf16_length(string);
    nh_text_add_utf16_prefix(&shown, string, MAX_STRING_UNITS);
    string = nh_bytes_of(shown.data, shown.length);

    nh_text text;
    nh_text_init(&text, state->memory);
    text.failed = shown.failed;
    size_t shown_units = units > MAX_STRING_UNITS ? MAX_STRING_UNITS : units;
    if (shown_units > MIN_SPLIT_UNITS &&
        shown_units + state->indentation + 4 > NH_INSPECT_COLUMNS) {
        add_lines(state, &text, string);
    } else {
        add_quoted(&text, string, choose_quote(string));
    }
    if (units > MAX_STRING_UNITS) {
        size_t hidden = units - MAX_STRING_UNITS;
        nh_text_add_format(&text, "... %zu more character%s", hidden, hidden > 1 ? "s" : "");
    }
    nh_text_deinit(&shown);
    return nh_text_take_string(&text);
}

/* --- other values without entries ------------------------------------------------------------ */

static nh_value inspect_number(nh_memory *memory, double number) {
    char printed[NH_NUMBER_TEXT_SIZE];
    size_t length = nh_number_to_text(number, printed);
    if (length == 1 && printed[0] == '0' && 1 / number < 0) {
        return nh_string_of(memory, "-0");
    }
    return nh_string_new(memory, printed, length);
}

static nh_value inspect_buffer(nh_memory *memory, nh_bytes bytes) {
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_c(&text, bytes.length == 0 ? "<Buffer " : "<Buffer");
    for (size_t i = 0; i < bytes.length && i < MAX_BYTES; i++) {
        nh_text_add_format(&text, " %02x", (unsigned)bytes.data[i]);
    }
    if (bytes.length > MAX_BYTES) {
        size_t hidden = bytes.length - MAX_BYTES;
        nh_text_add_format(&text, " ... %zu more byte%s", hidden, hidden > 1 ? "s" : "");
    }
    nh_text_add_c(&text, ">");
    return nh_text_take_string(&text);
}

static nh_value inspect_function(nh_memory *memory, nh_value function) {
    const char *name = nh_function_name(function);
    if (name[0] == '\0') {
        return nh_string_of(memory, "[Function (anonymous)]");
    }
    return nh_string_format(memory, "[Function: %s]", name);
}

/* --- containers ------------------------------------------------------------------------------ */

static bool is_identifier(nh_bytes key) {
    for (size_t i = 0; i < key.length; i++) {
        uint8_t byte = key.data[i];
        bool is_letter =
            (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
        if (!is_letter && (i == 0 || byte < '0' || byte > '9')) {
            return false;
        }
    }
    return key.length != 0;
}

/* Adds "key: value" to `entries`. */
static bool add_property(inspection *state, nh_value entries, nh_bytes key, nh_value value,
                         int depth) {
    state->indentation += 2;
    nh_value inspected = inspect_at(state, value, depth + 1);
    state->indentation -= 2;

    nh_text text;
    nh_text_init(&text, state->memory);
    text.failed = inspected.type == NH_INVALID;
    if (nh_bytes_equal_text(key, "__proto__")) {
        nh_text_add_c(&text, "['__proto__']");
    } else if (is_identifier(key)) {
        nh_text_add_bytes(&text, key);
    } else {
        add_quoted(&text, key, choose_quote(key));
    }
    nh_text_add_c(&text, ": ");
    nh_text_add_bytes(&text, nh_value_bytes(inspected));
    nh_value_release(&inspected);
    return nh_list_append_take(entries, nh_text_take_string(&text));
}

static bool add_map_entries(inspection *state, nh_value entries, nh_value map, int depth) {
    for (size_t i = 0; i < nh_map_length(map); i++) {
        if (!add_property(state, entries, nh_map_key_at(map, i), nh_map_value_at(map, i), depth)) {
            return false;
        }
    }
    return true;
}

static bool add_list_entries(inspection *state, nh_value entries, nh_value list, int depth) {
    size_t length = nh_list_length(list);
    for (size_t i = 0; i < length && i < MAX_ELEMENTS; i++) {
        state->indentation += 2;
        nh_value element = inspect_at(state, nh_list_get(list, i), depth + 1);
        state->indentation -= 2;
        if (!nh_list_append_take(entries, element)) {
            return false;
        }
    }
    if (length <= MAX_ELEMENTS) {
        return true;
    }
    size_t hidden = length - MAX_ELEMENTS;
    return nh_list_append_take(entries, nh_string_format(state->memory, "... %zu more item%s",
                                                         hidden, hidden > 1 ? "s" : ""));
}

/* The own properties of an error that are enumerable; `code` stands after `errno`, where Node.js
 * sets it. */
static bool add_error_entries(inspection *state, nh_value entries, const nh_error *error,
                              int depth) {
    const char *code = nh_error_code(error);
    size_t count = nh_error_property_count(error);
    size_t code_place = nh_error_property(error, "errno").type == NH_UNDEFINED ? 0 : 1;
    for (size_t i = 0; i <= count; i++) {
        if (i == code_place && code != NULL) {
            nh_value text = nh_string_of(state->memory, code);
            bool added = add_property(state, entries, nh_bytes_of_text("code"), text, depth);
            nh_value_release(&text);
            if (!added) {
                return false;
            }
        }
        if (i < count && !add_property(state, entries, nh_error_property_key_at(error, i),
                                       nh_error_property_at(error, i), depth)) {
            return false;
        }
    }
    return true;
}

/* "[Error: message]": what Node.js prints for an error whose stack has no frames, as ours have
 * none. Errors that Node.js itself makes (ERR_...) carry their code in the stack. */
static nh_value error_head(nh_memory *memory, const nh_error *error) {
    const char *code = nh_error_code(error);
    nh_bytes message = nh_error_message_bytes(error);
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_format(&text, "[%s", nh_error_name(error));
    if (code != NULL && strncmp(code, "ERR_", 4) == 0) {
        nh_text_add_format(&text, " [%s]", code);
    }
    nh_text_add_c(&text, message.length == 0 ? "" : ": ");
    nh_text_add_bytes(&text, message);
    nh_text_add_c(&text, "]");
    return nh_text_take_string(&text);
}

static bool add_entries(inspection *state, nh_value entries, nh_value value, int depth) {
    if (value.type == NH_LIST) {
        return add_list_entries(state, entries, value, depth);
    }
    if (value.type == NH_ERROR) {
        return add_error_entries(state, entries, value.as.error, depth);
    }
    return add_map_entries(state, entries, value, depth);
}

static const void *identity_of(nh_value value) {
    if (value.type == NH_LIST) {
        return value.as.list;
    }
    return value.type == NH_ERROR ? (const void *)value.as.error : (const void *)value.as.map;
}

static size_t entry_count(nh_value value) {
    if (value.type == NH_ERROR) {
        return nh_error_property_count(value.as.error) + (nh_error_code(value.as.error) != NULL);
    }
    return value.type == NH_LIST ? nh_list_length(value) : nh_map_length(value);
}

static bool is_open(inspection *state, const void *identity) {
    for (size_t i = 0; i < state->open_count; i++) {
        if (state->open[i] == identity) {
            state->circular = identity;
            return true;
        }
    }
    return false;
}

/* Prints the entries of a container that has some, and lays them out. `base` comes before the
 * opening brace and is consumed. */
static nh_value inspect_entries(inspection *state, nh_value value, nh_value base, int depth) {
    const void *identity = identity_of(value);
    assert(state->open_count <= MAX_DEPTH);
    state->open[state->open_count++] = identity;
    state->current_depth = depth;
    nh_value entries = nh_list_new(state->memory);
    bool complete = add_entries(state, entries, value, depth);
    state->open_count--;

    nh_value result = invalid();
    if (complete && base.type != NH_INVALID) {
        if (state->circular == identity) {
            nh_bytes head = nh_value_bytes(base);
            nh_value_assign_take(&base, nh_string_format(state->memory, "<ref *1>%s%s",
                                                         head.length == 0 ? "" : " ",
                                                         nh_value_text(base)));
        }
        bool is_list = value.type == NH_LIST;
        result = nh_inspect_lay_out(
            state->memory, entries,
            &(nh_inspect_layout){.base = base,
                                 .open = is_list ? '[' : '{',
                                 .close = is_list ? ']' : '}',
                                 .indentation = state->indentation,
                                 .levels_below = state->current_depth - depth,
                                 .array = is_list ? value : nh_undefined(),
                                 .has_rest = nh_list_length(value) > MAX_ELEMENTS});
    }
    nh_value_release(&entries);
    nh_value_release(&base);
    return result;
}

static nh_value inspect_container(inspection *state, nh_value value, int depth) {
    bool is_list = value.type == NH_LIST;
    if (is_open(state, identity_of(value))) {
        return nh_string_of(state->memory, "[Circular *1]");
    }
    if (entry_count(value) == 0) {
        return value.type == NH_ERROR ? error_head(state->memory, value.as.error)
                                      : nh_string_of(state->memory, is_list ? "[]" : "{}");
    }
    if (depth > MAX_DEPTH) {
        const char *name = value.type == NH_ERROR ? nh_error_name(value.as.error)
                           : is_list              ? "Array"
                                                  : "Object";
        return nh_string_format(state->memory, "[%s]", name);
    }
    nh_value base = value.type == NH_ERROR ? error_head(state->memory, value.as.error)
                                           : nh_string_of(state->memory, "");
    return inspect_entries(state, value, base, depth);
}

static nh_value inspect_at(inspection *state, nh_value value, int depth) {
    switch (value.type) {
    case NH_INVALID:
        return invalid();
    case NH_UNDEFINED:
    case NH_NULL:
    case NH_BOOLEAN:
    case NH_SYMBOL:
        return nh_value_to_string(state->memory, value);
    case NH_NUMBER:
        return inspect_number(state->memory, value.as.number);
    case NH_BIGINT:
        return nh_string_format(state->memory, "%sn", value.as.string->text);
    case NH_STRING:
        return inspect_string(state, nh_value_bytes(value));
    case NH_BUFFER:
        return inspect_buffer(state->memory, nh_value_bytes(value));
    case NH_FUNCTION:
        return inspect_function(state->memory, value);
    case NH_OBJECT:
        return nh_string_format(state->memory, "%s {}", nh_emitter_class_name(value.as.object));
    case NH_LIST:
    case NH_MAP:
    case NH_ERROR:
        break;
    }
    return inspect_container(state, value, depth);
}

nh_value nh_value_inspect(nh_memory *memory, nh_value value) {
    inspection state = {.memory = memory};
    return inspect_at(&state, value, 0);
}
