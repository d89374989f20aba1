#include "core/value_internal.h"
#include "support/test_memory.h"
#include "support/unit.h"

#include <nodehttp/error.h>
#include <nodehttp/value.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static void assert_number_text(double number, const char *expected) {
    char text[NH_NUMBER_TEXT_SIZE];
    size_t length = nh_number_to_text(number, text);
    ASSERT_STR_EQ(text, expected);
    ASSERT_SIZE_EQ(length, strlen(expected));
}

static void numbers_print_as_in_javascript(void) {
    assert_number_text(0, "0");
    assert_number_text(-0.0, "0");
    assert_number_text(100, "100");
    assert_number_text(4294967296.0, "4294967296");
    assert_number_text(1e20, "100000000000000000000");
    assert_number_text(123456789012345680000.0, "123456789012345680000");
    assert_number_text(1e21, "1e+21");
    assert_number_text(1.5e300, "1.5e+300");
    assert_number_text(0.1, "0.1");
    assert_number_text(-1.25, "-1.25");
    assert_number_text(1.0 / 3, "0.3333333333333333");
    assert_number_text(1e-6, "0.000001");
    assert_number_text(1e-7, "1e-7");
    assert_number_text(-1e-7, "-1e-7");
    assert_number_text(123e-20, "1.23e-18");
    assert_number_text(5e-324, "5e-324");
    assert_number_text(1.7976931348623157e308, "1.7976931348623157e+308");
    assert_number_text(NAN, "NaN");
    assert_number_text(-INFINITY, "-Infinity");
}

/* Expects `actual` (consumed) to be a string of these bytes. */
static void assert_string_take(nh_value actual, const char *expected, size_t length) {
    ASSERT_INT_EQ(actual.type, NH_STRING);
    nh_bytes bytes = nh_value_bytes(actual);
    ASSERT_MEM_EQ(bytes.data, bytes.length, expected, length);
    ASSERT_INT_EQ(nh_value_text(actual)[length], '\0');
    nh_value_release(&actual);
}

static void strings_keep_nul_and_length(void) {
    nh_memory *memory = nh_memory_default();
    assert_string_take(nh_string_new(memory, "a\0b", 3), "a\0b", 3);
    assert_string_take(nh_string_new(memory, NULL, 0), "", 0);
    assert_string_take(nh_string_format(memory, "%s:%d", "host", 80), "host:80", 7);
}

static void latin1_goes_both_ways(void) {
    nh_memory *memory = nh_memory_default();
    uint8_t all[256];
    for (unsigned i = 0; i < 256; i++) {
        all[i] = (uint8_t)i;
    }
    nh_value string = nh_string_of_latin1(memory, nh_bytes_of(all, sizeof(all)));
    ASSERT_SIZE_EQ(nh_string_utf16_length(string), 256);
    ASSERT_SIZE_EQ(nh_value_bytes(string).length, 128 + 2 * 128);
    nh_value bytes = nh_buffer_of_latin1(memory, string);
    ASSERT_MEM_EQ(nh_value_bytes(bytes).data, nh_value_bytes(bytes).length, all, sizeof(all));
    nh_value_release(&bytes);
    nh_value_release(&string);

    /* U+1F600 is D83D DE00, U+20AC ends in AC. */
    string = nh_string_of(memory, "\xF0\x9F\x98\x80\xE2\x82\xAC");
    ASSERT_SIZE_EQ(nh_string_utf16_length(string), 3);
    bytes = nh_buffer_of_latin1(memory, string);
    ASSERT_MEM_EQ(nh_value_bytes(bytes).data, nh_value_bytes(bytes).length, "\x3D\x00\xAC", 3);
    nh_value_release(&bytes);
    nh_value_release(&string);
}

static void assert_utf8(const char *bytes, const char *expected) {
    nh_value string = nh_string_of_utf8(nh_memory_default(), nh_bytes_of_text(bytes));
    assert_string_take(string, expected, strlen(expected));
}

#define FFFD "\xEF\xBF\xBD"

