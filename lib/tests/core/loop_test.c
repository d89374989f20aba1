/* Turns, ticks, microtasks, immediates and timers. Where a case has a JavaScript twin, its order is
 * what Node.js 23.5.0 printed. */
#include "core/fake_transport.h"
#include "core/loop_internal.h"
#include "core/object.h"
#include "support/test_memory.h"
#include "support/unit.h"

#include <nodehttp/loop.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char trace[1024];

static void note(const char *word) {
    size_t length = strlen(trace);
    (void)snprintf(trace + length, sizeof(trace) - length, "%s%s", length == 0 ? "" : " ", word);
}

static void assert_trace(const char *expected) {
    ASSERT_STR_EQ(trace, expected);
    trace[0] = '\0';
}

static struct test_memory memory;
static struct fake_transport fake;
static nh_loop *loop;

static void note_uncaught(nh_loop *where, nh_error *error, void *data) {
    char word[64];
    (void)where;
    (void)data;
    (void)snprintf(word, sizeof(word), "U:%s", nh_error_message(error));
    note(word);
}

static void set_up(void) {
    memory = test_memory_make();
    fake = fake_transport_make();
    loop = nh_loop_new(&memory.memory, &fake.transport);
    nh_loop_on_uncaught_exception(loop, note_uncaught, NULL);
    trace[0] = '\0';
}

static void tear_down(void) {
    nh_loop_free(loop);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

/* --- scripts -------------------------------------------------------------------------------- */

/* A function value that runs a script: words to note, and commands. "t(..)" queues a tick, "m" a
 * microtask, "i" an immediate, "T<ms>" a timeout, each running the script in brackets; "!" throws,
 * "@<ms>" lets time pass, "." stops the loop. */
static void run_script(const char *script);

static void call_script(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    run_script(data);
}

static nh_value script_function(const char *start, size_t length) {
    char *copy = malloc(length + 1);
    memcpy(copy, start, length);
    copy[length] = '\0';
    return nh_function_new(&memory.memory, "script", call_script, copy, free);
}

static const char *closing_bracket(const char *open) {
    int depth = 0;
    do {
        depth += *open == '(';
        depth -= *open == ')';
        open++;
    } while (depth > 0);
    return open - 1;
}

/* Runs the command at `at`; returns where the next word starts. */
static const char *run_command(const char *at) {
    char *open;
    unsigned long number = strtoul(at + 1, &open, 10);
    const char *close = closing_bracket(open);
    nh_value function = script_function(open + 1, (size_t)(close - open - 1));
    switch (*at) {
    case 't':
        ASSERT_TRUE(nh_loop_next_tick(loop, function));
        break;
    case 'm':
        ASSERT_TRUE(nh_loop_queue_microtask(loop, function));
        break;
    case 'i':
        ASSERT_TRUE(nh_loop_set_immediate(loop, function) != 0);
        break;
    default:
        ASSERT_TRUE(nh_loop_set_timeout(loop, function, number) != 0);
        break;
    }
    nh_value_release(&function);
    return close + 1;
}

static void throw_x(void) {
    nh_error *error = nh_error_new(&memory.memory, "Error", NULL, "x");
    nh_loop_throw(loop, error);
    nh_error_release(error);
}

static void run_script(const char *script) {
    while (*script != '\0') {
        size_t length = strcspn(script, " ");
        if (*script == ' ') {
            script++;
        } else if (memchr(script, '(', length) != NULL) {
            script = run_command(script);
        } else if (*script == '!') {
            throw_x();
            return;
        } else if (*script == '@') {
            fake.now_ms += strtoul(script + 1, NULL, 10);
            script += length;
        } else if (*script == '.') {
            nh_loop_stop(loop);
            script += length;
        } else {
            char word[32];
            (void)snprintf(word, sizeof(word), "%.*s", (int)length, script);
            note(word);
            script += length;
        }
    }
}

static void assert_script(const char *script, const char *expected) {
    run_script(script);
    nh_loop_run(loop);
    assert_trace(expected);
}

/* --- order ---------------------------------------------------------------------------------- */

static void ticks_come_before_microtasks(void) {
    assert_script("m(m1) t(t1) t(t2) main", "main t1 t2 m1");
}

static void microtasks_wait_for_the_last_tick(void) {
    assert_script("t(a m(ma) t(c)) t(b)", "a b c ma");
}

static void ticks_wait_for_the_last_microtask(void) {
    assert_script("m(a t(ta) m(c)) m(b)", "a b c ta");
}

static void timers_and_immediates_are_turns(void) {
    assert_script("i(a t(ta) m(ma)) i(b) T1(T t(tT)) T1(S)", "a ta ma b T tT S");
}

static void immediates_of_immediates_wait(void) {
    assert_script("i(a i(c) t(i(d))) i(b)", "a b c d");
}

static void timers_run_by_deadline_then_start(void) {
    assert_script("T20(d) T10(b) T10(c) T0(a)", "a b c d");
    ASSERT_UINT_EQ(nh_loop_now_ms(loop), 20);
    ASSERT_UINT_EQ(nh_loop_wall_clock_ms(loop), 1700000000020);
}

/* Time passes while A runs, but what it starts waits for the next iteration. */
static void timers_started_by_timers_wait(void) {
    assert_script("T1(A T1(N) @5 i(i)) T2(B @5) @10", "A B i N");
}

/* Each remembers when it has to fire, and looks whether those before it have. */
static void fire_in_order(void *owner) {
    static uint64_t last_deadline_ms;
    static uint64_t last_sequence;
    const nh_timer *timer = owner;
    ASSERT_UINT_EQ(nh_loop_now_ms(loop), timer->deadline_ms);
    ASSERT_TRUE(timer->deadline_ms > last_deadline_ms || timer->sequence > last_sequence);
    last_deadline_ms = timer->deadline_ms;
    last_sequence = timer->sequence;
    note(".");
}

static void many_timers_stay_sorted(void) {
    static nh_timer timers[300];
    unsigned state = 7;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 300; i++) {
            state = state * 1103515245U + 12345U;
            timers[i].fire = fire_in_order;
            timers[i].owner = &timers[i];
            ASSERT_TRUE(nh_timer_start(loop, &timers[i], 1 + (state >> 16) % 50));
            if (state >> 30 == 0) {
                nh_timer_stop(loop, &timers[(state >> 16) % 300]);
            }
        }
    }
    size_t active = 0;
    for (size_t i = 0; i < 300; i++) {
        active += nh_timer_is_active(&timers[i]);
    }
    nh_loop_run(loop);
    ASSERT_SIZE_EQ((strlen(trace) + 1) / 2, active);
    ASSERT_TRUE(active > 150);
    trace[0] = '\0';
}

