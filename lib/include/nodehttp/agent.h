/* nodehttp/agent.h - http.Agent: the pool of connections that client requests share.
 *
 * A socket is in `sockets` while a request uses it, in `freeSockets` while it is idle; requests
 * that may not have a socket yet wait in `requests`. All three are maps from the name that
 * nh_agent_get_name() gives to a list. The agent emits 'free' (socket, options) when a request is
 * done with a socket that can be used again; its own listener, the first, does the pooling.
 *
 * The agent listens to 'free', 'close', 'timeout' and 'agentRemove' of every socket it manages, and
 * to 'error' of idle ones. */
#ifndef NODEHTTP_AGENT_H
#define NODEHTTP_AGENT_H

#include <nodehttp/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_agent nh_agent;
typedef struct nh_client_request nh_client_request;

/* A new agent. `options` is a map (anything else counts as empty) with Node's names: keepAlive,
 * keepAliveMsecs (milliseconds), maxSockets, maxTotalSockets, maxFreeSockets, scheduling ("lifo",
 * "fifo"), timeout (milliseconds), noDelay, and options of connect(), which win over those of a
 * request. It is copied. `*out_agent` is owned. ERR_INVALID_ARG_VALUE (scheduling),
 * ERR_INVALID_ARG_TYPE and ERR_OUT_OF_RANGE (maxTotalSockets). Node: new http.Agent(). */
nh_error *nh_agent_new(nh_loop *loop, nh_value options, nh_agent **out_agent);

/* http.globalAgent: what assigned last, or the loop's own agent (keepAlive true, scheduling "lifo",
 * timeout 5000), made on first use. An owned value; NH_INVALID without memory. */
nh_value nh_http_global_agent(nh_loop *loop);
/* Assigns http.globalAgent; any value is accepted, as in Node.js. False without memory. */
bool nh_http_set_global_agent(nh_loop *loop, nh_value agent);

/* Destroys every socket, in use or idle. Waiting requests are not affected. Node: agent.destroy().
 */
void nh_agent_destroy(nh_agent *agent);
/* The key under which a connection for `options` is kept: "host:port:localAddress[:family]
 * [:socketPath]". An owned string. For null, a TypeError as JavaScript throws it. Node:
 * agent.getName(). */
nh_error *nh_agent_get_name(nh_agent *agent, nh_value options, nh_value *out_name);

/* --- what a program may replace ----------------------------------------------------------- */

/* Makes a connection; `callback` (function (error, stream), or undefined). `*out_stream` (owned) is
 * a stream, or undefined when the callback delivers it. Returned errors: those of
 * nh_socket_connect(), or what the replacement threw. Node: agent.createConnection(). */
nh_error *nh_agent_create_connection(nh_agent *agent, nh_value options, nh_value callback,
                                     nh_value *out_stream);
/* A request is done with `socket`; whether it can be kept. By default switches on TCP keep-alive,
 * unreferences the socket and sets the idle timeout, heeding the server's "Keep-Alive: timeout=N".
 * Returned errors: what the replacement threw. Node: agent.keepSocketAlive(). */
nh_error *nh_agent_keep_socket_alive(nh_agent *agent, nh_stream *socket, bool *out_keep);
/* `socket` gets `request` after having been idle. Node: agent.reuseSocket(). */
nh_error *nh_agent_reuse_socket(nh_agent *agent, nh_stream *socket, nh_client_request *request);
/* Gives `request` a socket: an idle one, a new one, or its place in the queue. Node:
 * agent.addRequest(). */
nh_error *nh_agent_add_request(nh_agent *agent, nh_client_request *request, nh_value options);

/* Members that can be replaced. A replacement is a function value that is called with the
 * arguments of the member and the agent behind them; undefined restores the default. */
typedef enum nh_agent_member {
    NH_AGENT_CREATE_CONNECTION,
    NH_AGENT_KEEP_SOCKET_ALIVE,
    NH_AGENT_REUSE_SOCKET,
    NH_AGENT_GET_NAME
} nh_agent_member;
#define NH_AGENT_MEMBERS 4
void nh_agent_replace(nh_agent *agent, nh_agent_member member, nh_value function);
/* The replacement, borrowed; undefined for the default. */
nh_value nh_agent_replacement(const nh_agent *agent, nh_agent_member member);

/* --- properties --------------------------------------------------------------------------- */

/* agent.sockets, freeSockets, requests, options: the maps themselves (owned references), so that
 * they show later changes. */
nh_value nh_agent_sockets(const nh_agent *agent);
nh_value nh_agent_free_sockets(const nh_agent *agent);
nh_value nh_agent_requests(const nh_agent *agent);
nh_value nh_agent_options(const nh_agent *agent);
/* agent.totalSocketCount: sockets in use and idle. */
double nh_agent_total_socket_count(const nh_agent *agent);

/* Properties that are plain fields in Node.js: they take any value and give it back. */
typedef enum nh_agent_property {
    NH_AGENT_DEFAULT_PORT,      /* defaultPort: 80 */
    NH_AGENT_PROTOCOL,          /* protocol: "http:" */
    NH_AGENT_KEEP_ALIVE,        /* keepAlive: false */
    NH_AGENT_KEEP_ALIVE_MSECS,  /* keepAliveMsecs: 1000 */
    NH_AGENT_MAX_SOCKETS,       /* maxSockets: Infinity */
    NH_AGENT_MAX_TOTAL_SOCKETS, /* maxTotalSockets: Infinity */
    NH_AGENT_MAX_FREE_SOCKETS,  /* maxFreeSockets: 256 */
    NH_AGENT_SCHEDULING         /* scheduling: "lifo" */
} nh_agent_property;
#define NH_AGENT_PROPERTIES 8
/* An owned value. */
nh_value nh_agent_get(const nh_agent *agent, nh_agent_property property);
void nh_agent_set(nh_agent *agent, nh_agent_property property, nh_value value);

#ifdef __cplusplus
}
#endif
#endif
