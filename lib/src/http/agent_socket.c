/* An agent and one of its sockets: making it, following it, letting it go. */
#include "http/agent_internal.h"

#include "http/client_request_internal.h"
#include "http/support_internal.h"
#include "net/socket_internal.h"

static nh_memory *memory_of(const nh_agent *agent) {
    return nh_object_memory(&agent->emitter);
}

/* --- the agent's listeners ---------------------------------------------------------------- */

/* What the listeners on one socket share. */
typedef struct managed_socket {
    nh_memory *memory;
    size_t references; /* one a listener */
    nh_agent *agent;   /* retained */
    nh_value options;  /* what the connection was made with */
} managed_socket;

static void release_managed(void *data) {
    managed_socket *managed = data;
    if (--managed->references == 0) {
        nh_value_release(&managed->options);
        nh_emitter_release(&managed->agent->emitter);
        nh_memory_free(managed->memory, managed);
    }
}

static void socket_is_free(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    (void)arguments;
    (void)count;
    const managed_socket *managed = data;
    nh_value socket = nh_value_of_object(emitter);
    const nh_value event[] = {socket, managed->options};
    (void)nh_emitter_emit(&managed->agent->emitter, "free", event, 2);
    nh_value_release(&socket);
}

static void leave(managed_socket *managed, nh_emitter *socket) {
    managed->agent->total_sockets--;
    nh_http_throw_take(socket->loop, nh_agent_remove_socket(managed->agent, nh_as_stream(socket),
                                                            managed->options));
}

static void socket_closed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    (void)arguments;
    (void)count;
    leave(data, emitter);
}

static void socket_timed_out(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    (void)arguments;
    (void)count;
    const managed_socket *managed = data;
    nh_value idle = managed->agent->free_sockets;
    for (size_t i = 0; i < nh_map_length(idle); i++) {
        if (nh_agent_list_find(nh_map_value_at(idle, i), emitter) != SIZE_MAX) {
            nh_stream_destroy(nh_as_stream(emitter), NULL);
            return;
        }
    }
}

static void socket_removed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data);

static const struct {
    const char *event;
    nh_listener listener;
} managed_events[] = {{"free", socket_is_free},
                      {"close", socket_closed},
                      {"timeout", socket_timed_out},
                      {"agentRemove", socket_removed}};
#define MANAGED_EVENTS (sizeof(managed_events) / sizeof(managed_events[0]))

static void remove_listeners(managed_socket *managed, nh_emitter *socket) {
    for (size_t i = 0; i < MANAGED_EVENTS; i++) {
        (void)nh_emitter_remove_listener(socket, managed_events[i].event,
                                         managed_events[i].listener, managed);
    }
}

/* Upgrades and the like: the socket is no longer the agent's. */
static void socket_removed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                           void *data) {
    (void)arguments;
    (void)count;
    managed_socket *managed = data;
    managed->references++;
    leave(managed, emitter);
    if (!nh_loop_is_throwing(emitter->loop)) {
        remove_listeners(managed, emitter);
    }
    release_managed(managed);
}

static bool add_listeners(nh_agent *agent, nh_stream *socket, nh_value options) {
    managed_socket *managed = nh_memory_allocate(memory_of(agent), sizeof(*managed));
    if (managed == NULL) {
        return false;
    }
    *managed = (managed_socket){.memory = memory_of(agent),
                                .references = 1,
                                .agent = nh_agent_of(nh_emitter_retain(&agent->emitter)),
                                .options = nh_value_retain(options)};
    bool complete = true;
    for (size_t i = 0; complete && i < MANAGED_EVENTS; i++) {
        complete = nh_emitter_add_listener(&socket->emitter, managed_events[i].event,
                                           managed_events[i].listener, managed, release_managed,
                                           NH_LISTENER_PLAIN);
        managed->references += complete ? 1 : 0;
    }
    if (!complete) {
        remove_listeners(managed, &socket->emitter);
    }
    release_managed(managed);
    return complete;
}

void nh_agent_idle_socket_failed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                                 void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_stream_destroy(nh_as_stream(emitter), NULL);
    (void)nh_emitter_emit_bare(emitter, "agentRemove");
}

/* --- making one --------------------------------------------------------------------------- */

/* The callback that createConnection() gets; only its first call counts. */
typedef struct socket_order {
    nh_memory *memory;
    nh_agent *agent;            /* retained */
    nh_client_request *request; /* retained; NULL once it was called */
    nh_value name;
    nh_value options;
    nh_agent_purpose purpose;
} socket_order;

