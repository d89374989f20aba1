/* http.IncomingMessage. */
#include <nodehttp/incoming_message.h>

#include "reference/binding_macros.h"

TS_GETTER(get_headers, nh_incoming_message, nh_incoming_message_headers(it))
TS_GETTER(get_headers_distinct, nh_incoming_message, nh_incoming_message_headers_distinct(it))
TS_GETTER(get_raw_headers, nh_incoming_message, nh_incoming_message_raw_headers(it))
TS_GETTER(get_trailers, nh_incoming_message, nh_incoming_message_trailers(it))
TS_GETTER(get_trailers_distinct, nh_incoming_message, nh_incoming_message_trailers_distinct(it))
TS_GETTER(get_raw_trailers, nh_incoming_message, nh_incoming_message_raw_trailers(it))
TS_GETTER(get_http_version, nh_incoming_message, nh_incoming_message_http_version(it))
TS_GETTER(get_version_major, nh_incoming_message, nh_incoming_message_http_version_major(it))
TS_GETTER(get_version_minor, nh_incoming_message, nh_incoming_message_http_version_minor(it))
TS_GETTER(get_method, nh_incoming_message, nh_incoming_message_method(it))
TS_GETTER(get_url, nh_incoming_message, nh_incoming_message_url(it))
TS_GETTER(get_status_code, nh_incoming_message, nh_incoming_message_status_code(it))
TS_GETTER(get_status_message, nh_incoming_message, nh_incoming_message_status_message(it))
TS_SETTER(set_method, nh_incoming_message, nh_incoming_message_set_method(it, value))
TS_SETTER(set_url, nh_incoming_message, nh_incoming_message_set_url(it, value))
TS_SETTER(set_status_code, nh_incoming_message, nh_incoming_message_set_status_code(it, value))
TS_SETTER(set_status_message, nh_incoming_message,
          nh_incoming_message_set_status_message(it, value))
TS_SETTER(set_headers, nh_incoming_message, nh_incoming_message_set_headers(it, value))
TS_SETTER(set_headers_distinct, nh_incoming_message,
          nh_incoming_message_set_headers_distinct(it, value))
TS_SETTER(set_trailers, nh_incoming_message, nh_incoming_message_set_trailers(it, value))
TS_SETTER(set_trailers_distinct, nh_incoming_message,
          nh_incoming_message_set_trailers_distinct(it, value))
TS_GETTER(get_complete, nh_incoming_message, nh_boolean(nh_incoming_message_is_complete(it)))
TS_SETTER(set_complete, nh_incoming_message,
          nh_incoming_message_set_complete(it, nh_value_is_truthy(value)))
TS_GETTER(get_aborted, nh_incoming_message, nh_boolean(nh_incoming_message_is_aborted(it)))
TS_GETTER(get_upgrade, nh_incoming_message, nh_incoming_message_upgrade(it))
TS_GETTER(get_socket, nh_incoming_message,
          ts_object_or_null(nh_as_emitter(nh_incoming_message_socket(it))))
TS_GETTER(get_connection, nh_incoming_message,
          ts_object_or_null(nh_as_emitter(nh_incoming_message_connection(it))))
TS_GETTER(get_request, nh_incoming_message, ts_object_or_undefined(nh_incoming_message_request(it)))
TS_ATTEMPT(set_timeout, nh_incoming_message,
           (ts_call_return_self(call),
            nh_incoming_message_set_timeout(it, ts_call_argument(call, 0),
                                            ts_call_argument(call, 1))))

static nh_error *new_message(ts_call *call) {
    nh_value socket = ts_call_argument(call, 0);
    nh_stream *stream = socket.type == NH_OBJECT ? nh_as_stream(socket.as.object) : NULL;
    nh_incoming_message *message = nh_incoming_message_new(call->loop, stream);
    if (message == NULL) {
        return nh_error_out_of_memory();
    }
    call->result = nh_value_of_object_take(nh_as_emitter(message));
    return NULL;
}

#define CLASS "IncomingMessage"
static const ts_binding rows[] = {
    TS_PROPERTY(CLASS, "headers", get_headers, set_headers),
    TS_PROPERTY(CLASS, "headersDistinct", get_headers_distinct, set_headers_distinct),
    TS_PROPERTY(CLASS, "rawHeaders", get_raw_headers, NULL),
    TS_PROPERTY(CLASS, "trailers", get_trailers, set_trailers),
    TS_PROPERTY(CLASS, "trailersDistinct", get_trailers_distinct, set_trailers_distinct),
    TS_PROPERTY(CLASS, "rawTrailers", get_raw_trailers, NULL),
    TS_PROPERTY(CLASS, "httpVersion", get_http_version, NULL),
    TS_PROPERTY(CLASS, "httpVersionMajor", get_version_major, NULL),
    TS_PROPERTY(CLASS, "httpVersionMinor", get_version_minor, NULL),
    TS_PROPERTY(CLASS, "method", get_method, set_method),
    TS_PROPERTY(CLASS, "url", get_url, set_url),
    TS_PROPERTY(CLASS, "statusCode", get_status_code, set_status_code),
    TS_PROPERTY(CLASS, "statusMessage", get_status_message, set_status_message),
    TS_PROPERTY(CLASS, "complete", get_complete, set_complete),
    TS_PROPERTY(CLASS, "aborted", get_aborted, NULL),
    TS_PROPERTY(CLASS, "upgrade", get_upgrade, NULL),
    TS_PROPERTY(CLASS, "socket", get_socket, NULL),
    TS_PROPERTY(CLASS, "connection", get_connection, NULL),
    TS_PROPERTY(CLASS, "req", get_request, NULL),
    TS_METHOD(CLASS, "setTimeout", set_timeout),
    TS_EVENT(CLASS, "aborted"),
    TS_EVENT(CLASS, "timeout"),
    TS_CONSTRUCTOR("http", "IncomingMessage", new_message),
};
TS_BINDING_ROWS(incoming_message, rows);