static void malformed_utf8_is_replaced(void) {
    assert_utf8("plain", "plain");
    assert_utf8("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_utf8("a\xFF"
                "b",
                "a" FFFD "b");
    assert_utf8("\xC3", FFFD);
    assert_utf8("\xE2\x82"
                "b",
                FFFD "b");
    assert_utf8("\xC0\x80", FFFD FFFD);
    assert_utf8("\xED\xA0\x80", FFFD FFFD FFFD);
    assert_utf8("\xF0\x9F\x98", FFFD);
    assert_utf8("\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD);
}

static void values_convert_to_strings(void) {
    nh_memory *memory = nh_memory_default();
    nh_value inner = nh_list_new(memory);
    (void)nh_list_append(inner, nh_number(2));
    (void)nh_list_append(inner, nh_number(3));
    nh_value list = nh_list_new(memory);
    (void)nh_list_append(list, nh_number(1));
    (void)nh_list_append_take(list, inner);
    (void)nh_list_append(list, nh_null());
    (void)nh_list_append(list, nh_undefined());
    (void)nh_list_append_take(list, nh_string_of(memory, "a"));
    assert_string_take(nh_value_to_string(memory, list), "1,2,3,,,a", 9);
    nh_value_release(&list);

    nh_value buffer = nh_buffer_of(memory, nh_bytes_of("ab\xFF", 3));
    assert_string_take(nh_value_to_string(memory, buffer), "ab" FFFD, 5);
    nh_value_release(&buffer);

    nh_value map = nh_map_new(memory);
    assert_string_take(nh_value_to_string(memory, map), "[object Object]", 15);
    nh_value_release(&map);
    nh_value symbol = nh_symbol_new(memory, "q", 1);
    assert_string_take(nh_value_to_string(memory, symbol), "Symbol(q)", 9);
    nh_value_release(&symbol);
    nh_value error = nh_value_of_error_take(nh_error_new(memory, "TypeError", NULL, "x"));
    assert_string_take(nh_value_to_string(memory, error), "TypeError: x", 12);
    nh_value_release(&error);
    assert_string_take(nh_value_to_string(memory, nh_number(-0.0)), "0", 1);
    assert_string_take(nh_value_to_string(memory, nh_boolean(true)), "true", 4);
}

static void strict_equality(void) {
    nh_memory *memory = nh_memory_default();
    ASSERT_TRUE(nh_value_is_same(nh_number(0), nh_number(-0.0)));
    ASSERT_FALSE(nh_value_is_same(nh_number(NAN), nh_number(NAN)));
    ASSERT_FALSE(nh_value_is_same(nh_null(), nh_undefined()));
    nh_value a = nh_string_of(memory, "x");
    nh_value b = nh_string_of(memory, "x");
    ASSERT_TRUE(nh_value_is_same(a, b));
    nh_value list = nh_list_new(memory);
    nh_value other = nh_list_new(memory);
    ASSERT_TRUE(nh_value_is_same(list, list));
    ASSERT_FALSE(nh_value_is_same(list, other));
    nh_value_release(&a);
    nh_value_release(&b);
    nh_value_release(&list);
    nh_value_release(&other);
}

static void truthiness(void) {
    nh_memory *memory = nh_memory_default();
    ASSERT_FALSE(nh_value_is_truthy(nh_undefined()));
    ASSERT_FALSE(nh_value_is_truthy(nh_number(NAN)));
    ASSERT_FALSE(nh_value_is_truthy(nh_number(-0.0)));
    ASSERT_TRUE(nh_value_is_truthy(nh_number(-1)));
    nh_value empty = nh_string_of(memory, "");
    ASSERT_FALSE(nh_value_is_truthy(empty));
    nh_value_release(&empty);
    nh_value zero = nh_bigint_new(memory, "0", 1);
    ASSERT_FALSE(nh_value_is_truthy(zero));
    nh_value_release(&zero);
    nh_value map = nh_map_new(memory);
    ASSERT_TRUE(nh_value_is_truthy(map));
    nh_value_release(&map);
}

static void slices_share_and_outlive(void) {
    struct test_memory memory = test_memory_make();
    nh_value whole = nh_buffer_of(&memory.memory, nh_bytes_of("0123456789", 10));
    nh_value slice = nh_buffer_slice(&memory.memory, whole, 2, 6);
    nh_value inner = nh_buffer_slice(&memory.memory, slice, 1, 3);
    nh_buffer_data(whole)[3] = 'x';
    nh_value_release(&whole);
    nh_value_release(&slice);
    nh_bytes bytes = nh_value_bytes(inner);
    ASSERT_MEM_EQ(bytes.data, bytes.length, "x45", 3);
    ASSERT_INT_EQ(nh_buffer_slice(&memory.memory, inner, 2, 2).type, NH_INVALID);
    nh_value_release(&inner);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

static void maps_keep_property_order(void) {
    nh_memory *memory = nh_memory_default();
    static const char *const keys[] = {"b", "10", "a", "2", "01", "4294967295", "0"};
    static const char *const expected[] = {"0", "2", "10", "b", "a", "01", "4294967295"};
    nh_value map = nh_map_new(memory);
    for (size_t i = 0; i < 7; i++) {
        ASSERT_TRUE(nh_map_set(map, keys[i], nh_number((double)i)));
    }
    ASSERT_TRUE(nh_map_set(map, "a", nh_number(100)));
    for (size_t i = 0; i < 7; i++) {
        ASSERT_STR_EQ((const char *)nh_map_key_at(map, i).data, expected[i]);
    }
    ASSERT_DOUBLE_EQ(nh_map_get(map, "a").as.number, 100);
    nh_map_delete_bytes(map, nh_bytes_of_text("2"));
    ASSERT_SIZE_EQ(nh_map_length(map), 6);
    ASSERT_STR_EQ((const char *)nh_map_key_at(map, 1).data, "10");
    ASSERT_TRUE(nh_map_set(map, "5", nh_null()));
    ASSERT_STR_EQ((const char *)nh_map_key_at(map, 1).data, "5");
    ASSERT_INT_EQ(nh_map_get(map, "2").type, NH_UNDEFINED);
    nh_value_release(&map);
}

/* Against a plain array, through growth past the linear limit and deletions. */
static void large_maps_find_everything(void) {
    enum { COUNT = 500 };
    nh_memory *memory = nh_memory_default();
    nh_value map = nh_map_new(memory);
    char key[16];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(key, sizeof(key), i % 5 == 0 ? "%d" : "k%d", (i * 7919) % COUNT);
        ASSERT_TRUE(nh_map_set(map, key, nh_number(i)));
    }
    nh_value copy = nh_map_copy(memory, map);
    for (int i = 0; i < COUNT; i += 3) {
        (void)snprintf(key, sizeof(key), i % 5 == 0 ? "%d" : "k%d", (i * 7919) % COUNT);
        nh_map_delete_bytes(map, nh_bytes_of_text(key));
    }
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(key, sizeof(key), i % 5 == 0 ? "%d" : "k%d", (i * 7919) % COUNT);
        ASSERT_INT_EQ(nh_map_has(map, key), i % 3 != 0);
        ASSERT_INT_EQ((int)nh_map_get(copy, key).as.number, i);
    }
    ASSERT_SIZE_EQ(nh_map_length(copy), COUNT);
    nh_value_release(&map);
    nh_value_release(&copy);
}

