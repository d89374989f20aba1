#include "exchange.h"

#include <nodehttp/net_server.h>
#include <nodehttp/simulator.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ACTIONS 32
#define LOG_SIZE 2048
#define LARGE_BYTES ((size_t)100000)
#define END_MS ((uint64_t)60)

struct action {
    char event[24];
    char when;
    char what;
    bool waiting;
};

struct run;

/* One socket and what happens to it. */
struct lane {
    struct run *run;
    nh_socket *socket;
    char log[LOG_SIZE];
    size_t length;
    struct action actions[MOST_ACTIONS];
    size_t count;
    int calls;
    size_t received;
};

struct run {
    nh_memory *memory;
    nh_loop *loop;
    nh_net_server *server;
    struct lane client, accepted;
    bool client_half, server_half, server_pause, closes, refuses;
    bool over;
};

static void note(struct lane *lane, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct lane *lane, const char *format, ...) {
    char word[256];
    va_list arguments;

    if (lane->run->over) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(word, sizeof(word), format, arguments);
    va_end(arguments);
    int written = snprintf(lane->log + lane->length, LOG_SIZE - lane->length, "%s%s",
                           lane->length > 0 ? " " : "", word);
    if (written > 0 && (size_t)written < LOG_SIZE - lane->length) {
        lane->length += (size_t)written;
    }
}

static const char *name_of(nh_value value) {
    if (value.type != NH_ERROR) {
        return "ok";
    }
    const char *code = nh_error_code(value.as.error);
    return code != NULL ? code : nh_error_message(value.as.error);
}

/* --- callbacks and work for later --------------------------------------------------------- */

struct deferred {
    struct lane *lane;
    char what;
    int number;
};

static void act(struct lane *lane, char what);

static void call_act(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    const struct deferred *deferred = data;

    (void)arguments;
    (void)count;
    (void)out_result;
    act(deferred->lane, deferred->what);
}

static void call_note(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    const struct deferred *deferred = data;

    (void)out_result;
    note(deferred->lane, "cb%d(%s)", deferred->number,
         name_of(count > 0 ? arguments[0] : nh_undefined()));
}

static nh_value new_function(struct lane *lane, nh_function_call call, char what, int number) {
    struct deferred *deferred = malloc(sizeof(*deferred));
    *deferred = (struct deferred){lane, what, number};
    nh_value function = nh_function_new(lane->run->memory, "", call, deferred, free);

    if (function.type == NH_INVALID) {
        free(deferred);
        return nh_undefined();
    }
    return function;
}

/* --- actions ------------------------------------------------------------------------------ */

static void act_write(struct lane *lane, int number, nh_value chunk, const char *encoding,
                      bool with_callback) {
    nh_memory *memory = lane->run->memory;
    nh_value callback = with_callback ? new_function(lane, call_note, 0, number) : nh_undefined();
    nh_value name = encoding != NULL ? nh_string_of(memory, encoding) : nh_undefined();
    bool more = false;

    nh_error_release(nh_writable_write(nh_as_stream(lane->socket), chunk, name, callback, &more));
    note(lane, "w%d=%s", number, more ? "true" : "false");
    nh_value_release(&chunk);
    nh_value_release(&name);
    nh_value_release(&callback);
}

static void act_end(struct lane *lane, int number, bool with_chunk) {
    nh_value chunk = with_chunk ? nh_string_of(lane->run->memory, "z") : nh_undefined();
    nh_value callback = new_function(lane, call_note, 0, number);

    nh_error_release(nh_writable_end(nh_as_stream(lane->socket), chunk, nh_undefined(), callback));
    nh_value_release(&chunk);
    nh_value_release(&callback);
}

static void act_destroy(struct lane *lane) {
    nh_error *error = nh_error_new(lane->run->memory, "Error", NULL, "user");

    nh_stream_destroy(nh_as_stream(lane->socket), error);
    nh_error_release(error);
}

static void act_state(struct lane *lane) {
    nh_socket *socket = lane->socket;
    const nh_stream *stream = nh_as_stream(socket);

    note(lane, "[%s%s%s %d%d%d%d%d %llu]", nh_socket_ready_state(socket),
         nh_socket_is_connecting(socket) ? ",connecting" : "",
         nh_socket_is_pending(socket) ? ",pending" : "", nh_stream_is_destroyed(stream),
         nh_stream_is_closed(stream), nh_readable_is_ended(stream), nh_writable_is_ended(stream),
         nh_writable_is_finished(stream), (unsigned long long)nh_socket_bytes_written(socket));
}

static void fire(struct lane *lane, const char *event) {
    bool due[MOST_ACTIONS] = {false};

    for (size_t i = 0; i < lane->count; i++) {
        due[i] = lane->actions[i].waiting && strcmp(lane->actions[i].event, event) == 0;
        lane->actions[i].waiting = lane->actions[i].waiting && !due[i];
    }
    for (size_t i = 0; i < lane->count; i++) {
        if (due[i]) {
            act(lane, lane->actions[i].what);
        }
    }
}

