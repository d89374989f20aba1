/* client_session.c - fuzzes ClientRequest and Agent: a script of calls on one side, a raw server
 * that the script drives on the other, and a network that obeys it too.
 *
 * Checked: the grammar of events of every request, response and socket; that a request comes to one
 * end, and closes; the books of the agents after every iteration of the loop; that the server gets
 * each head once, from a request that was made, and bytes of no other request in between; that
 * everything comes to rest, and that all memory is given back. */
#include <string.h>

#include "engines/target.h"
#include "session/client_run.h"

/* A script is cut after so many operations. */
#define MOST_OPERATIONS ((size_t)200)
/* The loop may iterate so often in a run, and once more for each of so many bytes sent. */
#define MOST_ITERATIONS 20000u
/* A network that cuts everything into bytes shows what it can in the first ones; what comes later
 * would take most of the time of all runs. */
#define PATIENCE 256u
#define MOST_MEMORY ((size_t)4 << 20)

static void check_progress(struct client_run *run) {
    client_check_ticks(run);
    run->iterations++;
    if (run->iterations == PATIENCE) {
        client_stop_cutting(run);
    }
    FUZZ_CHECK(run->iterations < MOST_ITERATIONS + (run->bytes + run->answered) * 4,
               "the loop never comes to rest");
    client_check_pools(run);
}

/* Lets the loop run until a time, an iteration at a time. Between turns. */
static void run_until(struct client_run *run, uint64_t until_ms, unsigned most) {
    while (most-- > 0 && nh_simulator_step(run->world.simulator, until_ms)) {
        check_progress(run);
    }
}

static bool lets_time_go_on(size_t operation) {
    return operation >= CLIENT_TICK && operation <= CLIENT_STEP;
}

static void go_on(struct client_run *run, const struct fuzz_step *step) {
    nh_loop_end_turn(run->loop);
    check_progress(run);
    uint64_t now = nh_loop_now_ms(run->loop);
    if (step->operation == CLIENT_TURN) {
        run_until(run, now, 1 + step->numbers[0]);
    } else if (step->operation == CLIENT_STEP) {
        run_until(run, now + step->numbers[0], UINT32_MAX);
    }
    nh_loop_begin_turn(run->loop);
}

static void run_script(struct client_run *run, struct fuzz_input *input) {
    struct fuzz_step step;
    nh_loop_begin_turn(run->loop);
    while (run->operations < MOST_OPERATIONS &&
           fuzz_script_next(&fuzz_script_format, input, &step)) {
        run->operations++;
        if (lets_time_go_on(step.operation)) {
            go_on(run, &step);
        } else {
            client_perform(run, &step, input);
        }
        if (nh_loop_is_throwing(run->loop)) {
            /* What throws ends the turn: no call finds an exception under way. */
            nh_loop_end_turn(run->loop);
            nh_loop_begin_turn(run->loop);
        }
    }
    nh_loop_end_turn(run->loop);
}

/* --- the end ------------------------------------------------------------------------------ */

/* Everything that the program still has is destroyed. */
static void destroy_all(struct client_run *run) {
    for (size_t i = 0; i < run->exchange_count; i++) {
        struct client_exchange *exchange = &run->exchanges[i];
        if (exchange->request != NULL) {
            nh_client_request_destroy(exchange->request, NULL);
        }
        if (exchange->socket != NULL) {
            nh_stream_destroy(exchange->socket, NULL);
        }
        if (exchange->response != NULL) {
            nh_stream_destroy(nh_as_stream(exchange->response), NULL);
        }
    }
    for (size_t i = 0; i < CLIENT_AGENTS; i++) {
        if (run->agents[i] != NULL) {
            nh_agent_destroy(run->agents[i]);
        }
    }
    for (size_t i = 0; i < run->connection_count; i++) {
        client_server_close(&run->connections[i]);
    }
}

