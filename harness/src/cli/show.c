#include "base/json_layout.h"
#include "cli/commands.h"
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>

/* The scenario as it is run: the values of the row are filled in. Empty lists say nothing. */
static void print_scenario(const ts_scenario *scenario) {
    json_t *object = json_pack("{s:s, s:s}", "id", scenario->id, "path", scenario->path);
    json_t *members = ts_scenario_json(scenario);
    const char *key;
    json_t *value;
    json_object_foreach(members, key, value) {
        if (!json_is_array(value) || json_array_size(value) > 0) {
            (void)json_object_set(object, key, value);
        }
    }
    json_decref(members);
    ts_text text = {0};
    ts_json_layout(&text, object);
    (void)fputs(ts_text_get(&text), stdout);
    ts_text_free(&text);
    json_decref(object);
}

int ts_command_show(const ts_command *self, int argc, char **argv) {
    ts_words words = {0};
    const char *suite = NULL;
    const ts_option options[] = {
        {"suite", TS_OPTION_TEXT, &suite, "DIR", "the folder of the scenarios"},
    };
    int status = ts_options_parse(self, TS_OPTIONS(options), argc, argv, &words);
    if (status == TS_GO_ON && words.count == 0) {
        status = ts_complain("show: which scenario?");
    }
    if (status == TS_GO_ON) {
        ts_cli_session session;
        status = ts_cli_session_open(&session, self, suite, &words, NULL, NULL);
        for (size_t i = 0; status == TS_GO_ON && i < session.selection.count; i++) {
            const ts_selected *item = &session.selection.items[i];
            if (item->scenario == NULL) {
                char *problems = ts_problems_text(&item->file->problems);
                status = ts_complain("%s", problems);
                free(problems);
            } else {
                print_scenario(item->scenario);
            }
        }
        ts_cli_session_close(&session);
    }
    free(words.items);
    return status == TS_GO_ON ? TS_EXIT_OK : status;
}
