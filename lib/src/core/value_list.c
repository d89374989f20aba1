#include "core/value_internal.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct nh_list {
    size_t references;
    nh_memory *memory;
    nh_value *items;
    size_t length;
    size_t capacity;
    const char *entries_of; /* class of the object whose entries these are; NULL: an array */
};

nh_value nh_list_new(nh_memory *memory) {
    nh_list *list = nh_memory_allocate_zeroed(memory, 1, sizeof(nh_list));
    if (list == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    list->references = 1;
    list->memory = memory;
    return (nh_value){.type = NH_LIST, .as.list = list};
}

nh_value nh_list_new_entries(nh_memory *memory, const char *class_name) {
    nh_value list = nh_list_new(memory);
    if (list.type == NH_LIST) {
        list.as.list->entries_of = class_name;
    }
    return list;
}

const char *nh_list_entries_class(nh_value list) {
    return list.type == NH_LIST ? list.as.list->entries_of : NULL;
}

void nh_list_retain(nh_list *list) {
    list->references++;
}

void nh_list_release(nh_list *list) {
    if (--list->references != 0) {
        return;
    }
    for (size_t i = 0; i < list->length; i++) {
        nh_value_release(&list->items[i]);
    }
    nh_memory_free(list->memory, list->items);
    nh_memory_free(list->memory, list);
}

size_t nh_list_length(nh_value list) {
    return list.type == NH_LIST ? list.as.list->length : 0;
}

nh_value nh_list_get(nh_value list, size_t index) {
    return index < nh_list_length(list) ? list.as.list->items[index] : nh_undefined();
}

static bool make_room(nh_list *list) {
    if (list->length < list->capacity) {
        return true;
    }
    size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
    if (capacity > SIZE_MAX / sizeof(nh_value)) {
        return false;
    }
    nh_value *items = nh_memory_resize(list->memory, list->items, capacity * sizeof(nh_value));
    if (items == NULL) {
        return false;
    }
    list->items = items;
    list->capacity = capacity;
    return true;
}

bool nh_list_append_take(nh_value list, nh_value value) {
    if (list.type != NH_LIST || value.type == NH_INVALID || !make_room(list.as.list)) {
        nh_value_release(&value);
        return false;
    }
    list.as.list->items[list.as.list->length++] = value;
    return true;
}

bool nh_list_append(nh_value list, nh_value value) {
    return nh_list_append_take(list, nh_value_retain(value));
}

void nh_list_set_take(nh_value list, size_t index, nh_value value) {
    assert(index < nh_list_length(list));
    nh_value_assign_take(&list.as.list->items[index], value);
}

void nh_list_remove(nh_value list, size_t index) {
    if (index >= nh_list_length(list)) {
        return;
    }
    nh_list *items = list.as.list;
    nh_value removed = items->items[index];
    items->length--;
    memmove(&items->items[index], &items->items[index + 1],
            (items->length - index) * sizeof(nh_value));
    nh_value_release(&removed);
}
