/* parse_back.h - the library's own parser on what the library wrote. */
#ifndef FUZZERS_MESSAGE_PARSE_BACK_H
#define FUZZERS_MESSAGE_PARSE_BACK_H

#include "message/reader.h"

/* Parses one response, of which `head` is what the independent reader found and `body` what was
 * written, and fails unless it is exactly this message: the same lines, without white space around
 * the values, the same body, so many trailers, and nothing left. `is_head`: it answers HEAD. */
void fuzz_parse_back(nh_memory *memory, nh_bytes message, const struct fuzz_head *head,
                     nh_bytes body, size_t trailers, bool is_head);

#endif
