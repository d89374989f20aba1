/* From a URL to the options of http.request(). */
#include "http/url_internal.h"

#include <nodehttp/client_request.h>

#include <math.h>
#include <stdlib.h>

/* The members of a URL that are accessors in JavaScript: not among the own properties that become
 * options. */
static const char *const accessors[] = {"origin", "username", "password", "host", "port"};

bool nh_url_is_url(nh_value value) {
    return value.type == NH_MAP && nh_value_is_truthy(nh_map_get(value, "href")) &&
           nh_value_is_truthy(nh_map_get(value, "protocol")) &&
           nh_map_get(value, "auth").type == NH_UNDEFINED &&
           nh_map_get(value, "path").type == NH_UNDEFINED;
}

static bool is_accessor(nh_bytes key) {
    for (size_t i = 0; i < sizeof(accessors) / sizeof(accessors[0]); i++) {
        if (nh_bytes_equal_text(key, accessors[i])) {
            return true;
        }
    }
    return false;
}

/* Whether bytes 0x80-0xFF form UTF-8 without surrogates and overlong forms, as
 * decodeURIComponent() demands. */
static bool is_strict_utf8(nh_bytes text) {
    for (size_t at = 0; at < text.length;) {
        uint32_t code_point;
        char again[4];
        size_t used = nh_utf8_decode(text.data + at, text.length - at, &code_point);
        if (text.data[at] >= 0x80 && (used == 1 || (code_point >= 0xd800 && code_point <= 0xdfff) ||
                                      nh_utf8_encode(code_point, again) != used)) {
            return false;
        }
        at += used;
    }
    return true;
}

/* decodeURIComponent(); false when the text is malformed. */
static bool add_component(nh_text *out, nh_bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '%') {
            char digits[3] = {0};
            char *end = digits;
            for (size_t k = 0; k < 2 && i + 1 + k < text.length; k++) {
                digits[k] = (char)text.data[i + 1 + k];
            }
            bool plain = digits[0] != '+' && digits[0] != '-' && digits[0] != ' ' &&
                         digits[1] != 'x' && digits[1] != 'X';
            (void)strtoul(digits, &end, 16);
            if (!plain || end != digits + 2) {
                return false;
            }
        }
    }
    size_t start = out->length;
    nh_url_decode(out, text);
    return out->failed || out->length == start ||
           is_strict_utf8(nh_bytes_of(out->data + start, out->length - start));
}

/* "user:password", percent-decoded. */
static nh_error *make_auth(nh_memory *memory, nh_value url, nh_value *out) {
    nh_text text;
    nh_text_init(&text, memory);
    bool ok = add_component(&text, nh_value_bytes(nh_map_get(url, "username")));
    nh_text_add_c(&text, ":");
    ok = add_component(&text, nh_value_bytes(nh_map_get(url, "password"))) && ok;
    if (!ok) {
        nh_text_deinit(&text);
        return nh_error_new(memory, "URIError", NULL, "URI malformed");
    }
    *out = nh_text_take_string(&text);
    return NULL;
}

static nh_value bare_hostname(nh_memory *memory, nh_value hostname) {
    nh_bytes text = nh_value_bytes(hostname);
    if (hostname.type != NH_STRING || text.length < 2 || text.data[0] != '[') {
        return nh_value_retain(hostname);
    }
    return nh_string_new(memory, (const char *)text.data + 1, text.length - 2);
}

static nh_value make_path(nh_memory *memory, nh_value url) {
    nh_value pathname = nh_map_get(url, "pathname");
    nh_value search = nh_map_get(url, "search");
    return nh_string_format(memory, "%s%s", nh_value_text(pathname), nh_value_text(search));
}

/* Number(port): URLs hold it as text. */
static nh_value make_port(nh_value port) {
    if (port.type != NH_STRING) {
        return port.type == NH_NUMBER ? port : nh_number(NAN);
    }
    char *end = NULL;
    double number = strtod(nh_value_text(port), &end);
    return nh_number(*end == '\0' ? number : NAN);
}

nh_error *nh_url_to_http_options(nh_memory *memory, nh_value url, nh_value *out_options) {
    *out_options = nh_undefined();
    nh_value options = nh_map_new(memory);
    bool complete = nh_map_has(url, "hostname");
    bool ok = options.type != NH_INVALID;
    for (size_t i = 0; ok && i < nh_map_length(url); i++) {
        nh_bytes key = nh_map_key_at(url, i);
        ok = (complete && is_accessor(key)) ||
             nh_map_set_bytes(options, key, nh_map_value_at(url, i));
    }
    ok = ok && nh_map_set(options, "protocol", nh_map_get(url, "protocol"));
    ok = ok &&
         nh_map_set_take(options, "hostname", bare_hostname(memory, nh_map_get(url, "hostname")));
    ok = ok && nh_map_set(options, "hash", nh_map_get(url, "hash"));
    ok = ok && nh_map_set(options, "search", nh_map_get(url, "search"));
    ok = ok && nh_map_set(options, "pathname", nh_map_get(url, "pathname"));
    ok = ok && nh_map_set_take(options, "path", make_path(memory, url));
    ok = ok && nh_map_set(options, "href", nh_map_get(url, "href"));
    nh_value port = nh_map_get(url, "port");
    if (ok && !nh_value_is_text(port, "")) {
        ok = nh_map_set_take(options, "port", make_port(port));
    }
    nh_error *error = NULL;
    if (ok && (nh_value_is_truthy(nh_map_get(url, "username")) ||
               nh_value_is_truthy(nh_map_get(url, "password")))) {
        nh_value auth = nh_undefined();
        error = make_auth(memory, url, &auth);
        ok = error != NULL || nh_map_set_take(options, "auth", auth);
    }
    if (!ok || error != NULL) {
        nh_value_release(&options);
        return ok ? error : nh_error_out_of_memory();
    }
    *out_options = options;
    return NULL;
}
