#include "base/json_layout.h"
#include "cli/commands.h"
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>

static void set_if(json_t *object, const char *key, json_t *value) {
    if (value != NULL && (!json_is_array(value) || json_array_size(value) > 0)) {
        (void)json_object_set(object, key, value);
    }
}

/* The scenario as it is run: the values of the row are filled in. */
static void print_scenario(const ts_scenario *scenario) {
    json_t *object = json_pack("{s:s, s:s, s:s}", "id", scenario->id, "path", scenario->path,
                               "title", scenario->title);
    set_if(object, "covers", scenario->covers);
    set_if(object, "when", scenario->when);
    set_if(object, "peers", scenario->peers);
    set_if(object, "lanes", scenario->lanes);
    set_if(object, "script", scenario->script);
    set_if(object, "expect", scenario->expect);
    set_if(object, "variants", scenario->variants);
    set_if(object, "differs", scenario->differs);
    set_if(object, "quirk", scenario->quirk);
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
