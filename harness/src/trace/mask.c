#include "trace/mask.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- what is known ------------------------------------------------------------------------ */

void ts_mask_add_port(ts_mask *mask, unsigned port) {
    if (port == 0) {
        return;
    }
    mask->ports = ts_grow(mask->ports, mask->port_count, &mask->port_capacity, sizeof(unsigned));
    mask->ports[mask->port_count++] = port;
}

void ts_mask_add_path(ts_mask *mask, const char *path) {
    if (path[0] == '\0') {
        return;
    }
    mask->paths = ts_grow(mask->paths, mask->path_count, &mask->path_capacity, sizeof(char *));
    /* Longer ones first: one may begin with another. */
    size_t at = mask->path_count++;
    for (; at > 0 && strlen(mask->paths[at - 1]) < strlen(path); at--) {
        mask->paths[at] = mask->paths[at - 1];
    }
    mask->paths[at] = ts_duplicate(path);
}

void ts_mask_add_address(ts_mask *mask, const json_t *address) {
    json_int_t port = json_integer_value(json_object_get(address, "port"));
    if (port > 0 && port < 65536) {
        ts_mask_add_port(mask, (unsigned)port);
    }
    const char *path = json_string_value(json_object_get(address, "path"));
    if (path != NULL) {
        ts_mask_add_path(mask, path);
    }
}

void ts_mask_free(ts_mask *mask) {
    for (size_t i = 0; i < mask->path_count; i++) {
        free(mask->paths[i]);
    }
    free(mask->paths);
    free(mask->ports);
    *mask = (ts_mask){0};
}

static bool is_known_port(const ts_mask *mask, double number) {
    for (size_t i = 0; i < mask->port_count; i++) {
        if (number >= mask->ports[i] && number <= mask->ports[i]) {
            return true;
        }
    }
    return false;
}

/* --- rules on text ------------------------------------------------------------------------ */

typedef struct passage {
    const char *data; /* the whole text */
    size_t length;
    size_t at; /* where the rule looks */
} passage;

static bool matches_pattern(const char *text, const char *pattern) {
    for (; *pattern != '\0'; text++, pattern++) {
        bool fits = *pattern == '9'   ? isdigit((unsigned char)*text) != 0
                    : *pattern == 'a' ? isalpha((unsigned char)*text) != 0
                                      : *text == *pattern;
        if (!fits) {
            return false;
        }
    }
    return true;
}

/* Length of the date (RFC 9110, 5.6.7: IMF-fixdate) that begins here, 0 when none does. */
static size_t date_length(const char *text, size_t left) {
    static const char pattern[] = "aaa, 99 aaa 9999 99:99:99 GMT";
    size_t length = sizeof(pattern) - 1;
    return left >= length && matches_pattern(text, pattern) ? length : 0;
}

/* Whether `word` ends right before `at`, whatever its case. */
static bool follows(const passage *p, size_t at, const char *word) {
    size_t length = strlen(word);
    return at >= length && strncasecmp(p->data + at - length, word, length) == 0;
}

static size_t mask_date(const ts_mask *mask, const passage *p) {
    (void)mask;
    size_t length = date_length(p->data + p->at, p->length - p->at);
    if (length == 0) {
        return 0;
    }
    size_t start = p->at;
    while (start > 0 && p->data[start - 1] == ' ') {
        start--;
    }
    if (!follows(p, start, "date:")) {
        return 0;
    }
    size_t name = start - strlen("date:");
    return name == 0 || p->data[name - 1] == '\n' ? length : 0;
}

static size_t mask_port(const ts_mask *mask, const passage *p) {
    if (!follows(p, p->at, ":") && !follows(p, p->at, "port ") && !follows(p, p->at, "port: ")) {
        return 0;
    }
    unsigned number = 0;
    size_t digits = 0;
    while (p->at + digits < p->length && isdigit((unsigned char)p->data[p->at + digits]) &&
           digits < 6) {
        number = number * 10 + (unsigned)(p->data[p->at + digits] - '0');
        digits++;
    }
    return digits > 0 && digits < 6 && is_known_port(mask, number) ? digits : 0;
}

