/* The body of a message that is written: chunks, cork(), the end.
 *
 * Order after end(): 'prefinish' once everything was handed to the socket (from inside end() if it
 * is there), then the callbacks of the writes, then 'finish'. */
#include "http/outgoing_message_internal.h"

#include "core/text.h"
#include "http/constants_internal.h"
#include "http/support_internal.h"

#include <stdio.h>

static nh_memory *memory_of(const nh_outgoing_message *message) {
    return nh_object_memory(&message->emitter);
}

/* --- chunks ------------------------------------------------------------------------------- */

static nh_error *send_line_end(nh_outgoing_message *message, nh_value callback, bool *out_more) {
    const nh_http_constants *constants = nh_http_constants_of(message->emitter.loop);
    return constants == NULL
               ? nh_error_out_of_memory()
               : nh_outgoing_send(message, constants->line_end, nh_undefined(), callback, out_more);
}

static nh_error *send_chunk_size(nh_outgoing_message *message, double length) {
    char size[24];
    (void)snprintf(size, sizeof(size), "%llx", (unsigned long long)length);
    nh_error *error = nh_outgoing_send_text(message, size, NULL);
    return error != NULL ? error : send_line_end(message, nh_undefined(), NULL);
}

/* --- write() ------------------------------------------------------------------------------ */

/* A callback and the error that it gets, as one value for a tick. */
static void deliver_error(nh_emitter *object, nh_value pair) {
    nh_value error = nh_list_get(pair, 1);
    nh_loop_call(nh_list_get(pair, 0), &error, 1);
    nh_outgoing_message *message = nh_as_outgoing_message(object);
    if (nh_value_is_truthy(nh_list_get(pair, 2)) && !message->destroyed &&
        !nh_loop_is_throwing(object->loop)) {
        (void)nh_emitter_emit_value(object, "error", error);
    }
}

static void deliver_later(nh_outgoing_message *message, nh_error *error, nh_value callback,
                          bool emit) {
    nh_value pair = nh_list_new(memory_of(message));
    if (!nh_list_append(pair, callback) || !nh_list_append_take(pair, nh_value_of_error(error)) ||
        !nh_list_append_take(pair, nh_boolean(emit))) {
        nh_loop_throw(message->emitter.loop, nh_error_out_of_memory());
    } else {
        nh_loop_tick(message->emitter.loop, deliver_error, &message->emitter, pair);
    }
    nh_value_release(&pair);
}

void nh_outgoing_fail_later(nh_outgoing_message *message, nh_error *error, nh_value callback) {
    if (!message->destroyed) {
        deliver_later(message, error, callback, true);
    }
}

static void call_bare(nh_emitter *object, nh_value callback) {
    (void)object;
    nh_loop_call(callback, NULL, 0);
}

static void uncork_socket(nh_emitter *object, nh_value value) {
    (void)value;
    nh_writable_uncork(nh_as_stream(object));
}

