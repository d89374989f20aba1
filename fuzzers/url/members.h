/* members.h - what the members of a URL are, and how they make up its href.
 *
 * Written from the URL Standard (numbers of its sections in brackets), without the library's
 * parser: a second opinion on what it returns. */
#ifndef FUZZERS_URL_MEMBERS_H
#define FUZZERS_URL_MEMBERS_H

#include "url/parts.h"

/* Checks that the members recombine to href, that each has the characters of its section, hosts
 * their canonical form, that ports are in range and not the default, paths free of dot segments. */
void url_check_members(const struct url_parts *parts);

#endif
