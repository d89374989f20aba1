/* core/loop_internal.h - how the library itself puts work off.
 *
 * Ticks that the library queues for an object always find room: creating an object reserves slots
 * for them, so that 'error' and 'close' are delivered even when memory has run out. */
#ifndef NH_CORE_LOOP_INTERNAL_H
#define NH_CORE_LOOP_INTERNAL_H

#include <nodehttp/loop.h>
#include <nodehttp/transport.h>

/* `object` is kept alive until the task has run (or the loop is freed), `value` likewise. */
typedef void (*nh_task)(nh_emitter *object, nh_value value);

/* Runs `task(object, value)` on the next tick / as a microtask / in the check phase. `value` is
 * borrowed. Slots reserved for the object are used; beyond those (more pending tasks than
 * reserved) and without memory the task is dropped and ERR_MEMORY_ALLOCATION_FAILED thrown. */
void nh_loop_tick(nh_loop *loop, nh_task task, nh_emitter *object, nh_value value);
void nh_loop_microtask(nh_loop *loop, nh_task task, nh_emitter *object, nh_value value);
void nh_loop_immediate(nh_loop *loop, nh_task task, nh_emitter *object, nh_value value);

/* In the middle of a turn, what the end of it does: several things that are reported in one go were
 * turns of their own. False when something was thrown, before or in a tick, that nobody caught;
 * what was put off then waits for the end of the turn. Inside another turn it only tells whether
 * something was thrown. */
bool nh_loop_split_turn(nh_loop *loop);

/* Slots of the tick queue that each object reserves while it lives; for every 8 of them one slot of
 * the microtasks and of the immediates is reserved as well. */
#define NH_TICKS_PER_OBJECT 8
bool nh_loop_reserve_ticks(nh_loop *loop, size_t count);
void nh_loop_unreserve_ticks(nh_loop *loop, size_t count);

/* A timer inside an object: no allocation when it is started. Zero-initialise, then set `fire` and
 * `owner` (not retained: the owner stops the timer before it goes). Equal deadlines fire in the
 * order in which they were started. */
typedef struct nh_timer {
    void (*fire)(void *owner);
    void *owner;
    uint64_t deadline_ms;
    uint64_t sequence; /* start order */
    size_t position;   /* place in the heap plus one; 0 when stopped */
    uint64_t delay_ms;
    bool unreferenced; /* does not keep the loop running */
} nh_timer;

/* (Re)starts the timer `delay_ms` (at least 1) from now, the time of this iteration. False without
 * memory for the heap. */
bool nh_timer_start(nh_loop *loop, nh_timer *timer, uint64_t delay_ms);
void nh_timer_stop(nh_loop *loop, nh_timer *timer);
bool nh_timer_is_active(const nh_timer *timer);
/* Whether the timer keeps the loop running; `unreferenced` itself must not be written while the
 * timer is active. */
void nh_timer_set_referenced(nh_loop *loop, nh_timer *timer, bool referenced);

/* Calls a user's callback function value (undefined is skipped) and leaves what it throws pending.
 */
void nh_loop_call(nh_value function, const nh_value *arguments, size_t count);

/* What a layer above keeps for each loop: starts with this, with a `key` of its own (the address of
 * something static). `release` frees it in nh_loop_free(), when everything on the transport has
 * ended, and lets go of objects that live on by themselves. */
typedef struct nh_loop_resource nh_loop_resource;
struct nh_loop_resource {
    const void *key;
    void (*release)(nh_loop_resource *resource);
    nh_loop_resource *next;
};
void nh_loop_add_resource(nh_loop *loop, nh_loop_resource *resource);
/* NULL when there is none. */
nh_loop_resource *nh_loop_find_resource(const nh_loop *loop, const void *key);

/* Inside nh_loop_free(): no listener is called any more, and work that is put off is dropped. */
bool nh_loop_is_being_freed(const nh_loop *loop);

#endif
