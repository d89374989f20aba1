/* nodehttp/outgoing_message.h - http.OutgoingMessage: what ServerResponse and ClientRequest have in
 * common.
 *
 * Events: 'drain', 'finish', 'prefinish', 'pipe' (source), 'unpipe' (source), 'socket' (socket),
 * 'timeout', 'error' (error), 'close'. nh_as_outgoing_message() converts a response or a request.
 *
 * Header values may be any value; getters give back what was set. What Node.js throws is returned
 * (owned; NULL for success). Node: class http.OutgoingMessage. */
#ifndef NODEHTTP_OUTGOING_MESSAGE_H
#define NODEHTTP_OUTGOING_MESSAGE_H

#include <nodehttp/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_outgoing_message nh_outgoing_message;
#define nh_as_outgoing_message(object) ((nh_outgoing_message *)(void *)(object))

/* A message that nothing sends, as a program that derives from the class makes it. `options`: a map
 * with highWaterMark, rejectNonStandardBodyWrites, or undefined. One reference; NULL without
 * memory. Node: new http.OutgoingMessage(options). */
nh_outgoing_message *nh_outgoing_message_new(nh_loop *loop, nh_value options);

/* --- headers ------------------------------------------------------------------------------ */

/* Sets a header, replacing one of that name (any case). ERR_HTTP_HEADERS_SENT,
 * ERR_INVALID_HTTP_TOKEN, ERR_HTTP_INVALID_HEADER_VALUE, ERR_INVALID_CHAR. Node: setHeader(). */
nh_error *nh_outgoing_message_set_header(nh_outgoing_message *message, nh_value name,
                                         nh_value value);
/* The same with C strings. */
nh_error *nh_outgoing_message_set_header_text(nh_outgoing_message *message, const char *name,
                                              const char *value);
/* Sets all headers of a Headers or Map object, given as nh_list_new_entries() makes it; an array is
 * none. One that fails leaves those before it set.
 * ERR_HTTP_HEADERS_SENT, ERR_INVALID_ARG_TYPE. Node: setHeaders(). */
nh_error *nh_outgoing_message_set_headers(nh_outgoing_message *message, nh_value headers);
/* Adds a value, or each of a list. Errors as setHeader(). Node: appendHeader(). */
nh_error *nh_outgoing_message_append_header(nh_outgoing_message *message, nh_value name,
                                            nh_value value);
/* The value as it was set (owned); undefined when there is none. ERR_INVALID_ARG_TYPE. */
nh_error *nh_outgoing_message_get_header(nh_outgoing_message *message, nh_value name,
                                         nh_value *out_value);
/* A map of lower-case names; a list of lower-case names; a list of names as they were set. Owned,
 * NH_INVALID without memory. */
nh_value nh_outgoing_message_get_headers(nh_outgoing_message *message);
nh_value nh_outgoing_message_get_header_names(nh_outgoing_message *message);
nh_value nh_outgoing_message_get_raw_header_names(nh_outgoing_message *message);
/* ERR_INVALID_ARG_TYPE. */
nh_error *nh_outgoing_message_has_header(nh_outgoing_message *message, nh_value name,
                                         bool *out_has);
/* ERR_INVALID_ARG_TYPE, ERR_HTTP_HEADERS_SENT. */
nh_error *nh_outgoing_message_remove_header(nh_outgoing_message *message, nh_value name);
/* Fields (a map, or a list of pairs) to be sent after the body, if that is chunked.
 * ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR. Node: addTrailers(). */
nh_error *nh_outgoing_message_add_trailers(nh_outgoing_message *message, nh_value trailers);
/* Sends the head now. Errors: those of building the head. Node: flushHeaders(). */
nh_error *nh_outgoing_message_flush_headers(nh_outgoing_message *message);

/* --- body --------------------------------------------------------------------------------- */

/* Sends a part of the body; the first one is preceded by the head. `chunk`: string or buffer;
 * `encoding` and `callback` may be undefined, and `encoding` may be the callback. `*out_more` (may
 * be NULL) is what Node.js returns: false asks to wait for 'drain'. ERR_STREAM_NULL_VALUES,
 * ERR_INVALID_ARG_TYPE, ERR_HTTP_CONTENT_LENGTH_MISMATCH, ERR_HTTP_BODY_NOT_ALLOWED,
 * ERR_METHOD_NOT_IMPLEMENTED (no head can be made), those of building the head. Emitted:
 * ERR_STREAM_WRITE_AFTER_END. To the callback: ERR_STREAM_DESTROYED. Node: write(). */
