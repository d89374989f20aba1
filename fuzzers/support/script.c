#include "support/script.h"

#include <stdio.h>
#include <string.h>

static bool is_number(char kind) {
    return kind == 'b' || kind == 's';
}

bool fuzz_script_next(const struct fuzz_script_format *format, struct fuzz_input *input,
                      struct fuzz_step *out_step) {
    if (fuzz_input_is_empty(input)) {
        return false;
    }
    *out_step = (struct fuzz_step){.operation = fuzz_input_byte(input) % format->count};
    const char *arguments = format->operations[out_step->operation].arguments;
    for (size_t i = 0; arguments[i] != '\0'; i++) {
        if (is_number(arguments[i])) {
            out_step->numbers[i] =
                arguments[i] == 'b' ? fuzz_input_byte(input) : fuzz_input_short(input);
        } else {
            size_t length = fuzz_input_short(input);
            out_step->bytes[i] = fuzz_input_bytes(input, length % (input->length + 1));
        }
    }
    return true;
}

static size_t length_of(const struct fuzz_step *step, const char *arguments) {
    size_t length = 1;
    for (size_t i = 0; arguments[i] != '\0'; i++) {
        size_t bytes = step->bytes[i].length < UINT16_MAX ? step->bytes[i].length : UINT16_MAX;
        length += arguments[i] == 'b' ? 1 : arguments[i] == 's' ? 2 : 2 + bytes;
    }
    return length;
}

size_t fuzz_script_write(const struct fuzz_script_format *format, const struct fuzz_step *step,
                         uint8_t *out, size_t capacity) {
    const char *arguments = format->operations[step->operation].arguments;
    size_t length = length_of(step, arguments);
    if (length > capacity) {
        return 0;
    }
    uint8_t *at = out;
    *at++ = (uint8_t)step->operation;
    for (size_t i = 0; arguments[i] != '\0'; i++) {
        nh_bytes bytes = step->bytes[i];
        bytes.length = bytes.length < UINT16_MAX ? bytes.length : UINT16_MAX;
        unsigned number = is_number(arguments[i]) ? step->numbers[i] : (unsigned)bytes.length;
        *at++ = (uint8_t)number;
        if (arguments[i] != 'b') {
            *at++ = (uint8_t)(number >> 8);
        }
        if (!is_number(arguments[i]) && bytes.length != 0) {
            memmove(at, bytes.data, bytes.length);
            at += bytes.length;
        }
    }
    return length;
}

static void print_bytes(nh_bytes bytes) {
    putchar('"');
    for (size_t i = 0; i < bytes.length; i++) {
        uint8_t byte = bytes.data[i];
        if (byte == '\r') {
            fputs("\\r", stdout);
        } else if (byte == '\n') {
            fputs("\\n", stdout);
        } else if (byte == '"' || byte == '\\') {
            printf("\\%c", byte);
        } else if (byte < 0x20 || byte >= 0x7F) {
            printf("\\x%02x", byte);
        } else {
            putchar(byte);
        }
    }
    putchar('"');
}

void fuzz_script_print(const struct fuzz_script_format *format, const uint8_t *data,
                       size_t length) {
    struct fuzz_input input = fuzz_input_of(data, length);
    fputs("settings ", stdout);
    print_bytes(fuzz_input_bytes(&input, format->prefix));
    putchar('\n');
    struct fuzz_step step;
    while (fuzz_script_next(format, &input, &step)) {
        const struct fuzz_operation *operation = &format->operations[step.operation];
        fputs(operation->name, stdout);
        for (size_t i = 0; operation->arguments[i] != '\0'; i++) {
            putchar(' ');
            if (is_number(operation->arguments[i])) {
                printf("%u", step.numbers[i]);
            } else {
                print_bytes(step.bytes[i]);
            }
        }
        putchar('\n');
    }
}
