/* net/socket_internal.h - net.Socket for classes derived from it and for http. */
#ifndef NH_NET_SOCKET_INTERNAL_H
#define NH_NET_SOCKET_INTERNAL_H

#include <nodehttp/net_server.h>
#include <nodehttp/socket.h>

#include "stream/stream_internal.h"

/* Takes a socket's bytes before they become 'data', as the HTTP server's parser does. */
typedef struct nh_socket_consumer {
    /* Bytes, valid during the call. End of stream and errors still go to the socket. */
    void (*bytes)(nh_socket *socket, nh_bytes bytes, void *owner);
    /* Somebody listens to 'data' or 'readable': the socket has taken its bytes back. May be NULL. */
    void (*released)(nh_socket *socket, void *owner);
} nh_socket_consumer;

typedef struct nh_connect_attempt nh_connect_attempt; /* net/connect.c */

struct nh_socket {
    nh_stream stream;
    nh_connection *connection; /* socket._handle; NULL when there is none */
    nh_net_server *server;     /* socket.server of accepted sockets; retained until 'close' */
    nh_connect_attempt *attempt;
    const nh_socket_consumer *consumer;
    void *consumer_owner;
    nh_timer idle_timer;
    nh_value timeout; /* socket.timeout */
    uint64_t bytes_read;
    uint64_t bytes_written; /* dispatched to the connection */
    size_t queued_bytes;    /* not accepted by the connection yet */
    size_t idle_queued_bytes;
    double keep_alive_initial_delay_ms;
    nh_value attempted_addresses;
    nh_address remote; /* known while has_remote */
    nh_address local;
    nh_value host; /* socket._host: the name that was looked up */
    bool has_remote;
    bool has_local;
    bool connecting;
    bool reading; /* reading was started on the connection */
    bool had_error;
    bool had_connection; /* there was one: socket.pending */
    bool no_delay, keep_alive;
    bool unreferenced;
    bool is_unix;
    bool close_scheduled;
    bool reset_and_close;
    bool final_waits, write_waits; /* until connected */
    bool start_reading_on_connect;
    bool shutting_down;
};

extern const nh_class nh_socket_class;

/* Prepares the instance of a derived class. */
bool nh_socket_init(nh_socket *socket, const nh_socket_options *options);

/* Starts / stops handing bytes to `consumer`. */
void nh_socket_consume(nh_socket *socket, const nh_socket_consumer *consumer, void *owner);
void nh_socket_unconsume(nh_socket *socket);
/* Starts / stops reading on the connection, whatever the readable side thinks; errors destroy. */
void nh_socket_start_reading(nh_socket *socket);
void nh_socket_stop_reading(nh_socket *socket);
/* Activity: restarts the idle timeout. Node: socket._unrefTimer(). */
void nh_socket_touch(nh_socket *socket);
/* nh_socket_set_timeout() without argument checks. */
void nh_socket_set_timeout_ms(nh_socket *socket, double milliseconds);
/* A socket on an accepted connection; takes the connection over, also when it fails (NULL). */
nh_socket *nh_socket_new_accepted(nh_loop *loop, nh_connection *connection,
                                  const nh_net_server_options *options);
/* The stream as a socket; NULL when it is another Duplex. */
nh_socket *nh_socket_of_stream(nh_stream *stream);

#endif
