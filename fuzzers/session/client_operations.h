/* client_operations.h - what scripts of the target client_session consist of.
 *
 * A script is a prefix of settings, CLIENT_SETTINGS bytes, and operations. `k` names a request: the
 * k-th that was made, modulo how many there are; `c` in the same way a connection that the raw
 * server accepted. Operations that name nothing do nothing.
 *
 * Operations follow each other within one turn of the loop until one says that time goes on: turn,
 * tick or step. Bodies that a script sends are given by their length; they consist of a letter that
 * belongs to the request, so that the server can tell whose bytes it gets. */
#ifndef FUZZERS_SESSION_CLIENT_OPERATIONS_H
#define FUZZERS_SESSION_CLIENT_OPERATIONS_H

#include "support/script.h"

/* Settings, one byte each. */
enum client_setting {
    CLIENT_SETTING_POOL,    /* of the agent: bits 0 keepAlive, 1 fifo, 2-3 maxSockets (none, 1, 2,
                               3), 4-5 maxTotalSockets (none, 1, 2, 4), 6-7 maxFreeSockets (256,
                               1, 2, 3) */
    CLIENT_SETTING_TIMEOUT, /* of the agent, in units of 16 ms; 0: none */
    CLIENT_SETTING_KEEP_ALIVE, /* keepAliveMsecs, in units of 8 ms; 0: the default */
    CLIENT_SETTING_OTHER_POOL, /* CLIENT_SETTING_POOL of the second agent */
    CLIENT_SETTING_AGENT,      /* where requests get their connection; see client_source */
    CLIENT_SETTING_PARSER,     /* of all requests: bits 0 insecureHTTPParser, 1
                                  joinDuplicateHeaders, 2 a small maxHeaderSize, 3 no 'error'
                                  listener, 4 no 'error' listener on responses, 5 the program
                                  keeps no reference to requests and responses */
    CLIENT_SETTING_ANSWER,     /* what the server says when the script has no answer left */
    CLIENT_SETTING_REFUSE_LOW, /* number of the allocation to refuse; 0: none */
    CLIENT_SETTING_REFUSE_HIGH,
    CLIENT_SETTINGS /* how many */
};

/* Where a request gets its connection: the setting, and the argument of option_source. */
enum client_source {
    CLIENT_SOURCE_AGENT,       /* the agent of the run */
    CLIENT_SOURCE_OTHER_AGENT, /* the second one */
    CLIENT_SOURCE_GLOBAL,      /* nothing said: http.globalAgent */
    CLIENT_SOURCE_NO_AGENT,    /* agent: false */
    CLIENT_SOURCE_DUPLEX,      /* createConnection returns a Duplex of the program's */
    CLIENT_SOURCE_SOCKET,      /* createConnection returns net.createConnection() */
    CLIENT_SOURCE_LATER,       /* createConnection calls back later with such a Duplex */
    CLIENT_SOURCE_FAILS,       /* createConnection calls back with an error */
    CLIENT_SOURCE_THROWS,      /* createConnection throws */
    CLIENT_SOURCE_NEVER,       /* createConnection does nothing */
    CLIENT_SOURCES
};
/* Added to a source that makes connections: the agent's createConnection is replaced, and the agent
 * used. */
#define CLIENT_SOURCE_REPLACED 0x80u

/* Where a request goes. */
enum client_origin {
    CLIENT_ORIGIN_FIRST,   /* 127.0.0.1:8080 */
    CLIENT_ORIGIN_SECOND,  /* 127.0.0.1:8081 */
    CLIENT_ORIGIN_NAME,    /* peer.test:8080, which is looked up */
    CLIENT_ORIGIN_NAMES,   /* pair.test:8080: two addresses, nobody listens at the first */
    CLIENT_ORIGIN_UNIX,    /* a UNIX socket */
    CLIENT_ORIGIN_REFUSED, /* a port where nobody listens */
    CLIENT_ORIGIN_UNKNOWN, /* a name that does not exist */
    CLIENT_ORIGINS
};

