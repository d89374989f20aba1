/* nodehttp/http.h - what belongs to the http module itself (Node: http). */
#ifndef NODEHTTP_HTTP_H
#define NODEHTTP_HTTP_H

#include <nodehttp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* http.METHODS: the methods the parser knows, sorted; a new list. */
nh_value nh_http_methods(nh_memory *memory);
/* http.STATUS_CODES: reason phrases by status code ("200"); a new map. */
nh_value nh_http_status_codes(nh_memory *memory);
/* The standard reason phrase of a status code; NULL when there is none. */
const char *nh_http_status_text(int status_code);
/* http.maxHeaderSize: bytes. */
size_t nh_http_max_header_size(void);

/* Checks a header name; `label` (a string value; falsy: "Header name") names it in the message.
 * ERR_INVALID_HTTP_TOKEN. Node: http.validateHeaderName(). */
nh_error *nh_http_validate_header_name(nh_memory *memory, nh_value name, nh_value label);
/* Checks a header value. ERR_HTTP_INVALID_HEADER_VALUE, ERR_INVALID_CHAR. Node:
 * http.validateHeaderValue(). */
nh_error *nh_http_validate_header_value(nh_memory *memory, nh_value name, nh_value value);
/* Accepts a number from 1; parsers live in their connections here, so nothing else follows from it.
 * ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. Node: http.setMaxIdleHTTPParsers(). */
nh_error *nh_http_set_max_idle_http_parsers(nh_memory *memory, nh_value max);

#ifdef __cplusplus
}
#endif
#endif
