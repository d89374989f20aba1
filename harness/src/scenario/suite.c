#include "scenario/suite.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { LONGEST_PATH = 4096 };

/* --- where it is -------------------------------------------------------------------------- */

/* What tells the suite's folder from any other named "scenarios". */
static const char marker[] = "schema/scenario.schema.json";

static bool is_suite(const char *folder) {
    char *path = ts_file_join(folder, marker);
    bool found = ts_file_is_regular(path);
    free(path);
    return found;
}

static bool adopt(ts_suite *suite, const char *folder) {
    if (!is_suite(folder)) {
        return false;
    }
    suite->root = ts_file_resolve(folder);
    if (suite->root == NULL) {
        return false;
    }
    suite->project = ts_file_parent(suite->root);
    return true;
}

/* Looks for "scenarios" in `folder` and above it. */
static bool look_upwards(ts_suite *suite, const char *folder) {
    char *here = ts_duplicate(folder);
    bool found = false;
    for (;;) {
        char *candidate = ts_file_join(here, "scenarios");
        found = adopt(suite, candidate) || adopt(suite, here);
        free(candidate);
        char *above = ts_file_parent(here);
        bool top = strcmp(above, here) == 0;
        free(here);
        here = above;
        if (found || top) {
            break;
        }
    }
    free(here);
    return found;
}

bool ts_suite_find(ts_suite *suite, const char *given, char **out_error) {
    *suite = (ts_suite){0};
    char buffer[LONGEST_PATH];
    if (given != NULL) {
        char *inside = ts_file_join(given, "scenarios");
        bool found = adopt(suite, given) || adopt(suite, inside);
        free(inside);
        if (!found) {
            *out_error = ts_format("%s: no suite here (it has no %s)", given, marker);
        }
        return found;
    }
    if (getcwd(buffer, sizeof(buffer)) != NULL && look_upwards(suite, buffer)) {
        return true;
    }
    size_t size = sizeof(buffer);
    if (uv_exepath(buffer, &size) == 0) {
        char *folder = ts_file_parent(buffer);
        (void)look_upwards(suite, folder);
        free(folder);
    }
    return true;
}

void ts_suite_free(ts_suite *suite) {
    free(suite->root);
    free(suite->project);
    *suite = (ts_suite){0};
}

/* --- ids ---------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *suffix) {
    size_t length = strlen(text);
    size_t size = strlen(suffix);
    return length > size && strcmp(text + length - size, suffix) == 0;
}

/* What follows `folder` and a slash in `path`; NULL when it does not lie below. */
static const char *below(const char *folder, const char *path) {
    size_t length = folder != NULL ? strlen(folder) : 0;
    return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/'
               ? path + length + 1
               : NULL;
}

/* Files of the suite that are no scenarios. */
static bool is_furniture(const ts_suite *suite, const char *path) {
    const char *inside = below(suite->root, path);
    return inside != NULL &&
           (strncmp(inside, "schema/", 7) == 0 || strncmp(inside, "requirements/", 13) == 0);
}

char *ts_suite_id(const ts_suite *suite, const char *path) {
    char *resolved = ts_file_resolve(path);
    const char *inside = resolved != NULL ? below(suite->root, resolved) : NULL;
    const char *named = inside != NULL ? inside : path;
    size_t length = strlen(named);
    char *id = ts_duplicate_bytes(named, ends_with(named, ".json") ? length - 5 : length);
    free(resolved);
    return id;
}

/* --- selections --------------------------------------------------------------------------- */

static ts_scenario_file *need_file(const ts_suite *suite, ts_selection *selection,
                                   const char *path) {
    for (size_t i = 0; i < selection->file_count; i++) {
        if (strcmp(selection->files[i]->path, path) == 0) {
            return selection->files[i];
        }
    }
    char *id = ts_suite_id(suite, path);
    ts_scenario_file *file = ts_scenario_file_load(path, id);
    free(id);
    selection->files = ts_grow(selection->files, selection->file_count, &selection->file_capacity,
                               sizeof(*selection->files));
    selection->files[selection->file_count++] = file;
    return file;
}

static void add_item(ts_selection *selection, ts_scenario_file *file, ts_scenario *scenario) {
    const char *id = scenario != NULL ? scenario->id : file->id;
    for (size_t i = selection->count; i-- > 0;) {
        if (selection->items[i].file == file && strcmp(selection->items[i].id, id) == 0) {
            return;
        }
    }
    selection->items = ts_grow(selection->items, selection->count, &selection->capacity,
                               sizeof(*selection->items));
    selection->items[selection->count++] = (ts_selected){file, scenario, ts_duplicate(id)};
}

/* Adds the rows of a file, or only the one named `row`; false when it has no such row. A file with
 * problems is added as a whole. */
