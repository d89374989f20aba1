/* nodehttp/server.h - http.Server.
 *
 * A net.Server: nh_net_server_listen(), address() and the like work on nh_as_net_server(server);
 * close() has its own function here. Events beyond those of net.Server: 'request' (request,
 * response), 'checkContinue' (request, response), 'checkExpectation' (request, response), 'connect'
 * (request, socket, head), 'upgrade' (request, socket, head), 'clientError' (error, socket),
 * 'dropRequest' (request, socket), 'timeout' (socket).
 *
 * A program may emit 'connection' with any Duplex to have HTTP spoken over it. Node: class
 * http.Server. */
#ifndef NODEHTTP_SERVER_H
#define NODEHTTP_SERVER_H

#include <nodehttp/net_server.h>
#include <nodehttp/server_response.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_server nh_server;
#define nh_as_net_server(object) ((nh_net_server *)(void *)(object))

/* A new server. `options`: a map with the names that Node.js gives them
 * (connectionsCheckingInterval, headersTimeout, highWaterMark, insecureHTTPParser,
 * joinDuplicateHeaders, keepAlive, keepAliveInitialDelay, keepAliveTimeout, maxHeaderSize, noDelay,
 * rejectNonStandardBodyWrites, requestTimeout, requireHostHeader, uniqueHeaders), undefined, null,
 * or the listener itself. `request_listener`: a function value (request, response) or undefined.
 * `*out_server` is owned by the caller; NULL when an error is returned. ERR_INVALID_ARG_TYPE,
 * ERR_OUT_OF_RANGE. Node: http.createServer(). */
nh_error *nh_server_new(nh_loop *loop, nh_value options, nh_value request_listener,
                        nh_server **out_server);

/* `object` as an http.Server; NULL when it is something else, a net.Server, say. */
nh_server *nh_server_of(nh_emitter *object);
/* Stops listening, and closes the connections that wait for a next request. `callback` as for
 * nh_net_server_close(). Node: server.close(). */
void nh_server_close(nh_server *server, nh_value callback);
/* Destroys every connection / those that wait for a next request. Upgraded ones are left alone.
 * Node: server.closeAllConnections(), closeIdleConnections(). */
void nh_server_close_all_connections(nh_server *server);
void nh_server_close_idle_connections(nh_server *server);
/* Closes; `callback` (error or nothing) is called as a microtask when it has closed or failed with
 * ERR_SERVER_NOT_RUNNING. Node: server[Symbol.asyncDispose](), whose promise it settles. */
void nh_server_async_dispose(nh_server *server, nh_value callback);
/* Sets the inactivity timeout of connections to come; `callback` is added to 'timeout'.
 * ERR_INVALID_ARG_TYPE (a callback that is no function). Node: server.setTimeout(). */
nh_error *nh_server_set_timeout(nh_server *server, nh_value milliseconds, nh_value callback);

/* Properties, by their names in Node.js: timeout, keepAliveTimeout, headersTimeout, requestTimeout,
 * maxHeadersCount, maxRequestsPerSocket, httpAllowHalfOpen, requireHostHeader,
 * rejectNonStandardBodyWrites, joinDuplicateHeaders, maxHeaderSize, insecureHTTPParser,
 * connectionsCheckingInterval, highWaterMark, noDelay, keepAlive, keepAliveInitialDelay,
 * allowHalfOpen, pauseOnConnect.
 * nh_server_property() gives an owned value, undefined for other names; nh_server_set_property()
 * takes any value (nothing is checked before it is used, as in Node.js) and is false for other
 * names. Milliseconds and bytes. */
nh_value nh_server_property(const nh_server *server, const char *name);
bool nh_server_set_property(nh_server *server, const char *name, nh_value value);

#ifdef __cplusplus
}
#endif
#endif
