/* Maps: an array of entries in property order, and past a few entries a hash index into it.
 *
 * Invariant: entries [0, index_keys) have array-index keys in ascending order, the others follow in
 * the order in which they were added. `slots` (open addressing, a power of two in size, at most
 * half full) holds entry numbers plus one, or is NULL while a linear search is cheap enough. */
#include "core/value_internal.h"

#include <stdint.h>
#include <string.h>

#define LINEAR_LIMIT 16

typedef struct map_entry {
    nh_string *key;
    nh_value value;
    uint32_t hash;
} map_entry;

struct nh_map {
    size_t references;
    nh_memory *memory;
    map_entry *entries;
    size_t length;
    size_t capacity;
    size_t index_keys; /* how many entries come first because their keys are array indices */
    uint32_t *slots;
    size_t slot_count;
};

nh_value nh_map_new(nh_memory *memory) {
    nh_map *map = nh_memory_allocate_zeroed(memory, 1, sizeof(nh_map));
    if (map == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    map->references = 1;
    map->memory = memory;
    return (nh_value){.type = NH_MAP, .as.map = map};
}

void nh_map_retain(nh_map *map) {
    map->references++;
}

void nh_map_release(nh_map *map) {
    if (--map->references != 0) {
        return;
    }
    for (size_t i = 0; i < map->length; i++) {
        nh_string_release(map->entries[i].key);
        nh_value_release(&map->entries[i].value);
    }
    nh_memory_free(map->memory, map->slots);
    nh_memory_free(map->memory, map->entries);
    nh_memory_free(map->memory, map);
}

/* FNV-1a. */
static uint32_t hash_of(nh_bytes key) {
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < key.length; i++) {
        hash = (hash ^ key.data[i]) * 16777619U;
    }
    return hash;
}

