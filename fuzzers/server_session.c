/* Whole sessions of a server on the simulator: a script drives up to four raw clients, time, faults
 * of the transport and a program that calls the API of the server, from outside and from inside its
 * listeners.
 *
 * Properties: the grammar of events of every object (session/grammar.h); what a client receives is
 * a sequence of responses (session/response_reader.h), no more of them than requests were sent; the
 * loop comes to rest; memory stays within a bound; when everything was closed, nothing is left. */
#include "engines/target.h"
#include "session/server_run.h"
#include "support/check.h"

#include <stdio.h>

/* Operations that a run does at most; the rest of the input is ignored. */
#define MOST_OPERATIONS 64
/* Time for what is left to end by itself once all is closed. */
#define CLOSING_MS 200000
/* The most memory that a run may have in use: a part for the server and its connections, and one
 * for what a script can make it keep. A pipelined request of 18 bytes becomes a request and a
 * response with their listeners; a byte of a body that arrives by itself and is piped becomes three
 * writes, in a queue that doubles and then in a batch; written bytes wait in a queue, and are
 * copied when chunks are put together. */
#define MEMORY_BASE ((size_t)1 << 20)
#define MEMORY_PER_BYTE_READ ((size_t)2000)
#define MEMORY_PER_BYTE_WRITTEN ((size_t)4)

static struct grammar grammar;

/* --- what the program does in its listeners ------------------------------------------------- */

static void release(void *data) {
    nh_emitter_release(data);
}

static void end_response(nh_outgoing_message *response, nh_value body) {
    nh_error_release(nh_outgoing_message_end(response, body, nh_undefined(), nh_undefined()));
}

static void end_later(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    nh_error_release(nh_outgoing_message_end(nh_as_outgoing_message(data), nh_undefined(),
                                             nh_undefined(), nh_undefined()));
}

static void end_in_immediate(struct server_run *run, nh_emitter *response) {
    nh_value function =
        nh_function_new(&run->world.memory->memory, "", end_later, response, release);
    if (function.type == NH_FUNCTION) {
        (void)nh_emitter_retain(response);
        (void)nh_loop_set_immediate(run->world.loop, function);
    }
    nh_value_release(&function);
}

/* What the settings say the listener does by itself. */
static void answer(struct server_run *run, nh_emitter *request, nh_emitter *response) {
    unsigned setting = run->settings[SERVER_SETTING_ANSWER];
    if (run->exchange_count <= setting / 8 % 4) {
        return; /* the first ones are the script's */
    }
    nh_memory *memory = &run->world.memory->memory;
    nh_outgoing_message *message = nh_as_outgoing_message(response);
    nh_value body = nh_string_of(memory, "hello");
    switch (setting % 8) {
    case 1:
        end_response(message, body);
        break;
    case 2:
        nh_error_release(nh_readable_pipe(nh_as_stream(request), response, true));
        break;
    case 3:
        nh_readable_resume(nh_as_stream(request));
        end_response(message, body);
        break;
    case 4:
        nh_error_release(
            nh_outgoing_message_write(message, body, nh_undefined(), nh_undefined(), NULL));
        end_response(message, body);
        break;
    case 5:
        end_in_immediate(run, response);
        break;
    case 6:
        nh_error_release(nh_outgoing_message_flush_headers(message));
        break;
    case 7:
        nh_readable_resume(nh_as_stream(request));
        break;
    default:
        break;
    }
    nh_value_release(&body);
}

/* Whether the server answers with 100 by itself, or the program may. */
static bool expects(nh_emitter *request) {
    nh_value headers = nh_incoming_message_headers((nh_incoming_message *)(void *)request);
    bool has = headers.type == NH_MAP && nh_map_get(headers, "expect").type != NH_UNDEFINED;
    nh_value_release(&headers);
    return has;
}

/* A request was received: its answer is due on its connection. */
static void expect_response(const struct server_exchange *exchange, nh_emitter *request) {
    if (exchange != NULL && exchange->response != NULL && expects(request)) {
        server_run_note_early_head(exchange);
    }
    struct raw_client *client =
        exchange != NULL && exchange->socket != NULL ? exchange->socket->data : NULL;
    if (client != NULL) {
        nh_value method = nh_incoming_message_method((nh_incoming_message *)(void *)request);
        response_reader_expect(&client->reader, nh_value_is_text(method, "HEAD"));
        nh_value_release(&method);
    }
}

