/* Streams whose operations are function values: new Duplex({read, write, ...}). Each operation that
 * completes gets a callback; the callback of one operation is not that of another. */
#include "stream/sides.h"

typedef void (*completion)(nh_stream *stream, nh_error *error);

/* A callback handed to a function. */
typedef struct handed_callback {
    nh_stream *stream; /* retained */
    completion complete;
} handed_callback;

static nh_memory *memory_of(const nh_stream *stream) {
    return nh_object_memory(&stream->emitter);
}

static void release_handed(void *data) {
    handed_callback *handed = data;
    nh_stream *stream = handed->stream;

    nh_memory_free(memory_of(stream), handed);
    nh_emitter_release(&stream->emitter);
}

/* A falsy argument is success; what is no Error becomes one. */
static void call_handed(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    const handed_callback *handed = data;
    nh_stream *stream = handed->stream;
    nh_error *error = NULL;

    (void)out_result;
    nh_emitter_retain(&stream->emitter);
    if (count > 0 && arguments[0].type == NH_ERROR) {
        error = nh_error_retain(arguments[0].as.error);
    } else if (count > 0 && nh_value_is_truthy(arguments[0])) {
        error = nh_error_new_of_string_take(memory_of(stream), "Error", NULL,
                                            nh_value_to_string(memory_of(stream), arguments[0]));
    }
    handed->complete(stream, error);
    nh_error_release(error);
    nh_emitter_release(&stream->emitter);
}

static nh_value new_callback(nh_stream *stream, completion complete) {
    handed_callback *handed = nh_memory_allocate(memory_of(stream), sizeof(*handed));
    nh_value callback = {.type = NH_INVALID};

    if (handed != NULL) {
        *handed = (handed_callback){.stream = stream, .complete = complete};
        callback =
            nh_function_new(memory_of(stream), "callback", call_handed, handed, release_handed);
    }
    if (callback.type == NH_INVALID) {
        nh_memory_free(memory_of(stream), handed);
    } else {
        nh_emitter_retain(&stream->emitter);
    }
    return callback;
}

/* --- the operations ----------------------------------------------------------------------- */

/* What operations need besides the functions. */
typedef struct function_set {
    nh_stream_operations operations; /* has to stay first: those that the map has */
    nh_memory *memory;
    nh_value functions;
} function_set;

static nh_value function_of(const nh_stream *stream, const char *name) {
    const function_set *set = stream->data;

    return nh_map_get(set->functions, name);
}

/* Calls the function with `count` arguments, of which the last is to be the callback, and is
 * filled in here. Arguments are consumed. */
static void call_take(nh_stream *stream, const char *name, completion complete, nh_value *arguments,
                      size_t count) {
    bool complete_arguments = true;

    arguments[count - 1] = new_callback(stream, complete);
    for (size_t i = 0; i < count; i++) {
        complete_arguments = complete_arguments && arguments[i].type != NH_INVALID;
    }
    if (complete_arguments) {
        nh_function_invoke(function_of(stream, name), arguments, count, NULL);
    } else {
        complete(stream, nh_error_out_of_memory());
    }
    for (size_t i = 0; i < count; i++) {
        nh_value_release(&arguments[i]);
    }
}

static nh_value encoding_value(const nh_stream *stream, const char *encoding) {
    return encoding == NULL ? nh_undefined() : nh_string_of(memory_of(stream), encoding);
}

static void construct(nh_stream *stream, void *data) {
    nh_value arguments[1];

    (void)data;
    call_take(stream, "construct", nh_stream_construct_done, arguments, 1);
}

static void read(nh_stream *stream, size_t size, void *data) {
    nh_value argument = nh_number((double)size);

    (void)data;
    nh_function_invoke(function_of(stream, "read"), &argument, 1, NULL);
}

static void write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    nh_value arguments[3] = {nh_value_retain(chunk.chunk), encoding_value(stream, chunk.encoding)};

    (void)data;
    call_take(stream, "write", nh_stream_write_done, arguments, 3);
}

static nh_value list_of_chunks(nh_stream *stream, const nh_stream_chunk *chunks, size_t count) {
    nh_value list = nh_list_new(memory_of(stream));
    bool complete = true;

    for (size_t i = 0; i < count && complete; i++) {
        nh_value entry = nh_map_new(memory_of(stream));
        complete = nh_map_set(entry, "chunk", chunks[i].chunk) &&
                   nh_map_set_take(entry, "encoding", encoding_value(stream, chunks[i].encoding));
        complete = nh_list_append_take(list, entry) && complete;
    }
    if (!complete) {
        nh_value_release(&list);
        return (nh_value){.type = NH_INVALID};
    }
    return list;
}

static void writev(nh_stream *stream, const nh_stream_chunk *chunks, size_t count, void *data) {
    nh_value arguments[2] = {list_of_chunks(stream, chunks, count)};

    (void)data;
    call_take(stream, "writev", nh_stream_write_done, arguments, 2);
}

static void final(nh_stream *stream, void *data) {
    nh_value arguments[1];

    (void)data;
    call_take(stream, "final", nh_stream_final_done, arguments, 1);
}

static void destroy(nh_stream *stream, nh_error *error, void *data) {
    nh_value arguments[2] = {error != NULL ? nh_value_of_error(error) : nh_null()};

    (void)data;
    call_take(stream, "destroy", nh_stream_destroy_done, arguments, 2);
}

static void release(void *data) {
    function_set *set = data;

    nh_value_release(&set->functions);
    nh_memory_free(set->memory, set);
}

static bool has(nh_value functions, const char *name) {
    return nh_map_get(functions, name).type == NH_FUNCTION;
}

static function_set *new_set(nh_memory *memory, nh_value functions) {
    function_set *set = nh_memory_allocate_zeroed(memory, 1, sizeof(*set));

    if (set != NULL) {
        set->memory = memory;
        set->functions = nh_value_retain(functions);
        set->operations = (nh_stream_operations){
            .construct = has(functions, "construct") ? construct : NULL,
            .read = has(functions, "read") ? read : NULL,
            .write = has(functions, "write") ? write : NULL,
            .writev = has(functions, "writev") ? writev : NULL,
            .final = has(functions, "final") ? final : NULL,
            .destroy = has(functions, "destroy") ? destroy : NULL,
            .release = release,
        };
    }
    return set;
}

nh_stream *nh_stream_new_of_functions(nh_loop *loop, const nh_stream_options *options,
                                      nh_value functions) {
    function_set *set = new_set(nh_loop_memory(loop), functions);
    nh_stream *stream = NULL;

    if (set == NULL) {
        return NULL;
    }
    if (options != NULL && !options->writable) {
        stream = nh_readable_new(loop, options, &set->operations, set);
    } else if (options != NULL && !options->readable) {
        stream = nh_writable_new(loop, options, &set->operations, set);
    } else {
        stream = nh_duplex_new(loop, options, &set->operations, set);
    }
    if (stream == NULL) {
        release(set);
    }
    return stream;
}
