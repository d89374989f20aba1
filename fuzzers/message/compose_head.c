/* Calls that make the head of a message, and what they come to. */
#include "message/composer.h"

#include <nodehttp/http.h>

#include <stdio.h>
#include <string.h>

#include "support/check.h"

static nh_memory *memory_of(const struct fuzz_composer *composer) {
    return nh_loop_memory(composer->world.loop);
}

/* --- single headers ----------------------------------------------------------------------- */

const char *fuzz_predict_field(struct fuzz_text name, struct fuzz_value value) {
    return !fuzz_is_token(name)                 ? "ERR_INVALID_HTTP_TOKEN"
           : value.kind == FUZZ_VALUE_UNDEFINED ? "ERR_HTTP_INVALID_HEADER_VALUE"
           : !fuzz_value_is_legal(value)        ? "ERR_INVALID_CHAR"
                                                : NULL;
}

void fuzz_note_removal(struct fuzz_message *message, struct fuzz_text text) {
    struct fuzz_text looked_up = fuzz_looked_up(text);
    nh_bytes name = looked_up.bytes;
    if (looked_up.wide) {
        return;
    }
    message->removed_connection = message->removed_connection || fuzz_is_named(name, "connection");
    message->sends_date = message->sends_date && !fuzz_is_named(name, "date");
    fuzz_fields_remove(&message->fields, name);
}

/* setHeaders() with a Map or Headers of one entry. */
static nh_error *set_as_map(const struct fuzz_composer *composer, struct fuzz_message *message,
                            nh_value name, nh_value value) {
    nh_memory *memory = memory_of(composer);
    nh_value entries =
        nh_list_new_entries(memory, message->fields.count % 2 == 0 ? "Map" : "Headers");
    nh_value pair = nh_list_new(memory);
    bool made =
        nh_list_append(pair, name) && nh_list_append(pair, value) && nh_list_append(entries, pair);
    nh_error *error = made ? nh_outgoing_message_set_headers(message->message, entries)
                           : nh_error_retain(nh_error_out_of_memory());
    nh_value_release(&pair);
    nh_value_release(&entries);
    return error;
}

static void set_header(struct fuzz_composer *composer, struct fuzz_message *message,
                       const struct fuzz_step *step) {
    unsigned way = step->numbers[0] >> 2 & 3U;
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[2], step->numbers[0]);
    struct fuzz_value value = fuzz_value_of(composer, step->bytes[3], step->numbers[1]);
    if (!fuzz_fields_have_room(&message->fields, 1)) {
        return;
    }
    /* setHeaders() collects cookies in a list, and sets none if it stays empty. */
    bool collects = way == 2 && !name.wide && nh_bytes_equal_text(name.bytes, "set-cookie");
    bool is_nothing = collects && value.kind == FUZZ_VALUE_EMPTY_LIST;
    nh_value name_value = fuzz_text_value(memory_of(composer), name);
    nh_value given = fuzz_value_make(memory_of(composer), value);
    const char *code =
        message->head_made ? "ERR_HTTP_HEADERS_SENT" : fuzz_predict_field(name, value);
    if (collects && !message->head_made && value.kind == FUZZ_VALUE_UNDEFINED) {
        code = NULL; /* the list is checked, not the element */
    }
    nh_error *error =
        way == 1   ? nh_outgoing_message_append_header(message->message, name_value, given)
        : way == 2 ? set_as_map(composer, message, name_value, given)
                   : nh_outgoing_message_set_header(message->message, name_value, given);
    if (fuzz_expect_take(composer, error, code, "setHeader()") && !is_nothing) {
        message->has_fields = true;
        if (way == 1) {
            fuzz_fields_append(&message->fields, name.bytes, value);
        } else {
            fuzz_fields_set(&message->fields, name.bytes, value);
        }
        if (collects) {
            struct fuzz_field *cookies = fuzz_fields_find(&message->fields, name.bytes);
            cookies->is_list = true;
            cookies->is_number = false;
        }
    }
    nh_value_release(&name_value);
    nh_value_release(&given);
}

