#include <string.h>

#include "mutators/edits.h"
#include "mutators/words.h"

#define ANY ((1U << (FUZZ_PART_OTHER + 1)) - 1)
#define LINES (ANY & ~(FUZZ_KIND(BODY) | FUZZ_KIND(CHUNK_BODY) | FUZZ_KIND(OTHER)))

/* A line ends in LF only, in CR only, twice, or not at all. */
bool fuzz_edit_line_end(struct fuzz_editor *editor) {
    static const char *const ends[] = {"\n",   "\r",    "\r\r\n", "\n\r\n",
                                       "\r\n", " \r\n", "",       "\r\n\r\n"};
    const struct fuzz_part *line = fuzz_choose_part(editor, LINES);
    if (line == NULL) {
        return false;
    }
    size_t end = fuzz_line_end(editor->buffer->data + line->at, line->length);
    return fuzz_buffer_replace_text(
        editor->buffer, line->at + line->length - end, end,
        ends[fuzz_random_below(&editor->mutator->random, sizeof ends / sizeof ends[0])]);
}

/* The bytes of one of the messages; false without messages. */
static bool choose_message(const struct fuzz_editor *editor, size_t *out_at, size_t *out_length) {
    const struct fuzz_parts *parts = &editor->parts;
    unsigned message = (unsigned)fuzz_random_below(&editor->mutator->random, parts->messages);
    *out_length = 0;
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->parts[i].message == message) {
            if (*out_length == 0) {
                *out_at = parts->parts[i].at;
            }
            *out_length += parts->parts[i].length;
        }
    }
    return *out_length != 0;
}

bool fuzz_edit_message_duplicate(struct fuzz_editor *editor) {
    size_t at = 0, length = 0, to = 0, ignored = 0;
    return choose_message(editor, &at, &length) && choose_message(editor, &to, &ignored) &&
           fuzz_buffer_copy(editor->buffer, to, at, length);
}

bool fuzz_edit_message_delete(struct fuzz_editor *editor) {
    size_t at = 0, length = 0;
    if (editor->parts.messages < 2 || !choose_message(editor, &at, &length)) {
        return false;
    }
    fuzz_buffer_remove(editor->buffer, at, length);
    return true;
}

bool fuzz_edit_message_swap(struct fuzz_editor *editor) {
    size_t first = 0, first_length = 0, second = 0, second_length = 0;
    if (!choose_message(editor, &first, &first_length) ||
        !choose_message(editor, &second, &second_length) || first >= second) {
        return false;
    }
    fuzz_buffer_swap(editor->buffer, first, first_length, second - first - first_length,
                     second_length);
    return true;
}

/* Another message, of the kind the stream has: requests if it has a request. */
bool fuzz_edit_message_insert(struct fuzz_editor *editor) {
    struct fuzz_random *random = &editor->mutator->random;
    const struct fuzz_part *start = fuzz_choose_part(editor, FUZZ_KIND(START));
    bool is_response =
        start == NULL
            ? fuzz_random_once_in(random, 2)
            : start->length >= 5 && memcmp(editor->buffer->data + start->at, "HTTP/", 5) == 0;
    size_t at = 0, length = 0;
    if (!choose_message(editor, &at, &length) || fuzz_random_once_in(random, 2)) {
        at = editor->buffer->length;
    }
    return fuzz_buffer_replace_text(editor->buffer, at, 0,
                                    is_response ? fuzz_known_response(random)
                                                : fuzz_known_request(random));
}

bool fuzz_edit_part_delete(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, ANY);
    if (part == NULL || editor->parts.count == 1) {
        return false;
    }
    fuzz_buffer_remove(editor->buffer, part->at, part->length);
    return true;
}

bool fuzz_edit_part_duplicate(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, ANY);
    const struct fuzz_part *place = fuzz_choose_part(editor, ANY);
    return part != NULL && fuzz_buffer_copy(editor->buffer, place->at, part->at, part->length);
}

bool fuzz_edit_truncate(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, ANY);
    if (part == NULL) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    size_t length =
        part->at +
        (fuzz_random_once_in(random, 2) ? fuzz_random_below(random, part->length) : part->length);
    if (length == 0 || length == editor->buffer->length) {
        return false;
    }
    editor->buffer->length = length;
    return true;
}

/* Something between, before or after the messages. */
bool fuzz_edit_between(struct fuzz_editor *editor) {
    static const char *const pieces[] = {"\r\n", "\n", "\r\n\r\n", "\r", " ", "x", "abc\r\n"};
    size_t at = 0, length = 0;
    struct fuzz_random *random = &editor->mutator->random;
    if (!choose_message(editor, &at, &length)) {
        return false;
    }
    if (fuzz_random_once_in(random, 2)) {
        at += length;
    }
    return fuzz_buffer_replace_text(
        editor->buffer, at, 0, pieces[fuzz_random_below(random, sizeof pieces / sizeof pieces[0])]);
}
