/* Messages as the scenarios compose them, for header_validation and message_roundtrip; field lines,
 * for header_joining. */
#include <string.h>

#include "header_joining_operations.h"
#include "message/composer.h"
#include "mutators/parts.h"
#include "seeds/seeds.h"

/* --- field lines ------------------------------------------------------------------------------ */

/* Writes the line of a part, whose name stands for itself: no number of the table's names. */
static void add_line(struct seed_script *script, const uint8_t *data,
                     const struct fuzz_part *part) {
    struct fuzz_field_place field = fuzz_field_place_of(data, part->at, part->length);
    struct fuzz_step step = {.operation = part->kind == FUZZ_PART_FIELD ? OP_LINE : OP_TRAILER};
    step.bytes[1] = nh_bytes_of(data + field.name_at, field.name_length);
    step.bytes[2] = nh_bytes_of(data + field.value_at, field.value_length);
    step.numbers[0] = 0x20;
    if (field.name_length != 0) {
        seed_script_add(script, &step);
    }
}

void seeds_of_lines(struct seeds *seeds, bool is_response, nh_bytes stream) {
    static const uint8_t variants[] = {0, JOINING_JOIN, JOINING_EARLY | JOINING_DISTINCT,
                                       JOINING_LIMITED};
    static struct fuzz_parts parts;
    fuzz_parts_read(&parts, stream.data, stream.length);
    struct seed_script script;
    seed_script_begin(&script, &seed_format_header_joining);
    for (size_t i = 0; i < parts.count; i++) {
        if (parts.parts[i].kind == FUZZ_PART_FIELD || parts.parts[i].kind == FUZZ_PART_TRAILER) {
            add_line(&script, stream.data, &parts.parts[i]);
        }
    }
    for (size_t i = 0; i < sizeof variants && script.operations != 0; i++) {
        script.bytes[0] = (uint8_t)(variants[i] | (is_response ? JOINING_RESPONSE : 0));
        script.bytes[1] = (variants[i] & JOINING_LIMITED) != 0 ? 1 : 0;
        seeds_add(seeds, "header_joining", script.bytes, script.length);
    }
}

/* --- composed messages ------------------------------------------------------------------------ */

struct composition {
    const struct seed_source *source;
    struct seed_script scripts[2]; /* header_validation, message_roundtrip */
    const char *as;                /* what becomes of each header */
    bool is_client;
};

static void add(struct composition *composition, const char *name, const struct fuzz_step *step) {
    for (size_t i = 0; i < 2; i++) {
        seed_script_add_named(&composition->scripts[i], name, step);
    }
}

static void add_header(nh_bytes name, nh_bytes value, void *data) {
    struct composition *composition = data;
    struct fuzz_step step = {.bytes = {[2] = name, [3] = value}};
    add(composition, composition->as, &step);
}

static void add_headers(struct composition *composition, const char *as, json_t *headers) {
    composition->as = as;
    seed_each_header(composition->source, headers, add_header, composition);
}

/* The bytes of an argument in place `at` of a step; the others stay as they are. */
static void add_with_text(struct composition *composition, const char *name, struct fuzz_step step,
                          size_t at, const json_t *value) {
    ts_text text = {NULL, 0, 0};
    (void)seed_bytes(composition->source, value, &text);
    step.bytes[at] = seed_bytes_of(&text);
    add(composition, name, &step);
    ts_text_free(&text);
}

