#include "mutators/words.h"

#include <string.h>
#include <strings.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define ONE_OF(random, list) ((list)[fuzz_random_below((random), COUNT(list))])
#define VALUES(...)                                                                                \
    (const char *const[]) {                                                                        \
        __VA_ARGS__, NULL                                                                          \
    }

static const char *const numbers[] = {"0",
                                      "1",
                                      "2",
                                      "3",
                                      "5",
                                      "7",
                                      "10",
                                      "16",
                                      "99",
                                      "100",
                                      "255",
                                      "256",
                                      "1024",
                                      "16383",
                                      "16384",
                                      "16385",
                                      "65535",
                                      "65536",
                                      "2147483647",
                                      "2147483648",
                                      "4294967295",
                                      "4294967296",
                                      "9007199254740991",
                                      "9007199254740993",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "18446744073709551615",
                                      "18446744073709551616",
                                      "99999999999999999999999",
                                      "-1",
                                      "+1",
                                      "00",
                                      "007",
                                      "0x10",
                                      "1e3",
                                      "1.5",
                                      "5,5",
                                      "5, 6",
                                      "5 5",
                                      "NaN",
                                      "Infinity",
                                      ""};

static const struct fuzz_known_header framing_headers[] = {
    {"Content-Length", VALUES("0", "1", "2", "3", "5", "10", "100")},
    {"Transfer-Encoding", VALUES("chunked", "Chunked", "gzip, chunked", "chunked, gzip", "identity",
                                 "chunked, chunked", "chunked;q=1", "xchunked", "chunked,",
                                 ",chunked", "identity, chunked", "\"chunked\"", "deflate", "")},
};

static const struct fuzz_known_header other_headers[] = {
    {"Connection",
     VALUES("close", "keep-alive", "upgrade", "Upgrade", "keep-alive, close", "close, keep-alive",
            "Upgrade, HTTP2-Settings", "keep-alive, upgrade", "CLOSE", "x", "", "clos", "close,")},
    {"Upgrade", VALUES("websocket", "h2c", "TLS/1.0", "foo/2, bar", "")},
    {"Expect", VALUES("100-continue", "100-Continue", "200-ok", "100-continue, x", "100")},
    {"Host", VALUES("localhost", "localhost:80", "[::1]:8080", "", "a b", "a,b", "example.org")},
    {"Keep-Alive", VALUES("timeout=5", "timeout=5, max=2", "timeout=0", "timeout=1", "timeout=-1",
                          "max=0", "max=1", "timeout=99999999999", "timeout = 5", "TIMEOUT=2")},
    {"Trailer", VALUES("X-Trailer", "Content-Length", "X-A, X-B", "")},
    {"TE", VALUES("trailers", "gzip", "chunked")},
    {"Proxy-Connection", VALUES("keep-alive", "close")},
    {"Date", VALUES("Thu, 01 Jan 1970 00:00:00 GMT", "x")},
    {"Content-Type", VALUES("text/plain", "text/html; charset=utf-8", "a, b")},
    {"Content-Encoding", VALUES("gzip", "identity")},
    {"Cookie", VALUES("a=b", "a=b; c=d", "")},
    {"Set-Cookie", VALUES("a=b", "c=d; Path=/", "")},
    {"Authorization", VALUES("Basic YTpi", "")},
    {"Accept", VALUES("*/*", "text/html, */*;q=0.1")},
    {"User-Agent", VALUES("test", "")},
    {"Age", VALUES("1", "2")},
    {"ETag", VALUES("\"x\"", "W/\"x\"")},
    {"Expires", VALUES("0")},
    {"From", VALUES("a@b")},
    {"If-Modified-Since", VALUES("Thu, 01 Jan 1970 00:00:00 GMT")},
    {"If-Unmodified-Since", VALUES("Thu, 01 Jan 1970 00:00:00 GMT")},
    {"Last-Modified", VALUES("Thu, 01 Jan 1970 00:00:00 GMT")},
    {"Location", VALUES("/", "http://a/b")},
    {"Max-Forwards", VALUES("0", "10")},
    {"Proxy-Authorization", VALUES("Basic YTpi")},
    {"Referer", VALUES("/a", "http://a/b")},
    {"Retry-After", VALUES("1")},
    {"Server", VALUES("x")},
    {"HTTP2-Settings", VALUES("AAMAAABkAAQAAP__")},
    {"Sec-WebSocket-Key", VALUES("dGhlIHNhbXBsZSBub25jZQ==")},
    {"Sec-WebSocket-Protocol", VALUES("chat", "a, b")},
    {"X-Forwarded-For", VALUES("127.0.0.1", "a, b")},
    {"X-A", VALUES("1", "a", "", "caf\xC3\xA9", "caf\xE9", "a,b", "a  b", "\"a\\\"b\"")},
    {"X-a", VALUES("2", "b")},
    {"x", VALUES("", "y")},
    {"__proto__", VALUES("a", "b")},
    {"constructor", VALUES("a")},
    {"!#$%&'*+-.^_`|~0", VALUES("a")},
};

