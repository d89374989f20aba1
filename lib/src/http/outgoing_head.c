/* Building the head of a message: its field lines, and what Node adds to them.
 *
 * The program's fields come first, in their order; then Date, Connection, Keep-Alive and the field
 * that frames the body, each only if the program did not say something about it. */
#include "http/outgoing_message_internal.h"

#include "core/text.h"
#include "http/constants_internal.h"
#include "http/support_internal.h"

#include <math.h>

/* Room that most heads, with a small body behind them, need no more than. */
#define USUAL_SIZE 480U

/* A head under construction, and which of the fields that matter it has. */
typedef struct head_builder {
    nh_outgoing_message *message;
    nh_memory *memory;
    nh_text text;
    nh_error *error;
    bool connection;
    bool content_length;
    bool transfer_encoding;
    bool date;
    bool expect;
    bool trailer;
} head_builder;

/* --- single fields ------------------------------------------------------------------------ */

/* What the fields that concern the message itself do to it. */
static bool is_named(nh_bytes name, const char *lower_case) {
    return nh_bytes_equal_text_ignoring_case(name, lower_case);
}

static void note_connection(head_builder *head, nh_bytes value) {
    nh_outgoing_message *message = head->message;
    head->connection = true;
    message->removed_connection = false;
    if (nh_http_contains_word(value, "close")) {
        message->last = true;
    } else {
        message->should_keep_alive = true;
    }
}

static void note_transfer_encoding(head_builder *head, nh_bytes value) {
    nh_outgoing_message *message = head->message;
    head->transfer_encoding = true;
    message->removed_transfer_encoding = false;
    if (nh_http_contains_word(value, "chunked")) {
        message->chunked_encoding = true;
    }
}

static void note_content_length(head_builder *head, nh_value given) {
    nh_outgoing_message *message = head->message;
    head->content_length = true;
    message->removed_content_length = false;
    nh_value_assign_take(&message->content_length, nh_value_retain(given));
}

static void note_field(head_builder *head, nh_bytes name, nh_value given, nh_bytes value) {
    switch (name.length) { /* which leaves one or two to compare with */
    case 4:
        head->date = head->date || is_named(name, "date");
        break;
    case 6:
        head->expect = head->expect || is_named(name, "expect");
        break;
    case 7:
        head->trailer = head->trailer || is_named(name, "trailer");
        break;
    case 10:
        if (is_named(name, "connection")) {
            note_connection(head, value);
        } else if (is_named(name, "keep-alive")) {
            head->message->default_keep_alive = false;
        }
        break;
    case 14:
        if (is_named(name, "content-length")) {
            note_content_length(head, given);
        }
        break;
    case 17:
        if (is_named(name, "transfer-encoding")) {
            note_transfer_encoding(head, value);
        }
        break;
    default:
        break;
    }
}

static void fail(head_builder *head, nh_error *error) {
    if (head->error == NULL) {
        head->error = error;
    } else {
        nh_error_release(error);
    }
}

static void add_line(head_builder *head, nh_value name, nh_value value, bool check) {
    if (head->error == NULL && check) {
        fail(head, nh_http_check_value(head->memory, name, value));
    }
    if (head->error != NULL) {
        return;
    }
    nh_error *error = NULL;
    nh_value text = nh_http_value_to_string(head->memory, value, &error);
    if (error != NULL) {
        fail(head, error);
        return;
    }
    nh_bytes name_bytes = nh_value_bytes(name);
    nh_bytes value_bytes = nh_value_bytes(text);
    nh_text_add_bytes(&head->text, name_bytes);
    nh_text_add(&head->text, ": ", 2);
    nh_text_add_bytes(&head->text, value_bytes);
    nh_text_add(&head->text, "\r\n", 2);
    note_field(head, name_bytes, value, value_bytes);
    nh_value_release(&text);
}

/* A file name in Content-Disposition that came as bytes of UTF-8 read as Latin-1 goes out as the
 * text that it is, if the length of the body is known: the value becomes these bytes. */
static nh_value disposition_bytes(head_builder *head, nh_value value) {
    nh_value bytes = nh_undefined();
    nh_error *error = nh_http_bytes_of(head->memory, value, NH_ENCODING_LATIN1, &bytes);
    if (error != NULL) {
        fail(head, error);
    }
    return bytes;
}

/* A list of such values changes itself, which the program can see. */
static void list_to_disposition_bytes(head_builder *head, nh_value list) {
    for (size_t i = 0; i < nh_list_length(list) && head->error == NULL; i++) {
        nh_value bytes = disposition_bytes(head, nh_list_get(list, i));
        if (head->error == NULL) {
            nh_list_set_take(list, i, bytes);
        }
    }
}

static bool is_disposition_of_known_length(const head_builder *head, nh_value name) {
    nh_bytes bytes = nh_value_bytes(name);
    return bytes.length == 19 && nh_value_is_truthy(head->message->content_length) &&
           is_named(bytes, "content-disposition");
}

