/* http.Server, http.createServer(). */
#include <nodehttp/server.h>

#include "reference/binding_macros.h"
#include "reference/promise.h"

#define IT nh_server
#define ARGUMENT(index) ts_call_argument(call, index)

static nh_error *create_server(ts_call *call) {
    nh_server *server = NULL;
    nh_error *error = nh_server_new(call->loop, ARGUMENT(0), ARGUMENT(1), &server);
    if (error == NULL) {
        call->result = nh_value_of_object_take(nh_as_emitter(server));
    }
    return error;
}

static nh_error *async_dispose(ts_call *call) {
    nh_value settle;
    call->result = ts_promise_new(call->loop, &settle);
    if (call->result.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    nh_server_async_dispose(TS_SELF(IT, call->self), settle);
    nh_value_release(&settle);
    return NULL;
}

TS_ACTION(close_server, IT, nh_server_close(it, ARGUMENT(0)); ts_call_return_self(call))
TS_ACTION(close_all, IT, nh_server_close_all_connections(it))
TS_ACTION(close_idle, IT, nh_server_close_idle_connections(it))
TS_ATTEMPT(set_inactivity, IT,
           (ts_call_return_self(call), nh_server_set_timeout(it, ARGUMENT(0), ARGUMENT(1))))

/* A field that the library knows by its name in Node.js. */
#define FIELD(name)                                                                                \
    TS_GETTER(get_##name, IT, nh_server_property(it, #name))                                       \
    TS_SETTER(set_##name, IT, (void)nh_server_set_property(it, #name, value))
#define FIELDS(X)                                                                                  \
    X(timeout)                                                                                     \
    X(keepAliveTimeout)                                                                            \
    X(headersTimeout)                                                                              \
    X(requestTimeout)                                                                              \
    X(maxHeadersCount)                                                                             \
    X(maxRequestsPerSocket)                                                                        \
    X(httpAllowHalfOpen)                                                                           \
    X(requireHostHeader)                                                                           \
    X(rejectNonStandardBodyWrites)                                                                 \
    X(joinDuplicateHeaders)                                                                        \
    X(maxHeaderSize)                                                                               \
    X(insecureHTTPParser)                                                                          \
    X(connectionsCheckingInterval)                                                                 \
    X(highWaterMark)                                                                               \
    X(noDelay)                                                                                     \
    X(keepAlive)                                                                                   \
    X(keepAliveInitialDelay)                                                                       \
    X(allowHalfOpen)                                                                               \
    X(pauseOnConnect)

FIELDS(FIELD)

#define CLASS "Server"
#define FIELD_ROW(name) TS_PROPERTY(CLASS, #name, get_##name, set_##name),
#define OPTION(name) TS_OPTION("http.createServer", name)
static const ts_binding rows[] = {
    TS_METHOD(CLASS, "close", close_server),
    TS_METHOD(CLASS, "closeAllConnections", close_all),
    TS_METHOD(CLASS, "closeIdleConnections", close_idle),
    TS_METHOD(CLASS, "setTimeout", set_inactivity),
    TS_METHOD(CLASS, "[Symbol.asyncDispose]", async_dispose),
    FIELDS(FIELD_ROW) TS_EVENT(CLASS, "checkContinue"),
    TS_EVENT(CLASS, "checkExpectation"),
    TS_EVENT(CLASS, "clientError"),
    TS_EVENT(CLASS, "connect"),
    TS_EVENT(CLASS, "dropRequest"),
    TS_EVENT(CLASS, "request"),
    TS_EVENT(CLASS, "timeout"),
    TS_EVENT(CLASS, "upgrade"),
    TS_FUNCTION("http", "createServer", create_server),
    TS_CONSTRUCTOR("http", "Server", create_server),
    OPTION("connectionsCheckingInterval"),
    OPTION("headersTimeout"),
    OPTION("highWaterMark"),
    OPTION("insecureHTTPParser"),
    OPTION("joinDuplicateHeaders"),
    OPTION("keepAlive"),
    OPTION("keepAliveInitialDelay"),
    OPTION("keepAliveTimeout"),
    OPTION("maxHeaderSize"),
    OPTION("noDelay"),
    OPTION("rejectNonStandardBodyWrites"),
    OPTION("requestTimeout"),
    OPTION("requireHostHeader"),
    OPTION("uniqueHeaders"),
};
TS_BINDING_ROWS(server, rows);
