/* http/header_block_internal.h - field lines as the parser saw them.
 *
 * Names and values lie one after the other in one block of bytes (Latin-1, as on the wire), with a
 * table of where each starts: receiving a head costs two allocations however many lines it has.
 * JavaScript-visible forms (rawHeaders, headers, headersDistinct) are built from it when somebody
 * asks. */
#ifndef NH_HTTP_HEADER_BLOCK_INTERNAL_H
#define NH_HTTP_HEADER_BLOCK_INTERNAL_H

#include <nodehttp/value.h>

/* Where a field line's name and value are, as offsets into the bytes. */
typedef struct nh_header_line {
    uint32_t name;
    uint32_t name_length;
    uint32_t value;
    uint32_t value_length;
} nh_header_line;

typedef struct nh_header_block {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
    nh_header_line *lines;
    size_t count;
    size_t line_capacity;
} nh_header_block; /* zero-initialised: empty */

/* Turns ASCII letters into lower case, in place. */
void nh_http_lower_case(uint8_t *text, size_t length);

/* Gives the memory back; the block is empty afterwards. */
void nh_header_block_clear(nh_memory *memory, nh_header_block *block);
/* Appends bytes to the text; false without memory. */
bool nh_header_block_append(nh_memory *memory, nh_header_block *block, nh_bytes bytes);
/* Appends a line whose name and value are already in the text; false without memory. */
bool nh_header_block_add_line(nh_memory *memory, nh_header_block *block, nh_header_line line);

/* Borrowed from the block. */
nh_bytes nh_header_block_name(const nh_header_block *block, size_t index);
nh_bytes nh_header_block_value(const nh_header_block *block, size_t index);

/* [name, value, name, value, ...]; NH_INVALID without memory. */
nh_value nh_header_block_to_list(nh_memory *memory, const nh_header_block *block);
/* The object message.headers: of the first `count` lines, repeated fields dropped or joined by
 * Node's rules (http, message.headers); `join_duplicates` joins all of them with ", ". */
nh_value nh_header_block_to_map(nh_memory *memory, const nh_header_block *block, size_t count,
                                bool join_duplicates);
/* The same into a map that exists; false without memory. */
bool nh_header_block_add_to_map(nh_memory *memory, const nh_header_block *block, size_t count,
                                bool join_duplicates, nh_value map);
/* message.headersDistinct: every value in a list. */
nh_value nh_header_block_to_distinct_map(nh_memory *memory, const nh_header_block *block,
                                         size_t count);

#endif