static void add_field(head_builder *head, nh_value name, nh_value value, bool check) {
    if (head->error == NULL && check) {
        fail(head, nh_http_check_name(head->memory, name, "Header name"));
    }
    if (head->error == NULL && is_disposition_of_known_length(head, name)) {
        if (value.type != NH_LIST) {
            nh_value bytes = disposition_bytes(head, value);
            add_line(head, name, bytes, check);
            nh_value_release(&bytes);
            return;
        }
        list_to_disposition_bytes(head, value);
    }
    if (head->error != NULL || value.type != NH_LIST) {
        add_line(head, name, value, check);
        return;
    }
    nh_bytes name_bytes = nh_value_bytes(name);
    size_t length = nh_list_length(value);
    bool is_cookie = nh_bytes_equal_text_ignoring_case(name_bytes, "cookie");
    if ((length < 2 || !is_cookie) && !nh_outgoing_is_unique(head->message, name_bytes)) {
        for (size_t i = 0; i < nh_list_length(value); i++) {
            add_line(head, name, nh_list_get(value, i), check);
        }
        return;
    }
    nh_error *error = NULL;
    nh_value joined = nh_http_join(head->memory, value, "; ", &error);
    if (error != NULL) {
        fail(head, error);
        return;
    }
    add_line(head, name, joined, check);
    nh_value_release(&joined);
}

/* --- all fields --------------------------------------------------------------------------- */

static void add_flat_list(head_builder *head, nh_value list) {
    size_t length = nh_list_length(list);
    if (length % 2 != 0) {
        fail(head, nh_error_new_argument_value(head->memory, "headers", list, "is invalid"));
        return;
    }
    for (size_t i = 0; i < length; i += 2) {
        add_field(head, nh_list_get(list, i), nh_list_get(list, i + 1), true);
    }
}

static void add_pair(head_builder *head, nh_value pair) {
    nh_error *error = NULL;
    nh_value name = nh_http_element(head->memory, pair, 0, &error);
    nh_value value = nh_undefined();
    if (error == NULL) {
        value = nh_http_element(head->memory, pair, 1, &error);
    }
    if (error == NULL && (name.type == NH_INVALID || value.type == NH_INVALID)) {
        error = nh_error_out_of_memory();
    }
    if (error != NULL) {
        fail(head, error);
    } else {
        add_field(head, name, value, true);
    }
    nh_value_release(&name);
    nh_value_release(&value);
}

static void add_given(head_builder *head, nh_value given) {
    if (given.type == NH_MAP) {
        for (size_t i = 0; i < nh_map_length(given); i++) {
            nh_bytes key = nh_map_key_at(given, i);
            nh_value name = nh_string_new(head->memory, (const char *)key.data, key.length);
            if (name.type == NH_INVALID) {
                fail(head, nh_error_out_of_memory());
                return;
            }
            add_field(head, name, nh_map_value_at(given, i), true);
            nh_value_release(&name);
        }
    } else if (nh_list_get(given, 0).type == NH_LIST) {
        for (size_t i = 0; i < nh_list_length(given); i++) {
            add_pair(head, nh_list_get(given, i));
        }
    } else {
        add_flat_list(head, given);
    }
}

static void add_own(head_builder *head) {
    const nh_header_store *store = &head->message->headers;
    for (size_t i = 0; i < store->count; i++) {
        add_field(head, store->entries[i].name, store->entries[i].value, false);
    }
}

static void add_date(head_builder *head) {
    if (head->message->send_date && !head->date) {
        nh_text_add_bytes(&head->text, nh_http_date_line(head->message->emitter.loop));
    }
}

static void add_connection(head_builder *head) {
    nh_outgoing_message *message = head->message;
    if (message->removed_connection) {
        message->last = !message->should_keep_alive;
        return;
    }
    if (head->connection) {
        return;
    }
    bool keep =
        message->should_keep_alive &&
        (head->content_length || message->use_chunked_encoding_by_default || message->has_agent);
    if (keep && !message->max_requests_on_connection_reached) {
        static const char connection[] = "Connection: keep-alive\r\nKeep-Alive: timeout=";
        bool tells_timeout = message->tells_keep_alive_timeout && message->default_keep_alive;
        nh_text_add(&head->text, connection,
                    tells_timeout ? sizeof(connection) - 1
                                  : sizeof("Connection: keep-alive\r\n") - 1);
        if (tells_timeout) {
            nh_text_add_number(&head->text, floor(message->keep_alive_timeout_ms / 1000));
            if (message->max_requests_per_socket >= 1) {
                nh_text_add_c(&head->text, ", max=");
                nh_text_add_number(&head->text, message->max_requests_per_socket);
            }
            nh_text_add(&head->text, "\r\n", 2);
        }
        return;
    }
    if (!keep) {
        message->last = true;
    }
    nh_text_add_c(&head->text, "Connection: close\r\n");
}

