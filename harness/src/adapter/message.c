#include "adapter/message.h"

#include "adapter/adapter.h"
#include "base/memory.h"
#include "scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

/* --- reading ------------------------------------------------------------------------------ */

static char *excerpt(const char *line, size_t length) {
    enum { MOST = 160 };
    ts_text text = {0};
    size_t shown = length < MOST ? length : MOST;
    for (size_t at = 0; at < shown;) {
        size_t sequence = ts_utf8_sequence(line + at, length - at);
        if (sequence == 0 || (sequence == 1 && (unsigned char)line[at] < ' ')) {
            ts_text_append(&text, "?");
            at++;
        } else {
            ts_text_append_bytes(&text, line + at, sequence);
            at += sequence;
        }
    }
    if (shown < length) {
        ts_text_printf(&text, "… (%zu bytes)", length);
    }
    return ts_text_take(&text);
}

/* Whole numbers beyond 64 bits are what JavaScript prints for large doubles. */
static json_t *parse(const char *line, size_t length, json_error_t *error) {
    size_t flags = JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES;
    json_t *json = json_loadb(line, length, flags, error);
    if (json == NULL && json_error_code(error) == json_error_numeric_overflow) {
        json = json_loadb(line, length, flags | JSON_DECODE_INT_AS_REAL, error);
    }
    return json;
}

static bool whole_number(const json_t *json, unsigned long long *out_number) {
    if (json_is_integer(json) && json_integer_value(json) >= 0) {
        *out_number = (unsigned long long)json_integer_value(json);
        return true;
    }
    if (json_is_real(json) && json_real_value(json) >= 0 && json_real_value(json) < 1e15) {
        *out_number = (unsigned long long)json_real_value(json);
        return true;
    }
    return false;
}

static const char *read_hello(ts_message *message, const json_t *hello) {
    unsigned long long protocol = 0;
    if (!whole_number(json_object_get(hello, "protocol"), &protocol)) {
        return "hello needs the number of the protocol";
    }
    if (protocol != TS_ADAPTER_PROTOCOL) {
        return "it speaks another version of the protocol than 1";
    }
    message->text = json_string_value(json_object_get(hello, "name"));
    message->version = json_string_value(json_object_get(hello, "version"));
    if (message->text == NULL || message->version == NULL) {
        return "hello needs name and version, both strings";
    }
    const json_t *capabilities = json_object_get(hello, "capabilities");
    if (!json_is_array(capabilities)) {
        return "hello needs capabilities, a list";
    }
    for (size_t i = 0; i < json_array_size(capabilities); i++) {
        const char *name = json_string_value(json_array_get(capabilities, i));
        if (name == NULL) {
            return "capabilities are strings";
        }
        message->capabilities |= ts_capability_from_name(name);
    }
    return NULL;
}

static const char *read_observe(ts_message *message, const json_t *observe) {
    size_t size = json_array_size(observe);
    message->lane = json_string_value(json_array_get(observe, 0));
    message->text = json_string_value(json_array_get(observe, 1));
    if (message->lane == NULL || message->text == NULL || size > 4) {
        return "observe is [lane, name], [lane, name, value] or [lane, name, value, \"chunk\"]";
    }
    message->value = json_array_get(observe, 2);
    if (size == 4) {
        const char *word = json_string_value(json_array_get(observe, 3));
        message->chunk = word != NULL && strcmp(word, "chunk") == 0;
        return message->chunk ? NULL : "the fourth element of observe is \"chunk\"";
    }
    return NULL;
}

static const char *read_text(ts_message *message, const json_t *text) {
    message->text = json_string_value(text);
    return message->text != NULL ? NULL : "a string is missing";
}

static const char *read_listening(ts_message *message, const json_t *server) {
    message->text = json_string_value(server);
    message->value = json_object_get(message->json, "address");
    unsigned long long port = 0;
    bool is_path = json_is_string(json_object_get(message->value, "path"));
    bool is_host = json_is_string(json_object_get(message->value, "host")) &&
                   whole_number(json_object_get(message->value, "port"), &port) && port > 0 &&
                   port <= UINT16_MAX;
    return message->text != NULL && (is_path || is_host)
               ? NULL
               : "listening needs a name, and an address with host and port, or path";
}

