#include "cli/commands.h"
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_text(const ts_selection *selection) {
    for (size_t i = 0; i < selection->count; i++) {
        const ts_selected *item = &selection->items[i];
        if (item->scenario != NULL) {
            (void)printf("%s\t%s\n", item->id, item->scenario->title);
        } else {
            char *problem = ts_problem_text(&item->file->problems.items[0]);
            (void)printf("%s\t(can't be loaded: %s)\n", item->id, problem);
            free(problem);
        }
    }
}

static void print_json(const ts_selection *selection) {
    ts_text text = {0};
    ts_text_append(&text, "[");
    for (size_t i = 0; i < selection->count; i++) {
        const ts_selected *item = &selection->items[i];
        json_t *entry = json_pack("{s:s, s:s}", "id", item->id, "path", item->file->path);
        if (item->scenario != NULL) {
            (void)json_object_set_new(entry, "title", json_string(item->scenario->title));
            (void)json_object_set(entry, "covers", item->scenario->covers);
        } else {
            char *problems = ts_problems_text(&item->file->problems);
            (void)json_object_set_new(entry, "problem", json_string(problems));
            free(problems);
        }
        ts_text_append(&text, i > 0 ? ",\n " : "\n ");
        ts_text_append_json(&text, entry);
        json_decref(entry);
    }
    ts_text_append(&text, "\n]\n");
    (void)fputs(ts_text_get(&text), stdout);
    ts_text_free(&text);
}

int ts_command_list(const ts_command *self, int argc, char **argv) {
    ts_words words = {0};
    const char *format = "text";
    const char *suite = NULL;
    const ts_option options[] = {
        {"format", TS_OPTION_TEXT, &format, "NAME", "text or json"},
        {"suite", TS_OPTION_TEXT, &suite, "DIR", "the folder of the scenarios"},
    };
    int status = ts_options_parse(self, TS_OPTIONS(options), argc, argv, &words);
    bool json = strcmp(format, "json") == 0;
    if (status == TS_GO_ON && !json && strcmp(format, "text") != 0) {
        status = ts_complain("list: unknown format \"%s\" (text, json)", format);
    }
    if (status == TS_GO_ON) {
        ts_cli_session session;
        status = ts_cli_session_open(&session, self, suite, &words, NULL, NULL);
        if (status == TS_GO_ON) {
            (json ? print_json : print_text)(&session.selection);
            status = TS_EXIT_OK;
        }
        ts_cli_session_close(&session);
    }
    free(words.items);
    return status;
}
