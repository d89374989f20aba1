/* ClientRequest: its life from http.request() to 'close', abort() and destroy(). */
#include "core/text.h"
#include "http/client_request_internal.h"

#include "http/agent_internal.h"
#include "http/support_internal.h"

#include <string.h>

static void destroy_object(nh_emitter *emitter);
static void give_up(nh_emitter *emitter, nh_error *error);
static nh_error *implicit_header(nh_outgoing_message *message);
static void destroy_hook(nh_outgoing_message *message, nh_error *error);
static nh_error *set_timeout_hook(nh_outgoing_message *message, nh_value milliseconds,
                                  nh_value callback);

static const nh_outgoing_hooks hooks = {
    .implicit_header = implicit_header,
    .destroy = destroy_hook,
    .set_timeout = set_timeout_hook,
};

const nh_class nh_client_request_class = {
    .name = "ClientRequest",
    .parent = &nh_outgoing_message_class,
    .size = sizeof(nh_client_request),
    .destroy = destroy_object,
    .give_up = give_up,
};

static nh_client_request *of_message(nh_outgoing_message *message) {
    return (nh_client_request *)(void *)message;
}

static nh_loop *loop_of(const nh_client_request *request) {
    return request->message.emitter.loop;
}

static nh_memory *memory_of(const nh_client_request *request) {
    return nh_object_memory(&request->message.emitter);
}

/* --- life --------------------------------------------------------------------------------- */

static void hold(nh_client_request *request) {
    if (!request->is_held) {
        request->is_held = true;
        (void)nh_emitter_retain(&request->message.emitter);
    }
}

/* May free the request. */
static void let_go(nh_client_request *request) {
    if (request->is_held) {
        request->is_held = false;
        nh_emitter_release(&request->message.emitter);
    }
}

void nh_client_request_set_response(nh_client_request *request, nh_incoming_message *res) {
    nh_incoming_message *before = request->res;
    request->res = res;
    if (res != NULL) {
        (void)nh_emitter_retain(&res->stream.emitter);
    }
    if (before == NULL) {
        return;
    }
    /* One that an upgrade follows keeps its `req`. The request holds it no longer, so that it can
     * hold the request. */
    bool is_replaced = res != NULL && before->request != NULL;
    before->request = is_replaced ? nh_emitter_retain(&request->message.emitter) : NULL;
    nh_emitter_release(&before->stream.emitter);
}

static void destroy_object(nh_emitter *emitter) {
    nh_client_request *request = nh_client_request_of(emitter);
    nh_client_living_leave(&request->living);
    nh_client_request_drop_parser(request, false);
    nh_client_request_set_response(request, NULL);
    nh_error_release(request->destroy_error);
    nh_value *const values[] = {&request->method,
                                &request->path,
                                &request->host,
                                &request->protocol,
                                &request->agent,
                                &request->socket_path,
                                &request->timeout,
                                &request->max_headers_count,
                                &request->max_header_size,
                                &request->insecure_http_parser,
                                &request->join_duplicate_headers,
                                &request->queued_options};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        nh_value_release(values[i]);
    }
}

/* The loop goes while the request is alive. */
static void end_request(nh_emitter *emitter) {
    nh_client_request *request = nh_client_request_of(emitter);
    nh_emitter_remove_all_listeners(emitter, NULL);
    nh_client_request_drop_parser(request, false);
    nh_client_request_set_response(request, NULL);
    nh_value_release(&request->queued_options);
    nh_outgoing_queue_clear(memory_of(request), &request->message.queue);
    nh_outgoing_queue_clear(memory_of(request), &request->message.corked_chunks);
    nh_stream *socket = request->message.socket; /* may hold a callback of the request's */
    if (socket != NULL && socket->http_message == request) {
        socket->http_message = NULL;
    }
    request->message.corked = 0;
    nh_outgoing_set_socket(&request->message, NULL);
    let_go(request);
}

