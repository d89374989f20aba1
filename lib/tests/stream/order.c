#include "order.h"

#include <nodehttp/simulator.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ACTIONS 64
#define LAST_TICK 5
#define LAST_IMMEDIATE 4

struct action {
    char event[16]; /* empty: not inside an event */
    char when;
    char what;
    bool waiting; /* for its event */
};

struct run {
    nh_loop *loop;
    nh_memory *memory;
    nh_stream *stream;
    nh_stream *target;
    size_t target_mark;
    char target_write;
    char *log;
    size_t size;
    size_t length;
    char kind;
    char write, writev, final, destroy, construct, read;
    nh_error *destroy_error; /* what the destroy operation was given */
    int left;
    int calls;
    int tick, immediate;
    bool closed; /* the log is complete */
    struct action actions[MOST_ACTIONS];
    size_t count;
    nh_stream_operations operations;
};

static void note(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct run *run, const char *format, ...) {
    char word[256];
    va_list arguments;

    if (run->closed) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(word, sizeof(word), format, arguments);
    va_end(arguments);
    int written = snprintf(run->log + run->length, run->size - run->length, "%s%s",
                           run->length > 0 ? " " : "", word);
    if (written > 0 && (size_t)written < run->size - run->length) {
        run->length += (size_t)written;
    }
}

static const char *error_name(const nh_error *error) {
    if (error == NULL) {
        return "ok";
    }
    return nh_error_code(error) != NULL ? nh_error_code(error) : nh_error_message(error);
}

static const char *value_name(nh_value value) {
    return value.type == NH_ERROR ? error_name(value.as.error) : "ok";
}

static const char *text_of(nh_value chunk, char *room, size_t size) {
    nh_bytes bytes = nh_value_bytes(chunk);

    if (chunk.type == NH_NULL) {
        return "null";
    }
    (void)snprintf(room, size, "%.*s", (int)bytes.length, (const char *)bytes.data);
    return room;
}

/* --- work for later ----------------------------------------------------------------------- */

struct deferred {
    struct run *run;
    void (*work)(struct run *run, long argument);
    long argument;
    int depth; /* how often it is to be put off once more */
    bool immediate;
};

static bool put_off(struct run *run, char how, int depth, void (*work)(struct run *, long),
                    long argument);

static void call_deferred(const nh_value *arguments, size_t count, void *data,
                          nh_value *out_result) {
    struct deferred *deferred = data;

    (void)arguments;
    (void)count;
    (void)out_result;
    if (deferred->depth > 0) {
        put_off(deferred->run, deferred->immediate ? 'i' : 't', deferred->depth - 1, deferred->work,
                deferred->argument);
    } else {
        deferred->work(deferred->run, deferred->argument);
    }
}

static bool put_off(struct run *run, char how, int depth, void (*work)(struct run *, long),
                    long argument) {
    struct deferred *deferred = malloc(sizeof(*deferred));
    *deferred = (struct deferred){run, work, argument, depth, how == 'i'};
    nh_value function = nh_function_new(run->memory, "", call_deferred, deferred, free);
    bool queued = false;

    if (function.type == NH_INVALID) {
        free(deferred);
        return false;
    }
    if (how == 'i') {
        queued = nh_loop_set_immediate(run->loop, function) != 0;
    } else if (how == 'm') {
        queued = nh_loop_queue_microtask(run->loop, function);
    } else {
        queued = nh_loop_next_tick(run->loop, function);
    }
    nh_value_release(&function);
    return queued;
}

/* --- the operations ----------------------------------------------------------------------- */

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
        put_off(run, 't', 0, complete, with_error);
    } else if (how != '-') {
        put_off(run, how, 0, complete, which);
    }
}

static void on_write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    struct run *run = data;
    char room[64];

    (void)stream;
    note(run, "_w(%s)", text_of(chunk.chunk, room, sizeof(room)));
    complete_by(run, run->write, WRITE);
}

static void on_target_write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    struct run *run = data;
    char room[64];

    (void)stream;
    note(run, "T_w(%s)", text_of(chunk.chunk, room, sizeof(room)));
    complete_by(run, run->target_write, TARGET_WRITE);
}

static void on_writev(nh_stream *stream, const nh_stream_chunk *chunks, size_t count, void *data) {
    struct run *run = data;
    char all[200] = "";

    (void)stream;
    for (size_t i = 0; i < count; i++) {
        char room[64];
        strncat(all, i > 0 ? "," : "", sizeof(all) - strlen(all) - 1);
        strncat(all, text_of(chunks[i].chunk, room, sizeof(room)), sizeof(all) - strlen(all) - 1);
    }
    note(run, "_v(%s)", all);
    complete_by(run, run->writev, WRITE);
}

