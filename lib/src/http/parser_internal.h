/* http/parser_internal.h - the parser of one connection: from bytes to IncomingMessages.
 *
 * On top of the wire parser. It builds the IncomingMessage of each head, pushes the body into it
 * and ends it; the server and the client only say, when a head is complete, what follows it. Bodies
 * are slices of the buffer that was parsed, not copies.
 *
 * Hooks run inside execute(); they may throw (nh_loop_throw), which stops the parser for good. */
#ifndef NH_HTTP_PARSER_INTERNAL_H
#define NH_HTTP_PARSER_INTERNAL_H

#include "http/incoming_message_internal.h"
#include "http/wire_parser_internal.h"

typedef struct nh_http_parser_hooks {
    /* A head is complete. `message` is also parser->incoming; who wants it beyond its end retains
     * it. `should_keep_alive`: what llhttp thinks of the connection. */
    nh_http_body (*incoming)(void *owner, nh_incoming_message *message, bool should_keep_alive);
    /* The first byte of a message was seen (may be NULL). */
    void (*message_begin)(void *owner);
    /* The message was ended, trailers are in it (may be NULL). */
    void (*message_complete)(void *owner);
    /* A body chunk was handed to the message (may be NULL). False: something was thrown, then or by
     * what the hook did. */
    bool (*body)(void *owner);
} nh_http_parser_hooks;

typedef struct nh_http_parser_options {
    size_t max_header_size;      /* bytes of a head; 0: nh_http_max_header_size() */
    bool insecure;               /* insecureHTTPParser: every lenient flag */
    bool join_duplicate_headers; /* passed on to the messages */
    /* Lines that message.headers may show; <= 0: no limit. Default 1000. */
    double max_headers_count;
} nh_http_parser_options;
void nh_http_parser_options_init(nh_http_parser_options *options);

typedef struct nh_http_parser nh_http_parser;
struct nh_http_parser {
    nh_wire_parser wire; /* first: its hooks cast back */
    nh_loop *loop;
    const nh_http_parser_hooks *hooks;
    void *owner;
    nh_stream *socket;             /* given to the messages; not retained: the owner unsets it */
    nh_incoming_message *incoming; /* the message under way or the last one; retained */
    nh_http_parser_options options;

    nh_value buffer; /* being parsed, or undefined when plain bytes are */
    uint64_t
        message_started_ms; /* loop time of the first byte (or of the start), if message_started */
    bool message_started;   /* a message is under way or awaited since the start */
    bool headers_completed; /* of the message under way */
    bool executing;
    bool pause_wanted;
    bool threw;        /* a hook threw during execute() */
    bool given_up;     /* deinit was called; nothing is reported any more */
    bool flow_stopped; /* the owner holds reading back; messages don't resume (socket._paused) */
};

/* Sets up a parser that lives in its owner (or a pool), for requests or responses. `options` is
 * copied. Sets socket->http_parser. Allocates nothing until it parses. */
void nh_http_parser_init(nh_http_parser *parser, nh_loop *loop, llhttp_type_t type,
                         const nh_http_parser_options *options, const nh_http_parser_hooks *hooks,
                         void *owner, nh_stream *socket);
/* Releases what it holds and clears socket->http_parser. Inside execute() too: that then returns
 * without calling further hooks. */
void nh_http_parser_deinit(nh_http_parser *parser);

/* Parses a buffer value. NULL: `*out_consumed` bytes were read, all of them unless the message was
 * an upgrade (parser->incoming->upgrade). Otherwise an owned error as Node builds it: message
 * "Parse Error: <reason>", code HPE_*, properties bytesParsed, reason, rawPacket. NULL also when a
 * hook threw: see nh_loop_is_throwing(). */
nh_error *nh_http_parser_execute(nh_http_parser *parser, nh_value buffer, size_t *out_consumed);
/* The same for bytes that are valid during the call; bodies are copied. */
nh_error *nh_http_parser_execute_bytes(nh_http_parser *parser, nh_bytes bytes,
                                       size_t *out_consumed);
/* The end of the stream; an error when it comes inside a message. */
nh_error *nh_http_parser_finish(nh_http_parser *parser);
/* Makes execute() fail with HPE_PAUSED until resumed. */
void nh_http_parser_pause(nh_http_parser *parser);
void nh_http_parser_resume(nh_http_parser *parser);
/* Drops the message under way (retained reference) without ending it. */
void nh_http_parser_forget_incoming(nh_http_parser *parser);

#endif
