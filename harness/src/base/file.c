#include "base/file.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 65536, WALK_DEPTH = 32 };

static bool fail(char **out_error, const char *what) {
    if (out_error != NULL) {
        *out_error = what != NULL ? ts_format("%s: %s", what, strerror(errno))
                                  : ts_duplicate(strerror(errno));
    }
    return false;
}

bool ts_file_read(const char *path, size_t limit, ts_text *out_text, char **out_error) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return fail(out_error, NULL);
    }
    char *buffer = ts_allocate(READ_SIZE, 1);
    size_t start = out_text->length;
    bool ok = true;
    for (size_t got; ok && (got = fread(buffer, 1, READ_SIZE, file)) > 0;) {
        ts_text_append_bytes(out_text, buffer, got);
        if (out_text->length - start > limit) {
            *out_error = ts_format("larger than %zu bytes", limit);
            ok = false;
        }
    }
    if (ok && ferror(file)) {
        ok = fail(out_error, NULL);
    }
    free(buffer);
    (void)fclose(file);
    return ok;
}

static bool write_all(int descriptor, const char *data, size_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, data, length);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        data += written;
        length -= (size_t)written;
    }
    return true;
}

/* Whatever is not a regular file (a terminal, /dev/stdout, a pipe) can't be replaced: it is
 * written. */
static bool write_in_place(const char *path, const char *data, size_t length, char **out_error) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return fail(out_error, NULL);
    }
    bool ok = write_all(descriptor, data, length) || fail(out_error, NULL);
    (void)close(descriptor);
    return ok;
}

bool ts_file_write(const char *path, const char *data, size_t length, char **out_error) {
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        return write_in_place(path, data, length, out_error);
    }
    char *target = exists ? ts_file_resolve(path) : NULL; /* replaces what a link points to */
    if (target == NULL) {
        target = ts_duplicate(path);
    }
    char *temporary = ts_format("%s.%ld.tmp", target, (long)getpid());
    mode_t mode = exists ? status.st_mode & 07777 : 0666;
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool ok = descriptor >= 0 || fail(out_error, NULL);
    if (ok) {
        ok = write_all(descriptor, data, length) && fsync(descriptor) == 0;
        if (!ok) {
            (void)fail(out_error, NULL);
        }
        (void)close(descriptor);
        if (ok && rename(temporary, target) != 0) {
            ok = fail(out_error, NULL);
        }
        if (!ok) {
            (void)unlink(temporary);
        }
    }
    free(temporary);
    free(target);
    return ok;
}

bool ts_file_is_regular(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool ts_file_is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool ts_file_is_executable(const char *path) {
    return ts_file_is_regular(path) && access(path, X_OK) == 0;
}

bool ts_file_make_directories(const char *path, char **out_error) {
    if (ts_file_is_directory(path)) {
        return true;
    }
    char *parent = ts_file_parent(path);
    bool ok = strcmp(parent, path) == 0 || ts_file_make_directories(parent, out_error);
    free(parent);
    if (ok && mkdir(path, 0777) != 0 && errno != EEXIST) {
        ok = fail(out_error, path);
    }
    return ok;
}

char *ts_file_resolve(const char *path) {
    return realpath(path, NULL);
}

char *ts_file_join(const char *folder, const char *path) {
    if (path[0] == '/') {
        return ts_duplicate(path);
    }
    size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    return ts_format("%s%s%s", folder, slash, path);
}

char *ts_file_parent(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ts_duplicate(".");
    }
    return slash == path ? ts_duplicate("/") : ts_duplicate_bytes(path, (size_t)(slash - path));
}

void ts_paths_add(ts_paths *paths, const char *path) {
    paths->items = ts_grow(paths->items, paths->count, &paths->capacity, sizeof(char *));
    paths->items[paths->count++] = ts_duplicate(path);
}

static int compare_paths(const void *a, const void *b) {
    char *const *left = a;
    char *const *right = b;
    return strcmp(*left, *right);
}

void ts_paths_sort(ts_paths *paths) {
    if (paths->count > 1) {
        qsort(paths->items, paths->count, sizeof(char *), compare_paths);
    }
}

void ts_paths_free(ts_paths *paths) {
    for (size_t i = 0; i < paths->count; i++) {
        free(paths->items[i]);
    }
    free(paths->items);
    *paths = (ts_paths){0};
}

static bool ends_with(const char *text, const char *suffix) {
    size_t length = strlen(text);
    size_t suffix_length = strlen(suffix);
    return length > suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

static bool walk(const char *folder, const char *suffix, ts_paths *paths, int depth) {
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        return false;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char *path = ts_file_join(folder, entry->d_name);
        if (ts_file_is_directory(path)) {
            if (depth < WALK_DEPTH) {
                (void)walk(path, suffix, paths, depth + 1);
            }
        } else if (ends_with(path, suffix)) {
            ts_paths_add(paths, path);
        }
        free(path);
    }
    (void)closedir(directory);
    return true;
}

bool ts_file_walk(const char *folder, const char *suffix, ts_paths *paths) {
    ts_paths found = {0};
    bool ok = walk(folder, suffix, &found, 0);
    ts_paths_sort(&found);
    for (size_t i = 0; i < found.count; i++) {
        ts_paths_add(paths, found.items[i]);
    }
    ts_paths_free(&found);
    return ok;
}
