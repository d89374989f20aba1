#include "base/file.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/session.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole exchange that works, to be changed. */
static const char skeleton[] =
    "{\n"
    "  \"title\": \"TODO: one sentence that states the fact shown\",\n"
    "  \"covers\": [],\n"
    "  \"peers\": {\n"
    "    \"origin\": {\"accepts\": [[\n"
    "      {\"receive_head\": 1},\n"
    "      {\"send\": \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nConnection: "
    "close\\r\\n\\r\\nhello\"}\n"
    "    ]]}\n"
    "  },\n"
    "  \"script\": [\n"
    "    {\"let\": \"req\", \"call\": \"http.get\",\n"
    "     \"args\": [{\"host\": \"$host.origin\", \"port\": \"$port.origin\", \"agent\": false}],\n"
    "     \"on\": {\n"
    "       \"response\": {\"as\": [\"res\"], \"do\": [\n"
    "         {\"get\": \"res.statusCode\"},\n"
    "         {\"on\": \"res\", \"events\": {\"data\": [], \"end\": [], \"close\": []}}\n"
    "       ]},\n"
    "       \"error\": [], \"close\": []}}\n"
    "  ],\n"
    "  \"expect\": {}\n"
    "}\n";

static bool is_id(const char *id) {
    for (const char *at = id; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-._/", *at) == NULL) {
            return false;
        }
    }
    size_t length = strlen(id);
    return length > 0 && id[0] != '/' && id[0] != '.' && id[length - 1] != '/' &&
           strstr(id, "..") == NULL && strstr(id, "//") == NULL;
}

static int write_skeleton(const ts_suite *suite, const char *id) {
    char *inside = ts_format("%s.json", id);
    char *path = ts_file_join(suite->root, inside);
    char *folder = ts_file_parent(path);
    char *error = NULL;
    int status = TS_EXIT_OK;
    if (ts_file_is_regular(path)) {
        status = ts_complain("new: %s exists", path);
    } else if (!ts_file_make_directories(folder, &error) ||
               !ts_file_write(path, skeleton, sizeof(skeleton) - 1, &error)) {
        status = ts_complain("new: %s: %s", path, error);
    } else {
        (void)printf("%s\nnext: touchstone record --impl node@23.5.0 %s\n", path, id);
    }
    free(error);
    free(folder);
    free(path);
    free(inside);
    return status;
}

int ts_command_new(const ts_command *self, int argc, char **argv) {
    ts_words words = {0};
    const char *given = NULL;
    const ts_option options[] = {
        {"suite", TS_OPTION_TEXT, &given, "DIR", "the folder of the scenarios"},
    };
    ts_suite suite = {0};
    char *error = NULL;
    int status = ts_options_parse(self, TS_OPTIONS(options), argc, argv, &words);
    if (status == TS_GO_ON && (words.count != 1 || !is_id(words.items[0]))) {
        status = ts_complain("new: wants one id, such as client-request/my-case");
    }
    if (status == TS_GO_ON && !ts_suite_find(&suite, given, &error)) {
        status = ts_complain("new: %s", error);
    }
    if (status == TS_GO_ON && suite.root == NULL) {
        status = ts_complain("new: no suite found; say where it is: --suite");
    }
    if (status == TS_GO_ON) {
        status = write_skeleton(&suite, words.items[0]);
    }
    free(error);
    ts_suite_free(&suite);
    free(words.items);
    return status;
}