static void on_data(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct lane *lane = data;

    (void)emitter;
    lane->received += count > 0 ? nh_value_bytes(arguments[0]).length : 0;
    fire(lane, "data");
}

static nh_value large_chunk(nh_memory *memory) {
    nh_value chunk = nh_buffer_new(memory, LARGE_BYTES);

    if (chunk.type == NH_BUFFER) {
        memset(nh_buffer_data(chunk), 0, LARGE_BYTES);
    }
    return chunk;
}

static void act(struct lane *lane, char what) {
    nh_memory *memory = lane->run->memory;
    nh_stream *stream = nh_as_stream(lane->socket);
    int number = ++lane->calls;

    switch (what) {
    case 'w':
    case 'q':
        act_write(lane, number, nh_string_of(memory, "xy"), NULL, what == 'w');
        break;
    case 'l':
        act_write(lane, number, nh_string_of(memory, "\xC3\xA9"), "latin1", true);
        break;
    case 'W':
        act_write(lane, number, large_chunk(memory), NULL, true);
        break;
    case 'e':
    case 'E':
        act_end(lane, number, what == 'E');
        break;
    case 'c':
        nh_writable_cork(stream);
        break;
    case 'u':
        nh_writable_uncork(stream);
        break;
    case 'a':
        nh_readable_pause(stream);
        break;
    case 'm':
        nh_readable_resume(stream);
        break;
    case 'd':
        nh_emitter_on(nh_as_emitter(stream), "data", on_data, lane);
        break;
    case 'x':
        nh_stream_destroy(stream, NULL);
        break;
    case 'X':
        act_destroy(lane);
        break;
    case 'R':
        nh_error_release(nh_socket_reset_and_destroy(lane->socket));
        break;
    case 'o':
        nh_socket_destroy_soon(lane->socket);
        break;
    default:
        act_state(lane);
        break;
    }
}

/* --- events ------------------------------------------------------------------------------- */

static void on_plain(struct lane *lane, const char *event) {
    note(lane, "%s", event);
    fire(lane, event);
}

#define PLAIN_LISTENER(function, event)                                                            \
    static void function(nh_emitter *emitter, const nh_value *arguments, size_t count,             \
                         void *data) {                                                             \
        (void)emitter;                                                                             \
        (void)arguments;                                                                           \
        (void)count;                                                                               \
        on_plain(data, event);                                                                     \
    }
PLAIN_LISTENER(on_connect, "connect")
PLAIN_LISTENER(on_ready, "ready")
PLAIN_LISTENER(on_finish, "finish")
PLAIN_LISTENER(on_drain, "drain")
PLAIN_LISTENER(on_attempt, "connectionAttempt")
PLAIN_LISTENER(on_attempt_failed, "connectionAttemptFailed")

static void on_end(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct lane *lane = data;

    (void)emitter;
    (void)arguments;
    (void)count;
    note(lane, "end(%zu)", lane->received);
    fire(lane, "end");
}

static void on_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct lane *lane = data;
    nh_value error = count > 0 ? arguments[0] : nh_undefined();
    nh_value call =
        error.type == NH_ERROR ? nh_error_property(error.as.error, "syscall") : nh_undefined();

    (void)emitter;
    note(lane, "error(%s%s%s)", name_of(error), call.type == NH_STRING ? " " : "",
         nh_value_text(call));
    fire(lane, "error");
}

static void on_close(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct lane *lane = data;
    const char *had_error = count == 0 ? "undefined" : arguments[0].as.boolean ? "true" : "false";

    (void)emitter;
    note(lane, "close(%s)", had_error);
    fire(lane, "close");
}

static void attach(struct lane *lane) {
    static const struct {
        const char *event;
        nh_listener listener;
    } listeners[] = {
        {"connect", on_connect},
        {"ready", on_ready},
        {"end", on_end},
        {"finish", on_finish},
        {"drain", on_drain},
        {"error", on_error},
        {"close", on_close},
        {"connectionAttempt", on_attempt},
        {"connectionAttemptFailed", on_attempt_failed},
    };

    for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++) {
        nh_emitter_on(nh_as_emitter(lane->socket), listeners[i].event, listeners[i].listener, lane);
    }
    for (size_t i = 0; i < lane->count; i++) {
        struct action *action = &lane->actions[i];
        nh_value function = nh_undefined();
        if (action->when == 'n') {
            act(lane, action->what);
        } else if (action->when == '@') {
            action->waiting = true;
        } else {
            function = new_function(lane, call_act, action->what, 0);
            if (action->when == 't') {
                nh_loop_next_tick(lane->run->loop, function);
            } else {
                nh_loop_set_immediate(lane->run->loop, function);
            }
        }
        nh_value_release(&function);
    }
}

/* --- the run ------------------------------------------------------------------------------ */

static void on_connection(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    struct run *run = data;

    (void)emitter;
    (void)count;
    run->accepted.socket = (nh_socket *)(void *)nh_emitter_retain(arguments[0].as.object);
    attach(&run->accepted);
    if (run->closes) {
        nh_net_server_close(run->server, nh_undefined());
    }
}

