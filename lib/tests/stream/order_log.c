/* The log of a case, and the words in it. */
#include "order_internal.h"

#include <stdarg.h>
#include <stdio.h>

void order_note(struct run *run, const char *format, ...) {
    char word[256];
    va_list arguments;

    if (run->closed) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(word, sizeof(word), format, arguments);
    va_end(arguments);
    int written = snprintf(run->log + run->length, run->size - run->length, "%s%s",
                           run->length > 0 ? " " : "", word);
    if (written > 0 && (size_t)written < run->size - run->length) {
        run->length += (size_t)written;
    }
}

const char *order_error_name(const nh_error *error) {
    if (error == NULL) {
        return "ok";
    }
    return nh_error_code(error) != NULL ? nh_error_code(error) : nh_error_message(error);
}

const char *order_value_name(nh_value value) {
    return value.type == NH_ERROR ? order_error_name(value.as.error) : "ok";
}

const char *order_text_of(nh_value chunk, char *room, size_t size) {
    nh_bytes bytes = nh_value_bytes(chunk);

    if (chunk.type == NH_NULL) {
        return "null";
    }
    (void)snprintf(room, size, "%.*s", (int)bytes.length, (const char *)bytes.data);
    return room;
}
