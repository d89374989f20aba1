/* How a run meets objects, and the operations on clients, time and order. */
#include "session/server_run.h"

#include "support/check.h"

/* --- who is who ----------------------------------------------------------------------------- */

/* The object of that kind that belongs to the one the event under way is about. */
static struct grammar_object *related(struct server_run *run, enum grammar_kind kind) {
    struct grammar_object *current = run->current;
    if (current->kind == kind) {
        return current;
    }
    for (size_t i = run->exchange_count; i > 0; i--) {
        struct server_exchange *exchange = &run->exchanges[i - 1];
        if (exchange->request == current || exchange->response == current ||
            exchange->socket == current || current->kind == GRAMMAR_SERVER) {
            return kind == GRAMMAR_INCOMING   ? exchange->request
                   : kind == GRAMMAR_RESPONSE ? exchange->response
                                              : exchange->socket;
        }
    }
    return NULL;
}

struct grammar_object *server_run_pick(struct server_run *run, enum grammar_kind kind,
                                       unsigned selector) {
    if (selector >= 128 && run->current != NULL) {
        struct grammar_object *object = related(run, kind);
        return object != NULL && object->object != NULL ? object : NULL;
    }
    struct grammar *grammar = run->grammar;
    struct grammar_object *living[GRAMMAR_MOST_OBJECTS];
    unsigned count = 0;
    for (size_t i = 0; i < grammar->object_count; i++) {
        if (grammar->objects[i].kind == kind && grammar->objects[i].object != NULL) {
            living[count++] = &grammar->objects[i];
        }
    }
    return count == 0 ? NULL : living[selector % 128 % count];
}

struct raw_client *server_run_client_of(struct server_run *run, nh_emitter *socket) {
    nh_value port = nh_socket_remote_port((nh_socket *)(void *)socket);
    for (size_t i = 0; i < run->client_count && port.type == NH_NUMBER; i++) {
        if (run->clients[i].local_port == port.as.number) {
            return &run->clients[i];
        }
    }
    nh_value_release(&port);
    return NULL;
}

void server_run_give_up(const struct server_exchange *exchange) {
    struct raw_client *client = exchange->socket != NULL ? exchange->socket->data : NULL;
    if (client != NULL) {
        client->reader.own_framing = true;
    }
}

void server_run_note_header(const struct server_exchange *exchange, nh_bytes name, nh_bytes value) {
    struct raw_client *client =
        exchange != NULL && exchange->socket != NULL ? exchange->socket->data : NULL;
    bool is_ascii = true;
    for (size_t i = 0; i < value.length; i++) {
        is_ascii = is_ascii && value.data[i] < 0x80;
    }
    if (client != NULL && !is_ascii &&
        nh_bytes_equal_text_ignoring_case(name, "content-disposition")) {
        response_reader_give_up(&client->reader);
    }
}

void server_run_note_early_head(const struct server_exchange *exchange) {
    struct grammar_object *response = exchange->response;
    struct raw_client *client = exchange->socket != NULL ? exchange->socket->data : NULL;
    if (client == NULL || response == NULL || response->object == NULL) {
        return;
    }
    nh_outgoing_message *message = nh_as_outgoing_message(response->object);
    if (nh_outgoing_message_socket(message) == NULL) {
        server_run_give_up(exchange);
    } else if (nh_outgoing_message_headers_sent(message)) {
        response_reader_expect_late_head(&client->reader);
    }
}

uint64_t server_run_events(const struct server_run *run, enum grammar_kind kind) {
    static const struct {
        enum grammar_kind kind;
        enum grammar_event event;
    } watched[] = {
        {GRAMMAR_INCOMING, GRAMMAR_DATA},     {GRAMMAR_INCOMING, GRAMMAR_ERROR},
        {GRAMMAR_INCOMING, GRAMMAR_READABLE}, {GRAMMAR_RESPONSE, GRAMMAR_ERROR},
        {GRAMMAR_SOCKET, GRAMMAR_ERROR},      {GRAMMAR_SOCKET, GRAMMAR_TIMEOUT},
        {GRAMMAR_INCOMING, GRAMMAR_ABORTED},  {GRAMMAR_RESPONSE, GRAMMAR_TIMEOUT},
    };
    unsigned chosen = run->settings[SERVER_SETTING_WATCH];
    uint64_t events = 0;
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
        if (watched[i].kind == kind && (chosen >> i & 1) != 0) {
            events |= GRAMMAR_BIT(watched[i].event);
        }
    }
    return events;
}