static nh_client_request *new_request(nh_loop *loop) {
    nh_client_request *request = nh_object_new(loop, &nh_client_request_class);
    if (request == NULL) {
        return NULL;
    }
    nh_value *const unset[] = {&request->method,
                               &request->path,
                               &request->host,
                               &request->protocol,
                               &request->agent,
                               &request->socket_path,
                               &request->timeout,
                               &request->max_header_size,
                               &request->insecure_http_parser,
                               &request->join_duplicate_headers,
                               &request->queued_options};
    for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++) {
        *unset[i] = nh_undefined();
    }
    request->max_headers_count = nh_null();
    nh_outgoing_message_init(&request->message, &hooks);
    if (!nh_client_living_join(&request->living, &request->message.emitter, end_request)) {
        nh_emitter_release(&request->message.emitter);
        return NULL;
    }
    return request;
}

/* --- making a connection ------------------------------------------------------------------ */

/* The callback that createConnection() gets; only its first call counts. */
typedef struct pending_stream {
    nh_client_request *request; /* retained; NULL once it was called */
    nh_memory *memory;
} pending_stream;

static void free_pending(void *data) {
    pending_stream *pending = data;
    if (pending->request != NULL) {
        nh_emitter_release(&pending->request->message.emitter);
    }
    nh_memory_free(pending->memory, pending);
}

static void emit_error(nh_emitter *object, nh_value value) {
    (void)nh_emitter_emit_value(object, "error", value);
}

/* No stream will come, and nothing else: not even 'close'. */
static void emit_last_error(nh_emitter *object, nh_value value) {
    emit_error(object, value);
    let_go(nh_client_request_of(object));
}

/* What JavaScript says when the first property is set on something that is no stream. */
static nh_error *no_stream_error(nh_memory *memory, nh_value value) {
    if (nh_value_is_nullish(value)) {
        return nh_error_new(memory, "TypeError", NULL,
                            "Cannot set properties of %s (setting 'parser')",
                            value.type == NH_NULL ? "null" : "undefined");
    }
    const char *primitive = value.type == NH_STRING    ? "string '"
                            : value.type == NH_NUMBER  ? "number '"
                            : value.type == NH_BOOLEAN ? "boolean '"
                            : value.type == NH_BIGINT  ? "bigint '"
                            : value.type == NH_SYMBOL  ? "symbol 'Symbol("
                                                       : NULL;
    if (primitive == NULL) {
        return nh_error_new(memory, "TypeError", NULL, "socket.on is not a function");
    }
    nh_value text =
        value.type == NH_SYMBOL ? nh_value_retain(value) : nh_value_to_string(memory, value);
    nh_bytes bytes = nh_value_bytes(text);
    nh_error *error = nh_error_new(
        memory, "TypeError", NULL, "Cannot create property 'parser' on %s%.*s%s", primitive,
        (int)bytes.length, (const char *)bytes.data, value.type == NH_SYMBOL ? ")'" : "'");
    nh_value_release(&text);
    return error;
}

/* createConnection() made something that is no stream: it is noticed where the request would begin
 * to use it, and thrown there. Nothing will ever come of the request. */
static void throw_no_stream(nh_emitter *object, nh_value value) {
    nh_client_request *request = nh_client_request_of(object);
    nh_error *error = request->message.destroyed
                          ? nh_error_new(memory_of(request), "TypeError", NULL,
                                         "socket.destroy is not a function")
                          : no_stream_error(memory_of(request), value);
    nh_http_throw_take(loop_of(request), error);
    let_go(request);
}

static void deliver_stream(const nh_value *arguments, size_t count, void *data,
                           nh_value *out_result) {
    (void)out_result;
    pending_stream *pending = data;
    nh_client_request *request = pending->request;
    if (request == NULL) {
        return;
    }
    pending->request = NULL;
    nh_value error = count > 0 ? arguments[0] : nh_undefined();
    nh_value stream = count > 1 ? arguments[1] : nh_undefined();
    if (nh_value_is_truthy(error)) {
        nh_loop_tick(loop_of(request), emit_last_error, &request->message.emitter, error);
    } else if (stream.type == NH_OBJECT) {
        nh_client_request_on_socket(request, nh_as_stream(stream.as.object), NULL);
    } else {
        nh_loop_tick(loop_of(request), throw_no_stream, &request->message.emitter, stream);
    }
    nh_emitter_release(&request->message.emitter);
}

