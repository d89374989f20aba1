#include "net/options.h"

#include <nodehttp/net_server.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

nh_error *nh_check_string(nh_memory *memory, const char *name, nh_value value) {
    return value.type == NH_STRING
               ? NULL
               : nh_error_new_argument_type(memory, name, "of type string", value);
}

nh_error *nh_check_number(nh_memory *memory, const char *name, nh_value value) {
    return value.type == NH_NUMBER
               ? NULL
               : nh_error_new_argument_type(memory, name, "of type number", value);
}

nh_error *nh_check_boolean(nh_memory *memory, const char *name, nh_value value) {
    return value.type == NH_BOOLEAN
               ? NULL
               : nh_error_new_argument_type(memory, name, "of type boolean", value);
}

nh_error *nh_check_function(nh_memory *memory, const char *name, nh_value value) {
    return value.type == NH_FUNCTION
               ? NULL
               : nh_error_new_argument_type(memory, name, "of type function", value);
}

nh_error *nh_check_int32(nh_memory *memory, const char *name, nh_value value, int minimum) {
    nh_error *error = nh_check_number(memory, name, value);

    if (error != NULL) {
        return error;
    }
    if (!isfinite(value.as.number) || value.as.number < trunc(value.as.number) ||
        value.as.number > trunc(value.as.number)) {
        return nh_error_new_out_of_range(memory, name, "an integer", value);
    }
    if (value.as.number < minimum || value.as.number > 2147483647.0) {
        nh_value range = nh_string_format(memory, ">= %d && <= 2147483647", minimum);
        error = nh_error_new_out_of_range(memory, name, nh_value_text(range), value);
        nh_value_release(&range);
    }
    return error;
}

/* JavaScript's ToNumber of what may stand in a port string; NaN for anything that is no number. */
static double number_of_text(const char *text) {
    static const char spaces[] = " \t\n\v\f\r";
    size_t start = strspn(text, spaces);
    size_t length = strlen(text);
    char *end = NULL;

    while (length > start && strchr(spaces, text[length - 1]) != NULL) {
        length--;
    }
    if (length == start) {
        return 0;
    }
    bool is_prefixed = text[start] == '0' && length > start + 2;
    char kind = is_prefixed ? text[start + 1] : '\0';
    if (kind == 'o' || kind == 'O' || kind == 'b' || kind == 'B') {
        long number = strtol(text + start + 2, &end, kind == 'o' || kind == 'O' ? 8 : 2);
        return end == text + length ? (double)number : (double)NAN;
    }
    /* strtod also knows "inf", "nan" and hexadecimal fractions, which JavaScript does not. */
    if (strspn(text + start, kind == 'x' || kind == 'X' ? "0123456789abcdefABCDEFxX"
                                                        : "0123456789+-.eE") < length - start) {
        return (double)NAN;
    }
    double number = strtod(text + start, &end);
    return end == text + length ? number : (double)NAN;
}

static double port_number(nh_value value) {
    return value.type == NH_NUMBER ? value.as.number : number_of_text(nh_value_text(value));
}

static bool is_blank(const char *text) {
    return text[strspn(text, " \t\n\v\f\r")] == '\0';
}

nh_error *nh_check_port(nh_memory *memory, const char *name, const char *short_name,
                        nh_value value) {
    bool may_be = value.type == NH_NUMBER || value.type == NH_STRING;

    if (!may_be) {
        return nh_error_new_argument_type(memory, name, "one of type number or string", value);
    }
    double port = port_number(value);
    bool whole = port >= 0 && port <= 65535 && !(trunc(port) < port);
    if (whole && !(value.type == NH_STRING && is_blank(nh_value_text(value)))) {
        return NULL;
    }
    nh_value received = nh_value_describe(memory, value);
    nh_error *error = received.type == NH_INVALID
                          ? nh_error_out_of_memory()
                          : nh_error_new(memory, "RangeError", "ERR_SOCKET_BAD_PORT",
                                         "%s should be >= 0 and < 65536. Received %s.", short_name,
                                         nh_value_text(received));
    nh_value_release(&received);
    return error;
}

int nh_port_of(nh_value value) {
    double port = port_number(value);

    return port >= 0 && port <= 65535 ? (int)port : 0;
}

/* --- options of the public structs -------------------------------------------------------- */

void nh_socket_options_init(nh_socket_options *options) {
    nh_socket_options_of_map(options, nh_undefined());
}

void nh_socket_options_of_map(nh_socket_options *options, nh_value map) {
    *options = (nh_socket_options){
        .port = nh_map_get(map, "port"),
        .host = nh_map_get(map, "host"),
        .path = nh_map_get(map, "path"),
        .local_address = nh_map_get(map, "localAddress"),
        .local_port = nh_map_get(map, "localPort"),
        .family = nh_map_get(map, "family"),
        .hints = nh_map_get(map, "hints"),
        .lookup = nh_map_get(map, "lookup"),
        .timeout = nh_map_get(map, "timeout"),
        .no_delay = nh_map_get(map, "noDelay"),
        .keep_alive = nh_map_get(map, "keepAlive"),
        .keep_alive_initial_delay = nh_map_get(map, "keepAliveInitialDelay"),
        .allow_half_open = nh_map_get(map, "allowHalfOpen"),
        .auto_select_family = nh_map_get(map, "autoSelectFamily"),
        .auto_select_family_attempt_timeout = nh_map_get(map, "autoSelectFamilyAttemptTimeout"),
        .high_water_mark = nh_map_get(map, "highWaterMark"),
    };
}

void nh_net_server_options_init(nh_net_server_options *options) {
    *options = (nh_net_server_options){.high_water_mark = NH_DEFAULT_HIGH_WATER_MARK};
}

void nh_listen_options_init(nh_listen_options *options) {
    nh_listen_options_of_map(options, nh_undefined());
}

void nh_listen_options_of_map(nh_listen_options *options, nh_value map) {
    *options = (nh_listen_options){
        .port = nh_map_get(map, "port"),
        .host = nh_map_get(map, "host"),
        .path = nh_map_get(map, "path"),
        .backlog = nh_map_get(map, "backlog"),
        .ipv6_only = nh_map_get(map, "ipv6Only"),
    };
}
