/* Interim responses: 100 Continue, 102 Processing, 103 Early Hints (RFC 9110, section 15.2; RFC
 * 8297). */
#include "http/server_internal.h"

#include "core/text.h"
#include "http/constants_internal.h"
#include "http/support_internal.h"

static nh_memory *memory_of(const nh_server_response *response) {
    return nh_object_memory(&response->message.emitter);
}

/* Sends a head of its own, past the one of the response. */
static nh_error *write_interim_take(nh_server_response *response, nh_value head,
                                    nh_value callback) {
    const nh_http_constants *constants = nh_http_constants_of(response->message.emitter.loop);
    nh_value function = callback.type == NH_FUNCTION ? callback : nh_undefined();
    nh_error *error = constants == NULL ? nh_error_out_of_memory()
                                        : nh_outgoing_write_raw(&response->message, head,
                                                                constants->ascii, function, NULL);
    nh_value_release(&head);
    return error;
}

nh_error *nh_server_response_write_continue(nh_server_response *response, nh_value callback) {
    nh_value head = nh_string_of(memory_of(response), "HTTP/1.1 100 Continue\r\n\r\n");
    nh_error *error = write_interim_take(response, head, callback);
    if (error == NULL) {
        response->sent_continue = true;
    }
    return error;
}

nh_error *nh_server_response_write_processing(nh_server_response *response, nh_value callback) {
    nh_value head = nh_string_of(memory_of(response), "HTTP/1.1 102 Processing\r\n\r\n");
    return write_interim_take(response, head, callback);
}

/* --- the Link field ----------------------------------------------------------------------- */

/* White space of a JavaScript regular expression (ECMAScript, CharacterClassEscape). */
static bool is_space(uint32_t character) {
    return character == ' ' || (character >= '\t' && character <= '\r') || character == 0xA0 ||
           character == 0x1680 || (character >= 0x2000 && character <= 0x200A) ||
           character == 0x2028 || character == 0x2029 || character == 0x202F ||
           character == 0x205F || character == 0x3000 || character == 0xFEFF;
}

static bool is_parameter_character(uint32_t character) {
    return character != ';' && character != '"' && !is_space(character);
}

static size_t skip(nh_bytes text, size_t at, bool (*accept)(uint32_t character)) {
    while (at < text.length) {
        uint32_t character;
        size_t length = nh_utf8_decode(text.data + at, text.length - at, &character);
        if (!accept(character)) {
            break;
        }
        at += length;
    }
    return at;
}

/* `name`, `name=value` or `name="value"`, from `at`; 0 when there is none. */
static size_t skip_parameter(nh_bytes text, size_t at) {
    size_t end = skip(text, at, is_parameter_character);
    if (end == at) {
        return 0;
    }
    if (end == text.length || text.data[end] != '"') {
        return end;
    }
    if (end - at < 2 || text.data[end - 1] != '=') {
        return 0;
    }
    end = skip(text, end + 1, is_parameter_character);
    return end < text.length && text.data[end] == '"' ? end + 1 : 0;
}

/* `<uri>` and parameters, each after a semicolon. */
static bool is_link(nh_value value) {
    nh_bytes text = nh_value_bytes(value);
    if (value.type != NH_STRING || text.length < 2 || text.data[0] != '<') {
        return false;
    }
    size_t at = 1;
    while (at < text.length && text.data[at] != '>') {
        at++;
    }
    if (at == text.length) {
        return false;
    }
    at++;
    while (at < text.length) {
        at = skip(text, at, is_space);
        if (at == text.length || text.data[at] != ';') {
            return false;
        }
        at = skip_parameter(text, skip(text, at + 1, is_space));
        if (at == 0) {
            return false;
        }
    }
    return true;
}

static nh_error *link_error(nh_memory *memory, nh_value value) {
    return nh_error_new_argument_value(
        memory, "hints", value,
        "must be an array or string of format \"</styles.css>; rel=preload; as=style\"");
}

/* Adds the field's value; leaves the text as it is for an empty list. */
static nh_error *add_links(nh_memory *memory, nh_text *text, nh_value link) {
    if (link.type != NH_LIST) {
        if (!is_link(link)) {
            return link_error(memory, link);
        }
        nh_text_add_bytes(text, nh_value_bytes(link));
        return NULL;
    }
    for (size_t i = 0; i < nh_list_length(link); i++) {
        nh_value item = nh_list_get(link, i);
        if (!is_link(item)) {
            return link_error(memory, item);
        }
        if (i != 0) {
            nh_text_add(text, ", ", 2);
        }
        nh_text_add_bytes(text, nh_value_bytes(item));
    }
    return NULL;
}

static nh_error *add_other_hints(nh_memory *memory, nh_text *text, nh_value hints) {
    for (size_t i = 0; i < nh_map_length(hints); i++) {
        nh_bytes key = nh_map_key_at(hints, i);
        if (nh_bytes_equal_text(key, "link")) {
            continue;
        }
        nh_error *error = NULL;
        nh_value value = nh_http_value_to_string(memory, nh_map_value_at(hints, i), &error);
        if (error != NULL) {
            return error;
        }
        nh_text_add_bytes(text, key);
        nh_text_add(text, ": ", 2);
        nh_text_add_bytes(text, nh_value_bytes(value));
        nh_text_add(text, "\r\n", 2);
        nh_value_release(&value);
    }
    return NULL;
}

nh_error *nh_server_response_write_early_hints(nh_server_response *response, nh_value hints,
                                               nh_value callback) {
    static const char start[] = "HTTP/1.1 103 Early Hints\r\nLink: ";
    nh_memory *memory = memory_of(response);
    if (hints.type != NH_MAP) {
        return nh_error_new_argument_type(memory, "hints", "of type object", hints);
    }
    nh_value link = nh_map_get(hints, "link");
    if (nh_value_is_nullish(link)) {
        return NULL;
    }
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_c(&text, start);
    nh_error *error = add_links(memory, &text, link);
    bool has_links = text.length > sizeof(start) - 1;
    nh_text_add(&text, "\r\n", 2);
    if (error == NULL && has_links) {
        error = add_other_hints(memory, &text, hints);
    }
    nh_text_add(&text, "\r\n", 2);
    if (error != NULL || (!has_links && !text.failed)) {
        nh_text_deinit(&text);
        return error;
    }
    return write_interim_take(response, nh_text_take_string(&text), callback);
}
