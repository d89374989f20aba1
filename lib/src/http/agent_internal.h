/* http/agent_internal.h - the fields of Agent, for its own files and the request.
 *
 * The pool lives in the maps that programs see (agent.sockets, freeSockets, requests): each key has
 * a list. A socket is in one of the first two lists from its creation to its 'close'. */
#ifndef NH_HTTP_AGENT_INTERNAL_H
#define NH_HTTP_AGENT_INTERNAL_H

#include <nodehttp/agent.h>

#include "http/client_loop_internal.h"
#include "stream/stream_internal.h"

struct nh_agent {
    nh_emitter emitter; /* first */
    nh_client_living living;
    nh_value properties[NH_AGENT_PROPERTIES];
    nh_value replacements[NH_AGENT_MEMBERS]; /* functions, or undefined */
    nh_value options;
    nh_value sockets;
    nh_value free_sockets;
    nh_value requests;
    double total_sockets;
};

extern const nh_class nh_agent_class;

static inline nh_agent *nh_agent_of(nh_emitter *emitter) {
    return (nh_agent *)(void *)emitter;
}

/* The property of that name, borrowed; undefined when there is none. */
nh_value nh_agent_member_of(const nh_agent *agent, const char *name);

/* --- agent_options.c ----------------------------------------------------------------------- */

/* `options` with those of the agent over them, as a connection of the agent is made with: owned.
 * ERR_INVALID_ARG_TYPE (a Host header that is no string). */
nh_error *nh_agent_connection_options(nh_agent *agent, nh_value options,
                                      const nh_client_request *request, nh_value *out_options);

/* --- agent_pool.c -------------------------------------------------------------------------- */

/* Listener of the agent's own 'free' event: (socket, options). */
void nh_agent_socket_is_free(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data);
/* The list under `key` (borrowed), made when missing; undefined without memory. */
nh_value nh_agent_list_in(nh_memory *memory, nh_value map, nh_value key);
/* Takes element `index` out of the list under `key`, and an empty list out of the map. */
void nh_agent_list_remove(nh_value map, nh_value key, size_t index);
/* The place of `object` in a list; SIZE_MAX when it is not there. */
size_t nh_agent_list_find(nh_value list, const nh_emitter *object);

/* --- agent_socket.c ------------------------------------------------------------------------ */

/* What a connection that was made for a queued request is to do. */
typedef enum nh_agent_purpose {
    NH_AGENT_FOR_REQUEST, /* it goes to the request */
    NH_AGENT_FOR_QUEUE    /* it becomes free, so that it goes to who is first in the queue */
} nh_agent_purpose;
/* Makes a connection; what goes wrong later is reported to the request. Errors: what
 * createConnection() throws. */
nh_error *nh_agent_create_socket(nh_agent *agent, nh_client_request *request, nh_value options,
                                 nh_agent_purpose purpose);
/* Hands `socket` to `request` and sets its timeout. */
nh_error *nh_agent_assign_socket(nh_agent *agent, nh_client_request *request, nh_stream *socket);
/* A socket leaves the agent, or starts to be idle; a waiting request may get a new one. */
nh_error *nh_agent_remove_socket(nh_agent *agent, nh_stream *socket, nh_value options);
/* Listener of an idle socket's 'error'. */
void nh_agent_idle_socket_failed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                                 void *data);

#endif