static void on_server_event(struct server_run *run, enum grammar_event event,
                            const nh_value *arguments, size_t count) {
    const struct server_exchange *exchange = server_run_meet(run, arguments, count);
    switch ((unsigned)event) {
    case GRAMMAR_REQUEST_ARRIVED:
    case GRAMMAR_CHECK_CONTINUE:
    case GRAMMAR_CHECK_EXPECTATION:
        expect_response(exchange, arguments[0].as.object);
        answer(run, arguments[0].as.object, arguments[1].as.object);
        break;
    case GRAMMAR_CONNECT:
    case GRAMMAR_UPGRADE:
        if (exchange != NULL) {
            exchange->request->not_to_close = true;
        }
        break;
    case GRAMMAR_CLOSE:
        run->server_closed++;
        FUZZ_CHECK(run->server_closed <= run->server_closes, "the server emitted 'close' twice");
        break;
    default:
        break;
    }
}

static void on_event(struct grammar_object *object, enum grammar_event event,
                     const nh_value *arguments, size_t count, void *data) {
    struct server_run *run = data;
    struct grammar_object *before = run->current;
    run->current = object;
    run->depth++;
    if (object->kind == GRAMMAR_SERVER) {
        on_server_event(run, event, arguments, count);
    } else if (object->kind == GRAMMAR_RESPONSE && event == GRAMMAR_CLOSE &&
               !nh_outgoing_message_writable_ended(nh_as_outgoing_message(object->object))) {
        /* An end() that has nothing to wait for, no body and a head that was sent or discarded with
         * the connection, emits 'finish' on the next tick, after 'close' too. What is written to a
         * response that waits behind this one emits its 'drain', when it was due. */
        object->excused |= GRAMMAR_BIT(GRAMMAR_FINISH) | GRAMMAR_BIT(GRAMMAR_DRAIN);
    }
    if (run->arm_count > 0) {
        server_run_on_event(run, object, event);
    }
    run->depth--;
    run->current = before;
}

static const struct grammar_hooks hooks = {.event = on_event};

/* --- the server ----------------------------------------------------------------------------- */

static void set(nh_value map, const char *name, double number) {
    (void)nh_map_set(map, name, nh_number(number));
}

static nh_value options_of(const struct server_run *run) {
    static const double keep_alive_timeouts[] = {0, 1, 100, 5000, 70000};
    static const double request_timeouts[] = {0, 1000, 100, 20000, 300};
    static const double header_sizes[] = {64, 200, 1000, 8192};
    unsigned flags = run->settings[SERVER_SETTING_OPTIONS];
    unsigned timeouts = run->settings[SERVER_SETTING_TIMEOUTS];
    unsigned limits = run->settings[SERVER_SETTING_LIMITS];
    nh_value map = nh_map_new(&run->world.memory->memory);
    if ((flags & SERVER_OPTION_INSECURE) != 0) {
        (void)nh_map_set(map, "insecureHTTPParser", nh_boolean(true));
    }
    if ((flags & SERVER_OPTION_NO_HOST) != 0) {
        (void)nh_map_set(map, "requireHostHeader", nh_boolean(false));
    }
    if ((flags & SERVER_OPTION_JOIN) != 0) {
        (void)nh_map_set(map, "joinDuplicateHeaders", nh_boolean(true));
    }
    if ((flags & SERVER_OPTION_REJECT) != 0) {
        (void)nh_map_set(map, "rejectNonStandardBodyWrites", nh_boolean(true));
    }
    if ((flags & SERVER_OPTION_KEEP_ALIVE) != 0) {
        (void)nh_map_set(map, "keepAlive", nh_boolean(true));
    }
    if ((flags & SERVER_OPTION_SMALL_MARK) != 0) {
        set(map, "highWaterMark", 16);
    }
    if (timeouts % 16 != 0) {
        set(map, "keepAliveTimeout", keep_alive_timeouts[timeouts % 16 % 5]);
    }
    if (timeouts / 16 != 0) {
        double timeout = request_timeouts[timeouts / 16 % 5];
        set(map, "requestTimeout", timeout);
        set(map, "headersTimeout", timeout / 2);
        set(map, "connectionsCheckingInterval", 500);
    }
    if (limits % 16 != 0) {
        set(map, "maxHeaderSize", header_sizes[limits % 4]);
    }
    return map;
}

