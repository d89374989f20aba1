/* AbortController and AbortSignal, alone and with streams. Expectations are what Node.js 23.5.0
 * does. */
#include "http/fixture.h"

static void note_abort(nh_emitter *signal, const nh_value *arguments, size_t count, void *data) {
    (void)signal;
    (void)arguments;
    ASSERT_SIZE_EQ(count, 0);
    fixture_note(data, "abort");
}

static nh_emitter *as_emitter(nh_abort_signal *signal) {
    return nh_as_emitter(signal);
}

/* Name and message of the reason, which has to be an error. */
static void assert_reason(const nh_abort_signal *signal, const char *name, const char *message,
                          double code) {
    nh_value reason = nh_abort_signal_reason(signal);
    if (ASSERT_INT_EQ(reason.type, NH_ERROR)) {
        ASSERT_STR_EQ(nh_error_name(reason.as.error), name);
        ASSERT_STR_EQ(nh_error_message(reason.as.error), message);
        ASSERT_DOUBLE_EQ(nh_error_property(reason.as.error, "code").as.number, code);
    }
    nh_value_release(&reason);
}

static void aborts_once(void) {
    struct fixture fixture = {.loop = NULL};
    REQUIRE_TRUE(fixture_open(&fixture));
    nh_abort_controller *controller = nh_abort_controller_new(fixture.loop);
    nh_abort_signal *signal = nh_abort_controller_signal(controller);
    ASSERT_TRUE(nh_emitter_on(as_emitter(signal), "abort", note_abort, &fixture));
    ASSERT_FALSE(nh_abort_signal_is_aborted(signal));
    ASSERT_NO_ERROR(nh_abort_signal_throw_if_aborted(signal));
    nh_abort_controller_abort(controller, nh_undefined());
    nh_abort_controller_abort(controller, nh_number(5));
    ASSERT_TRACE(&fixture, "abort");
    assert_reason(signal, "AbortError", "This operation was aborted", 20);
    assert_error_take(nh_abort_signal_throw_if_aborted(signal), NULL, "This operation was aborted");
    nh_emitter_release(nh_as_emitter(controller));
    fixture_close(&fixture);
}

static void times_out(void) {
    struct fixture fixture = {.loop = NULL};
    nh_abort_signal *signal;
    REQUIRE_TRUE(fixture_open(&fixture));
    assert_error_take(nh_abort_signal_timeout(fixture.loop, nh_number(-1), &signal),
                      "ERR_OUT_OF_RANGE",
                      "The value of \"delay\" is out of range. It must be >= 0 && <= 4294967295. "
                      "Received -1");
    assert_error_take(nh_abort_signal_timeout(fixture.loop, nh_null(), &signal),
                      "ERR_INVALID_ARG_TYPE",
                      "The \"delay\" argument must be of type number. Received null");
    ASSERT_NO_ERROR(nh_abort_signal_timeout(fixture.loop, nh_number(50), &signal));
    ASSERT_TRUE(nh_emitter_on(as_emitter(signal), "abort", note_abort, &fixture));
    fixture_run(&fixture); /* the timer does not keep the loop running */
    ASSERT_FALSE(nh_abort_signal_is_aborted(signal));
    nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 49);
    ASSERT_TRACE(&fixture, "");
    nh_simulator_run_until(fixture.simulator, nh_loop_now_ms(fixture.loop) + 2);
    ASSERT_TRACE(&fixture, "abort");
    assert_reason(signal, "TimeoutError", "The operation was aborted due to timeout", 23);
    nh_emitter_release(as_emitter(signal));

    ASSERT_NO_ERROR(nh_abort_signal_timeout(fixture.loop, nh_number(1e9), &signal));
    nh_emitter_release(as_emitter(signal)); /* goes with the loop */
    fixture_close(&fixture);
}

static void note_dependent(nh_emitter *signal, const nh_value *arguments, size_t count,
                           void *data) {
    (void)signal;
    (void)arguments;
    (void)count;
    fixture_note(data, "dependent");
}

