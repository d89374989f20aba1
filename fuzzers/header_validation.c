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

#include <stdio.h>
#include <string.h>

#include "engines/target.h"
#include "message/odd.h"
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
    static const enum fuzz_odd kinds[4] = {FUZZ_ODD_TEXT, FUZZ_ODD_UNDEFINED, FUZZ_ODD_SYMBOL,
                                           FUZZ_ODD_NUMBER};
    nh_memory *memory = memory_of(composer);
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[2], step->numbers[0]);
    struct fuzz_value value = fuzz_value_of(composer, step->bytes[3], step->numbers[1]);
    enum fuzz_odd kind = kinds[step->numbers[0] >> 2 & 3U];
    nh_value name_value =
        kind == FUZZ_ODD_TEXT ? fuzz_text_value(memory, name) : fuzz_odd_value(memory, kind);
    nh_value given = fuzz_value_make(memory, value);
    /* The name of an error's message is made a string, which a symbol cannot be. */
    const char *bad = kind == FUZZ_ODD_SYMBOL ? "" : "ERR_INVALID_CHAR";
    const char *code = value.kind == FUZZ_VALUE_UNDEFINED ? "ERR_HTTP_INVALID_HEADER_VALUE"
                       : !fuzz_value_is_legal(value)      ? bad
                                                          : NULL;
    (void)fuzz_expect_take(composer, nh_http_validate_header_value(memory, name_value, given), code,
                           "validateHeaderValue()");
    nh_value_release(&name_value);
    nh_value_release(&given);
}

static void check_methods(const struct fuzz_composer *composer) {
    nh_value methods = nh_http_methods(memory_of(composer));
    FUZZ_CHECK(methods.type == NH_LIST || fuzz_composer_gave_up(composer), "no methods");
    for (size_t i = 0; i < nh_list_length(methods); i++) {
        nh_value method = nh_list_get(methods, i);
        FUZZ_CHECK(fuzz_is_token((struct fuzz_text){nh_value_bytes(method), false}),
                   "the method \"%s\" is no token", nh_value_text(method));
        FUZZ_CHECK(
            i == 0 || strcmp(nh_value_text(nh_list_get(methods, i - 1)), nh_value_text(method)) < 0,
            "\"%s\" is not sorted in", nh_value_text(method));
    }
    nh_value_release(&methods);
}

static void check_status_codes(const struct fuzz_composer *composer) {
    nh_value codes = nh_http_status_codes(memory_of(composer));
    FUZZ_CHECK(codes.type == NH_MAP || fuzz_composer_gave_up(composer), "no status codes");
    size_t known = 0;
    for (int code = 0; code < 1000 && codes.type == NH_MAP; code++) {
        char key[12];
        (void)snprintf(key, sizeof(key), "%d", code);
        nh_value text = nh_map_get(codes, key);
        const char *phrase = nh_http_status_text(code);
        known += phrase != NULL ? 1 : 0;
        FUZZ_CHECK(phrase == NULL ? text.type == NH_UNDEFINED : nh_value_is_text(text, phrase),
                   "STATUS_CODES and the reason phrase of %d differ", code);
    }
    FUZZ_CHECK(nh_map_length(codes) == known || codes.type == NH_INVALID,
               "%zu status codes, not %zu", nh_map_length(codes), known);
    nh_value_release(&codes);
}

/* setMaxIdleHTTPParsers(): integers from 1. */
static void set_max_idle(const struct fuzz_composer *composer, unsigned how) {
    static const double numbers[8] = {1,   1000, 9007199254740991, 0, -1, 9007199254740992,
                                      0.5, -0.0};
    nh_memory *memory = memory_of(composer);
    enum fuzz_odd kind = (enum fuzz_odd)(how & 15U);
    bool is_number = (how & 16U) != 0;
    nh_value max = is_number ? nh_number(numbers[how & 7U]) : fuzz_odd_value(memory, kind);
    const char *code = is_number && (how & 7U) < 3 ? NULL
                       : max.type == NH_NUMBER     ? "ERR_OUT_OF_RANGE"
                                                   : "ERR_INVALID_ARG_TYPE";
    (void)fuzz_expect_take(composer, nh_http_set_max_idle_http_parsers(memory, max), code,
                           "setMaxIdleHTTPParsers()");
    nh_value_release(&max);
}

static void look_at_module(struct fuzz_composer *composer, const struct fuzz_step *step) {
    FUZZ_CHECK(nh_http_max_header_size() == 16384, "maxHeaderSize is %zu",
               nh_http_max_header_size());
    switch (step->numbers[0] & 3U) {
    case 0:
        check_methods(composer);
        break;
    case 1:
        check_status_codes(composer);
        break;
    default:
        set_max_idle(composer, step->numbers[1]);
        break;
    }
}

static void run_operation(struct fuzz_composer *composer, const struct fuzz_step *step) {
    static const enum fuzz_compose calls[] = {
        [VALIDATION_SET] = FUZZ_SET,     [VALIDATION_GIVE] = FUZZ_GIVE,
        [VALIDATION_HEAD] = FUZZ_HEAD,   [VALIDATION_STATUS] = FUZZ_STATUS,
        [VALIDATION_LINE] = FUZZ_LINE,   [VALIDATION_TRAILER] = FUZZ_TRAILER,
        [VALIDATION_HINTS] = FUZZ_HINTS, [VALIDATION_WRITE] = FUZZ_WRITE,
        [VALIDATION_END] = FUZZ_END,     [VALIDATION_READ] = FUZZ_READ,
        [VALIDATION_ODD] = FUZZ_ODD,
    };
    if (step->operation == VALIDATION_NAME) {
        validate_name(composer, step);
    } else if (step->operation == VALIDATION_VALUE) {
        validate_value(composer, step);
    } else if (step->operation == VALIDATION_MODULE) {
        look_at_module(composer, step);
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
