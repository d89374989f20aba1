/* Hosts of URLs: IPv6, IPv4 in its many spellings, domains, opaque hosts (URL Standard, 3.5). */
#include "http/url_internal.h"

#include <string.h>

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

static int digit_value(uint8_t byte) {
    if (is_digit(byte)) {
        return byte - '0';
    }
    uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
}

/* --- IPv4 ----------------------------------------------------------------------------------- */

/* One part of an address: decimal, 0x hexadecimal, or octal behind a 0. Numbers beyond 2^32 stay
 * there, whatever their size. */
static bool parse_ipv4_number(nh_bytes part, uint64_t *out) {
    int base = 10;
    if (part.length == 0) {
        return false;
    }
    size_t i = 0;
    if (part.length >= 2 && part.data[0] == '0') {
        bool hex = (part.data[1] | 0x20) == 'x';
        base = hex ? 16 : 8;
        i = hex ? 2 : 1;
    }
    uint64_t number = 0;
    for (; i < part.length; i++) {
        int digit = digit_value(part.data[i]);
        if (digit >= base) {
            return false;
        }
        number = number * (uint64_t)base + (uint64_t)digit;
        if (number > UINT32_MAX) {
            number = (uint64_t)UINT32_MAX + 1;
        }
    }
    *out = number;
    return true;
}

static nh_bytes last_part(nh_bytes host) {
    size_t end = host.length;
    if (end > 0 && host.data[end - 1] == '.') {
        end--;
    }
    size_t start = end;
    while (start > 0 && host.data[start - 1] != '.') {
        start--;
    }
    return nh_url_slice(host, start, end);
}

/* Whether a host has to be an IPv4 address because its last part is a number. */
static bool ends_in_number(nh_bytes host) {
    nh_bytes part = last_part(host);
    if (part.length == 0) {
        return false;
    }
    size_t digits = 0;
    while (digits < part.length && is_digit(part.data[digits])) {
        digits++;
    }
    uint64_t number;
    return digits == part.length || parse_ipv4_number(part, &number);
}

static bool parse_ipv4(nh_text *out, nh_bytes host) {
    uint64_t parts[4];
    size_t count = 0;
    size_t end =
        host.length > 1 && host.data[host.length - 1] == '.' ? host.length - 1 : host.length;
    for (size_t start = 0; start <= end;) {
        size_t stop = start;
        while (stop < end && host.data[stop] != '.') {
            stop++;
        }
        if (count == 4 || !parse_ipv4_number(nh_url_slice(host, start, stop), &parts[count])) {
            return false;
        }
        count++;
        start = stop + 1;
    }
    uint64_t address = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        if (parts[i] > 255) {
            return false;
        }
        address |= parts[i] << (8 * (3 - i));
    }
    /* The last part fills all the bytes that are left. */
    if (parts[count - 1] >= (uint64_t)1 << (8 * (5 - count))) {
        return false;
    }
    address |= parts[count - 1];
    nh_text_add_format(out, "%u.%u.%u.%u", (unsigned)(address >> 24),
                       (unsigned)(address >> 16 & 255), (unsigned)(address >> 8 & 255),
                       (unsigned)(address & 255));
    return true;
}

/* --- IPv6 ----------------------------------------------------------------------------------- */

/* The dotted quad at the end of an IPv6 address, into two pieces. */
static bool parse_embedded_ipv4(nh_bytes text, uint16_t pieces[2]) {
    size_t at = 0;
    for (size_t part = 0; part < 4; part++) {
        if (part > 0) {
            if (at == text.length || text.data[at] != '.') {
                return false;
            }
            at++;
        }
        unsigned number = 0;
        size_t digits = 0;
        for (; at < text.length && is_digit(text.data[at]); at++, digits++) {
            if (digits > 0 && number == 0) {
                return false;
            }
            number = number * 10 + (unsigned)(text.data[at] - '0');
            if (number > 255) {
                return false;
            }
        }
        if (digits == 0) {
            return false;
        }
        pieces[part / 2] = (uint16_t)(pieces[part / 2] * 256 + number);
    }
    return at == text.length;
}

/* Moves the pieces behind "::" to the end of the address. */
static void expand_gap(uint16_t pieces[8], size_t gap, size_t count) {
    size_t tail = count - gap;
    for (size_t i = 0; i < tail; i++) {
        pieces[7 - i] = pieces[count - 1 - i];
        if (7 - i != count - 1 - i) {
            pieces[count - 1 - i] = 0;
        }
    }
}

