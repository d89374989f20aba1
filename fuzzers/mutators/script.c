#include "mutators/script.h"

#include <string.h>

#include "mutators/message.h"
#include "mutators/words.h"

/* The most operations that are told apart; later ones are read, but not changed. */
#define OPERATIONS 400

/* A script that is being changed, with the places of its operations. */
struct editor {
    const struct fuzz_script_format *format;
    struct fuzz_mutator *mutator;
    struct fuzz_buffer *buffer;
    size_t count;
    size_t at[OPERATIONS + 1]; /* the last one: the end of the last operation */
};

static bool is_number(char kind) {
    return kind == 'b' || kind == 's';
}

static unsigned short_at(const uint8_t *bytes) {
    return (unsigned)bytes[0] | (unsigned)bytes[1] << 8;
}

static void set_short(uint8_t *bytes, size_t number) {
    bytes[0] = (uint8_t)number;
    bytes[1] = (uint8_t)(number >> 8);
}

/* Writes the operation at `at` as it is read: its number within the table, its lengths those of the
 * bytes that are there. Where it ends; 0 if the script ends before it does. */
static size_t settle(const struct fuzz_script_format *format, struct fuzz_buffer *buffer,
                     size_t at) {
    uint8_t *data = buffer->data;
    size_t length = buffer->length;
    data[at] = (uint8_t)(data[at] % format->count);
    const char *arguments = format->operations[data[at]].arguments;
    at++;
    for (size_t i = 0; arguments[i] != '\0'; i++) {
        size_t fixed = arguments[i] == 'b' ? 1 : 2;
        if (length - at < fixed) {
            return 0;
        }
        if (!is_number(arguments[i])) {
            size_t bytes = short_at(data + at) % (length - at - fixed + 1);
            set_short(data + at, bytes);
            fixed += bytes;
        }
        at += fixed;
    }
    return at;
}

/* Finds the operations and settles them; one that isn't whole is cut off. The settings are complete
 * afterwards, unless there is no room even for these. */
static void read_script(struct editor *editor) {
    struct fuzz_buffer *buffer = editor->buffer;
    size_t prefix = editor->format->prefix;
    if (buffer->length < prefix) {
        (void)fuzz_buffer_fill(buffer, buffer->length, 0, prefix - buffer->length);
    }
    size_t at = buffer->length < prefix ? buffer->length : prefix;
    editor->count = 0;
    editor->at[0] = at;
    while (at < buffer->length) {
        size_t end = settle(editor->format, buffer, at);
        if (end == 0) {
            buffer->length = at;
            break;
        }
        if (editor->count < OPERATIONS) {
            editor->at[++editor->count] = end;
        }
        at = end;
    }
}

static size_t operation_length(const struct editor *editor, size_t i) {
    return editor->at[i + 1] - editor->at[i];
}

static size_t choose_operation(const struct editor *editor) {
    return fuzz_random_below(&editor->mutator->random, editor->count);
}

/* How many operations an edit takes at once: mostly one. */
static size_t choose_count(const struct editor *editor, size_t most) {
    struct fuzz_random *random = &editor->mutator->random;
    return fuzz_random_once_in(random, 3) ? 1 + fuzz_random_below(random, most < 8 ? most : 8) : 1;
}

static unsigned some_number(struct fuzz_random *random, char kind) {
    static const unsigned telling[] = {
        0,    1,    2,    3,    4,    5,    7,     8,     10,    15,    16,   31,   32,
        63,   64,   100,  127,  128,  200,  250,   255,   256,   500,   999,  1000, 1001,
        1023, 1024, 2000, 4096, 5000, 5001, 16384, 32767, 32768, 60000, 65535};
    unsigned number = 0;
    switch (fuzz_random_below(random, 3)) {
    case 0:
        number = (unsigned)fuzz_random_below(random, 8);
        break;
    case 1:
        number = telling[fuzz_random_below(random, sizeof telling / sizeof telling[0])];
        break;
    default:
        number = (unsigned)fuzz_random_below(random, UINT16_MAX + 1);
        break;
    }
    return kind == 'b' ? number & UINT8_MAX : number;
}

static void change_argument(struct fuzz_mutator *mutator, char kind, struct fuzz_buffer *bytes) {
    switch (kind) {
    case 'h':
        fuzz_mutate_message(mutator, bytes);
        break;
    case 'n':
        fuzz_mutate_header_name(mutator, bytes);
        break;
    case 'v':
        fuzz_mutate_header_value(mutator, bytes);
        break;
    default:
        fuzz_mutate_bytes(mutator, bytes);
        break;
    }
}

