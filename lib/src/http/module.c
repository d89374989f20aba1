/* What belongs to the http module itself. */
#include <nodehttp/http.h>

#include "http/header_store_internal.h"
#include "http/parser_internal.h"
#include "http/support_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct status {
    int code;
    const char *text;
} status;

/* http.STATUS_CODES of Node.js, ascending. */
static const status statuses[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Payload Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a Teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Entity"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {509, "Bandwidth Limit Exceeded"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

#define STATUS_COUNT (sizeof(statuses) / sizeof(statuses[0]))

static int compare_codes(const void *key, const void *element) {
    return *(const int *)key - ((const status *)element)->code;
}

const char *nh_http_status_text(int status_code) {
    const status *found =
        bsearch(&status_code, statuses, STATUS_COUNT, sizeof(statuses[0]), compare_codes);
    return found == NULL ? NULL : found->text;
}

nh_value nh_http_status_codes(nh_memory *memory) {
    nh_value map = nh_map_new(memory);
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        char key[4] = {(char)('0' + statuses[i].code / 100),
                       (char)('0' + statuses[i].code / 10 % 10),
                       (char)('0' + statuses[i].code % 10), '\0'};
        if (!nh_map_set_take(map, key, nh_string_of(memory, statuses[i].text))) {
            nh_value_release(&map);
            return (nh_value){.type = NH_INVALID};
        }
    }
    return map;
}

static int compare_names(const void *first, const void *second) {
    return strcmp(*(const char *const *)first, *(const char *const *)second);
}

nh_value nh_http_methods(nh_memory *memory) {
    const char *names[] = {
#define METHOD(number, name, text) #text,
        HTTP_METHOD_MAP(METHOD)
#undef METHOD
    };
    size_t count = sizeof(names) / sizeof(names[0]);
    qsort(names, count, sizeof(names[0]), compare_names);
    nh_value list = nh_list_new(memory);
    for (size_t i = 0; i < count; i++) {
        if (!nh_list_append_take(list, nh_string_of(memory, names[i]))) {
            nh_value_release(&list);
            return (nh_value){.type = NH_INVALID};
        }
    }
    return list;
}

size_t nh_http_max_header_size(void) {
    return nh_wire_parser_default_max_header_size();
}

nh_error *nh_http_validate_header_name(nh_memory *memory, nh_value name, nh_value label) {
    if (!nh_value_is_truthy(label)) {
        return nh_http_check_name(memory, name, "Header name");
    }
    nh_value text = nh_http_shown(memory, label);
    nh_error *error = text.type == NH_INVALID
                          ? nh_error_out_of_memory()
                          : nh_http_check_name(memory, name, nh_value_text(text));
    nh_value_release(&text);
    return error;
}

nh_error *nh_http_validate_header_value(nh_memory *memory, nh_value name, nh_value value) {
    return nh_http_check_value(memory, name, value);
}

nh_error *nh_http_set_max_idle_http_parsers(nh_memory *memory, nh_value max) {
    return nh_http_check_integer(memory, "max", max, 1);
}