static void nested_turns_drain_once(void) {
    nh_loop_begin_turn(loop);
    run_script("t(t)");
    nh_loop_begin_turn(loop);
    nh_loop_end_turn(loop);
    assert_trace("");
    nh_loop_end_turn(loop);
    assert_trace("t");
}

static void stopping_keeps_what_is_due(void) {
    assert_script("T1(a .) T1(b) i(i)", "i a");
    nh_loop_run(loop);
    assert_trace("b");
    assert_script("i(a .) i(b)", "a");
    nh_loop_run(loop);
    assert_trace("b");
}

/* --- exceptions ----------------------------------------------------------------------------- */

static void the_queues_go_on_after_an_exception(void) {
    assert_script("t(t1) m(m1) i(i1) !", "U:x t1 m1 i1");
    assert_script("t(t1 !) t(t2) m(m1) i(i1) T0(to)", "t1 U:x t2 m1 i1 to");
    assert_script("m(m1 t(t1) !) m(m2) i(i1)", "m1 U:x m2 t1 i1");
}

static void the_next_timer_of_the_same_delay_comes_first(void) {
    assert_script("T5(A t(At) m(Am) i(i1) !) T5(B t(Bt)) T6(C t(Ct)) @20",
                  "A U:x B At Bt Am C Ct i1");
    assert_script("T5(A t(At) m(Am) i(i1) !) T6(C t(Ct)) @20", "A U:x At Am C Ct i1");
    assert_script("T5(A t(At) m(Am) i(i1) !)", "A U:x At Am i1");
    assert_script("T5(A t(At1 !) t(At2) i(i1)) T5(B t(Bt)) T6(C t(Ct)) @20",
                  "A At1 U:x B At2 Bt C Ct i1");
}

