/* core/object.h - what a class of this library is made of.
 *
 * An object's struct starts with `nh_emitter emitter` (or with a struct that does). Its class has a
 * `destroy` hook that releases what the object holds when the last reference goes; hooks of base
 * classes run after those of derived ones, then the block is freed. */
#ifndef NH_CORE_OBJECT_H
#define NH_CORE_OBJECT_H

#include <nodehttp/emitter.h>
#include <nodehttp/loop.h>

/* The write side that pipe() and the like use; classes without one leave it NULL. Filled in by
 * Writable streams and by OutgoingMessage. */
typedef struct nh_writable_interface {
    /* As writable.write(): false in *out_more asks the caller to wait for 'drain'. `callback` is a
     * function value or undefined. */
    nh_error *(*write)(nh_emitter *object, nh_value chunk, nh_value encoding, nh_value callback,
                       bool *out_more);
    nh_error *(*end)(nh_emitter *object, nh_value chunk, nh_value encoding, nh_value callback);
    void (*destroy)(nh_emitter *object, nh_error *error);
    bool (*needs_drain)(nh_emitter *object);
    /* writable.destroyed, writableEnded, writableFinished, and errored (borrowed, may be NULL). */
    bool (*is_destroyed)(nh_emitter *object);
    bool (*is_ended)(nh_emitter *object);
    bool (*is_finished)(nh_emitter *object);
    bool (*is_writable)(nh_emitter *object);
    /* 'close' was emitted; NULL: as is_destroyed. */
    bool (*is_closed)(nh_emitter *object);
} nh_writable_interface;

struct nh_class {
    const char *name;
    const nh_class *parent; /* NULL for EventEmitter itself */
    size_t size;            /* bytes of an instance */
    void (*destroy)(nh_emitter *emitter);
    /* Called after a listener was added / removed (may be NULL; the nearest class with one is
     * used): streams start to flow on 'data', Server counts 'checkContinue' ... They stand for the
     * overridden on() and removeListener() of Node's classes, so prepended listeners are not
     * reported, nor is what removeAllListeners() drops while nobody listens to 'removeListener'. */
    void (*listener_added)(nh_emitter *emitter, const char *event);
    void (*listener_removed)(nh_emitter *emitter, const char *event);
    const nh_writable_interface *writable; /* inherited when NULL */
    /* Called at the end of nh_emitter_remove_all_listeners(); `event` NULL for all events. */
    void (*all_listeners_removed)(nh_emitter *emitter, const char *event);
    /* How pipeline() and async iteration get rid of an object that they are done with early; NULL:
     * they destroy it. Messages of http differ there. */
    void (*give_up)(nh_emitter *object, nh_error *error);
};

typedef struct nh_listener_list nh_listener_list;

struct nh_emitter {
    const nh_class *object_class;
    nh_loop *loop;
    size_t references;
    nh_listener_list *events; /* one entry per event that has listeners; NULL when none */
};

extern const nh_class nh_emitter_class;

/* A zeroed instance with one reference; NULL without memory. Reserves room in the tick queue so
 * that the object's own ticks (nh_loop_tick) cannot fail. */
void *nh_object_new(nh_loop *loop, const nh_class *object_class);
/* The writable interface of the object's class; NULL when it has none. */
const nh_writable_interface *nh_object_writable(const nh_emitter *object);
bool nh_object_is_of(const nh_emitter *object, const nh_class *object_class);
/* Runs the nearest give_up hook; false when the object's classes have none. */
bool nh_object_give_up(nh_emitter *object, nh_error *error);

/* Shorthand used everywhere: the memory of an object. */
nh_memory *nh_object_memory(const nh_emitter *object);

/* Emits 'error' with `error` (borrowed). */
bool nh_emitter_emit_error(nh_emitter *emitter, nh_error *error);

#endif
