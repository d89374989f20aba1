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
    /* Somebody listens to 'data' or 'readable': the socket has taken its bytes back. May be NULL.
     */
    void (*released)(nh_socket *socket, void *owner);
} nh_socket_consumer;

typedef struct nh_socket_handle nh_socket_handle;     /* net/handle.h */
typedef struct nh_connect_attempt nh_connect_attempt; /* net/connect.h */
typedef struct nh_socket_output nh_socket_output;     /* net/socket_output.c */

struct nh_socket {
    nh_stream stream;
    nh_socket_handle *handle; /* socket._handle; NULL when there is none */
    nh_net_server *server;    /* that accepted it; retained until it is destroyed, or NULL */
    nh_connect_attempt *attempt;
    nh_socket_output *waiting_output; /* a write that waits for 'connect' */
    const nh_socket_consumer *consumer;
    void *consumer_owner;
    nh_timer idle_timer;
    double idle_ms;      /* 0: no idle timeout */
    nh_value timeout;    /* socket.timeout: what setTimeout() was given */
    uint64_t bytes_read; /* of handles that are gone */
    uint64_t bytes_written;
    size_t idle_queued_bytes; /* of a write that is under way, when it was last looked at */
    double keep_alive_seconds;
    nh_value attempted_addresses;
    nh_value host;     /* socket._host: the name that was looked up */
    nh_address remote; /* socket._peername, while has_remote */
    bool has_remote;
    bool connecting;
    bool no_delay;
    bool keep_alive;
    bool resets; /* destroy() sends RST */
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
/* A socket on an accepted connection, which is taken over also when this fails (NULL). */
nh_socket *nh_socket_new_accepted(nh_loop *loop, nh_connection *connection,
                                  const nh_net_server_options *options);
/* Whether there is a connection or one is being made: socket._handle. */
bool nh_socket_has_handle(const nh_socket *socket);
/* The stream as a socket; NULL when it is another Duplex. */
nh_socket *nh_socket_of_stream(nh_stream *stream);

#endif
