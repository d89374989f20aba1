/* socket.connect(): checks, one address, and the outcome. */
#include "net/connect.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "net/options.h"

static nh_memory *memory_of(const nh_socket *socket) {
    return nh_object_memory(&socket->stream.emitter);
}

/* --- the attempt -------------------------------------------------------------------------- */

void nh_connect_attempt_release(nh_connect_attempt *attempt) {
    if (--attempt->references > 0) {
        return;
    }
    nh_socket *socket = attempt->socket;
    nh_value_release(&attempt->host);
    nh_value_release(&attempt->given_host);
    nh_value_release(&attempt->given_port);
    nh_value_release(&attempt->local_address);
    nh_value_release(&attempt->errors);
    nh_memory_free(memory_of(socket), attempt->addresses);
    nh_memory_free(memory_of(socket), attempt);
}

void nh_connect_attempt_drop(nh_socket *socket) {
    nh_connect_attempt *attempt = socket->attempt;

    if (attempt != NULL) {
        socket->attempt = NULL;
        nh_timer_stop(socket->stream.emitter.loop, &attempt->timer);
        nh_connect_attempt_release(attempt);
    }
}

bool nh_connect_attempt_is_current(const nh_connect_attempt *attempt) {
    return attempt->socket->attempt == attempt && attempt->socket->connecting;
}

static nh_connect_attempt *new_attempt(nh_socket *socket, const nh_socket_options *options) {
    nh_connect_attempt *attempt = nh_memory_allocate_zeroed(memory_of(socket), 1, sizeof(*attempt));

    if (attempt == NULL) {
        return NULL;
    }
    *attempt = (nh_connect_attempt){
        .references = 1,
        .socket = socket,
        .host = nh_undefined(),
        .given_host = nh_value_retain(options->host),
        .given_port = nh_value_retain(options->port),
        .local_address = nh_value_is_truthy(options->local_address)
                             ? nh_value_retain(options->local_address)
                             : nh_undefined(),
        .errors = nh_undefined(),
    };
    return attempt;
}

/* --- errors ------------------------------------------------------------------------------- */

static int port_in_messages(const nh_connect_attempt *attempt) {
    return attempt->address.family == NH_ADDRESS_UNIX ? -1 : (int)attempt->address.port;
}

static const char *address_text(const nh_connect_attempt *attempt) {
    return attempt->address.family == NH_ADDRESS_UNIX ? nh_value_text(attempt->host)
                                                      : attempt->address.host;
}

nh_error *nh_connect_error(const nh_connect_attempt *attempt, int status) {
    const char *local = attempt->bound ? nh_value_text(attempt->local_address) : NULL;

    return nh_error_new_connect(memory_of(attempt->socket), status, address_text(attempt),
                                port_in_messages(attempt), local, (int)attempt->local_port);
}

nh_error *nh_connect_call_error(const nh_connect_attempt *attempt, int status) {
    nh_memory *memory = memory_of(attempt->socket);
    nh_value local = nh_socket_address(attempt->socket);
    nh_value host = nh_value_to_string(memory, nh_map_get(local, "address"));
    nh_value port = nh_value_to_string(memory, nh_map_get(local, "port"));
    int remote_port = port_in_messages(attempt);
    char remote_port_text[16] = "";

    if (remote_port > 0) {
        remote_port_text[0] = ':';
        nh_value number = nh_value_to_string(memory, nh_number(remote_port));
        strncat(remote_port_text, nh_value_text(number), sizeof(remote_port_text) - 2);
        nh_value_release(&number);
    }
    nh_error *error =
        nh_error_new(memory, "Error", nh_status_name(status), "connect %s %s%s - Local (%s:%s)",
                     nh_status_name(status), address_text(attempt), remote_port_text,
                     nh_value_text(host), nh_value_text(port));
    nh_error_set_property_take(error, "errno", nh_number(status));
    nh_error_set_property_take(error, "syscall", nh_string_of(memory, "connect"));
    nh_error_set_property_take(error, "address", nh_string_of(memory, address_text(attempt)));
    if (remote_port > 0) {
        nh_error_set_property_take(error, "port", nh_number(remote_port));
    }
    nh_value_release(&local);
    nh_value_release(&host);
    nh_value_release(&port);
    return error;
}

