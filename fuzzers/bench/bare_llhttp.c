/* bare_llhttp.c - llhttp and nothing else: the yardstick for the parsers' targets.
 *
 * Takes the inputs of request_parser: the bytes of settings are skipped, the others parsed as one
 * segment without any callback. Nothing of the project is linked, so all coverage is llhttp's: a
 * build whose state machine is not instrumented shows here. */
#include <stddef.h>
#include <stdint.h>

#include <llhttp.h>

#define SETTINGS_BYTES ((size_t)4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < SETTINGS_BYTES) {
        return 0;
    }
    llhttp_settings_t settings;
    llhttp_t parser;
    llhttp_settings_init(&settings);
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    if (llhttp_execute(&parser, (const char *)data + SETTINGS_BYTES, size - SETTINGS_BYTES) ==
        HPE_OK) {
        (void)llhttp_finish(&parser);
    }
    return 0;
}
