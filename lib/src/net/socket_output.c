/* A socket's writes: chunks become pieces of bytes, which the transport takes. */
#include <string.h>

#include "net/handle.h"

#define PIECES_ON_STACK ((size_t)16)
#define STACK_STRING ((size_t)16384)

/* Chunks that wait for 'connect'. */
struct nh_socket_output {
    size_t count;
    nh_stream_chunk chunks[];
};

static nh_memory *memory_of(const nh_socket *socket) {
    return nh_object_memory(&socket->stream.emitter);
}

static nh_encoding encoding_of(nh_stream_chunk chunk) {
    if (chunk.chunk.type == NH_BUFFER || chunk.encoding == NULL) {
        return NH_ENCODING_BUFFER;
    }
    return nh_encoding_of_name(nh_bytes_of_text(chunk.encoding));
}

/* Whether UTF-8 text has a lone surrogate in it, which begins with ED A0 to ED BF. */
static bool has_surrogate(nh_bytes text) {
    const uint8_t *end = text.data + text.length;
    const uint8_t *at = text.length > 0 ? memchr(text.data, 0xED, text.length) : NULL;

    while (at != NULL) {
        if (at + 1 < end && at[1] >= 0xA0) {
            return true;
        }
        at++;
        at = at < end ? memchr(at, 0xED, (size_t)(end - at)) : NULL;
    }
    return false;
}

/* Whether the text, as it stands in memory, is what goes onto the wire: ASCII in any encoding of
 * characters, and UTF-8 without lone surrogates. */
static bool goes_as_it_is(nh_bytes text, nh_encoding encoding) {
    if (encoding == NH_ENCODING_BUFFER) {
        return true;
    }
    if (encoding == NH_ENCODING_UTF8) {
        return !has_surrogate(text);
    }
    if (encoding != NH_ENCODING_LATIN1 && encoding != NH_ENCODING_ASCII) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

uint64_t nh_socket_chunk_bytes(nh_value chunk, nh_encoding encoding) {
    if (chunk.type != NH_STRING || goes_as_it_is(nh_value_bytes(chunk), encoding)) {
        return nh_value_bytes(chunk).length;
    }
    return nh_encoded_size(chunk, encoding);
}

/* Fills `pieces`; strings that have to be converted go into `*out_encoded`. False without memory.
 */
static bool make_pieces(nh_socket *socket, const nh_stream_chunk *chunks, size_t count,
                        nh_bytes *pieces, nh_value *out_encoded) {
    size_t room = 0;
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        nh_encoding encoding = encoding_of(chunks[i]);
        pieces[i] = nh_value_bytes(chunks[i].chunk);
        if (!goes_as_it_is(pieces[i], encoding)) {
            room += nh_encoded_size(chunks[i].chunk, encoding);
        }
    }
    if (room == 0) {
        return true;
    }
    *out_encoded = nh_buffer_new(memory_of(socket), room);
    if (out_encoded->type == NH_INVALID) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        nh_encoding encoding = encoding_of(chunks[i]);
        if (!goes_as_it_is(pieces[i], encoding)) {
            uint8_t *place = nh_buffer_data(*out_encoded) + used;
            size_t length = nh_encode_into(chunks[i].chunk, encoding, place);
            pieces[i] = nh_bytes_of(place, length);
            used += length;
        }
    }
    return true;
}

static void fail_write_take(nh_socket *socket, nh_error *error) {
    nh_stream_write_done(&socket->stream, error);
    nh_error_release(error);
}

/* Whether Node.js writes the chunk from its stack, and counts it only when that has worked. */
static bool is_counted_late(const nh_stream_chunk *chunks, size_t count) {
    if (count != 1 || chunks[0].chunk.type != NH_STRING) {
        return false;
    }
    size_t units = nh_string_utf16_length(chunks[0].chunk);
    return (encoding_of(chunks[0]) == NH_ENCODING_LATIN1 ? units : 3 * units) <= STACK_STRING;
}

