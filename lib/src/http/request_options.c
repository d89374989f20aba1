/* The arguments and options of http.request(): told apart, checked in Node's order, and made into
 * fields and headers of the request. */
#include "http/client_request_internal.h"

#include "http/abort_signal_internal.h"
#include "http/agent_internal.h"
#include "http/support_internal.h"
#include "http/url_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_TIMEOUT_MS 2147483647.0
#define LARGEST_INTEGER 9007199254740991.0

static nh_memory *memory_of(const nh_client_request *request) {
    return nh_object_memory(&request->message.emitter);
}

/* --- arguments ---------------------------------------------------------------------------- */

/* A map of its own for what came as the first argument. */
static nh_error *options_of_url(nh_memory *memory, nh_value url, nh_value *out) {
    if (url.type != NH_STRING) {
        return nh_url_to_http_options(memory, url, out);
    }
    nh_value parsed;
    nh_error *error = nh_url_new(memory, url, &parsed);
    if (error == NULL) {
        error = nh_url_to_http_options(memory, parsed, out);
        nh_value_release(&parsed);
    }
    return error;
}

nh_error *nh_client_options_of_arguments(nh_memory *memory, nh_value url, nh_value options,
                                         nh_value callback, nh_value *out_options,
                                         nh_value *out_callback) {
    nh_value merged;
    if (url.type == NH_INVALID || options.type == NH_INVALID || callback.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    if (url.type == NH_STRING || nh_url_is_url(url)) {
        nh_error *error = options_of_url(memory, url, &merged);
        if (error != NULL) {
            return error;
        }
    } else {
        callback = options;
        options = url;
        merged = nh_map_new(memory);
    }
    bool made = merged.type == NH_MAP;
    if (options.type == NH_FUNCTION) {
        callback = options;
    } else {
        made = made && nh_map_assign(merged, options);
    }
    if (!made) {
        nh_value_release(&merged);
        return nh_error_out_of_memory();
    }
    *out_options = merged;
    *out_callback = callback;
    return NULL;
}

/* --- checks ------------------------------------------------------------------------------- */

/* JavaScript's Number(value), as far as ports go. */
static double to_number(nh_value value) {
    if (value.type == NH_NUMBER) {
        return value.as.number;
    }
    if (value.type == NH_BOOLEAN) {
        return value.as.boolean ? 1 : 0;
    }
    if (value.type != NH_STRING) {
        return NAN;
    }
    const char *text = nh_value_text(value);
    for (const char *at = text; *at != '\0'; at++) {
        if ((*at < '0' || *at > '9') && strchr("abcdefABCDEFxX+-. \t\n\r", *at) == NULL) {
            return NAN;
        }
    }
    char *end = NULL;
    double number = strtod(text, &end);
    while (*end == ' ' || *end == '\t' || *end == '\n' || *end == '\r') {
        end++;
    }
    return *end == '\0' ? number : NAN;
}

static nh_error *check_path(nh_memory *memory, nh_value path) {
    nh_value text = nh_value_to_string(memory, path);
    if (text.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    nh_bytes bytes = nh_value_bytes(text);
    bool ok = true;
    for (size_t at = 0; ok && at < bytes.length;) {
        uint32_t character;
        at += nh_utf8_decode(bytes.data + at, bytes.length - at, &character);
        ok = character >= 0x21 && character <= 0xff;
    }
    nh_value_release(&text);
    return ok ? NULL
              : nh_error_new(memory, "TypeError", "ERR_UNESCAPED_CHARACTERS",
                             "Request path contains unescaped characters");
}

static nh_error *check_host(nh_memory *memory, nh_value host, const char *name) {
    return host.type == NH_STRING || nh_value_is_nullish(host)
               ? NULL
               : nh_error_new_argument_type(memory, name,
                                            "of type string or one of undefined or null", host);
}

static nh_error *check_boolean(nh_memory *memory, nh_value value, const char *name) {
    return value.type == NH_UNDEFINED || value.type == NH_BOOLEAN
               ? NULL
               : nh_error_new_argument_type(memory, name, "of type boolean", value);
}

static nh_error *check_max_header_size(nh_memory *memory, nh_value value) {
    static const char name[] = "maxHeaderSize";
    if (value.type == NH_UNDEFINED) {
        return NULL;
    }
    if (value.type != NH_NUMBER) {
        return nh_error_new_argument_type(memory, name, "of type number", value);
    }
    if (!isfinite(value.as.number) || value.as.number != trunc(value.as.number)) {
        return nh_error_new_out_of_range(memory, name, "an integer", value);
    }
    if (value.as.number < 0 || value.as.number > LARGEST_INTEGER) {
        return nh_error_new_out_of_range(memory, name, ">= 0 && <= 9007199254740991", value);
    }
    return NULL;
}

nh_error *nh_client_check_timeout(nh_memory *memory, nh_value value, const char *name,
                                  nh_value *out_milliseconds) {
    if (value.type != NH_NUMBER) {
        return nh_error_new_argument_type(memory, name, "of type number", value);
    }
    if (!(value.as.number >= 0) || !isfinite(value.as.number)) {
        return nh_error_new_out_of_range(memory, name, "a non-negative finite number", value);
    }
    *out_milliseconds = nh_number(fmin(value.as.number, LARGEST_TIMEOUT_MS));
    return NULL;
}

static nh_error *check_method(nh_memory *memory, nh_value method, nh_value *out_method) {
    nh_bytes bytes = nh_value_bytes(method);
    if (!nh_value_is_nullish(method) && method.type != NH_STRING) {
        return nh_error_new_argument_type(memory, "options.method", "of type string", method);
    }
    if (method.type != NH_STRING || bytes.length == 0) {
        *out_method = nh_string_of(memory, "GET");
        return out_method->type == NH_INVALID ? nh_error_out_of_memory() : NULL;
    }
    nh_error *error = nh_http_check_name(memory, method, "Method");
    if (error != NULL) {
        return error;
    }
    nh_text text; /* a token: ASCII */
    nh_text_init(&text, memory);
    for (size_t i = 0; i < bytes.length; i++) {
        uint8_t byte = bytes.data[i];
        char upper = (char)(byte >= 'a' && byte <= 'z' ? byte - 32 : byte);
        nh_text_add(&text, &upper, 1);
    }
    *out_method = nh_text_take_string(&text);
    return out_method->type == NH_INVALID ? nh_error_out_of_memory() : NULL;
}

/* --- the agent ---------------------------------------------------------------------------- */

nh_value nh_client_agent_member(nh_value agent, const char *name) {
    if (agent.type == NH_OBJECT && nh_object_is_of(agent.as.object, &nh_agent_class)) {
        return nh_agent_member_of(nh_agent_of(agent.as.object), name);
    }
    return nh_map_get(agent, name);
}

static bool is_agent_like(nh_value agent) {
    return (agent.type == NH_OBJECT && nh_object_is_of(agent.as.object, &nh_agent_class)) ||
           nh_map_get(agent, "addRequest").type == NH_FUNCTION;
}

/* `*out_fallback`: what stands in for an agent that was not given; owned. */
static nh_error *choose_agent(nh_client_request *request, nh_value options,
                              nh_value *out_fallback) {
    nh_memory *memory = memory_of(request);
    nh_value given = nh_map_get(options, "agent");
    nh_value chosen = nh_map_get(options, "_defaultAgent");
    nh_value fallback = nh_value_is_truthy(chosen)
                            ? nh_value_retain(chosen)
                            : nh_http_global_agent(request->message.emitter.loop);
    if (fallback.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    *out_fallback = fallback;
    if (given.type == NH_BOOLEAN && !given.as.boolean) {
        nh_agent *agent;
        nh_error *error = nh_agent_new(request->message.emitter.loop, nh_undefined(), &agent);
        if (error == NULL) {
            nh_value_assign_take(&request->agent, nh_value_of_object_take(nh_as_emitter(agent)));
        }
        return error;
    }
    if (nh_value_is_nullish(given)) {
        if (nh_map_get(options, "createConnection").type != NH_FUNCTION) {
            given = fallback;
        }
    } else if (!is_agent_like(given)) {
        return nh_error_new_argument_type(memory, "options.agent",
                                          "one of Agent-like Object, undefined, or false", given);
    }
    nh_value_assign_take(&request->agent, nh_value_retain(given));
    if (nh_value_is_nullish(fallback)) {
        return nh_error_new(memory, "TypeError", NULL,
                            "Cannot read properties of %s (reading 'protocol')",
                            fallback.type == NH_NULL ? "null" : "undefined");
    }
    return NULL;
}

/* %s of util.format(): a string as it is, anything else inspected. */
static nh_value format_value(nh_memory *memory, nh_value value) {
    bool is_text = value.type == NH_STRING || value.type == NH_BUFFER;
    return is_text ? nh_value_to_string(memory, value) : nh_value_inspect(memory, value);
}

static nh_error *check_protocol(nh_client_request *request, nh_value options, nh_value fallback) {
    nh_memory *memory = memory_of(request);
    nh_value expected = nh_client_agent_member(request->agent, "protocol");
    if (!nh_value_is_truthy(expected)) {
        expected = nh_client_agent_member(fallback, "protocol");
    }
    nh_value protocol = nh_map_get(options, "protocol");
    if (!nh_value_is_truthy(protocol)) {
        protocol = nh_client_agent_member(fallback, "protocol");
    }
    nh_value path = nh_map_get(options, "path");
    if (nh_value_is_truthy(path)) {
        nh_error *error = check_path(memory, path);
        if (error != NULL) {
            return error;
        }
    }
    if (!nh_value_is_same(protocol, expected)) {
        nh_value actual_text = format_value(memory, protocol);
        nh_value expected_text = format_value(memory, expected);
        nh_error *error = nh_error_new(memory, "TypeError", "ERR_INVALID_PROTOCOL",
                                       "Protocol \"%s\" not supported. Expected \"%s\"",
                                       nh_value_text(actual_text), nh_value_text(expected_text));
        nh_value_release(&actual_text);
        nh_value_release(&expected_text);
        return error;
    }
    nh_value_assign_take(&request->protocol, nh_value_retain(protocol));
    return NULL;
}

/* --- fields ------------------------------------------------------------------------------- */

/* port and host as they are used; both become options, for who makes the connection. */
static nh_error *resolve_origin(nh_client_request *request, nh_value options,
                                nh_value *out_default_port) {
    nh_memory *memory = memory_of(request);
    nh_value default_port = nh_map_get(options, "defaultPort");
    if (!nh_value_is_truthy(default_port)) {
        default_port = nh_client_agent_member(request->agent, "defaultPort");
    }
    *out_default_port = default_port;
    nh_value port = nh_map_get(options, "port");
    port = nh_value_is_truthy(port)           ? port
           : nh_value_is_truthy(default_port) ? default_port
                                              : nh_number(80);
    /* A map releases the value it replaces, which `port` may be. */
    (void)nh_value_retain(port);
    if (!nh_map_set_take(options, "port", port)) {
        return nh_error_out_of_memory();
    }
    nh_value hostname = nh_map_get(options, "hostname");
    nh_value host = nh_map_get(options, "host");
    nh_error *error = check_host(memory, hostname, "options.hostname");
    if (error == NULL && !nh_value_is_truthy(hostname)) {
        error = check_host(memory, host, "options.host");
    }
    if (error != NULL) {
        return error;
    }
    nh_value used = nh_value_is_truthy(hostname) ? nh_value_retain(hostname)
                    : nh_value_is_truthy(host)   ? nh_value_retain(host)
                                                 : nh_string_of(memory, "localhost");
    nh_value_assign_take(&request->host, used);
    return nh_map_set(options, "host", used) ? NULL : nh_error_out_of_memory();
}

static void destroy_request(nh_emitter *object, nh_error *error) {
    nh_client_request_destroy(nh_client_request_of(object), error);
}

static nh_error *apply_signal(nh_client_request *request, nh_value value) {
    if (!nh_value_is_truthy(value)) {
        return NULL;
    }
    nh_abort_signal *signal;
    nh_error *error = nh_abort_signal_of_value(memory_of(request), value, "signal", &signal);
    return error != NULL
               ? error
               : nh_abort_signal_destroys(signal, &request->message.emitter, destroy_request);
}

static void keep(nh_value *slot, nh_value value) {
    nh_value_assign_take(slot, nh_value_retain(value));
}

static nh_error *apply_fields(nh_client_request *request, nh_value options) {
    nh_memory *memory = memory_of(request);
    nh_value timeout = nh_map_get(options, "timeout");
    nh_error *error = NULL;
    keep(&request->socket_path, nh_map_get(options, "socketPath"));
    if (timeout.type != NH_UNDEFINED) {
        error = nh_client_check_timeout(memory, timeout, "timeout", &request->timeout);
    }
    if (error == NULL) {
        error = apply_signal(request, nh_map_get(options, "signal"));
    }
    if (error == NULL) {
        error = check_method(memory, nh_map_get(options, "method"), &request->method);
    }
    if (error == NULL) {
        keep(&request->max_header_size, nh_map_get(options, "maxHeaderSize"));
        error = check_max_header_size(memory, request->max_header_size);
    }
    if (error == NULL) {
        keep(&request->insecure_http_parser, nh_map_get(options, "insecureHTTPParser"));
        error = check_boolean(memory, request->insecure_http_parser, "options.insecureHTTPParser");
    }
    if (error == NULL) {
        keep(&request->join_duplicate_headers, nh_map_get(options, "joinDuplicateHeaders"));
        error =
            check_boolean(memory, request->join_duplicate_headers, "options.joinDuplicateHeaders");
    }
    if (error == NULL) {
        nh_value path = nh_map_get(options, "path");
        nh_value_assign_take(&request->path, nh_value_is_truthy(path) ? nh_value_retain(path)
                                                                      : nh_string_of(memory, "/"));
        error = request->path.type == NH_INVALID ? nh_error_out_of_memory() : NULL;
    }
    return error;
}

static void apply_connection_policy(nh_client_request *request) {
    static const char *const bodiless[] = {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"};
    nh_outgoing_message *message = &request->message;
    for (size_t i = 0; i < sizeof(bodiless) / sizeof(bodiless[0]); i++) {
        if (nh_value_is_text(request->method, bodiless[i])) {
            message->use_chunked_encoding_by_default = false;
        }
    }
    message->has_agent = nh_value_is_truthy(request->agent);
    if (message->has_agent) {
        /* Worth asking for only where an agent may use the connection again. */
        nh_value max_sockets = nh_client_agent_member(request->agent, "maxSockets");
        bool reuses = nh_value_is_truthy(nh_client_agent_member(request->agent, "keepAlive")) ||
                      (max_sockets.type == NH_NUMBER && isfinite(max_sockets.as.number));
        message->last = !reuses;
        message->should_keep_alive = reuses;
    }
}

/* --- headers ------------------------------------------------------------------------------ */

static nh_value header_of(const nh_client_request *request, const char *name) {
    const nh_header_entry *entry =
        nh_header_store_find(&request->message.headers, nh_bytes_of_text(name));
    return entry == NULL ? nh_undefined() : entry->value;
}

static nh_error *set_header_take(nh_client_request *request, const char *name, nh_value value) {
    nh_memory *memory = memory_of(request);
    nh_value name_value = nh_string_of(memory, name);
    nh_error *error = name_value.type == NH_INVALID || value.type == NH_INVALID
                          ? nh_error_out_of_memory()
                          : nh_outgoing_message_set_header(&request->message, name_value, value);
    nh_value_release(&name_value);
    nh_value_release(&value);
    return error;
}

static nh_error *set_header_of_bytes(nh_client_request *request, nh_bytes name, nh_value value) {
    nh_value name_value = nh_string_new(memory_of(request), (const char *)name.data, name.length);
    nh_error *error = name_value.type == NH_INVALID
                          ? nh_error_out_of_memory()
                          : nh_outgoing_message_set_header(&request->message, name_value, value);
    nh_value_release(&name_value);
    return error;
}

/* Strings and buffers have their characters or bytes for properties, named by their places. */
static nh_error *set_element_headers(nh_client_request *request, nh_value elements) {
    nh_memory *memory = memory_of(request);
    nh_bytes text = nh_value_bytes(elements);
    nh_error *error = NULL;
    size_t place = 0;
    for (size_t at = 0; error == NULL && at < text.length; place++) {
        uint32_t ignored;
        bool is_text = elements.type == NH_STRING;
        size_t length = is_text ? nh_utf8_decode(text.data + at, text.length - at, &ignored) : 1;
        nh_value name = nh_string_format(memory, "%zu", place);
        nh_value value = is_text ? nh_string_new(memory, (const char *)text.data + at, length)
                                 : nh_number(text.data[at]);
        error = name.type == NH_INVALID || value.type == NH_INVALID
                    ? nh_error_out_of_memory()
                    : set_header_of_bytes(request, nh_value_bytes(name), value);
        nh_value_release(&name);
        nh_value_release(&value);
        at += length;
    }
    return error;
}

static nh_error *set_given_headers(nh_client_request *request, nh_value headers) {
    bool has_elements = headers.type == NH_STRING || headers.type == NH_BUFFER;
    nh_error *error = has_elements ? set_element_headers(request, headers) : NULL;
    for (size_t i = 0; error == NULL && i < nh_map_length(headers); i++) {
        error =
            set_header_of_bytes(request, nh_map_key_at(headers, i), nh_map_value_at(headers, i));
    }
    return error;
}

/* host[:port]; an IPv6 address gets its brackets, the default port is left out. */
static nh_error *add_host_header(nh_client_request *request, nh_value port, nh_value default_port) {
    nh_memory *memory = memory_of(request);
    if (port.type == NH_SYMBOL || port.type == NH_BIGINT) {
        return nh_error_new(memory, "TypeError", NULL, "Cannot convert a %s value to a number",
                            port.type == NH_SYMBOL ? "Symbol" : "BigInt");
    }
    nh_bytes host = nh_value_bytes(request->host);
    const uint8_t *colon = memchr(host.data, ':', host.length);
    size_t behind = colon == NULL ? host.length : (size_t)(colon - host.data) + 1;
    bool bracketed = colon != NULL && host.data[0] != '[' &&
                     memchr(host.data + behind, ':', host.length - behind) != NULL;
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_c(&text, bracketed ? "[" : "");
    nh_text_add_bytes(&text, host);
    nh_text_add_c(&text, bracketed ? "]" : "");
    if (!(default_port.type == NH_NUMBER && to_number(port) == default_port.as.number)) {
        nh_value port_text = nh_value_to_string(memory, port);
        nh_text_add_c(&text, ":");
        nh_text_add_bytes(&text, nh_value_bytes(port_text));
        nh_value_release(&port_text);
    }
    return set_header_take(request, "Host", nh_text_take_string(&text));
}

static nh_error *add_authorization(nh_client_request *request, nh_value auth) {
    nh_memory *memory = memory_of(request);
    nh_value buffer = nh_undefined();
    nh_error *error = nh_http_bytes_of(memory, auth, NH_ENCODING_UTF8, &buffer);
    if (error != NULL) {
        return error;
    }
    nh_value base64 = nh_decode(memory, nh_value_bytes(buffer), NH_ENCODING_BASE64);
    nh_value value = base64.type == NH_INVALID
                         ? base64
                         : nh_string_format(memory, "Basic %s", nh_value_text(base64));
    nh_value_release(&buffer);
    nh_value_release(&base64);
    return set_header_take(request, "Authorization", value);
}

static nh_error *apply_headers(nh_client_request *request, nh_value options,
                               nh_value default_port) {
    nh_value headers = nh_map_get(options, "headers");
    nh_value set_host = nh_map_get(options, "setHost");
    nh_value set_defaults = nh_map_get(options, "setDefaultHeaders");
    bool defaults = !(set_defaults.type == NH_BOOLEAN && !set_defaults.as.boolean);
    nh_outgoing_message *message = &request->message;
    message->removed_connection = !defaults;
    message->removed_content_length = !defaults;
    message->removed_transfer_encoding = !defaults;
    /* A Map or a Headers object has entries, but no properties that could be header names. */
    if (headers.type == NH_LIST && nh_list_entries_class(headers) == NULL) {
        return nh_client_request_store_head(request, NH_HEAD_GIVEN, headers);
    }
    nh_error *error = set_given_headers(request, headers);
    bool wants_host = set_host.type == NH_UNDEFINED ? defaults : nh_value_is_truthy(set_host);
    if (error == NULL && wants_host && !nh_value_is_truthy(header_of(request, "host"))) {
        error = add_host_header(request, nh_map_get(options, "port"), default_port);
    }
    nh_value auth = nh_map_get(options, "auth");
    if (error == NULL && nh_value_is_truthy(auth) &&
        !nh_value_is_truthy(header_of(request, "authorization"))) {
        error = add_authorization(request, auth);
    }
    if (error == NULL && nh_value_is_truthy(header_of(request, "expect"))) {
        error = nh_client_request_store_head(request, NH_HEAD_OWN, nh_undefined());
    }
    return error;
}

static nh_error *apply_unique_headers(nh_client_request *request, nh_value list) {
    nh_memory *memory = memory_of(request);
    for (size_t i = 0; i < nh_list_length(list); i++) {
        nh_value name = nh_list_get(list, i);
        if (nh_value_is_nullish(name)) {
            return nh_error_new(memory, "TypeError", NULL,
                                "Cannot read properties of %s (reading 'toLowerCase')",
                                name.type == NH_NULL ? "null" : "undefined");
        }
        if (name.type != NH_STRING) {
            return nh_error_new(memory, "TypeError", NULL,
                                "headers[i].toLowerCase is not a function");
        }
    }
    nh_value_assign_take(&request->message.unique_headers, nh_http_unique_headers(memory, list));
    return request->message.unique_headers.type == NH_INVALID ? nh_error_out_of_memory() : NULL;
}

/* --- all of it ---------------------------------------------------------------------------- */

nh_error *nh_client_request_apply_options(nh_client_request *request, nh_value options,
                                          nh_value callback) {
    nh_value fallback = nh_undefined();
    nh_value default_port = nh_undefined();
    nh_error *error = choose_agent(request, options, &fallback);
    if (error == NULL) {
        error = check_protocol(request, options, fallback);
    }
    nh_value_release(&fallback);
    if (error == NULL) {
        error = resolve_origin(request, options, &default_port);
    }
    if (error == NULL) {
        error = apply_fields(request, options);
    }
    if (error == NULL) {
        error =
            nh_http_add_callback(&request->message.emitter, "response", callback, NH_LISTENER_ONCE);
    }
    if (error == NULL) {
        apply_connection_policy(request);
        error = apply_headers(request, options, default_port);
    }
    if (error == NULL) {
        error = apply_unique_headers(request, nh_map_get(options, "uniqueHeaders"));
    }
    return error;
}
