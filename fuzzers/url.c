/* url.c - URLs: new URL(), urlToHttpOptions(), and what http.get(url) puts on the wire.
 *
 * The input is the URL. Beyond "nothing crashes, nothing leaks", properties that follow from the
 * URL Standard (numbers of its sections in brackets) and are checked without the library's parser:
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

#define LONGEST_INPUT 2048
/* Members, href and their copies, each byte written as %XX at worst; some for the objects. */
#define BYTES_PER_BYTE 64
#define BYTES_FOR_OBJECTS 16384
#define LONGEST_WIRE ((size_t)LONGEST_INPUT * 9 * 4 + 512)

enum member {
    HREF,
    ORIGIN,
    PROTOCOL,
    USERNAME,
    PASSWORD,
    HOST,
    HOSTNAME,
    PORT,
    PATHNAME,
    SEARCH,
    HASH,
    MEMBERS
};

static const char *const member_names[MEMBERS] = {"href",     "origin", "protocol", "username",
                                                  "password", "host",   "hostname", "port",
                                                  "pathname", "search", "hash"};

/* The members of a URL, borrowed from it. */
struct parts {
    nh_bytes all[MEMBERS];
    const char *special; /* its scheme with a colon, when it is one of the special ones */
    const char *default_port;
};

/* Text that is put together here, to be compared. */
struct built {
    char text[LONGEST_WIRE];
    size_t length;
};

static void append(struct built *built, nh_bytes more) {
    FUZZ_CHECK(more.length <= sizeof(built->text) - built->length, "%zu bytes from a short input",
               built->length + more.length);
    if (more.length != 0) {
        memcpy(built->text + built->length, more.data, more.length);
    }
    built->length += more.length;
}

static void append_text(struct built *built, const char *more) {
    append(built, nh_bytes_of_text(more));
}

static bool starts_with(nh_bytes bytes, const char *text) {
    size_t length = strlen(text);
    return bytes.length >= length && memcmp(bytes.data, text, length) == 0;
}

static nh_bytes without(nh_bytes bytes, size_t count) {
    return nh_bytes_of(bytes.data + count, bytes.length - count);
}

#define SHOWN(bytes) (int)(bytes).length, (const char *)(bytes).data

/* --- characters --------------------------------------------------------------------------- */

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

static bool is_lower(uint8_t byte) {
    return byte >= 'a' && byte <= 'z';
}

/* No control, nothing beyond ASCII, none of `forbidden`. */
static void check_characters(nh_bytes bytes, const char *forbidden, const char *what) {
    for (size_t i = 0; i < bytes.length; i++) {
        uint8_t byte = bytes.data[i];
        FUZZ_CHECK(byte >= 0x20 && byte < 0x7f && strchr(forbidden, byte) == NULL,
                   "%s holds the byte 0x%02x: %.*s", what, byte, SHOWN(bytes));
    }
}

/* --- hosts -------------------------------------------------------------------------------- */