/* The X-macro list of operations: X(NAME, name, arguments). */
#define CLIENT_OPERATIONS(X)                                                                       \
    /* options of the next request */                                                              \
    X(OPTION_HEADER, "option_header", "nv")                                                        \
    X(OPTION_SOURCE, "option_source", "b")                                                         \
    X(OPTION_FLAGS, "option_flags", "b") /* bits: 0 setHost false, 1 headers as a list, 2          \
                                            insecureHTTPParser, 3 joinDuplicateHeaders, 4          \
                                            Expect: 100-continue, 5 a unique header as a list, 6   \
                                            a URL besides the options, 7 http.get() */             \
    X(OPTION_TIMEOUT, "option_timeout", "s")                                                       \
    X(OPTION_SIGNAL, "option_signal", "b") /* of which controller, or at which place */            \
    X(OPTION_MAX_HEADER_SIZE, "option_max_header_size", "s")                                       \
    X(OPTION_PATH, "option_path", "v") /* what follows the part that names the request */          \
    /* method, origin, listeners: bits 0 response, 1 continue, 2 information, 3 upgrade, 4         \
       connect, 5 timeout, and of its response: 6 'data', 7 'readable' */                          \
    X(REQUEST, "request", "bbb")                                                                   \
    /* calls of the k-th request */                                                                \
    X(END, "end", "bbs")     /* k, how (0 nothing, 1 string, 2 buffer, +4 callback), length */     \
    X(WRITE, "write", "bbs") /* the same */                                                        \
    X(SET_HEADER, "set_header", "bnv")                                                             \
    X(APPEND_HEADER, "append_header", "bnv")                                                       \
    X(REMOVE_HEADER, "remove_header", "bn")                                                        \
    X(ADD_TRAILERS, "add_trailers", "bb")                                                          \
    X(FLUSH_HEADERS, "flush_headers", "b")                                                         \
    X(CORK, "cork", "b")                                                                           \
    X(UNCORK, "uncork", "b")                                                                       \
    X(ABORT, "abort", "b")                                                                         \
    X(DESTROY, "destroy", "bb") /* k, with an error or not */                                      \
    X(SET_TIMEOUT, "set_timeout", "bs")                                                            \
    X(SET_NO_DELAY, "set_no_delay", "bb")                                                          \
    X(SET_SOCKET_KEEP_ALIVE, "set_socket_keep_alive", "bs")                                        \
    /* calls of its response */                                                                    \
    X(RES_PAUSE, "res_pause", "b")                                                                 \
    X(RES_RESUME, "res_resume", "b")                                                               \
    X(RES_READ, "res_read", "bs") /* 0: all */                                                     \
    X(RES_SET_ENCODING, "res_set_encoding", "bb")                                                  \
    X(RES_DESTROY, "res_destroy", "bb")                                                            \
    X(RES_PIPE, "res_pipe", "bb") /* into a sink, or into another request */                       \
    X(RES_UNPIPE, "res_unpipe", "b")                                                               \
    X(RES_SET_TIMEOUT, "res_set_timeout", "bs")                                                    \
    X(RES_LISTEN, "res_listen", "bb") /* adds a listener: 'data', 'readable' */                    \
    X(RES_READ_HEADERS, "res_read_headers", "b")                                                   \
    /* calls of its socket */                                                                      \
    X(SOCKET_DESTROY, "socket_destroy", "bb")                                                      \
    X(SOCKET_END, "socket_end", "b")                                                               \
    X(SOCKET_RESET, "socket_reset", "b")                                                           \
    X(SOCKET_SET_TIMEOUT, "socket_set_timeout", "bs")                                              \
    X(SOCKET_PAUSE, "socket_pause", "bb") /* pause, resume, unref, ref */                          \
    /* others */                                                                                   \
    X(AGENT_DESTROY, "agent_destroy", "b") /* which agent */                                       \
    X(AGENT_SET, "agent_set", "bbs")       /* which, property, value */                            \
    X(SIGNAL_ABORT, "signal_abort", "b")                                                           \
    X(WHEN, "when", "bbb") /* event, k, how many of the operations that follow: these are done     \
                              when that event is emitted next */                                   \
    X(THROW, "throw", "")  /* from inside a listener */                                            \
    /* the server */                                                                               \
    X(ANSWER, "answer", "bh") /* to a head that has no answer yet: what follows the bytes (0       \
                                 nothing, 1 FIN, 2 RST, 3 reading stops), bytes */                 \
    X(SEND, "send", "bh")     /* on connection c */                                                \
    X(FLOOD, "flood", "bs")   /* so many bytes of a body */                                        \
    X(FINISH, "finish", "b")                                                                       \
    X(RESET, "reset", "b")                                                                         \
    X(CLOSE, "close", "b")                                                                         \
    X(STOP_READING, "stop_reading", "b")                                                           \
    X(START_READING, "start_reading", "b")                                                         \
    X(ACCEPT, "accept", "b") /* from now on: 0 as usual, 1 without reading, 2 reset, 3 close */    \
    /* the network */                                                                              \
    X(SHAPE, "shape", "bbs")  /* direction, what (client_network.c), how much */                   \
    X(ROUTE, "route", "bb")   /* origin, what becomes of connects to it */                         \
    X(LOOKUP, "lookup", "bb") /* name, what looking it up gives */                                 \
    X(FAULT, "fault", "bbb")  /* operation, occurrence, status */                                  \
    /* time */                                                                                     \
    X(TICK, "tick", "")                                                                            \
    X(TURN, "turn", "b") /* so many iterations at most, without waiting */                         \
    X(STEP, "step", "s") /* milliseconds */                                                        \
    /* properties and values of other types (client_properties.c) */                               \
    X(OPTION_ODD, "option_odd", "bb")          /* which option, what value */                      \
    X(REQ_PROPERTY, "req_property", "bbb")     /* k, which, what value */                          \
    X(RES_PROPERTY, "res_property", "bbb")     /* k, which, what value */                          \
    X(AGENT_PROPERTY, "agent_property", "bbb") /* which agent, which, what value */                \
    X(AGENT_REPLACE, "agent_replace", "bbb")   /* which agent, member, what it does instead */     \
    X(TIMEOUT_ODD, "timeout_odd", "bbb")       /* k, of request or response, what value */         \
    X(SIGNAL_MAKE, "signal_make", "bbs")       /* place, how, milliseconds or sources */           \
    X(SIGNAL_READ, "signal_read", "b")         /* place */                                         \
    X(SIGNAL_ABORT_WITH, "signal_abort_with", "bb") /* controller, what reason */                  \
    /* calls that hardly a program makes (client_unusual.c) */                                     \
    X(OPTION_CONNECT, "option_connect", "bb") /* what createConnection does, with what value */    \
    X(OPTION_UNIQUE, "option_unique", "b")    /* a value in the list uniqueHeaders */              \
    X(REQUEST_OF_URL, "request_of_url", "bb") /* how the URL is given, what its port is */         \
    X(REQUEST_PIPELINE, "request_pipeline", "bb")  /* k, whose response goes into which request */ \
    X(REQUEST_ODD, "request_odd", "bbb")           /* k, which call, what value */                 \
    X(AGENT_MAKE, "agent_make", "bb")              /* which option, what value */                  \
    X(AGENT_ODD, "agent_odd", "bbb")               /* which agent, which call, what value */       \
    X(SIGNAL_PAIR, "signal_pair", "b")             /* place: two streams, one frees the other */   \
    X(SIGNAL_FAR, "signal_far", "b")               /* place: of a timeout that never comes */      \
    X(OPTION_TEXT, "option_text", "bv")            /* which option, a text */                      \
    X(OPTION_PATH_LIST, "option_path_list", "")    /* the path is a list with a text */            \
    X(REMOVE_LISTENERS, "remove_listeners", "bbb") /* k, of which object, of which event */

