#include "parser/views.h"

#include "support/check.h"

/* Lines that have a property: assigning to `__proto__` adds none in JavaScript. */
static size_t lines_with_property(const nh_header_block *fields, size_t shown) {
    size_t count = 0;
    for (size_t i = 0; i < shown; i++) {
        nh_bytes name = nh_header_block_name(fields, i);
        count += nh_bytes_equal_text_ignoring_case(name, "__proto__") ? 0 : 1;
    }
    return count;
}

void parser_views_check(nh_memory *memory, const nh_header_block *fields, size_t shown, bool join) {
    size_t count = nh_header_block_count(fields);
    nh_value list = nh_header_block_to_list(memory, fields);
    nh_value map = nh_header_block_to_map(memory, fields, shown, join);
    nh_value distinct = nh_header_block_to_distinct_map(memory, fields, shown);
    FUZZ_CHECK(list.type == NH_LIST && map.type == NH_MAP && distinct.type == NH_MAP,
               "a view could not be built");
    FUZZ_CHECK(nh_list_length(list) == 2 * count, "%zu elements in rawHeaders of %zu lines",
               nh_list_length(list), count);
    size_t values = 0;
    for (size_t i = 0; i < nh_map_length(distinct); i++) {
        nh_value all = nh_map_value_at(distinct, i);
        FUZZ_CHECK(all.type == NH_LIST && nh_list_length(all) > 0,
                   "a name without values in headersDistinct");
        values += nh_list_length(all);
        nh_bytes key = nh_map_key_at(distinct, i);
        nh_value one = nh_map_get_bytes(map, key);
        FUZZ_CHECK(one.type != NH_UNDEFINED, "\"%.*s\" is missing in headers", (int)key.length,
                   (const char *)key.data);
        FUZZ_CHECK((one.type == NH_LIST) == nh_bytes_equal_text(key, "set-cookie"),
                   "\"%.*s\" is of the wrong type in headers", (int)key.length,
                   (const char *)key.data);
    }
    FUZZ_CHECK(nh_map_length(map) == nh_map_length(distinct),
               "%zu names in headers, %zu in headersDistinct", nh_map_length(map),
               nh_map_length(distinct));
    FUZZ_CHECK(values == lines_with_property(fields, shown),
               "%zu values in headersDistinct of %zu lines", values, shown);
    nh_value_release(&list);
    nh_value_release(&map);
    nh_value_release(&distinct);
}