static void free_order(void *data) {
    socket_order *order = data;
    nh_emitter_release(&order->agent->emitter);
    if (order->request != NULL) {
        nh_emitter_release(&order->request->message.emitter);
    }
    nh_value_release(&order->name);
    nh_value_release(&order->options);
    nh_memory_free(order->memory, order);
}

nh_error *nh_agent_assign_socket(nh_agent *agent, nh_client_request *request, nh_stream *socket) {
    nh_client_request_on_socket(request, socket, NULL);
    nh_value of_agent = nh_map_get(agent->options, "timeout");
    of_agent = nh_value_is_truthy(of_agent) ? of_agent : nh_number(0);
    if (request->timeout.type == NH_UNDEFINED || nh_value_is_same(request->timeout, of_agent)) {
        return NULL;
    }
    return nh_http_set_socket_timeout(socket, request->timeout, "socket");
}

/* The socket joins the agent, and goes where it was ordered for. */
static void accept_socket(const socket_order *order, nh_client_request *request,
                          nh_stream *socket) {
    nh_agent *agent = order->agent;
    nh_value list = nh_agent_list_in(memory_of(agent), agent->sockets, order->name);
    if (!nh_list_append_take(list, nh_value_of_object(&socket->emitter))) {
        nh_stream_destroy(socket, NULL);
        nh_client_request_on_socket(request, NULL, nh_error_out_of_memory());
        return;
    }
    if (!add_listeners(agent, socket, order->options)) {
        nh_agent_list_remove(agent->sockets, order->name,
                             nh_agent_list_find(list, &socket->emitter));
        nh_stream_destroy(socket, NULL);
        nh_client_request_on_socket(request, NULL, nh_error_out_of_memory());
        return;
    }
    agent->total_sockets++;
    if (order->purpose == NH_AGENT_FOR_REQUEST) {
        nh_http_throw_take(agent->emitter.loop, nh_agent_assign_socket(agent, request, socket));
    } else {
        (void)nh_emitter_emit_bare(&socket->emitter, "free");
    }
}

static nh_error *error_of(nh_memory *memory, nh_value value) {
    if (value.type == NH_ERROR) {
        return nh_error_retain(value.as.error);
    }
    nh_value text = nh_value_to_string(memory, value);
    nh_error *error = nh_error_new(memory, "Error", NULL, "%s", nh_value_text(text));
    nh_value_release(&text);
    return error;
}

static nh_error *no_stream_error(nh_memory *memory, nh_value value) {
    if (nh_value_is_nullish(value)) {
        return nh_error_new(memory, "TypeError", NULL,
                            "Cannot read properties of %s (reading 'on')",
                            value.type == NH_NULL ? "null" : "undefined");
    }
    return nh_error_new(memory, "TypeError", NULL, "s.on is not a function");
}

static void deliver_socket(const nh_value *arguments, size_t count, void *data,
                           nh_value *out_result) {
    (void)out_result;
    socket_order *order = data;
    nh_client_request *request = order->request;
    if (request == NULL) {
        return;
    }
    order->request = NULL;
    nh_value failure = count > 0 ? arguments[0] : nh_undefined();
    nh_value stream = count > 1 ? arguments[1] : nh_undefined();
    if (nh_value_is_truthy(failure)) {
        nh_error *error = error_of(order->memory, failure);
        nh_client_request_on_socket(request, NULL, error);
        nh_error_release(error);
    } else if (stream.type == NH_OBJECT) {
        accept_socket(order, request, nh_as_stream(stream.as.object));
    } else {
        nh_http_throw_take(order->agent->emitter.loop, no_stream_error(order->memory, stream));
    }
    nh_emitter_release(&request->message.emitter);
}

/* What createConnection() is to see beyond the options of the request and the agent. */
static bool complete_options(const nh_agent *agent, nh_value options, nh_value name) {
    bool ok =
        nh_map_set(options, "_agentKey", name) && nh_map_set_take(options, "encoding", nh_null());
    nh_value keep_alive = agent->properties[NH_AGENT_KEEP_ALIVE];
    if (ok && nh_value_is_truthy(keep_alive)) {
        ok = nh_map_set(options, "keepAlive", keep_alive) &&
             nh_map_set(options, "keepAliveInitialDelay",
                        agent->properties[NH_AGENT_KEEP_ALIVE_MSECS]);
    }
    return ok;
}

