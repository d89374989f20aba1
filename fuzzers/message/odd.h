/* odd.h - values of every type, for calls that expect another one. */
#ifndef FUZZERS_MESSAGE_ODD_H
#define FUZZERS_MESSAGE_ODD_H

#include <nodehttp/value.h>

enum fuzz_odd {
    FUZZ_ODD_UNDEFINED,
    FUZZ_ODD_NULL,
    FUZZ_ODD_TRUE,
    FUZZ_ODD_FALSE,
    FUZZ_ODD_NUMBER, /* 1.5 */
    FUZZ_ODD_NAN,
    FUZZ_ODD_INFINITY,
    FUZZ_ODD_BIGINT,
    FUZZ_ODD_SYMBOL,
    FUZZ_ODD_SYMBOLS, /* a list of a list of a symbol */
    FUZZ_ODD_EMPTY_LIST,
    FUZZ_ODD_LIST,
    FUZZ_ODD_MAP,
    FUZZ_ODD_BUFFER,
    FUZZ_ODD_FUNCTION,
    FUZZ_ODD_TEXT, /* "text" */
};
#define FUZZ_ODD_COUNT 16U

/* A new value of the kind; NH_INVALID without memory. */
nh_value fuzz_odd_value(nh_memory *memory, enum fuzz_odd kind);
/* What JavaScript says to it where a string is needed: a code, "" for an error without one, NULL
 * for no error. */
const char *fuzz_odd_as_text(enum fuzz_odd kind);

#endif
