/* Small values that every exchange on a loop uses. */
#include "http/constants_internal.h"

static const char key;

static void release_constants(nh_loop_resource *resource) {
    nh_http_constants *constants = (nh_http_constants *)(void *)resource;
    nh_value_release(&constants->latin1);
    nh_value_release(&constants->ascii);
    nh_value_release(&constants->nothing);
    nh_value_release(&constants->line_end);
    nh_memory_free(constants->memory, constants);
}

static const nh_http_constants *make(nh_loop *loop) {
    nh_memory *memory = nh_loop_memory(loop);
    nh_http_constants *constants = nh_memory_allocate_zeroed(memory, 1, sizeof(*constants));
    if (constants == NULL) {
        return NULL;
    }
    *constants = (nh_http_constants){
        .resource = {.key = &key, .release = release_constants},
        .memory = memory,
        .latin1 = nh_string_of(memory, "latin1"),
        .ascii = nh_string_of(memory, "ascii"),
        .nothing = nh_string_new(memory, "", 0),
        .line_end = nh_buffer_of(memory, nh_bytes_of("\r\n", 2)),
    };
    if (constants->latin1.type == NH_INVALID || constants->ascii.type == NH_INVALID ||
        constants->nothing.type == NH_INVALID || constants->line_end.type == NH_INVALID) {
        release_constants(&constants->resource);
        return NULL;
    }
    nh_loop_add_resource(loop, &constants->resource);
    return constants;
}

const nh_http_constants *nh_http_constants_of(nh_loop *loop) {
    nh_loop_resource *found = nh_loop_find_resource(loop, &key);
    return found != NULL ? (const nh_http_constants *)(void *)found : make(loop);
}