static void the_next_immediate_comes_first(void) {
    assert_script("i(A t(At) m(Am) i(i2) !) i(B t(Bt)) i(C)", "A U:x B At Bt Am C i2");
    assert_script("i(A t(At1 !) t(At2) i(i2)) i(B t(Bt)) i(C)", "A At1 U:x B At2 Bt C i2");
}

/* Runs `what` in a child process; true when it aborted after printing `expected`. */
static bool aborts(void (*what)(void), const char *expected) {
    int ends[2];
    char output[512];
    size_t length = 0;
    ssize_t got;
    int status = 0;
    if (pipe(ends) != 0) {
        return false;
    }
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        what();
        _exit(0);
    }
    (void)close(ends[1]);
    while ((got = read(ends[0], output + length, sizeof(output) - length - 1)) > 0) {
        length += (size_t)got;
    }
    output[length] = '\0';
    (void)close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return false;
    }
    ASSERT_STR_EQ(output, expected);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void throw_without_handler(void) {
    nh_loop_on_uncaught_exception(loop, NULL, NULL);
    run_script("!");
    nh_loop_run(loop);
}

static void throw_again(nh_loop *where, nh_error *error, void *data) {
    (void)data;
    nh_loop_throw(where, error);
}

static void throw_in_handler(void) {
    nh_loop_on_uncaught_exception(loop, throw_again, NULL);
    run_script("!");
    nh_loop_run(loop);
}

static void uncaught_exceptions_abort_by_default(void) {
    ASSERT_TRUE(aborts(throw_without_handler, "Uncaught [Error: x]\n"));
    ASSERT_TRUE(aborts(throw_in_handler, "Uncaught [Error: x]\n"));
}

static void catching_and_replacing(void) {
    ASSERT_FALSE(nh_loop_is_throwing(loop));
    ASSERT_NULL(nh_loop_catch(loop));
    throw_x();
    nh_loop_throw(loop, nh_error_out_of_memory());
    ASSERT_TRUE(nh_loop_is_throwing(loop));
    nh_error *error = nh_loop_catch(loop);
    ASSERT_PTR_EQ(error, nh_error_out_of_memory());
    nh_error_release(error);
    nh_loop_run(loop);
    assert_trace("");
}

/* --- clearing ------------------------------------------------------------------------------- */

static uint64_t set(char kind, const char *script) {
    nh_value function = script_function(script, strlen(script));
    uint64_t number = kind == 'i' ? nh_loop_set_immediate(loop, function)
                                  : nh_loop_set_timeout(loop, function, 5);
    nh_value_release(&function);
    return number;
}

static void cleared_immediates_do_not_run(void) {
    uint64_t a = set('i', "a");
    uint64_t b = set('i', "b");
    uint64_t c = set('i', "c");
    nh_loop_clear_immediate(loop, b);
    nh_loop_clear_immediate(loop, b);
    nh_loop_clear_immediate(loop, 999);
    nh_loop_run(loop);
    assert_trace("a c");
    nh_loop_clear_immediate(loop, a);
    nh_loop_clear_immediate(loop, c);
    a = set('i', "a");
    nh_loop_clear_immediate(loop, a);
    ASSERT_FALSE(fake.immediates_armed);
}

static void cleared_timeouts_do_not_run(void) {
    uint64_t a = set('T', "a");
    uint64_t b = set('T', "b");
    nh_loop_clear_timeout(loop, a);
    uint64_t c = set('T', "c"); /* in a's place */
    ASSERT_TRUE(c != a);
    nh_loop_clear_timeout(loop, a);
    nh_loop_clear_timeout(loop, 0);
    nh_loop_run(loop);
    assert_trace("b c");
    nh_loop_clear_timeout(loop, b);
    a = set('T', "a");
    nh_loop_clear_timeout(loop, a);
    ASSERT_FALSE(fake.timer_armed);
}

/* --- timers inside objects ------------------------------------------------------------------ */

