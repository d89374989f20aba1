/* Domain to ASCII: UTS #46 as far as host names on the wire need it, and Punycode (RFC 3492).
 *
 * Mapped are the ignored code points, the full stops of East Asian scripts, full-width forms and
 * the upper-case letters of the alphabets whose cases pair up regularly. Normalisation to NFC is
 * left to the caller. */
#include "http/url_internal.h"

#include <string.h>

#define LABEL_LIMIT 256 /* code points of a name that is not ASCII; DNS allows 63 octets */

typedef struct code_point_range {
    uint32_t first;
    uint32_t last;
    int32_t shift; /* what is added */
    uint32_t step; /* 1: every code point; 2: every second one, from `first` */
} code_point_range;

/* Simple case folding and compatibility mapping. */
static const code_point_range mapped[] = {
    {0x41, 0x5a, 32, 1},
    {0xc0, 0xd6, 32, 1},
    {0xd8, 0xde, 32, 1},
    {0x100, 0x12e, 1, 2},
    {0x132, 0x136, 1, 2},
    {0x139, 0x147, 1, 2},
    {0x14a, 0x176, 1, 2},
    {0x178, 0x178, -121, 1},
    {0x179, 0x17d, 1, 2},
    {0x386, 0x386, 38, 1},
    {0x388, 0x38a, 37, 1},
    {0x38c, 0x38c, 64, 1},
    {0x38e, 0x38f, 63, 1},
    {0x391, 0x3a1, 32, 1},
    {0x3a3, 0x3ab, 32, 1},
    {0x400, 0x40f, 80, 1},
    {0x410, 0x42f, 32, 1},
    {0x460, 0x480, 1, 2},
    {0x48a, 0x4be, 1, 2},
    {0x4d0, 0x52e, 1, 2},
    {0x531, 0x556, 48, 1},
    {0x1e00, 0x1e94, 1, 2},
    {0x1ea0, 0x1efe, 1, 2},
    {0x3002, 0x3002, '.' - 0x3002, 1},
    {0xff0e, 0xff0e, '.' - 0xff0e, 1},
    {0xff61, 0xff61, '.' - 0xff61, 1},
    {0xff21, 0xff3a, 'a' - 0xff21, 1},
    {0xff01, 0xff5e, '!' - 0xff01, 1},
};

static uint32_t map_code_point(uint32_t code_point) {
    for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++) {
        const code_point_range *range = &mapped[i];
        if (code_point >= range->first && code_point <= range->last &&
            (code_point - range->first) % range->step == 0) {
            return (uint32_t)((int32_t)code_point + range->shift);
        }
    }
    return code_point;
}

static bool is_ignored(uint32_t code_point) {
    return code_point == 0xad || code_point == 0x200b || code_point == 0x2060 ||
           code_point == 0xfeff || (code_point >= 0xfe00 && code_point <= 0xfe0f);
}

/* Not allowed in a name, mapped or not: surrogates, controls, noncharacters, bytes that are not
 * UTF-8 (which decode to U+FFFD or to themselves). */
static bool is_disallowed(uint32_t code_point) {
    return (code_point >= 0x80 && code_point <= 0xa0) || code_point == 0xfffd ||
           (code_point >= 0xd800 && code_point <= 0xdfff) || (code_point & 0xfffe) == 0xfffe ||
           (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0xe000 && code_point <= 0xf8ff);
}

/* --- Punycode ------------------------------------------------------------------------------- */

enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_CODE = 128 };

static uint32_t adapt_bias(uint32_t delta, uint32_t points, bool first) {
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    uint32_t k = 0;
    for (; delta > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) {
        delta /= BASE - T_MIN;
    }
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias) {
    if (k <= bias) {
        return T_MIN;
    }
    return k >= bias + T_MAX ? T_MAX : k - bias;
}

static void add_digit(nh_text *out, uint32_t digit) {
    char text = (char)(digit < 26 ? 'a' + (int)digit : '0' + (int)digit - 26);
    nh_text_add(out, &text, 1);
}

static void add_variable_length(nh_text *out, uint32_t number, uint32_t bias) {
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias);
        if (number < t) {
            break;
        }
        add_digit(out, t + (number - t) % (BASE - t));
        number = (number - t) / (BASE - t);
    }
    add_digit(out, number);
}

static void encode_punycode(nh_text *out, const uint32_t *points, size_t count) {
    uint32_t handled = 0;
    for (size_t i = 0; i < count; i++) {
        if (points[i] < 0x80) {
            char ascii = (char)points[i];
            nh_text_add(out, &ascii, 1);
            handled++;
        }
    }
    uint32_t basic = handled;
    if (basic > 0) {
        nh_text_add_c(out, "-");
    }
    uint32_t code = FIRST_CODE;
    uint32_t bias = FIRST_BIAS;
    uint32_t delta = 0;
    while (handled < count) {
        uint32_t next = UINT32_MAX;
        for (size_t i = 0; i < count; i++) {
            if (points[i] >= code && points[i] < next) {
                next = points[i];
            }
        }
        delta += (next - code) * (handled + 1);
        code = next;
        for (size_t i = 0; i < count; i++) {
            if (points[i] < code) {
                delta++;
            } else if (points[i] == code) {
                add_variable_length(out, delta, bias);
                bias = adapt_bias(delta, handled + 1, handled == basic);
                delta = 0;
                handled++;
            }
        }
        delta++;
        code++;
    }
}

