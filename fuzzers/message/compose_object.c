/* Calls with values of other types, and the message as an object: its properties, and what becomes
 * of it without a connection. */
#include "message/composer.h"

#include <string.h>

#include "message/odd.h"
#include "support/check.h"

static nh_memory *memory_of(const struct fuzz_composer *composer) {
    return nh_loop_memory(composer->world.loop);
}

static bool is_client(const struct fuzz_composer *composer) {
    return (composer->flags & FUZZ_COMPOSER_CLIENT) != 0;
}

/* --- values of other types ---------------------------------------------------------------- */

/* A header with such a value: it comes back as it was, and goes again. */
static void set_odd_value(struct fuzz_composer *composer, struct fuzz_message *message,
                          enum fuzz_odd kind, nh_value odd, bool appends) {
    struct fuzz_text name_text = {nh_bytes_of_text("X-Odd"), false};
    if (kind == FUZZ_ODD_FUNCTION || fuzz_fields_find(&message->fields, name_text.bytes) != NULL) {
        return;
    }
    nh_value name = fuzz_text_value(memory_of(composer), name_text);
    const char *code = message->head_made           ? "ERR_HTTP_HEADERS_SENT"
                       : kind == FUZZ_ODD_UNDEFINED ? "ERR_HTTP_INVALID_HEADER_VALUE"
                                                    : fuzz_odd_as_text(kind);
    nh_error *error = appends ? nh_outgoing_message_append_header(message->message, name, odd)
                              : nh_outgoing_message_set_header(message->message, name, odd);
    if (fuzz_expect_take(composer, error, code, "setHeader() of another type")) {
        nh_value value = nh_undefined();
        message->has_fields = true;
        nh_error_release(nh_outgoing_message_get_header(message->message, name, &value));
        FUZZ_CHECK(fuzz_composer_gave_up(composer) || kind == FUZZ_ODD_NAN ||
                       nh_value_is_same(value, odd),
                   "a header of another type comes back as another value");
        nh_value_release(&value);
        (void)fuzz_expect_take(composer, nh_outgoing_message_remove_header(message->message, name),
                               NULL, "removeHeader()");
    }
    nh_value_release(&name);
}

/* A list that is a header changes behind the message's back. */
static void change_list(struct fuzz_composer *composer, struct fuzz_message *message,
                        const char *name_text, nh_value odd, enum fuzz_odd kind) {
    nh_memory *memory = memory_of(composer);
    nh_value name = nh_string_of(memory, name_text);
    nh_value list = nh_list_new(memory);
    bool made = nh_list_append_take(list, nh_string_of(memory, "a")) &&
                nh_list_append_take(list, nh_string_of(memory, "b"));
    nh_error *error = made ? nh_outgoing_message_set_header(message->message, name, list)
                           : nh_error_retain(nh_error_out_of_memory());
    if (fuzz_expect_take(composer, error, NULL, "setHeader() of a list") &&
        nh_list_append(list, odd)) {
        const char *code = fuzz_predict_head(composer, message);
        code = code != NULL ? code : fuzz_odd_as_text(kind);
        error = nh_outgoing_message_flush_headers(message->message);
        /* What else may be wrong with the head is not looked at. */
        if (!fuzz_may_have_trailer(message) && !fuzz_may_refuse_disposition(message)) {
            (void)fuzz_expect_take(composer, error, code, "flushHeaders() with a changed list");
        } else {
            nh_error_release(error);
        }
    }
    message->abandoned = true; /* the model knows of no such header */
    nh_value_release(&list);
    nh_value_release(&name);
}

static void write_odd_head(struct fuzz_composer *composer, struct fuzz_message *message,
                           enum fuzz_odd kind, nh_value odd) {
    const char *code = message->head_made ? "ERR_HTTP_HEADERS_SENT"
                       : kind == FUZZ_ODD_BIGINT || kind == FUZZ_ODD_SYMBOL
                           ? ""
                           : "ERR_HTTP_INVALID_STATUS_CODE";
    nh_error *error = nh_server_response_write_head((nh_server_response *)(void *)message->message,
                                                    odd, nh_undefined(), nh_undefined());
    (void)fuzz_expect_take(composer, error, code, "writeHead() of another type");
}

