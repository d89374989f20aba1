/* nodehttp/stream.h - Readable, Writable and Duplex streams (Node: stream).
 *
 * One type, nh_stream, stands for the three classes: a stream has a readable side, a writable side,
 * or both. nh_readable_*() functions are for streams with a readable side, nh_writable_*() for
 * those with a writable one; on a stream without that side they do nothing and answer as Node.js
 * does for a side that is closed. Sockets, requests and responses are streams too where Node.js
 * says so: nh_as_stream().
 *
 * Events (all without arguments unless stated): 'data' (chunk), 'readable', 'end', 'pause',
 * 'resume', 'drain', 'finish', 'prefinish', 'pipe' (source), 'unpipe' (source), 'error' (error),
 * 'close'. Nothing is emitted from inside a constructor. When and in which order the events come is
 * that of Node.js v23.5.0: every "on the next tick" of its documentation is a tick of the loop.
 *
 * Chunks are values: buffers, strings, or in object mode anything but null. */
#ifndef NODEHTTP_STREAM_H
#define NODEHTTP_STREAM_H

#include <nodehttp/emitter.h>
#include <nodehttp/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_stream nh_stream;

/* Any object that is a stream (socket, incoming message, ...) as a stream. */
#define nh_as_stream(object) ((nh_stream *)(void *)(object))

/* A chunk on its way out; `encoding` is that of a string ("utf8" ...), "buffer" for a buffer, NULL
 * in object mode when none was given. */
typedef struct nh_stream_chunk {
    nh_value chunk;
    const char *encoding;
} nh_stream_chunk;

/* What a stream does: the functions that Node.js calls _construct, _read, _write, _writev, _final
 * and _destroy. Any of them may be NULL. `data` is the pointer given to the constructor. Arguments
 * are borrowed. Each may complete at once, from inside the call, or later; each completes once.
 * To throw, a function calls nh_loop_throw() and returns. */
typedef struct nh_stream_operations {
    /* Before anything else, on the tick after construction; completes with
     * nh_stream_construct_done(). */
    void (*construct)(nh_stream *stream, void *data);
    /* Wants about `size` bytes (or objects); answers with nh_readable_push(), now or later. */
    void (*read)(nh_stream *stream, size_t size, void *data);
    /* Takes one chunk; completes with nh_stream_write_done(). */
    void (*write)(nh_stream *stream, nh_stream_chunk chunk, void *data);
    /* Takes all buffered chunks at once; completes with nh_stream_write_done(). Used instead of
     * `write` when more than one chunk is buffered, and when there is no `write`. */
    void (*writev)(nh_stream *stream, const nh_stream_chunk *chunks, size_t count, void *data);
    /* Everything was written; completes with nh_stream_final_done(). 'finish' waits for it. */
    void (*final)(nh_stream *stream, void *data);
    /* Releases resources; completes with nh_stream_destroy_done(). `error` may be NULL. */
    void (*destroy)(nh_stream *stream, nh_error *error, void *data);
    /* The stream is gone: `data` can be freed. Completes nothing. */
    void (*release)(void *data);
} nh_stream_operations;

/* The default high-water mark: 65536 bytes, or 16 objects in object mode. */
#define NH_DEFAULT_HIGH_WATER_MARK ((size_t)-1)

/* Options of the constructors; names and meaning are those of Node.js. */
typedef struct nh_stream_options {
    size_t high_water_mark;          /* both sides; default NH_DEFAULT_HIGH_WATER_MARK */
    size_t readable_high_water_mark; /* of one side, when not the default */
    size_t writable_high_water_mark;
    bool object_mode;          /* both sides; default false */
    bool readable_object_mode; /* default false */
    bool writable_object_mode; /* default false */
    bool allow_half_open;      /* false: the writable side ends with the readable; default true */
    bool readable;             /* a Duplex with false starts with that side over; default true */
    bool writable;             /* default true */
    bool auto_destroy;         /* default true */
    bool emit_close;           /* default true */
    bool decode_strings;       /* strings reach `write` as buffers; default true */
    const char *encoding;      /* as nh_readable_set_encoding(); default NULL */
    const char *default_encoding; /* of strings without one; default NULL, which is "utf8" */
} nh_stream_options;

/* Sets every field to its default. */
void nh_stream_options_init(nh_stream_options *options);

/* New streams. `options` (may be NULL: defaults) is copied, `operations` has to outlive the stream.
 * The caller owns one reference. NULL without memory (`release` is then not called). Node: new
 * stream.Readable(), Writable(), Duplex(). */
nh_stream *nh_readable_new(nh_loop *loop, const nh_stream_options *options,
                           const nh_stream_operations *operations, void *data);
nh_stream *nh_writable_new(nh_loop *loop, const nh_stream_options *options,
                           const nh_stream_operations *operations, void *data);
nh_stream *nh_duplex_new(nh_loop *loop, const nh_stream_options *options,
                         const nh_stream_operations *operations, void *data);