static void set_properties(struct server_run *run) {
    unsigned flags = run->settings[SERVER_SETTING_OPTIONS];
    unsigned limits = run->settings[SERVER_SETTING_LIMITS] / 16;
    if ((flags & SERVER_OPTION_HALF_OPEN) != 0) {
        (void)nh_server_set_property(run->server, "httpAllowHalfOpen", nh_boolean(true));
    }
    if ((flags & SERVER_OPTION_TIMEOUT) != 0) {
        (void)nh_server_set_property(run->server, "timeout", nh_number(50));
    }
    if (limits % 4 != 0) {
        (void)nh_server_set_property(run->server, "maxRequestsPerSocket", nh_number(limits % 4));
    }
    if (limits / 4 != 0) {
        (void)nh_server_set_property(run->server, "maxHeadersCount", nh_number(limits / 4));
    }
}

static uint64_t server_events(const struct server_run *run) {
    static const enum grammar_event chosen[] = {
        GRAMMAR_CHECK_CONTINUE, GRAMMAR_CHECK_EXPECTATION, GRAMMAR_CONNECT,      GRAMMAR_UPGRADE,
        GRAMMAR_CLIENT_ERROR,   GRAMMAR_TIMEOUT,           GRAMMAR_DROP_REQUEST, GRAMMAR_DROP,
    };
    uint64_t events = GRAMMAR_BIT(GRAMMAR_REQUEST_ARRIVED) | GRAMMAR_BIT(GRAMMAR_CONNECTION);
    for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++) {
        if ((run->settings[SERVER_SETTING_LISTENERS] >> i & 1) != 0) {
            events |= GRAMMAR_BIT(chosen[i]);
        }
    }
    return events;
}

/* False when something was refused. */
static bool start(struct server_run *run) {
    nh_value options = options_of(run);
    nh_error *error = nh_server_new(run->world.loop, options, nh_undefined(), &run->server);
    nh_value_release(&options);
    if (error == NULL) {
        set_properties(run);
        (void)grammar_watch(&grammar, nh_as_emitter(run->server), GRAMMAR_SERVER,
                            server_events(run));
        nh_listen_options listen;
        nh_listen_options_init(&listen);
        listen.port = nh_number(SERVER_RUN_PORT);
        nh_loop_begin_turn(run->world.loop);
        error = nh_net_server_listen(nh_as_net_server(run->server), &listen, nh_undefined());
        nh_loop_end_turn(run->world.loop);
    }
    bool started = error == NULL;
    FUZZ_CHECK(started || run->world.memory->refused, "no server: %s", nh_error_message(error));
    nh_error_release(error);
    return started;
}

/* --- a run ---------------------------------------------------------------------------------- */

static void open_run(struct server_run *run, const uint8_t *data, size_t size) {
    run->input = fuzz_input_of(data, size);
    for (size_t i = 0; i < SERVER_SETTINGS; i++) {
        run->settings[i] = fuzz_input_byte(&run->input);
    }
    const uint8_t *refuse = &run->settings[SERVER_SETTING_REFUSE];
    fuzz_world_open(&run->world, refuse[0] + 256u * refuse[1]);
    run->grammar = &grammar;
    run->server = NULL;
    run->client_count = 0;
    run->exchange_count = 0;
    run->arm_count = 0;
    run->current = NULL;
    run->detached = false;
    run->stalls = false;
    run->adopted = NULL;
    run->controller = NULL;
    run->resets_fail = false;
    run->depth = 0;
    run->server_closes = 0;
    run->server_closed = 0;
    run->written = 0;
    run->pushed = 0;
    run->copies = 0;
    run->iterations = 0;
    run->cuts_nothing = false;
    run->held_count = 0;
    grammar_begin(&grammar, &run->world, &hooks, run);
}

static void perform(struct server_run *run) {
    unsigned shape = run->settings[SERVER_SETTING_SHAPE];
    if (shape != 0) {
        nh_simulator_shape chosen;
        server_run_shape(shape / 16, shape % 16, &chosen);
        nh_simulator_set_shape(run->world.simulator, NH_SIMULATOR_TO_SERVER, &chosen);
    }
    if ((run->settings[SERVER_SETTING_PROGRAM] & SERVER_PROGRAM_NO_CLIENT) == 0) {
        server_run_connect(run);
        server_run_pass(run, 0);
    }
    struct fuzz_step step;
    for (size_t i = 0;
         i < MOST_OPERATIONS && fuzz_script_next(&fuzz_script_format, &run->input, &step); i++) {
        server_run_do(run, &step);
    }
    server_run_pass(run, 0);
}

