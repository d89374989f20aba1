/* header_validation_operations.h - what the bytes of an input of header_validation mean. */
#ifndef FUZZERS_HEADER_VALIDATION_OPERATIONS_H
#define FUZZERS_HEADER_VALIDATION_OPERATIONS_H

#include "message/composer.h"

/* The settings are those of message/composer.h, and so are all operations but the first two:
 * `name how name`: validateHeaderName(), bit 2 of `how` with a label;
 * `value how how name value`: validateHeaderValue(), bits 2 and 3 choose the type of the name;
 * and the last: `module what value`: http.METHODS, STATUS_CODES, maxHeaderSize and
 * setMaxIdleHTTPParsers(). */
enum validation_operation {
    VALIDATION_NAME,
    VALIDATION_VALUE,
    VALIDATION_SET,
    VALIDATION_GIVE,
    VALIDATION_HEAD,
    VALIDATION_STATUS,
    VALIDATION_LINE,
    VALIDATION_TRAILER,
    VALIDATION_HINTS,
    VALIDATION_WRITE,
    VALIDATION_END,
    VALIDATION_READ,
    VALIDATION_ODD,
    VALIDATION_MODULE,
};

extern const struct fuzz_script_format fuzz_script_format;

#endif