static bool parse_ipv6(nh_bytes text, uint16_t pieces[8]) {
    size_t at = 0;
    size_t count = 0;
    size_t gap = SIZE_MAX;
    memset(pieces, 0, 8 * sizeof(pieces[0]));
    if (text.length > 0 && text.data[0] == ':') {
        if (text.length < 2 || text.data[1] != ':') {
            return false;
        }
        at = 2;
        gap = 0;
    }
    while (at < text.length) {
        if (count == 8) {
            return false;
        }
        if (text.data[at] == ':') {
            if (gap != SIZE_MAX) {
                return false;
            }
            at++;
            gap = count;
            continue;
        }
        size_t start = at;
        unsigned piece = 0;
        for (; at < text.length && at - start < 4 && digit_value(text.data[at]) < 16; at++) {
            piece = piece * 16 + (unsigned)digit_value(text.data[at]);
        }
        if (at < text.length && text.data[at] == '.') {
            if (at == start || count > 6 ||
                !parse_embedded_ipv4(nh_url_slice(text, start, text.length), pieces + count)) {
                return false;
            }
            count += 2;
            break;
        }
        if (at < text.length) {
            if (text.data[at] != ':' || at + 1 == text.length) {
                return false;
            }
            at++;
        }
        pieces[count++] = (uint16_t)piece;
    }
    if (gap == SIZE_MAX) {
        return count == 8;
    }
    if (count == 8) {
        return false; /* "::" has to stand for something */
    }
    expand_gap(pieces, gap, count);
    return true;
}

static void add_ipv6(nh_text *out, const uint16_t pieces[8]) {
    size_t best = 8;
    size_t best_length = 1; /* a single zero is not compressed */
    for (size_t i = 0; i < 8;) {
        size_t run = 0;
        while (i + run < 8 && pieces[i + run] == 0) {
            run++;
        }
        if (run > best_length) {
            best = i;
            best_length = run;
        }
        i += run + 1;
    }
    nh_text_add_c(out, "[");
    for (size_t i = 0; i < 8; i++) {
        if (i == best) {
            nh_text_add_c(out, i == 0 ? "::" : ":");
            i += best_length - 1;
            continue;
        }
        nh_text_add_format(out, i < 7 ? "%x:" : "%x", (unsigned)pieces[i]);
    }
    nh_text_add_c(out, "]");
}

/* --- domains and opaque hosts --------------------------------------------------------------- */

static bool is_forbidden_in_host(uint8_t byte) {
    return byte == 0 || strchr("\t\n\r #/:<>?@[\\]^|", byte) != NULL;
}

static bool is_forbidden_in_domain(uint8_t byte) {
    return byte < 0x20 || byte == 0x7f || byte == '%' || is_forbidden_in_host(byte);
}

static bool parse_opaque_host(nh_text *out, nh_bytes host) {
    for (size_t i = 0; i < host.length; i++) {
        if (is_forbidden_in_host(host.data[i])) {
            return false;
        }
    }
    nh_url_encode(out, host, NH_URL_ENCODE_C0_CONTROL);
    return true;
}

static bool parse_domain(nh_text *out, nh_bytes host) {
    nh_text decoded;
    nh_text ascii;
    nh_text_init(&decoded, out->memory);
    nh_text_init(&ascii, out->memory);
    nh_url_decode(&decoded, host);
    bool ok = nh_url_domain_to_ascii(&ascii, nh_bytes_of(decoded.data, decoded.length)) &&
              ascii.length > 0;
    for (size_t i = 0; ok && i < ascii.length; i++) {
        ok = !is_forbidden_in_domain((uint8_t)ascii.data[i]);
    }
    if (ok) {
        nh_bytes domain = nh_bytes_of(ascii.data, ascii.length);
        if (ends_in_number(domain)) {
            ok = parse_ipv4(out, domain);
        } else {
            nh_text_add_bytes(out, domain);
        }
    }
    out->failed = out->failed || decoded.failed || ascii.failed;
    nh_text_deinit(&decoded);
    nh_text_deinit(&ascii);
    return ok;
}

bool nh_url_parse_host(nh_text *out, nh_bytes host, bool special) {
    if (host.length > 0 && host.data[0] == '[') {
        uint16_t pieces[8];
        if (host.data[host.length - 1] != ']' ||
            !parse_ipv6(nh_url_slice(host, 1, host.length - 1), pieces)) {
            return false;
        }
        add_ipv6(out, pieces);
        return true;
    }
    return special ? parse_domain(out, host) : parse_opaque_host(out, host);
}
