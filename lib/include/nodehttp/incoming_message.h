/* nodehttp/incoming_message.h - http.IncomingMessage: a request that a server reads, or a response
 * that a client reads.
 *
 * A Readable: stream functions (nh_readable_read(), nh_stream_destroy() ...) work on
 * nh_as_stream(message). Events beyond those of a Readable: 'aborted'.
 *
 * Getters that return a value give the caller a reference of its own. Objects and lists (headers,
 * rawHeaders ...) are built on first use and are the same at each call, as in Node.js.
 * Node: class http.IncomingMessage. */
#ifndef NODEHTTP_INCOMING_MESSAGE_H
#define NODEHTTP_INCOMING_MESSAGE_H

#include <nodehttp/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_incoming_message nh_incoming_message;

/* A message on `socket` (any stream; NULL for none; retained). The caller owns one reference; NULL
 * without memory. Node: new http.IncomingMessage(socket). */
nh_incoming_message *nh_incoming_message_new(nh_loop *loop, nh_stream *socket);

/* message.headers: a map of lower-case names; repeated fields are dropped or joined as Node.js
 * does, 'set-cookie' is always a list. */
nh_value nh_incoming_message_headers(nh_incoming_message *message);
/* message.headersDistinct: a map of lists, nothing is joined. */
nh_value nh_incoming_message_headers_distinct(nh_incoming_message *message);
/* message.rawHeaders: a list of names and values in turn, as received. */
nh_value nh_incoming_message_raw_headers(nh_incoming_message *message);
/* message.trailers, trailersDistinct, rawTrailers: empty before 'end'. */
nh_value nh_incoming_message_trailers(nh_incoming_message *message);
nh_value nh_incoming_message_trailers_distinct(nh_incoming_message *message);
nh_value nh_incoming_message_raw_trailers(nh_incoming_message *message);
/* The value of a header (lower-case name) as message.headers shows it; undefined when there is
 * none. */
nh_value nh_incoming_message_header(nh_incoming_message *message, const char *name);

/* message.httpVersion: "1.1"; null on a message that no parser made. */
nh_value nh_incoming_message_http_version(const nh_incoming_message *message);
/* message.httpVersionMajor, httpVersionMinor: a number, or null. */
nh_value nh_incoming_message_http_version_major(const nh_incoming_message *message);
nh_value nh_incoming_message_http_version_minor(const nh_incoming_message *message);
/* message.method: a string on requests, null on responses. */
nh_value nh_incoming_message_method(const nh_incoming_message *message);
/* message.url: a string, "" on responses. */
nh_value nh_incoming_message_url(const nh_incoming_message *message);
/* message.statusCode, statusMessage: of responses; null on requests. */
nh_value nh_incoming_message_status_code(const nh_incoming_message *message);
nh_value nh_incoming_message_status_message(const nh_incoming_message *message);
/* A program may assign to these; `value` may be anything and is retained. Headers and trailers that
 * are given a value that is false in JavaScript are made anew, of what was received. */
void nh_incoming_message_set_method(nh_incoming_message *message, nh_value value);
void nh_incoming_message_set_url(nh_incoming_message *message, nh_value value);
void nh_incoming_message_set_status_code(nh_incoming_message *message, nh_value value);
void nh_incoming_message_set_status_message(nh_incoming_message *message, nh_value value);
void nh_incoming_message_set_headers(nh_incoming_message *message, nh_value value);
void nh_incoming_message_set_headers_distinct(nh_incoming_message *message, nh_value value);
void nh_incoming_message_set_trailers(nh_incoming_message *message, nh_value value);
void nh_incoming_message_set_trailers_distinct(nh_incoming_message *message, nh_value value);

/* message.complete: the whole message was received. */
bool nh_incoming_message_is_complete(const nh_incoming_message *message);
/* A message that the program makes is as complete as it says: 'aborted' is for those that are not.
 */
void nh_incoming_message_set_complete(nh_incoming_message *message, bool complete);
/* message.aborted (deprecated). */
bool nh_incoming_message_is_aborted(const nh_incoming_message *message);
/* message.upgrade: true, false; null before a parser said. */
nh_value nh_incoming_message_upgrade(const nh_incoming_message *message);
/* message.socket, message.connection: borrowed; NULL when there is none. */
nh_stream *nh_incoming_message_socket(const nh_incoming_message *message);
nh_stream *nh_incoming_message_connection(const nh_incoming_message *message);
/* response.req: the ClientRequest (borrowed); NULL on a server's request. */
nh_emitter *nh_incoming_message_request(const nh_incoming_message *message);

/* message.socket.setTimeout(milliseconds), `callback` (function value or undefined) being added to
 * the message's 'timeout' first. ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. */
nh_error *nh_incoming_message_set_timeout(nh_incoming_message *message, nh_value milliseconds,
                                          nh_value callback);

#ifdef __cplusplus
}
#endif
#endif
