/* reference/promise.h - promises, for the few members that return one.
 *
 * The library takes a callback where Node.js returns a promise, and calls it in the microtask in
 * which a reaction would run. A promise of the interpreter is a map that only this file looks into.
 */
#ifndef TS_REFERENCE_PROMISE_H
#define TS_REFERENCE_PROMISE_H

#include <nodehttp/loop.h>

/* A promise that is not settled, owned; `*out_settle` (owned) is the function that settles it: an
 * error rejects, anything else fulfils. NH_INVALID without memory. */
nh_value ts_promise_new(nh_loop *loop, nh_value *out_settle);
bool ts_promise_is(nh_value value);
/* Calls `fulfilled(value)` or `rejected(error)` (function values) when it settles. False without
 * memory. */
bool ts_promise_then(nh_loop *loop, nh_value promise, nh_value fulfilled, nh_value rejected);

#endif
