/* http/support_internal.h - small things that several files of this layer need. */
#ifndef NH_HTTP_SUPPORT_INTERNAL_H
#define NH_HTTP_SUPPORT_INTERNAL_H

#include "core/object.h"
#include "stream/encoding.h"
#include "stream/stream_internal.h"

/* Adds `callback` to `event` as the optional callback argument of an API: falsy values are ignored,
 * anything else but a function is ERR_INVALID_ARG_TYPE ("listener"). */
nh_error *nh_http_add_callback(nh_emitter *emitter, const char *event, nh_value callback,
                               unsigned flags);
/* socket.setTimeout(milliseconds): ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; on a stream without that
 * method a TypeError, which calls the stream by `expression` ("this.socket"). */
nh_error *nh_http_set_socket_timeout(nh_stream *socket, nh_value milliseconds,
                                     const char *expression);
/* An error of which only the code and the message matter. */
nh_error *nh_http_error(nh_memory *memory, const char *code, const char *message);
/* The error of a connection that went away: ECONNRESET, "aborted" or "socket hang up". */
nh_error *nh_http_reset_error(nh_memory *memory, const char *message);
/* Throws `error` (consumed; NULL is allowed) as a JavaScript function that failed would. */
void nh_http_throw_take(nh_loop *loop, nh_error *error);
/* Destroys a stream for want of memory. */
void nh_http_destroy_without_memory(nh_stream *stream);
/* A function value that calls `call(object)` and keeps `object` alive; NH_INVALID without memory.
 */
nh_value nh_http_method_function(nh_emitter *object, const char *name, nh_function_call call);

/* value[index] in JavaScript: an element of a list, a character of a string, undefined otherwise
 * (owned, NH_INVALID without memory); a TypeError through `*out_error` (set only then) for
 * undefined and null. */
nh_value nh_http_element(nh_memory *memory, nh_value value, size_t index, nh_error **out_error);
/* Buffer.from(value, encoding): a string in that encoding, a buffer, or a list of numbers, as bytes
 * (`*out_buffer`, owned; set only without an error); ERR_INVALID_ARG_TYPE for anything else. */
nh_error *nh_http_bytes_of(nh_memory *memory, nh_value value, nh_encoding encoding,
                           nh_value *out_buffer);
/* The text that `%s` makes of a value in messages: strings as they are, everything else inspected
 * (owned). */
nh_value nh_http_shown(nh_memory *memory, nh_value value);
/* Whether a text has the ASCII `word` in it, letters compared without case, and not as a part of a
 * longer word (letters, digits, underscore). */
bool nh_http_contains_word(nh_bytes text, const char *word);

/* --- numbers (numbers.c) ------------------------------------------------------------------- */

/* JavaScript's ToNumber of scalars, strings and lists; NaN for anything else. */
double nh_http_to_number(nh_value value);
/* JavaScript's ToInt32, as in `value | 0`; a TypeError for bigints and symbols. */
nh_error *nh_http_to_int32(nh_memory *memory, nh_value value, int32_t *out_number);
/* ToInt32 of a number. */
int32_t nh_http_int32_of(double number);
/* An integer from `minimum` to 2^53 - 1: ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. */
nh_error *nh_http_check_integer(nh_memory *memory, const char *name, nh_value value,
                                double minimum);

#endif
