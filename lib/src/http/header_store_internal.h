/* http/header_store_internal.h - the headers of a message that is being written.
 *
 * Keeps what the program gave, name and value unchanged, under the lower-case name, in the order in
 * which a JavaScript object lists its keys: names that are array indices first, then by insertion.
 */
#ifndef NH_HTTP_HEADER_STORE_INTERNAL_H
#define NH_HTTP_HEADER_STORE_INTERNAL_H

#include <nodehttp/error.h>

typedef struct nh_header_entry {
    nh_value name;  /* as given: a string */
    nh_value value; /* anything */
} nh_header_entry;

/* So many headers need no allocation. */
#define NH_HEADERS_INSIDE 4

typedef struct nh_header_store {
    nh_header_entry *entries; /* `inside`, or allocated */
    size_t count;
    size_t capacity;
    nh_header_entry inside[NH_HEADERS_INSIDE];
} nh_header_store; /* zero-initialised: empty. Not to be moved. */

void nh_header_store_clear(nh_memory *memory, nh_header_store *store);
/* The entry of that name (any case); NULL when there is none. Valid until the next change. */
nh_header_entry *nh_header_store_find(const nh_header_store *store, nh_bytes name);
/* Sets name and value; an existing entry keeps its place. False without memory. */
bool nh_header_store_set(nh_memory *memory, nh_header_store *store, nh_value name, nh_value value);
/* The lower-case name of an entry (owned); NH_INVALID without memory. */
nh_value nh_header_store_key(nh_memory *memory, const nh_header_entry *entry);
/* True when there was one. */
bool nh_header_store_remove(nh_header_store *store, nh_bytes name);

/* --- validation (header_validation.c) ------------------------------------------------------ */

/* RFC 9110 token. */
bool nh_http_is_token(nh_bytes text);
/* No control characters other than tab, nothing above U+00FF. */
bool nh_http_is_field_value(nh_bytes text);
/* ERR_INVALID_HTTP_TOKEN: `<label> must be a valid HTTP token ["<name>"]`; label "Header name". */
nh_error *nh_http_check_name(nh_memory *memory, nh_value name, const char *label);
/* ERR_INVALID_CHAR: `Invalid character in <place> ["<name>"]`; place "header content". */
nh_error *nh_http_check_characters(nh_memory *memory, nh_value value, const char *place,
                                   nh_value name);
/* The same for a header, and ERR_HTTP_INVALID_HEADER_VALUE for undefined. */
nh_error *nh_http_check_value(nh_memory *memory, nh_value name, nh_value value);
/* What `'' + value` gives (owned); a TypeError through `*out_error` (set only then) for symbols,
 * also inside lists. */
nh_value nh_http_value_to_string(nh_memory *memory, nh_value value, nh_error **out_error);

#endif
