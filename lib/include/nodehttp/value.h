/* nodehttp/value.h - one small tagged value, for the places where Node.js takes or gives "any".
 *
 * Ownership. A value passed as an argument is borrowed; the callee retains what it keeps. A value
 * that is returned, or stored through an out parameter, belongs to the caller, who releases it with
 * nh_value_release(). Functions whose name ends in _take consume their value argument, also when
 * they fail. Scalars need no release, but releasing them is harmless.
 *
 * Strings are UTF-8 (lone surrogates as three bytes, as in WTF-8) with a length; they may contain
 * NUL. One string holds the same text as the JavaScript string would. Where Node.js reads or writes
 * header bytes as Latin-1, a byte 0x80-0xFF corresponds to the character U+0080-U+00FF.
 *
 * Allocation failure. Constructors return a value of type NH_INVALID when there is no memory. Every
 * function that takes values accepts NH_INVALID and fails with ERR_MEMORY_ALLOCATION_FAILED, so
 * that calls can be nested and only the outermost result needs a check. */
#ifndef NODEHTTP_VALUE_H
#define NODEHTTP_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nodehttp/memory.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nh_error nh_error;     /* nodehttp/error.h */
typedef struct nh_emitter nh_emitter; /* nodehttp/emitter.h */
typedef struct nh_string nh_string;
typedef struct nh_buffer nh_buffer;
typedef struct nh_list nh_list;
typedef struct nh_map nh_map;
typedef struct nh_function nh_function;

/* What a value is. */
typedef enum nh_type {
    NH_INVALID,   /* no value: an allocation failed */
    NH_UNDEFINED, /* undefined */
    NH_NULL,      /* null */
    NH_BOOLEAN,   /* true, false */
    NH_NUMBER,    /* an IEEE 754 double */
    NH_BIGINT,    /* a bigint, as its decimal digits; only carried, never computed with */
    NH_STRING,    /* text, UTF-8 */
    NH_SYMBOL,    /* a symbol, as its description */
    NH_BUFFER,    /* bytes: Buffer, Uint8Array */
    NH_LIST,      /* an array */
    NH_MAP,       /* a plain object: string keys in order */
    NH_ERROR,     /* an Error */
    NH_FUNCTION,  /* a callable */
    NH_OBJECT     /* an object of this library: a socket, a request, an agent, ... */
} nh_type;

typedef struct nh_value {
    nh_type type;
    union {
        bool boolean;
        double number;
        nh_string *string; /* NH_STRING, NH_SYMBOL, NH_BIGINT */
        nh_buffer *buffer;
        nh_list *list;
        nh_map *map;
        nh_error *error;
        nh_function *function;
        nh_emitter *object;
    } as;
} nh_value;

/* A run of bytes that somebody else owns. */
typedef struct nh_bytes {
    const uint8_t *data;
    size_t length; /* bytes */
} nh_bytes;

/* A borrowed view of C text; `length` in bytes. */
nh_bytes nh_bytes_of(const void *data, size_t length);
nh_bytes nh_bytes_of_text(const char *text);
bool nh_bytes_equal(nh_bytes a, nh_bytes b);
/* Equality with a C string. */
bool nh_bytes_equal_text(nh_bytes bytes, const char *text);
/* Equality with a C string, ASCII letters compared without case. */
bool nh_bytes_equal_text_ignoring_case(nh_bytes bytes, const char *text);

/* --- constructors ------------------------------------------------------------------------- */

