/* settings.h - the four bytes before the bytes on the wire, and where the wire is cut.
 *
 * byte 0: flags, below; byte 1: seed of the cuts; byte 2: maxHeaderSize; byte 3: maxHeadersCount.
 */
#ifndef FUZZERS_PARSER_SETTINGS_H
#define FUZZERS_PARSER_SETTINGS_H

#include <nodehttp/message_parser.h>

#define PARSER_SETTINGS_BYTES 4

/* What the parse of the whole input is compared with: bits 3 and 4 of byte 0. */
enum parser_comparison {
    PARSER_CUT_BY_SEED = 0, /* a few places anywhere, or around the bytes of one kind */
    PARSER_CUT_ALL = 1,     /* every byte alone, if the input is short; otherwise by seed */
    PARSER_CUT_EVENLY = 2,  /* pieces of one length */
    PARSER_OTHER_MODE = 3   /* strict against insecure; nothing is cut */
};

struct parser_settings {
    nh_message_parser_options options;
    enum parser_comparison comparison;
    uint8_t seed;
    bool join;           /* bit 1: joinDuplicateHeaders */
    bool finish;         /* bit 2: the stream ends after the input */
    bool views;          /* bit 5: build headers, headersDistinct and rawHeaders of every head */
    bool skips_bodies;   /* bit 6: some heads (by seed) are said to have no body */
    bool takes_upgrades; /* bit 7: an upgrade is accepted; otherwise the rest is parsed as HTTP */
};

/* Reads the settings of an input; what is missing is zero. Bit 0 of byte 0: insecureHTTPParser. */
struct parser_settings parser_settings_of(const uint8_t *data, size_t size);
/* Prints them in words. */
void parser_settings_print(const struct parser_settings *settings);

/* The limit of a head that they stand for, in bytes. */
size_t parser_max_header_size(const struct parser_settings *settings);

/* The end of the piece of `wire` that begins at `start`: from start + 1 to its length. */
size_t parser_cut_after(const struct parser_settings *settings, nh_bytes wire, size_t start);

#endif
