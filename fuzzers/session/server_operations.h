/* server_operations.h - the script of the target server_session: settings and operations. */
#ifndef FUZZERS_SESSION_SERVER_OPERATIONS_H
#define FUZZERS_SESSION_SERVER_OPERATIONS_H

#include "support/script.h"

/* The settings before the first operation, a byte each unless stated. */
enum server_setting {
    SERVER_SETTING_OPTIONS,  /* bits: enum server_option */
    SERVER_SETTING_TIMEOUTS, /* keepAliveTimeout (low four bits), requestTimeout (high) */
    SERVER_SETTING_LIMITS,   /* maxHeaderSize (low), maxRequestsPerSocket and maxHeadersCount (high)
                              */
    SERVER_SETTING_LISTENERS, /* bits: which events of the server have listeners */
    SERVER_SETTING_WATCH,     /* bits: which events of what arrives have listeners */
    SERVER_SETTING_ANSWER,    /* what the 'request' listener does by itself */
    SERVER_SETTING_SHAPE,     /* how bytes arrive on the connections */
    SERVER_SETTING_PROGRAM,   /* bits: enum server_program */
    SERVER_SETTING_REFUSE,    /* two bytes: number of the allocation to refuse; 0: none */
    SERVER_SETTINGS = SERVER_SETTING_REFUSE + 2
};

enum server_option {
    SERVER_OPTION_INSECURE = 1,
    SERVER_OPTION_NO_HOST = 2, /* requireHostHeader: false */
    SERVER_OPTION_JOIN = 4,    /* joinDuplicateHeaders */
    SERVER_OPTION_REJECT = 8,  /* rejectNonStandardBodyWrites */
    SERVER_OPTION_KEEP_ALIVE = 16,
    SERVER_OPTION_HALF_OPEN = 32, /* httpAllowHalfOpen */
    SERVER_OPTION_SMALL_MARK = 64,
    SERVER_OPTION_TIMEOUT = 128 /* server.timeout */
};

enum server_program {
    SERVER_PROGRAM_REFERENCES = 1, /* keeps a reference to all it is given */
    SERVER_PROGRAM_NO_CLIENT = 2,  /* no connection is made before the script begins */
    SERVER_PROGRAM_LEAVES = 4      /* closes nothing at the end, just frees the loop */
};

/* In the order of the table. Operations on requests, responses and sockets take a byte that selects
 * one of those that live: from 128 on, inside a listener, the one that the event is about. */
enum server_operation {
    /* the clients */
    SERVER_CONNECT,
    SERVER_SEND,
    SERVER_SEND_CUT,
    SERVER_FINISH_SENDING,
    SERVER_RESET,
    SERVER_CLOSE_CLIENT,
    SERVER_CLIENT_READS,
    SERVER_SHAPE,
    /* the world */
    SERVER_STEP,
    SERVER_WAIT,
    SERVER_RUN,
    SERVER_FAIL,
    /* when the next operation is done */
    SERVER_ON,
    SERVER_DEFER,
    SERVER_THROW,
    /* requests */
    SERVER_REQUEST_LISTEN,
    SERVER_REQUEST_PAUSE,
    SERVER_REQUEST_RESUME,
    SERVER_REQUEST_READ,
    SERVER_REQUEST_ENCODING,
    SERVER_REQUEST_DESTROY,
    SERVER_REQUEST_PIPE,
    SERVER_REQUEST_UNPIPE,
    SERVER_REQUEST_TIMEOUT,
    SERVER_REQUEST_INSPECT,
    /* responses */
    SERVER_RESPONSE_LISTEN,
    SERVER_RESPONSE_WRITE_HEAD,
    SERVER_RESPONSE_SET_HEADER,
    SERVER_RESPONSE_APPEND_HEADER,
    SERVER_RESPONSE_REMOVE_HEADER,
    SERVER_RESPONSE_STATUS,
    SERVER_RESPONSE_WRITE,
    SERVER_RESPONSE_END,
    SERVER_RESPONSE_CORK,
    SERVER_RESPONSE_UNCORK,
    SERVER_RESPONSE_DESTROY,
    SERVER_RESPONSE_FLUSH,
    SERVER_RESPONSE_TRAILERS,
    SERVER_RESPONSE_CONTINUE,
    SERVER_RESPONSE_PROCESSING,
    SERVER_RESPONSE_EARLY_HINTS,
    SERVER_RESPONSE_TIMEOUT,
    SERVER_RESPONSE_PROPERTY,
    SERVER_RESPONSE_DETACH,
    /* sockets */
    SERVER_SOCKET_LISTEN,
    SERVER_SOCKET_WRITE,
    SERVER_SOCKET_END,
    SERVER_SOCKET_DESTROY,
    SERVER_SOCKET_DESTROY_SOON,
    SERVER_SOCKET_RESET,
    SERVER_SOCKET_PAUSE,
    SERVER_SOCKET_RESUME,
    SERVER_SOCKET_TIMEOUT,
    /* the server */
    SERVER_CLOSE,
    SERVER_CLOSE_ALL,
    SERVER_CLOSE_IDLE,
    SERVER_TIMEOUT,
    SERVER_PROPERTY,
    /* unusual values, and what is there to be read (server_values.c) */
    SERVER_RESPONSE_WRITE_AS,
    SERVER_RESPONSE_INSPECT,
    SERVER_RESPONSE_HINTS,
    SERVER_RESPONSE_HEAD_OF,
    SERVER_RESPONSE_ASSIGN,
    SERVER_SOCKET_ENCODING,
    SERVER_SET,
    SERVER_NEW,
    SERVER_DISPOSE,
    /* a connection that the program brings: a Duplex of its own */
    SERVER_ADOPT,
    SERVER_ADOPTED_SEND,
    /* more unusual calls (server_unusual.c) */
    SERVER_SET_TEXT,
    SERVER_NEW_OF,
    SERVER_REQUEST_SET,
    SERVER_REQUEST_PIPELINE,
    SERVER_RESPONSE_ASSIGN_ADOPTED,
    SERVER_RESPONSE_TRAILERS_OF,
    SERVER_RESPONSE_EMIT,
    SERVER_RESPONSE_ALONE,
    SERVER_REQUEST_RESPOND,
    SERVER_REMOVE_LISTENERS,
    SERVER_SIGNAL,
    SERVER_REQUEST_COMPLETE,
    SERVER_OPERATIONS
};

extern const struct fuzz_script_format fuzz_script_format;

#endif
