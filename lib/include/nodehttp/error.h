/* nodehttp/error.h - errors with the name, code and message that Node.js gives them.
 *
 * What Node.js throws, a call here returns: `nh_error *`, NULL for success. The caller owns a
 * returned error and releases it. Errors are immutable once they have been handed out. */
#ifndef NODEHTTP_ERROR_H
#define NODEHTTP_ERROR_H

#include <nodehttp/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new error. `name` ("Error", "TypeError", "RangeError", "AbortError", ...) and `code` (may be
 * NULL) are copied, the message is formatted as printf does. Never returns NULL: without memory it
 * is the shared ERR_MEMORY_ALLOCATION_FAILED error. */
nh_error *nh_error_new(nh_memory *memory, const char *name, const char *code, const char *format,
                       ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;
/* The same with a message that is there already, and may contain any bytes of UTF-8. */
nh_error *nh_error_new_of_bytes(nh_memory *memory, const char *name, const char *code,
                                nh_bytes message);
/* The same, consuming a string value; NH_INVALID gives the shared error. */
nh_error *nh_error_new_of_string_take(nh_memory *memory, const char *name, const char *code,
                                      nh_value message);
/* The shared error for a refused allocation; may be retained and released like any other. */
nh_error *nh_error_out_of_memory(void);

/* A system error as Node.js builds it: message "<syscall> <code>[ <address>[:<port>]]", with the
 * properties errno, code, syscall and, where given, address and port. `status` is a negative errno
 * or a negative libuv/EAI code; `address` may be NULL; `port` < 1 leaves the port out. */
nh_error *nh_error_new_system(nh_memory *memory, int status, const char *syscall,
                              const char *address, double port);
/* The same for connect(), when the local end was chosen as well: " - Local (<address>:<port>)" and
 * the properties localAddress and localPort. `local_address` NULL leaves that out. */
nh_error *nh_error_new_connect(nh_memory *memory, int status, const char *address, int port,
                               const char *local_address, int local_port);
/* The same for listen(), which describes the status as well: "listen EADDRINUSE: address already
 * in use 127.0.0.1:80". `port` -1 (a path) becomes a property, but is not in the message. */
nh_error *nh_error_new_listen(nh_memory *memory, int status, const char *address, int port);
/* The same for a failed look-up: "getaddrinfo ENOTFOUND <host>", properties errno, code, syscall
 * and hostname. */
nh_error *nh_error_new_lookup(nh_memory *memory, int status, const char *host);
/* "connection reset by peer" for -ECONNRESET and so on; "unknown error" otherwise. */
const char *nh_status_description(int status);
/* "ECONNRESET" for -ECONNRESET and so on; "UNKNOWN" for a number nobody knows. */
const char *nh_status_name(int status);
/* The negative number for "ECONNRESET" and so on; 0 when unknown. */
int nh_status_of_name(const char *name);

/* JavaScript lets a program throw any value, or destroy() a stream with it. An error that stands
 * for such a value and carries it to where it is caught or emitted. An error value is just
 * retained. Never returns NULL. */
nh_error *nh_error_of_value(nh_memory *memory, nh_value value);
/* The value that an error stands for (borrowed); NH_INVALID when it is an error proper. */
nh_value nh_error_stands_for(const nh_error *error);

nh_error *nh_error_retain(nh_error *error);
void nh_error_release(nh_error *error); /* NULL is allowed */

/* All borrowed from the error. */
const char *nh_error_name(const nh_error *error);
const char *nh_error_code(const nh_error *error); /* NULL when there is none */
const char *nh_error_message(const nh_error *error);
nh_bytes nh_error_message_bytes(const nh_error *error);
/* Additional properties (errno, syscall, bytesParsed, rawPacket, reason, cause, errors ...):
 * undefined when there is none. Not name, code or message. */
nh_value nh_error_property(const nh_error *error, const char *key);
size_t nh_error_property_count(const nh_error *error);
nh_bytes nh_error_property_key_at(const nh_error *error, size_t index);
nh_value nh_error_property_at(const nh_error *error, size_t index);
/* Adds a property, consuming `value`; only for who made the error and has not handed it out yet.
 * Without memory the property is left out. */
void nh_error_set_property_take(nh_error *error, const char *key, nh_value value);

/* --- the argument errors of Node.js ------------------------------------------------------- */

/* ERR_INVALID_ARG_TYPE: `The "<name>" argument must be <expected>. Received <...>`; `name` with a
 * dot is called a property; `expected` is the rest of the sentence ("of type string"). */
nh_error *nh_error_new_argument_type(nh_memory *memory, const char *name, const char *expected,
                                     nh_value received);
/* ERR_INVALID_ARG_VALUE: `The argument '<name>' <reason>. Received <inspected>` (property when
 * the name has a dot). */
nh_error *nh_error_new_argument_value(nh_memory *memory, const char *name, nh_value received,
                                      const char *reason);
/* ERR_OUT_OF_RANGE: `The value of "<name>" is out of range. It must be <range>. Received <n>`. */
nh_error *nh_error_new_out_of_range(nh_memory *memory, const char *name, const char *range,
                                    nh_value received);
/* What `value` is, the way those messages put it after "Received": "undefined",
 * "type string ('a')", "an instance of Socket", "function name" (a string value). */
nh_value nh_value_describe(nh_memory *memory, nh_value value);
/* `value` the way util.inspect prints it in those messages (a string value). */
nh_value nh_value_inspect(nh_memory *memory, nh_value value);

#ifdef __cplusplus
}
#endif
#endif