static void remove_header(struct fuzz_composer *composer, struct fuzz_message *message,
                          const struct fuzz_step *step) {
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[1], step->numbers[0]);
    nh_value name_value = fuzz_text_value(memory_of(composer), name);
    nh_error *error = nh_outgoing_message_remove_header(message->message, name_value);
    const char *code = message->head_made ? "ERR_HTTP_HEADERS_SENT" : NULL;
    if (fuzz_expect_take(composer, error, code, "removeHeader()")) {
        fuzz_note_removal(message, name);
    }
    nh_value_release(&name_value);
}

/* --- reading back ------------------------------------------------------------------------- */

static void check_text(nh_value value, nh_bytes latin1, bool in_lower_case) {
    uint8_t expected[4 * FUZZ_TEXT_CHARACTERS];
    size_t length = fuzz_write_bytes(latin1, true, expected);
    for (size_t i = 0; in_lower_case && i < length; i++) {
        expected[i] |= expected[i] >= 'A' && expected[i] <= 'Z' ? 0x20 : 0;
    }
    FUZZ_CHECK(nh_bytes_equal(nh_value_bytes(value), nh_bytes_of(expected, length)),
               "\"%s\" instead of \"%.*s\"", nh_value_text(value), (int)length,
               (const char *)expected);
}

static void check_value(nh_memory *memory, nh_value value, const struct fuzz_field *field) {
    FUZZ_CHECK((value.type == NH_LIST) == field->is_list, "a list came back as none, or so");
    if (field->is_list) {
        FUZZ_CHECK(nh_list_length(value) == field->count, "%zu values instead of %zu",
                   nh_list_length(value), field->count);
    }
    for (size_t i = 0; i < field->count; i++) {
        nh_value element = field->is_list ? nh_list_get(value, i) : value;
        if (element.type == NH_BUFFER) { /* a Content-Disposition that has been sent */
            FUZZ_CHECK(nh_bytes_equal(nh_value_bytes(element), field->values[i]),
                       "the bytes of a value are others");
            continue;
        }
        nh_value text = nh_value_to_string(memory, element);
        if (text.type != NH_INVALID) {
            check_text(text, field->values[i], false);
        }
        nh_value_release(&text);
    }
}

static void check_lists(struct fuzz_message *message, nh_memory *memory, nh_value names,
                        nh_value raw_names, nh_value map) {
    size_t order[FUZZ_FIELDS];
    size_t count = message->fields.count;
    fuzz_fields_order(&message->fields, order);
    FUZZ_CHECK(nh_list_length(names) == count && nh_list_length(raw_names) == count &&
                   nh_map_length(map) == count,
               "%zu names, %zu raw names and %zu entries instead of %zu", nh_list_length(names),
               nh_list_length(raw_names), nh_map_length(map), count);
    for (size_t i = 0; i < count; i++) {
        const struct fuzz_field *field = &message->fields.fields[order[i]];
        check_text(nh_list_get(names, i), field->name, true);
        check_text(nh_list_get(raw_names, i), field->name, false);
        FUZZ_CHECK(nh_bytes_equal(nh_map_key_at(map, i), nh_value_bytes(nh_list_get(names, i))),
                   "getHeaders() and getHeaderNames() differ");
        check_value(memory, nh_map_value_at(map, i), field);
    }
}

