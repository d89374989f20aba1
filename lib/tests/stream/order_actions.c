/* What the letters of a case do. */
#include "order_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct callback {
    struct run *run;
    int number;
};

static void call_callback(const nh_value *arguments, size_t count, void *data,
                          nh_value *out_result) {
    const struct callback *callback = data;

    (void)out_result;
    order_note(callback->run, "cb%d(%s)", callback->number,
               order_value_name(count > 0 ? arguments[0] : nh_undefined()));
}

static nh_value new_callback(struct run *run, int number) {
    struct callback *callback = malloc(sizeof(*callback));
    *callback = (struct callback){run, number};
    nh_value function = nh_function_new(run->memory, "", call_callback, callback, free);

    if (function.type == NH_INVALID) {
        free(callback);
        return nh_undefined();
    }
    return function;
}

static const char *boolean_name(bool boolean) {
    return boolean ? "true" : "false";
}

static void act_write(struct run *run, int number, const char *text, bool with_callback) {
    nh_value chunk = nh_string_of(run->memory, text);
    nh_value callback = with_callback ? new_callback(run, number) : nh_undefined();
    bool more = false;

    nh_error_release(nh_writable_write(run->stream, chunk, nh_undefined(), callback, &more));
    order_note(run, "w%d=%s", number, boolean_name(more));
    nh_value_release(&chunk);
    nh_value_release(&callback);
}

static void act_end(struct run *run, int number, char what) {
    nh_value chunk = what == 'E' ? nh_string_of(run->memory, "z") : nh_undefined();
    nh_value callback = what == 'v' ? nh_undefined() : new_callback(run, number);

    nh_error_release(nh_writable_end(run->stream, chunk, nh_undefined(), callback));
    nh_value_release(&chunk);
    nh_value_release(&callback);
}

static void act_push(struct run *run, int number, const char *text) {
    bool more = false;

    if (text == NULL) {
        more = nh_readable_push(run->stream, nh_null(), nh_undefined());
    } else {
        order_push(run, text, &more);
    }
    order_note(run, "p%d=%s", number, boolean_name(more));
}

static void act_read(struct run *run, int number, char what) {
    nh_value chunk = what == 'r' ? nh_readable_read(run->stream)
                                 : nh_readable_read_size(run->stream, what - '0');
    char room[64];

    order_note(run, "r%d=%s", number, order_text_of(chunk, room, sizeof(room)));
    nh_value_release(&chunk);
}

static void act_unshift(struct run *run) {
    nh_value chunk = nh_string_of(run->memory, "U");

    nh_readable_unshift(run->stream, chunk, nh_undefined());
    nh_value_release(&chunk);
}

static void act_destroy(struct run *run, bool with_error) {
    nh_error *error = with_error ? nh_error_new(run->memory, "Error", NULL, "user") : NULL;

    nh_stream_destroy(run->stream, error);
    nh_error_release(error);
}

static void act_state(struct run *run) {
    nh_stream *stream = run->stream;
    char readable[64] = "";
    char writable[64] = "";
    nh_value flowing = nh_readable_flowing(stream);

    if (run->kind != 'w') {
        const char *flows = flowing.type == NH_NULL ? "-" : flowing.as.boolean ? "1" : "0";
        (void)snprintf(readable, sizeof(readable), " r%d%s%d%d%d%d%zu",
                       nh_readable_is_readable(stream), flows, nh_readable_is_ended(stream),
                       nh_readable_did_read(stream), nh_readable_is_aborted(stream),
                       nh_readable_is_paused(stream), nh_readable_length(stream));
    }
    if (run->kind != 'r') {
        (void)snprintf(writable, sizeof(writable), " w%d%d%d%d%d%zu,%zu",
                       nh_writable_is_writable(stream), nh_writable_is_ended(stream),
                       nh_writable_is_finished(stream), nh_writable_needs_drain(stream),
                       nh_writable_is_aborted(stream), nh_writable_length(stream),
                       nh_writable_corked(stream));
    }
    order_note(run, "[%d%d%s%s%s]", nh_stream_is_destroyed(stream), nh_stream_is_closed(stream),
               order_error_name(nh_stream_errored(stream)), readable, writable);
}

/* What is done with T; false for other actions. */
static bool act_target(struct run *run, int number, char what) {
    nh_emitter *target = nh_as_emitter(run->target);
    nh_emitter *both[2] = {nh_as_emitter(run->stream), target};
    nh_value callback = nh_undefined();
    nh_error *error = NULL;

    if (strchr("|fg", what) != NULL) {
        callback = new_callback(run, number);
    }
    switch (what) {
    case '>':
    case '}':
        error = nh_readable_pipe(run->stream, target, what == '>');
        break;
    case '<':
        nh_readable_unpipe(run->stream, target);
        break;
    case '|':
        error = nh_stream_pipeline(both, 2, callback);
        if (error != NULL) {
            order_note(run, "throws(%s)", order_error_name(error));
        }
        break;
    case 'f':
    case 'g':
        error = nh_stream_finished(both[what == 'g'], NULL, callback, NULL);
        break;
    case 'h':
        error = nh_writable_end(run->target, nh_undefined(), nh_undefined(), nh_undefined());
        break;
    case 'y':
        nh_stream_destroy(run->target, NULL);
        break;
    case 'Y':
        error = nh_error_new(run->memory, "Error", NULL, "target");
        nh_stream_destroy(run->target, error);
        break;
    default:
        return false;
    }
    nh_error_release(error);
    nh_value_release(&callback);
    return true;
}

void order_act(struct run *run, long what) {
    int number = ++run->calls;
    char character = (char)what;

    if ((run->kind == 'w' && strchr("pPznr02amdDlLk<>}|", character) != NULL) ||
        (run->kind == 'r' && strchr("wqWeEvcu", character) != NULL)) {
        return;
    }
    if (act_target(run, number, character)) {
        return;
    }
    switch (character) {
    case 'w':
    case 'q':
        act_write(run, number, "xy", character == 'w');
        break;
    case 'W':
        act_write(run, number, "0123456789", true);
        break;
    case 'e':
    case 'E':
    case 'v':
        act_end(run, number, character);
        break;
    case 'c':
        nh_writable_cork(run->stream);
        break;
    case 'u':
        nh_writable_uncork(run->stream);
        break;
    case 'p':
        act_push(run, number, "abc");
        break;
    case 'P':
        act_push(run, number, "0123456789");
        break;
    case 'z':
        act_push(run, number, NULL);
        break;
    case 'n':
        act_unshift(run);
        break;
    case 'r':
    case '0':
    case '2':
        act_read(run, number, character);
        break;
    case 'a':
        nh_readable_pause(run->stream);
        break;
    case 'm':
        nh_readable_resume(run->stream);
        break;
    case 'x':
    case 'X':
        act_destroy(run, character == 'X');
        break;
    case 's':
        act_state(run);
        break;
    default:
        order_change_listeners(run, what);
        break;
    }
}

void order_fire(struct run *run, const char *event) {
    bool due[MOST_ACTIONS] = {false};

    for (size_t i = 0; i < run->count; i++) {
        due[i] = run->actions[i].waiting && strcmp(run->actions[i].event, event) == 0;
        run->actions[i].waiting = run->actions[i].waiting && !due[i];
    }
    for (size_t i = 0; i < run->count; i++) {
        if (due[i]) {
            order_act(run, (unsigned char)run->actions[i].what);
        }
    }
}