static nh_error *check_chunk(nh_outgoing_message *message, nh_value chunk) {
    if (chunk.type == NH_STRING || chunk.type == NH_BUFFER) {
        return NULL;
    }
    if (chunk.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    if (chunk.type == NH_NULL) {
        return nh_error_new(memory_of(message), "TypeError", "ERR_STREAM_NULL_VALUES",
                            "May not write null values to stream");
    }
    return nh_error_new_argument_type(memory_of(message), "chunk",
                                      "of type string or an instance of Buffer or Uint8Array",
                                      chunk);
}

static bool checks_length(const nh_outgoing_message *message) {
    return message->strict_content_length && !nh_value_is_nullish(message->content_length) &&
           message->has_body && !message->removed_content_length && !message->chunked_encoding &&
           nh_header_store_find(&message->headers, nh_bytes_of_text("transfer-encoding")) == NULL;
}

static bool is_content_length(const nh_outgoing_message *message, double bytes) {
    return nh_value_is_same(message->content_length, nh_number(bytes));
}

static nh_error *length_error(const nh_outgoing_message *message, double bytes) {
    nh_memory *memory = memory_of(message);
    nh_value given = nh_value_to_string(memory, message->content_length);
    nh_error *error = nh_error_new(
        memory, "Error", "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
        "Response body's content-length of %.0f byte(s) does not match the content-length of "
        "%s byte(s) set in header",
        bytes, nh_value_text(given));
    nh_value_release(&given);
    return error;
}

static nh_error *count_body_bytes(nh_outgoing_message *message, double length, bool from_end) {
    if (!message->strict_content_length) {
        return NULL;
    }
    double total = message->bytes_written + length;
    if (checks_length(message) && (from_end ? !is_content_length(message, total)
                                            : total > nh_http_to_number(message->content_length))) {
        return length_error(message, total);
    }
    message->bytes_written = total;
    return NULL;
}

/* The first write of a turn holds the socket until the next tick, so that head and chunks leave
 * together. */
static void cork_for_this_turn(nh_outgoing_message *message) {
    nh_stream *socket = message->socket;
    if (socket != NULL && nh_writable_corked(socket) == 0) {
        nh_writable_cork(socket);
        nh_loop_tick(message->emitter.loop, uncork_socket, &socket->emitter, nh_undefined());
    }
}

static nh_error *send_chunk(nh_outgoing_message *message, nh_value chunk, nh_value encoding,
                            nh_value callback, double length, bool *out_more) {
    if (message->corked != 0 && message->head_sent) {
        if (!nh_outgoing_queue_add(memory_of(message), &message->corked_chunks, chunk, encoding,
                                   callback)) {
            return nh_error_out_of_memory();
        }
        message->corked_bytes += length;
        *out_more = message->corked_bytes < message->high_water_mark;
        return NULL;
    }
    nh_error *error = send_chunk_size(message, length);
    if (error == NULL) {
        error = nh_outgoing_send(message, chunk, encoding, nh_undefined(), NULL);
    }
    return error != NULL ? error : send_line_end(message, callback, out_more);
}

/* The head of a message whose whole body is known. Without memory nothing is decided: the next
 * attempt may know more or less of the body. */
static nh_error *make_head_of_length(nh_outgoing_message *message, double length) {
    nh_value before = nh_value_retain(message->content_length);
    nh_value_assign_take(&message->content_length, nh_number(length));
    nh_error *error = nh_outgoing_implicit_header(message);
    if (error == nh_error_out_of_memory()) {
        nh_value_assign_take(&message->content_length, nh_value_retain(before));
    }
    nh_value_release(&before);
    return error;
}

/* What write() and the last chunk of end() share. */
static nh_error *write_chunk(nh_outgoing_message *message, nh_value chunk, nh_value encoding,
                             nh_value callback, bool from_end, bool *out_more) {
    nh_memory *memory = memory_of(message);
    *out_more = false;
    nh_error *error = check_chunk(message, chunk);
    if (error != NULL) {
        return error;
    }
    if (message->finished || message->destroyed) {
        nh_error *late =
            message->finished
                ? nh_http_error(memory, "ERR_STREAM_WRITE_AFTER_END", "write after end")
                : nh_http_error(memory, "ERR_STREAM_DESTROYED",
                                "Cannot call write after a stream was destroyed");
        deliver_later(message, late, callback, !message->destroyed);
        nh_error_release(late);
        return NULL;
    }
    double length = nh_outgoing_byte_length(chunk, encoding);
    error = count_body_bytes(message, length, from_end);
    if (error == NULL && !message->has_head) {
        error =
            from_end ? make_head_of_length(message, length) : nh_outgoing_implicit_header(message);
    }
    if (error != NULL) {
        return error;
    }
    if (!message->has_body) {
        if (message->reject_nonstandard_body_writes) {
            return nh_http_error(
                memory, "ERR_HTTP_BODY_NOT_ALLOWED",
                "Adding content for this request method or response status is not allowed.");
        }
        if (callback.type == NH_FUNCTION) {
            nh_loop_tick(message->emitter.loop, call_bare, &message->emitter, callback);
        }
        *out_more = true;
        return NULL;
    }
    if (!from_end) {
        cork_for_this_turn(message);
    }
    bool is_empty = nh_value_bytes(chunk).length == 0;
    error = message->chunked_encoding && !is_empty
                ? send_chunk(message, chunk, encoding, callback, length, out_more)
                : nh_outgoing_send(message, chunk, encoding, callback, out_more);
    if (error == NULL && !*out_more) {
        message->need_drain = true;
    }
    return error;
}

nh_error *nh_outgoing_message_write(nh_outgoing_message *message, nh_value chunk, nh_value encoding,
                                    nh_value callback, bool *out_more) {
    bool more = false;
    if (encoding.type == NH_FUNCTION) {
        callback = encoding;
        encoding = nh_undefined();
    }
    if (callback.type != NH_FUNCTION) {
        callback = nh_undefined();
    }
    nh_error *error = write_chunk(message, chunk, encoding, callback, false, &more);
    if (out_more != NULL) {
        *out_more = more;
    }
    return error;
}

nh_error *nh_outgoing_message_write_bytes(nh_outgoing_message *message, nh_bytes bytes,
                                          bool *out_more) {
    nh_value chunk = nh_buffer_of(memory_of(message), bytes);
    nh_error *error =
        nh_outgoing_message_write(message, chunk, nh_undefined(), nh_undefined(), out_more);
    nh_value_release(&chunk);
    return error;
}

/* --- end() -------------------------------------------------------------------------------- */

/* end() on a message that has ended. */
static nh_error *end_again(nh_outgoing_message *message, nh_value callback) {
    if (callback.type != NH_FUNCTION) {
        return NULL;
    }
    if (!nh_outgoing_message_writable_finished(message)) {
        return nh_http_add_callback(&message->emitter, "finish", callback, NH_LISTENER_PLAIN);
    }
    nh_error *error = nh_http_error(memory_of(message), "ERR_STREAM_ALREADY_FINISHED",
                                    "Cannot call end after a stream was finished");
    nh_value argument = nh_value_of_error_take(error);
    nh_loop_call(callback, &argument, 1);
    nh_value_release(&argument);
    return NULL;
}

/* The last chunk, or the head of a message without a body. */
static nh_error *send_last_chunk(nh_outgoing_message *message, nh_value chunk, nh_value encoding) {
    if (nh_value_is_truthy(chunk) || chunk.type == NH_INVALID) {
        bool more;
        if (message->socket != NULL) {
            nh_writable_cork(message->socket);
        }
        return write_chunk(message, chunk, encoding, nh_undefined(), true, &more);
    }
    if (message->has_head) {
        return NULL;
    }
    if (message->socket != NULL) {
        nh_writable_cork(message->socket);
    }
    return make_head_of_length(message, 0);
}

/* What says where the body ends; 'finish' follows when it is out. */
static nh_error *send_terminator(nh_outgoing_message *message, bool had_chunk) {
    nh_memory *memory = memory_of(message);
    if (message->has_body && message->chunked_encoding) {
        const nh_http_constants *constants = nh_http_constants_of(message->emitter.loop);
        nh_text text;
        nh_text_init(&text, memory);
        nh_text_add_c(&text, "0\r\n");
        nh_text_add_bytes(&text, nh_value_bytes(message->trailer));
        nh_text_add_c(&text, "\r\n");
        nh_value last = nh_text_take_string(&text);
        nh_error *error = constants == NULL ? nh_error_out_of_memory()
                                            : nh_outgoing_send(message, last, constants->latin1,
                                                               NH_OUTGOING_FINISH, NULL);
        nh_value_release(&last);
        return error;
    }
    if (!message->head_sent || had_chunk || nh_outgoing_message_writable_length(message) > 0) {
        nh_value finish = NH_OUTGOING_FINISH;
        return nh_outgoing_send_text(message, "", &finish);
    }
    nh_value finish = nh_outgoing_finish_function(message);
    if (finish.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    nh_loop_tick(message->emitter.loop, call_bare, &message->emitter, finish);
    nh_value_release(&finish);
    return NULL;
}

/* Undoes every cork(), of the message and of the socket. */
static void release_corks(nh_outgoing_message *message) {
    nh_stream *socket = message->socket;
    if (socket != NULL) {
        socket->writable.corked = 1;
        nh_writable_uncork(socket);
    }
    message->corked = 1;
    nh_outgoing_message_uncork(message);
}

nh_error *nh_outgoing_message_end(nh_outgoing_message *message, nh_value chunk, nh_value encoding,
                                  nh_value callback) {
    if (chunk.type == NH_FUNCTION) {
        callback = chunk;
        chunk = nh_undefined();
        encoding = nh_undefined();
    } else if (encoding.type == NH_FUNCTION) {
        callback = encoding;
        encoding = nh_undefined();
    }
    bool had_chunk = nh_value_is_truthy(chunk);
    if (message->finished) {
        if (!had_chunk) {
            return end_again(message, callback);
        }
        nh_error *late =
            nh_http_error(memory_of(message), "ERR_STREAM_WRITE_AFTER_END", "write after end");
        nh_outgoing_fail_later(message, late,
                               callback.type == NH_FUNCTION ? callback : nh_undefined());
        nh_error_release(late);
        return NULL;
    }
    nh_error *error = send_last_chunk(message, chunk, encoding);
    if (error != NULL) {
        return error;
    }
    if (callback.type == NH_FUNCTION) {
        error = nh_http_add_callback(&message->emitter, "finish", callback, NH_LISTENER_ONCE);
    }
    if (error == NULL && checks_length(message) &&
        !is_content_length(message, message->bytes_written)) {
        error = length_error(message, message->bytes_written);
    }
    if (error == NULL) {
        error = send_terminator(message, had_chunk);
    }
    if (error != NULL) {
        return nh_outgoing_lost(message, error);
    }
    release_corks(message);
    message->finished = true;
    if (message->queue.count == 0 && message->socket != NULL &&
        message->socket->http_message == message) {
        nh_outgoing_finish(message);
    }
    return NULL;
}

nh_error *nh_outgoing_message_end_bytes(nh_outgoing_message *message, nh_bytes bytes) {
    nh_value chunk = nh_buffer_of(memory_of(message), bytes);
    nh_error *error = nh_outgoing_message_end(message, chunk, nh_undefined(), nh_undefined());
    nh_value_release(&chunk);
    return error;
}

nh_error *nh_outgoing_message_flush_headers(nh_outgoing_message *message) {
    nh_error *error = !message->has_head ? nh_outgoing_implicit_header(message) : NULL;
    if (error != NULL) {
        return error;
    }
    const nh_http_constants *constants = nh_http_constants_of(message->emitter.loop);
    return constants == NULL ? nh_error_out_of_memory()
                             : nh_outgoing_send(message, constants->nothing, nh_undefined(),
                                                nh_undefined(), NULL);
}

/* --- cork() ------------------------------------------------------------------------------- */

void nh_outgoing_message_cork(nh_outgoing_message *message) {
    message->corked++;
    if (message->socket != NULL) {
        nh_writable_cork(message->socket);
    }
}

/* Hands the outcome of a merged chunk to the callbacks of the writes that it was made of. */
static void call_all(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)out_result;
    nh_value callbacks = {.type = NH_LIST, .as.list = data};
    for (size_t i = 0; i < nh_list_length(callbacks); i++) {
        nh_loop_call(nh_list_get(callbacks, i), arguments, count);
    }
}

static void release_list(void *data) {
    nh_value list = {.type = NH_LIST, .as.list = data};
    nh_value_release(&list);
}

static nh_value common_callback(nh_memory *memory, const nh_outgoing_queue *queue) {
    nh_value callbacks = nh_list_new(memory);
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->chunks[i].callback.type == NH_FUNCTION &&
            !nh_list_append(callbacks, queue->chunks[i].callback)) {
            nh_value_release(&callbacks);
        }
    }
    if (callbacks.type != NH_LIST) {
        return (nh_value){.type = NH_INVALID};
    }
    if (nh_list_length(callbacks) == 0) {
        nh_value_release(&callbacks);
        return nh_undefined();
    }
    nh_value function = nh_function_new(memory, "", call_all, callbacks.as.list, release_list);
    if (function.type == NH_INVALID) {
        nh_value_release(&callbacks);
    }
    return function;
}

