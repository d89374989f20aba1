/* Calls that write the body of a message, and what goes before and behind it. */
#include "message/composer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

/* The most of one chunk. */
#define CHUNK_CHARACTERS ((size_t)600)

static nh_memory *memory_of(const struct fuzz_composer *composer) {
    return nh_loop_memory(composer->world.loop);
}

/* --- chunks ------------------------------------------------------------------------------- */

struct chunk {
    nh_value value;
    nh_value encoding;
    bool is_utf8; /* text that goes out as UTF-8 */
    size_t length;
    uint8_t bytes[4 * CHUNK_CHARACTERS];
};

static size_t to_hex(nh_bytes bytes, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.length; i++) {
        out[2 * i] = digits[bytes.data[i] >> 4];
        out[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    return 2 * bytes.length;
}

static size_t to_base64(nh_bytes bytes, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = 0;
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t count = bytes.length - i < 3 ? bytes.length - i : 3;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= count > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= count > 2 ? bytes.data[i + 2] : 0;
        for (size_t digit = 0; digit < 4; digit++) {
            out[length++] = digit <= count ? digits[group >> (18 - 6 * digit) & 63] : '=';
        }
    }
    return length;
}

/* A chunk of one kind or another, and the bytes that it is on the wire. */
static void make_chunk(const struct fuzz_composer *composer, unsigned kind, nh_bytes bytes,
                       struct chunk *out) {
    static const char *const encodings[8] = {NULL,      NULL,  "utf8",   "latin1",
                                             "utf16le", "hex", "base64", "ascii"};
    nh_memory *memory = memory_of(composer);
    char digits[2 * CHUNK_CHARACTERS + 4];
    bytes.length = bytes.length < CHUNK_CHARACTERS ? bytes.length : CHUNK_CHARACTERS;
    struct fuzz_text text = {bytes, (kind & 0x80U) != 0};
    kind &= 7U;
    out->is_utf8 = kind == 1 || kind == 2;
    out->encoding =
        encodings[kind] == NULL ? nh_undefined() : nh_string_of(memory, encodings[kind]);
    out->length = fuzz_write_bytes(bytes, false, out->bytes);
    switch (kind) {
    case 0:
        out->value = nh_buffer_of(memory, bytes);
        return;
    case 4:
        out->length = fuzz_text_to_utf16(text, out->bytes);
        break;
    case 5:
        out->value = nh_string_new(memory, digits, to_hex(bytes, digits));
        return;
    case 6:
        out->value = nh_string_new(memory, digits, to_base64(bytes, digits));
        return;
    case 3:
    case 7:
        out->length = fuzz_text_to_latin1(text, out->bytes);
        break;
    default:
        out->length = fuzz_text_to_utf8(text, out->bytes);
        break;
    }
    out->value = fuzz_text_value(memory, text);
}

static void release_chunk(struct chunk *chunk) {
    nh_value_release(&chunk->value);
    nh_value_release(&chunk->encoding);
}

/* Whether the answer has no body, whatever is written. */
static bool has_no_body(const struct fuzz_message *message) {
    unsigned status = message->head_status;
    return message->is_head || status == 204 || status == 304 || status < 200;
}

static void note_chunk(struct fuzz_message *message, const struct chunk *chunk) {
    if (has_no_body(message)) {
        return;
    }
    if (message->first == FUZZ_FIRST_NOTHING) {
        message->first = !chunk->is_utf8      ? FUZZ_FIRST_BYTES
                         : chunk->length == 0 ? FUZZ_FIRST_EMPTY
                                              : FUZZ_FIRST_TEXT;
    } else if (message->corked != 0 && chunk->length != 0 &&
               message->pending_from == FUZZ_NOWHERE) {
        message->pending_from = message->body_length;
    }
    memcpy(message->body + message->body_length, chunk->bytes, chunk->length);
    message->body_length += chunk->length;
}

/* --- what may go wrong -------------------------------------------------------------------- */

/* Whether a call has to fail because of strictContentLength. */
enum mismatch { NO_MISMATCH, MISMATCH, MAY_MISMATCH };

/* What a body of `length` bytes comes to with the Content-Length that the program gave, in a head
 * that is made; at the end of the message it has to be a number, and that number. */
