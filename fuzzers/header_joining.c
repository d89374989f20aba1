/* header_joining - field lines through a parser: headers, headersDistinct and rawHeaders (and the
 * three of the trailers) agree.
 *
 * The target knows which lines it sent. What the raw list holds is checked against them; the joined
 * and the distinct form are computed again from the same lines, by the rules that the documentation
 * of message.headers gives, and compared entry by entry, in order. */
#include "header_joining_operations.h"

#include <nodehttp/client_request.h>
#include <nodehttp/server.h>

#include <stdio.h>
#include <string.h>

#include "engines/target.h"
#include "message/duplex.h"
#include "message/incoming.h"
#include "support/check.h"
#include "support/world.h"

/* The most that is sent; beyond it, operations do nothing. The head has to stay below 16 KiB. */
#define LINES 160U
#define SECTION_BYTES 12000U
#define NAME_BYTES 64U
#define VALUE_BYTES 512U
/* Field lines come out of the parser in batches; maxHeadersCount drops whole batches. */
#define LINES_PER_BATCH 31U

struct line {
    nh_bytes name;
    nh_bytes value; /* without the whitespace around it */
};

/* The lines of a head or trailer section, and their bytes on the wire. */
struct section {
    struct line lines[LINES + 1];
    size_t count;
    uint8_t bytes[SECTION_BYTES + 64];
    size_t length;
};

static struct section head;
static struct section trailer;
/* The body of a message that is read late: more than is taken before somebody reads. */
#define LATE_BODY_BYTES 100000U
static uint8_t wire[2 * sizeof(head.bytes) + LATE_BODY_BYTES + 128];

struct run {
    struct fuzz_world world;
    unsigned flags;
    size_t limit; /* maxHeadersCount; 0: none */
    size_t segment;
    nh_incoming_message *message; /* retained; NULL before it came */
};

/* --- making lines ------------------------------------------------------------------------- */

/* RFC 9110, section 5.6.2 */
static const char token_characters[] =
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Names with a rule of their own, or that are something else in JavaScript. */
static const char *const names[] = {
    "Set-Cookie",
    "Cookie",
    "Age",
    "Authorization",
    "Content-Type",
    "ETag",
    "Expires",
    "From",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "Host",
    "Location",
    "Referer",
    "Last-Modified",
    "Max-Forwards",
    "Server",
    "Retry-After",
    "X-Value",
    "Proxy-Authorization",
    "User-Agent",
    "__proto__",
    "constructor",
    "toString",
    "10",
    "2",
    "01",
    "4294967294",
    "Accept",
    "set-cookie",
    "COOKIE",
    "hOsT",
    "x-value",
};

static uint8_t lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static bool is_name(nh_bytes name, const char *lower_case) {
    size_t i = 0;
    while (i < name.length && lower_case[i] != '\0' &&
           lower(name.data[i]) == (uint8_t)lower_case[i]) {
        i++;
    }
    return i == name.length && lower_case[i] == '\0';
}

/* Fields that decide about the message itself: a message with them may be another one. */
static bool is_left_out(nh_bytes name) {
    return is_name(name, "content-length") || is_name(name, "transfer-encoding") ||
           is_name(name, "upgrade") || is_name(name, "expect");
}

static bool is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

/* Puts bytes on the wire. */
static nh_bytes put(struct section *section, const void *bytes, size_t length) {
    nh_bytes there = {section->bytes + section->length, length};
    if (length != 0) {
        memcpy(section->bytes + section->length, bytes, length);
        section->length += length;
    }
    return there;
}

static nh_bytes put_name(struct section *section, nh_bytes given, unsigned how) {
    if (given.length == 0) {
        const char *name = names[how % (sizeof(names) / sizeof(names[0]))];
        return put(section, name, strlen(name));
    }
    size_t length = given.length < NAME_BYTES ? given.length : NAME_BYTES;
    nh_bytes there = {section->bytes + section->length, length};
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = given.data[i];
        bool legal = byte != 0 && strchr(token_characters, byte) != NULL;
        section->bytes[section->length++] =
            legal ? byte : (uint8_t)token_characters[byte % (sizeof(token_characters) - 1)];
    }
    return there;
}

