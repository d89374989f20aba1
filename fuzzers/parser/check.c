/* The same bytes give the same events and the same error at the same place, however they are cut;
 * limits hold exactly; what a strict parser accepts, an insecure one reads the same way.
 *
 * One difference is Node's own, and allowed: limits are checked when a piece of text ends, and a
 * cut ends one. With cuts, an overflow is noticed earlier in the same text, where the whole input
 * may first run into another error of the text. Node.js 23.5.0 with maxHeaderSize 16 refuses a
 * target of 40 letters and a control character with HPE_INVALID_URL when it comes in one segment,
 * and with HPE_HEADER_OVERFLOW when it comes byte by byte. */
#include "parser/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parser/chunk_scan.h"
#include "parser/head_scan.h"
#include "parser/record.h"
#include "support/check.h"
#include "support/memory.h"

/* Memory of a parser, in bytes and for each byte of input: a field line takes at least 4 bytes on
 * the wire ("a:" and its end), and 16 in a table that at most doubles; its text doubles, too. */
#define MEMORY_BASE 4096U
#define MEMORY_EACH 12U
/* The objects of the views: a string, a list and an entry for as little as one line. */
#define MEMORY_OF_VIEWS_EACH 400U

/* Views are built of inputs up to this length: they take longer than all the rest. */
#define VIEWED_BYTES 256U
/* Under an engine, one input in this many is parsed again, and of one in as many of these views are
 * built; most inputs differ from others in what they make the parser do once. */
#define SAMPLE 16U

struct run {
    struct parser_settings settings;
    nh_message_kind kind;
    nh_bytes wire;
    struct fuzz_memory *memory;
    nh_message_parser *parser;
    bool compares; /* whether it is parsed again */
    bool views;    /* whether views are built */
    struct parser_record
        record; /* of the parse under way; the parser's hooks hold a pointer to it */
};

/* --- parsing ------------------------------------------------------------------------------ */

static void note_error(struct parser_record *record, const nh_message_parser_error *error,
                       size_t start) {
    record->code = error->code;
    record->reason = error->reason;
    record->offset = start + error->bytes_parsed;
    record->is_over = true;
}

/* Feeds the wire piece by piece, until its end, an error, or an upgrade that is taken. */
static void feed(struct run *run) {
    struct parser_record *record = &run->record;
    size_t at = 0;
    bool idle = false;
    while (at < run->wire.length && !record->has_upgraded) {
        size_t end =
            record->is_whole ? run->wire.length : parser_cut_after(&run->settings, run->wire, at);
        size_t consumed = 0;
        const nh_message_parser_error *error = nh_message_parser_execute(
            run->parser, nh_bytes_of(run->wire.data + at, end - at), &consumed);
        if (error != NULL) {
            note_error(record, error, at);
            return;
        }
        FUZZ_CHECK(consumed <= end - at && !(consumed == 0 && idle), "the parser stands still");
        idle = consumed == 0;
        at += consumed;
    }
    record->offset = at;
}

/* One parse. The events are in run->record afterwards. */
static void parse(struct run *run, bool is_whole, bool is_insecure, bool prints) {
    struct parser_record *record = &run->record;
    nh_message_parser_options options = run->settings.options;
    options.insecure_http_parser = is_insecure;
    *record = (struct parser_record){.settings = &run->settings,
                                     .kind = run->kind,
                                     .wire = run->wire,
                                     .is_whole = is_whole,
                                     .is_strict = !is_insecure,
                                     .knows_place = true,
                                     .prints = prints};
    if (is_whole && run->views) {
        record->memory = run->memory;
    }
    nh_message_parser_reset(run->parser, &options);
    feed(run);
    if (run->settings.finish && !record->is_over && !record->has_upgraded) {
        const nh_message_parser_error *error = nh_message_parser_finish(run->parser);
        if (error != NULL) {
            note_error(record, error, record->offset);
        }
    }
    record->is_over = true;
    parser_record_close(record);
}

/* Nothing comes after an error, which stays the same. */
static void check_error_stays(struct run *run) {
    const struct parser_record *record = &run->record;
    size_t consumed = 1;
    const nh_message_parser_error *error =
        nh_message_parser_execute(run->parser, run->wire, &consumed);
    FUZZ_CHECK(error != NULL && error->code == record->code && consumed == 0,
               "the parser goes on after %s", record->code);
    error = nh_message_parser_finish(run->parser);
    FUZZ_CHECK(error != NULL && error->code == record->code, "the end makes %s good", record->code);
}

/* --- comparing ---------------------------------------------------------------------------- */