/* Whoever makes a connection takes `path` for that of a UNIX socket, not for that of the request.
 */
static bool set_connection_path(nh_value options) {
    nh_value socket_path = nh_map_get(options, "socketPath");
    if (nh_value_is_truthy(socket_path)) {
        return nh_map_set(options, "path", socket_path);
    }
    return !nh_value_is_truthy(nh_map_get(options, "path")) ||
           nh_map_set(options, "path", nh_undefined());
}

/* The option createConnection, without an agent. What it throws is emitted. */
static nh_error *create_connection(nh_client_request *request, nh_value options) {
    nh_memory *memory = memory_of(request);
    pending_stream *pending =
        set_connection_path(options) ? nh_memory_allocate(memory, sizeof(*pending)) : NULL;
    if (pending == NULL) {
        return nh_error_out_of_memory();
    }
    *pending = (pending_stream){
        .request = nh_client_request_of(nh_emitter_retain(&request->message.emitter)),
        .memory = memory};
    nh_value callback = nh_function_new(memory, "", deliver_stream, pending, free_pending);
    if (callback.type != NH_FUNCTION) {
        free_pending(pending);
        return nh_error_out_of_memory();
    }
    request->message.last = true;
    request->message.should_keep_alive = false;
    const nh_value arguments[] = {options, callback};
    nh_value result = nh_undefined();
    nh_function_invoke(nh_map_get(options, "createConnection"), arguments, 2, &result);
    nh_error *thrown = nh_loop_catch(loop_of(request));
    nh_value delivered[] = {thrown != NULL ? nh_value_of_error_take(thrown) : nh_undefined(),
                            result};
    if (thrown != NULL || nh_value_is_truthy(result)) {
        nh_function_invoke(callback, delivered, 2, NULL);
    }
    nh_value_release(&delivered[0]);
    nh_value_release(&delivered[1]);
    nh_value_release(&callback);
    return NULL;
}

static nh_error *ask_agent(nh_client_request *request, nh_value options) {
    nh_value agent = request->agent;
    if (agent.type == NH_OBJECT && nh_object_is_of(agent.as.object, &nh_agent_class)) {
        return nh_agent_add_request(nh_agent_of(agent.as.object), request, options);
    }
    nh_value function = nh_map_get(agent, "addRequest");
    if (function.type != NH_FUNCTION) {
        return nh_error_new(memory_of(request), "TypeError", NULL,
                            "this.agent.addRequest is not a function");
    }
    nh_value self = nh_value_of_object(&request->message.emitter);
    const nh_value arguments[] = {self, options};
    nh_function_invoke(function, arguments, 2, NULL);
    nh_value_release(&self);
    return nh_loop_catch(loop_of(request));
}

nh_error *nh_http_request(nh_loop *loop, nh_value url, nh_value options, nh_value callback,
                          nh_client_request **out_request) {
    nh_value merged = nh_undefined();
    nh_value listener = nh_undefined();
    *out_request = NULL;
    nh_error *error = nh_client_options_of_arguments(nh_loop_memory(loop), url, options, callback,
                                                     &merged, &listener);
    if (error != NULL) {
        return error;
    }
    nh_client_request *request = new_request(loop);
    if (request == NULL) {
        nh_value_release(&merged);
        return nh_error_out_of_memory();
    }
    error = nh_client_request_apply_options(request, merged, listener);
    if (error == NULL) {
        hold(request);
        if (nh_value_is_truthy(nh_map_get(merged, "signal"))) {
            nh_map_delete_bytes(merged, nh_bytes_of_text("signal"));
        }
        error = nh_value_is_truthy(request->agent) ? ask_agent(request, merged)
                                                   : create_connection(request, merged);
    }
    nh_value_release(&merged);
    if (error != NULL) {
        let_go(request);
        nh_emitter_release(&request->message.emitter);
        return error;
    }
    *out_request = request;
    return NULL;
}

