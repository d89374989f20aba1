#include "message/fields.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

/* What null is as a line of its own; inside a joined list it is nothing. */
static const char null_text[] = "null";

/* --- values ------------------------------------------------------------------------------- */

/* Cuts a text at its commas; the last piece takes what is left. */
static size_t cut(struct fuzz_text text, struct fuzz_text out[FUZZ_PIECES]) {
    size_t count = 0;
    size_t start = 0;
    for (size_t i = 0; i <= text.bytes.length; i++) {
        bool ends = i == text.bytes.length;
        if (ends || (text.bytes.data[i] == ',' && count + 1 < FUZZ_PIECES)) {
            out[count++] = (struct fuzz_text){
                {text.bytes.length == 0 ? text.bytes.data : text.bytes.data + start, i - start},
                text.wide};
            start = i + 1;
        }
    }
    return count;
}

nh_value fuzz_value_make(nh_memory *memory, struct fuzz_value value) {
    struct fuzz_text pieces[FUZZ_PIECES];
    switch (value.kind) {
    case FUZZ_VALUE_TEXT:
        return fuzz_text_value(memory, value.text);
    case FUZZ_VALUE_LIST:
    case FUZZ_VALUE_HOLES:
    case FUZZ_VALUE_EMPTY_LIST: {
        nh_value list = nh_list_new(memory);
        size_t count = value.kind == FUZZ_VALUE_EMPTY_LIST ? 0 : cut(value.text, pieces);
        for (size_t i = 0; i < count && list.type == NH_LIST; i++) {
            bool is_hole = value.kind == FUZZ_VALUE_HOLES && pieces[i].bytes.length == 0;
            nh_value element = is_hole ? nh_null() : fuzz_text_value(memory, pieces[i]);
            if (!nh_list_append_take(list, element)) {
                nh_value_release(&list);
                return (nh_value){.type = NH_INVALID};
            }
        }
        return list;
    }
    case FUZZ_VALUE_NUMBER:
        return nh_number((double)value.text.bytes.length);
    case FUZZ_VALUE_TRUE:
        return nh_boolean(true);
    case FUZZ_VALUE_NULL:
        return nh_null();
    case FUZZ_VALUE_UNDEFINED:
        break;
    }
    return nh_undefined();
}

bool fuzz_value_is_list(struct fuzz_value value) {
    return value.kind == FUZZ_VALUE_LIST || value.kind == FUZZ_VALUE_HOLES ||
           value.kind == FUZZ_VALUE_EMPTY_LIST;
}

bool fuzz_value_is_legal(struct fuzz_value value) {
    return (value.kind != FUZZ_VALUE_TEXT && value.kind != FUZZ_VALUE_LIST &&
            value.kind != FUZZ_VALUE_HOLES) ||
           fuzz_is_field_value(value.text);
}

static nh_bytes number_text(size_t number) {
    static char texts[FUZZ_TEXT_CHARACTERS + 1][8];
    if (texts[number][0] == '\0') {
        (void)snprintf(texts[number], sizeof(texts[number]), "%u", (unsigned)number % 10000);
    }
    return nh_bytes_of_text(texts[number]);
}

size_t fuzz_value_pieces(struct fuzz_value value, nh_bytes out[FUZZ_PIECES]) {
    struct fuzz_text pieces[FUZZ_PIECES];
    size_t count = 1;
    switch (value.kind) {
    case FUZZ_VALUE_TEXT:
        out[0] = value.text.bytes;
        break;
    case FUZZ_VALUE_LIST:
    case FUZZ_VALUE_HOLES:
        count = cut(value.text, pieces);
        for (size_t i = 0; i < count; i++) {
            bool is_hole = value.kind == FUZZ_VALUE_HOLES && pieces[i].bytes.length == 0;
            out[i] = is_hole ? nh_bytes_of_text(null_text) : pieces[i].bytes;
        }
        break;
    case FUZZ_VALUE_EMPTY_LIST:
        return 0;
    case FUZZ_VALUE_NUMBER:
        out[0] = number_text(value.text.bytes.length);
        break;
    case FUZZ_VALUE_TRUE:
        out[0] = nh_bytes_of_text("true");
        break;
    case FUZZ_VALUE_NULL:
        out[0] = nh_bytes_of_text(null_text);
        break;
    case FUZZ_VALUE_UNDEFINED:
        out[0] = nh_bytes_of_text("undefined");
        break;
    }
    return count;
}

/* --- fields ------------------------------------------------------------------------------- */

const char *const fuzz_unique_names[3] = {"X-A", "content-type", "10"};
static bool has_unique_names;

void fuzz_fields_set_unique(bool are_unique) {
    has_unique_names = are_unique;
}

bool fuzz_is_unique(nh_bytes name) {
    for (size_t i = 0; has_unique_names && i < 3; i++) {
        if (fuzz_is_same_name(name, nh_bytes_of_text(fuzz_unique_names[i]))) {
            return true;
        }
    }
    return false;
}

static bool has_others(struct fuzz_value value) {
    return value.kind != FUZZ_VALUE_TEXT && value.kind != FUZZ_VALUE_LIST &&
           value.kind != FUZZ_VALUE_EMPTY_LIST;
}

void fuzz_field_assign(struct fuzz_field *field, nh_bytes name, struct fuzz_value value) {
    field->name = name;
    field->is_list = fuzz_value_is_list(value);
    field->is_number = value.kind == FUZZ_VALUE_NUMBER;
    field->has_others = has_others(value);
    field->count = fuzz_value_pieces(value, field->values);
}