/* A Duplex whose operations are function values, as in `new Duplex({read, write, ...})`: the map's
 * keys construct(callback), read(size), write(chunk, encoding, callback), writev([{chunk,
 * encoding}], callback), final(callback), destroy(error, callback). Functions that are absent
 * behave as in Node.js. The options readable and writable choose the class, Readable, Writable or
 * Duplex. The map is retained. */
nh_stream *nh_stream_new_of_functions(nh_loop *loop, const nh_stream_options *options,
                                      nh_value functions);
/* The pointer given to the constructor; NULL for other streams. */
void *nh_stream_data(const nh_stream *stream);

/* Completions of the operations. `error` (borrowed, may be NULL) fails them. A second completion of
 * one write destroys the stream with ERR_MULTIPLE_CALLBACK. */
void nh_stream_construct_done(nh_stream *stream, nh_error *error);
void nh_stream_write_done(nh_stream *stream, nh_error *error);
void nh_stream_final_done(nh_stream *stream, nh_error *error);
void nh_stream_destroy_done(nh_stream *stream, nh_error *error);

/* --- both sides --------------------------------------------------------------------------- */

bool nh_stream_has_readable_side(const nh_stream *stream);
bool nh_stream_has_writable_side(const nh_stream *stream);
/* Destroys the stream: emits 'error' if `error` (borrowed, may be NULL) is given, then 'close',
 * both on a later tick. Calls after the first do nothing. Node: stream.destroy(). */
void nh_stream_destroy(nh_stream *stream, nh_error *error);
bool nh_stream_is_destroyed(const nh_stream *stream); /* stream.destroyed */
bool nh_stream_is_closed(const nh_stream *stream);    /* stream.closed: 'close' is due or out */
/* stream.errored: the error (borrowed), NULL when there is none. */
nh_error *nh_stream_errored(const nh_stream *stream);
/* duplex.allowHalfOpen */
bool nh_stream_allow_half_open(const nh_stream *stream);
void nh_stream_set_allow_half_open(nh_stream *stream, bool allow);

/* --- the readable side -------------------------------------------------------------------- */

/* Adds a chunk to the read queue; `chunk` null (nh_null()) ends the stream. `encoding` is the
 * encoding of a string chunk, or undefined. Whether more is wanted. Errors destroy the stream:
 * ERR_INVALID_ARG_TYPE, ERR_STREAM_PUSH_AFTER_EOF. Node: readable.push(). */
bool nh_readable_push(nh_stream *stream, nh_value chunk, nh_value encoding);
/* Copies the bytes; shorthand. */
bool nh_readable_push_bytes(nh_stream *stream, nh_bytes bytes);
/* Puts a chunk back at the front; ERR_STREAM_UNSHIFT_AFTER_END_EVENT. Node: readable.unshift(). */
bool nh_readable_unshift(nh_stream *stream, nh_value chunk, nh_value encoding);
/* Takes everything that is buffered (an owned value), or null. Node: readable.read(). */
nh_value nh_readable_read(nh_stream *stream);
/* Takes `size` bytes, null when so many aren't there; what is left once the stream has ended.
 * `size` 0 only triggers reading. ERR_OUT_OF_RANGE (size over 2^30) is thrown. */
nh_value nh_readable_read_size(nh_stream *stream, double size);
/* Node: readable.pause(), resume(), isPaused(). */
void nh_readable_pause(nh_stream *stream);
void nh_readable_resume(nh_stream *stream);
bool nh_readable_is_paused(const nh_stream *stream);
/* Makes 'data' and read() give strings in `encoding` ("utf8", "latin1", "hex" ...); undefined is
 * utf8. Characters that span chunks are put together. ERR_UNKNOWN_ENCODING. Node:
 * readable.setEncoding(). */
nh_error *nh_readable_set_encoding(nh_stream *stream, nh_value encoding);
/* Pipes into `destination`, any object that can be written to, OutgoingMessage included; `end` ends
 * it after the last chunk. Returns an error without memory only. Node: readable.pipe(). */
nh_error *nh_readable_pipe(nh_stream *stream, nh_emitter *destination, bool end);
/* Stops piping into `destination`; NULL: into all. Node: readable.unpipe(). */
void nh_readable_unpipe(nh_stream *stream, nh_emitter *destination);

/* Properties; readable.readable, readableFlowing (null or a boolean), readableEnded, ... */
bool nh_readable_is_readable(const nh_stream *stream);
nh_value nh_readable_flowing(const nh_stream *stream);
bool nh_readable_is_ended(const nh_stream *stream);   /* readableEnded: 'end' was emitted */
bool nh_readable_did_read(const nh_stream *stream);   /* readableDidRead */
bool nh_readable_is_aborted(const nh_stream *stream); /* readableAborted */
size_t nh_readable_length(const nh_stream *stream);
size_t nh_readable_high_water_mark(const nh_stream *stream);
bool nh_readable_object_mode(const nh_stream *stream);
/* readableEncoding; NULL when there is none. */
const char *nh_readable_encoding(const nh_stream *stream);

