/* The headers of a message that is being written. */
#include "http/header_store_internal.h"

#include "core/text.h"
#include "http/header_block_internal.h"

#include <string.h>

static void release_entry(nh_header_entry *entry) {
    nh_value_release(&entry->name);
    nh_value_release(&entry->value);
}

void nh_header_store_clear(nh_memory *memory, nh_header_store *store) {
    for (size_t i = 0; i < store->count; i++) {
        release_entry(&store->entries[i]);
    }
    if (store->entries != store->inside) {
        nh_memory_free(memory, store->entries);
    }
    store->entries = NULL;
    store->count = 0;
    store->capacity = 0;
}

static uint8_t lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Whether a name, which is a token, is what toLowerCase() makes of `asked`. The Kelvin sign is the
 * one character beyond ASCII that becomes a letter of tokens. */
static bool matches_converted(nh_bytes name, nh_bytes asked) {
    static const uint8_t kelvin[3] = {0xE2, 0x84, 0xAA};
    size_t at = 0;
    for (size_t i = 0; i < name.length; i++) {
        bool is_kelvin = asked.length - at >= 3 && memcmp(asked.data + at, kelvin, 3) == 0;
        uint8_t byte = at == asked.length ? 0 : is_kelvin ? 'k' : lower(asked.data[at]);
        if (byte != lower(name.data[i])) {
            return false;
        }
        at += is_kelvin ? 3 : 1;
    }
    return at == asked.length;
}

static bool matches(nh_bytes name, nh_bytes asked) {
    if (name.length != asked.length) {
        return asked.length > name.length && matches_converted(name, asked);
    }
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] != asked.data[i] && lower(name.data[i]) != lower(asked.data[i])) {
            return false;
        }
    }
    return true;
}

static size_t find(const nh_header_store *store, nh_bytes name) {
    size_t at = 0;
    while (at < store->count && !matches(nh_value_bytes(store->entries[at].name), name)) {
        at++;
    }
    return at;
}

nh_header_entry *nh_header_store_find(const nh_header_store *store, nh_bytes name) {
    size_t at = find(store, name);
    return at == store->count ? NULL : &store->entries[at];
}

/* Whether a property name is an array index, and which: "0", "17", not "01". */
static bool array_index(nh_bytes key, uint64_t *out_index) {
    if (key.length == 0 || key.length > 10 || (key.data[0] == '0' && key.length > 1)) {
        return false;
    }
    uint64_t index = 0;
    for (size_t i = 0; i < key.length; i++) {
        if (key.data[i] < '0' || key.data[i] > '9') {
            return false;
        }
        index = index * 10 + (uint64_t)(key.data[i] - '0');
    }
    *out_index = index;
    return index < UINT32_MAX;
}

/* Where a new entry goes: array indices in ascending order come before all other names. */
static size_t place_of(const nh_header_store *store, nh_bytes key) {
    uint64_t index;
    if (!array_index(key, &index)) {
        return store->count;
    }
    size_t at = 0;
    uint64_t other;
    while (at < store->count && array_index(nh_value_bytes(store->entries[at].name), &other) &&
           other < index) {
        at++;
    }
    return at;
}

nh_value nh_header_store_key(nh_memory *memory, const nh_header_entry *entry) {
    nh_bytes text = nh_value_bytes(entry->name);
    size_t at = 0;
    while (at < text.length && lower(text.data[at]) == text.data[at]) {
        at++;
    }
    if (at == text.length) {
        return nh_value_retain(entry->name);
    }
    nh_text key;
    nh_text_init(&key, memory);
    nh_text_add_bytes(&key, text);
    if (!key.failed) {
        nh_http_lower_case((uint8_t *)key.data, key.length);
    }
    return nh_text_take_string(&key);
}

static bool grow(nh_memory *memory, nh_header_store *store) {
    if (store->count < store->capacity) {
        return true;
    }
    if (store->capacity == 0) {
        store->entries = store->inside;
        store->capacity = NH_HEADERS_INSIDE;
        return true;
    }
    bool is_inside = store->entries == store->inside;
    size_t capacity = store->capacity * 2;
    nh_header_entry *resized =
        nh_memory_resize(memory, is_inside ? NULL : store->entries, capacity * sizeof(*resized));
    if (resized == NULL) {
        return false;
    }
    if (is_inside) {
        memcpy(resized, store->inside, sizeof(store->inside));
    }
    store->entries = resized;
    store->capacity = capacity;
    return true;
}

bool nh_header_store_set(nh_memory *memory, nh_header_store *store, nh_value name, nh_value value) {
    nh_header_entry *present = nh_header_store_find(store, nh_value_bytes(name));
    if (present != NULL) {
        nh_value_assign_take(&present->name, nh_value_retain(name));
        nh_value_assign_take(&present->value, nh_value_retain(value));
        return true;
    }
    if (!grow(memory, store)) {
        return false;
    }
    size_t at = place_of(store, nh_value_bytes(name));
    memmove(store->entries + at + 1, store->entries + at,
            (store->count - at) * sizeof(*store->entries));
    store->entries[at] =
        (nh_header_entry){.name = nh_value_retain(name), .value = nh_value_retain(value)};
    store->count++;
    return true;
}

bool nh_header_store_remove(nh_header_store *store, nh_bytes name) {
    size_t at = find(store, name);
    if (at == store->count) {
        return false;
    }
    nh_header_entry gone = store->entries[at];
    store->count--;
    memmove(store->entries + at, store->entries + at + 1,
            (store->count - at) * sizeof(*store->entries));
    release_entry(&gone);
    return true;
}