static const char *const methods[] = {
    "GET",    "POST",   "HEAD",       "PUT",       "DELETE", "OPTIONS",  "CONNECT",
    "PATCH",  "TRACE",  "COPY",       "LOCK",      "MOVE",   "PROPFIND", "PURGE",
    "QUERY",  "SEARCH", "M-SEARCH",   "SOURCE",    "REPORT", "MKCOL",    "UNLINK",
    "REBIND", "ACL",    "MKCALENDAR", "SUBSCRIBE", "PRI",    "DESCRIBE"};

static const char *const odd_methods[] = {"get", "GETX", "GE", "FOO", "", "G ET", "POST\t", "HTTP"};

static const char *const targets[] = {"/",
                                      "*",
                                      "/a",
                                      "/a?b=c",
                                      "/a#b",
                                      "//a",
                                      "http://a/b",
                                      "http://a:80/?c",
                                      "https://[::1]/",
                                      "a:443",
                                      "[::1]:443",
                                      "/%20",
                                      "/a\xC3\xA9",
                                      "/\xFF",
                                      "?",
                                      "/a b",
                                      "",
                                      "/\x7F",
                                      "/<>",
                                      "http://",
                                      "http://a@b@c/"};

static const char *const versions[] = {"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.0"};
static const char *const odd_versions[] = {"HTTP/0.9", "HTTP/2.0", "HTTP/1.2",  "HTTP/1.",
                                           "HTTP/11",  "http/1.1", "HTTP/01.1", "ICE/1.0",
                                           "RTSP/1.0", "HTTP/",    "HTTP/1.1 ", ""};

static const char *const statuses[] = {"200", "100", "101", "102", "103", "199", "201",
                                       "204", "205", "206", "301", "304", "400", "404",
                                       "417", "426", "500", "503", "599", "600", "999"};
static const char *const odd_statuses[] = {"0",   "99",   "000",  "1000", "20",
                                           "2O0", "-200", " 200", ""};

static const char *const sizes[] = {"0",
                                    "1",
                                    "5",
                                    "a",
                                    "A",
                                    "10",
                                    "00",
                                    "005",
                                    "ff",
                                    "100",
                                    "4000",
                                    "7fffffff",
                                    "80000000",
                                    "ffffffff",
                                    "100000000",
                                    "7fffffffffffffff",
                                    "fffffffffffffffe",
                                    "ffffffffffffffff",
                                    "10000000000000000",
                                    "0x5",
                                    "-5",
                                    "+5",
                                    "g",
                                    "",
                                    " 5",
                                    "5 "};

static const char *const extensions[] = {
    ";a",    ";a=b",        ";a=\"b\"", ";a=\"b;c\"",  ";a;b=c",      ";",   ";=",  ";a=",
    ";a=\"", ";a=\"\\\"\"", "; a = b",  ";a=\"\xFF\"", ";a=\"b\nc\"", ";\t", ";a b"};

static const char *const requests[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nabc",
    "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\nabc",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
};

