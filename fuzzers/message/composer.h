/* composer.h - messages composed through the OutgoingMessage API by operations of a script, each
 * with a model of what was set, and the check of what came out on the wire.
 *
 * A server's responses to one to four pipelined requests, or a client's request. Every call's
 * error is predicted; what was accepted has to be on the wire, once, as it was, where it belongs.
 *
 * Two habits of Node.js are known, and allowed for where they show: what was written while corked
 * goes out behind the last chunk if end() comes before uncork(), and an interim response of a
 * message that waits for its turn may go out behind its head.
 *
 * What Node.js lets a program do to the framing of its own messages is not judged: once a program
 * has set a Transfer-Encoding other than "chunked", a Connection other than "close" and
 * "keep-alive", or a Content-Length that it does not keep to, the connection is looked at no
 * further than to the end of that message. */
#ifndef FUZZERS_MESSAGE_COMPOSER_H
#define FUZZERS_MESSAGE_COMPOSER_H

#include <nodehttp/client_request.h>
#include <nodehttp/server.h>

#include "message/duplex.h"
#include "message/fields.h"
#include "support/script.h"
#include "support/world.h"

#define FUZZ_MESSAGES 4U
#define FUZZ_BODY_CAPACITY ((size_t)16384)
#define FUZZ_INTERIM_CAPACITY ((size_t)16384)
#define FUZZ_GIVEN 6U
#define FUZZ_CALLBACKS 16U

/* Settings of a run: 8 bytes. Byte 0: flags; byte 1: requests and options; bytes 2 and 3: the
 * allocation to refuse; bytes 4 to 7: what the requests are like. */
#define FUZZ_COMPOSER_SETTINGS 8
#define FUZZ_COMPOSER_REFUSAL 2
#define FUZZ_COMPOSER_CLIENT 0x01U
#define FUZZ_COMPOSER_STRICT_LENGTH 0x02U /* strictContentLength */
#define FUZZ_COMPOSER_REJECT_BODY 0x04U   /* rejectNonStandardBodyWrites */
#define FUZZ_COMPOSER_AGENT 0x08U         /* a client's request goes through a keep-alive agent */
#define FUZZ_COMPOSER_NO_DATE 0x10U
#define FUZZ_COMPOSER_UNIQUE 0x20U  /* uniqueHeaders: fuzz_unique_names */
#define FUZZ_COMPOSER_LIMITED 0x40U /* maxRequestsPerSocket is 5 */

/* What the operations of a script do. The first argument of most chooses the message (bits 0, 1)
 * and how (the others). */
enum fuzz_compose {
    FUZZ_SET,      /* bnv: setHeader(), setHeaders() or appendHeader() */
    FUZZ_REMOVE,   /* bn: removeHeader() */
    FUZZ_READ,     /* bn: getHeader(), hasHeader(), getHeaders(), getHeaderNames() ... */
    FUZZ_GIVE,     /* bnv: a header for writeHead() or the option `headers` */
    FUZZ_HEAD,     /* bsv: writeHead() with a status, a reason and what was given */
    FUZZ_STATUS,   /* bsv: statusCode and statusMessage */
    FUZZ_LINE,     /* bnv: method and path of a client's request that does not exist yet */
    FUZZ_WRITE,    /* bbd: write() */
    FUZZ_END,      /* bbd: end() */
    FUZZ_TRAILER,  /* bnv: addTrailers() */
    FUZZ_CORK,     /* b: cork(), uncork() */
    FUZZ_FLUSH,    /* b: flushHeaders() */
    FUZZ_INTERIM,  /* b: writeContinue(), writeProcessing() */
    FUZZ_HINTS,    /* bnvv: writeEarlyHints() with a field and a link */
    FUZZ_PROPERTY, /* bb: sendDate, useChunkedEncodingByDefault, shouldKeepAlive */
    FUZZ_TURN,     /* (none): the turn ends */
    FUZZ_ODD,      /* bbv: a call with a value of another type (message/odd.h) */
    FUZZ_OBJECT,   /* bb: properties, setTimeout(), pipe(), destroy() */
    FUZZ_ALONE,    /* bd: an OutgoingMessage that nothing sends, and calls on it, a byte each */
};

