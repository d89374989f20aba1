/* Answers every request with a greeting: hello_server [PORT] (8080; 0 chooses one). */
#include <nodehttp/nodehttp.h>

#include <stdio.h>
#include <stdlib.h>

static void on_request(nh_emitter *server, const nh_value *arguments, size_t count, void *data) {
    (void)server;
    (void)count;
    const nh_value *greeting = data;
    nh_outgoing_message *response = nh_as_outgoing_message(arguments[1].as.object);
    nh_error *error = nh_outgoing_message_set_header_text(response, "Content-Type", "text/plain");
    if (error == NULL) {
        error = nh_outgoing_message_end(response, *greeting, nh_undefined(), nh_undefined());
    }
    if (error != NULL) {
        nh_outgoing_message_destroy(response, error);
        nh_error_release(error);
    }
}

static void on_listening(nh_emitter *server, const nh_value *arguments, size_t count, void *data) {
    (void)arguments;
    (void)count;
    (void)data;
    nh_value address = nh_net_server_address(nh_as_net_server(server));
    printf("listening on port %.0f\n", nh_map_get(address, "port").as.number);
    (void)fflush(stdout);
    nh_value_release(&address);
}

static void print_error(const nh_error *error) {
    (void)fprintf(stderr, "hello_server: %s\n", nh_error_message(error));
}

static void on_error(nh_emitter *server, const nh_value *arguments, size_t count, void *data) {
    (void)server;
    (void)count;
    (void)data;
    print_error(arguments[0].as.error);
    exit(EXIT_FAILURE);
}

/* The server of this program, listening; NULL after an error was printed. */
static nh_server *start(nh_loop *loop, double port, nh_value *greeting) {
    nh_server *server;
    nh_error *error = nh_server_new(loop, nh_undefined(), nh_undefined(), &server);
    if (error == NULL) {
        nh_emitter *emitter = nh_as_emitter(server);
        nh_listen_options options;
        nh_listen_options_init(&options);
        options.port = nh_number(port);
        (void)nh_emitter_on(emitter, "request", on_request, greeting);
        (void)nh_emitter_on(emitter, "listening", on_listening, NULL);
        (void)nh_emitter_on(emitter, "error", on_error, NULL);
        error = nh_net_server_listen(nh_as_net_server(server), &options, nh_undefined());
    }
    if (error != NULL) {
        print_error(error);
        nh_error_release(error);
    }
    return server;
}

int main(int argc, char **argv) {
    double port = argc > 1 ? strtod(argv[1], NULL) : 8080;
    nh_transport *transport = nh_uv_transport_new(NULL, NULL);
    nh_loop *loop = transport == NULL ? NULL : nh_loop_new(NULL, transport);
    if (loop == NULL) {
        (void)fprintf(stderr, "hello_server: out of memory\n");
        return EXIT_FAILURE;
    }
    nh_value greeting = nh_string_of(nh_loop_memory(loop), "Hello, world!\n");
    nh_server *server = start(loop, port, &greeting);
    if (server != NULL) {
        nh_loop_run(loop);
        nh_emitter_release(nh_as_emitter(server));
    }
    nh_value_release(&greeting);
    nh_loop_free(loop);
    nh_uv_transport_free(transport);
    return server == NULL ? EXIT_FAILURE : EXIT_SUCCESS;
}
