/* views.h - the objects that JavaScript sees of field lines agree with each other. */
#ifndef FUZZERS_PARSER_VIEWS_H
#define FUZZERS_PARSER_VIEWS_H

#include <nodehttp/message_parser.h>

/* Builds rawHeaders, headers and headersDistinct of a block, of whose lines `shown` are shown, and
 * fails when their counts don't add up. */
void parser_views_check(nh_memory *memory, const nh_header_block *fields, size_t shown, bool join);

#endif
