/* refusals.c - makes seeds of a script target in which an allocation is refused.
 *
 * Usage: fuzz_TARGET_refusals [--findings FOLDER] OUT FILE|FOLDER...
 *
 * Runs every input named as it is, then each again once for every allocation that the run asks for,
 * with that one refused. A variant goes to OUT when it reaches a piece of source code that neither
 * the inputs nor a variant before it reached. Builds with clang's source coverage only: its
 * counters tell one `return` from another, which edges of an optimised program do not always. (Of
 * an `else` clang counts only what it is the rest of: an input for it may be missed.)
 *
 * Inputs run in processes of their own. What ends one is a finding: it is left out, told, and put
 * into the folder of findings if there is one.
 *
 * Exit status: 0; 1 when there were findings; 2 wrong usage or something could not be read. */
#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engines/target.h"
#include "support/memory.h"
#include "support/script.h"

#define MOST_BYTES ((size_t)65536)
/* Two bytes say which allocation is refused. */
#define MOST_REFUSALS UINT64_C(65535)
/* A run that takes longer is a finding. */
#define RUN_SECONDS 20

extern const struct fuzz_script_format fuzz_script_format;

/* Counters of the program's own pieces of code: clang's run-time library. */
uint64_t *__llvm_profile_begin_counters(void);
uint64_t *__llvm_profile_end_counters(void);

struct input {
    char *path;
    size_t length;
};

/* What the processes that run inputs share with the one that starts them. */
struct progress {
    uint64_t refusal;  /* the allocation refused in the run under way; 0: none */
    uint64_t variants; /* runs with a refusal */
    size_t chosen;
    bool failed;    /* something could not be written */
    uint8_t seen[]; /* of each counter: whether something has reached it */
};

static struct progress *progress;
static struct input *inputs;
static size_t input_count;

/* --- what is reached ------------------------------------------------------------------------ */

static size_t counter_count(void) {
    return (size_t)(__llvm_profile_end_counters() - __llvm_profile_begin_counters());
}

/* Notes what this process has reached; whether anything of it is new. */
static bool note_reached(void) {
    const uint64_t *counters = __llvm_profile_begin_counters();
    size_t count = counter_count();
    bool is_new = false;
    for (size_t i = 0; i < count; i++) {
        if (counters[i] != 0 && progress->seen[i] == 0) {
            progress->seen[i] = 1;
            is_new = true;
        }
    }
    return is_new;
}

/* --- files ---------------------------------------------------------------------------------- */

static bool read_input(const struct input *input, uint8_t *bytes) {
    FILE *file = fopen(input->path, "rb");
    bool good = file != NULL && fread(bytes, 1, input->length, file) == input->length;
    if (!good) {
        fprintf(stderr, "%s: could not be read\n", input->path);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return good;
}

#define MARK "-refusal-"

/* Whether an input is a variant that was chosen earlier; there is nothing new to be made of it. */
static bool is_variant(const struct input *input) {
    return strstr(input->path, MARK) != NULL;
}

/* Writes a variant: FOLDER/NAME-OF-THE-INPUT-refusal-NUMBER. */
static bool write_variant(const char *folder, const struct input *input, const uint8_t *bytes,
                          size_t length) {
    char path[4096];
    const char *name = strrchr(input->path, '/');
    name = name == NULL ? input->path : name + 1;
    (void)snprintf(path, sizeof path, "%s/%s" MARK "%" PRIu64, folder, name, progress->refusal);
    FILE *file = fopen(path, "wb");
    bool good = file != NULL && fwrite(bytes, 1, length, file) == length;
    good = file != NULL && fclose(file) == 0 && good;
    if (!good) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    }
    return good;
}

static bool is_input(const FTSENT *entry) {
    return entry->fts_info == FTS_F && entry->fts_name[0] != '.' && entry->fts_statp->st_size > 0 &&
           (size_t)entry->fts_statp->st_size <= MOST_BYTES;
}

/* Small inputs first: they are the ones to choose. */
static int by_size(const void *a, const void *b) {
    const struct input *left = a;
    const struct input *right = b;
    if (left->length != right->length) {
        return left->length < right->length ? -1 : 1;
    }
    return strcmp(left->path, right->path);
}