/* What the head went out with, which decides about its encoding. */
enum fuzz_first {
    FUZZ_FIRST_NOTHING, /* it has not gone out */
    FUZZ_FIRST_BYTES,   /* in Latin-1 */
    FUZZ_FIRST_TEXT,    /* in UTF-8, as the text behind it, unless the size of a chunk is between */
    FUZZ_FIRST_EMPTY    /* in UTF-8: an empty text, which is no chunk */
};

#define FUZZ_NOWHERE SIZE_MAX

/* A message and what is known of it. */
struct fuzz_message {
    nh_outgoing_message *message; /* retained; NULL: none */
    struct fuzz_fields fields;
    bool has_fields; /* setHeader() has succeeded before, even if nothing is left */
    struct fuzz_field given[FUZZ_GIVEN];
    bool given_wide[FUZZ_GIVEN];
    struct fuzz_value given_values[FUZZ_GIVEN];
    size_t given_count;
    bool head_made;
    bool listed; /* the head is made of a list: its lines are in `list` */
    struct fuzz_field list[FUZZ_GIVEN];
    size_t list_count;
    unsigned status;         /* statusCode as it was set */
    struct fuzz_text reason; /* statusMessage */
    bool has_reason;
    unsigned head_status; /* of the head that was made */
    nh_bytes head_reason;
    bool is_head; /* the answer to HEAD */
    enum fuzz_first first;
    bool finished;
    bool miscounted;         /* bytes that were not written may count for strictContentLength */
    bool abandoned;          /* a call failed in a way that leaves the message undefined */
    bool is_open;            /* what the listed head comes to is not predicted */
    bool removed_connection; /* by removeHeader() */
    bool joins_unique;       /* the head is made when uniqueHeaders are known */
    bool sends_date;
    unsigned corked;
    uint8_t *body; /* what was written */
    size_t body_length;
    /* Where in the body the part starts that waits for uncork(), and the part that end() did not
     * wait for: Node.js sends it behind the last chunk. */
    size_t pending_from;
    size_t late_from;
    uint8_t *interim; /* interim responses before the head */
    size_t interim_length;
    bool interim_waited; /* for the turn of the message: the head may overtake it in Node.js */
    struct fuzz_field trailer;
    bool called[FUZZ_CALLBACKS]; /* callbacks of write() and end(), each at most once */
    size_t callbacks;            /* how many were given */
    bool has_trailer;
};

struct fuzz_composer {
    struct fuzz_world world;
    unsigned flags;
    unsigned options; /* bits 0, 1: requests minus one; bit 2: a client's headers are a list */
    bool lenient;     /* texts are made legal before they are used */
    nh_stream *duplex;
    struct fuzz_wire *wire;
    nh_server *server;
    nh_agent *agent;
    struct fuzz_message messages[FUZZ_MESSAGES];
    size_t count;
    size_t expected; /* requests that were made */
    /* A client's request line. */
    struct fuzz_text method, path;
};

/* Begins a run with the settings at the front of the input; the same object each time. */
struct fuzz_composer *fuzz_composer_begin(struct fuzz_input *input, bool lenient);
/* Does one operation; the arguments are those above. */
void fuzz_compose(struct fuzz_composer *composer, enum fuzz_compose operation,
                  const struct fuzz_step *step);
/* Ends every message, checks the wire, and takes everything down. */
void fuzz_composer_end(struct fuzz_composer *composer);

/* --- for its parts ------------------------------------------------------------------------ */

/* Whether an allocation was refused: nothing is predicted any more. */
bool fuzz_composer_gave_up(const struct fuzz_composer *composer);
/* Fails unless the error (consumed) has that code; NULL: no error. What is expected is not checked
 * any more once an allocation was refused. True when there was no error. */
bool fuzz_expect_take(const struct fuzz_composer *composer, nh_error *error, const char *code,
                      const char *call);
/* The same where any of several codes, or none, may come. */
const char *fuzz_code_of(nh_error *error);
/* Checks what is on the wire. */
void fuzz_check_wire(struct fuzz_composer *composer);
/* Calls of the two themes. */
void fuzz_compose_head(struct fuzz_composer *composer, struct fuzz_message *message,
                       enum fuzz_compose operation, const struct fuzz_step *step);
