/* http.OutgoingMessage: what ServerResponse and ClientRequest share. */
#include <nodehttp/outgoing_message.h>

#include "reference/binding_macros.h"

#define IT nh_outgoing_message
#define ARGUMENT(index) ts_call_argument(call, index)

TS_ATTEMPT(set_header, IT,
           (ts_call_return_self(call),
            nh_outgoing_message_set_header(it, ARGUMENT(0), ARGUMENT(1))))
TS_ATTEMPT(set_headers, IT,
           (ts_call_return_self(call), nh_outgoing_message_set_headers(it, ARGUMENT(0))))
TS_ATTEMPT(append_header, IT,
           (ts_call_return_self(call),
            nh_outgoing_message_append_header(it, ARGUMENT(0), ARGUMENT(1))))
TS_ATTEMPT(get_header, IT, nh_outgoing_message_get_header(it, ARGUMENT(0), &call->result))
TS_ACTION(get_headers, IT, call->result = nh_outgoing_message_get_headers(it))
TS_ACTION(get_header_names, IT, call->result = nh_outgoing_message_get_header_names(it))
TS_ACTION(get_raw_header_names, IT, call->result = nh_outgoing_message_get_raw_header_names(it))
TS_ATTEMPT(remove_header, IT, nh_outgoing_message_remove_header(it, ARGUMENT(0)))
TS_ATTEMPT(add_trailers, IT, nh_outgoing_message_add_trailers(it, ARGUMENT(0)))
TS_ATTEMPT(flush_headers, IT, nh_outgoing_message_flush_headers(it))
TS_ACTION(cork, IT, nh_outgoing_message_cork(it))
TS_ACTION(uncork, IT, nh_outgoing_message_uncork(it))
TS_ACTION(pipe_into, IT, nh_outgoing_message_pipe(it))
TS_ATTEMPT(set_timeout, IT,
           (ts_call_return_self(call),
            nh_outgoing_message_set_timeout(it, ARGUMENT(0), ARGUMENT(1))))

static nh_error *has_header(ts_call *call) {
    bool has = false;
    nh_error *error = nh_outgoing_message_has_header(TS_SELF(IT, call->self), ARGUMENT(0), &has);
    call->result = nh_boolean(has);
    return error;
}

static nh_error *write(ts_call *call) {
    bool more = false;
    nh_error *error = nh_outgoing_message_write(TS_SELF(IT, call->self), ARGUMENT(0), ARGUMENT(1),
                                                ARGUMENT(2), &more);
    call->result = nh_boolean(more);
    return error;
}

static nh_error *end(ts_call *call) {
    ts_call_return_self(call);
    return nh_outgoing_message_end(TS_SELF(IT, call->self), ARGUMENT(0), ARGUMENT(1), ARGUMENT(2));
}

static nh_error *destroy(ts_call *call) {
    nh_error *error = ts_call_error(call, 0);
    nh_outgoing_message_destroy(TS_SELF(IT, call->self), error);
    nh_error_release(error);
    ts_call_return_self(call);
    return NULL;
}

TS_GETTER(get_headers_sent, IT, nh_boolean(nh_outgoing_message_headers_sent(it)))
TS_GETTER(get_finished, IT, nh_boolean(nh_outgoing_message_is_finished(it)))
TS_GETTER(get_ended, IT, nh_boolean(nh_outgoing_message_writable_ended(it)))
TS_GETTER(get_writable_finished, IT, nh_boolean(nh_outgoing_message_writable_finished(it)))
TS_GETTER(get_output_size, IT, nh_number(nh_outgoing_message_output_size(it)))
TS_GETTER(get_length, IT, nh_number(nh_outgoing_message_writable_length(it)))
TS_GETTER(get_mark, IT, nh_number(nh_outgoing_message_writable_high_water_mark(it)))
TS_GETTER(get_corked, IT, nh_number(nh_outgoing_message_writable_corked(it)))
TS_GETTER(get_need_drain, IT, nh_boolean(nh_outgoing_message_writable_need_drain(it)))
TS_GETTER(get_object_mode, IT, nh_boolean(nh_outgoing_message_writable_object_mode(it)))
TS_GETTER(get_writable, IT, nh_boolean(nh_outgoing_message_is_writable(it)))
TS_GETTER(get_destroyed, IT, nh_boolean(nh_outgoing_message_is_destroyed(it)))
TS_GETTER(get_closed, IT, nh_boolean(nh_outgoing_message_is_closed(it)))
TS_GETTER(get_errored, IT, nh_value_retain(nh_outgoing_message_errored(it)))
TS_GETTER(get_socket, IT, ts_object_or_null(nh_as_emitter(nh_outgoing_message_socket(it))))
TS_GETTER(get_connection, IT, ts_object_or_null(nh_as_emitter(nh_outgoing_message_connection(it))))

