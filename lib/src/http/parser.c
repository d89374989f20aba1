/* llhttp, wrapped for one connection: from bytes to IncomingMessages. */
#include "http/parser_internal.h"

#include <string.h>

/* The most that the names and values of one chunk's extensions may add up to, in bytes. */
#define MAX_CHUNK_EXTENSIONS 16384U
/* Field lines are delivered in batches of this many; maxHeadersCount cuts whole batches. */
#define LINES_PER_BATCH 31U
#define DEFAULT_MAX_HEADER_SIZE 16384U
#define DEFAULT_MAX_HEADERS_COUNT 1000

/* What the lenient flags of llhttp add up to with insecureHTTPParser. */
#define ALL_LENIENT_FLAGS                                                                          \
    (LENIENT_HEADERS | LENIENT_CHUNKED_LENGTH | LENIENT_KEEP_ALIVE | LENIENT_TRANSFER_ENCODING |   \
     LENIENT_VERSION | LENIENT_DATA_AFTER_CLOSE | LENIENT_OPTIONAL_LF_AFTER_CR |                   \
     LENIENT_OPTIONAL_CRLF_AFTER_CHUNK | LENIENT_OPTIONAL_CR_BEFORE_LF |                           \
     LENIENT_SPACES_AFTER_CHUNK_SIZE)

static nh_http_parser *of(llhttp_t *llhttp) {
    return (nh_http_parser *)(void *)llhttp;
}

static nh_memory *memory_of(const nh_http_parser *parser) {
    return nh_loop_memory(parser->loop);
}

/* --- field lines -------------------------------------------------------------------------- */

static int fail_for_memory(nh_http_parser *parser) {
    parser->out_of_memory = true;
    return -1;
}

/* Counts bytes of the head against its limit. */
static int count_header_bytes(nh_http_parser *parser, size_t length) {
    parser->header_bytes += length;
    if (parser->header_bytes >= parser->options.max_header_size) {
        llhttp_set_error_reason(&parser->llhttp, "HPE_HEADER_OVERFLOW:Header overflow");
        return HPE_USER;
    }
    return 0;
}

static int append(nh_http_parser *parser, const char *at, size_t length) {
    int status = count_header_bytes(parser, length);
    if (status == 0 &&
        !nh_header_block_append(memory_of(parser), &parser->block, nh_bytes_of(at, length))) {
        return fail_for_memory(parser);
    }
    return status;
}

static uint32_t text_end(const nh_http_parser *parser) {
    return (uint32_t)parser->block.length; /* the block never grows beyond UINT32_MAX */
}

/* Decides about the batch that is complete: once the limit is reached, later ones are dropped. */
static void close_batch(nh_http_parser *parser) {
    double limit = parser->options.max_headers_count;
    if (limit > 0 && (double)parser->lines_kept >= limit) {
        parser->block.count = parser->lines_kept;
    }
    parser->lines_kept = parser->block.count;
}

/* Adds the field line under way to the block. */
static bool close_line(nh_http_parser *parser) {
    if (!parser->line_open) {
        return true;
    }
    parser->line_open = false;
    nh_header_line line = parser->line;
    const uint8_t *value = parser->block.bytes + line.value;
    while (line.value_length > 0 &&
           (value[line.value_length - 1] == ' ' || value[line.value_length - 1] == '\t')) {
        line.value_length--;
    }
    return nh_header_block_add_line(memory_of(parser), &parser->block, line);
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t length) {
    nh_http_parser *parser = of(llhttp);
    if (!parser->line_open || parser->in_value) {
        if (!close_line(parser)) {
            return fail_for_memory(parser);
        }
        if (parser->block.count - parser->lines_kept == LINES_PER_BATCH) {
            close_batch(parser);
            parser->has_batches = true;
        }
        parser->line = (nh_header_line){.name = text_end(parser)};
        parser->line_open = true;
        parser->in_value = false;
    }
    parser->line.name_length += (uint32_t)length;
    return append(parser, at, length);
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t length) {
    nh_http_parser *parser = of(llhttp);
    if (!parser->in_value) {
        parser->in_value = true;
        parser->line.value = text_end(parser);
    }
    parser->line.value_length += (uint32_t)length;
    return append(parser, at, length);
}