nh_value nh_undefined(void);
nh_value nh_null(void);
nh_value nh_boolean(bool boolean);
nh_value nh_number(double number);
/* Copies `length` bytes of UTF-8. */
nh_value nh_string_new(nh_memory *memory, const char *text, size_t length);
/* Copies a C string. */
nh_value nh_string_of(nh_memory *memory, const char *text);
/* The string that Latin-1 decoding of the bytes gives. */
nh_value nh_string_of_latin1(nh_memory *memory, nh_bytes bytes);
/* The string that UTF-8 decoding gives: U+FFFD for what is not UTF-8, as buffer.toString() does. */
nh_value nh_string_of_utf8(nh_memory *memory, nh_bytes bytes);
/* A string from a printf format. */
nh_value nh_string_format(nh_memory *memory, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
nh_value nh_symbol_new(nh_memory *memory, const char *description, size_t length);
nh_value nh_bigint_new(nh_memory *memory, const char *digits, size_t length);
/* Copies the bytes. */
nh_value nh_buffer_of(nh_memory *memory, nh_bytes bytes);
/* The Latin-1 encoding of a string: the low byte of each UTF-16 code unit, as
 * Buffer.from(string, 'latin1') gives. NH_INVALID for anything but a string. */
nh_value nh_buffer_of_latin1(nh_memory *memory, nh_value string);
/* `length` bytes to be filled through nh_buffer_data(); uninitialised. */
nh_value nh_buffer_new(nh_memory *memory, size_t length);
/* Bytes [offset, offset + length) of `buffer`, sharing its memory. The range has to be inside. */
nh_value nh_buffer_slice(nh_memory *memory, nh_value buffer, size_t offset, size_t length);
nh_value nh_list_new(nh_memory *memory);
nh_value nh_map_new(nh_memory *memory);
/* A value that holds another reference to `error` / `object`. */
nh_value nh_value_of_error(nh_error *error);
nh_value nh_value_of_object(nh_emitter *object);
/* The same, consuming the caller's reference. NULL gives NH_INVALID. */
nh_value nh_value_of_error_take(nh_error *error);
nh_value nh_value_of_object_take(nh_emitter *object);

/* What a callable does: gets its arguments (borrowed), stores an owned result in `*out_result`
 * (preset to undefined). To throw, it calls nh_loop_throw() and returns. */
typedef void (*nh_function_call)(const nh_value *arguments, size_t count, void *data,
                                 nh_value *out_result);
/* A callable. `release` (may be NULL) is called with `data` when the last reference goes; it is
 * not called when NH_INVALID is returned. `name` is copied. */
nh_value nh_function_new(nh_memory *memory, const char *name, nh_function_call call, void *data,
                         void (*release)(void *data));

/* --- references --------------------------------------------------------------------------- */

/* One more reference to whatever `value` holds; returns `value`. */
nh_value nh_value_retain(nh_value value);
/* Gives up one reference and sets `*value` to undefined. */
void nh_value_release(nh_value *value);
/* Replaces `*slot`, consuming `value` and releasing what was there. */
void nh_value_assign_take(nh_value *slot, nh_value value);

/* --- reading ------------------------------------------------------------------------------ */

/* The text of a string, symbol or bigint, or the bytes of a buffer; empty for anything else.
 * Strings are followed by a NUL that `length` does not count. */
nh_bytes nh_value_bytes(nh_value value);
/* The text of a string as a C string; "" for anything else. */
const char *nh_value_text(nh_value value);
/* The writable bytes of a buffer; NULL for anything else. */
uint8_t *nh_buffer_data(nh_value buffer);
/* JavaScript's ToBoolean. */
bool nh_value_is_truthy(nh_value value);
/* undefined or null. */
bool nh_value_is_nullish(nh_value value);
/* JavaScript's strict equality; objects, lists, maps, errors and functions by identity. */
bool nh_value_is_same(nh_value a, nh_value b);
bool nh_value_is_text(nh_value value, const char *text);
/* The length of the text in UTF-16 code units, as JavaScript's `length` counts it. */
size_t nh_string_utf16_length(nh_value string);
/* What `String(value)` gives for scalars, and for lists the elements joined by ','. */
nh_value nh_value_to_string(nh_memory *memory, nh_value value);

/* Calls a function value; anything else is ignored. `out_result` may be NULL. */
void nh_function_invoke(nh_value function, const nh_value *arguments, size_t count,
                        nh_value *out_result);
const char *nh_function_name(nh_value function);

/* --- lists -------------------------------------------------------------------------------- */

/* 0 for anything that is not a list. */
size_t nh_list_length(nh_value list);
/* Element `index`, borrowed; undefined past the end. */
nh_value nh_list_get(nh_value list, size_t index);
/* False when there is no memory, or when `value` is NH_INVALID; the list is then unchanged. */
bool nh_list_append(nh_value list, nh_value value);
bool nh_list_append_take(nh_value list, nh_value value);
/* Replaces element `index`, which has to exist. */
void nh_list_set_take(nh_value list, size_t index, nh_value value);
void nh_list_remove(nh_value list, size_t index);

/* A list whose elements are the [key, value] pairs of a collection: what a Map or a Headers object
 * is for functions that iterate over one. `class_name` is what errors call it; it has to be static.
 */
nh_value nh_list_new_entries(nh_memory *memory, const char *class_name);
/* The class given to nh_list_new_entries(); NULL for an array and for anything else. */
const char *nh_list_entries_class(nh_value list);

/* --- maps --------------------------------------------------------------------------------- */

/* Keys have the order of JavaScript's own properties: array indices ("0", "10") ascending, then
 * the others as they were added. */

/* 0 for anything that is not a map. */
size_t nh_map_length(nh_value map);
/* The value under `key`, borrowed; undefined when there is none or `map` is not a map. */
nh_value nh_map_get(nh_value map, const char *key);
nh_value nh_map_get_bytes(nh_value map, nh_bytes key);
bool nh_map_has(nh_value map, const char *key);
bool nh_map_has_bytes(nh_value map, nh_bytes key);
/* Entry `index` in that order: key and value, both borrowed; empty and undefined past the end. */
nh_bytes nh_map_key_at(nh_value map, size_t index);
nh_value nh_map_value_at(nh_value map, size_t index);
/* Sets `key`, keeping its place if it exists. False when there is no memory (map unchanged). */
bool nh_map_set(nh_value map, const char *key, nh_value value);
bool nh_map_set_take(nh_value map, const char *key, nh_value value);
bool nh_map_set_bytes(nh_value map, nh_bytes key, nh_value value);
bool nh_map_set_bytes_take(nh_value map, nh_bytes key, nh_value value);
void nh_map_delete_bytes(nh_value map, nh_bytes key);
/* Sets what `source` has, in its order; nothing when it is not a map. False when `map` is not one
 * or there is no memory (part of it may be set). JavaScript: Object.assign. */
bool nh_map_assign(nh_value map, nh_value source);
/* A copy of the map (shallow). */
nh_value nh_map_copy(nh_memory *memory, nh_value map);

#ifdef __cplusplus
}
#endif
#endif