/* Changes the bytes of the argument whose length stands at `at`. */
static void change_bytes(struct editor *editor, char kind, size_t at) {
    struct fuzz_buffer *buffer = editor->buffer;
    struct fuzz_buffer bytes = fuzz_buffer_open(buffer, at + 2, short_at(buffer->data + at));
    struct fuzz_buffer limited = bytes;
    if (limited.capacity > UINT16_MAX) {
        limited.capacity = UINT16_MAX;
    }
    change_argument(editor->mutator, kind, &limited);
    bytes.length = limited.length;
    set_short(buffer->data + at, bytes.length);
    fuzz_buffer_close(buffer, at + 2, &bytes);
}

/* A new operation with its arguments: every byte argument begins empty and is then changed. */
static bool insert_operation(struct editor *editor) {
    struct fuzz_random *random = &editor->mutator->random;
    size_t at = editor->at[fuzz_random_below(random, editor->count + 1)];
    size_t operation = fuzz_random_below(random, editor->format->count);
    const char *arguments = editor->format->operations[operation].arguments;
    uint8_t fixed[1 + 2 * FUZZ_SCRIPT_ARGUMENTS] = {(uint8_t)operation};
    size_t length = 1;
    for (size_t i = 0; arguments[i] != '\0'; i++) {
        unsigned number = is_number(arguments[i]) ? some_number(random, arguments[i]) : 0;
        fixed[length++] = (uint8_t)number;
        if (arguments[i] != 'b') {
            fixed[length++] = (uint8_t)(number >> 8);
        }
    }
    if (!fuzz_buffer_replace(editor->buffer, at, 0, fixed, length)) {
        return false;
    }
    at++;
    for (size_t i = 0; arguments[i] != '\0'; i++) {
        if (!is_number(arguments[i])) {
            change_bytes(editor, arguments[i], at);
            at += short_at(editor->buffer->data + at);
        }
        at += arguments[i] == 'b' ? 1 : 2;
    }
    return true;
}

static bool delete_operations(struct editor *editor) {
    if (editor->count == 0) {
        return false;
    }
    size_t first = choose_operation(editor);
    size_t end = first + choose_count(editor, editor->count - first);
    end = end < editor->count ? end : editor->count;
    fuzz_buffer_remove(editor->buffer, editor->at[first], editor->at[end] - editor->at[first]);
    return true;
}

static bool duplicate_operations(struct editor *editor) {
    if (editor->count == 0) {
        return false;
    }
    size_t first = choose_operation(editor);
    size_t end = first + choose_count(editor, editor->count - first);
    end = end < editor->count ? end : editor->count;
    size_t to = fuzz_random_once_in(&editor->mutator->random, 2)
                    ? end
                    : fuzz_random_below(&editor->mutator->random, editor->count + 1);
    return fuzz_buffer_copy(editor->buffer, editor->at[to], editor->at[first],
                            editor->at[end] - editor->at[first]);
}

/* Two operations change places; neighbours are the most interesting ones. */
static bool swap_operations(struct editor *editor) {
    if (editor->count < 2) {
        return false;
    }
    size_t first = choose_operation(editor);
    size_t second =
        fuzz_random_once_in(&editor->mutator->random, 2) ? first + 1 : choose_operation(editor);
    if (first >= second || second >= editor->count) {
        return false;
    }
    fuzz_buffer_swap(editor->buffer, editor->at[first], operation_length(editor, first),
                     editor->at[second] - editor->at[first + 1], operation_length(editor, second));
    return true;
}

/* Some operations go elsewhere: they change places with those between. */
static bool move_operations(struct editor *editor) {
    if (editor->count < 3) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    size_t first = fuzz_random_below(random, editor->count - 1);
    size_t middle = first + 1 + fuzz_random_below(random, editor->count - first - 1);
    size_t end = middle + 1 + fuzz_random_below(random, editor->count - middle);
    end = end < editor->count ? end : editor->count;
    fuzz_buffer_swap(editor->buffer, editor->at[first], editor->at[middle] - editor->at[first], 0,
                     editor->at[end] - editor->at[middle]);
    return true;
}

/* Where the arguments of the kinds asked for stand in an operation: `out_at` their places,
 * `out_kinds` their letters; how many. */
static size_t arguments_of(const struct editor *editor, size_t i, bool numbers, size_t *out_at,
                           char *out_kinds) {
    const uint8_t *data = editor->buffer->data;
    size_t at = editor->at[i];
    const char *arguments = editor->format->operations[data[at++]].arguments;
    size_t count = 0;
    for (size_t k = 0; arguments[k] != '\0'; k++) {
        if (is_number(arguments[k]) == numbers) {
            out_at[count] = at;
            out_kinds[count++] = arguments[k];
        }
        at += arguments[k] == 'b' ? 1 : arguments[k] == 's' ? 2 : 2 + (size_t)short_at(data + at);
    }
    return count;
}

