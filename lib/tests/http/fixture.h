/* What the tests of this layer share: a loop on the simulator, a trace of what happened, and a
 * Duplex in the place of a connection.
 *
 * Where a case has a JavaScript twin, its expectation is what Node.js 23.5.0 printed. The wall
 * clock stands at the simulator's start, so the Date field is known: DATE. */
#ifndef NH_TESTS_HTTP_FIXTURE_H
#define NH_TESTS_HTTP_FIXTURE_H

#include <nodehttp/nodehttp.h>

#include "support/test_memory.h"
#include "support/unit.h"

#define DATE "Date: Wed, 01 Jan 2025 00:00:00 GMT\r\n"

struct fixture {
    struct test_memory memory;
    nh_transport *simulator;
    nh_loop *loop;
    char trace[16384]; /* words, separated by blanks */
    char wire[65536];  /* what was written to the duplexes */
    size_t wire_length;
};

/* False without memory. `refuse_at` set in fixture->memory before counts from the first request. */
bool fixture_open(struct fixture *fixture);
/* Frees everything; asserts that nothing leaked. */
void fixture_close(struct fixture *fixture);
/* Adds a word to the trace. */
void fixture_note(struct fixture *fixture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Runs until nothing is left to do. */
void fixture_run(struct fixture *fixture);

/* A Duplex that adds what is written to it to the wire; owned by the caller. */
nh_stream *fixture_duplex(struct fixture *fixture);
/* A Duplex that keeps its first write pending, so that everything behind it is buffered. */
nh_stream *fixture_stalled_duplex(struct fixture *fixture);
/* Bytes from the peer. */
void fixture_receive(nh_stream *duplex, const char *text);

/* The trace, the wire, and then a fresh start of both. */
#define ASSERT_TRACE(fixture, expected)                                                            \
    do {                                                                                           \
        ASSERT_STR_EQ((fixture)->trace, expected);                                                 \
        (fixture)->trace[0] = '\0';                                                                \
    } while (0)
#define ASSERT_WIRE(fixture, expected)                                                             \
    do {                                                                                           \
        ASSERT_STR_EQ((fixture)->wire, expected);                                                  \
        (fixture)->wire_length = 0;                                                                \
        (fixture)->wire[0] = '\0';                                                                 \
    } while (0)

/* Asserts code and message of an error (NULL: there is none) and releases it. */
void assert_error_take(nh_error *error, const char *code, const char *message);
#define ASSERT_NO_ERROR(call) assert_error_take((call), NULL, NULL)

#endif
