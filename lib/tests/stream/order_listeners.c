/* Listeners, which write events into the log and do what waits for them. */
#include "order_internal.h"

#include <string.h>

static const char *const events[] = {"end",       "close", "error", "finish",
                                     "prefinish", "drain", "pause", "resume"};

static void on_event(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data,
                     const char *event) {
    struct run *run = data;

    (void)emitter;
    if (strcmp(event, "error") == 0) {
        order_note(run, "error(%s)", order_value_name(count > 0 ? arguments[0] : nh_undefined()));
    } else {
        order_note(run, "%s", event);
    }
    order_fire(run, event);
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
            order_note(run, "T.error(%s)",                                                         \
                       order_value_name(count > 0 ? arguments[0] : nh_undefined()));               \
        } else {                                                                                   \
            order_note(run, "%s", target_events[index].name);                                      \
        }                                                                                          \
        order_fire(run, target_events[index].name);                                                \
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
    order_note(run, "data(%s)", count > 0 ? order_text_of(arguments[0], room, sizeof(room)) : "");
    order_fire(run, "data");
}

static void on_readable(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    struct run *run = data;

    (void)emitter;
    (void)arguments;
    (void)count;
    order_note(run, "readable");
    order_fire(run, "readable");
}

static void on_readable_read(nh_emitter *emitter, const nh_value *arguments, size_t count,
                             void *data) {
    struct run *run = data;
    bool more = true;

    (void)emitter;
    (void)arguments;
    (void)count;
    order_note(run, "readable");
    while (more) {
        char room[64];
        nh_value chunk = nh_readable_read(run->stream);
        more = chunk.type != NH_NULL;
        if (more) {
            order_note(run, "read(%s)", order_text_of(chunk, room, sizeof(room)));
        }
        nh_value_release(&chunk);
    }
    order_note(run, "drained");
    order_fire(run, "readable");
}

void order_change_listeners(struct run *run, long what) {
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

void order_listen(struct run *run) {
    for (size_t i = 0; i < sizeof(target_events) / sizeof(target_events[0]); i++) {
        nh_emitter_on(nh_as_emitter(run->target), target_events[i].event, target_listeners[i], run);
    }
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        nh_emitter_on(nh_as_emitter(run->stream), events[i], event_listeners[i], run);
    }
}
