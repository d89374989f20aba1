/* socket.connect(): options, look-ups, several addresses; as Node.js v23.5.0 does it. */
#include "world.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- options ------------------------------------------------------------------------------ */

struct refusal {
    const char *key;
    nh_value (*value)(struct world *world);
    const char *code;
    const char *message;
};

static nh_value number_70000(struct world *world) {
    (void)world;
    return nh_number(70000);
}

static nh_value number_1(struct world *world) {
    (void)world;
    return nh_number(1);
}

static nh_value number_0(struct world *world) {
    (void)world;
    return nh_number(0);
}

static nh_value number_5(struct world *world) {
    (void)world;
    return nh_number(5);
}

static nh_value text_abc(struct world *world) {
    return world_text(world, "abc");
}

static nh_value empty_map(struct world *world) {
    return nh_map_new(&world->memory.memory);
}

static void wrong_options_are_thrown(void) {
    static const struct refusal cases[] = {
        {"port", number_70000, "ERR_SOCKET_BAD_PORT",
         "Port should be >= 0 and < 65536. Received type number (70000)."},
        {"port", text_abc, "ERR_SOCKET_BAD_PORT",
         "Port should be >= 0 and < 65536. Received type string ('abc')."},
        {"port", empty_map, "ERR_INVALID_ARG_TYPE",
         "The \"options.port\" property must be one of type number or string. Received an "
         "instance of Object"},
        {"localAddress", text_abc, "ERR_INVALID_IP_ADDRESS", "Invalid IP address: abc"},
        {"localPort", text_abc, "ERR_INVALID_ARG_TYPE",
         "The \"options.localPort\" property must be of type number. Received type string "
         "('abc')"},
        {"lookup", number_5, "ERR_INVALID_ARG_TYPE",
         "The \"options.lookup\" property must be of type function. Received type number (5)"},
        {"family", number_5, "ERR_INVALID_ARG_VALUE",
         "The property 'options.family' must be one of: 0, 4, 6. Received 5"},
        {"hints", number_1, "ERR_INVALID_ARG_VALUE", "The argument 'hints' is invalid. Received 1"},
        {"path", number_5, "ERR_INVALID_ARG_TYPE",
         "The \"options.path\" property must be of type string. Received type number (5)"},
        {"autoSelectFamily", number_1, "ERR_INVALID_ARG_TYPE",
         "The \"options.autoSelectFamily\" property must be of type boolean. Received type "
         "number (1)"},
        {"autoSelectFamilyAttemptTimeout", number_0, "ERR_OUT_OF_RANGE",
         "The value of \"options.autoSelectFamilyAttemptTimeout\" is out of range. It must be "
         ">= 1 && <= 2147483647. Received 0"},
        {"keepAliveInitialDelay", text_abc, "ERR_INVALID_ARG_TYPE",
         "The \"options.keepAliveInitialDelay\" property must be of type number. Received type "
         "string ('abc')"},
        {"timeout", text_abc, "ERR_INVALID_ARG_TYPE",
         "The \"msecs\" argument must be of type number. Received type string ('abc')"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;
        nh_socket *socket = NULL;
        nh_socket_options options;
        REQUIRE_TRUE(world_open(&world));
        nh_value map = nh_map_new(&world.memory.memory);
        nh_map_set(map, "port", nh_number(1));
        nh_map_set_take(map, "host", world_text(&world, "foo"));
        nh_map_set_take(map, cases[i].key, cases[i].value(&world));
        nh_socket_options_of_map(&options, map);
        nh_error *error = nh_net_create_connection(world.loop, &options, nh_undefined(), &socket);
        if (ASSERT_NOT_NULL(error)) {
            ASSERT_STR_EQ(nh_error_code(error), cases[i].code);
            ASSERT_STR_EQ(nh_error_message(error), cases[i].message);
            nh_error_release(error);
        }
        ASSERT_NULL(socket);
        nh_value_release(&map);
        world_run(&world);
        world_close(&world);
        ASSERT_SIZE_EQ(world.memory.blocks, 0);
    }
}

static void port_or_path_is_needed(void) {
    struct world world;
    nh_socket *socket = NULL;
    nh_socket_options options;

    REQUIRE_TRUE(world_open(&world));
    nh_socket_options_init(&options);
    nh_error *error = nh_net_create_connection(world.loop, &options, nh_undefined(), &socket);
    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(nh_error_code(error), "ERR_MISSING_ARGS");
    ASSERT_STR_EQ(nh_error_message(error),
                  "The \"options\" or \"port\" or \"path\" argument must be specified");
    nh_error_release(error);
    world_close(&world);
    ASSERT_SIZE_EQ(world.memory.blocks, 0);
}

/* --- addresses ---------------------------------------------------------------------------- */

/* Replaces the port of the server, which nobody chose, by PORT. */
static void mask_port(struct world *world) {
    char port[16];
    char *at = NULL;

    (void)snprintf(port, sizeof(port), "%d", world->port);
    while (world->port != 0 && (at = strstr(world->log, port)) != NULL) {
        memmove(at + 4, at + strlen(port), strlen(at + strlen(port)) + 1);
        memcpy(at, "PORT", 4);
    }
}

static void check_addresses(const char *const *addresses, int port, const char *expected) {
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    world_serve(&world, true);
    world_name(&world, addresses);
    nh_socket *socket = world_connect(&world, "foo", port, "A");
    world_run(&world);
    mask_port(&world);
    ASSERT_STR_EQ(world.log, expected);
    nh_emitter_release(nh_as_emitter(socket));
    world_close(&world);
    ASSERT_SIZE_EQ(world.memory.blocks, 0);
}

static void the_next_address_is_tried(void) {
    static const char *const addresses[] = {"::1", "127.0.0.1", NULL};

    check_addresses(
        addresses, 0,
        "A lookup null ::1 6 foo; A lookup null 127.0.0.1 4 foo; A connectionAttempt ::1 PORT 6; "
        "A connectionAttemptFailed ::1 PORT 6 Error(connect ECONNREFUSED ::1:PORT); "
        "A connectionAttempt 127.0.0.1 PORT 4; A connect; A ready; A end; A close false; ");
}

static void all_failures_are_gathered(void) {
    static const char *const addresses[] = {"::1", "127.0.0.1", NULL};

    check_addresses(
        addresses, 1,
        "A lookup null ::1 6 foo; A lookup null 127.0.0.1 4 foo; A connectionAttempt ::1 1 6; "
        "A connectionAttemptFailed ::1 1 6 Error(connect ECONNREFUSED ::1:1); "
        "A connectionAttempt 127.0.0.1 1 4; "
        "A connectionAttemptFailed 127.0.0.1 1 4 Error(connect ECONNREFUSED 127.0.0.1:1); "
        "A error AggregateError()[connect ECONNREFUSED ::1:1][connect ECONNREFUSED 127.0.0.1:1]; "
        "A close true; ");
}

static void one_address_twice_is_one(void) {
    static const char *const addresses[] = {"127.0.0.1", "127.0.0.1", NULL};

    check_addresses(
        addresses, 1,
        "A lookup null 127.0.0.1 4 foo; A lookup null 127.0.0.1 4 foo; "
        "A connectionAttempt 127.0.0.1 1 4; "
        "A connectionAttemptFailed 127.0.0.1 1 4 Error(connect ECONNREFUSED 127.0.0.1:1); "
        "A error Error(connect ECONNREFUSED 127.0.0.1:1); A close true; ");
}

static void silence_is_given_up_after_a_while(void) {
    static const char *const addresses[] = {"10.0.0.1", "127.0.0.1", NULL};
    nh_simulator_route route = {.unanswered = true};
    nh_address silent = {.family = NH_ADDRESS_IPV4, .host = "10.0.0.1"};
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    world_serve(&world, true);
    world_name(&world, addresses);
    nh_simulator_set_route(world.simulator, &silent, &route);
    uint64_t start = nh_loop_now_ms(world.loop);
    nh_socket *socket = world_connect(&world, "foo", 0, "A");
    world_run(&world);
    mask_port(&world);
    ASSERT_STR_EQ(world.log, "A lookup null 10.0.0.1 4 foo; A lookup null 127.0.0.1 4 foo; "
                             "A connectionAttempt 10.0.0.1 PORT 4; "
                             "A connectionAttemptTimeout 10.0.0.1 PORT 4; "
                             "A connectionAttempt 127.0.0.1 PORT 4; A connect; A ready; A end; "
                             "A close false; ");
    ASSERT_UINT_EQ(nh_loop_now_ms(world.loop) - start, 250);
    nh_emitter_release(nh_as_emitter(socket));
    world_close(&world);
    ASSERT_SIZE_EQ(world.memory.blocks, 0);
}

/* --- lookup functions --------------------------------------------------------------------- */

struct answer {
    struct world *world;
    const char *address; /* NULL: an error */
    int family;
    bool as_list;
};

static void answer_look_up(const nh_value *arguments, size_t count, void *data,
                           nh_value *out_result) {
    const struct answer *answer = data;
    nh_memory *memory = &answer->world->memory.memory;
    nh_value all = nh_map_get(arguments[1], "all");
    nh_value results[3] = {nh_null(), nh_undefined(), nh_number(answer->family)};

    (void)count;
    (void)out_result;
    world_note(answer->world, "asked %s %s; ", nh_value_text(arguments[0]),
               nh_value_is_truthy(all) ? "all" : "one");
    if (answer->address == NULL) {
        results[0] = nh_value_of_error_take(nh_error_new(memory, "Error", NULL, "boo"));
    } else if (answer->as_list) {
        nh_value entry = nh_map_new(memory);
        nh_map_set_take(entry, "address", world_text(answer->world, answer->address));
        nh_map_set(entry, "family", nh_number(answer->family));
        results[1] = nh_list_new(memory);
        nh_list_append_take(results[1], entry);
    } else {
        results[1] = world_text(answer->world, answer->address);
    }
    nh_function_invoke(arguments[2], results, 3, NULL);
    nh_value_release(&results[0]);
    nh_value_release(&results[1]);
}

static void check_lookup(const struct answer *given, int family, const char *expected) {
    struct world world;
    struct answer answer = *given;
    nh_socket_options options;
    nh_socket *socket = NULL;

    REQUIRE_TRUE(world_open(&world));
    answer.world = &world;
    nh_value host = world_text(&world, "foo");
    nh_value lookup =
        nh_function_new(&world.memory.memory, "lookup", answer_look_up, &answer, NULL);
    nh_socket_options_init(&options);
    options.host = host;
    options.port = nh_number(1);
    options.lookup = lookup;
    options.family = family == 0 ? nh_undefined() : nh_number(family);
    nh_error *error = nh_net_create_connection(world.loop, &options, nh_undefined(), &socket);
    ASSERT_NULL(error);
    if (socket != NULL) {
        world_watch(&world, nh_as_emitter(socket), "A");
    }
    world_run(&world);
    ASSERT_STR_EQ(world.log, expected);
    nh_value_release(&host);
    nh_value_release(&lookup);
    nh_emitter_release(nh_as_emitter(socket));
    world_close(&world);
    ASSERT_SIZE_EQ(world.memory.blocks, 0);
}

static void lookup_functions_are_judged(void) {
    check_lookup(&(struct answer){.address = "bar", .family = 4}, 4,
                 "asked foo one; A error TypeError(Invalid IP address: bar); A close true; ");
    check_lookup(&(struct answer){.address = "127.0.0.1", .family = 5}, 4,
                 "asked foo one; A error RangeError(Invalid address family: 5 foo:1); "
                 "A close true; ");
    check_lookup(&(struct answer){.address = NULL, .family = 0}, 0,
                 "asked foo all; A error Error(boo); A close true; ");
    check_lookup(&(struct answer){.address = "bar", .family = 4, .as_list = true}, 0,
                 "asked foo all; A error TypeError(Invalid IP address: bar); A close true; ");
    check_lookup(&(struct answer){.address = "127.0.0.1", .family = 4}, 0,
                 "asked foo all; A error TypeError(Invalid IP address: undefined); "
                 "A close true; ");
    check_lookup(&(struct answer){.address = "127.0.0.1", .family = 4, .as_list = true}, 0,
                 "asked foo all; "
                 "A connectionAttemptFailed 127.0.0.1 1 4 Error(connect ECONNREFUSED "
                 "127.0.0.1:1); A error Error(connect ECONNREFUSED 127.0.0.1:1); A close true; ");
}

static void unknown_hosts_are_not_found(void) {
    struct world world;

    REQUIRE_TRUE(world_open(&world));
    nh_socket *socket = world_connect(&world, "nowhere.invalid", 80, "A");
    world_run(&world);
    ASSERT_STR_EQ(world.log,
                  "A lookup Error(getaddrinfo ENOTFOUND nowhere.invalid) undefined undefined "
                  "nowhere.invalid; A error Error(getaddrinfo ENOTFOUND nowhere.invalid); "
                  "A close true; ");
    nh_emitter_release(nh_as_emitter(socket));
    world_close(&world);
    ASSERT_SIZE_EQ(world.memory.blocks, 0);
}

/* --- local ends, paths -------------------------------------------------------------------- */

static void check_local(const char *address, int port, const char *expected) {
    struct world world;
    nh_socket_options options;
    nh_socket *socket = NULL;

    REQUIRE_TRUE(world_open(&world));
    nh_value host = world_text(&world, "127.0.0.1");
    nh_value local = world_text(&world, address);
    nh_socket_options_init(&options);
    options.host = host;
    options.port = nh_number(1);
    options.local_address = local;
    options.local_port = port == 0 ? nh_undefined() : nh_number(port);
    ASSERT_NULL(nh_net_create_connection(world.loop, &options, nh_undefined(), &socket));
    world_watch(&world, nh_as_emitter(socket), "A");
    world_run(&world);
    ASSERT_STR_EQ(world.log, expected);
    nh_value_release(&host);
    nh_value_release(&local);
    nh_emitter_release(nh_as_emitter(socket));
    world_close(&world);
    ASSERT_SIZE_EQ(world.memory.blocks, 0);
}

static void local_ends_stand_in_errors(void) {
    check_local("1.2.3.4", 0, "A error Error(bind EADDRNOTAVAIL 1.2.3.4); A close true; ");
    check_local("127.0.0.1", 45671,
                "A connectionAttempt 127.0.0.1 1 4; "
                "A connectionAttemptFailed 127.0.0.1 1 4 Error(connect ECONNREFUSED 127.0.0.1:1 "
                "- Local (127.0.0.1:45671)); A error Error(connect ECONNREFUSED 127.0.0.1:1 - "
                "Local (127.0.0.1:45671)); A close true; ");
}

static void missing_paths_are_errors(void) {
    struct world world;
    nh_socket_options options;
    nh_socket *socket = NULL;

    REQUIRE_TRUE(world_open(&world));
    nh_value path = world_text(&world, "/nowhere.sock");
    nh_socket_options_init(&options);
    options.path = path;
    ASSERT_NULL(nh_net_create_connection(world.loop, &options, nh_undefined(), &socket));
    world_watch(&world, nh_as_emitter(socket), "A");
    world_run(&world);
    ASSERT_STR_EQ(world.log, "A connectionAttemptFailed /nowhere.sock undefined undefined "
                             "Error(connect ENOENT /nowhere.sock); "
                             "A error Error(connect ENOENT /nowhere.sock); A close true; ");
    nh_value_release(&path);
    nh_emitter_release(nh_as_emitter(socket));
    world_close(&world);
    ASSERT_SIZE_EQ(world.memory.blocks, 0);
}

/* --- memory ------------------------------------------------------------------------------- */

static void refused_memory_is_survived(void) {
    static const char *const addresses[] = {"::1", "127.0.0.1", NULL};
    bool refused = true;

    for (size_t at = 1; refused && at < 2000; at++) {
        struct world world;
        nh_socket *socket = NULL;
        if (world_open(&world)) {
            world.memory.refuse_at = world.memory.requests + at;
            world_serve(&world, true);
            world_name(&world, addresses);
            socket = world_connect(&world, "foo", 0, "A");
            world_run(&world);
        }
        nh_emitter_release(nh_as_emitter(socket));
        world_close(&world);
        refused = world.memory.refused;
        ASSERT_SIZE_EQ(world.memory.blocks, 0);
    }
    ASSERT_FALSE(refused);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(wrong_options_are_thrown),    UNIT_CASE(port_or_path_is_needed),
        UNIT_CASE(the_next_address_is_tried),   UNIT_CASE(all_failures_are_gathered),
        UNIT_CASE(one_address_twice_is_one),    UNIT_CASE(silence_is_given_up_after_a_while),
        UNIT_CASE(lookup_functions_are_judged), UNIT_CASE(unknown_hosts_are_not_found),
        UNIT_CASE(local_ends_stand_in_errors),  UNIT_CASE(missing_paths_are_errors),
        UNIT_CASE(refused_memory_is_survived),
    };
    return UNIT_RUN("connect", cases, argc, argv);
}
