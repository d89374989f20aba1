/* The wire parser with a public face. */
#include <nodehttp/message_parser.h>

#include "http/wire_parser_internal.h"

#define DEFAULT_MAX_HEADERS_COUNT 1000

struct nh_message_parser {
    nh_wire_parser wire; /* first: its hooks cast back */
    nh_message_parser_hooks hooks;
    void *data;
    nh_message_parser_error error; /* code NULL: none */
    bool in_message;               /* the error has to do with bytes, not with their end */
};

static nh_message_parser *of(nh_wire_parser *wire) {
    return (nh_message_parser *)(void *)wire;
}

/* --- events ------------------------------------------------------------------------------- */

static int begin(nh_wire_parser *wire) {
    nh_message_parser *parser = of(wire);
    if (parser->hooks.begin != NULL) {
        parser->hooks.begin(parser, parser->data);
    }
    return 0;
}

static int head(nh_wire_parser *wire) {
    nh_message_parser *parser = of(wire);
    if (parser->hooks.head == NULL) {
        return NH_HTTP_BODY_FOLLOWS;
    }
    const llhttp_t *llhttp = &wire->llhttp;
    bool is_request = llhttp->type == HTTP_REQUEST;
    const nh_message_head view = {
        .kind = is_request ? NH_MESSAGE_REQUEST : NH_MESSAGE_RESPONSE,
        .method = is_request ? llhttp_method_name((llhttp_method_t)llhttp->method) : NULL,
        .status_code = is_request ? 0 : llhttp->status_code,
        .version_major = llhttp->http_major,
        .version_minor = llhttp->http_minor,
        .text = wire->text_length == 0
                    ? nh_bytes_of("", 0)
                    : nh_bytes_of(wire->block.bytes + wire->text_start, wire->text_length),
        .fields = &wire->block,
        .shown_count = nh_wire_parser_shown_count(wire, wire->block.count),
        .should_keep_alive = llhttp_should_keep_alive(llhttp) != 0,
        .upgrade = llhttp->upgrade != 0,
    };
    switch (parser->hooks.head(parser, &view, parser->data)) {
    case NH_MESSAGE_BODY_SKIPPED:
        return NH_HTTP_BODY_SKIPPED;
    case NH_MESSAGE_BODY_UPGRADE:
        return NH_HTTP_BODY_UPGRADE;
    case NH_MESSAGE_BODY_FOLLOWS:
        break;
    }
    return NH_HTTP_BODY_FOLLOWS;
}

static int body(nh_wire_parser *wire, nh_bytes bytes) {
    nh_message_parser *parser = of(wire);
    if (parser->hooks.body != NULL) {
        parser->hooks.body(parser, bytes, parser->data);
    }
    return 0;
}

static int complete(nh_wire_parser *wire) {
    nh_message_parser *parser = of(wire);
    if (parser->hooks.complete != NULL) {
        parser->hooks.complete(parser, &wire->block, parser->data);
    }
    return 0;
}

static const nh_wire_hooks wire_hooks = {
    .message_begin = begin, .head = head, .body = body, .complete = complete};

/* --- life --------------------------------------------------------------------------------- */

void nh_message_parser_options_init(nh_message_parser_options *options) {
    *options = (nh_message_parser_options){.max_headers_count = DEFAULT_MAX_HEADERS_COUNT};
}

nh_message_parser *nh_message_parser_new(nh_memory *memory, nh_message_kind kind,
                                         const nh_message_parser_options *options,
                                         const nh_message_parser_hooks *hooks, void *data) {
    nh_memory *chosen = memory == NULL ? nh_memory_default() : memory;
    nh_message_parser *parser = nh_memory_allocate_zeroed(chosen, 1, sizeof(*parser));
    if (parser == NULL) {
        return NULL;
    }
    nh_message_parser_options defaults;
    nh_message_parser_options_init(&defaults);
    nh_wire_parser_init(&parser->wire, chosen,
                        kind == NH_MESSAGE_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &wire_hooks);
    nh_message_parser_reset(parser, options == NULL ? &defaults : options);
    parser->hooks = *hooks;
    parser->data = data;
    return parser;
}

void nh_message_parser_free(nh_message_parser *parser) {
    if (parser != NULL) {
        nh_wire_parser_deinit(&parser->wire);
        nh_memory_free(parser->wire.memory, parser);
    }
}

void nh_message_parser_reset(nh_message_parser *parser, const nh_message_parser_options *options) {
    if (options != NULL) {
        nh_wire_parser_configure(&parser->wire, options->max_header_size,
                                 options->insecure_http_parser, options->max_headers_count);
    }
    nh_wire_parser_reset(&parser->wire);
    parser->error.code = NULL;
}

/* --- running ------------------------------------------------------------------------------ */

/* Stops the parser for what `status` says. */
static const nh_message_parser_error *stop(nh_message_parser *parser, llhttp_errno_t status,
                                           size_t parsed, bool in_message) {
    nh_wire_error what = nh_wire_parser_error(&parser->wire, status);
    parser->error = (nh_message_parser_error){what.code, what.reason, parsed};
    parser->in_message = in_message;
    return &parser->error;
}

const nh_message_parser_error *nh_message_parser_execute(nh_message_parser *parser, nh_bytes bytes,
                                                         size_t *out_consumed) {
    size_t consumed = 0;
    const nh_message_parser_error *error = NULL;
    if (parser->error.code != NULL) {
        error = &parser->error;
    } else {
        llhttp_errno_t status = nh_wire_parser_execute(&parser->wire, bytes, &consumed);
        if (status != HPE_OK && status != HPE_PAUSED_UPGRADE) {
            error = stop(parser, status, consumed, true);
        }
    }
    if (out_consumed != NULL) {
        *out_consumed = consumed;
    }
    return error;
}

const nh_message_parser_error *nh_message_parser_finish(nh_message_parser *parser) {
    if (parser->error.code != NULL) {
        return &parser->error;
    }
    llhttp_errno_t status = llhttp_finish(&parser->wire.llhttp);
    return status == HPE_OK ? NULL : stop(parser, status, 0, false);
}

nh_error *nh_message_parser_error_object(nh_message_parser *parser) {
    if (parser->error.code == NULL) {
        return NULL;
    }
    if (parser->wire.out_of_memory) {
        return nh_error_out_of_memory();
    }
    return nh_wire_error_object(parser->wire.memory,
                                (nh_wire_error){parser->error.code, parser->error.reason},
                                parser->error.bytes_parsed, parser->in_message);
}
