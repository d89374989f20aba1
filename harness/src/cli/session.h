/* What most subcommands begin with: the suite, the scenarios, the implementations. */
#ifndef TOUCHSTONE_CLI_SESSION_H
#define TOUCHSTONE_CLI_SESSION_H

#include "cli/options.h"
#include "run/schedule.h"
#include "scenario/suite.h"

typedef struct ts_cli_session {
    ts_suite suite;
    ts_selection selection;
    ts_specifications specifications;
} ts_cli_session;

/* Finds the suite, loads what the words name, resolves --impl (`implementations` empty: the given
 * default; NULL: none are wanted). TS_GO_ON, or the exit status after a message. */
int ts_cli_session_open(ts_cli_session *session, const ts_command *command, const char *suite,
                        const ts_words *words, const ts_words *implementations,
                        const char *default_implementation);
void ts_cli_session_close(ts_cli_session *session);

/* Whether to colour what goes to `file`: a terminal, and neither NO_COLOR nor TERM=dumb. */
bool ts_cli_wants_colour(int descriptor);
/* Width of the terminal at `descriptor`, `otherwise` when it is none. */
size_t ts_cli_columns(int descriptor, size_t otherwise);

/* A progress bar on standard error, if that is a terminal. */
typedef struct ts_progress_bar {
    bool shown;
    bool active;
    unsigned long long drawn_at;
} ts_progress_bar;
void ts_progress_bar_init(ts_progress_bar *bar);
/* For ts_schedule_options.progress; the owner is the bar. */
void ts_progress_bar_update(void *bar, size_t done, size_t total, const char *implementation,
                            const char *scenario);
void ts_progress_bar_clear(ts_progress_bar *bar);

#endif
