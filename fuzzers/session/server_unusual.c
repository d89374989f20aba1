/* Calls that hardly a program makes: properties that are text, requests that were changed,
 * responses of the program's own making or on another connection. */
#include "session/server_run.h"

#include "support/check.h"

static nh_memory *memory_of(const struct server_run *run) {
    return &run->world.memory->memory;
}

/* --- servers -------------------------------------------------------------------------------- */

/* A property as a text, which counts as the number in it. */
static void set_text(struct server_run *run, const struct fuzz_step *step) {
    static const char *const names[] = {"keepAliveTimeout", "maxRequestsPerSocket",
                                        "requestTimeout",   "headersTimeout",
                                        "timeout",          "maxHeadersCount"};
    const char *name = names[step->numbers[0] % (sizeof(names) / sizeof(names[0]))];
    nh_value text = nh_string_of_latin1(memory_of(run), step->bytes[1]);
    FUZZ_CHECK(nh_server_set_property(run->server, name, text), "there is no %s", name);
    nh_value now = nh_server_property(run->server, name);
    FUZZ_CHECK(nh_value_is_same(now, text) || run->world.memory->refused,
               "%s is not what it was set to", name);
    nh_value_release(&now);
    nh_value_release(&text);
}

/* A server whose option uniqueHeaders names something that is no name, or whose timeouts do not go
 * together. */
static void make_server(struct server_run *run, const struct fuzz_step *step) {
    nh_value options = nh_map_new(memory_of(run));
    if (step->numbers[0] < 128) {
        nh_value names = nh_list_new(memory_of(run));
        (void)nh_list_append_take(names, server_run_value(run, step->numbers[0], step->numbers[1]));
        (void)nh_map_set_take(options, "uniqueHeaders", names);
    } else {
        (void)nh_map_set(options, "requestTimeout", nh_number(step->numbers[1]));
        (void)nh_map_set(options, "headersTimeout", nh_number(step->numbers[1] + 1));
    }
    nh_server *server = NULL;
    nh_error *error = nh_server_new(run->world.loop, options, nh_undefined(), &server);
    FUZZ_CHECK((error == NULL) == (server != NULL), "a server and an error, or neither");
    if (server != NULL) {
        nh_emitter_release(nh_as_emitter(server));
    }
    nh_error_release(error);
    nh_value_release(&options);
}

/* The server is closed by a signal: by one that has aborted, by one that may, or by none. */
static void use_signal(struct server_run *run, const struct fuzz_step *step) {
    nh_net_server *server = nh_as_net_server(run->server);
    if (run->controller == NULL) {
        run->controller = nh_abort_controller_new(run->world.loop);
    }
    nh_value value = nh_undefined();
    nh_abort_signal *aborted = NULL;
    switch (step->numbers[0] % 4) {
    case 0:
        aborted = nh_abort_signal_aborted_with(run->world.loop, nh_undefined());
        value = nh_value_of_object_take(nh_as_emitter(aborted));
        break;
    case 1:
        if (run->controller != NULL) {
            value = nh_value_of_object(nh_as_emitter(nh_abort_controller_signal(run->controller)));
        }
        break;
    case 2:
        if (run->controller != NULL) {
            nh_abort_controller_abort(run->controller, nh_undefined());
        }
        return;
    default:
        value = server_run_value(run, step->numbers[1], step->numbers[1]);
        break;
    }
    bool is_signal = value.type == NH_OBJECT;
    run->server_closes += is_signal;
    nh_error *error = nh_net_server_add_signal(server, value);
    FUZZ_CHECK((error == NULL) == is_signal || run->world.memory->refused,
               "a signal is refused, or something else taken");
    nh_error_release(error);
    nh_value_release(&value);
}

/* --- requests ------------------------------------------------------------------------------- */

/* A response of the program's own to a request, on the connection that the program brought: where
 * several responses to a request close, each lets go of it. */
