/* nodehttp/uv.h - the real world through libuv (1.44 or later): TCP, UNIX sockets, getaddrinfo.
 *
 * On its own loop, or on one that the embedder uses for other things as well (child processes,
 * say).
 *
 * On a shared loop the embedder may run it: uv_run(uv, UV_RUN_DEFAULT) does everything, and ends
 * when neither side has anything referenced left. nh_loop_run() runs the shared loop one iteration
 * after the other, the embedder's handles included, and returns as soon as nothing referenced is
 * left on the side of nodehttp (or after nh_loop_stop(), which never stops a uv_run() of the
 * embedder's). Neither may be called from inside the other. What the embedder does to nodehttp's
 * objects from its own libuv callbacks belongs between nh_loop_begin_turn() and
 * nh_loop_end_turn().
 *
 * Statuses are libuv's. Sources: uv_loop_t, uv_stream_t, uv_tcp_t, uv_pipe_t (libuv). */
#ifndef NODEHTTP_UV_H
#define NODEHTTP_UV_H

#include <nodehttp/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s; /* uv_loop_t */

/* A transport on `uv`, which has to outlive it; NULL: a loop of its own. `memory` NULL is the C
 * library's. NULL without memory or when libuv cannot make a loop. The caller owns it:
 * nh_uv_transport_free(). SIGPIPE is ignored from then on, as in Node.js, unless the process has a
 * handler for it. */
nh_transport *nh_uv_transport_new(nh_memory *memory, struct uv_loop_s *uv);
/* Closes everything open on it without reporting anything, and frees it. The loop attached to it
 * has to be freed before. On a shared loop the closing takes another uv_run() of the embedder's, in
 * which the memory is freed; uv_loop_close() gives UV_EBUSY until then. NULL is allowed. */
void nh_uv_transport_free(nh_transport *transport);
/* The libuv loop that it runs on. */
struct uv_loop_s *nh_uv_transport_loop(nh_transport *transport);

#ifdef __cplusplus
}
#endif
#endif
