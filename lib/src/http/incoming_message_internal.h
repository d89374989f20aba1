/* http/incoming_message_internal.h - the fields of IncomingMessage, for the parser, the server and
 * the client. */
#ifndef NH_HTTP_INCOMING_MESSAGE_INTERNAL_H
#define NH_HTTP_INCOMING_MESSAGE_INTERNAL_H

#include <nodehttp/incoming_message.h>

#include "core/object.h"
#include "http/header_block_internal.h"
#include "stream/stream_internal.h"

struct nh_incoming_message {
    nh_stream stream; /* a Readable; first */

    nh_stream *socket; /* message.socket: retained, NULL when there is none */
    /* The ClientRequest whose response this is: borrowed as long as that one holds the message,
     * retained once it holds another one, and NULL when it is gone. NULL on the server. JavaScript:
     * res.req. */
    nh_emitter *request;
    bool answers_request; /* there is or was one */

    /* Somebody's pointer to this message that holds no reference: cleared when the message goes. */
    nh_incoming_message **weak_reference;

    nh_header_block headers;
    nh_header_block trailers;
    size_t header_count; /* how many lines message.headers may show: maxHeadersCount */
    size_t trailer_count;
    /* Built on first use; undefined before. */
    nh_value raw_header_list;
    nh_value header_map;
    nh_value distinct_header_map;
    nh_value raw_trailer_list;
    nh_value trailer_map;
    nh_value distinct_trailer_map;

    const char *method;   /* requests: a name of http.METHODS, static; NULL on responses */
    uint16_t status_code; /* responses; 0 on requests */
    uint8_t version_major;
    uint8_t version_minor;
    uint32_t text_start; /* request target or reason phrase, in the bytes of `headers` */
    uint32_t text_length;
    /* What the program assigned; NH_INVALID before. */
    nh_value method_value;
    nh_value url;
    nh_value status_message;
    nh_value status_code_value;

    bool has_head; /* a parser filled it in: versions are numbers, not null */
    bool is_request;
    bool complete;
    bool aborted;
    bool has_upgrade; /* `upgrade` was set; null before */
    bool upgrade;  /* the head asks for an upgrade, or is CONNECT; the side that reads it decides */
    bool consumed; /* somebody has read, so the parser's data are wanted */
    bool dumped;   /* nobody wants the body any more: the parser drops it */
    bool join_duplicate_headers;
};

extern const nh_class nh_incoming_message_class;

/* A message read from `socket` (NULL: none); one reference. NULL without memory. */
nh_incoming_message *nh_incoming_message_create(nh_loop *loop, nh_stream *socket);
/* The trailer section, taken over; what was built from an earlier one is brought up to date. */
void nh_incoming_message_take_trailers(nh_incoming_message *message, nh_header_block *block);
/* message.socket = socket (retained; NULL: null). */
void nh_incoming_message_set_socket(nh_incoming_message *message, nh_stream *socket);
/* Lets whatever is left of the body go by: removes 'data' listeners and flows. Node: _dump(). */
void nh_incoming_message_dump(nh_incoming_message *message);
/* Whether header `name` (ASCII, any case) is there; the first line's value through `out_value`
 * (may be NULL), borrowed from the block. */
bool nh_incoming_message_find_header(const nh_incoming_message *message, const char *name,
                                     nh_bytes *out_value);

/* Whether message.method is that method. */
bool nh_incoming_message_is_method(const nh_incoming_message *message, const char *method);

/* Starts / stops the flow of a connection for a message; NULL is allowed. A socket that the server
 * paused for its own reasons (parser->flow_stopped) stays paused. */
void nh_http_start_reading(nh_stream *socket);
void nh_http_stop_reading(nh_stream *socket);

#endif
