/* core/loop_state.h - what a loop is made of. For loop.c, immediates.c and timers.c. */
#ifndef NH_CORE_LOOP_STATE_H
#define NH_CORE_LOOP_STATE_H

#include "core/loop_internal.h"
#include "core/task_queue.h"

typedef struct nh_timeout nh_timeout; /* a timer of nh_loop_set_timeout() */

/* A timeout's place in the table, by which its number finds it. */
typedef struct nh_timeout_slot {
    nh_timeout *timeout; /* NULL: free */
    uint32_t generation; /* how often it was used: part of the number */
    uint32_t next_free;  /* slot number plus one */
} nh_timeout_slot;

struct nh_loop {
    nh_memory *memory;
    nh_transport *transport;

    nh_task_queue ticks;
    nh_task_queue microtasks;
    unsigned depth; /* turns begun and not ended */
    bool stopping;
    bool being_freed;

    nh_loop_resource *resources;

    nh_error *thrown; /* owned */
    nh_uncaught_handler on_uncaught;
    void *on_uncaught_data;

    nh_task_queue immediates;
    uint64_t last_immediate;
    size_t live_immediates; /* those that were not cleared */
    size_t immediates_left; /* of the check phase under way, cleared ones included */

    nh_timer **timers; /* a heap by deadline and start order */
    size_t timer_count;
    size_t timer_capacity;
    size_t referenced_timers;
    uint64_t last_sequence;
    bool running_timers;
    uint64_t firing_time;  /* while timers run: "now" ... */
    uint64_t firing_delay; /* ... and the delay of the one that runs */
    bool wake_up_armed;
    uint64_t wake_up_deadline_ms;
    bool wake_up_referenced;

    nh_timeout_slot *timeout_slots;
    size_t timeout_slot_count;
    uint32_t first_free_slot; /* plus one */
};

/* As nh_loop_end_turn(), for a turn that `more_follows` may have successors in the same phase:
 * those come before the queues are drained once something was thrown and not caught. */
void nh_loop_end_turn_in_phase(nh_loop *loop, bool (*more_follows)(const nh_loop *loop));

/* Parts of nh_loop_free(). */
void nh_loop_drop_immediates(nh_loop *loop);
void nh_loop_drop_timers(nh_loop *loop);

#endif
