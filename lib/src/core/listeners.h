/* core/listeners.h - the listeners of one event, kept so that emitting never allocates.
 *
 * Invariant: while a round (one emit) is under way, entries are only marked as removed, never taken
 * out, and every round knows by its start which entries it sees: those that were not removed before
 * it. New entries at the end lie past its range; new entries at the front shift all rounds. When
 * the last round is over, the marked entries go and their `release` is called. */
#ifndef NH_CORE_LISTENERS_H
#define NH_CORE_LISTENERS_H

#include "core/object.h"

typedef struct nh_listener_entry {
    nh_listener listener;
    void *data;
    void (*release)(void *data);
    uint64_t removed_at; /* when, by the list's clock; 0 while it listens */
    bool once;
    bool called; /* a `once` entry had its call */
} nh_listener_entry;

/* One emit under way, on the stack of whoever emits. */
typedef struct nh_round {
    struct nh_round *outer;
    nh_listener_list *list;
    size_t next; /* entry to look at next */
    size_t end;
    uint64_t start; /* by the list's clock */
} nh_round;

/* Most events have no more listeners than these, which need no block of their own. */
#define NH_LISTENERS_INLINE 2

struct nh_listener_list {
    nh_listener_list *next; /* the event that got its first listener after this one's */
    nh_memory *memory;
    nh_listener_entry *entries; /* `first`, or a block */
    size_t length;              /* entries, those marked as removed included */
    size_t capacity;
    size_t live;    /* entries that listen */
    uint64_t clock; /* counts removals */
    nh_round *rounds;
    bool unlinked; /* no listener is left; freed after the last round */
    nh_listener_entry first[NH_LISTENERS_INLINE];
    size_t name_length;
    char name[];
};

/* An empty list; NULL without memory. */
nh_listener_list *nh_listeners_new(nh_memory *memory, const char *event);
/* False without memory. */
bool nh_listeners_add(nh_listener_list *list, nh_listener_entry entry, bool prepend);
/* The entry added last with this listener and data; `length` when there is none. */
size_t nh_listeners_find(const nh_listener_list *list, nh_listener listener, const void *data);
/* The last one that listens; `length` when there is none. */
size_t nh_listeners_last(const nh_listener_list *list);
/* Marks a live entry as removed. The caller goes on with nh_listeners_clean_up(). */
void nh_listeners_mark_removed(nh_listener_list *list, size_t index);
/* Takes marked entries out, unless a round is under way; frees an unlinked list. */
void nh_listeners_clean_up(nh_listener_list *list);

void nh_round_begin(nh_round *round, nh_listener_list *list);
/* The next entry of the round, valid until anything is added; NULL at its end. */
nh_listener_entry *nh_round_next(nh_round *round);
void nh_round_end(nh_round *round);

#endif