static enum mismatch predict_mismatch(const struct fuzz_composer *composer,
                                      const struct fuzz_message *message, size_t length,
                                      bool is_end) {
    if ((composer->flags & FUZZ_COMPOSER_STRICT_LENGTH) == 0 || has_no_body(message) ||
        !message->head_made) {
        return NO_MISMATCH;
    }
    if (message->miscounted) {
        return MAY_MISMATCH;
    }
    /* hasHeader(), which does not know of a list. */
    if (fuzz_own_field(message, "transfer-encoding", NULL) != NULL) {
        return message->listed ? MAY_MISMATCH : NO_MISMATCH;
    }
    const struct fuzz_field *field = fuzz_line_named(message, "content-length");
    if (field == NULL) {
        return NO_MISMATCH;
    }
    nh_bytes digits = field->values[0];
    size_t limit = 0;
    bool is_plain = fuzz_is_only_line(message, "content-length") && !field->is_list &&
                    digits.length > 0 && digits.length < 8;
    for (size_t i = 0; is_plain && i < digits.length; i++) {
        is_plain = digits.data[i] >= '0' && digits.data[i] <= '9';
        limit = limit * 10 + (size_t)(digits.data[i] - '0');
    }
    if (!is_plain) {
        return MAY_MISMATCH;
    }
    bool fits = is_end ? field->is_number && length == limit : length <= limit;
    return fits ? NO_MISMATCH : MISMATCH;
}

/* Takes the error of a call that may have made the head; `predicted` is what making it comes to.
 * True when the call did what it should. */
static bool conclude(const struct fuzz_composer *composer, struct fuzz_message *message,
                     nh_error *error, const char *predicted, enum mismatch mismatch,
                     const char *call) {
    const char *code = fuzz_code_of(error);
    const char *expected = predicted;
    /* Node.js counts the bytes of a chunk before it finds that there can be no head. */
    message->miscounted = message->miscounted || (code != NULL && !message->head_made);
    bool had_head = message->head_made;
    bool may_refuse = fuzz_may_refuse_disposition(message);
    fuzz_note_head(message);
    if (code != NULL && predicted == NULL) {
        bool rejects = (composer->flags & FUZZ_COMPOSER_REJECT_BODY) != 0;
        bool is_trailer = strcmp(code, "ERR_HTTP_TRAILER_INVALID") == 0;
        bool is_disposition = strcmp(code, "ERR_INVALID_ARG_TYPE") == 0;
        bool is_body = strcmp(code, "ERR_HTTP_BODY_NOT_ALLOWED") == 0;
        if ((is_trailer && !had_head && fuzz_may_have_trailer(message)) ||
            (is_disposition && may_refuse) || (is_body && rejects && has_no_body(message))) {
            expected = code;
        }
        message->abandoned = message->abandoned || is_trailer || is_disposition;
    }
    if (expected == NULL && (mismatch == MISMATCH || (mismatch == MAY_MISMATCH && code != NULL))) {
        expected = "ERR_HTTP_CONTENT_LENGTH_MISMATCH";
    }
    return fuzz_expect_take(composer, error, expected, call);
}

/* --- the calls ---------------------------------------------------------------------------- */

static bool has_room(const struct fuzz_message *message) {
    return message->body_length + 4 * CHUNK_CHARACTERS <= FUZZ_BODY_CAPACITY;
}

static void note_call(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    bool *called = data;
    (void)arguments;
    (void)count;
    (void)out_result;
    FUZZ_CHECK(!*called, "a callback is called twice");
    *called = true;
}

nh_value fuzz_callback_of(struct fuzz_composer *composer, struct fuzz_message *message) {
    if (message->callbacks == FUZZ_CALLBACKS) {
        return nh_undefined();
    }
    bool *called = &message->called[message->callbacks++];
    *called = false;
    return nh_function_new(memory_of(composer), "", note_call, called, NULL);
}

/* write(), or its shorthand for bytes. `how`: bit 2 with a callback, bit 3 in place of the
 * encoding. */
static nh_error *call_write(struct fuzz_composer *composer, struct fuzz_message *message,
                            const struct chunk *chunk, unsigned how) {
    if (chunk->value.type == NH_BUFFER && (how & 16U) != 0) {
        return nh_outgoing_message_write_bytes(message->message, nh_value_bytes(chunk->value),
                                               NULL);
    }
    nh_value callback = (how & 4U) != 0 ? fuzz_callback_of(composer, message) : nh_undefined();
    bool in_place = (how & 8U) != 0 && chunk->encoding.type == NH_UNDEFINED;
    nh_error *error = nh_outgoing_message_write(message->message, chunk->value,
                                                in_place ? callback : chunk->encoding,
                                                in_place ? nh_undefined() : callback, NULL);
    nh_value_release(&callback);
    return error;
}

