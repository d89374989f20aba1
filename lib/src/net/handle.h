/* net/handle.h - a connection of the transport and what a socket knows about it: Node's TCP and
 * Pipe handles. A socket has one at a time, but one that is being closed lives on until the
 * transport lets go of it, and keeps its socket alive until then. */
#ifndef NH_NET_HANDLE_H
#define NH_NET_HANDLE_H

#include "net/socket_internal.h"

struct nh_socket_handle {
    nh_socket *socket; /* retained */
    nh_connection *connection;
    nh_value encoded; /* strings of the write under way, as bytes */
    uint64_t bytes_read;
    uint64_t bytes_written;
    bool is_unix;
    bool reading;
    bool closing;
    bool lingers;     /* could not be reset: reads until the other side ends, then closes */
    bool emits_close; /* when it is closed */
    bool had_error;
    bool writing;
};

const nh_transport_operations *nh_socket_transport(const nh_socket *socket);

/* Opens a connection for the socket and makes it its handle; false without memory. */
bool nh_socket_handle_open(nh_socket *socket, bool is_unix);
/* The same with a connection that was accepted, and is closed when this fails. */
bool nh_socket_handle_adopt(nh_socket *socket, nh_connection *connection);
/* Closes a connection that nobody owns. */
void nh_socket_close_unowned(const nh_transport_operations *transport, nh_connection *connection);
/* Closes the socket's handle and takes it away; `emits_close`: 'close' (had_error) follows. */
void nh_socket_handle_close(nh_socket *socket, bool emits_close, bool had_error);

/* Closes what connect() has begun before it failed with a thrown error: nobody has the socket. */
void nh_socket_abandon(nh_socket *socket);

/* The outcome of connecting (net/connect.c). */
void nh_socket_connected(nh_socket *socket, int status);

/* Writes the chunks, or waits for 'connect' with them; completes the stream's write operation. */
void nh_socket_output_write(nh_socket *socket, const nh_stream_chunk *chunks, size_t count);
void nh_socket_output_free(nh_socket *socket);
/* Bytes that wait for 'connect'. */
uint64_t nh_socket_output_waiting_bytes(const nh_socket *socket);
uint64_t nh_socket_chunk_bytes(nh_value chunk, nh_encoding encoding);

/* A system error without an address: "read ECONNRESET". */
nh_error *nh_socket_system_error(const nh_socket *socket, int status, const char *call);
/* Calls `listener` on the next 'connect'; without memory the socket is destroyed. */
void nh_socket_once_connected(nh_socket *socket, nh_listener listener);

#endif
