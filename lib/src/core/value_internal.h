/* core/value_internal.h - what values are made of. Only core looks inside. */
#ifndef NH_CORE_VALUE_INTERNAL_H
#define NH_CORE_VALUE_INTERNAL_H

#include <nodehttp/value.h>

struct nh_string {
    size_t references;
    nh_memory *memory;
    size_t length; /* bytes, without the NUL that follows */
    char text[];
};

/* A string of `length` bytes to be filled in (the NUL is there); NULL without memory. */
nh_string *nh_string_allocate(nh_memory *memory, size_t length);
nh_value nh_string_wrap(nh_type type, nh_string *string);
void nh_string_release(nh_string *string);

/* One reference less; frees what nobody holds any more. */
void nh_buffer_release(nh_buffer *buffer);
void nh_list_release(nh_list *list);
void nh_map_release(nh_map *map);
void nh_function_release(nh_function *function);
nh_bytes nh_buffer_bytes(const nh_buffer *buffer);
void nh_buffer_retain(nh_buffer *buffer);
void nh_list_retain(nh_list *list);
void nh_map_retain(nh_map *map);
void nh_function_retain(nh_function *function);

/* Longest text of a number, with its NUL. */
#define NH_NUMBER_TEXT_SIZE 40
/* `number` as JavaScript's Number::toString prints it (ECMA-262 6.1.6.1.20); returns the length. */
size_t nh_number_to_text(double number, char out[NH_NUMBER_TEXT_SIZE]);
/* The same for a whole number, without the cost of printf. */
size_t nh_integer_to_text(int64_t number, char out[NH_NUMBER_TEXT_SIZE]);

#endif
