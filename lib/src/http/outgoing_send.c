/* Sending: what goes to the socket at once, and what waits until there is one. */
#include "http/outgoing_message_internal.h"

#include "http/constants_internal.h"
#include "http/support_internal.h"

#include <string.h>

static nh_memory *memory_of(const nh_outgoing_message *message) {
    return nh_object_memory(&message->emitter);
}

/* --- the queue ---------------------------------------------------------------------------- */

bool nh_outgoing_queue_add(nh_memory *memory, nh_outgoing_queue *queue, nh_value data,
                           nh_value encoding, nh_value callback) {
    if (queue->count == queue->capacity) {
        size_t capacity = queue->capacity == 0 ? 4 : queue->capacity * 2;
        nh_outgoing_chunk *resized =
            nh_memory_resize(memory, queue->chunks, capacity * sizeof(*resized));
        if (resized == NULL) {
            return false;
        }
        queue->chunks = resized;
        queue->capacity = capacity;
    }
    queue->chunks[queue->count++] = (nh_outgoing_chunk){.data = nh_value_retain(data),
                                                        .encoding = nh_value_retain(encoding),
                                                        .callback = nh_value_retain(callback)};
    return true;
}

void nh_outgoing_queue_clear(nh_memory *memory, nh_outgoing_queue *queue) {
    for (size_t i = 0; i < queue->count; i++) {
        nh_value_release(&queue->chunks[i].data);
        nh_value_release(&queue->chunks[i].encoding);
        nh_value_release(&queue->chunks[i].callback);
    }
    nh_memory_free(memory, queue->chunks);
    *queue = (nh_outgoing_queue){.chunks = NULL};
}

/* chunk.length: UTF-16 units of a string, bytes of a buffer. */
static double length_of(nh_value data) {
    return data.type == NH_STRING ? (double)nh_string_utf16_length(data)
                                  : (double)nh_value_bytes(data).length;
}

/* What Node takes the length of decoded base64 to be: it looks at the padding and nothing else. */
static double base64_length(nh_value text) {
    nh_bytes bytes = nh_value_bytes(text);
    size_t length = nh_string_utf16_length(text);
    for (size_t i = bytes.length; i > 0 && bytes.length - i < 2 && bytes.data[i - 1] == '='; i--) {
        length--;
    }
    return (double)(length * 3 / 4);
}

double nh_outgoing_byte_length(nh_value chunk, nh_value encoding) {
    if (chunk.type != NH_STRING) {
        return (double)nh_value_bytes(chunk).length;
    }
    switch (encoding.type == NH_STRING ? nh_encoding_of_name(nh_value_bytes(encoding))
                                       : NH_ENCODING_UTF8) {
    case NH_ENCODING_BASE64:
    case NH_ENCODING_BASE64URL:
        return base64_length(chunk);
    case NH_ENCODING_HEX:
        return (double)(nh_string_utf16_length(chunk) / 2);
    case NH_ENCODING_LATIN1:
    case NH_ENCODING_ASCII:
        return (double)nh_string_utf16_length(chunk);
    case NH_ENCODING_UTF16LE:
        return (double)nh_string_utf16_length(chunk) * 2;
    case NH_ENCODING_UTF8:
    case NH_ENCODING_BUFFER:
    case NH_ENCODING_UNKNOWN:
        break;
    }
    return (double)nh_encoded_size(chunk, NH_ENCODING_UTF8);
}

static void queue_grew(nh_outgoing_message *message, double by) {
    message->output_size += by;
    if (message->hooks->pending_data != NULL) {
        message->hooks->pending_data(message, by);
    }
}

static nh_error *enqueue(nh_outgoing_message *message, nh_value data, nh_value encoding,
                         nh_value callback) {
    nh_value kept = message->abandoned ? nh_undefined() : callback;
    if (!nh_outgoing_queue_add(memory_of(message), &message->queue, data, encoding, kept)) {
        return nh_error_out_of_memory();
    }
    queue_grew(message, length_of(data));
    return NULL;
}

void nh_outgoing_abandon(nh_outgoing_message *message) {
    message->abandoned = true;
    for (size_t i = 0; i < message->queue.count; i++) {
        nh_value_assign_take(&message->queue.chunks[i].callback, nh_undefined());
    }
}

/* Everything was taken by the socket. */
static void emit_finish(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    nh_outgoing_message *message = data;
    if (message->socket == NULL || !message->socket_had_error) {
        (void)nh_emitter_emit_bare(&message->emitter, "finish");
    }
}

nh_value nh_outgoing_finish_function(nh_outgoing_message *message) {
    return nh_http_method_function(&message->emitter, "finish", emit_finish);
}

/* Writes a chunk to the socket. */
static nh_error *hand_over(nh_outgoing_message *message, nh_stream *socket,
                           const nh_outgoing_chunk *chunk, bool *out_more) {
    if (chunk->callback.type != NH_BOOLEAN) {
        return nh_writable_write(socket, chunk->data, chunk->encoding, chunk->callback, out_more);
    }
    nh_value finish = nh_outgoing_finish_function(message);
    nh_error *error =
        finish.type == NH_INVALID
            ? nh_error_out_of_memory()
            : nh_writable_write(socket, chunk->data, chunk->encoding, finish, out_more);
    nh_value_release(&finish);
    return error;
}

nh_error *nh_outgoing_lost(nh_outgoing_message *message, nh_error *error) {
    if (error == nh_error_out_of_memory()) {
        nh_outgoing_message_destroy(message, error);
    }
    return error;
}