/* Whether `key` is the canonical decimal form of 0 ... 2^32-2 (ECMA-262, "array index"). */
static bool parse_array_index(nh_bytes key, uint64_t *out_index) {
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

static nh_bytes key_bytes(const map_entry *entry) {
    return nh_bytes_of(entry->key->text, entry->key->length);
}

static bool is_entry(const map_entry *entry, nh_bytes key, uint32_t hash) {
    return entry->hash == hash && nh_bytes_equal(key_bytes(entry), key);
}

/* The number of the entry with `key`; map->length when there is none. */
static size_t find(const nh_map *map, nh_bytes key, uint32_t hash) {
    if (map->slots == NULL) {
        size_t i = 0;
        while (i < map->length && !is_entry(&map->entries[i], key, hash)) {
            i++;
        }
        return i;
    }
    size_t mask = map->slot_count - 1;
    for (size_t slot = hash & mask; map->slots[slot] != 0; slot = (slot + 1) & mask) {
        size_t entry = map->slots[slot] - 1;
        if (is_entry(&map->entries[entry], key, hash)) {
            return entry;
        }
    }
    return map->length;
}

static void index_entry(nh_map *map, size_t entry) {
    size_t mask = map->slot_count - 1;
    size_t slot = map->entries[entry].hash & mask;
    while (map->slots[slot] != 0) {
        slot = (slot + 1) & mask;
    }
    map->slots[slot] = (uint32_t)(entry + 1);
}

static void index_all(nh_map *map) {
    if (map->slots == NULL) {
        return;
    }
    memset(map->slots, 0, map->slot_count * sizeof(uint32_t));
    for (size_t i = 0; i < map->length; i++) {
        index_entry(map, i);
    }
}

/* Room for one more entry, in the array and in the index. */
static bool make_room(nh_map *map) {
    if (map->length == map->capacity) {
        size_t capacity = map->capacity == 0 ? 8 : map->capacity * 2;
        if (capacity >= UINT32_MAX / 4) {
            return false;
        }
        map_entry *entries =
            nh_memory_resize(map->memory, map->entries, capacity * sizeof(map_entry));
        if (entries == NULL) {
            return false;
        }
        map->entries = entries;
        map->capacity = capacity;
    }
    if (map->length >= LINEAR_LIMIT && (map->length + 1) * 2 > map->slot_count) {
        size_t count = map->slot_count == 0 ? (size_t)LINEAR_LIMIT * 4 : map->slot_count * 2;
        uint32_t *slots = nh_memory_allocate(map->memory, count * sizeof(uint32_t));
        if (slots == NULL) {
            return false;
        }
        nh_memory_free(map->memory, map->slots);
        map->slots = slots;
        map->slot_count = count;
        index_all(map);
    }
    return true;
}

/* Where a new entry goes. */
static size_t place_of_new(nh_map *map, nh_bytes key) {
    uint64_t index;
    if (!parse_array_index(key, &index)) {
        return map->length;
    }
    size_t place = map->index_keys++;
    uint64_t other;
    while (place > 0 && parse_array_index(key_bytes(&map->entries[place - 1]), &other) &&
           other > index) {
        place--;
    }
    return place;
}

/* Consumes `key` and `value`; there has to be room. */
static void insert(nh_map *map, nh_string *key, uint32_t hash, nh_value value) {
    size_t place = place_of_new(map, nh_bytes_of(key->text, key->length));
    memmove(&map->entries[place + 1], &map->entries[place],
            (map->length - place) * sizeof(map_entry));
    map->entries[place] = (map_entry){.key = key, .value = value, .hash = hash};
    map->length++;
    if (place + 1 < map->length) {
        index_all(map);
    } else if (map->slots != NULL) {
        index_entry(map, place);
    }
}

bool nh_map_set_bytes_take(nh_value map, nh_bytes key, nh_value value) {
    if (map.type != NH_MAP || value.type == NH_INVALID) {
        nh_value_release(&value);
        return false;
    }
    nh_map *target = map.as.map;
    uint32_t hash = hash_of(key);
    size_t existing = find(target, key, hash);
    if (existing < target->length) {
        nh_value_assign_take(&target->entries[existing].value, value);
        return true;
    }
    nh_value name = nh_string_new(target->memory, (const char *)key.data, key.length);
    if (name.type == NH_INVALID || !make_room(target)) {
        nh_value_release(&name);
        nh_value_release(&value);
        return false;
    }
    insert(target, name.as.string, hash, value);
    return true;
}

bool nh_map_set_bytes(nh_value map, nh_bytes key, nh_value value) {
    return nh_map_set_bytes_take(map, key, nh_value_retain(value));
}

bool nh_map_set(nh_value map, const char *key, nh_value value) {
    return nh_map_set_bytes(map, nh_bytes_of_text(key), value);
}

bool nh_map_set_take(nh_value map, const char *key, nh_value value) {
    return nh_map_set_bytes_take(map, nh_bytes_of_text(key), value);
}

size_t nh_map_length(nh_value map) {
    return map.type == NH_MAP ? map.as.map->length : 0;
}

nh_value nh_map_get_bytes(nh_value map, nh_bytes key) {
    if (nh_map_length(map) == 0) {
        return nh_undefined();
    }
    return nh_map_value_at(map, find(map.as.map, key, hash_of(key)));
}

nh_value nh_map_get(nh_value map, const char *key) {
    return nh_map_get_bytes(map, nh_bytes_of_text(key));
}

bool nh_map_has_bytes(nh_value map, nh_bytes key) {
    return nh_map_length(map) != 0 && find(map.as.map, key, hash_of(key)) < map.as.map->length;
}

bool nh_map_has(nh_value map, const char *key) {
    return nh_map_has_bytes(map, nh_bytes_of_text(key));
}

nh_bytes nh_map_key_at(nh_value map, size_t index) {
    return index < nh_map_length(map) ? key_bytes(&map.as.map->entries[index]) : nh_bytes_of("", 0);
}

nh_value nh_map_value_at(nh_value map, size_t index) {
    return index < nh_map_length(map) ? map.as.map->entries[index].value : nh_undefined();
}

void nh_map_delete_bytes(nh_value map, nh_bytes key) {
    if (nh_map_length(map) == 0) {
        return;
    }
    nh_map *target = map.as.map;
    size_t place = find(target, key, hash_of(key));
    if (place == target->length) {
        return;
    }
    map_entry removed = target->entries[place];
    target->length--;
    target->index_keys -= place < target->index_keys;
    memmove(&target->entries[place], &target->entries[place + 1],
            (target->length - place) * sizeof(map_entry));
    index_all(target);
    nh_string_release(removed.key);
    nh_value_release(&removed.value);
}

/* Sets an entry of another map, whose key is shared. */
static bool assign_entry(nh_map *map, const map_entry *entry) {
    size_t existing = find(map, key_bytes(entry), entry->hash);
    if (existing < map->length) {
        nh_value_assign_take(&map->entries[existing].value, nh_value_retain(entry->value));
        return true;
    }
    if (!make_room(map)) {
        return false;
    }
    entry->key->references++;
    insert(map, entry->key, entry->hash, nh_value_retain(entry->value));
    return true;
}

bool nh_map_assign(nh_value map, nh_value source) {
    bool ok = map.type == NH_MAP;
    for (size_t i = 0; ok && i < nh_map_length(source); i++) {
        ok = assign_entry(map.as.map, &source.as.map->entries[i]);
    }
    return ok;
}

nh_value nh_map_copy(nh_memory *memory, nh_value map) {
    nh_value copy = map.type == NH_MAP ? nh_map_new(memory) : (nh_value){.type = NH_INVALID};
    if (!nh_map_assign(copy, map)) {
        nh_value_release(&copy);
        return (nh_value){.type = NH_INVALID};
    }
    return copy;
}