static nh_value new_order(nh_agent *agent, nh_client_request *request, nh_value name,
                          nh_value options, nh_agent_purpose purpose) {
    nh_memory *memory = memory_of(agent);
    socket_order *order = nh_memory_allocate(memory, sizeof(*order));
    if (order == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    *order = (socket_order){.memory = memory,
                            .agent = nh_agent_of(nh_emitter_retain(&agent->emitter)),
                            .request =
                                nh_client_request_of(nh_emitter_retain(&request->message.emitter)),
                            .name = nh_value_retain(name),
                            .options = nh_value_retain(options),
                            .purpose = purpose};
    nh_value function = nh_function_new(memory, "", deliver_socket, order, free_order);
    if (function.type != NH_FUNCTION) {
        free_order(order);
    }
    return function;
}

nh_error *nh_agent_create_socket(nh_agent *agent, nh_client_request *request, nh_value options,
                                 nh_agent_purpose purpose) {
    nh_value merged = nh_undefined();
    nh_value name = nh_undefined();
    nh_value callback = nh_undefined();
    nh_error *error = nh_agent_connection_options(agent, options, request, &merged);
    if (error == NULL) {
        error = nh_agent_get_name(agent, merged, &name);
    }
    if (error == NULL) {
        callback = complete_options(agent, merged, name)
                       ? new_order(agent, request, name, merged, purpose)
                       : (nh_value){.type = NH_INVALID};
        error = callback.type == NH_FUNCTION ? NULL : nh_error_out_of_memory();
    }
    nh_value stream = nh_undefined();
    if (error == NULL) {
        error = nh_agent_create_connection(agent, merged, callback, &stream);
    }
    if (error == NULL && nh_value_is_truthy(stream)) {
        const nh_value arguments[] = {nh_null(), stream};
        nh_function_invoke(callback, arguments, 2, NULL);
        error = nh_loop_catch(agent->emitter.loop);
    }
    nh_value_release(&stream);
    nh_value_release(&callback);
    nh_value_release(&name);
    nh_value_release(&merged);
    return error;
}

/* --- letting one go ----------------------------------------------------------------------- */

static void take_out(nh_value map, nh_value name, const nh_stream *socket) {
    size_t index =
        nh_agent_list_find(nh_map_get_bytes(map, nh_value_bytes(name)), &socket->emitter);
    if (index != SIZE_MAX) {
        nh_agent_list_remove(map, name, index);
    }
}

/* The request that a new socket would help: the next one of this name, or else the first of the
 * first name in the queue, unless that still has sockets. Retained; undefined when there is none.
 * `*options`, those of the socket that goes, become those to connect with: they stay for a request
 * of the same name; any other one brings its own, once (undefined afterwards). */
static nh_value next_in_queue(const nh_agent *agent, nh_value name, nh_value *options) {
    nh_value own = nh_map_get_bytes(agent->requests, nh_value_bytes(name));
    if (nh_list_length(own) > 0) {
        return nh_value_retain(nh_list_get(own, 0));
    }
    for (size_t i = 0; i < nh_map_length(agent->requests); i++) {
        nh_bytes key = nh_map_key_at(agent->requests, i);
        if (nh_list_length(nh_map_get_bytes(agent->sockets, key)) > 0) {
            break;
        }
        nh_value queue = nh_map_value_at(agent->requests, i);
        if (nh_list_length(queue) > 0) {
            nh_value next = nh_list_get(queue, 0);
            *options = nh_client_request_of(next.as.object)->queued_options;
            return nh_value_retain(next);
        }
    }
    return nh_undefined();
}

nh_error *nh_agent_remove_socket(nh_agent *agent, nh_stream *socket, nh_value options) {
    nh_value name = nh_undefined();
    nh_error *error = nh_agent_get_name(agent, options, &name);
    if (error != NULL) {
        return error;
    }
    (void)nh_emitter_retain(&socket->emitter);
    take_out(agent->sockets, name, socket);
    if (!nh_writable_is_writable(socket)) {
        take_out(agent->free_sockets, name, socket);
    }
    nh_value next = next_in_queue(agent, name, &options);
    nh_value_release(&name);
    if (next.type == NH_OBJECT && options.type == NH_MAP) {
        nh_client_request *request = nh_client_request_of(next.as.object);
        (void)nh_value_retain(options);
        nh_value_release(&request->queued_options);
        error = nh_agent_create_socket(agent, request, options, NH_AGENT_FOR_QUEUE);
        nh_value_release(&options);
    }
    nh_value_release(&next);
    nh_emitter_release(&socket->emitter);
    return error;
}
