/* http.ClientRequest, http.request(), http.get(). */
#include <nodehttp/client_request.h>

#include "reference/binding_macros.h"

#define IT nh_client_request
#define ARGUMENT(index) ts_call_argument(call, index)

static nh_error *make_request(ts_call *call, bool get) {
    nh_client_request *request = NULL;
    nh_error *error =
        get ? nh_http_get(call->loop, ARGUMENT(0), ARGUMENT(1), ARGUMENT(2), &request)
            : nh_http_request(call->loop, ARGUMENT(0), ARGUMENT(1), ARGUMENT(2), &request);
    if (error == NULL) {
        call->result = nh_value_of_object_take(nh_as_emitter(request));
    }
    return error;
}

static nh_error *request(ts_call *call) {
    return make_request(call, false);
}

static nh_error *get(ts_call *call) {
    return make_request(call, true);
}

static nh_error *destroy(ts_call *call) {
    nh_error *error = ts_call_error(call, 0);
    nh_client_request_destroy(TS_SELF(IT, call->self), error);
    nh_error_release(error);
    ts_call_return_self(call);
    return NULL;
}

static nh_error *on_socket(ts_call *call) {
    nh_value socket = ARGUMENT(0);
    nh_stream *stream = socket.type == NH_OBJECT ? nh_as_stream(socket.as.object) : NULL;
    nh_error *error = ts_call_error(call, 1);
    nh_client_request_on_socket(TS_SELF(IT, call->self), stream, error);
    nh_error_release(error);
    return NULL;
}

TS_ACTION(abort_request, IT, nh_client_request_abort(it))
TS_ATTEMPT(set_timeout, IT,
           (ts_call_return_self(call), nh_client_request_set_timeout(it, ARGUMENT(0), ARGUMENT(1))))
TS_ACTION(set_no_delay, IT,
          nh_client_request_set_no_delay(it, call->count == 0 || nh_value_is_truthy(ARGUMENT(0))))
TS_ACTION(set_socket_keep_alive, IT,
          nh_client_request_set_socket_keep_alive(it, nh_value_is_truthy(ARGUMENT(0)),
                                                  ARGUMENT(1).type == NH_NUMBER
                                                      ? ARGUMENT(1).as.number
                                                      : 0))

TS_GETTER(get_aborted, IT, nh_boolean(nh_client_request_is_aborted(it)))
TS_GETTER(get_destroyed, IT, nh_boolean(nh_client_request_is_destroyed(it)))
TS_GETTER(get_reused, IT, nh_boolean(nh_client_request_reused_socket(it)))
TS_SETTER(set_reused, IT, nh_client_request_set_reused_socket(it, nh_value_is_truthy(value)))
TS_GETTER(get_upgrade, IT, nh_boolean(nh_client_request_is_upgrade_or_connect(it)))