/* Object.assign: what is there keeps its place, what is new follows in the order of the source. */
static void maps_take_what_another_has(void) {
    nh_memory *memory = nh_memory_default();
    nh_value map = nh_map_new(memory);
    nh_value source = nh_map_new(memory);
    ASSERT_TRUE(nh_map_set(map, "b", nh_number(1)) && nh_map_set(map, "a", nh_number(2)));
    ASSERT_TRUE(nh_map_set(source, "c", nh_number(3)) && nh_map_set(source, "a", nh_number(4)) &&
                nh_map_set(source, "7", nh_number(5)));
    ASSERT_TRUE(nh_map_assign(map, source));
    nh_value_release(&source);
    nh_value shown = nh_value_inspect(memory, map);
    ASSERT_STR_EQ(nh_value_text(shown), "{ '7': 5, b: 1, a: 4, c: 3 }");
    nh_value_release(&shown);
    ASSERT_TRUE(nh_map_assign(map, nh_undefined()));
    ASSERT_SIZE_EQ(nh_map_length(map), 4);
    ASSERT_TRUE(!nh_map_assign(nh_number(1), map));
    nh_value_release(&map);
}

static void lists_grow_and_shrink(void) {
    nh_memory *memory = nh_memory_default();
    nh_value list = nh_list_new(memory);
    for (int i = 0; i < 20; i++) {
        ASSERT_TRUE(nh_list_append(list, nh_number(i)));
    }
    nh_list_remove(list, 0);
    nh_list_remove(list, 18);
    nh_list_remove(list, 99);
    ASSERT_SIZE_EQ(nh_list_length(list), 18);
    ASSERT_DOUBLE_EQ(nh_list_get(list, 17).as.number, 18);
    ASSERT_INT_EQ(nh_list_get(list, 18).type, NH_UNDEFINED);
    ASSERT_FALSE(nh_list_append(list, (nh_value){.type = NH_INVALID}));
    nh_value_release(&list);
}

