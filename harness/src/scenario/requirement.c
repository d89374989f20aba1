#include "scenario/requirement.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void add(ts_requirements *list, json_t *entry, const char *file, const char *path,
                ts_problems *problems) {
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *says = json_string_value(json_object_get(entry, "says"));
    if (id == NULL || says == NULL) {
        ts_problems_add(problems, path, "requirements", "a requirement needs \"id\" and \"says\"");
        return;
    }
    if (json_object_get(list->by_id, id) != NULL) {
        char *reason = ts_format("two requirements have the id \"%s\"", id);
        ts_problems_add(problems, path, "requirements", reason);
        free(reason);
        return;
    }
    const char *node = json_string_value(json_object_get(entry, "node23"));
    bool untestable = node != NULL && strcmp(node, "untestable") == 0;
    list->items = ts_grow(list->items, list->count, &list->capacity, sizeof(ts_requirement));
    (void)json_object_set_new(list->by_id, id, json_integer((json_int_t)list->count));
    list->items[list->count++] = (ts_requirement){id, says, file, untestable};
}

static void load_file(ts_requirements *list, const char *path, ts_problems *problems) {
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        ts_problems_add_at(problems, path, (unsigned)(error.line > 0 ? error.line : 1),
                           (unsigned)(error.column > 0 ? error.column : 1), error.text);
        return;
    }
    const char *slash = strrchr(path, '/');
    (void)json_object_set_new(list->files, slash != NULL ? slash + 1 : path, root);
    void *entry = json_object_iter_at(list->files, slash != NULL ? slash + 1 : path);
    const char *file = json_object_iter_key(entry);
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(root, "requirements"), index, item) {
        add(list, item, file, path, problems);
    }
}

void ts_requirements_load(const ts_suite *suite, ts_requirements *out_requirements,
                          ts_problems *problems) {
    *out_requirements = (ts_requirements){.by_id = json_object(), .files = json_object()};
    char *folder = ts_file_join(suite->root, "requirements");
    ts_paths paths = {0};
    (void)ts_file_walk(folder, ".json", &paths);
    for (size_t i = 0; i < paths.count; i++) {
        load_file(out_requirements, paths.items[i], problems);
    }
    ts_paths_free(&paths);
    free(folder);
}

void ts_requirements_free(ts_requirements *requirements) {
    free(requirements->items);
    json_decref(requirements->by_id);
    json_decref(requirements->files);
    *requirements = (ts_requirements){0};
}

const ts_requirement *ts_requirements_find(const ts_requirements *requirements, const char *id) {
    json_t *index = json_object_get(requirements->by_id, id);
    return index != NULL ? &requirements->items[json_integer_value(index)] : NULL;
}