/* Whether the label behind "xn--" decodes to something that had to be encoded. */
static bool is_valid_punycode(nh_bytes text) {
    size_t at = text.length;
    while (at > 0 && text.data[at - 1] != '-') {
        at--;
    }
    uint32_t count = at > 0 ? (uint32_t)at - 1 : 0;
    uint32_t basic = count;
    uint32_t code = FIRST_CODE;
    uint32_t bias = FIRST_BIAS;
    uint32_t index = 0;
    if (at == text.length) {
        return false;
    }
    while (at < text.length) {
        uint32_t start = index;
        uint32_t weight = 1;
        for (uint32_t k = BASE;; k += BASE) {
            if (at == text.length) {
                return false;
            }
            uint8_t byte = text.data[at++];
            uint32_t digit = byte >= 'a' && byte <= 'z'   ? (uint32_t)(byte - 'a')
                             : byte >= '0' && byte <= '9' ? (uint32_t)(byte - '0') + 26
                                                          : BASE;
            if (digit >= BASE || digit > (UINT32_MAX - index) / weight) {
                return false;
            }
            index += digit * weight;
            uint32_t t = threshold(k, bias);
            if (digit < t) {
                break;
            }
            if (weight > UINT32_MAX / (BASE - t)) {
                return false;
            }
            weight *= BASE - t;
        }
        count++;
        bias = adapt_bias(index - start, count, count - 1 == basic);
        if (index / count > 0x10ffff - code) {
            return false;
        }
        code += index / count;
        index = index % count + 1;
        if (is_disallowed(code) || is_ignored(code) || map_code_point(code) != code) {
            return false;
        }
    }
    return true;
}

/* --- labels --------------------------------------------------------------------------------- */

static bool add_label(nh_text *out, const uint32_t *points, size_t count) {
    bool ascii = true;
    for (size_t i = 0; i < count; i++) {
        ascii = ascii && points[i] < 0x80;
    }
    if (!ascii) {
        nh_text_add_c(out, "xn--");
        encode_punycode(out, points, count);
        return true;
    }
    size_t start = out->length;
    for (size_t i = 0; i < count; i++) {
        char byte = (char)points[i];
        nh_text_add(out, &byte, 1);
    }
    if (out->failed || count == 0) {
        return !out->failed;
    }
    nh_bytes label = nh_bytes_of(out->data + start, count);
    return count < 4 || memcmp(label.data, "xn--", 4) != 0 ||
           is_valid_punycode(nh_url_slice(label, 4, count));
}

/* Lower case; labels may be of any length. */
static bool add_ascii_domain(nh_text *out, nh_bytes domain) {
    size_t start = out->length;
    for (size_t i = 0; i < domain.length; i++) {
        uint8_t byte = domain.data[i];
        char lower = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
        nh_text_add(out, &lower, 1);
    }
    if (out->failed || domain.length == 0) {
        return !out->failed;
    }
    nh_bytes rest = nh_bytes_of(out->data + start, domain.length);
    while (rest.length > 0) {
        const uint8_t *dot = memchr(rest.data, '.', rest.length);
        size_t length = dot == NULL ? rest.length : (size_t)(dot - rest.data);
        if (length >= 4 && memcmp(rest.data, "xn--", 4) == 0 &&
            !is_valid_punycode(nh_url_slice(rest, 4, length))) {
            return false;
        }
        rest = nh_url_slice(rest, dot == NULL ? length : length + 1, rest.length);
    }
    return true;
}

static bool is_ascii(nh_bytes text) {
    size_t i = 0;
    while (i < text.length && text.data[i] < 0x80) {
        i++;
    }
    return i == text.length;
}

bool nh_url_domain_to_ascii(nh_text *out, nh_bytes domain) {
    if (is_ascii(domain)) {
        return add_ascii_domain(out, domain);
    }
    uint32_t points[LABEL_LIMIT];
    size_t count = 0;
    for (size_t at = 0; at < domain.length;) {
        uint32_t code_point;
        size_t used = nh_utf8_decode(domain.data + at, domain.length - at, &code_point);
        bool broken = used == 1 && code_point >= 0x80;
        at += used;
        if (is_ignored(code_point)) {
            continue;
        }
        code_point = map_code_point(code_point);
        if (broken || is_disallowed(code_point)) {
            return false;
        }
        if (code_point == '.') {
            if (!add_label(out, points, count)) {
                return false;
            }
            nh_text_add_c(out, ".");
            count = 0;
        } else if (count == LABEL_LIMIT) {
            return false;
        } else {
            points[count++] = code_point;
        }
    }
    return add_label(out, points, count);
}