static void end_odd(struct fuzz_composer *composer, struct fuzz_message *message,
                    enum fuzz_odd kind, nh_value odd) {
    if (!nh_value_is_truthy(odd) || kind == FUZZ_ODD_FUNCTION || kind == FUZZ_ODD_BUFFER ||
        kind == FUZZ_ODD_TEXT) {
        return; /* no chunk, or a good one */
    }
    const char *code = message->finished ? NULL : "ERR_INVALID_ARG_TYPE";
    nh_error *error =
        nh_outgoing_message_end(message->message, odd, nh_undefined(), nh_undefined());
    (void)fuzz_expect_take(composer, error, code, "end() of another type");
    message->abandoned = message->abandoned || !message->finished; /* the socket stays corked */
}

enum odd_call {
    ODD_VALUE,
    ODD_APPENDED,
    ODD_NAME,
    ODD_REMOVED,
    ODD_GOT,
    ODD_HAD,
    ODD_HEADERS,
    ODD_TRAILERS,
    ODD_STATUS,
    ODD_CHUNK,
    ODD_END,
    ODD_ELEMENT,
    ODD_COOKIE,
    ODD_CALLBACK,
    ODD_SHORT,
    ODD_LAST
};

/* Calls that want a string, or an object, and change nothing without. */
static void call_oddly(struct fuzz_composer *composer, struct fuzz_message *message,
                       enum odd_call call, enum fuzz_odd kind, nh_value odd) {
    nh_outgoing_message *outgoing = message->message;
    const char *wrong = "ERR_INVALID_ARG_TYPE";
    const char *sent = message->head_made ? "ERR_HTTP_HEADERS_SENT" : NULL;
    bool is_text = kind == FUZZ_ODD_TEXT;
    nh_value value = nh_undefined();
    bool has = false;
    if (call == ODD_NAME && !is_text) {
        nh_value text = nh_string_of(memory_of(composer), "x");
        const char *code = sent != NULL ? sent : "ERR_INVALID_HTTP_TOKEN";
        (void)fuzz_expect_take(composer, nh_outgoing_message_set_header(outgoing, odd, text), code,
                               "setHeader() by another type");
        nh_value_release(&text);
    } else if (call == ODD_REMOVED && !is_text) {
        (void)fuzz_expect_take(composer, nh_outgoing_message_remove_header(outgoing, odd), wrong,
                               "removeHeader() by another type");
    } else if (call == ODD_GOT) {
        (void)fuzz_expect_take(composer, nh_outgoing_message_get_header(outgoing, odd, &value),
                               is_text ? NULL : wrong, "getHeader() by another type");
        nh_value_release(&value);
    } else if (call == ODD_HAD) {
        (void)fuzz_expect_take(composer, nh_outgoing_message_has_header(outgoing, odd, &has),
                               is_text ? NULL : wrong, "hasHeader() by another type");
    } else if (call == ODD_HEADERS) {
        (void)fuzz_expect_take(composer, nh_outgoing_message_set_headers(outgoing, odd),
                               sent != NULL ? sent : wrong, "setHeaders() of another type");
    } else if (call == ODD_TRAILERS && kind <= FUZZ_ODD_SYMBOL && !message->finished) {
        bool is_nullish = kind == FUZZ_ODD_UNDEFINED || kind == FUZZ_ODD_NULL;
        message->has_trailer = false;
        (void)fuzz_expect_take(composer, nh_outgoing_message_add_trailers(outgoing, odd),
                               is_nullish ? "" : NULL, "addTrailers() of another type");
    } else if (call == ODD_CHUNK && !is_text && kind != FUZZ_ODD_BUFFER) {
        const char *code = kind == FUZZ_ODD_NULL ? "ERR_STREAM_NULL_VALUES" : wrong;
        nh_value nothing = nh_undefined();
        (void)fuzz_expect_take(composer,
                               nh_outgoing_message_write(outgoing, odd, nothing, nothing, NULL),
                               code, "write() of another type");
    }
}

