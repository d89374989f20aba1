/* nodehttp/abort_signal.h - AbortController and AbortSignal (Node: globals; DOM: 3.1, 3.2).
 *
 * A signal is an emitter whose only event is 'abort', emitted once, without arguments, from inside
 * the call that aborts. It is what the `signal` option of http.request() takes. */
#ifndef NODEHTTP_ABORT_SIGNAL_H
#define NODEHTTP_ABORT_SIGNAL_H

#include <nodehttp/loop.h>
#include <nodehttp/net_server.h>
#include <nodehttp/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_abort_signal nh_abort_signal;
typedef struct nh_abort_controller nh_abort_controller;

/* A controller with a signal that has not been aborted; one reference, NULL without memory. Node:
 * new AbortController(). */
nh_abort_controller *nh_abort_controller_new(nh_loop *loop);
/* controller.signal; borrowed. */
nh_abort_signal *nh_abort_controller_signal(const nh_abort_controller *controller);
/* Aborts the signal with `reason`; undefined makes a DOMException: name "AbortError", message "This
 * operation was aborted", code 20. Calls after the first do nothing. Node: controller.abort(). */
void nh_abort_controller_abort(nh_abort_controller *controller, nh_value reason);

/* A signal that is aborted already; one reference, NULL without memory. Node: AbortSignal.abort().
 */
nh_abort_signal *nh_abort_signal_aborted_with(nh_loop *loop, nh_value reason);
/* A signal that aborts after `milliseconds` with a DOMException "TimeoutError" ("The operation was
 * aborted due to timeout", code 23). Its timer does not keep the loop running. `*out_signal` is
 * owned. ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE (an integer from 0 to 4294967295 is wanted). Node:
 * AbortSignal.timeout(). */
nh_error *nh_abort_signal_timeout(nh_loop *loop, nh_value milliseconds,
                                  nh_abort_signal **out_signal);
/* A signal that aborts with the first of `signals` (a list of signals), for the same reason.
 * ERR_INVALID_ARG_TYPE. Node: AbortSignal.any(). */
nh_error *nh_abort_signal_any(nh_loop *loop, nh_value signals, nh_abort_signal **out_signal);

/* signal.aborted */
bool nh_abort_signal_is_aborted(const nh_abort_signal *signal);
/* signal.reason: owned; undefined while not aborted. */
nh_value nh_abort_signal_reason(const nh_abort_signal *signal);
/* The reason as a throw: nothing while not aborted; an error reason itself (owned), any other
 * reason wrapped in an error named "Error" with the property `reason`. Node:
 * signal.throwIfAborted(). */
nh_error *nh_abort_signal_throw_if_aborted(const nh_abort_signal *signal);

/* Destroys `stream` with an AbortError (code ABORT_ERR, property cause: the reason) when `signal`
 * aborts; at once when it has. `signal` is any value, ERR_INVALID_ARG_TYPE when it is no
 * AbortSignal. Node: stream.addAbortSignal(). */
nh_error *nh_stream_add_signal(nh_stream *stream, nh_value signal);
/* Closes `server` when `signal` aborts, until it has closed; on the next tick when it has aborted.
 * To be called before listen(), which has it as the option `signal` in Node.js. `signal` is any
 * value, ERR_INVALID_ARG_TYPE when it is no AbortSignal. Node: server.listen(). */
nh_error *nh_net_server_add_signal(nh_net_server *server, nh_value signal);

#ifdef __cplusplus
}
#endif
#endif
