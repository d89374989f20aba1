/* new URL(text): the parser of the WHATWG URL Standard (4.4) without a base URL. */
#include "http/url_internal.h"

#include <nodehttp/client_request.h>

#include <string.h>

typedef struct scheme {
    const char *name;
    int default_port; /* -1: none */
} scheme;

static const scheme special_schemes[] = {{"http", 80}, {"https", 443}, {"ws", 80},
                                         {"wss", 443}, {"ftp", 21},    {"file", -1}};

/* A URL under construction: its parts as they are serialised. */
typedef struct url_parts {
    nh_text protocol; /* with its colon */
    nh_text username;
    nh_text password;
    nh_text hostname;
    nh_text path;
    nh_text query;    /* with '?', "" when empty */
    nh_text fragment; /* with '#' */
    int port;         /* -1: none, or the default of the scheme */
    const scheme *special;
    bool has_host;
    bool has_opaque_path;
    bool has_empty_query; /* "?" alone: only in href */
    bool has_empty_fragment;
} url_parts;

#define PART_COUNT 7
static void list_parts(url_parts *url, nh_text *parts[PART_COUNT]) {
    nh_text *all[PART_COUNT] = {&url->protocol, &url->username, &url->password, &url->hostname,
                                &url->path,     &url->query,    &url->fragment};
    memcpy(parts, all, sizeof(all));
}

static bool is_file(const url_parts *url) {
    return url->special != NULL && url->special->default_port < 0;
}

static bool is_letter(uint8_t byte) {
    uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'z';
}

static bool is_slash(const url_parts *url, uint8_t byte) {
    return byte == '/' || (url->special != NULL && byte == '\\');
}

/* --- the input ------------------------------------------------------------------------------ */

/* What is parsed: without tabs and line breaks, and without controls and spaces at both ends; lone
 * surrogates become U+FFFD. */
static void add_clean_input(nh_text *out, nh_bytes text) {
    size_t start = 0;
    size_t end = text.length;
    while (start < end && text.data[start] <= ' ') {
        start++;
    }
    while (end > start && text.data[end - 1] <= ' ') {
        end--;
    }
    for (size_t at = start; at < end;) {
        uint32_t code_point;
        size_t used = nh_utf8_decode(text.data + at, end - at, &code_point);
        if (code_point >= 0xd800 && code_point <= 0xdfff) {
            nh_text_add_code_point(out, 0xfffd);
        } else if (code_point != '\t' && code_point != '\n' && code_point != '\r') {
            nh_text_add(out, text.data + at, used);
        }
        at += used;
    }
}

/* The length of the scheme with its colon; 0 when there is none. */
static size_t scheme_length(nh_bytes text) {
    if (text.length == 0 || !is_letter(text.data[0])) {
        return 0;
    }
    size_t i = 1;
    while (i < text.length &&
           (is_letter(text.data[i]) || (text.data[i] >= '0' && text.data[i] <= '9') ||
            strchr("+-.", text.data[i]) != NULL)) {
        if (text.data[i] == 0) {
            return 0;
        }
        i++;
    }
    return i < text.length && text.data[i] == ':' ? i + 1 : 0;
}

static void parse_scheme(url_parts *url, nh_bytes name) {
    for (size_t i = 0; i < name.length; i++) {
        char lower = (char)(is_letter(name.data[i]) ? name.data[i] | 0x20 : name.data[i]);
        nh_text_add(&url->protocol, &lower, 1);
    }
    nh_bytes bare = nh_url_slice(name, 0, name.length - 1);
    for (size_t i = 0; i < sizeof(special_schemes) / sizeof(special_schemes[0]); i++) {
        if (nh_bytes_equal_text_ignoring_case(bare, special_schemes[i].name)) {
            url->special = &special_schemes[i];
        }
    }
}

/* --- authority ------------------------------------------------------------------------------ */

static bool parse_port(url_parts *url, nh_bytes text) {
    int port = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        port = port * 10 + (text.data[i] - '0');
        if (port > 65535) {
            return false;
        }
    }
    bool is_default = url->special != NULL && url->special->default_port == port;
    url->port = text.length == 0 || is_default ? -1 : port;
    return true;
}