static void on_final(nh_stream *stream, void *data) {
    struct run *run = data;

    (void)stream;
    note(run, "_f");
    complete_by(run, run->final, FINAL);
}

static void on_destroy(nh_stream *stream, nh_error *error, void *data) {
    struct run *run = data;

    (void)stream;
    note(run, "_d(%s)", error_name(error));
    run->destroy_error = error != NULL ? nh_error_retain(error) : NULL;
    complete_by(run, run->destroy, error != NULL ? DESTROY | WITH_ERROR : DESTROY);
}

static void on_construct(nh_stream *stream, void *data) {
    struct run *run = data;

    (void)stream;
    note(run, "_c");
    complete_by(run, run->construct, CONSTRUCT);
}

static void push_text(struct run *run, const char *text, bool *out_more) {
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
        push_text(run, "ab", NULL);
    } else {
        nh_readable_push(run->stream, nh_null(), nh_undefined());
    }
}

static void on_read(nh_stream *stream, size_t size, void *data) {
    struct run *run = data;

    (void)stream;
    note(run, "_r%zu", size);
    if (run->read == 'E') {
        nh_error *error = nh_error_new(run->memory, "Error", NULL, "op");
        nh_loop_throw(run->loop, error);
        nh_error_release(error);
    } else if (run->read == 's') {
        answer_read(run, 0);
    } else if (run->read != 'n') {
        put_off(run, run->read, 0, answer_read, 0);
    }
}

/* --- listeners ---------------------------------------------------------------------------- */

static void act(struct run *run, long what);

static void fire(struct run *run, const char *event) {
    bool due[MOST_ACTIONS] = {false};

    for (size_t i = 0; i < run->count; i++) {
        due[i] = run->actions[i].waiting && strcmp(run->actions[i].event, event) == 0;
        run->actions[i].waiting = run->actions[i].waiting && !due[i];
    }
    for (size_t i = 0; i < run->count; i++) {
        if (due[i]) {
            act(run, (unsigned char)run->actions[i].what);
        }
    }
}

static const char *const events[] = {"end",       "close", "error", "finish",
                                     "prefinish", "drain", "pause", "resume"};

static void on_event(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data,
                     const char *event) {
    struct run *run = data;

    (void)emitter;
    if (strcmp(event, "error") == 0) {
        note(run, "error(%s)", value_name(count > 0 ? arguments[0] : nh_undefined()));
    } else {
        note(run, "%s", event);
    }
    fire(run, event);
}

#define EVENT_LISTENER(index)                                                                      \
    static void on_event_##index(nh_emitter *emitter, const nh_value *arguments, size_t count,     \
                                 void *data) {                                                     \
        on_event(emitter, arguments, count, data, events[index]);                                  \
    }
EVENT_LISTENER(0)
EVENT_LISTENER(1)
EVENT_LISTENER(2)
EVENT_LISTENER(3)
EVENT_LISTENER(4)
EVENT_LISTENER(5)
EVENT_LISTENER(6)
EVENT_LISTENER(7)

static const struct {
    const char *event;
    const char *name;
} target_events[] = {
    {"pipe", "T.pipe"},     {"unpipe", "T.unpipe"}, {"drain", "T.drain"},
    {"finish", "T.finish"}, {"close", "T.close"},   {"error", "T.error"},
};

#define TARGET_LISTENER(index)                                                                     \
    static void on_target_##index(nh_emitter *emitter, const nh_value *arguments, size_t count,    \
                                  void *data) {                                                    \
        struct run *run = data;                                                                    \
        (void)emitter;                                                                             \
        if (index == 5) {                                                                          \
            note(run, "T.error(%s)", value_name(count > 0 ? arguments[0] : nh_undefined()));       \
        } else {                                                                                   \
            note(run, "%s", target_events[index].name);                                            \
        }                                                                                          \
        fire(run, target_events[index].name);                                                      \
    }
TARGET_LISTENER(0)
TARGET_LISTENER(1)
TARGET_LISTENER(2)
TARGET_LISTENER(3)
TARGET_LISTENER(4)
TARGET_LISTENER(5)

static const nh_listener target_listeners[] = {on_target_0, on_target_1, on_target_2,
                                               on_target_3, on_target_4, on_target_5};

