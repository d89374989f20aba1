/* Inputs that are FUZZ_PREFIX_BYTES of settings and then HTTP/1.1 messages. */
#include <string.h>

#include "mutators/message.h"
#include "mutators/target.h"

/* Changes one of the settings: a bit, or the whole byte, to zero as often as to anything. */
static void change_settings(struct fuzz_random *random, uint8_t *settings) {
    uint8_t *byte = &settings[fuzz_random_below(random, FUZZ_PREFIX_BYTES)];
    switch (fuzz_random_below(random, 4)) {
    case 0:
    case 1:
        *byte = (uint8_t)(*byte ^ 1U << fuzz_random_below(random, 8));
        break;
    case 2:
        *byte = (uint8_t)fuzz_random_next(random);
        break;
    default:
        *byte = 0;
        break;
    }
}

void fuzz_target_mutate(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer) {
    if (buffer->length < FUZZ_PREFIX_BYTES &&
        !fuzz_buffer_fill(buffer, buffer->length, 0, FUZZ_PREFIX_BYTES - buffer->length)) {
        fuzz_mutate_bytes(mutator, buffer);
        return;
    }
    bool settings = fuzz_random_once_in(&mutator->random, 10);
    if (settings) {
        change_settings(&mutator->random, buffer->data);
    }
    if (!settings || fuzz_random_once_in(&mutator->random, 4)) {
        struct fuzz_buffer messages = {buffer->data + FUZZ_PREFIX_BYTES,
                                       buffer->length - FUZZ_PREFIX_BYTES,
                                       buffer->capacity - FUZZ_PREFIX_BYTES};
        fuzz_mutate_message(mutator, &messages);
        buffer->length = FUZZ_PREFIX_BYTES + messages.length;
    }
}

void fuzz_target_cross(struct fuzz_mutator *mutator, const uint8_t *first, size_t first_length,
                       const uint8_t *second, size_t second_length, struct fuzz_buffer *out) {
    if (first_length < FUZZ_PREFIX_BYTES || second_length < FUZZ_PREFIX_BYTES ||
        !fuzz_buffer_replace(out, 0, 0, first, FUZZ_PREFIX_BYTES)) {
        return;
    }
    struct fuzz_buffer messages = {out->data + FUZZ_PREFIX_BYTES, 0,
                                   out->capacity - FUZZ_PREFIX_BYTES};
    fuzz_cross_messages(mutator, first + FUZZ_PREFIX_BYTES, first_length - FUZZ_PREFIX_BYTES,
                        second + FUZZ_PREFIX_BYTES, second_length - FUZZ_PREFIX_BYTES, &messages);
    out->length += messages.length;
}
