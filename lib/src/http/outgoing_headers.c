/* The header API of OutgoingMessage. */
#include "http/outgoing_message_internal.h"

#include "core/text.h"
#include "http/header_block_internal.h"
#include "http/support_internal.h"

static nh_memory *memory_of(const nh_outgoing_message *message) {
    return nh_object_memory(&message->emitter);
}

nh_error *nh_http_headers_sent_error(nh_memory *memory, const char *verb) {
    return nh_error_new(memory, "Error", "ERR_HTTP_HEADERS_SENT",
                        "Cannot %s headers after they are sent to the client", verb);
}

static nh_error *check_not_sent(const nh_outgoing_message *message, const char *verb) {
    return !message->has_head ? NULL : nh_http_headers_sent_error(memory_of(message), verb);
}

static nh_error *check_field(const nh_outgoing_message *message, nh_value name, nh_value value) {
    if (name.type == NH_INVALID || value.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    nh_error *error = nh_http_check_name(memory_of(message), name, "Header name");
    return error != NULL ? error : nh_http_check_value(memory_of(message), name, value);
}

/* --- setting ------------------------------------------------------------------------------ */

static nh_error *store(nh_outgoing_message *message, nh_value name, nh_value value) {
    message->has_headers = true;
    return nh_header_store_set(memory_of(message), &message->headers, name, value)
               ? NULL
               : nh_error_out_of_memory();
}

nh_error *nh_outgoing_message_set_header(nh_outgoing_message *message, nh_value name,
                                         nh_value value) {
    nh_error *error = check_not_sent(message, "set");
    if (error == NULL) {
        error = check_field(message, name, value);
    }
    return error != NULL ? error : store(message, name, value);
}

nh_error *nh_outgoing_message_set_header_text(nh_outgoing_message *message, const char *name,
                                              const char *value) {
    nh_value name_value = nh_string_of(memory_of(message), name);
    nh_value text = nh_string_of(memory_of(message), value);
    nh_error *error = nh_outgoing_message_set_header(message, name_value, text);
    nh_value_release(&name_value);
    nh_value_release(&text);
    return error;
}

/* Adds one value or those of a list; false without memory. */
static bool add_values(nh_value list, nh_value value) {
    if (value.type != NH_LIST) {
        return nh_list_append(list, value);
    }
    size_t count = nh_list_length(value);
    for (size_t i = 0; i < count; i++) {
        if (!nh_list_append(list, nh_list_get(value, i))) {
            return false;
        }
    }
    return true;
}

nh_error *nh_outgoing_message_set_headers(nh_outgoing_message *message, nh_value headers) {
    nh_memory *memory = memory_of(message);
    nh_error *error = check_not_sent(message, "set");
    if (error != NULL) {
        return error;
    }
    if (nh_list_entries_class(headers) == NULL) {
        return nh_error_new_argument_type(memory, "headers", "an instance of Headers or Map",
                                          headers);
    }
    nh_value cookies = nh_list_new(memory);
    for (size_t i = 0; i < nh_list_length(headers) && error == NULL; i++) {
        nh_value pair = nh_list_get(headers, i);
        nh_value name = nh_list_get(pair, 0);
        /* A Headers object lists every cookie by itself; they must not replace one another. */
        if (nh_value_is_text(name, "set-cookie")) {
            error = add_values(cookies, nh_list_get(pair, 1)) ? NULL : nh_error_out_of_memory();
        } else {
            error = nh_outgoing_message_set_header(message, name, nh_list_get(pair, 1));
        }
    }
    if (error == NULL && nh_list_length(cookies) != 0) {
        nh_value name = nh_string_of(memory, "set-cookie");
        error = nh_outgoing_message_set_header(message, name, cookies);
        nh_value_release(&name);
    }
    nh_value_release(&cookies);
    return error;
}

nh_error *nh_outgoing_message_append_header(nh_outgoing_message *message, nh_value name,
                                            nh_value value) {
    nh_error *error = check_not_sent(message, "append");
    if (error == NULL) {
        error = check_field(message, name, value);
    }
    if (error != NULL) {
        return error;
    }
    nh_header_entry *entry = nh_header_store_find(&message->headers, nh_value_bytes(name));
    if (entry == NULL) {
        return store(message, name, value);
    }
    if (entry->value.type != NH_LIST) {
        nh_value list = nh_list_new(memory_of(message));
        if (!nh_list_append(list, entry->value)) {
            nh_value_release(&list);
            return nh_error_out_of_memory();
        }
        nh_value_assign_take(&entry->value, list);
    }
    return add_values(entry->value, value) ? NULL : nh_error_out_of_memory();
}

nh_error *nh_outgoing_message_remove_header(nh_outgoing_message *message, nh_value name) {
    if (name.type != NH_STRING) {
        return nh_error_new_argument_type(memory_of(message), "name", "of type string", name);
    }
    nh_error *error = check_not_sent(message, "remove");
    if (error != NULL) {
        return error;
    }
    nh_bytes text = nh_value_bytes(name);
    if (nh_bytes_equal_text_ignoring_case(text, "connection")) {
        message->removed_connection = true;
    } else if (nh_bytes_equal_text_ignoring_case(text, "content-length")) {
        message->removed_content_length = true;
    } else if (nh_bytes_equal_text_ignoring_case(text, "transfer-encoding")) {
        message->removed_transfer_encoding = true;
    } else if (nh_bytes_equal_text_ignoring_case(text, "date")) {
        message->send_date = false;
    }
    (void)nh_header_store_remove(&message->headers, text);
    return NULL;
}

/* --- reading ------------------------------------------------------------------------------ */

nh_error *nh_outgoing_message_get_header(nh_outgoing_message *message, nh_value name,
                                         nh_value *out_value) {
    *out_value = nh_undefined();
    if (name.type != NH_STRING) {
        return nh_error_new_argument_type(memory_of(message), "name", "of type string", name);
    }
    const nh_header_entry *entry = nh_header_store_find(&message->headers, nh_value_bytes(name));
    if (entry != NULL) {
        *out_value = nh_value_retain(entry->value);
    }
    return NULL;
}

nh_error *nh_outgoing_message_has_header(nh_outgoing_message *message, nh_value name,
                                         bool *out_has) {
    *out_has = false;
    if (name.type != NH_STRING) {
        return nh_error_new_argument_type(memory_of(message), "name", "of type string", name);
    }
    *out_has = nh_header_store_find(&message->headers, nh_value_bytes(name)) != NULL;
    return NULL;
}

nh_value nh_outgoing_message_get_headers(nh_outgoing_message *message) {
    nh_value map = nh_map_new(memory_of(message));
    for (size_t i = 0; i < message->headers.count; i++) {
        const nh_header_entry *entry = &message->headers.entries[i];
        nh_value key = nh_header_store_key(memory_of(message), entry);
        bool set =
            key.type != NH_INVALID && nh_map_set_bytes(map, nh_value_bytes(key), entry->value);
        nh_value_release(&key);
        if (!set) {
            nh_value_release(&map);
            return (nh_value){.type = NH_INVALID};
        }
    }
    return map;
}

static nh_value names(nh_outgoing_message *message, bool raw) {
    nh_value list = nh_list_new(memory_of(message));
    for (size_t i = 0; i < message->headers.count; i++) {
        const nh_header_entry *entry = &message->headers.entries[i];
        nh_value name =
            raw ? nh_value_retain(entry->name) : nh_header_store_key(memory_of(message), entry);
        if (!nh_list_append_take(list, name)) {
            nh_value_release(&list);
            return (nh_value){.type = NH_INVALID};
        }
    }
    return list;
}

nh_value nh_outgoing_message_get_header_names(nh_outgoing_message *message) {
    return names(message, false);
}

nh_value nh_outgoing_message_get_raw_header_names(nh_outgoing_message *message) {
    return names(message, true);
}

/* --- trailers ----------------------------------------------------------------------------- */

static nh_error *add_trailer_line(nh_outgoing_message *message, nh_text *text, nh_value name,
                                  nh_value value) {
    nh_memory *memory = memory_of(message);
    nh_error *error = nh_http_check_characters(memory, value, "trailer content", name);
    if (error != NULL) {
        return error;
    }
    nh_value value_text = nh_http_value_to_string(memory, value, &error);
    if (error == NULL) {
        nh_text_add_bytes(text, nh_value_bytes(name));
        nh_text_add_c(text, ": ");
        nh_text_add_bytes(text, nh_value_bytes(value_text));
        nh_text_add_c(text, "\r\n");
    }
    nh_value_release(&value_text);
    return error;
}

static nh_error *add_trailer(nh_outgoing_message *message, nh_text *text, nh_value name,
                             nh_value value) {
    nh_memory *memory = memory_of(message);
    nh_error *error = nh_http_check_name(memory, name, "Trailer name");
    if (error != NULL || value.type != NH_LIST) {
        return error != NULL ? error : add_trailer_line(message, text, name, value);
    }
    if (nh_list_length(value) > 1 && !nh_outgoing_is_unique(message, nh_value_bytes(name))) {
        for (size_t i = 0; i < nh_list_length(value) && error == NULL; i++) {
            error = add_trailer_line(message, text, name, nh_list_get(value, i));
        }
        return error;
    }
    nh_value joined = nh_http_join(memory, value, "; ", &error);
    if (error == NULL) {
        error = add_trailer_line(message, text, name, joined);
    }
    nh_value_release(&joined);
    return error;
}

/* A trailer of which name and value are consumed. */
static nh_error *add_trailer_take(nh_outgoing_message *message, nh_text *text, nh_value name,
                                  nh_value value) {
    nh_error *error = name.type == NH_INVALID || value.type == NH_INVALID
                          ? nh_error_out_of_memory()
                          : add_trailer(message, text, name, value);
    nh_value_release(&name);
    nh_value_release(&value);
    return error;
}

/* An element of a list of trailers: a pair. */
static nh_error *add_pair(nh_outgoing_message *message, nh_text *text, nh_value pair) {
    nh_memory *memory = memory_of(message);
    nh_error *error = NULL;
    nh_value name = nh_http_element(memory, pair, 0, &error);
    return error != NULL
               ? error
               : add_trailer_take(message, text, name, nh_http_element(memory, pair, 1, &error));
}

static nh_error *add_all_trailers(nh_outgoing_message *message, nh_text *text, nh_value trailers) {
    nh_memory *memory = memory_of(message);
    nh_error *error = NULL;
    for (size_t i = 0; i < nh_list_length(trailers) && error == NULL; i++) {
        error = add_pair(message, text, nh_list_get(trailers, i));
    }
    /* The properties of a text are its characters, by their numbers. */
    size_t characters = trailers.type == NH_STRING ? nh_string_utf16_length(trailers) : 0;
    for (size_t i = 0; i < characters && error == NULL; i++) {
        error = add_trailer_take(message, text, nh_string_format(memory, "%zu", i),
                                 nh_http_element(memory, trailers, i, &error));
    }
    for (size_t i = 0; i < nh_map_length(trailers) && error == NULL; i++) {
        nh_bytes key = nh_map_key_at(trailers, i);
        error = add_trailer_take(message, text,
                                 nh_string_new(memory, (const char *)key.data, key.length),
                                 nh_value_retain(nh_map_value_at(trailers, i)));
    }
    return error;
}

nh_error *nh_outgoing_message_add_trailers(nh_outgoing_message *message, nh_value trailers) {
    nh_memory *memory = memory_of(message);
    nh_value_release(&message->trailer);
    if (trailers.type == NH_INVALID) {
        return nh_error_out_of_memory();
    }
    if (nh_value_is_nullish(trailers)) {
        return nh_error_new(memory, "TypeError", NULL,
                            "Cannot convert undefined or null to object");
    }
    nh_text text;
    nh_text_init(&text, memory);
    nh_error *error = add_all_trailers(message, &text, trailers);
    /* What came before a bad field stays. */
    nh_value lines = nh_text_take_string(&text);
    if (lines.type == NH_INVALID) {
        nh_error_release(error);
        return nh_error_out_of_memory();
    }
    message->trailer = lines;
    return error;
}

/* --- uniqueHeaders ------------------------------------------------------------------------ */

nh_value nh_http_unique_headers(nh_memory *memory, nh_value list) {
    if (list.type != NH_LIST) {
        return nh_undefined();
    }
    nh_value map = nh_map_new(memory);
    for (size_t i = 0; i < nh_list_length(list); i++) {
        nh_text key;
        nh_text_init(&key, memory);
        nh_text_add_bytes(&key, nh_value_bytes(nh_list_get(list, i)));
        nh_http_lower_case((uint8_t *)key.data, key.length);
        bool set = !key.failed &&
                   nh_map_set_bytes(map, nh_bytes_of(key.data, key.length), nh_boolean(true));
        nh_text_deinit(&key);
        if (!set) {
            nh_value_release(&map);
            return (nh_value){.type = NH_INVALID};
        }
    }
    return map;
}

bool nh_outgoing_is_unique(const nh_outgoing_message *message, nh_bytes name) {
    nh_value unique = message->unique_headers;
    for (size_t i = 0; i < nh_map_length(unique); i++) {
        nh_bytes key = nh_map_key_at(unique, i);
        if (key.length == name.length &&
            nh_bytes_equal_text_ignoring_case(name, (const char *)key.data)) {
            return true;
        }
    }
    return false;
}