void fuzz_compose_body(struct fuzz_composer *composer, struct fuzz_message *message,
                       enum fuzz_compose operation, const struct fuzz_step *step);
/* The program's own field of that name (lower case) in the head that was made; `after`: the one
 * behind that, since a list may name it more than once. A field without a value is no line. */
const struct fuzz_field *fuzz_own_field(const struct fuzz_message *message, const char *name,
                                        const struct fuzz_field *after);
/* The first of them that has a line; NULL: none. */
const struct fuzz_field *fuzz_line_named(const struct fuzz_message *message, const char *name);
/* Whether there is exactly one. */
bool fuzz_is_only_line(const struct fuzz_message *message, const char *name);
bool fuzz_has_line(const struct fuzz_message *message, const char *name);
/* Notes that a head may have been made by a call. */
void fuzz_note_head(struct fuzz_message *message);
/* The text of an argument: cut, and made legal where texts are. */
struct fuzz_text fuzz_name_of(struct fuzz_composer *composer, nh_bytes bytes, unsigned how);
struct fuzz_value fuzz_value_of(struct fuzz_composer *composer, nh_bytes bytes, unsigned how);
/* end(), from the script or for messages that were not ended. `how`: bit 2 a chunk, bit 3 a
 * callback, bit 4 in the first place that is free. */
void fuzz_end_message(struct fuzz_composer *composer, struct fuzz_message *message, unsigned kind,
                      nh_bytes bytes, unsigned how);
/* A callback of the message, which may be called once; undefined when it has enough of them. */
nh_value fuzz_callback_of(struct fuzz_composer *composer, struct fuzz_message *message);
/* The operations FUZZ_ODD, FUZZ_OBJECT, FUZZ_ALONE. */
void fuzz_compose_odd(struct fuzz_composer *composer, struct fuzz_message *message,
                      const struct fuzz_step *step);
void fuzz_compose_object(struct fuzz_composer *composer, struct fuzz_message *message,
                         const struct fuzz_step *step);
void fuzz_compose_alone(struct fuzz_composer *composer, const struct fuzz_step *step);

/* The error that a header of that name and value is refused with, or NULL. */
const char *fuzz_predict_field(struct fuzz_text name, struct fuzz_value value);
/* removeHeader() was called: the header is gone, and so may be what the library adds by itself. */
void fuzz_note_removal(struct fuzz_message *message, struct fuzz_text text);
/* One more header to be given to writeHead(); behind the last one that there is room for, none. */
void fuzz_give_header(struct fuzz_composer *composer, struct fuzz_message *message,
                      const struct fuzz_step *step);

/* How the headers that were given reach a head. */
enum fuzz_given_form {
    FUZZ_GIVEN_MAP,         /* a map, there is no header yet: it is the head */
    FUZZ_GIVEN_LIST,        /* a flat list, likewise */
    FUZZ_GIVEN_PAIRS,       /* a list of pairs, likewise */
    FUZZ_GIVEN_MERGED_MAP,  /* a map whose headers are set one by one */
    FUZZ_GIVEN_MERGED_LIST, /* a flat list that replaces headers */
};
/* The value to be given, and what becomes of it: the code of the error, or NULL. */
nh_value fuzz_given_value(nh_memory *memory, const struct fuzz_message *message,
                          enum fuzz_given_form form);
const char *fuzz_take_given(struct fuzz_message *message, enum fuzz_given_form form);
/* The value that a map of what was given leaves under a name (lower case, any case given). */
struct fuzz_value fuzz_given_under(const struct fuzz_message *message, const char *name);
/* Whether the head may have a Trailer field, which is refused without chunks. */
bool fuzz_may_have_trailer(const struct fuzz_message *message);
/* Whether the head may fail for a Content-Disposition that is no text: of a body of known length
 * Node.js takes the bytes of the value (ERR_INVALID_ARG_TYPE). */
bool fuzz_may_refuse_disposition(const struct fuzz_message *message);
/* What making the head now comes to: a code, or NULL. Updates status and reason. */
const char *fuzz_predict_head(const struct fuzz_composer *composer, struct fuzz_message *message);

#endif
