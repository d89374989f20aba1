/* nodehttp/simulator.h - a network in memory, with virtual time.
 *
 * One simulator is one machine with a loopback interface: everything opened on it can connect to
 * everything listening on it. It uses no threads, no file descriptors and no clock, and does the
 * same for the same calls every time. Reports come in the order in which libuv 1.49 on Linux gives
 * them, because both halves are modelled: the kernel (buffers, FIN and RST, readiness as epoll
 * keeps it) and libuv's streams on top of it.
 *
 * Time is in milliseconds and stands still while anything can be done; when nothing is left to do
 * it jumps to the next timer, delayed delivery or look-up.
 *
 * Sources: uv_run and uv_stream_t (libuv), tcp(7), unix(7), epoll(7). */
#ifndef NODEHTTP_SIMULATOR_H
#define NODEHTTP_SIMULATOR_H

#include <nodehttp/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_simulator_options {
    uint64_t start_ms;             /* monotonic clock at the start; 1000 */
    uint64_t wall_clock_ms;        /* wall clock at the start, since 1970; 2025-01-01T00:00:00Z */
    size_t send_buffer_bytes;      /* TCP: accepted from a writer, not arrived yet; 3.75 MiB */
    size_t receive_buffer_bytes;   /* TCP: arrived, not read yet; 64 KiB */
    size_t unix_buffer_bytes;      /* UNIX sockets: both together; 208 KiB */
    uint16_t first_ephemeral_port; /* ports for "any" count up from here to 65535; 32768 */
    uint64_t connect_timeout_ms;   /* unanswered connects end in -ETIMEDOUT; 0: never; 127000 */
    /* So many iterations without waiting cost a millisecond, which keeps a program that polls the
     * clock from immediates going; 0: none do; 1000. */
    uint32_t iterations_per_ms;
} nh_simulator_options;

/* Sets every option to its default (the last number in its comment; the sizes are what Linux takes
 * on the loopback interface while the peer does not read). */
void nh_simulator_options_init(nh_simulator_options *options);

/* A new simulator; `options` NULL for the defaults. NULL without memory. `memory` NULL is the C
 * library's. The caller owns it: nh_simulator_free(). All functions below take this transport. */
nh_transport *nh_simulator_new(nh_memory *memory, const nh_simulator_options *options);
/* Frees the simulator and everything open on it without reporting anything. The loop attached to it
 * has to be freed before. NULL is allowed. */
void nh_simulator_free(nh_transport *simulator);

/* --- time --------------------------------------------------------------------------------- */

/* Besides nh_loop_run(), which runs until nothing referenced is left, or nothing can ever happen
 * again (libuv would wait for ever). */

/* Runs one iteration, waiting no longer than until `until_ms`. True while something is left to do
 * up to that time; referenced or not makes no difference. Not to be called from a report. */
bool nh_simulator_step(nh_transport *simulator, uint64_t until_ms);
/* Runs everything that happens until `until_ms`, which is then the time; ends early on
 * nh_loop_stop(), at the time reached. */
void nh_simulator_run_until(nh_transport *simulator, uint64_t until_ms);
/* The time of the next thing to happen: now, when something is to be done already; UINT64_MAX when
 * nothing will happen by itself. */
uint64_t nh_simulator_next_event_ms(const nh_transport *simulator);
/* Nothing will happen by itself, ever. */
bool nh_simulator_is_idle(const nh_transport *simulator);
/* Something referenced is left: nh_loop_run() would go on. */
bool nh_simulator_is_alive(const nh_transport *simulator);

/* --- shaping ------------------------------------------------------------------------------ */

typedef enum nh_simulator_direction {
    NH_SIMULATOR_TO_SERVER, /* from who connected to who accepted */
    NH_SIMULATOR_TO_CLIENT  /* from who accepted to who connected */
} nh_simulator_direction;

/* What happens to the bytes of one direction of a connection. All zero: they arrive at once, and a
 * read takes what is there, up to 64 KiB. */
