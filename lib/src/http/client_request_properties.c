/* ClientRequest: properties, and the methods that reach through to the socket. */
#include "http/client_request_internal.h"

#include "http/support_internal.h"
#include "net/socket_internal.h"

#include <stddef.h>

static nh_memory *memory_of(const nh_client_request *request) {
    return nh_object_memory(&request->message.emitter);
}

/* --- properties --------------------------------------------------------------------------- */

bool nh_client_request_is_aborted(const nh_client_request *request) {
    return request->aborted;
}

bool nh_client_request_is_destroyed(const nh_client_request *request) {
    return request->message.destroyed;
}

bool nh_client_request_reused_socket(const nh_client_request *request) {
    return request->reused_socket;
}

void nh_client_request_set_reused_socket(nh_client_request *request, bool reused) {
    request->reused_socket = reused;
}

bool nh_client_request_is_upgrade_or_connect(const nh_client_request *request) {
    return request->upgrade_or_connect;
}

/* Where the value of a property is within a request; 0 for `res`, which is an object. */
static size_t field_offset(nh_client_request_property property) {
    switch (property) {
    case NH_CLIENT_REQUEST_METHOD:
        return offsetof(nh_client_request, method);
    case NH_CLIENT_REQUEST_PATH:
        return offsetof(nh_client_request, path);
    case NH_CLIENT_REQUEST_HOST:
        return offsetof(nh_client_request, host);
    case NH_CLIENT_REQUEST_PROTOCOL:
        return offsetof(nh_client_request, protocol);
    case NH_CLIENT_REQUEST_AGENT:
        return offsetof(nh_client_request, agent);
    case NH_CLIENT_REQUEST_SOCKET_PATH:
        return offsetof(nh_client_request, socket_path);
    case NH_CLIENT_REQUEST_TIMEOUT:
        return offsetof(nh_client_request, timeout);
    case NH_CLIENT_REQUEST_MAX_HEADERS_COUNT:
        return offsetof(nh_client_request, max_headers_count);
    case NH_CLIENT_REQUEST_MAX_HEADER_SIZE:
        return offsetof(nh_client_request, max_header_size);
    case NH_CLIENT_REQUEST_INSECURE_HTTP_PARSER:
        return offsetof(nh_client_request, insecure_http_parser);
    case NH_CLIENT_REQUEST_JOIN_DUPLICATE_HEADERS:
        return offsetof(nh_client_request, join_duplicate_headers);
    case NH_CLIENT_REQUEST_RES:
        break;
    }
    return 0;
}

nh_value nh_client_request_get(const nh_client_request *request,
                               nh_client_request_property property) {
    size_t offset = field_offset(property);
    if (offset != 0) {
        return nh_value_retain(*(const nh_value *)(const void *)((const char *)request + offset));
    }
    return request->res == NULL ? nh_null() : nh_value_of_object(&request->res->stream.emitter);
}

void nh_client_request_set(nh_client_request *request, nh_client_request_property property,
                           nh_value value) {
    size_t offset = field_offset(property);
    if (offset != 0) {
        nh_value *field = (nh_value *)(void *)((char *)request + offset);
        nh_value_assign_take(field, nh_value_retain(value));
    }
}

/* --- what waits for the socket ------------------------------------------------------------ */

/* A call on the socket that is made once there is one. */
typedef struct socket_call {
    nh_memory *memory;
    void (*make)(nh_stream *socket, const struct socket_call *call);
    bool enable;
    double number; /* milliseconds */
} socket_call;

static void free_call(void *data) {
    socket_call *call = data;
    nh_memory_free(call->memory, call);
}

static void run_call(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    if (count > 0 && arguments[0].type == NH_OBJECT) {
        const socket_call *call = data;
        call->make(nh_as_stream(arguments[0].as.object), call);
    }
}

static void run_call_on_socket(nh_emitter *emitter, const nh_value *arguments, size_t count,
                               void *data) {
    (void)arguments;
    (void)count;
    const socket_call *call = data;
    call->make(nh_as_stream(emitter), call);
}

/* Adds `call`, copied, as a one-time listener. */
static bool call_once(nh_emitter *emitter, const char *event, nh_listener listener,
                      const socket_call *call) {
    socket_call *copy = nh_memory_allocate(nh_object_memory(emitter), sizeof(*copy));
    if (copy == NULL) {
        return false;
    }
    *copy = *call;
    copy->memory = nh_object_memory(emitter);
    if (!nh_emitter_add_listener(emitter, event, listener, copy, free_call, NH_LISTENER_ONCE)) {
        free_call(copy);
        return nh_loop_is_throwing(emitter->loop);
    }
    return true;
}

static void call_when_possible(nh_client_request *request, const socket_call *call) {
    nh_stream *socket = request->message.socket;
    if (socket != NULL) {
        call->make(socket, call);
    } else if (!call_once(&request->message.emitter, "socket", run_call, call)) {
        nh_loop_throw(request->message.emitter.loop, nh_error_out_of_memory());
    }
}

static void make_set_no_delay(nh_stream *stream, const socket_call *call) {
    nh_socket *socket = nh_socket_of_stream(stream);
    if (socket != NULL) {
        nh_socket_set_no_delay(socket, call->enable);
    }
}

static void make_set_keep_alive(nh_stream *stream, const socket_call *call) {
    nh_socket *socket = nh_socket_of_stream(stream);
    if (socket != NULL) {
        nh_socket_set_keep_alive(socket, call->enable, call->number);
    }
}

void nh_client_request_set_no_delay(nh_client_request *request, bool enable) {
    call_when_possible(request, &(socket_call){.make = make_set_no_delay, .enable = enable});
}

void nh_client_request_set_socket_keep_alive(nh_client_request *request, bool enable,
                                             double initial_delay_ms) {
    call_when_possible(
        request,
        &(socket_call){.make = make_set_keep_alive, .enable = enable, .number = initial_delay_ms});
}

static void make_set_timeout_now(nh_stream *stream, const socket_call *call) {
    nh_socket *socket = nh_socket_of_stream(stream);
    if (socket != NULL) {
        nh_http_throw_take(stream->emitter.loop,
                           nh_socket_set_timeout(socket, nh_number(call->number), nh_undefined()));
    }
}

/* The time to connect does not count. */
static void make_set_timeout(nh_stream *stream, const socket_call *call) {
    nh_socket *socket = nh_socket_of_stream(stream);
    if (socket == NULL || !nh_socket_is_connecting(socket)) {
        make_set_timeout_now(stream, call);
        return;
    }
    socket_call connected = {.make = make_set_timeout_now, .number = call->number};
    if (!call_once(&stream->emitter, "connect", run_call_on_socket, &connected)) {
        nh_loop_throw(stream->emitter.loop, nh_error_out_of_memory());
    }
}

nh_error *nh_client_request_set_timeout(nh_client_request *request, nh_value milliseconds,
                                        nh_value callback) {
    if (request->response_ended) {
        return NULL;
    }
    nh_error *error = nh_client_request_watch_timeout(request);
    nh_value checked = nh_undefined();
    if (error == NULL) {
        error = nh_client_check_timeout(memory_of(request), milliseconds, "msecs", &checked);
    }
    if (error == NULL) {
        error =
            nh_http_add_callback(&request->message.emitter, "timeout", callback, NH_LISTENER_ONCE);
    }
    if (error == NULL) {
        call_when_possible(request,
                           &(socket_call){.make = make_set_timeout, .number = checked.as.number});
    }
    return error;
}
