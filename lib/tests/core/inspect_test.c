/* Each expectation is what util.inspect of Node.js 23.5.0 printed for the same value. Values are
 * written in a small notation: JSON with ' for strings, `_` for undefined, `n` suffix for bigint.
 */
#include "support/unit.h"

#include <nodehttp/error.h>
#include <nodehttp/value.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nh_memory *memory;

static void assert_inspected_take(nh_value value, const char *expected) {
    nh_value inspected = nh_value_inspect(memory, value);
    ASSERT_STR_EQ(nh_value_text(inspected), expected);
    nh_value_release(&inspected);
    nh_value_release(&value);
}

static nh_value parse(const char **at);

static nh_value parse_string(const char **at) {
    const char *start = *at + 1;
    const char *end = strchr(start, '\'');
    *at = end + 1;
    return nh_string_new(memory, start, (size_t)(end - start));
}

static nh_value parse_list(const char **at) {
    nh_value list = nh_list_new(memory);
    for (++*at; **at != ']';) {
        (void)nh_list_append_take(list, parse(at));
        *at += **at == ',';
    }
    ++*at;
    return list;
}

static nh_value parse_map(const char **at) {
    nh_value map = nh_map_new(memory);
    for (++*at; **at != '}';) {
        nh_value key = parse_string(at);
        ++*at; /* the colon */
        (void)nh_map_set_bytes_take(map, nh_value_bytes(key), parse(at));
        nh_value_release(&key);
        *at += **at == ',';
    }
    ++*at;
    return map;
}

static nh_value parse(const char **at) {
    if (**at == '[') {
        return parse_list(at);
    }
    if (**at == '{') {
        return parse_map(at);
    }
    if (**at == '\'') {
        return parse_string(at);
    }
    if (**at == '_') {
        ++*at;
        return nh_undefined();
    }
    const char *start = *at;
    char *end;
    double number = strtod(start, &end);
    *at = end;
    if (*end == 'n') {
        ++*at;
        return nh_bigint_new(memory, start, (size_t)(end - start));
    }
    return nh_number(number);
}

static void assert_inspected(const char *notation, const char *expected) {
    assert_inspected_take(parse(&notation), expected);
}

static void strings_choose_quotes_and_escapes(void) {
    assert_inspected_take(nh_string_of(memory, "it's"), "\"it's\"");
    assert_inspected_take(nh_string_of(memory, "a'b\"c"), "`a'b\"c`");
    assert_inspected_take(nh_string_of(memory, "a'b\"`"), "'a\\'b\"`'");
    assert_inspected_take(nh_string_of(memory, "a'b\"${"), "'a\\'b\"${'");
    assert_inspected_take(nh_string_new(memory, "\0\x1F\x7F\xC2\x9F\xC3\xA9\\\b\v\r", 11),
                          "'\\x00\\x1F\\x7F\\x9F\xC3\xA9\\\\\\b\\x0B\\r'");
    assert_inspected_take(nh_string_of(memory, "a\xED\xA0\x80"
                                               "b"),
                          "'a\\ud800b'");
}

static void scalars(void) {
    assert_inspected("[1.5,-0,1e21,1e-7,_,10n]", "[ 1.5, -0, 1e+21, 1e-7, undefined, 10n ]");
    assert_inspected_take(nh_symbol_new(memory, "a b", 3), "Symbol(a b)");
    assert_inspected_take(nh_null(), "null");
    assert_inspected_take(nh_boolean(false), "false");
    assert_inspected_take(nh_function_new(memory, "f", NULL, NULL, NULL), "[Function: f]");
    assert_inspected_take(nh_function_new(memory, "", NULL, NULL, NULL), "[Function (anonymous)]");
}

static void buffers(void) {
    assert_inspected_take(nh_buffer_of(memory, nh_bytes_of("abc", 3)), "<Buffer 61 62 63>");
    assert_inspected_take(nh_buffer_new(memory, 0), "<Buffer >");
    nh_value buffer = nh_buffer_new(memory, 51);
    memset(nh_buffer_data(buffer), 0, 51);
    nh_value inspected = nh_value_inspect(memory, buffer);
    ASSERT_STR_EQ(nh_value_text(inspected) + 7 + 49 * 3, " 00 ... 1 more byte>");
    nh_value_release(&inspected);
    nh_value_release(&buffer);
}

static void keys(void) {
    assert_inspected("{'a b':1,'__proto__x':2,'\xC3\xA9':3,'1':2,'$a':1}",
                     "{ '1': 2, 'a b': 1, __proto__x: 2, '\xC3\xA9': 3, '$a': 1 }");
    assert_inspected("{'__proto__':1}", "{ ['__proto__']: 1 }");
}

static void nesting(void) {
    assert_inspected("[[]]", "[ [] ]");
    assert_inspected("{'a':[]}", "{ a: [] }");
    assert_inspected("{'a':{'b':{'c':{}}}}", "{ a: { b: { c: {} } } }");
    assert_inspected("{'a':{'b':{'c':{'d':1}}}}", "{ a: { b: { c: [Object] } } }");
    assert_inspected("{'a':{'b':{'c':[1]}}}", "{ a: { b: { c: [Array] } } }");
    assert_inspected("[[[[1]]]]", "[ [ [ [Array] ] ] ]");
    assert_inspected("{'a':1,'b':{'c':2,'d':{'e':1,'f':{}}}}",
                     "{ a: 1, b: { c: 2, d: { e: 1, f: {} } } }");
}

