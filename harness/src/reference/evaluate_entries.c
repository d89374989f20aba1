/* Collections of [key, value] pairs as values of scripts. */
#include "reference/evaluate_entries.h"

#include <ctype.h>
#include <string.h>

/* The pairs of `operand`, evaluated; false when the scenario has failed. */
static bool evaluate_pairs(ts_frame *frame, const json_t *operand, ts_arguments *out_pairs) {
    if (!ts_evaluate_arguments(frame, operand, out_pairs)) {
        return false;
    }
    for (size_t i = 0; i < out_pairs->count; i++) {
        if (nh_list_length(out_pairs->values[i]) != 2) {
            ts_session_fail(frame->session, "an entry is a list of a key and a value");
            ts_arguments_free(frame->session, out_pairs);
            return false;
        }
    }
    return true;
}

static bool give(ts_frame *frame, nh_value entries, bool complete, nh_value *out_value) {
    if (!complete || entries.type == NH_INVALID) {
        nh_value_release(&entries);
        ts_session_fail(frame->session, "out of memory");
        return false;
    }
    *out_value = entries;
    return true;
}

/* Where the entry with `key` stands; the number of entries when there is none. */
static size_t find(nh_value entries, nh_value key) {
    size_t index = 0;
    while (index < nh_list_length(entries) &&
           !nh_value_is_same(nh_list_get(nh_list_get(entries, index), 0), key)) {
        index++;
    }
    return index;
}

bool ts_evaluate_map(ts_frame *frame, const json_t *form, const json_t *operand,
                     nh_value *out_value) {
    (void)form;
    ts_arguments pairs;
    if (!evaluate_pairs(frame, operand, &pairs)) {
        return false;
    }
    nh_value entries = nh_list_new_entries(frame->session->memory, "Map");
    bool complete = true;
    for (size_t i = 0; i < pairs.count && complete; i++) {
        size_t index = find(entries, nh_list_get(pairs.values[i], 0));
        if (index < nh_list_length(entries)) {
            nh_list_set_take(nh_list_get(entries, index), 1,
                             nh_value_retain(nh_list_get(pairs.values[i], 1)));
        } else {
            complete = nh_list_append(entries, pairs.values[i]);
        }
    }
    ts_arguments_free(frame->session, &pairs);
    return give(frame, entries, complete, out_value);
}

static nh_value lower_case_text(nh_memory *memory, nh_value value) {
    nh_value text = nh_value_to_string(memory, value);
    nh_bytes bytes = nh_value_bytes(text);
    char name[256];
    size_t length = bytes.length < sizeof(name) ? bytes.length : sizeof(name);
    for (size_t i = 0; i < length; i++) {
        name[i] = (char)tolower(bytes.data[i]);
    }
    nh_value_release(&text);
    return nh_string_new(memory, name, length);
}

static int order(nh_value a, nh_value b) {
    nh_bytes left = nh_value_bytes(a);
    nh_bytes right = nh_value_bytes(b);
    size_t common = left.length < right.length ? left.length : right.length;
    int result = common == 0 ? 0 : memcmp(left.data, right.data, common);
    return result != 0 ? result : (left.length > right.length) - (left.length < right.length);
}

/* Adds a [name, value] pair where sorting puts it, behind its equals. */
static bool insert_sorted(nh_value entries, nh_value pair) {
    if (!nh_list_append(entries, pair)) {
        return false;
    }
    size_t index = nh_list_length(entries) - 1;
    for (; index > 0; index--) {
        nh_value before = nh_list_get(entries, index - 1);
        if (order(nh_list_get(before, 0), nh_list_get(pair, 0)) <= 0) {
            break;
        }
        nh_list_set_take(entries, index, nh_value_retain(before));
    }
    nh_list_set_take(entries, index, nh_value_retain(pair));
    return true;
}

/* Adds `value` to what the header has: "a, b". */
static bool join_value(nh_memory *memory, nh_value pair, nh_value value) {
    nh_bytes old = nh_value_bytes(nh_list_get(pair, 1));
    nh_bytes more = nh_value_bytes(value);
    nh_value joined =
        nh_string_format(memory, "%.*s, %.*s", (int)old.length, (const char *)old.data,
                         (int)more.length, (const char *)more.data);
    if (joined.type == NH_INVALID) {
        return false;
    }
    nh_list_set_take(pair, 1, joined);
    return true;
}

static bool add_header(nh_memory *memory, nh_value entries, nh_value given) {
    nh_value name = lower_case_text(memory, nh_list_get(given, 0));
    nh_value value = nh_value_to_string(memory, nh_list_get(given, 1));
    size_t index = find(entries, name);
    bool done = false;
    if (index < nh_list_length(entries) && !nh_value_is_text(name, "set-cookie")) {
        done = join_value(memory, nh_list_get(entries, index), value);
    } else {
        nh_value pair = nh_list_new(memory);
        done = nh_list_append(pair, name) && nh_list_append(pair, value) &&
               insert_sorted(entries, pair);
        nh_value_release(&pair);
    }
    nh_value_release(&name);
    nh_value_release(&value);
    return done;
}

bool ts_evaluate_headers(ts_frame *frame, const json_t *form, const json_t *operand,
                         nh_value *out_value) {
    (void)form;
    ts_arguments pairs;
    if (!evaluate_pairs(frame, operand, &pairs)) {
        return false;
    }
    nh_memory *memory = frame->session->memory;
    nh_value entries = nh_list_new_entries(memory, "Headers");
    bool complete = true;
    for (size_t i = 0; i < pairs.count && complete; i++) {
        complete = add_header(memory, entries, pairs.values[i]);
    }
    ts_arguments_free(frame->session, &pairs);
    return give(frame, entries, complete, out_value);
}
