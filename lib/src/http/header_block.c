/* Received field lines, and the objects that JavaScript sees of them. */
#include "http/header_block_internal.h"

#include "core/text.h"

#include <string.h>

/* --- storage ------------------------------------------------------------------------------ */

void nh_header_block_clear(nh_memory *memory, nh_header_block *block) {
    nh_memory_free(memory, block->bytes);
    nh_memory_free(memory, block->lines);
    *block = (nh_header_block){.bytes = NULL};
}

static size_t grown(size_t capacity, size_t needed, size_t first) {
    size_t next = capacity == 0 ? first : capacity * 2;
    return next < needed ? needed : next;
}

bool nh_header_block_append(nh_memory *memory, nh_header_block *block, nh_bytes bytes) {
    if (bytes.length > block->capacity - block->length) {
        if (bytes.length > UINT32_MAX - block->length) {
            return false;
        }
        size_t capacity = grown(block->capacity, block->length + bytes.length, 256);
        uint8_t *resized = nh_memory_resize(memory, block->bytes, capacity);
        if (resized == NULL) {
            return false;
        }
        block->bytes = resized;
        block->capacity = capacity;
    }
    if (bytes.length != 0) {
        memcpy(block->bytes + block->length, bytes.data, bytes.length);
        block->length += bytes.length;
    }
    return true;
}

bool nh_header_block_add_line(nh_memory *memory, nh_header_block *block, nh_header_line line) {
    if (block->count == block->line_capacity) {
        size_t capacity = grown(block->line_capacity, block->count + 1, 8);
        nh_header_line *resized =
            nh_memory_resize(memory, block->lines, capacity * sizeof(*resized));
        if (resized == NULL) {
            return false;
        }
        block->lines = resized;
        block->line_capacity = capacity;
    }
    block->lines[block->count++] = line;
    return true;
}

size_t nh_header_block_count(const nh_header_block *block) {
    return block->count;
}

nh_bytes nh_header_block_name(const nh_header_block *block, size_t index) {
    const nh_header_line *line = &block->lines[index];
    return nh_bytes_of(block->bytes + line->name, line->name_length);
}

nh_bytes nh_header_block_value(const nh_header_block *block, size_t index) {
    const nh_header_line *line = &block->lines[index];
    return nh_bytes_of(block->bytes + line->value, line->value_length);
}

/* --- views -------------------------------------------------------------------------------- */

nh_value nh_header_block_to_list(nh_memory *memory, const nh_header_block *block) {
    nh_value list = nh_list_new(memory);
    for (size_t i = 0; i < block->count; i++) {
        if (!nh_list_append_take(list,
                                 nh_string_of_latin1(memory, nh_header_block_name(block, i))) ||
            !nh_list_append_take(list,
                                 nh_string_of_latin1(memory, nh_header_block_value(block, i)))) {
            nh_value_release(&list);
            return (nh_value){.type = NH_INVALID};
        }
    }
    return list;
}

/* What happens to the second line of one name. */
typedef enum repetition { JOIN_WITH_COMMA, JOIN_WITH_SEMICOLON, COLLECT, KEEP_FIRST } repetition;

static repetition repetition_of(nh_bytes key, bool join_duplicates) {
    /* Fields of which a second line makes no sense (Node: message.headers). */
    static const char *const singular[] = {
        "age",
        "authorization",
        "content-length",
        "content-type",
        "etag",
        "expires",
        "from",
        "host",
        "if-modified-since",
        "if-unmodified-since",
        "last-modified",
        "location",
        "max-forwards",
        "proxy-authorization",
        "referer",
        "retry-after",
        "server",
        "user-agent",
    };
    if (nh_bytes_equal_text(key, "set-cookie")) {
        return COLLECT;
    }
    if (nh_bytes_equal_text(key, "cookie")) {
        return JOIN_WITH_SEMICOLON;
    }
    if (!join_duplicates) {
        for (size_t i = 0; i < sizeof(singular) / sizeof(singular[0]); i++) {
            if (nh_bytes_equal_text(key, singular[i])) {
                return KEEP_FIRST;
            }
        }
    }
    return JOIN_WITH_COMMA;
}