static void read_headers(struct fuzz_composer *composer, struct fuzz_message *message,
                         const struct fuzz_step *step) {
    nh_memory *memory = memory_of(composer);
    nh_outgoing_message *outgoing = message->message;
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[1], step->numbers[0]);
    nh_value name_value = fuzz_text_value(memory, name);
    struct fuzz_text looked_up = fuzz_looked_up(name);
    const struct fuzz_field *field =
        fuzz_is_token(looked_up) ? fuzz_fields_find(&message->fields, looked_up.bytes) : NULL;
    nh_value value = nh_undefined();
    bool has = false;
    (void)fuzz_expect_take(composer, nh_outgoing_message_get_header(outgoing, name_value, &value),
                           NULL, "getHeader()");
    (void)fuzz_expect_take(composer, nh_outgoing_message_has_header(outgoing, name_value, &has),
                           NULL, "hasHeader()");
    nh_value names = nh_outgoing_message_get_header_names(outgoing);
    nh_value raw_names = nh_outgoing_message_get_raw_header_names(outgoing);
    nh_value map = nh_outgoing_message_get_headers(outgoing);
    if (!fuzz_composer_gave_up(composer)) {
        FUZZ_CHECK(has == (field != NULL), "hasHeader() is %d", has);
        FUZZ_CHECK((value.type == NH_UNDEFINED) == (field == NULL), "getHeader() is wrong");
        if (field != NULL) {
            check_value(memory, value, field);
        }
        check_lists(message, memory, names, raw_names, map);
    }
    nh_value *const owned[] = {&name_value, &value, &names, &raw_names, &map};
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
        nh_value_release(owned[i]);
    }
}

/* --- the head ----------------------------------------------------------------------------- */

bool fuzz_may_have_trailer(const struct fuzz_message *message) {
    bool has = fuzz_fields_get(&message->fields, "trailer") != NULL;
    for (size_t i = 0; i < message->list_count; i++) {
        has = has || fuzz_is_named(message->list[i].name, "trailer");
    }
    return has;
}

const struct fuzz_field *fuzz_own_field(const struct fuzz_message *message, const char *name,
                                        const struct fuzz_field *after) {
    if (!message->listed) {
        return after == NULL ? fuzz_fields_get(&message->fields, name) : NULL;
    }
    for (size_t i = after == NULL ? 0 : (size_t)(after - message->list) + 1;
         i < message->list_count; i++) {
        if (fuzz_is_named(message->list[i].name, name)) {
            return &message->list[i];
        }
    }
    return NULL;
}

const struct fuzz_field *fuzz_line_named(const struct fuzz_message *message, const char *name) {
    const struct fuzz_field *field = fuzz_own_field(message, name, NULL);
    while (field != NULL && field->count == 0) {
        field = fuzz_own_field(message, name, field);
    }
    return field;
}

bool fuzz_is_only_line(const struct fuzz_message *message, const char *name) {
    size_t count = 0;
    for (const struct fuzz_field *field = fuzz_own_field(message, name, NULL); field != NULL;
         field = fuzz_own_field(message, name, field)) {
        count += field->count;
    }
    return count == 1;
}

bool fuzz_has_line(const struct fuzz_message *message, const char *name) {
    return fuzz_line_named(message, name) != NULL;
}

void fuzz_note_head(struct fuzz_message *message) {
    if (!message->head_made && nh_outgoing_message_headers_sent(message->message)) {
        message->head_made = true;
        message->head_status = message->status;
        message->head_reason = message->reason.bytes;
        if (fuzz_has_line(message, "expect")) { /* it goes out at once */
            message->first = FUZZ_FIRST_EMPTY;
        }
    }
}

/* status and reason as the head gets them, and what is wrong with the status. */
static const char *take_status(struct fuzz_message *message, unsigned status,
                               const struct fuzz_text *reason) {
    if (status < 100 || status > 999) {
        return "ERR_HTTP_INVALID_STATUS_CODE";
    }
    message->status = status;
    if (reason != NULL) {
        message->reason = *reason;
    } else if (!message->has_reason || message->reason.bytes.length == 0) {
        const char *phrase = nh_http_status_text((int)status);
        message->reason =
            (struct fuzz_text){nh_bytes_of_text(phrase == NULL ? "unknown" : phrase), false};
    }
    message->has_reason = true;
    return NULL;
}

const char *fuzz_predict_head(const struct fuzz_composer *composer, struct fuzz_message *message) {
    if (message->head_made || (composer->flags & FUZZ_COMPOSER_CLIENT) != 0) {
        return NULL;
    }
    const char *code = take_status(message, message->status, NULL);
    if (code == NULL && !fuzz_is_field_value(message->reason)) {
        code = "ERR_INVALID_CHAR";
    }
    return code;
}

