#include <stdio.h>
#include <string.h>

#include "mutators/edits.h"
#include "mutators/words.h"

#define BODIES (FUZZ_KIND(BODY) | FUZZ_KIND(CHUNK_BODY))

static bool is_hexadecimal(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

/* How many digits a chunk's head begins with. */
static size_t size_digits(const struct fuzz_editor *editor, const struct fuzz_part *head) {
    const uint8_t *line = editor->buffer->data + head->at;
    size_t digits = 0;
    while (digits < head->length && is_hexadecimal(line[digits])) {
        digits++;
    }
    return digits;
}

/* Writes a size in one of the ways there are for it. */
static bool set_chunk_size(struct fuzz_editor *editor, const struct fuzz_part *head, size_t size) {
    struct fuzz_random *random = &editor->mutator->random;
    char text[24];
    int length = snprintf(text, sizeof text, fuzz_random_once_in(random, 4) ? "%zX" : "%zx", size);
    return fuzz_buffer_replace(editor->buffer, head->at, size_digits(editor, head), text,
                               (size_t)length);
}

/* Sets the Content-Length of a part's message; nothing happens if it has none. */
static bool set_content_length(struct fuzz_editor *editor, unsigned message, size_t length) {
    for (size_t i = 0; i < editor->parts.count; i++) {
        const struct fuzz_part *part = &editor->parts.parts[i];
        if (part->kind != FUZZ_PART_FIELD || part->message != message) {
            continue;
        }
        const uint8_t *data = editor->buffer->data;
        struct fuzz_field_place field = fuzz_field_place_of(data, part->at, part->length);
        if (fuzz_same_word(data + field.name_at, field.name_length, "Content-Length")) {
            char text[24];
            int digits = snprintf(text, sizeof text, "%zu", length);
            return fuzz_buffer_replace(editor->buffer, field.value_at, field.value_length, text,
                                       (size_t)digits);
        }
    }
    return false;
}

/* What is said about a body's length: mostly the truth. */
static size_t told_length(struct fuzz_random *random, size_t length) {
    switch (fuzz_random_below(random, 12)) {
    case 0:
        return length + 1;
    case 1:
        return length == 0 ? 0 : length - 1;
    default:
        return length;
    }
}

/* The head of the chunk whose body this is. */
static const struct fuzz_part *head_of(const struct fuzz_part *chunk_body) {
    return chunk_body - 1;
}

static bool tell_length(struct fuzz_editor *editor, const struct fuzz_part *body, size_t length) {
    length = told_length(&editor->mutator->random, length);
    return body->kind == FUZZ_PART_BODY ? set_content_length(editor, body->message, length)
                                        : set_chunk_size(editor, head_of(body), length);
}

static void change_content(struct fuzz_mutator *mutator, struct fuzz_buffer *body) {
    static const char *const pieces[] = {"\r\n",  "0\r\n\r\n", "\r\n0\r\n\r\n",
                                         "hello", "\n",        "GET / HTTP/1.1\r\n\r\n",
                                         "5\r\n", "\xC3\xA9",  "HTTP/1.1 200 OK\r\n\r\n"};
    struct fuzz_random *random = &mutator->random;
    switch (fuzz_random_below(random, 4)) {
    case 0:
        fuzz_mutate_bytes(mutator, body);
        break;
    case 1:
        body->length = fuzz_random_below(random, body->length + 1);
        break;
    case 2:
        (void)fuzz_buffer_replace_text(
            body, fuzz_random_below(random, body->length + 1), 0,
            pieces[fuzz_random_below(random, sizeof pieces / sizeof pieces[0])]);
        break;
    default: {
        static const size_t counts[] = {1, 2, 15, 16, 100, 255, 256, 1000, 4096};
        (void)fuzz_buffer_fill(body, 0, 'a',
                               counts[fuzz_random_below(random, sizeof counts / sizeof counts[0])]);
        break;
    }
    }
}

bool fuzz_edit_body(struct fuzz_editor *editor) {
    const struct fuzz_part *part = fuzz_choose_part(editor, BODIES);
    if (part == NULL) {
        return false;
    }
    struct fuzz_buffer body = fuzz_buffer_open(editor->buffer, part->at, part->length);
    change_content(editor->mutator, &body);
    fuzz_buffer_close(editor->buffer, part->at, &body);
    (void)tell_length(editor, part, body.length);
    return true;
}

bool fuzz_edit_body_length(struct fuzz_editor *editor) {
    const struct fuzz_part *body = fuzz_choose_part(editor, BODIES);
    return body != NULL && tell_length(editor, body, body->length);
}

bool fuzz_edit_chunk_size(struct fuzz_editor *editor) {
    const struct fuzz_part *head = fuzz_choose_part(editor, FUZZ_KIND(CHUNK_HEAD));
    if (head == NULL) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    if (fuzz_random_once_in(random, 3)) { /* zeros in front change nothing */
        static const size_t counts[] = {1, 2, 7, 14, 15, 16, 30};
        return fuzz_buffer_fill(
            editor->buffer, head->at, '0',
            counts[fuzz_random_below(random, sizeof counts / sizeof counts[0])]);
    }
    return fuzz_buffer_replace_text(editor->buffer, head->at, size_digits(editor, head),
                                    fuzz_known_size(random));
}

bool fuzz_edit_chunk_extension(struct fuzz_editor *editor) {
    const struct fuzz_part *head = fuzz_choose_part(editor, FUZZ_KIND(CHUNK_HEAD));
    if (head == NULL) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    struct fuzz_buffer *buffer = editor->buffer;
    size_t digits = size_digits(editor, head);
    size_t place = head->at + digits;
    size_t extensions =
        head->length - digits - fuzz_line_end(buffer->data + head->at, head->length);
    switch (fuzz_random_below(random, 8)) {
    case 0:
        if (extensions != 0) {
            fuzz_buffer_remove(buffer, place, extensions);
            return true;
        }
        return false;
    case 1: /* towards the limit of what extensions may take */
        return fuzz_buffer_replace_text(buffer, place, 0, ";b") &&
               fuzz_buffer_fill(buffer, place + 1, 'a',
                                fuzz_random_once_in(random, 2) ? 16384 : 200);
    case 2: {
        struct fuzz_buffer part = fuzz_buffer_open(buffer, place, extensions);
        fuzz_mutate_bytes(editor->mutator, &part);
        fuzz_buffer_close(buffer, place, &part);
        return true;
    }
    default:
        return fuzz_buffer_replace_text(buffer,
                                        place + (fuzz_random_once_in(random, 2) ? extensions : 0),
                                        0, fuzz_known_extension(random));
    }
}

/* One chunk becomes two. */
bool fuzz_edit_chunk_split(struct fuzz_editor *editor) {
    const struct fuzz_part *body = fuzz_choose_part(editor, FUZZ_KIND(CHUNK_BODY));
    if (body == NULL || body->length < 2) {
        return false;
    }
    size_t first = 1 + fuzz_random_below(&editor->mutator->random, body->length - 1);
    char line[32];
    int length = snprintf(line, sizeof line, "\r\n%zx\r\n", body->length - first);
    return fuzz_buffer_replace(editor->buffer, body->at + first, 0, line, (size_t)length) &&
           set_chunk_size(editor, head_of(body), first);
}

bool fuzz_edit_chunk_insert(struct fuzz_editor *editor) {
    static const char *const chunks[] = {"1\r\na\r\n", "3;x=y\r\nabc\r\n", "2\r\n\r\n\r\n",
                                         "0\r\n",      "0\r\n\r\n",        "A\r\n0123456789\r\n"};
    const struct fuzz_part *head = fuzz_choose_part(editor, FUZZ_KIND(CHUNK_HEAD));
    return head != NULL &&
           fuzz_buffer_replace_text(editor->buffer, head->at, 0,
                                    chunks[fuzz_random_below(&editor->mutator->random,
                                                             sizeof chunks / sizeof chunks[0])]);
}

/* Two chunks change places, their heads with their bodies. */
bool fuzz_edit_chunk_swap(struct fuzz_editor *editor) {
    const struct fuzz_part *first = fuzz_choose_part(editor, FUZZ_KIND(CHUNK_HEAD));
    const struct fuzz_part *last = &editor->parts.parts[editor->parts.count];
    if (first == NULL) {
        return false;
    }
    const struct fuzz_part *second = first + 1;
    while (second < last && second->kind != FUZZ_PART_CHUNK_HEAD) {
        second++;
    }
    const struct fuzz_part *end = second < last ? second + 1 : last;
    while (end < last && (end->kind == FUZZ_PART_CHUNK_BODY || end->kind == FUZZ_PART_CHUNK_END)) {
        end++;
    }
    if (second >= last) {
        return false;
    }
    size_t end_at = end < last ? end->at : editor->buffer->length;
    fuzz_buffer_swap(editor->buffer, first->at, second->at - first->at, 0, end_at - second->at);
    return true;
}

bool fuzz_edit_trailer(struct fuzz_editor *editor) {
    const struct fuzz_part *place =
        fuzz_choose_part(editor, FUZZ_KIND(TRAILER) | FUZZ_KIND(TRAILERS_END));
    if (place == NULL) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    const struct fuzz_known_header *header =
        fuzz_known_header(random, fuzz_random_once_in(random, 6));
    char line[160];
    int length =
        snprintf(line, sizeof line, "%s: %s\r\n", header->name, fuzz_known_value(random, header));
    return (size_t)length < sizeof line &&
           fuzz_buffer_replace(editor->buffer, place->at, 0, line, (size_t)length);
}

static bool is_framing_field(const struct fuzz_editor *editor, const struct fuzz_part *part) {
    const uint8_t *data = editor->buffer->data;
    struct fuzz_field_place field = fuzz_field_place_of(data, part->at, part->length);
    return fuzz_same_word(data + field.name_at, field.name_length, "Content-Length") ||
           fuzz_same_word(data + field.name_at, field.name_length, "Transfer-Encoding");
}

/* Removes from a message what tells its body's length. Where the head ends then, and the body's
 * bytes begin, and how many they are; false if the message has no end of head. */
static bool unframe(struct fuzz_editor *editor, unsigned message, size_t *out_end_at,
                    size_t *out_body_at, size_t *out_body_length) {
    bool has_end = false;
    *out_body_length = 0;
    for (size_t i = editor->parts.count; i-- > 0;) {
        const struct fuzz_part *part = &editor->parts.parts[i];
        if (part->message != message) {
            continue;
        }
        unsigned kind = 1U << part->kind;
        bool goes = (kind & (FUZZ_KIND(CHUNK_HEAD) | FUZZ_KIND(CHUNK_END) | FUZZ_KIND(TRAILER) |
                             FUZZ_KIND(TRAILERS_END))) != 0 ||
                    (part->kind == FUZZ_PART_FIELD && is_framing_field(editor, part));
        if (part->kind == FUZZ_PART_HEAD_END) {
            has_end = true;
            *out_end_at = part->at;
            *out_body_at = part->at + part->length;
        } else if ((kind & BODIES) != 0) {
            *out_body_length += part->length;
        } else if (goes) {
            fuzz_buffer_remove(editor->buffer, part->at, part->length);
            if (has_end) {
                *out_end_at -= part->length;
                *out_body_at -= part->length;
            }
        }
    }
    return has_end;
}

bool fuzz_edit_to_chunked(struct fuzz_editor *editor) {
    const struct fuzz_part *end = fuzz_choose_part(editor, FUZZ_KIND(HEAD_END));
    size_t end_at = 0, at = 0, length = 0;
    if (end == NULL || !unframe(editor, end->message, &end_at, &at, &length)) {
        return false;
    }
    struct fuzz_buffer *buffer = editor->buffer;
    char line[24];
    int digits = snprintf(line, sizeof line, "%zx\r\n", length);
    if (length == 0) {
        (void)fuzz_buffer_replace_text(buffer, at, 0, "0\r\n\r\n");
    } else {
        (void)fuzz_buffer_replace_text(buffer, at + length, 0, "\r\n0\r\n\r\n");
        (void)fuzz_buffer_replace(buffer, at, 0, line, (size_t)digits);
    }
    return fuzz_buffer_replace_text(buffer, end_at, 0, "Transfer-Encoding: chunked\r\n");
}

bool fuzz_edit_to_length(struct fuzz_editor *editor) {
    const struct fuzz_part *end = fuzz_choose_part(editor, FUZZ_KIND(HEAD_END));
    size_t end_at = 0, at = 0, length = 0;
    if (end == NULL || !unframe(editor, end->message, &end_at, &at, &length)) {
        return false;
    }
    char line[48];
    int digits = snprintf(line, sizeof line, "Content-Length: %zu\r\n",
                          told_length(&editor->mutator->random, length));
    return fuzz_buffer_replace(editor->buffer, end_at, 0, line, (size_t)digits);
}
