/* Checking an adapter: small runs that show what it does right and what it does wrong. */
#ifndef TOUCHSTONE_ADAPTER_CHECK_H
#define TOUCHSTONE_ADAPTER_CHECK_H

#include <stdbool.h>
#include <stdio.h>

/* Checks the adapter that `command` (NULL-terminated) starts, and writes what it finds to `out`,
 * step by step. Whether all is well. */
bool ts_adapter_check(char *const *command, FILE *out);

#endif