static void follows_any(void) {
    struct fixture fixture = {.loop = NULL};
    REQUIRE_TRUE(fixture_open(&fixture));
    nh_abort_controller *controllers[2] = {nh_abort_controller_new(fixture.loop),
                                           nh_abort_controller_new(fixture.loop)};
    nh_value list = nh_list_new(&fixture.memory.memory);
    for (size_t i = 0; i < 2; i++) {
        nh_abort_signal *source = nh_abort_controller_signal(controllers[i]);
        ASSERT_TRUE(nh_list_append_take(list, nh_value_of_object(as_emitter(source))));
    }
    nh_abort_signal *signal;
    ASSERT_NO_ERROR(nh_abort_signal_any(fixture.loop, list, &signal));
    ASSERT_TRUE(nh_emitter_on(as_emitter(signal), "abort", note_dependent, &fixture));
    nh_abort_signal *source = nh_abort_controller_signal(controllers[1]);
    ASSERT_TRUE(nh_emitter_on(as_emitter(source), "abort", note_abort, &fixture));
    nh_abort_controller_abort(controllers[1], nh_number(7));
    nh_abort_controller_abort(controllers[0], nh_number(8));
    ASSERT_TRACE(&fixture, "abort dependent");
    nh_value reason = nh_abort_signal_reason(signal);
    ASSERT_DOUBLE_EQ(reason.as.number, 7);

    nh_abort_signal *late;
    ASSERT_NO_ERROR(nh_abort_signal_any(fixture.loop, list, &late));
    ASSERT_TRUE(nh_abort_signal_is_aborted(late));
    nh_emitter_release(as_emitter(late));
    ASSERT_TRUE(nh_list_append(list, nh_number(5)));
    assert_error_take(nh_abort_signal_any(fixture.loop, list, &late), "ERR_INVALID_ARG_TYPE",
                      "The \"signals[2]\" argument must be an instance of AbortSignal. "
                      "Received type number (5)");
    assert_error_take(nh_abort_signal_any(fixture.loop, nh_null(), &late), "ERR_INVALID_ARG_TYPE",
                      "signals can not be converted to sequence.");
    nh_value_release(&list);
    nh_emitter_release(as_emitter(signal));
    nh_emitter_release(nh_as_emitter(controllers[0]));
    nh_emitter_release(nh_as_emitter(controllers[1]));
    fixture_close(&fixture);
}

static void note_error(nh_emitter *stream, const nh_value *arguments, size_t count, void *data) {
    (void)stream;
    (void)count;
    const nh_error *error = arguments[0].as.error;
    fixture_note(data, "error(%s %s)", nh_error_name(error), nh_error_code(error));
    ASSERT_DOUBLE_EQ(nh_error_property(error, "cause").as.number, 7);
}

static void destroys_streams(void) {
    struct fixture fixture = {.loop = NULL};
    REQUIRE_TRUE(fixture_open(&fixture));
    nh_abort_controller *controller = nh_abort_controller_new(fixture.loop);
    nh_emitter *signal = as_emitter(nh_abort_controller_signal(controller));
    nh_value value = nh_value_of_object(signal);
    nh_stream *stream = fixture_duplex(&fixture);
    nh_stream *forgotten = fixture_duplex(&fixture);
    ASSERT_NO_ERROR(nh_stream_add_signal(stream, value));
    ASSERT_NO_ERROR(nh_stream_add_signal(forgotten, value));
    ASSERT_SIZE_EQ(nh_emitter_listener_count(signal, "abort"), 2);
    nh_emitter_release(nh_as_emitter(forgotten)); /* the signal lets go of it */
    ASSERT_SIZE_EQ(nh_emitter_listener_count(signal, "abort"), 1);
    assert_error_take(nh_stream_add_signal(stream, nh_number(1)), "ERR_INVALID_ARG_TYPE",
                      "The \"signal\" argument must be an instance of AbortSignal. "
                      "Received type number (1)");
    ASSERT_TRUE(nh_emitter_on(nh_as_emitter(stream), "error", note_error, &fixture));
    nh_abort_controller_abort(controller, nh_number(7));
    ASSERT_TRUE(nh_stream_is_destroyed(stream));
    fixture_run(&fixture);
    ASSERT_TRACE(&fixture, "error(AbortError ABORT_ERR)");
    ASSERT_SIZE_EQ(nh_emitter_listener_count(signal, "abort"), 0);
    nh_value_release(&value);
    nh_emitter_release(nh_as_emitter(stream));
    nh_emitter_release(nh_as_emitter(controller));
    fixture_close(&fixture);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {UNIT_CASE(aborts_once), UNIT_CASE(times_out),
                                             UNIT_CASE(follows_any), UNIT_CASE(destroys_streams)};
    return UNIT_RUN("abort_signal", cases, argc, argv);
}
