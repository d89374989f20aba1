/* message_roundtrip - messages built through the OutgoingMessage API parse back to what was set.
 *
 * A server's responses to pipelined requests or a client's request (settings), built by any calls
 * in any order with legal names and values. What has to hold is in message/composer.h. */
#include "message_roundtrip_operations.h"

#include "engines/target.h"
#include "message/composer.h"

/* The most operations of a run. */
#define OPERATIONS 64U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_of(data, size);
    struct fuzz_composer *composer = fuzz_composer_begin(&input, true);
    struct fuzz_step step;
    for (size_t i = 0; i < OPERATIONS && fuzz_script_next(&fuzz_script_format, &input, &step);
         i++) {
        fuzz_compose(composer, (enum fuzz_compose)step.operation, &step);
    }
    fuzz_composer_end(composer);
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    fuzz_script_print(&fuzz_script_format, data, size);
}
