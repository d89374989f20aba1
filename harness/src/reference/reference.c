#include "reference/reference.h"

#include <stdlib.h>
#include <string.h>

#include <nodehttp/simulator.h>
#include <nodehttp/uv.h>
#include <nodehttp/version.h>

#include "reference/session.h"

/* Iterations of the simulator that one call of run_due() performs at most. */
#define ITERATIONS_PER_CALL 20000
/* Rounds of the loop in which what was destroyed closes, before a run on real sockets counts as
 * stopped; what is open then is closed with the transport. */
#define CLOSING_STEP_MS 1
#define CLOSING_STEPS 2

/* What is to be reported from the uv loop next. */
typedef enum announcement {
    ANNOUNCE_NOTHING,
    ANNOUNCE_OPENED,
    ANNOUNCE_STOPPED,
    ANNOUNCE_CLOSED
} announcement;

typedef struct ts_reference {
    ts_implementation implementation; /* first */
    ts_implementation_identity identity;
    ts_reference_transport kind;
    uv_loop_t *uv_loop;
    uv_timer_t timer; /* carries announcements */
    announcement announcement;
    unsigned closing_steps;
    nh_transport *transport; /* of the present run */
    nh_loop *loop;
    ts_session *session;
    bool started; /* the script has begun */
    uint64_t start_ms;
    unsigned long long sync_number;
} ts_reference;

static ts_reference *self_of(ts_implementation *implementation) {
    return (ts_reference *)(void *)implementation;
}

static bool is_virtual(const ts_reference *self) {
    return self->kind == TS_REFERENCE_SIMULATOR;
}

/* --- what the session reports ----------------------------------------------------------------- */

static void on_observation(void *owner, const char *lane, const char *name, json_t *value,
                           bool chunk) {
    ts_reference *self = owner;
    if (!self->implementation.observer->observed(self->implementation.owner, lane, name, value,
                                                 chunk)) {
        nh_loop_stop(self->loop);
    }
    json_decref(value);
}

static void on_signal(void *owner, const char *name) {
    ts_reference *self = owner;
    self->implementation.observer->signalled(self->implementation.owner, name);
}

static void on_listening(void *owner, const char *name, const nh_address *address) {
    ts_reference *self = owner;
    json_t *json = address->family == NH_ADDRESS_UNIX
                       ? json_pack("{s:s}", "path", address->host)
                       : json_pack("{s:s,s:i}", "host", address->host, "port", (int)address->port);
    self->implementation.observer->listening(self->implementation.owner, name, json);
    json_decref(json);
}

static void on_unsupported(void *owner, const char *member) {
    ts_reference *self = owner;
    self->implementation.observer->unsupported(self->implementation.owner, member);
}

static void on_failed(void *owner, const char *message) {
    ts_reference *self = owner;
    self->implementation.observer->failed(self->implementation.owner, message);
}

static const ts_session_events session_events = {.observation = on_observation,
                                                 .signal = on_signal,
                                                 .listening = on_listening,
                                                 .unsupported = on_unsupported,
                                                 .failed = on_failed};

/* --- announcements ---------------------------------------------------------------------------- */

static void release_run(ts_reference *self) {
    ts_session_free(self->session);
    self->session = NULL;
    if (self->loop != NULL) {
        nh_loop_free(self->loop);
        self->loop = NULL;
    }
    if (self->transport != NULL && is_virtual(self)) {
        nh_simulator_free(self->transport);
    } else if (self->transport != NULL) {
        nh_uv_transport_free(self->transport);
    }
    self->transport = NULL;
}

static void on_timer_closed(uv_handle_t *handle) {
    ts_reference *self = handle->data;
    self->implementation.observer->closed(self->implementation.owner);
    free(self);
}

static void on_announcement(uv_timer_t *timer) {
    ts_reference *self = timer->data;
    const ts_implementation_observer *observer = self->implementation.observer;
    announcement what = self->announcement;
    if (what == ANNOUNCE_STOPPED && !is_virtual(self) && self->closing_steps > 0) {
        self->closing_steps--;
        (void)uv_timer_start(timer, on_announcement, CLOSING_STEP_MS, 0);
        return;
    }
    self->announcement = ANNOUNCE_NOTHING;
    switch (what) {
    case ANNOUNCE_NOTHING:
        break;
    case ANNOUNCE_OPENED:
        observer->opened(self->implementation.owner, &self->identity);
        break;
    case ANNOUNCE_STOPPED:
        observer->stopped(self->implementation.owner);
        break;
    case ANNOUNCE_CLOSED:
        release_run(self);
        uv_close((uv_handle_t *)timer, on_timer_closed);
        break;
    }
}

static void announce(ts_reference *self, announcement what) {
    self->announcement = what;
    (void)uv_timer_start(&self->timer, on_announcement, 0, 0);
}

/* --- operations ------------------------------------------------------------------------------- */

static void open_reference(ts_implementation *implementation) {
    announce(self_of(implementation), ANNOUNCE_OPENED);
}

