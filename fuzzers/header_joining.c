/* header_joining - field lines through a parser: headers, headersDistinct and rawHeaders (and the
 * three of the trailers) agree.
 *
 * The target knows which lines it sent. What the raw list holds is checked against them; the joined
 * and the distinct form are computed again from the same lines, by the rules that the documentation
 * of message.headers gives, and compared entry by entry, in order (header_joining/forms.h). */
#include "header_joining_operations.h"

#include <nodehttp/client_request.h>
#include <nodehttp/server.h>

#include <stdio.h>
#include <string.h>

#include "engines/target.h"
#include "header_joining/forms.h"
#include "header_joining/lines.h"
#include "message/duplex.h"
#include "message/incoming.h"
#include "support/check.h"
#include "support/world.h"

static struct joining_section head;
static struct joining_section trailer;
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
    size_t kept = joining_kept_count(head.count, run->limit);
    size_t shown = run->limit != 0 && run->limit < kept ? run->limit : kept;
    joining_check_raw(forms->raw, head.lines, kept);
    joining_check_map(forms->joined, head.lines, shown, false, join);
    joining_check_map(forms->distinct, head.lines, shown, true, join);
    joining_check_raw(forms->raw_trailers, trailer.lines, trailer_count);
    joining_check_map(forms->trailers, trailer.lines, trailer_count, false, join);
    /* A distinct form that was built before there were trailers stays empty. */
    bool early = (run->flags & JOINING_EARLY) != 0;
    joining_check_map(forms->trailers_distinct, trailer.lines, early ? 0 : trailer_count, true,
                      join);
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
        check_forms(run, &forms, joining_kept_count(trailer.count, run->limit));
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
    joining_read(&input, &head, &trailer);
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
