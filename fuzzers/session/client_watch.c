#include "session/client_run.h"

#define BIT GRAMMAR_BIT

/* --- operations on events ----------------------------------------------------------------- */

static void perform_when(struct client_run *run, struct client_when *when) {
    struct fuzz_step step;
    struct fuzz_input input = when->operations;
    unsigned count = when->count;
    when->count = 0;
    run->depth++;
    /* What throws does nothing else. */
    while (count-- > 0 && !nh_loop_is_throwing(run->loop) &&
           fuzz_script_next(&fuzz_script_format, &input, &step)) {
        client_perform(run, &step, &input);
    }
    run->depth--;
}

/* Does what waits for this event of this exchange. */
static void on_event(struct client_exchange *exchange, enum client_event event) {
    struct client_run *run = exchange->run;
    size_t index = (size_t)(exchange - run->exchanges);
    if (run->depth == 4) {
        return;
    }
    for (size_t i = 0; i < run->when_count; i++) {
        struct client_when *when = &run->whens[i];
        if (when->count > 0 && when->event == event && when->exchange == index) {
            perform_when(run, when);
        }
    }
}

/* --- requests ----------------------------------------------------------------------------- */

static void keep(const struct client_run *run, nh_emitter *object) {
    if ((run->settings[CLIENT_SETTING_PARSER] & 0x20u) == 0) {
        (void)nh_emitter_retain(object);
    }
}

static void on_socket(struct client_exchange *exchange, nh_stream *socket) {
    struct client_run *run = exchange->run;
    nh_emitter *object = nh_as_emitter(socket);
    struct grammar_object *events = grammar_find(&run->grammar, object);
    if (events == NULL) {
        events = grammar_watch(&run->grammar, object, GRAMMAR_SOCKET,
                               BIT(GRAMMAR_CONNECT) | BIT(GRAMMAR_READY) | BIT(GRAMMAR_TIMEOUT) |
                                   BIT(GRAMMAR_FREE));
    }
    if (!nh_emitter_is_a(object, "Socket")) {
        /* One that was not destroyed is the program's, and goes when the program forgets it; what
         * client_server.c knows tells whether it was. */
        if (events != NULL) {
            events->not_to_close = true;
        }
        /* A Duplex may answer while it is written to, and all is over before the last callback. */
        exchange->events->excused |= BIT(GRAMMAR_FINISH);
        /* And it closes on a tick of its own, maybe before its request lets go of it. */
        if (events != NULL) {
            events->excused |= BIT(GRAMMAR_FREE);
        }
    }
    /* Borrowed: known to be there as long as it is watched. */
    exchange->socket = events == NULL ? NULL : socket;
    exchange->socket_events = events;
}

static void on_response(struct client_exchange *exchange, nh_emitter *object) {
    struct client_run *run = exchange->run;
    nh_incoming_message *response = (nh_incoming_message *)(void *)object;
    FUZZ_CHECK(nh_incoming_message_request(response) == nh_as_emitter(exchange->request),
               "a response belongs to another request");
    exchange->response = response;
    keep(run, object);
    uint64_t events = BIT(GRAMMAR_ABORTED);
    if ((run->settings[CLIENT_SETTING_PARSER] & 0x10u) == 0) {
        events |= BIT(GRAMMAR_ERROR);
    }
    if ((exchange->listeners & 0x40u) != 0) {
        events |= BIT(GRAMMAR_DATA);
    }
    if ((exchange->listeners & 0x80u) != 0) {
        events |= BIT(GRAMMAR_READABLE);
    }
    exchange->res_events = grammar_watch(&run->grammar, object, GRAMMAR_INCOMING, events);
    if (exchange->res_events != NULL) {
        exchange->res_events->data = exchange;
    }
}

/* 'close' of a request tells how it went before: there was a response, or an error, or abort(). */
static void check_close(const struct client_exchange *exchange) {
    const uint64_t outcomes = BIT(GRAMMAR_RESPONSE_ARRIVED) | BIT(GRAMMAR_UPGRADE) |
                              BIT(GRAMMAR_CONNECT) | BIT(GRAMMAR_ERROR);
    const struct grammar_object *events = exchange->events;
    bool hears_all = (outcomes & ~events->attached) == 0;
    FUZZ_CHECK(!hears_all || exchange->aborted || exchange->may_abort ||
                   (events->seen & outcomes) != 0 ||
                   !grammar_keeps_promises(&exchange->run->grammar),
               "request %u closes without a response or an error", events->number);
}

