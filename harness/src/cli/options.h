/* Command lines: --name value, --name=value, words. */
#ifndef TOUCHSTONE_CLI_OPTIONS_H
#define TOUCHSTONE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum ts_option_kind {
    TS_OPTION_FLAG,  /* target: bool */
    TS_OPTION_TEXT,  /* target: const char *; the last one counts */
    TS_OPTION_TEXTS, /* target: ts_words; all of them */
    TS_OPTION_COUNT, /* target: unsigned; from 1 on */
    TS_OPTION_FACTOR /* target: double; more than 0 */
} ts_option_kind;

typedef struct ts_option {
    const char *name; /* "impl" */
    ts_option_kind kind;
    void *target;
    const char *argument; /* "A,B"; NULL for flags */
    const char *help;
} ts_option;

typedef struct ts_words {
    char **items; /* the words themselves are those of argv */
    size_t count;
} ts_words;

typedef struct ts_command {
    const char *name;
    const char *arguments; /* "[PATH…]" */
    const char *summary;   /* one line */
    const char *more;      /* further paragraphs of the help; NULL */
    int (*run)(const struct ts_command *self, int argc, char **argv);
} ts_command;

enum {
    TS_EXIT_OK = 0,
    TS_EXIT_FAILED = 1, /* something did not pass */
    TS_EXIT_USAGE = 2,  /* usage or set-up */
    TS_EXIT_INTERRUPTED = 130,
    TS_GO_ON = -1
};

/* Reads the arguments of a command (argv without the program and the command). TS_GO_ON, or the
 * exit status: --help was printed, or a message about what is wrong. Frees nothing; `words->items`
 * is the caller's. */
int ts_options_parse(const ts_command *command, const ts_option *options, size_t count, int argc,
                     char **argv, ts_words *words);

#define TS_OPTIONS(array) (array), sizeof(array) / sizeof((array)[0])

/* "touchstone: " and the message, on standard error. Returns TS_EXIT_USAGE. */
int ts_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
