#include <stdio.h>
#include <string.h>

#include "mutators/edits.h"
#include "mutators/message.h"
#include "mutators/words.h"

#define FIELDS (FUZZ_KIND(FIELD) | FUZZ_KIND(TRAILER))

static struct fuzz_field_place field_of(const struct fuzz_editor *editor,
                                        const struct fuzz_part *part) {
    return fuzz_field_place_of(editor->buffer->data, part->at, part->length);
}

bool fuzz_edit_field_delete(struct fuzz_editor *editor) {
    const struct fuzz_part *field = fuzz_choose_part(editor, FIELDS);
    if (field == NULL) {
        return false;
    }
    fuzz_buffer_remove(editor->buffer, field->at, field->length);
    return true;
}

bool fuzz_edit_field_duplicate(struct fuzz_editor *editor) {
    const struct fuzz_part *field = fuzz_choose_part(editor, FIELDS);
    const struct fuzz_part *place = fuzz_choose_part(editor, FIELDS | FUZZ_KIND(HEAD_END));
    return field != NULL && place != NULL &&
           fuzz_buffer_copy(editor->buffer, place->at, field->at, field->length);
}

bool fuzz_edit_field_swap(struct fuzz_editor *editor) {
    const struct fuzz_part *first = fuzz_choose_part(editor, FIELDS);
    const struct fuzz_part *second = fuzz_choose_part(editor, FIELDS);
    if (first == NULL || first == second) {
        return false;
    }
    if (first > second) {
        const struct fuzz_part *later = first;
        first = second;
        second = later;
    }
    fuzz_buffer_swap(editor->buffer, first->at, first->length,
                     second->at - first->at - first->length, second->length);
    return true;
}

static bool insert_line(struct fuzz_editor *editor, const char *name, const char *value) {
    const struct fuzz_part *place =
        fuzz_choose_part(editor, FUZZ_KIND(FIELD) | FUZZ_KIND(HEAD_END));
    char line[160];
    int length = snprintf(line, sizeof line, "%s: %s\r\n", name, value);
    return place != NULL && length > 0 && (size_t)length < sizeof line &&
           fuzz_buffer_replace(editor->buffer, place->at, 0, line, (size_t)length);
}

bool fuzz_edit_field_insert_known(struct fuzz_editor *editor) {
    struct fuzz_random *random = &editor->mutator->random;
    const struct fuzz_known_header *header = fuzz_known_header(random, false);
    return insert_line(editor, header->name, fuzz_known_value(random, header));
}

bool fuzz_edit_field_insert_framing(struct fuzz_editor *editor) {
    struct fuzz_random *random = &editor->mutator->random;
    const struct fuzz_known_header *header = fuzz_known_header(random, true);
    return insert_line(editor, header->name, fuzz_known_value(random, header));
}

bool fuzz_edit_field_rename(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FIELDS);
    if (part == NULL) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    struct fuzz_field_place field = field_of(editor, part);
    const char *name = fuzz_known_header(random, fuzz_random_once_in(random, 8))->name;
    return fuzz_buffer_replace_text(editor->buffer, field.name_at, field.name_length, name);
}

/* A value that is known of this very header, most of the time. */
bool fuzz_edit_field_value_known(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FIELDS);
    if (part == NULL) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    struct fuzz_field_place field = field_of(editor, part);
    const struct fuzz_known_header *header =
        fuzz_random_once_in(random, 8)
            ? NULL
            : fuzz_known_header_of(editor->buffer->data + field.name_at, field.name_length);
    return fuzz_buffer_replace_text(editor->buffer, field.value_at, field.value_length,
                                    fuzz_known_value(random, header));
}

bool fuzz_edit_field_name(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FIELDS);
    if (part == NULL) {
        return false;
    }
    struct fuzz_field_place field = field_of(editor, part);
    struct fuzz_buffer name = fuzz_buffer_open(editor->buffer, field.name_at, field.name_length);
    fuzz_mutate_header_name(editor->mutator, &name);
    fuzz_buffer_close(editor->buffer, field.name_at, &name);
    return true;
}

bool fuzz_edit_field_value(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FIELDS);
    if (part == NULL) {
        return false;
    }
    struct fuzz_field_place field = field_of(editor, part);
    struct fuzz_buffer value = fuzz_buffer_open(editor->buffer, field.value_at, field.value_length);
    fuzz_mutate_header_value(editor->mutator, &value);
    fuzz_buffer_close(editor->buffer, field.value_at, &value);
    return true;
}