static nh_value joined(nh_memory *memory, nh_value first, const char *separator, nh_bytes second) {
    nh_value rest = nh_string_of_latin1(memory, second);
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_bytes(&text, nh_value_bytes(first));
    nh_text_add_c(&text, separator);
    nh_text_add_bytes(&text, nh_value_bytes(rest));
    text.failed = text.failed || rest.type == NH_INVALID;
    nh_value_release(&rest);
    return nh_text_take_string(&text);
}

static bool append_to_list_under(nh_memory *memory, nh_value map, nh_bytes key, nh_bytes value) {
    nh_value list = nh_map_get_bytes(map, key);
    if (list.type != NH_LIST) {
        list = nh_list_new(memory);
        if (!nh_map_set_bytes_take(map, key, list)) {
            return false;
        }
        list = nh_map_get_bytes(map, key);
    }
    return nh_list_append_take(list, nh_string_of_latin1(memory, value));
}

static bool add_to_map(nh_memory *memory, nh_value map, nh_bytes key, nh_bytes value,
                       bool join_duplicates) {
    nh_value present = nh_map_get_bytes(map, key);
    repetition rule = repetition_of(key, join_duplicates);
    if (rule == COLLECT) {
        return append_to_list_under(memory, map, key, value);
    }
    if (present.type == NH_UNDEFINED) {
        return nh_map_set_bytes_take(map, key, nh_string_of_latin1(memory, value));
    }
    if (rule == KEEP_FIRST) {
        return true;
    }
    return nh_map_set_bytes_take(
        map, key, joined(memory, present, rule == JOIN_WITH_COMMA ? ", " : "; ", value));
}

/* Calls `add` for each of the first `count` lines with its name in lower case. */
static bool add_lines(nh_memory *memory, nh_value map, const nh_header_block *block, size_t count,
                      bool distinct, bool join_duplicates) {
    nh_text key;
    nh_text_init(&key, memory);
    bool good = map.type == NH_MAP;
    for (size_t i = 0; good && i < block->count && i < count; i++) {
        key.length = 0;
        nh_text_add_bytes(&key, nh_header_block_name(block, i));
        if (key.failed) {
            good = false;
            break;
        }
        nh_http_lower_case((uint8_t *)key.data, key.length);
        nh_bytes name = nh_bytes_of(key.data, key.length);
        /* In JavaScript, assigning to `__proto__` adds no property. */
        if (nh_bytes_equal_text(name, "__proto__")) {
            continue;
        }
        nh_bytes value = nh_header_block_value(block, i);
        good = distinct ? append_to_list_under(memory, map, name, value)
                        : add_to_map(memory, map, name, value, join_duplicates);
    }
    nh_text_deinit(&key);
    return good;
}

void nh_http_lower_case(uint8_t *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z') {
            text[i] = (uint8_t)(text[i] + ('a' - 'A'));
        }
    }
}

bool nh_header_block_add_to_map(nh_memory *memory, const nh_header_block *block, size_t count,
                                bool join_duplicates, nh_value map) {
    return add_lines(memory, map, block, count, false, join_duplicates);
}

static nh_value build_map(nh_memory *memory, const nh_header_block *block, size_t count,
                          bool distinct, bool join_duplicates) {
    nh_value map = nh_map_new(memory);
    if (!add_lines(memory, map, block, count, distinct, join_duplicates)) {
        nh_value_release(&map);
        return (nh_value){.type = NH_INVALID};
    }
    return map;
}

nh_value nh_header_block_to_map(nh_memory *memory, const nh_header_block *block, size_t count,
                                bool join_duplicates) {
    return build_map(memory, block, count, false, join_duplicates);
}

nh_value nh_header_block_to_distinct_map(nh_memory *memory, const nh_header_block *block,
                                         size_t count) {
    return build_map(memory, block, count, true, false);
}
