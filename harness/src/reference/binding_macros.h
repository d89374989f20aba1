/* reference/binding_macros.h - the shapes in which the files of the binding table repeat
 * themselves: a getter of a scalar, a setter of a boolean, a call without arguments. */
#ifndef TS_REFERENCE_BINDING_MACROS_H
#define TS_REFERENCE_BINDING_MACROS_H

#include "reference/binding_rows.h"

/* The object of a call or property as its own type. */
#define TS_SELF(type, self) ((type *)(void *)(self))

/* nh_value name(loop, self), from an expression in which `it` is the object. */
#define TS_GETTER(name, type, expression)                                                          \
    static nh_value name(nh_loop *loop, nh_emitter *self) {                                        \
        type *it = TS_SELF(type, self);                                                            \
        (void)loop;                                                                                \
        return (expression);                                                                       \
    }

/* nh_error *name(loop, self, value), from a statement with `it` and `value`. */
#define TS_SETTER(name, type, statement)                                                           \
    static nh_error *name(nh_loop *loop, nh_emitter *self, nh_value value) {                       \
        type *it = TS_SELF(type, self);                                                            \
        (void)loop;                                                                                \
        statement;                                                                                 \
        return NULL;                                                                               \
    }

/* A method, from a statement with `it` and `call`; it returns nothing and throws nothing. */
#define TS_ACTION(name, type, statement)                                                           \
    static nh_error *name(ts_call *call) {                                                         \
        type *it = TS_SELF(type, call->self);                                                      \
        statement;                                                                                 \
        return NULL;                                                                               \
    }

/* A method that throws what the expression gives. */
#define TS_ATTEMPT(name, type, expression)                                                         \
    static nh_error *name(ts_call *call) {                                                         \
        type *it = TS_SELF(type, call->self);                                                      \
        return (expression);                                                                       \
    }

/* Rows. */
#define TS_METHOD(class_name, member, function)                                                    \
    { class_name, member, TS_MEMBER_METHOD, function, NULL, NULL }
#define TS_FUNCTION(module, member, function)                                                      \
    { module, member, TS_MEMBER_FUNCTION, function, NULL, NULL }
#define TS_CONSTRUCTOR(module, member, function)                                                   \
    { module, member, TS_MEMBER_CONSTRUCTOR, function, NULL, NULL }
#define TS_PROPERTY(class_name, member, getter, setter)                                            \
    { class_name, member, TS_MEMBER_PROPERTY, NULL, getter, setter }
/* A method that one object can have replaced. */
#define TS_REPLACEABLE(class_name, member, function, getter, setter)                               \
    { class_name, member, TS_MEMBER_METHOD, function, getter, setter }
#define TS_EVENT(class_name, member)                                                               \
    { class_name, member, TS_MEMBER_EVENT, NULL, NULL, NULL }
#define TS_OPTION(class_name, member)                                                              \
    { class_name, member, TS_MEMBER_OPTION, NULL, NULL, NULL }

/* An object, or null / undefined for NULL. */
nh_value ts_object_or_null(nh_emitter *object);
nh_value ts_object_or_undefined(nh_emitter *object);
nh_value ts_error_or_null(nh_error *error);
/* The method returns its own object, as `return this` does. */
void ts_call_return_self(ts_call *call);
/* Argument `index` as an error for destroy(), any truthy value included; NULL for the others.
 * Owned. */
nh_error *ts_call_error(const ts_call *call, size_t index);

#endif
