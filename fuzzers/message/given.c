/* Headers that are given to writeHead(), and what becomes of them. */
#include "message/composer.h"

void fuzz_give_header(struct fuzz_composer *composer, struct fuzz_message *message,
                      const struct fuzz_step *step) {
    if (message->given_count == FUZZ_GIVEN) {
        message->given_count = 0;
        return;
    }
    size_t at = message->given_count++;
    struct fuzz_text name = fuzz_name_of(composer, step->bytes[2], step->numbers[0]);
    message->given[at].name = name.bytes;
    message->given_wide[at] = name.wide;
    message->given_values[at] = fuzz_value_of(composer, step->bytes[3], step->numbers[1]);
}

static struct fuzz_text given_name(const struct fuzz_message *message, size_t at) {
    return (struct fuzz_text){message->given[at].name, message->given_wide[at]};
}

/* Whether a later entry of the same map replaces this one. */
static size_t last_of_key(const struct fuzz_message *message, size_t at) {
    size_t last = at;
    for (size_t i = at + 1; i < message->given_count; i++) {
        if (nh_bytes_equal(message->given[i].name, message->given[at].name) &&
            message->given_wide[i] == message->given_wide[at]) {
            last = i;
        }
    }
    return last;
}

static bool is_first_of_key(const struct fuzz_message *message, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (nh_bytes_equal(message->given[i].name, message->given[at].name) &&
            message->given_wide[i] == message->given_wide[at]) {
            return false;
        }
    }
    return true;
}

/* The entries of the map in the order of its keys: where the key stood first. */
static size_t map_order(const struct fuzz_message *message, size_t out[FUZZ_GIVEN]) {
    size_t count = 0;
    for (size_t i = 0; i < message->given_count; i++) {
        if (!is_first_of_key(message, i)) {
            continue;
        }
        size_t at = count++;
        int64_t index = fuzz_index_of(message->given[i].name);
        while (index >= 0 && at > 0) {
            int64_t before = fuzz_index_of(message->given[out[at - 1]].name);
            if (before >= 0 && before < index) {
                break;
            }
            out[at] = out[at - 1];
            at--;
        }
        out[at] = i;
    }
    return count;
}

nh_value fuzz_given_value(nh_memory *memory, const struct fuzz_message *message,
                          enum fuzz_given_form form) {
    bool is_map = form == FUZZ_GIVEN_MAP || form == FUZZ_GIVEN_MERGED_MAP;
    nh_value given = is_map ? nh_map_new(memory) : nh_list_new(memory);
    bool good = given.type != NH_INVALID;
    for (size_t i = 0; good && i < message->given_count; i++) {
        nh_value name = fuzz_text_value(memory, given_name(message, i));
        nh_value value = fuzz_value_make(memory, message->given_values[i]);
        if (is_map) {
            good = name.type != NH_INVALID && nh_map_set_bytes(given, nh_value_bytes(name), value);
        } else if (form == FUZZ_GIVEN_PAIRS) {
            nh_value pair = nh_list_new(memory);
            good = nh_list_append(pair, name) && nh_list_append(pair, value) &&
                   nh_list_append(given, pair);
            nh_value_release(&pair);
        } else {
            good = nh_list_append(given, name) && nh_list_append(given, value);
        }
        nh_value_release(&name);
        nh_value_release(&value);
    }
    if (!good) {
        nh_value_release(&given);
        return (nh_value){.type = NH_INVALID};
    }
    return given;
}

struct fuzz_value fuzz_given_under(const struct fuzz_message *message, const char *name) {
    struct fuzz_value value = {FUZZ_VALUE_UNDEFINED, {{NULL, 0}, false}};
    size_t order[FUZZ_GIVEN];
    size_t count = map_order(message, order);
    for (size_t i = 0; i < count; i++) {
        if (fuzz_is_named(message->given[order[i]].name, name)) {
            value = message->given_values[last_of_key(message, order[i])];
        }
    }
    return value;
}

/* Of a Content-Disposition behind a Content-Length Node.js takes the bytes, and looks at the text
 * that these are in UTF-8: what is no ASCII text becomes another text, or fails. */
static bool is_open_disposition(const struct fuzz_message *message, size_t at, size_t value_at) {
    struct fuzz_value value = message->given_values[value_at];
    bool is_open = value.kind != FUZZ_VALUE_TEXT && value.kind != FUZZ_VALUE_LIST &&
                   value.kind != FUZZ_VALUE_EMPTY_LIST;
    for (size_t i = 0; i < value.text.bytes.length; i++) {
        is_open = is_open || value.text.bytes.data[i] >= 0x80;
    }
    bool has_length = false;
    for (size_t i = 0; i < message->list_count; i++) {
        has_length = has_length || fuzz_is_named(message->list[i].name, "content-length");
    }
    return is_open && has_length && fuzz_is_named(message->given[at].name, "content-disposition");
}

bool fuzz_may_refuse_disposition(const struct fuzz_message *message) {
    const struct fuzz_field *field = fuzz_fields_get(&message->fields, "content-disposition");
    return !message->head_made && field != NULL && field->has_others;
}

/* One header that is a line of the head itself. */
static const char *list_one(struct fuzz_message *message, size_t at, size_t value_at) {
    struct fuzz_value value = message->given_values[value_at];
    const char *code = fuzz_predict_field(given_name(message, at), value);
    message->is_open = message->is_open || is_open_disposition(message, at, value_at);
    if (code == NULL) {
        struct fuzz_field *field = &message->list[message->list_count++];
        fuzz_field_assign(field, message->given[at].name, value);
    }
    return code;
}

static const char *merge_one(struct fuzz_message *message, size_t at, size_t value_at,
                             bool replaces) {
    struct fuzz_value value = message->given_values[value_at];
    const char *code = fuzz_predict_field(given_name(message, at), value);
    if (code == NULL && replaces) {
        fuzz_fields_set(&message->fields, message->given[at].name, value);
        message->has_fields = true;
    } else if (code == NULL) {
        fuzz_fields_append(&message->fields, message->given[at].name, value);
    }
    return code;
}

const char *fuzz_take_given(struct fuzz_message *message, enum fuzz_given_form form) {
    size_t order[FUZZ_GIVEN];
    const char *code = NULL;
    bool is_map = form == FUZZ_GIVEN_MAP || form == FUZZ_GIVEN_MERGED_MAP;
    size_t count = is_map ? map_order(message, order) : message->given_count;
    message->list_count = 0;
    for (size_t i = 0; i < count && form == FUZZ_GIVEN_MERGED_LIST; i++) {
        fuzz_note_removal(message, given_name(message, i));
    }
    for (size_t i = 0; i < count && code == NULL; i++) {
        size_t at = is_map ? order[i] : i;
        size_t value_at = is_map ? last_of_key(message, at) : i;
        code = form == FUZZ_GIVEN_MERGED_MAP || form == FUZZ_GIVEN_MERGED_LIST
                   ? merge_one(message, at, value_at, is_map)
                   : list_one(message, at, value_at);
    }
    message->listed = form != FUZZ_GIVEN_MERGED_MAP && form != FUZZ_GIVEN_MERGED_LIST;
    return code;
}
