/* Prints what a URL gives: get URL. Status line and headers go to standard error. */
#include <nodehttp/nodehttp.h>

#include <stdio.h>
#include <stdlib.h>

static int status = EXIT_SUCCESS;

static void print_error(const nh_error *error) {
    (void)fprintf(stderr, "get: %s\n", nh_error_message(error));
    status = EXIT_FAILURE;
}

static void on_data(nh_emitter *response, const nh_value *arguments, size_t count, void *data) {
    (void)response;
    (void)count;
    (void)data;
    nh_bytes chunk = nh_value_bytes(arguments[0]);
    (void)fwrite(chunk.data, 1, chunk.length, stdout);
}

/* 'error' of the request, and of a response that was cut off. */
static void on_error(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)count;
    (void)data;
    print_error(arguments[0].as.error);
}

static void on_response(nh_emitter *request, const nh_value *arguments, size_t count, void *data) {
    (void)request;
    (void)count;
    (void)data;
    nh_emitter *response = arguments[0].as.object;
    nh_incoming_message *message = (nh_incoming_message *)(void *)response;
    nh_value code = nh_incoming_message_status_code(message);
    nh_value reason = nh_incoming_message_status_message(message);
    nh_value headers = nh_incoming_message_raw_headers(message);
    (void)fprintf(stderr, "%.0f %s\n", code.as.number, nh_value_text(reason));
    for (size_t i = 0; i + 1 < nh_list_length(headers); i += 2) {
        (void)fprintf(stderr, "%s: %s\n", nh_value_text(nh_list_get(headers, i)),
                      nh_value_text(nh_list_get(headers, i + 1)));
    }
    nh_value_release(&headers);
    nh_value_release(&reason);
    nh_value_release(&code);
    if (!nh_emitter_on(response, "data", on_data, NULL) ||
        !nh_emitter_on(response, "error", on_error, NULL)) {
        nh_stream_destroy(nh_as_stream(response), NULL);
    }
}

static void get(nh_loop *loop, const char *text) {
    nh_client_request *request;
    nh_value url = nh_string_of(nh_loop_memory(loop), text);
    nh_error *error = nh_http_get(loop, url, nh_undefined(), nh_undefined(), &request);
    nh_value_release(&url);
    if (error != NULL) {
        print_error(error);
        nh_error_release(error);
        return;
    }
    if (!nh_emitter_on(nh_as_emitter(request), "error", on_error, NULL) ||
        !nh_emitter_on(nh_as_emitter(request), "response", on_response, NULL)) {
        nh_client_request_destroy(request, NULL);
    }
    nh_emitter_release(nh_as_emitter(request));
}

int main(int argc, char **argv) {
    if (argc != 2) {
        (void)fprintf(stderr, "usage: get URL\n");
        return EXIT_FAILURE;
    }
    nh_transport *transport = nh_uv_transport_new(NULL, NULL);
    nh_loop *loop = transport == NULL ? NULL : nh_loop_new(NULL, transport);
    if (loop == NULL) {
        (void)fprintf(stderr, "get: out of memory\n");
        return EXIT_FAILURE;
    }
    get(loop, argv[1]);
    nh_loop_run(loop);
    nh_loop_free(loop);
    nh_uv_transport_free(transport);
    return status;
}
