/* nodehttp/loop.h - turns, ticks, microtasks, timers, immediates.
 *
 * A turn is one call from the outside world: bytes, end of stream, connect result, a timer, an
 * immediate, a closed handle. When its callback returns, the tick queue is drained, then the
 * microtask queue, and again until both are empty. The phases of an iteration are those of libuv:
 * timers, pending, poll, check (immediates), closing. All event order follows from this and from
 * the state machines of the streams. (Node: "The Node.js event loop", process.nextTick.)
 *
 * A loop belongs to one thread. */
#ifndef NODEHTTP_LOOP_H
#define NODEHTTP_LOOP_H

#include <nodehttp/emitter.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_transport nh_transport; /* nodehttp/transport.h */

/* A loop on `transport`, which has to outlive it; `memory` NULL is the C library's. NULL without
 * memory. The caller owns it: nh_loop_free(). */
nh_loop *nh_loop_new(nh_memory *memory, nh_transport *transport);
/* Drops every pending tick, microtask, timer and immediate without calling it, and whatever is
 * still open on the transport without an event, then frees the loop. Objects that the embedder
 * still references must be released before. Not to be called from inside a turn. */
void nh_loop_free(nh_loop *loop);

nh_memory *nh_loop_memory(const nh_loop *loop);
nh_transport *nh_loop_transport(const nh_loop *loop);

/* Ends the turn that the calling program is (its ticks and microtasks run), then runs until nothing
 * referenced is left, or nh_loop_stop(). Not to be called from inside a turn. */
void nh_loop_run(nh_loop *loop);
/* Makes nh_loop_run() return after the current turn; due timers and immediates stay for later. */
void nh_loop_stop(nh_loop *loop);
/* The monotonic time of the current iteration, in milliseconds. */
uint64_t nh_loop_now_ms(const nh_loop *loop);
/* Wall-clock time, in milliseconds since 1970. */
uint64_t nh_loop_wall_clock_ms(const nh_loop *loop);

/* --- work for later ----------------------------------------------------------------------- */

/* All of these call a function value without arguments and return false without memory. */
bool nh_loop_next_tick(nh_loop *loop, nh_value function);
bool nh_loop_queue_microtask(nh_loop *loop, nh_value function);
/* In the check phase of this iteration, or the next one when called from an immediate. Returns a
 * number for nh_loop_clear_immediate(), 0 without memory. */
uint64_t nh_loop_set_immediate(nh_loop *loop, nh_value function);
void nh_loop_clear_immediate(nh_loop *loop, uint64_t immediate);
/* After `delay_ms` milliseconds (less than 1 counts as 1). Returns a number for
 * nh_loop_clear_timeout(), 0 without memory. */
uint64_t nh_loop_set_timeout(nh_loop *loop, nh_value function, uint64_t delay_ms);
void nh_loop_clear_timeout(nh_loop *loop, uint64_t timeout);

/* --- exceptions --------------------------------------------------------------------------- */

/* Throws `error` (borrowed) from inside a listener, a tick, or any other callback: the callback
 * returns right after. A second throw before the first was dealt with replaces it. */
void nh_loop_throw(nh_loop *loop, nh_error *error);
/* Whether something was thrown that has not reached the end of its turn yet. Code that emitted an
 * event and has more to do looks here first. */
bool nh_loop_is_throwing(const nh_loop *loop);
/* Takes the thrown error away (owned by the caller); NULL when there is none. Node: catch. */
nh_error *nh_loop_catch(nh_loop *loop);

/* Called at the end of the turn, tick or microtask in which something was thrown and nobody caught
 * it (Node: 'uncaughtException'). `error` is borrowed. The queues are drained afterwards as usual,
 * except that, as in Node.js, a throwing timer or immediate (or a tick of its) lets the next due
 * timer of the same delay, or the next immediate, run first. A handler must not throw itself. The
 * default, also for NULL, prints the error and aborts. */
typedef void (*nh_uncaught_handler)(nh_loop *loop, nh_error *error, void *data);
void nh_loop_on_uncaught_exception(nh_loop *loop, nh_uncaught_handler handler, void *data);

/* --- for code that calls in from outside -------------------------------------------------- */

/* Bracket a callback from the outside world: a transport does this around everything it reports,
 * an embedder around calls it makes from its own callbacks. May be nested; the outermost end
 * drains the queues. */
void nh_loop_begin_turn(nh_loop *loop);
void nh_loop_end_turn(nh_loop *loop);

#ifdef __cplusplus
}
#endif
#endif
