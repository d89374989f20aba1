/* lines.h - the field lines that a script of header_joining is. */
#ifndef FUZZERS_HEADER_JOINING_LINES_H
#define FUZZERS_HEADER_JOINING_LINES_H

#include <nodehttp/value.h>

#include "support/input.h"

/* The most that is sent; beyond it, operations do nothing. The head has to stay below 16 KiB. */
#define JOINING_LINES 160U
#define JOINING_SECTION_BYTES 12000U

struct joining_line {
    nh_bytes name;
    nh_bytes value; /* without the whitespace around it */
};

/* The lines of a head or trailer section, and their bytes on the wire. */
struct joining_section {
    struct joining_line lines[JOINING_LINES + 1];
    size_t count;
    uint8_t bytes[JOINING_SECTION_BYTES + 64];
    size_t length;
};

/* Reads a script to its end: the lines of the head, of which the last one says that the body is
 * chunked, and of the trailer section. */
void joining_read(struct fuzz_input *input, struct joining_section *head,
                  struct joining_section *trailer);

#endif
