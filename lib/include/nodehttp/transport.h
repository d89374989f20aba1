/* nodehttp/transport.h - the world as the library sees it: clock, connections, look-ups.
 *
 * Two implementations come with the library: nodehttp/simulator.h (in memory, virtual time) and
 * nodehttp/uv.h (libuv). Results are 0 or a negative errno as libuv defines them (-ECONNRESET,
 * -3008 for "no such host"; nh_status_name() spells them).
 *
 * The implementation brackets every report with nh_loop_begin_turn() and nh_loop_end_turn(), and
 * reports nothing from inside a call made to it. */
#ifndef NODEHTTP_TRANSPORT_H
#define NODEHTTP_TRANSPORT_H

#include <nodehttp/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

/* End of stream, as reported by `read`. */
#define NH_STATUS_END_OF_STREAM (-4095)

typedef enum nh_address_family {
    NH_ADDRESS_IPV4 = 4,
    NH_ADDRESS_IPV6 = 6,
    NH_ADDRESS_UNIX = 1
} nh_address_family;

typedef struct nh_address {
    nh_address_family family;
    char host[108]; /* numeric address, or the path of a UNIX socket; NUL-terminated */
    uint16_t port;  /* 0 for UNIX sockets */
} nh_address;

typedef struct nh_connection nh_connection; /* one end of a byte stream */
typedef struct nh_listening nh_listening;   /* a bound, listening endpoint */
typedef struct nh_lookup nh_lookup;         /* a name look-up under way */

/* What the owner of a connection is told; `owner` is the pointer given with the observer. */
typedef struct nh_connection_observer {
    /* The outcome of connect: 0 or an error. */
    void (*connected)(void *owner, int status);
    /* Bytes (status 0, valid during the call), NH_STATUS_END_OF_STREAM or an error. Only between
     * start_reading and stop_reading. */
    void (*read)(void *owner, int status, nh_bytes bytes);
    /* The outcome of a write that was not finished at once, and of shutdown. */
    void (*written)(void *owner, int status);
    void (*shut_down)(void *owner, int status);
    /* The connection is gone; its memory is freed when this returns. In the closing phase. */
    void (*closed)(void *owner);
} nh_connection_observer;

typedef struct nh_listening_observer {
    void (*connection)(void *owner, int status, nh_connection *connection);
    void (*closed)(void *owner);
} nh_listening_observer;

/* `addresses` is valid during the call; none when `status` is negative. */
typedef void (*nh_lookup_done)(void *owner, int status, const nh_address *addresses, size_t count);

struct nh_transport {
    const struct nh_transport_operations *operations;
};

typedef struct nh_transport_operations {
    /* The loop attaches itself before anything else, and NULL when it goes. The transport then ends
     * whatever is still open with its last report, so that owners let go of it: `closed` for
     * connections and endpoints, `done` with -ECANCELED for look-ups. (No listener is called any
     * more at that time, and ticks are dropped.) */
    void (*attach)(nh_transport *transport, nh_loop *loop);

    /* Time of this iteration (monotonic), and wall clock; milliseconds. */
    uint64_t (*now_ms)(nh_transport *transport);
    uint64_t (*wall_clock_ms)(nh_transport *transport);
    /* Wakes the loop (nh_loop_run_timers, see below) at `deadline_ms`; replaces the earlier one.
     * An unreferenced wake-up does not keep run() going. */
    void (*arm_timer)(nh_transport *transport, uint64_t deadline_ms, bool referenced);
    void (*disarm_timer)(nh_transport *transport);
    /* While armed, run() does not block and calls nh_loop_run_immediates() in the check phase. */
    void (*arm_immediates)(nh_transport *transport, bool armed);
    /* Iterates until nothing referenced is left or stop(). */
    void (*run)(nh_transport *transport);
    void (*stop)(nh_transport *transport);

    /* A new, unconnected connection; NULL without memory. Freed after close() was reported. */
    nh_connection *(*open)(nh_transport *transport, nh_address_family family,
                           const nh_connection_observer *observer, void *owner);
    /* Takes over an accepted connection. */
    void (*observe)(nh_connection *connection, const nh_connection_observer *observer, void *owner);
    /* Binds an unconnected TCP connection to a local address (port 0: any), so that a failed bind
     * can be told from a failed connect: -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL. */
    int (*bind)(nh_connection *connection, const nh_address *local);
    /* Starts connecting; `local` (may be NULL) is bound first. 0: `connected` follows; negative:
     * failed at once, and the connection can only be closed. */
    int (*connect)(nh_connection *connection, const nh_address *remote, const nh_address *local);
    /* Reports begin in a later poll phase. No effect while reading; END_OF_STREAM and errors end
     * the reading, END_OF_STREAM before it is reported. -ENOTCONN: not connected, or a read has
     * failed before. */
    int (*start_reading)(nh_connection *connection);
    void (*stop_reading)(nh_connection *connection);
    /* Writes all of it. 0: done, everything was accepted; 1: under way, the bytes have to stay
     * valid until `written`; negative: failed. One write at a time. `*out_queued` (may be NULL)
     * gets the number of bytes not accepted yet. */
    int (*write)(nh_connection *connection, const nh_bytes *pieces, size_t count,
                 size_t *out_queued);
    /* Bytes of the write under way that were not accepted yet; 0 when there is none. */
    size_t (*write_queue_size)(nh_connection *connection);
    /* Sends the end of the stream after what was written. 0: `shut_down` follows; -ENOTCONN: not
     * connected, ended before, or a read has failed before. */
    int (*shutdown)(nh_connection *connection);
    /* Closes; `closed` follows in the closing phase, after the outcome -ECANCELED of whatever was
     * under way. Closed in one iteration, reported last closed first. reset: with RST instead of
     * FIN, TCP only; -EINVAL while the end of the stream is being sent (nothing is closed then). */
    void (*close)(nh_connection *connection);
    int (*reset)(nh_connection *connection);
    int (*local_address)(nh_connection *connection, nh_address *out_address);
    int (*remote_address)(nh_connection *connection, nh_address *out_address);
    void (*set_no_delay)(nh_connection *connection, bool enable);
    void (*set_keep_alive)(nh_connection *connection, bool enable, uint64_t initial_delay_ms);
    /* Whether the connection keeps run() going; true at first. */
    void (*set_referenced)(nh_connection *connection, bool referenced);

    /* Binds and listens. `port` 0 chooses one. */
    int (*listen)(nh_transport *transport, const nh_address *address, int backlog,
                  const nh_listening_observer *observer, void *owner, nh_listening **out_listening);
    int (*listening_address)(nh_listening *listening, nh_address *out_address);
    void (*listening_set_referenced)(nh_listening *listening, bool referenced);
    void (*close_listening)(nh_listening *listening);

    /* Looks a host name up (family 0: both). NULL without memory; `done` follows, unless
     * cancelled. */
    nh_lookup *(*lookup)(nh_transport *transport, const char *host, int family, nh_lookup_done done,
                         void *owner);
    void (*cancel_lookup)(nh_lookup *lookup);
} nh_transport_operations;

/* --- what a transport calls on its loop --------------------------------------------------- */

/* Runs due timers, each in a turn of its own, and re-arms. */
void nh_loop_run_timers(nh_loop *loop);
/* Runs the immediates that were set before this call. */
void nh_loop_run_immediates(nh_loop *loop);

#ifdef __cplusplus
}
#endif
#endif
