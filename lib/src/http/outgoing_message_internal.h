/* http/outgoing_message_internal.h - the fields of OutgoingMessage and the hooks by which
 * ServerResponse and ClientRequest differ.
 *
 * A message collects headers, turns them into a head (nh_outgoing_store_head), and sends head and
 * body to its socket, or keeps both in a queue while it has none or while it isn't its turn
 * (pipelining). It is no Writable: the socket is. */
#ifndef NH_HTTP_OUTGOING_MESSAGE_INTERNAL_H
#define NH_HTTP_OUTGOING_MESSAGE_INTERNAL_H

#include <nodehttp/outgoing_message.h>

#include "core/object.h"
#include "core/text.h"
#include "http/header_store_internal.h"
#include "stream/stream_internal.h"

/* What a derived class does differently. Any may be NULL: then OutgoingMessage's way. */
typedef struct nh_outgoing_hooks {
    /* Builds the default head, when a body comes before one was made. Base: throws
     * ERR_METHOD_NOT_IMPLEMENTED. */
    nh_error *(*implicit_header)(nh_outgoing_message *message);
    void (*destroy)(nh_outgoing_message *message, nh_error *error);
    nh_error *(*set_timeout)(nh_outgoing_message *message, nh_value milliseconds,
                             nh_value callback);
    /* The number of bytes waiting in the queue changed. */
    void (*pending_data)(nh_outgoing_message *message, double delta);
} nh_outgoing_hooks;

/* What waits in the queue of a message, or to be merged into one chunk by cork(). */
typedef struct nh_outgoing_chunk {
    nh_value data;     /* string or buffer */
    nh_value encoding; /* string or undefined */
    nh_value callback; /* function, undefined, or NH_OUTGOING_FINISH */
} nh_outgoing_chunk;

/* In the place of a callback: emits 'finish'. The function that does it holds the message, so it is
 * made when the socket takes the chunk, and not kept in the message's own queue. */
#define NH_OUTGOING_FINISH nh_boolean(true)

typedef struct nh_outgoing_queue {
    nh_outgoing_chunk *chunks;
    size_t count;
    size_t capacity;
} nh_outgoing_queue;

struct nh_outgoing_message {
    nh_emitter emitter; /* first */
    const nh_outgoing_hooks *hooks;

    /* message.socket: retained, or NULL. While socket->http_message is this message, it is its turn
     * to write. */
    nh_stream *socket;
    nh_header_store headers;
    bool has_headers;        /* setHeader() and the like were used (even if removed again) */
    nh_value unique_headers; /* map of lower-case names, or undefined */
    /* Start line and headers with their last CRLF, until they are sent; see has_head. */
    nh_text head;
    nh_value trailer;                /* string: trailer section; undefined: none */
    nh_outgoing_queue queue;         /* before the socket */
    double output_size;              /* UTF-16 units of strings, bytes of buffers */
    nh_outgoing_queue corked_chunks; /* chunked encoding: to become one chunk */
    double corked_bytes;
    int corked;             /* writableCorked; may go below 0, as in Node */
    double high_water_mark; /* while there is no socket */
    /* What is known of the body's length: a number when end() knows it, otherwise what the header
     * said, unchanged; undefined: nothing. */
    nh_value content_length;
    double bytes_written; /* of the body, counted under strictContentLength */
    bool tells_keep_alive_timeout;
    double keep_alive_timeout_ms; /* for the Keep-Alive line; may be NaN */
    double max_requests_per_socket;
    nh_value errored; /* null, then what destroy() was given: an error or undefined */

    bool has_head;  /* the head was built: headersSent */
    bool head_sent; /* handed to the socket or the queue */
    bool destroyed;
    bool finished; /* end() was called */
    bool closed;   /* 'close' was emitted or is about to be */
    bool last;     /* the connection ends after this message */
    bool chunked_encoding;
    bool should_keep_alive;
    bool max_requests_on_connection_reached;
    bool default_keep_alive; /* no Keep-Alive header was given */
    bool use_chunked_encoding_by_default;
    bool send_date;
    bool removed_connection;
    bool removed_content_length;
    bool removed_transfer_encoding;
    bool strict_content_length;
    bool has_body;
    bool need_drain;
    bool reject_nonstandard_body_writes;
    bool socket_had_error; /* the client reported an 'error' of the socket: no 'finish' any more */
    bool abandoned;        /* will never get a socket: nobody is told what became of its data */
    bool has_agent;        /* ClientRequest: an agent manages the connection */
    int status_code;       /* ServerResponse: for the framing of 204 and 304; else 0 */
};

/* writableHighWaterMark while there is no socket. */
#define NH_OUTGOING_HIGH_WATER_MARK 65536

extern const nh_class nh_outgoing_message_class;
extern const nh_writable_interface nh_outgoing_message_writable;

/* Sets the defaults of a zeroed object made by nh_object_new(). */
void nh_outgoing_message_init(nh_outgoing_message *message, const nh_outgoing_hooks *hooks);

