/* The makers of seeds: what they make of a scenario. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario/load.h"
#include "seeds/seeds.h"
#include "support/unit.h"

#define REQUEST "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"

static const char server_scenario[] =
    "{\"title\": \"t\", \"covers\": [\"x\"],"
    " \"peers\": {\"visitor\": {\"connects\": \"server\", \"steps\": ["
    "   {\"send\": \"POST /a HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\nab\"},"
    "   {\"pause\": 20}, {\"end\": true}]}},"
    " \"script\": [{\"let\": \"server\", \"call\": \"http.createServer\","
    "   \"args\": [{\"joinDuplicateHeaders\": true}], \"on\": {\"request\": {\"as\": [\"q\", "
    "\"s\"],"
    "   \"do\": [{\"on\": \"q\", \"events\": {\"end\": [{\"call\": \"s.end\", \"args\": "
    "[\"abc\"]}]}},"
    "          {\"call\": \"s.setHeader\", \"args\": [\"X-N\", \"v\"]},"
    "          {\"call\": \"q.resume\"}]}}},"
    "  {\"listen\": \"server\"}]}";

static const char client_scenario[] =
    "{\"title\": \"t\", \"covers\": [\"x\"],"
    " \"peers\": {\"origin\": {\"accepts\": [[{\"receive_head\": 1}, {\"send\":"
    "   \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nX-A: b\\r\\n\\r\\nhello\"}, {\"end\": "
    "true}]]}},"
    " \"script\": [{\"let\": \"req\", \"call\": \"http.request\", \"args\": [{\"host\": "
    "\"127.0.0.1\","
    "   \"port\": \"$port.origin\", \"method\": \"POST\", \"path\": \"/p?q\","
    "   \"headers\": {\"X-B\": \"c\"}}],"
    "   \"on\": {\"response\": {\"as\": [\"res\"], \"do\": [{\"call\": \"res.resume\"}]}}},"
    "  {\"call\": \"req.end\", \"args\": [\"body\"]}]}";

struct fixture {
    char folder[32];
    struct seeds seeds;
    ts_scenario_file *file;
    struct seed_source source;
};

static void open_fixture(struct fixture *fixture, const char *text) {
    *fixture = (struct fixture){.folder = "/tmp/seeds_test.XXXXXX"};
    REQUIRE_NOT_NULL(mkdtemp(fixture->folder));
    fixture->seeds.folder = fixture->folder;
    fixture->file = ts_scenario_file_parse("t.json", "t", text, strlen(text));
    REQUIRE_SIZE_EQ(fixture->file->count, 1);
    fixture->source.scenario = fixture->file->items[0];
    fixture->source.addresses = json_pack("{s:{s:i}}", "origin", "port", 8080);
}

/* Calls `visit` with each seed of a target, and removes it; how many there were. */
static size_t take_seeds(const struct fixture *fixture, const char *target,
                         void (*visit)(const uint8_t *bytes, size_t length, void *data),
                         void *data) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, target);
    DIR *folder = opendir(path);
    size_t count = 0;
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s/%.32s", fixture->folder, target, entry->d_name);
        FILE *file = fopen(path, "rb");
        REQUIRE_NOT_NULL(file);
        uint8_t bytes[SEED_MOST_BYTES];
        size_t length = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        unlink(path);
        visit(bytes, length, data);
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    snprintf(path, sizeof path, "%s/%s", fixture->folder, target);
    rmdir(path);
    return count;
}

static void close_fixture(struct fixture *fixture) {
    rmdir(fixture->folder);
    json_decref(fixture->source.addresses);
    ts_scenario_file_free(fixture->file);
}

/* The operations of a script, "name argument …;". */
struct words {
    const struct fuzz_script_format *format;
    char text[2000];
};

static void put(struct words *words, const char *text, size_t length) {
    size_t at = strlen(words->text);
    snprintf(words->text + at, sizeof words->text - at, "%.*s", (int)length, text);
}

static void note_script(const uint8_t *bytes, size_t length, void *data) {
    struct words *words = data;
    struct fuzz_input input = fuzz_input_of(bytes, length);
    (void)fuzz_input_bytes(&input, words->format->prefix);
    struct fuzz_step step;
    words->text[0] = '\0';
    while (fuzz_script_next(words->format, &input, &step)) {
        const struct fuzz_operation *operation = &words->format->operations[step.operation];
        put(words, operation->name, 100);
        for (size_t i = 0; operation->arguments[i] != '\0'; i++) {
            char number[16];
            put(words, " ", 1);
            if (strchr("bs", operation->arguments[i]) != NULL) {
                snprintf(number, sizeof number, "%u", step.numbers[i]);
                put(words, number, sizeof number);
            } else {
                put(words, (const char *)step.bytes[i].data, step.bytes[i].length);
            }
        }
        put(words, ";", 1);
    }
}

