#include "seeds/seeds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "peer/bytes.h"

/* --- where seeds go --------------------------------------------------------------------------- */

/* FNV-1a: the names of seeds stay the same from one run to the next, on every machine. */
static uint64_t hash_of(const uint8_t *bytes, size_t length) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    return hash;
}

static bool make_folder(const char *path) {
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static void fail(struct seeds *seeds, const char *path) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    seeds->failed = true;
}

void seeds_add(struct seeds *seeds, const char *target, const void *bytes, size_t length) {
    if (length == 0 || length > SEED_MOST_BYTES || seeds->failed) {
        return;
    }
    ts_text path = {NULL, 0, 0};
    ts_text_printf(&path, "%s/%s", seeds->folder, target);
    if (!make_folder(ts_text_get(&path))) {
        fail(seeds, ts_text_get(&path));
    }
    ts_text_printf(&path, "/%016" PRIx64, hash_of(bytes, length));
    FILE *file = seeds->failed ? NULL : fopen(ts_text_get(&path), "wbx");
    if (file != NULL) {
        bool good = fwrite(bytes, 1, length, file) == length;
        good = fclose(file) == 0 && good;
        if (good) {
            seeds->count++;
        } else {
            fail(seeds, ts_text_get(&path));
        }
    } else if (!seeds->failed && errno != EEXIST) {
        fail(seeds, ts_text_get(&path));
    }
    ts_text_free(&path);
}

/* --- scripts ---------------------------------------------------------------------------------- */

void seed_script_begin(struct seed_script *script, const struct fuzz_script_format *format) {
    script->format = format;
    script->length = format->prefix;
    script->operations = 0;
    memset(script->bytes, 0, format->prefix);
}

void seed_script_add(struct seed_script *script, const struct fuzz_step *step) {
    size_t length = fuzz_script_write(script->format, step, script->bytes + script->length,
                                      sizeof script->bytes - script->length);
    script->length += length;
    script->operations += length != 0;
}

void seed_script_add_named(struct seed_script *script, const char *name,
                           const struct fuzz_step *step) {
    for (size_t i = 0; i < script->format->count; i++) {
        if (strcmp(script->format->operations[i].name, name) == 0) {
            struct fuzz_step named = *step;
            named.operation = i;
            seed_script_add(script, &named);
        }
    }
}

/* --- looking through a scenario --------------------------------------------------------------- */

void seed_walk(json_t *value, void (*visit)(json_t *object, void *data), void *data) {
    const char *name = NULL;
    json_t *member = NULL;
    size_t index = 0;
    if (json_is_object(value)) {
        visit(value, data);
        json_object_foreach(value, name, member) {
            seed_walk(member, visit, data);
        }
    } else {
        json_array_foreach(value, index, member) {
            seed_walk(member, visit, data);
        }
    }
}

bool seed_bytes(const struct seed_source *source, const json_t *value, ts_text *bytes) {
    if (json_is_integer(value)) {
        ts_text_printf(bytes, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return true;
    }
    if (!json_is_string(value) && !json_is_object(value)) {
        return false;
    }
    char *error = NULL;
    ts_text made = {NULL, 0, 0};
    bool good = ts_peer_bytes(value, source->addresses, &made, &error);
    if (good) {
        ts_text_append_bytes(bytes, ts_text_get(&made), made.length);
    }
    ts_text_free(&made);
    free(error);
    return good;
}

const char *seed_member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

json_t *seed_argument(const json_t *call, size_t index) {
    return json_array_get(json_object_get(call, "args"), index);
}

const char *seed_method(const json_t *step) {
    const char *path = seed_member(step, "call");
    const char *dot = path == NULL ? NULL : strrchr(path, '.');
    return dot == NULL ? NULL : dot + 1;
}

bool seed_has_handler(const json_t *step, const char *event) {
    return json_object_get(json_object_get(step, "on"), event) != NULL ||
           json_object_get(json_object_get(step, "events"), event) != NULL;
}

json_t *seed_steps_of(json_t *handler) {
    return json_is_array(handler) ? handler : json_object_get(handler, "do");
}

json_t *seed_connection_steps(json_t *connection) {
    return json_is_array(connection) ? connection : json_object_get(connection, "steps");
}

nh_bytes seed_bytes_of(const ts_text *text) {
    return nh_bytes_of(ts_text_get(text), text->length);
}

static void visit_header(const struct seed_source *source, const json_t *name, const json_t *value,
                         void (*visit)(nh_bytes name, nh_bytes value, void *data), void *data) {
    ts_text texts[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
    if (seed_bytes(source, name, &texts[0]) && seed_bytes(source, value, &texts[1])) {
        visit(seed_bytes_of(&texts[0]), seed_bytes_of(&texts[1]), data);
    }
    ts_text_free(&texts[0]);
    ts_text_free(&texts[1]);
}

/* One header with a value or a list of values. */
static void visit_values(const struct seed_source *source, const json_t *name, json_t *values,
                         void (*visit)(nh_bytes name, nh_bytes value, void *data), void *data) {
    size_t index = 0;
    json_t *value = NULL;
    if (!json_is_array(values)) {
        visit_header(source, name, values, visit, data);
        return;
    }
    json_array_foreach(values, index, value) {
        visit_header(source, name, value, visit, data);
    }
}

void seed_each_header(const struct seed_source *source, json_t *headers,
                      void (*visit)(nh_bytes name, nh_bytes value, void *data), void *data) {
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(headers, key, value) {
        json_t *name = key[0] == '$' ? NULL : json_string(key);
        if (name != NULL) {
            visit_values(source, name, value, visit, data);
        }
        json_decref(name);
    }
    size_t count = json_array_size(headers);
    for (size_t i = 0; i < count; i++) {
        json_t *element = json_array_get(headers, i);
        if (json_is_array(element)) {
            visit_values(source, json_array_get(element, 0), json_array_get(element, 1), visit,
                         data);
        } else if (i + 1 < count) {
            visit_values(source, element, json_array_get(headers, ++i), visit, data);
        }
    }
}
