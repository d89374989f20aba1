/* nodehttp/socket.h - net.Socket: a Duplex over a TCP connection or a UNIX socket (Node: net).
 *
 * Stream functions (nh_writable_write(), nh_readable_pause(), nh_stream_destroy() ...) work on
 * nh_as_stream(socket). Events beyond those of a Duplex: 'lookup' (error, address, family, host),
 * 'connectionAttempt' (ip, port, family), 'connectionAttemptFailed' (ip, port, family, error),
 * 'connectionAttemptTimeout' (ip, port, family), 'connect', 'ready', 'timeout', and 'close' with
 * the argument hadError.
 *
 * A socket that is connecting or open keeps itself alive until its 'close'. */
#ifndef NODEHTTP_SOCKET_H
#define NODEHTTP_SOCKET_H

#include <nodehttp/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_socket nh_socket;

/* Options of new net.Socket() and of connect(). Values are borrowed; undefined (the default of all)
 * means "not given"; types are checked where Node.js checks them. A Unix path makes an IPC socket.
 */
typedef struct nh_socket_options {
    nh_value port;          /* number or numeric string, 0 to 65535 */
    nh_value host;          /* string; default "localhost" */
    nh_value path;          /* string: UNIX socket instead of TCP */
    nh_value local_address; /* numeric address to bind to */
    nh_value local_port;    /* number */
    nh_value family;        /* 0, 4, 6 */
    nh_value hints;         /* number, passed to lookup */
    nh_value lookup;        /* function (hostname, options, callback(error, address, family)) */
    nh_value timeout;       /* milliseconds; as socket.setTimeout() */
    nh_value no_delay;      /* truthy: set on connect */
    nh_value keep_alive;    /* truthy: set on connect */
    nh_value keep_alive_initial_delay; /* milliseconds */
    nh_value allow_half_open;          /* truthy: the other side's end leaves us writable */
    nh_value auto_select_family;       /* boolean; default true */
    nh_value auto_select_family_attempt_timeout; /* milliseconds, at least 1; default 250 */
    nh_value high_water_mark;                    /* bytes, both sides */
} nh_socket_options;

/* Sets every field to undefined. */
void nh_socket_options_init(nh_socket_options *options);
/* Fills the fields from a map with Node's names (port, host, localAddress ...); what else it holds
 * is ignored. Values stay borrowed from the map. */
void nh_socket_options_of_map(nh_socket_options *options, nh_value map);

/* An unconnected socket; of `options` (may be NULL) it uses allow_half_open, high_water_mark and
 * the ones that are applied on connect. NULL without memory. Node: new net.Socket(). */
nh_socket *nh_socket_new(nh_loop *loop, const nh_socket_options *options);
/* Starts connecting. `connect_listener` (function value or undefined) is added once to 'connect'.
 * Returned errors (thrown in Node.js): ERR_MISSING_ARGS, ERR_INVALID_ARG_TYPE, ERR_SOCKET_BAD_PORT,
 * ERR_INVALID_IP_ADDRESS, ERR_INVALID_ARG_VALUE. Everything else is emitted on a later turn or
 * tick. Node: socket.connect(). */
nh_error *nh_socket_connect(nh_socket *socket, const nh_socket_options *options,
                            nh_value connect_listener);
/* nh_socket_new(), then setTimeout, then nh_socket_connect(). `*out_socket` is owned by the caller;
 * NULL when an error is returned. Node: net.createConnection(). */
nh_error *nh_net_create_connection(nh_loop *loop, const nh_socket_options *options,
                                   nh_value connect_listener, nh_socket **out_socket);

/* Emits 'timeout' after `milliseconds` without activity; 0 switches it off. `callback` (function
 * value or undefined) is added once to 'timeout', or removed for 0. ERR_INVALID_ARG_TYPE,
 * ERR_OUT_OF_RANGE. Node: socket.setTimeout(). */
nh_error *nh_socket_set_timeout(nh_socket *socket, nh_value milliseconds, nh_value callback);
/* socket.timeout: milliseconds; undefined when it was never set. */
nh_value nh_socket_timeout(const nh_socket *socket);
/* Node: socket.setNoDelay(), setKeepAlive(); remembered while there is no connection. */
void nh_socket_set_no_delay(nh_socket *socket, bool enable);
void nh_socket_set_keep_alive(nh_socket *socket, bool enable, double initial_delay_ms);
/* Whether the socket keeps the loop running. Node: socket.ref(), unref(). */
void nh_socket_ref(nh_socket *socket);
void nh_socket_unref(nh_socket *socket);
/* Ends the writable side and destroys the socket once everything is written. Node:
 * socket.destroySoon(). */
void nh_socket_destroy_soon(nh_socket *socket);
/* Destroys it with a TCP RST. ERR_INVALID_HANDLE_TYPE for a UNIX socket. Node:
 * socket.resetAndDestroy(). */
nh_error *nh_socket_reset_and_destroy(nh_socket *socket);

/* {address, family, port}, owned; {} when not connected. Node: socket.address(). */
nh_value nh_socket_address(nh_socket *socket);
/* Owned strings and numbers; undefined when not connected. */
nh_value nh_socket_remote_address(nh_socket *socket);
nh_value nh_socket_remote_port(nh_socket *socket);
nh_value nh_socket_remote_family(nh_socket *socket);
nh_value nh_socket_local_address(nh_socket *socket);
nh_value nh_socket_local_port(nh_socket *socket);
nh_value nh_socket_local_family(nh_socket *socket);
uint64_t nh_socket_bytes_read(const nh_socket *socket);
/* Bytes handed over to the transport plus those still buffered. */
uint64_t nh_socket_bytes_written(const nh_socket *socket);
bool nh_socket_is_connecting(const nh_socket *socket); /* socket.connecting */
bool nh_socket_is_pending(const nh_socket *socket);    /* socket.pending */
/* "opening", "open", "readOnly", "writeOnly", "closed". Node: socket.readyState. */
const char *nh_socket_ready_state(const nh_socket *socket);
/* socket.autoSelectFamilyAttemptedAddresses: owned list, undefined when there was no attempt. */
nh_value nh_socket_attempted_addresses(const nh_socket *socket);

/* 4, 6, or 0 when `text` is no numeric address. Node: net.isIP(). */
int nh_net_is_ip(const char *text);

#ifdef __cplusplus
}
#endif
#endif