static void fail_later(nh_emitter *object, nh_value error) {
    nh_stream_destroy(nh_as_stream(object), error.as.error);
}

void nh_connect_fail_later(nh_socket *socket, nh_error *error) {
    nh_value value = nh_value_of_error(error);

    nh_loop_tick(socket->stream.emitter.loop, fail_later, &socket->stream.emitter, value);
    nh_value_release(&value);
}

static void destroy_take(nh_socket *socket, nh_error *error) {
    nh_stream_destroy(&socket->stream, error);
    nh_error_release(error);
}

/* --- one address -------------------------------------------------------------------------- */

/* The port that is bound for the one asked for: its lowest 16 bits. */
static uint16_t port_to_bind(double port) {
    return (uint16_t)fmod(trunc(port), 65536);
}

nh_error *nh_connect_bind(nh_connect_attempt *attempt, bool with_address) {
    nh_socket *socket = attempt->socket;
    bool is_ipv4 = attempt->address.family == NH_ADDRESS_IPV4;
    const char *given = with_address ? nh_value_text(attempt->local_address) : "";
    const char *host = given[0] != '\0' ? given : is_ipv4 ? "0.0.0.0" : "::";
    uint16_t port = port_to_bind(attempt->local_port);
    nh_address local;

    if ((given[0] == '\0' && attempt->local_port == 0) ||
        attempt->address.family == NH_ADDRESS_UNIX) {
        return NULL;
    }
    int status = -EINVAL;
    if (nh_net_parse_address(host, port, &local) && local.family == attempt->address.family) {
        status = nh_socket_transport(socket)->bind(socket->handle->connection, &local);
    }
    if (status == 0 && attempt->local_port != port) {
        /* Node.js looks what the socket is bound to; another port means that this one is taken. */
        status = -EADDRINUSE;
    }
    if (given[0] == '\0') {
        nh_value_assign_take(&attempt->local_address, nh_string_of(memory_of(socket), host));
    }
    attempt->bound = attempt->local_port != 0;
    return status == 0
               ? NULL
               : nh_error_new_system(memory_of(socket), status, "bind", host, attempt->local_port);
}

void nh_connect_announce(const nh_connect_attempt *attempt, const char *event, nh_error *error) {
    nh_socket *socket = attempt->socket;
    bool is_unix = attempt->address.family == NH_ADDRESS_UNIX;
    nh_value arguments[4] = {
        nh_string_of(memory_of(socket), address_text(attempt)),
        is_unix ? nh_undefined() : nh_number(attempt->address.port),
        is_unix ? nh_undefined() : nh_number(attempt->address.family == NH_ADDRESS_IPV4 ? 4 : 6),
        error != NULL ? nh_value_of_error(error) : nh_undefined(),
    };

    nh_emitter_emit(&socket->stream.emitter, event, arguments, error != NULL ? 4 : 3);
    nh_value_release(&arguments[0]);
    nh_value_release(&arguments[3]);
}

void nh_connect_single(nh_connect_attempt *attempt) {
    nh_socket *socket = attempt->socket;
    nh_error *error = nh_connect_bind(attempt, true);

    if (error != NULL) {
        destroy_take(socket, error);
        return;
    }
    attempt->references++;
    nh_connect_announce(attempt, "connectionAttempt", NULL);
    if (nh_connect_attempt_is_current(attempt) &&
        !nh_loop_is_throwing(socket->stream.emitter.loop)) {
        int status = nh_socket_transport(socket)->connect(socket->handle->connection,
                                                          &attempt->address, NULL);
        if (status < 0) {
            destroy_take(socket, nh_connect_call_error(attempt, status));
        }
    }
    nh_connect_attempt_release(attempt);
}

/* --- the outcome -------------------------------------------------------------------------- */

