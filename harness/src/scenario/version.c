#include "scenario/version.h"

#include <string.h>

enum { PARTS = 3, LARGEST_PART = 100000000 };

/* The version of Node.js whose behaviour the reference reproduces. */
static const char reproduced_version[] = "23.5.0";

typedef struct number {
    long parts[PARTS];
    int count;
} number;

/* Reads a version at `*text` and moves behind it; false when there is none. */
static bool read_version(const char **text, number *out_version) {
    const char *at = *text;
    out_version->count = 0;
    while (out_version->count < PARTS) {
        if (*at < '0' || *at > '9') {
            return false;
        }
        long part = 0;
        for (; *at >= '0' && *at <= '9'; at++) {
            part = part * 10 + (*at - '0');
            if (part > LARGEST_PART) {
                return false;
            }
        }
        out_version->parts[out_version->count++] = part;
        if (*at != '.' || out_version->count == PARTS) {
            break;
        }
        at++;
    }
    *text = at;
    return true;
}

static bool read_operator(const char **text, const char *operator) {
    size_t length = strlen(operator);
    if (strncmp(*text, operator, length) != 0) {
        return false;
    }
    *text += length;
    return true;
}

typedef enum relation { LESS, AT_MOST, MORE, AT_LEAST, EQUAL } relation;

static relation read_relation(const char **text) {
    if (read_operator(text, "<=")) {
        return AT_MOST;
    }
    if (read_operator(text, ">=")) {
        return AT_LEAST;
    }
    if (read_operator(text, "<")) {
        return LESS;
    }
    if (read_operator(text, ">")) {
        return MORE;
    }
    (void)read_operator(text, "=");
    return EQUAL;
}

static bool holds(const number *actual, relation kind, const number *bound) {
    long order = 0;
    for (int i = 0; i < bound->count && order == 0; i++) {
        long part = i < actual->count ? actual->parts[i] : 0;
        order = part - bound->parts[i];
    }
    switch (kind) {
    case LESS:
        return order < 0;
    case AT_MOST:
        return order <= 0;
    case MORE:
        return order > 0;
    case AT_LEAST:
        return order >= 0;
    case EQUAL:
        return order == 0;
    }
    return false;
}

static void skip_spaces(const char **text) {
    *text += strspn(*text, " ");
}

/* Reads one alternative; false when it is malformed. `*out_holds` is whether `actual` fits. */
static bool read_alternative(const char **text, const number *actual, bool *out_holds) {
    *out_holds = true;
    int comparators = 0;
    for (skip_spaces(text); **text != '\0' && **text != '|'; skip_spaces(text), comparators++) {
        if (read_operator(text, "*")) {
            continue;
        }
        relation kind = read_relation(text);
        skip_spaces(text);
        number bound;
        if (!read_version(text, &bound)) {
            return false;
        }
        if (**text != '\0' && **text != ' ' && **text != '|') {
            return false;
        }
        *out_holds = *out_holds && holds(actual, kind, &bound);
    }
    return comparators > 0;
}

static bool read_range(const char *range, const number *actual, bool *out_holds) {
    *out_holds = false;
    for (;;) {
        bool alternative;
        if (!read_alternative(&range, actual, &alternative)) {
            return false;
        }
        *out_holds = *out_holds || alternative;
        if (*range == '\0') {
            return true;
        }
        if (!read_operator(&range, "||")) {
            return false;
        }
    }
}

bool ts_range_is_valid(const char *range) {
    static const number nothing = {{0, 0, 0}, PARTS};
    bool ignored;
    return read_range(range, &nothing, &ignored);
}

bool ts_range_includes(const char *range, const char *text) {
    (void)read_operator(&text, "v");
    number actual;
    bool included;
    return read_version(&text, &actual) && read_range(range, &actual, &included) && included;
}

/* The range for an implementation, and the version to compare with it; NULL when not named. */
static const char *range_for(const json_t *when, const char *name, const char **version) {
    size_t length = strcspn(name, "@");
    json_t *range = json_object_getn(when, name, length);
    if (range == NULL && strncmp(name, "reference", strlen("reference")) == 0) {
        range = json_object_get(when, "reference");
        if (range == NULL) {
            range = json_object_get(when, "node");
            *version = reproduced_version;
        }
    }
    return json_string_value(range);
}

bool ts_when_applies(const json_t *when, const char *name, const char *version) {
    const char *range = range_for(when, name, &version);
    return range == NULL || ts_range_includes(range, version);
}

bool ts_when_names(const json_t *when, const char *name, const char *version) {
    const char *range = range_for(when, name, &version);
    return range != NULL && ts_range_includes(range, version);
}
