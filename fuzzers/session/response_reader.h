/* response_reader.h - reads what a server sends on a connection, and fails when that is no sequence
 * of HTTP/1.1 responses. Written from RFC 9112; shares nothing with the library.
 *
 * The sequence may be cut anywhere, since connections are. */
#ifndef FUZZERS_SESSION_RESPONSE_READER_H
#define FUZZERS_SESSION_RESPONSE_READER_H

#include <nodehttp/value.h>

#define RESPONSE_READER_LINE 64
#define RESPONSE_READER_METHODS 64

struct response_reader {
    enum response_reader_state {
        RESPONSE_READER_START, /* before the first byte of a head */
        RESPONSE_READER_STATUS_LINE,
        RESPONSE_READER_FIELD,
        RESPONSE_READER_BODY, /* `left` bytes of it */
        RESPONSE_READER_CHUNK_SIZE,
        RESPONSE_READER_LATE_HEAD, /* with 1xx, between two chunks */
        RESPONSE_READER_CHUNK,     /* `left` bytes of it, with its CRLF */
        RESPONSE_READER_TRAILER,
        RESPONSE_READER_UNTIL_CLOSE, /* a body without a length, or bytes that are the program's */
    } state;
    char line[RESPONSE_READER_LINE]; /* the beginning of the line under way */
    size_t line_length;              /* all of it */
    uint8_t last;                    /* byte */
    bool has_colon;
    uint64_t left;
    unsigned status;
    bool chunked;
    bool has_length;
    uint64_t length;
    size_t informational; /* heads with 1xx */
    size_t final;         /* heads with another status */
    /* Responses whose request was HEAD, in the order of requests. */
    uint64_t heads_without_body;
    size_t requests;
    /* The program frames bodies itself (Content-Length, Transfer-Encoding): only heads are checked,
     * and nothing once the first one was read. */
    bool own_framing;
    size_t late_heads; /* with 1xx, which may still come between chunks */
};

/* Takes what was received next. */
void response_reader_take(struct response_reader *reader, nh_bytes bytes);
/* A request was received by the server; `is_head`: its method is HEAD. In their order. */
void response_reader_expect(struct response_reader *reader, bool is_head);
/* The program sends a head with 1xx though a body may be under way: nothing keeps it from that,
 * here and in Node.js, where it comes between two chunks. */
void response_reader_expect_late_head(struct response_reader *reader);
/* From now on, anything may come. */
void response_reader_give_up(struct response_reader *reader);

#endif