static nh_bytes put_value(struct section *section, nh_bytes given) {
    size_t length = given.length < VALUE_BYTES ? given.length : VALUE_BYTES;
    nh_bytes there = {section->bytes + section->length, length};
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = given.data[i];
        bool legal = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
        section->bytes[section->length++] = legal ? byte : 'x';
    }
    while (there.length != 0 && is_blank(there.data[0])) {
        there.data++;
        there.length--;
    }
    while (there.length != 0 && is_blank(there.data[there.length - 1])) {
        there.length--;
    }
    return there;
}

static bool has_room(const struct section *section) {
    return section->count < LINES && section->length + NAME_BYTES + VALUE_BYTES + 8 < SECTION_BYTES;
}

static void add_line(struct section *section, unsigned how, nh_bytes name, nh_bytes value) {
    static const char *const blanks[] = {"", " ", "\t", " \t "};
    if (!has_room(section)) {
        return;
    }
    size_t start = section->length;
    struct line line = {.name = put_name(section, name, how & 31U)};
    if (is_left_out(line.name)) {
        section->length = start;
        return;
    }
    const char *before = blanks[how >> 5 & 3U];
    const char *after = (how & 0x80U) != 0 ? "\t " : "";
    (void)put(section, ":", 1);
    (void)put(section, before, strlen(before));
    line.value = put_value(section, value);
    (void)put(section, after, strlen(after));
    (void)put(section, "\r\n", 2);
    section->lines[section->count++] = line;
}

static void repeat_line(struct section *section, unsigned which, unsigned count) {
    for (unsigned i = 0; i < count % 8 && section->count != 0; i++) {
        struct line line = section->lines[which % section->count];
        add_line(section, 0x20, line.name, line.value);
    }
}

static void read_script(struct fuzz_input *input) {
    struct fuzz_step step;
    struct section *last = &head;
    head.count = head.length = trailer.count = trailer.length = 0;
    while (fuzz_script_next(&fuzz_script_format, input, &step)) {
        if (step.operation == OP_REPEAT) {
            repeat_line(last, step.numbers[0], step.numbers[1]);
        } else {
            last = step.operation == OP_LINE ? &head : &trailer;
            add_line(last, step.numbers[0], step.bytes[1], step.bytes[2]);
        }
    }
    struct line framing = {.name = put(&head, "Transfer-Encoding", 17)};
    (void)put(&head, ": ", 2);
    framing.value = put(&head, "chunked", 7);
    (void)put(&head, "\r\n", 2);
    head.lines[head.count++] = framing;
}

/* --- what should be there ----------------------------------------------------------------- */

/* Which lines survive maxHeadersCount: whole batches are dropped once it is reached. A section of
 * one batch is never cut. */
static size_t kept_count(size_t count, size_t limit) {
    size_t kept = 0;
    while (limit != 0 && count > LINES_PER_BATCH && kept < count) {
        if (kept >= limit) {
            return kept;
        }
        kept = count - kept > LINES_PER_BATCH ? kept + LINES_PER_BATCH : count;
    }
    return count;
}

/* The array index that a property name is, or -1. */
static int64_t index_of(nh_bytes key) {
    int64_t index = 0;
    if (key.length == 0 || key.length > 10 || (key.length > 1 && key.data[0] == '0')) {
        return -1;
    }
    for (size_t i = 0; i < key.length; i++) {
        if (key.data[i] < '0' || key.data[i] > '9') {
            return -1;
        }
        index = index * 10 + (key.data[i] - '0');
    }
    return index < 4294967295 ? index : -1;
}

