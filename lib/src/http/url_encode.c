/* Percent-encoding. */
#include "http/url_internal.h"

#include <string.h>

static bool is_in_set(uint8_t byte, nh_url_encode_set set) {
    /* Printable characters that each set adds to the controls and what is not ASCII. */
    static const char *const added[] = {
        [NH_URL_ENCODE_C0_CONTROL] = "",     [NH_URL_ENCODE_FRAGMENT] = " \"<>`",
        [NH_URL_ENCODE_QUERY] = " \"#<>",    [NH_URL_ENCODE_SPECIAL_QUERY] = " \"#<>'",
        [NH_URL_ENCODE_PATH] = " \"#<>?`{}", [NH_URL_ENCODE_USERINFO] = " \"#<>?`{}/:;=@[\\]^|",
    };
    return byte < 0x20 || byte > 0x7e || strchr(added[set], byte) != NULL;
}

void nh_url_encode(nh_text *out, nh_bytes bytes, nh_url_encode_set set) {
    for (size_t i = 0; i < bytes.length; i++) {
        if (is_in_set(bytes.data[i], set)) {
            nh_text_add_format(out, "%%%02X", (unsigned)bytes.data[i]);
        } else {
            nh_text_add(out, bytes.data + i, 1);
        }
    }
}

static int hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

void nh_url_decode(nh_text *out, nh_bytes bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        uint8_t byte = bytes.data[i];
        if (byte == '%' && bytes.length - i > 2) {
            int high = hex_digit(bytes.data[i + 1]);
            int low = hex_digit(bytes.data[i + 2]);
            if (high >= 0 && low >= 0) {
                byte = (uint8_t)(high * 16 + low);
                i += 2;
            }
        }
        nh_text_add(out, &byte, 1);
    }
}