nh_error *nh_http_get(nh_loop *loop, nh_value url, nh_value options, nh_value callback,
                      nh_client_request **out_request) {
    nh_error *error = nh_http_request(loop, url, options, callback, out_request);
    if (error == NULL) {
        error = nh_outgoing_message_end(&(*out_request)->message, nh_undefined(), nh_undefined(),
                                        nh_undefined());
        if (error != NULL) {
            nh_emitter_release(nh_as_emitter(*out_request));
            *out_request = NULL;
        }
    }
    return error;
}

/* --- the stream comes --------------------------------------------------------------------- */

/* What was not sent stays in the queue, for writableFinished; its callbacks, which may hold the
 * request, are not called any more. */
static void forget_callbacks(nh_outgoing_queue *queue) {
    for (size_t i = 0; i < queue->count; i++) {
        nh_value_release(&queue->chunks[i].callback);
    }
}

void nh_client_request_close(nh_client_request *request) {
    request->message.closed = true;
    forget_callbacks(&request->message.queue);
    forget_callbacks(&request->message.corked_chunks);
    (void)nh_emitter_emit_bare(&request->message.emitter, "close");
    let_go(request);
}

void nh_client_request_fail(nh_client_request *request, nh_error *error) {
    request->message.socket_had_error = true;
    (void)nh_emitter_emit_error(&request->message.emitter, error);
}

void nh_client_request_hang_up(nh_client_request *request) {
    nh_error *error = nh_http_reset_error(memory_of(request), "socket hang up");
    nh_client_request_fail(request, error);
    nh_error_release(error);
}

/* The end of a request that never used its socket. */
static void close_unused(nh_client_request *request, nh_error *error) {
    if (error != NULL) {
        (void)nh_emitter_emit_error(&request->message.emitter, error);
    } else if (!request->aborted) {
        error = nh_http_reset_error(memory_of(request), "socket hang up");
        (void)nh_emitter_emit_error(&request->message.emitter, error);
        nh_error_release(error);
    }
    if (!nh_loop_is_throwing(loop_of(request))) {
        nh_client_request_close(request);
    }
}

/* The stream of a request that was destroyed before is destroyed itself, and now gone. */
static void unused_stream_gone(const nh_value *arguments, size_t count, void *data,
                               nh_value *out_result) {
    (void)out_result;
    nh_error *error = count > 0 && arguments[0].type == NH_ERROR ? arguments[0].as.error : NULL;
    const char *code = error == NULL ? NULL : nh_error_code(error);
    if (code != NULL && strcmp(code, "ERR_STREAM_PREMATURE_CLOSE") == 0) {
        error = NULL;
    }
    close_unused(data, error);
}

static void destroy_unused_stream(nh_client_request *request, nh_stream *socket, nh_error *error) {
    nh_value callback = nh_http_method_function(&request->message.emitter, "", unused_stream_gone);
    nh_stream_destroy(socket, error);
    nh_error *failure = callback.type == NH_FUNCTION
                            ? nh_stream_finished(&socket->emitter, NULL, callback, NULL)
                            : nh_error_out_of_memory();
    nh_value_release(&callback);
    if (failure != NULL) {
        close_unused(request, error);
        nh_error_release(failure);
    }
}

/* `error`: why there is no stream; NULL when there is one. */
static void take_stream(nh_client_request *request, nh_stream *socket, nh_error *error) {
    if (!request->message.destroyed && error == NULL) {
        if (socket != NULL) {
            nh_client_request_attach(request, socket);
            if (!nh_loop_is_throwing(loop_of(request))) {
                nh_outgoing_flush(&request->message);
            }
        }
        return;
    }
    request->message.destroyed = true;
    nh_error *cause = error != NULL ? error : request->destroy_error;
    if (socket != NULL) {
        if (error != NULL || !nh_value_is_truthy(request->agent) ||
            nh_stream_is_destroyed(socket)) {
            destroy_unused_stream(request, socket, cause);
            return;
        }
        (void)nh_emitter_emit_bare(&socket->emitter, "free");
        if (nh_loop_is_throwing(loop_of(request))) {
            return;
        }
    }
    close_unused(request, cause);
}