void fuzz_compose_odd(struct fuzz_composer *composer, struct fuzz_message *message,
                      const struct fuzz_step *step) {
    enum odd_call call = (enum odd_call)(step->numbers[1] % ODD_LAST);
    enum fuzz_odd kind = (enum fuzz_odd)(step->numbers[0] >> 4);
    nh_value odd = fuzz_odd_value(memory_of(composer), kind);
    if (odd.type == NH_INVALID && !fuzz_composer_gave_up(composer)) {
        FUZZ_CHECK(false, "no value of kind %d", (int)kind);
    }
    switch (call) {
    case ODD_VALUE:
    case ODD_APPENDED:
        set_odd_value(composer, message, kind, odd, call == ODD_APPENDED);
        break;
    case ODD_STATUS:
        if (!is_client(composer)) {
            write_odd_head(composer, message, kind, odd);
        }
        break;
    case ODD_END:
        end_odd(composer, message, kind, odd);
        break;
    case ODD_ELEMENT:
    case ODD_COOKIE:
        if (!message->head_made && !is_client(composer)) {
            change_list(composer, message, call == ODD_COOKIE ? "Cookie" : "X-Odd", odd, kind);
        }
        break;
    case ODD_CALLBACK:
        if (!is_client(composer)) {
            bool is_fine = !nh_value_is_truthy(odd) || kind == FUZZ_ODD_FUNCTION;
            nh_error *error = nh_outgoing_message_set_timeout(message->message, nh_number(1), odd);
            /* The streams of this target know no timeouts: where one is set at once, that fails. */
            bool is_set = nh_outgoing_message_socket(message->message) != NULL;
            (void)fuzz_expect_take(composer, error,
                                   !is_fine ? "ERR_INVALID_ARG_TYPE"
                                   : is_set ? ""
                                            : NULL,
                                   "setTimeout()");
            for (size_t i = 0; is_fine && !is_set && i < composer->count; i++) {
                composer->messages[i].abandoned = true; /* it fails when the socket comes */
            }
        }
        break;
    case ODD_NAME:
    case ODD_REMOVED:
    case ODD_GOT:
    case ODD_HAD:
    case ODD_HEADERS:
    case ODD_TRAILERS:
    case ODD_CHUNK:
    case ODD_SHORT:
    case ODD_LAST:
        call_oddly(composer, message, call, kind, odd);
        break;
    }
    nh_value_release(&odd);
}

/* --- properties --------------------------------------------------------------------------- */

static void check_properties(const struct fuzz_composer *composer,
                             const struct fuzz_message *message) {
    const nh_outgoing_message *outgoing = message->message;
    FUZZ_CHECK(nh_outgoing_message_headers_sent(outgoing) == message->head_made ||
                   fuzz_composer_gave_up(composer),
               "headersSent is %d", nh_outgoing_message_headers_sent(outgoing));
    bool ended = nh_outgoing_message_writable_ended(outgoing);
    FUZZ_CHECK(nh_outgoing_message_is_finished(outgoing) == ended, "finished, or not");
    FUZZ_CHECK(ended == message->finished || fuzz_composer_gave_up(composer), "writableEnded is %d",
               ended);
    FUZZ_CHECK(ended || !nh_outgoing_message_writable_finished(outgoing),
               "finished before it ended");
    FUZZ_CHECK(fuzz_composer_gave_up(composer) ||
                   nh_outgoing_message_writable_corked(outgoing) == (int)message->corked,
               "writableCorked is %d, not %u", nh_outgoing_message_writable_corked(outgoing),
               message->corked);
    FUZZ_CHECK(!nh_outgoing_message_writable_object_mode(outgoing) &&
                   nh_outgoing_message_is_writable(outgoing),
               "in object mode, or not writable");
    FUZZ_CHECK(nh_outgoing_message_socket(outgoing) == nh_outgoing_message_connection(outgoing),
               "two sockets");
    FUZZ_CHECK(nh_outgoing_message_writable_length(outgoing) >= 0 &&
                   nh_outgoing_message_writable_high_water_mark(outgoing) > 0,
               "a length below zero");
    FUZZ_CHECK(!nh_outgoing_message_is_closed(outgoing) ||
                   nh_outgoing_message_is_destroyed(outgoing),
               "closed without being destroyed");
    FUZZ_CHECK(nh_outgoing_message_strict_content_length(outgoing) ==
                   ((composer->flags & FUZZ_COMPOSER_STRICT_LENGTH) != 0),
               "strictContentLength");
    FUZZ_CHECK(!nh_outgoing_message_max_requests_on_connection_reached(outgoing),
               "maxRequestsOnConnectionReached");
    FUZZ_CHECK(is_client(composer) || message->head_made ||
                   nh_outgoing_message_send_date(outgoing) == message->sends_date,
               "sendDate");
}

