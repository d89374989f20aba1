#include "stream/tie.h"

#include "core/loop_internal.h"

typedef struct tie_list {
    nh_loop_resource resource;
    nh_memory *memory;
    nh_tie head; /* of a ring */
} tie_list;

static const char key;

static void cut_all(nh_loop_resource *resource) {
    tie_list *list = (tie_list *)(void *)resource;

    while (list->head.next != &list->head) {
        nh_tie *tie = list->head.next;
        nh_tie_remove(tie);
        tie->cut(tie);
    }
    nh_memory_free(list->memory, list);
}

static tie_list *list_of(nh_loop *loop) {
    tie_list *list = (tie_list *)(void *)nh_loop_find_resource(loop, &key);

    if (list == NULL) {
        list = nh_memory_allocate_zeroed(nh_loop_memory(loop), 1, sizeof(*list));
        if (list != NULL) {
            list->resource = (nh_loop_resource){.key = &key, .release = cut_all};
            list->memory = nh_loop_memory(loop);
            list->head.previous = list->head.next = &list->head;
            nh_loop_add_resource(loop, &list->resource);
        }
    }
    return list;
}

bool nh_tie_add(nh_loop *loop, nh_tie *tie, void (*cut)(nh_tie *tie)) {
    tie_list *list = list_of(loop);

    if (list == NULL) {
        return false;
    }
    tie->cut = cut;
    tie->previous = list->head.previous;
    tie->next = &list->head;
    tie->previous->next = tie;
    tie->next->previous = tie;
    return true;
}

bool nh_tie_is_listed(const nh_tie *tie) {
    return tie->previous != NULL;
}

void nh_tie_remove(nh_tie *tie) {
    if (tie->previous != NULL) {
        tie->previous->next = tie->next;
        tie->next->previous = tie->previous;
        tie->previous = tie->next = NULL;
    }
}
