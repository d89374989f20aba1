#include "session/client_run.h"

#include <string.h>

#if defined(__clang__)
#define NOT_INSTRUMENTED __attribute__((no_sanitize("coverage")))
#else
#define NOT_INSTRUMENTED
#endif

const char *const client_methods[] = {"GET",     "POST",  "HEAD", "PUT",      "DELETE",
                                      "OPTIONS", "TRACE", "get",  "M-SEARCH", "CONNECT"};
const size_t client_method_count = sizeof(client_methods) / sizeof(client_methods[0]);

/* Lower case, and no hexadecimal digit: heads and the sizes of chunks do not look like bodies. */
char client_letter(size_t exchange) {
    return (char)('g' + exchange);
}

/* --- sending ------------------------------------------------------------------------------ */

static bool is_open(const struct client_connection *connection) {
    return connection->connection != NULL || connection->duplex != NULL;
}

static void send_fin(struct client_connection *connection) {
    if (connection->finished) {
        return;
    }
    connection->finished = true;
    if (connection->connection != NULL) {
        (void)connection->run->transport->shutdown(connection->connection);
    } else if (connection->duplex != NULL) {
        (void)nh_readable_push(connection->duplex, nh_null(), nh_undefined());
    }
}

/* Sends what waits, as far as it goes. */
static void send_waiting(struct client_connection *connection) {
    while (connection->waiting_count > 0 && !connection->is_writing &&
           connection->connection != NULL) {
        nh_bytes piece = connection->waiting[0];
        connection->waiting_count--;
        memmove(connection->waiting, connection->waiting + 1,
                connection->waiting_count * sizeof(connection->waiting[0]));
        connection->is_writing =
            connection->run->transport->write(connection->connection, &piece, 1, NULL) == 1;
    }
    if (connection->finishes && connection->waiting_count == 0 && !connection->is_writing) {
        send_fin(connection);
    }
}

void client_server_send(struct client_connection *connection, nh_bytes bytes) {
    if (bytes.length == 0 || connection->finishes || connection->finished) {
        return;
    }
    connection->run->answered += bytes.length;
    if (connection->duplex != NULL) {
        (void)nh_readable_push_bytes(connection->duplex, bytes);
    } else if (connection->connection != NULL && connection->waiting_count < CLIENT_SENDS) {
        connection->waiting[connection->waiting_count++] = bytes;
        send_waiting(connection);
    }
}

void client_server_finish(struct client_connection *connection) {
    if (is_open(connection)) {
        connection->finishes = true;
        send_waiting(connection);
    }
}

void client_server_reset(struct client_connection *connection) {
    if (connection->connection != NULL) {
        nh_connection *going = connection->connection;
        connection->connection = NULL;
        if (connection->run->transport->reset(going) != 0) {
            connection->run->transport->close(going);
        }
    } else if (connection->duplex != NULL) {
        nh_error *error = nh_error_new(connection->run->memory, "Error", "ECONNRESET", "reset");
        nh_stream *duplex = connection->duplex;
        connection->duplex = NULL;
        nh_stream_destroy(duplex, error);
        nh_error_release(error);
    }
}

void client_server_close(struct client_connection *connection) {
    if (connection->connection != NULL) {
        nh_connection *going = connection->connection;
        connection->connection = NULL;
        connection->run->transport->close(going);
    } else if (connection->duplex != NULL) {
        nh_stream *duplex = connection->duplex;
        connection->duplex = NULL;
        nh_stream_destroy(duplex, NULL);
    }
}

void client_server_set_reading(struct client_connection *connection, bool reading) {
    if (connection->connection == NULL) {
        return;
    }
    if (reading) {
        (void)connection->run->transport->start_reading(connection->connection);
    } else {
        connection->run->transport->stop_reading(connection->connection);
    }
}