static void write_chunk(struct fuzz_composer *composer, struct fuzz_message *message, unsigned how,
                        unsigned kind, nh_bytes bytes) {
    struct chunk chunk;
    if (!has_room(message)) {
        return;
    }
    make_chunk(composer, kind, bytes, &chunk);
    bool ended = message->finished;
    const char *code = ended ? NULL : fuzz_predict_head(composer, message);
    enum mismatch mismatch =
        ended ? NO_MISMATCH
              : predict_mismatch(composer, message, message->body_length + chunk.length, false);
    nh_error *error = call_write(composer, message, &chunk, how);
    if (conclude(composer, message, error, code, mismatch, "write()") && !ended) {
        note_chunk(message, &chunk);
    }
    release_chunk(&chunk);
}

static nh_error *call_end(struct fuzz_composer *composer, struct fuzz_message *message,
                          const struct chunk *chunk, unsigned how) {
    if (chunk->value.type == NH_BUFFER && (how & 32U) != 0) {
        return nh_outgoing_message_end_bytes(message->message, nh_value_bytes(chunk->value));
    }
    nh_value arguments[3] = {chunk->value, chunk->encoding, nh_undefined()};
    nh_value callback = (how & 8U) != 0 ? fuzz_callback_of(composer, message) : nh_undefined();
    size_t place = 2;
    while ((how & 16U) != 0 && place > 0 && arguments[place - 1].type == NH_UNDEFINED) {
        place--;
    }
    arguments[place] = callback;
    nh_error *error =
        nh_outgoing_message_end(message->message, arguments[0], arguments[1], arguments[2]);
    nh_value_release(&callback);
    return error;
}

void fuzz_end_message(struct fuzz_composer *composer, struct fuzz_message *message, unsigned kind,
                      nh_bytes bytes, unsigned how) {
    bool has_chunk = (how & 4U) != 0;
    struct chunk chunk = {.value = nh_undefined(), .encoding = nh_undefined()};
    bool ended = message->finished;
    if (has_chunk && !has_room(message)) {
        has_chunk = false;
    }
    if (has_chunk) {
        make_chunk(composer, kind, bytes, &chunk);
    }
    const char *code = ended ? NULL : fuzz_predict_head(composer, message);
    nh_error *error = call_end(composer, message, &chunk, how);
    enum mismatch mismatch = NO_MISMATCH;
    if (!ended) {
        fuzz_note_head(message);
        mismatch = predict_mismatch(composer, message,
                                    message->body_length + (has_chunk ? chunk.length : 0), true);
    }
    bool done = conclude(composer, message, error, code, mismatch, "end()");
    if (!ended && done) {
        if (has_chunk && nh_value_is_truthy(chunk.value)) {
            note_chunk(message, &chunk);
        }
        message->finished = true;
        message->first = message->first == FUZZ_FIRST_NOTHING ? FUZZ_FIRST_BYTES : message->first;
        message->late_from = message->pending_from;
        message->corked = 0;
    } else if (!done) {
        /* The socket stays corked, and the message half written. */
        message->abandoned = true;
    }
    release_chunk(&chunk);
}

static void cork(struct fuzz_message *message, unsigned how) {
    if ((how & 4U) != 0 && message->corked > 0) {
        message->corked--;
        if (message->corked == 0) {
            message->pending_from = FUZZ_NOWHERE;
        }
        nh_outgoing_message_uncork(message->message);
    } else if (message->corked < 4 && !message->finished) {
        message->corked++;
        nh_outgoing_message_cork(message->message);
    }
}

static void flush_headers(struct fuzz_composer *composer, struct fuzz_message *message) {
    const char *code = fuzz_predict_head(composer, message);
    nh_error *error = nh_outgoing_message_flush_headers(message->message);
    if (conclude(composer, message, error, code, NO_MISMATCH, "flushHeaders()") &&
        message->first == FUZZ_FIRST_NOTHING) {
        message->first = FUZZ_FIRST_EMPTY;
    }
}

/* --- trailers ----------------------------------------------------------------------------- */

/* How many elements of a list of several come before one that is not legal. */
static size_t count_legal(const struct fuzz_field *field, struct fuzz_value value) {
    size_t count = 0;
    while (!fuzz_trailer_is_joined(field) && count < field->count &&
           fuzz_is_field_value((struct fuzz_text){field->values[count], value.text.wide})) {
        count++;
    }
    return count;
}

