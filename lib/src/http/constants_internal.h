/* http/constants_internal.h - small values that every exchange on a loop uses. */
#ifndef NH_HTTP_CONSTANTS_INTERNAL_H
#define NH_HTTP_CONSTANTS_INTERNAL_H

#include "core/loop_internal.h"

typedef struct nh_http_constants {
    nh_loop_resource resource;
    nh_memory *memory;
    nh_value latin1;   /* "latin1" */
    nh_value ascii;    /* "ascii" */
    nh_value nothing;  /* "" */
    nh_value line_end; /* a buffer: CR, LF */
} nh_http_constants;

/* The loop's, made on first use; NULL without memory. */
const nh_http_constants *nh_http_constants_of(nh_loop *loop);

#endif
