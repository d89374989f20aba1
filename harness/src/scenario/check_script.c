/* Steps, handlers and functions of a script. */
#include "scenario/check.h"

#include <string.h>

typedef struct ts_step_kind {
    const char *key;  /* the key that makes it this kind */
    const char *what; /* for messages */
    const ts_field *fields;
    size_t count;
} ts_step_kind;

static void check_handlers(ts_checker *checker, json_t *value);

/* --- steps -------------------------------------------------------------------------------- */

static void check_equal(ts_checker *checker, json_t *value) {
    if (json_array_size(value) != 2) {
        ts_check_fail(checker, "here stands a list of two values");
        return;
    }
    ts_check_values(checker, value);
}

/* Names of arguments; null leaves one out. */
static void check_argument_name(ts_checker *checker, json_t *value) {
    if (!json_is_null(value)) {
        ts_check_identifier(checker, value);
    }
}

static void check_argument_names(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of names", check_argument_name);
}

static void check_arguments(ts_checker *checker, json_t *value) {
    if (json_is_string(value)) {
        ts_check_value(checker, value);
    } else {
        ts_check_values(checker, value);
    }
}

#define CALL_FIELDS                                                                                \
    {"args", check_arguments, false}, {"let", ts_check_identifier, false},                         \
        {"show", ts_check_true, false}, {                                                          \
        "on", check_handlers, false                                                                \
    }

static const ts_field call_fields[] = {{"call", ts_check_path, true}, CALL_FIELDS};
static const ts_field new_fields[] = {{"new", ts_check_path, true}, CALL_FIELDS};
static const ts_field super_fields[] = {{"super", ts_check_values, true},
                                        {"let", ts_check_identifier, false},
                                        {"show", ts_check_true, false},
                                        {"on", check_handlers, false}};
static const ts_field listen_fields[] = {{"listen", ts_check_path, true},
                                         {"args", check_arguments, false},
                                         {"unix", ts_check_true, false},
                                         {"do", ts_check_steps, false}};
static const ts_field override_fields[] = {{"override", ts_check_path, true},
                                           {"function", ts_check_function, true}};
static const ts_field get_fields[] = {{"get", ts_check_paths, true},
                                      {"label", ts_check_text, false}};
static const ts_field show_fields[] = {{"show", ts_check_value, true},
                                       {"label", ts_check_text, false}};
static const ts_field set_fields[] = {{"set", ts_check_path, true}, {"to", ts_check_value, true}};
static const ts_field on_fields[] = {{"on", ts_check_path, true}, {"events", check_handlers, true}};
static const ts_field off_fields[] = {{"off", ts_check_path, true},
                                      {"events", ts_check_string_list, true}};
static const ts_field mark_fields[] = {{"mark", ts_check_text, true}};
static const ts_field throw_fields[] = {{"throw", ts_check_value, true}};
static const ts_field tick_fields[] = {{"tick", ts_check_steps, true}};
static const ts_field microtask_fields[] = {{"microtask", ts_check_steps, true}};
static const ts_field immediate_fields[] = {{"immediate", ts_check_steps, true}};
static const ts_field after_fields[] = {{"after", ts_check_milliseconds, true},
                                        {"do", ts_check_steps, true}};
static const ts_field signal_fields[] = {{"signal", ts_check_text, true}};
static const ts_field when_fields[] = {{"when", ts_check_text, true}, {"do", ts_check_steps, true}};
static const ts_field if_fields[] = {
    {"if", ts_check_value, true}, {"do", ts_check_steps, false}, {"else", ts_check_steps, false}};
static const ts_field equal_fields[] = {
    {"equal", check_equal, true}, {"do", ts_check_steps, false}, {"else", ts_check_steps, false}};
static const ts_field repeat_fields[] = {{"repeat", ts_check_count, true},
                                         {"do", ts_check_steps, true}};
static const ts_field each_fields[] = {{"each", ts_check_identifier, true},
                                       {"of", check_arguments, true},
                                       {"do", ts_check_steps, true}};
static const ts_field loop_fields[] = {{"loop", ts_check_path, true},
                                       {"args", check_arguments, false},
                                       {"as", ts_check_identifier, false},
                                       {"do", ts_check_steps, false}};
static const ts_field for_await_fields[] = {{"for_await", ts_check_value, true},
                                            {"as", ts_check_identifier, false},
                                            {"do", ts_check_steps, false},
                                            {"then", ts_check_steps, false}};
static const ts_field promise_fields[] = {{"promise", ts_check_value, true},
                                          {"name", ts_check_text, true},
                                          {"do", ts_check_steps, false}};
static const ts_field return_fields[] = {{"return", ts_check_value, true}};
static const ts_field break_fields[] = {{"break", ts_check_true, true}};
static const ts_field assign_fields[] = {{"assign", ts_check_identifier, true},
                                         {"value", ts_check_value, true}};
static const ts_field let_fields[] = {{"let", ts_check_identifier, true},
                                      {"value", ts_check_value, true}};

#define KIND(key, fields)                                                                          \
    { key, "a step \"" key "\"", fields, TS_FIELD_COUNT(fields) }

