/* url.c - URLs: new URL(), urlToHttpOptions(), and what http.get(url) puts on the wire.
 *
 * The input is the URL. Beyond "nothing crashes, nothing leaks", properties that follow from the
 * URL Standard and are checked without the library's parser (url/members.h judges members):
 * - the members recombine to href, and href parses to the same members;
 * - every member has only the characters that its section allows, hosts are in canonical form,
 * ports in range and never the default of the scheme, paths free of dot segments;
 * - memory is bounded by the length of the input, and a refused allocation is an error that says
 * so;
 * - the request line, Host and Authorization are those of the URL and nothing but. */
#include <nodehttp/client_request.h>

#include <stdio.h>
#include <string.h>

#include "engines/target.h"
#include "support/check.h"
#include "support/input.h"
#include "support/world.h"
#include "url/members.h"

/* Members, href and their copies, each byte written as %XX at worst; some for the objects. */
#define BYTES_PER_BYTE 64
#define BYTES_FOR_OBJECTS 16384

/* What href stands for is the URL that it came from. */
static void check_parses_again(nh_memory *memory, nh_value url, const struct url_parts *parts) {
    nh_value again;
    nh_error *error = nh_url_new(memory, nh_map_get(url, "href"), &again);
    FUZZ_CHECK(error == NULL, "its own href is invalid: %.*s", URL_SHOWN(parts->all[URL_HREF]));
    struct url_parts others;
    url_read_parts(again, &others);
    for (size_t i = 0; i < URL_MEMBERS; i++) {
        FUZZ_CHECK(nh_bytes_equal(parts->all[i], others.all[i]),
                   "%s changes when href is parsed: \"%.*s\", \"%.*s\"", url_member_names[i],
                   URL_SHOWN(parts->all[i]), URL_SHOWN(others.all[i]));
    }
    nh_value_release(&again);
}

/* --- options ------------------------------------------------------------------------------ */

static void check_option(nh_value options, const char *name, nh_bytes expected) {
    nh_value value = nh_map_get(options, name);
    FUZZ_CHECK(value.type == NH_STRING && nh_bytes_equal(nh_value_bytes(value), expected),
               "the option %s is \"%.*s\", not \"%.*s\"", name, URL_SHOWN(nh_value_bytes(value)),
               URL_SHOWN(expected));
}

static void check_port_option(nh_value options, nh_bytes port) {
    double number = 0;
    for (size_t i = 0; i < port.length; i++) {
        number = number * 10 + (port.data[i] - '0');
    }
    nh_value value = nh_map_get(options, "port");
    FUZZ_CHECK(port.length == 0 ? value.type == NH_UNDEFINED
                                : value.type == NH_NUMBER && value.as.number >= number &&
                                      value.as.number <= number,
               "the option port for \"%.*s\"", URL_SHOWN(port));
}

/* Whether the URL has options at all: "%FF" in the credentials is a URIError. */
static bool check_options(nh_memory *memory, nh_value url, const struct url_parts *parts,
                          nh_value *out_auth) {
    *out_auth = nh_undefined();
    nh_value options;
    nh_error *error = nh_url_to_http_options(memory, url, &options);
    bool has_credentials = parts->all[URL_USERNAME].length + parts->all[URL_PASSWORD].length != 0;
    if (error != NULL) {
        FUZZ_CHECK(has_credentials && strcmp(nh_error_name(error), "URIError") == 0,
                   "no options: %s", nh_error_message(error));
        nh_error_release(error);
        return false;
    }
    nh_bytes hostname = parts->all[URL_HOSTNAME];
    if (url_starts_with(hostname, "[")) {
        hostname = nh_bytes_of(hostname.data + 1, hostname.length - 2);
    }
    static struct url_text path;
    path.length = 0;
    url_append(&path, parts->all[URL_PATHNAME]);
    url_append(&path, parts->all[URL_SEARCH]);
    check_option(options, "hostname", hostname);
    check_option(options, "path", nh_bytes_of(path.bytes, path.length));
    check_option(options, "protocol", parts->all[URL_PROTOCOL]);
    check_option(options, "href", parts->all[URL_HREF]);
    check_port_option(options, parts->all[URL_PORT]);
    *out_auth = nh_value_retain(nh_map_get(options, "auth"));
    FUZZ_CHECK((out_auth->type == NH_STRING) == has_credentials, "auth is there, or is not");
    nh_value_release(&options);
    return true;
}