/* Chooses an argument of the script; false if the operation chosen has none. */
static bool choose_argument(struct editor *editor, bool number, size_t *out_operation,
                            size_t *out_at, char *out_kind) {
    size_t at[FUZZ_SCRIPT_ARGUMENTS];
    char kinds[FUZZ_SCRIPT_ARGUMENTS];
    if (editor->count == 0) {
        return false;
    }
    *out_operation = choose_operation(editor);
    size_t count = arguments_of(editor, *out_operation, number, at, kinds);
    size_t chosen = fuzz_random_below(&editor->mutator->random, count);
    if (count == 0) {
        return false;
    }
    *out_at = at[chosen];
    *out_kind = kinds[chosen];
    return true;
}

static bool change_number(struct editor *editor) {
    size_t operation = 0, at = 0;
    char kind = '\0';
    if (!choose_argument(editor, true, &operation, &at, &kind)) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    uint8_t *data = editor->buffer->data;
    unsigned number = kind == 'b' ? data[at] : short_at(data + at);
    number = fuzz_random_once_in(random, 2)
                 ? number + 1 + (unsigned)fuzz_random_below(random, 8) - 4
                 : some_number(random, kind);
    if (kind == 'b') {
        data[at] = (uint8_t)number;
    } else {
        set_short(data + at, number);
    }
    return true;
}

static bool change_some_bytes(struct editor *editor) {
    size_t operation = 0, at = 0;
    char kind = '\0';
    if (!choose_argument(editor, false, &operation, &at, &kind)) {
        return false;
    }
    change_bytes(editor, kind, at);
    return true;
}

/* An operation becomes another one with arguments of the same kinds. */
static bool change_operation(struct editor *editor) {
    if (editor->count == 0) {
        return false;
    }
    const struct fuzz_script_format *format = editor->format;
    uint8_t *at = editor->buffer->data + editor->at[choose_operation(editor)];
    size_t other = fuzz_random_below(&editor->mutator->random, format->count);
    for (size_t i = 0; i < format->count; i++) {
        size_t candidate = (other + i) % format->count;
        if (candidate != *at && strcmp(format->operations[candidate].arguments,
                                       format->operations[*at].arguments) == 0) {
            *at = (uint8_t)candidate;
            return true;
        }
    }
    return false;
}

/* What one operation did with some bytes, two do: a stream is cut in another place. */
static bool split_operation(struct editor *editor) {
    size_t operation = 0, at = 0;
    char kind = '\0';
    if (!choose_argument(editor, false, &operation, &at, &kind)) {
        return false;
    }
    struct fuzz_buffer *buffer = editor->buffer;
    size_t start = editor->at[operation];
    size_t length = operation_length(editor, operation);
    size_t bytes = short_at(buffer->data + at);
    if (bytes < 2 || !fuzz_buffer_copy(buffer, start + length, start, length)) {
        return false;
    }
    size_t cut = 1 + fuzz_random_below(&editor->mutator->random, bytes - 1);
    set_short(buffer->data + at + length, bytes - cut);
    fuzz_buffer_remove(buffer, at + length + 2, cut);
    set_short(buffer->data + at, cut);
    fuzz_buffer_remove(buffer, at + 2 + cut, bytes - cut);
    return true;
}

/* Two neighbours that do the same with bytes become one. */
static bool join_operations(struct editor *editor) {
    size_t operation = 0, at = 0;
    char kind = '\0';
    if (!choose_argument(editor, false, &operation, &at, &kind) || operation + 1 >= editor->count) {
        return false;
    }
    struct fuzz_buffer *buffer = editor->buffer;
    size_t next = editor->at[operation + 1];
    size_t other_at[FUZZ_SCRIPT_ARGUMENTS];
    char other_kinds[FUZZ_SCRIPT_ARGUMENTS];
    if (buffer->data[editor->at[operation]] != buffer->data[next] ||
        arguments_of(editor, operation + 1, false, other_at, other_kinds) != 1) {
        return false;
    }
    size_t bytes = short_at(buffer->data + at);
    size_t more = short_at(buffer->data + other_at[0]);
    if (bytes + more > UINT16_MAX ||
        !fuzz_buffer_copy(buffer, at + 2 + bytes, other_at[0] + 2, more)) {
        return false;
    }
    set_short(buffer->data + at, bytes + more);
    fuzz_buffer_remove(buffer, next + more, operation_length(editor, operation + 1));
    return true;
}

static bool change_settings(struct editor *editor) {
    size_t prefix = editor->format->prefix;
    if (prefix == 0 || editor->buffer->length < prefix) {
        return false;
    }
    struct fuzz_random *random = &editor->mutator->random;
    uint8_t *byte = &editor->buffer->data[fuzz_random_below(random, prefix)];
    switch (fuzz_random_below(random, 3)) {
    case 0:
        *byte = (uint8_t)(*byte ^ 1U << fuzz_random_below(random, 8));
        break;
    case 1:
        *byte = (uint8_t)some_number(random, 'b');
        break;
    default:
        *byte = 0;
        break;
    }
    return true;
}