/* The argument of addTrailers(). */
static nh_value make_trailers(nh_memory *memory, nh_value name, nh_value value, bool as_pairs) {
    nh_value trailers = as_pairs ? nh_list_new(memory) : nh_map_new(memory);
    bool made = trailers.type != NH_INVALID && name.type != NH_INVALID;
    if (made && as_pairs) {
        nh_value pair = nh_list_new(memory);
        made = nh_list_append(pair, name) && nh_list_append(pair, value) &&
               nh_list_append(trailers, pair);
        nh_value_release(&pair);
    } else if (made) {
        made = nh_map_set_bytes(trailers, nh_value_bytes(name), value);
    }
    if (!made) {
        nh_value_release(&trailers);
        return (nh_value){.type = NH_INVALID};
    }
    return trailers;
}

/* A text instead of an object: `form` 2, its characters are trailers by their numbers; 3, it is a
 * pair of name and value. One trailer comes of it. */
static nh_value make_text_trailers(nh_memory *memory, unsigned form, struct fuzz_text *name,
                                   struct fuzz_value *value) {
    uint8_t characters[2] = {name->bytes.data[0], value->text.bytes.data[0]};
    struct fuzz_text pair = {{characters, 2}, false};
    *value = (struct fuzz_value){FUZZ_VALUE_TEXT, {{value->text.bytes.data, 1}, false}};
    if (form == 2) {
        *name = (struct fuzz_text){nh_bytes_of_text("0"), false};
        return fuzz_text_value(memory, value->text);
    }
    *name = (struct fuzz_text){{name->bytes.data, 1}, false};
    nh_value list = nh_list_new(memory);
    if (!nh_list_append_take(list, fuzz_text_value(memory, pair))) {
        nh_value_release(&list);
        return (nh_value){.type = NH_INVALID};
    }
    return list;
}

static void add_trailer(struct fuzz_composer *composer, struct fuzz_message *message,
                        const struct fuzz_step *step) {
    nh_memory *memory = memory_of(composer);
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[2], step->numbers[0]);
    struct fuzz_value value = fuzz_value_of(composer, step->bytes[3], step->numbers[1]);
    unsigned form = step->numbers[0] >> 2 & 3U;
    if (message->finished) {
        return;
    }
    nh_value trailers;
    if (form >= 2 && name.bytes.length != 0 && value.text.bytes.length != 0) {
        trailers = make_text_trailers(memory, form, &name, &value);
    } else {
        nh_value name_value = fuzz_text_value(memory, name);
        nh_value given = fuzz_value_make(memory, value);
        trailers = make_trailers(memory, name_value, given, form == 1);
        nh_value_release(&name_value);
        nh_value_release(&given);
    }
    const char *code = !fuzz_is_token(name)          ? "ERR_INVALID_HTTP_TOKEN"
                       : !fuzz_value_is_legal(value) ? "ERR_INVALID_CHAR"
                                                     : NULL;
    nh_error *error = nh_outgoing_message_add_trailers(message->message, trailers);
    /* Each call replaces what the ones before have added. */
    message->has_trailer = false;
    bool added = fuzz_expect_take(composer, error, code, "addTrailers()");
    if (fuzz_is_token(name)) {
        fuzz_field_assign(&message->trailer, name.bytes, value);
        message->has_trailer = true;
        if (!added) { /* elements of a list before a bad one stay, each as a line */
            message->trailer.count = count_legal(&message->trailer, value);
            message->trailer.is_list = false;
            message->has_trailer = message->trailer.count != 0;
        }
    }
    nh_value_release(&trailers);
}

/* --- interim responses -------------------------------------------------------------------- */

static void note_interim(struct fuzz_message *message, const void *bytes, size_t length) {
    message->interim_waited =
        message->interim_waited || nh_outgoing_message_socket(message->message) == NULL;
    memcpy(message->interim + message->interim_length, bytes, length);
    message->interim_length += length;
}

static void write_interim(struct fuzz_composer *composer, struct fuzz_message *message,
                          unsigned how) {
    nh_server_response *response = (nh_server_response *)(void *)message->message;
    static const char continues[] = "HTTP/1.1 100 Continue\r\n\r\n";
    static const char processing[] = "HTTP/1.1 102 Processing\r\n\r\n";
    bool is_continue = (how & 4U) == 0;
    if (message->interim_length + 64 > FUZZ_INTERIM_CAPACITY) {
        return;
    }
    nh_error *error = is_continue ? nh_server_response_write_continue(response, nh_undefined())
                                  : nh_server_response_write_processing(response, nh_undefined());
    if (fuzz_expect_take(composer, error, NULL, "writeContinue()")) {
        const char *head = is_continue ? continues : processing;
        note_interim(message, head, strlen(head));
    }
}

