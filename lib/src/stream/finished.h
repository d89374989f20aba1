/* stream/finished.h - watching for the end of a stream, from C. */
#ifndef NH_STREAM_FINISHED_H
#define NH_STREAM_FINISHED_H

#include "stream/stream_internal.h"

typedef struct nh_finished nh_finished;

/* Told once, with the error or NULL. */
typedef void (*nh_finished_call)(nh_error *error, void *data);

/* Watches any object with a readable or writable side; `readable`, `writable`: the sides to wait
 * for. `release` (may be NULL) is called with `data` when nothing can be told any more. The caller
 * owns one reference. NULL without memory (`release` is then not called). */
nh_finished *nh_finished_new(nh_emitter *object, bool error, bool readable, bool writable,
                             nh_finished_call call, void *data, void (*release)(void *data));
/* Takes the listeners off; nothing is told afterwards. */
void nh_finished_stop(nh_finished *finished);
void nh_finished_release(nh_finished *finished);

/* The sides that stream.finished() sees: every emitter that can be written to counts as readable,
 * too, unless it is a Writable. */
bool nh_looks_readable(const nh_emitter *object);
bool nh_looks_writable(const nh_emitter *object);
/* utils.isReadable(): there is something left to read. */
bool nh_can_be_read(const nh_emitter *object);

#endif