/* Watches what an event brought, unless it is watched already. */
static struct grammar_object *meet(struct server_run *run, nh_emitter *emitter,
                                   enum grammar_kind kind) {
    struct grammar_object *object = grammar_find(run->grammar, emitter);
    if (object != NULL) {
        return object;
    }
    if (kind != GRAMMAR_SOCKET &&
        run->grammar->object_count >= GRAMMAR_MOST_OBJECTS - SERVER_RUN_CLIENTS) {
        return NULL; /* the rest is for sockets: they have to be closed in the end */
    }
    object = grammar_watch(run->grammar, emitter, kind, server_run_events(run, kind));
    if (object == NULL) {
        return NULL;
    }
    if (kind == GRAMMAR_SOCKET) {
        object->data = server_run_client_of(run, emitter);
    }
    if ((run->settings[SERVER_SETTING_PROGRAM] & SERVER_PROGRAM_REFERENCES) != 0) {
        run->held[run->held_count++] = nh_emitter_retain(emitter);
    }
    return object;
}

struct server_exchange *server_run_meet(struct server_run *run, const nh_value *arguments,
                                        size_t count) {
    struct server_exchange met = {NULL, NULL, NULL};
    for (size_t i = 0; i < count; i++) {
        if (arguments[i].type != NH_OBJECT) {
            continue;
        }
        nh_emitter *emitter = arguments[i].as.object;
        if (nh_emitter_is_a(emitter, "IncomingMessage")) {
            met.request = meet(run, emitter, GRAMMAR_INCOMING);
            nh_stream *socket = nh_incoming_message_socket((nh_incoming_message *)(void *)emitter);
            met.socket = socket != NULL ? grammar_find(run->grammar, nh_as_emitter(socket)) : NULL;
        } else if (nh_emitter_is_a(emitter, "ServerResponse") && met.request != NULL &&
                   run->exchange_count < SERVER_RUN_EXCHANGES) {
            /* Without its request nobody could tell what the script does to whose connection. */
            met.response = meet(run, emitter, GRAMMAR_RESPONSE);
        } else if (nh_emitter_is_a(emitter, "Socket")) {
            met.socket = meet(run, emitter, GRAMMAR_SOCKET);
        }
    }
    if (met.request == NULL || run->exchange_count == SERVER_RUN_EXCHANGES) {
        return NULL;
    }
    struct server_exchange *exchange = &run->exchanges[run->exchange_count++];
    *exchange = met;
    met.request->data = exchange;
    if (met.response != NULL) {
        met.response->data = exchange;
    }
    return exchange;
}

bool server_run_has_line_end(nh_bytes bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        if (bytes.data[i] == '\r' || bytes.data[i] == '\n') {
            return true;
        }
    }
    return false;
}

/* --- time ----------------------------------------------------------------------------------- */

/* Iterations that are enough for anything a script can cause in one go: everything that can be sent
 * may arrive byte by byte, and timers may be due every few milliseconds. What arrives so and goes
 * back is a chunk for each byte: six bytes, which may leave byte by byte, too. */
static size_t most_iterations(const struct server_run *run) {
    size_t read = run->pushed;
    for (size_t i = 0; i < run->client_count; i++) {
        read += run->clients[i].sent;
    }
    return 8192 + run->written + read * (4 + 6 * run->copies);
}

/* A network that cuts everything into bytes shows what it can in the first ones; what comes later
 * would take most of the time of all runs. */
#define PATIENCE 256

