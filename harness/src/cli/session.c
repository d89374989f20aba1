#include "cli/session.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

int ts_cli_session_open(ts_cli_session *session, const ts_command *command, const char *suite,
                        const ts_words *words, const ts_words *implementations,
                        const char *default_implementation) {
    *session = (ts_cli_session){0};
    char *error = NULL;
    if (!ts_suite_find(&session->suite, suite, &error) ||
        !ts_suite_select(&session->suite, words->items, words->count, &session->selection,
                         &error)) {
        int status = ts_complain("%s: %s", command->name, error);
        free(error);
        return status;
    }
    if (implementations == NULL) {
        return TS_GO_ON;
    }
    for (size_t i = 0; i < implementations->count; i++) {
        ts_specifications_add(&session->specifications, &session->suite, implementations->items[i]);
    }
    if (session->specifications.count == 0 && default_implementation != NULL) {
        ts_specifications_add(&session->specifications, &session->suite, default_implementation);
    }
    for (size_t i = 0; i < session->specifications.count; i++) {
        const char *problem = session->specifications.items[i].problem;
        if (problem != NULL) {
            (void)ts_complain("%s", problem);
        }
    }
    return TS_GO_ON;
}

void ts_cli_session_close(ts_cli_session *session) {
    ts_specifications_free(&session->specifications);
    ts_selection_free(&session->selection);
    ts_suite_free(&session->suite);
}

bool ts_cli_wants_colour(int descriptor) {
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(descriptor) && (no_colour == NULL || no_colour[0] == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

size_t ts_cli_columns(int descriptor, size_t otherwise) {
    enum { NARROWEST = 60 };
    struct winsize size;
    if (isatty(descriptor) && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col > NARROWEST ? size.ws_col : NARROWEST;
    }
    return otherwise;
}

/* --- progress ----------------------------------------------------------------------------- */

enum { BAR_WIDTH = 30, REDRAW_NS = 50000000 };

void ts_progress_bar_init(ts_progress_bar *bar) {
    const char *terminal = getenv("TERM");
    *bar = (ts_progress_bar){.active = isatty(STDERR_FILENO) &&
                                       (terminal == NULL || strcmp(terminal, "dumb") != 0)};
}

void ts_progress_bar_update(void *owner, size_t done, size_t total, const char *implementation,
                            const char *scenario) {
    ts_progress_bar *bar = owner;
    uint64_t now = uv_hrtime();
    if (!bar->active || (bar->shown && now - bar->drawn_at < REDRAW_NS)) {
        return;
    }
    bar->shown = true;
    bar->drawn_at = now;
    size_t filled = total > 0 ? done * BAR_WIDTH / total : BAR_WIDTH;
    char *line = ts_format("%zu/%zu %s %s", done, total, implementation, scenario);
    size_t room = ts_cli_columns(STDERR_FILENO, 80);
    room = room > BAR_WIDTH + 4 ? room - BAR_WIDTH - 4 : 0;
    (void)fprintf(stderr, "\r[%.*s%*s] %.*s\033[K", (int)filled, "##############################",
                  (int)(BAR_WIDTH - filled), "", (int)room, line);
    (void)fflush(stderr);
    free(line);
}

void ts_progress_bar_clear(ts_progress_bar *bar) {
    if (bar->shown) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        bar->shown = false;
    }
}
