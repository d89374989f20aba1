/* A small language for the order of a stream's events, so that the same case runs on libnodehttp
 * (order.c) and on Node.js (order.mjs), which recorded what order_cases.txt expects.
 *
 * A case is a line of words. `name=value` sets up the stream:
 *   kind=r|w|d     Readable, Writable, Duplex (default)
 *   hwm=N          high-water mark (4)
 *   obj=1 half=0 auto=0 emit=0 r=0 w=0 enc=NAME
 *                  objectMode, allowHalfOpen, autoDestroy, emitClose, readable, writable, encoding
 *   W= V= F= D= C= the operations write, writev, final, destroy, construct; they complete
 *                  s: at once, t: on the next tick, i: in an immediate, -: never,
 *                  E: at once with an error, e: on the next tick with one
 *   R=             the operation read; pushes "ab" K=N times (3), then null; n: never, E: throws
 *
 * `when:what` is done
 *   n: now, t: on the next tick, T: a tick later, m: as a microtask, i: in an immediate,
 *   I: in the one after it, @event: inside the first such event from then on
 * and does
 *   w q W          write "xy" with and without callback, ten bytes with one
 *   e E v          end with callback, with a chunk as well, without both
 *   c u            cork, uncork
 *   p P z n        push three bytes, ten, null; unshift
 *   r 0 2          read(), read(0), read(2)
 *   a m            pause, resume
 *   d D            add and remove a 'data' listener
 *   l L k          add a 'readable' listener, one that reads all, remove both
 *   x X            destroy, with an error
 *   s              print the state
 *
 * A second stream, a Writable called T in the log, takes part: T= its write operation (s), thwm=
 * its mark (4).
 *   > } <          pipe into it, without ending it, unpipe
 *   |              pipeline into it
 *   f g            finished() of the stream and of T
 *   h y Y          end T, destroy it, with an error
 *
 * Ticks t1 to t5 and immediates i1 to i4 stand in the log as marks. */
#ifndef TOUCHSTONE_TESTS_STREAM_ORDER_H
#define TOUCHSTONE_TESTS_STREAM_ORDER_H

#include <nodehttp/stream.h>

#include <stddef.h>

/* Runs `script` (a line up to " => ") on a loop of its own with `memory` and writes the log. False
 * when there was not enough memory to begin with. */
bool order_run(nh_memory *memory, const char *script, char *log, size_t size);

#endif