/* Every link of the value, or the code of the error. */
static bool are_links(struct fuzz_value value) {
    nh_bytes pieces[FUZZ_PIECES];
    if (value.kind != FUZZ_VALUE_TEXT && !fuzz_value_is_list(value)) {
        return false;
    }
    size_t count = fuzz_value_pieces(value, pieces);
    for (size_t i = 0; i < count; i++) {
        if (!fuzz_is_link((struct fuzz_text){pieces[i], value.text.wide})) {
            return false;
        }
    }
    return true;
}

static size_t put_text(uint8_t *out, const char *text) {
    return fuzz_write_bytes(nh_bytes_of_text(text), false, out);
}

/* The bytes of Early Hints. Node.js checks nothing but the links, so neither is this. */
static size_t hints_on_wire(uint8_t *out, struct fuzz_text name, struct fuzz_value value,
                            struct fuzz_value link) {
    nh_bytes pieces[FUZZ_PIECES];
    size_t count = fuzz_value_pieces(link, pieces);
    size_t length = put_text(out, "HTTP/1.1 103 Early Hints\r\nLink: ");
    for (size_t i = 0; i < count; i++) {
        length += put_text(out + length, i == 0 ? "" : ", ");
        length += fuzz_text_to_latin1((struct fuzz_text){pieces[i], link.text.wide}, out + length);
    }
    length += put_text(out + length, "\r\n");
    if (!nh_bytes_equal_text(name.bytes, "link")) {
        count = fuzz_value_pieces(value, pieces);
        length += fuzz_text_to_latin1(name, out + length);
        length += put_text(out + length, ": ");
        for (size_t i = 0; i < count; i++) {
            length += put_text(out + length, i == 0 ? "" : ",");
            length +=
                fuzz_text_to_latin1((struct fuzz_text){pieces[i], value.text.wide}, out + length);
        }
        length += put_text(out + length, "\r\n");
    }
    return length + put_text(out + length, "\r\n");
}

static void write_hints(struct fuzz_composer *composer, struct fuzz_message *message,
                        const struct fuzz_step *step) {
    nh_memory *memory = memory_of(composer);
    unsigned how = step->numbers[0];
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[1], how);
    struct fuzz_value value = fuzz_value_of(composer, step->bytes[2], (how & 8U) != 0 ? 1 : 0);
    struct fuzz_value link = fuzz_value_of(composer, step->bytes[3], (how & 4U) != 0 ? 1 : 0);
    link.text.wide = value.text.wide = !composer->lenient && (how & 0x80U) != 0;
    if (message->interim_length + 4096 > FUZZ_INTERIM_CAPACITY) {
        return;
    }
    nh_value hints = nh_map_new(memory);
    nh_value name_value = fuzz_text_value(memory, name);
    nh_value link_value = fuzz_value_make(memory, link);
    nh_value given = fuzz_value_make(memory, value);
    bool made = hints.type == NH_MAP && name_value.type != NH_INVALID;
    made = made && nh_map_set_bytes(hints, nh_value_bytes(name_value), given);
    made = made && nh_map_set(hints, "link", link_value);
    if (made) {
        bool legal = are_links(link);
        nh_error *error = nh_server_response_write_early_hints(
            (nh_server_response *)(void *)message->message, hints, nh_undefined());
        if (fuzz_expect_take(composer, error, legal ? NULL : "ERR_INVALID_ARG_VALUE",
                             "writeEarlyHints()")) {
            uint8_t bytes[4096];
            note_interim(message, bytes, hints_on_wire(bytes, name, value, link));
        }
    }
    nh_value *const owned[] = {&hints, &name_value, &link_value, &given};
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
        nh_value_release(owned[i]);
    }
}

void fuzz_compose_body(struct fuzz_composer *composer, struct fuzz_message *message,
                       enum fuzz_compose operation, const struct fuzz_step *step) {
    bool is_client = (composer->flags & FUZZ_COMPOSER_CLIENT) != 0;
    unsigned how = step->numbers[0];
    if (operation == FUZZ_WRITE) {
        write_chunk(composer, message, how, step->numbers[1], step->bytes[2]);
    } else if (operation == FUZZ_END) {
        fuzz_end_message(composer, message, step->numbers[1], step->bytes[2], how);
    } else if (operation == FUZZ_TRAILER) {
        add_trailer(composer, message, step);
    } else if (operation == FUZZ_CORK) {
        cork(message, how);
    } else if (operation == FUZZ_FLUSH) {
        flush_headers(composer, message);
    } else if (!is_client && !message->head_made && operation == FUZZ_INTERIM) {
        write_interim(composer, message, how);
    } else if (!is_client && !message->head_made && operation == FUZZ_HINTS) {
        write_hints(composer, message, step);
    }
}