static bool is_same_name(nh_bytes a, nh_bytes b) {
    size_t i = 0;
    while (a.length == b.length && i < a.length && lower(a.data[i]) == lower(b.data[i])) {
        i++;
    }
    return a.length == b.length && i == a.length;
}

/* The first lines of the names, in the order in which an object has them as keys. */
static size_t list_keys(const struct line *lines, size_t count, size_t out[LINES + 1]) {
    size_t keys = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_new = !is_name(lines[i].name, "__proto__");
        for (size_t k = 0; is_new && k < keys; k++) {
            is_new = !is_same_name(lines[out[k]].name, lines[i].name);
        }
        if (!is_new) {
            continue;
        }
        size_t at = keys++;
        int64_t index = index_of(lines[i].name);
        while (
            index >= 0 && at > 0 &&
            (index_of(lines[out[at - 1]].name) < 0 || index_of(lines[out[at - 1]].name) > index)) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = i;
    }
    return keys;
}

/* Fields that count once (documentation of message.headers). */
static bool is_singular(nh_bytes name) {
    static const char *const singular[] = {"age",
                                           "authorization",
                                           "content-length",
                                           "content-type",
                                           "etag",
                                           "expires",
                                           "from",
                                           "host",
                                           "location",
                                           "last-modified",
                                           "if-modified-since",
                                           "if-unmodified-since",
                                           "max-forwards",
                                           "referer",
                                           "proxy-authorization",
                                           "retry-after",
                                           "server",
                                           "user-agent"};
    for (size_t i = 0; i < sizeof(singular) / sizeof(singular[0]); i++) {
        if (is_name(name, singular[i])) {
            return true;
        }
    }
    return false;
}

/* Text of the library as it stands for Latin-1 bytes, growing. */
static struct {
    uint8_t bytes[2 * sizeof(head.bytes) + 4096];
    size_t length;
} text;

static void text_add(nh_bytes latin1) {
    for (size_t i = 0; i < latin1.length; i++) {
        uint8_t byte = latin1.data[i];
        if (byte >= 0x80) {
            text.bytes[text.length++] = (uint8_t)(0xC0 | byte >> 6);
            byte = (uint8_t)(0x80 | (byte & 0x3F));
        }
        text.bytes[text.length++] = byte;
    }
}

static void check_text(nh_value value, const char *what, size_t line) {
    FUZZ_CHECK(value.type == NH_STRING, "%s %zu is no string", what, line);
    FUZZ_CHECK(nh_bytes_equal(nh_value_bytes(value), nh_bytes_of(text.bytes, text.length)),
               "%s %zu is \"%s\" instead of \"%.*s\"", what, line, nh_value_text(value),
               (int)text.length, (const char *)text.bytes);
}

static void check_latin1(nh_value value, nh_bytes expected, const char *what, size_t line) {
    text.length = 0;
    text_add(expected);
    check_text(value, what, line);
}

static void check_raw(nh_value raw, const struct line *lines, size_t count) {
    FUZZ_CHECK(nh_list_length(raw) == 2 * count, "%zu raw elements for %zu lines",
               nh_list_length(raw), count);
    for (size_t i = 0; i < count; i++) {
        check_latin1(nh_list_get(raw, 2 * i), lines[i].name, "name", i);
        check_latin1(nh_list_get(raw, 2 * i + 1), lines[i].value, "value", i);
    }
}

/* A list of the values of all lines with the name of line `first`. */
static void check_all_values(nh_value list, const struct line *lines, size_t count, size_t first) {
    FUZZ_CHECK(list.type == NH_LIST, "line %zu is not in a list", first);
    size_t at = 0;
    for (size_t i = first; i < count; i++) {
        if (is_same_name(lines[i].name, lines[first].name)) {
            check_latin1(nh_list_get(list, at++), lines[i].value, "element of line", i);
        }
    }
    FUZZ_CHECK(nh_list_length(list) == at, "%zu values instead of %zu", nh_list_length(list), at);
}

