/* nodehttp/message_parser.h - Node.js's HTTP/1.1 parser on its own: bytes in, heads, bodies and
 * trailers out.
 *
 * For proxies, test tools and whoever wants to read HTTP exactly as http.Server or http.request()
 * do, without either. No loop, no connection, no copy of a body; a parser that is reset keeps its
 * memory, so that after the first messages parsing allocates nothing.
 *
 * Where the stream is cut makes no difference to what is reported, with two exceptions, which
 * Node.js has as well: a body comes in as many pieces as its bytes did; and a limit (maxHeaderSize,
 * chunk extensions) is checked when a piece of text ends, be it by the grammar or by the end of the
 * bytes given, so that finer cuts notice it earlier, also before an error further on in the same
 * text.
 *
 * Node: http.createServer(options), http.request(options); nothing there gives access to the parser
 * itself. RFC 9112. */
#ifndef NODEHTTP_MESSAGE_PARSER_H
#define NODEHTTP_MESSAGE_PARSER_H

#include <nodehttp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_message_parser nh_message_parser;
/* Field lines as received, in order. Always borrowed. */
typedef struct nh_header_block nh_header_block;

/* What a parser reads. */
typedef enum nh_message_kind {
    NH_MESSAGE_REQUEST, /* as a server */
    NH_MESSAGE_RESPONSE /* as a client */
} nh_message_kind;

/* What follows a head. */
typedef enum nh_message_body {
    NH_MESSAGE_BODY_FOLLOWS, /* as its framing fields say */
    NH_MESSAGE_BODY_SKIPPED, /* none, whatever they say: responses to HEAD */
    NH_MESSAGE_BODY_UPGRADE  /* none, and the rest of the stream is not HTTP */
} nh_message_body;

/* A head. Everything in it is valid during the call of the hook only. */
typedef struct nh_message_head {
    nh_message_kind kind;
    const char *method;    /* requests: one of http.METHODS, static; NULL for responses */
    uint16_t status_code;  /* responses; 0 for requests */
    uint8_t version_major; /* of the HTTP version */
    uint8_t version_minor;
    nh_bytes text;                 /* the request target, or the reason phrase */
    const nh_header_block *fields; /* rawHeaders */
    size_t shown_count;            /* how many of them message.headers shows: maxHeadersCount */
    bool should_keep_alive;        /* whether the connection may carry another message */
    bool upgrade;                  /* CONNECT, or asks for an upgrade */
} nh_message_head;

/* What a parser calls from inside execute() and finish(), in this order for each message: begin,
 * head, body (any number of times), complete. All may be NULL. None of them may use the parser that
 * calls, except to read. After an error nothing is called any more. */
typedef struct nh_message_parser_hooks {
    /* The first byte of a message was seen. */
    void (*begin)(nh_message_parser *parser, void *data);
    /* The head is complete; the result says what follows it. NULL: NH_MESSAGE_BODY_FOLLOWS. */
    nh_message_body (*head)(nh_message_parser *parser, const nh_message_head *head, void *data);
    /* A piece of the body, at least one byte: a part of the bytes given to execute(). */
    void (*body)(nh_message_parser *parser, nh_bytes bytes, void *data);
    /* The message is complete. `trailers` are empty for most. */
    void (*complete)(nh_message_parser *parser, const nh_header_block *trailers, void *data);
} nh_message_parser_hooks;

typedef struct nh_message_parser_options {
    /* maxHeaderSize: target (or reason phrase), names and values of one head, or names and values
     * of one trailer section, have to stay below it, in bytes. 0: http.maxHeaderSize. Default 0. */
    size_t max_header_size;
    /* insecureHTTPParser: accepts what a strict parser refuses. Default false. */
    bool insecure_http_parser;
    /* maxHeadersCount: how many lines message.headers shows; lines beyond it are dropped in batches
     * of 31 from rawHeaders, too. <= 0: no limit. Default 1000. */
    double max_headers_count;
} nh_message_parser_options;
/* Sets the defaults. */
void nh_message_parser_options_init(nh_message_parser_options *options);

/* Why a parser stopped. All borrowed from it, until it is reset or freed; the texts are static. */
typedef struct nh_message_parser_error {
    const char *code;    /* "HPE_INVALID_METHOD" ...; "ERR_MEMORY_ALLOCATION_FAILED" */
    const char *reason;  /* "Invalid method encountered"; "" when there is none */
    size_t bytes_parsed; /* of the bytes given to the call that failed; 0 from finish() */
} nh_message_parser_error;

/* A parser. `memory` NULL is the C library's; `options` NULL stands for the defaults and is copied;
 * `hooks` is copied; `data` is passed to each hook. NULL without memory. Freed with
 * nh_message_parser_free(). */
nh_message_parser *nh_message_parser_new(nh_memory *memory, nh_message_kind kind,
                                         const nh_message_parser_options *options,
                                         const nh_message_parser_hooks *hooks, void *data);
/* Frees the parser; NULL is allowed. */
void nh_message_parser_free(nh_message_parser *parser);
/* Makes the parser ready for another stream. It keeps its memory. `options` NULL keeps the options
 * that it has. */
void nh_message_parser_reset(nh_message_parser *parser, const nh_message_parser_options *options);

/* Parses the next bytes of the stream, which have to be valid during the call. NULL when they were
 * good. `*out_consumed` (may be NULL): how many bytes were read; all of them, unless a message
 * ended that turns the stream over to another protocol. What is left is then not HTTP; who feeds it
 * nevertheless, having refused the upgrade, gets it parsed as the next message.
 *
 * Otherwise the error (see nh_message_parser_error); the parser reads nothing more then, and
 * returns the same error at each call. */
const nh_message_parser_error *nh_message_parser_execute(nh_message_parser *parser, nh_bytes bytes,
                                                         size_t *out_consumed);
/* The end of the stream, which may complete a message. NULL when no message was under way;
 * otherwise an error as above. */
const nh_message_parser_error *nh_message_parser_finish(nh_message_parser *parser);
/* The error that stopped the parser, the way 'clientError' and a request's 'error' carry it:
 * message "Parse Error: <reason>", code, properties bytesParsed and reason. NULL when there is
 * none; owned by the caller. */
nh_error *nh_message_parser_error_object(nh_message_parser *parser);

/* --- field lines -------------------------------------------------------------------------- */

size_t nh_header_block_count(const nh_header_block *block);
/* Name and value of line `index`, which has to exist: bytes as received, without white space around
 * the value. Valid as long as the block is. */
nh_bytes nh_header_block_name(const nh_header_block *block, size_t index);
nh_bytes nh_header_block_value(const nh_header_block *block, size_t index);
/* message.rawHeaders: [name, value, name, value, ...]; NH_INVALID without memory. */
nh_value nh_header_block_to_list(nh_memory *memory, const nh_header_block *block);
/* message.headers of the first `count` lines: names in lower case, repeated fields dropped or
 * joined by Node's rules; `join_duplicates` (joinDuplicateHeaders) joins all of them with ", ".
 * NH_INVALID without memory. */
nh_value nh_header_block_to_map(nh_memory *memory, const nh_header_block *block, size_t count,
                                bool join_duplicates);
/* message.headersDistinct of the first `count` lines: every value in a list. NH_INVALID without
 * memory. */
nh_value nh_header_block_to_distinct_map(nh_memory *memory, const nh_header_block *block,
                                         size_t count);

#ifdef __cplusplus
}
#endif
#endif