/* --- the wire ----------------------------------------------------------------------------- */

static struct url_text wire; /* what the stream was given */

static void on_write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    (void)data;
    url_append(&wire, nh_value_bytes(chunk.chunk));
    nh_stream_write_done(stream, NULL);
}

static void on_read(nh_stream *stream, size_t size, void *data) {
    (void)stream;
    (void)size;
    (void)data;
}

static const nh_stream_operations stream_operations = {.write = on_write, .read = on_read};

static void create_connection(const nh_value *arguments, size_t count, void *data,
                              nh_value *out_result) {
    (void)arguments;
    (void)count;
    *out_result = nh_value_of_object(nh_as_emitter(data));
}

static void append_base64(struct url_text *built, nh_bytes bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.length; i += 3) {
        unsigned group = 0;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (i + k < bytes.length ? bytes.data[i + k] : 0U);
        }
        for (size_t k = 0; k < 4; k++) {
            bool padding = i + k > bytes.length;
            url_append(built, nh_bytes_of(padding ? "=" : &digits[group >> (18 - 6 * k) & 63], 1));
        }
    }
}

static void check_wire(const struct url_parts *parts, nh_value auth) {
    static struct url_text expected;
    expected.length = 0;
    url_append_text(&expected, "GET ");
    url_append(&expected, parts->all[URL_PATHNAME]);
    url_append(&expected, parts->all[URL_SEARCH]);
    url_append_text(&expected, " HTTP/1.1\r\nHost: ");
    url_append(&expected, parts->all[URL_HOSTNAME]);
    /* A request without an agent has no default port to leave out, and port 0 counts as none. */
    bool has_port =
        parts->all[URL_PORT].length != 0 && !nh_bytes_equal_text(parts->all[URL_PORT], "0");
    url_append_text(&expected, ":");
    url_append(&expected, has_port ? parts->all[URL_PORT] : nh_bytes_of_text("80"));
    if (auth.type == NH_STRING) {
        url_append_text(&expected, "\r\nAuthorization: Basic ");
        append_base64(&expected, nh_value_bytes(auth));
    }
    url_append_text(&expected, "\r\nConnection: close\r\n\r\n");
    FUZZ_CHECK(nh_bytes_equal(nh_bytes_of(wire.bytes, wire.length),
                              nh_bytes_of(expected.bytes, expected.length)),
               "the request is\n%.*s\nnot\n%.*s", (int)wire.length, wire.bytes,
               (int)expected.length, expected.bytes);
}

/* http.get(url, {createConnection}): what is sent for it. */
static void check_request(struct fuzz_world *world, nh_value input, const struct url_parts *parts,
                          bool has_options, nh_value auth) {
    nh_memory *memory = &world->memory->memory;
    nh_stream *stream = nh_duplex_new(world->loop, NULL, &stream_operations, NULL);
    nh_value options = nh_map_new(memory);
    bool set = nh_map_set_take(options, "createConnection",
                               nh_function_new(memory, "", create_connection, stream, NULL));
    FUZZ_CHECK(stream != NULL && set, "no memory");
    wire.length = 0;
    nh_client_request *request = NULL;
    nh_error *error = nh_http_get(world->loop, input, options, nh_undefined(), &request);
    bool is_http = parts->special != NULL && strcmp(parts->special, "http:") == 0;
    FUZZ_CHECK((error == NULL) == (has_options && is_http), "http.get() for %.*s: %s",
               URL_SHOWN(parts->all[URL_HREF]),
               error != NULL ? nh_error_message(error) : "accepted");
    /* Spaces, which an opaque path may have, are noticed before the protocol. */
    bool has_space = memchr(parts->all[URL_HREF].data, ' ', parts->all[URL_HREF].length) != NULL;
    FUZZ_CHECK(error == NULL || !has_options ||
                   strcmp(nh_error_code(error),
                          has_space ? "ERR_UNESCAPED_CHARACTERS" : "ERR_INVALID_PROTOCOL") == 0,
               "http.get() says %s", nh_error_message(error));
    if (error == NULL) {
        nh_loop_run(world->loop);
        check_wire(parts, auth);
        nh_client_request_destroy(request, NULL);
        nh_loop_run(world->loop);
        nh_emitter_release(nh_as_emitter(request));
    }
    nh_error_release(error);
    nh_value_release(&options);
    nh_emitter_release(nh_as_emitter(stream));
}