/* A boolean property that a program may set. */
#define FLAG(name)                                                                                 \
    TS_GETTER(get_##name, IT, nh_boolean(nh_outgoing_message_##name(it)))                          \
    TS_SETTER(set_##name, IT, nh_outgoing_message_set_##name(it, nh_value_is_truthy(value)))
FLAG(send_date)
FLAG(strict_content_length)
FLAG(chunked_encoding)
FLAG(should_keep_alive)
FLAG(use_chunked_encoding_by_default)
FLAG(max_requests_on_connection_reached)

static nh_error *new_message(ts_call *call) {
    nh_outgoing_message *message = nh_outgoing_message_new(call->loop, ARGUMENT(0));
    if (message == NULL) {
        return nh_error_out_of_memory();
    }
    call->result = nh_value_of_object_take(nh_as_emitter(message));
    return NULL;
}

#define CLASS "OutgoingMessage"
static const ts_binding rows[] = {
    TS_METHOD(CLASS, "setHeader", set_header),
    TS_METHOD(CLASS, "setHeaders", set_headers),
    TS_METHOD(CLASS, "appendHeader", append_header),
    TS_METHOD(CLASS, "getHeader", get_header),
    TS_METHOD(CLASS, "getHeaders", get_headers),
    TS_METHOD(CLASS, "getHeaderNames", get_header_names),
    TS_METHOD(CLASS, "getRawHeaderNames", get_raw_header_names),
    TS_METHOD(CLASS, "hasHeader", has_header),
    TS_METHOD(CLASS, "removeHeader", remove_header),
    TS_METHOD(CLASS, "addTrailers", add_trailers),
    TS_METHOD(CLASS, "flushHeaders", flush_headers),
    TS_METHOD(CLASS, "write", write),
    TS_METHOD(CLASS, "end", end),
    TS_METHOD(CLASS, "cork", cork),
    TS_METHOD(CLASS, "uncork", uncork),
    TS_METHOD(CLASS, "pipe", pipe_into),
    TS_METHOD(CLASS, "destroy", destroy),
    TS_METHOD(CLASS, "setTimeout", set_timeout),
    TS_PROPERTY(CLASS, "headersSent", get_headers_sent, NULL),
    TS_PROPERTY(CLASS, "finished", get_finished, NULL),
    TS_PROPERTY(CLASS, "writableEnded", get_ended, NULL),
    TS_PROPERTY(CLASS, "writableFinished", get_writable_finished, NULL),
    TS_PROPERTY(CLASS, "writableLength", get_length, NULL),
    TS_PROPERTY(CLASS, "outputSize", get_output_size, NULL),
    TS_PROPERTY(CLASS, "writableHighWaterMark", get_mark, NULL),
    TS_PROPERTY(CLASS, "writableCorked", get_corked, NULL),
    TS_PROPERTY(CLASS, "writableNeedDrain", get_need_drain, NULL),
    TS_PROPERTY(CLASS, "writableObjectMode", get_object_mode, NULL),
    TS_PROPERTY(CLASS, "writable", get_writable, NULL),
    TS_PROPERTY(CLASS, "destroyed", get_destroyed, NULL),
    TS_PROPERTY(CLASS, "closed", get_closed, NULL),
    TS_PROPERTY(CLASS, "errored", get_errored, NULL),
    TS_PROPERTY(CLASS, "socket", get_socket, NULL),
    TS_PROPERTY(CLASS, "connection", get_connection, NULL),
    TS_PROPERTY(CLASS, "sendDate", get_send_date, set_send_date),
    TS_PROPERTY(CLASS, "strictContentLength", get_strict_content_length, set_strict_content_length),
    TS_PROPERTY(CLASS, "chunkedEncoding", get_chunked_encoding, set_chunked_encoding),
    TS_PROPERTY(CLASS, "shouldKeepAlive", get_should_keep_alive, set_should_keep_alive),
    TS_PROPERTY(CLASS, "useChunkedEncodingByDefault", get_use_chunked_encoding_by_default,
                set_use_chunked_encoding_by_default),
    TS_PROPERTY(CLASS, "maxRequestsOnConnectionReached", get_max_requests_on_connection_reached,
                set_max_requests_on_connection_reached),
    TS_EVENT(CLASS, "drain"),
    TS_EVENT(CLASS, "prefinish"),
    TS_EVENT(CLASS, "finish"),
    TS_EVENT(CLASS, "close"),
    TS_EVENT(CLASS, "error"),
    TS_EVENT(CLASS, "pipe"),
    TS_EVENT(CLASS, "unpipe"),
    TS_EVENT(CLASS, "socket"),
    TS_EVENT(CLASS, "timeout"),
    TS_CONSTRUCTOR("http", "OutgoingMessage", new_message),
};
TS_BINDING_ROWS(outgoing_message, rows);
