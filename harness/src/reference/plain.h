/* reference/plain.h - members of values that are not objects of the API: strings, lists, maps,
 * buffers, errors, functions. Only what scripts need to look at results. */
#ifndef TS_REFERENCE_PLAIN_H
#define TS_REFERENCE_PLAIN_H

#include "reference/frame.h"

bool ts_plain_get(ts_frame *frame, nh_value receiver, const char *member, nh_value *out_value);
bool ts_plain_call(ts_frame *frame, nh_value receiver, const char *member,
                   const ts_arguments *arguments, nh_value *out_result);
/* The text of bytes in an encoding (an owned string). */
nh_value ts_plain_decode(nh_memory *memory, nh_bytes bytes, const char *encoding);

#endif