/* The options of the constructor: highWaterMark, rejectNonStandardBodyWrites. */
void nh_outgoing_message_apply_options(nh_outgoing_message *message, nh_value options);
/* OutgoingMessage's own destroy(), for hooks that go on with it. */
void nh_outgoing_destroy(nh_outgoing_message *message, nh_error *error);

/* Where a head's fields come from. */
typedef enum nh_head_source {
    NH_HEAD_OWN,  /* the message's header store: checked when it was set */
    NH_HEAD_GIVEN /* `given`: a map, a list of pairs, or a flat list; checked here */
} nh_head_source;
/* Builds the head: `first_line` with its CRLF (borrowed), the fields, then Date, Connection,
 * Keep-Alive and the framing field as Node decides. Errors: ERR_INVALID_ARG_VALUE (odd list),
 * ERR_INVALID_HTTP_TOKEN, ERR_HTTP_INVALID_HEADER_VALUE, ERR_INVALID_CHAR,
 * ERR_HTTP_TRAILER_INVALID. */
nh_error *nh_outgoing_store_head(nh_outgoing_message *message, nh_bytes first_line,
                                 nh_head_source source, nh_value given);
/* Runs the implicit_header hook. */
nh_error *nh_outgoing_implicit_header(nh_outgoing_message *message);
/* Sends `data` (string or buffer), preceded by the head if that was not sent yet. `*out_more` may
 * be NULL. Node: _send(). */
nh_error *nh_outgoing_send(nh_outgoing_message *message, nh_value data, nh_value encoding,
                           nh_value callback, bool *out_more);
/* The same for a C string in encoding latin1. `callback` NULL: none. */
nh_error *nh_outgoing_send_text(nh_outgoing_message *message, const char *text,
                                const nh_value *callback);
/* The same without a head: interim responses. Node: _writeRaw(). */
nh_error *nh_outgoing_write_raw(nh_outgoing_message *message, nh_value data, nh_value encoding,
                                nh_value callback, bool *out_more);
/* Hands the queue to the socket, then finishes, or emits 'drain'. Called when the message gets its
 * socket and when that drains. Node: _flush(). */
void nh_outgoing_flush(nh_outgoing_message *message);
/* The message will never get a socket. Drops the callbacks of what waits, which nothing will call
 * and which may hold the message itself. */
void nh_outgoing_abandon(nh_outgoing_message *message);

/* Only the first half: writes the queue to `socket`; whether the socket wants more. */
bool nh_outgoing_flush_queue(nh_outgoing_message *message, nh_stream *socket);
/* Makes `socket` (retained; NULL: none) the message's socket, applying cork() calls made before,
 * and setTimeout() likewise. Emits nothing; who calls it sets socket->http_message. */
void nh_outgoing_set_socket(nh_outgoing_message *message, nh_stream *socket);
/* A function value that emits 'finish'; NH_INVALID without memory. */
nh_value nh_outgoing_finish_function(nh_outgoing_message *message);
/* The end of everything: emits 'prefinish'. */
void nh_outgoing_finish(nh_outgoing_message *message);

/* `error` itself, after a part of the message was not sent or kept for later: without memory the
 * other side would take what follows for something else, so the message is destroyed. */
nh_error *nh_outgoing_lost(nh_outgoing_message *message, nh_error *error);
/* Emits 'error' on the next tick, after `callback` (function value or undefined) got it; nothing
 * once the message is destroyed. */
void nh_outgoing_fail_later(nh_outgoing_message *message, nh_error *error, nh_value callback);
/* Buffer.byteLength(chunk, encoding) of a string or buffer. */
double nh_outgoing_byte_length(nh_value chunk, nh_value encoding);
/* A copy of a body queue entry's references into `queue`; false without memory. */
bool nh_outgoing_queue_add(nh_memory *memory, nh_outgoing_queue *queue, nh_value data,
                           nh_value encoding, nh_value callback);
void nh_outgoing_queue_clear(nh_memory *memory, nh_outgoing_queue *queue);
/* ERR_HTTP_HEADERS_SENT: "Cannot <verb> headers after they are sent to the client". */
nh_error *nh_http_headers_sent_error(nh_memory *memory, const char *verb);
/* Array.prototype.join(list, separator): a string (owned); see nh_http_value_to_string(). */
nh_value nh_http_join(nh_memory *memory, nh_value list, const char *separator,
                      nh_error **out_error);
/* Whether uniqueHeaders has the name (any case). */
bool nh_outgoing_is_unique(const nh_outgoing_message *message, nh_bytes name);
/* The lower-case names of a list, as message->unique_headers wants them; undefined for anything
 * but a list, NH_INVALID without memory. Node: parseUniqueHeadersOption(). */
nh_value nh_http_unique_headers(nh_memory *memory, nh_value list);

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT" and CRLF; formatted once a second. Valid until the next
 * call on this thread. */
nh_bytes nh_http_date_line(nh_loop *loop);

#endif
