/* record.h - what one parse of an input reported: a hash of its events, and how it ended.
 *
 * The order of events is checked as they come. */
#ifndef FUZZERS_PARSER_RECORD_H
#define FUZZERS_PARSER_RECORD_H

#include "parser/settings.h"
#include "support/memory.h"

struct parser_record {
    const struct parser_settings *settings;
    nh_message_kind kind;
    nh_bytes wire;
    struct fuzz_memory *memory; /* for views; NULL: none are built */
    bool is_whole;              /* the wire is parsed in one piece: heads are compared with it */
    bool is_strict;
    bool prints; /* events go to standard error, too */

    uint64_t hash;      /* of all events */
    uint64_t body_hash; /* of the body under way; the same however it is cut */
    size_t body_length; /* bytes of it */
    size_t messages;    /* begun */
    enum { BETWEEN_MESSAGES, IN_HEAD, IN_BODY } state;
    bool takes_upgrade; /* the message under way is the last one */
    bool has_upgraded;  /* the stream was handed over: nothing may come any more */
    bool is_over;       /* an error was returned, or the stream ended */

    /* While every byte of the wire is accounted for: where the message under way began, or the
     * next one will. */
    bool knows_place;
    size_t place;
    bool has_coding; /* the body under way has a transfer coding: its length on the wire is open */

    const char *code;   /* of the error; NULL: none */
    const char *reason; /* ... */
    size_t offset;      /* in the wire: of the error, of the upgrade, or its end */
};

extern const nh_message_parser_hooks parser_record_hooks;

/* A hash of bytes. */
uint64_t parser_hash(nh_bytes bytes);
/* After the last event: adds what is unfinished. */
void parser_record_close(struct parser_record *record);
/* "<events> <end>", in words, on standard error. */
void parser_record_print_end(const struct parser_record *record);

#endif
