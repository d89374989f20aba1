/* The properties of IncomingMessage: what JavaScript sees is built when it looks. */
#include "http/incoming_message_internal.h"

#include "core/name.h"
#include "http/support_internal.h"

static nh_memory *memory_of(const nh_incoming_message *message) {
    return nh_object_memory(&message->stream.emitter);
}

/* Another reference to what `slot` holds, after building it if it is not there. */
#define CACHED(slot, build)                                                                        \
    do {                                                                                           \
        if ((slot).type == NH_UNDEFINED) {                                                         \
            nh_value built = (build);                                                              \
            if (built.type == NH_INVALID) {                                                        \
                return built;                                                                      \
            }                                                                                      \
            (slot) = built;                                                                        \
        }                                                                                          \
        return nh_value_retain(slot);                                                              \
    } while (0)

/* --- headers and trailers ----------------------------------------------------------------- */

nh_value nh_incoming_message_headers(nh_incoming_message *message) {
    CACHED(message->header_map,
           nh_header_block_to_map(memory_of(message), &message->headers, message->header_count,
                                  message->join_duplicate_headers));
}

nh_value nh_incoming_message_headers_distinct(nh_incoming_message *message) {
    CACHED(message->distinct_header_map,
           nh_header_block_to_distinct_map(memory_of(message), &message->headers,
                                           message->header_count));
}

nh_value nh_incoming_message_raw_headers(nh_incoming_message *message) {
    CACHED(message->raw_header_list,
           nh_header_block_to_list(memory_of(message), &message->headers));
}

nh_value nh_incoming_message_trailers(nh_incoming_message *message) {
    CACHED(message->trailer_map,
           nh_header_block_to_map(memory_of(message), &message->trailers, message->trailers.count,
                                  message->join_duplicate_headers));
}

nh_value nh_incoming_message_trailers_distinct(nh_incoming_message *message) {
    CACHED(message->distinct_trailer_map,
           nh_header_block_to_distinct_map(memory_of(message), &message->trailers,
                                           message->trailers.count));
}

nh_value nh_incoming_message_raw_trailers(nh_incoming_message *message) {
    CACHED(message->raw_trailer_list,
           nh_header_block_to_list(memory_of(message), &message->trailers));
}

void nh_incoming_message_take_trailers(nh_incoming_message *message, nh_header_block *block) {
    nh_memory *memory = memory_of(message);
    nh_header_block_clear(memory, &message->trailers);
    message->trailers = *block;
    *block = (nh_header_block){.bytes = NULL};
    /* rawTrailers becomes another list, an early `trailers` object is filled in place, and an
     * early `trailersDistinct` stays as it was. */
    nh_value_release(&message->raw_trailer_list);
    if (message->trailer_map.type == NH_MAP) {
        (void)nh_header_block_add_to_map(memory, &message->trailers, message->trailers.count,
                                         message->join_duplicate_headers, message->trailer_map);
    }
}

bool nh_incoming_message_find_header(const nh_incoming_message *message, const char *name,
                                     nh_bytes *out_value) {
    for (size_t i = 0; i < message->header_count; i++) {
        if (nh_bytes_equal_text_ignoring_case(nh_header_block_name(&message->headers, i), name)) {
            if (out_value != NULL) {
                *out_value = nh_header_block_value(&message->headers, i);
            }
            return true;
        }
    }
    return false;
}

nh_value nh_incoming_message_header(nh_incoming_message *message, const char *name) {
    nh_value map = nh_incoming_message_headers(message);
    nh_value value = map.type == NH_INVALID ? map : nh_value_retain(nh_map_get(map, name));
    nh_value_release(&map);
    return value;
}

/* --- start line --------------------------------------------------------------------------- */

nh_value nh_incoming_message_http_version(const nh_incoming_message *message) {
    if (!message->has_head) {
        return nh_null();
    }
    return nh_string_format(memory_of(message), "%u.%u", (unsigned)message->version_major,
                            (unsigned)message->version_minor);
}

nh_value nh_incoming_message_http_version_major(const nh_incoming_message *message) {
    return message->has_head ? nh_number(message->version_major) : nh_null();
}

nh_value nh_incoming_message_http_version_minor(const nh_incoming_message *message) {
    return message->has_head ? nh_number(message->version_minor) : nh_null();
}

nh_value nh_incoming_message_method(const nh_incoming_message *message) {
    if (message->method_value.type != NH_INVALID) {
        return nh_value_retain(message->method_value);
    }
    return message->method == NULL ? nh_null() : nh_string_of(memory_of(message), message->method);
}

