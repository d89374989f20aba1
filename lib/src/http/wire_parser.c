/* llhttp's callbacks: field lines into a block, limits, and the events that are left. */
#include "http/wire_parser_internal.h"

#include <assert.h>
#include <string.h>

/* The most that the names and values of one chunk's extensions may add up to, in bytes. */
#define MAX_CHUNK_EXTENSIONS 16384U
/* Field lines are delivered in batches of this many; maxHeadersCount cuts whole batches. */
#define LINES_PER_BATCH 31U
#define DEFAULT_MAX_HEADER_SIZE 16384U

/* What the lenient flags of llhttp add up to with insecureHTTPParser. */
#define ALL_LENIENT_FLAGS                                                                          \
    (LENIENT_HEADERS | LENIENT_CHUNKED_LENGTH | LENIENT_KEEP_ALIVE | LENIENT_TRANSFER_ENCODING |   \
     LENIENT_VERSION | LENIENT_DATA_AFTER_CLOSE | LENIENT_OPTIONAL_LF_AFTER_CR |                   \
     LENIENT_OPTIONAL_CRLF_AFTER_CHUNK | LENIENT_OPTIONAL_CR_BEFORE_LF |                           \
     LENIENT_SPACES_AFTER_CHUNK_SIZE)

static nh_wire_parser *of(llhttp_t *llhttp) {
    return (nh_wire_parser *)(void *)llhttp;
}

/* --- field lines -------------------------------------------------------------------------- */

static int fail_for_memory(nh_wire_parser *parser) {
    parser->out_of_memory = true;
    return -1;
}

int nh_wire_parser_fail(nh_wire_parser *parser, const char *code, const char *reason) {
    parser->own_code = code;
    llhttp_set_error_reason(&parser->llhttp, reason);
    return HPE_USER;
}

/* Appends text of the head, counting it against the head's limit. */
static int append(nh_wire_parser *parser, const char *at, size_t length) {
    parser->header_bytes += length;
    if (parser->header_bytes >= parser->max_header_size) {
        return nh_wire_parser_fail(parser, "HPE_HEADER_OVERFLOW", "Header overflow");
    }
    if (!nh_header_block_append(parser->memory, &parser->block, nh_bytes_of(at, length))) {
        return fail_for_memory(parser);
    }
    return 0;
}

static uint32_t text_end(const nh_wire_parser *parser) {
    return (uint32_t)parser->block.length; /* the block never grows beyond UINT32_MAX */
}

/* Decides about the batch that is complete: once the limit is reached, later ones are dropped. */
static void close_batch(nh_wire_parser *parser) {
    double limit = parser->max_headers_count;
    if (limit > 0 && (double)parser->lines_kept >= limit) {
        parser->block.count = parser->lines_kept;
    }
    parser->lines_kept = parser->block.count;
}

/* Adds the field line under way to the block. */
static bool close_line(nh_wire_parser *parser) {
    if (!parser->line_open) {
        return true;
    }
    parser->line_open = false;
    nh_header_line line = parser->line;
    assert(line.value_length == 0 || line.value + line.value_length <= parser->block.length);
    const uint8_t *value = parser->block.bytes + line.value;
    while (line.value_length > 0 &&
           (value[line.value_length - 1] == ' ' || value[line.value_length - 1] == '\t')) {
        line.value_length--;
    }
    return nh_header_block_add_line(parser->memory, &parser->block, line);
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t length) {
    nh_wire_parser *parser = of(llhttp);
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
    nh_wire_parser *parser = of(llhttp);
    if (!parser->in_value) {
        parser->in_value = true;
        parser->line.value = text_end(parser);
    }
    parser->line.value_length += (uint32_t)length;
    return append(parser, at, length);
}

/* Forgets the text and the lines that were reported. */
static void empty_block(nh_wire_parser *parser) {
    parser->block.count = 0;
    parser->block.length = 0;
    parser->lines_kept = 0;
}

