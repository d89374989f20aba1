/* touchy.c - a target with findings of every kind, to test what runs targets. The input's text says
 * what to do; anything else is fine. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engines/target.h"
#include "support/check.h"

static bool is(const uint8_t *data, size_t size, const char *text) {
    return size == strlen(text) && memcmp(data, text, size) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    FUZZ_CHECK(!is(data, size, "property"), "the input asks for it");
    if (is(data, size, "abort")) {
        abort();
    }
    if (is(data, size, "overrun")) {
        /* Past the end of the input's block: a finding in builds with AddressSanitizer. */
        volatile const uint8_t *input = data;
        (void)input[size];
    }
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    printf("%zu bytes, the first is %d\n", size, size > 0 ? data[0] : -1);
}