static void check_joined(nh_value value, const struct line *lines, size_t count, size_t first,
                         bool join) {
    nh_bytes name = lines[first].name;
    if (is_name(name, "set-cookie")) {
        check_all_values(value, lines, count, first);
        return;
    }
    nh_bytes separator = nh_bytes_of_text(is_name(name, "cookie") ? "; " : ", ");
    text.length = 0;
    text_add(lines[first].value);
    for (size_t i = first + 1; i < count && (join || !is_singular(name)); i++) {
        if (is_same_name(lines[i].name, name)) {
            text_add(separator);
            text_add(lines[i].value);
        }
    }
    check_text(value, "joined value of line", first);
}

static void check_key(nh_bytes key, nh_bytes name) {
    bool same = key.length == name.length;
    for (size_t i = 0; same && i < name.length; i++) {
        same = key.data[i] == lower(name.data[i]);
    }
    FUZZ_CHECK(same, "key \"%.*s\" instead of \"%.*s\" in lower case", (int)key.length,
               (const char *)key.data, (int)name.length, (const char *)name.data);
}

static void check_map(nh_value map, const struct line *lines, size_t count, bool distinct,
                      bool join) {
    size_t keys[LINES + 1];
    size_t key_count = list_keys(lines, count, keys);
    FUZZ_CHECK(map.type == NH_MAP, "no map");
    FUZZ_CHECK(nh_map_length(map) == key_count, "%zu keys instead of %zu", nh_map_length(map),
               key_count);
    for (size_t i = 0; i < key_count; i++) {
        check_key(nh_map_key_at(map, i), lines[keys[i]].name);
        if (distinct) {
            check_all_values(nh_map_value_at(map, i), lines, count, keys[i]);
        } else {
            check_joined(nh_map_value_at(map, i), lines, count, keys[i], join);
        }
    }
}

/* --- the run ------------------------------------------------------------------------------ */

/* The six forms of a message, in one order or another. */
struct forms {
    nh_value raw, joined, distinct, raw_trailers, trailers, trailers_distinct;
};

static void get_forms(struct forms *forms, nh_incoming_message *message, bool distinct_first) {
    nh_value early =
        distinct_first ? nh_incoming_message_headers_distinct(message) : nh_undefined();
    forms->joined = nh_incoming_message_headers(message);
    forms->distinct = nh_incoming_message_headers_distinct(message);
    FUZZ_CHECK(!distinct_first || early.type == NH_INVALID ||
                   nh_value_is_same(early, forms->distinct),
               "headersDistinct is another object the second time");
    nh_value_release(&early);
    forms->raw = nh_incoming_message_raw_headers(message);
    forms->raw_trailers = nh_incoming_message_raw_trailers(message);
    forms->trailers = nh_incoming_message_trailers(message);
    forms->trailers_distinct = nh_incoming_message_trailers_distinct(message);
}

static void release_forms(struct forms *forms) {
    nh_value *const values[] = {&forms->raw,          &forms->joined,   &forms->distinct,
                                &forms->raw_trailers, &forms->trailers, &forms->trailers_distinct};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        nh_value_release(values[i]);
    }
}

/* Checks the forms while `trailer_count` trailers have come. */
static void check_forms(struct run *run, const struct forms *forms, size_t trailer_count) {
    bool join = (run->flags & JOINING_JOIN) != 0;
    size_t kept = kept_count(head.count, run->limit);
    size_t shown = run->limit != 0 && run->limit < kept ? run->limit : kept;
    check_raw(forms->raw, head.lines, kept);
    check_map(forms->joined, head.lines, shown, false, join);
    check_map(forms->distinct, head.lines, shown, true, join);
    check_raw(forms->raw_trailers, trailer.lines, trailer_count);
    check_map(forms->trailers, trailer.lines, trailer_count, false, join);
    /* A distinct form that was built before there were trailers stays empty. */
    bool early = (run->flags & JOINING_EARLY) != 0;
    check_map(forms->trailers_distinct, trailer.lines, early ? 0 : trailer_count, true, join);
}