static void parse_credentials(url_parts *url, nh_bytes text) {
    const uint8_t *colon = text.length == 0 ? NULL : memchr(text.data, ':', text.length);
    size_t split = colon == NULL ? text.length : (size_t)(colon - text.data);
    nh_url_encode(&url->username, nh_url_slice(text, 0, split), NH_URL_ENCODE_USERINFO);
    if (colon != NULL) {
        nh_url_encode(&url->password, nh_url_slice(text, split + 1, text.length),
                      NH_URL_ENCODE_USERINFO);
    }
}

/* [user[:password]@]host[:port] */
static bool parse_authority(url_parts *url, nh_bytes text) {
    size_t at = text.length;
    while (at > 0 && text.data[at - 1] != '@') {
        at--;
    }
    nh_bytes host = nh_url_slice(text, at, text.length);
    size_t end = 0;
    for (bool in_brackets = false; end < host.length; end++) {
        uint8_t byte = host.data[end];
        if (byte == ':' && !in_brackets) {
            break;
        }
        in_brackets = byte == '[' || (in_brackets && byte != ']');
    }
    bool has_port = end < host.length;
    if (end == 0 && (url->special != NULL || at > 0 || has_port)) {
        return false;
    }
    if (at > 0) {
        parse_credentials(url, nh_url_slice(text, 0, at - 1));
    }
    url->has_host = true;
    return nh_url_parse_host(&url->hostname, nh_url_slice(host, 0, end), url->special != NULL) &&
           (!has_port || parse_port(url, nh_url_slice(host, end + 1, host.length)));
}

/* --- path ----------------------------------------------------------------------------------- */

/* How many dots a path segment stands for, "%2e" counting as one: 1, 2, or 0 for anything else. */
static int dot_count(nh_bytes segment) {
    int dots = 0;
    for (size_t i = 0; i < segment.length; i++) {
        if (segment.data[i] != '.') {
            if (segment.length - i < 3 || memcmp(segment.data + i, "%2", 2) != 0 ||
                (segment.data[i + 2] | 0x20) != 'e') {
                return 0;
            }
            i += 2;
        }
        dots++;
    }
    return dots <= 2 ? dots : 0;
}

static bool is_drive(nh_bytes segment) {
    return segment.length == 2 && is_letter(segment.data[0]) &&
           (segment.data[1] == ':' || segment.data[1] == '|');
}

/* Drops the last segment; a file URL keeps its drive. */
static void shorten_path(url_parts *url) {
    size_t length = url->path.length;
    if (is_file(url) && length == 3 && is_drive(nh_bytes_of(url->path.data + 1, 2))) {
        return;
    }
    while (length > 0 && url->path.data[--length] != '/') {
    }
    url->path.length = length;
}

