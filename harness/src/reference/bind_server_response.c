/* http.ServerResponse. */
#include <nodehttp/server_response.h>

#include "reference/binding_macros.h"

#define IT nh_server_response
#define ARGUMENT(index) ts_call_argument(call, index)

TS_ATTEMPT(write_head, IT,
           (ts_call_return_self(call),
            nh_server_response_write_head(it, ARGUMENT(0), ARGUMENT(1), ARGUMENT(2))))
TS_ATTEMPT(write_continue, IT, nh_server_response_write_continue(it, ARGUMENT(0)))
TS_ATTEMPT(write_processing, IT, nh_server_response_write_processing(it, ARGUMENT(0)))
TS_ATTEMPT(write_early_hints, IT,
           nh_server_response_write_early_hints(it, ARGUMENT(0), ARGUMENT(1)))
TS_GETTER(get_status_code, IT, nh_server_response_status_code(it))
TS_SETTER(set_status_code, IT, nh_server_response_set_status_code(it, value))
TS_GETTER(get_status_message, IT, nh_server_response_status_message(it))
TS_SETTER(set_status_message, IT, nh_server_response_set_status_message(it, value))
TS_GETTER(get_request, IT, ts_object_or_undefined(nh_as_emitter(nh_server_response_request(it))))

/* The stream that an argument holds; NULL for anything else. */
static nh_stream *stream_argument(const ts_call *call) {
    nh_value value = ts_call_argument(call, 0);
    return value.type == NH_OBJECT ? nh_as_stream(value.as.object) : NULL;
}

static nh_error *assign_socket(ts_call *call) {
    nh_stream *stream = stream_argument(call);
    return stream != NULL ? nh_server_response_assign_socket(TS_SELF(IT, call->self), stream)
                          : NULL;
}

static nh_error *detach_socket(ts_call *call) {
    nh_stream *stream = stream_argument(call);
    if (stream != NULL) {
        nh_server_response_detach_socket(TS_SELF(IT, call->self), stream);
    }
    return NULL;
}

static nh_error *new_response(ts_call *call) {
    nh_value request = ARGUMENT(0);
    if (request.type != NH_OBJECT || !nh_emitter_is_a(request.as.object, "IncomingMessage")) {
        return nh_error_new(call->memory, "TypeError", NULL,
                            "Cannot read properties of undefined (reading 'method')");
    }
    nh_server_response *response =
        nh_server_response_new(TS_SELF(nh_incoming_message, request.as.object), ARGUMENT(1));
    if (response == NULL) {
        return nh_error_out_of_memory();
    }
    call->result = nh_value_of_object_take(nh_as_emitter(response));
    return NULL;
}

#define CLASS "ServerResponse"
static const ts_binding rows[] = {
    TS_METHOD(CLASS, "writeHead", write_head),
    TS_METHOD(CLASS, "writeContinue", write_continue),
    TS_METHOD(CLASS, "writeProcessing", write_processing),
    TS_METHOD(CLASS, "writeEarlyHints", write_early_hints),
    TS_METHOD(CLASS, "assignSocket", assign_socket),
    TS_METHOD(CLASS, "detachSocket", detach_socket),
    TS_PROPERTY(CLASS, "statusCode", get_status_code, set_status_code),
    TS_PROPERTY(CLASS, "statusMessage", get_status_message, set_status_message),
    TS_PROPERTY(CLASS, "req", get_request, NULL),
    TS_EVENT(CLASS, "close"),
    TS_EVENT(CLASS, "finish"),
    TS_CONSTRUCTOR("http", "ServerResponse", new_response),
};
TS_BINDING_ROWS(server_response, rows);