/* --- answering ---------------------------------------------------------------------------- */

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const struct {
    const char *bytes;
    unsigned then;
} default_answers[] = {
    {"", 0},
    {HI, 0},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n", 0},
    {"HTTP/1.0 200 OK\r\n\r\nhi", 1},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", 0},
    {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 0\r\n\r\n", 0},
    {"HTTP/1.1 100 Continue\r\n\r\n" HI, 0},
    {"HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhead", 0},
    {"HTTP/1.1 204 No Content\r\n\r\n", 0},
    {HI, 1},
    {"", 1},
};

static void answer(struct client_connection *connection) {
    struct client_run *run = connection->run;
    struct client_answer given;
    if (run->answers_given < run->answer_count) {
        given = run->answers[run->answers_given++];
    } else {
        size_t index = run->settings[CLIENT_SETTING_ANSWER] %
                       (sizeof(default_answers) / sizeof(default_answers[0]));
        given.bytes = nh_bytes_of_text(default_answers[index].bytes);
        given.then = default_answers[index].then;
    }
    client_server_send(connection, given.bytes);
    if (given.then == 1) {
        client_server_finish(connection);
    } else if (given.then == 2) {
        client_server_reset(connection);
    } else if (given.then == 3) {
        client_server_set_reading(connection, false);
    }
}

/* --- what comes in ------------------------------------------------------------------------ */

/* The request line names the request by its first letter; that one is to have been sent, and only
 * once. */
static void end_of_line(struct client_connection *connection) {
    struct client_run *run = connection->run;
    static const char version[] = " HTTP/1.1\r\n";
    size_t length = connection->line_length;
    size_t end = sizeof(version) - 1;
    FUZZ_CHECK(length > end && memcmp(connection->line + length - end, version, end) == 0,
               "a request line ends with its version: \"%.*s\"", (int)length, connection->line);
    const char *blank = memchr(connection->line, ' ', length);
    FUZZ_CHECK(blank[1] == '/', "a target starts with '/': \"%.*s\"", (int)length,
               connection->line);
    int k = blank[2] - 'g';
    if (blank[2] == ' ' && run->world.memory->refused) {
        connection->is_opaque = true; /* without memory for its URL a request goes to "/" */
        return;
    }
    FUZZ_CHECK(k >= 0 && (size_t)k < run->exchange_count, "a head of a request nobody made: '%c'",
               blank[2]);
    struct client_exchange *exchange = &run->exchanges[k];
    FUZZ_CHECK(exchange->was_made || run->world.memory->refused || exchange->thrown_late,
               "a head of a request that threw: %d", k);
    FUZZ_CHECK(!exchange->head_seen, "the head of request %d comes twice", k);
    exchange->head_seen = true;
    connection->owner = k;
}

/* One byte of a head; true after its last one. */
NOT_INSTRUMENTED static bool scan_head(struct client_connection *connection, uint8_t byte) {
    FUZZ_CHECK((byte == '\n') == (connection->last == '\r'),
               "lines of a head end in CR LF: %02x after %02x", byte, connection->last);
    connection->last = byte;
    if (connection->state == CLIENT_SCAN_LINE) {
        FUZZ_CHECK(connection->line_length < sizeof(connection->line), "a request line is short");
        connection->line[connection->line_length++] = (char)byte;
        if (byte == '\n') {
            end_of_line(connection);
            connection->state = CLIENT_SCAN_FIELDS;
            connection->line_is_empty = true;
        }
        return false;
    }
    if (byte == '\n') {
        bool ends = connection->line_is_empty;
        connection->line_is_empty = true;
        return ends;
    }
    connection->line_is_empty = connection->line_is_empty && byte == '\r';
    return false;
}

static bool is_of_body(uint8_t byte, char letter) {
    return byte == (uint8_t)letter || (byte >= '0' && byte <= '9') ||
           (byte >= 'a' && byte <= 'f') || byte == '\r' || byte == '\n' || byte == ':' ||
           byte == ' ';
}

/* Bytes between heads: of the body of the request whose head came last, or the start of a head. */
NOT_INSTRUMENTED static size_t scan_body(struct client_connection *connection, nh_bytes bytes) {
    size_t at = 0;
    const struct client_run *run = connection->run;
    char letter = connection->owner < 0 ? '\0' : client_letter((size_t)connection->owner);
    if (connection->owner >= 0 && run->exchanges[connection->owner].is_foreign) {
        connection->is_opaque = true;
        return bytes.length;
    }
    while (at < bytes.length && is_of_body(bytes.data[at], letter)) {
        FUZZ_CHECK(letter != '\0', "a connection starts with a head, not with %02x",
                   bytes.data[at]);
        at++;
    }
    if (at < bytes.length) {
        uint8_t byte = bytes.data[at];
        FUZZ_CHECK(byte >= 'A' && byte <= 'Z', "byte %02x in the body of request %d ('%c')", byte,
                   connection->owner, letter);
        connection->state = CLIENT_SCAN_LINE;
        connection->line_length = 0;
        connection->last = 0;
    }
    return at;
}

/* The server may be told to close the connection by what it gets. */
NOT_INSTRUMENTED static void receive(struct client_connection *connection, nh_bytes bytes) {
    size_t at = 0;
    while (at < bytes.length && !connection->is_opaque) {
        if (connection->state == CLIENT_SCAN_BODY) {
            at += scan_body(connection, nh_bytes_of(bytes.data + at, bytes.length - at));
        } else if (scan_head(connection, bytes.data[at++])) {
            connection->state = CLIENT_SCAN_BODY;
            answer(connection);
        }
    }
}

/* --- connections -------------------------------------------------------------------------- */

static struct client_connection *new_connection(struct client_run *run) {
    if (run->connection_count == CLIENT_CONNECTIONS) {
        return NULL;
    }
    struct client_connection *connection = &run->connections[run->connection_count++];
    memset(connection, 0,
           sizeof(*connection) - sizeof(connection->line) - sizeof(connection->line_length));
    connection->run = run;
    connection->owner = -1;
    connection->line_length = 0;
    return connection;
}

static void on_read(void *owner, int status, nh_bytes bytes) {
    struct client_connection *connection = owner;
    if (status >= 0) {
        receive(connection, bytes);
    } else if (status != NH_STATUS_END_OF_STREAM) {
        client_server_close(connection);
    }
}

static void on_written(void *owner, int status) {
    struct client_connection *connection = owner;
    connection->is_writing = false;
    if (status == 0) {
        send_waiting(connection);
    }
}

static void on_shut_down(void *owner, int status) {
    (void)owner;
    (void)status;
}

static void on_closed(void *owner) {
    struct client_connection *connection = owner;
    connection->connection = NULL;
}

static const nh_connection_observer connection_observer = {
    .read = on_read, .written = on_written, .shut_down = on_shut_down, .closed = on_closed};

static void on_connection(void *owner, int status, nh_connection *accepted) {
    struct client_run *run = owner;
    if (status < 0) {
        return;
    }
    struct client_connection *connection = new_connection(run);
    if (connection == NULL) {
        return;
    }
    connection->connection = accepted;
    run->transport->observe(accepted, &connection_observer, connection);
    run->transport->set_referenced(accepted, false);
    if (run->accept_policy == 2) {
        client_server_reset(connection);
    } else if (run->accept_policy == 3) {
        client_server_close(connection);
    } else if (run->accept_policy == 0) {
        client_server_set_reading(connection, true);
    }
}

static void on_listening_closed(void *owner) {
    (void)owner;
}

void client_server_open(struct client_run *run, enum client_origin origin) {
    static const nh_listening_observer observer = {.connection = on_connection,
                                                   .closed = on_listening_closed};
    static const nh_address addresses[] = {
        {.family = NH_ADDRESS_IPV4, .host = "127.0.0.1", .port = 8080},
        {.family = NH_ADDRESS_IPV4, .host = "127.0.0.1", .port = 8081},
        {.family = NH_ADDRESS_UNIX, .host = "/peer"}};
    size_t index = origin == CLIENT_ORIGIN_SECOND ? 1 : origin == CLIENT_ORIGIN_UNIX ? 2 : 0;
    if (origin == CLIENT_ORIGIN_REFUSED || origin == CLIENT_ORIGIN_UNKNOWN ||
        run->listening[index] != NULL) {
        return;
    }
    if (run->transport->listen(run->world.simulator, &addresses[index], 16, &observer, run,
                               &run->listening[index]) == 0) {
        run->transport->listening_set_referenced(run->listening[index], false);
    } else {
        run->listening[index] = NULL;
    }
}

/* --- the far end of a Duplex -------------------------------------------------------------- */

static void duplex_read(nh_stream *stream, size_t size, void *data) {
    (void)stream;
    (void)size;
    (void)data;
}

static void duplex_write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    receive(data, nh_value_bytes(chunk.chunk));
    nh_stream_write_done(stream, NULL);
}

