#include "scenario/problem.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_known(const ts_problems *problems, const char *path, const char *reason) {
    for (size_t i = 0; i < problems->count; i++) {
        const ts_problem *item = &problems->items[i];
        if (strcmp(item->path, path) == 0 && strcmp(item->reason, reason) == 0) {
            return true;
        }
    }
    return false;
}

static ts_problem *add(ts_problems *problems, const char *file, const char *path,
                       const char *reason) {
    if (is_known(problems, path, reason)) {
        return NULL;
    }
    problems->total++;
    if (problems->count >= TS_PROBLEMS_KEPT) {
        return NULL;
    }
    problems->items =
        ts_grow(problems->items, problems->count, &problems->capacity, sizeof(ts_problem));
    ts_problem *item = &problems->items[problems->count++];
    *item = (ts_problem){
        .file = ts_duplicate(file), .path = ts_duplicate(path), .reason = ts_duplicate(reason)};
    return item;
}

void ts_problems_add(ts_problems *problems, const char *file, const char *path,
                     const char *reason) {
    (void)add(problems, file, path, reason);
}

void ts_problems_add_at(ts_problems *problems, const char *file, unsigned line, unsigned column,
                        const char *reason) {
    ts_problem *item = add(problems, file, "", reason);
    if (item != NULL) {
        item->line = line;
        item->column = column;
    }
}

void ts_problems_free(ts_problems *problems) {
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->items[i].file);
        free(problems->items[i].path);
        free(problems->items[i].reason);
    }
    free(problems->items);
    *problems = (ts_problems){0};
}

char *ts_problem_text(const ts_problem *problem) {
    if (problem->line > 0) {
        return ts_format("%s:%u:%u: %s", problem->file, problem->line, problem->column,
                         problem->reason);
    }
    if (problem->path[0] == '\0') {
        return ts_format("%s: %s", problem->file, problem->reason);
    }
    return ts_format("%s: %s: %s", problem->file, problem->path, problem->reason);
}

char *ts_problems_text(const ts_problems *problems) {
    ts_text text = {0};
    for (size_t i = 0; i < problems->count; i++) {
        char *line = ts_problem_text(&problems->items[i]);
        ts_text_printf(&text, "%s%s", i > 0 ? "\n" : "", line);
        free(line);
    }
    if (problems->total > problems->count) {
        ts_text_printf(&text, "\n… and %zu more", problems->total - problems->count);
    }
    return ts_text_take(&text);
}
