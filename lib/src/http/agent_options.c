/* The options that an agent's connections are made with. */
#include "http/agent_internal.h"
#include "http/client_request_internal.h"

#include <nodehttp/socket.h>

#include <string.h>

/* The host of a Host field: "abc", "abc:123", "[::1]", "[::1]:123". */
static nh_bytes host_of_field(nh_bytes field) {
    bool bracketed = field.length > 0 && field.data[0] == '[';
    const uint8_t *end =
        field.length == 0 ? NULL : memchr(field.data, bracketed ? ']' : ':', field.length);
    if (end == NULL) {
        return field;
    }
    size_t start = bracketed ? 1 : 0;
    return nh_bytes_of(field.data + start, (size_t)(end - field.data) - start);
}

/* The name that TLS would ask for; an address is none. */
static nh_error *server_name(const nh_client_request *request, nh_value options,
                             nh_value *out_name) {
    nh_memory *memory = nh_object_memory(&request->message.emitter);
    const nh_header_entry *entry =
        nh_header_store_find(&request->message.headers, nh_bytes_of_text("host"));
    nh_value name = nh_value_retain(nh_map_get(options, "host"));
    if (entry != NULL && nh_value_is_truthy(entry->value)) {
        if (entry->value.type != NH_STRING) {
            nh_value_release(&name);
            return nh_error_new_argument_type(memory, "options.headers.host", "of type string",
                                              entry->value);
        }
        nh_bytes host = host_of_field(nh_value_bytes(entry->value));
        nh_value_assign_take(&name, nh_string_new(memory, (const char *)host.data, host.length));
    }
    if (name.type == NH_STRING && nh_net_is_ip(nh_value_text(name)) != 0) {
        nh_value_assign_take(&name, nh_string_of(memory, ""));
    }
    *out_name = name;
    return name.type == NH_INVALID ? nh_error_out_of_memory() : NULL;
}

nh_error *nh_agent_connection_options(nh_agent *agent, nh_value options,
                                      const nh_client_request *request, nh_value *out_options) {
    nh_memory *memory = nh_object_memory(&agent->emitter);
    nh_value merged = nh_map_new(memory);
    bool ok = nh_map_assign(merged, options) && nh_map_assign(merged, agent->options);
    nh_value socket_path = nh_map_get(merged, "socketPath");
    if (ok && nh_value_is_truthy(socket_path)) {
        ok = nh_map_set_take(merged, "path", nh_value_retain(socket_path));
    }
    nh_error *error = NULL;
    nh_value given_name = nh_map_get(merged, "servername");
    if (ok && !nh_value_is_truthy(given_name) && !nh_value_is_text(given_name, "")) {
        nh_value name = nh_undefined();
        error = server_name(request, merged, &name);
        ok = error != NULL || nh_map_set_take(merged, "servername", name);
    }
    if (!ok || error != NULL || merged.type == NH_INVALID) {
        nh_value_release(&merged);
        return error != NULL ? error : nh_error_out_of_memory();
    }
    *out_options = merged;
    return NULL;
}
