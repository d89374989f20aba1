/* What belongs to the http module itself. */
#include <nodehttp/http.h>

#include "reference/binding_macros.h"

#define ARGUMENT(index) ts_call_argument(call, index)

static nh_value get_methods(nh_loop *loop, nh_emitter *self) {
    (void)self;
    return nh_http_methods(nh_loop_memory(loop));
}

static nh_value get_status_codes(nh_loop *loop, nh_emitter *self) {
    (void)self;
    return nh_http_status_codes(nh_loop_memory(loop));
}

static nh_value get_max_header_size(nh_loop *loop, nh_emitter *self) {
    (void)loop;
    (void)self;
    return nh_number((double)nh_http_max_header_size());
}

static nh_error *validate_name(ts_call *call) {
    return nh_http_validate_header_name(call->memory, ARGUMENT(0), ARGUMENT(1));
}

static nh_error *validate_value(ts_call *call) {
    return nh_http_validate_header_value(call->memory, ARGUMENT(0), ARGUMENT(1));
}

static nh_error *set_max_idle_parsers(ts_call *call) {
    return nh_http_set_max_idle_http_parsers(call->memory, ARGUMENT(0));
}

static const ts_binding rows[] = {
    TS_PROPERTY("http", "METHODS", get_methods, NULL),
    TS_PROPERTY("http", "STATUS_CODES", get_status_codes, NULL),
    TS_PROPERTY("http", "maxHeaderSize", get_max_header_size, NULL),
    TS_FUNCTION("http", "validateHeaderName", validate_name),
    TS_FUNCTION("http", "validateHeaderValue", validate_value),
    TS_FUNCTION("http", "setMaxIdleHTTPParsers", set_max_idle_parsers),
};
TS_BINDING_ROWS(http, rows);