/* --- the target --------------------------------------------------------------------------- */

static void check_invalid(nh_error *error, nh_value url, nh_value input) {
    FUZZ_CHECK(strcmp(nh_error_code(error), "ERR_INVALID_URL") == 0 &&
                   strcmp(nh_error_name(error), "TypeError") == 0 &&
                   nh_value_is_same(nh_error_property(error, "input"), input),
               "an error %s", nh_error_message(error));
    FUZZ_CHECK(url.type == NH_UNDEFINED, "an error and a result");
}

/* The same again with the n-th allocation refused: the same URL, or an error that says why. */
static void check_refusal(struct fuzz_memory *memory, nh_value input, nh_bytes href, uint64_t nth) {
    memory->refuse_at = memory->requests + nth;
    nh_value url;
    nh_error *error = nh_url_new(&memory->memory, input, &url);
    bool refused = memory->refused;
    memory->refuse_at = 0;
    FUZZ_CHECK(error == NULL
                   ? nh_bytes_equal(nh_value_bytes(nh_map_get(url, "href")), href)
                   : refused && url.type == NH_UNDEFINED &&
                         strcmp(nh_error_code(error), "ERR_MEMORY_ALLOCATION_FAILED") == 0,
               "after a refused allocation: %s", error != NULL ? nh_error_message(error) : "");
    nh_error_release(error);
    nh_value_release(&url);
}

static void run(struct fuzz_world *world, nh_value input, size_t size, uint64_t nth) {
    struct fuzz_memory *memory = world->memory;
    nh_value url;
    size_t before = memory->bytes;
    memory->peak_bytes = before;
    nh_error *error = nh_url_new(&memory->memory, input, &url);
    FUZZ_CHECK(memory->peak_bytes - before <= size * BYTES_PER_BYTE + BYTES_FOR_OBJECTS,
               "%zu bytes of memory for a URL of %zu", memory->peak_bytes - before, size);
    if (error != NULL) {
        check_invalid(error, url, input);
        nh_error_release(error);
        return;
    }
    struct url_parts parts;
    url_read_parts(url, &parts);
    url_check_members(&parts);
    check_parses_again(&memory->memory, url, &parts);
    nh_value auth;
    bool has_options = check_options(&memory->memory, url, &parts, &auth);
    check_request(world, input, &parts, has_options, auth);
    check_refusal(memory, input, parts.all[URL_HREF], nth);
    nh_value_release(&auth);
    nh_value_release(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > URL_LONGEST_INPUT) {
        return 0;
    }
    struct fuzz_world world;
    fuzz_world_open(&world, 0);
    nh_value input =
        nh_string_of_utf8(&world.memory->memory, nh_bytes_of(size == 0 ? NULL : data, size));
    /* U+FFFD for a byte that is not UTF-8 makes three of one. */
    run(&world, input, size * 3, size == 0 ? 1 : 1U + data[size - 1] % 64U);
    nh_value_release(&input);
    fuzz_world_close(&world);
    return 0;
}

void fuzz_target_print(const uint8_t *data, size_t size) {
    struct fuzz_memory *memory = fuzz_memory_begin();
    nh_value input = nh_string_of_utf8(&memory->memory, nh_bytes_of(size == 0 ? NULL : data, size));
    nh_value shown = nh_value_inspect(&memory->memory, input);
    nh_value url;
    nh_error *error = nh_url_new(&memory->memory, input, &url);
    printf("new URL(%s)\n", nh_value_text(shown));
    if (error != NULL) {
        printf("%s: %s\n", nh_error_name(error), nh_error_message(error));
    }
    for (size_t i = 0; error == NULL && i < URL_MEMBERS; i++) {
        printf("%s: %s\n", url_member_names[i],
               nh_value_text(nh_map_get(url, url_member_names[i])));
    }
    nh_error_release(error);
    nh_value_release(&url);
    nh_value_release(&shown);
    nh_value_release(&input);
    fuzz_memory_end(memory);
}
