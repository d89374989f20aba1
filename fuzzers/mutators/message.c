#include "mutators/message.h"

#include <string.h>

#include "mutators/edits.h"
#include "mutators/words.h"

const struct fuzz_part *fuzz_choose_part(const struct fuzz_editor *editor, unsigned kinds) {
    const struct fuzz_parts *parts = &editor->parts;
    size_t count = 0;
    for (size_t i = 0; i < parts->count; i++) {
        count += (kinds >> parts->parts[i].kind & 1U) != 0;
    }
    if (count == 0) {
        return NULL;
    }
    size_t chosen = fuzz_random_below(&editor->mutator->random, count);
    size_t i = 0;
    while ((kinds >> parts->parts[i].kind & 1U) == 0 || chosen-- != 0) {
        i++;
    }
    return &parts->parts[i];
}

/* The edits and how often each is tried. Those that mostly keep a stream valid weigh more than
 * those that mostly break it: behind the first error a parser reads nothing. */
static const struct {
    fuzz_edit *edit;
    unsigned weight;
} edits[] = {
    {fuzz_edit_field_delete, 4},
    {fuzz_edit_field_duplicate, 3},
    {fuzz_edit_field_swap, 3},
    {fuzz_edit_field_insert_known, 8},
    {fuzz_edit_field_insert_framing, 2},
    {fuzz_edit_field_rename, 3},
    {fuzz_edit_field_value_known, 6},
    {fuzz_edit_field_name, 2},
    {fuzz_edit_field_value, 4},
    {fuzz_edit_field_odd, 2},
    {fuzz_edit_field_number, 1},
    {fuzz_edit_field_fold, 1},
    {fuzz_edit_field_many, 1},
    {fuzz_edit_field_long, 1},
    {fuzz_edit_method, 4},
    {fuzz_edit_target, 3},
    {fuzz_edit_target_bytes, 2},
    {fuzz_edit_version, 3},
    {fuzz_edit_status, 4},
    {fuzz_edit_reason, 2},
    {fuzz_edit_start_odd, 1},
    {fuzz_edit_body, 5},
    {fuzz_edit_body_length, 2},
    {fuzz_edit_chunk_size, 2},
    {fuzz_edit_chunk_extension, 4},
    {fuzz_edit_chunk_split, 3},
    {fuzz_edit_chunk_insert, 3},
    {fuzz_edit_chunk_swap, 1},
    {fuzz_edit_trailer, 3},
    {fuzz_edit_to_chunked, 4},
    {fuzz_edit_to_length, 4},
    {fuzz_edit_line_end, 1},
    {fuzz_edit_message_duplicate, 2},
    {fuzz_edit_message_delete, 2},
    {fuzz_edit_message_swap, 2},
    {fuzz_edit_message_insert, 4},
    {fuzz_edit_part_delete, 1},
    {fuzz_edit_part_duplicate, 1},
    {fuzz_edit_truncate, 2},
    {fuzz_edit_between, 1},
};

#define EDITS (sizeof edits / sizeof edits[0])

static fuzz_edit *choose_edit(struct fuzz_random *random) {
    size_t sum = 0;
    for (size_t i = 0; i < EDITS; i++) {
        sum += edits[i].weight;
    }
    size_t chosen = fuzz_random_below(random, sum);
    size_t i = 0;
    while (chosen >= edits[i].weight) {
        chosen -= edits[i].weight;
        i++;
    }
    return edits[i].edit;
}

/* How often an edit is chosen anew that found nothing to change. */
#define TRIES 12

static bool edit_once(struct fuzz_editor *editor) {
    fuzz_parts_read(&editor->parts, editor->buffer->data, editor->buffer->length);
    for (size_t i = 0; i < TRIES; i++) {
        size_t length = editor->buffer->length;
        if (choose_edit(&editor->mutator->random)(editor)) {
            return true;
        }
        if (editor->buffer->length != length) { /* half of an edit: the parts are others now */
            return true;
        }
    }
    return false;
}

static void start_stream(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer) {
    struct fuzz_random *random = &mutator->random;
    const char *message =
        fuzz_random_once_in(random, 2) ? fuzz_known_request(random) : fuzz_known_response(random);
    size_t length = strlen(message);
    (void)fuzz_buffer_replace(buffer, 0, 0, message,
                              length < buffer->capacity ? length : buffer->capacity);
}

void fuzz_mutate_message(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer) {
    struct fuzz_random *random = &mutator->random;
    if (buffer->length == 0) {
        start_stream(mutator, buffer);
        return;
    }
    if (fuzz_random_once_in(random, 8)) {
        fuzz_mutate_bytes(mutator, buffer);
        return;
    }
    struct fuzz_editor editor;
    editor.mutator = mutator;
    editor.buffer = buffer;
    size_t times = fuzz_random_once_in(random, 3) ? 2 + fuzz_random_below(random, 3) : 1;
    bool changed = false;
    for (size_t i = 0; i < times && buffer->length != 0; i++) {
        changed = edit_once(&editor) || changed;
    }
    if (!changed) {
        fuzz_mutate_bytes(mutator, buffer);
    }
}

