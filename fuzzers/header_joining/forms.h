/* forms.h - what rawHeaders, headers and headersDistinct hold for given field lines.
 *
 * Written from the documentation of message.headers and from what Node.js was seen to do: a second
 * opinion. */
#ifndef FUZZERS_HEADER_JOINING_FORMS_H
#define FUZZERS_HEADER_JOINING_FORMS_H

#include "header_joining/lines.h"

/* How many of `count` lines survive maxHeadersCount (`limit`; 0: none): the first ones. */
size_t joining_kept_count(size_t count, size_t limit);
/* Checks that `raw` has the names and values of the lines by turns. */
void joining_check_raw(nh_value raw, const struct joining_line *lines, size_t count);
/* Checks that `map` has the names in lower case as keys, in the order of an object, and their
 * values: lists when `distinct`, else joined, with `join` (joinDuplicateHeaders) all of them. */
void joining_check_map(nh_value map, const struct joining_line *lines, size_t count, bool distinct,
                       bool join);

#endif