static bool add_file(const ts_suite *suite, ts_selection *selection, const char *path,
                     const char *row) {
    ts_scenario_file *file = need_file(suite, selection, path);
    if (file->count == 0) {
        add_item(selection, file, NULL);
        return true;
    }
    bool found = false;
    for (size_t i = 0; i < file->count; i++) {
        ts_scenario *scenario = file->items[i];
        if (row == NULL || (scenario->row != NULL && strcmp(scenario->row, row) == 0)) {
            add_item(selection, file, scenario);
            found = true;
        }
    }
    return found;
}

/* Adds the scenarios below a folder. */
static bool add_folder(const ts_suite *suite, ts_selection *selection, const char *folder) {
    ts_paths paths = {0};
    (void)ts_file_walk(folder, ".json", &paths);
    bool found = false;
    for (size_t i = 0; i < paths.count; i++) {
        if (!is_furniture(suite, paths.items[i])) {
            found = add_file(suite, selection, paths.items[i], NULL) || found;
        }
    }
    ts_paths_free(&paths);
    return found;
}

/* Adds the scenarios of the suite whose ids begin with `prefix`. */
static bool add_prefix(const ts_suite *suite, ts_selection *selection, const char *prefix) {
    ts_paths *all = &selection->suite_paths;
    if (all->count == 0) {
        (void)ts_file_walk(suite->root, ".json", all);
    }
    bool found = false;
    for (size_t i = 0; i < all->count; i++) {
        const char *inside = below(suite->root, all->items[i]);
        if (inside != NULL && strncmp(inside, prefix, strlen(prefix)) == 0 &&
            !is_furniture(suite, all->items[i])) {
            found = add_file(suite, selection, all->items[i], NULL) || found;
        }
    }
    return found;
}

/* A word that is an id, a folder of the suite, or the beginning of ids. */
static bool add_by_id(const ts_suite *suite, ts_selection *selection, const char *word,
                      const char *row) {
    if (suite->root == NULL) {
        return false;
    }
    char *folder = ts_file_join(suite->root, word);
    char *path = ts_format("%s.json", folder);
    bool found = false;
    if (ts_file_is_regular(path) && !is_furniture(suite, path)) {
        found = add_file(suite, selection, path, row);
    } else if (row == NULL && ts_file_is_directory(folder)) {
        while (ends_with(folder, "/")) {
            folder[strlen(folder) - 1] = '\0';
        }
        found = add_folder(suite, selection, folder);
    } else if (row == NULL) {
        found = add_prefix(suite, selection, word);
    }
    free(folder);
    free(path);
    return found;
}

/* A word that is a path on the disk. */
static bool add_by_path(const ts_suite *suite, ts_selection *selection, const char *word,
                        const char *row) {
    bool found = false;
    if (ts_file_is_directory(word)) {
        char *folder = ts_file_resolve(word);
        found = row == NULL && folder != NULL && add_folder(suite, selection, folder);
        free(folder);
    } else if (ts_file_is_regular(word)) {
        /* A file of the suite gets the same path, however it is named. */
        char *resolved = ts_file_resolve(word);
        bool inside = resolved != NULL && below(suite->root, resolved) != NULL;
        found = add_file(suite, selection, inside ? resolved : word, row);
        free(resolved);
    }
    return found;
}

static bool add_word(const ts_suite *suite, ts_selection *selection, const char *word,
                     const char *row) {
    bool path = ends_with(word, ".json") || word[0] == '/' || word[0] == '.';
    if (path) {
        return add_by_path(suite, selection, word, row);
    }
    return add_by_id(suite, selection, word, row) || add_by_path(suite, selection, word, row);
}

bool ts_suite_select(const ts_suite *suite, char **words, size_t count, ts_selection *out_selection,
                     char **out_error) {
    *out_selection = (ts_selection){0};
    if (count == 0) {
        if (suite->root == NULL) {
            *out_error =
                ts_duplicate("no suite found; name scenarios, or say where it is: --suite");
            return false;
        }
        (void)add_folder(suite, out_selection, suite->root);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (add_word(suite, out_selection, words[i], NULL)) {
            continue;
        }
        char *colon = strrchr(words[i], ':');
        bool found = false;
        if (colon != NULL) {
            char *word = ts_duplicate_bytes(words[i], (size_t)(colon - words[i]));
            found = add_word(suite, out_selection, word, colon + 1);
            free(word);
        }
        if (!found) {
            *out_error = ts_format("%s: no such scenario", words[i]);
            return false;
        }
    }
    return true;
}

void ts_selection_free(ts_selection *selection) {
    for (size_t i = 0; i < selection->count; i++) {
        free(selection->items[i].id);
    }
    for (size_t i = 0; i < selection->file_count; i++) {
        ts_scenario_file_free(selection->files[i]);
    }
    ts_paths_free(&selection->suite_paths);
    free(selection->items);
    free(selection->files);
    *selection = (ts_selection){0};
}