/* Cuts what is more than a mutant is to have. */
static void cut_script(struct editor *editor) {
    size_t most = editor->format->mutant_operations;
    if (most != 0 && editor->count > most) {
        editor->count = most;
        editor->buffer->length = editor->at[most];
    }
}

typedef bool edit(struct editor *editor);

/* By how often they stand here. */
static edit *const edits[] = {
    insert_operation,  insert_operation,  insert_operation,     delete_operations,
    delete_operations, swap_operations,   duplicate_operations, duplicate_operations,
    move_operations,   change_number,     change_number,        change_number,
    change_some_bytes, change_some_bytes, change_some_bytes,    change_some_bytes,
    change_some_bytes, change_operation,  change_operation,     split_operation,
    split_operation,   join_operations,   change_settings,
};

#define TRIES 8
/* A script longer than this is made shorter half of the time: what a mutant adds costs time in all
 * that come of it, and hardly any bug needs it. */
#define LONG_BYTES 200

static void edit_once(struct editor *editor) {
    read_script(editor);
    for (size_t i = 0; i < TRIES; i++) {
        size_t chosen = fuzz_random_below(&editor->mutator->random, sizeof edits / sizeof edits[0]);
        if (edits[chosen](editor)) {
            break;
        }
    }
}

void fuzz_mutate_script(const struct fuzz_script_format *format, struct fuzz_mutator *mutator,
                        struct fuzz_buffer *buffer) {
    struct fuzz_random *random = &mutator->random;
    struct editor editor;
    editor.format = format;
    editor.mutator = mutator;
    editor.buffer = buffer;
    if (buffer->length > LONG_BYTES && fuzz_random_once_in(random, 2)) {
        read_script(&editor);
        (void)delete_operations(&editor);
    } else if (buffer->length > format->prefix && fuzz_random_once_in(random, 16)) {
        fuzz_mutate_bytes(mutator, buffer); /* what no edit would do */
    } else {
        size_t times = fuzz_random_once_in(random, 3) ? 2 + fuzz_random_below(random, 3) : 1;
        for (size_t i = 0; i < times; i++) {
            edit_once(&editor);
        }
    }
    read_script(&editor);
    cut_script(&editor);
}

/* Appends up to `count` operations of `input`, as many as there is room for. */
static void append_operations(const struct fuzz_script_format *format, struct fuzz_input *input,
                              size_t count, struct fuzz_buffer *out) {
    struct fuzz_step step;
    for (size_t i = 0; i < count && fuzz_script_next(format, input, &step); i++) {
        size_t length =
            fuzz_script_write(format, &step, out->data + out->length, out->capacity - out->length);
        if (length == 0) {
            return;
        }
        out->length += length;
    }
}

static size_t count_operations(const struct fuzz_script_format *format, struct fuzz_input input) {
    struct fuzz_step step;
    size_t count = 0;
    while (fuzz_script_next(format, &input, &step)) {
        count++;
    }
    return count;
}

static void skip_operations(const struct fuzz_script_format *format, struct fuzz_input *input,
                            size_t count) {
    struct fuzz_step step;
    for (size_t i = 0; i < count && fuzz_script_next(format, input, &step); i++) {
    }
}

/* The beginning of the first, something of the second, and, half of the time, the first's rest. */
void fuzz_cross_scripts(const struct fuzz_script_format *format, struct fuzz_mutator *mutator,
                        const uint8_t *first, size_t first_length, const uint8_t *second,
                        size_t second_length, struct fuzz_buffer *out) {
    struct fuzz_random *random = &mutator->random;
    struct fuzz_input one = fuzz_input_of(first, first_length);
    struct fuzz_input two = fuzz_input_of(second, second_length);
    nh_bytes settings = fuzz_input_bytes(&one, format->prefix);
    nh_bytes others = fuzz_input_bytes(&two, format->prefix);
    if (fuzz_random_once_in(random, 8)) {
        settings = others;
    }
    if (!fuzz_buffer_replace(out, 0, 0, settings.data, settings.length) ||
        !fuzz_buffer_fill(out, out->length, 0, format->prefix - settings.length)) {
        return;
    }
    size_t count = count_operations(format, two);
    append_operations(format, &one, fuzz_random_below(random, count_operations(format, one) + 1),
                      out);
    size_t from = fuzz_random_below(random, count);
    skip_operations(format, &two, from);
    append_operations(format, &two, 1 + fuzz_random_below(random, count - from), out);
    if (fuzz_random_once_in(random, 2)) {
        append_operations(format, &one, SIZE_MAX, out);
    }
    struct editor editor;
    editor.format = format;
    editor.mutator = mutator;
    editor.buffer = out;
    read_script(&editor);
    cut_script(&editor);
}
