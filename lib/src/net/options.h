/* net/options.h - checks of option values, with the errors of Node's validators. */
#ifndef NH_NET_OPTIONS_H
#define NH_NET_OPTIONS_H

#include <nodehttp/error.h>

/* ERR_INVALID_ARG_TYPE; NULL when the value is fine. */
nh_error *nh_check_string(nh_memory *memory, const char *name, nh_value value);
nh_error *nh_check_number(nh_memory *memory, const char *name, nh_value value);
nh_error *nh_check_boolean(nh_memory *memory, const char *name, nh_value value);
nh_error *nh_check_function(nh_memory *memory, const char *name, nh_value value);
/* An integer from `minimum` to 2^31 - 1: ERR_OUT_OF_RANGE. */
nh_error *nh_check_int32(nh_memory *memory, const char *name, nh_value value, int minimum);
/* A number or a string that is a port: ERR_SOCKET_BAD_PORT, which calls it `short_name`. */
nh_error *nh_check_port(nh_memory *memory, const char *name, const char *short_name,
                        nh_value value);
/* The port that a checked value stands for. */
int nh_port_of(nh_value value);

#endif
