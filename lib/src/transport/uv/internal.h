/* transport/uv/internal.h - the parts of the libuv transport.
 *
 *   transport.c   loop, timer, immediates, the table of operations
 *   connection.c  nh_connection on uv_tcp_t and uv_pipe_t
 *   listening.c   nh_listening
 *   lookup.c      nh_lookup on uv_getaddrinfo
 *   address.c     nh_address and struct sockaddr */
#ifndef NH_TRANSPORT_UV_INTERNAL_H
#define NH_TRANSPORT_UV_INTERNAL_H

#include <string.h>
#include <uv.h>

#include <nodehttp/uv.h>

#define UVT_READ_BYTES (64u * 1024u)

typedef struct uvt_transport uvt_transport;

/* libuv's handle behind a connection or a listening endpoint. */
typedef union uvt_stream {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
} uvt_stream;

/* A handle of ours, in a list of the transport. libuv's `data` points here. */
typedef struct uvt_handle {
    uvt_transport *transport;
    struct uvt_handle *previous;
    struct uvt_handle *next;
    nh_address_family family;
    bool is_closing;
    uvt_stream uv;
    /* Closes without reporting anything from then on, after `closed` while a loop is attached. */
    void (*abandon)(struct uvt_handle *handle);
} uvt_handle;

typedef struct uvt_lookup uvt_lookup;

struct uvt_transport {
    nh_transport transport; /* first: a nh_transport is its uvt_transport */
    nh_memory *memory;
    nh_loop *loop; /* NULL: none attached */
    uv_loop_t *uv;
    uv_loop_t own_uv; /* when `owns_uv` */
    bool owns_uv;
    bool is_stopped; /* shared loop: run() is to return */
    bool is_freed;   /* by the embedder; goes with its last handle */
    uv_timer_t timer;
    uv_check_t check; /* runs immediates */
    uv_idle_t idle;   /* keeps poll from waiting for them */
    size_t helpers;   /* of the three above, not closed yet */
    size_t requests;  /* under way: connect, write, shutdown, look-up */
    size_t closing;   /* handles between close and closed */
    uvt_handle *handles;
    uvt_lookup *lookups;
    char read_buffer[UVT_READ_BYTES]; /* libuv reads and reports at once: one for all */
};

static inline uvt_transport *uvt_transport_of(nh_transport *transport) {
    return (uvt_transport *)(void *)transport;
}

/* --- transport.c -------------------------------------------------------------------------- */

/* Bracket a report. */
void uvt_begin_report(uvt_transport *transport);
void uvt_end_report(uvt_transport *transport);
/* Initialises libuv's handle and puts ours into the list; a status of libuv's. */
int uvt_handle_init(uvt_handle *handle, uvt_transport *transport, nh_address_family family);
/* uv_close() was called. */
void uvt_handle_closes(uvt_handle *handle);
/* Takes a closed handle from the list, frees it, and the transport after the last one. */
void uvt_handle_free(uvt_handle *handle);
/* Frees the transport when it is to be freed and nothing is left on it. */
void uvt_transport_settle(uvt_transport *transport);
/* libuv's handle into `stream`, of the family. */
int uvt_stream_init(uvt_transport *transport, uvt_stream *stream, nh_address_family family);

/* --- connection.c ------------------------------------------------------------------------- */

nh_connection *uvt_open(nh_transport *transport, nh_address_family family,
                        const nh_connection_observer *observer, void *owner);
/* Accepts from `server`. -ENOMEM: nothing was accepted. */
int uvt_connection_accept(uvt_transport *transport, nh_address_family family, uv_stream_t *server,
                          nh_connection **out_connection);
void uvt_observe(nh_connection *connection, const nh_connection_observer *observer, void *owner);
int uvt_bind(nh_connection *connection, const nh_address *local);
int uvt_connect(nh_connection *connection, const nh_address *remote, const nh_address *local);
int uvt_start_reading(nh_connection *connection);
void uvt_stop_reading(nh_connection *connection);
int uvt_write(nh_connection *connection, const nh_bytes *pieces, size_t count, size_t *out_queued);
size_t uvt_write_queue_size(nh_connection *connection);
int uvt_shutdown(nh_connection *connection);
void uvt_close(nh_connection *connection);
int uvt_reset(nh_connection *connection);
int uvt_local_address(nh_connection *connection, nh_address *out_address);
int uvt_remote_address(nh_connection *connection, nh_address *out_address);
void uvt_set_no_delay(nh_connection *connection, bool enable);
void uvt_set_keep_alive(nh_connection *connection, bool enable, uint64_t initial_delay_ms);
void uvt_set_referenced(nh_connection *connection, bool referenced);

/* --- listening.c -------------------------------------------------------------------------- */

int uvt_listen(nh_transport *transport, const nh_address *address, int backlog,
               const nh_listening_observer *observer, void *owner, nh_listening **out_listening);
int uvt_listening_address(nh_listening *listening, nh_address *out_address);
void uvt_listening_set_referenced(nh_listening *listening, bool referenced);
void uvt_close_listening(nh_listening *listening);

/* --- lookup.c ----------------------------------------------------------------------------- */

nh_lookup *uvt_lookup_start(nh_transport *transport, const char *host, int family,
                            nh_lookup_done done, void *owner);
void uvt_lookup_cancel(nh_lookup *lookup);
/* Cancels all of them; while a loop is attached, they are reported so. */
void uvt_lookups_abandon(uvt_transport *transport);

/* --- address.c ---------------------------------------------------------------------------- */

/* The address of a TCP endpoint; UV_EINVAL. */
int uvt_address_to_system(const nh_address *address, struct sockaddr_storage *out_system);
/* UV_EAFNOSUPPORT for a family other than IPv4 and IPv6. */
int uvt_address_from_system(const struct sockaddr *system, nh_address *out_address);
/* The address of either end of a handle. */
int uvt_handle_address(const uvt_handle *handle, bool remote, nh_address *out_address);

#endif