static size_t find(const struct fuzz_fields *fields, nh_bytes name) {
    size_t at = 0;
    while (at < fields->count && !fuzz_is_same_name(fields->fields[at].name, name)) {
        at++;
    }
    return at;
}

struct fuzz_field *fuzz_fields_find(struct fuzz_fields *fields, nh_bytes name) {
    size_t at = find(fields, name);
    return at == fields->count ? NULL : &fields->fields[at];
}

const struct fuzz_field *fuzz_fields_get(const struct fuzz_fields *fields, const char *lower_case) {
    size_t at = find(fields, nh_bytes_of_text(lower_case));
    return at == fields->count ? NULL : &fields->fields[at];
}

bool fuzz_fields_have_room(const struct fuzz_fields *fields, size_t values) {
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->fields[i].count + values * FUZZ_PIECES > FUZZ_FIELD_VALUES) {
            return false;
        }
    }
    return fields->count + values <= FUZZ_FIELDS;
}

void fuzz_fields_set(struct fuzz_fields *fields, nh_bytes name, struct fuzz_value value) {
    size_t at = find(fields, name);
    struct fuzz_field *field = &fields->fields[at];
    if (at == fields->count) {
        FUZZ_CHECK(at < FUZZ_FIELDS, "more headers than the model has room for");
        fields->count++;
    }
    fuzz_field_assign(field, name, value);
}

void fuzz_fields_append(struct fuzz_fields *fields, nh_bytes name, struct fuzz_value value) {
    struct fuzz_field *field = fuzz_fields_find(fields, name);
    if (field == NULL) {
        fuzz_fields_set(fields, name, value);
        return;
    }
    FUZZ_CHECK(field->count + FUZZ_PIECES <= FUZZ_FIELD_VALUES,
               "more values than the model has room for");
    field->is_list = true;
    field->has_others = field->has_others || has_others(value);
    field->count += fuzz_value_pieces(value, field->values + field->count);
}

void fuzz_fields_remove(struct fuzz_fields *fields, nh_bytes name) {
    size_t at = find(fields, name);
    if (at != fields->count) {
        fields->count--;
        memmove(fields->fields + at, fields->fields + at + 1,
                (fields->count - at) * sizeof(fields->fields[0]));
    }
}

void fuzz_fields_order(const struct fuzz_fields *fields, size_t out[FUZZ_FIELDS]) {
    for (size_t i = 0; i < fields->count; i++) {
        size_t at = i;
        int64_t index = fuzz_index_of(fields->fields[i].name);
        while (index >= 0 && at > 0) {
            int64_t before = fuzz_index_of(fields->fields[out[at - 1]].name);
            if (before >= 0 && before < index) {
                break;
            }
            out[at] = out[at - 1];
            at--;
        }
        out[at] = i;
    }
}

/* --- on the wire -------------------------------------------------------------------------- */

size_t fuzz_write_bytes(nh_bytes bytes, bool utf8, uint8_t *out) {
    if (utf8) {
        return fuzz_text_to_utf8((struct fuzz_text){bytes, false}, out);
    }
    if (bytes.length != 0) {
        memcpy(out, bytes.data, bytes.length);
    }
    return bytes.length;
}

static size_t write_text(const char *text, uint8_t *out) {
    return fuzz_write_bytes(nh_bytes_of_text(text), false, out);
}

/* The elements of a list with "; " between them, as Array.prototype.join() does it. */
static size_t write_joined(const struct fuzz_field *field, bool utf8, uint8_t *out) {
    size_t length = fuzz_write_bytes(field->name, utf8, out);
    length += write_text(": ", out + length);
    for (size_t i = 0; i < field->count; i++) {
        length += write_text(i == 0 ? "" : "; ", out + length);
        if ((const void *)field->values[i].data != null_text) {
            length += fuzz_write_bytes(field->values[i], utf8, out + length);
        }
    }
    return length + write_text("\r\n", out + length);
}

bool fuzz_trailer_is_joined(const struct fuzz_field *field) {
    return field->is_list && (field->count < 2 || fuzz_is_unique(field->name));
}

size_t fuzz_trailer_write(const struct fuzz_field *field, uint8_t *out) {
    size_t length = 0;
    if (fuzz_trailer_is_joined(field)) {
        return write_joined(field, false, out);
    }
    for (size_t i = 0; i < field->count; i++) {
        struct fuzz_field line = {.name = field->name, .count = 1, .values = {field->values[i]}};
        length += fuzz_field_write(&line, (struct fuzz_head_form){false, false}, out + length);
    }
    return length;
}

size_t fuzz_field_write(const struct fuzz_field *field, struct fuzz_head_form form, uint8_t *out) {
    /* Cookies go out as one line (RFC 6265, section 5.4). */
    if (field->is_list && ((form.joins_unique && fuzz_is_unique(field->name)) ||
                           (field->count > 1 && fuzz_is_named(field->name, "cookie")))) {
        return write_joined(field, form.utf8, out);
    }
    size_t length = 0;
    for (size_t i = 0; i < field->count; i++) {
        length += fuzz_write_bytes(field->name, form.utf8, out + length);
        length += write_text(": ", out + length);
        length += fuzz_write_bytes(field->values[i], form.utf8, out + length);
        length += write_text("\r\n", out + length);
    }
    return length;
}

size_t fuzz_fields_write(const struct fuzz_fields *fields, struct fuzz_head_form form,
                         uint8_t *out) {
    size_t order[FUZZ_FIELDS];
    size_t length = 0;
    fuzz_fields_order(fields, order);
    for (size_t i = 0; i < fields->count; i++) {
        length += fuzz_field_write(&fields->fields[order[i]], form, out + length);
    }
    return length;
}