/* Ends the head or trailer section. */
static bool close_section(nh_http_parser *parser) {
    bool good = close_line(parser);
    if (parser->has_batches) {
        close_batch(parser);
    }
    parser->in_value = false;
    parser->has_batches = false;
    parser->lines_kept = 0;
    parser->header_bytes = 0;
    return good;
}

/* --- the start line ----------------------------------------------------------------------- */

static int on_message_begin(llhttp_t *llhttp) {
    nh_http_parser *parser = of(llhttp);
    parser->block.count = 0;
    parser->block.length = 0;
    parser->text_start = 0;
    parser->text_length = 0;
    parser->header_bytes = 0;
    parser->extension_bytes = 0;
    parser->lines_kept = 0;
    parser->line_open = false;
    parser->in_value = false;
    parser->has_batches = false;
    parser->headers_completed = false;
    parser->message_started = true;
    parser->message_started_ms = nh_loop_now_ms(parser->loop);
    if (parser->hooks->message_begin != NULL) {
        parser->hooks->message_begin(parser->owner);
    }
    return 0;
}

/* The request target or the reason phrase: the first text of the block. */
static int on_start_line_text(llhttp_t *llhttp, const char *at, size_t length) {
    nh_http_parser *parser = of(llhttp);
    parser->text_length += (uint32_t)length;
    return append(parser, at, length);
}

/* --- events ------------------------------------------------------------------------------- */

/* What to return to llhttp after a call that may have thrown, or given the parser up. */
static int after_hook(nh_http_parser *parser, int status) {
    if (nh_loop_is_throwing(parser->loop)) {
        parser->threw = true;
        return -1;
    }
    return parser->given_up ? -1 : status;
}

static void fill_in(nh_http_parser *parser, nh_incoming_message *message) {
    const llhttp_t *llhttp = &parser->llhttp;
    message->has_head = true;
    message->version_major = llhttp->http_major;
    message->version_minor = llhttp->http_minor;
    message->join_duplicate_headers = parser->options.join_duplicate_headers;
    message->upgrade = llhttp->upgrade != 0;
    message->has_upgrade = true;
    message->headers = parser->block;
    parser->block = (nh_header_block){.bytes = NULL};
    message->header_count = message->headers.count;
    if (parser->options.max_headers_count > 0 &&
        (double)message->header_count > parser->options.max_headers_count) {
        message->header_count = (size_t)parser->options.max_headers_count;
    }
    message->text_start = parser->text_start;
    message->text_length = parser->text_length;
    message->is_request = llhttp->type == HTTP_REQUEST;
    if (message->is_request) {
        message->method = llhttp_method_name((llhttp_method_t)llhttp->method);
    } else {
        message->status_code = llhttp->status_code;
    }
}

static int on_headers_complete(llhttp_t *llhttp) {
    nh_http_parser *parser = of(llhttp);
    parser->headers_completed = true;
    if (!close_section(parser)) {
        return fail_for_memory(parser);
    }
    nh_incoming_message *message = nh_incoming_message_create(parser->loop, parser->socket);
    if (message == NULL) {
        return fail_for_memory(parser);
    }
    fill_in(parser, message);
    nh_http_parser_forget_incoming(parser);
    parser->incoming = message;
    /* The hook may drop parser->incoming. */
    (void)nh_emitter_retain(nh_as_emitter(message));
    bool should_keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    nh_http_body body = parser->hooks->incoming(parser->owner, message, should_keep_alive);
    nh_emitter_release(nh_as_emitter(message));
    return after_hook(parser, (int)body);
}

static nh_value body_chunk(nh_http_parser *parser, const uint8_t *at, size_t length) {
    if (parser->buffer.type == NH_BUFFER) {
        return nh_buffer_slice(memory_of(parser), parser->buffer, (size_t)(at - parser->input.data),
                               length);
    }
    return nh_buffer_of(memory_of(parser), nh_bytes_of(at, length));
}