void nh_connect_succeeded(nh_socket *socket) {
    nh_emitter *emitter = &socket->stream.emitter;
    const nh_transport_operations *transport = nh_socket_transport(socket);

    socket->connecting = false;
    nh_connect_attempt_drop(socket);
    nh_socket_touch(socket);
    if (socket->no_delay) {
        transport->set_no_delay(socket->handle->connection, true);
    }
    if (socket->keep_alive) {
        transport->set_keep_alive(socket->handle->connection, true,
                                  (uint64_t)socket->keep_alive_seconds * 1000);
    }
    nh_emitter_emit_bare(emitter, "connect");
    if (!nh_loop_is_throwing(emitter->loop)) {
        nh_emitter_emit_bare(emitter, "ready");
    }
    if (!nh_loop_is_throwing(emitter->loop) && !nh_readable_is_paused(&socket->stream)) {
        nh_value nothing = nh_readable_read_size(&socket->stream, 0);
        nh_value_release(&nothing);
    }
}

void nh_socket_connected(nh_socket *socket, int status) {
    nh_connect_attempt *attempt = socket->attempt;

    if (attempt == NULL || socket->stream.destroyed) {
        return;
    }
    if (attempt->addresses != NULL) {
        nh_connect_multiple_done(attempt, status);
        return;
    }
    if (status == 0) {
        nh_connect_succeeded(socket);
        return;
    }
    nh_error *error = nh_connect_error(attempt, status);
    socket->connecting = false;
    nh_connect_announce(attempt, "connectionAttemptFailed", error);
    if (!nh_loop_is_throwing(socket->stream.emitter.loop)) {
        nh_stream_destroy(&socket->stream, error);
    }
    nh_error_release(error);
}

/* --- connect() ---------------------------------------------------------------------------- */

static void connect_if_still_wanted(nh_emitter *object, nh_value value) {
    nh_socket *socket = (nh_socket *)(void *)object;

    (void)value;
    if (socket->connecting && socket->attempt != NULL && socket->handle != NULL) {
        nh_connect_single(socket->attempt);
    }
}

static nh_error *connect_to_path(nh_socket *socket, const nh_socket_options *options) {
    nh_connect_attempt *attempt = socket->attempt;
    nh_error *error = nh_check_string(memory_of(socket), "options.path", options->path);

    if (error != NULL) {
        return error;
    }
    nh_bytes path = nh_value_bytes(options->path);
    attempt->host = nh_value_retain(options->path);
    attempt->address = (nh_address){.family = NH_ADDRESS_UNIX};
    if (path.length < sizeof(attempt->address.host)) {
        memcpy(attempt->address.host, path.data, path.length);
        nh_connect_single(attempt);
    } else {
        nh_connect_announce(attempt, "connectionAttempt", NULL);
        destroy_take(socket, nh_connect_call_error(attempt, -EINVAL));
    }
    return NULL;
}

static nh_error *check_tcp_options(nh_socket *socket, const nh_socket_options *options) {
    nh_memory *memory = memory_of(socket);
    nh_error *error = NULL;

    if (nh_value_is_truthy(options->local_address) &&
        nh_net_is_ip(nh_value_text(options->local_address)) == 0) {
        nh_value shown = options->local_address.type == NH_STRING
                             ? nh_value_retain(options->local_address)
                             : nh_value_inspect(memory, options->local_address);
        error = nh_error_new(memory, "TypeError", "ERR_INVALID_IP_ADDRESS",
                             "Invalid IP address: %s", nh_value_text(shown));
        nh_value_release(&shown);
    }
    if (error == NULL && nh_value_is_truthy(options->local_port)) {
        error = nh_check_number(memory, "options.localPort", options->local_port);
    }
    if (error == NULL && options->port.type != NH_UNDEFINED) {
        error = nh_check_port(memory, "options.port", "Port", options->port);
    }
    if (error == NULL && !nh_value_is_nullish(options->auto_select_family)) {
        error = nh_check_boolean(memory, "options.autoSelectFamily", options->auto_select_family);
    }
    if (error == NULL && !nh_value_is_nullish(options->auto_select_family_attempt_timeout)) {
        error = nh_check_int32(memory, "options.autoSelectFamilyAttemptTimeout",
                               options->auto_select_family_attempt_timeout, 1);
    }
    return error;
}