/* From now on the network passes on what it gets. */
static void stop_cutting(struct server_run *run) {
    static const enum nh_simulator_direction directions[] = {NH_SIMULATOR_TO_SERVER,
                                                             NH_SIMULATOR_TO_CLIENT};
    run->cuts_nothing = true;
    for (size_t i = 0; i < 2 * run->client_count; i++) {
        nh_connection *connection = run->clients[i / 2].connection;
        nh_simulator_shape shape;
        if (connection != NULL && run->clients[i / 2].connected &&
            nh_simulator_connection_get_shape(connection, directions[i % 2], &shape) == 0) {
            shape.segment_bytes = 0;
            shape.write_limit_bytes = 0;
            (void)nh_simulator_connection_set_shape(connection, directions[i % 2], &shape);
        }
    }
}

void server_run_pass(struct server_run *run, uint64_t milliseconds) {
    nh_transport *simulator = run->world.simulator;
    uint64_t until = nh_loop_now_ms(run->world.loop) + milliseconds;
    size_t iterations = 0;
    size_t most = most_iterations(run);
    while (nh_simulator_step(simulator, until)) {
        iterations++;
        run->iterations++;
        if (run->iterations == PATIENCE) {
            stop_cutting(run);
        }
        if (iterations == most) {
            most = most_iterations(run); /* listeners may have written */
        }
        FUZZ_CHECK(iterations < most, "the loop does not come to rest within %zu iterations", most);
    }
    nh_simulator_run_until(simulator, until);
}

static void step_some(struct server_run *run, unsigned count) {
    uint64_t now = nh_loop_now_ms(run->world.loop);
    for (unsigned i = 0; i < count; i++) {
        if (!nh_simulator_step(run->world.simulator, now)) {
            break;
        }
    }
}

/* --- clients -------------------------------------------------------------------------------- */

void server_run_connect(struct server_run *run) {
    if (run->client_count < SERVER_RUN_CLIENTS) {
        (void)raw_client_open(&run->clients[run->client_count++], run->world.simulator,
                              SERVER_RUN_PORT);
    }
}

void server_run_shape(unsigned kind, unsigned size, nh_simulator_shape *out_shape) {
    static const size_t segments[] = {0, 1, 2, 7, 64, 256, 1460, 5};
    *out_shape = (nh_simulator_shape){.segment_bytes = segments[size % 8]};
    if (kind % 8 == 1) {
        out_shape->write_limit_bytes = 1 + size * 16;
    } else if (kind % 8 == 2) {
        out_shape->delay_ms = size * 4;
    } else if (kind % 8 == 3) {
        out_shape->merge_ms = size;
    } else if (kind % 8 == 4) {
        out_shape->stalled = true;
    } else if (kind % 8 == 5) {
        out_shape->resets = true;
        out_shape->reset_after_bytes = size;
    }
}

static void shape(struct server_run *run, const struct fuzz_step *step) {
    struct raw_client *client = &run->clients[step->numbers[0] % run->client_count];
    unsigned kind = step->numbers[1];
    nh_simulator_shape chosen;
    server_run_shape(kind, step->numbers[2], &chosen);
    if (run->cuts_nothing) {
        chosen.segment_bytes = 0;
        chosen.write_limit_bytes = 0;
    }
    if (client->connection != NULL && client->connected) {
        (void)nh_simulator_connection_set_shape(
            client->connection, kind >= 128 ? NH_SIMULATOR_TO_CLIENT : NH_SIMULATOR_TO_SERVER,
            &chosen);
    }
}

/* The same bytes in pieces of a length, each sent in an iteration of its own. */
static void send_cut(struct server_run *run, struct raw_client *client, nh_bytes bytes,
                     unsigned length) {
    size_t piece = length % 64 + 1 + bytes.length / RAW_CLIENT_PIECES;
    for (size_t at = 0; at < bytes.length; at += piece) {
        size_t left = bytes.length - at;
        raw_client_send(client, nh_bytes_of(bytes.data + at, left < piece ? left : piece));
        step_some(run, 2);
    }
}

