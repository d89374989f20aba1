/* host.c - hosts by the URL Standard, 3.5: the serializers of addresses, what may be a domain. */
#include "url/host.h"

#include <string.h>

#include "support/check.h"

static int hex_value(uint8_t byte) {
    return url_is_digit(byte) ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Reads 16-bit pieces as they are serialised: lower case, no leading zero. */
static size_t read_pieces(nh_bytes text, unsigned pieces[8]) {
    size_t count = 0;
    size_t digits = 0;
    unsigned piece = 0;
    for (size_t i = 0; i <= text.length && text.length != 0; i++) {
        if (i == text.length || text.data[i] == ':') {
            FUZZ_CHECK(digits != 0 && count < 8, "no IPv6 address: %.*s", URL_SHOWN(text));
            pieces[count++] = piece;
            piece = 0;
            digits = 0;
            continue;
        }
        int value = hex_value(text.data[i]);
        FUZZ_CHECK(value >= 0 && digits < 4 && (digits == 0 || piece != 0),
                   "an IPv6 address that is not canonical: %.*s", URL_SHOWN(text));
        piece = piece * 16 + (unsigned)value;
        digits++;
    }
    return count;
}

/* [3.5, IPv6 serializer]: eight pieces, the first longest run of two or more zeros compressed. */
static void check_ipv6(nh_bytes host) {
    FUZZ_CHECK(host.length >= 4 && host.data[host.length - 1] == ']', "no bracket: %.*s",
               URL_SHOWN(host));
    nh_bytes text = nh_bytes_of(host.data + 1, host.length - 2);
    size_t gap = SIZE_MAX;
    for (size_t i = 0; i + 1 < text.length && gap == SIZE_MAX; i++) {
        gap = text.data[i] == ':' && text.data[i + 1] == ':' ? i : SIZE_MAX;
    }
    unsigned pieces[16] = {0};
    if (gap == SIZE_MAX) {
        FUZZ_CHECK(read_pieces(text, pieces) == 8, "no IPv6 address: %.*s", URL_SHOWN(host));
    }
    size_t before = gap == SIZE_MAX ? 8 : read_pieces(nh_bytes_of(text.data, gap), pieces);
    size_t compressed = 0;
    if (gap != SIZE_MAX) {
        unsigned tail[8] = {0};
        size_t after = read_pieces(url_without(text, gap + 2), tail);
        FUZZ_CHECK(before + after <= 6, "\"::\" for less than two pieces: %.*s", URL_SHOWN(host));
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
                   "not the first longest run of zeros is compressed: %.*s", URL_SHOWN(host));
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
    nh_bytes last = url_without(host, last_label(host));
    size_t digits = 0;
    while (digits < last.length && url_is_digit(last.data[digits])) {
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
        FUZZ_CHECK(url_is_digit(host.data[i]) && (digits == 0 || number != 0),
                   "no IPv4 address: %.*s", URL_SHOWN(host));
        number = number * 10 + (unsigned)(host.data[i] - '0');
        digits++;
        FUZZ_CHECK(number <= 255, "no IPv4 address: %.*s", URL_SHOWN(host));
    }
    FUZZ_CHECK(dots == 3 && digits != 0, "no IPv4 address: %.*s", URL_SHOWN(host));
}

void url_check_host(const struct url_parts *parts) {
    nh_bytes host = parts->all[URL_HOSTNAME];
    if (host.length != 0 && host.data[0] == '[') {
        check_ipv6(host);
        return;
    }
    if (parts->special == NULL) {
        url_check_characters(host, " #/:<>?@[\\]^|", "an opaque host");
        return;
    }
    FUZZ_CHECK(host.length != 0 || strcmp(parts->special, "file:") == 0, "no host");
    url_check_characters(host, " #/:<>?@[\\]^|%ABCDEFGHIJKLMNOPQRSTUVWXYZ", "a domain");
    if (host.length != 0) {
        check_ipv4_if_number(host);
    }
}