static void fire(void *owner) {
    note(owner);
}

static char first_name[] = "first";
static char second_name[] = "second";

static void object_timers_restart_and_stop(void) {
    nh_timer first = {.fire = fire, .owner = first_name};
    nh_timer second = {.fire = fire, .owner = second_name};
    ASSERT_TRUE(nh_timer_start(loop, &first, 10));
    ASSERT_TRUE(nh_timer_start(loop, &second, 10));
    ASSERT_TRUE(nh_timer_start(loop, &first, 10)); /* now after the second */
    nh_loop_run(loop);
    assert_trace("second first");
    ASSERT_FALSE(nh_timer_is_active(&first));
    ASSERT_TRUE(nh_timer_start(loop, &first, 10));
    nh_timer_stop(loop, &first);
    nh_timer_stop(loop, &first);
    nh_loop_run(loop);
    assert_trace("");
    ASSERT_UINT_EQ(nh_loop_now_ms(loop), 10);
}

static void unreferenced_timers_do_not_hold_the_loop(void) {
    nh_timer first = {.fire = fire, .owner = first_name, .unreferenced = true};
    ASSERT_TRUE(nh_timer_start(loop, &first, 10));
    nh_loop_run(loop);
    assert_trace("");
    run_script("T20(end)");
    nh_loop_run(loop);
    assert_trace("first end");

    ASSERT_TRUE(nh_timer_start(loop, &first, 10));
    nh_timer_set_referenced(loop, &first, true);
    nh_loop_run(loop);
    assert_trace("first");
    ASSERT_TRUE(nh_timer_start(loop, &first, 10));
    nh_timer_set_referenced(loop, &first, false);
    nh_loop_run(loop);
    assert_trace("");
    nh_timer_stop(loop, &first);
}

/* Restarting a timer that is not the next one is what sockets do for every byte. */
static void restarting_later_timers_leaves_the_wake_up_alone(void) {
    nh_timer first = {.fire = fire, .owner = first_name};
    nh_timer second = {.fire = fire, .owner = second_name};
    (void)nh_timer_start(loop, &first, 10);
    (void)nh_timer_start(loop, &second, 50);
    unsigned calls = fake.arm_calls;
    for (int i = 0; i < 100; i++) {
        (void)nh_timer_start(loop, &second, 50);
    }
    ASSERT_UINT_EQ(fake.arm_calls, calls);
    nh_timer_stop(loop, &first);
    nh_timer_stop(loop, &second);
}

/* --- memory --------------------------------------------------------------------------------- */

static void note_task(nh_emitter *object, nh_value value) {
    (void)object;
    note(nh_value_text(value));
}

/* Objects get their ticks without memory, other work is refused. */
static void ticks_of_objects_have_room(void) {
    nh_emitter *objects[10];
    nh_value word = nh_string_of(&memory.memory, "x");
    nh_value function = script_function("f", 1);
    for (size_t i = 0; i < 10; i++) {
        objects[i] = nh_emitter_new(loop);
    }
    memory.refuse_at = memory.requests + 1;
    memory.refuse_after = true;
    while (nh_loop_next_tick(loop, function)) {
    }
    for (size_t i = 0; i < 10; i++) {
        for (int n = 0; n < NH_TICKS_PER_OBJECT; n++) {
            nh_loop_tick(loop, note_task, objects[i], word);
        }
        nh_loop_microtask(loop, note_task, objects[i], word);
        nh_loop_immediate(loop, note_task, objects[i], word);
    }
    ASSERT_FALSE(nh_loop_is_throwing(loop));
    ASSERT_FALSE(nh_loop_next_tick(loop, function));
    for (int n = 0; n < 200; n++) {
        nh_loop_tick(loop, note_task, objects[0], word);
    }
    nh_error *thrown = nh_loop_catch(loop);
    ASSERT_PTR_EQ(thrown, nh_error_out_of_memory());
    for (size_t i = 0; i < 10; i++) {
        nh_emitter_release(objects[i]);
    }
    nh_loop_run(loop);
    memory.refuse_at = 0;
    nh_value_release(&function);
    nh_value_release(&word);
}

