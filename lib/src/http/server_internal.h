/* http/server_internal.h - the server, its connections, and the responses on them. */
#ifndef NH_HTTP_SERVER_INTERNAL_H
#define NH_HTTP_SERVER_INTERNAL_H

#include <nodehttp/server.h>

#include "http/outgoing_message_internal.h"
#include "http/parser_internal.h"
#include "net/net_server_internal.h"
#include "stream/tie.h"

#include <stddef.h>

typedef struct nh_server_connection nh_server_connection;

/* Properties that hold whatever the program assigned. */
typedef enum nh_server_setting {
    NH_SERVER_TIMEOUT,
    NH_SERVER_KEEP_ALIVE_TIMEOUT,
    NH_SERVER_HEADERS_TIMEOUT,
    NH_SERVER_REQUEST_TIMEOUT,
    NH_SERVER_MAX_HEADERS_COUNT,
    NH_SERVER_MAX_REQUESTS_PER_SOCKET,
    NH_SERVER_HTTP_ALLOW_HALF_OPEN,
    NH_SERVER_REQUIRE_HOST_HEADER,
    NH_SERVER_REJECT_NONSTANDARD_BODY_WRITES,
    NH_SERVER_JOIN_DUPLICATE_HEADERS,
    NH_SERVER_MAX_HEADER_SIZE,
    NH_SERVER_INSECURE_HTTP_PARSER,
    NH_SERVER_CONNECTIONS_CHECKING_INTERVAL,
    NH_SERVER_HIGH_WATER_MARK,
    NH_SERVER_NO_DELAY,
    NH_SERVER_KEEP_ALIVE,
    NH_SERVER_KEEP_ALIVE_INITIAL_DELAY,
    NH_SERVER_ALLOW_HALF_OPEN,
    NH_SERVER_PAUSE_ON_CONNECT,
    NH_SERVER_SETTINGS /* how many there are */
} nh_server_setting;

struct nh_server {
    nh_net_server net; /* first */
    nh_value settings[NH_SERVER_SETTINGS];
    nh_value unique_headers; /* map of lower-case names, or undefined */
    nh_timer check_timer;    /* connectionsCheckingInterval */
    /* Connections whose parser lives, those that began a message last at the end. Not retained. */
    nh_server_connection *first_connection;
    nh_server_connection *last_connection;
    bool tracks_connections; /* since the first 'listening' */
    bool checks_connections; /* from 'listening' to close() */
};

extern const nh_class nh_server_class;

/* Fills settings and `*out_net` from the constructor's options, which it checks. */
nh_error *nh_server_read_options(nh_server *server, nh_value options,
                                 nh_net_server_options *out_net);
/* A setting as a number; NaN for what is none. */
double nh_server_number(const nh_server *server, nh_server_setting setting);
bool nh_server_is_set(const nh_server *server, nh_server_setting setting);

/* One connection: the parser that reads it and the exchanges on it. The socket's listeners and the
 * responses hold references; it holds none to the socket, which is gone with its listeners. */
struct nh_server_connection {
    nh_emitter emitter; /* first; emits nothing */
    nh_server *server;  /* retained */
    nh_stream *socket;  /* NULL once it is gone */
    nh_http_parser parser;
    bool has_parser;
    bool consumes; /* the parser gets the bytes straight from the socket */
    bool keep_alive_timeout_set;
    bool ignores_errors;     /* a listener keeps further errors of the socket from being thrown */
    bool expired;            /* the message under way was reported as too slow */
    size_t socket_listeners; /* of this connection's, on the socket */
    double outgoing_bytes;   /* waiting in responses that don't have the socket yet */
    double request_count;    /* counted while maxRequestsPerSocket is set */

    nh_incoming_message **incoming; /* requests without a finished response; retained */
    size_t incoming_count;
    size_t incoming_capacity;
    nh_server_response **outgoing; /* responses that wait for their turn; retained */
    size_t outgoing_count;
    size_t outgoing_capacity;

    bool tracked;
    nh_server_connection *previous;
    nh_server_connection *next;
    nh_tie tie; /* requests hold the socket, whose listeners hold them through this */
};

/* Sets a new connection up; the listener of 'connection'. */
void nh_server_accept(nh_emitter *server, const nh_value *arguments, size_t count, void *data);
/* Puts a connection at the end of the server's list / takes it out. */
void nh_server_track(nh_server_connection *connection);
void nh_server_untrack(nh_server_connection *connection);
/* An error of the connection: 'clientError', or the default answer and destruction. */
void nh_server_connection_fail(nh_stream *socket, nh_server *server, nh_error *error);
/* Switches the keep-alive timeout off when something comes. */
void nh_server_connection_reset_timeout(nh_server_connection *connection);
/* The parser's hook: a request's head is complete. */
nh_http_body nh_server_take_request(void *owner, nh_incoming_message *request,
                                    bool should_keep_alive);
/* Gives the next response its turn, reads on, emits 'drain' of the message in turn: when bytes left
 * the queues. */
void nh_server_connection_drained(nh_server_connection *connection);
/* 'aborted' for every request that has no finished response. */
void nh_server_connection_abort_incoming(nh_server_connection *connection);
/* Lets go of them; they are told nothing. */
void nh_server_connection_drop_incoming(nh_server_connection *connection);
/* Lets go of the responses that wait; they are told nothing. */
void nh_server_connection_drop_outgoing(nh_server_connection *connection);
/* Whether a response of the connection has its socket: when it finishes, the next one gets it. */
bool nh_server_connection_has_turn(const nh_server_connection *connection);

struct nh_server_response {
    nh_outgoing_message message; /* first */
    /* Retained until the response has closed, weak from then on: a request whose listeners hold
     * its response must not be held by it in turn for ever. NULL when it is gone. */
    nh_incoming_message *request;
    bool holds_request;
    nh_server_connection *connection; /* retained; NULL on a response that no server made */
    nh_value status_code;
    nh_value status_message; /* as assigned; undefined: `phrase` */
    const char *phrase;      /* the standard one that was sent; NULL before */
    bool has_turn;           /* a reference of its own while a socket is its */
    nh_tie turn;             /* listed meanwhile: the two hold each other */
    bool sent_continue;      /* 100 was sent */
    bool expects_continue;   /* the client waits for it */
};

extern const nh_class nh_server_response_class;

/* The response has closed or never will: turns its hold on the request into a weak one. */
void nh_server_response_loosen_request(nh_server_response *response);
/* 'close', once; marks the response as destroyed. A task for a tick. */
void nh_server_response_emit_close(nh_emitter *response, nh_value unused);

#endif