static int hex_value(uint8_t byte) {
    return is_digit(byte) ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Reads 16-bit pieces as they are serialised: lower case, no leading zero. */
static size_t read_pieces(nh_bytes text, unsigned pieces[8]) {
    size_t count = 0;
    size_t digits = 0;
    unsigned piece = 0;
    for (size_t i = 0; i <= text.length && text.length != 0; i++) {
        if (i == text.length || text.data[i] == ':') {
            FUZZ_CHECK(digits != 0 && count < 8, "no IPv6 address: %.*s", SHOWN(text));
            pieces[count++] = piece;
            piece = 0;
            digits = 0;
            continue;
        }
        int value = hex_value(text.data[i]);
        FUZZ_CHECK(value >= 0 && digits < 4 && (digits == 0 || piece != 0),
                   "an IPv6 address that is not canonical: %.*s", SHOWN(text));
        piece = piece * 16 + (unsigned)value;
        digits++;
    }
    return count;
}

/* [3.5, IPv6 serializer]: eight pieces, the first longest run of two or more zeros compressed. */
static void check_ipv6(nh_bytes host) {
    FUZZ_CHECK(host.length >= 4 && host.data[host.length - 1] == ']', "no bracket: %.*s",
               SHOWN(host));
    nh_bytes text = nh_bytes_of(host.data + 1, host.length - 2);
    size_t gap = SIZE_MAX;
    for (size_t i = 0; i + 1 < text.length && gap == SIZE_MAX; i++) {
        gap = text.data[i] == ':' && text.data[i + 1] == ':' ? i : SIZE_MAX;
    }
    unsigned pieces[16] = {0};
    if (gap == SIZE_MAX) {
        FUZZ_CHECK(read_pieces(text, pieces) == 8, "no IPv6 address: %.*s", SHOWN(host));
    }
    size_t before = gap == SIZE_MAX ? 8 : read_pieces(nh_bytes_of(text.data, gap), pieces);
    size_t compressed = 0;
    if (gap != SIZE_MAX) {
        unsigned tail[8] = {0};
        size_t after = read_pieces(without(text, gap + 2), tail);
        FUZZ_CHECK(before + after <= 6, "\"::\" for less than two pieces: %.*s", SHOWN(host));
        compressed = 8 - before - after;
        memcpy(pieces + before + compressed, tail, after * sizeof(tail[0]));
    }
    for (size_t i = 0; i < 8;) {
        size_t run = 0;
        while (i + run < 8 && pieces[i + run] == 0) {
            run++;
        }
        bool here = compressed != 0 && i == before;
        FUZZ_CHECK(here ? run == compressed
                        : run < 2 || (i < before ? run < compressed : run <= compressed),
                   "not the first longest run of zeros is compressed: %.*s", SHOWN(host));
        i += run + 1;
    }
}

static size_t last_label(nh_bytes host) {
    size_t end = host.length;
    if (end != 0 && host.data[end - 1] == '.') {
        end--;
    }
    while (end != 0 && host.data[end - 1] != '.') {
        end--;
    }
    return end;
}

/* [3.5, ends in a number checker]: such hosts are IPv4 addresses, in the form 1.2.3.4. */
static void check_ipv4_if_number(nh_bytes host) {
    nh_bytes last = without(host, last_label(host));
    size_t digits = 0;
    while (digits < last.length && is_digit(last.data[digits])) {
        digits++;
    }
    if (digits == 0 || digits < last.length - (last.data[last.length - 1] == '.' ? 1U : 0U)) {
        return;
    }
    unsigned dots = 0;
    unsigned number = 0;
    digits = 0;
    for (size_t i = 0; i < host.length; i++) {
        if (host.data[i] == '.') {
            dots++;
            digits = 0;
            number = 0;
            continue;
        }
        FUZZ_CHECK(is_digit(host.data[i]) && (digits == 0 || number != 0), "no IPv4 address: %.*s",
                   SHOWN(host));
        number = number * 10 + (unsigned)(host.data[i] - '0');
        digits++;
        FUZZ_CHECK(number <= 255, "no IPv4 address: %.*s", SHOWN(host));
    }
    FUZZ_CHECK(dots == 3 && digits != 0, "no IPv4 address: %.*s", SHOWN(host));
}

static void check_host(const struct parts *parts) {
    nh_bytes host = parts->all[HOSTNAME];
    if (host.length != 0 && host.data[0] == '[') {
        check_ipv6(host);
        return;
    }
    if (parts->special == NULL) {
        check_characters(host, " #/:<>?@[\\]^|", "an opaque host");
        return;
    }
    FUZZ_CHECK(host.length != 0 || strcmp(parts->special, "file:") == 0, "no host");
    check_characters(host, " #/:<>?@[\\]^|%ABCDEFGHIJKLMNOPQRSTUVWXYZ", "a domain");
    if (host.length != 0) {
        check_ipv4_if_number(host);
    }
}

/* --- other members ------------------------------------------------------------------------ */

/* [4.2]: the special schemes. */
static void find_scheme(struct parts *parts) {
    static const char *const schemes[][2] = {{"http:", "80"}, {"https:", "443"}, {"ws:", "80"},
                                             {"wss:", "443"}, {"ftp:", "21"},    {"file:", ""}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (nh_bytes_equal_text(parts->all[PROTOCOL], schemes[i][0])) {
            parts->special = schemes[i][0];
            parts->default_port = schemes[i][1];
        }
    }
}

static void check_protocol(nh_bytes protocol) {
    FUZZ_CHECK(protocol.length >= 2 && is_lower(protocol.data[0]) &&
                   protocol.data[protocol.length - 1] == ':',
               "a protocol \"%.*s\"", SHOWN(protocol));
    for (size_t i = 0; i + 1 < protocol.length; i++) {
        uint8_t byte = protocol.data[i];
        FUZZ_CHECK(is_lower(byte) || is_digit(byte) || byte == '+' || byte == '-' || byte == '.',
                   "a protocol \"%.*s\"", SHOWN(protocol));
    }
}

static void check_port(const struct parts *parts) {
    nh_bytes port = parts->all[PORT];
    unsigned number = 0;
    for (size_t i = 0; i < port.length; i++) {
        FUZZ_CHECK(is_digit(port.data[i]) && (i == 0 || number != 0), "a port \"%.*s\"",
                   SHOWN(port));
        number = number * 10 + (unsigned)(port.data[i] - '0');
        FUZZ_CHECK(number <= 65535, "a port \"%.*s\"", SHOWN(port));
    }
    FUZZ_CHECK(port.length == 0 || parts->special == NULL ||
                   !nh_bytes_equal_text(port, parts->default_port),
               "the default port is not left out");
}

/* [4.1, single-dot and double-dot URL path segment] */
static bool is_dots(nh_bytes segment) {
    size_t dots = 0;
    for (size_t i = 0; i < segment.length; dots++) {
        if (segment.data[i] == '.') {
            i++;
        } else if (starts_with(without(segment, i), "%2e") ||
                   starts_with(without(segment, i), "%2E")) {
            i += 3;
        } else {
            return false;
        }
    }
    return dots == 1 || dots == 2;
}

static void check_path(const struct parts *parts, bool has_host) {
    nh_bytes path = parts->all[PATHNAME];
    if (path.length == 0 || path.data[0] != '/') {
        FUZZ_CHECK(parts->special == NULL && (!has_host || path.length == 0), "a path \"%.*s\"",
                   SHOWN(path));
        check_characters(path, "?#", "an opaque path");
        return;
    }
    check_characters(path, parts->special != NULL ? " \"#<>?`{}\\" : " \"#<>?`{}", "a path");
    for (size_t start = 1, at = 1; at <= path.length; at++) {
        if (at == path.length || path.data[at] == '/') {
            nh_bytes segment = nh_bytes_of(path.data + start, at - start);
            FUZZ_CHECK(!is_dots(segment), "a dot segment is left: %.*s", SHOWN(path));
            start = at + 1;
        }
    }
}

/* --- the whole ---------------------------------------------------------------------------- */

static void read_parts(nh_value url, struct parts *parts) {
    *parts = (struct parts){0};
    FUZZ_CHECK(nh_map_length(url) == MEMBERS, "%zu members", nh_map_length(url));
    for (size_t i = 0; i < MEMBERS; i++) {
        nh_value value = nh_map_get(url, member_names[i]);
        FUZZ_CHECK(value.type == NH_STRING, "%s is no string", member_names[i]);
        parts->all[i] = nh_value_bytes(value);
    }
    find_scheme(parts);
}

/* Takes `part` from the front of what is left of href. */
static void take(nh_bytes *left, nh_bytes part, const struct parts *parts, enum member member) {
    FUZZ_CHECK(left->length >= part.length &&
                   nh_bytes_equal(nh_bytes_of(left->data, part.length), part),
               "%s \"%.*s\" is not where it has to be in %.*s", member_names[member], SHOWN(part),
               SHOWN(parts->all[HREF]));
    *left = without(*left, part.length);
}

static void take_text(nh_bytes *left, const char *text, const struct parts *parts,
                      enum member member) {
    take(left, nh_bytes_of_text(text), parts, member);
}

/* [4.5, URL serializer]: whether there is a host. */
static bool check_recombines(const struct parts *parts) {
    const nh_bytes *all = parts->all;
    nh_bytes left = all[HREF];
    take(&left, all[PROTOCOL], parts, PROTOCOL);
    bool has_host = starts_with(left, "//");
    if (has_host) {
        left = without(left, 2);
        if (all[USERNAME].length != 0 || all[PASSWORD].length != 0) {
            take(&left, all[USERNAME], parts, USERNAME);
            if (all[PASSWORD].length != 0) {
                take_text(&left, ":", parts, PASSWORD);
                take(&left, all[PASSWORD], parts, PASSWORD);
            }
            take_text(&left, "@", parts, HOST);
        }
        take(&left, all[HOST], parts, HOST);
    } else {
        FUZZ_CHECK(all[HOST].length + all[USERNAME].length + all[PASSWORD].length == 0,
                   "a host or credentials that are not in %.*s", SHOWN(all[HREF]));
        if (starts_with(all[PATHNAME], "//")) {
            take_text(&left, "/.", parts, PATHNAME);
        }
    }
    take(&left, all[PATHNAME], parts, PATHNAME);
    if (all[SEARCH].length == 0 && starts_with(left, "?")) {
        left = without(left, 1); /* an empty query stays in href */
    }
    take(&left, all[SEARCH], parts, SEARCH);
    if (all[HASH].length == 0 && starts_with(left, "#")) {
        left = without(left, 1);
    }
    take(&left, all[HASH], parts, HASH);
    FUZZ_CHECK(left.length == 0, "%.*s ends with more than its members", SHOWN(all[HREF]));
    return has_host;
}

static void check_host_and_origin(const struct parts *parts) {
    static struct built built;
    built.length = 0;
    append(&built, parts->all[HOSTNAME]);
    if (parts->all[PORT].length != 0) {
        append_text(&built, ":");
        append(&built, parts->all[PORT]);
    }
    FUZZ_CHECK(nh_bytes_equal(nh_bytes_of(built.text, built.length), parts->all[HOST]),
               "host \"%.*s\" is not hostname and port", SHOWN(parts->all[HOST]));
    built.length = 0;
    if (parts->special != NULL && strcmp(parts->special, "file:") != 0) {
        append_text(&built, parts->special);
        append_text(&built, "//");
        append(&built, parts->all[HOST]);
    } else {
        append_text(&built, "null");
    }
    FUZZ_CHECK(nh_bytes_equal(nh_bytes_of(built.text, built.length), parts->all[ORIGIN]),
               "origin \"%.*s\"", SHOWN(parts->all[ORIGIN]));
}

static void check_members(const struct parts *parts) {
    const nh_bytes *all = parts->all;
    check_protocol(all[PROTOCOL]);
    bool has_host = check_recombines(parts);
    if (has_host) {
        check_host(parts);
    }
    check_host_and_origin(parts);
    check_port(parts);
    check_characters(all[USERNAME], " \"#<>?`{}/:;=@[\\]^|", "a user name");
    check_characters(all[PASSWORD], " \"#<>?`{}/:;=@[\\]^|", "a password");
    check_path(parts, has_host);
    if (all[SEARCH].length != 0) {
        FUZZ_CHECK(all[SEARCH].length > 1 && all[SEARCH].data[0] == '?', "a search without ?");
        check_characters(all[SEARCH], parts->special != NULL ? " \"#<>'" : " \"#<>", "a search");
    }
    if (all[HASH].length != 0) {
        FUZZ_CHECK(all[HASH].length > 1 && all[HASH].data[0] == '#', "a hash without #");
        check_characters(all[HASH], " \"<>`", "a hash");
    }
}

/* What href stands for is the URL that it came from. */
static void check_parses_again(nh_memory *memory, nh_value url, const struct parts *parts) {
    nh_value again;
    nh_error *error = nh_url_new(memory, nh_map_get(url, "href"), &again);
    FUZZ_CHECK(error == NULL, "its own href is invalid: %.*s", SHOWN(parts->all[HREF]));
    struct parts others;
    read_parts(again, &others);
    for (size_t i = 0; i < MEMBERS; i++) {
        FUZZ_CHECK(nh_bytes_equal(parts->all[i], others.all[i]),
                   "%s changes when href is parsed: \"%.*s\", \"%.*s\"", member_names[i],
                   SHOWN(parts->all[i]), SHOWN(others.all[i]));
    }
    nh_value_release(&again);
}

/* --- options ------------------------------------------------------------------------------ */

static void check_option(nh_value options, const char *name, nh_bytes expected) {
    nh_value value = nh_map_get(options, name);
    FUZZ_CHECK(value.type == NH_STRING && nh_bytes_equal(nh_value_bytes(value), expected),
               "the option %s is \"%.*s\", not \"%.*s\"", name, SHOWN(nh_value_bytes(value)),
               SHOWN(expected));
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
               "the option port for \"%.*s\"", SHOWN(port));
}

