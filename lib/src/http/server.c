/* http.Server: a net.Server that speaks HTTP on what it accepts, and looks after slow requests. */
#include "http/server_internal.h"

#include "http/support_internal.h"
#include "stream/tie.h"

#include <math.h>

static void destroy_object(nh_emitter *emitter);

const nh_class nh_server_class = {
    .name = "Server",
    .parent = &nh_net_server_class,
    .size = sizeof(nh_server),
    .destroy = destroy_object,
};

/* --- slow requests ------------------------------------------------------------------------ */

static bool is_older_than(const nh_server_connection *connection, double now, double timeout) {
    return timeout > 0 && (double)connection->parser.message_started_ms < now - timeout;
}

/* A connection whose head or message takes too long and that was not told yet. */
static nh_server_connection *find_expired(const nh_server *server) {
    double headers = nh_server_number(server, NH_SERVER_HEADERS_TIMEOUT);
    double whole = nh_server_number(server, NH_SERVER_REQUEST_TIMEOUT);
    double now = (double)nh_loop_now_ms(server->net.emitter.loop);
    nh_server_connection *at = server->first_connection;
    while (at != NULL) {
        const nh_http_parser *parser = &at->parser;
        if (parser->message_started && !at->expired &&
            ((!parser->headers_completed && is_older_than(at, now, headers)) ||
             is_older_than(at, now, whole))) {
            return at;
        }
        at = at->next;
    }
    return NULL;
}

static void start_checks(nh_server *server) {
    double interval = nh_server_number(server, NH_SERVER_CONNECTIONS_CHECKING_INTERVAL);
    uint64_t delay = interval >= 1 && interval < 2147483648.0 ? (uint64_t)interval : 1;
    if (!nh_timer_start(server->net.emitter.loop, &server->check_timer, delay)) {
        nh_loop_throw(server->net.emitter.loop, nh_error_out_of_memory());
    }
}

static void check_connections(void *owner) {
    nh_server *server = owner;
    nh_loop *loop = server->net.emitter.loop;
    (void)nh_emitter_retain(&server->net.emitter);
    nh_server_connection *expired;
    while (!nh_loop_is_throwing(loop) && (expired = find_expired(server)) != NULL) {
        expired->expired = true;
        nh_error *error =
            nh_http_error(nh_loop_memory(loop), "ERR_HTTP_REQUEST_TIMEOUT", "Request timeout");
        nh_server_connection_fail(expired->socket, server, error);
        nh_error_release(error);
    }
    if (server->checks_connections && !nh_timer_is_active(&server->check_timer)) {
        start_checks(server);
    }
    nh_emitter_release(&server->net.emitter);
}

static void on_listening(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_server *server = (nh_server *)(void *)emitter;
    server->tracks_connections = true;
    server->checks_connections = true;
    start_checks(server);
}

/* --- life --------------------------------------------------------------------------------- */

static nh_error *check_options_type(nh_memory *memory, nh_value options) {
    switch (options.type) {
    case NH_INVALID:
        return nh_error_out_of_memory();
    case NH_BOOLEAN:
    case NH_NUMBER:
    case NH_BIGINT:
    case NH_STRING:
    case NH_SYMBOL:
    case NH_LIST:
        return nh_error_new_argument_type(memory, "options", "of type object", options);
    case NH_UNDEFINED:
    case NH_NULL:
    case NH_BUFFER:
    case NH_MAP:
    case NH_ERROR:
    case NH_FUNCTION:
    case NH_OBJECT:
        break;
    }
    return NULL;
}

static nh_error *set_up(nh_server *server, nh_value options, nh_value listener) {
    nh_emitter *emitter = &server->net.emitter;
    nh_net_server_options net_options;
    nh_error *error = nh_server_read_options(server, options, &net_options);
    if (error != NULL) {
        return error;
    }
    nh_net_server_init(&server->net, &net_options);
    server->check_timer =
        (nh_timer){.fire = check_connections, .owner = server, .unreferenced = true};
    error = nh_http_add_callback(emitter, "request", listener, NH_LISTENER_PLAIN);
    if (error == NULL && (!nh_emitter_on(emitter, "connection", nh_server_accept, NULL) ||
                          !nh_emitter_on(emitter, "listening", on_listening, NULL))) {
        error = nh_error_out_of_memory();
    }
    return error;
}

nh_server *nh_server_of(nh_emitter *object) {
    return nh_object_is_of(object, &nh_server_class) ? (nh_server *)(void *)object : NULL;
}

nh_error *nh_server_new(nh_loop *loop, nh_value options, nh_value request_listener,
                        nh_server **out_server) {
    *out_server = NULL;
    if (options.type == NH_FUNCTION) {
        request_listener = options;
        options = nh_undefined();
    }
    nh_error *error = check_options_type(nh_loop_memory(loop), options);
    if (error != NULL) {
        return error;
    }
    nh_server *server = nh_object_new(loop, &nh_server_class);
    if (server == NULL) {
        return nh_error_out_of_memory();
    }
    error = set_up(server, options, request_listener);
    if (error != NULL) {
        nh_emitter_release(&server->net.emitter);
        return error;
    }
    *out_server = server;
    return NULL;
}

static void destroy_object(nh_emitter *emitter) {
    nh_server *server = (nh_server *)(void *)emitter;
    nh_timer_stop(emitter->loop, &server->check_timer);
    for (size_t i = 0; i < NH_SERVER_SETTINGS; i++) {
        nh_value_release(&server->settings[i]);
    }
    nh_value_release(&server->unique_headers);
}

