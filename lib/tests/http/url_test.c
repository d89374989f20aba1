/* new URL() and urlToHttpOptions(): what http.request() makes of a URL string. */
#include <nodehttp/client_request.h>

#include "support/unit.h"

struct url_case {
    const char *input;
    const char *href; /* NULL: ERR_INVALID_URL */
};

static const struct url_case url_cases[] = {
    {"http://EXAMPLE.com:80/a/../b/./%2e%2E/c", "http://example.com/c"},
    {"http:\\\\a\\b\\..\\c", "http://a/c"},
    {"http:a", "http://a/"},
    {"http:///a", "http://a/"},
    {" \x01http://a\tb\n/ ", "http://ab/"},
    {"http://a?'\"<>^`{}|", "http://a/?%27%22%3C%3E^`{}|"},
    {"http://a/^`{}|\"<>' ~%zz", "http://a/^%60%7B%7D|%22%3C%3E'%20~%zz"},
    {"http://a#'\"<>^`{}|", "http://a/#'%22%3C%3E^%60{}|"},
    {"http://u;=@[]|^:p@h/", "http://u%3B%3D%40%5B%5D%7C%5E:p@h/"},
    {"http://user:@a", "http://user@a/"},
    {"http://@a", "http://a/"},
    {"http://a:080/?#", "http://a/?#"},
    {"http://a:65535", "http://a:65535/"},
    {"http://a%41b/", "http://aab/"},
    {"http://0x7f.1/", "http://127.0.0.1/"},
    {"http://1.2.3.4.", "http://1.2.3.4/"},
    {"http://4294967295", "http://255.255.255.255/"},
    {"http://1e3", "http://1e3/"},
    {"http://[1::0:0:2]:81", "http://[1::2]:81/"},
    {"http://[1:2:3:4:5:6:7::]", "http://[1:2:3:4:5:6:7:0]/"},
    {"http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]/"},
    {"http://b\xc3\xbc"
     "cher.de/\xc3\xbc",
     "http://xn--bcher-kva.de/%C3%BC"},
    {"http://\xf0\x9f\x98\x80.com", "http://xn--e28h.com/"},
    {"http://\xce\x91\xce\x92\xce\x93.gr", "http://xn--mxacd.gr/"},
    {"http://a-long-label-before-it-\xf0\x9f\x98\x80.example/",
     "http://xn--a-long-label-before-it--ok92w.example/"},
    {"http://xn--a-long-label-before-it--ok92w.example/",
     "http://xn--a-long-label-before-it--ok92w.example/"},
    {"http://a/\xed\xa0\x80", "http://a/%EF%BF%BD"},
    {"foo://h:80/a b?c", "foo://h:80/a%20b?c"},
    {"foo:/..//x", "foo:/.//x"},
    {"foo:/a/..", "foo:/"},
    {"foo:/a/../..", "foo:"},
    {"foo://h/..#x", "foo://h#x"},
    {"mailto:x@y", "mailto:x@y"},
    {"file:///C|/a/../..", "file:///C:/"},
    {"", NULL},
    {"/relative", NULL},
    {"foo", NULL},
    {"http://", NULL},
    {"http://u@", NULL},
    {"http://:80", NULL},
    {"http://a:65536", NULL},
    {"http://a:b@c:d", NULL},
    {"http://a b/", NULL},
    {"http://a%20b/", NULL},
    {"http://a|b", NULL},
    {"http://a\x7f"
     "b",
     NULL},
    {"http://09", NULL},
    {"http://1.2.3.256/", NULL},
    {"http://1.2.3.4.5", NULL},
    {"http://4294967296", NULL},
    {"http://[::1", NULL},
    {"http://[::1%25]", NULL},
    {"http://[1:2:3:4:5:6:7:8:9]", NULL},
    {"http://xn--a/", NULL},
    {"http://\xc2\xad/", NULL},
    {"foo://A b", NULL},
};

static void parses_as_the_standard_says(void) {
    nh_memory *memory = nh_memory_default();
    for (size_t i = 0; i < sizeof(url_cases) / sizeof(url_cases[0]); i++) {
        nh_value input = nh_string_of(memory, url_cases[i].input);
        nh_value url;
        nh_error *error = nh_url_new(memory, input, &url);
        if (url_cases[i].href == NULL) {
            ASSERT_NOT_NULL(error);
            ASSERT_STR_EQ(error == NULL ? url_cases[i].input : nh_error_code(error),
                          "ERR_INVALID_URL");
        } else if (ASSERT_NULL(error)) {
            ASSERT_STR_EQ(nh_value_text(nh_map_get(url, "href")), url_cases[i].href);
        }
        nh_error_release(error);
        nh_value_release(&url);
        nh_value_release(&input);
    }
}

static nh_value options_of(const char *text, nh_error **out_error) {
    nh_memory *memory = nh_memory_default();
    nh_value input = nh_string_of(memory, text);
    nh_value url;
    nh_value options = nh_undefined();
    nh_error *error = nh_url_new(memory, input, &url);
    if (error == NULL) {
        error = nh_url_to_http_options(memory, url, &options);
    }
    nh_value_release(&url);
    nh_value_release(&input);
    *out_error = error;
    return options;
}

static void becomes_options(void) {
    nh_error *error;
    nh_value options = options_of("http://us%40er:p%C3%A9@[::1]:8081/a?b#c", &error);
    ASSERT_NULL(error);
    ASSERT_STR_EQ(nh_value_text(nh_map_get(options, "hostname")), "::1");
    ASSERT_STR_EQ(nh_value_text(nh_map_get(options, "path")), "/a?b");
    ASSERT_STR_EQ(nh_value_text(nh_map_get(options, "auth")), "us@er:p\xc3\xa9");
    ASSERT_DOUBLE_EQ(nh_map_get(options, "port").as.number, 8081);
    ASSERT_FALSE(nh_map_has(options, "host"));
    nh_value_release(&options);
}

static void refuses_malformed_credentials(void) {
    static const char *const urls[] = {"http://%zz@a/", "http://%e9@a/", "http://%@a/",
                                       "http://a:%ed%a0%80@a/", "http://%+1@a/"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        nh_error *error;
        nh_value options = options_of(urls[i], &error);
        ASSERT_STR_EQ(error == NULL ? urls[i] : nh_error_message(error), "URI malformed");
        ASSERT_STR_EQ(error == NULL ? urls[i] : nh_error_name(error), "URIError");
        nh_error_release(error);
        nh_value_release(&options);
    }
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {UNIT_CASE(parses_as_the_standard_says),
                                             UNIT_CASE(becomes_options),
                                             UNIT_CASE(refuses_malformed_credentials)};
    return UNIT_RUN("url", cases, argc, argv);
}
