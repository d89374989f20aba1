/* Memory of the harness. Running out of it ends the program with a message (status 2): a judge that
 * is short of memory has no verdict to give. */
#ifndef TOUCHSTONE_BASE_MEMORY_H
#define TOUCHSTONE_BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

/* Zeroed memory for `count` items of `size` bytes; never NULL. Freed with free(). */
void *ts_allocate(size_t count, size_t size);
/* Makes room for `count` items; never NULL, the new part is not zeroed. */
void *ts_reallocate(void *memory, size_t count, size_t size);
/* A copy of `text` (NULL gives NULL), or of its first `length` bytes. */
char *ts_duplicate(const char *text);
char *ts_duplicate_bytes(const char *text, size_t length);
/* A new string, as printf makes it. */
char *ts_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *ts_format_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Makes room for one more item in an array that grows by doubling; returns the array. */
void *ts_grow(void *array, size_t count, size_t *capacity, size_t size);

#endif