static const nh_listener event_listeners[] = {on_event_0, on_event_1, on_event_2, on_event_3,
                                              on_event_4, on_event_5, on_event_6, on_event_7};

static void on_data(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct run *run = data;
    char room[64];

    (void)emitter;
    note(run, "data(%s)", count > 0 ? text_of(arguments[0], room, sizeof(room)) : "");
    fire(run, "data");
}

static void on_readable(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct run *run = data;

    (void)emitter;
    (void)arguments;
    (void)count;
    note(run, "readable");
    fire(run, "readable");
}

static void on_readable_read(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    struct run *run = data;
    bool more = true;

    (void)emitter;
    (void)arguments;
    (void)count;
    note(run, "readable");
    while (more) {
        char room[64];
        nh_value chunk = nh_readable_read(run->stream);
        more = chunk.type != NH_NULL;
        if (more) {
            note(run, "read(%s)", text_of(chunk, room, sizeof(room)));
        }
        nh_value_release(&chunk);
    }
    note(run, "drained");
    fire(run, "readable");
}

/* --- actions ------------------------------------------------------------------------------ */

struct callback {
    struct run *run;
    int number;
};

static void call_callback(const nh_value *arguments, size_t count, void *data,
                          nh_value *out_result) {
    const struct callback *callback = data;

    (void)out_result;
    note(callback->run, "cb%d(%s)", callback->number,
         value_name(count > 0 ? arguments[0] : nh_undefined()));
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
    note(run, "w%d=%s", number, boolean_name(more));
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
        push_text(run, text, &more);
    }
    note(run, "p%d=%s", number, boolean_name(more));
}

static void act_read(struct run *run, int number, char what) {
    nh_value chunk = what == 'r' ? nh_readable_read(run->stream)
                                 : nh_readable_read_size(run->stream, what - '0');
    char room[64];

    note(run, "r%d=%s", number, text_of(chunk, room, sizeof(room)));
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
    note(run, "[%d%d%s%s%s]", nh_stream_is_destroyed(stream), nh_stream_is_closed(stream),
         error_name(nh_stream_errored(stream)), readable, writable);
}

static void act_listeners(struct run *run, long what) {
    nh_emitter *emitter = nh_as_emitter(run->stream);

    if (what == 'd') {
        nh_emitter_on(emitter, "data", on_data, run);
    } else if (what == 'D') {
        nh_emitter_remove_listener(emitter, "data", on_data, run);
    } else if (what == 'l') {
        nh_emitter_on(emitter, "readable", on_readable, run);
    } else if (what == 'L') {
        nh_emitter_on(emitter, "readable", on_readable_read, run);
    } else {
        nh_emitter_remove_listener(emitter, "readable", on_readable, run);
        nh_emitter_remove_listener(emitter, "readable", on_readable_read, run);
    }
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
            note(run, "throws(%s)", error_name(error));
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

static void act(struct run *run, long what) {
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
        act_listeners(run, what);
        break;
    }
}

/* --- the run ------------------------------------------------------------------------------ */

static void mark_tick(struct run *run, long argument) {
    (void)argument;
    note(run, "t%d", ++run->tick);
    if (run->tick < LAST_TICK) {
        put_off(run, 't', 0, mark_tick, 0);
    }
}

static void finish(struct run *run, long argument) {
    (void)argument;
    act(run, 's');
    run->closed = true;
    nh_loop_stop(run->loop);
}

