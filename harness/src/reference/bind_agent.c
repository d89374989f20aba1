/* http.Agent, http.globalAgent. */
#include <nodehttp/agent.h>
#include <nodehttp/client_request.h>

#include "reference/binding_macros.h"

#define IT nh_agent
#define ARGUMENT(index) ts_call_argument(call, index)

static nh_error *new_agent(ts_call *call) {
    nh_agent *agent = NULL;
    nh_error *error = nh_agent_new(call->loop, ARGUMENT(0), &agent);
    if (error == NULL) {
        call->result = nh_value_of_object_take(nh_as_emitter(agent));
    }
    return error;
}

static nh_value get_global_agent(nh_loop *loop, nh_emitter *self) {
    (void)self;
    return nh_http_global_agent(loop);
}

static nh_error *set_global_agent(nh_loop *loop, nh_emitter *self, nh_value value) {
    (void)self;
    return nh_http_set_global_agent(loop, value) ? NULL : nh_error_out_of_memory();
}

TS_ACTION(destroy, IT, nh_agent_destroy(it))

/* What the library itself does, whatever has been put in its place: that is what `super` calls. */
static nh_error *with_default(ts_call *call, nh_agent_member member,
                              nh_error *(*invoke)(nh_agent *agent, ts_call *call)) {
    nh_agent *agent = TS_SELF(IT, call->self);
    nh_value replacement = nh_value_retain(nh_agent_replacement(agent, member));
    nh_agent_replace(agent, member, nh_undefined());
    nh_error *error = invoke(agent, call);
    nh_agent_replace(agent, member, replacement);
    nh_value_release(&replacement);
    return error;
}

static nh_error *get_name_now(nh_agent *agent, ts_call *call) {
    return nh_agent_get_name(agent, ARGUMENT(0), &call->result);
}

static nh_error *get_name(ts_call *call) {
    return with_default(call, NH_AGENT_GET_NAME, get_name_now);
}

/* createConnection(options[, callback]), and what net.createConnection() takes as well:
 * createConnection(port[, host][, callback]), createConnection(path[, callback]). */
static nh_error *create_connection_now(nh_agent *agent, ts_call *call) {
    nh_value first = ARGUMENT(0);
    if (first.type != NH_NUMBER && first.type != NH_STRING) {
        return nh_agent_create_connection(agent, first, ARGUMENT(1), &call->result);
    }
    nh_value options = nh_map_new(call->memory);
    bool has_host = ARGUMENT(1).type == NH_STRING;
    bool is_path = first.type == NH_STRING && !has_host;
    bool ok = nh_map_set(options, is_path ? "path" : "port", first);
    ok = ok && (!has_host || nh_map_set(options, "host", ARGUMENT(1)));
    nh_error *error =
        ok ? nh_agent_create_connection(agent, options, ARGUMENT(has_host ? 2 : 1), &call->result)
           : nh_error_out_of_memory();
    nh_value_release(&options);
    return error;
}

static nh_error *create_connection(ts_call *call) {
    return with_default(call, NH_AGENT_CREATE_CONNECTION, create_connection_now);
}

/* The stream that an argument holds; NULL for anything else. */
static nh_stream *stream_argument(const ts_call *call, size_t index) {
    nh_value value = ts_call_argument(call, index);
    return value.type == NH_OBJECT ? nh_as_stream(value.as.object) : NULL;
}

static nh_error *keep_socket_alive_now(nh_agent *agent, ts_call *call) {
    nh_stream *stream = stream_argument(call, 0);
    bool keep = false;
    nh_error *error = stream != NULL ? nh_agent_keep_socket_alive(agent, stream, &keep) : NULL;
    call->result = nh_boolean(keep);
    return error;
}

static nh_error *keep_socket_alive(ts_call *call) {
    return with_default(call, NH_AGENT_KEEP_SOCKET_ALIVE, keep_socket_alive_now);
}

static nh_error *reuse_socket_now(nh_agent *agent, ts_call *call) {
    nh_stream *stream = stream_argument(call, 0);
    nh_value request = ARGUMENT(1);
    if (stream == NULL || request.type != NH_OBJECT) {
        return NULL;
    }
    return nh_agent_reuse_socket(agent, stream, TS_SELF(nh_client_request, request.as.object));
}

static nh_error *reuse_socket(ts_call *call) {
    return with_default(call, NH_AGENT_REUSE_SOCKET, reuse_socket_now);
}

static nh_error *add_request(ts_call *call) {
    nh_value request = ARGUMENT(0);
    if (request.type != NH_OBJECT) {
        return NULL;
    }
    return nh_agent_add_request(TS_SELF(IT, call->self),
                                TS_SELF(nh_client_request, request.as.object), ARGUMENT(1));
}

