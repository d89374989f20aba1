/* parts.h - the members of a URL, read from the library's object, and text to compare them with. */
#ifndef FUZZERS_URL_PARTS_H
#define FUZZERS_URL_PARTS_H

#include <nodehttp/value.h>

/* The most bytes of an input. */
#define URL_LONGEST_INPUT 2048

enum url_member {
    URL_HREF,
    URL_ORIGIN,
    URL_PROTOCOL,
    URL_USERNAME,
    URL_PASSWORD,
    URL_HOST,
    URL_HOSTNAME,
    URL_PORT,
    URL_PATHNAME,
    URL_SEARCH,
    URL_HASH,
    URL_MEMBERS
};

extern const char *const url_member_names[URL_MEMBERS];

/* The members of a URL, borrowed from it. */
struct url_parts {
    nh_bytes all[URL_MEMBERS];
    const char *special; /* its scheme with a colon, when it is one of the special ones */
    const char *default_port;
};

/* Reads the members of `url`, which has just these, each of them a string. */
void url_read_parts(nh_value url, struct url_parts *parts);

/* Text that is put together, to be compared. */
struct url_text {
    char bytes[(size_t)URL_LONGEST_INPUT * 9 * 4 + 512]; /* more than a request for a URL has */
    size_t length;
};

/* Fails when there is no room, since then it is no text of a short input. */
void url_append(struct url_text *built, nh_bytes more);
void url_append_text(struct url_text *built, const char *more);

bool url_starts_with(nh_bytes bytes, const char *text);
/* `bytes` without the first `count`. */
nh_bytes url_without(nh_bytes bytes, size_t count);
bool url_is_digit(uint8_t byte);

/* The two arguments of "%.*s". */
#define URL_SHOWN(bytes) (int)(bytes).length, (const char *)(bytes).data

/* Fails on a control, anything beyond ASCII, and any of `forbidden`. */
void url_check_characters(nh_bytes bytes, const char *forbidden, const char *what);

#endif