static void add_arguments(const nh_value *arguments, size_t count, void *data,
                          nh_value *out_result) {
    double sum = *(double *)data;
    for (size_t i = 0; i < count; i++) {
        sum += arguments[i].as.number;
    }
    *out_result = nh_number(sum);
}

static unsigned releases;

static void count_release(void *data) {
    (void)data;
    releases++;
}

static void functions_are_called_and_released(void) {
    double base = 10;
    releases = 0;
    nh_value function =
        nh_function_new(nh_memory_default(), "add", add_arguments, &base, count_release);
    nh_value again = nh_value_retain(function);
    nh_value arguments[] = {nh_number(1), nh_number(2)};
    nh_value result;
    nh_function_invoke(function, arguments, 2, &result);
    ASSERT_DOUBLE_EQ(result.as.number, 13);
    ASSERT_STR_EQ(nh_function_name(function), "add");
    nh_value_release(&function);
    ASSERT_UINT_EQ(releases, 0);
    nh_value_release(&again);
    ASSERT_UINT_EQ(releases, 1);
}

/* Builds a structure of every kind; NH_INVALID when any part of it failed. */
static nh_value build_structure(nh_memory *memory) {
    nh_value map = nh_map_new(memory);
    bool complete = true;
    for (int i = 0; i < 40; i++) {
        nh_value key = nh_string_format(memory, "key-%d", i);
        nh_value list = nh_list_new(memory);
        complete = nh_list_append_take(list, nh_string_of_latin1(memory, nh_bytes_of("\xE9", 1))) &&
                   nh_list_append_take(list, nh_buffer_of(memory, nh_bytes_of("0123456789", 10))) &&
                   complete;
        complete = key.type == NH_STRING &&
                   nh_map_set_bytes_take(map, nh_value_bytes(key), nh_value_retain(list)) &&
                   complete;
        nh_value_release(&list);
        nh_value_release(&key);
    }
    nh_value copy = complete ? nh_map_copy(memory, map) : (nh_value){.type = NH_INVALID};
    nh_value inspected = nh_value_inspect(memory, copy);
    if (inspected.type == NH_INVALID) {
        nh_value_release(&copy);
        copy.type = NH_INVALID;
    }
    nh_value_release(&inspected);
    nh_value_release(&map);
    return copy;
}

static void every_refused_allocation_is_survived(void) {
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct test_memory memory = test_memory_make();
        memory.refuse_at = n;
        memory.refuse_after = n % 2 == 0;
        nh_value structure = build_structure(&memory.memory);
        if (!memory.refused) {
            ASSERT_INT_EQ(structure.type, NH_MAP);
        } else {
            failures++;
            ASSERT_INT_EQ(structure.type, NH_INVALID);
        }
        nh_value_release(&structure);
        ASSERT_SIZE_EQ(memory.blocks, 0);
        if (!memory.refused) {
            break;
        }
    }
    ASSERT_TRUE(failures > 100);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(numbers_print_as_in_javascript),
        UNIT_CASE(strings_keep_nul_and_length),
        UNIT_CASE(latin1_goes_both_ways),
        UNIT_CASE(malformed_utf8_is_replaced),
        UNIT_CASE(values_convert_to_strings),
        UNIT_CASE(strict_equality),
        UNIT_CASE(truthiness),
        UNIT_CASE(slices_share_and_outlive),
        UNIT_CASE(maps_keep_property_order),
        UNIT_CASE(large_maps_find_everything),
        UNIT_CASE(maps_take_what_another_has),
        UNIT_CASE(lists_grow_and_shrink),
        UNIT_CASE(functions_are_called_and_released),
        UNIT_CASE(every_refused_allocation_is_survived),
    };
    return UNIT_RUN("value", cases, argc, argv);
}