static void take_stream_later(nh_emitter *object, nh_value value) {
    nh_client_request *request = nh_client_request_of(object);
    nh_value stream = value.type == NH_LIST ? nh_list_get(value, 0) : value;
    nh_value error = value.type == NH_LIST ? nh_list_get(value, 1) : value;
    take_stream(request, stream.type == NH_OBJECT ? nh_as_stream(stream.as.object) : NULL,
                error.type == NH_ERROR ? error.as.error : NULL);
}

void nh_client_request_on_socket(nh_client_request *request, nh_stream *stream, nh_error *error) {
    nh_value value;
    if (stream != NULL && error != NULL) {
        value = nh_list_new(memory_of(request));
        if (!nh_list_append_take(value, nh_value_of_object(&stream->emitter)) ||
            !nh_list_append_take(value, nh_value_of_error(error))) {
            nh_value_release(&value);
            value = nh_value_of_error(error); /* the stream is left alone */
        }
    } else if (error != NULL) {
        value = nh_value_of_error(error);
    } else {
        value = stream == NULL ? nh_undefined() : nh_value_of_object(&stream->emitter);
    }
    nh_loop_tick(loop_of(request), take_stream_later, &request->message.emitter, value);
    nh_value_release(&value);
}

/* --- abort() and destroy() ---------------------------------------------------------------- */

static void emit_abort(nh_emitter *object, nh_value value) {
    (void)value;
    (void)nh_emitter_emit_bare(object, "abort");
}

void nh_client_request_abort(nh_client_request *request) {
    if (request->aborted) {
        return;
    }
    request->aborted = true;
    nh_loop_tick(loop_of(request), emit_abort, &request->message.emitter, nh_undefined());
    nh_client_request_destroy(request, NULL);
}

void nh_client_request_destroy(nh_client_request *request, nh_error *error) {
    if (request->message.destroyed) {
        return;
    }
    request->message.destroyed = true;
    /* Nobody reads on, and the response may still have to end. */
    if (request->res != NULL) {
        nh_incoming_message_dump(request->res);
    }
    nh_error_release(request->destroy_error);
    request->destroy_error = error == NULL ? NULL : nh_error_retain(error);
    if (request->message.socket != NULL) {
        nh_stream_destroy(request->message.socket, error);
    }
}

static void give_up(nh_emitter *emitter, nh_error *error) {
    (void)error;
    nh_client_request_abort(nh_client_request_of(emitter));
}

static void destroy_hook(nh_outgoing_message *message, nh_error *error) {
    nh_client_request_destroy(of_message(message), error);
}

/* --- the head ----------------------------------------------------------------------------- */

nh_error *nh_client_request_store_head(nh_client_request *request, nh_head_source source,
                                       nh_value given) {
    nh_memory *memory = memory_of(request);
    nh_error *error = NULL;
    nh_value method = nh_http_value_to_string(memory, request->method, &error);
    nh_value path =
        error == NULL ? nh_http_value_to_string(memory, request->path, &error) : nh_undefined();
    if (error == NULL) {
        nh_text line;
        nh_text_init(&line, memory);
        nh_text_add_bytes(&line, nh_value_bytes(method));
        nh_text_add_c(&line, " ");
        nh_text_add_bytes(&line, nh_value_bytes(path));
        nh_text_add_c(&line, " HTTP/1.1\r\n");
        error = line.failed
                    ? nh_error_out_of_memory()
                    : nh_outgoing_store_head(&request->message, nh_bytes_of(line.data, line.length),
                                             source, given);
        nh_text_deinit(&line);
    }
    nh_value_release(&method);
    nh_value_release(&path);
    return error;
}

static nh_error *implicit_header(nh_outgoing_message *message) {
    if (message->has_head) {
        return nh_http_headers_sent_error(nh_object_memory(&message->emitter), "render");
    }
    return nh_client_request_store_head(of_message(message), NH_HEAD_OWN, nh_undefined());
}

static nh_error *set_timeout_hook(nh_outgoing_message *message, nh_value milliseconds,
                                  nh_value callback) {
    return nh_client_request_set_timeout(of_message(message), milliseconds, callback);
}
