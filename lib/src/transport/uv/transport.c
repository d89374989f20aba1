/* Loop, timer and immediates on libuv. As in Node.js, immediates run from a check handle, while an
 * idle handle keeps the poll phase from waiting. */
#include "transport/uv/internal.h"

#include <signal.h>

/* --- reports ------------------------------------------------------------------------------ */

void uvt_begin_report(uvt_transport *transport) {
    if (transport->loop != NULL) {
        nh_loop_begin_turn(transport->loop);
    }
}

void uvt_end_report(uvt_transport *transport) {
    if (transport->loop != NULL) {
        nh_loop_end_turn(transport->loop);
    }
}

/* --- handles ------------------------------------------------------------------------------ */

int uvt_stream_init(uvt_transport *transport, uvt_stream *stream, nh_address_family family) {
    return family == NH_ADDRESS_UNIX ? uv_pipe_init(transport->uv, &stream->pipe, 0)
                                     : uv_tcp_init(transport->uv, &stream->tcp);
}

int uvt_handle_init(uvt_handle *handle, uvt_transport *transport, nh_address_family family) {
    handle->transport = transport;
    handle->family = family;
    int status = uvt_stream_init(transport, &handle->uv, family);
    if (status == 0) {
        handle->uv.handle.data = handle;
        handle->next = transport->handles;
        if (handle->next != NULL) {
            handle->next->previous = handle;
        }
        transport->handles = handle;
    }
    return status;
}

void uvt_handle_closes(uvt_handle *handle) {
    handle->is_closing = true;
    handle->transport->closing++;
}

void uvt_handle_free(uvt_handle *handle) {
    uvt_transport *transport = handle->transport;
    transport->closing--;
    if (handle->previous != NULL) {
        handle->previous->next = handle->next;
    } else {
        transport->handles = handle->next;
    }
    if (handle->next != NULL) {
        handle->next->previous = handle->previous;
    }
    nh_memory_free(transport->memory, handle);
    uvt_transport_settle(transport);
}

/* --- clock, timer, immediates ------------------------------------------------------------- */

/* Ends everything that is open. */
static void abandon_everything(uvt_transport *transport) {
    uvt_lookups_abandon(transport);
    for (uvt_handle *handle = transport->handles; handle != NULL; handle = handle->next) {
        handle->abandon(handle);
    }
}

static void attach(nh_transport *public_transport, nh_loop *loop) {
    uvt_transport *transport = uvt_transport_of(public_transport);
    if (loop == NULL && transport->loop != NULL) {
        abandon_everything(transport); /* owners are told, so that they let go of it */
    }
    transport->loop = loop;
    if (loop == NULL) {
        (void)uv_timer_stop(&transport->timer);
        (void)uv_check_stop(&transport->check);
        (void)uv_idle_stop(&transport->idle);
    }
}

static uint64_t now_ms(nh_transport *transport) {
    return uv_now(uvt_transport_of(transport)->uv);
}