#define CLIENT_OPERATION_NAME(NAME, name, arguments) CLIENT_##NAME,
enum client_operation { CLIENT_OPERATIONS(CLIENT_OPERATION_NAME) CLIENT_OPERATION_COUNT };
#undef CLIENT_OPERATION_NAME

/* Events that `when` waits for. */
enum client_event {
    CLIENT_EVENT_SOCKET,
    CLIENT_EVENT_FINISH,
    CLIENT_EVENT_RESPONSE,
    CLIENT_EVENT_INFORMATION,
    CLIENT_EVENT_CONTINUE,
    CLIENT_EVENT_UPGRADE, /* or 'connect' */
    CLIENT_EVENT_TIMEOUT,
    CLIENT_EVENT_DRAIN,
    CLIENT_EVENT_ABORT,
    CLIENT_EVENT_ERROR,
    CLIENT_EVENT_CLOSE,
    CLIENT_EVENT_RES_DATA,
    CLIENT_EVENT_RES_READABLE,
    CLIENT_EVENT_RES_END,
    CLIENT_EVENT_RES_CLOSE,
    CLIENT_EVENT_RES_ERROR,
    CLIENT_EVENT_RES_ABORTED,
    CLIENT_EVENT_SOCKET_CONNECT,
    CLIENT_EVENT_SOCKET_FREE,
    CLIENT_EVENT_SOCKET_TIMEOUT,
    CLIENT_EVENT_SOCKET_END,
    CLIENT_EVENT_SOCKET_CLOSE,
    CLIENT_EVENT_WRITTEN, /* the callback of a write() or end(), k being any */
    CLIENT_EVENTS
};

extern const struct fuzz_script_format fuzz_script_format;

#endif