static const char *const responses[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n1;a\r\nb\r\n0\r\nx: "
    "y\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
    "HTTP/1.0 200 OK\r\n\r\nhello",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\nKeep-Alive: "
    "timeout=1\r\n\r\n",
    "HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n",
};

const struct fuzz_known_header *fuzz_known_header(struct fuzz_random *random, bool framing) {
    return framing ? &ONE_OF(random, framing_headers) : &ONE_OF(random, other_headers);
}

bool fuzz_same_word(const uint8_t *bytes, size_t length, const char *text) {
    return strlen(text) == length && strncasecmp((const char *)bytes, text, length) == 0;
}

static const struct fuzz_known_header *find(const struct fuzz_known_header *headers, size_t count,
                                            const uint8_t *name, size_t length) {
    for (size_t i = 0; i < count; i++) {
        if (fuzz_same_word(name, length, headers[i].name)) {
            return &headers[i];
        }
    }
    return NULL;
}

const struct fuzz_known_header *fuzz_known_header_of(const uint8_t *name, size_t length) {
    const struct fuzz_known_header *header =
        find(framing_headers, COUNT(framing_headers), name, length);
    return header != NULL ? header : find(other_headers, COUNT(other_headers), name, length);
}

const char *fuzz_known_value(struct fuzz_random *random, const struct fuzz_known_header *header) {
    if (header == NULL) {
        header = fuzz_known_header(random, fuzz_random_once_in(random, 8));
    }
    size_t count = 0;
    while (header->values[count] != NULL) {
        count++;
    }
    return header->values[fuzz_random_below(random, count)];
}

const char *fuzz_known_method(struct fuzz_random *random) {
    return fuzz_random_once_in(random, 6) ? ONE_OF(random, odd_methods) : ONE_OF(random, methods);
}

const char *fuzz_known_target(struct fuzz_random *random) {
    return ONE_OF(random, targets);
}

const char *fuzz_known_version(struct fuzz_random *random) {
    return fuzz_random_once_in(random, 4) ? ONE_OF(random, odd_versions) : ONE_OF(random, versions);
}

const char *fuzz_known_status(struct fuzz_random *random) {
    return fuzz_random_once_in(random, 6) ? ONE_OF(random, odd_statuses) : ONE_OF(random, statuses);
}

const char *fuzz_known_number(struct fuzz_random *random) {
    return ONE_OF(random, numbers);
}

const char *fuzz_known_size(struct fuzz_random *random) {
    return ONE_OF(random, sizes);
}

const char *fuzz_known_extension(struct fuzz_random *random) {
    return ONE_OF(random, extensions);
}

const char *fuzz_known_request(struct fuzz_random *random) {
    return ONE_OF(random, requests);
}

const char *fuzz_known_response(struct fuzz_random *random) {
    return ONE_OF(random, responses);
}

const char *fuzz_known_oddity(struct fuzz_random *random, size_t *out_length) {
#define ODDITY(text)                                                                               \
    { text, sizeof(text) - 1 }
    static const struct {
        const char *bytes;
        size_t length;
    } oddities[] = {
        ODDITY("\r\n"),     ODDITY("\n"),           ODDITY("\r"),       ODDITY("\r\n "),
        ODDITY("\r\n\t"),   ODDITY("\n "),          ODDITY("\0"),       ODDITY("\x7F"),
        ODDITY("\x80"),     ODDITY("\xFF"),         ODDITY(" "),        ODDITY("\t"),
        ODDITY(":"),        ODDITY("::"),           ODDITY("\v"),       ODDITY("\f"),
        ODDITY("\x01"),     ODDITY("\""),           ODDITY("\r\r\n"),   ODDITY("\r\n\r\n"),
        ODDITY("\xC3\xA9"), ODDITY("\xEF\xBB\xBF"), ODDITY("\xC4\x8A"), ODDITY(","),
        ODDITY(";"),        ODDITY("\xA0"),
    };
    size_t i = fuzz_random_below(random, COUNT(oddities));
    *out_length = oddities[i].length;
    return oddities[i].bytes;
}
