/* http/header_block_internal.h - field lines as the parser saw them.
 *
 * Names and values lie one after the other in one block of bytes (Latin-1, as on the wire), with a
 * table of where each starts: receiving a head costs two allocations however many lines it has.
 * JavaScript-visible forms (rawHeaders, headers, headersDistinct) are built from it when somebody
 * asks: nodehttp/message_parser.h declares them, and what reads a block. */
#ifndef NH_HTTP_HEADER_BLOCK_INTERNAL_H
#define NH_HTTP_HEADER_BLOCK_INTERNAL_H

#include <nodehttp/message_parser.h>

/* Where a field line's name and value are, as offsets into the bytes. */
typedef struct nh_header_line {
    uint32_t name;
    uint32_t name_length;
    uint32_t value;
    uint32_t value_length;
} nh_header_line;

struct nh_header_block {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
    nh_header_line *lines;
    size_t count;
    size_t line_capacity;
}; /* zero-initialised: empty */

/* Turns ASCII letters into lower case, in place. */
void nh_http_lower_case(uint8_t *text, size_t length);

/* Gives the memory back; the block is empty afterwards. */
void nh_header_block_clear(nh_memory *memory, nh_header_block *block);
/* Appends bytes to the text; false without memory. */
bool nh_header_block_append(nh_memory *memory, nh_header_block *block, nh_bytes bytes);
/* Appends a line whose name and value are already in the text; false without memory. */
bool nh_header_block_add_line(nh_memory *memory, nh_header_block *block, nh_header_line line);

/* What nh_header_block_to_map() builds, into a map that exists; false without memory. */
bool nh_header_block_add_to_map(nh_memory *memory, const nh_header_block *block, size_t count,
                                bool join_duplicates, nh_value map);

#endif
