#include "parser/chunk_scan.h"

#include <string.h>

#include "parser/head_scan.h"
#include "support/check.h"

/* Names and values of one chunk's extensions together (Node: 16 KiB). */
#define MOST_EXTENSION_BYTES 16384U

static int hex_value(uint8_t byte) {
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Whether `line` occurs in the head, with its end; its case is that of nearly everybody. */
static bool has_line(nh_bytes head, const char *line) {
    size_t length = strlen(line);
    for (size_t i = 0; i + length <= head.length; i++) {
        if (memcmp(head.data + i, line, length) == 0) {
            return true;
        }
    }
    return false;
}

/* One method that takes a body, one framing field, no other protocol. */
static bool is_plainly_chunked(nh_bytes head) {
    return head.length > 5 && memcmp(head.data, "P", 1) == 0 &&
           has_line(head, "\r\nTransfer-Encoding: chunked\r\n") && !has_line(head, "pgrade") &&
           !has_line(head, "PGRADE");
}

/* What of an extension is neither a name nor a value, or may be neither. */
static bool is_separator(uint8_t byte) {
    return byte == ';' || byte == '=' || byte == '"' || byte == '\\' || byte == ' ' ||
           byte == '\t' || byte == '\r';
}

void chunk_scan_check(nh_bytes wire, const char *code, size_t offset) {
    bool overflows = code != NULL && strcmp(code, "HPE_CHUNK_EXTENSIONS_OVERFLOW") == 0;
    nh_bytes bytes = nh_bytes_of(wire.data, code == NULL ? wire.length : offset);
    struct head_scan head = head_scan_of(NH_MESSAGE_REQUEST, bytes);
    if (!head.is_complete || !is_plainly_chunked(nh_bytes_of(wire.data, head.length))) {
        return;
    }
    for (size_t at = head.length; at < bytes.length;) {
        size_t size = 0;
        size_t digits = 0;
        for (; at < bytes.length && hex_value(bytes.data[at]) >= 0; at++, digits++) {
            if (size > bytes.length) {
                return;
            }
            size = size * 16 + (size_t)hex_value(bytes.data[at]);
        }
        size_t start = at;
        size_t text = 0;
        for (; at < bytes.length && bytes.data[at] != '\n'; at++) {
            text += is_separator(bytes.data[at]) ? 0 : 1;
        }
        if (digits == 0) {
            return;
        }
        if (at == bytes.length) {
            FUZZ_CHECK(!overflows || at - start > MOST_EXTENSION_BYTES,
                       "%zu bytes of extensions overflow", at - start);
            return;
        }
        /* The last byte of a line may be the one at which they are found to be too many. */
        bool refused = overflows && at + 1 == bytes.length;
        FUZZ_CHECK(text <= MOST_EXTENSION_BYTES || refused, "%zu bytes of extensions pass", text);
        if (refused) {
            return;
        }
        if (size == 0 || size > bytes.length - at) {
            return;
        }
        at += 1 + size + 2; /* LF, data, CR LF */
    }
}
