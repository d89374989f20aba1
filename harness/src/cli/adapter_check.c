#include "adapter/check.h"

#include "base/memory.h"
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

int ts_command_adapter_check(const ts_command *self, int argc, char **argv) {
    ts_words words = {0};
    int status = ts_options_parse(self, NULL, 0, argc, argv, &words);
    if (status == TS_GO_ON && words.count == 0) {
        status = ts_complain("adapter-check: which adapter? touchstone adapter-check -- COMMAND…");
    }
    if (status == TS_GO_ON) {
        char **command = ts_allocate(words.count + 1, sizeof(*command));
        for (size_t i = 0; i < words.count; i++) {
            command[i] = words.items[i];
        }
        status = ts_adapter_check(command, stdout) ? TS_EXIT_OK : TS_EXIT_FAILED;
        free(command);
    }
    free(words.items);
    return status;
}