static size_t append(struct fuzz_buffer *out, const uint8_t *bytes, size_t length) {
    size_t room = out->capacity - out->length;
    length = length < room ? length : room;
    (void)fuzz_buffer_replace(out, out->length, 0, bytes, length);
    return length;
}

/* The place of some part of one of these kinds, or of any; the end without parts. */
static size_t choose_place(struct fuzz_mutator *mutator, const uint8_t *data, size_t length,
                           unsigned kinds) {
    struct fuzz_editor editor;
    editor.mutator = mutator;
    fuzz_parts_read(&editor.parts, data, length);
    const struct fuzz_part *part = fuzz_choose_part(&editor, kinds);
    if (part == NULL) {
        part = fuzz_choose_part(&editor, ~0U);
    }
    return part == NULL ? length : part->at;
}

/* The two are cut at parts of the same kind, so that head meets head and chunk meets chunk; and the
 * second one goes on to its end, or is followed by the rest of the first. */
void fuzz_cross_messages(struct fuzz_mutator *mutator, const uint8_t *first, size_t first_length,
                         const uint8_t *second, size_t second_length, struct fuzz_buffer *out) {
    static const unsigned places[] = {
        FUZZ_KIND(START),      FUZZ_KIND(START),    FUZZ_KIND(FIELD) | FUZZ_KIND(HEAD_END),
        FUZZ_KIND(FIELD),      FUZZ_KIND(HEAD_END), FUZZ_KIND(CHUNK_HEAD),
        FUZZ_KIND(CHUNK_BODY), FUZZ_KIND(TRAILER)};
    struct fuzz_random *random = &mutator->random;
    unsigned kinds = places[fuzz_random_below(random, sizeof places / sizeof places[0])];
    size_t cut = choose_place(mutator, first, first_length, kinds);
    size_t from = choose_place(mutator, second, second_length, kinds);
    size_t to = second_length;
    bool returns = fuzz_random_once_in(random, 2);
    if (returns) {
        size_t other = choose_place(mutator, second, second_length, kinds);
        to = other > from ? other : to;
    }
    (void)append(out, first, cut);
    (void)append(out, second + from, to - from);
    if (returns) {
        (void)append(out, first + cut, first_length - cut);
    }
}

static void replace_all(struct fuzz_buffer *buffer, const char *text) {
    size_t length = strlen(text);
    length = length < buffer->capacity ? length : buffer->capacity;
    (void)fuzz_buffer_replace(buffer, 0, buffer->length, text, length);
}

static void insert_oddity(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer) {
    size_t length = 0;
    const char *oddity = fuzz_known_oddity(&mutator->random, &length);
    (void)fuzz_buffer_replace(buffer, fuzz_random_below(&mutator->random, buffer->length + 1), 0,
                              oddity, length);
}

void fuzz_mutate_header_name(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer) {
    struct fuzz_random *random = &mutator->random;
    size_t at = fuzz_random_below(random, buffer->length);
    switch (buffer->length == 0 ? 0 : fuzz_random_below(random, 8)) {
    case 0:
    case 1:
    case 2:
        replace_all(buffer, fuzz_known_header(random, fuzz_random_once_in(random, 4))->name);
        break;
    case 3:
        insert_oddity(mutator, buffer);
        break;
    case 4: /* a letter's other case; other bytes change, too */
        buffer->data[at] ^= 0x20;
        break;
    case 5:
        (void)fuzz_buffer_fill(buffer, at, fuzz_random_once_in(random, 2) ? '-' : 'a', 1);
        break;
    default:
        fuzz_mutate_bytes(mutator, buffer);
        break;
    }
}

void fuzz_mutate_header_value(struct fuzz_mutator *mutator, struct fuzz_buffer *buffer) {
    struct fuzz_random *random = &mutator->random;
    switch (fuzz_random_below(random, 8)) {
    case 0:
    case 1:
        replace_all(buffer, fuzz_known_value(random, NULL));
        break;
    case 2:
        replace_all(buffer, fuzz_known_number(random));
        break;
    case 3:
        insert_oddity(mutator, buffer);
        break;
    case 4: /* a list of values */
        (void)fuzz_buffer_replace_text(buffer, buffer->length, 0, ", ");
        (void)fuzz_buffer_replace_text(buffer, buffer->length, 0, fuzz_known_value(random, NULL));
        break;
    case 5:
        (void)fuzz_buffer_fill(buffer, fuzz_random_below(random, buffer->length + 1), 'a', 1);
        break;
    default:
        fuzz_mutate_bytes(mutator, buffer);
        break;
    }
}
