/* http/client_request_internal.h - the fields of ClientRequest, for its own files and the Agent.
 *
 * A request goes through these states; what the events of its socket mean depends on them:
 *   waiting    no socket yet: being made, or queued by the agent
 *   attached   socket->http_message is the request; the parser reads the response
 *   detached   the exchange is over and the socket back with its agent, or handed to the user of an
 *              upgrade
 * destroy() works in all of them; in the first it shows when the socket comes. */
#ifndef NH_HTTP_CLIENT_REQUEST_INTERNAL_H
#define NH_HTTP_CLIENT_REQUEST_INTERNAL_H

#include <nodehttp/client_request.h>

#include "http/client_loop_internal.h"
#include "http/outgoing_message_internal.h"
#include "http/parser_internal.h"

struct nh_client_request {
    nh_outgoing_message message; /* first */
    nh_client_living living;

    nh_value method; /* string */
    nh_value path;
    nh_value host;
    nh_value protocol;
    nh_value agent;             /* an Agent, or whatever has addRequest; undefined: none */
    nh_value socket_path;       /* the options as they were given */
    nh_value timeout;           /* number, or undefined */
    nh_value max_headers_count; /* null, or what was assigned */
    nh_value max_header_size;
    nh_value insecure_http_parser;
    nh_value join_duplicate_headers;
    nh_value queued_options; /* while the agent's queue holds the request */

    nh_incoming_message *res; /* retained; res->request points back without holding */
    nh_error *destroy_error;  /* given to destroy(); owned */
    nh_http_parser parser;    /* in use while has_parser */

    bool has_parser;
    bool is_held; /* the request holds itself: until 'close' */
    bool aborted;
    bool reused_socket;
    bool response_ended;  /* 'end' of the response was emitted */
    bool watches_timeout; /* the socket's 'timeout' is passed on, now or once there is a socket */
    bool upgrade_or_connect;
};

extern const nh_class nh_client_request_class;

static inline nh_client_request *nh_client_request_of(nh_emitter *emitter) {
    return (nh_client_request *)(void *)emitter;
}

/* The request that a socket works for; NULL when it is none. */
nh_client_request *nh_client_request_of_socket(const nh_stream *socket);

/* --- request_options.c -------------------------------------------------------------- */

/* Sorts out the arguments of http.request(): `*out_options` is an owned map of everything that was
 * given, `*out_callback` is borrowed. */
nh_error *nh_client_options_of_arguments(nh_memory *memory, nh_value url, nh_value options,
                                         nh_value callback, nh_value *out_options,
                                         nh_value *out_callback);
/* Fills in a new request: its fields, its headers, perhaps its head. `options` gets port and host
 * as they were resolved. */
nh_error *nh_client_request_apply_options(nh_client_request *request, nh_value options,
                                          nh_value callback);
/* `*out_milliseconds`: a timeout that timers take. ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. */
nh_error *nh_client_check_timeout(nh_memory *memory, nh_value value, const char *name,
                                  nh_value *out_milliseconds);
/* A member of whatever serves as agent: borrowed. */
nh_value nh_client_agent_member(nh_value agent, const char *name);

/* --- client_request_socket.c --------------------------------------------------------------- */

/* Makes the request the one that its socket works for: parser, listeners, 'socket'. */
void nh_client_request_attach(nh_client_request *request, nh_stream *socket);
/* The listeners that a request has on its socket. */
enum {
    NH_CLIENT_HEARS_INPUT = 1, /* 'data', 'end' */
    NH_CLIENT_HEARS_DRAIN = 2, /* 'drain' */
    NH_CLIENT_HEARS_FATE = 4   /* 'error', 'close' */
};
/* Takes those listeners off. */
void nh_client_request_detach(nh_stream *socket, unsigned what);
/* Gives the parser up; `finish`: tells it before that the stream has ended. */
void nh_client_request_drop_parser(nh_client_request *request, bool finish);
/* Passes the socket's 'timeout' on to the request, from now or from when there is a socket. */
nh_error *nh_client_request_watch_timeout(nh_client_request *request);
/* Listener of the socket's 'timeout' that does so. */
void nh_client_request_timed_out(nh_emitter *emitter, const nh_value *arguments, size_t count,
                                 void *data);

/* --- client_request_response.c ------------------------------------------------------------- */

/* The parser's hooks. */
extern const nh_http_parser_hooks nh_client_parser_hooks;
/* Listener of the socket's 'timeout' while a response is read: passes it on. */
void nh_client_response_timed_out(nh_emitter *emitter, const nh_value *arguments, size_t count,
                                  void *data);
/* The exchange is over: the response has ended and the request was sent. Takes the request off its
 * socket; 'close' and the socket's 'free' follow on the next tick. */
void nh_client_request_complete(nh_client_request *request);

/* --- client_request.c ---------------------------------------------------------------------- */

/* Makes the head: request line and fields. ERR_HTTP_HEADERS_SENT, and as nh_outgoing_store_head().
 */
nh_error *nh_client_request_store_head(nh_client_request *request, nh_head_source source,
                                       nh_value given);
/* request.res = res; NULL is allowed. */
void nh_client_request_set_response(nh_client_request *request, nh_incoming_message *res);
/* Emits 'close'; the request no longer holds itself. */
void nh_client_request_close(nh_client_request *request);
/* Emits 'error', after which the end of the socket is no news any more. */
void nh_client_request_fail(nh_client_request *request, nh_error *error);
/* As above, with ECONNRESET "socket hang up". */
void nh_client_request_hang_up(nh_client_request *request);

#endif
