/* replay.c - runs a fuzz target on files, in builds without a fuzzing engine.
 *
 * Usage: fuzz_TARGET [--print] FILE|FOLDER...
 *
 * Every file, and every file below a folder, is given to the target once, in the order of names;
 * hidden files and dictionaries (*.dict) of a folder are no inputs. A finding ends the process,
 * after the name of the input was printed. With --print, inputs are printed in words instead of
 * being run.
 *
 * Exit status: 0 everything ran; 2 wrong usage, something could not be read, or there was no input;
 * that of the finding otherwise. */
#include <errno.h>
#include <fts.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engines/target.h"

static const char *running; /* the input under way, for the message of a finding */

/* Reads a whole file into a block of exactly its size, so that reading past its end is found. NULL
 * with a message. */
static uint8_t *read_file(const char *path, size_t *out_length) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        goto failed;
    }
    long length = ftell(file);
    if (length < 0 || fseek(file, 0, SEEK_SET) != 0) {
        goto failed;
    }
    bytes = malloc(length == 0 ? 1 : (size_t)length);
    if (bytes == NULL || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        goto failed;
    }
    fclose(file);
    *out_length = (size_t)length;
    return bytes;
failed:
    fprintf(stderr, "%s: %s\n", path, errno != 0 ? strerror(errno) : "could not be read");
    free(bytes);
    if (file != NULL) {
        fclose(file);
    }
    return NULL;
}

static bool replay(const char *path, bool print) {
    size_t length = 0;
    errno = 0;
    uint8_t *bytes = read_file(path, &length);
    if (bytes == NULL) {
        return false;
    }
    running = path;
    if (print) {
        printf("# %s\n", path);
        fuzz_target_print(bytes, length);
    } else {
        (void)LLVMFuzzerTestOneInput(bytes, length);
    }
    running = NULL;
    free(bytes);
    return true;
}

static int by_name(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* The run-time library of the sanitizers has it; nobody else does. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* A finding ends the process: the input that showed it is told before. Only calls that are allowed
 * in a signal handler. */
static void tell_input(void) {
    if (running != NULL) {
        (void)!write(STDERR_FILENO, "input: ", 7);
        (void)!write(STDERR_FILENO, running, strlen(running));
        (void)!write(STDERR_FILENO, "\n", 1);
        running = NULL;
    }
}

static void on_signal(int number) {
    tell_input();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void tell_input_of_findings(void) {
    (void)signal(SIGABRT, on_signal);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(tell_input);
    } else {
        (void)signal(SIGSEGV, on_signal);
        (void)signal(SIGBUS, on_signal);
        (void)signal(SIGFPE, on_signal);
        (void)signal(SIGILL, on_signal);
    }
}

static bool is_input(const FTSENT *entry) {
    if (entry->fts_info != FTS_F || entry->fts_level == FTS_ROOTLEVEL) {
        return entry->fts_info == FTS_F;
    }
    const char *suffix = strrchr(entry->fts_name, '.');
    return entry->fts_name[0] != '.' && (suffix == NULL || strcmp(suffix, ".dict") != 0);
}

static int usage(FILE *stream, int status) {
    fputs("Usage: fuzz_TARGET [--print] FILE|FOLDER...\n\n"
          "Runs the fuzz target on every file named, and every file below a folder named.\n"
          "  --print   print the inputs in words instead of running them\n",
          stream);
    return status;
}

int main(int argc, char **argv) {
    bool print = false;
    int first = 1;
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "--print") == 0) {
            print = true;
        } else if (strcmp(argv[first], "--help") == 0 || strcmp(argv[first], "-h") == 0) {
            return usage(stdout, 0);
        } else {
            fprintf(stderr, "unknown option: %s\n", argv[first]);
            return usage(stderr, 2);
        }
    }
    if (first == argc) {
        return usage(stderr, 2);
    }
    tell_input_of_findings();
    /* In a build for an engine too, so that a report tells where a block came from. */
    (void)setenv("TOUCHSTONE_FUZZ_MALLOC", "1", 0);
    char *const *paths = argv + first;
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL) {
        perror("fts_open");
        return 2;
    }
    size_t count = 0;
    bool good = true;
    for (FTSENT *entry = fts_read(tree); entry != NULL; entry = fts_read(tree)) {
        if (is_input(entry)) {
            if (replay(entry->fts_path, print)) {
                count++;
            } else {
                good = false;
            }
        } else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR ||
                   entry->fts_info == FTS_ERR || entry->fts_info == FTS_SLNONE) {
            fprintf(stderr, "%s: %s\n", entry->fts_path, strerror(entry->fts_errno));
            good = false;
        }
    }
    fts_close(tree);
    if (good && count == 0) {
        fputs("there is no input to run\n", stderr);
        good = false;
    }
    if (!print) {
        printf("%zu inputs replayed\n", count);
    }
    return good ? 0 : 2;
}