static void duplex_destroy(nh_stream *stream, nh_error *error, void *data) {
    struct client_connection *connection = data;
    connection->is_destroyed = true;
    nh_stream_destroy_done(stream, error);
}

static void duplex_release(void *data) {
    struct client_connection *connection = data;
    connection->duplex = NULL;
}

static void on_duplex_closed(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    struct client_connection *connection = data;
    connection->has_closed = true;
}

void client_server_check_closed(const struct client_run *run) {
    if (!grammar_keeps_promises(&run->grammar)) {
        return;
    }
    for (size_t i = 0; i < run->connection_count; i++) {
        const struct client_connection *connection = &run->connections[i];
        FUZZ_CHECK(!connection->is_destroyed || connection->has_closed,
                   "the Duplex of connection %zu was destroyed, but did not emit 'close'", i);
    }
}

nh_stream *client_server_duplex(struct client_run *run) {
    static const nh_stream_operations operations = {.read = duplex_read,
                                                    .write = duplex_write,
                                                    .destroy = duplex_destroy,
                                                    .release = duplex_release};
    struct client_connection *connection = new_connection(run);
    if (connection == NULL) {
        return NULL;
    }
    connection->duplex = nh_duplex_new(run->loop, NULL, &operations, connection);
    if (connection->duplex != NULL) {
        connection->has_closed = !nh_emitter_on(nh_as_emitter(connection->duplex), "close",
                                                on_duplex_closed, connection);
    }
    return connection->duplex;
}
