#include "adapter/adapter.h"

#include "adapter/message.h"
#include "adapter/process.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

typedef enum adapter_state {
    OPENING,  /* the hello is awaited */
    IDLE,     /* no run is under way */
    RUNNING,  /* from start to stop */
    STOPPING, /* `stopped` is awaited */
    DEAD,     /* failed to open, or died: close() comes */
    CLOSING   /* the process is being closed */
} adapter_state;

typedef struct ts_adapter {
    ts_implementation head; /* first */
    uv_loop_t *uv;
    nh_loop *peer_loop;
    char *const *command;
    adapter_state state;
    ts_process *process; /* NULL: never started, or closed */
    uv_timer_t timer;    /* for the hello, and for what may not be reported from inside a call */
    char *error;         /* why the process couldn't be started */
    char *name;
    char *version;
    unsigned capabilities;
    ts_implementation_identity identity;
    unsigned hello_ms;
    unsigned long long run;
    unsigned long long messages; /* of this run */
    unsigned long long lines;    /* written by the process */
    unsigned long long late_messages;
    bool given_up; /* the observer wants no more of this run */
} ts_adapter;

static ts_adapter *adapter_of(ts_implementation *implementation) {
    return (ts_adapter *)implementation;
}

/* --- how it goes wrong -------------------------------------------------------------------- */

/* The process is of no use any more; consumes `reason`. */
static void die(ts_adapter *adapter, char *reason, bool by_itself) {
    const ts_implementation_observer *observer = adapter->head.observer;
    const char *errors = adapter->process != NULL ? ts_process_errors(adapter->process) : "";
    adapter_state before = adapter->state;
    adapter->state = DEAD;
    if (before == OPENING) {
        char *message = errors[0] != '\0' ? ts_format("%s\n%s", reason, errors) : NULL;
        observer->failed_to_open(adapter->head.owner, message != NULL ? message : reason);
        free(message);
    } else if (before != DEAD && before != CLOSING) {
        observer->died(adapter->head.owner, reason, errors[0] != '\0' ? errors : NULL, by_itself);
    }
    free(reason);
}

static void on_ended(void *owner, const char *how, const char *rest) {
    ts_adapter *adapter = owner;
    const char *before_hello = adapter->state == OPENING ? " before its hello" : "";
    die(adapter,
        rest[0] != '\0' ? ts_format("%s%s, in the middle of line %llu: %.160s", how, before_hello,
                                    adapter->lines + 1, rest)
                        : ts_format("%s%s", how, before_hello),
        true);
}

static void on_broken(void *owner, const char *reason) {
    die(owner, ts_format("adapter: it %s", reason), false);
}

/* --- messages ----------------------------------------------------------------------------- */

static void on_hello(ts_adapter *adapter, const ts_message *message) {
    adapter->name = ts_duplicate(message->text);
    adapter->version = ts_duplicate(message->version);
    adapter->identity = (ts_implementation_identity){
        .name = adapter->name, .version = adapter->version, .capabilities = message->capabilities};
    adapter->state = IDLE;
    (void)uv_timer_stop(&adapter->timer);
    adapter->head.observer->opened(adapter->head.owner, &adapter->identity);
}

static void on_stopped(ts_adapter *adapter, const ts_message *message) {
    unsigned long long left = message->left;
    adapter->state = IDLE;
    adapter->head.observer->stopped(adapter->head.owner);
    if (left > 0 && adapter->state == IDLE) {
        die(adapter, ts_format("adapter: %llu handles are left of run %llu", left, adapter->run),
            false);
    }
}