static int on_body(llhttp_t *llhttp, const char *at, size_t length) {
    nh_http_parser *parser = of(llhttp);
    nh_incoming_message *message = parser->incoming;
    if (length == 0) {
        return 0;
    }
    if (message != NULL && !message->dumped) {
        nh_value chunk = body_chunk(parser, (const uint8_t *)at, length);
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
        llhttp_set_error_reason(llhttp, "HPE_JS_EXCEPTION:JS Exception");
        return HPE_USER;
    }
    return parser->given_up ? -1 : 0;
}

static int on_message_complete(llhttp_t *llhttp) {
    nh_http_parser *parser = of(llhttp);
    parser->message_started = false;
    if (!close_section(parser)) {
        return fail_for_memory(parser);
    }
    nh_incoming_message *message = parser->incoming;
    if (message != NULL) {
        (void)nh_emitter_retain(nh_as_emitter(message));
        message->complete = true;
        if (parser->block.count != 0) {
            nh_incoming_message_take_trailers(message, &parser->block);
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

/* --- chunks ------------------------------------------------------------------------------- */

static int on_chunk_extension(llhttp_t *llhttp, const char *at, size_t length) {
    nh_http_parser *parser = of(llhttp);
    (void)at;
    parser->extension_bytes += length;
    if (parser->extension_bytes > MAX_CHUNK_EXTENSIONS) {
        llhttp_set_error_reason(llhttp, "HPE_CHUNK_EXTENSIONS_OVERFLOW:Chunk extensions overflow");
        return HPE_USER;
    }
    return 0;
}

static int on_chunk_header(llhttp_t *llhttp) {
    of(llhttp)->header_bytes = 0;
    of(llhttp)->extension_bytes = 0;
    return 0;
}

static int on_chunk_complete(llhttp_t *llhttp) {
    of(llhttp)->header_bytes = 0;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_start_line_text,
    .on_status = on_start_line_text,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_chunk_extension_name = on_chunk_extension,
    .on_chunk_extension_value = on_chunk_extension,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
    .on_chunk_header = on_chunk_header,
    .on_chunk_complete = on_chunk_complete,
};

/* --- life --------------------------------------------------------------------------------- */

void nh_http_parser_options_init(nh_http_parser_options *options) {
    *options = (nh_http_parser_options){.max_headers_count = DEFAULT_MAX_HEADERS_COUNT};
}

size_t nh_http_parser_default_max_header_size(void) {
    return DEFAULT_MAX_HEADER_SIZE;
}

void nh_http_parser_init(nh_http_parser *parser, nh_loop *loop, llhttp_type_t type,
                         const nh_http_parser_options *options, const nh_http_parser_hooks *hooks,
                         void *owner, nh_stream *socket) {
    memset(parser, 0, sizeof(*parser));
    llhttp_init(&parser->llhttp, type, &settings);
    parser->loop = loop;
    parser->hooks = hooks;
    parser->owner = owner;
    parser->socket = socket;
    parser->options = *options;
    parser->buffer = nh_undefined();
    if (parser->options.max_header_size == 0) {
        parser->options.max_header_size = DEFAULT_MAX_HEADER_SIZE;
    }
    if (options->insecure) {
        parser->llhttp.lenient_flags = ALL_LENIENT_FLAGS;
    }
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
        nh_header_block_clear(memory_of(parser), &parser->block);
    }
}

void nh_http_parser_pause(nh_http_parser *parser) {
    if (parser->executing) {
        parser->pause_wanted = true;
    } else {
        llhttp_pause(&parser->llhttp);
    }
}

void nh_http_parser_resume(nh_http_parser *parser) {
    parser->pause_wanted = false;
    if (!parser->executing && llhttp_get_errno(&parser->llhttp) == HPE_PAUSED) {
        llhttp_resume(&parser->llhttp);
    }
}

/* --- errors ------------------------------------------------------------------------------- */

/* "HPE_HEADER_OVERFLOW:Header overflow" names its own code; llhttp's errors are in its table. */
static nh_error *parse_error(nh_http_parser *parser, llhttp_errno_t status, size_t parsed,
                             bool in_message) {
    nh_memory *memory = memory_of(parser);
    const char *reason = llhttp_get_error_reason(&parser->llhttp);
    reason = reason == NULL ? "" : reason;
    char own_code[64];
    const char *code = llhttp_errno_name(status);
    const char *colon = status == HPE_USER ? strchr(reason, ':') : NULL;
    if (colon != NULL && (size_t)(colon - reason) < sizeof(own_code)) {
        memcpy(own_code, reason, (size_t)(colon - reason));
        own_code[colon - reason] = '\0';
        code = own_code;
        reason = colon + 1;
    }
    nh_error *error = in_message && reason[0] != '\0'
                          ? nh_error_new(memory, "Error", code, "Parse Error: %s", reason)
                          : nh_error_new(memory, "Error", code, "Parse Error");
    nh_error_set_property_take(error, "bytesParsed", nh_number((double)parsed));
    nh_error_set_property_take(error, "reason", nh_string_of(memory, reason));
    return error;
}

/* How far llhttp got in the input. */
static size_t position(const nh_http_parser *parser) {
    const char *at = llhttp_get_error_pos(&parser->llhttp);
    const char *start = (const char *)parser->input.data;
    if (at == NULL || at < start || at > start + parser->input.length) {
        return 0;
    }
    return (size_t)(at - start);
}

/* Turns what llhttp said into a result. */
static nh_error *conclude(nh_http_parser *parser, llhttp_errno_t status, size_t *out_consumed) {
    *out_consumed = parser->input.length;
    if (status == HPE_OK || parser->threw) {
        return NULL;
    }
    if (parser->out_of_memory) {
        return nh_error_out_of_memory();
    }
    if (status == HPE_PAUSED_UPGRADE) {
        *out_consumed = position(parser);
        llhttp_resume_after_upgrade(&parser->llhttp);
        return NULL;
    }
    *out_consumed = position(parser);
    if (parser->given_up || parser->llhttp.upgrade != 0) {
        return NULL;
    }
    nh_error *error = parse_error(parser, status, *out_consumed, true);
    nh_value packet = parser->buffer.type == NH_BUFFER
                          ? nh_value_retain(parser->buffer)
                          : nh_buffer_of(memory_of(parser), parser->input);
    nh_error_set_property_take(error, "rawPacket", packet);
    return error;
}

static nh_error *run(nh_http_parser *parser, nh_value buffer, nh_bytes input,
                     size_t *out_consumed) {
    parser->buffer = buffer;
    parser->input = input;
    parser->executing = true;
    parser->threw = false;
    llhttp_errno_t status = llhttp_execute(&parser->llhttp, (const char *)input.data, input.length);
    parser->executing = false;
    nh_error *error = conclude(parser, status, out_consumed);
    parser->buffer = nh_undefined();
    parser->input = nh_bytes_of(NULL, 0);
    if (parser->given_up) {
        nh_header_block_clear(memory_of(parser), &parser->block);
    } else if (parser->pause_wanted) {
        llhttp_pause(&parser->llhttp);
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
    parser->executing = true;
    llhttp_errno_t status = llhttp_finish(&parser->llhttp);
    parser->executing = false;
    bool threw = parser->threw;
    parser->threw = false;
    if (status == HPE_OK || threw || parser->given_up || parser->llhttp.upgrade != 0) {
        return NULL;
    }
    return parser->out_of_memory ? nh_error_out_of_memory() : parse_error(parser, status, 0, false);
}

const char *nh_http_method_name(nh_bytes method) {
    static const llhttp_method_t names[] = {
#define METHOD(number, name, text) HTTP_##name,
        HTTP_ALL_METHOD_MAP(METHOD)
#undef METHOD
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *name = llhttp_method_name(names[i]);
        if (nh_bytes_equal_text(method, name)) {
            return name;
        }
    }
    return NULL;
}