/* --- connections -------------------------------------------------------------------------- */

void nh_server_track(nh_server_connection *connection) {
    nh_server *server = connection->server;
    nh_server_untrack(connection);
    connection->tracked = true;
    connection->previous = server->last_connection;
    if (server->last_connection != NULL) {
        server->last_connection->next = connection;
    } else {
        server->first_connection = connection;
    }
    server->last_connection = connection;
}

void nh_server_untrack(nh_server_connection *connection) {
    nh_server *server = connection->server;
    if (!connection->tracked) {
        return;
    }
    connection->tracked = false;
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->first_connection = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    } else {
        server->last_connection = connection->previous;
    }
    connection->previous = NULL;
    connection->next = NULL;
}

/* Whether a connection on which no message was begun has no response under way either. */
static bool is_idle(const nh_server_connection *connection) {
    const nh_outgoing_message *message = connection->socket->http_message;
    return message == NULL || message->finished;
}

/* A custom stream may do anything while it is destroyed, to other connections as well. */
static void destroy_connections(nh_server *server, bool only_idle, bool begun) {
    nh_server_connection *at = server->first_connection;
    while (at != NULL) {
        (void)nh_emitter_retain(&at->emitter);
        if (at->parser.message_started == begun && !nh_stream_is_destroyed(at->socket) &&
            (!only_idle || is_idle(at))) {
            nh_stream_destroy(at->socket, NULL);
        }
        nh_server_connection *next = at->tracked ? at->next : server->first_connection;
        nh_emitter_release(&at->emitter);
        at = next;
    }
}

void nh_server_close_all_connections(nh_server *server) {
    destroy_connections(server, false, false);
    destroy_connections(server, false, true);
}

void nh_server_close_idle_connections(nh_server *server) {
    destroy_connections(server, true, false);
}

/* --- close -------------------------------------------------------------------------------- */

void nh_server_close(nh_server *server, nh_value callback) {
    nh_server_close_idle_connections(server);
    server->checks_connections = false;
    nh_timer_stop(server->net.emitter.loop, &server->check_timer);
    nh_net_server_close(&server->net, callback);
}

/* What dispose() passes from the end of close() to its callback. */
typedef struct disposal {
    nh_tie tie; /* has to stay first */
    nh_memory *memory;
    nh_server *server; /* retained; NULL once the loop is going */
    nh_value callback;
} disposal;

static void free_disposal(void *data) {
    disposal *state = data;
    nh_emitter *server = state->server == NULL ? NULL : &state->server->net.emitter;
    nh_tie_remove(&state->tie);
    nh_value_release(&state->callback);
    nh_memory_free(state->memory, state);
    if (server != NULL) {
        nh_emitter_release(server);
    }
}

/* The loop is going, and the server that waits for 'close' has its listener keep it. */
static void cut_disposal(nh_tie *tie) {
    disposal *state = (disposal *)(void *)tie;
    nh_server *server = state->server;
    state->server = NULL;
    nh_emitter_release(&server->net.emitter);
}

static void settle(nh_emitter *emitter, nh_value pair) {
    (void)emitter;
    nh_value error = nh_list_get(pair, 1);
    nh_loop_call(nh_list_get(pair, 0), &error, error.type == NH_UNDEFINED ? 0 : 1);
}

/* The promise of close() settles, then the one of the function that awaits it. */
static void settle_outer(nh_emitter *emitter, nh_value pair) {
    nh_loop_microtask(emitter->loop, settle, emitter, pair);
}

static void closed(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)out_result;
    const disposal *state = data;
    nh_emitter *emitter = &state->server->net.emitter;
    nh_value pair = nh_list_new(nh_object_memory(emitter));
    if (!nh_list_append(pair, state->callback) ||
        !nh_list_append(pair, count > 0 ? arguments[0] : nh_undefined())) {
        nh_loop_throw(emitter->loop, nh_error_out_of_memory());
    } else {
        nh_loop_microtask(emitter->loop, settle_outer, emitter, pair);
    }
    nh_value_release(&pair);
}

void nh_server_async_dispose(nh_server *server, nh_value callback) {
    nh_memory *memory = nh_object_memory(&server->net.emitter);
    disposal *state = nh_memory_allocate_zeroed(memory, 1, sizeof(*state));
    nh_value function = {.type = NH_INVALID};
    if (state != NULL && !nh_tie_add(server->net.emitter.loop, &state->tie, cut_disposal)) {
        nh_memory_free(memory, state);
    } else if (state != NULL) {
        (void)nh_emitter_retain(&server->net.emitter);
        state->memory = memory;
        state->server = server;
        state->callback = nh_value_retain(callback);
        function = nh_function_new(memory, "", closed, state, free_disposal);
        if (function.type == NH_INVALID) {
            free_disposal(state);
        }
    }
    if (function.type == NH_INVALID) {
        nh_loop_throw(server->net.emitter.loop, nh_error_out_of_memory());
        return;
    }
    nh_server_close(server, function);
    nh_value_release(&function);
}

nh_error *nh_server_set_timeout(nh_server *server, nh_value milliseconds, nh_value callback) {
    nh_value_assign_take(&server->settings[NH_SERVER_TIMEOUT], nh_value_retain(milliseconds));
    return nh_http_add_callback(&server->net.emitter, "timeout", callback, NH_LISTENER_PLAIN);
}
