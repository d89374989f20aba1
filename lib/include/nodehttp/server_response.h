/* nodehttp/server_response.h - http.ServerResponse: what a server writes.
 *
 * An OutgoingMessage: setHeader(), write(), end() and the like are those of
 * nodehttp/outgoing_message.h on nh_as_outgoing_message(response). Events: those of
 * OutgoingMessage; 'close' comes once, when the response is complete or its connection is gone.
 * Node: class http.ServerResponse. */
#ifndef NODEHTTP_SERVER_RESPONSE_H
#define NODEHTTP_SERVER_RESPONSE_H

#include <nodehttp/incoming_message.h>
#include <nodehttp/outgoing_message.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_server_response nh_server_response;

/* An answer to `request` (retained) on no connection yet: assign_socket() gives it one. `options`:
 * a map with highWaterMark, rejectNonStandardBodyWrites, or undefined. One reference; NULL without
 * memory. Node: new http.ServerResponse(request, options). */
nh_server_response *nh_server_response_new(nh_incoming_message *request, nh_value options);

/* Builds the head. `status_code` is converted to a 32-bit integer; `reason` is the reason phrase if
 * it is a string, otherwise it may stand for `headers`; `headers` is a map, a flat list of names
 * and values, a list of pairs, or undefined. ERR_HTTP_HEADERS_SENT, ERR_HTTP_INVALID_STATUS_CODE,
 * ERR_INVALID_CHAR, ERR_INVALID_ARG_VALUE, ERR_INVALID_HTTP_TOKEN, ERR_HTTP_INVALID_HEADER_VALUE,
 * ERR_HTTP_TRAILER_INVALID. Node: response.writeHead(). */
nh_error *nh_server_response_write_head(nh_server_response *response, nh_value status_code,
                                        nh_value reason, nh_value headers);
/* Sends "HTTP/1.1 100 Continue" / "102 Processing" at once. `callback`: function value or
 * undefined. Errors: no memory. Node: writeContinue(), writeProcessing(). */
nh_error *nh_server_response_write_continue(nh_server_response *response, nh_value callback);
nh_error *nh_server_response_write_processing(nh_server_response *response, nh_value callback);
/* Sends "HTTP/1.1 103 Early Hints" with the fields of the map `hints`, of which `link` (a string or
 * a list) has to be there. ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE. Node: writeEarlyHints(). */
nh_error *nh_server_response_write_early_hints(nh_server_response *response, nh_value hints,
                                               nh_value callback);

/* Makes `socket` (retained) the response's connection: emits 'socket' and sends what waits. It has
 * one at a time, and leaves the one before. ERR_HTTP_SOCKET_ASSIGNED. Node: assignSocket(),
 * detachSocket(). */
nh_error *nh_server_response_assign_socket(nh_server_response *response, nh_stream *socket);
void nh_server_response_detach_socket(nh_server_response *response, nh_stream *socket);

/* response.statusCode, statusMessage: any value may be set; owned when returned. The message is
 * undefined until it is set or the head is built. */
nh_value nh_server_response_status_code(const nh_server_response *response);
void nh_server_response_set_status_code(nh_server_response *response, nh_value status_code);
nh_value nh_server_response_status_message(const nh_server_response *response);
void nh_server_response_set_status_message(nh_server_response *response, nh_value message);
/* response.req: borrowed; NULL once the response has closed and nobody holds the request any more.
 */
nh_incoming_message *nh_server_response_request(const nh_server_response *response);

#ifdef __cplusplus
}
#endif
#endif