static const char *read_synced(ts_message *message, const json_t *number) {
    const json_t *pending = json_object_get(message->json, "pending");
    return whole_number(number, &message->number) && whole_number(pending, &message->pending)
               ? NULL
               : "synced and pending are whole numbers";
}

static const char *read_stopped(ts_message *message, const json_t *stopped) {
    const json_t *left = json_object_get(message->json, "left");
    if (!json_is_true(stopped) || (left != NULL && !whole_number(left, &message->left))) {
        return "stopped is true";
    }
    return NULL;
}

static const struct {
    const char *key;
    ts_message_kind kind;
    const char *(*read)(ts_message *message, const json_t *operand);
} kinds[] = {
    {"hello", TS_MESSAGE_HELLO, read_hello},    {"observe", TS_MESSAGE_OBSERVE, read_observe},
    {"signal", TS_MESSAGE_SIGNAL, read_text},   {"listening", TS_MESSAGE_LISTENING, read_listening},
    {"synced", TS_MESSAGE_SYNCED, read_synced}, {"unsupported", TS_MESSAGE_UNSUPPORTED, read_text},
    {"failed", TS_MESSAGE_FAILED, read_text},   {"stopped", TS_MESSAGE_STOPPED, read_stopped},
};

/* What is wrong with the message, NULL when nothing is. */
static const char *read_message(ts_message *message) {
    if (!json_is_object(message->json)) {
        return "no object";
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const json_t *operand = json_object_get(message->json, kinds[i].key);
        if (operand == NULL) {
            continue;
        }
        message->kind = kinds[i].kind;
        if (message->kind != TS_MESSAGE_HELLO &&
            !whole_number(json_object_get(message->json, "run"), &message->run)) {
            return "the number of its run is missing";
        }
        return kinds[i].read(message, operand);
    }
    return "unknown message";
}

bool ts_message_read(const char *line, size_t length, ts_message *out_message, char **out_error) {
    json_error_t error;
    ts_message message = {.json = parse(line, length, &error)};
    char *shown = NULL;
    if (message.json == NULL) {
        shown = excerpt(line, length);
        *out_error = length == 0 ? ts_duplicate("an empty line")
                                 : ts_format("no JSON (%s): %s", error.text, shown);
    } else {
        const char *wrong = read_message(&message);
        if (wrong == NULL) {
            *out_message = message;
            return true;
        }
        shown = excerpt(line, length);
        *out_error = ts_format("%s: %s", wrong, shown);
    }
    free(shown);
    json_decref(message.json);
    return false;
}

void ts_message_free(ts_message *message) {
    json_decref(message->json);
    *message = (ts_message){0};
}

/* --- writing ------------------------------------------------------------------------------ */

/* Consumes `message`. */
static void write_message(ts_text *text, json_t *message) {
    char *line = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    if (line == NULL) {
        return; /* no such JSON was loaded */
    }
    ts_text_append(text, line);
    ts_text_append(text, "\n");
    free(line);
}

void ts_message_write_start(ts_text *text, const ts_run_start *start) {
    const ts_scenario *scenario = start->scenario;
    json_t *script = json_incref(scenario->script);
    json_t *lanes = scenario->lanes != NULL ? json_incref(scenario->lanes) : json_object();
    json_t *addresses = json_deep_copy(start->addresses);
    json_t *details =
        json_pack("{s:s, s:o, s:o, s:o, s:f, s:s}", "id", scenario->id, "script", script, "lanes",
                  lanes, "addresses", addresses, "time_scale", start->time_scale, "unix_path",
                  start->unix_path != NULL ? start->unix_path : "");
    write_message(text, json_pack("{s:I, s:o}", "run", (json_int_t)start->run, "start", details));
}

void ts_message_write_signal(ts_text *text, unsigned long long run, const char *name) {
    write_message(text, json_pack("{s:I, s:s}", "run", (json_int_t)run, "signal", name));
}

void ts_message_write_sync(ts_text *text, unsigned long long run, unsigned long long number) {
    write_message(text,
                  json_pack("{s:I, s:I}", "run", (json_int_t)run, "sync", (json_int_t)number));
}

void ts_message_write_stop(ts_text *text, unsigned long long run) {
    write_message(text, json_pack("{s:I, s:b}", "run", (json_int_t)run, "stop", 1));
}
