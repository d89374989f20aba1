/* The messages of the adapter protocol (harness/README.md): reading and writing them. */
#ifndef TOUCHSTONE_ADAPTER_MESSAGE_H
#define TOUCHSTONE_ADAPTER_MESSAGE_H

#include "base/text.h"
#include "run/implementation.h"

typedef enum ts_message_kind {
    TS_MESSAGE_HELLO,
    TS_MESSAGE_OBSERVE,
    TS_MESSAGE_SIGNAL,
    TS_MESSAGE_LISTENING,
    TS_MESSAGE_SYNCED,
    TS_MESSAGE_UNSUPPORTED,
    TS_MESSAGE_FAILED,
    TS_MESSAGE_STOPPED
} ts_message_kind;

/* A message of an adapter. Texts and values are those of `json`, which owns them. */
typedef struct ts_message {
    json_t *json;
    ts_message_kind kind;
    unsigned long long run; /* of all but hello */
    const char *lane;       /* observe */
    const char *text;      /* observe: name; signal; listening: server; unsupported: member; failed;
                              hello:      name */
    const char *version;   /* hello */
    unsigned capabilities; /* hello */
    json_t *value;         /* observe, may be NULL; listening: address */
    bool chunk;            /* observe */
    unsigned long long number;  /* synced */
    unsigned long long pending; /* synced */
    unsigned long long left;    /* stopped: handles that could not be closed */
} ts_message;

/* Reads a line. false, and what is wrong with it in `*out_error` (owned by the caller), when it is
 * no message of the protocol. On success: ts_message_free(). */
bool ts_message_read(const char *line, size_t length, ts_message *out_message, char **out_error);
void ts_message_free(ts_message *message);

/* Append a line each. */
void ts_message_write_start(ts_text *text, const ts_run_start *start);
void ts_message_write_signal(ts_text *text, unsigned long long run, const char *name);
void ts_message_write_sync(ts_text *text, unsigned long long run, unsigned long long number);
void ts_message_write_stop(ts_text *text, unsigned long long run);

#endif