static unsigned status_of(const struct fuzz_step *step) {
    static const unsigned statuses[4] = {200, 204, 304, 101};
    unsigned which = step->numbers[1] >> 14;
    return which == 3 ? step->numbers[1] % 1050 : statuses[step->numbers[1] & 3U];
}

/* A value that JavaScript converts to this number, where a status is taken. */
static nh_value status_value(nh_memory *memory, unsigned status, unsigned form) {
    static const char *const around[8][2] = {{"", ""},    {" \t", "\n"}, {"0x", ""}, {"", ".25"},
                                             {"+", ".0"}, {"", "e0"},    {"", "."},  {"\v", " "}};
    nh_value list;
    switch (form & 15U) {
    case 0:
        return nh_number(status + 4294967296.0);
    case 1:
        return nh_number(status - 4294967296.0);
    case 2:
        return nh_number(status + 0.5);
    case 3:
    case 4:
        list = nh_list_new(memory);
        if (!nh_list_append_take(list, (form & 15U) == 3
                                           ? nh_number(status)
                                           : nh_string_format(memory, "%u", status))) {
            nh_value_release(&list);
            return (nh_value){.type = NH_INVALID};
        }
        return list;
    default:
        break;
    }
    char text[32];
    const char *const *ends = around[form & 7U];
    int length = (form & 7U) == 2
                     ? snprintf(text, sizeof(text), "0x%X", status)
                     : snprintf(text, sizeof(text), "%s%u%s", ends[0], status, ends[1]);
    return (form & 8U) == 0 ? nh_number(status) : nh_string_new(memory, text, (size_t)length);
}

/* Makes a list of headers one that is refused: two pairs that are none, or one element too many. */
static bool append_odd(nh_memory *memory, nh_value given, bool as_pair, bool is_text) {
    if (as_pair && is_text) {
        return nh_list_append_take(given, nh_string_of(memory, "=x"));
    }
    return nh_list_append(given, nh_null()) && (!as_pair || nh_list_append(given, nh_null()));
}

/* writeHead() with headers that it takes over; whether the message is still worth something. */
static void write_head(struct fuzz_composer *composer, struct fuzz_message *message,
                       const struct fuzz_step *step) {
    unsigned how = step->numbers[0];
    struct fuzz_value reason = fuzz_value_of(composer, step->bytes[2], how & 0x80U);
    bool has_reason = (how & 4U) != 0;
    enum fuzz_given_form form = (how & 8U) != 0    ? FUZZ_GIVEN_LIST
                                : (how & 16U) != 0 ? FUZZ_GIVEN_PAIRS
                                                   : FUZZ_GIVEN_MAP;
    if (message->has_fields) {
        form = form == FUZZ_GIVEN_MAP ? FUZZ_GIVEN_MERGED_MAP : FUZZ_GIVEN_MERGED_LIST;
        if (!fuzz_fields_have_room(&message->fields, message->given_count)) {
            message->given_count = 0;
        }
    }
    nh_memory *memory = memory_of(composer);
    nh_value reason_value = has_reason ? fuzz_text_value(memory, reason.text) : nh_undefined();
    nh_value given =
        message->given_count == 0 ? nh_undefined() : fuzz_given_value(memory, message, form);
    /* A list that has a name without a value. */
    bool is_odd = (how & 32U) != 0 && message->given_count != 0 &&
                  (form == FUZZ_GIVEN_LIST || form == FUZZ_GIVEN_MERGED_LIST);
    /* Pairs that are none: null, or a text, of which the first character is no name. */
    bool has_odd_pair = (how & 32U) != 0 && message->given_count != 0 && form == FUZZ_GIVEN_PAIRS;
    bool is_text = (step->numbers[1] & 64U) != 0;
    if ((is_odd || has_odd_pair) && !append_odd(memory, given, has_odd_pair, is_text)) {
        nh_value_release(&given);
        given = (nh_value){.type = NH_INVALID};
    }
    unsigned status = status_of(step);
    nh_value status_given =
        (how & 64U) != 0 ? status_value(memory, status, step->numbers[1] >> 10) : nh_number(status);
    nh_error *error = nh_server_response_write_head((nh_server_response *)(void *)message->message,
                                                    status_given, reason_value, given);
    bool stores = false;
    const char *code = "ERR_HTTP_HEADERS_SENT";
    if (!message->head_made) {
        code = take_status(message, status, has_reason ? &reason.text : NULL);
        if (code == NULL && message->has_fields && is_odd) {
            code = "ERR_INVALID_ARG_VALUE";
        } else if (code == NULL && message->has_fields && message->given_count != 0) {
            code = fuzz_take_given(message, form);
        }
        if (code == NULL && !fuzz_is_field_value(message->reason)) {
            code = "ERR_INVALID_CHAR";
        }
        if (code == NULL) {
            stores = true;
            message->list_count = 0;
            code = message->has_fields ? NULL
                   : is_odd            ? "ERR_INVALID_ARG_VALUE"
                                       : fuzz_take_given(message, form);
            if (has_odd_pair && code == NULL) {
                code = is_text ? "ERR_INVALID_HTTP_TOKEN" : "";
            }
            message->listed = !message->has_fields;
        }
        message->given_count = 0;
    }
    if (stores && code == NULL && error != NULL && fuzz_may_have_trailer(message)) {
        code = "ERR_HTTP_TRAILER_INVALID";
    }
    if (stores && code == NULL && error != NULL && fuzz_may_refuse_disposition(message)) {
        code = "ERR_INVALID_ARG_TYPE";
    }
    if (message->is_open) {
        code = fuzz_code_of(error);
        message->abandoned = true;
    }
    bool done = fuzz_expect_take(composer, error, code, "writeHead()");
    message->abandoned = message->abandoned || (stores && !done);
    fuzz_note_head(message);
    nh_value_release(&status_given);
    nh_value_release(&reason_value);
    nh_value_release(&given);
}

