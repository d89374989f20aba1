#include "report/xml.h"

#include <string.h>

static const char *entity_of(unsigned char byte) {
    switch (byte) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void ts_xml_append(ts_text *out, const char *text) {
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        unsigned char byte = (unsigned char)text[at];
        const char *entity = entity_of(byte);
        size_t size = ts_utf8_sequence(text + at, length - at);
        /* U+FFFE and U+FFFF are no characters of XML either. */
        bool outside = size == 3 && byte == 0xEF && (unsigned char)text[at + 1] == 0xBF &&
                       (unsigned char)text[at + 2] >= 0xBE;
        bool control = byte < 0x20 && byte != '\n' && byte != '\t';
        if (entity != NULL) {
            ts_text_append(out, entity);
        } else if (size == 0 || outside || control) {
            ts_text_append_code_point(out, 0xFFFD);
        } else {
            ts_text_append_bytes(out, text + at, size);
        }
        at += size > 0 ? size : 1;
    }
}