typedef struct nh_simulator_shape {
    /* Arrive in segments of so many bytes: the next one in the poll phase after the one before was
     * read, each a read of its own; 0: no segments. */
    size_t segment_bytes;
    /* Short writes: the most that one attempt to write accepts; 0: what there is room for. */
    size_t write_limit_bytes;
    uint64_t delay_ms; /* bytes, FIN and RST arrive so much later */
    /* Bytes wait up to so long for more, and arrive together; FIN sends them off. */
    uint64_t merge_ms;
    bool stalled; /* nothing arrives until the shape is set anew */
    /* The connection is reset, towards both ends, when `reset_after_bytes` bytes have arrived since
     * it was made. */
    bool resets;
    uint64_t reset_after_bytes;
} nh_simulator_shape;

/* The shape of connections made from now on. */
void nh_simulator_set_shape(nh_transport *simulator, nh_simulator_direction direction,
                            const nh_simulator_shape *shape);
/* The shape of one connection (either end may be given) for what arrives from now on; delays hold
 * for bytes written from now on. -ENOTCONN before it is connected and after it was closed. */
int nh_simulator_connection_set_shape(nh_connection *connection, nh_simulator_direction direction,
                                      const nh_simulator_shape *shape);
int nh_simulator_connection_get_shape(const nh_connection *connection,
                                      nh_simulator_direction direction,
                                      nh_simulator_shape *out_shape);

/* What connecting to an address comes to. All zero: what Linux does on the loopback interface
 * (connected at once, or -ECONNREFUSED when nobody listens). */
typedef struct nh_simulator_route {
    int call_status;   /* negative: the call of connect itself fails so */
    int status;        /* negative: the connect is reported to have failed so */
    uint64_t delay_ms; /* the answer takes so long */
    bool unanswered;   /* there is no answer: -ETIMEDOUT after connect_timeout_ms */
} nh_simulator_route;

/* Sets the route to `remote` (port 0: to every port of that host that has none of its own).
 * Addresses other than loopback have the route {call_status = -ENETUNREACH} at first; giving one
 * any other route puts it on this machine, so that it can also be listened on. -ENOMEM; -EINVAL for
 * no address. */
int nh_simulator_set_route(nh_transport *simulator, const nh_address *remote,
                           const nh_simulator_route *route);

/* --- names -------------------------------------------------------------------------------- */

/* Sets what looking up `host` (ASCII case is ignored) gives after `delay_ms`: `addresses` (copied)
 * in this order, or `status` when that is negative (-3008: no such host, -3001: try again). At
 * first there is "localhost" with 127.0.0.1; any other name gives -3008. Numeric addresses give
 * themselves unless set here. -ENOMEM. */
int nh_simulator_set_host(nh_transport *simulator, const char *host, int status,
                          const nh_address *addresses, size_t count, uint64_t delay_ms);

/* --- faults ------------------------------------------------------------------------------- */

/* What can be made to fail: calls of nh_transport_operations (the failure is what they return,
 * and they do nothing) and outcomes that are reported. */
typedef enum nh_simulator_operation {
    NH_SIMULATOR_BIND,          /* call */
    NH_SIMULATOR_CONNECT,       /* call */
    NH_SIMULATOR_CONNECTED,     /* outcome: of a connect */
    NH_SIMULATOR_LISTEN,        /* call */
    NH_SIMULATOR_ACCEPT,        /* outcome: a connection that is dropped instead of handed over */
    NH_SIMULATOR_START_READING, /* call */
    NH_SIMULATOR_READ,          /* outcome: what would have been read stays where it is */
    NH_SIMULATOR_WRITE,         /* call */
    NH_SIMULATOR_WRITTEN,       /* outcome: of a write that was not finished at once */
    NH_SIMULATOR_SHUTDOWN,      /* call */
    NH_SIMULATOR_SHUT_DOWN,     /* outcome: of a shutdown; the FIN is not sent */
    NH_SIMULATOR_RESET,         /* call */
    NH_SIMULATOR_LOOKUP         /* outcome: of a look-up */
} nh_simulator_operation;

/* Makes the `nth` occurrence from now (1: the next one) of `operation` fail with `status`
 * (negative), once. `connection` NULL counts occurrences on any connection, otherwise only those on
 * that one; the fault goes with it. -ENOMEM; -EINVAL for `nth` 0 or a `status` that is not
 * negative. */
int nh_simulator_fail(nh_transport *simulator, nh_connection *connection,
                      nh_simulator_operation operation, uint64_t nth, int status);
/* Takes back all faults that have not occurred yet. */
void nh_simulator_clear_faults(nh_transport *simulator);

#ifdef __cplusplus
}
#endif
#endif