static bool is_text(const char *text, const char *other) {
    return text == other || (text != NULL && other != NULL && strcmp(text, other) == 0);
}

static bool is_overflow(const char *code) {
    return is_text(code, "HPE_HEADER_OVERFLOW") || is_text(code, "HPE_CHUNK_EXTENSIONS_OVERFLOW");
}

static bool is_same(const struct parser_record *whole, const struct parser_record *cut) {
    if (whole->hash != cut->hash || whole->has_upgraded != cut->has_upgraded) {
        return false;
    }
    if (is_text(whole->code, cut->code) && is_text(whole->reason, cut->reason) &&
        whole->offset == cut->offset) {
        return true;
    }
    return is_overflow(cut->code) && whole->code != NULL && whole->offset >= cut->offset;
}

/* Parses both ways again, with words, and fails. */
static _Noreturn void fail(struct run *run, bool is_insecure, bool is_other_insecure,
                           bool is_other_whole, const char *what) {
    fprintf(stderr, "%s\n", is_insecure ? "insecure, whole:" : "strict, whole:");
    parse(run, true, is_insecure, true);
    parser_record_print_end(&run->record);
    fprintf(stderr, "%s, %s:\n", is_other_insecure ? "insecure" : "strict",
            is_other_whole ? "whole" : "cut");
    parse(run, is_other_whole, is_other_insecure, true);
    parser_record_print_end(&run->record);
    fuzz_fail(__FILE__, __LINE__, "%s", what);
}

/* --- limits ------------------------------------------------------------------------------- */

static size_t limit_of(const struct run *run) {
    return parser_max_header_size(&run->settings);
}

/* What counts of the head under way, up to `offset` in the wire. */
static size_t counted(const struct run *run, const struct parser_record *record, size_t offset) {
    return head_scan_of(run->kind,
                        nh_bytes_of(run->wire.data + record->place, offset - record->place))
        .counted;
}

/* A head that is not complete is refused when it reaches the limit, and not before; trailers are
 * not refused before as many bytes came after the head. */
static void check_limit(const struct run *run, const struct parser_record *record) {
    if (!record->is_strict || !record->knows_place || record->state == BETWEEN_MESSAGES) {
        return;
    }
    size_t limit = limit_of(run);
    if (record->state == IN_BODY) {
        FUZZ_CHECK(!is_text(record->code, "HPE_HEADER_OVERFLOW") ||
                       record->offset - record->place >= limit,
                   "trailers overflow the limit of %zu within %zu bytes", limit,
                   record->offset - record->place);
    } else if (is_text(record->code, "HPE_HEADER_OVERFLOW")) {
        size_t count = counted(run, record, record->offset);
        FUZZ_CHECK(count >= limit, "a head of %zu bytes overflows the limit of %zu", count, limit);
    } else if (record->code == NULL) {
        size_t count = counted(run, record, run->wire.length);
        FUZZ_CHECK(count < limit, "a head of %zu bytes passes the limit of %zu", count, limit);
    }
}

/* --- a run -------------------------------------------------------------------------------- */

static void compare_cuts(struct run *run) {
    bool is_insecure = run->settings.options.insecure_http_parser;
    const struct parser_record whole = run->record;
    parse(run, false, is_insecure, false);
    if (!is_same(&whole, &run->record)) {
        fail(run, is_insecure, is_insecure, false, "it makes a difference where the input is cut");
    }
}

static void compare_modes(struct run *run) {
    const struct parser_record strict = run->record;
    if (strict.code != NULL) {
        return;
    }
    parse(run, true, true, false);
    if (!is_same(&strict, &run->record) || run->record.code != NULL) {
        fail(run, false, true, true, "an insecure parser reads good input differently");
    }
}

static void check_memory(const struct run *run) {
    size_t each = run->views ? MEMORY_EACH + MEMORY_OF_VIEWS_EACH : MEMORY_EACH;
    size_t bound = MEMORY_BASE + each * run->wire.length;
    FUZZ_CHECK(run->memory->peak_bytes <= bound, "%zu bytes of memory for %zu of input",
               run->memory->peak_bytes, run->wire.length);
}

/* The error as an object says the same. */
static void check_error_object(nh_message_parser *parser, const nh_message_parser_error *error) {
    nh_error *object = nh_message_parser_error_object(parser);
    FUZZ_CHECK((object == NULL) == (error == NULL), "an error without its object, or the reverse");
    if (object != NULL) {
        FUZZ_CHECK(is_text(nh_error_code(object), error->code), "the object of %s is %s",
                   error->code, nh_error_code(object));
        FUZZ_CHECK(is_text(error->code, "ERR_MEMORY_ALLOCATION_FAILED") ||
                       strncmp(nh_error_message(object), "Parse Error", 11) == 0,
                   "an error \"%s\"", nh_error_message(object));
        nh_error_release(object);
    }
}

