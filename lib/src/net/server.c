/* net.Server: what it accepts, and when it is closed. */
#include <math.h>

#include "net/address.h"
#include "net/handle.h"
#include "net/net_server_internal.h"
#include "net/server_listen.h"

static nh_memory *memory_of(const nh_net_server *server) {
    return nh_object_memory(&server->emitter);
}

static const nh_transport_operations *transport_of(const nh_net_server *server) {
    return nh_loop_transport(server->emitter.loop)->operations;
}

static void release_server(nh_emitter *emitter) {
    nh_net_server *server = (nh_net_server *)(void *)emitter;

    nh_value_release(&server->max_connections);
    nh_value_release(&server->path);
}

const nh_class nh_net_server_class = {
    .name = "Server",
    .parent = &nh_emitter_class,
    .size = sizeof(nh_net_server),
    .destroy = release_server,
};

void nh_net_server_init(nh_net_server *server, const nh_net_server_options *options) {
    nh_net_server_options_init(&server->options);
    if (options != NULL) {
        server->options = *options;
    }
    server->max_connections = nh_undefined();
    server->path = nh_undefined();
}

nh_net_server *nh_net_server_new(nh_loop *loop, const nh_net_server_options *options,
                                 nh_value connection_listener) {
    nh_net_server *server = nh_object_new(loop, &nh_net_server_class);

    if (server == NULL) {
        return NULL;
    }
    nh_net_server_init(server, options);
    if (connection_listener.type == NH_FUNCTION &&
        !nh_emitter_add_function(&server->emitter, "connection", connection_listener,
                                 NH_LISTENER_PLAIN)) {
        nh_emitter_release(&server->emitter);
        return NULL;
    }
    return server;
}

/* --- accepting ---------------------------------------------------------------------------- */

static bool is_full(const nh_net_server *server) {
    nh_value limit = server->max_connections;

    return limit.type == NH_NUMBER && (double)server->connections >= limit.as.number;
}

static bool describe_end(nh_memory *memory, nh_value map, const char *const names[3],
                         const nh_address *address) {
    return nh_map_set_take(map, names[0], nh_net_address_host(memory, address)) &&
           nh_map_set_take(map, names[1], nh_net_address_port(address)) &&
           nh_map_set_take(map, names[2], nh_net_address_family(memory, address));
}

static void drop(nh_net_server *server, nh_connection *connection) {
    static const char *const local_names[3] = {"localAddress", "localPort", "localFamily"};
    static const char *const remote_names[3] = {"remoteAddress", "remotePort", "remoteFamily"};
    const nh_transport_operations *transport = transport_of(server);
    nh_value data = nh_map_new(memory_of(server));
    nh_address address;
    bool is_tcp =
        transport->local_address(connection, &address) == 0 && address.family != NH_ADDRESS_UNIX;

    if (is_tcp && describe_end(memory_of(server), data, local_names, &address) &&
        transport->remote_address(connection, &address) == 0 &&
        describe_end(memory_of(server), data, remote_names, &address)) {
        nh_emitter_emit_value(&server->emitter, "drop", data);
    } else {
        nh_emitter_emit_bare(&server->emitter, "drop");
    }
    nh_value_release(&data);
    nh_socket_close_unowned(transport, connection);
}

static void emit_system_error(nh_net_server *server, int status, const char *call) {
    nh_error *error = nh_error_new_system(memory_of(server), status, call, NULL, -1);

    nh_emitter_emit_error(&server->emitter, error);
    nh_error_release(error);
}

static void accept_connection(nh_net_server *server, nh_connection *connection) {
    const nh_net_server_options *options = &server->options;
    nh_socket *socket = nh_socket_new_accepted(server->emitter.loop, connection, options);

    if (socket == NULL) {
        return; /* closed; the server itself goes on */
    }
    if (options->no_delay) {
        nh_socket_set_no_delay(socket, true);
    }
    if (options->keep_alive) {
        nh_socket_set_keep_alive(socket, true, options->keep_alive_initial_delay);
    }
    /* One that could not start to read has been destroyed before anybody saw it. */
    if (!socket->stream.destroyed) {
        server->connections++;
        nh_emitter_retain(&server->emitter);
        socket->server = server;
    }
    nh_value value = nh_value_of_object_take(&socket->stream.emitter);
    nh_emitter_emit_value(&server->emitter, "connection", value);
    nh_value_release(&value);
}

static void on_connection(void *owner, int status, nh_connection *connection) {
    nh_net_server *server = owner;

    nh_emitter_retain(&server->emitter);
    if (status < 0) {
        emit_system_error(server, status, "accept");
    } else if (server->listening == NULL) {
        nh_socket_close_unowned(transport_of(server), connection);
    } else if (is_full(server)) {
        drop(server, connection);
    } else {
        accept_connection(server, connection);
    }
    nh_emitter_release(&server->emitter);
}

