/* Agent: construction, properties, and what of it can be replaced. */
#include "core/text.h"
#include "http/agent_internal.h"

#include "http/client_request_internal.h"
#include "http/header_store_internal.h"
#include "http/support_internal.h"
#include "net/socket_internal.h"

#include <math.h>
#include <string.h>

static void destroy_object(nh_emitter *emitter);

const nh_class nh_agent_class = {
    .name = "Agent",
    .parent = &nh_emitter_class,
    .size = sizeof(nh_agent),
    .destroy = destroy_object,
};

static nh_memory *memory_of(const nh_agent *agent) {
    return nh_object_memory(&agent->emitter);
}

/* --- life --------------------------------------------------------------------------------- */

static void release_values(nh_agent *agent) {
    nh_value_release(&agent->options);
    nh_value_release(&agent->sockets);
    nh_value_release(&agent->free_sockets);
    nh_value_release(&agent->requests);
    for (size_t i = 0; i < NH_AGENT_MEMBERS; i++) {
        nh_value_release(&agent->replacements[i]);
    }
}

static void destroy_object(nh_emitter *emitter) {
    nh_agent *agent = nh_agent_of(emitter);
    nh_client_living_leave(&agent->living);
    release_values(agent);
    for (size_t i = 0; i < NH_AGENT_PROPERTIES; i++) {
        nh_value_release(&agent->properties[i]);
    }
}

/* The loop goes: sockets and requests hold the agent, which holds them. */
static void end_agent(nh_emitter *emitter) {
    nh_emitter_remove_all_listeners(emitter, NULL);
    release_values(nh_agent_of(emitter));
}

/* Adding a 'keylog' listener, which is of use to TLS only, fails on an agent in use. */
static void listener_is_new(nh_emitter *emitter, const nh_value *arguments, size_t count,
                            void *data) {
    (void)data;
    if (count == 0 || !nh_value_is_text(arguments[0], "keylog")) {
        return;
    }
    nh_agent *agent = nh_agent_of(emitter);
    (void)nh_emitter_remove_listener(emitter, "newListener", listener_is_new, NULL);
    if (nh_map_length(agent->sockets) > 0) {
        nh_http_throw_take(emitter->loop, nh_error_new(memory_of(agent), "TypeError", NULL,
                                                       "sockets[i].on is not a function"));
    }
}

/* --- options ------------------------------------------------------------------------------ */

static nh_value option_or(nh_value options, const char *name, nh_value fallback) {
    nh_value value = nh_map_get(options, name);
    return nh_value_is_truthy(value) ? nh_value_retain(value) : fallback;
}

static nh_error *check_options(nh_memory *memory, nh_value options) {
    nh_value scheduling = nh_map_get(options, "scheduling");
    if (nh_value_is_truthy(scheduling) && !nh_value_is_text(scheduling, "fifo") &&
        !nh_value_is_text(scheduling, "lifo")) {
        return nh_error_new_argument_value(memory, "scheduling", scheduling,
                                           "must be one of: 'fifo', 'lifo'");
    }
    nh_value total = nh_map_get(options, "maxTotalSockets");
    if (total.type == NH_UNDEFINED) {
        return NULL;
    }
    if (total.type != NH_NUMBER) {
        return nh_error_new_argument_type(memory, "maxTotalSockets", "of type number", total);
    }
    return total.as.number >= 1
               ? NULL
               : nh_error_new_out_of_range(memory, "maxTotalSockets", ">= 1", total);
}

/* A copy with the two options that every agent has. */
static bool copy_options(nh_agent *agent, nh_value given) {
    agent->options = nh_map_new(memory_of(agent));
    return nh_map_assign(agent->options, given) &&
           (nh_map_get(given, "noDelay").type != NH_UNDEFINED ||
            nh_map_set_take(agent->options, "noDelay", nh_boolean(true))) &&
           nh_map_set_take(agent->options, "path", nh_null());
}

