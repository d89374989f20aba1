#include "core/fake_transport.h"

static struct fake_transport *self_of(nh_transport *transport) {
    return (struct fake_transport *)transport;
}

static void attach(nh_transport *transport, nh_loop *loop) {
    self_of(transport)->loop = loop;
}

static uint64_t now_ms(nh_transport *transport) {
    return self_of(transport)->now_ms;
}

static uint64_t wall_clock_ms(nh_transport *transport) {
    return UINT64_C(1700000000000) + self_of(transport)->now_ms;
}

static void arm_timer(nh_transport *transport, uint64_t deadline_ms, bool referenced) {
    struct fake_transport *self = self_of(transport);
    self->timer_armed = true;
    self->deadline_ms = deadline_ms;
    self->timer_referenced = referenced;
    self->arm_calls++;
}

static void disarm_timer(nh_transport *transport) {
    self_of(transport)->timer_armed = false;
}

static void arm_immediates(nh_transport *transport, bool armed) {
    self_of(transport)->immediates_armed = armed;
}

static void run(nh_transport *transport) {
    struct fake_transport *self = self_of(transport);
    self->stopped = false;
    while (!self->stopped &&
           (self->immediates_armed || (self->timer_armed && self->timer_referenced))) {
        self->iterations++;
        if (!self->immediates_armed && self->now_ms < self->deadline_ms) {
            self->now_ms = self->deadline_ms;
        }
        if (self->timer_armed && self->deadline_ms <= self->now_ms) {
            self->timer_armed = false;
            nh_loop_run_timers(self->loop);
        }
        if (self->immediates_armed && !self->stopped) {
            nh_loop_run_immediates(self->loop);
        }
    }
}

static void stop(nh_transport *transport) {
    self_of(transport)->stopped = true;
}

struct fake_transport fake_transport_make(void) {
    static const nh_transport_operations operations = {
        .attach = attach,
        .now_ms = now_ms,
        .wall_clock_ms = wall_clock_ms,
        .arm_timer = arm_timer,
        .disarm_timer = disarm_timer,
        .arm_immediates = arm_immediates,
        .run = run,
        .stop = stop,
    };
    return (struct fake_transport){.transport = {&operations}};
}
