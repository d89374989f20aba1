/* The options and the properties of a server. */
#include "http/server_internal.h"

#include "http/support_internal.h"

#include <math.h>
#include <string.h>

/* How an option is checked. */
typedef enum check {
    NO_CHECK,     /* a property only, or an option that is converted */
    WHOLE_NUMBER, /* an integer from 0 */
    TRUTH_VALUE   /* a boolean */
} check;

typedef struct setting {
    const char *name;
    check check;
    const char *label; /* in error messages; NULL: the name */
    double number;     /* default; NaN: none, the property is undefined */
} setting;

static const setting settings[NH_SERVER_SETTINGS] = {
    [NH_SERVER_MAX_HEADER_SIZE] = {"maxHeaderSize", WHOLE_NUMBER, NULL, NAN},
    [NH_SERVER_INSECURE_HTTP_PARSER] = {"insecureHTTPParser", TRUTH_VALUE,
                                        "options.insecureHTTPParser", NAN},
    [NH_SERVER_REQUEST_TIMEOUT] = {"requestTimeout", WHOLE_NUMBER, NULL, 300000},
    [NH_SERVER_HEADERS_TIMEOUT] = {"headersTimeout", WHOLE_NUMBER, NULL, 60000},
    [NH_SERVER_KEEP_ALIVE_TIMEOUT] = {"keepAliveTimeout", WHOLE_NUMBER, NULL, 5000},
    [NH_SERVER_CONNECTIONS_CHECKING_INTERVAL] = {"connectionsCheckingInterval", WHOLE_NUMBER, NULL,
                                                 30000},
    [NH_SERVER_REQUIRE_HOST_HEADER] = {"requireHostHeader", TRUTH_VALUE,
                                       "options.requireHostHeader", 1},
    [NH_SERVER_JOIN_DUPLICATE_HEADERS] = {"joinDuplicateHeaders", TRUTH_VALUE,
                                          "options.joinDuplicateHeaders", NAN},
    [NH_SERVER_REJECT_NONSTANDARD_BODY_WRITES] = {"rejectNonStandardBodyWrites", TRUTH_VALUE,
                                                  "options.rejectNonStandardBodyWrites", 0},
    [NH_SERVER_TIMEOUT] = {"timeout", NO_CHECK, NULL, 0},
    [NH_SERVER_MAX_HEADERS_COUNT] = {"maxHeadersCount", NO_CHECK, NULL, NAN},
    [NH_SERVER_MAX_REQUESTS_PER_SOCKET] = {"maxRequestsPerSocket", NO_CHECK, NULL, 0},
    [NH_SERVER_HTTP_ALLOW_HALF_OPEN] = {"httpAllowHalfOpen", NO_CHECK, NULL, 0},
    [NH_SERVER_HIGH_WATER_MARK] = {"highWaterMark", NO_CHECK, NULL, NAN},
    [NH_SERVER_NO_DELAY] = {"noDelay", NO_CHECK, NULL, 1},
    [NH_SERVER_KEEP_ALIVE] = {"keepAlive", NO_CHECK, NULL, 0},
    [NH_SERVER_KEEP_ALIVE_INITIAL_DELAY] = {"keepAliveInitialDelay", NO_CHECK, NULL, 0},
    [NH_SERVER_ALLOW_HALF_OPEN] = {"allowHalfOpen", NO_CHECK, NULL, 1},
    [NH_SERVER_PAUSE_ON_CONNECT] = {"pauseOnConnect", NO_CHECK, NULL, 0},
};

/* The order in which Node checks them, which decides about the error that is seen. */
static const nh_server_setting checked[] = {
    NH_SERVER_MAX_HEADER_SIZE,
    NH_SERVER_INSECURE_HTTP_PARSER,
    NH_SERVER_REQUEST_TIMEOUT,
    NH_SERVER_HEADERS_TIMEOUT,
    NH_SERVER_KEEP_ALIVE_TIMEOUT,
    NH_SERVER_CONNECTIONS_CHECKING_INTERVAL,
    NH_SERVER_REQUIRE_HOST_HEADER,
    NH_SERVER_JOIN_DUPLICATE_HEADERS,
    NH_SERVER_REJECT_NONSTANDARD_BODY_WRITES,
};