nh_error *nh_outgoing_message_write(nh_outgoing_message *message, nh_value chunk, nh_value encoding,
                                    nh_value callback, bool *out_more);
/* Copies the bytes; shorthand. */
nh_error *nh_outgoing_message_write_bytes(nh_outgoing_message *message, nh_bytes bytes,
                                          bool *out_more);
/* Ends the message, after a last chunk unless undefined or null. A function in place of `chunk` or
 * `encoding` is the callback; it is called on 'finish'. Errors as write(). Node: end(). */
nh_error *nh_outgoing_message_end(nh_outgoing_message *message, nh_value chunk, nh_value encoding,
                                  nh_value callback);
/* Copies the bytes; shorthand. */
nh_error *nh_outgoing_message_end_bytes(nh_outgoing_message *message, nh_bytes bytes);
/* Node: cork(), uncork(). */
void nh_outgoing_message_cork(nh_outgoing_message *message);
void nh_outgoing_message_uncork(nh_outgoing_message *message);
/* Emits 'error' with ERR_STREAM_CANNOT_PIPE. Node: pipe(). */
void nh_outgoing_message_pipe(nh_outgoing_message *message);
/* Destroys the socket, now or as soon as there is one. `error` is borrowed, may be NULL. Node:
 * destroy(). */
void nh_outgoing_message_destroy(nh_outgoing_message *message, nh_error *error);
/* message.socket.setTimeout(), now or as soon as there is one; `callback` (function value or
 * undefined) is added to 'timeout'. ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. Node: setTimeout(). */
nh_error *nh_outgoing_message_set_timeout(nh_outgoing_message *message, nh_value milliseconds,
                                          nh_value callback);

/* --- properties --------------------------------------------------------------------------- */

bool nh_outgoing_message_headers_sent(const nh_outgoing_message *message);
bool nh_outgoing_message_is_finished(const nh_outgoing_message *message); /* message.finished */
bool nh_outgoing_message_writable_ended(const nh_outgoing_message *message);
bool nh_outgoing_message_writable_finished(const nh_outgoing_message *message);
/* Bytes; characters (UTF-16 units) of strings that wait for a socket. */
double nh_outgoing_message_writable_length(const nh_outgoing_message *message);
/* What of that waits for the connection or for its turn on it. Node: message.outputSize, not
 * documented. */
double nh_outgoing_message_output_size(const nh_outgoing_message *message);
double nh_outgoing_message_writable_high_water_mark(const nh_outgoing_message *message);
int nh_outgoing_message_writable_corked(const nh_outgoing_message *message);
bool nh_outgoing_message_writable_need_drain(const nh_outgoing_message *message);
bool nh_outgoing_message_writable_object_mode(const nh_outgoing_message *message);
bool nh_outgoing_message_is_writable(const nh_outgoing_message *message); /* message.writable */
bool nh_outgoing_message_is_destroyed(const nh_outgoing_message *message);
bool nh_outgoing_message_is_closed(const nh_outgoing_message *message);
/* Borrowed: null until destroy() is called, then its error, or undefined when it had none. */
nh_value nh_outgoing_message_errored(const nh_outgoing_message *message);
/* message.socket, message.connection: borrowed; NULL when there is none. */
nh_stream *nh_outgoing_message_socket(const nh_outgoing_message *message);
nh_stream *nh_outgoing_message_connection(const nh_outgoing_message *message);

/* Properties that a program may set. */
bool nh_outgoing_message_send_date(const nh_outgoing_message *message);
void nh_outgoing_message_set_send_date(nh_outgoing_message *message, bool send);
bool nh_outgoing_message_strict_content_length(const nh_outgoing_message *message);
void nh_outgoing_message_set_strict_content_length(nh_outgoing_message *message, bool strict);
bool nh_outgoing_message_chunked_encoding(const nh_outgoing_message *message);
void nh_outgoing_message_set_chunked_encoding(nh_outgoing_message *message, bool chunked);
bool nh_outgoing_message_should_keep_alive(const nh_outgoing_message *message);
void nh_outgoing_message_set_should_keep_alive(nh_outgoing_message *message, bool keep_alive);
bool nh_outgoing_message_use_chunked_encoding_by_default(const nh_outgoing_message *message);
void nh_outgoing_message_set_use_chunked_encoding_by_default(nh_outgoing_message *message,
                                                             bool chunked);
bool nh_outgoing_message_max_requests_on_connection_reached(const nh_outgoing_message *message);
void nh_outgoing_message_set_max_requests_on_connection_reached(nh_outgoing_message *message,
                                                                bool reached);

#ifdef __cplusplus
}
#endif
#endif
