/* http/abort_signal_internal.h - signals as the request options take them. */
#ifndef NH_HTTP_ABORT_SIGNAL_INTERNAL_H
#define NH_HTTP_ABORT_SIGNAL_INTERNAL_H

#include <nodehttp/abort_signal.h>

#include "core/object.h"

extern const nh_class nh_abort_signal_class;

/* The signal that `value` is; ERR_INVALID_ARG_TYPE (`name`) when it is none. Borrowed. */
nh_error *nh_abort_signal_of_value(nh_memory *memory, nh_value value, const char *name,
                                   nh_abort_signal **out_signal);
/* Calls `destroy(object, error)` with an AbortError when the signal aborts, at once when it has.
 * The signal is forgotten when the object, a stream of any kind, is over. Without memory that error
 * is returned. Node: stream.addAbortSignal(). */
nh_error *nh_abort_signal_destroys(nh_abort_signal *signal, nh_emitter *object,
                                   void (*destroy)(nh_emitter *object, nh_error *error));

#endif