/* setHeader(name, value) and its like: a name, and a value or a list of values. */
static void add_name_and_value(struct composition *composition, const char *as, json_t *step,
                               unsigned how) {
    ts_text texts[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
    json_t *values = seed_argument(step, 1);
    bool is_list = json_is_array(values);
    struct fuzz_step header = {.numbers = {how, is_list ? 1 : 0}};
    (void)seed_bytes(composition->source, seed_argument(step, 0), &texts[0]);
    size_t index = 0;
    json_t *value = NULL;
    json_array_foreach(values, index, value) {
        ts_text_append(&texts[1], index == 0 ? "" : ",");
        (void)seed_bytes(composition->source, value, &texts[1]);
    }
    (void)seed_bytes(composition->source, values, &texts[1]);
    header.bytes[2] = seed_bytes_of(&texts[0]);
    header.bytes[3] = seed_bytes_of(&texts[1]);
    add(composition, as, &header);
    ts_text_free(&texts[0]);
    ts_text_free(&texts[1]);
}

/* Status and reason: the status is one of a list, or, with the upper bits set, itself modulo 1050.
 */
static struct fuzz_step status_step(json_t *status, bool has_reason) {
    json_int_t number = json_is_integer(status) ? json_integer_value(status) : 200;
    unsigned code = number >= 0 && number < 1050 ? (unsigned)number : 200;
    /* the largest part of the argument is 0xC000 + n; 0xC000 modulo 1050 has to be made up for */
    unsigned remainder = 0xC000U % 1050U;
    unsigned argument = 0xC000U + (code + 1050U - remainder) % 1050U;
    return (struct fuzz_step){.numbers = {has_reason ? 4 : 0, argument}};
}

static void add_write_head(struct composition *composition, json_t *step) {
    json_t *reason = seed_argument(step, 1);
    bool has_reason = json_is_string(reason);
    add_headers(composition, "give", has_reason ? seed_argument(step, 2) : reason);
    struct fuzz_step head = status_step(seed_argument(step, 0), has_reason);
    add_with_text(composition, "head", head, 2, has_reason ? reason : NULL);
}

/* http.request() and http.get(): the options become what the target knows of them. */
static void add_request(struct composition *composition, json_t *step) {
    size_t count = json_array_size(json_object_get(step, "args"));
    composition->is_client = true;
    for (size_t i = 0; i < count; i++) {
        json_t *options = seed_argument(step, i);
        json_t *method = json_object_get(options, "method");
        json_t *path = json_object_get(options, "path");
        if (method != NULL || path != NULL) {
            ts_text texts[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
            (void)seed_bytes(composition->source, method, &texts[0]);
            (void)seed_bytes(composition->source, path, &texts[1]);
            struct fuzz_step line = {
                .bytes = {[1] = seed_bytes_of(&texts[0]), [2] = seed_bytes_of(&texts[1])}};
            add(composition, "line", &line);
            ts_text_free(&texts[0]);
            ts_text_free(&texts[1]);
        }
        add_headers(composition, "give", json_object_get(options, "headers"));
    }
}

/* Calls that are an operation by themselves, with a number that tells which. */
static const struct {
    const char *method;
    const char *operation;
    unsigned how, number;
} plain_calls[] = {
    {"cork", "cork", 0, 0},
    {"uncork", "cork", 4, 0},
    {"flushHeaders", "flush", 0, 0},
    {"writeContinue", "interim", 0, 0},
    {"writeProcessing", "interim", 4, 0},
};

static void visit_call(json_t *step, void *data) {
    struct composition *composition = data;
    const char *call = seed_member(step, "call");
    const char *method = seed_method(step);
    if (method == NULL) {
        return;
    }
    bool has_first = seed_argument(step, 0) != NULL;
    if (strcmp(call, "http.get") == 0 || strcmp(call, "http.request") == 0) {
        add_request(composition, step);
    } else if (strcmp(method, "setHeader") == 0 || strcmp(method, "validateHeaderValue") == 0) {
        add_name_and_value(composition, "set", step, 0);
        add_name_and_value(composition, "value", step, 0);
    } else if (strcmp(method, "appendHeader") == 0) {
        add_name_and_value(composition, "set", step, 8);
    } else if (strcmp(method, "setHeaders") == 0) {
        add_headers(composition, "set", seed_argument(step, 0));
    } else if (strcmp(method, "addTrailers") == 0) {
        add_headers(composition, "trailer", seed_argument(step, 0));
    } else if (strcmp(method, "validateHeaderName") == 0) {
        add_with_text(composition, "name", (struct fuzz_step){0}, 1, seed_argument(step, 0));
    } else if (strcmp(method, "removeHeader") == 0) {
        add_with_text(composition, "remove", (struct fuzz_step){0}, 1, seed_argument(step, 0));
    } else if (strcmp(method, "getHeader") == 0 || strcmp(method, "hasHeader") == 0) {
        add_with_text(composition, "read", (struct fuzz_step){0}, 1, seed_argument(step, 0));
    } else if (strcmp(method, "writeHead") == 0) {
        add_write_head(composition, step);
    } else if (strcmp(method, "writeEarlyHints") == 0) {
        add_with_text(composition, "hints", (struct fuzz_step){0}, 3,
                      json_object_get(seed_argument(step, 0), "link"));
    } else if (strcmp(method, "write") == 0) {
        add_with_text(composition, "write", (struct fuzz_step){0}, 2, seed_argument(step, 0));
    } else if (strcmp(method, "end") == 0) {
        add_with_text(composition, "end", (struct fuzz_step){.numbers = {has_first ? 4 : 0}}, 2,
                      seed_argument(step, 0));
    }
    for (size_t i = 0; i < sizeof plain_calls / sizeof plain_calls[0]; i++) {
        if (strcmp(method, plain_calls[i].method) == 0) {
            struct fuzz_step plain = {.numbers = {plain_calls[i].how, plain_calls[i].number}};
            add(composition, plain_calls[i].operation, &plain);
        }
    }
}

/* Properties that a step sets, or an option that a server is made with. */
static void visit_step(json_t *step, void *data) {
    struct composition *composition = data;
    const char *property = seed_member(step, "set");
    const char *dot = property == NULL ? NULL : strrchr(property, '.');
    if (dot != NULL && strcmp(dot, ".statusCode") == 0) {
        struct fuzz_step status = status_step(json_object_get(step, "to"), false);
        add(composition, "status", &status);
    } else if (dot != NULL && strcmp(dot, ".statusMessage") == 0) {
        add_with_text(composition, "status", status_step(NULL, true), 2,
                      json_object_get(step, "to"));
    }
    visit_call(step, data);
}

void seeds_of_messages(struct seeds *seeds, const struct seed_source *source) {
    static const char *const targets[] = {"header_validation", "message_roundtrip"};
    static struct composition composition;
    composition.source = source;
    composition.is_client = false;
    seed_script_begin(&composition.scripts[0], &seed_format_header_validation);
    seed_script_begin(&composition.scripts[1], &seed_format_message_roundtrip);
    seed_walk(source->scenario->script, visit_step, &composition);
    for (size_t i = 0; i < 2; i++) {
        struct seed_script *script = &composition.scripts[i];
        if (script->operations != 0) {
            seeds_add(seeds, targets[i], script->bytes, script->length);
            script->bytes[0] = FUZZ_COMPOSER_CLIENT;
            seeds_add(seeds, targets[i], script->bytes, script->length);
        }
    }
}