static void on_closed(void *owner) {
    nh_net_server *server = owner;

    nh_emitter_release(&server->emitter);
}

static const nh_listening_observer observer = {
    .connection = on_connection,
    .closed = on_closed,
};

int nh_net_server_start(nh_net_server *server, const nh_address *address, int backlog) {
    nh_listening *listening = NULL;
    int status = transport_of(server)->listen(nh_loop_transport(server->emitter.loop), address,
                                              backlog, &observer, server, &listening);

    if (status == 0) {
        nh_emitter_retain(&server->emitter);
        server->listening = listening;
        if (server->unreferenced) {
            transport_of(server)->listening_set_referenced(listening, false);
        }
    }
    return status;
}

/* --- close -------------------------------------------------------------------------------- */

static void emit_close(nh_emitter *object, nh_value value) {
    (void)value;
    nh_emitter_emit_bare(object, "close");
}

static void emit_close_if_drained(nh_net_server *server) {
    if (server->listening == NULL && server->connections == 0) {
        nh_loop_tick(server->emitter.loop, emit_close, &server->emitter, nh_undefined());
    }
}

void nh_net_server_connection_closed(nh_net_server *server) {
    server->connections--;
    emit_close_if_drained(server);
}

static void report_not_running(nh_emitter *emitter, const nh_value *arguments, size_t count,
                               void *data) {
    nh_value callback = {.type = NH_FUNCTION, .as.function = data};
    nh_value error = nh_value_of_error_take(nh_error_new(
        nh_object_memory(emitter), "Error", "ERR_SERVER_NOT_RUNNING", "Server is not running."));

    (void)arguments;
    (void)count;
    nh_loop_call(callback, &error, 1);
    nh_value_release(&error);
}

static void release_function(void *data) {
    nh_value callback = {.type = NH_FUNCTION, .as.function = data};

    nh_value_release(&callback);
}

static void add_close_callback(nh_net_server *server, nh_value callback) {
    bool added = true;

    if (callback.type != NH_FUNCTION) {
        return;
    }
    if (server->listening != NULL) {
        added = nh_emitter_add_function(&server->emitter, "close", callback, NH_LISTENER_ONCE);
    } else {
        nh_value held = nh_value_retain(callback);
        added = nh_emitter_add_listener(&server->emitter, "close", report_not_running,
                                        held.as.function, release_function, NH_LISTENER_ONCE);
        if (!added) {
            nh_value_release(&held);
        }
    }
    if (!added && !nh_loop_is_throwing(server->emitter.loop)) {
        nh_loop_throw(server->emitter.loop, nh_error_out_of_memory());
    }
}

void nh_net_server_close(nh_net_server *server, nh_value callback) {
    server->listen_id++;
    add_close_callback(server, callback);
    if (nh_loop_is_throwing(server->emitter.loop)) {
        return;
    }
    if (server->listening != NULL) {
        nh_listening *listening = server->listening;
        server->listening = NULL;
        transport_of(server)->close_listening(listening);
    }
    emit_close_if_drained(server);
}

/* --- properties --------------------------------------------------------------------------- */

nh_value nh_net_server_address(nh_net_server *server) {
    nh_address address;

    if (server->path.type == NH_STRING) {
        return nh_value_retain(server->path);
    }
    if (server->listening == NULL ||
        transport_of(server)->listening_address(server->listening, &address) != 0) {
        return nh_null();
    }
    return nh_net_address_value(memory_of(server), &address);
}

static void tell_count(nh_emitter *object, nh_value pair) {
    nh_value arguments[2] = {nh_null(), nh_list_get(pair, 1)};

    (void)object;
    nh_loop_call(nh_list_get(pair, 0), arguments, 2);
}

void nh_net_server_get_connections(nh_net_server *server, nh_value callback) {
    nh_value pair = nh_list_new(memory_of(server));

    if (nh_list_append(pair, callback) &&
        nh_list_append_take(pair, nh_number((double)server->connections))) {
        nh_loop_tick(server->emitter.loop, tell_count, &server->emitter, pair);
    } else {
        nh_loop_throw(server->emitter.loop, nh_error_out_of_memory());
    }
    nh_value_release(&pair);
}

bool nh_net_server_is_listening(const nh_net_server *server) {
    return server->listening != NULL;
}

nh_value nh_net_server_max_connections(const nh_net_server *server) {
    return nh_value_retain(server->max_connections);
}

void nh_net_server_set_max_connections(nh_net_server *server, nh_value limit) {
    nh_value_assign_take(&server->max_connections, nh_value_retain(limit));
}

static void set_referenced(nh_net_server *server, bool referenced) {
    server->unreferenced = !referenced;
    if (server->listening != NULL) {
        transport_of(server)->listening_set_referenced(server->listening, referenced);
    }
}

void nh_net_server_ref(nh_net_server *server) {
    set_referenced(server, true);
}

void nh_net_server_unref(nh_net_server *server) {
    set_referenced(server, false);
}