/* A member that one agent can have replaced. */
#define REPLACEMENT(name, member)                                                                  \
    TS_GETTER(get_##name, IT, nh_value_retain(nh_agent_replacement(it, member)))                   \
    TS_SETTER(set_##name, IT, nh_agent_replace(it, member, value))
REPLACEMENT(create_connection, NH_AGENT_CREATE_CONNECTION)
REPLACEMENT(keep_socket_alive, NH_AGENT_KEEP_SOCKET_ALIVE)
REPLACEMENT(reuse_socket, NH_AGENT_REUSE_SOCKET)
REPLACEMENT(get_name, NH_AGENT_GET_NAME)

TS_GETTER(get_sockets, IT, nh_agent_sockets(it))
TS_GETTER(get_free_sockets, IT, nh_agent_free_sockets(it))
TS_GETTER(get_requests, IT, nh_agent_requests(it))
TS_GETTER(get_options, IT, nh_agent_options(it))
TS_GETTER(get_total, IT, nh_number(nh_agent_total_socket_count(it)))

#define FIELD(name, property)                                                                      \
    TS_GETTER(get_##name, IT, nh_agent_get(it, property))                                          \
    TS_SETTER(set_##name, IT, nh_agent_set(it, property, value))
FIELD(default_port, NH_AGENT_DEFAULT_PORT)
FIELD(protocol, NH_AGENT_PROTOCOL)
FIELD(keep_alive, NH_AGENT_KEEP_ALIVE)
FIELD(keep_alive_msecs, NH_AGENT_KEEP_ALIVE_MSECS)
FIELD(max_sockets, NH_AGENT_MAX_SOCKETS)
FIELD(max_total_sockets, NH_AGENT_MAX_TOTAL_SOCKETS)
FIELD(max_free_sockets, NH_AGENT_MAX_FREE_SOCKETS)
FIELD(scheduling, NH_AGENT_SCHEDULING)

#define CLASS "Agent"
static const ts_binding rows[] = {
    TS_METHOD(CLASS, "destroy", destroy),
    TS_METHOD(CLASS, "addRequest", add_request),
    TS_REPLACEABLE(CLASS, "getName", get_name, get_get_name, set_get_name),
    TS_REPLACEABLE(CLASS, "createConnection", create_connection, get_create_connection,
                   set_create_connection),
    TS_REPLACEABLE(CLASS, "keepSocketAlive", keep_socket_alive, get_keep_socket_alive,
                   set_keep_socket_alive),
    TS_REPLACEABLE(CLASS, "reuseSocket", reuse_socket, get_reuse_socket, set_reuse_socket),
    TS_PROPERTY(CLASS, "sockets", get_sockets, NULL),
    TS_PROPERTY(CLASS, "freeSockets", get_free_sockets, NULL),
    TS_PROPERTY(CLASS, "requests", get_requests, NULL),
    TS_PROPERTY(CLASS, "options", get_options, NULL),
    TS_PROPERTY(CLASS, "totalSocketCount", get_total, NULL),
    TS_PROPERTY(CLASS, "defaultPort", get_default_port, set_default_port),
    TS_PROPERTY(CLASS, "protocol", get_protocol, set_protocol),
    TS_PROPERTY(CLASS, "keepAlive", get_keep_alive, set_keep_alive),
    TS_PROPERTY(CLASS, "keepAliveMsecs", get_keep_alive_msecs, set_keep_alive_msecs),
    TS_PROPERTY(CLASS, "maxSockets", get_max_sockets, set_max_sockets),
    TS_PROPERTY(CLASS, "maxTotalSockets", get_max_total_sockets, set_max_total_sockets),
    TS_PROPERTY(CLASS, "maxFreeSockets", get_max_free_sockets, set_max_free_sockets),
    TS_PROPERTY(CLASS, "scheduling", get_scheduling, set_scheduling),
    TS_EVENT(CLASS, "free"),
    TS_CONSTRUCTOR("http", "Agent", new_agent),
    TS_PROPERTY("http", "globalAgent", get_global_agent, set_global_agent),
    TS_OPTION("http.Agent", "keepAlive"),
    TS_OPTION("http.Agent", "keepAliveMsecs"),
    TS_OPTION("http.Agent", "maxSockets"),
    TS_OPTION("http.Agent", "maxTotalSockets"),
    TS_OPTION("http.Agent", "maxFreeSockets"),
    TS_OPTION("http.Agent", "scheduling"),
    TS_OPTION("http.Agent", "timeout"),
    TS_OPTION("http.Agent", "noDelay"),
};
TS_BINDING_ROWS(agent, rows);
