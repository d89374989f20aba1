/* net.Socket, net.createConnection(). */
#include <nodehttp/socket.h>

#include "reference/binding_macros.h"

TS_ATTEMPT(set_timeout, nh_socket,
           (ts_call_return_self(call),
            nh_socket_set_timeout(it, ts_call_argument(call, 0), ts_call_argument(call, 1))))
TS_ACTION(set_no_delay, nh_socket,
          nh_socket_set_no_delay(it,
                                 call->count == 0 || nh_value_is_truthy(ts_call_argument(call, 0)));
          ts_call_return_self(call))
TS_ACTION(set_keep_alive, nh_socket,
          nh_socket_set_keep_alive(it, nh_value_is_truthy(ts_call_argument(call, 0)),
                                   ts_call_argument(call, 1).type == NH_NUMBER
                                       ? ts_call_argument(call, 1).as.number
                                       : 0);
          ts_call_return_self(call))
TS_ACTION(ref, nh_socket, nh_socket_ref(it); ts_call_return_self(call))
TS_ACTION(unref, nh_socket, nh_socket_unref(it); ts_call_return_self(call))
TS_ACTION(destroy_soon, nh_socket, nh_socket_destroy_soon(it))
TS_ACTION(reset_and_destroy, nh_socket, nh_socket_reset_and_destroy(it); ts_call_return_self(call))
TS_ACTION(address, nh_socket, call->result = nh_socket_address(it))

TS_GETTER(get_timeout, nh_socket, nh_socket_timeout(it))
TS_GETTER(get_remote_address, nh_socket, nh_socket_remote_address(it))
TS_GETTER(get_remote_port, nh_socket, nh_socket_remote_port(it))
TS_GETTER(get_remote_family, nh_socket, nh_socket_remote_family(it))
TS_GETTER(get_local_address, nh_socket, nh_socket_local_address(it))
TS_GETTER(get_local_port, nh_socket, nh_socket_local_port(it))
TS_GETTER(get_local_family, nh_socket, nh_socket_local_family(it))
TS_GETTER(get_bytes_read, nh_socket, nh_number((double)nh_socket_bytes_read(it)))
TS_GETTER(get_bytes_written, nh_socket, nh_number((double)nh_socket_bytes_written(it)))
TS_GETTER(get_connecting, nh_socket, nh_boolean(nh_socket_is_connecting(it)))
TS_GETTER(get_pending, nh_socket, nh_boolean(nh_socket_is_pending(it)))
TS_GETTER(get_attempted, nh_socket, nh_socket_attempted_addresses(it))

static nh_value get_ready_state(nh_loop *loop, nh_emitter *self) {
    return nh_string_of(nh_loop_memory(loop), nh_socket_ready_state(TS_SELF(nh_socket, self)));
}

/* connect(options[, listener]), connect(port[, host][, listener]), connect(path[, listener]). */
static nh_value connect_options(const ts_call *call, nh_socket_options *options) {
    nh_value first = ts_call_argument(call, 0);
    nh_value second = ts_call_argument(call, 1);
    nh_socket_options_init(options);
    if (first.type == NH_MAP) {
        nh_socket_options_of_map(options, first);
    } else if (first.type == NH_STRING && second.type != NH_STRING) {
        options->path = first;
    } else {
        options->port = first;
        options->host = second.type == NH_STRING ? second : nh_undefined();
    }
    nh_value last = call->count > 0 ? call->arguments[call->count - 1] : nh_undefined();
    return last.type == NH_FUNCTION ? last : nh_undefined();
}

static nh_error *connect_socket(ts_call *call) {
    nh_socket_options options;
    nh_value listener = connect_options(call, &options);
    ts_call_return_self(call);
    return nh_socket_connect(TS_SELF(nh_socket, call->self), &options, listener);
}

static nh_error *create_connection(ts_call *call) {
    nh_socket_options options;
    nh_value listener = connect_options(call, &options);
    nh_socket *socket = NULL;
    nh_error *error = nh_net_create_connection(call->loop, &options, listener, &socket);
    if (error == NULL) {
        call->result = nh_value_of_object_take(nh_as_emitter(socket));
    }
    return error;
}

static nh_error *new_socket(ts_call *call) {
    nh_socket_options options;
    nh_socket_options_init(&options);
    nh_socket_options_of_map(&options, ts_call_argument(call, 0));
    nh_socket *socket = nh_socket_new(call->loop, &options);
    if (socket == NULL) {
        return nh_error_out_of_memory();
    }
    call->result = nh_value_of_object_take(nh_as_emitter(socket));
    return NULL;
}

static nh_error *is_ip(ts_call *call) {
    nh_value text = ts_call_argument(call, 0);
    call->result = nh_number(nh_net_is_ip(nh_value_text(text)));
    return NULL;
}

static const ts_binding rows[] = {
    TS_METHOD("Socket", "connect", connect_socket),
    TS_METHOD("Socket", "setTimeout", set_timeout),
    TS_METHOD("Socket", "setNoDelay", set_no_delay),
    TS_METHOD("Socket", "setKeepAlive", set_keep_alive),
    TS_METHOD("Socket", "ref", ref),
    TS_METHOD("Socket", "unref", unref),
    TS_METHOD("Socket", "destroySoon", destroy_soon),
    TS_METHOD("Socket", "resetAndDestroy", reset_and_destroy),
    TS_METHOD("Socket", "address", address),
    TS_PROPERTY("Socket", "timeout", get_timeout, NULL),
    TS_PROPERTY("Socket", "remoteAddress", get_remote_address, NULL),
    TS_PROPERTY("Socket", "remotePort", get_remote_port, NULL),
    TS_PROPERTY("Socket", "remoteFamily", get_remote_family, NULL),
    TS_PROPERTY("Socket", "localAddress", get_local_address, NULL),
    TS_PROPERTY("Socket", "localPort", get_local_port, NULL),
    TS_PROPERTY("Socket", "localFamily", get_local_family, NULL),
    TS_PROPERTY("Socket", "bytesRead", get_bytes_read, NULL),
    TS_PROPERTY("Socket", "bytesWritten", get_bytes_written, NULL),
    TS_PROPERTY("Socket", "connecting", get_connecting, NULL),
    TS_PROPERTY("Socket", "pending", get_pending, NULL),
    TS_PROPERTY("Socket", "readyState", get_ready_state, NULL),
    TS_PROPERTY("Socket", "autoSelectFamilyAttemptedAddresses", get_attempted, NULL),
    TS_EVENT("Socket", "lookup"),
    TS_EVENT("Socket", "connect"),
    TS_EVENT("Socket", "ready"),
    TS_EVENT("Socket", "timeout"),
    TS_CONSTRUCTOR("net", "Socket", new_socket),
    TS_FUNCTION("net", "connect", create_connection),
    TS_FUNCTION("net", "createConnection", create_connection),
    TS_FUNCTION("net", "isIP", is_ip),
};
TS_BINDING_ROWS(socket, rows);
