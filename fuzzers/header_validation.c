/* header_validation - what may stand in a message, and what is sent of it.
 *
 * Any text goes to validateHeaderName(), validateHeaderValue(), setHeader() and its like,
 * writeHead(), addTrailers(), writeEarlyHints(), and the method, path and headers of
 * http.request(). Each call has to accept or to refuse it, with the right code, as a table written
 * from RFC 9110 and RFC 9112 says (message/text.c). All that was accepted is sent in real messages,
 * and has to be read back as what it was, by a reader that knows nothing of the library
 * (message/reader.c): no value may become two lines, no message two. */
#include "header_validation_operations.h"

#include <nodehttp/http.h>

#include "engines/target.h"
#include "support/check.h"

/* The most operations of a run. */
#define OPERATIONS 48U

static nh_memory *memory_of(const struct fuzz_composer *composer) {
    return nh_loop_memory(composer->world.loop);
}

static void validate_name(struct fuzz_composer *composer, const struct fuzz_step *step) {
    nh_memory *memory = memory_of(composer);
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[1], step->numbers[0]);
    bool has_label = (step->numbers[0] & 4U) != 0;
    nh_value label = has_label ? nh_string_of(memory, "Trailer name") : nh_undefined();
    nh_value value = fuzz_text_value(memory, name);
    nh_error *error = nh_http_validate_header_name(memory, value, label);
    (void)fuzz_expect_take(composer, error, fuzz_is_token(name) ? NULL : "ERR_INVALID_HTTP_TOKEN",
                           "validateHeaderName()");
    nh_value_release(&label);
    nh_value_release(&value);
}

static void validate_value(struct fuzz_composer *composer, const struct fuzz_step *step) {
    nh_memory *memory = memory_of(composer);
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[2], step->numbers[0]);
    struct fuzz_value value = fuzz_value_of(composer, step->bytes[3], step->numbers[1]);
    nh_value name_value = fuzz_text_value(memory, name);
    nh_value given = fuzz_value_make(memory, value);
    const char *code = value.kind == FUZZ_VALUE_UNDEFINED ? "ERR_HTTP_INVALID_HEADER_VALUE"
                       : !fuzz_value_is_legal(value)      ? "ERR_INVALID_CHAR"
                                                          : NULL;
    (void)fuzz_expect_take(composer, nh_http_validate_header_value(memory, name_value, given), code,
                           "validateHeaderValue()");
    nh_value_release(&name_value);
    nh_value_release(&given);
}

static void run_operation(struct fuzz_composer *composer, const struct fuzz_step *step) {
    static const enum fuzz_compose calls[] = {
        [VALIDATION_SET] = FUZZ_SET,     [VALIDATION_GIVE] = FUZZ_GIVE,
        [VALIDATION_HEAD] = FUZZ_HEAD,   [VALIDATION_STATUS] = FUZZ_STATUS,
        [VALIDATION_LINE] = FUZZ_LINE,   [VALIDATION_TRAILER] = FUZZ_TRAILER,
        [VALIDATION_HINTS] = FUZZ_HINTS, [VALIDATION_WRITE] = FUZZ_WRITE,
        [VALIDATION_END] = FUZZ_END,     [VALIDATION_READ] = FUZZ_READ,
    };
    if (step->operation == VALIDATION_NAME) {
        validate_name(composer, step);
    } else if (step->operation == VALIDATION_VALUE) {
        validate_value(composer, step);
    } else {
        fuzz_compose(composer, calls[step->operation], step);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_of(data, size);
    struct fuzz_composer *composer = fuzz_composer_begin(&input, false);
    struct fuzz_step step;
    for (size_t i = 0; i < OPERATIONS && fuzz_script_next(&fuzz_script_format, &input, &step);
         i++) {
        run_operation(composer, &step);
    }
    fuzz_composer_end(composer);
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    fuzz_script_print(&fuzz_script_format, data, size);
}