static void on_server_close(nh_emitter *emitter, const nh_value *arguments, size_t count,
                            void *data) {
    struct run *run = data;

    (void)emitter;
    (void)arguments;
    (void)count;
    note(&run->accepted, "server-close");
}

static void finish(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    struct run *run = data;

    (void)arguments;
    (void)count;
    (void)out_result;
    act(&run->client, 's');
    run->over = true;
    nh_stream_destroy(nh_as_stream(run->client.socket), NULL);
    if (run->accepted.socket != NULL) {
        nh_stream_destroy(nh_as_stream(run->accepted.socket), NULL);
    }
    nh_net_server_close(run->server, nh_undefined());
}

static void connect_client(struct run *run, nh_value port) {
    nh_socket_options options;
    nh_value host = nh_string_of(run->memory, "127.0.0.1");

    nh_socket_options_init(&options);
    options.port = port;
    options.host = host;
    options.allow_half_open = nh_boolean(run->client_half);
    nh_error_release(
        nh_net_create_connection(run->loop, &options, nh_undefined(), &run->client.socket));
    nh_value_release(&host);
    if (run->client.socket == NULL) {
        nh_net_server_close(run->server, nh_undefined());
        return;
    }
    attach(&run->client);
    nh_value function = nh_function_new(run->memory, "", finish, run, NULL);
    if (nh_loop_set_timeout(run->loop, function, END_MS) == 0) {
        finish(NULL, 0, run, NULL);
    }
    nh_value_release(&function);
}

static void on_listening(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct run *run = data;
    nh_value address = nh_net_server_address(run->server);
    nh_value port = nh_map_get(address, "port");

    (void)emitter;
    (void)arguments;
    (void)count;
    if (run->refuses) {
        nh_net_server_close(run->server, nh_undefined());
    }
    connect_client(run, port);
    nh_value_release(&address);
}

static void start(struct run *run) {
    nh_net_server_options options;
    nh_listen_options to;

    nh_net_server_options_init(&options);
    options.allow_half_open = run->server_half;
    options.pause_on_connect = run->server_pause;
    run->server = nh_net_server_new(run->loop, &options, nh_undefined());
    if (run->server == NULL) {
        return;
    }
    nh_value host = nh_string_of(run->memory, "127.0.0.1");
    nh_listen_options_init(&to);
    to.port = nh_number(0);
    to.host = host;
    if (nh_emitter_on(nh_as_emitter(run->server), "connection", on_connection, run) &&
        nh_emitter_on(nh_as_emitter(run->server), "close", on_server_close, run) &&
        nh_emitter_on(nh_as_emitter(run->server), "listening", on_listening, run)) {
        nh_error_release(nh_net_server_listen(run->server, &to, nh_undefined()));
    }
    nh_value_release(&host);
}

static void parse(struct run *run, const char *script) {
    char line[1024];
    char *rest = line;

    (void)snprintf(line, sizeof(line), "%s", script);
    char *end = strstr(line, " => ");
    if (end != NULL) {
        *end = '\0';
    }
    for (char *word = strtok_r(line, " \n", &rest); word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        char *colon = strchr(word, ':');
        struct lane *lane = word[0] == 'c' ? &run->client : &run->accepted;
        if (colon != NULL && word[1] == '.' && lane->count < MOST_ACTIONS) {
            struct action *action = &lane->actions[lane->count++];
            *colon = '\0';
            *action = (struct action){.when = word[2], .what = colon[1]};
            if (word[2] == '@') {
                (void)snprintf(action->event, sizeof(action->event), "%s", word + 3);
            }
        }
        run->server_half = run->server_half || strcmp(word, "shalf=1") == 0;
        run->client_half = run->client_half || strcmp(word, "chalf=1") == 0;
        run->server_pause = run->server_pause || strcmp(word, "spause=1") == 0;
        run->closes = run->closes || strcmp(word, "close=1") == 0;
        run->refuses = run->refuses || strcmp(word, "refuse=1") == 0;
    }
}

static void on_uncaught(nh_loop *loop, nh_error *error, void *data) {
    struct run *run = data;

    (void)loop;
    note(&run->client, "uncaught(%s)", nh_error_message(error));
}

void exchange_run(nh_memory *memory, const char *script, char *log, size_t size) {
    struct run *run = calloc(1, sizeof(*run));
    nh_transport *simulator = nh_simulator_new(memory, NULL);

    log[0] = '\0';
    run->memory = memory;
    run->client.run = run;
    run->accepted.run = run;
    run->loop = simulator != NULL ? nh_loop_new(memory, simulator) : NULL;
    if (run->loop != NULL) {
        nh_loop_on_uncaught_exception(run->loop, on_uncaught, run);
        parse(run, script);
        start(run);
        nh_loop_run(run->loop);
        (void)snprintf(log, size, "%s | %s", run->client.log, run->accepted.log);
        nh_emitter_release(nh_as_emitter(run->client.socket));
        nh_emitter_release(nh_as_emitter(run->accepted.socket));
        nh_emitter_release(nh_as_emitter(run->server));
        nh_loop_free(run->loop);
    }
    nh_simulator_free(simulator);
    free(run);
}
