#include "scenario/lint.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "scenario/requirement.h"

#include <stdio.h>
#include <stdlib.h>

static size_t print_problems(const ts_problems *problems) {
    char *text = ts_problems_text(problems);
    if (problems->total > 0) {
        (void)printf("%s\n", text);
    }
    free(text);
    return problems->total;
}

static int lint_all(const ts_cli_session *session) {
    ts_requirements requirements = {0};
    ts_problems broken = {0};
    if (session->suite.root != NULL) {
        ts_requirements_load(&session->suite, &requirements, &broken);
    }
    size_t found = print_problems(&broken);
    for (size_t i = 0; i < session->selection.file_count; i++) {
        const ts_scenario_file *file = session->selection.files[i];
        if (file->problems.total > 0) {
            found += print_problems(&file->problems);
            continue;
        }
        ts_problems findings = {0};
        ts_scenario_lint(file, session->suite.root != NULL ? &requirements : NULL, &findings);
        found += print_problems(&findings);
        ts_problems_free(&findings);
    }
    (void)printf("%zu files, %zu findings\n", session->selection.file_count, found);
    ts_problems_free(&broken);
    ts_requirements_free(&requirements);
    return found > 0 ? TS_EXIT_FAILED : TS_EXIT_OK;
}

int ts_command_lint(const ts_command *self, int argc, char **argv) {
    ts_words words = {0};
    const char *suite = NULL;
    const ts_option options[] = {
        {"suite", TS_OPTION_TEXT, &suite, "DIR", "the folder of the scenarios"},
    };
    int status = ts_options_parse(self, TS_OPTIONS(options), argc, argv, &words);
    if (status == TS_GO_ON) {
        ts_cli_session session;
        status = ts_cli_session_open(&session, self, suite, &words, NULL, NULL);
        if (status == TS_GO_ON) {
            status = lint_all(&session);
        }
        ts_cli_session_close(&session);
    }
    free(words.items);
    return status;
}
