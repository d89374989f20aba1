#include "session/client_run.h"

/* ECONNRESET, ECONNREFUSED, ETIMEDOUT, EPIPE, ECONNABORTED, ENOBUFS as libuv has them on Linux. */
static const int statuses[] = {-104, -111, -110, -32, -103, -105};
#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

static const nh_simulator_direction directions[] = {NH_SIMULATOR_TO_SERVER, NH_SIMULATOR_TO_CLIENT};

static void cut_nothing(nh_simulator_shape *shape) {
    shape->segment_bytes = 0;
    shape->write_limit_bytes = 0;
}

void client_shape(struct client_run *run, unsigned direction, unsigned what, unsigned amount) {
    nh_simulator_shape shape = {.segment_bytes = 0};
    switch (what % 6) {
    case 0:
        shape.segment_bytes = 1 + amount % 4096;
        break;
    case 1:
        shape.write_limit_bytes = 1 + amount % 4096;
        break;
    case 2:
        shape.delay_ms = amount;
        break;
    case 3:
        shape.merge_ms = amount;
        break;
    case 4:
        shape.resets = true;
        shape.reset_after_bytes = amount;
        break;
    default:
        break; /* as usual again */
    }
    if (run->cuts_nothing) {
        cut_nothing(&shape);
    }
    run->shapes[direction & 1u] = shape;
    nh_simulator_set_shape(run->world.simulator, directions[direction & 1u], &shape);
}

void client_stop_cutting(struct client_run *run) {
    run->cuts_nothing = true;
    for (size_t i = 0; i < 2; i++) {
        cut_nothing(&run->shapes[i]);
        nh_simulator_set_shape(run->world.simulator, directions[i], &run->shapes[i]);
    }
    for (size_t i = 0; i < 2 * run->connection_count; i++) {
        nh_connection *connection = run->connections[i / 2].connection;
        nh_simulator_shape shape;
        if (connection != NULL &&
            nh_simulator_connection_get_shape(connection, directions[i % 2], &shape) == 0) {
            cut_nothing(&shape);
            (void)nh_simulator_connection_set_shape(connection, directions[i % 2], &shape);
        }
    }
}

void client_route(struct client_run *run, unsigned origin, unsigned outcome) {
    static const nh_address addresses[] = {
        {.family = NH_ADDRESS_IPV4, .host = "127.0.0.1", .port = 8080},
        {.family = NH_ADDRESS_IPV4, .host = "127.0.0.1", .port = 8081},
        {.family = NH_ADDRESS_IPV6, .host = "::1", .port = 8080},
        {.family = NH_ADDRESS_IPV4, .host = "127.0.0.1", .port = 999}};
    nh_simulator_route route = {.status = 0};
    switch (outcome % 5) {
    case 0:
        break;
    case 1:
        route.call_status = statuses[outcome / 5 % STATUSES];
        break;
    case 2:
        route.status = statuses[outcome / 5 % STATUSES];
        break;
    case 3:
        route.delay_ms = 1 + outcome / 5 * 8;
        break;
    default:
        route.unanswered = true;
        break;
    }
    (void)nh_simulator_set_route(run->world.simulator, &addresses[origin % 4], &route);
}

/* peer.test is the server; of the addresses of pair.test nobody listens at the first. */
static void set_name(struct client_run *run, unsigned name, int status, uint64_t delay_ms) {
    static const nh_address pair[] = {{.family = NH_ADDRESS_IPV6, .host = "::1"},
                                      {.family = NH_ADDRESS_IPV4, .host = "127.0.0.1"}};
    bool is_pair = (name & 1u) != 0;
    (void)nh_simulator_set_host(run->world.simulator, is_pair ? "pair.test" : "peer.test", status,
                                is_pair ? pair : pair + 1, is_pair ? 2 : 1, delay_ms);
}

void client_set_names(struct client_run *run) {
    if (!run->names_are_set) {
        run->names_are_set = true;
        set_name(run, 0, 0, 0);
        set_name(run, 1, 0, 0);
    }
}

void client_lookup(struct client_run *run, unsigned name, unsigned outcome) {
    client_set_names(run);
    switch (outcome % 4) {
    case 0:
        set_name(run, name, 0, 0);
        break;
    case 1:
        set_name(run, name, -3008, 0);
        break;
    case 2:
        set_name(run, name, -3001, outcome);
        break;
    default:
        set_name(run, name, 0, 1 + outcome * 4);
        break;
    }
}

void client_fault(struct client_run *run, unsigned operation, unsigned nth, unsigned status) {
    (void)nh_simulator_fail(run->world.simulator, NULL,
                            (nh_simulator_operation)(operation % (NH_SIMULATOR_LOOKUP + 1)),
                            1 + nth % 8, statuses[status % STATUSES]);
}
