#include "parser/head_scan.h"

#include <string.h>

/* "HTTP/1.1 200 ": the reason phrase begins after it. */
#define REASON_OFFSET 13U

static bool is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

/* The bytes of a line without its end, and where the next line begins; the line may be cut off. */
static nh_bytes line_at(nh_bytes bytes, size_t start, size_t *out_next) {
    const uint8_t *first = bytes.data + start;
    size_t left = bytes.length - start;
    const uint8_t *feed = left == 0 ? NULL : memchr(first, '\n', left);
    size_t length = feed == NULL ? left : (size_t)(feed - first);
    *out_next = start + length + (feed == NULL ? 0 : 1);
    if (length > 0 && first[length - 1] == '\r') {
        length--;
    }
    return nh_bytes_of(first, length);
}

/* A status line ends with CR LF, or with CR CR: Node's parser takes that, too, when it is strict.
 */
static nh_bytes status_line_at(nh_bytes bytes, size_t start, size_t *out_next) {
    size_t end = start;
    while (end < bytes.length && bytes.data[end] != '\r') {
        end++;
    }
    *out_next = end + 2 < bytes.length ? end + 2 : bytes.length;
    return nh_bytes_of(bytes.data + start, end - start);
}

static size_t start_line_text(nh_message_kind kind, nh_bytes line) {
    if (kind == NH_MESSAGE_RESPONSE) {
        return line.length > REASON_OFFSET ? line.length - REASON_OFFSET : 0;
    }
    size_t at = 0;
    while (at < line.length && line.data[at] != ' ') {
        at++;
    }
    while (at < line.length && line.data[at] == ' ') {
        at++;
    }
    size_t start = at;
    while (at < line.length && line.data[at] != ' ') {
        at++;
    }
    return at - start;
}

static void add_field_line(struct head_scan *scan, nh_bytes line) {
    const uint8_t *colon = line.length == 0 ? NULL : memchr(line.data, ':', line.length);
    if (colon == NULL) {
        scan->counted += line.length;
        return;
    }
    scan->lines++;
    size_t value = (size_t)(colon - line.data) + 1;
    scan->counted += value - 1;
    while (value < line.length && is_blank(line.data[value])) {
        value++;
    }
    scan->counted += line.length - value;
    for (size_t end = line.length; end > value && is_blank(line.data[end - 1]); end--) {
        scan->blanks++;
    }
}

struct head_scan head_scan_of(nh_message_kind kind, nh_bytes bytes) {
    struct head_scan scan = {.counted = 0};
    size_t at = 0;
    while (at < bytes.length && (bytes.data[at] == '\r' || bytes.data[at] == '\n')) {
        at++;
    }
    nh_bytes line =
        kind == NH_MESSAGE_RESPONSE ? status_line_at(bytes, at, &at) : line_at(bytes, at, &at);
    scan.counted = start_line_text(kind, line);
    while (at < bytes.length) {
        line = line_at(bytes, at, &at);
        if (line.length == 0) {
            scan.is_complete = at > 0 && bytes.data[at - 1] == '\n';
            break;
        }
        add_field_line(&scan, line);
    }
    scan.length = at;
    return scan;
}