static size_t mask_path(const ts_mask *mask, const passage *p) {
    for (size_t i = 0; i < mask->path_count; i++) {
        size_t length = strlen(mask->paths[i]);
        if (p->length - p->at >= length && memcmp(p->data + p->at, mask->paths[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

/* Each says how many bytes at this place are to be replaced. */
static const struct {
    const char *name;
    size_t (*length_at)(const ts_mask *mask, const passage *p);
    const char *word;
} text_rules[] = {
    {"date-header", mask_date, "<date>"},
    {"port", mask_port, "<port>"},
    {"path", mask_path, "<path>"},
};

/* Where some rule may begin to replace: a day's name, a port's digits, a path. */
static bool may_begin(char byte) {
    return byte == '/' || isdigit((unsigned char)byte) || isupper((unsigned char)byte);
}

/* Appends the masked text; false, and nothing is appended, when there is nothing to mask. */
static bool mask_bytes(const ts_mask *mask, const char *data, size_t length, ts_text *out) {
    bool changed = false;
    size_t kept = 0; /* appended so far */
    passage p = {data, length, 0};
    while (p.at < length) {
        size_t replaced = 0;
        if (!may_begin(data[p.at])) {
            p.at++;
            continue;
        }
        for (size_t i = 0; i < sizeof(text_rules) / sizeof(text_rules[0]) && replaced == 0; i++) {
            replaced = text_rules[i].length_at(mask, &p);
            if (replaced > 0) {
                ts_text_append_bytes(out, data + kept, p.at - kept);
                ts_text_append(out, text_rules[i].word);
                kept = p.at + replaced;
                changed = true;
            }
        }
        p.at += replaced > 0 ? replaced : 1;
    }
    if (changed) {
        ts_text_append_bytes(out, data + kept, length - kept);
    }
    return changed;
}

/* The masked name of an observation or a member; owned by the caller. */
static char *mask_name(const ts_mask *mask, const char *name) {
    ts_text masked = {0};
    return mask_bytes(mask, name, strlen(name), &masked) ? ts_text_take(&masked)
                                                         : ts_duplicate(name);
}

/* --- rules on values ---------------------------------------------------------------------- */

/* Whether the last word of a name ("res.headers.date", "socket[\"remotePort\"]") ends so. */
static bool ends_in(const char *name, const char *word, bool whole) {
    size_t length = strlen(name);
    if (length > 2 && strcmp(name + length - 2, "\"]") == 0) {
        length -= 2;
    }
    size_t size = strlen(word);
    if (length < size || strncasecmp(name + length - size, word, size) != 0) {
        return false;
    }
    return !whole || length == size || !isalnum((unsigned char)name[length - size - 1]);
}

static bool is_date(const json_t *value) {
    size_t length = json_string_length(value);
    return length > 0 && date_length(json_string_value(value), length) == length;
}

static json_t *mask_string(const ts_mask *mask, const char *name, json_t *value) {
    if (ends_in(name, "date", true) && is_date(value)) {
        return json_string("<date>");
    }
    ts_text bytes = {0};
    ts_text masked = {0};
    const char *data = json_string_value(value);
    size_t length = json_string_length(value);
    if (data == NULL) {
        ts_bytes_append(&bytes, value);
        data = ts_text_get(&bytes);
        length = bytes.length;
    }
    json_t *result = mask_bytes(mask, data, length, &masked)
                         ? ts_bytes_to_json(ts_text_get(&masked), masked.length)
                         : json_incref(value);
    ts_text_free(&bytes);
    ts_text_free(&masked);
    return result;
}

static json_t *mask_list(const ts_mask *mask, const char *name, json_t *list) {
    json_t *result = json_array();
    size_t index;
    json_t *item;
    const char *previous = name;
    json_array_foreach(list, index, item) {
        /* In a list of names and values the name is the element before. */
        (void)json_array_append_new(result, ts_mask_value(mask, previous, item));
        previous = json_is_string(item) ? json_string_value(item) : "";
    }
    return result;
}

static json_t *mask_object(const ts_mask *mask, json_t *object) {
    json_t *result = json_object();
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        char *name = mask_name(mask, key);
        (void)json_object_set_new_nocheck(result, name, ts_mask_value(mask, key, member));
        free(name);
    }
    return result;
}

json_t *ts_mask_value(const ts_mask *mask, const char *name, json_t *value) {
    if (value == NULL) {
        return NULL;
    }
    if (ts_bytes_is(value)) {
        return mask_string(mask, name, value);
    }
    if (json_is_array(value)) {
        return mask_list(mask, name, value);
    }
    if (json_is_object(value)) {
        return mask_object(mask, value);
    }
    if (json_is_number(value) && ends_in(name, "port", false) &&
        is_known_port(mask, json_number_value(value))) {
        return json_string("<port>");
    }
    return json_incref(value);
}

static json_t *mask_observation(const ts_mask *mask, const ts_observation *observation) {
    char *name = mask_name(mask, observation->name);
    json_t *value = ts_observation_value(observation);
    json_t *masked = ts_mask_value(mask, observation->name, value);
    json_decref(value);
    json_t *result;
    if (masked == NULL) {
        result = json_string_nocheck(name);
    } else {
        result = json_object();
        (void)json_object_set_new_nocheck(result, name, masked);
    }
    free(name);
    return result;
}

json_t *ts_mask_trace(const ts_mask *mask, const ts_trace *trace) {
    json_t *lanes = json_object();
    for (size_t i = 0; i < trace->count; i++) {
        const ts_lane *lane = &trace->lanes[i];
        json_t *list = json_array();
        for (size_t j = 0; j < lane->count; j++) {
            (void)json_array_append_new(list, mask_observation(mask, &lane->observations[j]));
        }
        (void)json_object_set_new_nocheck(lanes, lane->name, list);
    }
    return lanes;
}