static void parse_path(url_parts *url, nh_bytes text) {
    size_t start = text.length > 0 && is_slash(url, text.data[0]) ? 1 : 0;
    if (start == 0 && text.length == 0 && url->special == NULL) {
        return;
    }
    for (bool more = true; more; start++) {
        size_t end = start;
        while (end < text.length && !is_slash(url, text.data[end])) {
            end++;
        }
        more = end < text.length;
        nh_bytes segment = nh_url_slice(text, start, end);
        int dots = dot_count(segment);
        /* Node.js leaves no path at all behind a last ".." that has nothing to drop. */
        bool vanishes = url->special == NULL && dots == 2 && url->path.length == 0;
        if (dots == 2) {
            shorten_path(url);
        }
        if (dots > 0) {
            if (!more && !vanishes) {
                nh_text_add_c(&url->path, "/");
            }
        } else {
            nh_text_add_c(&url->path, "/");
            if (is_file(url) && url->path.length == 1 && is_drive(segment)) {
                nh_text_add(&url->path, segment.data, 1);
                nh_text_add_c(&url->path, ":");
            } else {
                nh_url_encode(&url->path, segment, NH_URL_ENCODE_PATH);
            }
        }
        start = end;
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

static size_t find_any(nh_bytes text, size_t from, const char *stops, bool backslash) {
    while (from < text.length && (text.data[from] == 0 || strchr(stops, text.data[from]) == NULL) &&
           !(backslash && text.data[from] == '\\')) {
        from++;
    }
    return from;
}

static void parse_query_and_fragment(url_parts *url, nh_bytes text) {
    size_t hash = find_any(text, 0, "#", false);
    if (hash > 0 && text.data[0] == '?') {
        url->has_empty_query = hash == 1;
        if (hash > 1) {
            nh_text_add_c(&url->query, "?");
            nh_url_encode(&url->query, nh_url_slice(text, 1, hash),
                          url->special != NULL ? NH_URL_ENCODE_SPECIAL_QUERY : NH_URL_ENCODE_QUERY);
        }
    }
    if (hash < text.length) {
        url->has_empty_fragment = hash + 1 == text.length;
        if (!url->has_empty_fragment) {
            nh_text_add_c(&url->fragment, "#");
            nh_url_encode(&url->fragment, nh_url_slice(text, hash + 1, text.length),
                          NH_URL_ENCODE_FRAGMENT);
        }
    }
}

/* file:[//host]/path */
static bool parse_file(url_parts *url, nh_bytes text, size_t end) {
    size_t at = 0;
    url->has_host = true;
    if (end >= 2 && is_slash(url, text.data[0]) && is_slash(url, text.data[1])) {
        size_t stop = find_any(nh_url_slice(text, 0, end), 2, "/", true);
        nh_bytes host = nh_url_slice(text, 2, stop);
        if (is_drive(host)) {
            stop = 2; /* a path after all */
        } else if (host.length > 0 && !nh_url_parse_host(&url->hostname, host, true)) {
            return false;
        }
        if (nh_bytes_equal_text(nh_bytes_of(url->hostname.data, url->hostname.length),
                                "localhost")) {
            url->hostname.length = 0;
        }
        at = stop;
    }
    parse_path(url, nh_url_slice(text, at, end));
    return true;
}

static bool parse_url(url_parts *url, nh_bytes text) {
    size_t scheme_end = scheme_length(text);
    if (scheme_end == 0) {
        return false;
    }
    parse_scheme(url, nh_url_slice(text, 0, scheme_end));
    nh_bytes rest = nh_url_slice(text, scheme_end, text.length);
    size_t end = find_any(rest, 0, "?#", false);
    parse_query_and_fragment(url, nh_url_slice(rest, end, rest.length));
    if (is_file(url)) {
        return parse_file(url, rest, end);
    }
    size_t slashes = 0;
    while (slashes < end && is_slash(url, rest.data[slashes]) &&
           (url->special != NULL || slashes < 2)) {
        slashes++;
    }
    if (url->special == NULL && slashes < 2) {
        if (slashes == 1) {
            parse_path(url, nh_url_slice(rest, 0, end));
        } else {
            url->has_opaque_path = true;
            nh_url_encode(&url->path, nh_url_slice(rest, 0, end), NH_URL_ENCODE_C0_CONTROL);
        }
        return true;
    }
    size_t authority_end = find_any(nh_url_slice(rest, 0, end), slashes, "/", url->special != NULL);
    if (!parse_authority(url, nh_url_slice(rest, slashes, authority_end))) {
        return false;
    }
    parse_path(url, nh_url_slice(rest, authority_end, end));
    return true;
}

/* --- the result ----------------------------------------------------------------------------- */

static void add_text(nh_text *out, const nh_text *part) {
    nh_text_add(out, part->data, part->length);
}

static nh_value make_host(nh_memory *memory, const url_parts *url) {
    nh_text text;
    nh_text_init(&text, memory);
    add_text(&text, &url->hostname);
    if (url->port >= 0) {
        nh_text_add_format(&text, ":%d", url->port);
    }
    return nh_text_take_string(&text);
}

static nh_value make_href(nh_memory *memory, const url_parts *url, nh_value host) {
    nh_text text;
    nh_text_init(&text, memory);
    add_text(&text, &url->protocol);
    if (url->has_host) {
        nh_text_add_c(&text, "//");
        if (url->username.length > 0 || url->password.length > 0) {
            add_text(&text, &url->username);
            if (url->password.length > 0) {
                nh_text_add_c(&text, ":");
                add_text(&text, &url->password);
            }
            nh_text_add_c(&text, "@");
        }
        nh_text_add_bytes(&text, nh_value_bytes(host));
    } else if (!url->has_opaque_path && url->path.length > 1 && url->path.data[1] == '/') {
        nh_text_add_c(&text, "/."); /* or the path would read as a host */
    }
    add_text(&text, &url->path);
    add_text(&text, &url->query);
    nh_text_add_c(&text, url->has_empty_query ? "?" : "");
    add_text(&text, &url->fragment);
    nh_text_add_c(&text, url->has_empty_fragment ? "#" : "");
    return nh_text_take_string(&text);
}

static nh_value make_url(nh_memory *memory, url_parts *url) {
    nh_value map = nh_map_new(memory);
    nh_value host = make_host(memory, url);
    nh_value href = make_href(memory, url, host);
    nh_value origin = url->special != NULL && !is_file(url)
                          ? nh_string_format(memory, "%.*s//%s", (int)url->protocol.length,
                                             url->protocol.data, nh_value_text(host))
                          : nh_string_of(memory, "null");
    nh_value port =
        url->port >= 0 ? nh_string_format(memory, "%d", url->port) : nh_string_of(memory, "");
    /* All of them, also after one failed: setting is what consumes the values. */
    bool ok = nh_map_set_take(map, "href", href);
    ok = nh_map_set_take(map, "origin", origin) && ok;
    ok = nh_map_set_take(map, "protocol", nh_text_take_string(&url->protocol)) && ok;
    ok = nh_map_set_take(map, "username", nh_text_take_string(&url->username)) && ok;
    ok = nh_map_set_take(map, "password", nh_text_take_string(&url->password)) && ok;
    ok = nh_map_set_take(map, "host", host) && ok;
    ok = nh_map_set_take(map, "hostname", nh_text_take_string(&url->hostname)) && ok;
    ok = nh_map_set_take(map, "port", port) && ok;
    ok = nh_map_set_take(map, "pathname", nh_text_take_string(&url->path)) && ok;
    ok = nh_map_set_take(map, "search", nh_text_take_string(&url->query)) && ok;
    ok = nh_map_set_take(map, "hash", nh_text_take_string(&url->fragment)) && ok;
    if (!ok) {
        nh_value_release(&map);
        map.type = NH_INVALID;
    }
    return map;
}

nh_error *nh_url_new(nh_memory *memory, nh_value input, nh_value *out_url) {
    nh_value string = nh_value_to_string(memory, input);
    nh_text text;
    nh_text_init(&text, memory);
    add_clean_input(&text, nh_value_bytes(string));
    url_parts url = {.port = -1};
    nh_text *parts[PART_COUNT];
    list_parts(&url, parts);
    for (size_t i = 0; i < PART_COUNT; i++) {
        nh_text_init(parts[i], memory);
    }
    bool valid = parse_url(&url, nh_bytes_of(text.data, text.length));
    bool failed = text.failed || string.type == NH_INVALID;
    for (size_t i = 0; i < PART_COUNT; i++) {
        failed = failed || parts[i]->failed;
    }
    nh_error *error = NULL;
    *out_url = nh_undefined();
    if (!failed && valid) {
        nh_value made = make_url(memory, &url);
        failed = made.type == NH_INVALID;
        *out_url = failed ? nh_undefined() : made;
    } else if (!failed) {
        error = nh_error_new(memory, "TypeError", "ERR_INVALID_URL", "Invalid URL");
        nh_error_set_property_take(error, "input", nh_value_retain(string));
    }
    for (size_t i = 0; i < PART_COUNT; i++) {
        nh_text_deinit(parts[i]);
    }
    nh_text_deinit(&text);
    nh_value_release(&string);
    return failed ? nh_error_out_of_memory() : error;
}