void client_expect_another_close(struct client_exchange *exchange) {
    exchange->events->more_closes++;
    if (exchange->socket_events != NULL) {
        exchange->socket_events->excused |= BIT(GRAMMAR_FREE);
    }
}

/* A socket is given back to the pool twice: two requests get it, and only one of them is heard of.
 */
static void lose_socket(struct client_run *run) {
    run->sockets_are_shared = true;
    run->grammar.promises_nothing = true;
}

/* An exchange is complete when its response has ended and its request is written, if the connection
 * is to be kept: 'close' of the request and 'free' of the socket follow on a tick. The end of the
 * response looks whether all is written, and 'finish' looks whether the response has ended; between
 * the last byte and 'finish' both find it so, and neither asks whether the request closed before,
 * with its connection. So it is in Node.js, which emits 'close' each time, and gives the socket
 * back each time. */
static void complete(struct client_exchange *exchange) {
    if (!nh_outgoing_message_should_keep_alive(nh_as_outgoing_message(exchange->request))) {
        return;
    }
    if (exchange->closed || exchange->completed) {
        client_expect_another_close(exchange);
        lose_socket(exchange->run);
    }
    exchange->completed = true;
}

static void on_finish(struct client_exchange *exchange) {
    nh_value response = nh_client_request_get(exchange->request, NH_CLIENT_REQUEST_RES);
    if (exchange->response_has_ended ||
        (response.type == NH_OBJECT && nh_readable_is_ended(nh_as_stream(response.as.object)))) {
        complete(exchange);
    }
    nh_value_release(&response);
}

/* The last write of a request, which tells of its 'finish', waits in a corked socket while the
 * response ends: the request closes, and closes again with that write. Whoever has the socket by
 * then loses it to the pool. So it does in Node.js. */
static void check_corked(struct client_exchange *exchange) {
    struct grammar_object *events = exchange->events;
    if (exchange->socket == NULL || (events->seen & BIT(GRAMMAR_FINISH)) != 0 ||
        nh_writable_corked(exchange->socket) == 0) {
        return;
    }
    events->excused |= BIT(GRAMMAR_FINISH);
    lose_socket(exchange->run);
}

/* A response that the program does not listen to ends unseen, and may do so after the connection.
 */
static void on_close(struct client_exchange *exchange) {
    struct grammar_object *events = exchange->events;
    bool first = !exchange->closed;
    check_close(exchange);
    check_corked(exchange);
    exchange->closed = true;
    if (exchange->run->sockets_are_shared) {
        /* The listeners of two requests are on the socket, and each of them tells the one that has
         * it that it has closed. So it does in Node.js. */
        events->more_closes++;
    }
    if (exchange->run->world.memory->refused ||
        (exchange->agent < CLIENT_AGENTS &&
         exchange->run->books[exchange->agent].connections_may_not_come)) {
        /* Told to a request in the queue that there is no connection, it stays there, and may be
         * told again when the next socket goes. So it does in Node.js. */
        exchange->events->more_closes++;
        exchange->events->excused |= BIT(GRAMMAR_ERROR) | BIT(GRAMMAR_SOCKET_ASSIGNED);
    }
    if (first && (events->attached & BIT(GRAMMAR_RESPONSE_ARRIVED)) == 0) {
        nh_value response = nh_client_request_get(exchange->request, NH_CLIENT_REQUEST_RES);
        if (response.type == NH_OBJECT) {
            client_expect_another_close(exchange);
        }
        nh_value_release(&response);
    }
}

/* An upgrade ends it all; it may come behind a response that is complete, in the same bytes, and
 * the request then closes with both: so it does in Node.js. */