static void respond(struct server_run *run, nh_incoming_message *request, bool closes) {
    nh_server_response *response = nh_server_response_new(request, nh_undefined());
    if (response == NULL) {
        return;
    }
    nh_emitter *emitter = nh_as_emitter(response);
    FUZZ_CHECK(nh_server_response_request(response) == request, "a response of another one");
    if (run->adopted != NULL && !nh_stream_is_destroyed(run->adopted)) {
        nh_error_release(nh_server_response_assign_socket(response, run->adopted));
        run->detached = true;
        if (closes) {
            nh_stream_destroy(run->adopted, NULL);
        }
    }
    nh_emitter_release(emitter);
}

/* Changes what a request tells about itself, and asks what a response to it would be like. */
static void set_request(struct server_run *run, const struct fuzz_step *step,
                        nh_incoming_message *request) {
    nh_value value = step->numbers[2] == 1
                         ? nh_string_of(memory_of(run), "HEAD")
                         : server_run_value(run, step->numbers[2], step->numbers[2]);
    nh_value now;
    switch (step->numbers[1] % 3) {
    case 0:
        nh_incoming_message_set_method(request, value);
        now = nh_incoming_message_method(request);
        break;
    case 1:
        nh_incoming_message_set_url(request, value);
        now = nh_incoming_message_url(request);
        break;
    default:
        nh_incoming_message_set_status_code(request, value);
        now = nh_incoming_message_status_code(request);
        break;
    }
    FUZZ_CHECK(nh_value_is_same(now, value) || run->world.memory->refused,
               "a property of a request is not what it was set to");
    nh_value_release(&now);
    nh_value_release(&value);
    nh_server_response *response = nh_server_response_new(request, nh_undefined());
    nh_emitter_release(nh_as_emitter(response));
}

/* stream.pipeline(request, response), which gives both up when one fails. */
static void pipeline(struct server_run *run, const struct fuzz_step *step,
                     struct grammar_object *request) {
    const struct grammar_object *response =
        server_run_pick(run, GRAMMAR_RESPONSE, step->numbers[1]);
    if (response == NULL) {
        return;
    }
    if (response->data != NULL) {
        server_run_give_up(response->data);
    }
    nh_emitter *const streams[] = {request->object, response->object};
    nh_value done = grammar_callback(run->grammar, "a pipeline", GRAMMAR_AT_MOST_ONCE, NULL);
    run->copies++;
    run->detached = true; /* it holds its streams until both are done, for ever if one never is */
    /* It destroys the request without its connection, whose parser goes on with it: an idle
     * connection tells the request so. */
    request->excused |= GRAMMAR_BIT(GRAMMAR_TIMEOUT);
    nh_error_release(nh_stream_pipeline(streams, 2, done));
    nh_value_release(&done);
}

/* --- responses ------------------------------------------------------------------------------ */

/* A response moves to the connection that the program brought. */
static void assign_adopted(struct server_run *run, struct grammar_object *object) {
    if (run->adopted == NULL || nh_stream_is_destroyed(run->adopted)) {
        return;
    }
    /* One that has ended finishes once more on another connection: so it does in Node.js. */
    if (nh_outgoing_message_is_finished(nh_as_outgoing_message(object->object))) {
        return;
    }
    if (object->data != NULL) {
        server_run_give_up(object->data);
    }
    object->not_to_close = true;
    run->detached = true;
    nh_error_release(nh_server_response_assign_socket((nh_server_response *)(void *)object->object,
                                                      run->adopted));
}

/* addTrailers() with a list of texts: of each, the first two characters count. */
static void add_trailers_of(struct server_run *run, const struct fuzz_step *step,
                            const struct grammar_object *object) {
    nh_value list = nh_list_new(memory_of(run));
    (void)nh_list_append_take(list, nh_string_of_utf8(memory_of(run), step->bytes[1]));
    if (object->data != NULL) {
        server_run_give_up(object->data);
    }
    nh_error_release(
        nh_outgoing_message_add_trailers(nh_as_outgoing_message(object->object), list));
    nh_value_release(&list);
}

