/* A small language for one exchange between a client's and a server's net.Socket, so that the same
 * case runs on libnodehttp (exchange.c) and on Node.js (exchange.mjs), which recorded what
 * exchange_cases.txt expects. The log of the client stands before " | ", that of the server after
 * it: the order between them is the kernel's, not ours.
 *
 * A case is a line of words. `name=1` sets up: shalf, chalf (allowHalfOpen of server and client),
 * spause (pauseOnConnect), close (the server closes after accepting), refuse (nobody listens).
 * `lane.when:what`, lane c or s: done n: when the socket is made, t: on the next tick, i: in an
 * immediate, @event: inside the first such event from then on.
 *   w q l W: write "xy" with and without callback, "é" in Latin-1, 100000 bytes; e E: end, with a
 *   chunk; c u: cork, uncork; a m: pause, resume; d: listen to 'data'; x X R o: destroy, with an
 *   error, resetAndDestroy, destroySoon; s: print the state */
#ifndef TOUCHSTONE_TESTS_NET_EXCHANGE_H
#define TOUCHSTONE_TESTS_NET_EXCHANGE_H

#include <nodehttp/memory.h>

#include <stdbool.h>
#include <stddef.h>

/* Runs `script` (a line up to " => ") in the simulator and writes the log. */
void exchange_run(nh_memory *memory, const char *script, char *log, size_t size);

#endif