/* In this order: `show`, `on` and `let` are also options of the first kinds. */
static const ts_step_kind kinds[] = {
    KIND("call", call_fields),
    KIND("new", new_fields),
    KIND("super", super_fields),
    KIND("listen", listen_fields),
    KIND("override", override_fields),
    KIND("get", get_fields),
    KIND("show", show_fields),
    KIND("set", set_fields),
    KIND("on", on_fields),
    KIND("off", off_fields),
    KIND("mark", mark_fields),
    KIND("throw", throw_fields),
    KIND("tick", tick_fields),
    KIND("microtask", microtask_fields),
    KIND("immediate", immediate_fields),
    KIND("after", after_fields),
    KIND("signal", signal_fields),
    KIND("when", when_fields),
    KIND("if", if_fields),
    KIND("equal", equal_fields),
    KIND("repeat", repeat_fields),
    KIND("each", each_fields),
    KIND("loop", loop_fields),
    KIND("for_await", for_await_fields),
    KIND("promise", promise_fields),
    KIND("return", return_fields),
    KIND("break", break_fields),
    KIND("assign", assign_fields),
    KIND("let", let_fields),
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void unknown_step(ts_checker *checker, json_t *step) {
    const char *names[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].key;
    }
    const char *key;
    json_t *member;
    json_object_foreach(step, key, member) {
        const char *meant = ts_check_nearest(key, names, KINDS);
        if (meant != NULL) {
            ts_check_fail(checker, "unknown step \"%s\"; did you mean \"%s\"?", key, meant);
            return;
        }
    }
    key = json_object_iter_key(json_object_iter(step));
    ts_check_fail(checker, key != NULL ? "unknown step \"%s\"" : "an empty step%s",
                  key != NULL ? key : "");
}

static void check_step(ts_checker *checker, json_t *step) {
    if (!json_is_object(step)) {
        ts_check_fail(checker, "a step is an object, not %s", ts_check_type_name(step));
        return;
    }
    for (size_t i = 0; i < KINDS; i++) {
        if (json_object_get(step, kinds[i].key) != NULL) {
            ts_check_fields(checker, step, kinds[i].what, kinds[i].fields, kinds[i].count);
            return;
        }
    }
    unknown_step(checker, step);
}

void ts_check_steps(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of steps", check_step);
}

void ts_check_script(ts_checker *checker, json_t *value) {
    checker->place = TS_IN_SCRIPT;
    ts_check_steps(checker, value);
}

/* --- handlers and functions --------------------------------------------------------------- */

static void check_indices(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of indices", ts_check_count);
}

static void check_step_lists(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of lists of steps", ts_check_steps);
}

static const ts_field handler_fields[] = {
    {"as", check_argument_names, false}, {"do", ts_check_steps, false},
    {"once", ts_check_boolean, false},   {"prepend", ts_check_boolean, false},
    {"record", ts_check_boolean, false}, {"chunks", ts_check_boolean, false},
    {"args", check_indices, false},      {"nth", check_step_lists, false},
};

static const ts_field function_fields[] = {
    {"name", ts_check_text, false},      {"as", check_argument_names, false},
    {"do", ts_check_steps, false},       {"returns", ts_check_value, false},
    {"record", ts_check_boolean, false}, {"args", check_indices, false},
};

/* Whether an object has nothing but the keys of a handler; a step always has another. */
static bool is_handler(json_t *value) {
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        bool known = strcmp(key, "note") == 0;
        for (size_t i = 0; i < TS_FIELD_COUNT(handler_fields); i++) {
            known = known || strcmp(key, handler_fields[i].key) == 0;
        }
        if (!known) {
            return false;
        }
    }
    return json_object_size(value) > 0;
}

static void check_handler(ts_checker *checker, json_t *value) {
    ts_check_fields(checker, value, "a handler", handler_fields, TS_FIELD_COUNT(handler_fields));
}

/* A list of steps, a handler, or a list of handlers. */
static void check_handler_or_steps(ts_checker *checker, json_t *value) {
    if (json_is_array(value)) {
        bool handlers = is_handler(json_array_get(value, 0));
        ts_check_list_of(checker, value, "steps or handlers",
                         handlers ? check_handler : check_step);
    } else {
        check_handler(checker, value);
    }
}

static void check_handlers(ts_checker *checker, json_t *value) {
    ts_check_members(checker, value, "an object of handlers", check_handler_or_steps);
}

void ts_check_function(ts_checker *checker, json_t *value) {
    ts_check_fields(checker, value, "a function", function_fields, TS_FIELD_COUNT(function_fields));
}

/* --- names -------------------------------------------------------------------------------- */

static void introduce(json_t *set, const char *name) {
    if (set != NULL && name != NULL) {
        (void)json_object_set_new(set, name, json_true());
    }
}

void ts_check_gather(ts_checker *checker, json_t *script) {
    size_t index;
    json_t *item;
    json_array_foreach(script, index, item) {
        ts_check_gather(checker, item);
    }
    const char *key;
    json_object_foreach(script, key, item) {
        ts_check_gather(checker, item);
    }
    static const char *const introducing[] = {"let", "assign", "each", "as"};
    for (size_t i = 0; i < sizeof(introducing) / sizeof(introducing[0]); i++) {
        json_t *name = json_object_get(script, introducing[i]);
        introduce(checker->variables, json_string_value(name));
        json_array_foreach(name, index, item) {
            introduce(checker->variables, json_string_value(item));
        }
    }
    introduce(checker->addresses, json_string_value(json_object_get(script, "listen")));
}
