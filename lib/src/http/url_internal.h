/* http/url_internal.h - URLs as the WHATWG URL Standard reads them, without a base URL.
 *
 * A URL comes out as a map with the members of JavaScript's URL object, which is also how a program
 * passes one to http.request(). */
#ifndef NH_HTTP_URL_INTERNAL_H
#define NH_HTTP_URL_INTERNAL_H

#include <nodehttp/error.h>

#include "core/text.h"

/* What to percent-encode where (URL Standard, 1.3). */
typedef enum nh_url_encode_set {
    NH_URL_ENCODE_C0_CONTROL,
    NH_URL_ENCODE_FRAGMENT,
    NH_URL_ENCODE_QUERY,
    NH_URL_ENCODE_SPECIAL_QUERY,
    NH_URL_ENCODE_PATH,
    NH_URL_ENCODE_USERINFO
} nh_url_encode_set;

/* Appends `bytes`, those of the set as %XX. */
void nh_url_encode(nh_text *out, nh_bytes bytes, nh_url_encode_set set);
/* Appends the bytes that the %XX of `bytes` stand for; other bytes as they are. */
void nh_url_decode(nh_text *out, nh_bytes bytes);

/* Appends the serialised host that `host` (UTF-8) stands for; false when it is none. `special`: a
 * domain or an IPv4 address; otherwise an opaque host. Both: an IPv6 address in brackets. */
bool nh_url_parse_host(nh_text *out, nh_bytes host, bool special);
/* Domain to ASCII: letters mapped to lower case, labels with others encoded as Punycode (RFC 3492);
 * false when the domain is not valid. */
bool nh_url_domain_to_ascii(nh_text *out, nh_bytes domain);

/* Whether `value` is a URL in the eyes of http.request(): href and protocol, but neither auth nor
 * path. */
bool nh_url_is_url(nh_value value);

/* Bytes [from, to). */
static inline nh_bytes nh_url_slice(nh_bytes bytes, size_t from, size_t to) {
    return nh_bytes_of(from == 0 ? bytes.data : bytes.data + from, to - from);
}

#endif