/* Whether the URL has options at all: "%FF" in the credentials is a URIError. */
static bool check_options(nh_memory *memory, nh_value url, const struct parts *parts,
                          nh_value *out_auth) {
    *out_auth = nh_undefined();
    nh_value options;
    nh_error *error = nh_url_to_http_options(memory, url, &options);
    bool has_credentials = parts->all[USERNAME].length + parts->all[PASSWORD].length != 0;
    if (error != NULL) {
        FUZZ_CHECK(has_credentials && strcmp(nh_error_name(error), "URIError") == 0,
                   "no options: %s", nh_error_message(error));
        nh_error_release(error);
        return false;
    }
    nh_bytes hostname = parts->all[HOSTNAME];
    if (starts_with(hostname, "[")) {
        hostname = nh_bytes_of(hostname.data + 1, hostname.length - 2);
    }
    static struct built path;
    path.length = 0;
    append(&path, parts->all[PATHNAME]);
    append(&path, parts->all[SEARCH]);
    check_option(options, "hostname", hostname);
    check_option(options, "path", nh_bytes_of(path.text, path.length));
    check_option(options, "protocol", parts->all[PROTOCOL]);
    check_option(options, "href", parts->all[HREF]);
    check_port_option(options, parts->all[PORT]);
    *out_auth = nh_value_retain(nh_map_get(options, "auth"));
    FUZZ_CHECK((out_auth->type == NH_STRING) == has_credentials, "auth is there, or is not");
    nh_value_release(&options);
    return true;
}

