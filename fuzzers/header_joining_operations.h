/* header_joining_operations.h - what the bytes of an input of header_joining mean. */
#ifndef FUZZERS_HEADER_JOINING_OPERATIONS_H
#define FUZZERS_HEADER_JOINING_OPERATIONS_H

#include "support/script.h"

/* Byte 0: flags; byte 1: maxHeadersCount, 0 for none; byte 2: bytes a segment, 0 for one segment;
 * bytes 3 and 4: the allocation to refuse, 0 for none. */
#define JOINING_SETTINGS 5
#define JOINING_REFUSAL 3
#define JOINING_RESPONSE 0x01U /* a response to a client, instead of a request to a server */
#define JOINING_JOIN 0x02U     /* joinDuplicateHeaders */
#define JOINING_EARLY 0x04U    /* everything is looked at before the trailers are there, too */
#define JOINING_LIMITED 0x08U  /* maxHeadersCount is set (to byte 1) */
#define JOINING_DISTINCT 0x10U /* the distinct form is built before the joined one */
#define JOINING_ASSIGN 0x20U   /* properties are looked at, assigned, and looked at again */
#define JOINING_ALONE 0x40U    /* a message that no parser made is looked at, too */
#define JOINING_LATE 0x80U     /* it has a long body, and is read when all has been sent */

/* `line how name value`, `trailer how name value`: a field line. `how`: bits 0 to 4 choose a name
 * from a table if `name` is empty, bits 5 to 7 the whitespace around the value.
 * `repeat which count`: line `which` (modulo) so many times again (modulo 8). */
enum { OP_LINE, OP_TRAILER, OP_REPEAT };

extern const struct fuzz_script_format fuzz_script_format;

#endif
