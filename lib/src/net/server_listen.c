/* server.listen(): where to, and when 'listening' or 'error' comes. */
#include "net/server_listen.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "net/connect.h"
#include "net/options.h"

#define DEFAULT_BACKLOG 511

static nh_memory *memory_of(const nh_net_server *server) {
    return nh_object_memory(&server->emitter);
}

static void emit_listening(nh_emitter *object, nh_value value) {
    const nh_net_server *server = (nh_net_server *)(void *)object;

    (void)value;
    if (server->listening != NULL) {
        nh_emitter_emit_bare(object, "listening");
    }
}

static void emit_error(nh_emitter *object, nh_value error) {
    nh_emitter_emit_error(object, error.as.error);
}

/* 'listening' or 'error' on the next tick. */
static void started(nh_net_server *server, int status, const char *host, int port) {
    if (status == 0) {
        nh_loop_tick(server->emitter.loop, emit_listening, &server->emitter, nh_undefined());
        return;
    }
    nh_value error =
        nh_value_of_error_take(nh_error_new_listen(memory_of(server), status, host, port));
    nh_loop_tick(server->emitter.loop, emit_error, &server->emitter, error);
    nh_value_release(&error);
}

static void listen_on(nh_net_server *server, const char *host, int port, int backlog) {
    nh_address address;
    int status = -EINVAL;

    if (nh_net_parse_address(host, port, &address)) {
        status = nh_net_server_start(server, &address, backlog);
    }
    started(server, status, host, port);
}

/* All addresses: by IPv6 where there is IPv6. */
static void listen_everywhere(nh_net_server *server, int port, int backlog) {
    nh_address any = {.family = NH_ADDRESS_IPV6, .host = "::", .port = (uint16_t)port};
    int status = nh_net_server_start(server, &any, backlog);

    if (status == -EAFNOSUPPORT || status == -EADDRNOTAVAIL || status == -EINVAL) {
        any = (nh_address){.family = NH_ADDRESS_IPV4, .host = "0.0.0.0", .port = (uint16_t)port};
        status = nh_net_server_start(server, &any, backlog);
    }
    started(server, status, any.host, port);
}

static void listen_on_path(nh_net_server *server, nh_value path, int backlog) {
    nh_address address = {.family = NH_ADDRESS_UNIX};
    nh_bytes bytes = nh_value_bytes(path);
    int status = -EINVAL;

    nh_value_assign_take(&server->path, nh_value_retain(path));
    if (bytes.length < sizeof(address.host)) {
        memcpy(address.host, bytes.data, bytes.length);
        status = nh_net_server_start(server, &address, backlog);
    }
    started(server, status, nh_value_text(path), -1);
}

/* --- a host name -------------------------------------------------------------------------- */

/* What is to be listened on once the look-up has an answer. */
typedef struct pending_listen {
    nh_net_server *server; /* retained */
    uint64_t id;
    int port;
    int backlog;
    char host[];
} pending_listen;

static void release_pending(pending_listen *pending) {
    nh_net_server *server = pending->server;

    nh_memory_free(memory_of(server), pending);
    nh_emitter_release(&server->emitter);
}

static bool is_link_local(const nh_address *address) {
    const char *host = address->host;
    bool starts = (host[0] == 'f' || host[0] == 'F') && (host[1] == 'e' || host[1] == 'E');

    return address->family == NH_ADDRESS_IPV6 && starts && strchr("89abAB", host[2]) != NULL;
}

static void looked_up(void *owner, int status, const nh_address *addresses, size_t count) {
    pending_listen *pending = owner;
    nh_net_server *server = pending->server;
    size_t chosen = 0;

    if (pending->id == server->listen_id) {
        while (chosen < count && is_link_local(&addresses[chosen])) {
            chosen++;
        }
        chosen = chosen < count ? chosen : 0;
        if (status < 0) {
            nh_error *error = nh_error_new_lookup(memory_of(server), status, pending->host);
            nh_emitter_emit_error(&server->emitter, error);
            nh_error_release(error);
        } else if (count > 0) {
            listen_on(server, addresses[chosen].host, pending->port, pending->backlog);
        }
    }
    release_pending(pending);
}

/* A numeric host is no look-up, but its answer comes on the next tick all the same. */
static void listen_on_numeric(nh_emitter *object, nh_value arguments) {
    nh_net_server *server = (nh_net_server *)(void *)object;

    if (nh_list_get(arguments, 0).as.number >= (double)server->listen_id) {
        listen_on(server, nh_value_text(nh_list_get(arguments, 1)),
                  (int)nh_list_get(arguments, 2).as.number,
                  (int)nh_list_get(arguments, 3).as.number);
    }
}