static bool is_boolean_setting(nh_server_setting index) {
    return settings[index].check == TRUTH_VALUE || index == NH_SERVER_HTTP_ALLOW_HALF_OPEN ||
           index == NH_SERVER_NO_DELAY || index == NH_SERVER_KEEP_ALIVE ||
           index == NH_SERVER_ALLOW_HALF_OPEN || index == NH_SERVER_PAUSE_ON_CONNECT;
}

static nh_value default_of(nh_server_setting index) {
    double number = settings[index].number;
    if (isnan(number)) {
        return index == NH_SERVER_MAX_HEADERS_COUNT ? nh_null() : nh_undefined();
    }
    return is_boolean_setting(index) ? nh_boolean(number > 0) : nh_number(number);
}

static nh_error *check_option(nh_memory *memory, nh_server_setting index, nh_value value) {
    const setting *entry = &settings[index];
    const char *label = entry->label == NULL ? entry->name : entry->label;
    if (entry->check == WHOLE_NUMBER) {
        return nh_http_check_integer(memory, label, value, 0);
    }
    if (value.type != NH_BOOLEAN) {
        return nh_error_new_argument_type(memory, label, "of type boolean", value);
    }
    return NULL;
}

/* headersTimeout may not outlast requestTimeout; by default it is the smaller of the two. */
static nh_error *settle_headers_timeout(nh_server *server, bool given, nh_memory *memory) {
    double whole = nh_server_number(server, NH_SERVER_REQUEST_TIMEOUT);
    double headers = nh_server_number(server, NH_SERVER_HEADERS_TIMEOUT);
    if (!given) {
        headers = whole < headers ? whole : headers;
        server->settings[NH_SERVER_HEADERS_TIMEOUT] = nh_number(headers);
    }
    if (whole > 0 && headers > 0 && headers > whole) {
        return nh_error_new_out_of_range(memory, "headersTimeout", "<= requestTimeout",
                                         nh_number(headers));
    }
    return NULL;
}

static nh_error *read_checked(nh_server *server, nh_value options, nh_memory *memory) {
    for (size_t i = 0; i < sizeof(checked) / sizeof(checked[0]); i++) {
        nh_server_setting index = checked[i];
        nh_value value = nh_map_get(options, settings[index].name);
        bool given = value.type != NH_UNDEFINED;
        if (given) {
            nh_error *error = check_option(memory, index, value);
            if (error != NULL) {
                return error;
            }
            nh_value_assign_take(&server->settings[index], nh_value_retain(value));
        }
        if (index == NH_SERVER_HEADERS_TIMEOUT) {
            nh_error *error = settle_headers_timeout(server, given, memory);
            if (error != NULL) {
                return error;
            }
        }
    }
    return NULL;
}

/* --- what net.Server takes ---------------------------------------------------------------- */

static nh_error *check_number(nh_memory *memory, const char *label, nh_value value) {
    return value.type == NH_NUMBER
               ? NULL
               : nh_error_new_argument_type(memory, label, "of type number", value);
}

/* Whole seconds, as net.Server keeps it. */
static double delay_in_seconds(double milliseconds) {
    double seconds = trunc(milliseconds / 1000);
    return isfinite(seconds) && seconds > 0 ? seconds : 0;
}

