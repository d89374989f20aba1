/* The pool: who gets which socket, and who waits. */
#include "http/agent_internal.h"

#include "http/client_request_internal.h"
#include "http/support_internal.h"

#include <math.h>
#include <stdlib.h>

static nh_memory *memory_of(const nh_agent *agent) {
    return nh_object_memory(&agent->emitter);
}

/* --- lists -------------------------------------------------------------------------------- */

nh_value nh_agent_list_in(nh_memory *memory, nh_value map, nh_value key) {
    nh_bytes name = nh_value_bytes(key);
    nh_value list = nh_map_get_bytes(map, name);
    if (list.type != NH_LIST && nh_map_set_bytes_take(map, name, nh_list_new(memory))) {
        list = nh_map_get_bytes(map, name);
    }
    return list.type == NH_LIST ? list : nh_undefined();
}

void nh_agent_list_remove(nh_value map, nh_value key, size_t index) {
    nh_value list = nh_map_get_bytes(map, nh_value_bytes(key));
    nh_list_remove(list, index);
    if (nh_list_length(list) == 0) {
        nh_map_delete_bytes(map, nh_value_bytes(key));
    }
}

size_t nh_agent_list_find(nh_value list, const nh_emitter *object) {
    for (size_t i = 0; i < nh_list_length(list); i++) {
        if (nh_list_get(list, i).as.object == object) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* --- limits ------------------------------------------------------------------------------- */

/* A limit as JavaScript's comparison reads it; what is no number is neither reached nor not. */
static double limit_of(const nh_agent *agent, nh_agent_property property) {
    nh_value value = agent->properties[property];
    if (value.type == NH_NUMBER) {
        return value.as.number;
    }
    if (value.type == NH_BOOLEAN) {
        return value.as.boolean ? 1 : 0;
    }
    if (value.type != NH_STRING) {
        return value.type == NH_NULL ? 0 : NAN;
    }
    char *end = NULL;
    double number = strtod(nh_value_text(value), &end);
    return *end == '\0' ? number : NAN;
}

/* Whether one more socket of that name may be opened. */
static bool may_open(const nh_agent *agent, nh_value name) {
    size_t open = nh_list_length(nh_map_get_bytes(agent->sockets, nh_value_bytes(name))) +
                  nh_list_length(nh_map_get_bytes(agent->free_sockets, nh_value_bytes(name)));
    return (double)open < limit_of(agent, NH_AGENT_MAX_SOCKETS) &&
           agent->total_sockets < limit_of(agent, NH_AGENT_MAX_TOTAL_SOCKETS);
}

/* Whether a socket that is not needed any more is one too many. */
static bool is_surplus(const nh_agent *agent, nh_value name) {
    size_t idle = nh_list_length(nh_map_get_bytes(agent->free_sockets, nh_value_bytes(name)));
    size_t open = idle + nh_list_length(nh_map_get_bytes(agent->sockets, nh_value_bytes(name)));
    return agent->total_sockets > limit_of(agent, NH_AGENT_MAX_TOTAL_SOCKETS) ||
           (double)open > limit_of(agent, NH_AGENT_MAX_SOCKETS) ||
           (double)idle >= limit_of(agent, NH_AGENT_MAX_FREE_SOCKETS);
}

/* --- a request comes ---------------------------------------------------------------------- */

/* An idle socket, taken out of the pool; owned, undefined when there is none. */
static nh_value take_idle_socket(nh_agent *agent, nh_value name) {
    nh_value list = nh_map_get_bytes(agent->free_sockets, nh_value_bytes(name));
    if (list.type != NH_LIST) {
        return nh_undefined();
    }
    while (nh_list_length(list) > 0 &&
           nh_stream_is_destroyed(nh_as_stream(nh_list_get(list, 0).as.object))) {
        nh_list_remove(list, 0);
    }
    size_t count = nh_list_length(list);
    bool fifo = nh_value_is_text(agent->properties[NH_AGENT_SCHEDULING], "fifo");
    nh_value socket = nh_undefined();
    if (count > 0) {
        size_t index = fifo ? 0 : count - 1;
        socket = nh_value_retain(nh_list_get(list, index));
        nh_list_remove(list, index);
    }
    if (nh_list_length(list) == 0) {
        nh_map_delete_bytes(agent->free_sockets, nh_value_bytes(name));
    }
    return socket;
}

static nh_error *reuse(nh_agent *agent, nh_client_request *request, nh_stream *socket,
                       nh_value name) {
    nh_error *error = nh_agent_reuse_socket(agent, socket, request);
    if (error == NULL) {
        error = nh_agent_assign_socket(agent, request, socket);
    }
    if (error == NULL) {
        nh_value list = nh_agent_list_in(memory_of(agent), agent->sockets, name);
        if (!nh_list_append_take(list, nh_value_of_object(&socket->emitter))) {
            error = nh_error_out_of_memory();
        }
    }
    return error;
}

static nh_error *enqueue(nh_agent *agent, nh_client_request *request, nh_value name,
                         nh_value options) {
    nh_value list = nh_agent_list_in(memory_of(agent), agent->requests, name);
    if (!nh_list_append_take(list, nh_value_of_object(&request->message.emitter))) {
        return nh_error_out_of_memory();
    }
    nh_value_assign_take(&request->queued_options, nh_value_retain(options));
    return NULL;
}

nh_error *nh_agent_add_request(nh_agent *agent, nh_client_request *request, nh_value options) {
    nh_value merged = nh_undefined();
    nh_value name = nh_undefined();
    nh_error *error = nh_agent_connection_options(agent, options, request, &merged);
    if (error == NULL) {
        error = nh_agent_get_name(agent, merged, &name);
    }
    if (error == NULL && nh_agent_list_in(memory_of(agent), agent->sockets, name).type != NH_LIST) {
        error = nh_error_out_of_memory();
    }
    if (error == NULL) {
        nh_value socket = take_idle_socket(agent, name);
        if (socket.type == NH_OBJECT) {
            error = reuse(agent, request, nh_as_stream(socket.as.object), name);
        } else if (may_open(agent, name)) {
            error = nh_agent_create_socket(agent, request, merged, NH_AGENT_FOR_REQUEST);
        } else {
            error = enqueue(agent, request, name, merged);
        }
        nh_value_release(&socket);
    }
    nh_value_release(&name);
    nh_value_release(&merged);
    return error;
}

/* --- a socket is free --------------------------------------------------------------------- */

/* Hands the socket to the first request in the queue of its name; false when nobody waits. */
static bool hand_over(nh_agent *agent, nh_stream *socket, nh_value name, nh_error **out_error) {
    nh_value queue = nh_map_get_bytes(agent->requests, nh_value_bytes(name));
    if (nh_list_length(queue) == 0) {
        return false;
    }
    nh_value first = nh_value_retain(nh_list_get(queue, 0));
    nh_client_request *request = nh_client_request_of(first.as.object);
    nh_list_remove(queue, 0);
    *out_error = nh_agent_assign_socket(agent, request, socket);
    nh_value_release(&request->queued_options);
    if (*out_error == NULL && nh_list_length(queue) == 0) {
        nh_map_delete_bytes(agent->requests, nh_value_bytes(name));
    }
    nh_value_release(&first);
    return true;
}

static nh_error *become_idle(nh_agent *agent, nh_stream *socket, nh_value name, nh_value options) {
    bool keep = !is_surplus(agent, name);
    nh_error *error = keep ? nh_agent_keep_socket_alive(agent, socket, &keep) : NULL;
    if (error != NULL || !keep) {
        if (error == NULL) {
            nh_stream_destroy(socket, NULL);
        }
        return error;
    }
    nh_value list = nh_agent_list_in(memory_of(agent), agent->free_sockets, name);
    (void)nh_value_retain(list);
    socket->http_message = NULL;
    error = nh_agent_remove_socket(agent, socket, options);
    bool lacks_memory =
        error != NULL
            ? error == nh_error_out_of_memory()
            : !nh_emitter_once(&socket->emitter, "error", nh_agent_idle_socket_failed, NULL) ||
                  !nh_list_append_take(list, nh_value_of_object(&socket->emitter));
    if (lacks_memory) {
        nh_stream_destroy(socket, NULL);
        if (nh_list_length(list) == 0) {
            nh_map_delete_bytes(agent->free_sockets, nh_value_bytes(name));
        }
    }
    nh_value_release(&list);
    return error;
}

void nh_agent_socket_is_free(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    (void)data;
    nh_agent *agent = nh_agent_of(emitter);
    if (count < 2 || arguments[0].type != NH_OBJECT) {
        return;
    }
    nh_stream *socket = nh_as_stream(arguments[0].as.object);
    nh_value options = arguments[1];
    nh_value name = nh_undefined();
    nh_error *error = nh_agent_get_name(agent, options, &name);
    if (error == NULL) {
        nh_client_request *request = nh_client_request_of_socket(socket);
        if (!nh_writable_is_writable(socket)) {
            nh_stream_destroy(socket, NULL);
        } else if (hand_over(agent, socket, name, &error)) {
            /* the request has it */
        } else if (request == NULL || !request->message.should_keep_alive ||
                   !nh_value_is_truthy(agent->properties[NH_AGENT_KEEP_ALIVE])) {
            nh_stream_destroy(socket, NULL);
        } else {
            error = become_idle(agent, socket, name, options);
        }
    }
    nh_value_release(&name);
    nh_http_throw_take(emitter->loop, error);
}