static void abandon_all(struct fuzz_composer *composer) {
    for (size_t i = 0; i < composer->count; i++) {
        composer->messages[i].abandoned = true;
    }
}

/* destroy(), and what a message does afterwards. */
static void destroy(struct fuzz_composer *composer, struct fuzz_message *message, bool with_error) {
    nh_memory *memory = memory_of(composer);
    nh_outgoing_message *outgoing = message->message;
    bool was_destroyed = nh_outgoing_message_is_destroyed(outgoing);
    nh_error *error = with_error ? nh_error_new(memory, "Error", "EFUZZ", "destroyed") : NULL;
    nh_outgoing_message_destroy(outgoing, error);
    FUZZ_CHECK(nh_outgoing_message_is_destroyed(outgoing), "destroyed, and is not");
    nh_value errored = nh_outgoing_message_errored(outgoing);
    FUZZ_CHECK(was_destroyed || is_client(composer) || fuzz_composer_gave_up(composer) ||
                   (with_error ? errored.type == NH_ERROR && errored.as.error == error
                               : errored.type == NH_UNDEFINED),
               "the error is another one");
    nh_outgoing_message_destroy(outgoing, NULL);
    nh_value chunk = nh_string_of(memory, "late");
    nh_value callback = fuzz_callback_of(composer, message);
    nh_value encoding = nh_undefined();
    nh_error *late = nh_outgoing_message_write(outgoing, chunk, encoding, callback, NULL);
    (void)fuzz_expect_take(composer, late, NULL, "write() after destroy()");
    nh_value last = fuzz_callback_of(composer, message);
    nh_error_release(nh_outgoing_message_end(outgoing, nh_undefined(), nh_undefined(), last));
    nh_value_release(&last);
    abandon_all(composer); /* the connection is gone for all of them */
    nh_value_release(&callback);
    nh_value_release(&chunk);
    nh_error_release(error);
}

void fuzz_compose_object(struct fuzz_composer *composer, struct fuzz_message *message,
                         const struct fuzz_step *step) {
    unsigned how = step->numbers[1];
    nh_outgoing_message *outgoing = message->message;
    bool on = (how & 8U) != 0;
    switch (how & 7U) {
    case 1:
        nh_outgoing_message_pipe(outgoing);
        break;
    case 2:
        if ((how & 0xC0U) == 0xC0U) { /* seldom, for it ends the run */
            destroy(composer, message, on);
        }
        break;
    case 3:
        if (!message->head_made) {
            nh_outgoing_message_set_should_keep_alive(outgoing, on);
            nh_outgoing_message_set_use_chunked_encoding_by_default(outgoing, on);
            FUZZ_CHECK(nh_outgoing_message_should_keep_alive(outgoing) == on &&
                           nh_outgoing_message_use_chunked_encoding_by_default(outgoing) == on,
                       "a property is not what was assigned");
        }
        break;
    default:
        check_properties(composer, message);
        break;
    }
}

/* --- alone -------------------------------------------------------------------------------- */

struct alone {
    struct fuzz_composer *composer;
    nh_outgoing_message *message;
    double high_water_mark;
    int corked; /* below zero, too, as in Node.js */
    bool is_destroyed;
    bool has_ended; /* end() was called, which may count what was corked */
};

static void ignore(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    (void)data;
}

/* No head can be made. */
static void write_alone(struct alone *alone, unsigned how) {
    static const char no_head[] = "ERR_METHOD_NOT_IMPLEMENTED";
    nh_outgoing_message *message = alone->message;
    nh_value nothing = nh_undefined();
    nh_error *error;
    if (how == 0) {
        nh_value text = nh_string_of(memory_of(alone->composer), "text");
        error = nh_outgoing_message_write(message, text, nothing, nothing, NULL);
        nh_value_release(&text);
        (void)fuzz_expect_take(alone->composer, error, alone->is_destroyed ? NULL : no_head,
                               "write() alone");
    } else if (how == 1) {
        error = nh_outgoing_message_flush_headers(message);
        (void)fuzz_expect_take(alone->composer, error, no_head, "flushHeaders() alone");
    } else {
        error = nh_outgoing_message_end(message, nothing, nothing, nothing);
        (void)fuzz_expect_take(alone->composer, error, no_head, "end() alone");
        alone->has_ended = true;
    }
}

