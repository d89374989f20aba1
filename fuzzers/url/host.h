/* host.h - hosts of URLs are in canonical form. */
#ifndef FUZZERS_URL_HOST_H
#define FUZZERS_URL_HOST_H

#include "url/parts.h"

/* Checks the host of a URL that has one: an IPv6 address, else a domain or an IPv4 address when the
 * scheme is special, and an opaque host when it is not. */
void url_check_host(const struct url_parts *parts);

#endif
