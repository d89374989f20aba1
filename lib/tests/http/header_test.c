/* Field names and values: what is legal, how received ones are shown, how set ones are kept. */
#include "http/header_block_internal.h"
#include "http/header_store_internal.h"
#include "support/test_memory.h"
#include "support/unit.h"

#include <nodehttp/http.h>

#include <stdio.h>
#include <string.h>

static struct test_memory memory;
#define MEMORY (&memory.memory)

static nh_value string(const char *text) {
    return nh_string_of(MEMORY, text);
}

/* --- validation ----------------------------------------------------------------------------- */

static bool is_tchar(int byte) {
    /* RFC 9110, section 5.6.2 */
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static void names_are_tokens(void) {
    int legal = 0;
    for (int byte = 0; byte < 256; byte++) {
        uint8_t text[3] = {'a', (uint8_t)byte, 'b'};
        ASSERT_TRUE(nh_http_is_token(nh_bytes_of(text, 3)) == is_tchar(byte));
        ASSERT_TRUE(nh_http_is_token(nh_bytes_of(text + 1, 1)) == is_tchar(byte));
        legal += is_tchar(byte);
    }
    ASSERT_INT_EQ(legal, 77);
    ASSERT_FALSE(nh_http_is_token(nh_bytes_of("", 0)));
}

static void values_have_no_controls(void) {
    int refused = 0;
    for (int character = 0; character < 256; character++) {
        uint8_t latin1[1] = {(uint8_t)character};
        nh_value text = nh_string_of_latin1(MEMORY, nh_bytes_of(latin1, 1));
        bool legal = character == '\t' || (character >= 0x20 && character != 0x7F);
        ASSERT_TRUE(nh_http_is_field_value(nh_value_bytes(text)) == legal);
        refused += !legal;
        nh_value_release(&text);
    }
    ASSERT_INT_EQ(refused, 32);
    ASSERT_FALSE(nh_http_is_field_value(nh_bytes_of_text("\xC4\x80")));          /* U+0100 */
    ASSERT_FALSE(nh_http_is_field_value(nh_bytes_of_text("a\xF0\x9F\x98\x80"))); /* an emoji */
    ASSERT_TRUE(nh_http_is_field_value(nh_bytes_of("", 0)));
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

static void assert_error(nh_error *error, const char *code, const char *message) {
    ASSERT_STR_EQ(error == NULL ? NULL : nh_error_name(error), code == NULL ? NULL : "TypeError");
    ASSERT_STR_EQ(error == NULL ? NULL : nh_error_code(error), code);
    ASSERT_STR_EQ(error == NULL ? NULL : nh_error_message(error), message);
    nh_error_release(error);
}

static void errors_are_those_of_node(void) {
    nh_value name = string("a b");
    nh_value good = string("X-A");
    nh_value bad = string("a\nb");
    nh_value label = string("Trailer name");
    assert_error(nh_http_validate_header_name(MEMORY, name, nh_undefined()),
                 "ERR_INVALID_HTTP_TOKEN", "Header name must be a valid HTTP token [\"a b\"]");
    assert_error(nh_http_validate_header_name(MEMORY, name, label), "ERR_INVALID_HTTP_TOKEN",
                 "Trailer name must be a valid HTTP token [\"a b\"]");
    assert_error(nh_http_validate_header_name(MEMORY, nh_number(5), nh_undefined()),
                 "ERR_INVALID_HTTP_TOKEN", "Header name must be a valid HTTP token [\"5\"]");
    assert_error(nh_http_validate_header_name(MEMORY, good, nh_undefined()), NULL, NULL);
    assert_error(nh_http_validate_header_value(MEMORY, good, nh_undefined()),
                 "ERR_HTTP_INVALID_HEADER_VALUE", "Invalid value \"undefined\" for header \"X-A\"");
    assert_error(nh_http_validate_header_value(MEMORY, good, bad), "ERR_INVALID_CHAR",
                 "Invalid character in header content [\"X-A\"]");
    assert_error(nh_http_validate_header_value(MEMORY, good, nh_number(1)), NULL, NULL);
    assert_error(nh_http_validate_header_value(MEMORY, good, nh_null()), NULL, NULL);
    nh_value_release(&name);
    nh_value_release(&good);
    nh_value_release(&bad);
    nh_value_release(&label);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

/* --- received headers ----------------------------------------------------------------------- */

static void add(nh_header_block *block, const char *name, const char *value) {
    nh_header_line line = {.name = (uint32_t)block->length, .name_length = (uint32_t)strlen(name)};
    REQUIRE_TRUE(nh_header_block_append(MEMORY, block, nh_bytes_of_text(name)));
    line.value = (uint32_t)block->length;
    line.value_length = (uint32_t)strlen(value);
    REQUIRE_TRUE(nh_header_block_append(MEMORY, block, nh_bytes_of_text(value)));
    REQUIRE_TRUE(nh_header_block_add_line(MEMORY, block, line));
}

static void assert_inspected_take(nh_value value, const char *expected) {
    nh_value inspected = nh_value_inspect(MEMORY, value);
    ASSERT_STR_EQ(nh_value_text(inspected), expected);
    nh_value_release(&inspected);
    nh_value_release(&value);
}

static void repeated_fields_are_dropped_joined_or_collected(void) {
    nh_header_block block = {.bytes = NULL};
    add(&block, "X-A", "1");
    add(&block, "Cookie", "a=b");
    add(&block, "Set-Cookie", "q");
    add(&block, "HOST", "one");
    add(&block, "x-a", "");
    add(&block, "cookie", "c=d");
    add(&block, "host", "two");
    add(&block, "200", "\xE9");
    assert_inspected_take(nh_header_block_to_map(MEMORY, &block, 8, false),
                          "{\n  '200': '\xC3\xA9',\n  'x-a': '1, ',\n  cookie: 'a=b; c=d',\n"
                          "  'set-cookie': [ 'q' ],\n  host: 'one'\n}");
    nh_value joined = nh_header_block_to_map(MEMORY, &block, 8, true);
    ASSERT_STR_EQ(nh_value_text(nh_map_get(joined, "host")), "one, two");
    nh_value_release(&joined);
    assert_inspected_take(nh_header_block_to_map(MEMORY, &block, 1, false), "{ 'x-a': '1' }");
    nh_value distinct = nh_header_block_to_distinct_map(MEMORY, &block, 8);
    ASSERT_SIZE_EQ(nh_list_length(nh_map_get(distinct, "host")), 2);
    ASSERT_SIZE_EQ(nh_list_length(nh_map_get(distinct, "set-cookie")), 1);
    nh_value_release(&distinct);
    nh_value raw = nh_header_block_to_list(MEMORY, &block);
    ASSERT_SIZE_EQ(nh_list_length(raw), 16);
    ASSERT_STR_EQ(nh_value_text(nh_list_get(raw, 6)), "HOST");
    nh_value_release(&raw);
    nh_header_block_clear(MEMORY, &block);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

static void views_fail_cleanly_without_memory(void) {
    nh_header_block block = {.bytes = NULL};
    add(&block, "X-A", "1");
    add(&block, "x-a", "2");
    add(&block, "Set-Cookie", "3");
    for (size_t nth = 1;; nth++) {
        memory.refuse_at = memory.requests + nth;
        memory.refused = false;
        nh_value map = nh_header_block_to_map(MEMORY, &block, 3, false);
        bool refused = memory.refused;
        ASSERT_TRUE(refused == (map.type == NH_INVALID));
        nh_value_release(&map);
        memory.refuse_at = memory.requests + nth;
        map = nh_header_block_to_distinct_map(MEMORY, &block, 3);
        nh_value_release(&map);
        memory.refuse_at = 0;
        if (!refused) {
            break;
        }
    }
    nh_header_block_clear(MEMORY, &block);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

/* --- headers to be sent --------------------------------------------------------------------- */

static void set(nh_header_store *store, const char *name, const char *value) {
    nh_value name_value = string(name);
    nh_value text = string(value);
    ASSERT_TRUE(nh_header_store_set(MEMORY, store, name_value, text));
    nh_value_release(&name_value);
    nh_value_release(&text);
}

static void assert_store(const nh_header_store *store, const char *expected) {
    char text[256] = "";
    for (size_t i = 0; i < store->count; i++) {
        size_t length = strlen(text);
        (void)snprintf(text + length, sizeof(text) - length, "%s=%s;",
                       nh_value_text(store->entries[i].name),
                       nh_value_text(store->entries[i].value));
    }
    ASSERT_STR_EQ(text, expected);
}

static void set_headers_keep_their_place(void) {
    nh_header_store store = {.entries = NULL};
    set(&store, "Zeta", "1");
    set(&store, "10", "2");
    set(&store, "mid", "3");
    set(&store, "2", "4");
    set(&store, "zeta", "5");
    set(&store, "01", "6");
    assert_store(&store, "2=4;10=2;zeta=5;mid=3;01=6;");
    ASSERT_TRUE(nh_header_store_remove(&store, nh_bytes_of_text("ZETA")));
    ASSERT_FALSE(nh_header_store_remove(&store, nh_bytes_of_text("zeta")));
    set(&store, "Zeta", "7");
    assert_store(&store, "2=4;10=2;mid=3;01=6;Zeta=7;");
    ASSERT_NOT_NULL(nh_header_store_find(&store, nh_bytes_of_text("MID")));
    ASSERT_NULL(nh_header_store_find(&store, nh_bytes_of_text("mi")));
    nh_header_store_clear(MEMORY, &store);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

static void lists_of_the_module(void) {
    nh_value methods = nh_http_methods(MEMORY);
    ASSERT_SIZE_EQ(nh_list_length(methods), 35);
    ASSERT_STR_EQ(nh_value_text(nh_list_get(methods, 0)), "ACL");
    ASSERT_STR_EQ(nh_value_text(nh_list_get(methods, 10)), "M-SEARCH");
    ASSERT_STR_EQ(nh_value_text(nh_list_get(methods, 34)), "UNSUBSCRIBE");
    nh_value_release(&methods);
    nh_value codes = nh_http_status_codes(MEMORY);
    ASSERT_SIZE_EQ(nh_map_length(codes), 63);
    ASSERT_STR_EQ(nh_value_text(nh_map_get(codes, "418")), "I'm a Teapot");
    nh_value_release(&codes);
    ASSERT_STR_EQ(nh_http_status_text(404), "Not Found");
    ASSERT_NULL(nh_http_status_text(299));
    ASSERT_SIZE_EQ(nh_http_max_header_size(), 16384);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(names_are_tokens),
        UNIT_CASE(values_have_no_controls),
        UNIT_CASE(errors_are_those_of_node),
        UNIT_CASE(repeated_fields_are_dropped_joined_or_collected),
        UNIT_CASE(views_fail_cleanly_without_memory),
        UNIT_CASE(set_headers_keep_their_place),
        UNIT_CASE(lists_of_the_module),
    };
    memory = test_memory_make();
    return UNIT_RUN("header", cases, argc, argv);
}