static void hand_over(nh_socket *socket, const nh_bytes *pieces, size_t count, nh_value encoded,
                      bool counted_late) {
    nh_socket_handle *handle = socket->handle;
    size_t queued = 0;
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        total += pieces[i].length;
    }
    int status = nh_socket_transport(socket)->write(handle->connection, pieces, count, &queued);
    handle->bytes_written += status < 0 && counted_late ? 0 : total;
    if (status == 1) {
        handle->writing = true;
        handle->encoded = encoded;
        socket->idle_queued_bytes = total;
        return;
    }
    nh_value_release(&encoded);
    fail_write_take(socket, status == 0 ? NULL : nh_socket_system_error(socket, status, "write"));
}

static void write_now(nh_socket *socket, const nh_stream_chunk *chunks, size_t count) {
    nh_bytes on_stack[PIECES_ON_STACK];
    nh_bytes *pieces = on_stack;
    nh_value encoded = nh_undefined();

    if (socket->handle == NULL) {
        fail_write_take(socket, nh_error_new(memory_of(socket), "Error", "ERR_SOCKET_CLOSED",
                                             "Socket is closed"));
        return;
    }
    nh_socket_touch(socket);
    if (count > PIECES_ON_STACK) {
        pieces = nh_memory_allocate(memory_of(socket), count * sizeof(*pieces));
    }
    if (pieces != NULL && make_pieces(socket, chunks, count, pieces, &encoded)) {
        hand_over(socket, pieces, count, encoded, is_counted_late(chunks, count));
    } else {
        nh_value_release(&encoded);
        fail_write_take(socket, nh_error_out_of_memory());
    }
    if (pieces != on_stack) {
        nh_memory_free(memory_of(socket), pieces);
    }
}

/* --- before 'connect' --------------------------------------------------------------------- */

void nh_socket_output_free(nh_socket *socket) {
    nh_socket_output *output = socket->waiting_output;

    socket->waiting_output = NULL;
    for (size_t i = 0; output != NULL && i < output->count; i++) {
        nh_value_release(&output->chunks[i].chunk);
    }
    nh_memory_free(memory_of(socket), output);
}

static void on_close(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    nh_socket *socket = data;

    (void)emitter;
    (void)arguments;
    (void)count;
    fail_write_take(socket,
                    nh_error_new(memory_of(socket), "Error", "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
                                 "Socket closed before the connection was established"));
}

static void on_connect(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    nh_socket *socket = data;
    nh_socket_output *output = socket->waiting_output;

    (void)arguments;
    (void)count;
    nh_emitter_remove_listener(emitter, "close", on_close, socket);
    if (output == NULL) {
        return;
    }
    /* The write operation still holds the chunks, so the list alone can go. */
    socket->waiting_output = NULL;
    write_now(socket, output->chunks, output->count);
    for (size_t i = 0; i < output->count; i++) {
        nh_value_release(&output->chunks[i].chunk);
    }
    nh_memory_free(memory_of(socket), output);
}

static void wait_for_connect(nh_socket *socket, const nh_stream_chunk *chunks, size_t count) {
    nh_emitter *emitter = &socket->stream.emitter;
    nh_socket_output *output =
        nh_memory_allocate(memory_of(socket), sizeof(*output) + count * sizeof(output->chunks[0]));

    if (output == NULL) {
        fail_write_take(socket, nh_error_out_of_memory());
        return;
    }
    output->count = count;
    for (size_t i = 0; i < count; i++) {
        output->chunks[i] = chunks[i];
        nh_value_retain(chunks[i].chunk);
    }
    nh_socket_output_free(socket);
    socket->waiting_output = output;
    if (!nh_emitter_once(emitter, "connect", on_connect, socket) ||
        !nh_emitter_once(emitter, "close", on_close, socket)) {
        nh_emitter_remove_listener(emitter, "connect", on_connect, socket);
        nh_socket_output_free(socket);
        fail_write_take(socket, nh_error_out_of_memory());
    }
}

uint64_t nh_socket_output_waiting_bytes(const nh_socket *socket) {
    const nh_socket_output *output = socket->waiting_output;
    uint64_t bytes = 0;

    for (size_t i = 0; output != NULL && i < output->count; i++) {
        bytes += nh_socket_chunk_bytes(output->chunks[i].chunk, encoding_of(output->chunks[i]));
    }
    return bytes;
}

void nh_socket_output_write(nh_socket *socket, const nh_stream_chunk *chunks, size_t count) {
    if (socket->connecting) {
        wait_for_connect(socket, chunks, count);
    } else {
        write_now(socket, chunks, count);
    }
}