static void assign_alone(nh_outgoing_message *message, bool on) {
    nh_outgoing_message_set_chunked_encoding(message, on);
    nh_outgoing_message_set_max_requests_on_connection_reached(message, on);
    nh_outgoing_message_set_send_date(message, on);
    nh_outgoing_message_set_strict_content_length(message, on);
    FUZZ_CHECK(nh_outgoing_message_chunked_encoding(message) == on &&
                   nh_outgoing_message_max_requests_on_connection_reached(message) == on &&
                   nh_outgoing_message_send_date(message) == on &&
                   nh_outgoing_message_strict_content_length(message) == on,
               "a property is not what was assigned");
    nh_outgoing_message_set_strict_content_length(message, false);
}

static void set_alone(struct alone *alone) {
    nh_value value = nh_undefined();
    nh_value name = nh_string_of(memory_of(alone->composer), "x-alone");
    nh_error *error = nh_outgoing_message_set_header_text(alone->message, "X-Alone", "value");
    if (fuzz_expect_take(alone->composer, error, NULL, "setHeader() alone")) {
        nh_error_release(nh_outgoing_message_get_header(alone->message, name, &value));
        FUZZ_CHECK(fuzz_composer_gave_up(alone->composer) || nh_value_is_text(value, "value"),
                   "getHeader() alone is \"%s\"", nh_value_text(value));
        nh_value_release(&value);
    }
    nh_value_release(&name);
}

static void call_alone(struct alone *alone, uint8_t call) {
    nh_outgoing_message *message = alone->message;
    nh_error *error;
    switch (call & 15U) {
    case 0:
    case 1:
    case 2:
        write_alone(alone, call & 3U);
        break;
    case 3:
        nh_outgoing_message_cork(message);
        alone->corked++;
        break;
    case 4:
        nh_outgoing_message_uncork(message);
        alone->corked--;
        break;
    case 5:
        assign_alone(message, (call & 16U) != 0);
        break;
    case 6:
        error = nh_outgoing_message_set_timeout(message, nh_number(call), nh_undefined());
        (void)fuzz_expect_take(alone->composer, error, NULL, "setTimeout() alone");
        break;
    case 7:
        nh_outgoing_message_destroy(message, NULL);
        alone->is_destroyed = true;
        break;
    case 8:
        nh_outgoing_message_pipe(message);
        break;
    default:
        set_alone(alone);
        break;
    }
    FUZZ_CHECK(nh_outgoing_message_is_destroyed(message) == alone->is_destroyed,
               "destroyed, or not");
    FUZZ_CHECK(fuzz_composer_gave_up(alone->composer) || alone->has_ended ||
                   nh_outgoing_message_writable_corked(message) == alone->corked,
               "writableCorked alone is %d, not %d", nh_outgoing_message_writable_corked(message),
               alone->corked);
    double mark = nh_outgoing_message_writable_high_water_mark(message);
    FUZZ_CHECK((mark >= alone->high_water_mark && mark <= alone->high_water_mark) ||
                   fuzz_composer_gave_up(alone->composer),
               "a high-water mark of %.0f, not %.0f", mark, alone->high_water_mark);
    FUZZ_CHECK(!nh_outgoing_message_headers_sent(message) &&
                   nh_outgoing_message_socket(message) == NULL,
               "a message alone has a head or a socket");
}

void fuzz_compose_alone(struct fuzz_composer *composer, const struct fuzz_step *step) {
    nh_bytes calls = step->bytes[1];
    nh_value options = nh_map_new(memory_of(composer));
    struct alone alone = {.composer = composer, .high_water_mark = 1 + step->numbers[0]};
    (void)nh_map_set(options, "highWaterMark", nh_number(alone.high_water_mark));
    alone.message = nh_outgoing_message_new(composer->world.loop, options);
    nh_value_release(&options);
    if (alone.message == NULL) {
        FUZZ_CHECK(fuzz_composer_gave_up(composer), "no message");
        return;
    }
    (void)nh_emitter_on(nh_as_emitter(alone.message), "error", ignore, NULL);
    for (size_t i = 0; i < calls.length && i < 24; i++) {
        call_alone(&alone, calls.data[i]);
    }
    nh_emitter_release(nh_as_emitter(alone.message));
}
