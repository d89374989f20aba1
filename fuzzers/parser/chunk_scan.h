/* chunk_scan.h - a second opinion on the extensions of chunks, and on the limit that they have.
 *
 * Written from RFC 9112, 7.1, and independent of the parser. It assumes that the parser, being
 * strict, has found nothing wrong with the bytes. */
#ifndef FUZZERS_PARSER_CHUNK_SCAN_H
#define FUZZERS_PARSER_CHUNK_SCAN_H

#include <nodehttp/message_parser.h>

/* Shorter inputs cannot reach the limit. */
#define CHUNK_SCAN_BYTES 16384U

/* Fails when the chunks of the first request of `wire` do not go with how its parse ended: with
 * `code` (NULL: no error) at `offset`. Requests that are not plainly chunked are left alone. */
void chunk_scan_check(nh_bytes wire, const char *code, size_t offset);

#endif