static nh_loop *prepare(ts_implementation *implementation) {
    ts_reference *self = self_of(implementation);
    release_run(self);
    self->started = false;
    self->transport =
        is_virtual(self) ? nh_simulator_new(NULL, NULL) : nh_uv_transport_new(NULL, self->uv_loop);
    self->loop = self->transport != NULL ? nh_loop_new(NULL, self->transport) : NULL;
    return self->loop;
}

static void begin(ts_reference *self) {
    if (!self->started && self->session != NULL) {
        self->started = true;
        self->start_ms = nh_loop_now_ms(self->loop);
        ts_session_start(self->session);
    }
}

static void start(ts_implementation *implementation, const ts_run_start *run) {
    ts_reference *self = self_of(implementation);
    self->session =
        ts_session_new(self->loop, run->scenario->script, run->scenario->lanes, run->addresses,
                       run->unix_path, run->time_scale, &session_events, self);
    if (!is_virtual(self)) {
        begin(self);
    }
}

static void give_signal(ts_implementation *implementation, const char *name) {
    ts_reference *self = self_of(implementation);
    if (self->session != NULL) {
        ts_session_signal(self->session, name);
    }
}

static void on_second_round(const nh_value *arguments, size_t count, void *data,
                            nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    ts_reference *self = data;
    size_t pending = self->session != NULL ? ts_session_pending(self->session) : 0;
    self->implementation.observer->synced(self->implementation.owner, self->sync_number, pending);
}

static void round_later(ts_reference *self, nh_function_call then);

static void on_first_round(const nh_value *arguments, size_t count, void *data,
                           nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    round_later(data, on_second_round);
}

static void round_later(ts_reference *self, nh_function_call then) {
    nh_value function = nh_function_new(nh_loop_memory(self->loop), "sync", then, self, NULL);
    (void)nh_loop_set_immediate(self->loop, function);
    nh_value_release(&function);
}

static void sync_run(ts_implementation *implementation, unsigned long long number) {
    ts_reference *self = self_of(implementation);
    self->sync_number = number;
    round_later(self, on_first_round);
}

static void stop(ts_implementation *implementation) {
    ts_reference *self = self_of(implementation);
    if (self->session != NULL) {
        ts_session_stop(self->session);
        if (is_virtual(self)) {
            nh_simulator_run_until(self->transport, nh_loop_now_ms(self->loop));
        }
    }
    self->closing_steps = CLOSING_STEPS;
    announce(self, ANNOUNCE_STOPPED);
}

static void close_reference(ts_implementation *implementation) {
    announce(self_of(implementation), ANNOUNCE_CLOSED);
}

/* --- virtual time ----------------------------------------------------------------------------- */

static ts_progress run_due(ts_implementation *implementation) {
    ts_reference *self = self_of(implementation);
    begin(self);
    for (int i = 0; i < ITERATIONS_PER_CALL; i++) {
        uint64_t now = nh_loop_now_ms(self->loop);
        if (nh_simulator_next_event_ms(self->transport) > now ||
            !nh_simulator_step(self->transport, now)) {
            return TS_PROGRESS_IDLE;
        }
    }
    return TS_PROGRESS_MORE;
}

static uint64_t elapsed_ms(ts_implementation *implementation) {
    ts_reference *self = self_of(implementation);
    return nh_loop_now_ms(self->loop) - self->start_ms;
}

static bool pass_time(ts_implementation *implementation, uint64_t until_ms) {
    ts_reference *self = self_of(implementation);
    uint64_t limit = self->start_ms + until_ms;
    uint64_t next = nh_simulator_next_event_ms(self->transport);
    nh_simulator_run_until(self->transport, next < limit ? next : limit);
    return next <= limit;
}

static unsigned long long pending(ts_implementation *implementation) {
    ts_reference *self = self_of(implementation);
    return self->session != NULL ? ts_session_pending(self->session) : 0;
}

static const ts_implementation_operations simulated_operations = {
    .open = open_reference,
    .prepare = prepare,
    .start = start,
    .signal = give_signal,
    .sync = sync_run,
    .stop = stop,
    .close = close_reference,
    .run_due = run_due,
    .pass_time = pass_time,
    .elapsed_ms = elapsed_ms,
    .pending = pending,
};

static const ts_implementation_operations real_operations = {
    .open = open_reference,
    .prepare = prepare,
    .start = start,
    .signal = give_signal,
    .sync = sync_run,
    .stop = stop,
    .close = close_reference,
};

ts_implementation *ts_reference_new(uv_loop_t *uv_loop, ts_reference_transport transport,
                                    const ts_implementation_observer *observer, void *owner) {
    ts_reference *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return NULL;
    }
    bool simulated = transport == TS_REFERENCE_SIMULATOR;
    self->implementation.operations = simulated ? &simulated_operations : &real_operations;
    self->implementation.observer = observer;
    self->implementation.owner = owner;
    self->kind = transport;
    self->uv_loop = uv_loop;
    self->identity.name = simulated ? "reference" : "reference-uv";
    self->identity.version = nh_version();
    self->identity.capabilities = TS_CAPABILITY_UNIX | TS_CAPABILITY_IPV6;
    self->identity.virtual_time = simulated;
    (void)uv_timer_init(uv_loop, &self->timer);
    self->timer.data = self;
    return &self->implementation;
}
