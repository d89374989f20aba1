/* response_parser - bytes into the parser of a client: see parser/check.c for the properties, and
 * parser/settings.h for the four bytes before them. */
#include "engines/target.h"
#include "parser/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    parser_check(NH_MESSAGE_RESPONSE, data, size);
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    parser_print(data, size);
}
