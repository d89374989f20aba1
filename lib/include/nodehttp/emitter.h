/* nodehttp/emitter.h - the base of every object: reference count, class, listeners.
 *
 * Objects are reference-counted. A constructor returns one reference, which the caller releases;
 * the library holds further references for as long as it needs the object (an open socket lives
 * without help). Every class is an emitter, and a pointer to an object may be converted to
 * `nh_emitter *` by the macro nh_as_emitter().
 *
 * Listeners are called in the order in which they were added, and a listener that is removed while
 * its event is being emitted is still called in that round, as in Node.js (events, emitter.emit).
 */
#ifndef NODEHTTP_EMITTER_H
#define NODEHTTP_EMITTER_H

#include <nodehttp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_loop nh_loop; /* nodehttp/loop.h */
typedef struct nh_class nh_class;

/* Every object starts with its nh_emitter. */
#define nh_as_emitter(object) ((nh_emitter *)(void *)(object))

nh_emitter *nh_emitter_retain(nh_emitter *emitter);
void nh_emitter_release(nh_emitter *emitter); /* NULL is allowed */
nh_loop *nh_emitter_loop(const nh_emitter *emitter);
/* "ClientRequest", "Socket", ... */
const char *nh_emitter_class_name(const nh_emitter *emitter);
/* Whether the object is of that class or of one derived from it, by name. */
bool nh_emitter_is_a(const nh_emitter *emitter, const char *class_name);

/* A plain EventEmitter; NULL without memory. */
nh_emitter *nh_emitter_new(nh_loop *loop);

/* A listener. Arguments are borrowed and live until it returns. It may do anything to the emitter,
 * destroying it included. To throw, it calls nh_loop_throw() and returns: later listeners are then
 * not called, and what emitted stops as it would in Node.js. */
typedef void (*nh_listener)(nh_emitter *emitter, const nh_value *arguments, size_t count,
                            void *data);

/* How a listener is added. */
typedef enum nh_listener_flags {
    NH_LISTENER_PLAIN = 0,
    NH_LISTENER_ONCE = 1,   /* removed before its first call */
    NH_LISTENER_PREPEND = 2 /* put before all others */
} nh_listener_flags;

/* Adds a listener; `event` is copied. `release` (may be NULL) is called with `data` once the
 * listener is gone: removed, and no emit under way that may still call it. Emits 'newListener'
 * first where somebody listens to it. False without memory, or when 'newListener' threw (nothing
 * added, `release` not called). Node: emitter.on, once, prependListener. */
bool nh_emitter_add_listener(nh_emitter *emitter, const char *event, nh_listener listener,
                             void *data, void (*release)(void *data), unsigned flags);
/* Shorthand: plain listener without release. */
bool nh_emitter_on(nh_emitter *emitter, const char *event, nh_listener listener, void *data);
bool nh_emitter_once(nh_emitter *emitter, const char *event, nh_listener listener, void *data);
/* Removes the listener added last with the same function and data; false when there is none.
 * Node: emitter.removeListener. */
bool nh_emitter_remove_listener(nh_emitter *emitter, const char *event, nh_listener listener,
                                void *data);
/* The same with a function value as the listener, which 'newListener' and 'removeListener' then
 * report (for a C function they report undefined). False without memory, and for other values. */
bool nh_emitter_add_function(nh_emitter *emitter, const char *event, nh_value function,
                             unsigned flags);
bool nh_emitter_remove_function(nh_emitter *emitter, const char *event, nh_value function);
/* Removes all listeners of `event`, or of all events for NULL. */
void nh_emitter_remove_all_listeners(nh_emitter *emitter, const char *event);
size_t nh_emitter_listener_count(const nh_emitter *emitter, const char *event);
/* Names of the events that have listeners, in the order of their first listener. */
nh_value nh_emitter_event_names(const nh_emitter *emitter);

/* Calls the listeners; true when there were any. 'error' without a listener throws its argument
 * (nh_loop_throw). Node: emitter.emit. */
bool nh_emitter_emit(nh_emitter *emitter, const char *event, const nh_value *arguments,
                     size_t count);
/* Shorthands for no and one (borrowed) argument. */
bool nh_emitter_emit_bare(nh_emitter *emitter, const char *event);
bool nh_emitter_emit_value(nh_emitter *emitter, const char *event, nh_value argument);

#ifdef __cplusplus
}
#endif
#endif
