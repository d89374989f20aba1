/* An implementation behind an adapter: a child process that speaks JSON lines (harness/README.md). */
#ifndef TOUCHSTONE_ADAPTER_ADAPTER_H
#define TOUCHSTONE_ADAPTER_ADAPTER_H

#include "run/implementation.h"

#include <uv.h>

/* A new implementation; open() comes next and starts `command` (NULL-terminated, copied). `uv` is the
 * harness's loop; `peer_loop` a loop on the same one: prepare() gives it to the peers. The observer
 * and `owner` are borrowed. NULL without memory. */
ts_implementation *ts_adapter_new(uv_loop_t *uv, nh_loop *peer_loop, char *const *command,
                                  const ts_implementation_observer *observer, void *owner);

#endif