static void check_outcome(struct client_exchange *exchange, enum grammar_event event) {
    const uint64_t upgrades = BIT(GRAMMAR_UPGRADE) | BIT(GRAMMAR_CONNECT);
    FUZZ_CHECK((exchange->events->seen & upgrades & ~BIT(event)) == 0,
               "request %u: %s after an upgrade", exchange->events->number,
               grammar_event_name(event));
    if (event != GRAMMAR_RESPONSE_ARRIVED &&
        (exchange->events->seen & BIT(GRAMMAR_RESPONSE_ARRIVED)) != 0) {
        client_expect_another_close(exchange);
    }
}

static void on_request_event(struct client_exchange *exchange, enum grammar_event event,
                             const nh_value *arguments, size_t count) {
    static const struct {
        enum grammar_event event;
        enum client_event when;
    } rows[] = {
        {GRAMMAR_SOCKET_ASSIGNED, CLIENT_EVENT_SOCKET},
        {GRAMMAR_FINISH, CLIENT_EVENT_FINISH},
        {GRAMMAR_RESPONSE_ARRIVED, CLIENT_EVENT_RESPONSE},
        {GRAMMAR_INFORMATION, CLIENT_EVENT_INFORMATION},
        {GRAMMAR_CONTINUE, CLIENT_EVENT_CONTINUE},
        {GRAMMAR_UPGRADE, CLIENT_EVENT_UPGRADE},
        {GRAMMAR_CONNECT, CLIENT_EVENT_UPGRADE},
        {GRAMMAR_TIMEOUT, CLIENT_EVENT_TIMEOUT},
        {GRAMMAR_DRAIN, CLIENT_EVENT_DRAIN},
        {GRAMMAR_ABORT, CLIENT_EVENT_ABORT},
        {GRAMMAR_ERROR, CLIENT_EVENT_ERROR},
        {GRAMMAR_CLOSE, CLIENT_EVENT_CLOSE},
    };
    if (event == GRAMMAR_SOCKET_ASSIGNED && count > 0) {
        on_socket(exchange, nh_as_stream(arguments[0].as.object));
    } else if (event == GRAMMAR_RESPONSE_ARRIVED && count > 0) {
        on_response(exchange, arguments[0].as.object);
    } else if (event == GRAMMAR_FINISH) {
        on_finish(exchange);
    } else if (event == GRAMMAR_CLOSE) {
        on_close(exchange);
    } else if (event == GRAMMAR_ABORT && !exchange->may_abort) {
        FUZZ_CHECK(exchange->aborted, "request %u: 'abort' without abort()",
                   exchange->events->number);
        FUZZ_CHECK(exchange->run->iterations == exchange->aborted_at,
                   "request %u: 'abort' does not come on the next tick", exchange->events->number);
    }
    if (event == GRAMMAR_UPGRADE || event == GRAMMAR_CONNECT) {
        /* That closes the request, but not its connection: what was written goes on its way. */
        exchange->events->excused |= BIT(GRAMMAR_FINISH);
    }
    if (event == GRAMMAR_RESPONSE_ARRIVED || event == GRAMMAR_UPGRADE || event == GRAMMAR_CONNECT) {
        check_outcome(exchange, event);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].event == event) {
            on_event(exchange, rows[i].when);
        }
    }
}

void client_watch_request(struct client_exchange *exchange) {
    static const enum grammar_event optional[] = {
        GRAMMAR_RESPONSE_ARRIVED, GRAMMAR_CONTINUE, GRAMMAR_INFORMATION,
        GRAMMAR_UPGRADE,          GRAMMAR_CONNECT,  GRAMMAR_TIMEOUT,
    };
    struct client_run *run = exchange->run;
    uint64_t events = BIT(GRAMMAR_SOCKET_ASSIGNED) | BIT(GRAMMAR_DRAIN) | BIT(GRAMMAR_ABORT);
    if ((run->settings[CLIENT_SETTING_PARSER] & 0x08u) == 0) {
        events |= BIT(GRAMMAR_ERROR);
    }
    for (unsigned i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        if (((unsigned)exchange->listeners >> i & 1u) != 0) {
            events |= BIT(optional[i]);
        }
    }
    nh_emitter *object = nh_as_emitter(exchange->request);
    exchange->events = grammar_watch(&run->grammar, object, GRAMMAR_REQUEST, events);
    if (exchange->events == NULL) {
        nh_client_request *request = exchange->request;
        exchange->request = NULL;
        nh_client_request_destroy(request, NULL);
        nh_emitter_release(nh_as_emitter(request));
        return;
    }
    exchange->events->data = exchange;
    exchange->events->not_to_close = !exchange->has_connection_to_come;
    keep(run, object);
    nh_emitter_release(object);
}