/* The program closes everything that is open, and so do the clients. */
static void close_everything(struct server_run *run) {
    nh_simulator_clear_faults(run->world.simulator);
    nh_loop_begin_turn(run->world.loop);
    if (run->server != NULL) {
        run->server_closes++;
        nh_server_close(run->server, nh_undefined());
        nh_server_close_all_connections(run->server);
    }
    for (size_t i = 0; i < grammar.object_count; i++) {
        struct grammar_object *object = &grammar.objects[i];
        if (object->kind == GRAMMAR_SOCKET && object->object != NULL) {
            nh_stream_destroy(nh_as_stream(object->object), NULL);
        }
    }
    if (run->adopted != NULL) {
        nh_stream_destroy(run->adopted, NULL);
    }
    nh_loop_end_turn(run->world.loop);
    for (size_t i = 0; i < run->client_count; i++) {
        raw_client_close(&run->clients[i]);
    }
    server_run_pass(run, CLOSING_MS);
}

static void check_clients(const struct server_run *run) {
    for (size_t i = 0; i < run->client_count; i++) {
        const struct raw_client *client = &run->clients[i];
        FUZZ_CHECK(client->reader.final <= client->most_requests + 1,
                   "client %zu got %zu responses to %zu requests", i, client->reader.final,
                   client->most_requests);
    }
}

static void check_memory(const struct server_run *run) {
    size_t read = run->pushed;
    for (size_t i = 0; i < run->client_count; i++) {
        read += run->clients[i].sent;
    }
    size_t bound = MEMORY_BASE + MEMORY_PER_BYTE_WRITTEN * run->written +
                   MEMORY_PER_BYTE_READ * read * (1 + run->copies);
    FUZZ_CHECK(run->world.memory->peak_bytes <= bound, "%zu bytes in use, more than %zu",
               run->world.memory->peak_bytes, bound);
}

/* A connection that could not be reset, because its FIN was on the way or for a fault, stays open:
 * the socket never emits 'close' (the server does), so that what belongs to the connection is kept
 * until the loop goes. Whether there was one. */
static bool excuse_failed_resets(const struct server_run *run) {
    bool failed = false;
    for (size_t i = 0; i < grammar.object_count; i++) {
        struct grammar_object *object = &grammar.objects[i];
        const struct raw_client *client = object->kind == GRAMMAR_SOCKET ? object->data : NULL;
        if (client != NULL && client->reset_by_server &&
            (run->resets_fail || client->reset_after_end)) {
            object->not_to_close = true;
            failed = true;
        }
    }
    return failed;
}

/* What holds when everything was closed. */
static void check_closed(const struct server_run *run) {
    FUZZ_CHECK(!grammar_keeps_promises(&grammar) || run->server_closed > 0,
               "the server was closed, but did not emit 'close'");
    FUZZ_CHECK(!grammar_keeps_promises(&grammar) || !nh_simulator_is_alive(run->world.simulator),
               "everything is closed, but something is still to come");
    grammar_check_closed(&grammar);
}

static void close_run(struct server_run *run, bool closed) {
    bool keeps = excuse_failed_resets(run);
    if (closed) {
        check_closed(run);
    }
    check_clients(run);
    check_memory(run);
    for (size_t i = 0; i < run->held_count; i++) {
        nh_emitter_release(run->held[i]);
    }
    server_run_drop_adopted(run);
    nh_emitter_release(nh_as_emitter(run->controller));
    if (run->server != NULL) {
        nh_emitter_release(nh_as_emitter(run->server));
    }
    bool waits = keeps || run->detached || run->stalls;
    if (closed && !waits && grammar_keeps_promises(&grammar)) {
        grammar_check_freed(&grammar); /* none of them waits for the loop to go */
    }
    fuzz_world_close(&run->world);
    grammar_check_freed(&grammar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct server_run run;
    open_run(&run, data, size);
    if (start(&run)) {
        perform(&run);
    }
    bool leaves = (run.settings[SERVER_SETTING_PROGRAM] & SERVER_PROGRAM_LEAVES) != 0;
    if (!leaves) {
        close_everything(&run);
    }
    close_run(&run, !leaves);
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    fuzz_script_print(&fuzz_script_format, data, size);
}
