#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory) {
    if (memory == NULL) {
        (void)fputs("touchstone: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

void *ts_allocate(size_t count, size_t size) {
    return need(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *ts_reallocate(void *memory, size_t count, size_t size) {
    if (size > 0 && count > SIZE_MAX / size) {
        return need(NULL);
    }
    size_t bytes = count * size;
    return need(realloc(memory, bytes > 0 ? bytes : 1));
}

char *ts_duplicate_bytes(const char *text, size_t length) {
    char *copy = ts_allocate(length + 1, 1);
    memcpy(copy, text, length);
    return copy;
}

char *ts_duplicate(const char *text) {
    return text != NULL ? ts_duplicate_bytes(text, strlen(text)) : NULL;
}

char *ts_format_list(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = ts_allocate(length >= 0 ? (size_t)length + 1 : 1, 1);
    if (length > 0) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

char *ts_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = ts_format_list(format, arguments);
    va_end(arguments);
    return text;
}

void *ts_grow(void *array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity > 0 ? *capacity * 2 : 8;
    return ts_reallocate(array, *capacity, size);
}