#define X10 "xxxxxxxxxx"
#define X30 X10 X10 X10

static void long_lines_are_broken(void) {
    assert_inspected("{'a':'" X30 "','b':'" X30 "','c':1}",
                     "{\n  a: '" X30 "',\n  b: '" X30 "',\n  c: 1\n}");
    assert_inspected("['" X30 "','" X30 "']", "[ '" X30 "', '" X30 "' ]");
    assert_inspected("['" X30 X10 "',['" X30 "']]", "[\n  '" X30 X10 "',\n  [ '" X30 "' ]\n]");
    assert_inspected("{'a':{'b':'" X30 X30 X10 X10 "'}}",
                     "{\n  a: {\n    b: '" X30 X30 X10 X10 "'\n  }\n}");
}

static void long_strings_are_split_at_newlines(void) {
    const char *string =
        "line one is long enough to split across\nline two is long enough to split "
        "across x\nthree";
    assert_inspected_take(nh_string_of(memory, string),
                          "'line one is long enough to split across\\n' +\n  'line two is long "
                          "enough to split across x\\n' +\n  'three'");
    nh_value map = nh_map_new(memory);
    (void)nh_map_set_take(map, "s", nh_string_of(memory, string));
    assert_inspected_take(map, "{\n  s: 'line one is long enough to split across\\n' +\n    'line "
                               "two is long enough to split across x\\n' +\n    'three'\n}");
}

static void arrays_are_put_in_columns(void) {
    assert_inspected(
        "[0,7,14,21,28,35,42,49,56,63,70,77,84,91,98,105,112,119,126,133,140,147,154,"
        "161,168,175,182,189,196,203]",
        "[\n    0,   7,  14,  21,  28,  35,  42,  49,\n   56,  63,  70,  77,  84,  91, "
        " 98, 105,\n  112, 119, 126, 133, 140, 147, 154, 161,\n  168, 175, 182, 189, "
        "196, 203\n]");
    assert_inspected("['str','strx','strxx','strxxx','strxxxx','strxxxxx','strxxxxxx','strxxxxxxx',"
                     "'strxxxxxxxx','strxxxxxxxxx']",
                     "[\n  'str',         'strx',\n  'strxx',       'strxxx',\n  'strxxxx',     "
                     "'strxxxxx',\n  'strxxxxxx',   'strxxxxxxx',\n  'strxxxxxxxx', "
                     "'strxxxxxxxxx'\n]");
    assert_inspected("[{'a':1},{'a':1},{'a':1},{'a':1},{'a':1},{'a':1},{'a':1}]",
                     "[\n  { a: 1 }, { a: 1 },\n  { a: 1 }, { a: 1 },\n  { a: 1 }, { a: 1 },\n  { "
                     "a: 1 }\n]");
    assert_inspected("{'a':[0,1,2,3,4,5,6,7],'b':'" X30 X30 "'}",
                     "{\n  a: [\n    0, 1, 2, 3,\n    4, 5, 6, 7\n  ],\n  b: '" X30 X30 "'\n}");
}

static void long_arrays_are_cut(void) {
    nh_value list = nh_list_new(memory);
    for (int i = 0; i < 102; i++) {
        (void)nh_list_append(list, nh_number(i));
    }
    nh_value inspected = nh_value_inspect(memory, list);
    const char *tail = strstr(nh_value_text(inspected), "  84,");
    ASSERT_STR_EQ(tail,
                  "  84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,\n  96, 97, 98, 99,\n  ... "
                  "2 more items\n]");
    nh_value_release(&inspected);
    nh_value_release(&list);
}

static void errors(void) {
    nh_error *error = nh_error_new(memory, "Error", "X", "boo");
    assert_inspected_take(nh_value_of_error_take(error), "[Error: boo] { code: 'X' }");
    error = nh_error_new(memory, "Error", NULL, "boo");
    nh_value list = nh_list_new(memory);
    (void)nh_list_append_take(list, nh_value_of_error_take(error));
    assert_inspected_take(list, "[ [Error: boo] ]");
    error = nh_error_new(memory, "TypeError", "ERR_X", "boo");
    assert_inspected_take(nh_value_of_error_take(error),
                          "[TypeError [ERR_X]: boo] { code: 'ERR_X' }");
}

static void cycles_are_marked(void) {
    nh_value map = nh_map_new(memory);
    nh_value list = nh_list_new(memory);
    (void)nh_map_set(map, "c", map);
    (void)nh_list_append(list, map);
    (void)nh_map_set_take(map, "d", list);
    nh_value inspected = nh_value_inspect(memory, map);
    ASSERT_STR_EQ(nh_value_text(inspected), "<ref *1> { c: [Circular *1], d: [ [Circular *1] ] }");
    nh_value_release(&inspected);
    nh_map_delete_bytes(map, nh_bytes_of_text("d"));
    nh_map_delete_bytes(map, nh_bytes_of_text("c"));
    nh_value_release(&map);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(strings_choose_quotes_and_escapes),
        UNIT_CASE(scalars),
        UNIT_CASE(buffers),
        UNIT_CASE(keys),
        UNIT_CASE(nesting),
        UNIT_CASE(long_lines_are_broken),
        UNIT_CASE(long_strings_are_split_at_newlines),
        UNIT_CASE(arrays_are_put_in_columns),
        UNIT_CASE(long_arrays_are_cut),
        UNIT_CASE(errors),
        UNIT_CASE(cycles_are_marked),
    };
    memory = nh_memory_default();
    return UNIT_RUN("inspect", cases, argc, argv);
}
