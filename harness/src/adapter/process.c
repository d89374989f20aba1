#include "adapter/process.h"

#include "base/memory.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct ts_process {
    const ts_process_events *events;
    void *owner;
    uv_process_t child;
    uv_pipe_t input;
    uv_pipe_t output;
    uv_pipe_t errors;
    uv_timer_t timer; /* of a suspicion, of the rest of the output, of closing */
    int open_handles;
    bool has_exited;
    bool output_ended;
    const char *suspicion; /* what is wrong with it unless it turns out to be exiting */
    bool is_over;          /* `ended` or `broken` was reported */
    bool is_closing;
    bool was_killed;
    int64_t status;
    int signal;
    ts_text line; /* begun, without its newline yet */
    ts_text error_text;
    char buffer[1 << 16];
    char error_buffer[1 << 12];
};

/* One piece of text on its way to the child. */
typedef struct message {
    uv_write_t request;
    ts_process *process;
    char *data;
} message;

/* --- reports ------------------------------------------------------------------------------ */

static void report_broken(ts_process *process, const char *reason) {
    if (process->is_over || process->is_closing) {
        return;
    }
    process->is_over = true;
    (void)uv_read_stop((uv_stream_t *)&process->output);
    process->events->broken(process->owner, reason);
}

static const char *signal_name(int signal) {
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGKILL, "SIGKILL"},
                 {SIGTERM, "SIGTERM"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},
                 {SIGFPE, "SIGFPE"},   {SIGTRAP, "SIGTRAP"}, {SIGINT, "SIGINT"},
                 {SIGPIPE, "SIGPIPE"}, {SIGHUP, "SIGHUP"},   {SIGSYS, "SIGSYS"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == signal) {
            return names[i].name;
        }
    }
    return "?";
}

static void report_ended(ts_process *process) {
    if (process->is_over || process->is_closing) {
        return;
    }
    process->is_over = true;
    (void)uv_read_stop((uv_stream_t *)&process->output);
    char *how =
        process->signal != 0
            ? ts_format("killed by signal %d (%s)", process->signal, signal_name(process->signal))
            : ts_format("exited with status %lld", (long long)process->status);
    process->events->ended(process->owner, how, ts_text_get(&process->line));
    free(how);
}

/* It has ended when it has exited and everything that it wrote is read. */
static void consider_end(ts_process *process) {
    if (process->has_exited && process->output_ended) {
        report_ended(process);
    }
}

static void on_process_timer(uv_timer_t *timer);

/* Most likely it is exiting: what is wrong is reported if it still lives in a while. */
static void suspect(ts_process *process, const char *suspicion) {
    if (!process->is_over && !process->is_closing && process->suspicion == NULL) {
        process->suspicion = suspicion;
        (void)uv_timer_start(&process->timer, on_process_timer, TS_PROCESS_DRAIN_MS, 0);
    }
}

/* --- what it writes ----------------------------------------------------------------------- */

static void take_lines(ts_process *process, const char *data, size_t length) {
    while (length > 0 && !process->is_over && !process->is_closing) {
        const char *newline = memchr(data, '\n', length);
        size_t part = newline != NULL ? (size_t)(newline - data) : length;
        if (part > TS_PROCESS_MOST_LINE - process->line.length) {
            char *reason = ts_format("wrote a line of more than %d bytes", TS_PROCESS_MOST_LINE);
            report_broken(process, reason);
            free(reason);
            return;
        }
        ts_text_append_bytes(&process->line, data, part);
        if (newline == NULL) {
            return;
        }
        ts_text line = process->line;
        process->line = (ts_text){0};
        process->events->line(process->owner, ts_text_get(&line), line.length);
        ts_text_free(&line);
        data += part + 1;
        length -= part + 1;
    }
}

static void on_output_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out_buffer) {
    ts_process *process = handle->data;
    (void)suggested;
    *out_buffer = uv_buf_init(process->buffer, sizeof(process->buffer));
}

static void on_output(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    ts_process *process = stream->data;
    if (length > 0) {
        take_lines(process, buffer->base, (size_t)length);
    } else if (length < 0) {
        process->output_ended = true;
        consider_end(process);
        suspect(process, "closed its standard output");
    }
}

static void on_error_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out_buffer) {
    ts_process *process = handle->data;
    (void)suggested;
    *out_buffer = uv_buf_init(process->error_buffer, sizeof(process->error_buffer));
}

static void on_errors(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    ts_process *process = stream->data;
    ts_text *text = &process->error_text;
    if (length <= 0) {
        return;
    }
    ts_text_append_bytes(text, buffer->base, (size_t)length);
    if (text->length > 2 * (size_t)TS_PROCESS_KEPT_ERRORS) {
        size_t kept = TS_PROCESS_KEPT_ERRORS;
        memmove(text->data, text->data + text->length - kept, kept);
        text->data[kept] = '\0';
        text->length = kept;
    }
}

