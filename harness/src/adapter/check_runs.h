/* The runs of the check, from check/NAME.json; embedded when the program is built. */
#ifndef TOUCHSTONE_ADAPTER_CHECK_RUNS_H
#define TOUCHSTONE_ADAPTER_CHECK_RUNS_H

#include <stddef.h>

typedef struct ts_adapter_check_run {
    const char *name;
    const char *text; /* a scenario; not NUL-terminated */
    size_t length;
} ts_adapter_check_run;

/* Ends with a name that is NULL. */
extern const ts_adapter_check_run ts_adapter_check_runs[];

#endif
