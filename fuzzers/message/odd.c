#include "message/odd.h"

#include <math.h>

static void do_nothing(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)data;
    (void)out_result;
}

static nh_value list_of(nh_memory *memory, nh_value element) {
    nh_value list = nh_list_new(memory);
    if (!nh_list_append_take(list, element)) {
        nh_value_release(&list);
        return (nh_value){.type = NH_INVALID};
    }
    return list;
}

nh_value fuzz_odd_value(nh_memory *memory, enum fuzz_odd kind) {
    switch (kind) {
    case FUZZ_ODD_UNDEFINED:
        break;
    case FUZZ_ODD_NULL:
        return nh_null();
    case FUZZ_ODD_TRUE:
        return nh_boolean(true);
    case FUZZ_ODD_FALSE:
        return nh_boolean(false);
    case FUZZ_ODD_NUMBER:
        return nh_number(1.5);
    case FUZZ_ODD_NAN:
        return nh_number((double)NAN);
    case FUZZ_ODD_INFINITY:
        return nh_number((double)INFINITY);
    case FUZZ_ODD_BIGINT:
        return nh_bigint_new(memory, "200", 3);
    case FUZZ_ODD_SYMBOL:
        return nh_symbol_new(memory, "s", 1);
    case FUZZ_ODD_SYMBOLS:
        return list_of(memory, list_of(memory, nh_symbol_new(memory, "s", 1)));
    case FUZZ_ODD_EMPTY_LIST:
        return nh_list_new(memory);
    case FUZZ_ODD_LIST:
        return list_of(memory, list_of(memory, nh_null()));
    case FUZZ_ODD_MAP:
        return nh_map_new(memory);
    case FUZZ_ODD_BUFFER:
        return nh_buffer_of(memory, nh_bytes_of_text("bytes"));
    case FUZZ_ODD_FUNCTION:
        return nh_function_new(memory, "", do_nothing, NULL, NULL);
    case FUZZ_ODD_TEXT:
        return nh_string_of(memory, "text");
    }
    return nh_undefined();
}

const char *fuzz_odd_as_text(enum fuzz_odd kind) {
    return kind == FUZZ_ODD_SYMBOL || kind == FUZZ_ODD_SYMBOLS ? "" : NULL;
}
