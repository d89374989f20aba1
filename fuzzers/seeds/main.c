/* fuzz_seeds - makes seeds for the fuzz targets from the scenarios.
 *
 * Usage: fuzz_seeds SCENARIOS OUT
 *
 * Every scenario below the folder SCENARIOS, each row of a table of cases by itself, becomes seeds
 * OUT/TARGET/HASH of the targets that it has something for. Nothing is chosen here: an engine keeps
 * those that reach something new (libFuzzer: -merge=1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "scenario/suite.h"
#include "seeds/seeds.h"

/* The addresses that references in a scenario's values may name: every peer and server has one. */
static void note_addresses(json_t *value, json_t *addresses) {
    const char *text = json_string_value(value);
    const char *key = NULL;
    json_t *member = NULL;
    size_t index = 0;
    if (text != NULL && (strncmp(text, "$port.", 6) == 0 || strncmp(text, "$host.", 6) == 0 ||
                         strncmp(text, "$unix.", 6) == 0)) {
        json_object_set_new(
            addresses, text + 6,
            json_pack("{s:i, s:s, s:s}", "port", 8080, "host", "127.0.0.1", "path", "/socket"));
    }
    json_object_foreach(value, key, member) {
        note_addresses(member, addresses);
    }
    json_array_foreach(value, index, member) {
        note_addresses(member, addresses);
    }
}

static void make_seeds(struct seeds *seeds, const ts_scenario *scenario) {
    struct seed_source source = {scenario, json_object()};
    note_addresses(scenario->script, source.addresses);
    note_addresses(scenario->peers, source.addresses);
    seeds_of_streams(seeds, &source);
    seeds_of_urls(seeds, &source);
    seeds_of_messages(seeds, &source);
    seeds_of_server(seeds, &source);
    seeds_of_client(seeds, &source);
    json_decref(source.addresses);
}

/* scenario_loader: the file as it is, if it is a short one. */
static void add_file(struct seeds *seeds, const char *path) {
    uint8_t bytes[SEED_MOST_BYTES + 1];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return;
    }
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    seeds_add(seeds, "scenario_loader", bytes, length);
}

static int usage(FILE *stream, int status) {
    fputs("Usage: fuzz_seeds SCENARIOS OUT\n\n"
          "Makes seeds OUT/TARGET/HASH for the fuzz targets from the scenarios below SCENARIOS.\n",
          stream);
    return status;
}

int main(int argc, char **argv) {
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        return usage(stdout, 0);
    }
    if (argc != 3) {
        return usage(stderr, 2);
    }
    ts_suite suite = {NULL, NULL};
    ts_selection selection;
    char *error = NULL;
    if (!ts_suite_find(&suite, argv[1], &error) ||
        !ts_suite_select(&suite, NULL, 0, &selection, &error)) {
        fprintf(stderr, "%s\n", error);
        free(error);
        ts_suite_free(&suite);
        return 2;
    }
    struct seeds seeds = {.folder = argv[2]};
    for (size_t i = 0; i < selection.file_count; i++) {
        add_file(&seeds, selection.files[i]->path);
    }
    for (size_t i = 0; i < selection.count; i++) {
        if (selection.items[i].scenario != NULL) {
            make_seeds(&seeds, selection.items[i].scenario);
        }
    }
    printf("%zu seeds of %zu scenarios\n", seeds.count, selection.count);
    ts_selection_free(&selection);
    ts_suite_free(&suite);
    return seeds.failed ? 2 : 0;
}
