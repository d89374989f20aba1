/* net.Server: what http.Server inherits. */
#include <nodehttp/abort_signal.h>
#include <nodehttp/net_server.h>

#include "reference/binding_macros.h"

/* listen(options[, cb]), listen(port[, host][, backlog][, cb]), listen(path[, backlog][, cb]). */
static nh_error *listen(ts_call *call) {
    nh_value first = ts_call_argument(call, 0);
    nh_listen_options options;
    nh_listen_options_init(&options);
    nh_value callback = nh_undefined();
    if (first.type == NH_MAP) {
        nh_listen_options_of_map(&options, first);
    } else if (first.type == NH_STRING) {
        options.path = first;
    } else if (first.type != NH_FUNCTION) {
        options.port = first;
    }
    for (size_t i = 0; i < call->count; i++) {
        nh_value argument = call->arguments[i];
        if (argument.type == NH_FUNCTION) {
            callback = argument;
        } else if (i > 0 && argument.type == NH_STRING) {
            options.host = argument;
        } else if (i > 0 && argument.type == NH_NUMBER) {
            options.backlog = argument;
        }
    }
    ts_call_return_self(call);
    nh_value signal = nh_map_get(first, "signal");
    if (signal.type != NH_UNDEFINED &&
        !nh_net_server_is_listening(TS_SELF(nh_net_server, call->self))) {
        nh_error *error = nh_net_server_add_signal(TS_SELF(nh_net_server, call->self), signal);
        if (error != NULL) {
            return error;
        }
    }
    return nh_net_server_listen(TS_SELF(nh_net_server, call->self), &options, callback);
}

/* net.createServer([options][, listener]), new net.Server(). */
static nh_error *create_server(ts_call *call) {
    nh_value given = ts_call_argument(call, 0);
    nh_value listener = ts_call_argument(call, given.type == NH_FUNCTION ? 0 : 1);
    nh_net_server_options options;
    nh_net_server_options_init(&options);
    options.allow_half_open = nh_value_is_truthy(nh_map_get(given, "allowHalfOpen"));
    options.pause_on_connect = nh_value_is_truthy(nh_map_get(given, "pauseOnConnect"));
    options.no_delay = nh_value_is_truthy(nh_map_get(given, "noDelay"));
    options.keep_alive = nh_value_is_truthy(nh_map_get(given, "keepAlive"));
    nh_value delay = nh_map_get(given, "keepAliveInitialDelay");
    nh_value mark = nh_map_get(given, "highWaterMark");
    if (delay.type == NH_NUMBER) {
        options.keep_alive_initial_delay = delay.as.number;
    }
    if (mark.type == NH_NUMBER && mark.as.number >= 0) {
        options.high_water_mark = (size_t)mark.as.number;
    }
    nh_net_server *server = nh_net_server_new(call->loop, &options, listener);
    if (server == NULL) {
        return nh_error_out_of_memory();
    }
    call->result = nh_value_of_object_take(nh_as_emitter(server));
    return NULL;
}

TS_ACTION(close_server, nh_net_server, nh_net_server_close(it, ts_call_argument(call, 0));
          ts_call_return_self(call))
TS_ACTION(address, nh_net_server, call->result = nh_net_server_address(it))
TS_ACTION(get_connections, nh_net_server,
          nh_net_server_get_connections(it, ts_call_argument(call, 0));
          ts_call_return_self(call))
TS_ACTION(ref, nh_net_server, nh_net_server_ref(it); ts_call_return_self(call))
TS_ACTION(unref, nh_net_server, nh_net_server_unref(it); ts_call_return_self(call))
TS_GETTER(get_listening, nh_net_server, nh_boolean(nh_net_server_is_listening(it)))
TS_GETTER(get_max_connections, nh_net_server, nh_net_server_max_connections(it))
TS_SETTER(set_max_connections, nh_net_server, nh_net_server_set_max_connections(it, value))

static const ts_binding rows[] = {
    TS_FUNCTION("net", "createServer", create_server),
    TS_CONSTRUCTOR("net", "Server", create_server),
    TS_METHOD("Server", "listen", listen),
    TS_METHOD("Server", "close", close_server),
    TS_METHOD("Server", "address", address),
    TS_METHOD("Server", "getConnections", get_connections),
    TS_METHOD("Server", "ref", ref),
    TS_METHOD("Server", "unref", unref),
    TS_PROPERTY("Server", "listening", get_listening, NULL),
    TS_PROPERTY("Server", "maxConnections", get_max_connections, set_max_connections),
    TS_EVENT("Server", "listening"),
    TS_EVENT("Server", "connection"),
    TS_EVENT("Server", "close"),
    TS_EVENT("Server", "error"),
    TS_EVENT("Server", "drop"),
};
TS_BINDING_ROWS(net_server, rows);