static uint64_t wall_clock_ms(nh_transport *transport) {
    uv_timeval64_t now;
    (void)transport;
    return uv_gettimeofday(&now) == 0 ? (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_usec / 1000u
                                      : 0;
}

static void on_timer(uv_timer_t *timer) {
    const uvt_transport *transport = timer->data;
    if (transport->loop != NULL) {
        nh_loop_run_timers(transport->loop);
    }
}

static void arm_timer(nh_transport *public_transport, uint64_t deadline_ms, bool referenced) {
    uvt_transport *transport = uvt_transport_of(public_transport);
    uint64_t now = uv_now(transport->uv);
    (void)uv_timer_start(&transport->timer, on_timer, deadline_ms > now ? deadline_ms - now : 0, 0);
    if (referenced) {
        uv_ref((uv_handle_t *)&transport->timer);
    } else {
        uv_unref((uv_handle_t *)&transport->timer);
    }
}

static void disarm_timer(nh_transport *transport) {
    (void)uv_timer_stop(&uvt_transport_of(transport)->timer);
}

static void on_check(uv_check_t *check) {
    const uvt_transport *transport = check->data;
    if (transport->loop != NULL) {
        nh_loop_run_immediates(transport->loop);
    }
}

static void on_idle(uv_idle_t *idle) {
    (void)idle; /* being active is all that it does */
}

static void arm_immediates(nh_transport *public_transport, bool armed) {
    uvt_transport *transport = uvt_transport_of(public_transport);
    if (armed) {
        (void)uv_check_start(&transport->check, on_check);
        (void)uv_idle_start(&transport->idle, on_idle);
    } else {
        (void)uv_check_stop(&transport->check);
        (void)uv_idle_stop(&transport->idle);
    }
}

/* --- running ------------------------------------------------------------------------------ */

static bool keeps_running(const uv_handle_t *handle) {
    return uv_is_active(handle) && uv_has_ref(handle);
}

/* What uv_loop_alive() says, of this transport's part of the loop. */
static bool is_alive(const uvt_transport *transport) {
    if (transport->requests > 0 || transport->closing > 0 ||
        keeps_running((const uv_handle_t *)&transport->timer) ||
        keeps_running((const uv_handle_t *)&transport->idle)) {
        return true;
    }
    for (const uvt_handle *handle = transport->handles; handle != NULL; handle = handle->next) {
        if (keeps_running(&handle->uv.handle)) {
            return true;
        }
    }
    return false;
}

static void run(nh_transport *public_transport) {
    uvt_transport *transport = uvt_transport_of(public_transport);
    if (transport->owns_uv) {
        (void)uv_run(transport->uv, UV_RUN_DEFAULT);
        return;
    }
    while (!transport->is_stopped && is_alive(transport)) {
        (void)uv_run(transport->uv, UV_RUN_ONCE);
    }
    transport->is_stopped = false;
}

static void stop(nh_transport *public_transport) {
    uvt_transport *transport = uvt_transport_of(public_transport);
    if (transport->owns_uv) {
        uv_stop(transport->uv);
    } else {
        transport->is_stopped = true;
    }
}

/* --- life --------------------------------------------------------------------------------- */

static const nh_transport_operations operations = {
    .attach = attach,
    .now_ms = now_ms,
    .wall_clock_ms = wall_clock_ms,
    .arm_timer = arm_timer,
    .disarm_timer = disarm_timer,
    .arm_immediates = arm_immediates,
    .run = run,
    .stop = stop,
    .open = uvt_open,
    .observe = uvt_observe,
    .bind = uvt_bind,
    .connect = uvt_connect,
    .start_reading = uvt_start_reading,
    .stop_reading = uvt_stop_reading,
    .write = uvt_write,
    .write_queue_size = uvt_write_queue_size,
    .shutdown = uvt_shutdown,
    .close = uvt_close,
    .reset = uvt_reset,
    .local_address = uvt_local_address,
    .remote_address = uvt_remote_address,
    .set_no_delay = uvt_set_no_delay,
    .set_keep_alive = uvt_set_keep_alive,
    .set_referenced = uvt_set_referenced,
    .listen = uvt_listen,
    .listening_address = uvt_listening_address,
    .listening_set_referenced = uvt_listening_set_referenced,
    .close_listening = uvt_close_listening,
    .lookup = uvt_lookup_start,
    .cancel_lookup = uvt_lookup_cancel,
};

static void init_helpers(uvt_transport *transport) {
    /* None of these can fail. */
    (void)uv_timer_init(transport->uv, &transport->timer);
    (void)uv_check_init(transport->uv, &transport->check);
    (void)uv_idle_init(transport->uv, &transport->idle);
    transport->timer.data = transport->check.data = transport->idle.data = transport;
    uv_unref((uv_handle_t *)&transport->check);
    transport->helpers = 3;
}

/* A write to a connection that was reset is an error to handle, not the end of the process. */
static void ignore_broken_pipes(void) {
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
        action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        (void)sigaction(SIGPIPE, &action, NULL);
    }
}

nh_transport *nh_uv_transport_new(nh_memory *memory, uv_loop_t *uv) {
    if (memory == NULL) {
        memory = nh_memory_default();
    }
    uvt_transport *transport = nh_memory_allocate_zeroed(memory, 1, sizeof *transport);
    if (transport == NULL) {
        return NULL;
    }
    transport->transport.operations = &operations;
    transport->memory = memory;
    transport->uv = uv;
    if (uv == NULL) {
        if (uv_loop_init(&transport->own_uv) != 0) {
            nh_memory_free(memory, transport);
            return NULL;
        }
        transport->owns_uv = true;
        transport->uv = &transport->own_uv;
    }
    init_helpers(transport);
    ignore_broken_pipes();
    return &transport->transport;
}

uv_loop_t *nh_uv_transport_loop(nh_transport *transport) {
    return uvt_transport_of(transport)->uv;
}

static bool is_empty(const uvt_transport *transport) {
    return transport->helpers == 0 && transport->handles == NULL && transport->lookups == NULL;
}

void uvt_transport_settle(uvt_transport *transport) {
    if (transport->is_freed && is_empty(transport) && !transport->owns_uv) {
        nh_memory_free(transport->memory, transport);
    }
}

static void on_helper_closed(uv_handle_t *handle) {
    uvt_transport *transport = handle->data;
    transport->helpers--;
    uvt_transport_settle(transport);
}

void nh_uv_transport_free(nh_transport *public_transport) {
    if (public_transport == NULL) {
        return;
    }
    uvt_transport *transport = uvt_transport_of(public_transport);
    transport->is_freed = true;
    transport->loop = NULL;
    abandon_everything(transport);
    uv_close((uv_handle_t *)&transport->timer, on_helper_closed);
    uv_close((uv_handle_t *)&transport->check, on_helper_closed);
    uv_close((uv_handle_t *)&transport->idle, on_helper_closed);
    if (transport->owns_uv) {
        while (!is_empty(transport)) { /* an earlier uv_stop() ends the first round */
            (void)uv_run(transport->uv, UV_RUN_DEFAULT);
        }
        (void)uv_loop_close(transport->uv);
        nh_memory_free(transport->memory, transport);
    }
}