/* A field of the library's enumeration. */
#define FIELD(name, property)                                                                      \
    TS_GETTER(get_##name, IT, nh_client_request_get(it, property))                                 \
    TS_SETTER(set_##name, IT, nh_client_request_set(it, property, value))
#define FIXED_FIELD(name, property) TS_GETTER(get_##name, IT, nh_client_request_get(it, property))
FIELD(method, NH_CLIENT_REQUEST_METHOD)
FIELD(path, NH_CLIENT_REQUEST_PATH)
TS_GETTER(get_timeout, IT, nh_client_request_get(it, NH_CLIENT_REQUEST_TIMEOUT))
TS_SETTER(set_timeout_field, IT, nh_client_request_set(it, NH_CLIENT_REQUEST_TIMEOUT, value))
FIELD(max_headers_count, NH_CLIENT_REQUEST_MAX_HEADERS_COUNT)
FIELD(host, NH_CLIENT_REQUEST_HOST)
FIELD(protocol, NH_CLIENT_REQUEST_PROTOCOL)
FIXED_FIELD(agent, NH_CLIENT_REQUEST_AGENT)
FIXED_FIELD(socket_path, NH_CLIENT_REQUEST_SOCKET_PATH)
FIXED_FIELD(max_header_size, NH_CLIENT_REQUEST_MAX_HEADER_SIZE)
FIXED_FIELD(insecure, NH_CLIENT_REQUEST_INSECURE_HTTP_PARSER)
FIXED_FIELD(join, NH_CLIENT_REQUEST_JOIN_DUPLICATE_HEADERS)
FIXED_FIELD(res, NH_CLIENT_REQUEST_RES)

#define CLASS "ClientRequest"
#define OPTION(name) TS_OPTION("http.request", name)
static const ts_binding rows[] = {
    TS_METHOD(CLASS, "abort", abort_request),
    TS_METHOD(CLASS, "destroy", destroy),
    TS_METHOD(CLASS, "onSocket", on_socket),
    TS_METHOD(CLASS, "setTimeout", set_timeout),
    TS_METHOD(CLASS, "setNoDelay", set_no_delay),
    TS_METHOD(CLASS, "setSocketKeepAlive", set_socket_keep_alive),
    TS_PROPERTY(CLASS, "aborted", get_aborted, NULL),
    TS_PROPERTY(CLASS, "destroyed", get_destroyed, NULL),
    TS_PROPERTY(CLASS, "reusedSocket", get_reused, set_reused),
    TS_PROPERTY(CLASS, "upgradeOrConnect", get_upgrade, NULL),
    TS_PROPERTY(CLASS, "method", get_method, set_method),
    TS_PROPERTY(CLASS, "path", get_path, set_path),
    TS_PROPERTY(CLASS, "timeout", get_timeout, set_timeout_field),
    TS_PROPERTY(CLASS, "maxHeadersCount", get_max_headers_count, set_max_headers_count),
    TS_PROPERTY(CLASS, "host", get_host, set_host),
    TS_PROPERTY(CLASS, "protocol", get_protocol, set_protocol),
    TS_PROPERTY(CLASS, "agent", get_agent, NULL),
    TS_PROPERTY(CLASS, "socketPath", get_socket_path, NULL),
    TS_PROPERTY(CLASS, "maxHeaderSize", get_max_header_size, NULL),
    TS_PROPERTY(CLASS, "insecureHTTPParser", get_insecure, NULL),
    TS_PROPERTY(CLASS, "joinDuplicateHeaders", get_join, NULL),
    TS_PROPERTY(CLASS, "res", get_res, NULL),
    TS_EVENT(CLASS, "abort"),
    TS_EVENT(CLASS, "close"),
    TS_EVENT(CLASS, "connect"),
    TS_EVENT(CLASS, "continue"),
    TS_EVENT(CLASS, "error"),
    TS_EVENT(CLASS, "finish"),
    TS_EVENT(CLASS, "information"),
    TS_EVENT(CLASS, "response"),
    TS_EVENT(CLASS, "socket"),
    TS_EVENT(CLASS, "timeout"),
    TS_EVENT(CLASS, "upgrade"),
    TS_FUNCTION("http", "request", request),
    TS_FUNCTION("http", "get", get),
    TS_CONSTRUCTOR("http", "ClientRequest", request),
    OPTION("agent"),
    OPTION("auth"),
    OPTION("createConnection"),
    OPTION("defaultPort"),
    OPTION("family"),
    OPTION("headers"),
    OPTION("hints"),
    OPTION("host"),
    OPTION("hostname"),
    OPTION("insecureHTTPParser"),
    OPTION("joinDuplicateHeaders"),
    OPTION("localAddress"),
    OPTION("localPort"),
    OPTION("lookup"),
    OPTION("maxHeaderSize"),
    OPTION("method"),
    OPTION("path"),
    OPTION("port"),
    OPTION("protocol"),
    OPTION("setDefaultHeaders"),
    OPTION("setHost"),
    OPTION("signal"),
    OPTION("socketPath"),
    OPTION("timeout"),
    OPTION("uniqueHeaders"),
};
TS_BINDING_ROWS(client_request, rows);