static void do_client(struct server_run *run, const struct fuzz_step *step) {
    if (run->client_count == 0) {
        return;
    }
    struct raw_client *client = &run->clients[step->numbers[0] % run->client_count];
    switch (step->operation) {
    case SERVER_SEND:
        raw_client_send(client, step->bytes[1]);
        break;
    case SERVER_SEND_CUT:
        if (run->depth == 0) {
            send_cut(run, client, step->bytes[2], step->numbers[1]);
        } else {
            raw_client_send(client, step->bytes[2]);
        }
        break;
    case SERVER_FINISH_SENDING:
        raw_client_finish(client);
        break;
    case SERVER_RESET:
        raw_client_reset(client);
        break;
    case SERVER_CLOSE_CLIENT:
        raw_client_close(client);
        break;
    case SERVER_CLIENT_READS:
        raw_client_read(client, step->numbers[1] % 2 != 0);
        break;
    default:
        shape(run, step);
        break;
    }
}

/* --- later ---------------------------------------------------------------------------------- */

static struct server_arm *new_arm(struct server_run *run) {
    struct fuzz_step step;
    if (run->arm_count == SERVER_RUN_ARMS ||
        !fuzz_script_next(&fuzz_script_format, &run->input, &step)) {
        return NULL;
    }
    struct server_arm *arm = &run->arms[run->arm_count++];
    *arm = (struct server_arm){.run = run, .step = step};
    return arm;
}

static void arm_for_event(struct server_run *run, const struct fuzz_step *step) {
    static const enum grammar_event of_server[] = {
        GRAMMAR_REQUEST_ARRIVED,   GRAMMAR_CONNECTION,   GRAMMAR_CLOSE,   GRAMMAR_CHECK_CONTINUE,
        GRAMMAR_CHECK_EXPECTATION, GRAMMAR_CLIENT_ERROR, GRAMMAR_UPGRADE, GRAMMAR_CONNECT,
        GRAMMAR_DROP_REQUEST,      GRAMMAR_TIMEOUT,
    };
    static const enum grammar_event of_requests[] = {
        GRAMMAR_DATA,   GRAMMAR_END,     GRAMMAR_CLOSE,    GRAMMAR_ERROR,   GRAMMAR_PAUSE,
        GRAMMAR_RESUME, GRAMMAR_ABORTED, GRAMMAR_READABLE, GRAMMAR_TIMEOUT,
    };
    static const enum grammar_event of_responses[] = {
        GRAMMAR_FINISH, GRAMMAR_CLOSE,     GRAMMAR_ERROR,  GRAMMAR_DRAIN,
        GRAMMAR_PIPE,   GRAMMAR_PREFINISH, GRAMMAR_UNPIPE, GRAMMAR_TIMEOUT,
    };
    static const enum grammar_event of_sockets[] = {
        GRAMMAR_CLOSE, GRAMMAR_END,     GRAMMAR_FINISH, GRAMMAR_ERROR,
        GRAMMAR_DATA,  GRAMMAR_TIMEOUT, GRAMMAR_DRAIN,  GRAMMAR_READABLE,
    };
    static const struct {
        enum grammar_kind kind;
        const enum grammar_event *events;
        size_t count;
    } choices[] = {
        {GRAMMAR_SERVER, of_server, sizeof(of_server) / sizeof(of_server[0])},
        {GRAMMAR_INCOMING, of_requests, sizeof(of_requests) / sizeof(of_requests[0])},
        {GRAMMAR_RESPONSE, of_responses, sizeof(of_responses) / sizeof(of_responses[0])},
        {GRAMMAR_SOCKET, of_sockets, sizeof(of_sockets) / sizeof(of_sockets[0])},
    };
    struct server_arm *arm = new_arm(run);
    if (arm != NULL) {
        size_t choice = step->numbers[0] % 4;
        arm->waits = true;
        arm->kind = choices[choice].kind;
        arm->event = choices[choice].events[step->numbers[1] % choices[choice].count];
        arm->skip = step->numbers[2] % 8;
    }
}

