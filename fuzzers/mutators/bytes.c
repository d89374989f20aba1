#include "mutators/bytes.h"

#include <string.h>

bool fuzz_buffer_replace(struct fuzz_buffer *buffer, size_t at, size_t removed, const void *bytes,
                         size_t length) {
    if (length > removed && length - removed > buffer->capacity - buffer->length) {
        return false;
    }
    size_t after = at + removed;
    memmove(buffer->data + at + length, buffer->data + after, buffer->length - after);
    if (length != 0) {
        memcpy(buffer->data + at, bytes, length);
    }
    buffer->length = buffer->length - removed + length;
    return true;
}

bool fuzz_buffer_replace_text(struct fuzz_buffer *buffer, size_t at, size_t removed,
                              const char *text) {
    return fuzz_buffer_replace(buffer, at, removed, text, strlen(text));
}

void fuzz_buffer_remove(struct fuzz_buffer *buffer, size_t at, size_t length) {
    (void)fuzz_buffer_replace(buffer, at, length, NULL, 0);
}

/* Opens a gap of `length` bytes at `at`. */
static bool make_room(struct fuzz_buffer *buffer, size_t at, size_t length) {
    if (length > buffer->capacity - buffer->length) {
        return false;
    }
    memmove(buffer->data + at + length, buffer->data + at, buffer->length - at);
    buffer->length += length;
    return true;
}

bool fuzz_buffer_copy(struct fuzz_buffer *buffer, size_t to, size_t from, size_t length) {
    if ((to > from && to < from + length) || !make_room(buffer, to, length)) {
        return false;
    }
    memcpy(buffer->data + to, buffer->data + (to <= from ? from + length : from), length);
    return true;
}

bool fuzz_buffer_fill(struct fuzz_buffer *buffer, size_t at, uint8_t byte, size_t count) {
    if (!make_room(buffer, at, count)) {
        return false;
    }
    memset(buffer->data + at, byte, count);
    return true;
}

static void reverse(uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[length - 1 - i];
        bytes[length - 1 - i] = byte;
    }
}

/* All of it reversed, and then each of the three, is the three in the other order: no room needed.
 */
void fuzz_buffer_swap(struct fuzz_buffer *buffer, size_t at, size_t first, size_t between,
                      size_t second) {
    uint8_t *bytes = buffer->data + at;
    reverse(bytes, first + between + second);
    reverse(bytes, second);
    reverse(bytes + second, between);
    reverse(bytes + second + between, first);
}

struct fuzz_buffer fuzz_buffer_open(struct fuzz_buffer *buffer, size_t at, size_t length) {
    size_t after = buffer->length - at - length;
    memmove(buffer->data + buffer->capacity - after, buffer->data + at + length, after);
    return (struct fuzz_buffer){buffer->data + at, length, buffer->capacity - after - at};
}

void fuzz_buffer_close(struct fuzz_buffer *buffer, size_t at, const struct fuzz_buffer *part) {
    size_t after = buffer->capacity - at - part->capacity;
    memmove(buffer->data + at + part->length, buffer->data + buffer->capacity - after, after);
    buffer->length = at + part->length + after;
}

static const uint8_t telling_bytes[] = {0x00, 0x09, 0x0A, 0x0D, 0x20, '"',  ',',  '-',  '0',  '1',
                                        ':',  ';',  '=',  'A',  'a',  0x7F, 0x80, 0xA0, 0xC3, 0xFF};

static uint8_t some_byte(struct fuzz_random *random) {
    return fuzz_random_once_in(random, 2)
               ? telling_bytes[fuzz_random_below(random, sizeof telling_bytes)]
               : (uint8_t)fuzz_random_next(random);
}

/* How many bytes a piece takes: mostly few. */
static size_t some_length(struct fuzz_random *random, size_t most) {
    size_t bound = fuzz_random_once_in(random, 8) ? most : most < 8 ? most : 8;
    return bound == 0 ? 0 : 1 + fuzz_random_below(random, bound);
}

static void change_one_byte(struct fuzz_random *random, struct fuzz_buffer *buffer) {
    uint8_t *byte = &buffer->data[fuzz_random_below(random, buffer->length)];
    switch (fuzz_random_below(random, 3)) {
    case 0:
        *byte = (uint8_t)(*byte ^ 1U << fuzz_random_below(random, 8));
        break;
    case 1:
        *byte = some_byte(random);
        break;
    default:
        *byte = (uint8_t)(*byte + 1 + fuzz_random_below(random, 8) - 4);
        break;
    }
}

static void change_once(struct fuzz_random *random, struct fuzz_buffer *buffer) {
    size_t at = fuzz_random_below(random, buffer->length + 1);
    size_t left = buffer->length - at;
    size_t room = buffer->capacity - buffer->length;
    switch (fuzz_random_below(random, 8)) {
    case 0:
        fuzz_buffer_remove(buffer, at, some_length(random, left));
        break;
    case 1:
        (void)fuzz_buffer_fill(buffer, at, some_byte(random), some_length(random, room));
        break;
    case 2: {
        size_t length = some_length(random, left < room ? left : room);
        (void)fuzz_buffer_copy(buffer, fuzz_random_below(random, buffer->length + 1), at, length);
        break;
    }
    case 3: {
        size_t first = some_length(random, left);
        fuzz_buffer_swap(buffer, at, first, 0, some_length(random, left - first));
        break;
    }
    default:
        if (buffer->length != 0) {
            change_one_byte(random, buffer);
        }
        break;
    }
}

void fuzz_mutate_bytes(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer) {
    if (buffer->capacity == 0) {
        return;
    }
    struct fuzz_random *random = &mutator->random;
    if (mutator->engine != NULL && !fuzz_random_once_in(random, 4)) {
        size_t length = mutator->engine(buffer->data, buffer->length, buffer->capacity);
        buffer->length = length < buffer->capacity ? length : buffer->capacity;
        return;
    }
    if (buffer->length == 0) {
        buffer->data[buffer->length++] = some_byte(random);
    }
    size_t times = 1 + fuzz_random_below(random, 3);
    for (size_t i = 0; i < times; i++) {
        change_once(random, buffer);
    }
}
