/* The streams of a case, whose operations write themselves into the log. */
#include "order_internal.h"

#include <string.h>

typedef void (*completion)(nh_stream *stream, nh_error *error);

static const completion completions[] = {nh_stream_write_done, nh_stream_final_done,
                                         nh_stream_destroy_done, nh_stream_construct_done,
                                         nh_stream_write_done};

enum { WRITE, FINAL, DESTROY, CONSTRUCT, TARGET_WRITE, WITH_ERROR = 8 };

static void complete(struct run *run, long which) {
    nh_error *error = NULL;

    if ((which & WITH_ERROR) != 0) {
        error = which == (DESTROY | WITH_ERROR) ? nh_error_retain(run->destroy_error)
                                                : nh_error_new(run->memory, "Error", NULL, "op");
    }
    completions[which & 7]((which & 7) == TARGET_WRITE ? run->target : run->stream, error);
    nh_error_release(error);
}

static void complete_by(struct run *run, char how, long which) {
    long with_error = which | WITH_ERROR;

    if (how == 's' || how == 'E') {
        complete(run, how == 'E' ? with_error : which);
    } else if (how == 'e') {
        order_put_off(run, 't', 0, complete, with_error);
    } else if (how != '-') {
        order_put_off(run, how, 0, complete, which);
    }
}

static void on_write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    struct run *run = data;
    char room[64];

    (void)stream;
    order_note(run, "_w(%s)", order_text_of(chunk.chunk, room, sizeof(room)));
    complete_by(run, run->write, WRITE);
}

static void on_target_write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    struct run *run = data;
    char room[64];

    (void)stream;
    order_note(run, "T_w(%s)", order_text_of(chunk.chunk, room, sizeof(room)));
    complete_by(run, run->target_write, TARGET_WRITE);
}

static void on_writev(nh_stream *stream, const nh_stream_chunk *chunks, size_t count, void *data) {
    struct run *run = data;
    char all[200] = "";

    (void)stream;
    for (size_t i = 0; i < count; i++) {
        char room[64];
        strncat(all, i > 0 ? "," : "", sizeof(all) - strlen(all) - 1);
        strncat(all, order_text_of(chunks[i].chunk, room, sizeof(room)),
                sizeof(all) - strlen(all) - 1);
    }
    order_note(run, "_v(%s)", all);
    complete_by(run, run->writev, WRITE);
}

static void on_final(nh_stream *stream, void *data) {
    struct run *run = data;

    (void)stream;
    order_note(run, "_f");
    complete_by(run, run->final, FINAL);
}

static void on_destroy(nh_stream *stream, nh_error *error, void *data) {
    struct run *run = data;

    (void)stream;
    order_note(run, "_d(%s)", order_error_name(error));
    run->destroy_error = error != NULL ? nh_error_retain(error) : NULL;
    complete_by(run, run->destroy, error != NULL ? DESTROY | WITH_ERROR : DESTROY);
}

static void on_construct(nh_stream *stream, void *data) {
    struct run *run = data;

    (void)stream;
    order_note(run, "_c");
    complete_by(run, run->construct, CONSTRUCT);
}

void order_push(struct run *run, const char *text, bool *out_more) {
    nh_value chunk = nh_string_of(run->memory, text);
    bool more = nh_readable_push(run->stream, chunk, nh_undefined());

    nh_value_release(&chunk);
    if (out_more != NULL) {
        *out_more = more;
    }
}

static void answer_read(struct run *run, long argument) {
    (void)argument;
    if (run->left-- > 0) {
        order_push(run, "ab", NULL);
    } else {
        nh_readable_push(run->stream, nh_null(), nh_undefined());
    }
}

static void on_read(nh_stream *stream, size_t size, void *data) {
    struct run *run = data;

    (void)stream;
    order_note(run, "_r%zu", size);
    if (run->read == 'E') {
        nh_error *error = nh_error_new(run->memory, "Error", NULL, "op");
        nh_loop_throw(run->loop, error);
        nh_error_release(error);
    } else if (run->read == 's') {
        answer_read(run, 0);
    } else if (run->read != 'n') {
        order_put_off(run, run->read, 0, answer_read, 0);
    }
}

static void set_up_stream(struct run *run, const nh_stream_options *options) {
    run->operations = (nh_stream_operations){
        .construct = run->construct != 0 ? on_construct : NULL,
        .read = run->read != 0 ? on_read : NULL,
        .write = run->write != 0 ? on_write : NULL,
        .writev = run->writev != 0 ? on_writev : NULL,
        .final = run->final != 0 ? on_final : NULL,
        .destroy = run->destroy != 0 ? on_destroy : NULL,
    };
    if (run->kind == 'r') {
        run->stream = nh_readable_new(run->loop, options, &run->operations, run);
    } else if (run->kind == 'w') {
        run->stream = nh_writable_new(run->loop, options, &run->operations, run);
    } else {
        run->stream = nh_duplex_new(run->loop, options, &run->operations, run);
    }
}

bool order_make_streams(struct run *run, const nh_stream_options *options) {
    static const nh_stream_operations target_operations = {.write = on_target_write};
    nh_stream_options target_options;

    nh_stream_options_init(&target_options);
    target_options.high_water_mark = run->target_mark;
    set_up_stream(run, options);
    run->target = nh_writable_new(run->loop, &target_options, &target_operations, run);
    return run->stream != NULL && run->target != NULL;
}
