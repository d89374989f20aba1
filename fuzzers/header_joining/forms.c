/* forms.c - computes the joined and the distinct form again, and compares entry by entry. */
#include "header_joining/forms.h"

#include "message/text.h"
#include "support/check.h"

/* Field lines come out of the parser in batches; maxHeadersCount drops whole batches. */
#define LINES_PER_BATCH 31U

/* Whole batches are dropped once the limit is reached. A section of one batch is never cut. */
size_t joining_kept_count(size_t count, size_t limit) {
    size_t kept = 0;
    while (limit != 0 && count > LINES_PER_BATCH && kept < count) {
        if (kept >= limit) {
            return kept;
        }
        kept = count - kept > LINES_PER_BATCH ? kept + LINES_PER_BATCH : count;
    }
    return count;
}

/* The first lines of the names, in the order in which an object has them as keys. */
static size_t list_keys(const struct joining_line *lines, size_t count,
                        size_t out[JOINING_LINES + 1]) {
    size_t keys = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_new = !fuzz_is_named(lines[i].name, "__proto__");
        for (size_t k = 0; is_new && k < keys; k++) {
            is_new = !fuzz_is_same_name(lines[out[k]].name, lines[i].name);
        }
        if (!is_new) {
            continue;
        }
        size_t at = keys++;
        int64_t index = fuzz_index_of(lines[i].name);
        while (index >= 0 && at > 0 &&
               (fuzz_index_of(lines[out[at - 1]].name) < 0 ||
                fuzz_index_of(lines[out[at - 1]].name) > index)) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = i;
    }
    return keys;
}

/* Fields that count once (documentation of message.headers). */
static bool is_singular(nh_bytes name) {
    static const char *const singular[] = {"age",
                                           "authorization",
                                           "content-length",
                                           "content-type",
                                           "etag",
                                           "expires",
                                           "from",
                                           "host",
                                           "location",
                                           "last-modified",
                                           "if-modified-since",
                                           "if-unmodified-since",
                                           "max-forwards",
                                           "referer",
                                           "proxy-authorization",
                                           "retry-after",
                                           "server",
                                           "user-agent"};
    for (size_t i = 0; i < sizeof(singular) / sizeof(singular[0]); i++) {
        if (fuzz_is_named(name, singular[i])) {
            return true;
        }
    }
    return false;
}

/* Text of the library as it stands for Latin-1 bytes, growing: at most all values of a section, and
 * what is between them. */
static struct {
    uint8_t bytes[2 * JOINING_SECTION_BYTES + 4096];
    size_t length;
} text;

static void text_add(nh_bytes latin1) {
    text.length += fuzz_text_to_utf8((struct fuzz_text){latin1, false}, text.bytes + text.length);
}

static void check_text(nh_value value, const char *what, size_t line) {
    FUZZ_CHECK(value.type == NH_STRING, "%s %zu is no string", what, line);
    FUZZ_CHECK(nh_bytes_equal(nh_value_bytes(value), nh_bytes_of(text.bytes, text.length)),
               "%s %zu is \"%s\" instead of \"%.*s\"", what, line, nh_value_text(value),
               (int)text.length, (const char *)text.bytes);
}

static void check_latin1(nh_value value, nh_bytes expected, const char *what, size_t line) {
    text.length = 0;
    text_add(expected);
    check_text(value, what, line);
}

void joining_check_raw(nh_value raw, const struct joining_line *lines, size_t count) {
    FUZZ_CHECK(nh_list_length(raw) == 2 * count, "%zu raw elements for %zu lines",
               nh_list_length(raw), count);
    for (size_t i = 0; i < count; i++) {
        check_latin1(nh_list_get(raw, 2 * i), lines[i].name, "name", i);
        check_latin1(nh_list_get(raw, 2 * i + 1), lines[i].value, "value", i);
    }
}

/* A list of the values of all lines with the name of line `first`. */
static void check_all_values(nh_value list, const struct joining_line *lines, size_t count,
                             size_t first) {
    FUZZ_CHECK(list.type == NH_LIST, "line %zu is not in a list", first);
    size_t at = 0;
    for (size_t i = first; i < count; i++) {
        if (fuzz_is_same_name(lines[i].name, lines[first].name)) {
            check_latin1(nh_list_get(list, at++), lines[i].value, "element of line", i);
        }
    }
    FUZZ_CHECK(nh_list_length(list) == at, "%zu values instead of %zu", nh_list_length(list), at);
}

static void check_joined(nh_value value, const struct joining_line *lines, size_t count,
                         size_t first, bool join) {
    nh_bytes name = lines[first].name;
    if (fuzz_is_named(name, "set-cookie")) {
        check_all_values(value, lines, count, first);
        return;
    }
    nh_bytes separator = nh_bytes_of_text(fuzz_is_named(name, "cookie") ? "; " : ", ");
    text.length = 0;
    text_add(lines[first].value);
    for (size_t i = first + 1; i < count && (join || !is_singular(name)); i++) {
        if (fuzz_is_same_name(lines[i].name, name)) {
            text_add(separator);
            text_add(lines[i].value);
        }
    }
    check_text(value, "joined value of line", first);
}

static uint8_t lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static void check_key(nh_bytes key, nh_bytes name) {
    bool same = key.length == name.length;
    for (size_t i = 0; same && i < name.length; i++) {
        same = key.data[i] == lower(name.data[i]);
    }
    FUZZ_CHECK(same, "key \"%.*s\" instead of \"%.*s\" in lower case", (int)key.length,
               (const char *)key.data, (int)name.length, (const char *)name.data);
}

void joining_check_map(nh_value map, const struct joining_line *lines, size_t count, bool distinct,
                       bool join) {
    size_t keys[JOINING_LINES + 1];
    size_t key_count = list_keys(lines, count, keys);
    FUZZ_CHECK(map.type == NH_MAP, "no map");
    FUZZ_CHECK(nh_map_length(map) == key_count, "%zu keys instead of %zu", nh_map_length(map),
               key_count);
    for (size_t i = 0; i < key_count; i++) {
        check_key(nh_map_key_at(map, i), lines[keys[i]].name);
        if (distinct) {
            check_all_values(nh_map_value_at(map, i), lines, count, keys[i]);
        } else {
            check_joined(nh_map_value_at(map, i), lines, count, keys[i], join);
        }
    }
}