static void add_framing(head_builder *head) {
    nh_outgoing_message *message = head->message;
    if (head->content_length || head->transfer_encoding) {
        return;
    }
    if (!message->has_body) {
        message->chunked_encoding = false;
    } else if (!message->use_chunked_encoding_by_default) {
        message->last = true;
    } else if (!head->trailer && !message->removed_content_length &&
               message->content_length.type == NH_NUMBER) {
        nh_text_add_c(&head->text, "Content-Length: ");
        nh_text_add_number(&head->text, message->content_length.as.number);
        nh_text_add_c(&head->text, "\r\n");
    } else if (!message->removed_transfer_encoding) {
        nh_text_add_c(&head->text, "Transfer-Encoding: chunked\r\n");
        message->chunked_encoding = true;
    } else {
        /* Nothing in the head says where the body ends: the end of the connection does. */
        message->last = true;
    }
}

/* What building a head decides about the message. */
typedef struct head_decisions {
    bool chunked_encoding;
    bool last;
    bool should_keep_alive;
    bool default_keep_alive;
    bool removed_connection;
    bool removed_transfer_encoding;
    bool removed_content_length;
} head_decisions;

static head_decisions decisions_of(const nh_outgoing_message *message) {
    return (head_decisions){
        .chunked_encoding = message->chunked_encoding,
        .last = message->last,
        .should_keep_alive = message->should_keep_alive,
        .default_keep_alive = message->default_keep_alive,
        .removed_connection = message->removed_connection,
        .removed_transfer_encoding = message->removed_transfer_encoding,
        .removed_content_length = message->removed_content_length,
    };
}

static void restore(nh_outgoing_message *message, head_decisions before) {
    message->chunked_encoding = before.chunked_encoding;
    message->last = before.last;
    message->should_keep_alive = before.should_keep_alive;
    message->default_keep_alive = before.default_keep_alive;
    message->removed_connection = before.removed_connection;
    message->removed_transfer_encoding = before.removed_transfer_encoding;
    message->removed_content_length = before.removed_content_length;
}

nh_error *nh_outgoing_store_head(nh_outgoing_message *message, nh_bytes first_line,
                                 nh_head_source source, nh_value given) {
    head_builder head = {.message = message, .memory = nh_object_memory(&message->emitter)};
    head_decisions before = decisions_of(message);
    nh_text_init(&head.text, head.memory);
    nh_text_reserve(&head.text, USUAL_SIZE);
    nh_text_add_bytes(&head.text, first_line);
    if (source == NH_HEAD_OWN) {
        add_own(&head);
    } else {
        add_given(&head, given);
    }
    if (head.error == NULL) {
        add_date(&head);
        /* A 204 or 304 has no body that chunks could delimit (RFC 9112, section 6.3). */
        if (message->chunked_encoding &&
            (message->status_code == 204 || message->status_code == 304)) {
            message->chunked_encoding = false;
            message->should_keep_alive = false;
        }
        add_connection(&head);
        add_framing(&head);
        if (!message->chunked_encoding && head.trailer) {
            fail(&head, nh_http_error(head.memory, "ERR_HTTP_TRAILER_INVALID",
                                      "Trailers are invalid with this transfer encoding"));
        }
    }
    nh_text_add(&head.text, "\r\n", 2);
    const nh_http_constants *constants =
        head.expect ? nh_http_constants_of(message->emitter.loop) : NULL;
    if (head.error == NULL && (head.text.failed || (head.expect && constants == NULL))) {
        head.error = nh_error_out_of_memory();
    }
    if (head.error != NULL) {
        if (head.error == nh_error_out_of_memory()) {
            restore(message, before); /* the next attempt may frame the body in another way */
        }
        nh_text_deinit(&head.text);
        return head.error;
    }
    nh_text_deinit(&message->head);
    message->head = head.text;
    message->has_head = true;
    message->head_sent = false;
    /* With Expect it is sent at once, and as text without an encoding: in UTF-8. */
    return !head.expect ? NULL
                        : nh_outgoing_send(message, constants->nothing, nh_undefined(),
                                           nh_undefined(), NULL);
}

nh_value nh_http_join(nh_memory *memory, nh_value list, const char *separator,
                      nh_error **out_error) {
    nh_text text;
    nh_text_init(&text, memory);
    for (size_t i = 0; i < nh_list_length(list); i++) {
        if (i != 0) {
            nh_text_add_c(&text, separator);
        }
        nh_value item = nh_list_get(list, i);
        if (nh_value_is_nullish(item)) {
            continue;
        }
        nh_value item_text = nh_http_value_to_string(memory, item, out_error);
        nh_text_add_bytes(&text, nh_value_bytes(item_text));
        nh_value_release(&item_text);
        if (*out_error != NULL) {
            nh_text_deinit(&text);
            return nh_undefined();
        }
    }
    nh_value joined = nh_text_take_string(&text);
    if (joined.type == NH_INVALID) {
        *out_error = nh_error_out_of_memory();
    }
    return joined;
}