/* A parser that nobody listens to, one allocation of which is refused: it ends as the other one
 * did, with `code`, or says that there is no memory. */
static void refuse_one(struct run *run, const nh_message_parser_options *options,
                       const char *code) {
    static const nh_message_parser_hooks hooks = {.head = NULL};
    struct fuzz_memory *memory = run->memory;
    memory->refuse_at = memory->requests + 1 + run->settings.seed % 16U;
    nh_message_parser *parser =
        nh_message_parser_new(&memory->memory, run->kind, options, &hooks, NULL);
    if (parser == NULL) {
        FUZZ_CHECK(memory->refused, "no parser");
        return;
    }
    const nh_message_parser_error *error = NULL;
    size_t consumed = 0;
    for (size_t at = 0; at < run->wire.length && error == NULL; at += consumed) {
        error = nh_message_parser_execute(
            parser, nh_bytes_of(run->wire.data + at, run->wire.length - at), &consumed);
    }
    if (error == NULL && run->settings.finish) {
        error = nh_message_parser_finish(parser);
    }
    const char *other = error == NULL ? NULL : error->code;
    memory->refuse_at = 0;
    bool is_alike = !run->settings.skips_bodies && !run->settings.takes_upgrades;
    FUZZ_CHECK(memory->refused ? is_text(other, "ERR_MEMORY_ALLOCATION_FAILED")
                               : !is_alike || is_text(other, code),
               "%s with a refused allocation and without hooks, %s with memory",
               other == NULL ? "no error" : other, code == NULL ? "no error" : code);
    check_error_object(parser, error);
    nh_message_parser_free(parser);
}

/* Decides what is done with the input beyond parsing it once. Everything, in a replay; what an
 * engine runs depends on the bytes of the input alone, and a finding is one in a replay, too. */
static void choose(struct run *run) {
    run->compares = true;
    run->views = run->settings.views && run->wire.length <= VIEWED_BYTES;
#ifdef FUZZ_ENGINE
    uint64_t hash = parser_hash(run->wire);
    run->compares = (hash >> 32) % SAMPLE == 0;
    run->views = run->views && (hash >> 40) % SAMPLE == 0;
#endif
}

void parser_check(nh_message_kind kind, const uint8_t *data, size_t size) {
    struct run run = {.settings = parser_settings_of(data, size), .kind = kind};
    if (size <= PARSER_SETTINGS_BYTES) {
        return;
    }
    run.wire = nh_bytes_of(data + PARSER_SETTINGS_BYTES, size - PARSER_SETTINGS_BYTES);
    choose(&run);
    run.memory = fuzz_memory_begin();
    run.parser =
        nh_message_parser_new(&run.memory->memory, kind, NULL, &parser_record_hooks, &run.record);
    FUZZ_CHECK(run.parser != NULL, "no parser");
    bool compares_modes = run.settings.comparison == PARSER_OTHER_MODE;
    parse(&run, true, !compares_modes && run.settings.options.insecure_http_parser, false);
    const char *code = run.record.code;
    bool is_insecure = !run.record.is_strict;
    check_limit(&run, &run.record);
    if (kind == NH_MESSAGE_REQUEST && run.wire.length > CHUNK_SCAN_BYTES && run.record.is_strict &&
        !run.settings.skips_bodies) {
        chunk_scan_check(run.wire, run.record.code, run.record.offset);
    }
    if (run.compares && run.record.code != NULL) {
        check_error_stays(&run);
    }
    if (run.compares && compares_modes) {
        compare_modes(&run);
    } else if (run.compares) {
        compare_cuts(&run);
    }
    nh_message_parser_free(run.parser);
    check_memory(&run);
    if (run.compares) {
        nh_message_parser_options options = run.settings.options;
        options.insecure_http_parser = is_insecure;
        refuse_one(&run, &options, code);
    }
    fuzz_memory_end(run.memory);
}

void parser_print(const uint8_t *data, size_t size) {
    struct parser_settings settings = parser_settings_of(data, size);
    parser_settings_print(&settings);
    for (size_t i = PARSER_SETTINGS_BYTES; i < size; i++) {
        uint8_t byte = data[i];
        if (byte == '\r' || byte == '\n') {
            fputs(byte == '\r' ? "\\r" : "\\n\n", stdout);
        } else if (byte < ' ' || byte > '~' || byte == '\\') {
            printf("\\x%02X", byte);
        } else {
            putchar(byte);
        }
    }
    putchar('\n');
}