static bool set_properties(nh_agent *agent) {
    nh_memory *memory = memory_of(agent);
    nh_value options = agent->options;
    nh_value total = nh_map_get(options, "maxTotalSockets");
    nh_value *properties = agent->properties;
    properties[NH_AGENT_DEFAULT_PORT] = nh_number(80);
    properties[NH_AGENT_PROTOCOL] = nh_string_of(memory, "http:");
    properties[NH_AGENT_KEEP_ALIVE] = option_or(options, "keepAlive", nh_boolean(false));
    properties[NH_AGENT_KEEP_ALIVE_MSECS] = option_or(options, "keepAliveMsecs", nh_number(1000));
    properties[NH_AGENT_MAX_SOCKETS] = option_or(options, "maxSockets", nh_number(INFINITY));
    properties[NH_AGENT_MAX_FREE_SOCKETS] = option_or(options, "maxFreeSockets", nh_number(256));
    properties[NH_AGENT_MAX_TOTAL_SOCKETS] =
        total.type == NH_UNDEFINED ? nh_number(INFINITY) : total;
    properties[NH_AGENT_SCHEDULING] = nh_value_is_truthy(nh_map_get(options, "scheduling"))
                                          ? nh_value_retain(nh_map_get(options, "scheduling"))
                                          : nh_string_of(memory, "lifo");
    agent->sockets = nh_map_new(memory);
    agent->free_sockets = nh_map_new(memory);
    agent->requests = nh_map_new(memory);
    return properties[NH_AGENT_PROTOCOL].type != NH_INVALID &&
           properties[NH_AGENT_SCHEDULING].type != NH_INVALID &&
           agent->sockets.type != NH_INVALID && agent->free_sockets.type != NH_INVALID &&
           agent->requests.type != NH_INVALID;
}

nh_error *nh_agent_new(nh_loop *loop, nh_value options, nh_agent **out_agent) {
    *out_agent = NULL;
    if (options.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    nh_error *error = check_options(nh_loop_memory(loop), options);
    if (error != NULL) {
        return error;
    }
    nh_agent *agent = nh_object_new(loop, &nh_agent_class);
    if (agent == NULL) {
        return nh_error_out_of_memory();
    }
    nh_value *const maps[] = {&agent->options, &agent->sockets, &agent->free_sockets,
                              &agent->requests};
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        *maps[i] = nh_undefined();
    }
    for (size_t i = 0; i < NH_AGENT_PROPERTIES; i++) {
        agent->properties[i] = nh_undefined();
    }
    for (size_t i = 0; i < NH_AGENT_MEMBERS; i++) {
        agent->replacements[i] = nh_undefined();
    }
    if (!nh_client_living_join(&agent->living, &agent->emitter, end_agent) ||
        !copy_options(agent, options) || !set_properties(agent) ||
        !nh_emitter_on(&agent->emitter, "free", nh_agent_socket_is_free, NULL) ||
        !nh_emitter_on(&agent->emitter, "newListener", listener_is_new, NULL)) {
        nh_emitter_release(&agent->emitter);
        return nh_error_out_of_memory();
    }
    *out_agent = agent;
    return NULL;
}

/* --- the global agent --------------------------------------------------------------------- */

static nh_value new_global_agent(nh_loop *loop) {
    nh_memory *memory = nh_loop_memory(loop);
    nh_value options = nh_map_new(memory);
    nh_agent *agent = NULL;
    if (nh_map_set_take(options, "keepAlive", nh_boolean(true)) &&
        nh_map_set_take(options, "scheduling", nh_string_of(memory, "lifo")) &&
        nh_map_set_take(options, "timeout", nh_number(5000))) {
        nh_error_release(nh_agent_new(loop, options, &agent));
    }
    nh_value_release(&options);
    return nh_value_of_object_take(nh_as_emitter(agent));
}