static nh_error *read_net_options(nh_server *server, nh_value options, nh_memory *memory,
                                  nh_net_server_options *out_net) {
    nh_value delay = nh_map_get(options, "keepAliveInitialDelay");
    nh_value mark = nh_map_get(options, "highWaterMark");
    nh_value no_delay = nh_map_get(options, "noDelay");
    nh_error *error = delay.type == NH_UNDEFINED
                          ? NULL
                          : check_number(memory, "options.keepAliveInitialDelay", delay);
    if (error == NULL && mark.type != NH_UNDEFINED) {
        error = check_number(memory, "options.highWaterMark", mark);
    }
    if (error != NULL) {
        return error;
    }
    nh_net_server_options_init(out_net);
    out_net->allow_half_open = true;
    out_net->no_delay = nh_value_is_nullish(no_delay) || nh_value_is_truthy(no_delay);
    out_net->keep_alive = nh_value_is_truthy(nh_map_get(options, "keepAlive"));
    double seconds = delay.type == NH_NUMBER ? delay_in_seconds(delay.as.number) : 0;
    out_net->keep_alive_initial_delay = seconds * 1000;
    double bytes = mark.type == NH_NUMBER && !(mark.as.number < 0)
                       ? mark.as.number
                       : (double)NH_OUTGOING_HIGH_WATER_MARK;
    if (mark.type == NH_NUMBER && mark.as.number >= 0 && isfinite(mark.as.number)) {
        out_net->high_water_mark = (size_t)mark.as.number;
    }
    server->settings[NH_SERVER_HIGH_WATER_MARK] = nh_number(bytes);
    server->settings[NH_SERVER_NO_DELAY] = nh_boolean(out_net->no_delay);
    server->settings[NH_SERVER_KEEP_ALIVE] = nh_boolean(out_net->keep_alive);
    server->settings[NH_SERVER_KEEP_ALIVE_INITIAL_DELAY] = nh_number(seconds);
    return NULL;
}

static nh_error *read_unique_headers(nh_server *server, nh_value options, nh_memory *memory) {
    nh_value names = nh_map_get(options, "uniqueHeaders");
    for (size_t i = 0; i < nh_list_length(names); i++) {
        if (nh_list_get(names, i).type != NH_STRING) {
            return nh_error_new(memory, "TypeError", NULL,
                                "headers[i].toLowerCase is not a function");
        }
    }
    server->unique_headers = nh_http_unique_headers(memory, names);
    return server->unique_headers.type == NH_INVALID ? nh_error_out_of_memory() : NULL;
}

nh_error *nh_server_read_options(nh_server *server, nh_value options,
                                 nh_net_server_options *out_net) {
    nh_memory *memory = nh_object_memory(&server->net.emitter);
    for (size_t i = 0; i < NH_SERVER_SETTINGS; i++) {
        server->settings[i] = default_of((nh_server_setting)i);
    }
    server->unique_headers = nh_undefined();
    nh_error *error = read_checked(server, options, memory);
    if (error == NULL) {
        error = read_net_options(server, options, memory, out_net);
    }
    return error != NULL ? error : read_unique_headers(server, options, memory);
}

/* --- properties --------------------------------------------------------------------------- */

static size_t find(const char *name) {
    size_t at = 0;
    while (at < NH_SERVER_SETTINGS && strcmp(settings[at].name, name) != 0) {
        at++;
    }
    return at;
}

nh_value nh_server_property(const nh_server *server, const char *name) {
    size_t at = find(name);
    return at == NH_SERVER_SETTINGS ? nh_undefined() : nh_value_retain(server->settings[at]);
}

bool nh_server_set_property(nh_server *server, const char *name, nh_value value) {
    size_t at = find(name);
    if (at == NH_SERVER_SETTINGS) {
        return false;
    }
    nh_value_assign_take(&server->settings[at], nh_value_retain(value));
    nh_net_server_options *net = &server->net.options;
    if (at == NH_SERVER_NO_DELAY) {
        net->no_delay = nh_value_is_truthy(value);
    } else if (at == NH_SERVER_KEEP_ALIVE) {
        net->keep_alive = nh_value_is_truthy(value);
    } else if (at == NH_SERVER_ALLOW_HALF_OPEN) {
        net->allow_half_open = nh_value_is_truthy(value);
    } else if (at == NH_SERVER_PAUSE_ON_CONNECT) {
        net->pause_on_connect = nh_value_is_truthy(value);
    }
    return true;
}

double nh_server_number(const nh_server *server, nh_server_setting index) {
    nh_value value = server->settings[index];
    return value.type == NH_NUMBER ? value.as.number : (double)NAN;
}

bool nh_server_is_set(const nh_server *server, nh_server_setting index) {
    return nh_value_is_truthy(server->settings[index]);
}
