/* incoming.h - the properties of an IncomingMessage. */
#ifndef FUZZERS_MESSAGE_INCOMING_H
#define FUZZERS_MESSAGE_INCOMING_H

#include <nodehttp/incoming_message.h>

#include "support/memory.h"

enum fuzz_incoming {
    FUZZ_INCOMING_ALONE,   /* no parser made it */
    FUZZ_INCOMING_REQUEST, /* POST / HTTP/1.1 */
    FUZZ_INCOMING_RESPONSE /* HTTP/1.1 200 OK */
};

/* Checks every property, assigns to those that can be assigned to, and checks that they hold it.
 * `memory` tells whether an allocation was refused: then only what needs none is checked. */
void fuzz_check_incoming(nh_loop *loop, nh_incoming_message *message, enum fuzz_incoming kind,
                         const struct fuzz_memory *memory);
/* The same for a new message on `socket`, which may be NULL. */
void fuzz_check_incoming_alone(nh_loop *loop, nh_stream *socket, const struct fuzz_memory *memory);

#endif
