/* reference/reference.h - libnodehttp as an implementation under test, in this process. */
#ifndef TS_REFERENCE_REFERENCE_H
#define TS_REFERENCE_REFERENCE_H

#include <uv.h>

#include "run/implementation.h"

/* Where the library's connections live. */
typedef enum ts_reference_transport {
    TS_REFERENCE_SIMULATOR, /* "reference": a simulator of its own for each run, virtual time */
    TS_REFERENCE_LIBUV      /* "reference-uv": real sockets on `uv_loop` */
} ts_reference_transport;

/* A new implementation; open() comes next. `uv_loop` is the harness's loop, on which everything
 * asynchronous is reported; the observer and `owner` are borrowed. NULL without memory. */
ts_implementation *ts_reference_new(uv_loop_t *uv_loop, ts_reference_transport transport,
                                    const ts_implementation_observer *observer, void *owner);

#endif
