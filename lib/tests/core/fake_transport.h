/* A transport that has a clock, timers and immediates, and no network: what the loop's own tests
 * need. Its time moves only when nothing but a timer is left to wait for. */
#ifndef TOUCHSTONE_TESTS_FAKE_TRANSPORT_H
#define TOUCHSTONE_TESTS_FAKE_TRANSPORT_H

#include <nodehttp/transport.h>

struct fake_transport {
    struct nh_transport transport; /* has to stay first */
    nh_loop *loop;
    uint64_t now_ms;
    uint64_t deadline_ms;
    bool timer_armed;
    bool timer_referenced;
    bool immediates_armed;
    bool stopped;
    unsigned iterations;
    unsigned arm_calls;
};

struct fake_transport fake_transport_make(void);

#endif