static bool find_inputs(char *const *paths) {
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    bool good = tree != NULL;
    size_t capacity = 0;
    for (FTSENT *entry = good ? fts_read(tree) : NULL; good && entry != NULL;
         entry = fts_read(tree)) {
        if (!is_input(entry)) {
            good =
                entry->fts_info == FTS_D || entry->fts_info == FTS_DP || entry->fts_info == FTS_F;
            continue;
        }
        if (input_count == capacity) {
            capacity = capacity * 2 + 256;
            struct input *grown = realloc(inputs, capacity * sizeof *inputs);
            if (grown == NULL) {
                good = false;
                break;
            }
            inputs = grown;
        }
        char *path = strdup(entry->fts_path);
        good = path != NULL;
        inputs[input_count++] = (struct input){path, (size_t)entry->fts_statp->st_size};
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
    if (!good) {
        fputs("the inputs could not be listed\n", stderr);
    } else {
        qsort(inputs, input_count, sizeof *inputs, by_size);
    }
    return good;
}

/* --- runs ----------------------------------------------------------------------------------- */

static void set_refusal(uint8_t *bytes, uint64_t number) {
    progress->refusal = number;
    bytes[fuzz_script_format.refusal] = (uint8_t)(number % 256);
    bytes[fuzz_script_format.refusal + 1] = (uint8_t)(number / 256);
}

static void run(const uint8_t *bytes, size_t length) {
    (void)alarm(RUN_SECONDS);
    (void)LLVMFuzzerTestOneInput(bytes, length);
    (void)alarm(0);
}

/* In a process of its own: the variants of an input, from refusal `from` on. */
static void run_variants(const struct input *input, uint8_t *bytes, size_t length, uint64_t from,
                         const char *out) {
    set_refusal(bytes, 0);
    run(bytes, length);
    uint64_t last = fuzz_memory_last()->requests;
    bool refuses_anyway = fuzz_memory_last()->refused;
    (void)note_reached();
    if (last > MOST_REFUSALS) {
        last = MOST_REFUSALS;
    }
    for (uint64_t number = from; number <= last; number++) {
        set_refusal(bytes, number);
        run(bytes, length);
        progress->variants++;
        if (!refuses_anyway && !fuzz_memory_last()->refused) {
            break; /* the run asks for no more */
        }
        if (note_reached()) {
            progress->chosen++;
            progress->failed |= !write_variant(out, input, bytes, length);
        }
    }
}

/* The status of a process that is over. */
static int wait_for(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* All inputs as they are. */
static bool run_inputs(void) {
    static uint8_t bytes[MOST_BYTES];
    pid_t process = fork();
    if (process == 0) {
        for (size_t i = 0; i < input_count; i++) {
            if (!read_input(&inputs[i], bytes)) {
                _exit(2);
            }
            run(bytes, inputs[i].length);
            (void)note_reached();
        }
        _exit(0);
    }
    return process > 0 && wait_for(process) == 0;
}

/* All variants of an input; the number of findings, -1 when it could not be read. */
static int try_refusals(const struct input *input, const char *out, const char *findings) {
    static uint8_t bytes[MOST_BYTES];
    memset(bytes, 0, fuzz_script_format.prefix); /* what is missing of the settings */
    if (!read_input(input, bytes)) {
        return -1;
    }
    size_t length =
        input->length < fuzz_script_format.prefix ? fuzz_script_format.prefix : input->length;
    int found = 0;
    for (uint64_t from = 1; from <= MOST_REFUSALS; from = progress->refusal + 1) {
        progress->refusal = 0;
        pid_t process = fork();
        if (process == 0) {
            run_variants(input, bytes, length, from, out);
            _exit(0);
        }
        if (process < 0 || wait_for(process) == 0 || progress->refusal == 0) {
            break;
        }
        found++;
        printf("%s: a finding when allocation %" PRIu64 " is refused\n", input->path,
               progress->refusal);
        if (findings != NULL) {
            set_refusal(bytes, progress->refusal);
            progress->failed |= !write_variant(findings, input, bytes, length);
        }
    }
    return found;
}

static int usage(FILE *stream, int status) {
    fputs("Usage: fuzz_TARGET_refusals [--findings FOLDER] OUT FILE|FOLDER...\n\n"
          "Puts into OUT variants of the inputs, in each of which an allocation is refused, that\n"
          "reach what nothing else reaches; those that fail go into the folder of findings.\n",
          stream);
    return status;
}

int main(int argc, char **argv) {
    const char *findings = NULL;
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "--findings") == 0) {
        findings = argv[2];
        first = 3;
    }
    if (argc - first < 2 || argv[first][0] == '-') {
        return usage(stderr, 2);
    }
    if (!find_inputs(argv + first + 1)) {
        return 2;
    }
    progress = mmap(NULL, sizeof *progress + counter_count(), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    if (!run_inputs()) {
        fputs("an input fails as it is: it has to be mended first\n", stderr);
        return 2;
    }
    int found = 0;
    for (size_t i = 0; i < input_count && !progress->failed; i++) {
        int more = is_variant(&inputs[i]) ? 0 : try_refusals(&inputs[i], argv[first], findings);
        if (more < 0) {
            return 2;
        }
        found += more;
        if (i % 50 == 49) {
            printf("%zu of %zu inputs, %" PRIu64 " variants, %zu chosen\n", i + 1, input_count,
                   progress->variants, progress->chosen);
            (void)fflush(stdout);
        }
    }
    printf("%" PRIu64 " variants of %zu inputs, %zu chosen, %d findings\n", progress->variants,
           input_count, progress->chosen, found);
    return progress->failed ? 2 : found > 0;
}
