#include "trace/match.h"

#include <string.h>

#include "support/unit.h"

static json_t *parse(const char *text) {
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    REQUIRE_NOT_NULL(value);
    return value;
}

static void values(void) {
    static const struct {
        const char *expected;
        const char *actual;
        bool fits;
    } cases[] = {
        {"1", "1", true},
        {"1", "1.0", true},
        {"1", "2", false},
        {"1", "\"1\"", false},
        {"null", "null", true},
        {"null", "false", false},
        {"true", "true", true},
        {"\"a\"", "\"a\"", true},
        {"\"a\"", "\"b\"", false},
        {"\"a\\u0000b\"", "\"a\\u0000b\"", true},
        {"\"a\\u0000b\"", "\"a\\u0000c\"", false},
        {"[1, [2]]", "[1, [2]]", true},
        {"[1, 2]", "[2, 1]", false},
        {"[1]", "[1, 2]", false},
        {"{\"a\": 1, \"b\": 2}", "{\"b\": 2, \"a\": 1}", true},
        {"{\"a\": 1}", "{\"a\": 1, \"b\": 2}", false},
        {"{\"a\": 1, \"b\": 2}", "{\"a\": 1}", false},
        {"{\"$undefined\": true}", "{\"$undefined\": true}", true},
        {"{\"$undefined\": true}", "null", false},
        /* Bytes. */
        {"{\"$bytes\": \"6162\"}", "\"ab\"", true},
        {"{\"$bytes\": \"FF\"}", "{\"$bytes\": \"ff\"}", true},
        {"{\"$bytes\": \"ff\"}", "{\"$bytes\": \"fe\"}", false},
        {"{\"$latin1\": \"caf\\u00e9\"}", "{\"$bytes\": \"636166e9\"}", true},
        {"{\"$char\": 13}", "\"\\r\"", true},
        {"{\"$repeat\": [\"ab\", 3]}", "\"ababab\"", true},
        {"{\"$repeat\": [\"ab\", 3]}", "\"abab\"", false},
        {"{\"$concat\": [\"a\", {\"$repeat\": [{\"$bytes\": \"ff\"}, 2]}]}",
         "{\"$bytes\": \"61ffff\"}", true},
        /* Matchers. */
        {"{\"$any\": true}", "{\"x\": [1]}", true},
        {"{\"$type\": \"string\"}", "\"a\"", true},
        {"{\"$type\": \"string\"}", "1", false},
        {"{\"$type\": \"number\"}", "1.5", true},
        {"{\"$type\": \"number\"}", "{\"$number\": \"NaN\"}", true},
        {"{\"$type\": \"undefined\"}", "{\"$undefined\": true}", true},
        {"{\"$type\": \"undefined\"}", "null", false},
        {"{\"$type\": \"function\"}", "{\"$function\": \"f\"}", true},
        {"{\"$type\": \"list\"}", "[]", true},
        {"{\"$type\": \"object\"}", "{\"a\": 1}", true},
        {"{\"$type\": \"object\"}", "{\"$ref\": \"res\"}", true},
        {"{\"$type\": \"object\"}", "{\"$undefined\": true}", false},
        {"{\"$type\": \"buffer\"}", "{\"$bytes\": \"ff\"}", true},
        {"{\"$type\": \"boolean\"}", "false", true},
        {"{\"$type\": \"null\"}", "null", true},
        {"{\"$oneOf\": [1, {\"$type\": \"list\"}]}", "[]", true},
        {"{\"$oneOf\": [1, 2]}", "3", false},
        {"{\"$glob\": \"a*c\"}", "\"abbc\"", true},
        {"{\"$glob\": \"a*c\"}", "\"abbcd\"", false},
        {"{\"$glob\": \"*b*b\"}", "\"abab\"", true},
        {"{\"$glob\": \"*\"}", "\"\"", true},
        {"{\"$glob\": \"a\"}", "5", false},
        {"{\"$near\": 100, \"within\": 5}", "104.5", true},
        {"{\"$near\": 100, \"within\": 5}", "106", false},
        {"{\"$near\": 100, \"within\": 5}", "\"100\"", false},
        {"{\"$includes\": {\"code\": \"X\"}}", "{\"code\": \"X\", \"name\": \"E\"}", true},
        {"{\"$includes\": {\"code\": \"X\"}}", "{\"name\": \"E\"}", false},
        {"{\"$includes\": {}}", "5", false},
        {"{\"a\": [{\"$any\": true}]}", "{\"a\": [7]}", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *expected = parse(cases[i].expected);
        json_t *actual = parse(cases[i].actual);
        if (!ASSERT_TRUE(ts_match_value(expected, actual) == cases[i].fits)) {
            ASSERT_STR_EQ(cases[i].actual, cases[i].expected);
        }
        json_decref(expected);
        json_decref(actual);
    }
}

static void lanes(void) {
    static const struct {
        const char *expected;
        const char *actual;
        bool equal;
        size_t expected_index; /* of the first difference */
        size_t actual_index;
    } cases[] = {
        {"[]", "[]", true, 0, 0},
        {"[\"a\", {\"b\": 1}]", "[\"a\", {\"b\": 1}]", true, 2, 2},
        {"[\"a\", \"b\"]", "[\"b\", \"a\"]", false, 0, 0},
        {"[\"a\", \"b\"]", "[\"a\"]", false, 1, 1},
        {"[\"a\"]", "[\"a\", \"b\"]", false, 1, 1},
        /* Without a value part only what has none. */
        {"[\"a\"]", "[{\"a\": 1}]", false, 0, 0},
        {"[{\"a\": {\"$any\": true}}]", "[\"a\"]", false, 0, 0},
        /* Groups. */
        {"[{\"$unordered\": [\"a\", \"b\", \"c\"]}, \"d\"]", "[\"c\", \"a\", \"b\", \"d\"]", true,
         2, 4},
        {"[{\"$unordered\": [\"a\", \"b\", \"c\"]}]", "[\"c\", \"a\", \"a\"]", false, 0, 2},
        {"[{\"$unordered\": [\"a\", \"b\"]}]", "[\"b\"]", false, 0, 1},
        /* {"x": any} must not take what only {"x": 1} ... can be paired with. */
        {"[{\"$unordered\": [{\"x\": {\"$any\": true}}, {\"x\": 1}]}]", "[{\"x\": 1}, {\"x\": 2}]",
         true, 1, 2},
        /* Optional observations. */
        {"[{\"$optional\": \"a\"}, \"b\"]", "[\"b\"]", true, 2, 1},
        {"[{\"$optional\": \"a\"}, \"b\"]", "[\"a\", \"b\"]", true, 2, 2},
        {"[{\"$optional\": \"a\"}, \"a\"]", "[\"a\"]", true, 2, 1},
        {"[{\"$optional\": \"a\"}, {\"$optional\": \"a\"}, \"a\", \"b\"]", "[\"a\", \"a\", \"b\"]",
         true, 4, 3},
        {"[{\"$optional\": \"a\"}, \"b\", \"c\"]", "[\"a\", \"b\", \"d\"]", false, 2, 2},
        {"[\"x\", {\"$optional\": \"a\"}]", "[\"x\"]", true, 2, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *expected = parse(cases[i].expected);
        json_t *actual = parse(cases[i].actual);
        ts_pairing pairing = ts_match_lane(expected, actual);
        bool fine = ASSERT_TRUE(pairing.equal == cases[i].equal);
        fine = ASSERT_SIZE_EQ(pairing.expected_index, cases[i].expected_index) && fine;
        fine = ASSERT_SIZE_EQ(pairing.actual_index, cases[i].actual_index) && fine;
        if (!fine) {
            ASSERT_STR_EQ(cases[i].actual, cases[i].expected);
        }
        json_decref(expected);
        json_decref(actual);
    }
}

/* 60 optional elements and an end that does not fit: 2^60 ways without memory of failures. */
static void many_optional_elements(void) {
    json_t *expected = json_array();
    json_t *actual = json_array();
    for (int i = 0; i < 60; i++) {
        (void)json_array_append_new(expected, json_pack("{s:s}", "$optional", "a"));
        (void)json_array_append_new(actual, json_string("a"));
    }
    (void)json_array_append_new(expected, json_string("b"));
    (void)json_array_append_new(actual, json_string("c"));
    ASSERT_FALSE(ts_match_lane(expected, actual).equal);
    json_decref(expected);
    json_decref(actual);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {UNIT_CASE(values), UNIT_CASE(lanes),
                                             UNIT_CASE(many_optional_elements)};
    return UNIT_RUN("match", cases, argc, argv);
}
