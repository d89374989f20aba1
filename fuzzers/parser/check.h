/* check.h - what request_parser and response_parser do with an input. */
#ifndef FUZZERS_PARSER_CHECK_H
#define FUZZERS_PARSER_CHECK_H

#include <nodehttp/message_parser.h>

/* Parses the input whole, and again the way its settings say, and compares. */
void parser_check(nh_message_kind kind, const uint8_t *data, size_t size);
/* Prints settings and wire on standard output. */
void parser_print(const uint8_t *data, size_t size);

#endif
