/* Objects: reference counts, classes, and the end of both. */
#include "core/object.h"

#include "core/loop_internal.h"
#include "core/name.h"

#include <assert.h>
#include <stdint.h>

/* Count of an object that is being destroyed: its hooks may retain and release it at will. */
#define BEING_DESTROYED (SIZE_MAX / 2)

void *nh_object_new(nh_loop *loop, const nh_class *object_class) {
    assert(object_class->size >= sizeof(nh_emitter));
    if (!nh_loop_reserve_ticks(loop, NH_TICKS_PER_OBJECT)) {
        return NULL;
    }
    nh_emitter *object = nh_memory_allocate_zeroed(nh_loop_memory(loop), 1, object_class->size);
    if (object == NULL) {
        nh_loop_unreserve_ticks(loop, NH_TICKS_PER_OBJECT);
        return NULL;
    }
    object->object_class = object_class;
    object->loop = loop;
    object->references = 1;
    return object;
}

nh_emitter *nh_emitter_retain(nh_emitter *emitter) {
    emitter->references++;
    return emitter;
}

void nh_emitter_release(nh_emitter *emitter) {
    if (emitter == NULL || --emitter->references != 0) {
        return;
    }
    nh_loop *loop = emitter->loop;
    emitter->references = BEING_DESTROYED;
    for (const nh_class *at = emitter->object_class; at != NULL; at = at->parent) {
        if (at->destroy != NULL) {
            at->destroy(emitter);
        }
    }
    assert(emitter->references == BEING_DESTROYED);
    nh_memory_free(nh_loop_memory(loop), emitter);
    nh_loop_unreserve_ticks(loop, NH_TICKS_PER_OBJECT);
}

nh_loop *nh_emitter_loop(const nh_emitter *emitter) {
    return emitter->loop;
}

nh_memory *nh_object_memory(const nh_emitter *object) {
    return nh_loop_memory(object->loop);
}

const char *nh_emitter_class_name(const nh_emitter *emitter) {
    return emitter->object_class->name;
}

bool nh_emitter_is_a(const nh_emitter *emitter, const char *class_name) {
    for (const nh_class *at = emitter->object_class; at != NULL; at = at->parent) {
        if (nh_name_equals(at->name, class_name)) {
            return true;
        }
    }
    return false;
}

bool nh_object_is_of(const nh_emitter *object, const nh_class *object_class) {
    const nh_class *at = object->object_class;
    while (at != NULL && at != object_class) {
        at = at->parent;
    }
    return at != NULL;
}

const nh_writable_interface *nh_object_writable(const nh_emitter *object) {
    const nh_class *at = object->object_class;
    while (at != NULL && at->writable == NULL) {
        at = at->parent;
    }
    return at == NULL ? NULL : at->writable;
}

bool nh_object_give_up(nh_emitter *object, nh_error *error) {
    const nh_class *at = object->object_class;
    while (at != NULL && at->give_up == NULL) {
        at = at->parent;
    }
    if (at == NULL) {
        return false;
    }
    at->give_up(object, error);
    return true;
}
