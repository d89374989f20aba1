/* Files: whole ones in, whole ones out, and what lies in a folder. */
#ifndef TOUCHSTONE_BASE_FILE_H
#define TOUCHSTONE_BASE_FILE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads the file at `path` into `out_text`, if it has at most `limit` bytes. false: `*out_error` is
 * a message without the path, owned by the caller. */
bool ts_file_read(const char *path, size_t limit, ts_text *out_text, char **out_error);
/* Writes the file in one step: whoever looks sees the old content or the new one, whole. */
bool ts_file_write(const char *path, const char *data, size_t length, char **out_error);

bool ts_file_is_regular(const char *path);
bool ts_file_is_directory(const char *path);
bool ts_file_is_executable(const char *path);
/* Creates the folder and those above it that are missing. */
bool ts_file_make_directories(const char *path, char **out_error);

/* Absolute path without symbolic links, NULL when there is no such file. Owned by the caller. */
char *ts_file_resolve(const char *path);
/* "a/b": joined with one slash; `path` alone when it is absolute. */
char *ts_file_join(const char *folder, const char *path);
/* What stands before the last slash; "." when there is none. */
char *ts_file_parent(const char *path);

typedef struct ts_paths {
    char **items;
    size_t count;
    size_t capacity;
} ts_paths;

void ts_paths_add(ts_paths *paths, const char *path);
void ts_paths_sort(ts_paths *paths);
void ts_paths_free(ts_paths *paths);
/* Adds the files below `folder` whose names end in `suffix`, sorted; hidden ones are left out. A
 * folder that can't be read adds nothing and gives false. */
bool ts_file_walk(const char *folder, const char *suffix, ts_paths *paths);

#endif