static void set_status(struct fuzz_composer *composer, struct fuzz_message *message,
                       const struct fuzz_step *step) {
    nh_server_response *response = (nh_server_response *)(void *)message->message;
    struct fuzz_value reason = fuzz_value_of(composer, step->bytes[2], step->numbers[0] & 0x80U);
    if (message->head_made) {
        return;
    }
    if ((step->numbers[0] & 4U) != 0) {
        message->status = status_of(step);
        nh_server_response_set_status_code(response, nh_number(message->status));
    }
    if ((step->numbers[0] & 8U) != 0) {
        nh_value text = fuzz_text_value(memory_of(composer), reason.text);
        message->reason = reason.text;
        message->has_reason = true;
        nh_server_response_set_status_message(response, text);
        nh_value_release(&text);
    }
}

static void set_property(struct fuzz_message *message, const struct fuzz_step *step) {
    bool on = (step->numbers[1] & 1U) != 0;
    if (message->head_made) {
        return;
    }
    switch (step->numbers[0] >> 2 & 3U) {
    case 0:
        nh_outgoing_message_set_send_date(message->message, on);
        message->sends_date = on;
        break;
    case 1:
        nh_outgoing_message_set_use_chunked_encoding_by_default(message->message, on);
        break;
    default:
        nh_outgoing_message_set_should_keep_alive(message->message, on);
        break;
    }
}

void fuzz_compose_head(struct fuzz_composer *composer, struct fuzz_message *message,
                       enum fuzz_compose operation, const struct fuzz_step *step) {
    bool is_client = (composer->flags & FUZZ_COMPOSER_CLIENT) != 0;
    if (operation == FUZZ_SET) {
        set_header(composer, message, step);
    } else if (operation == FUZZ_REMOVE) {
        remove_header(composer, message, step);
    } else if (operation == FUZZ_READ) {
        read_headers(composer, message, step);
    } else if (operation == FUZZ_GIVE) {
        fuzz_give_header(composer, message, step);
    } else if (operation == FUZZ_HEAD && !is_client) {
        write_head(composer, message, step);
    } else if (operation == FUZZ_STATUS && !is_client) {
        set_status(composer, message, step);
    } else if (operation == FUZZ_PROPERTY) {
        set_property(message, step);
    }
}