static void on_message(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct run *run = data;
    (void)emitter;
    (void)count;
    FUZZ_CHECK(run->message == NULL, "a second message");
    nh_emitter *message = nh_emitter_retain(arguments[0].as.object);
    run->message = (nh_incoming_message *)(void *)message;
    if ((run->flags & JOINING_LATE) == 0) {
        nh_readable_resume(nh_as_stream(message));
    }
    if ((run->flags & JOINING_EARLY) != 0) {
        struct forms forms;
        get_forms(&forms, run->message, (run->flags & JOINING_DISTINCT) != 0);
        if (!run->world.memory->refused) {
            check_forms(run, &forms, 0);
        }
        release_forms(&forms);
    }
}

static enum fuzz_incoming kind_of(const struct run *run) {
    return (run->flags & JOINING_RESPONSE) != 0 ? FUZZ_INCOMING_RESPONSE : FUZZ_INCOMING_REQUEST;
}

static void check_message(struct run *run) {
    if (run->message == NULL) {
        FUZZ_CHECK(run->world.memory->refused, "no message");
        return;
    }
    if ((run->flags & JOINING_LATE) != 0) {
        FUZZ_CHECK(run->segment % 64 == 0 || !nh_incoming_message_is_complete(run->message),
                   "a body that nobody reads was taken to its end");
        nh_loop_begin_turn(run->world.loop);
        nh_readable_resume(nh_as_stream(run->message));
        nh_loop_end_turn(run->world.loop);
    }
    struct forms forms;
    get_forms(&forms, run->message, (run->flags & JOINING_DISTINCT) != 0);
    if (!run->world.memory->refused) {
        FUZZ_CHECK(nh_incoming_message_is_complete(run->message), "not complete");
        check_forms(run, &forms, kept_count(trailer.count, run->limit));
    }
    release_forms(&forms);
    if ((run->flags & JOINING_ASSIGN) != 0) {
        fuzz_check_incoming(run->world.loop, run->message, kind_of(run), run->world.memory);
    }
}

static void ignore(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    (void)data;
}

/* A chunk, if the message is read late. */
static nh_bytes late_body(const struct run *run) {
    static uint8_t chunk[LATE_BODY_BYTES + 16];
    if ((run->flags & JOINING_LATE) == 0) {
        return nh_bytes_of(NULL, 0);
    }
    if (chunk[0] == 0) {
        int start = snprintf((char *)chunk, sizeof(chunk), "%x\r\n", LATE_BODY_BYTES);
        memset(chunk + start, 'x', LATE_BODY_BYTES);
        memcpy(chunk + (size_t)start + LATE_BODY_BYTES, "\r\n", 2);
    }
    return nh_bytes_of(chunk, strlen((char *)chunk));
}

static void receive(struct run *run, nh_stream *duplex, const char *start_line) {
    size_t length = 0;
    const nh_bytes parts[] = {
        nh_bytes_of_text(start_line), nh_bytes_of(head.bytes, head.length),
        nh_bytes_of_text("\r\n"),     late_body(run),
        nh_bytes_of_text("0\r\n"),    nh_bytes_of(trailer.bytes, trailer.length),
        nh_bytes_of_text("\r\n")};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].length != 0) {
            memcpy(wire + length, parts[i].data, parts[i].length);
            length += parts[i].length;
        }
    }
    /* A long body comes in few segments. */
    size_t segment = (run->flags & JOINING_LATE) != 0 ? run->segment % 64 * 256 : run->segment;
    fuzz_duplex_receive(duplex, nh_bytes_of(wire, length), segment);
}

