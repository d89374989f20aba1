/* What a decoder holds back is the longest tail that could still become a character: the start of a
 * UTF-8 sequence, half a UTF-16 unit or the first of a surrogate pair, a group of base64. */
#include "stream/encoding.h"

#include <string.h>

void nh_string_decoder_init(nh_string_decoder *decoder, nh_encoding encoding) {
    *decoder = (nh_string_decoder){.encoding = encoding};
}

static bool is_continuation(uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

/* How many bytes the sequence that starts with `lead` announces; 0 when it starts none. Whether the
 * bytes make a character is for the decoding to find out. */
static size_t sequence_length(uint8_t lead) {
    if ((lead & 0xE0) == 0xC0) {
        return 2;
    }
    if ((lead & 0xF0) == 0xE0) {
        return 3;
    }
    return (lead & 0xF8) == 0xF0 ? 4 : 0;
}

static size_t incomplete_utf8(nh_bytes bytes) {
    size_t longest = bytes.length < 3 ? bytes.length : 3;

    for (size_t tail = 1; tail <= longest; tail++) {
        uint8_t byte = bytes.data[bytes.length - tail];
        if (!is_continuation(byte)) {
            return sequence_length(byte) > tail ? tail : 0;
        }
    }
    return 0;
}

/* A first surrogate before half a unit is let go, unless its own start was held back already. */
static size_t incomplete_utf16(nh_bytes bytes, size_t held) {
    size_t half = bytes.length % 2;
    bool looks_back = half == 0 || (held > 0 && bytes.length == 3);

    if (looks_back && bytes.length >= half + 2) {
        uint8_t high_byte = bytes.data[bytes.length - half - 1];
        if (high_byte >= 0xD8 && high_byte <= 0xDB) {
            return half + 2;
        }
    }
    return half;
}

static size_t incomplete(const nh_string_decoder *decoder, nh_bytes bytes) {
    switch (decoder->encoding) {
    case NH_ENCODING_UTF8:
        return incomplete_utf8(bytes);
    case NH_ENCODING_UTF16LE:
        return incomplete_utf16(bytes, decoder->held_count);
    case NH_ENCODING_BASE64:
    case NH_ENCODING_BASE64URL:
        return bytes.length % 3;
    case NH_ENCODING_LATIN1:
    case NH_ENCODING_ASCII:
    case NH_ENCODING_HEX:
    case NH_ENCODING_BUFFER:
    case NH_ENCODING_UNKNOWN:
        break;
    }
    return 0;
}

static void hold(nh_string_decoder *decoder, nh_bytes bytes, size_t tail) {
    decoder->held_count = tail;
    if (tail > 0) {
        memmove(decoder->held, bytes.data + bytes.length - tail, tail);
    }
}

nh_value nh_string_decoder_write(nh_string_decoder *decoder, nh_memory *memory, nh_bytes bytes) {
    if (decoder->held_count == 0) {
        size_t tail = incomplete(decoder, bytes);
        nh_value text =
            nh_decode(memory, nh_bytes_of(bytes.data, bytes.length - tail), decoder->encoding);
        hold(decoder, bytes, tail);
        return text;
    }

    nh_value joined = nh_buffer_new(memory, decoder->held_count + bytes.length);
    if (joined.type == NH_INVALID) {
        return joined;
    }
    memcpy(nh_buffer_data(joined), decoder->held, decoder->held_count);
    if (bytes.length > 0) {
        memcpy(nh_buffer_data(joined) + decoder->held_count, bytes.data, bytes.length);
    }
    nh_bytes all = nh_value_bytes(joined);
    size_t tail = incomplete(decoder, all);
    nh_value text = nh_decode(memory, nh_bytes_of(all.data, all.length - tail), decoder->encoding);
    hold(decoder, all, tail);
    nh_value_release(&joined);
    return text;
}

nh_value nh_string_decoder_end(nh_string_decoder *decoder, nh_memory *memory) {
    nh_value text =
        nh_decode(memory, nh_bytes_of(decoder->held, decoder->held_count), decoder->encoding);

    decoder->held_count = 0;
    return text;
}
