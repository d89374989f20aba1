/* http/wire_parser_internal.h - llhttp with what Node.js adds to it: from bytes to heads, bodies
 * and trailers.
 *
 * It knows neither a loop nor objects. http/parser_internal.h makes IncomingMessages of what it
 * reports, nodehttp/message_parser.h hands it out as it is.
 *
 * Limits and errors are those of Node's parser: a head, or a trailer section, whose target (or
 * reason phrase), names and values reach max_header_size bytes is HPE_HEADER_OVERFLOW; the
 * extensions of one chunk over 16 KiB are HPE_CHUNK_EXTENSIONS_OVERFLOW; max_headers_count drops
 * field lines, in whole batches. */
#ifndef NH_HTTP_WIRE_PARSER_INTERNAL_H
#define NH_HTTP_WIRE_PARSER_INTERNAL_H

#include <llhttp.h>
#include <nodehttp/error.h>

#include "http/header_block_internal.h"

/* What follows a head (the values are llhttp's). */
typedef enum nh_http_body {
    NH_HTTP_BODY_FOLLOWS = 0, /* as the framing fields say */
    NH_HTTP_BODY_SKIPPED = 1, /* none, whatever they say: answers to HEAD */
    NH_HTTP_BODY_UPGRADE = 2  /* none, and the rest of the stream is not HTTP */
} nh_http_body;

typedef struct nh_wire_parser nh_wire_parser;

/* What a parser reports, in this order: begin, head, body (any number of times), complete. Each
 * returns 0 to go on; anything else stops the parser for good. */
typedef struct nh_wire_hooks {
    /* The first byte of a message was seen (may be NULL). */
    int (*message_begin)(nh_wire_parser *parser);
    /* The head is complete: parser->block, text_start, text_length and llhttp's fields have it. The
     * hook may take the block away (leaving an empty one); otherwise it is used again. Returns one
     * of enum nh_http_body, or -1. */
    int (*head)(nh_wire_parser *parser);
    /* A piece of the body, never empty; a part of what is being parsed. */
    int (*body)(nh_wire_parser *parser, nh_bytes bytes);
    /* The message is complete: parser->block has its trailers, and may be taken away. */
    int (*complete)(nh_wire_parser *parser);
} nh_wire_hooks;

struct nh_wire_parser {
    llhttp_t llhttp; /* first: its callbacks cast back */
    nh_memory *memory;
    const nh_wire_hooks *hooks;
    size_t max_header_size;   /* bytes */
    double max_headers_count; /* lines; <= 0: no limit */

    nh_bytes input;        /* being parsed */
    nh_header_block block; /* of the head or trailer section under way */
    nh_header_line line;   /* the field line under way */
    uint32_t text_start;   /* request target or reason phrase, in the block */
    uint32_t text_length;
    size_t header_bytes;    /* counted against max_header_size */
    size_t extension_bytes; /* chunk extensions, counted against 16 KiB */
    size_t lines_kept;      /* field lines of complete batches */
    const char *own_code;   /* of an error that is not llhttp's own; NULL: none, or llhttp's */

    bool line_open;   /* a field line is under way */
    bool in_value;    /* ... and its value has begun */
    bool has_batches; /* the section is longer than one batch */
    bool out_of_memory;
};

/* What stopped a parser; both texts are static. */
typedef struct nh_wire_error {
    const char *code;   /* "HPE_..." */
    const char *reason; /* never NULL */
} nh_wire_error;

/* Sets up a parser. `hooks` outlives it. Limits are the defaults. Allocates nothing until it
 * parses. */
void nh_wire_parser_init(nh_wire_parser *parser, nh_memory *memory, llhttp_type_t type,
                         const nh_wire_hooks *hooks);
/* Options of a parser that has seen nothing yet. `max_header_size` in bytes, 0 is the default;
 * `max_headers_count` <= 0: no limit. */
void nh_wire_parser_configure(nh_wire_parser *parser, size_t max_header_size, bool insecure,
                              double max_headers_count);
/* Back to the state after init, keeping the memory it has. */
void nh_wire_parser_reset(nh_wire_parser *parser);
/* Frees what it holds. Not from inside a hook. */
void nh_wire_parser_deinit(nh_wire_parser *parser);

/* Parses bytes that are valid during the call. `*out_consumed`: how many were read, all of them
 * with HPE_OK. HPE_PAUSED_UPGRADE, after which the parser may go on: the rest is not HTTP. */
llhttp_errno_t nh_wire_parser_execute(nh_wire_parser *parser, nh_bytes bytes, size_t *out_consumed);
/* Code and reason of a status other than HPE_OK. */
nh_wire_error nh_wire_parser_error(const nh_wire_parser *parser, llhttp_errno_t status);
/* The same as Node.js builds it: message "Parse Error: <reason>" (without the reason for the end of
 * the stream, when not `in_message`), properties bytesParsed (`parsed`) and reason. Owned. */
nh_error *nh_wire_error_object(nh_memory *memory, nh_wire_error what, size_t parsed,
                               bool in_message);
/* Makes the hook that returns the result fail with an error of its own. Both texts are static. */
int nh_wire_parser_fail(nh_wire_parser *parser, const char *code, const char *reason);
/* http.maxHeaderSize: bytes; 16 KiB. */
size_t nh_wire_parser_default_max_header_size(void);
/* How many of the block's lines message.headers may show: maxHeadersCount. */
size_t nh_wire_parser_shown_count(const nh_wire_parser *parser, size_t count);

#endif