/* --- the writable side -------------------------------------------------------------------- */

/* Writes a chunk. `encoding` is that of a string chunk, or undefined; `callback` a function value
 * or undefined, called with an error or nothing once the chunk was handled. `*out_more` (may be
 * NULL) is what Node.js returns: false asks to wait for 'drain'. Returned errors (thrown in
 * Node.js): ERR_STREAM_NULL_VALUES, ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_ENCODING, no memory. Emitted
 * ones: ERR_STREAM_WRITE_AFTER_END, ERR_STREAM_DESTROYED. Node: writable.write(). */
nh_error *nh_writable_write(nh_stream *stream, nh_value chunk, nh_value encoding, nh_value callback,
                            bool *out_more);
/* Copies the bytes; shorthand without callback. */
nh_error *nh_writable_write_bytes(nh_stream *stream, nh_bytes bytes, bool *out_more);
/* Ends the stream, after a last `chunk` unless undefined or null. `callback` is called on 'finish',
 * or with the error that prevents it. Errors as for write. Node: writable.end(). */
nh_error *nh_writable_end(nh_stream *stream, nh_value chunk, nh_value encoding, nh_value callback);
/* Node: writable.cork(), uncork(). */
void nh_writable_cork(nh_stream *stream);
void nh_writable_uncork(nh_stream *stream);
/* ERR_UNKNOWN_ENCODING. Node: writable.setDefaultEncoding(). */
nh_error *nh_writable_set_default_encoding(nh_stream *stream, nh_value encoding);

/* Properties; writable.writable, writableEnded, writableFinished, ... */
bool nh_writable_is_writable(const nh_stream *stream);
bool nh_writable_is_ended(const nh_stream *stream);    /* writableEnded: end() was called */
bool nh_writable_is_finished(const nh_stream *stream); /* writableFinished: before 'finish' */
bool nh_writable_is_aborted(const nh_stream *stream);  /* writableAborted; not on a Duplex */
bool nh_writable_needs_drain(const nh_stream *stream); /* writableNeedDrain */
size_t nh_writable_length(const nh_stream *stream);    /* writableLength */
size_t nh_writable_high_water_mark(const nh_stream *stream);
size_t nh_writable_corked(const nh_stream *stream);
bool nh_writable_object_mode(const nh_stream *stream);

/* --- stream.finished(), stream.pipeline() ------------------------------------------------- */

typedef struct nh_finished_options {
    bool error;    /* false: an error without 'close' does not count; default true */
    bool readable; /* wait for this side to end; default: the sides the stream has */
    bool writable;
} nh_finished_options;
void nh_finished_options_init(nh_finished_options *options);

/* Calls `callback` (a function value) once, with the error or nothing, when the stream (any object
 * with a readable or writable side) is no longer readable and writable, or failed:
 * ERR_STREAM_PREMATURE_CLOSE. `*out_cleanup` (may be NULL; owned) is the function that removes the
 * listeners. Returned errors: ERR_INVALID_ARG_TYPE, no memory. Node: stream.finished(). */
nh_error *nh_stream_finished(nh_emitter *stream, const nh_finished_options *options,
                             nh_value callback, nh_value *out_cleanup);
/* Pipes each stream into the next and calls `callback` when all is done, destroying the others when
 * one fails. Returned errors: ERR_MISSING_ARGS, ERR_INVALID_ARG_TYPE, no memory. Node:
 * stream.pipeline(). */
nh_error *nh_stream_pipeline(nh_emitter *const *streams, size_t count, nh_value callback);

/* --- async iteration ---------------------------------------------------------------------- */

/* `for await (const chunk of readable)`, one step at a time. */
typedef struct nh_readable_iterator nh_readable_iterator;

/* The outcome of one step: `status` NH_STEP_CHUNK with the chunk, NH_STEP_DONE, or NH_STEP_ERROR
 * with the error; borrowed. Called as a microtask or from one. */
typedef enum nh_step_status { NH_STEP_CHUNK, NH_STEP_DONE, NH_STEP_ERROR } nh_step_status;
typedef void (*nh_readable_step)(nh_step_status status, nh_value value, void *data);

/* An iterator on a stream with a readable side; the stream is retained. NULL without memory. Node:
 * readable[Symbol.asyncIterator](), readable.iterator(); `destroy_on_return` false keeps the stream
 * when the loop is left early. */
nh_readable_iterator *nh_readable_iterator_new(nh_stream *stream, bool destroy_on_return);
/* Asks for the next chunk; `step` is called once. One request at a time. */
void nh_readable_iterator_next(nh_readable_iterator *iterator, nh_readable_step step, void *data);
/* Leaves the loop early (break, return, throw). `step` is called with NH_STEP_DONE when the stream
 * has been told; it may be NULL. */
void nh_readable_iterator_return(nh_readable_iterator *iterator, nh_readable_step step, void *data);
/* Gives the iterator back; no step is called afterwards. */
void nh_readable_iterator_free(nh_readable_iterator *iterator);

#ifdef __cplusplus
}
#endif
#endif