/* --- the wire ----------------------------------------------------------------------------- */

static struct built wire; /* what the stream was given */

static void on_write(nh_stream *stream, nh_stream_chunk chunk, void *data) {
    (void)data;
    append(&wire, nh_value_bytes(chunk.chunk));
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

static void append_base64(struct built *built, nh_bytes bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.length; i += 3) {
        unsigned group = 0;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (i + k < bytes.length ? bytes.data[i + k] : 0U);
        }
        for (size_t k = 0; k < 4; k++) {
            bool padding = i + k > bytes.length;
            append(built, nh_bytes_of(padding ? "=" : &digits[group >> (18 - 6 * k) & 63], 1));
        }
    }
}

static void check_wire(const struct parts *parts, nh_value auth) {
    static struct built expected;
    expected.length = 0;
    append_text(&expected, "GET ");
    append(&expected, parts->all[PATHNAME]);
    append(&expected, parts->all[SEARCH]);
    append_text(&expected, " HTTP/1.1\r\nHost: ");
    append(&expected, parts->all[HOSTNAME]);
    /* A request without an agent has no default port to leave out, and port 0 counts as none. */
    bool has_port = parts->all[PORT].length != 0 && !nh_bytes_equal_text(parts->all[PORT], "0");
    append_text(&expected, ":");
    append(&expected, has_port ? parts->all[PORT] : nh_bytes_of_text("80"));
    if (auth.type == NH_STRING) {
        append_text(&expected, "\r\nAuthorization: Basic ");
        append_base64(&expected, nh_value_bytes(auth));
    }
    append_text(&expected, "\r\nConnection: close\r\n\r\n");
    FUZZ_CHECK(nh_bytes_equal(nh_bytes_of(wire.text, wire.length),
                              nh_bytes_of(expected.text, expected.length)),
               "the request is\n%.*s\nnot\n%.*s", (int)wire.length, wire.text, (int)expected.length,
               expected.text);
}

/* http.get(url, {createConnection}): what is sent for it. */
static void check_request(struct fuzz_world *world, nh_value input, const struct parts *parts,
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
               SHOWN(parts->all[HREF]), error != NULL ? nh_error_message(error) : "accepted");
    /* Spaces, which an opaque path may have, are noticed before the protocol. */
    bool has_space = memchr(parts->all[HREF].data, ' ', parts->all[HREF].length) != NULL;
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
    struct parts parts;
    read_parts(url, &parts);
    check_members(&parts);
    check_parses_again(&memory->memory, url, &parts);
    nh_value auth;
    bool has_options = check_options(&memory->memory, url, &parts, &auth);
    check_request(world, input, &parts, has_options, auth);
    check_refusal(memory, input, parts.all[HREF], nth);
    nh_value_release(&auth);
    nh_value_release(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > LONGEST_INPUT) {
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
    for (size_t i = 0; error == NULL && i < MEMBERS; i++) {
        printf("%s: %s\n", member_names[i], nh_value_text(nh_map_get(url, member_names[i])));
    }
    nh_error_release(error);
    nh_value_release(&url);
    nh_value_release(&shown);
    nh_value_release(&input);
    fuzz_memory_end(memory);
}
