#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct watcher {
    struct world *world;
    char tag[8];
    char event[32];
};

void world_note(struct world *world, const char *format, ...) {
    va_list arguments;
    size_t room = sizeof(world->log) - world->length;

    va_start(arguments, format);
    int written = vsnprintf(world->log + world->length, room, format, arguments);
    va_end(arguments);
    if (written > 0 && (size_t)written < room) {
        world->length += (size_t)written;
    }
}

void world_clear(struct world *world) {
    world->length = 0;
    world->log[0] = '\0';
}

static void on_uncaught(nh_loop *loop, nh_error *error, void *data) {
    (void)loop;
    world_note(data, "uncaught %s; ", nh_error_message(error));
}

bool world_open(struct world *world) {
    world->memory = test_memory_make();
    world->simulator = nh_simulator_new(NULL, NULL);
    world->loop = nh_loop_new(&world->memory.memory, world->simulator);
    world->server = NULL;
    world_clear(world);
    if (world->loop != NULL) {
        nh_loop_on_uncaught_exception(world->loop, on_uncaught, world);
    }
    return world->loop != NULL;
}

void world_close(struct world *world) {
    nh_emitter_release(nh_as_emitter(world->server));
    if (world->loop != NULL) {
        nh_loop_free(world->loop);
    }
    nh_simulator_free(world->simulator);
}

static void note_argument(struct world *world, nh_value argument) {
    if (argument.type == NH_ERROR) {
        const nh_error *error = argument.as.error;
        nh_value errors = nh_error_property(error, "errors");
        world_note(world, " %s(%s)", nh_error_name(error), nh_error_message(error));
        for (size_t i = 0; i < nh_list_length(errors); i++) {
            world_note(world, "[%s]", nh_error_message(nh_list_get(errors, i).as.error));
        }
    } else if (argument.type == NH_OBJECT || argument.type == NH_BUFFER) {
        world_note(world, " %s", argument.type == NH_OBJECT ? "object" : "buffer");
    } else {
        nh_value text = nh_value_to_string(nh_memory_default(), argument);
        world_note(world, " %s", nh_value_text(text));
        nh_value_release(&text);
    }
}

static void on_event(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    const struct watcher *watcher = data;

    (void)emitter;
    world_note(watcher->world, "%s %s", watcher->tag, watcher->event);
    for (size_t i = 0; i < count; i++) {
        note_argument(watcher->world, arguments[i]);
    }
    world_note(watcher->world, "; ");
}

void world_watch(struct world *world, nh_emitter *emitter, const char *tag) {
    static const char *const events[] = {
        "lookup",
        "connectionAttempt",
        "connectionAttemptFailed",
        "connectionAttemptTimeout",
        "connect",
        "ready",
        "timeout",
        "error",
        "end",
        "close",
        "drop",
        "listening",
    };

    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        struct watcher *watcher = malloc(sizeof(*watcher));
        *watcher = (struct watcher){.world = world};
        (void)snprintf(watcher->tag, sizeof(watcher->tag), "%s", tag);
        (void)snprintf(watcher->event, sizeof(watcher->event), "%s", events[i]);
        if (!nh_emitter_add_listener(emitter, events[i], on_event, watcher, free,
                                     NH_LISTENER_PLAIN)) {
            free(watcher);
        }
    }
}

static void on_connection(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    nh_stream *stream = nh_as_stream(arguments[0].as.object);
    nh_value chunk = nh_string_of(&((struct world *)data)->memory.memory, "hi");

    (void)emitter;
    (void)count;
    nh_error_release(nh_writable_end(stream, chunk, nh_undefined(), nh_undefined()));
    nh_value_release(&chunk);
}

nh_value world_text(struct world *world, const char *text) {
    return nh_string_of(&world->memory.memory, text);
}

void world_serve(struct world *world, bool answers) {
    nh_listen_options to;
    nh_value host = world_text(world, "127.0.0.1");

    world->server = nh_net_server_new(world->loop, NULL, nh_undefined());
    nh_listen_options_init(&to);
    to.port = nh_number(0);
    to.host = host;
    if (world->server != NULL) {
        if (answers) {
            nh_emitter_on(nh_as_emitter(world->server), "connection", on_connection, world);
        }
        nh_error_release(nh_net_server_listen(world->server, &to, nh_undefined()));
        nh_loop_begin_turn(world->loop);
        nh_loop_end_turn(world->loop);
        nh_value address = nh_net_server_address(world->server);
        nh_value port = nh_map_get(address, "port");
        world->port = port.type == NH_NUMBER ? (int)port.as.number : 0;
        nh_value_release(&address);
        nh_net_server_unref(world->server);
    }
    nh_value_release(&host);
}

void world_run(struct world *world) {
    nh_loop_run(world->loop);
}

void world_name(struct world *world, const char *const *addresses) {
    nh_address list[4];
    size_t count = 0;

    for (; addresses[count] != NULL; count++) {
        list[count] = (nh_address){
            .family = strchr(addresses[count], ':') != NULL ? NH_ADDRESS_IPV6 : NH_ADDRESS_IPV4};
        (void)snprintf(list[count].host, sizeof(list[count].host), "%s", addresses[count]);
    }
    nh_simulator_set_host(world->simulator, "foo", 0, list, count, 0);
}

nh_socket *world_connect(struct world *world, const char *host, int port, const char *tag) {
    nh_socket_options options;
    nh_socket *socket = NULL;
    nh_value name = world_text(world, host);

    nh_socket_options_init(&options);
    options.host = name;
    options.port = nh_number(port != 0 ? port : world->port);
    nh_error *error = nh_net_create_connection(world->loop, &options, nh_undefined(), &socket);
    if (error != NULL) {
        world_note(world, "%s throws %s; ", tag, nh_error_message(error));
        nh_error_release(error);
    } else {
        world_watch(world, nh_as_emitter(socket), tag);
        nh_readable_resume(nh_as_stream(socket));
    }
    nh_value_release(&name);
    return socket;
}
