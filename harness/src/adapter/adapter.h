/* An implementation behind an adapter: a child process that speaks the protocol of
 * harness/README.md. */
#ifndef TOUCHSTONE_ADAPTER_ADAPTER_H
#define TOUCHSTONE_ADAPTER_ADAPTER_H

#include "run/implementation.h"

#include <uv.h>

/* Version of the protocol. */
#define TS_ADAPTER_PROTOCOL 1

/* Bounds of an adapter. */
enum {
    TS_ADAPTER_HELLO_MS = 15000,        /* for its first line */
    TS_ADAPTER_LINGER_MS = 500,         /* for its end once its standard input has ended */
    TS_ADAPTER_MOST_MESSAGES = 1 << 20, /* of one run, observations or not */
};

/* A new implementation that runs `command` (NULL-terminated, borrowed until `closed`); open() comes
 * next. Reports come from `uv`, on which `peer_loop` runs, too; the observer and `owner` are
 * borrowed. */
ts_implementation *ts_adapter_new(uv_loop_t *uv, nh_loop *peer_loop, char *const *command,
                                  const ts_implementation_observer *observer, void *owner);
/* Instead of TS_ADAPTER_HELLO_MS; before open(). */
void ts_adapter_set_hello_ms(ts_implementation *implementation, unsigned milliseconds);
/* How many messages came of runs that were over. */
unsigned long long ts_adapter_late_messages(const ts_implementation *implementation);

#endif