/* A message of the run that is under way. */
static void dispatch(ts_adapter *adapter, const ts_message *message) {
    const ts_implementation_observer *observer = adapter->head.observer;
    void *owner = adapter->head.owner;
    bool reports = adapter->state == RUNNING && !adapter->given_up;
    if (message->kind == TS_MESSAGE_STOPPED) {
        if (adapter->state == STOPPING) {
            on_stopped(adapter, message);
        } else {
            die(adapter, ts_duplicate("adapter: `stopped` without having been told to stop"),
                false);
        }
        return;
    }
    if (!reports) {
        return;
    }
    switch (message->kind) {
    case TS_MESSAGE_OBSERVE:
        adapter->given_up = !observer->observed(owner, message->lane, message->text, message->value,
                                                message->chunk);
        break;
    case TS_MESSAGE_SIGNAL:
        observer->signalled(owner, message->text);
        break;
    case TS_MESSAGE_LISTENING:
        observer->listening(owner, message->text, message->value);
        break;
    case TS_MESSAGE_SYNCED:
        observer->synced(owner, message->number, message->pending);
        break;
    case TS_MESSAGE_UNSUPPORTED:
        observer->unsupported(owner, message->text);
        break;
    case TS_MESSAGE_FAILED:
        observer->failed(owner, message->text);
        break;
    case TS_MESSAGE_HELLO:
    case TS_MESSAGE_STOPPED:
        break;
    }
}

static void on_message(ts_adapter *adapter, const ts_message *message) {
    bool is_hello = message->kind == TS_MESSAGE_HELLO;
    if (is_hello != (adapter->state == OPENING)) {
        die(adapter,
            ts_duplicate(is_hello ? "adapter: a second hello"
                                  : "adapter: its first line is no hello"),
            false);
    } else if (is_hello) {
        on_hello(adapter, message);
    } else if (message->run > adapter->run || message->run == 0) {
        die(adapter,
            ts_format("adapter: message of run %llu, which was never started (line %llu)",
                      message->run, adapter->lines),
            false);
    } else if (message->run == adapter->run && adapter->state != IDLE) {
        if (++adapter->messages > TS_ADAPTER_MOST_MESSAGES) {
            die(adapter,
                ts_format("adapter: more than %d messages in one run", TS_ADAPTER_MOST_MESSAGES),
                false);
        } else {
            dispatch(adapter, message);
        }
    } else {
        adapter->late_messages++; /* that run is over */
    }
}

static void on_line(void *owner, const char *line, size_t length) {
    ts_adapter *adapter = owner;
    ts_message message;
    char *error = NULL;
    adapter->lines++;
    if (adapter->state == DEAD || adapter->state == CLOSING) {
        return;
    }
    if (!ts_message_read(line, length, &message, &error)) {
        die(adapter, ts_format("adapter: line %llu: %s", adapter->lines, error), false);
        free(error);
        return;
    }
    on_message(adapter, &message);
    ts_message_free(&message);
}

static void tell(ts_adapter *adapter, ts_text *text) {
    if (adapter->process != NULL && adapter->state != DEAD) {
        ts_process_write(adapter->process, text);
    } else {
        ts_text_free(text);
    }
}

/* --- operations --------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle) {
    ts_adapter *adapter = handle->data;
    adapter->head.observer->closed(adapter->head.owner);
    free(adapter->error);
    free(adapter->name);
    free(adapter->version);
    free(adapter);
}

static void on_process_closed(void *owner) {
    ts_adapter *adapter = owner;
    adapter->process = NULL;
    uv_close((uv_handle_t *)&adapter->timer, on_timer_closed);
}

static const ts_process_events process_events = {
    .line = on_line, .ended = on_ended, .broken = on_broken, .closed = on_process_closed};

static void on_hello_timeout(uv_timer_t *timer) {
    ts_adapter *adapter = timer->data;
    die(adapter,
        adapter->error != NULL ? ts_duplicate(adapter->error)
                               : ts_format("adapter: no hello within %u ms", adapter->hello_ms),
        false);
}

static void adapter_open(ts_implementation *implementation) {
    ts_adapter *adapter = adapter_of(implementation);
    adapter->process =
        ts_process_start(adapter->uv, adapter->command, &process_events, adapter, &adapter->error);
    (void)uv_timer_start(&adapter->timer, on_hello_timeout,
                         adapter->process != NULL ? adapter->hello_ms : 0, 0);
}

static nh_loop *adapter_prepare(ts_implementation *implementation) {
    return adapter_of(implementation)->peer_loop;
}

static void adapter_start(ts_implementation *implementation, const ts_run_start *start) {
    ts_adapter *adapter = adapter_of(implementation);
    if (adapter->state != IDLE) {
        return; /* it died */
    }
    adapter->state = RUNNING;
    adapter->run = start->run;
    adapter->messages = 0;
    adapter->given_up = false;
    ts_text text = {0};
    ts_message_write_start(&text, start);
    tell(adapter, &text);
}

