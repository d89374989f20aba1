#include "message/incoming.h"

#include <string.h>

#include "support/check.h"

static void expect_take(const struct fuzz_memory *memory, nh_value value, const char *text,
                        const char *what) {
    FUZZ_CHECK(memory->refused ||
                   (text == NULL ? value.type == NH_NULL : nh_value_is_text(value, text)),
               "%s is \"%s\"", what, nh_value_text(value));
    nh_value_release(&value);
}

static void expect_number_take(const struct fuzz_memory *memory, nh_value value, double number,
                               bool is_null, const char *what) {
    FUZZ_CHECK(memory->refused ||
                   (is_null ? value.type == NH_NULL : nh_value_is_same(value, nh_number(number))),
               "%s is another one", what);
    nh_value_release(&value);
}

/* The streams of this target know no timeouts. */
static void check_no_timeout(const struct fuzz_memory *memory, nh_incoming_message *message) {
    nh_error *error = nh_incoming_message_set_timeout(message, nh_number(1), nh_undefined());
    FUZZ_CHECK(error != NULL, "setTimeout() without timeouts");
    FUZZ_CHECK(memory->refused || nh_error_code(error) == NULL || nh_error_code(error)[0] == '\0',
               "setTimeout(): %s", nh_error_message(error));
    nh_error_release(error);
    error = nh_incoming_message_set_timeout(message, nh_number(1), nh_number(1));
    FUZZ_CHECK(error != NULL &&
                   (memory->refused || strcmp(nh_error_code(error), "ERR_INVALID_ARG_TYPE") == 0),
               "setTimeout() takes a number for a function");
    nh_error_release(error);
}

/* What the start line comes to. */
static void check_start_line(const struct fuzz_memory *memory, const nh_incoming_message *message,
                             enum fuzz_incoming kind) {
    bool has_head = kind != FUZZ_INCOMING_ALONE;
    bool is_response = kind == FUZZ_INCOMING_RESPONSE;
    bool is_request = kind == FUZZ_INCOMING_REQUEST;
    expect_take(memory, nh_incoming_message_http_version(message), has_head ? "1.1" : NULL,
                "httpVersion");
    expect_number_take(memory, nh_incoming_message_http_version_major(message), 1, !has_head,
                       "httpVersionMajor");
    expect_number_take(memory, nh_incoming_message_http_version_minor(message), 1, !has_head,
                       "httpVersionMinor");
    expect_take(memory, nh_incoming_message_method(message), is_request ? "POST" : NULL, "method");
    expect_take(memory, nh_incoming_message_url(message), is_request ? "/" : "", "url");
    expect_number_take(memory, nh_incoming_message_status_code(message), 200, !is_response,
                       "statusCode");
    expect_take(memory, nh_incoming_message_status_message(message), is_response ? "OK" : NULL,
                "statusMessage");
    nh_value upgrade = nh_incoming_message_upgrade(message);
    FUZZ_CHECK(upgrade.type == NH_NULL || (has_head && !nh_value_is_truthy(upgrade)), "upgrade");
    FUZZ_CHECK(nh_incoming_message_socket(message) == nh_incoming_message_connection(message),
               "two sockets");
}

/* Whatever is assigned to a property is there. */
static void check_assignments(nh_incoming_message *message, nh_memory *memory) {
    typedef void (*setter)(nh_incoming_message * message, nh_value value);
    typedef nh_value (*getter)(const nh_incoming_message *message);
    typedef nh_value (*builder)(nh_incoming_message * message);
    static const struct {
        setter set;
        getter get;
        builder build;
    } properties[] = {
        {nh_incoming_message_set_method, nh_incoming_message_method, NULL},
        {nh_incoming_message_set_url, nh_incoming_message_url, NULL},
        {nh_incoming_message_set_status_code, nh_incoming_message_status_code, NULL},
        {nh_incoming_message_set_status_message, nh_incoming_message_status_message, NULL},
        {nh_incoming_message_set_headers, NULL, nh_incoming_message_headers},
        {nh_incoming_message_set_headers_distinct, NULL, nh_incoming_message_headers_distinct},
        {nh_incoming_message_set_trailers, NULL, nh_incoming_message_trailers},
        {nh_incoming_message_set_trailers_distinct, NULL, nh_incoming_message_trailers_distinct},
    };
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
        nh_value assigned = i < 4 ? nh_string_of(memory, "assigned") : nh_map_new(memory);
        properties[i].set(message, assigned);
        nh_value value = i < 4 ? properties[i].get(message) : properties[i].build(message);
        FUZZ_CHECK(assigned.type == NH_INVALID || nh_value_is_same(value, assigned),
                   "property %zu is not what was assigned", i);
        nh_value_release(&value);
        nh_value_release(&assigned);
    }
}

/* new http.IncomingMessage(socket) */
void fuzz_check_incoming_alone(nh_loop *loop, nh_stream *socket, const struct fuzz_memory *memory) {
    nh_incoming_message *message = nh_incoming_message_new(loop, socket);
    if (message == NULL) {
        FUZZ_CHECK(memory->refused, "no message");
        return;
    }
    nh_value raw = nh_incoming_message_raw_headers(message);
    nh_value headers = nh_incoming_message_headers(message);
    nh_value trailers = nh_incoming_message_trailers_distinct(message);
    FUZZ_CHECK(nh_list_length(raw) == 0 && nh_map_length(headers) == 0 &&
                   nh_map_length(trailers) == 0,
               "a message of nothing has headers");
    nh_value_release(&raw);
    nh_value_release(&headers);
    nh_value_release(&trailers);
    check_start_line(memory, message, FUZZ_INCOMING_ALONE);
    check_no_timeout(memory, message);
    FUZZ_CHECK(!nh_incoming_message_is_complete(message) &&
                   !nh_incoming_message_is_aborted(message),
               "a message of nothing is complete or aborted");
    check_assignments(message, nh_loop_memory(loop));
    nh_emitter_release(nh_as_emitter(message));
}

void fuzz_check_incoming(nh_loop *loop, nh_incoming_message *message, enum fuzz_incoming kind,
                         const struct fuzz_memory *memory) {
    nh_value host = nh_incoming_message_header(message, "host");
    nh_value all = nh_incoming_message_headers(message);
    FUZZ_CHECK(memory->refused || nh_value_is_same(host, nh_map_get(all, "host")),
               "a single header is not the one among all");
    nh_value_release(&host);
    nh_value_release(&all);
    if (!memory->refused) {
        FUZZ_CHECK(!nh_incoming_message_is_aborted(message), "aborted");
    }
    check_start_line(memory, message, kind);
    check_no_timeout(memory, message);
    check_assignments(message, nh_loop_memory(loop));
}
