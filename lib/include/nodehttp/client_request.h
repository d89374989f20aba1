/* nodehttp/client_request.h - http.request(), http.get() and http.ClientRequest.
 *
 * A request is an OutgoingMessage: headers, write() and end() are those of
 * nodehttp/outgoing_message.h. Events beyond: 'socket' (stream), 'response' (incoming message),
 * 'continue', 'information' (map), 'upgrade' and 'connect' (incoming message, stream, head buffer),
 * 'timeout', 'abort', 'error' (error), 'close'.
 *
 * A request that waits for a connection or a response keeps itself alive until its 'close'. */
#ifndef NODEHTTP_CLIENT_REQUEST_H
#define NODEHTTP_CLIENT_REQUEST_H

#include <nodehttp/agent.h>
#include <nodehttp/incoming_message.h>
#include <nodehttp/outgoing_message.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts a request. The three arguments are told apart by their kind, as in Node.js: `url` is a URL
 * string, a URL (nh_url_new()) or the options; `options` are options or the callback; `callback`
 * (function (response)) is added once to 'response'. Leave out what is missing as undefined.
 * Options are a map with Node's names. `*out_request` is owned.
 * Returned errors: ERR_INVALID_URL, URIError, ERR_UNESCAPED_CHARACTERS, ERR_INVALID_PROTOCOL,
 * ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, ERR_INVALID_HTTP_TOKEN,
 * ERR_HTTP_INVALID_HEADER_VALUE, ERR_INVALID_CHAR, and what connecting returns. Node:
 * http.request(). */
nh_error *nh_http_request(nh_loop *loop, nh_value url, nh_value options, nh_value callback,
                          nh_client_request **out_request);
/* The same, and ends the request. Node: http.get(). */
nh_error *nh_http_get(nh_loop *loop, nh_value url, nh_value options, nh_value callback,
                      nh_client_request **out_request);

/* Parses `input` (a string) by the WHATWG URL Standard: a map with href, origin, protocol,
 * username, password, host, hostname, port, pathname, search and hash. ERR_INVALID_URL. Node: new
 * URL(). */
nh_error *nh_url_new(nh_memory *memory, nh_value input, nh_value *out_url);
/* The options that such a URL stands for. URIError. Node: url.urlToHttpOptions(). */
nh_error *nh_url_to_http_options(nh_memory *memory, nh_value url, nh_value *out_options);

/* Destroys the request after emitting 'abort' on the next tick. Node: request.abort() (deprecated).
 */
void nh_client_request_abort(nh_client_request *request);
/* Destroys the request and its socket; `error` (borrowed) may be NULL. Node: request.destroy(). */
void nh_client_request_destroy(nh_client_request *request, nh_error *error);
/* Gives the request its stream, or (`error`) the reason why there is none: both may be NULL. For
 * agents. Node: request.onSocket(). */
void nh_client_request_on_socket(nh_client_request *request, nh_stream *stream, nh_error *error);
/* Emits 'timeout' after `milliseconds` without activity on the socket; `callback` (function value
 * or undefined) is added once to 'timeout'. ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. Node:
 * request.setTimeout(). */
nh_error *nh_client_request_set_timeout(nh_client_request *request, nh_value milliseconds,
                                        nh_value callback);
/* Applied to the socket once there is one. Node: request.setNoDelay(), setSocketKeepAlive(). */
void nh_client_request_set_no_delay(nh_client_request *request, bool enable);
void nh_client_request_set_socket_keep_alive(nh_client_request *request, bool enable,
                                             double initial_delay_ms);

/* request.aborted, destroyed, reusedSocket */
bool nh_client_request_is_aborted(const nh_client_request *request);
bool nh_client_request_is_destroyed(const nh_client_request *request);
bool nh_client_request_reused_socket(const nh_client_request *request);
void nh_client_request_set_reused_socket(nh_client_request *request, bool reused);
/* request.upgradeOrConnect */
bool nh_client_request_is_upgrade_or_connect(const nh_client_request *request);

/* Properties that are plain fields in Node.js: they take any value and give it back. Assigning has
 * an effect where there is a *; `res` cannot be assigned. */
typedef enum nh_client_request_property {
    NH_CLIENT_REQUEST_METHOD,                 /* method *: upper-case string */
    NH_CLIENT_REQUEST_PATH,                   /* path *: string */
    NH_CLIENT_REQUEST_HOST,                   /* host: string */
    NH_CLIENT_REQUEST_PROTOCOL,               /* protocol: string */
    NH_CLIENT_REQUEST_AGENT,                  /* agent: what manages the socket, or undefined */
    NH_CLIENT_REQUEST_SOCKET_PATH,            /* socketPath */
    NH_CLIENT_REQUEST_TIMEOUT,                /* timeout *: milliseconds or undefined */
    NH_CLIENT_REQUEST_MAX_HEADERS_COUNT,      /* maxHeadersCount *: number or null */
    NH_CLIENT_REQUEST_MAX_HEADER_SIZE,        /* maxHeaderSize: bytes or undefined */
    NH_CLIENT_REQUEST_INSECURE_HTTP_PARSER,   /* insecureHTTPParser: boolean or undefined */
    NH_CLIENT_REQUEST_JOIN_DUPLICATE_HEADERS, /* joinDuplicateHeaders: boolean or undefined */
    NH_CLIENT_REQUEST_RES                     /* res: the response, or null */
} nh_client_request_property;
/* An owned value. */
nh_value nh_client_request_get(const nh_client_request *request,
                               nh_client_request_property property);
void nh_client_request_set(nh_client_request *request, nh_client_request_property property,
                           nh_value value);

#ifdef __cplusplus
}
#endif
#endif