static void finish(struct client_run *run) {
    run->when_count = 0;
    run->accept_policy = 3;
    run_until(run, nh_loop_now_ms(run->loop) + 20, UINT32_MAX);
    for (unsigned round = 0; round < 2 + CLIENT_REQUESTS; round++) {
        nh_loop_begin_turn(run->loop);
        destroy_all(run);
        nh_loop_end_turn(run->loop);
        check_progress(run);
        run_until(run, nh_loop_now_ms(run->loop) + 200000, UINT32_MAX);
        if (nh_simulator_is_idle(run->world.simulator) && round > 0) {
            break;
        }
    }
    FUZZ_CHECK(nh_simulator_is_idle(run->world.simulator) || !grammar_keeps_promises(&run->grammar),
               "something still happens after everything was destroyed");
    bool sockets_stay = client_count_stuck_sockets(run) > 0;
    if (!sockets_stay) {
        client_check_pools_are_empty(run);
    }
    for (size_t i = 0; i < run->exchange_count; i++) {
        size_t agent = run->exchanges[i].agent;
        const struct client_books *books = agent < CLIENT_AGENTS ? &run->books[agent] : NULL;
        if (sockets_stay ||
            (books != NULL && (books->connections_may_not_come || books->limits_changed))) {
            client_expect_nothing(&run->exchanges[i]);
        }
    }
    client_server_check_closed(run);
    grammar_check_closed(&run->grammar);
    for (size_t i = 0; i < run->exchange_count; i++) {
        client_check_exchange(&run->exchanges[i]);
    }
}

static void let_go(struct client_run *run) {
    nh_loop_begin_turn(run->loop);
    for (size_t i = 0; i < run->exchange_count; i++) {
        client_let_go(&run->exchanges[i]);
    }
    for (size_t i = 0; i < CLIENT_AGENTS; i++) {
        nh_emitter_release(nh_as_emitter(run->agents[i]));
        run->agents[i] = NULL;
    }
    for (size_t i = 0; i < CLIENT_CONTROLLERS; i++) {
        nh_emitter_release(nh_as_emitter(run->controllers[i]));
    }
    client_release_signals(run);
    nh_loop_end_turn(run->loop);
}

/* --- a run -------------------------------------------------------------------------------- */

static void begin(struct client_run *run, struct fuzz_input *input) {
    for (size_t i = 0; i < CLIENT_SETTINGS; i++) {
        run->settings[i] = fuzz_input_byte(input);
    }
    fuzz_world_open(&run->world, run->settings[CLIENT_SETTING_REFUSE_LOW] |
                                     (uint64_t)run->settings[CLIENT_SETTING_REFUSE_HIGH] << 8);
    run->loop = run->world.loop;
    run->memory = &run->world.memory->memory;
    run->transport = run->world.simulator->operations;
    grammar_begin(&run->grammar, &run->world, &client_grammar_hooks, run);
    run->names_are_set = false;
    run->agents_hear_nothing = false;
    run->sockets_are_shared = false;
    run->depth = 0;
    run->operations = 0;
    run->iterations = 0;
    memset(run->shapes, 0, sizeof(run->shapes));
    run->cuts_nothing = false;
    run->bytes = 0;
    run->answered = 0;
    run->exchange_count = 0;
    run->when_count = 0;
    run->connection_count = 0;
    run->answer_count = 0;
    run->answers_given = 0;
    run->accept_policy = 0;
    memset(run->listening, 0, sizeof(run->listening));
    memset(run->agents, 0, sizeof(run->agents));
    memset(run->books, 0, sizeof(run->books));
    memset(run->signals, 0, sizeof(run->signals));
    run->pair = NULL;
    memset(run->controllers, 0, sizeof(run->controllers));
    client_forget_options(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct client_run run;
    struct fuzz_input input = fuzz_input_of(data, size);
    begin(&run, &input);
    run_script(&run, &input);
    finish(&run);
    FUZZ_CHECK(run.world.memory->peak_bytes < MOST_MEMORY, "%zu bytes in use at once",
               run.world.memory->peak_bytes);
    let_go(&run);
    fuzz_world_close(&run.world);
    grammar_check_freed(&run.grammar);
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    fuzz_script_print(&fuzz_script_format, data, size);
}
