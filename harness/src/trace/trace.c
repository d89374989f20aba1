#include "trace/trace.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { COST_OF_VALUE = 32, COST_OF_OBSERVATION = 96 };

static ts_lane *need_lane(ts_trace *trace, const char *name) {
    for (size_t i = 0; i < trace->count; i++) {
        if (strcmp(trace->lanes[i].name, name) == 0) {
            return &trace->lanes[i];
        }
    }
    trace->lanes = ts_grow(trace->lanes, trace->count, &trace->capacity, sizeof(ts_lane));
    ts_lane *lane = &trace->lanes[trace->count++];
    *lane = (ts_lane){.name = ts_duplicate(name)};
    return lane;
}

const ts_lane *ts_trace_lane(const ts_trace *trace, const char *name) {
    for (size_t i = 0; i < trace->count; i++) {
        if (strcmp(trace->lanes[i].name, name) == 0) {
            return &trace->lanes[i];
        }
    }
    return NULL;
}

static size_t cost_of(json_t *value) {
    if (value == NULL) {
        return 0;
    }
    size_t cost = COST_OF_VALUE + json_string_length(value);
    size_t index;
    json_t *item;
    json_array_foreach(value, index, item) {
        cost += cost_of(item);
    }
    const char *key;
    json_object_foreach(value, key, item) {
        cost += strlen(key) + cost_of(item);
    }
    return cost;
}

/* Whether neighbours of this name make one piece of a byte stream. */
static bool is_stream_piece(const char *name, const json_t *value) {
    size_t length = strlen(name);
    bool data = length > 5 && strcmp(name + length - 5, ":data") == 0;
    return (data || strcmp(name, "receives") == 0) && value != NULL && ts_bytes_is(value);
}

void ts_trace_add(ts_trace *trace, const char *lane_name, const char *name, json_t *value,
                  bool chunk) {
    ts_lane *lane = need_lane(trace, lane_name);
    trace->observations++;
    trace->bytes += cost_of(value) + COST_OF_OBSERVATION;
    bool joins = !chunk && is_stream_piece(name, value);
    ts_observation *last = lane->count > 0 ? &lane->observations[lane->count - 1] : NULL;
    if (joins && last != NULL && last->joining && strcmp(last->name, name) == 0) {
        ts_bytes_append(&last->bytes, value);
        return;
    }
    lane->observations =
        ts_grow(lane->observations, lane->count, &lane->capacity, sizeof(ts_observation));
    ts_observation *added = &lane->observations[lane->count++];
    *added = (ts_observation){.name = ts_duplicate(name), .joining = joins};
    if (joins) {
        ts_bytes_append(&added->bytes, value);
    } else {
        added->value = json_incref(value);
    }
}

void ts_trace_free(ts_trace *trace) {
    for (size_t i = 0; i < trace->count; i++) {
        ts_lane *lane = &trace->lanes[i];
        for (size_t j = 0; j < lane->count; j++) {
            free(lane->observations[j].name);
            json_decref(lane->observations[j].value);
            ts_text_free(&lane->observations[j].bytes);
        }
        free(lane->observations);
        free(lane->name);
    }
    free(trace->lanes);
    *trace = (ts_trace){0};
}

json_t *ts_observation_value(const ts_observation *observation) {
    if (observation->joining) {
        return ts_bytes_to_json(ts_text_get(&observation->bytes), observation->bytes.length);
    }
    return json_incref(observation->value);
}

json_t *ts_observation_to_json(const ts_observation *observation) {
    json_t *value = ts_observation_value(observation);
    if (value == NULL) {
        return json_string_nocheck(observation->name);
    }
    json_t *object = json_object();
    (void)json_object_set_new_nocheck(object, observation->name, value);
    return object;
}

json_t *ts_trace_to_json(const ts_trace *trace) {
    json_t *lanes = json_object();
    for (size_t i = 0; i < trace->count; i++) {
        const ts_lane *lane = &trace->lanes[i];
        json_t *list = json_array();
        for (size_t j = 0; j < lane->count; j++) {
            (void)json_array_append_new(list, ts_observation_to_json(&lane->observations[j]));
        }
        (void)json_object_set_new_nocheck(lanes, lane->name, list);
    }
    return lanes;
}
