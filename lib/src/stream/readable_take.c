/* The readable side: taking bytes, text or objects out of the queue. */
#include "stream/sides.h"

#include <string.h>

#include "core/text.h"

static nh_memory *memory_of(const nh_stream *stream) {
    return nh_object_memory(&stream->emitter);
}

nh_value *nh_readable_front_chunk(const nh_stream *stream) {
    return nh_queue_at(&stream->readable.chunks, 0);
}

void nh_readable_pop_chunk(nh_stream *stream) {
    nh_value_release(nh_readable_front_chunk(stream));
    nh_queue_pop(&stream->readable.chunks);
}

/* Splits text after `units` UTF-16 code units. */
static bool split_text(nh_memory *memory, nh_value *chunk, size_t units, nh_value *out_head) {
    nh_bytes all = nh_value_bytes(*chunk);
    nh_text head, tail;

    nh_text_init(&head, memory);
    nh_text_add_utf16_prefix(&head, all, units);
    nh_text_init(&tail, memory);
    if (!head.failed) {
        size_t whole = head.length;
        uint32_t character = 0;
        size_t step = 0;
        /* A pair that was cut in half left its first surrogate, three bytes of its four. */
        for (size_t at = 0; at < whole; at += step) {
            step = nh_utf8_decode(all.data + at, all.length - at, &character);
            if (at + step > whole) {
                nh_text_add_code_point(&tail, 0xDC00 + (character & 0x3FF));
                whole = at + step;
            }
        }
        nh_text_add(&tail, all.data + whole, all.length - whole);
    }
    nh_value rest = nh_text_take_string(&tail);
    *out_head = nh_text_take_string(&head);
    if (out_head->type == NH_INVALID || rest.type == NH_INVALID) {
        nh_value_release(out_head);
        nh_value_release(&rest);
        return false;
    }
    nh_value_assign_take(chunk, rest);
    return true;
}

static bool split_bytes(nh_memory *memory, nh_value *chunk, size_t length, nh_value *out_head) {
    size_t all = nh_value_bytes(*chunk).length;
    nh_value rest = nh_buffer_slice(memory, *chunk, length, all - length);

    *out_head = nh_buffer_slice(memory, *chunk, 0, length);
    if (out_head->type == NH_INVALID || rest.type == NH_INVALID) {
        nh_value_release(out_head);
        nh_value_release(&rest);
        return false;
    }
    nh_value_assign_take(chunk, rest);
    return true;
}

/* Adds text to text; halves of a surrogate pair that meet become one character. */
static void add_joined(nh_text *text, nh_bytes more) {
    uint32_t last = 0, first = 0;

    if (text->length >= 3 && more.length >= 3) {
        nh_utf8_decode((const uint8_t *)text->data + text->length - 3, 3, &last);
        nh_utf8_decode(more.data, more.length, &first);
    }
    if (last >= 0xD800 && last <= 0xDBFF && first >= 0xDC00 && first <= 0xDFFF) {
        text->length -= 3;
        nh_text_add_code_point(text, 0x10000 + ((last - 0xD800) << 10) + (first - 0xDC00));
        more = nh_bytes_of(more.data + 3, more.length - 3);
    }
    nh_text_add_bytes(text, more);
}

/* Takes `length` (at least one chunk and a bit) out of the queue, as one value. */
static nh_value take_joined(nh_stream *stream, size_t length) {
    nh_memory *memory = memory_of(stream);
    nh_value bytes = nh_undefined();
    nh_text text;
    size_t done = 0;
    bool as_text = stream->readable.has_decoder;
    bool failed = false;

    nh_text_init(&text, memory);
    if (!as_text) {
        bytes = nh_buffer_new(memory, length);
        failed = bytes.type == NH_INVALID;
    }
    while (!failed && done < length) {
        nh_value *chunk = nh_readable_front_chunk(stream);
        size_t available = nh_readable_chunk_length(stream, *chunk);
        nh_value piece = nh_undefined();
        if (available <= length - done) {
            piece = nh_value_retain(*chunk);
            nh_readable_pop_chunk(stream);
        } else {
            available = length - done;
            failed = as_text ? !split_text(memory, chunk, available, &piece)
                             : !split_bytes(memory, chunk, available, &piece);
        }
        nh_bytes content = nh_value_bytes(piece);
        if (as_text) {
            add_joined(&text, content);
        } else if (!failed && content.length > 0) {
            memcpy(nh_buffer_data(bytes) + done, content.data, content.length);
        }
        nh_value_release(&piece);
        done += available;
    }
    if (as_text) {
        bytes = nh_text_take_string(&text);
    }
    if (failed) {
        nh_value_release(&bytes);
        return (nh_value){.type = NH_INVALID};
    }
    return bytes;
}

nh_value nh_readable_take(nh_stream *stream, size_t amount) {
    nh_value *chunk = nh_readable_front_chunk(stream);
    size_t first = nh_readable_chunk_length(stream, *chunk);
    nh_value taken = nh_undefined();

    if (stream->readable.object_mode || first == amount) {
        taken = nh_value_retain(*chunk);
        nh_readable_pop_chunk(stream);
    } else if (first > amount) {
        bool split = stream->readable.has_decoder
                         ? split_text(memory_of(stream), chunk, amount, &taken)
                         : split_bytes(memory_of(stream), chunk, amount, &taken);
        if (!split) {
            return (nh_value){.type = NH_INVALID};
        }
    } else {
        taken = take_joined(stream, amount);
    }
    return taken;
}