static void call_deferred(const nh_value *arguments, size_t count, void *data,
                          nh_value *out_result) {
    struct server_arm *arm = data;
    (void)arguments;
    (void)count;
    (void)out_result;
    arm->run->depth++;
    server_run_do(arm->run, &arm->step);
    arm->run->depth--;
}

static void defer(struct server_run *run, unsigned how) {
    struct server_arm *arm = new_arm(run);
    if (arm == NULL) {
        return;
    }
    nh_loop *loop = run->world.loop;
    nh_value function = nh_function_new(&run->world.memory->memory, "", call_deferred, arm, NULL);
    if (function.type != NH_FUNCTION) {
        return;
    }
    if (how % 4 == 0) {
        (void)nh_loop_next_tick(loop, function);
    } else if (how % 4 == 1) {
        (void)nh_loop_queue_microtask(loop, function);
    } else if (how % 4 == 2) {
        (void)nh_loop_set_immediate(loop, function);
    } else {
        (void)nh_loop_set_timeout(loop, function, how);
    }
    nh_value_release(&function);
}

void server_run_on_event(struct server_run *run, const struct grammar_object *object,
                         enum grammar_event event) {
    /* What throws does nothing else. */
    for (size_t i = 0; i < run->arm_count && !nh_loop_is_throwing(run->world.loop); i++) {
        struct server_arm *arm = &run->arms[i];
        if (!arm->waits || arm->kind != object->kind || arm->event != event) {
            continue;
        }
        if (arm->skip > 0) {
            arm->skip--;
        } else {
            arm->waits = false;
            server_run_do(run, &arm->step);
        }
    }
}

static void throw_something(const struct server_run *run) {
    if (run->depth > 0) {
        nh_error *error = nh_error_new(&run->world.memory->memory, "Error", NULL, "thrown");
        nh_loop_throw(run->world.loop, error);
        nh_error_release(error);
    }
}

/* --- faults --------------------------------------------------------------------------------- */

static void fail(struct server_run *run, const struct fuzz_step *step) {
    static const char *const names[] = {"ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOMEM", "EMFILE"};
    enum nh_simulator_operation operation =
        (enum nh_simulator_operation)(step->numbers[0] % (NH_SIMULATOR_LOOKUP + 1));
    run->resets_fail = run->resets_fail || operation == NH_SIMULATOR_RESET;
    (void)nh_simulator_fail(run->world.simulator, NULL, operation, step->numbers[1] % 8 + 1,
                            nh_status_of_name(names[step->numbers[2] % 5]));
}

/* --- one operation -------------------------------------------------------------------------- */

static void do_world(struct server_run *run, const struct fuzz_step *step) {
    bool outside = run->depth == 0;
    switch (step->operation) {
    case SERVER_STEP:
        if (outside) {
            step_some(run, step->numbers[0] % 16 + 1);
        }
        break;
    case SERVER_WAIT:
        if (outside) {
            server_run_pass(run, step->numbers[0]);
        }
        break;
    case SERVER_RUN:
        if (outside) {
            server_run_pass(run, 0);
        }
        break;
    case SERVER_FAIL:
        fail(run, step);
        break;
    case SERVER_ON:
        arm_for_event(run, step);
        break;
    case SERVER_DEFER:
        defer(run, step->numbers[0]);
        break;
    default:
        throw_something(run);
        break;
    }
}

void server_run_do(struct server_run *run, const struct fuzz_step *step) {
    if (step->operation == SERVER_CONNECT) {
        server_run_connect(run);
    } else if (step->operation < SERVER_STEP) {
        do_client(run, step);
    } else if (step->operation < SERVER_REQUEST_LISTEN) {
        do_world(run, step);
    } else if (run->depth == 0) {
        /* What a program calls from outside is a turn of its own. */
        nh_loop_begin_turn(run->world.loop);
        server_run_call(run, step);
        nh_loop_end_turn(run->world.loop);
    } else {
        server_run_call(run, step);
    }
}