bool nh_outgoing_flush_queue(nh_outgoing_message *message, nh_stream *socket) {
    if (message->queue.count == 0) {
        return false;
    }
    nh_outgoing_queue queue = message->queue;
    message->queue = (nh_outgoing_queue){.chunks = NULL};
    bool more = false;
    nh_error *error = NULL;
    nh_writable_cork(socket);
    for (size_t i = 0; i < queue.count && error == NULL; i++) {
        error = hand_over(message, socket, &queue.chunks[i], &more);
    }
    if (error == NULL) {
        nh_writable_uncork(socket);
    }
    nh_outgoing_queue_clear(memory_of(message), &queue);
    if (error == NULL) {
        if (message->hooks->pending_data != NULL) {
            message->hooks->pending_data(message, -message->output_size);
        }
        message->output_size = 0;
    }
    nh_http_throw_take(message->emitter.loop, nh_outgoing_lost(message, error));
    return more;
}

void nh_outgoing_flush(nh_outgoing_message *message) {
    nh_stream *socket = message->socket;
    if (socket == NULL || !nh_writable_is_writable(socket)) {
        return;
    }
    bool more = nh_outgoing_flush_queue(message, socket);
    if (nh_loop_is_throwing(message->emitter.loop)) {
        return;
    }
    if (message->finished) {
        nh_outgoing_finish(message);
    } else if (more && message->need_drain) {
        message->need_drain = false;
        (void)nh_emitter_emit_bare(&message->emitter, "drain");
    }
}

void nh_outgoing_finish(nh_outgoing_message *message) {
    (void)nh_emitter_emit_bare(&message->emitter, "prefinish");
}

/* --- sending ------------------------------------------------------------------------------ */

nh_error *nh_outgoing_write_raw(nh_outgoing_message *message, nh_value data, nh_value encoding,
                                nh_value callback, bool *out_more) {
    bool more = false;
    nh_error *error = NULL;
    nh_stream *socket = message->socket;
    if (data.type == NH_INVALID) {
        error = nh_error_out_of_memory();
    } else if (socket != NULL && nh_stream_is_destroyed(socket)) {
        /* The connection is gone: the data go nowhere. */
        more = false;
    } else if (socket != NULL && socket->http_message == message &&
               nh_writable_is_writable(socket)) {
        if (message->queue.count != 0) {
            (void)nh_outgoing_flush_queue(message, socket);
        }
        nh_outgoing_chunk chunk = {.data = data, .encoding = encoding, .callback = callback};
        error = hand_over(message, socket, &chunk, &more);
    } else {
        error = enqueue(message, data, encoding, callback);
        more = message->output_size < message->high_water_mark;
    }
    if (out_more != NULL) {
        *out_more = more;
    }
    return nh_outgoing_lost(message, error);
}

/* Whether the head may be put in front of a string in this encoding: it then goes out in it. */
static bool joins_head(nh_value data, nh_value encoding) {
    return data.type == NH_STRING &&
           (!nh_value_is_truthy(encoding) || nh_value_is_text(encoding, "utf8") ||
            nh_value_is_text(encoding, "latin1"));
}

/* Puts the head (consumed) into the queue, before everything. */
static nh_error *enqueue_head_take(nh_outgoing_message *message, nh_value text) {
    const nh_http_constants *constants = nh_http_constants_of(message->emitter.loop);
    if (constants == NULL || text.type == NH_INVALID ||
        !nh_outgoing_queue_add(memory_of(message), &message->queue, text, constants->latin1,
                               nh_undefined())) {
        nh_value_release(&text);
        return nh_error_out_of_memory();
    }
    nh_outgoing_queue *queue = &message->queue;
    nh_outgoing_chunk head = queue->chunks[queue->count - 1];
    memmove(queue->chunks + 1, queue->chunks, (queue->count - 1) * sizeof(head));
    queue->chunks[0] = head;
    queue_grew(message, length_of(text));
    nh_value_release(&text);
    return NULL;
}

nh_error *nh_outgoing_send(nh_outgoing_message *message, nh_value data, nh_value encoding,
                           nh_value callback, bool *out_more) {
    if (message->head_sent || data.type == NH_INVALID) {
        return nh_outgoing_write_raw(message, data, encoding, callback, out_more);
    }
    bool joins = joins_head(data, encoding);
    if (joins) {
        nh_text_add_bytes(&message->head, nh_value_bytes(data));
    }
    nh_value head = nh_text_take_string(&message->head);
    message->head_sent = true;
    if (joins) {
        nh_error *error = nh_outgoing_write_raw(message, head, encoding, callback, out_more);
        nh_value_release(&head);
        return error;
    }
    nh_error *error = enqueue_head_take(message, head);
    return error != NULL ? nh_outgoing_lost(message, error)
                         : nh_outgoing_write_raw(message, data, encoding, callback, out_more);
}

nh_error *nh_outgoing_send_text(nh_outgoing_message *message, const char *text,
                                const nh_value *callback) {
    const nh_http_constants *constants = nh_http_constants_of(message->emitter.loop);
    if (constants == NULL) {
        return nh_error_out_of_memory();
    }
    nh_value data = text[0] == '\0' ? nh_value_retain(constants->nothing)
                                    : nh_string_of(memory_of(message), text);
    nh_error *error = nh_outgoing_send(message, data, constants->latin1,
                                       callback == NULL ? nh_undefined() : *callback, NULL);
    nh_value_release(&data);
    return error;
}