/* Something odd at the places where it matters: the line's beginning, before and after the colon,
 * at the value's end. */
bool fuzz_edit_field_odd(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FIELDS | FUZZ_KIND(HEAD_END));
    if (part == NULL) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    struct fuzz_field_place field = field_of(editor, part);
    size_t places[] = {field.name_at, field.name_at + field.name_length, field.value_at,
                       field.value_at + field.value_length,
                       field.value_at + fuzz_random_below(random, field.value_length + 1)};
    size_t place = places[fuzz_random_below(random, sizeof places / sizeof places[0])];
    size_t length = 0;
    const char *oddity = fuzz_known_oddity(random, &length);
    return fuzz_buffer_replace(editor->buffer, place, 0, oddity, length);
}

bool fuzz_edit_field_number(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FIELDS);
    if (part == NULL) {
        return false;
    }
    struct fuzz_field_place field = field_of(editor, part);
    return fuzz_buffer_replace_text(editor->buffer, field.value_at, field.value_length,
                                    fuzz_known_number(&editor->mutator->random));
}

/* A value that goes on in the next line. */
bool fuzz_edit_field_fold(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FIELDS);
    if (part == NULL) {
        return false;
    }
    static const char *const folds[] = {"\r\n ", "\r\n\t", "\n ", "\r\n  \r\n ", "\r\n :"};
    struct fuzz_random *random = &editor->mutator->random;
    struct fuzz_field_place field = field_of(editor, part);
    return fuzz_buffer_replace_text(
        editor->buffer, field.value_at + fuzz_random_below(random, field.value_length + 1), 0,
        folds[fuzz_random_below(random, sizeof folds / sizeof folds[0])]);
}

/* Many lines: near the numbers at which heads are cut or refused. */
bool fuzz_edit_field_many(struct fuzz_editor *editor) {
    const struct fuzz_part *place = fuzz_choose_part(editor, FIELDS | FUZZ_KIND(HEAD_END));
    if (place == NULL) {
        return false;
    }
    static const size_t counts[] = {4, 10, 30, 32, 33, 64, 100, 1000, 1998, 2000, 2001};
    struct fuzz_random *random = &editor->mutator->random;
    struct fuzz_buffer *buffer = editor->buffer;
    size_t count = counts[fuzz_random_below(random, sizeof counts / sizeof counts[0])];
    size_t room = (buffer->capacity - buffer->length) / 6;
    count = count < room ? count : room;
    size_t from = place->at;
    if (count == 0 || !fuzz_buffer_replace(buffer, from, 0, "a: b\r\n", 6)) {
        return false;
    }
    for (size_t done = 1; done < count;) {
        size_t more = done < count - done ? done : count - done;
        if (!fuzz_buffer_copy(buffer, from, from, more * 6)) {
            break;
        }
        done += more;
    }
    return true;
}

/* A value so long that the head comes near a limit of its size, or goes past it. */
bool fuzz_edit_field_long(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FIELDS | FUZZ_KIND(START));
    if (part == NULL) {
        return false;
    }
    static const size_t limits[] = {64, 128, 256, 512, 1024, 4096, 8192, 16384};
    struct fuzz_random *random = &editor->mutator->random;
    struct fuzz_buffer *buffer = editor->buffer;
    size_t limit = limits[fuzz_random_below(random, sizeof limits / sizeof limits[0])];
    size_t head = 0;
    for (size_t i = 0; i < editor->parts.count; i++) {
        const struct fuzz_part *other = &editor->parts.parts[i];
        bool in_head = other->kind == FUZZ_PART_START || other->kind == FUZZ_PART_FIELD ||
                       other->kind == FUZZ_PART_HEAD_END;
        head += in_head && other->message == part->message ? other->length : 0;
    }
    size_t wanted = limit + fuzz_random_below(random, 64);
    size_t count = wanted > head + 32 ? wanted - head - 32 : 16;
    size_t place = part->at + part->length - fuzz_line_end(buffer->data + part->at, part->length);
    if (part->kind == FUZZ_PART_START) {
        const uint8_t *space = memchr(buffer->data + part->at, '/', part->length);
        place = space == NULL ? place : (size_t)(space - buffer->data) + 1;
    }
    return fuzz_buffer_fill(buffer, place, 'a', count);
}