static void note_released(nh_emitter *object) {
    (void)object;
    note("destroyed");
}

static const nh_class noted_class = {.name = "Noted",
                                     .parent = &nh_emitter_class,
                                     .size = sizeof(nh_emitter),
                                     .destroy = note_released};

static void freeing_drops_what_is_pending(void) {
    nh_emitter *object = nh_object_new(loop, &noted_class);
    nh_value word = nh_string_of(&memory.memory, "never");
    nh_loop_tick(loop, note_task, object, word);
    nh_loop_microtask(loop, note_task, object, word);
    nh_loop_immediate(loop, note_task, object, word);
    nh_value_release(&word);
    run_script("t(a) m(b) i(c) T5(d) T6(e)");
    nh_emitter_release(object);
    throw_x();
    nh_loop_free(loop);
    assert_trace("destroyed");
    ASSERT_SIZE_EQ(memory.blocks, 0);
    loop = nh_loop_new(&memory.memory, &fake.transport);
}

static void every_refused_allocation_is_survived(void) {
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct test_memory scarce = test_memory_make();
        struct fake_transport transport = fake_transport_make();
        scarce.refuse_at = n;
        nh_loop *small = nh_loop_new(&scarce.memory, &transport.transport);
        if (small != NULL) {
            bool complete = true;
            for (int i = 0; i < 40; i++) {
                nh_value word = nh_string_of(&scarce.memory, "w");
                nh_value function =
                    nh_function_new(&scarce.memory, "f", call_script, trace + 1023, NULL);
                complete = nh_loop_next_tick(small, function) && complete;
                complete = nh_loop_queue_microtask(small, function) && complete;
                complete = nh_loop_set_immediate(small, function) != 0 && complete;
                complete = nh_loop_set_timeout(small, function, 1) != 0 && complete;
                complete = word.type != NH_INVALID && complete;
                nh_value_release(&function);
                nh_value_release(&word);
            }
            ASSERT_INT_EQ(complete, !scarce.refused);
            if (n % 2 == 0) {
                nh_loop_run(small);
            }
        }
        nh_loop_free(small);
        ASSERT_SIZE_EQ(scarce.blocks, 0);
        failures += scarce.refused;
        if (!scarce.refused) {
            break;
        }
    }
    ASSERT_TRUE(failures > 100);
}

#define CASE(function)                                                                             \
    static void run_##function(void) {                                                             \
        set_up();                                                                                  \
        function();                                                                                \
        tear_down();                                                                               \
    }
#define CASES(X)                                                                                   \
    X(ticks_come_before_microtasks)                                                                \
    X(microtasks_wait_for_the_last_tick)                                                           \
    X(ticks_wait_for_the_last_microtask)                                                           \
    X(timers_and_immediates_are_turns)                                                             \
    X(immediates_of_immediates_wait)                                                               \
    X(timers_run_by_deadline_then_start)                                                           \
    X(timers_started_by_timers_wait)                                                               \
    X(many_timers_stay_sorted)                                                                     \
    X(nested_turns_drain_once)                                                                     \
    X(stopping_keeps_what_is_due)                                                                  \
    X(the_queues_go_on_after_an_exception)                                                         \
    X(the_next_timer_of_the_same_delay_comes_first)                                                \
    X(the_next_immediate_comes_first)                                                              \
    X(uncaught_exceptions_abort_by_default)                                                        \
    X(catching_and_replacing)                                                                      \
    X(cleared_immediates_do_not_run)                                                               \
    X(cleared_timeouts_do_not_run)                                                                 \
    X(object_timers_restart_and_stop)                                                              \
    X(unreferenced_timers_do_not_hold_the_loop)                                                    \
    X(restarting_later_timers_leaves_the_wake_up_alone)                                            \
    X(ticks_of_objects_have_room)                                                                  \
    X(freeing_drops_what_is_pending)                                                               \
    X(every_refused_allocation_is_survived)
CASES(CASE)

int main(int argc, char **argv) {
#define ENTRY(function) {#function, run_##function},
    static const struct unit_case cases[] = {CASES(ENTRY)};
    return UNIT_RUN("loop", cases, argc, argv);
}