static nh_error *listen_on_host(nh_net_server *server, nh_value host, int port, int backlog) {
    nh_memory *memory = memory_of(server);
    nh_transport *transport = nh_loop_transport(server->emitter.loop);
    nh_bytes text = nh_value_bytes(host);

    if (nh_net_is_ip(nh_value_text(host)) != 0) {
        nh_value arguments = nh_list_new(memory);
        bool complete = nh_list_append(arguments, nh_number((double)server->listen_id)) &&
                        nh_list_append(arguments, host) &&
                        nh_list_append(arguments, nh_number(port)) &&
                        nh_list_append(arguments, nh_number(backlog));
        if (complete) {
            nh_loop_tick(server->emitter.loop, listen_on_numeric, &server->emitter, arguments);
        }
        nh_value_release(&arguments);
        return complete ? NULL : nh_error_out_of_memory();
    }
    pending_listen *pending = nh_memory_allocate(memory, sizeof(*pending) + text.length + 1);
    if (pending == NULL) {
        return nh_error_out_of_memory();
    }
    *pending = (pending_listen){
        .server = server,
        .id = server->listen_id,
        .port = port,
        .backlog = backlog,
    };
    memcpy(pending->host, nh_value_text(host), text.length + 1);
    nh_emitter_retain(&server->emitter);
    if (transport->operations->lookup(transport, pending->host, 0, looked_up, pending) == NULL) {
        release_pending(pending);
        return nh_error_out_of_memory();
    }
    return NULL;
}

/* --- listen() ----------------------------------------------------------------------------- */

static int backlog_of(nh_value backlog) {
    bool usable =
        backlog.type == NH_NUMBER && backlog.as.number >= 1 && backlog.as.number <= 2147483647.0;

    return usable ? (int)backlog.as.number : DEFAULT_BACKLOG;
}

static nh_error *refuse_options(nh_net_server *server, const nh_listen_options *options) {
    nh_memory *memory = memory_of(server);
    bool has_any = options->port.type != NH_UNDEFINED || options->path.type != NH_UNDEFINED;
    nh_value shown = nh_map_new(memory);

    /* As much of the options object as this call has seen. */
    if (options->port.type != NH_UNDEFINED) {
        nh_map_set(shown, "port", options->port);
    }
    if (options->host.type != NH_UNDEFINED) {
        nh_map_set(shown, "host", options->host);
    }
    if (options->path.type != NH_UNDEFINED) {
        nh_map_set(shown, "path", options->path);
    }
    nh_error *error = nh_error_new_argument_value(
        memory, "options", shown,
        has_any ? "is invalid" : "must have the property \"port\" or \"path\"");
    nh_value_release(&shown);
    return error;
}

nh_error *nh_net_server_listen(nh_net_server *server, const nh_listen_options *options,
                               nh_value callback) {
    nh_emitter *emitter = &server->emitter;
    bool to_port = options->port.type == NH_NUMBER || options->port.type == NH_STRING ||
                   options->port.type == NH_NULL;
    int backlog = backlog_of(options->backlog);

    if (server->listening != NULL) {
        return nh_error_new(memory_of(server), "Error", "ERR_SERVER_ALREADY_LISTEN",
                            "Listen method has been called more than once without closing.");
    }
    if (callback.type == NH_FUNCTION &&
        !nh_emitter_add_function(emitter, "listening", callback, NH_LISTENER_ONCE)) {
        return nh_loop_is_throwing(emitter->loop) ? NULL : nh_error_out_of_memory();
    }
    server->listen_id++;
    if (to_port) {
        int port = 0;
        if (options->port.type != NH_NULL) {
            nh_error *error =
                nh_check_port(memory_of(server), "options.port", "options.port", options->port);
            if (error != NULL) {
                return error;
            }
            port = nh_port_of(options->port);
        }
        if (nh_value_is_truthy(options->host)) {
            return listen_on_host(server, options->host, port, backlog);
        }
        listen_everywhere(server, port, backlog);
        return NULL;
    }
    if (options->path.type == NH_STRING && nh_value_is_truthy(options->path)) {
        listen_on_path(server, options->path, backlog);
        return NULL;
    }
    return refuse_options(server, options);
}
