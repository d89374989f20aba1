#include "http/client_fixture.h"

#include <string.h>

static void act(struct watched *watched, enum moment moment) {
    if (moment == NEVER || watched->moment != moment || watched->done || watched->request == NULL) {
        return;
    }
    watched->done = true;
    fixture_note(watched->fixture, "*");
    if (watched->deed == ABORT) {
        nh_client_request_abort(watched->request);
    } else if (watched->deed != NOTHING) {
        nh_error *error = watched->deed == DESTROY ? NULL
                                                   : nh_error_new(&watched->fixture->memory.memory,
                                                                  "Error", NULL, "mine");
        nh_client_request_destroy(watched->request, error);
        nh_error_release(error);
    }
}

static void note_error(struct watched *watched, const char *who, nh_value value) {
    fixture_note(watched->fixture, "%serror(%s)", who, nh_error_message(value.as.error));
}

#define LISTENER(name)                                                                             \
    static void name(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data)

/* Events that are a word and perhaps the moment to do something. */
#define PLAIN(name, word, moment)                                                                  \
    LISTENER(name) {                                                                               \
        (void)emitter;                                                                             \
        (void)arguments;                                                                           \
        (void)count;                                                                               \
        fixture_note(((struct watched *)data)->fixture, word);                                     \
        act(data, moment);                                                                         \
    }

PLAIN(on_socket, "socket", AT_SOCKET)
PLAIN(on_finish, "finish", AT_FINISH)
PLAIN(on_close, "close", AT_CLOSE)
PLAIN(on_timeout, "timeout", AT_TIMEOUT)
PLAIN(on_abort, "abort", NEVER)
PLAIN(on_continue, "continue", NEVER)
PLAIN(on_drain, "drain", NEVER)
PLAIN(on_information, "information", NEVER)
PLAIN(on_res_end, "res.end", AT_END)
PLAIN(on_res_close, "res.close", NEVER)
PLAIN(on_res_aborted, "res.aborted", NEVER)

LISTENER(on_error) {
    (void)emitter;
    (void)count;
    note_error(data, "", arguments[0]);
    act(data, AT_ERROR);
}

LISTENER(on_res_error) {
    (void)emitter;
    (void)count;
    note_error(data, "res.", arguments[0]);
}

LISTENER(on_res_data) {
    (void)emitter;
    (void)count;
    struct watched *watched = data;
    nh_bytes chunk = nh_value_bytes(arguments[0]);
    fixture_note(watched->fixture, "res.data(%.*s)", (int)chunk.length, (const char *)chunk.data);
    act(watched, AT_DATA);
}

LISTENER(on_upgrade) {
    (void)emitter;
    (void)count;
    struct watched *watched = data;
    nh_bytes head = nh_value_bytes(arguments[2]);
    fixture_note(watched->fixture, "upgrade(%.*s)", (int)head.length, (const char *)head.data);
    nh_stream_destroy(nh_as_stream(arguments[1].as.object), NULL);
}

struct hook {
    const char *event;
    nh_listener listener;
};

static void listen_to(nh_emitter *emitter, const struct hook *hooks, size_t count, void *data) {
    for (size_t i = 0; i < count; i++) {
        (void)nh_emitter_on(emitter, hooks[i].event, hooks[i].listener, data);
    }
}

LISTENER(on_response) {
    static const struct hook hooks[] = {{"aborted", on_res_aborted},
                                        {"error", on_res_error},
                                        {"end", on_res_end},
                                        {"close", on_res_close}};
    (void)emitter;
    (void)count;
    struct watched *watched = data;
    nh_emitter *response = arguments[0].as.object;
    nh_value status = nh_incoming_message_status_code((nh_incoming_message *)(void *)response);
    fixture_note(watched->fixture, "response(%.0f)", status.as.number);
    listen_to(response, hooks, sizeof(hooks) / sizeof(hooks[0]), watched);
    if (!watched->leaves_response) {
        (void)nh_emitter_on(response, "data", on_res_data, watched);
    }
    act(watched, AT_RESPONSE);
}

void watch_request(struct watched *watched, struct fixture *fixture, nh_value options) {
    static const struct hook hooks[] = {{"socket", on_socket},
                                        {"finish", on_finish},
                                        {"response", on_response},
                                        {"error", on_error},
                                        {"close", on_close},
                                        {"timeout", on_timeout},
                                        {"abort", on_abort},
                                        {"continue", on_continue},
                                        {"drain", on_drain},
                                        {"upgrade", on_upgrade},
                                        {"information", on_information},
                                        {"connect", on_upgrade}};
    watched->fixture = fixture;
    nh_error *error =
        nh_http_request(fixture->loop, options, nh_undefined(), nh_undefined(), &watched->request);
    nh_value_release(&options);
    if (error != NULL) {
        fixture_note(fixture, "throws(%s)", nh_error_message(error));
        nh_error_release(error);
        return;
    }
    listen_to(nh_as_emitter(watched->request), hooks, sizeof(hooks) / sizeof(hooks[0]), watched);
    act(watched, AT_CREATE);
}

nh_value peer_options(struct fixture *fixture) {
    nh_memory *memory = &fixture->memory.memory;
    nh_value options = nh_map_new(memory);
    set_option(options, "host", nh_string_of(memory, PEER_HOST));
    set_option(options, "port", nh_number(PEER_PORT));
    return options;
}

void set_option(nh_value options, const char *name, nh_value value) {
    (void)nh_map_set_take(options, name, value);
}

void end_request(struct watched *watched, const char *body) {
    if (watched->request == NULL) {
        return;
    }
    nh_value chunk =
        body == NULL ? nh_undefined() : nh_string_of(&watched->fixture->memory.memory, body);
    nh_error *error = nh_outgoing_message_end(nh_as_outgoing_message(watched->request), chunk,
                                              nh_undefined(), nh_undefined());
    if (error != NULL) {
        fixture_note(watched->fixture, "end-throws(%s)", nh_error_message(error));
        nh_client_request_destroy(watched->request, error);
        nh_error_release(error);
    }
    nh_value_release(&chunk);
}

void forget_request(struct watched *watched) {
    if (watched->request != NULL) {
        nh_emitter_release(nh_as_emitter(watched->request));
        watched->request = NULL;
    }
}