static void mark_immediate(struct run *run, long argument) {
    (void)argument;
    note(run, "i%d", ++run->immediate);
    if (run->immediate < LAST_IMMEDIATE) {
        put_off(run, 'i', 0, mark_immediate, 0);
    } else {
        put_off(run, 'i', 0, finish, 0);
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

static void set(struct run *run, nh_stream_options *options, const char *name, const char *value) {
    bool on = value[0] != '0';
    static char encoding[16];

    if (strcmp(name, "kind") == 0) {
        run->kind = value[0];
    } else if (strcmp(name, "hwm") == 0) {
        options->high_water_mark = (size_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "obj") == 0) {
        options->object_mode = on;
    } else if (strcmp(name, "half") == 0) {
        options->allow_half_open = on;
    } else if (strcmp(name, "auto") == 0) {
        options->auto_destroy = on;
    } else if (strcmp(name, "emit") == 0) {
        options->emit_close = on;
    } else if (strcmp(name, "r") == 0) {
        options->readable = on;
    } else if (strcmp(name, "w") == 0) {
        options->writable = on;
    } else if (strcmp(name, "enc") == 0) {
        (void)snprintf(encoding, sizeof(encoding), "%s", value);
        options->encoding = encoding;
    } else if (strcmp(name, "T") == 0) {
        run->target_write = value[0];
    } else if (strcmp(name, "thwm") == 0) {
        run->target_mark = (size_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "K") == 0) {
        run->left = (int)strtol(value, NULL, 10);
    } else {
        char *operation = name[0] == 'W'   ? &run->write
                          : name[0] == 'V' ? &run->writev
                          : name[0] == 'F' ? &run->final
                          : name[0] == 'D' ? &run->destroy
                          : name[0] == 'C' ? &run->construct
                                           : &run->read;
        *operation = value[0];
    }
}

static void parse(struct run *run, const char *script, nh_stream_options *options) {
    char line[1024];
    char *rest = line;

    (void)snprintf(line, sizeof(line), "%s", script);
    char *end = strstr(line, " => ");
    if (end != NULL) {
        *end = '\0';
    }
    for (char *word = strtok_r(line, " \n", &rest); word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        char *colon = strchr(word, ':');
        char *equals = strchr(word, '=');
        if (equals != NULL) {
            *equals = '\0';
            set(run, options, word, equals + 1);
        } else if (colon != NULL && run->count < MOST_ACTIONS) {
            struct action *action = &run->actions[run->count++];
            *colon = '\0';
            *action = (struct action){.when = word[0], .what = colon[1]};
            if (word[0] == '@') {
                (void)snprintf(action->event, sizeof(action->event), "%s", word + 1);
            }
        }
    }
}

static void begin(struct run *run, long argument) {
    nh_stream_options *options = (nh_stream_options *)(void *)(uintptr_t)argument;
    static const nh_stream_operations target_operations = {.write = on_target_write};
    nh_stream_options target_options;

    nh_stream_options_init(&target_options);
    target_options.high_water_mark = run->target_mark;
    set_up_stream(run, options);
    run->target = nh_writable_new(run->loop, &target_options, &target_operations, run);
    if (run->stream == NULL || run->target == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof(target_events) / sizeof(target_events[0]); i++) {
        nh_emitter_on(nh_as_emitter(run->target), target_events[i].event, target_listeners[i], run);
    }
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        nh_emitter_on(nh_as_emitter(run->stream), events[i], event_listeners[i], run);
    }
    put_off(run, 't', 0, mark_tick, 0);
    put_off(run, 'i', 0, mark_immediate, 0);
    for (size_t i = 0; i < run->count; i++) {
        struct action *action = &run->actions[i];
        switch (action->when) {
        case 'n':
            act(run, action->what);
            break;
        case 't':
        case 'm':
        case 'i':
            put_off(run, action->when, 0, act, action->what);
            break;
        case 'T':
            put_off(run, 't', 1, act, action->what);
            break;
        case 'I':
            put_off(run, 'i', 1, act, action->what);
            break;
        default:
            action->waiting = true;
            break;
        }
    }
}

static void on_uncaught(nh_loop *loop, nh_error *error, void *data) {
    (void)loop;
    note(data, "uncaught(%s)", error_name(error));
}

bool order_run(nh_memory *memory, const char *script, char *log, size_t size) {
    struct run run = {.log = log,
                      .size = size,
                      .memory = memory,
                      .kind = 'd',
                      .left = 3,
                      .target_write = 's',
                      .target_mark = 4};
    nh_stream_options options;
    nh_transport *simulator = nh_simulator_new(memory, NULL);

    log[0] = '\0';
    run.loop = simulator != NULL ? nh_loop_new(memory, simulator) : NULL;
    if (run.loop == NULL) {
        nh_simulator_free(simulator);
        return false;
    }
    nh_loop_on_uncaught_exception(run.loop, on_uncaught, &run);
    nh_stream_options_init(&options);
    options.high_water_mark = 4;
    parse(&run, script, &options);
    bool begun = put_off(&run, 'i', 0, begin, (long)(uintptr_t)&options);
    nh_loop_run(run.loop);
    if (run.stream != NULL) {
        nh_emitter_release(nh_as_emitter(run.stream));
    }
    if (run.target != NULL) {
        nh_emitter_release(nh_as_emitter(run.target));
    }
    nh_error_release(run.destroy_error);
    nh_loop_free(run.loop);
    nh_simulator_free(simulator);
    return begun;
}
