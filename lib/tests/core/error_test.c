/* Messages here are what Node.js 23.5.0 printed for the same arguments. */
#include "core/fake_transport.h"
#include "support/unit.h"

#include <nodehttp/emitter.h>
#include <nodehttp/error.h>

#include <errno.h>
#include <math.h>
#include <string.h>

static nh_memory *memory;

static void assert_error_take(nh_error *error, const char *name, const char *code,
                              const char *message) {
    ASSERT_STR_EQ(nh_error_name(error), name);
    ASSERT_STR_EQ(nh_error_code(error), code);
    ASSERT_STR_EQ(nh_error_message(error), message);
    nh_error_release(error);
}

static nh_value text(const char *string) {
    return nh_string_of(memory, string);
}

/* --- what was received ---------------------------------------------------------------------- */

static void assert_described_take(nh_value value, const char *expected) {
    nh_value described = nh_value_describe(memory, value);
    ASSERT_STR_EQ(nh_value_text(described), expected);
    nh_value_release(&described);
    nh_value_release(&value);
}

static void strings_are_described(void) {
    assert_described_take(text("str"), "type string ('str')");
    assert_described_take(text("a long string of more than twenty-five characters"),
                          "type string ('a long string of more tha...')");
    assert_described_take(text("xxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
                          "type string ('xxxxxxxxxxxxxxxxxxxxxxxxxxxx')");
    assert_described_take(text("xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
                          "type string ('xxxxxxxxxxxxxxxxxxxxxxxxx...')");
    assert_described_take(text("it's"), "type string (\"it's\")");
    assert_described_take(text("xxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"),
                          "type string ('xxxxxxxxxxxxxxxxxxxxxxxxx...')");
    assert_described_take(text("xxxxxxxx'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
                          "type string (\"xxxxxxxx'xxxxxxxxxxxxxxxx...\")");
    assert_described_take(text("a'b\"c"), "type string (\"a'b\\\"c\")");
    assert_described_take(text("tab\tq\n"), "type string ('tab\tq\n')");
    assert_described_take(text("a'\xF0\x9F\x98\x80\xED\xA0\x80\x7F\x01\n"),
                          "type string (\"a'\xF0\x9F\x98\x80\\ud800\x7F\\u0001\\n\")");
}

static void other_types_are_described(void) {
    assert_described_take(nh_undefined(), "undefined");
    assert_described_take(nh_null(), "null");
    assert_described_take(nh_boolean(true), "type boolean (true)");
    assert_described_take(nh_number(5), "type number (5)");
    assert_described_take(nh_number(-0.0), "type number (-0)");
    assert_described_take(nh_number(NAN), "type number (NaN)");
    assert_described_take(nh_number(1e21), "type number (1e+21)");
    assert_described_take(nh_bigint_new(memory, "10", 2), "type bigint (10n)");
    assert_described_take(nh_symbol_new(memory, "s", 1), "type symbol (Symbol(s))");
    assert_described_take(nh_map_new(memory), "an instance of Object");
    assert_described_take(nh_list_new(memory), "an instance of Array");
    assert_described_take(nh_buffer_new(memory, 1), "an instance of Buffer");
    assert_described_take(
        nh_value_of_error_take(nh_error_new(memory, "RangeError", NULL, "%s", "q")),
        "an instance of RangeError");
    assert_described_take(nh_function_new(memory, "name", NULL, NULL, NULL), "function name");
    assert_described_take(nh_function_new(memory, "", NULL, NULL, NULL), "function ");

    struct fake_transport fake = fake_transport_make();
    nh_loop *loop = nh_loop_new(NULL, &fake.transport);
    assert_described_take(nh_value_of_object_take(nh_emitter_new(loop)),
                          "an instance of EventEmitter");
    nh_loop_free(loop);
}

/* --- argument errors ------------------------------------------------------------------------ */

static void wrong_types(void) {
    nh_value string = text("str");
    assert_error_take(nh_error_new_argument_type(memory, "listener", "of type function", string),
                      "TypeError", "ERR_INVALID_ARG_TYPE",
                      "The \"listener\" argument must be of type function. "
                      "Received type string ('str')");
    assert_error_take(nh_error_new_argument_type(memory, "options.port",
                                                 "one of type number or string", nh_null()),
                      "TypeError", "ERR_INVALID_ARG_TYPE",
                      "The \"options.port\" property must be one of type number or string. "
                      "Received null");
    assert_error_take(
        nh_error_new_argument_type(memory, "first argument", "of type string", nh_number(1)),
        "TypeError", "ERR_INVALID_ARG_TYPE",
        "The first argument must be of type string. Received type number (1)");
    nh_value_release(&string);
}

static void wrong_values(void) {
    char name[300];
    memset(name, 'x', 200);
    name[200] = '\0';
    nh_value longer = text(name);
    nh_error *error =
        nh_error_new_argument_value(memory, "scheduling", longer, "must be one of: 'fifo', 'lifo'");
    /* The opening quote and 127 characters, then the dots. */
    const char *shown = strstr(nh_error_message(error), "Received ");
    ASSERT_SIZE_EQ(strlen(shown), strlen("Received ") + 128 + 3);
    ASSERT_STR_EQ(shown + strlen(shown) - 4, "x...");
    nh_error_release(error);
    nh_value_release(&longer);

    assert_error_take(
        nh_error_new_argument_value(memory, "options.highWaterMark", nh_number(-1), "is invalid"),
        "TypeError", "ERR_INVALID_ARG_VALUE",
        "The property 'options.highWaterMark' is invalid. Received -1");
    nh_value map = nh_map_new(memory);
    (void)nh_map_set(map, "port", nh_boolean(false));
    assert_error_take(nh_error_new_argument_value(memory, "options", map, "is invalid"),
                      "TypeError", "ERR_INVALID_ARG_VALUE",
                      "The argument 'options' is invalid. Received { port: false }");
    nh_value_release(&map);
}

static void assert_out_of_range_take(nh_value received, const char *shown) {
    nh_error *error = nh_error_new_out_of_range(memory, "offset", ">= 0", received);
    nh_value message = nh_string_format(
        memory, "The value of \"offset\" is out of range. It must be >= 0. Received %s", shown);
    assert_error_take(error, "RangeError", "ERR_OUT_OF_RANGE", nh_value_text(message));
    nh_value_release(&message);
    nh_value_release(&received);
}

static void values_out_of_range(void) {
    assert_out_of_range_take(nh_number(-1), "-1");
    assert_out_of_range_take(nh_number(1.5), "1.5");
    assert_out_of_range_take(nh_number(-INFINITY), "-Infinity");
    assert_out_of_range_take(nh_number(4294967296.0), "4294967296");
    assert_out_of_range_take(nh_number(4294967297.0), "4_294_967_297");
    assert_out_of_range_take(nh_number(4294967297.5), "4294967297.5");
    assert_out_of_range_take(nh_number(-8589934592.0), "-8_589_934_592");
    assert_out_of_range_take(nh_number(-12345678901.0), "-12_345_678_901");
    assert_out_of_range_take(nh_number(123456789012.0), "123_456_789_012");
    assert_out_of_range_take(nh_number(9007199254740992.0), "9_007_199_254_740_992");
    assert_out_of_range_take(nh_number(1.5e22), "1_.5e_+22");
    assert_out_of_range_take(nh_number(-1e25), "-1e_+25");
    assert_out_of_range_take(nh_bigint_new(memory, "4294967296", 10), "4294967296n");
    assert_out_of_range_take(nh_bigint_new(memory, "1180591620717411303424", 22),
                             "1_180_591_620_717_411_303_424n");
}

static void invalid_values_become_memory_errors(void) {
    nh_value none = {.type = NH_INVALID};
    nh_error *expected = nh_error_out_of_memory();
    ASSERT_PTR_EQ(nh_error_new_argument_type(memory, "a", "b", none), expected);
    ASSERT_PTR_EQ(nh_error_new_argument_value(memory, "a", none, "b"), expected);
    ASSERT_PTR_EQ(nh_error_new_out_of_range(memory, "a", "b", none), expected);
    assert_error_take(expected, "Error", "ERR_MEMORY_ALLOCATION_FAILED",
                      "Failed to allocate memory");
    nh_error_set_property_take(expected, "x", text("dropped"));
    ASSERT_SIZE_EQ(nh_error_property_count(expected), 0);
}

/* --- system errors -------------------------------------------------------------------------- */

static void assert_properties(const nh_error *error, const char *expected) {
    nh_value map = nh_map_new(memory);
    for (size_t i = 0; i < nh_error_property_count(error); i++) {
        (void)nh_map_set_bytes(map, nh_error_property_key_at(error, i),
                               nh_error_property_at(error, i));
    }
    nh_value inspected = nh_value_inspect(memory, map);
    ASSERT_STR_EQ(nh_value_text(inspected), expected);
    nh_value_release(&inspected);
    nh_value_release(&map);
}

static void system_errors(void) {
    nh_error *error = nh_error_new_system(memory, -ECONNREFUSED, "connect", "127.0.0.1", 1);
    assert_properties(error, "{ errno: -111, syscall: 'connect', address: '127.0.0.1', port: 1 }");
    assert_error_take(error, "Error", "ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1");

    error = nh_error_new_system(memory, -ENOENT, "connect", "/run/socket", -1);
    assert_properties(error, "{ errno: -2, syscall: 'connect', address: '/run/socket' }");
    assert_error_take(error, "Error", "ENOENT", "connect ENOENT /run/socket");

    error = nh_error_new_system(memory, -ECONNRESET, "read", NULL, -1);
    assert_properties(error, "{ errno: -104, syscall: 'read' }");
    assert_error_take(error, "Error", "ECONNRESET", "read ECONNRESET");

    error = nh_error_new_connect(memory, -ECONNREFUSED, "127.0.0.1", 1, "127.0.0.1", 45321);
    ASSERT_DOUBLE_EQ(nh_error_property(error, "localPort").as.number, 45321);
    assert_error_take(error, "Error", "ECONNREFUSED",
                      "connect ECONNREFUSED 127.0.0.1:1 - Local (127.0.0.1:45321)");

    assert_error_take(nh_error_new_listen(memory, -EADDRINUSE, "0.0.0.0", 46239), "Error",
                      "EADDRINUSE", "listen EADDRINUSE: address already in use 0.0.0.0:46239");
    assert_error_take(nh_error_new_listen(memory, -EADDRNOTAVAIL, "1.2.3.4", 0), "Error",
                      "EADDRNOTAVAIL", "listen EADDRNOTAVAIL: address not available 1.2.3.4");
    error = nh_error_new_listen(memory, -EACCES, "/x", -1);
    ASSERT_DOUBLE_EQ(nh_error_property(error, "port").as.number, -1);
    assert_error_take(error, "Error", "EACCES", "listen EACCES: permission denied /x");

    error = nh_error_new_lookup(memory, -3008, "nosuch.invalid");
    assert_properties(error,
                      "{ errno: -3008, syscall: 'getaddrinfo', hostname: 'nosuch.invalid' }");
    assert_error_take(error, "Error", "ENOTFOUND", "getaddrinfo ENOTFOUND nosuch.invalid");
    assert_error_take(nh_error_new_lookup(memory, -3001, "h"), "Error", "EAI_AGAIN",
                      "getaddrinfo EAI_AGAIN h");
}

static void status_names(void) {
    ASSERT_STR_EQ(nh_status_name(-ECONNRESET), "ECONNRESET");
    ASSERT_STR_EQ(nh_status_name(-4095), "EOF");
    ASSERT_STR_EQ(nh_status_name(-3008), "EAI_NONAME");
    ASSERT_STR_EQ(nh_status_name(-99999), "UNKNOWN");
    ASSERT_STR_EQ(nh_status_description(-EPIPE), "broken pipe");
    ASSERT_INT_EQ(nh_status_of_name("EPIPE"), -EPIPE);
    ASSERT_INT_EQ(nh_status_of_name("EAI_AGAIN"), -3001);
    ASSERT_INT_EQ(nh_status_of_name("ENOSUCH"), 0);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(strings_are_described), UNIT_CASE(other_types_are_described),
        UNIT_CASE(wrong_types),           UNIT_CASE(wrong_values),
        UNIT_CASE(values_out_of_range),   UNIT_CASE(invalid_values_become_memory_errors),
        UNIT_CASE(system_errors),         UNIT_CASE(status_names),
    };
    memory = nh_memory_default();
    return UNIT_RUN("error", cases, argc, argv);
}
