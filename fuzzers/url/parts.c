/* parts.c - reading members; text. */
#include "url/parts.h"

#include <string.h>

#include "support/check.h"

const char *const url_member_names[URL_MEMBERS] = {"href",     "origin", "protocol", "username",
                                                   "password", "host",   "hostname", "port",
                                                   "pathname", "search", "hash"};

/* --- text --------------------------------------------------------------------------------- */

void url_append(struct url_text *built, nh_bytes more) {
    FUZZ_CHECK(more.length <= sizeof(built->bytes) - built->length, "%zu bytes from a short input",
               built->length + more.length);
    if (more.length != 0) {
        memcpy(built->bytes + built->length, more.data, more.length);
    }
    built->length += more.length;
}

void url_append_text(struct url_text *built, const char *more) {
    url_append(built, nh_bytes_of_text(more));
}

bool url_starts_with(nh_bytes bytes, const char *text) {
    size_t length = strlen(text);
    return bytes.length >= length && memcmp(bytes.data, text, length) == 0;
}

nh_bytes url_without(nh_bytes bytes, size_t count) {
    return nh_bytes_of(bytes.data + count, bytes.length - count);
}

bool url_is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

void url_check_characters(nh_bytes bytes, const char *forbidden, const char *what) {
    for (size_t i = 0; i < bytes.length; i++) {
        uint8_t byte = bytes.data[i];
        FUZZ_CHECK(byte >= 0x20 && byte < 0x7f && strchr(forbidden, byte) == NULL,
                   "%s holds the byte 0x%02x: %.*s", what, byte, URL_SHOWN(bytes));
    }
}

/* --- members ------------------------------------------------------------------------------ */

/* The special schemes (URL Standard, 4.2). */
static void find_scheme(struct url_parts *parts) {
    static const char *const schemes[][2] = {{"http:", "80"}, {"https:", "443"}, {"ws:", "80"},
                                             {"wss:", "443"}, {"ftp:", "21"},    {"file:", ""}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (nh_bytes_equal_text(parts->all[URL_PROTOCOL], schemes[i][0])) {
            parts->special = schemes[i][0];
            parts->default_port = schemes[i][1];
        }
    }
}

void url_read_parts(nh_value url, struct url_parts *parts) {
    *parts = (struct url_parts){0};
    FUZZ_CHECK(nh_map_length(url) == URL_MEMBERS, "%zu members", nh_map_length(url));
    for (size_t i = 0; i < URL_MEMBERS; i++) {
        nh_value value = nh_map_get(url, url_member_names[i]);
        FUZZ_CHECK(value.type == NH_STRING, "%s is no string", url_member_names[i]);
        parts->all[i] = nh_value_bytes(value);
    }
    find_scheme(parts);
}