const char *ts_process_errors(ts_process *process) {
    ts_text *text = &process->error_text;
    for (size_t at = 0; at < text->length;) {
        size_t sequence = ts_utf8_sequence(text->data + at, text->length - at);
        char character = text->data[at];
        if (sequence == 0 ||
            (sequence == 1 && character < ' ' && character != '\n' && character != '\t')) {
            text->data[at] = '?';
        }
        at += sequence > 0 ? sequence : 1;
    }
    const char *end = ts_text_get(text);
    return text->length > TS_PROCESS_KEPT_ERRORS ? end + text->length - TS_PROCESS_KEPT_ERRORS
                                                 : end;
}

/* --- what it is told ---------------------------------------------------------------------- */

static void on_written(uv_write_t *request, int status) {
    message *sent = request->data;
    ts_process *process = sent->process;
    if (status < 0 && status != UV_ECANCELED) {
        suspect(process, "closed its standard input");
    }
    free(sent->data);
    free(sent);
}

void ts_process_write(ts_process *process, ts_text *text) {
    size_t backlog = uv_stream_get_write_queue_size((uv_stream_t *)&process->input);
    if (process->is_over || process->is_closing || text->length == 0) {
        ts_text_free(text);
        return;
    }
    message *sent = ts_allocate(1, sizeof(*sent));
    sent->request.data = sent;
    sent->process = process;
    uv_buf_t buffer = uv_buf_init(NULL, (unsigned)text->length);
    sent->data = ts_text_take(text);
    buffer.base = sent->data;
    if (backlog + buffer.len > TS_PROCESS_MOST_BACKLOG ||
        uv_write(&sent->request, (uv_stream_t *)&process->input, &buffer, 1, on_written) != 0) {
        suspect(process, "does not read its standard input");
        free(sent->data);
        free(sent);
    }
}

/* --- life --------------------------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle) {
    ts_process *process = handle->data;
    if (--process->open_handles > 0) {
        return;
    }
    if (process->events != NULL) {
        process->events->closed(process->owner);
    }
    ts_text_free(&process->line);
    ts_text_free(&process->error_text);
    free(process);
}

static void close_handles(ts_process *process) {
    uv_handle_t *handles[] = {(uv_handle_t *)&process->child, (uv_handle_t *)&process->input,
                              (uv_handle_t *)&process->output, (uv_handle_t *)&process->errors,
                              (uv_handle_t *)&process->timer};
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        if (!uv_is_closing(handles[i])) {
            uv_close(handles[i], on_handle_closed);
        }
    }
}

static void on_child_exit(uv_process_t *child, int64_t status, int signal) {
    ts_process *process = child->data;
    process->has_exited = true;
    process->status = status;
    process->signal = signal;
    /* It leads a process group: what it has started goes with it. */
    (void)uv_kill(-child->pid, SIGKILL);
    if (process->is_closing) {
        close_handles(process);
        return;
    }
    consider_end(process);
    if (!process->is_over) {
        (void)uv_timer_start(&process->timer, on_process_timer, TS_PROCESS_DRAIN_MS, 0);
    }
}

static void on_process_timer(uv_timer_t *timer) {
    ts_process *process = timer->data;
    if (process->is_closing) {
        process->was_killed = true;
        (void)uv_kill(-process->child.pid, SIGKILL); /* its exit is reported */
    } else if (process->has_exited) {
        report_ended(process); /* something that it started holds its output open */
    } else {
        report_broken(process, process->suspicion);
    }
}

static void init_handles(ts_process *process, uv_loop_t *uv) {
    (void)uv_pipe_init(uv, &process->input, 0);
    (void)uv_pipe_init(uv, &process->output, 0);
    (void)uv_pipe_init(uv, &process->errors, 0);
    (void)uv_timer_init(uv, &process->timer);
    process->child.data = process;
    process->input.data = process;
    process->output.data = process;
    process->errors.data = process;
    process->timer.data = process;
    process->open_handles = 5;
}

ts_process *ts_process_start(uv_loop_t *uv, char *const *command, const ts_process_events *events,
                             void *owner, char **out_error) {
    ts_process *process = ts_allocate(1, sizeof(*process));
    init_handles(process, uv);
    uv_stdio_container_t pipes[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&process->input},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&process->output},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&process->errors},
    };
    uv_process_options_t options = {
        .exit_cb = on_child_exit,
        .file = command[0],
        .args = (char **)(uintptr_t)command,
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = 3,
        .stdio = pipes,
    };
    int status = uv_spawn(uv, &process->child, &options);
    if (status != 0) {
        *out_error = ts_format("%s: it can't be started: %s", command[0], uv_strerror(status));
        close_handles(process); /* nobody hears of it */
        return NULL;
    }
    process->events = events;
    process->owner = owner;
    (void)uv_read_start((uv_stream_t *)&process->output, on_output_buffer, on_output);
    (void)uv_read_start((uv_stream_t *)&process->errors, on_error_buffer, on_errors);
    return process;
}

void ts_process_close(ts_process *process, uint64_t linger_ms) {
    if (process->is_closing) {
        return;
    }
    process->is_closing = true;
    uv_close((uv_handle_t *)&process->input, on_handle_closed);
    if (process->has_exited) {
        close_handles(process);
    } else {
        (void)uv_timer_start(&process->timer, on_process_timer, linger_ms, 0);
    }
}

bool ts_process_was_killed(const ts_process *process) {
    return process->was_killed;
}
