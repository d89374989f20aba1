/* message_roundtrip_operations.h - the script of message_roundtrip. */
#ifndef FUZZERS_MESSAGE_ROUNDTRIP_OPERATIONS_H
#define FUZZERS_MESSAGE_ROUNDTRIP_OPERATIONS_H

#include "support/script.h"

/* The operations are those of message/composer.h, by their numbers. */
extern const struct fuzz_script_format fuzz_script_format;

#endif
