/* raw_client.h - a client without HTTP: a connection of the simulator that a script drives. */
#ifndef FUZZERS_SESSION_RAW_CLIENT_H
#define FUZZERS_SESSION_RAW_CLIENT_H

#include <nodehttp/simulator.h>

#include "session/response_reader.h"

#define RAW_CLIENT_PIECES 16

struct raw_client {
    nh_transport *simulator;
    nh_connection *connection; /* NULL before it is opened and once it is gone */
    uint16_t local_port;       /* 0 when it is not known */
    bool connected;
    bool closing;
    bool writing;                       /* the first of `pieces` is under way */
    bool finishes;                      /* FIN after what waits */
    nh_bytes pieces[RAW_CLIENT_PIECES]; /* to be sent; borrowed */
    size_t piece_count;
    size_t sent;     /* bytes */
    size_t received; /* bytes */
    /* The most requests that what was sent can hold: each needs its protocol, a letter and a
     * slash ("HTTP/", "RTSP/", "ICE/"). */
    size_t most_requests;
    uint8_t last_sent;
    bool reset_by_server; /* the program called resetAndDestroy() */
    bool reset_after_end; /* ... after end() */
    struct response_reader reader;
};

/* Connects to a port of 127.0.0.1. False when that failed at once. */
bool raw_client_open(struct raw_client *client, nh_transport *simulator, uint16_t port);
/* Sends bytes, which have to stay until the world is taken down; they wait their turn. */
void raw_client_send(struct raw_client *client, nh_bytes bytes);
/* FIN, after what waits to be sent. */
void raw_client_finish(struct raw_client *client);
/* Closes the connection; with RST. */
void raw_client_close(struct raw_client *client);
void raw_client_reset(struct raw_client *client);
/* Stops to read, or goes on. */
void raw_client_read(struct raw_client *client, bool reads);

#endif
