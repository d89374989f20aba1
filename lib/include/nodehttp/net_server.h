/* nodehttp/net_server.h - net.Server: listens and hands out sockets (Node: net).
 *
 * Events: 'listening', 'connection' (socket), 'error' (error), 'drop' (data: localAddress ...),
 * 'close' once it was closed and the last connection is gone. A listening server keeps itself alive
 * until then. */
#ifndef NODEHTTP_NET_SERVER_H
#define NODEHTTP_NET_SERVER_H

#include <nodehttp/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_net_server nh_net_server;

/* Options of net.createServer(). */
typedef struct nh_net_server_options {
    bool allow_half_open;            /* of accepted sockets; default false */
    bool pause_on_connect;           /* accepted sockets don't start to read; default false */
    bool no_delay;                   /* default false */
    bool keep_alive;                 /* default false */
    double keep_alive_initial_delay; /* milliseconds; default 0 */
    size_t high_water_mark;          /* of accepted sockets; NH_DEFAULT_HIGH_WATER_MARK */
} nh_net_server_options;
void nh_net_server_options_init(nh_net_server_options *options);

/* `connection_listener`: function value or undefined. NULL without memory. */
nh_net_server *nh_net_server_new(nh_loop *loop, const nh_net_server_options *options,
                                 nh_value connection_listener);

/* Arguments of listen(). Values are borrowed; undefined means "not given". */
typedef struct nh_listen_options {
    nh_value port;      /* number or numeric string */
    nh_value host;      /* string; default "::", or "0.0.0.0" where there is no IPv6 */
    nh_value path;      /* string: UNIX socket */
    nh_value backlog;   /* number; default 511 */
    nh_value ipv6_only; /* boolean */
} nh_listen_options;
void nh_listen_options_init(nh_listen_options *options);
void nh_listen_options_of_map(nh_listen_options *options, nh_value map);

/* Starts to listen; 'listening' or 'error' follows on a later tick. `callback` (function value or
 * undefined) is added once to 'listening'. Returned errors (thrown in Node.js):
 * ERR_SERVER_ALREADY_LISTEN, ERR_SOCKET_BAD_PORT, ERR_INVALID_ARG_VALUE. Node: server.listen(). */
nh_error *nh_net_server_listen(nh_net_server *server, const nh_listen_options *options,
                               nh_value callback);
/* Stops accepting; 'close' follows when the last connection is gone. `callback` is called on
 * 'close', with ERR_SERVER_NOT_RUNNING when it was not listening. Node: server.close(). */
void nh_net_server_close(nh_net_server *server, nh_value callback);
/* {address, family, port}, a string for a UNIX socket, null when not listening; owned. */
nh_value nh_net_server_address(nh_net_server *server);
/* Calls `callback` with (null, count) on the next tick. Node: server.getConnections(). */
void nh_net_server_get_connections(nh_net_server *server, nh_value callback);
bool nh_net_server_is_listening(const nh_net_server *server);
/* server.maxConnections: a number, or undefined for no limit. */
nh_value nh_net_server_max_connections(const nh_net_server *server);
void nh_net_server_set_max_connections(nh_net_server *server, nh_value limit);
void nh_net_server_ref(nh_net_server *server);
void nh_net_server_unref(nh_net_server *server);

#ifdef __cplusplus
}
#endif
#endif
