/* Lanes and expectations. */
#include "scenario/check.h"

#include <string.h>

/* --- lanes -------------------------------------------------------------------------------- */

void ts_check_lanes(ts_checker *checker, json_t *value) {
    ts_check_members(checker, value, "an object of lanes", ts_check_string_list);
    json_t *owners = json_object();
    const char *lane;
    json_t *labels;
    json_object_foreach(value, lane, labels) {
        size_t index;
        json_t *label;
        json_array_foreach(labels, index, label) {
            const char *name = json_string_value(label);
            const char *owner =
                name != NULL ? json_string_value(json_object_get(owners, name)) : "";
            if (owner == NULL) {
                (void)json_object_set_new(owners, name, json_string(lane));
            } else if (name != NULL) {
                ts_check_fail(checker, "\"%s\" is in two lanes, \"%s\" and \"%s\"", name, owner,
                              lane);
            }
        }
    }
    json_decref(owners);
}

/* Whether the lane is one that the connections of some peer can have. */
static bool is_lane_of_peer(json_t *peers, const char *lane) {
    if (json_object_get(json_object_get(peers, lane), "connects") != NULL) {
        return true;
    }
    const char *dot = strrchr(lane, '.');
    if (dot == NULL || dot[1] < '1' || dot[1] > '9' ||
        dot[1 + strspn(dot + 1, "0123456789")] != '\0') {
        return false;
    }
    json_t *peer = json_object_getn(peers, lane, (size_t)(dot - lane));
    return json_object_get(peer, "accepts") != NULL;
}

/* --- observations ------------------------------------------------------------------------- */

static void check_observation(ts_checker *checker, json_t *value);
static void check_element(ts_checker *checker, json_t *value);

static void check_group(ts_checker *checker, json_t *value) {
    enum { MOST = 64 };
    if (json_array_size(value) > MOST) {
        ts_check_fail(checker, "a group has at most %d observations", (int)MOST);
        return;
    }
    ts_check_list_of(checker, value, "a list of observations", check_observation);
}

static void check_observation(ts_checker *checker, json_t *value) {
    if (json_is_string(value)) {
        return;
    }
    if (!json_is_object(value) || json_object_size(value) != 1) {
        ts_check_fail(checker, "an observation is a string or {name: value}, not %s",
                      json_is_object(value) ? "an object with several keys"
                                            : ts_check_type_name(value));
        return;
    }
    const char *name = json_object_iter_key(json_object_iter(value));
    json_t *inner = json_object_iter_value(json_object_iter(value));
    if (strcmp(name, "$unordered") == 0 || strcmp(name, "$optional") == 0) {
        ts_check_fail(checker, "\"%s\" stands only as an element of a lane", name);
        return;
    }
    size_t mark = ts_check_enter_key(checker, name);
    ts_check_matcher(checker, inner);
    ts_check_leave(checker, mark);
}

static void check_element(ts_checker *checker, json_t *value) {
    json_t *group = json_object_get(value, "$unordered");
    json_t *optional = json_object_get(value, "$optional");
    if ((group == NULL && optional == NULL) || json_object_size(value) != 1) {
        check_observation(checker, value);
        return;
    }
    size_t mark = ts_check_enter_key(checker, group != NULL ? "$unordered" : "$optional");
    if (group != NULL) {
        check_group(checker, group);
    } else {
        check_observation(checker, optional);
    }
    ts_check_leave(checker, mark);
}

static void check_lane(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of observations", check_element);
}

void ts_check_expectation(ts_checker *checker, json_t *expect, json_t *lanes, json_t *peers) {
    checker->place = TS_IN_EXPECTATION;
    ts_check_members(checker, expect, "an object of lanes", check_lane);
    const char *lane;
    json_t *list;
    json_object_foreach(expect, lane, list) {
        if (strcmp(lane, "main") != 0 && json_object_get(lanes, lane) == NULL &&
            !is_lane_of_peer(peers, lane)) {
            ts_check_fail(checker, "nothing is in a lane \"%s\"", lane);
        }
    }
}