static nh_error *connect_to_host(nh_socket *socket, const nh_socket_options *options) {
    nh_connect_attempt *attempt = socket->attempt;
    nh_error *error = check_tcp_options(socket, options);
    bool has_host = nh_value_is_truthy(options->host);

    if (error != NULL) {
        return error;
    }
    attempt->port = nh_port_of(options->port);
    attempt->local_port = options->local_port.type == NH_NUMBER &&
                                  options->local_port.as.number > 0 &&
                                  isfinite(options->local_port.as.number)
                              ? options->local_port.as.number
                              : 0;
    attempt->attempt_timeout_ms = 250;
    if (!nh_value_is_nullish(options->auto_select_family_attempt_timeout)) {
        attempt->attempt_timeout_ms =
            fmax(10, options->auto_select_family_attempt_timeout.as.number);
    }
    attempt->host =
        has_host ? nh_value_retain(options->host) : nh_string_of(memory_of(socket), "localhost");
    if (attempt->host.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    if (nh_net_parse_address(nh_value_text(attempt->host), attempt->port, &attempt->address)) {
        nh_loop_tick(socket->stream.emitter.loop, connect_if_still_wanted, &socket->stream.emitter,
                     nh_undefined());
        return NULL;
    }
    bool any_family = options->auto_select_family.type == NH_BOOLEAN
                          ? options->auto_select_family.as.boolean
                          : true;
    attempt->looks_up_all = any_family && attempt->local_address.type == NH_UNDEFINED;
    nh_value_assign_take(&socket->host, nh_value_retain(attempt->host));
    return nh_connect_look_up(attempt, options->lookup, options->family, options->hints);
}

/* As new: a destroyed socket can be connected again. */
static void forget_connection(nh_socket *socket) {
    socket->stream.writable.ended_by_peer = false;
    if (socket->stream.destroyed) {
        socket->has_remote = false;
    }
}

nh_error *nh_socket_connect(nh_socket *socket, const nh_socket_options *options,
                            nh_value connect_listener) {
    nh_emitter *emitter = &socket->stream.emitter;
    bool is_unix = nh_value_is_truthy(options->path);

    if (connect_listener.type == NH_FUNCTION &&
        !nh_emitter_add_function(emitter, "connect", connect_listener, NH_LISTENER_ONCE)) {
        return nh_loop_is_throwing(emitter->loop) ? NULL : nh_error_out_of_memory();
    }
    if (options->port.type == NH_UNDEFINED && nh_value_is_nullish(options->path)) {
        return nh_error_new(memory_of(socket), "TypeError", "ERR_MISSING_ARGS",
                            "The \"options\" or \"port\" or \"path\" argument must be specified");
    }
    forget_connection(socket);
    if (socket->handle == NULL) {
        if (!nh_socket_handle_open(socket, is_unix)) {
            return nh_error_out_of_memory();
        }
        nh_stream_undestroy(&socket->stream);
    }
    nh_connect_attempt_drop(socket);
    socket->attempt = new_attempt(socket, options);
    if (socket->attempt == NULL) {
        return nh_error_out_of_memory();
    }
    nh_socket_touch(socket);
    socket->connecting = true;
    nh_emitter_retain(emitter);
    nh_error *error = is_unix ? connect_to_path(socket, options) : connect_to_host(socket, options);
    nh_emitter_release(emitter);
    return error;
}

nh_error *nh_net_create_connection(nh_loop *loop, const nh_socket_options *options,
                                   nh_value connect_listener, nh_socket **out_socket) {
    nh_memory *memory = nh_loop_memory(loop);
    nh_error *error = NULL;

    *out_socket = NULL;
    if (options->keep_alive_initial_delay.type != NH_UNDEFINED) {
        error = nh_check_number(memory, "options.keepAliveInitialDelay",
                                options->keep_alive_initial_delay);
        if (error != NULL) {
            return error;
        }
    }
    nh_socket *socket = nh_socket_new(loop, options);
    if (socket == NULL) {
        return nh_error_out_of_memory();
    }
    if (nh_value_is_truthy(options->timeout)) {
        error = nh_socket_set_timeout(socket, options->timeout, nh_undefined());
    }
    if (error == NULL) {
        error = nh_socket_connect(socket, options, connect_listener);
    }
    if (error != NULL || nh_loop_is_throwing(loop)) {
        nh_socket_abandon(socket);
        nh_emitter_release(&socket->stream.emitter);
        return error;
    }
    *out_socket = socket;
    return NULL;
}
