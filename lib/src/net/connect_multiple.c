/* Several addresses, one after the other: the next one is tried when one has failed, or has not
 * answered in time. (Node: net, autoSelectFamily.) */
#include <errno.h>

#include "net/connect.h"

static nh_memory *memory_of(const nh_connect_attempt *attempt) {
    return nh_object_memory(&attempt->socket->stream.emitter);
}

static nh_loop *loop_of(const nh_connect_attempt *attempt) {
    return attempt->socket->stream.emitter.loop;
}

/* Nothing of what was tried has worked. */
static void give_up(nh_connect_attempt *attempt) {
    nh_memory *memory = memory_of(attempt);
    nh_error *error = NULL;

    if (nh_list_length(attempt->errors) == 0) {
        error = nh_error_new(memory, "Error", "ERR_SOCKET_CONNECTION_TIMEOUT",
                             "Socket connection timeout");
    } else {
        nh_value first = nh_list_get(attempt->errors, 0);
        error = nh_error_new(memory, "AggregateError", nh_error_code(first.as.error), "%s", "");
        nh_error_set_property_take(error, "errors", nh_value_retain(attempt->errors));
    }
    nh_stream_destroy(&attempt->socket->stream, error);
    nh_error_release(error);
}

static void remember(nh_connect_attempt *attempt, nh_error *error) {
    nh_list_append_take(attempt->errors, nh_value_of_error(error));
}

/* One address has failed: tells it and goes on. Consumes `error`. */
static void failed_take(nh_connect_attempt *attempt, nh_error *error, bool cancelled) {
    remember(attempt, error);
    nh_connect_announce(attempt, "connectionAttemptFailed", error);
    nh_error_release(error);
    if (nh_connect_attempt_is_current(attempt) && !nh_loop_is_throwing(loop_of(attempt))) {
        nh_connect_next(attempt, cancelled);
    }
}

static void on_timeout(void *owner) {
    nh_connect_attempt *attempt = owner;
    nh_socket *socket = attempt->socket;

    attempt->references++;
    nh_emitter_retain(&socket->stream.emitter);
    nh_connect_announce(attempt, "connectionAttemptTimeout", NULL);
    if (!nh_loop_is_throwing(loop_of(attempt))) {
        nh_error *error = nh_connect_error(attempt, -ETIMEDOUT);
        remember(attempt, error);
        nh_error_release(error);
        if (nh_connect_attempt_is_current(attempt)) {
            nh_connect_next(attempt, false);
        }
    }
    nh_connect_attempt_release(attempt);
    nh_emitter_release(&socket->stream.emitter);
}

/* A new connection for the next address; the one before is closed without a word. */
static bool reopen(nh_socket *socket) {
    if (socket->handle != NULL) {
        nh_socket_handle_close(socket, false, false);
    }
    if (!nh_socket_handle_open(socket, false)) {
        return false;
    }
    nh_stream_undestroy(&socket->stream);
    return true;
}

static bool remember_address(nh_connect_attempt *attempt) {
    nh_value text = nh_string_format(memory_of(attempt), "%s:%u", attempt->address.host,
                                     (unsigned)attempt->address.port);

    return nh_list_append_take(attempt->socket->attempted_addresses, text);
}

static void start(nh_connect_attempt *attempt) {
    nh_socket *socket = attempt->socket;
    nh_error *error = nh_connect_bind(attempt, false);

    if (error != NULL) {
        remember(attempt, error);
        nh_error_release(error);
        nh_connect_next(attempt, false);
        return;
    }
    nh_connect_announce(attempt, "connectionAttempt", NULL);
    if (!nh_connect_attempt_is_current(attempt) || nh_loop_is_throwing(loop_of(attempt))) {
        return;
    }
    if (!remember_address(attempt)) {
        nh_stream_fail_no_memory(&socket->stream);
        return;
    }
    int status =
        nh_socket_transport(socket)->connect(socket->handle->connection, &attempt->address, NULL);
    if (status < 0) {
        failed_take(attempt, nh_connect_call_error(attempt, status), false);
    } else if (attempt->next < attempt->addresses_count) {
        attempt->timer.fire = on_timeout;
        attempt->timer.owner = attempt;
        if (!nh_timer_start(loop_of(attempt), &attempt->timer,
                            (uint64_t)attempt->attempt_timeout_ms)) {
            nh_stream_fail_no_memory(&socket->stream);
        }
    }
}

void nh_connect_next(nh_connect_attempt *attempt, bool cancelled) {
    nh_timer_stop(loop_of(attempt), &attempt->timer);
    if (cancelled || attempt->next == attempt->addresses_count) {
        give_up(attempt);
        return;
    }
    if (attempt->next > 0 && !reopen(attempt->socket)) {
        nh_stream_fail_no_memory(&attempt->socket->stream);
        return;
    }
    attempt->address = attempt->addresses[attempt->next++];
    attempt->references++;
    start(attempt);
    nh_connect_attempt_release(attempt);
}

void nh_connect_multiple_done(nh_connect_attempt *attempt, int status) {
    nh_timer_stop(loop_of(attempt), &attempt->timer);
    if (status == 0) {
        nh_connect_succeeded(attempt->socket);
        return;
    }
    attempt->references++;
    failed_take(attempt, nh_connect_error(attempt, status), status == -ECANCELED);
    nh_connect_attempt_release(attempt);
}
