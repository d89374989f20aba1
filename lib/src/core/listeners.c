#include "core/listeners.h"

#include <assert.h>
#include <string.h>

nh_listener_list *nh_listeners_new(nh_memory *memory, const char *event) {
    size_t length = strlen(event);
    nh_listener_list *list = nh_memory_allocate(memory, sizeof(nh_listener_list) + length + 1);
    if (list != NULL) {
        *list = (nh_listener_list){.memory = memory,
                                   .entries = list->first,
                                   .capacity = NH_LISTENERS_INLINE,
                                   .name_length = length};
        memcpy(list->name, event, length + 1);
    }
    return list;
}

static bool make_room(nh_listener_list *list) {
    if (list->length < list->capacity) {
        return true;
    }
    bool is_inline = list->entries == list->first;
    size_t capacity = list->capacity * 2;
    nh_listener_entry *entries = nh_memory_resize(list->memory, is_inline ? NULL : list->entries,
                                                  capacity * sizeof(nh_listener_entry));
    if (entries == NULL) {
        return false;
    }
    if (is_inline) {
        memcpy(entries, list->first, list->length * sizeof(nh_listener_entry));
    }
    list->entries = entries;
    list->capacity = capacity;
    return true;
}

bool nh_listeners_add(nh_listener_list *list, nh_listener_entry entry, bool prepend) {
    if (!make_room(list)) {
        return false;
    }
    size_t place = prepend ? 0 : list->length;
    memmove(&list->entries[place + 1], &list->entries[place],
            (list->length - place) * sizeof(nh_listener_entry));
    list->entries[place] = entry;
    list->length++;
    list->live++;
    for (nh_round *round = list->rounds; prepend && round != NULL; round = round->outer) {
        round->next++;
        round->end++;
    }
    return true;
}

size_t nh_listeners_find(const nh_listener_list *list, nh_listener listener, const void *data) {
    for (size_t i = list->length; i > 0; i--) {
        const nh_listener_entry *entry = &list->entries[i - 1];
        if (entry->removed_at == 0 && entry->listener == listener && entry->data == data) {
            return i - 1;
        }
    }
    return list->length;
}

size_t nh_listeners_last(const nh_listener_list *list) {
    for (size_t i = list->length; i > 0; i--) {
        if (list->entries[i - 1].removed_at == 0) {
            return i - 1;
        }
    }
    return list->length;
}

void nh_listeners_mark_removed(nh_listener_list *list, size_t index) {
    assert(list->entries[index].removed_at == 0);
    list->entries[index].removed_at = ++list->clock;
    list->live--;
}

void nh_listeners_clean_up(nh_listener_list *list) {
    if (list->rounds != NULL) {
        return;
    }
    /* `release` may come back here in any way: a round keeps what it does to the list apart, and
     * entries that it removes are found because the search starts over. */
    nh_round guard;
    nh_round_begin(&guard, list);
    for (size_t i = 0; i < list->length && list->live < list->length;) {
        nh_listener_entry entry = list->entries[i];
        if (entry.removed_at == 0) {
            i++;
            continue;
        }
        list->length--;
        memmove(&list->entries[i], &list->entries[i + 1],
                (list->length - i) * sizeof(nh_listener_entry));
        if (entry.release != NULL) {
            entry.release(entry.data);
            i = 0;
        }
    }
    list->rounds = NULL;
    if (list->unlinked) {
        if (list->entries != list->first) {
            nh_memory_free(list->memory, list->entries);
        }
        nh_memory_free(list->memory, list);
    }
}

void nh_round_begin(nh_round *round, nh_listener_list *list) {
    *round =
        (nh_round){.outer = list->rounds, .list = list, .end = list->length, .start = list->clock};
    list->rounds = round;
}

nh_listener_entry *nh_round_next(nh_round *round) {
    while (round->next < round->end) {
        nh_listener_entry *entry = &round->list->entries[round->next++];
        bool was_removed = entry->removed_at != 0 && entry->removed_at <= round->start;
        if (!was_removed && !entry->called) {
            return entry;
        }
    }
    return NULL;
}

void nh_round_end(nh_round *round) {
    assert(round->list->rounds == round);
    round->list->rounds = round->outer;
    nh_listeners_clean_up(round->list);
}