nh_value nh_http_global_agent(nh_loop *loop) {
    nh_client_loop *client = nh_client_loop_of(loop);
    if (client == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    if (!client->has_global_agent) {
        nh_value agent = new_global_agent(loop);
        if (agent.type == NH_INVALID) {
            return agent;
        }
        client->global_agent = agent;
        client->has_global_agent = true;
    }
    return nh_value_retain(client->global_agent);
}

bool nh_http_set_global_agent(nh_loop *loop, nh_value agent) {
    nh_client_loop *client = nh_client_loop_of(loop);
    if (client == NULL || agent.type == NH_INVALID) {
        return false;
    }
    client->has_global_agent = true;
    nh_value_assign_take(&client->global_agent, nh_value_retain(agent));
    return true;
}

/* --- properties --------------------------------------------------------------------------- */

nh_value nh_agent_member_of(const nh_agent *agent, const char *name) {
    static const char *const names[NH_AGENT_PROPERTIES] = {
        [NH_AGENT_DEFAULT_PORT] = "defaultPort",
        [NH_AGENT_PROTOCOL] = "protocol",
        [NH_AGENT_KEEP_ALIVE] = "keepAlive",
        [NH_AGENT_KEEP_ALIVE_MSECS] = "keepAliveMsecs",
        [NH_AGENT_MAX_SOCKETS] = "maxSockets",
        [NH_AGENT_MAX_TOTAL_SOCKETS] = "maxTotalSockets",
        [NH_AGENT_MAX_FREE_SOCKETS] = "maxFreeSockets",
        [NH_AGENT_SCHEDULING] = "scheduling",
    };
    for (size_t i = 0; i < NH_AGENT_PROPERTIES; i++) {
        if (strcmp(names[i], name) == 0) {
            return agent->properties[i];
        }
    }
    return strcmp(name, "options") == 0 ? agent->options : nh_undefined();
}

nh_value nh_agent_get(const nh_agent *agent, nh_agent_property property) {
    return nh_value_retain(agent->properties[property]);
}

void nh_agent_set(nh_agent *agent, nh_agent_property property, nh_value value) {
    nh_value_assign_take(&agent->properties[property], nh_value_retain(value));
}

nh_value nh_agent_sockets(const nh_agent *agent) {
    return nh_value_retain(agent->sockets);
}

nh_value nh_agent_free_sockets(const nh_agent *agent) {
    return nh_value_retain(agent->free_sockets);
}

nh_value nh_agent_requests(const nh_agent *agent) {
    return nh_value_retain(agent->requests);
}

nh_value nh_agent_options(const nh_agent *agent) {
    return nh_value_retain(agent->options);
}

double nh_agent_total_socket_count(const nh_agent *agent) {
    return agent->total_sockets;
}

static void destroy_all(nh_value map) {
    for (size_t i = 0; i < nh_map_length(map); i++) {
        nh_value list = nh_map_value_at(map, i);
        for (size_t k = 0; k < nh_list_length(list); k++) {
            nh_stream_destroy(nh_as_stream(nh_list_get(list, k).as.object), NULL);
        }
    }
}

void nh_agent_destroy(nh_agent *agent) {
    destroy_all(agent->free_sockets);
    destroy_all(agent->sockets);
}

/* --- replaceable members ------------------------------------------------------------------ */

void nh_agent_replace(nh_agent *agent, nh_agent_member member, nh_value function) {
    nh_value_assign_take(&agent->replacements[member], nh_value_retain(function));
}

nh_value nh_agent_replacement(const nh_agent *agent, nh_agent_member member) {
    return agent->replacements[member];
}

/* Calls the replacement of a member; false when there is none. What it throws is returned. */
static bool call_replacement(nh_agent *agent, nh_agent_member member, nh_value first,
                             nh_value second, nh_value *out_result, nh_error **out_error) {
    *out_error = NULL;
    *out_result = nh_undefined();
    if (agent->replacements[member].type != NH_FUNCTION) {
        return false;
    }
    nh_value self = nh_value_of_object(&agent->emitter);
    /* The members with one argument: their replacement gets the agent as the second one. */
    bool one = member == NH_AGENT_KEEP_SOCKET_ALIVE || member == NH_AGENT_GET_NAME;
    const nh_value arguments[] = {first, one ? self : second, self};
    nh_value function = nh_value_retain(agent->replacements[member]);
    nh_function_invoke(function, arguments, one ? 2 : 3, out_result);
    nh_value_release(&function);
    nh_value_release(&self);
    *out_error = nh_loop_catch(agent->emitter.loop);
    if (*out_error != NULL) {
        nh_value_release(out_result);
    }
    return true;
}

nh_error *nh_agent_create_connection(nh_agent *agent, nh_value options, nh_value callback,
                                     nh_value *out_stream) {
    nh_error *error;
    if (call_replacement(agent, NH_AGENT_CREATE_CONNECTION, options, callback, out_stream,
                         &error)) {
        return error;
    }
    nh_socket_options socket_options;
    nh_socket_options_init(&socket_options);
    nh_socket_options_of_map(&socket_options, options);
    nh_socket *socket;
    error = nh_net_create_connection(agent->emitter.loop, &socket_options, callback, &socket);
    if (error == NULL) {
        *out_stream = nh_value_of_object_take(nh_as_emitter(socket));
    }
    return error;
}

/* The server's "Keep-Alive: timeout=N", less a second for the way; negative when it said nothing.
 */
static double announced_timeout_ms(nh_stream *socket) {
    static const char prefix[] = "timeout=";
    nh_client_request *request = nh_client_request_of_socket(socket);
    if (request == NULL || request->res == NULL) {
        return -1;
    }
    nh_value header = nh_incoming_message_header(request->res, "keep-alive");
    nh_bytes text = nh_value_bytes(header);
    size_t at = sizeof(prefix) - 1;
    double seconds = -1;
    if (text.length > at && memcmp(text.data, prefix, at) == 0) {
        for (; at < text.length && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
            seconds = (seconds < 0 ? 0 : seconds) * 10 + (text.data[at] - '0');
        }
    }
    nh_value_release(&header);
    return seconds < 0 ? -1 : fmax(seconds * 1000 - 1000, 0);
}

static nh_error *keep_socket_alive(nh_agent *agent, nh_socket *socket, bool *out_keep) {
    nh_value delay = agent->properties[NH_AGENT_KEEP_ALIVE_MSECS];
    nh_socket_set_keep_alive(socket, true, delay.type == NH_NUMBER ? delay.as.number : 0);
    nh_socket_unref(socket);
    nh_value timeout = nh_map_get(agent->options, "timeout");
    timeout = nh_value_is_truthy(timeout) ? timeout : nh_number(0);
    double announced = announced_timeout_ms(&socket->stream);
    if (announced > 0 && timeout.type == NH_NUMBER && announced < timeout.as.number) {
        timeout = nh_number(announced);
    }
    *out_keep = announced != 0; /* too short: it may be gone before it is used */
    nh_value current = nh_socket_timeout(socket);
    bool is_set = nh_value_is_same(current, timeout);
    nh_value_release(&current);
    return is_set ? NULL : nh_socket_set_timeout(socket, timeout, nh_undefined());
}

nh_error *nh_agent_keep_socket_alive(nh_agent *agent, nh_stream *socket, bool *out_keep) {
    nh_value argument = nh_value_of_object(&socket->emitter);
    nh_value result;
    nh_error *error;
    bool replaced = call_replacement(agent, NH_AGENT_KEEP_SOCKET_ALIVE, argument, nh_undefined(),
                                     &result, &error);
    nh_value_release(&argument);
    *out_keep = error == NULL && nh_value_is_truthy(result);
    if (replaced) {
        nh_value_release(&result);
        return error;
    }
    nh_socket *tcp = nh_socket_of_stream(socket);
    return tcp != NULL ? keep_socket_alive(agent, tcp, out_keep)
                       : nh_error_new(memory_of(agent), "TypeError", NULL,
                                      "socket.setKeepAlive is not a function");
}

nh_error *nh_agent_reuse_socket(nh_agent *agent, nh_stream *socket, nh_client_request *request) {
    nh_value first = nh_value_of_object(&socket->emitter);
    nh_value second = nh_value_of_object(&request->message.emitter);
    nh_value result;
    nh_error *error;
    bool replaced = call_replacement(agent, NH_AGENT_REUSE_SOCKET, first, second, &result, &error);
    nh_value_release(&first);
    nh_value_release(&second);
    if (replaced) {
        nh_value_release(&result);
        return error;
    }
    (void)nh_emitter_remove_listener(&socket->emitter, "error", nh_agent_idle_socket_failed, NULL);
    request->reused_socket = true;
    nh_socket *tcp = nh_socket_of_stream(socket);
    if (tcp == NULL) {
        return nh_error_new(memory_of(agent), "TypeError", NULL, "socket.ref is not a function");
    }
    nh_socket_ref(tcp);
    return NULL;
}

/* --- names -------------------------------------------------------------------------------- */

static void add_value(nh_text *text, nh_value value, nh_error **out_error) {
    if (*out_error == NULL && nh_value_is_truthy(value)) {
        nh_value string = nh_http_value_to_string(text->memory, value, out_error);
        nh_text_add_bytes(text, nh_value_bytes(string));
        nh_value_release(&string);
    }
}

static nh_error *make_name(nh_memory *memory, nh_value options, nh_value *out_name) {
    nh_text text;
    nh_error *error = NULL;
    nh_text_init(&text, memory);
    nh_value host = nh_map_get(options, "host");
    if (nh_value_is_truthy(host)) {
        add_value(&text, host, &error);
    } else {
        nh_text_add_c(&text, "localhost");
    }
    nh_text_add_c(&text, ":");
    add_value(&text, nh_map_get(options, "port"), &error);
    nh_text_add_c(&text, ":");
    add_value(&text, nh_map_get(options, "localAddress"), &error);
    nh_value family = nh_map_get(options, "family");
    if (family.type == NH_NUMBER && (family.as.number == 4 || family.as.number == 6)) {
        nh_text_add_c(&text, family.as.number == 4 ? ":4" : ":6");
    }
    nh_value path = nh_map_get(options, "socketPath");
    if (nh_value_is_truthy(path)) {
        nh_text_add_c(&text, ":");
        add_value(&text, path, &error);
    }
    if (error != NULL) {
        nh_text_deinit(&text);
        return error;
    }
    *out_name = nh_text_take_string(&text);
    return NULL;
}

nh_error *nh_agent_get_name(nh_agent *agent, nh_value options, nh_value *out_name) {
    nh_error *error;
    nh_value result;
    *out_name = nh_undefined();
    if (call_replacement(agent, NH_AGENT_GET_NAME, options, nh_undefined(), &result, &error)) {
        if (error == NULL) {
            *out_name = nh_value_to_string(memory_of(agent), result);
            nh_value_release(&result);
        }
    } else if (options.type == NH_NULL) {
        error = nh_error_new(memory_of(agent), "TypeError", NULL,
                             "Cannot read properties of null (reading 'host')");
    } else {
        error = make_name(memory_of(agent), options, out_name);
    }
    return error == NULL && out_name->type == NH_INVALID ? nh_error_out_of_memory() : error;
}