/* Sends what was written while corked as one chunk. */
static nh_error *send_merged(nh_outgoing_message *message, const nh_outgoing_queue *queue,
                             double length) {
    nh_value callback = common_callback(memory_of(message), queue);
    nh_error *error =
        callback.type == NH_INVALID ? nh_error_out_of_memory() : send_chunk_size(message, length);
    for (size_t i = 0; i < queue->count && error == NULL; i++) {
        error = nh_outgoing_send(message, queue->chunks[i].data, queue->chunks[i].encoding,
                                 nh_undefined(), NULL);
    }
    if (error == NULL) {
        error = send_line_end(message, callback, NULL);
    }
    nh_value_release(&callback);
    return error;
}

void nh_outgoing_message_uncork(nh_outgoing_message *message) {
    message->corked--;
    if (message->socket != NULL) {
        nh_writable_uncork(message->socket);
    }
    if (message->corked != 0 || message->corked_chunks.count == 0) {
        return;
    }
    nh_outgoing_queue queue = message->corked_chunks;
    double length = message->corked_bytes;
    message->corked_chunks = (nh_outgoing_queue){.chunks = NULL};
    message->corked_bytes = 0;
    nh_error *error = send_merged(message, &queue, length);
    nh_outgoing_queue_clear(memory_of(message), &queue);
    nh_http_throw_take(message->emitter.loop, error);
}