bool nh_incoming_message_is_method(const nh_incoming_message *message, const char *method) {
    if (message->method_value.type != NH_INVALID) {
        return nh_value_is_text(message->method_value, method);
    }
    return message->method != NULL && nh_name_equals(message->method, method);
}

static nh_value start_line_text(const nh_incoming_message *message) {
    return nh_string_of_latin1(
        memory_of(message),
        nh_bytes_of(message->text_length == 0 ? NULL : message->headers.bytes + message->text_start,
                    message->text_length));
}

nh_value nh_incoming_message_url(const nh_incoming_message *message) {
    if (message->url.type != NH_INVALID) {
        return nh_value_retain(message->url);
    }
    return message->is_request ? start_line_text(message)
                               : nh_string_new(memory_of(message), "", 0);
}

nh_value nh_incoming_message_status_code(const nh_incoming_message *message) {
    if (message->status_code_value.type != NH_INVALID) {
        return nh_value_retain(message->status_code_value);
    }
    return message->has_head && !message->is_request ? nh_number(message->status_code) : nh_null();
}

nh_value nh_incoming_message_status_message(const nh_incoming_message *message) {
    if (message->status_message.type != NH_INVALID) {
        return nh_value_retain(message->status_message);
    }
    return message->has_head && !message->is_request ? start_line_text(message) : nh_null();
}

/* --- assignments -------------------------------------------------------------------------- */

void nh_incoming_message_set_method(nh_incoming_message *message, nh_value value) {
    nh_value_assign_take(&message->method_value, nh_value_retain(value));
}

void nh_incoming_message_set_url(nh_incoming_message *message, nh_value value) {
    nh_value_assign_take(&message->url, nh_value_retain(value));
}

void nh_incoming_message_set_status_code(nh_incoming_message *message, nh_value value) {
    nh_value_assign_take(&message->status_code_value, nh_value_retain(value));
}

void nh_incoming_message_set_status_message(nh_incoming_message *message, nh_value value) {
    nh_value_assign_take(&message->status_message, nh_value_retain(value));
}

/* What is false is dropped: the next one who asks gets what was received. */
static void assign_map(nh_value *slot, nh_value value) {
    nh_value_assign_take(slot, nh_value_is_truthy(value) ? nh_value_retain(value) : nh_undefined());
}

void nh_incoming_message_set_headers(nh_incoming_message *message, nh_value value) {
    assign_map(&message->header_map, value);
}

void nh_incoming_message_set_headers_distinct(nh_incoming_message *message, nh_value value) {
    assign_map(&message->distinct_header_map, value);
}

void nh_incoming_message_set_trailers(nh_incoming_message *message, nh_value value) {
    assign_map(&message->trailer_map, value);
}

void nh_incoming_message_set_trailers_distinct(nh_incoming_message *message, nh_value value) {
    assign_map(&message->distinct_trailer_map, value);
}

/* --- state -------------------------------------------------------------------------------- */

bool nh_incoming_message_is_complete(const nh_incoming_message *message) {
    return message->complete;
}

void nh_incoming_message_set_complete(nh_incoming_message *message, bool complete) {
    message->complete = complete;
}

bool nh_incoming_message_is_aborted(const nh_incoming_message *message) {
    return message->aborted;
}

nh_value nh_incoming_message_upgrade(const nh_incoming_message *message) {
    return message->has_upgrade ? nh_boolean(message->upgrade) : nh_null();
}

nh_stream *nh_incoming_message_socket(const nh_incoming_message *message) {
    return message->socket;
}

nh_stream *nh_incoming_message_connection(const nh_incoming_message *message) {
    return message->socket;
}

nh_emitter *nh_incoming_message_request(const nh_incoming_message *message) {
    return message->request;
}

nh_error *nh_incoming_message_set_timeout(nh_incoming_message *message, nh_value milliseconds,
                                          nh_value callback) {
    nh_error *error =
        nh_http_add_callback(&message->stream.emitter, "timeout", callback, NH_LISTENER_PLAIN);
    if (error != NULL) {
        return error;
    }
    if (message->socket == NULL) {
        return nh_error_new(memory_of(message), "TypeError", NULL,
                            "Cannot read properties of %s (reading 'setTimeout')",
                            message->has_head ? "null" : "undefined");
    }
    return nh_http_set_socket_timeout(message->socket, milliseconds, "this.socket");
}
