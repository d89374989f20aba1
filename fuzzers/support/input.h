/* input.h - taking a fuzz input apart, from the front.
 *
 * What is missing at the end reads as zero, so that every prefix of an input is an input. */
#ifndef FUZZERS_SUPPORT_INPUT_H
#define FUZZERS_SUPPORT_INPUT_H

#include <nodehttp/value.h>

struct fuzz_input {
    const uint8_t *data;
    size_t length; /* bytes left */
};

static inline struct fuzz_input fuzz_input_of(const uint8_t *data, size_t length) {
    return (struct fuzz_input){data, length};
}

static inline bool fuzz_input_is_empty(const struct fuzz_input *input) {
    return input->length == 0;
}

static inline uint8_t fuzz_input_byte(struct fuzz_input *input) {
    if (input->length == 0) {
        return 0;
    }
    input->length--;
    return *input->data++;
}

/* Two bytes, the low one first. */
static inline uint16_t fuzz_input_short(struct fuzz_input *input) {
    uint16_t low = fuzz_input_byte(input);
    return (uint16_t)(low | fuzz_input_byte(input) << 8);
}

/* A number from 0 to `bound` - 1 from one byte; `bound` 1 to 256. */
static inline unsigned fuzz_input_below(struct fuzz_input *input, unsigned bound) {
    return fuzz_input_byte(input) % bound;
}

/* `length` bytes, fewer when there are fewer; borrowed from the input. */
static inline nh_bytes fuzz_input_bytes(struct fuzz_input *input, size_t length) {
    nh_bytes bytes = {input->data, length < input->length ? length : input->length};
    input->data += bytes.length;
    input->length -= bytes.length;
    return bytes;
}

/* All that is left. */
static inline nh_bytes fuzz_input_rest(struct fuzz_input *input) {
    return fuzz_input_bytes(input, input->length);
}

#endif