/* Ends the head or trailer section. */
static bool close_section(nh_wire_parser *parser) {
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

static void begin_message(nh_wire_parser *parser) {
    empty_block(parser);
    parser->text_start = 0;
    parser->text_length = 0;
    parser->header_bytes = 0;
    parser->extension_bytes = 0;
    parser->line_open = false;
    parser->in_value = false;
    parser->has_batches = false;
}

static int on_message_begin(llhttp_t *llhttp) {
    nh_wire_parser *parser = of(llhttp);
    begin_message(parser);
    return parser->hooks->message_begin != NULL ? parser->hooks->message_begin(parser) : 0;
}

/* The request target or the reason phrase: the first text of the block. */
static int on_start_line_text(llhttp_t *llhttp, const char *at, size_t length) {
    nh_wire_parser *parser = of(llhttp);
    parser->text_length += (uint32_t)length;
    return append(parser, at, length);
}

/* --- events ------------------------------------------------------------------------------- */

static int on_headers_complete(llhttp_t *llhttp) {
    nh_wire_parser *parser = of(llhttp);
    if (!close_section(parser)) {
        return fail_for_memory(parser);
    }
    int status = parser->hooks->head(parser);
    empty_block(parser);
    return status;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t length) {
    nh_wire_parser *parser = of(llhttp);
    return length == 0 ? 0 : parser->hooks->body(parser, nh_bytes_of(at, length));
}

static int on_message_complete(llhttp_t *llhttp) {
    nh_wire_parser *parser = of(llhttp);
    if (!close_section(parser)) {
        return fail_for_memory(parser);
    }
    return parser->hooks->complete(parser);
}

/* --- chunks ------------------------------------------------------------------------------- */

static int on_chunk_extension(llhttp_t *llhttp, const char *at, size_t length) {
    nh_wire_parser *parser = of(llhttp);
    (void)at;
    parser->extension_bytes += length;
    if (parser->extension_bytes > MAX_CHUNK_EXTENSIONS) {
        return nh_wire_parser_fail(parser, "HPE_CHUNK_EXTENSIONS_OVERFLOW",
                                   "Chunk extensions overflow");
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

void nh_wire_parser_init(nh_wire_parser *parser, nh_memory *memory, llhttp_type_t type,
                         const nh_wire_hooks *hooks) {
    memset(parser, 0, sizeof(*parser));
    llhttp_init(&parser->llhttp, type, &settings);
    parser->memory = memory;
    parser->hooks = hooks;
    parser->max_header_size = DEFAULT_MAX_HEADER_SIZE;
}

void nh_wire_parser_configure(nh_wire_parser *parser, size_t max_header_size, bool insecure,
                              double max_headers_count) {
    parser->max_header_size = max_header_size == 0 ? DEFAULT_MAX_HEADER_SIZE : max_header_size;
    parser->max_headers_count = max_headers_count;
    parser->llhttp.lenient_flags = insecure ? ALL_LENIENT_FLAGS : 0;
}

void nh_wire_parser_reset(nh_wire_parser *parser) {
    llhttp_reset(&parser->llhttp);
    begin_message(parser);
    parser->own_code = NULL;
    parser->out_of_memory = false;
}

void nh_wire_parser_deinit(nh_wire_parser *parser) {
    nh_header_block_clear(parser->memory, &parser->block);
}

/* --- running ------------------------------------------------------------------------------ */

/* How far llhttp got in the input. */
static size_t position(const nh_wire_parser *parser) {
    const char *at = llhttp_get_error_pos(&parser->llhttp);
    const char *start = (const char *)parser->input.data;
    if (at == NULL || at < start || at > start + parser->input.length) {
        return 0;
    }
    return (size_t)(at - start);
}

/* Runs llhttp inside of a run of its own: a listener had more to parse. If the outer run has handed
 * out the last of its input already (with the span still open), the inner one goes on from there.
 * Otherwise the outer one goes on where it was, and must not find half of what the inner one did
 * not come to an end with: its place in a token, a span of other bytes, or half a head. */
static llhttp_errno_t execute_inside(nh_wire_parser *parser, nh_bytes bytes) {
    llhttp_t *llhttp = &parser->llhttp;
    bool outer_goes_on = llhttp->_span_pos0 == NULL;
    int32_t place = llhttp->_index;
    void *span = llhttp->_span_cb0;
    size_t header_bytes = parser->header_bytes;
    size_t extension_bytes = parser->extension_bytes;
    llhttp_errno_t status = llhttp_execute(llhttp, (const char *)bytes.data, bytes.length);
    if (outer_goes_on) {
        llhttp->_index = place;
        llhttp->_span_pos0 = NULL;
        llhttp->_span_cb0 = span;
        begin_message(parser); /* the outer run is at no line, nor does it need the last ones */
        parser->header_bytes = header_bytes;
        parser->extension_bytes = extension_bytes;
    }
    return status;
}

llhttp_errno_t nh_wire_parser_execute(nh_wire_parser *parser, nh_bytes bytes,
                                      size_t *out_consumed) {
    nh_bytes outer = parser->input;
    parser->input = bytes;
    llhttp_errno_t status =
        outer.data != NULL
            ? execute_inside(parser, bytes)
            : llhttp_execute(&parser->llhttp, (const char *)bytes.data, bytes.length);
    *out_consumed = status == HPE_OK ? bytes.length : position(parser);
    if (status == HPE_PAUSED_UPGRADE) {
        llhttp_resume_after_upgrade(&parser->llhttp);
    }
    parser->input = outer;
    return status;
}

nh_wire_error nh_wire_parser_error(const nh_wire_parser *parser, llhttp_errno_t status) {
    if (parser->out_of_memory) {
        return (nh_wire_error){.code = "ERR_MEMORY_ALLOCATION_FAILED", .reason = ""};
    }
    const char *reason = llhttp_get_error_reason(&parser->llhttp);
    return (nh_wire_error){
        .code = status == HPE_USER && parser->own_code != NULL ? parser->own_code
                                                               : llhttp_errno_name(status),
        .reason = reason == NULL ? "" : reason,
    };
}

nh_error *nh_wire_error_object(nh_memory *memory, nh_wire_error what, size_t parsed,
                               bool in_message) {
    nh_error *error = in_message && what.reason[0] != '\0'
                          ? nh_error_new(memory, "Error", what.code, "Parse Error: %s", what.reason)
                          : nh_error_new(memory, "Error", what.code, "Parse Error");
    nh_error_set_property_take(error, "bytesParsed", nh_number((double)parsed));
    nh_error_set_property_take(error, "reason", nh_string_of(memory, what.reason));
    return error;
}

size_t nh_wire_parser_default_max_header_size(void) {
    return DEFAULT_MAX_HEADER_SIZE;
}

size_t nh_wire_parser_shown_count(const nh_wire_parser *parser, size_t count) {
    double limit = parser->max_headers_count;
    return limit > 0 && (double)count > limit ? (size_t)limit : count;
}
