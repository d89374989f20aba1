/* From what the wire parser reports to IncomingMessages. */
#include "http/parser_internal.h"

#include <string.h>

#define DEFAULT_MAX_HEADERS_COUNT 1000

static nh_http_parser *of(nh_wire_parser *wire) {
    return (nh_http_parser *)(void *)wire;
}

static nh_memory *memory_of(const nh_http_parser *parser) {
    return nh_loop_memory(parser->loop);
}

/* --- events ------------------------------------------------------------------------------- */

static int fail_for_memory(nh_http_parser *parser) {
    parser->wire.out_of_memory = true;
    return -1;
}

static int message_begin(nh_wire_parser *wire) {
    nh_http_parser *parser = of(wire);
    parser->headers_completed = false;
    parser->message_started = true;
    parser->message_started_ms = nh_loop_now_ms(parser->loop);
    if (parser->hooks->message_begin != NULL) {
        parser->hooks->message_begin(parser->owner);
    }
    return 0;
}

/* What to return to the wire parser after a call that may have thrown, or given the parser up. */
static int after_hook(nh_http_parser *parser, int status) {
    if (nh_loop_is_throwing(parser->loop)) {
        parser->threw = true;
        return -1;
    }
    return parser->given_up ? -1 : status;
}

static void fill_in(nh_http_parser *parser, nh_incoming_message *message) {
    nh_wire_parser *wire = &parser->wire;
    const llhttp_t *llhttp = &wire->llhttp;
    message->has_head = true;
    message->version_major = llhttp->http_major;
    message->version_minor = llhttp->http_minor;
    message->join_duplicate_headers = parser->options.join_duplicate_headers;
    message->upgrade = llhttp->upgrade != 0;
    message->has_upgrade = true;
    message->headers = wire->block;
    wire->block = (nh_header_block){.bytes = NULL};
    message->header_count = nh_wire_parser_shown_count(wire, message->headers.count);
    message->text_start = wire->text_start;
    message->text_length = wire->text_length;
    message->is_request = llhttp->type == HTTP_REQUEST;
    if (message->is_request) {
        message->method = llhttp_method_name((llhttp_method_t)llhttp->method);
    } else {
        message->status_code = llhttp->status_code;
    }
}

static int head(nh_wire_parser *wire) {
    nh_http_parser *parser = of(wire);
    parser->headers_completed = true;
    nh_incoming_message *message = nh_incoming_message_create(parser->loop, parser->socket);
    if (message == NULL) {
        return fail_for_memory(parser);
    }
    fill_in(parser, message);
    nh_http_parser_forget_incoming(parser);
    parser->incoming = message;
    /* The hook may drop parser->incoming. */
    (void)nh_emitter_retain(nh_as_emitter(message));
    bool should_keep_alive = llhttp_should_keep_alive(&wire->llhttp) != 0;
    nh_http_body follows = parser->hooks->incoming(parser->owner, message, should_keep_alive);
    nh_emitter_release(nh_as_emitter(message));
    return after_hook(parser, (int)follows);
}

static nh_value body_chunk(nh_http_parser *parser, nh_bytes bytes) {
    if (parser->buffer.type == NH_BUFFER) {
        return nh_buffer_slice(memory_of(parser), parser->buffer,
                               (size_t)(bytes.data - parser->wire.input.data), bytes.length);
    }
    return nh_buffer_of(memory_of(parser), bytes);
}

static int body(nh_wire_parser *wire, nh_bytes bytes) {
    nh_http_parser *parser = of(wire);
    nh_incoming_message *message = parser->incoming;
    if (message != NULL && !message->dumped) {
        nh_value chunk = body_chunk(parser, bytes);
        if (chunk.type == NH_INVALID) {
            return fail_for_memory(parser);
        }
        (void)nh_emitter_retain(nh_as_emitter(message));
        bool more = nh_readable_push(&message->stream, chunk, nh_undefined());
        nh_value_release(&chunk);
        if (!more && !parser->given_up) {
            nh_http_stop_reading(parser->socket);
        }
        nh_emitter_release(nh_as_emitter(message));
    }
    bool threw = nh_loop_is_throwing(parser->loop);
    if (!parser->given_up && parser->hooks->body != NULL && !parser->hooks->body(parser->owner)) {
        threw = true;
    }
    if (threw) {
        parser->threw = true;
        return nh_wire_parser_fail(wire, "HPE_JS_EXCEPTION", "JS Exception");
    }
    return parser->given_up ? -1 : 0;
}

static int complete(nh_wire_parser *wire) {
    nh_http_parser *parser = of(wire);
    parser->message_started = false;
    nh_incoming_message *message = parser->incoming;
    if (message != NULL) {
        (void)nh_emitter_retain(nh_as_emitter(message));
        message->complete = true;
        if (wire->block.count != 0) {
            nh_incoming_message_take_trailers(message, &wire->block);
        }
        (void)nh_readable_push(&message->stream, nh_null(), nh_undefined());
        nh_emitter_release(nh_as_emitter(message));
    }
    if (!parser->given_up) {
        /* Whatever the body did to the flow: the next message has to be read. */
        nh_http_start_reading(parser->socket);
        if (parser->hooks->message_complete != NULL) {
            parser->hooks->message_complete(parser->owner);
        }
    }
    return after_hook(parser, 0);
}

static const nh_wire_hooks wire_hooks = {
    .message_begin = message_begin,
    .head = head,
    .body = body,
    .complete = complete,
};

/* --- life --------------------------------------------------------------------------------- */

