#include "run/specification.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ARGUMENTS = 8 };

/* What a runtime wants to hear before the script's name. */
static const struct {
    const char *name;
    const char *arguments[3];
} runtimes[] = {
    {"node", {NULL}},
    {"bun", {"run", NULL}},
    {"deno", {"run", "--allow-all", NULL}},
};

enum { RUNTIMES = sizeof(runtimes) / sizeof(runtimes[0]) };

static const char adapter_script[] = "harness/adapters/javascript/main.mjs";

/* The runtime whose name a program's name begins with ("node", "node22"); RUNTIMES: none. */
static size_t find_runtime(const char *name) {
    for (size_t i = 0; i < RUNTIMES; i++) {
        if (strncmp(name, runtimes[i].name, strlen(runtimes[i].name)) == 0) {
            return i;
        }
    }
    return RUNTIMES;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* PROGRAM ARGUMENTS… SCRIPT */
static void set_command(ts_specification *spec, const ts_suite *suite, const char *program,
                        size_t runtime) {
    if (suite->project == NULL) {
        spec->problem =
            ts_format("%s: the adapter %s is not found; say where the suite is: --suite",
                      spec->label, adapter_script);
        return;
    }
    char *script = ts_file_join(suite->project, adapter_script);
    if (!ts_file_is_regular(script)) {
        spec->problem = ts_format("%s: no adapter at %s", spec->label, script);
        free(script);
        return;
    }
    size_t count = 0;
    spec->command = ts_allocate(MOST_ARGUMENTS, sizeof(char *));
    spec->command[count++] = ts_duplicate(program);
    for (size_t i = 0; runtimes[runtime].arguments[i] != NULL; i++) {
        spec->command[count++] = ts_duplicate(runtimes[runtime].arguments[i]);
    }
    spec->command[count] = script;
}

/* The program of that name in the folders of PATH; NULL when there is none. */
static char *find_on_path(const char *name) {
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");
        char *folder = length > 0 ? ts_duplicate_bytes(path, length) : ts_duplicate(".");
        char *program = ts_file_join(folder, name);
        free(folder);
        if (ts_file_is_executable(program)) {
            return program;
        }
        free(program);
        path += length;
        path += *path == ':' ? 1 : 0;
    }
    return NULL;
}

static void resolve_installed(ts_specification *spec, const ts_suite *suite) {
    size_t length = strcspn(spec->label, "@");
    char *name = ts_duplicate_bytes(spec->label, length);
    size_t runtime = find_runtime(name);
    char *inside = ts_format(".runtimes/%s/bin/%s", spec->label, name);
    char *program = ts_file_join(suite->project != NULL ? suite->project : ".", inside);
    if (runtime == RUNTIMES) {
        spec->problem =
            ts_format("%s: unknown runtime \"%s\" (known: node, bun, deno)", spec->label, name);
    } else if (!ts_file_is_executable(program)) {
        spec->problem = ts_format("%s is not installed (no %s); install it: script/runtimes %s",
                                  spec->label, inside, spec->label);
    } else {
        set_command(spec, suite, program, runtime);
    }
    free(program);
    free(inside);
    free(name);
}

static void resolve_program(ts_specification *spec, const ts_suite *suite) {
    bool path = strchr(spec->label, '/') != NULL;
    size_t runtime = find_runtime(base_name(spec->label));
    char *program = path ? ts_duplicate(spec->label) : find_on_path(spec->label);
    if (path && !ts_file_is_executable(program)) {
        spec->problem = ts_format("%s: no such program", spec->label);
    } else if (runtime == RUNTIMES) {
        spec->problem = ts_format("%s: unknown implementation (reference, reference-uv, "
                                  "node|bun|deno[@VERSION], the path of one of these, "
                                  "adapter:COMMAND)",
                                  spec->label);
    } else if (program == NULL) {
        spec->problem = ts_format("%s is not on PATH; install one: script/runtimes %s@VERSION",
                                  spec->label, spec->label);
    } else {
        set_command(spec, suite, program, runtime);
    }
    free(program);
}

static void resolve(ts_specification *spec, const ts_suite *suite) {
    if (strcmp(spec->label, "reference") == 0) {
        spec->kind = TS_SPECIFICATION_REFERENCE;
        return;
    }
    if (strcmp(spec->label, "reference-uv") == 0) {
        spec->kind = TS_SPECIFICATION_REFERENCE_UV;
        return;
    }
    spec->kind = TS_SPECIFICATION_COMMAND;
    if (strncmp(spec->label, "adapter:", 8) == 0) {
        spec->command = ts_allocate(4, sizeof(char *));
        spec->command[0] = ts_duplicate("/bin/sh");
        spec->command[1] = ts_duplicate("-c");
        spec->command[2] = ts_format("exec %s", spec->label + 8);
    } else if (strchr(spec->label, '@') != NULL && strchr(spec->label, '/') == NULL) {
        resolve_installed(spec, suite);
    } else {
        resolve_program(spec, suite);
    }
}

void ts_specifications_add(ts_specifications *specifications, const ts_suite *suite,
                           const char *list) {
    while (*list != '\0') {
        size_t length = strncmp(list, "adapter:", 8) == 0 ? strlen(list) : strcspn(list, ",");
        if (length > 0) {
            specifications->items = ts_grow(specifications->items, specifications->count,
                                            &specifications->capacity, sizeof(ts_specification));
            ts_specification *spec = &specifications->items[specifications->count++];
            *spec = (ts_specification){.label = ts_duplicate_bytes(list, length)};
            resolve(spec, suite);
        }
        list += length;
        list += *list == ',' ? 1 : 0;
    }
}

void ts_specifications_free(ts_specifications *specifications) {
    for (size_t i = 0; i < specifications->count; i++) {
        ts_specification *spec = &specifications->items[i];
        for (size_t j = 0; spec->command != NULL && spec->command[j] != NULL; j++) {
            free(spec->command[j]);
        }
        free(spec->command);
        free(spec->label);
        free(spec->problem);
    }
    free(specifications->items);
    *specifications = (ts_specifications){0};
}
