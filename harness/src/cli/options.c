#include "cli/options.h"

#include "base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_NUMBER 1000000 /* of any count or factor given as an option */
#define NAME_COLUMN 24

int ts_complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = ts_format_list(format, arguments);
    va_end(arguments);
    (void)fflush(stdout);
    (void)fprintf(stderr, "touchstone: %s\n", message);
    free(message);
    return TS_EXIT_USAGE;
}

static void print_help(const ts_command *command, const ts_option *options, size_t count) {
    (void)printf("touchstone %s%s%s\n\n%s\n", command->name,
                 command->arguments[0] != '\0' ? " " : "", command->arguments, command->summary);
    if (command->more != NULL) {
        (void)printf("\n%s\n", command->more);
    }
    (void)printf("\nOptions:\n");
    for (size_t i = 0; i < count; i++) {
        char *name = ts_format("--%s%s%s", options[i].name, options[i].argument != NULL ? " " : "",
                               options[i].argument != NULL ? options[i].argument : "");
        (void)printf("  %-*s %s\n", NAME_COLUMN, name, options[i].help);
        free(name);
    }
    (void)printf("  %-*s %s\n", NAME_COLUMN, "--help", "print this");
}

static const ts_option *find_option(const ts_option *options, size_t count, const char *name,
                                    size_t length) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static int set_count(const ts_command *command, const ts_option *option, const char *text) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < 1 || value > LARGEST_NUMBER) {
        return ts_complain("%s: --%s wants a number from 1 on, not \"%s\"", command->name,
                           option->name, text);
    }
    *(unsigned *)option->target = (unsigned)value;
    return TS_GO_ON;
}

static int set_factor(const ts_command *command, const ts_option *option, const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value <= 0 || value > LARGEST_NUMBER) {
        return ts_complain("%s: --%s wants a number greater than 0, not \"%s\"", command->name,
                           option->name, text);
    }
    *(double *)option->target = value;
    return TS_GO_ON;
}

static void add_word(ts_words *words, char *word) {
    words->items = ts_reallocate(words->items, words->count + 1, sizeof(char *));
    words->items[words->count++] = word;
}

static int set_value(const ts_command *command, const ts_option *option, char *text) {
    switch (option->kind) {
    case TS_OPTION_FLAG:
        *(bool *)option->target = true;
        break;
    case TS_OPTION_TEXT:
        *(const char **)option->target = text;
        break;
    case TS_OPTION_TEXTS:
        add_word(option->target, text);
        break;
    case TS_OPTION_COUNT:
        return set_count(command, option, text);
    case TS_OPTION_FACTOR:
        return set_factor(command, option, text);
    }
    return TS_GO_ON;
}

/* Handles the option at argv[*at] and moves over its value. */
static int read_option(const ts_command *command, const ts_option *options, size_t count, int argc,
                       char **argv, int *at) {
    char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    const ts_option *option = find_option(options, count, name, length);
    if (option == NULL) {
        return ts_complain("%s: unknown option --%.*s (touchstone %s --help lists them)",
                           command->name, (int)length, name, command->name);
    }
    char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (option->kind == TS_OPTION_FLAG) {
        if (value != NULL) {
            return ts_complain("%s: --%s takes no value", command->name, option->name);
        }
        return set_value(command, option, NULL);
    }
    if (value == NULL && *at + 1 < argc) {
        value = argv[++*at];
    }
    if (value == NULL) {
        return ts_complain("%s: --%s wants %s", command->name, option->name, option->argument);
    }
    return set_value(command, option, value);
}

int ts_options_parse(const ts_command *command, const ts_option *options, size_t count, int argc,
                     char **argv, ts_words *words) {
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
            add_word(words, argv[i]);
        } else if (strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(command, options, count);
            return TS_EXIT_OK;
        } else if (argv[i][1] != '-') {
            return ts_complain("%s: unknown option %s (touchstone %s --help lists them)",
                               command->name, argv[i], command->name);
        } else {
            int status = read_option(command, options, count, argc, argv, &i);
            if (status != TS_GO_ON) {
                return status;
            }
        }
    }
    return TS_GO_ON;
}
