/* stream/stream_internal.h - the states of a stream, for classes derived from it.
 *
 * A derived class starts its struct with `nh_stream stream`, has &nh_readable_class,
 * &nh_writable_class or &nh_duplex_class as parent, and calls nh_stream_init() right after
 * nh_object_new(). Its operations are a static table (nh_stream_operations); `data` is then the
 * pointer given to nh_stream_init(), usually NULL, as the stream itself is the object.
 *
 * Fields may be read from anywhere in the library; only stream/ writes them, except where a comment
 * says otherwise. */
#ifndef NH_STREAM_INTERNAL_H
#define NH_STREAM_INTERNAL_H

#include <nodehttp/stream.h>

#include "core/loop_internal.h"
#include "core/object.h"
#include "stream/encoding.h"
#include "stream/queue.h"
#include "stream/tie.h"

/* readable.readableFlowing */
typedef enum nh_flowing { NH_FLOWING_UNSET, NH_FLOWING_STOPPED, NH_FLOWING_ON } nh_flowing;

typedef struct nh_pipe nh_pipe; /* stream/pipe.c */

typedef struct nh_readable_side {
    nh_queue chunks;     /* of nh_value */
    nh_queue pipes;      /* of nh_pipe *, in the order in which they were made */
    nh_pipe *first_pipe; /* of all that have the stream as their source, the newest first */
    size_t length;       /* readableLength: bytes, UTF-16 units of decoded text, or objects */
    size_t high_water_mark;
    nh_string_decoder decoder; /* in use when has_decoder */
    nh_flowing flowing;
    bool present;  /* the class has this side */
    bool disabled; /* option readable: false of a Duplex */
    bool object_mode;
    bool has_decoder;
    bool ended;              /* null was pushed */
    bool end_emitted;        /* 'end' was emitted */
    bool reading;            /* the read operation was called and has not answered */
    bool sync;               /* what is pushed now answers a read operation that has not returned */
    bool need_readable;      /* emit 'readable' as soon as there is something */
    bool emitting_readable;  /* a 'readable' is due */
    bool readable_listening; /* somebody listens to 'readable' */
    bool data_listening;     /* ... to 'data' */
    bool resume_scheduled;
    bool reading_more;      /* a tick that reads up to the high-water mark is due */
    bool data_emitted;      /* readableDidRead */
    bool had_several_pipes; /* since the only one last had to wait for 'drain' */
    bool paused;            /* pause() was called last; has_paused: or resume() was */
    bool has_paused;
} nh_readable_side;

/* Whom to tell about a write: one callback, or those of a batch. */
typedef struct nh_write_batch nh_write_batch; /* stream/writable_queue.c */
typedef struct nh_write_completion {
    nh_value callback;
    nh_write_batch *batch;
} nh_write_completion;

typedef struct nh_writable_side {
    /* From the first callback on: callbacks often keep the stream that is to call them. */
    nh_tie tie;
    nh_queue pending;       /* nh_pending_write: behind the write in progress */
    nh_queue after_writes;  /* nh_after_write: completed inside their own call, told on a tick */
    nh_queue end_callbacks; /* nh_value: of end(), called on 'finish' or failure */
    nh_write_completion current; /* the write in progress */
    nh_value current_chunk;
    size_t current_length;
    size_t length; /* writableLength: pending and in progress */
    size_t high_water_mark;
    size_t corked;
    size_t pending_callbacks; /* 'finish' waits for these */
    nh_encoding default_encoding;
    bool present;
    bool disabled; /* option writable: false of a Duplex */
    bool object_mode;
    bool decode_strings;
    bool ending;   /* end() was called: writableEnded */
    bool ended;    /* ... and has returned */
    bool finished; /* 'finish' is being emitted or was: writableFinished */
    bool final_called;
    bool prefinished;
    bool need_drain;
    bool writing;      /* a write is in progress */
    bool expects_done; /* ... and has not completed */
    bool sync;         /* the call of the operation has not returned */
    bool draining_queue;
    bool ended_by_peer;       /* write() after end() is EPIPE: net.Socket sets it */
    bool after_write_pending; /* one without callback is scheduled */
    bool after_write_open;    /* the last of after_writes may still grow */
} nh_writable_side;

struct nh_stream {
    nh_emitter emitter;
    const nh_stream_operations *operations;
    void *data;
    nh_error *errored;       /* the first error; owned */
    nh_error *destroy_error; /* what destroy() waits with for the construct operation; owned */
    nh_readable_side readable;
    nh_writable_side writable;
    bool allow_half_open;
    bool auto_destroy; /* http clears and sets it on sockets */
    bool emit_close;
    bool constructed;
    bool destroyed;
    bool closed; /* the destroy operation has completed */
    bool close_emitted;
    bool error_emitted;
    bool releases_data; /* call operations->release */
    /* For the layers above, which may use any Duplex as their connection. Not touched here. */
    void *http_message;    /* socket._httpMessage */
    void *http_parser;     /* socket.parser */
    void *http_connection; /* what an http server or client keeps about it */
    void *http_agent;
    /* Replaces setEncoding() with a function that throws; NULL: it works. Set by who speaks a
     * protocol over the stream, which needs bytes. */
    nh_error *(*refuse_encoding)(nh_memory *memory);
};

extern const nh_class nh_stream_class;   /* Stream: parent of all */
extern const nh_class nh_readable_class; /* Readable */
extern const nh_class nh_writable_class; /* Writable */
extern const nh_class nh_duplex_class;   /* Duplex */

/* Prepares the sides that the class has. `options` NULL is defaults. */
void nh_stream_init(nh_stream *stream, const nh_stream_options *options,
                    const nh_stream_operations *operations, void *data);

/* Hooks of the stream classes, for derived classes that have hooks of their own and call these. */
void nh_stream_listener_added(nh_emitter *emitter, const char *event);
void nh_stream_listener_removed(nh_emitter *emitter, const char *event);
void nh_stream_all_listeners_removed(nh_emitter *emitter, const char *event);

/* Fails the stream: destroys it where autoDestroy is set, emits 'error' otherwise (`sync`: on the
 * next tick). */
void nh_stream_fail(nh_stream *stream, nh_error *error, bool sync);
/* Fails the stream for want of memory. */
void nh_stream_fail_no_memory(nh_stream *stream);
/* Makes a destroyed stream as new (socket.connect() on a closed socket). */
void nh_stream_undestroy(nh_stream *stream);
/* Emits 'error' with `error` now, unless an 'error' was emitted before. */
void nh_stream_emit_error(nh_stream *stream, nh_error *error);

/* AbortError, "The operation was aborted", code ABORT_ERR; `reason` (undefined for none) is its
 * cause. */
nh_error *nh_abort_error_new(nh_memory *memory, nh_value reason);

#endif