/* A response to a request that came from nowhere, on a connection that no server knows; the
 * connection may go before it has ended. */
static void respond_alone(struct server_run *run, bool ends) {
    nh_loop *loop = run->world.loop;
    nh_stream *duplex = nh_duplex_new(loop, NULL, &server_run_taking, NULL);
    nh_incoming_message *request = nh_incoming_message_new(loop, duplex);
    nh_server_response *response =
        request != NULL ? nh_server_response_new(request, nh_undefined()) : NULL;
    if (response != NULL && duplex != NULL) {
        nh_error *error = nh_server_response_assign_socket(response, duplex);
        bool assigned = error == NULL;
        nh_error_release(error);
        if (assigned && ends) {
            nh_error_release(nh_outgoing_message_end_bytes(
                nh_as_outgoing_message(nh_as_emitter(response)), nh_bytes_of("alone", 5)));
        }
        if (assigned) {
            nh_server_response_detach_socket(response, duplex);
        }
    }
    nh_emitter_release(nh_as_emitter(response));
    nh_emitter_release(nh_as_emitter(request));
    nh_emitter_release(nh_as_emitter(duplex));
}

/* --- one operation -------------------------------------------------------------------------- */

static void remove_listeners(struct server_run *run, const struct fuzz_step *step) {
    static const enum grammar_kind kinds[] = {GRAMMAR_SOCKET, GRAMMAR_RESPONSE, GRAMMAR_INCOMING,
                                              GRAMMAR_SERVER};
    struct grammar_object *object =
        server_run_pick(run, kinds[step->numbers[0] % 4], step->numbers[1]);
    if (object != NULL) {
        grammar_remove_listeners(object, (enum grammar_event)(step->numbers[2] % GRAMMAR_EVENTS));
    }
}

void server_run_call_unusual(struct server_run *run, const struct fuzz_step *step) {
    if (step->operation == SERVER_REMOVE_LISTENERS) {
        remove_listeners(run, step);
        return;
    }
    if (step->operation == SERVER_SIGNAL) {
        use_signal(run, step);
        return;
    }
    if (step->operation == SERVER_SET_TEXT) {
        set_text(run, step);
        return;
    }
    if (step->operation == SERVER_NEW_OF) {
        make_server(run, step);
        return;
    }
    if (step->operation == SERVER_RESPONSE_ALONE) {
        respond_alone(run, step->numbers[0] % 2 == 0);
        return;
    }
    bool is_response = step->operation >= SERVER_RESPONSE_ASSIGN_ADOPTED &&
                       step->operation <= SERVER_RESPONSE_EMIT;
    struct grammar_object *object =
        server_run_pick(run, is_response ? GRAMMAR_RESPONSE : GRAMMAR_INCOMING, step->numbers[0]);
    if (object == NULL) {
        return;
    }
    nh_emitter *held = nh_emitter_retain(object->object);
    if (step->operation == SERVER_RESPONSE_TRAILERS_OF) {
        add_trailers_of(run, step, object);
    } else if (step->operation == SERVER_RESPONSE_EMIT) {
        (void)nh_emitter_emit_bare(held, "socket");
    } else if (is_response) {
        assign_adopted(run, object);
    } else if (step->operation == SERVER_REQUEST_RESPOND) {
        respond(run, (nh_incoming_message *)(void *)held, step->numbers[1] % 2 != 0);
    } else if (step->operation == SERVER_REQUEST_COMPLETE) {
        nh_incoming_message_set_complete((nh_incoming_message *)(void *)held, true);
    } else if (step->operation == SERVER_REQUEST_SET) {
        set_request(run, step, (nh_incoming_message *)(void *)held);
    } else {
        pipeline(run, step, object);
    }
    nh_emitter_release(held);
}