void client_let_go(struct client_exchange *exchange) {
    if ((exchange->run->settings[CLIENT_SETTING_PARSER] & 0x20u) != 0) {
        return;
    }
    nh_emitter *const objects[] = {nh_as_emitter(exchange->request),
                                   nh_as_emitter(exchange->response)};
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        nh_emitter_release(objects[i]);
    }
}

/* --- responses and sockets ---------------------------------------------------------------- */

/* What 'readable' asks a program to do. */
static void read_all(nh_incoming_message *response) {
    for (unsigned i = 0; i < 8; i++) {
        nh_value chunk = nh_readable_read(nh_as_stream(response));
        bool more = chunk.type != NH_NULL && chunk.type != NH_INVALID;
        nh_value_release(&chunk);
        if (!more) {
            return;
        }
    }
}

/* The listeners that follow are those of pipes, each of which ends its destination: end() of the
 * program, called before that returns, is inside another end(). */
static void end_destinations(const struct client_exchange *exchange) {
    for (size_t i = 0; i < exchange->run->exchange_count; i++) {
        if ((exchange->ends >> i & 1u) != 0) {
            exchange->run->exchanges[i].is_ended_by_a_pipe = true;
        }
    }
}

/* Whose error a response may still emit after its end. */
static void check_late_error(const struct client_exchange *exchange, const nh_error *error) {
    const struct grammar_object *events = exchange->res_events;
    FUZZ_CHECK((events->seen & BIT(GRAMMAR_END)) == 0 || !exchange->fails_with_socket ||
                   exchange->socket == NULL || nh_stream_errored(exchange->socket) == error ||
                   !grammar_keeps_promises(&exchange->run->grammar),
               "response %u fails after its end, and not with its socket", events->number);
}

static void on_response_event(struct client_exchange *exchange, enum grammar_event event,
                              const nh_value *arguments, size_t count) {
    static const struct {
        enum grammar_event event;
        enum client_event when;
    } rows[] = {
        {GRAMMAR_DATA, CLIENT_EVENT_RES_DATA},   {GRAMMAR_READABLE, CLIENT_EVENT_RES_READABLE},
        {GRAMMAR_END, CLIENT_EVENT_RES_END},     {GRAMMAR_CLOSE, CLIENT_EVENT_RES_CLOSE},
        {GRAMMAR_ERROR, CLIENT_EVENT_RES_ERROR}, {GRAMMAR_ABORTED, CLIENT_EVENT_RES_ABORTED},
    };
    if (event == GRAMMAR_ERROR && count > 0 && arguments[0].type == NH_ERROR) {
        check_late_error(exchange, arguments[0].as.error);
    } else if (event == GRAMMAR_READABLE && exchange->response != NULL) {
        read_all(exchange->response);
    } else if (event == GRAMMAR_END && exchange->request != NULL &&
               nh_outgoing_message_writable_finished(nh_as_outgoing_message(exchange->request))) {
        complete(exchange);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].event == event) {
            on_event(exchange, rows[i].when);
        }
    }
    if (event == GRAMMAR_END) {
        exchange->response_has_ended = true;
        end_destinations(exchange);
    }
}

/* The request that got this socket last. */
static struct client_exchange *user_of(struct client_run *run, const nh_emitter *socket) {
    for (size_t i = run->exchange_count; i > 0; i--) {
        if (run->exchanges[i - 1].socket != NULL &&
            nh_as_emitter(run->exchanges[i - 1].socket) == socket) {
            return &run->exchanges[i - 1];
        }
    }
    return NULL;
}