static void adapter_signal(ts_implementation *implementation, const char *name) {
    ts_adapter *adapter = adapter_of(implementation);
    ts_text text = {0};
    if (adapter->state == RUNNING) {
        ts_message_write_signal(&text, adapter->run, name);
    }
    tell(adapter, &text);
}

static void adapter_sync(ts_implementation *implementation, unsigned long long number) {
    ts_adapter *adapter = adapter_of(implementation);
    ts_text text = {0};
    if (adapter->state == RUNNING) {
        ts_message_write_sync(&text, adapter->run, number);
    }
    tell(adapter, &text);
}

/* There was nothing to stop. */
static void on_nothing_to_stop(uv_timer_t *timer) {
    ts_adapter *adapter = timer->data;
    if (adapter->state == IDLE) {
        adapter->head.observer->stopped(adapter->head.owner);
    }
}

static void adapter_stop(ts_implementation *implementation) {
    ts_adapter *adapter = adapter_of(implementation);
    if (adapter->state == IDLE) {
        (void)uv_timer_start(&adapter->timer, on_nothing_to_stop, 0, 0);
    } else if (adapter->state == RUNNING) {
        adapter->state = STOPPING;
        ts_text text = {0};
        ts_message_write_stop(&text, adapter->run);
        tell(adapter, &text);
    }
}

static void adapter_close(ts_implementation *implementation) {
    ts_adapter *adapter = adapter_of(implementation);
    /* One that misbehaved, or does not answer, has no right to linger. */
    bool is_well = adapter->state == IDLE;
    adapter->state = CLOSING;
    (void)uv_timer_stop(&adapter->timer);
    if (adapter->process != NULL) {
        ts_process_close(adapter->process, is_well ? TS_ADAPTER_LINGER_MS : 0);
    } else {
        uv_close((uv_handle_t *)&adapter->timer, on_timer_closed);
    }
}

static const ts_implementation_operations operations = {
    .open = adapter_open,
    .prepare = adapter_prepare,
    .start = adapter_start,
    .signal = adapter_signal,
    .sync = adapter_sync,
    .stop = adapter_stop,
    .close = adapter_close,
};

ts_implementation *ts_adapter_new(uv_loop_t *uv, nh_loop *peer_loop, char *const *command,
                                  const ts_implementation_observer *observer, void *owner) {
    ts_adapter *adapter = ts_allocate(1, sizeof(*adapter));
    adapter->head =
        (ts_implementation){.operations = &operations, .observer = observer, .owner = owner};
    adapter->uv = uv;
    adapter->peer_loop = peer_loop;
    adapter->command = command;
    adapter->state = OPENING;
    adapter->hello_ms = TS_ADAPTER_HELLO_MS;
    (void)uv_timer_init(uv, &adapter->timer);
    adapter->timer.data = adapter;
    return &adapter->head;
}

void ts_adapter_set_hello_ms(ts_implementation *implementation, unsigned milliseconds) {
    adapter_of(implementation)->hello_ms = milliseconds;
}

unsigned long long ts_adapter_late_messages(const ts_implementation *implementation) {
    return ((const ts_adapter *)(const void *)implementation)->late_messages;
}
