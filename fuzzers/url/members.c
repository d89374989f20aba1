/* members.c - each member by its section of the URL Standard [in brackets], then the whole. */
#include "url/members.h"

#include <string.h>

#include "support/check.h"
#include "url/host.h"

/* --- each by itself ----------------------------------------------------------------------- */

static bool is_lower(uint8_t byte) {
    return byte >= 'a' && byte <= 'z';
}

static void check_protocol(nh_bytes protocol) {
    FUZZ_CHECK(protocol.length >= 2 && is_lower(protocol.data[0]) &&
                   protocol.data[protocol.length - 1] == ':',
               "a protocol \"%.*s\"", URL_SHOWN(protocol));
    for (size_t i = 0; i + 1 < protocol.length; i++) {
        uint8_t byte = protocol.data[i];
        FUZZ_CHECK(is_lower(byte) || url_is_digit(byte) || byte == '+' || byte == '-' ||
                       byte == '.',
                   "a protocol \"%.*s\"", URL_SHOWN(protocol));
    }
}

static void check_port(const struct url_parts *parts) {
    nh_bytes port = parts->all[URL_PORT];
    unsigned number = 0;
    for (size_t i = 0; i < port.length; i++) {
        FUZZ_CHECK(url_is_digit(port.data[i]) && (i == 0 || number != 0), "a port \"%.*s\"",
                   URL_SHOWN(port));
        number = number * 10 + (unsigned)(port.data[i] - '0');
        FUZZ_CHECK(number <= 65535, "a port \"%.*s\"", URL_SHOWN(port));
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
        } else if (url_starts_with(url_without(segment, i), "%2e") ||
                   url_starts_with(url_without(segment, i), "%2E")) {
            i += 3;
        } else {
            return false;
        }
    }
    return dots == 1 || dots == 2;
}

static void check_path(const struct url_parts *parts, bool has_host) {
    nh_bytes path = parts->all[URL_PATHNAME];
    if (path.length == 0 || path.data[0] != '/') {
        FUZZ_CHECK(parts->special == NULL && (!has_host || path.length == 0), "a path \"%.*s\"",
                   URL_SHOWN(path));
        url_check_characters(path, "?#", "an opaque path");
        return;
    }
    url_check_characters(path, parts->special != NULL ? " \"#<>?`{}\\" : " \"#<>?`{}", "a path");
    for (size_t start = 1, at = 1; at <= path.length; at++) {
        if (at == path.length || path.data[at] == '/') {
            nh_bytes segment = nh_bytes_of(path.data + start, at - start);
            FUZZ_CHECK(!is_dots(segment), "a dot segment is left: %.*s", URL_SHOWN(path));
            start = at + 1;
        }
    }
}

/* --- the whole ---------------------------------------------------------------------------- */

/* Takes `part` from the front of what is left of href. */
static void take(nh_bytes *left, nh_bytes part, const struct url_parts *parts,
                 enum url_member member) {
    FUZZ_CHECK(left->length >= part.length &&
                   nh_bytes_equal(nh_bytes_of(left->data, part.length), part),
               "%s \"%.*s\" is not where it has to be in %.*s", url_member_names[member],
               URL_SHOWN(part), URL_SHOWN(parts->all[URL_HREF]));
    *left = url_without(*left, part.length);
}

static void take_text(nh_bytes *left, const char *text, const struct url_parts *parts,
                      enum url_member member) {
    take(left, nh_bytes_of_text(text), parts, member);
}

/* [4.5, URL serializer]: whether there is a host. */
static bool check_recombines(const struct url_parts *parts) {
    const nh_bytes *all = parts->all;
    nh_bytes left = all[URL_HREF];
    take(&left, all[URL_PROTOCOL], parts, URL_PROTOCOL);
    bool has_host = url_starts_with(left, "//");
    if (has_host) {
        left = url_without(left, 2);
        if (all[URL_USERNAME].length != 0 || all[URL_PASSWORD].length != 0) {
            take(&left, all[URL_USERNAME], parts, URL_USERNAME);
            if (all[URL_PASSWORD].length != 0) {
                take_text(&left, ":", parts, URL_PASSWORD);
                take(&left, all[URL_PASSWORD], parts, URL_PASSWORD);
            }
            take_text(&left, "@", parts, URL_HOST);
        }
        take(&left, all[URL_HOST], parts, URL_HOST);
    } else {
        FUZZ_CHECK(all[URL_HOST].length + all[URL_USERNAME].length + all[URL_PASSWORD].length == 0,
                   "a host or credentials that are not in %.*s", URL_SHOWN(all[URL_HREF]));
        if (url_starts_with(all[URL_PATHNAME], "//")) {
            take_text(&left, "/.", parts, URL_PATHNAME);
        }
    }
    take(&left, all[URL_PATHNAME], parts, URL_PATHNAME);
    if (all[URL_SEARCH].length == 0 && url_starts_with(left, "?")) {
        left = url_without(left, 1); /* an empty query stays in href */
    }
    take(&left, all[URL_SEARCH], parts, URL_SEARCH);
    if (all[URL_HASH].length == 0 && url_starts_with(left, "#")) {
        left = url_without(left, 1);
    }
    take(&left, all[URL_HASH], parts, URL_HASH);
    FUZZ_CHECK(left.length == 0, "%.*s ends with more than its members", URL_SHOWN(all[URL_HREF]));
    return has_host;
}

static void check_host_and_origin(const struct url_parts *parts) {
    static struct url_text built;
    built.length = 0;
    url_append(&built, parts->all[URL_HOSTNAME]);
    if (parts->all[URL_PORT].length != 0) {
        url_append_text(&built, ":");
        url_append(&built, parts->all[URL_PORT]);
    }
    FUZZ_CHECK(nh_bytes_equal(nh_bytes_of(built.bytes, built.length), parts->all[URL_HOST]),
               "host \"%.*s\" is not hostname and port", URL_SHOWN(parts->all[URL_HOST]));
    built.length = 0;
    if (parts->special != NULL && strcmp(parts->special, "file:") != 0) {
        url_append_text(&built, parts->special);
        url_append_text(&built, "//");
        url_append(&built, parts->all[URL_HOST]);
    } else {
        url_append_text(&built, "null");
    }
    FUZZ_CHECK(nh_bytes_equal(nh_bytes_of(built.bytes, built.length), parts->all[URL_ORIGIN]),
               "origin \"%.*s\"", URL_SHOWN(parts->all[URL_ORIGIN]));
}

void url_check_members(const struct url_parts *parts) {
    const nh_bytes *all = parts->all;
    check_protocol(all[URL_PROTOCOL]);
    bool has_host = check_recombines(parts);
    if (has_host) {
        url_check_host(parts);
    }
    check_host_and_origin(parts);
    check_port(parts);
    url_check_characters(all[URL_USERNAME], " \"#<>?`{}/:;=@[\\]^|", "a user name");
    url_check_characters(all[URL_PASSWORD], " \"#<>?`{}/:;=@[\\]^|", "a password");
    check_path(parts, has_host);
    if (all[URL_SEARCH].length != 0) {
        FUZZ_CHECK(all[URL_SEARCH].length > 1 && all[URL_SEARCH].data[0] == '?',
                   "a search without ?");
        url_check_characters(all[URL_SEARCH], parts->special != NULL ? " \"#<>'" : " \"#<>",
                             "a search");
    }
    if (all[URL_HASH].length != 0) {
        FUZZ_CHECK(all[URL_HASH].length > 1 && all[URL_HASH].data[0] == '#', "a hash without #");
        url_check_characters(all[URL_HASH], " \"<>`", "a hash");
    }
}