static void a_server_session_does_what_the_scenario_does(void) {
    struct fixture fixture;
    open_fixture(&fixture, server_scenario);
    seeds_of_server(&fixture.seeds, &fixture.source);
    ASSERT_SIZE_EQ(fixture.seeds.count, 2);
    struct words words = {&seed_format_server_session, ""};
    ASSERT_SIZE_EQ(take_seeds(&fixture, "server_session", note_script, &words), 2);
    ASSERT_STR_EQ(words.text, "on 1 1 0;response.end 128 3 0;"
                              "on 0 0 0;response.setHeader 128 X-N v;"
                              "on 0 0 0;request.resume 128;"
                              "send 0 " REQUEST ";wait 20;finish-sending 0;wait 100;");
    close_fixture(&fixture);
}

static void a_client_session_does_what_the_scenario_does(void) {
    struct fixture fixture;
    open_fixture(&fixture, client_scenario);
    seeds_of_client(&fixture.seeds, &fixture.source);
    struct words words = {&seed_format_client_session, ""};
    ASSERT_SIZE_EQ(take_seeds(&fixture, "client_session", note_script, &words), 2);
    ASSERT_STR_EQ(words.text, "answer 1 " RESPONSE ";option_header X-B c;request 1 0 1;"
                              "when 2 0 0;res_resume 0;end 0 1 4;step 200;");
    close_fixture(&fixture);
}

static void a_message_is_composed_as_in_the_scenario(void) {
    struct fixture fixture;
    open_fixture(&fixture, client_scenario);
    seeds_of_messages(&fixture.seeds, &fixture.source);
    struct words words = {&seed_format_message_roundtrip, ""};
    ASSERT_SIZE_EQ(take_seeds(&fixture, "message_roundtrip", note_script, &words), 2);
    ASSERT_STR_EQ(words.text, "line 0 POST /p?q;give 0 0 X-B c;end 4 0 body;");
    words.format = &seed_format_header_validation;
    ASSERT_SIZE_EQ(take_seeds(&fixture, "header_validation", note_script, &words), 2);
    ASSERT_STR_EQ(words.text, "line 0 POST /p?q;give 0 0 X-B c;end 4 0 body;");
    close_fixture(&fixture);
}

struct wanted {
    const char *text;
    size_t prefix; /* bytes before it */
    bool is_plain; /* one has zeros there */
};

static void compare(const uint8_t *bytes, size_t length, void *data) {
    static const uint8_t zeros[8] = {0};
    struct wanted *wanted = data;
    if (ASSERT_TRUE(length > wanted->prefix)) {
        ASSERT_MEM_EQ(bytes + wanted->prefix, length - wanted->prefix, wanted->text,
                      strlen(wanted->text));
        wanted->is_plain = wanted->is_plain || memcmp(bytes, zeros, wanted->prefix) == 0;
    }
}

static void what_goes_over_the_wire_is_a_stream(void) {
    struct fixture fixture;
    open_fixture(&fixture, client_scenario);
    seeds_of_streams(&fixture.seeds, &fixture.source);
    size_t count = fixture.seeds.count;
    ASSERT_TRUE(count > 1);
    seeds_of_streams(&fixture.seeds, &fixture.source);
    ASSERT_SIZE_EQ(fixture.seeds.count, count); /* nothing is there twice */
    struct wanted wanted = {RESPONSE, 4, false};
    ASSERT_TRUE(take_seeds(&fixture, "response_parser", compare, &wanted) > 1);
    ASSERT_TRUE(wanted.is_plain);
    struct words words = {&seed_format_header_joining, ""};
    ASSERT_SIZE_EQ(take_seeds(&fixture, "header_joining", note_script, &words), 4);
    ASSERT_STR_EQ(words.text, "line 32 Content-Length 5;line 32 X-A b;");
    close_fixture(&fixture);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(a_server_session_does_what_the_scenario_does),
        UNIT_CASE(a_client_session_does_what_the_scenario_does),
        UNIT_CASE(a_message_is_composed_as_in_the_scenario),
        UNIT_CASE(what_goes_over_the_wire_is_a_stream),
    };
    return UNIT_RUN("seeds", cases, argc, argv);
}