static void on_socket_event(struct client_run *run, const nh_emitter *socket,
                            enum grammar_event event) {
    static const struct {
        enum grammar_event event;
        enum client_event when;
    } rows[] = {
        {GRAMMAR_CONNECT, CLIENT_EVENT_SOCKET_CONNECT}, {GRAMMAR_FREE, CLIENT_EVENT_SOCKET_FREE},
        {GRAMMAR_TIMEOUT, CLIENT_EVENT_SOCKET_TIMEOUT}, {GRAMMAR_END, CLIENT_EVENT_SOCKET_END},
        {GRAMMAR_CLOSE, CLIENT_EVENT_SOCKET_CLOSE},
    };
    struct client_exchange *exchange = user_of(run, socket);
    for (size_t i = 0; exchange != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].event == event) {
            on_event(exchange, rows[i].when);
        }
    }
}

/* --- the hooks ---------------------------------------------------------------------------- */

static void on_grammar_event(struct grammar_object *object, enum grammar_event event,
                             const nh_value *arguments, size_t count, void *data) {
    if (object->kind == GRAMMAR_REQUEST) {
        on_request_event(object->data, event, arguments, count);
    } else if (object->kind == GRAMMAR_INCOMING) {
        on_response_event(object->data, event, arguments, count);
    } else if (object->kind == GRAMMAR_SOCKET) {
        const struct client_run *run = data;
        if (event == GRAMMAR_CLOSE && run->world.memory->refused) {
            object->excused |= BIT(GRAMMAR_FREE); /* a request goes on the tick, not knowing */
        }
        on_socket_event(data, object->object, event);
    }
}

static void on_grammar_gone(struct grammar_object *object, void *data) {
    struct client_run *run = data;
    struct client_exchange *exchange = object->data;
    if (object->kind == GRAMMAR_REQUEST) {
        exchange->request = NULL;
    } else if (object->kind == GRAMMAR_INCOMING) {
        exchange->response = NULL;
    } else {
        for (size_t i = 0; i < run->exchange_count; i++) {
            exchange = &run->exchanges[i];
            const struct grammar_object *socket_events = exchange->socket_events;
            if (socket_events == object) {
                exchange->socket = NULL;
                exchange->socket_events = NULL;
            }
        }
    }
}

static void on_called(struct grammar_call *call, const nh_value *arguments, size_t count,
                      void *data) {
    (void)arguments;
    (void)count;
    struct client_run *run = data;
    if (call->data < run->exchange_count) {
        on_event(&run->exchanges[call->data], CLIENT_EVENT_WRITTEN);
    }
}

const struct grammar_hooks client_grammar_hooks = {
    .event = on_grammar_event, .gone = on_grammar_gone, .called = on_called};

void client_expect_nothing(struct client_exchange *exchange) {
    exchange->has_connection_to_come = false;
    if (exchange->events != NULL) {
        exchange->events->not_to_close = true;
    }
}

size_t client_count_stuck_sockets(const struct client_run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->grammar.object_count; i++) {
        const struct grammar_object *events = &run->grammar.objects[i];
        count += events->kind == GRAMMAR_SOCKET && events->object != NULL && events->not_to_close &&
                 nh_emitter_is_a(events->object, "Socket") &&
                 (events->seen & BIT(GRAMMAR_CLOSE)) == 0;
    }
    return count;
}

void client_check_ticks(const struct client_run *run) {
    if (!grammar_keeps_promises(&run->grammar)) {
        return;
    }
    for (size_t i = 0; i < run->exchange_count; i++) {
        const struct client_exchange *exchange = &run->exchanges[i];
        FUZZ_CHECK(!exchange->aborted || exchange->events == NULL || exchange->request == NULL ||
                       (exchange->events->seen & BIT(GRAMMAR_ABORT)) != 0,
                   "request %u: abort() is not told of", exchange->events->number);
    }
}

void client_check_exchange(const struct client_exchange *exchange) {
    const struct grammar_object *events = exchange->events;
    if (events == NULL || !grammar_keeps_promises(&exchange->run->grammar)) {
        return;
    }
    FUZZ_CHECK((events->seen & BIT(GRAMMAR_CLOSE)) != 0 || !exchange->has_connection_to_come,
               "request %u never closed", events->number);
}
