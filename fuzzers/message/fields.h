/* fields.h - header values of an input, and a model of the headers that a message holds. */
#ifndef FUZZERS_MESSAGE_FIELDS_H
#define FUZZERS_MESSAGE_FIELDS_H

#include "message/text.h"

#define FUZZ_PIECES 8U /* elements of a list that is set at once */
/* Room for seven headers of one name, given at once, behind a list. */
#define FUZZ_FIELD_VALUES (8 * FUZZ_PIECES)
#define FUZZ_FIELDS 24U

enum fuzz_value_kind {
    FUZZ_VALUE_TEXT,
    FUZZ_VALUE_LIST,  /* the text cut at its commas */
    FUZZ_VALUE_HOLES, /* the same, and empty pieces are null */
    FUZZ_VALUE_EMPTY_LIST,
    FUZZ_VALUE_NUMBER, /* the length of the text */
    FUZZ_VALUE_TRUE,
    FUZZ_VALUE_NULL,
    FUZZ_VALUE_UNDEFINED
};
#define FUZZ_VALUE_KINDS 8U

struct fuzz_value {
    enum fuzz_value_kind kind;
    struct fuzz_text text;
};

/* The value as the library takes it. */
nh_value fuzz_value_make(nh_memory *memory, struct fuzz_value value);
/* Whether its text, or that of every element, may be a field value. */
bool fuzz_value_is_legal(struct fuzz_value value);
/* What it is on the wire: a text, or one for each element. The number of pieces. */
size_t fuzz_value_pieces(struct fuzz_value value, nh_bytes out[FUZZ_PIECES]);
bool fuzz_value_is_list(struct fuzz_value value);

/* A header as it is held: its name as it was given, and its values. */
struct fuzz_field {
    nh_bytes name;
    bool is_list;
    bool is_number;  /* the value is a number, not text */
    bool has_others; /* a value, or an element of the list, may be no text */
    size_t count;
    nh_bytes values[FUZZ_FIELD_VALUES];
};
/* Headers in the order in which they were added. */
struct fuzz_fields {
    struct fuzz_field fields[FUZZ_FIELDS];
    size_t count;
};

/* Says whether the run's messages have the option uniqueHeaders, with the names below. */
extern const char *const fuzz_unique_names[3];
void fuzz_fields_set_unique(bool are_unique);
bool fuzz_is_unique(nh_bytes name);
/* Whether the value goes out as one line of its elements, with "; " between them. */
bool fuzz_trailer_is_joined(const struct fuzz_field *field);

/* Gives a field its value. */
void fuzz_field_assign(struct fuzz_field *field, nh_bytes name, struct fuzz_value value);

struct fuzz_field *fuzz_fields_find(struct fuzz_fields *fields, nh_bytes name);
const struct fuzz_field *fuzz_fields_get(const struct fuzz_fields *fields, const char *lower_case);
/* Whether that many values can still be set or appended, under any names. */
bool fuzz_fields_have_room(const struct fuzz_fields *fields, size_t values);
void fuzz_fields_set(struct fuzz_fields *fields, nh_bytes name, struct fuzz_value value);
void fuzz_fields_append(struct fuzz_fields *fields, nh_bytes name, struct fuzz_value value);
void fuzz_fields_remove(struct fuzz_fields *fields, nh_bytes name);
/* The places of the fields in the order in which JavaScript lists them as keys. */
void fuzz_fields_order(const struct fuzz_fields *fields, size_t out[FUZZ_FIELDS]);

/* How a head goes out. */
struct fuzz_head_form {
    bool utf8;         /* instead of Latin-1 */
    bool joins_unique; /* the lists of uniqueHeaders are one line each */
};
/* The lines of one field, of all fields in order, as they go out. The number of bytes appended to
 * `out`. */
size_t fuzz_trailer_write(const struct fuzz_field *field, uint8_t *out);
size_t fuzz_field_write(const struct fuzz_field *field, struct fuzz_head_form form, uint8_t *out);
size_t fuzz_fields_write(const struct fuzz_fields *fields, struct fuzz_head_form form,
                         uint8_t *out);
/* Appends Latin-1 bytes, or their characters in UTF-8. */
size_t fuzz_write_bytes(nh_bytes bytes, bool utf8, uint8_t *out);

#endif
