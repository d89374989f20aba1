/* A child process that speaks in lines: its life, its pipes, and their bounds.
 *
 * Everything is reported from the libuv loop, nothing from inside a call. After `ended` or `broken`
 * no line is reported any more. */
#ifndef TOUCHSTONE_ADAPTER_PROCESS_H
#define TOUCHSTONE_ADAPTER_PROCESS_H

#include "base/text.h"

#include <uv.h>

/* Bounds of one child. */
enum {
    TS_PROCESS_MOST_LINE = 32 << 20,    /* bytes of a line that it writes */
    TS_PROCESS_MOST_BACKLOG = 64 << 20, /* bytes that it has not read yet */
    TS_PROCESS_KEPT_ERRORS = 4096, /* bytes of its standard error that are kept: the last ones */
    TS_PROCESS_DRAIN_MS = 300      /* for the rest of its output after it has ended */
};

typedef struct ts_process ts_process;

typedef struct ts_process_events {
    /* A line that it wrote, NUL-terminated, without the newline. */
    void (*line)(void *owner, const char *line, size_t length);
    /* It ended, in the middle of the line `rest` if that isn't empty. `how`: "exited with status
     * 1", "killed by signal 11 (SIGSEGV)". */
    void (*ended)(void *owner, const char *how, const char *rest);
    /* It can't be talked to: closed a pipe, wrote a line beyond the bound, does not read. */
    void (*broken)(void *owner, const char *reason);
    /* Answer to ts_process_close(): it is freed when this returns. */
    void (*closed)(void *owner);
} ts_process_events;

/* Starts `command` (NULL-terminated), found on PATH. NULL, and a message in `*out_error` owned by
 * the caller, when it can't. */
ts_process *ts_process_start(uv_loop_t *uv, char *const *command, const ts_process_events *events,
                             void *owner, char **out_error);
/* Sends text; takes it over. */
void ts_process_write(ts_process *process, ts_text *text);
/* The end of what it wrote to standard error, as text; "" for nothing. */
const char *ts_process_errors(ts_process *process);
/* Ends its standard input; kills it, and what it has started, when it is not gone after
 * `linger_ms`. `closed` follows. */
void ts_process_close(ts_process *process, uint64_t linger_ms);
/* When `closed` is reported: whether it had to be killed. */
bool ts_process_was_killed(const ts_process *process);

#endif
