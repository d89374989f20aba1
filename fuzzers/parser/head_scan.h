/* head_scan.h - a second opinion on the size of a head: what of it counts against maxHeaderSize.
 *
 * Written from RFC 9112, 2 to 5, and independent of the parser. It assumes that the parser, being
 * strict, has found nothing wrong with the bytes; on others the numbers mean nothing. */
#ifndef FUZZERS_PARSER_HEAD_SCAN_H
#define FUZZERS_PARSER_HEAD_SCAN_H

#include <nodehttp/message_parser.h>

struct head_scan {
    size_t counted; /* bytes of target or reason phrase, names and values */
    size_t blanks;  /* of these, white space at the ends of values */
    size_t lines;   /* field lines that have their colon */
    size_t length;  /* bytes up to and with the empty line; all there are when it is not complete */
    bool is_complete;
};

/* Looks at a head, or the beginning of one. */
struct head_scan head_scan_of(nh_message_kind kind, nh_bytes bytes);

#endif