static void run_server(struct run *run, nh_stream *duplex) {
    nh_loop *loop = run->world.loop;
    nh_value options = nh_map_new(nh_loop_memory(loop));
    (void)nh_map_set(options, "requireHostHeader", nh_boolean(false));
    (void)nh_map_set(options, "joinDuplicateHeaders", nh_boolean((run->flags & JOINING_JOIN) != 0));
    nh_server *server = NULL;
    nh_error_release(nh_server_new(loop, options, nh_undefined(), &server));
    nh_value_release(&options);
    if (server == NULL) {
        return;
    }
    if (run->limit != 0) {
        (void)nh_server_set_property(server, "maxHeadersCount", nh_number((double)run->limit));
    }
    (void)nh_emitter_on(nh_as_emitter(server), "request", on_message, run);
    nh_value connection = nh_value_of_object(nh_as_emitter(duplex));
    nh_loop_begin_turn(loop);
    (void)nh_emitter_emit_value(nh_as_emitter(server), "connection", connection);
    nh_loop_end_turn(loop);
    nh_value_release(&connection);
    receive(run, duplex, "POST / HTTP/1.1\r\n");
    check_message(run);
    nh_emitter_release(nh_as_emitter(server));
}

/* createConnection: the duplex itself. */
static void give_duplex(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    *out_result = nh_value_of_object(nh_as_emitter(data));
}

static void run_client(struct run *run, nh_stream *duplex) {
    nh_loop *loop = run->world.loop;
    nh_memory *memory = nh_loop_memory(loop);
    nh_value options = nh_map_new(memory);
    nh_value connect = nh_function_new(memory, "", give_duplex, duplex, NULL);
    (void)nh_map_set_take(options, "createConnection", connect);
    (void)nh_map_set(options, "joinDuplicateHeaders", nh_boolean((run->flags & JOINING_JOIN) != 0));
    nh_client_request *request = NULL;
    nh_loop_begin_turn(loop);
    nh_error_release(nh_http_get(loop, options, nh_undefined(), nh_undefined(), &request));
    nh_value_release(&options);
    if (request != NULL) {
        (void)nh_emitter_on(nh_as_emitter(request), "response", on_message, run);
        (void)nh_emitter_on(nh_as_emitter(request), "error", ignore, NULL);
        if (run->limit != 0) {
            nh_client_request_set(request, NH_CLIENT_REQUEST_MAX_HEADERS_COUNT,
                                  nh_number((double)run->limit));
        }
    }
    nh_loop_end_turn(loop);
    if (request != NULL) {
        receive(run, duplex, "HTTP/1.1 200 OK\r\n");
        check_message(run);
        nh_emitter_release(nh_as_emitter(request));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_of(data, size);
    struct run run = {.flags = fuzz_input_byte(&input)};
    uint8_t limit = fuzz_input_byte(&input);
    run.limit = (run.flags & JOINING_LIMITED) != 0 ? limit : 0;
    run.segment = fuzz_input_byte(&input);
    uint16_t refuse_at = fuzz_input_short(&input);
    read_script(&input);
    fuzz_world_open(&run.world, refuse_at);
    struct fuzz_wire *written;
    nh_stream *duplex = fuzz_duplex_new(run.world.loop, &written);
    if (duplex != NULL && (run.flags & JOINING_RESPONSE) != 0) {
        run_client(&run, duplex);
    } else if (duplex != NULL) {
        run_server(&run, duplex);
    }
    if (duplex != NULL && (run.flags & JOINING_ALONE) != 0) {
        nh_loop_begin_turn(run.world.loop);
        fuzz_check_incoming_alone(run.world.loop, run.segment % 2 == 0 ? NULL : duplex,
                                  run.world.memory);
        nh_loop_end_turn(run.world.loop);
    }
    if (run.message != NULL) {
        nh_emitter_release(nh_as_emitter(run.message));
    }
    fuzz_duplex_discard(duplex);
    fuzz_world_close(&run.world);
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    fuzz_script_print(&fuzz_script_format, data, size);
}