void nh_http_parser_options_init(nh_http_parser_options *options) {
    *options = (nh_http_parser_options){.max_headers_count = DEFAULT_MAX_HEADERS_COUNT};
}

void nh_http_parser_init(nh_http_parser *parser, nh_loop *loop, llhttp_type_t type,
                         const nh_http_parser_options *options, const nh_http_parser_hooks *hooks,
                         void *owner, nh_stream *socket) {
    memset(parser, 0, sizeof(*parser));
    nh_wire_parser_init(&parser->wire, nh_loop_memory(loop), type, &wire_hooks);
    nh_wire_parser_configure(&parser->wire, options->max_header_size, options->insecure,
                             options->max_headers_count);
    parser->loop = loop;
    parser->hooks = hooks;
    parser->owner = owner;
    parser->socket = socket;
    parser->options = *options;
    parser->buffer = nh_undefined();
    /* A connection on which nothing comes is waiting for a head from its start. */
    parser->message_started = true;
    parser->message_started_ms = nh_loop_now_ms(loop);
    if (socket != NULL) {
        socket->http_parser = parser;
    }
}

void nh_http_parser_forget_incoming(nh_http_parser *parser) {
    nh_incoming_message *message = parser->incoming;
    parser->incoming = NULL;
    if (message != NULL) {
        nh_emitter_release(nh_as_emitter(message));
    }
}

void nh_http_parser_deinit(nh_http_parser *parser) {
    if (parser->socket != NULL && parser->socket->http_parser == parser) {
        parser->socket->http_parser = NULL;
    }
    parser->socket = NULL;
    parser->given_up = true;
    parser->message_started = false;
    nh_http_parser_forget_incoming(parser);
    if (!parser->executing) {
        nh_wire_parser_deinit(&parser->wire);
    }
}

void nh_http_parser_pause(nh_http_parser *parser) {
    if (parser->executing) {
        parser->pause_wanted = true;
    } else {
        llhttp_pause(&parser->wire.llhttp);
    }
}

void nh_http_parser_resume(nh_http_parser *parser) {
    parser->pause_wanted = false;
    if (!parser->executing && llhttp_get_errno(&parser->wire.llhttp) == HPE_PAUSED) {
        llhttp_resume(&parser->wire.llhttp);
    }
}

/* --- errors ------------------------------------------------------------------------------- */

static nh_error *parse_error(nh_http_parser *parser, llhttp_errno_t status, size_t parsed,
                             bool in_message) {
    return nh_wire_error_object(memory_of(parser), nh_wire_parser_error(&parser->wire, status),
                                parsed, in_message);
}

/* Turns what the wire parser said into a result. */
static nh_error *conclude(nh_http_parser *parser, llhttp_errno_t status, nh_bytes input,
                          size_t *out_consumed) {
    if (status == HPE_OK || status == HPE_PAUSED_UPGRADE) {
        return NULL;
    }
    if (parser->threw) {
        *out_consumed = input.length;
        return NULL;
    }
    if (parser->wire.out_of_memory) {
        return nh_error_out_of_memory();
    }
    if (parser->given_up || parser->wire.llhttp.upgrade != 0) {
        return NULL;
    }
    nh_error *error = parse_error(parser, status, *out_consumed, true);
    nh_value packet = parser->buffer.type == NH_BUFFER ? nh_value_retain(parser->buffer)
                                                       : nh_buffer_of(memory_of(parser), input);
    nh_error_set_property_take(error, "rawPacket", packet);
    return error;
}

/* A listener may have more to parse, inside of what is parsed: a Duplex that is pushed to. */
static nh_error *run(nh_http_parser *parser, nh_value buffer, nh_bytes input,
                     size_t *out_consumed) {
    bool is_inner = parser->executing;
    nh_value outer_buffer = parser->buffer;
    parser->buffer = buffer;
    parser->executing = true;
    parser->threw = false;
    llhttp_errno_t status = nh_wire_parser_execute(&parser->wire, input, out_consumed);
    parser->executing = is_inner;
    nh_error *error = conclude(parser, status, input, out_consumed);
    parser->buffer = outer_buffer;
    if (is_inner) {
        return error;
    }
    if (parser->given_up) {
        nh_wire_parser_deinit(&parser->wire);
    } else if (parser->pause_wanted) {
        llhttp_pause(&parser->wire.llhttp);
    }
    parser->pause_wanted = false;
    return error;
}

nh_error *nh_http_parser_execute(nh_http_parser *parser, nh_value buffer, size_t *out_consumed) {
    nh_value held = nh_value_retain(buffer);
    nh_error *error = run(parser, held, nh_value_bytes(held), out_consumed);
    nh_value_release(&held);
    return error;
}

nh_error *nh_http_parser_execute_bytes(nh_http_parser *parser, nh_bytes bytes,
                                       size_t *out_consumed) {
    return run(parser, nh_undefined(), bytes, out_consumed);
}

nh_error *nh_http_parser_finish(nh_http_parser *parser) {
    bool is_inner = parser->executing;
    parser->executing = true;
    llhttp_errno_t status = llhttp_finish(&parser->wire.llhttp);
    parser->executing = is_inner;
    bool threw = parser->threw;
    parser->threw = false;
    if (status == HPE_OK || threw || parser->given_up || parser->wire.llhttp.upgrade != 0) {
        return NULL;
    }
    return parser->wire.out_of_memory ? nh_error_out_of_memory()
                                      : parse_error(parser, status, 0, false);
}
