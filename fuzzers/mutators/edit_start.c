#include <string.h>

#include "mutators/edits.h"
#include "mutators/words.h"

/* A start line's three words: method, target, version; or version, status, reason. */
struct start {
    bool is_response;
    size_t at[3], length[3];
};

static bool choose_start(const struct fuzz_editor *editor, struct start *out_start) {
    const struct fuzz_part *part = fuzz_choose_part(editor, FUZZ_KIND(START));
    if (part == NULL) {
        return false;
    }
    const uint8_t *line = editor->buffer->data + part->at;
    size_t length = part->length - fuzz_line_end(line, part->length);
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *space = i == 2 ? NULL : memchr(line + at, ' ', length - at);
        size_t end = space == NULL ? length : (size_t)(space - line);
        out_start->at[i] = part->at + at;
        out_start->length[i] = end - at;
        at = end < length ? end + 1 : length;
    }
    out_start->is_response = length >= 5 && memcmp(line, "HTTP/", 5) == 0;
    return true;
}

static bool replace_word(struct fuzz_editor *editor, const struct start *start, size_t word,
                         const char *text) {
    return fuzz_buffer_replace_text(editor->buffer, start->at[word], start->length[word], text);
}

bool fuzz_edit_method(struct fuzz_editor *editor) {
    struct start start;
    return choose_start(editor, &start) && !start.is_response &&
           replace_word(editor, &start, 0, fuzz_known_method(&editor->mutator->random));
}

bool fuzz_edit_target(struct fuzz_editor *editor) {
    struct start start;
    return choose_start(editor, &start) && !start.is_response &&
           replace_word(editor, &start, 1, fuzz_known_target(&editor->mutator->random));
}

static bool change_word(struct fuzz_editor *editor, const struct start *start, size_t word) {
    struct fuzz_buffer part =
        fuzz_buffer_open(editor->buffer, start->at[word], start->length[word]);
    fuzz_mutate_bytes(editor->mutator, &part);
    fuzz_buffer_close(editor->buffer, start->at[word], &part);
    return true;
}

bool fuzz_edit_target_bytes(struct fuzz_editor *editor) {
    struct start start;
    return choose_start(editor, &start) && !start.is_response && change_word(editor, &start, 1);
}

bool fuzz_edit_version(struct fuzz_editor *editor) {
    struct start start;
    return choose_start(editor, &start) &&
           replace_word(editor, &start, start.is_response ? 0 : 2,
                        fuzz_known_version(&editor->mutator->random));
}

bool fuzz_edit_status(struct fuzz_editor *editor) {
    struct start start;
    return choose_start(editor, &start) && start.is_response &&
           replace_word(editor, &start, 1, fuzz_known_status(&editor->mutator->random));
}

bool fuzz_edit_reason(struct fuzz_editor *editor) {
    static const char *const reasons[] = {"OK", "", "Not Found", "a b  c", "caf\xE9", "x\ty", "1"};
    struct start start;
    if (!choose_start(editor, &start) || !start.is_response) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    return fuzz_random_once_in(random, 4)
               ? change_word(editor, &start, 2)
               : replace_word(
                     editor, &start, 2,
                     reasons[fuzz_random_below(random, sizeof reasons / sizeof reasons[0])]);
}

bool fuzz_edit_start_odd(struct fuzz_editor *editor) {
    struct start start;
    if (!choose_start(editor, &start)) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    size_t word = fuzz_random_below(random, 3);
    size_t place = start.at[word] + (fuzz_random_once_in(random, 2) ? start.length[word] : 0);
    size_t length = 0;
    const char *oddity = fuzz_known_oddity(random, &length);
    return fuzz_buffer_replace(editor->buffer, place, 0, oddity, length);
}
