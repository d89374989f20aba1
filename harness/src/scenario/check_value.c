/* Values: references and special forms. */
#include "scenario/check.h"

#include "base/bytes.h"

#include <string.h>

static void check_inner(ts_checker *checker, json_t *value) {
    if (checker->place == TS_IN_EXPECTATION) {
        ts_check_matcher(checker, value);
    } else {
        ts_check_value(checker, value);
    }
}

static void check_hexadecimal(ts_checker *checker, json_t *value) {
    ts_text bytes = {0};
    if (!json_is_string(value) || !ts_bytes_from_hexadecimal(&bytes, json_string_value(value))) {
        ts_check_fail(checker, "here stand pairs of hexadecimal digits");
    }
    ts_text_free(&bytes);
}

static void check_number_word(ts_checker *checker, json_t *value) {
    static const char *const words[] = {"NaN", "Infinity", "-Infinity", "-0"};
    for (size_t i = 0; json_is_string(value) && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(json_string_value(value), words[i]) == 0) {
            return;
        }
    }
    ts_check_fail(checker, "here stands \"NaN\", \"Infinity\", \"-Infinity\" or \"-0\"");
}

static void check_digits(ts_checker *checker, json_t *value) {
    const char *text = json_string_value(value);
    size_t sign = text != NULL && text[0] == '-' ? 1 : 0;
    size_t digits = text != NULL ? strspn(text + sign, "0123456789") : 0;
    if (digits == 0 || text[sign + digits] != '\0') {
        ts_check_fail(checker, "here stands a whole number as a string");
    }
}

static void check_code_point(ts_checker *checker, json_t *value) {
    if (checker->place == TS_IN_SCRIPT && json_is_string(value)) {
        ts_check_value(checker, value);
    } else if (!json_is_integer(value) || json_integer_value(value) < 0 ||
               json_integer_value(value) > 0x10FFFF) {
        ts_check_fail(checker, "here stands the number of a character");
    }
}

static void check_repetition(ts_checker *checker, json_t *value) {
    enum { MOST = 1 << 26 };
    if (json_array_size(value) != 2) {
        ts_check_fail(checker, "here stands [what, how many times]");
        return;
    }
    size_t mark = ts_check_enter_index(checker, 0);
    check_inner(checker, json_array_get(value, 0));
    ts_check_leave(checker, mark);
    mark = ts_check_enter_index(checker, 1);
    json_t *times = json_array_get(value, 1);
    ts_check_count(checker, times);
    if (json_is_integer(times) && json_integer_value(times) > MOST) {
        ts_check_fail(checker, "more than %d repetitions", (int)MOST);
    }
    ts_check_leave(checker, mark);
}

static void check_inner_list(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list", check_inner);
}

static void check_pair(ts_checker *checker, json_t *value) {
    if (json_array_size(value) != 2) {
        ts_check_fail(checker, "here stands a list of two values");
        return;
    }
    check_inner_list(checker, value);
}

static void check_pairs(ts_checker *checker, json_t *value) {
    if (checker->place == TS_IN_SCRIPT && json_is_string(value)) {
        ts_check_value(checker, value);
        return;
    }
    ts_check_list_of(checker, value, "a list of pairs", check_pair);
}

static void check_inner_members(ts_checker *checker, json_t *value) {
    ts_check_members(checker, value, "an object", check_inner);
}

static void check_number(ts_checker *checker, json_t *value) {
    if (json_is_number(value)) {
        return;
    }
    if (checker->place == TS_IN_SCRIPT && (json_is_string(value) || json_is_object(value))) {
        ts_check_value(checker, value);
        return;
    }
    ts_check_fail(checker, "here stands a number, not %s", ts_check_type_name(value));
}

static void check_instance(ts_checker *checker, json_t *value) {
    if (json_array_size(value) != 2) {
        ts_check_fail(checker, "here stands [value, \"http.ClassName\"]");
        return;
    }
    size_t mark = ts_check_enter_index(checker, 0);
    ts_check_value(checker, json_array_get(value, 0));
    ts_check_leave(checker, mark);
    mark = ts_check_enter_index(checker, 1);
    ts_check_path(checker, json_array_get(value, 1));
    ts_check_leave(checker, mark);
}

static void check_type(ts_checker *checker, json_t *value) {
    static const char *const types[] = {"string",   "number", "boolean", "undefined", "null",
                                        "function", "list",   "object",  "buffer"};
    for (size_t i = 0; json_is_string(value) && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(json_string_value(value), types[i]) == 0) {
            return;
        }
    }
    ts_check_fail(checker, "here stands one of string, number, boolean, undefined, null, function, "
                           "list, object, buffer");
}

static void check_choices(ts_checker *checker, json_t *value) {
    if (json_array_size(value) == 0) {
        ts_check_fail(checker, "here stands a list of at least one value");
        return;
    }
    check_inner_list(checker, value);
}

typedef struct ts_form {
    const char *name;
    ts_check check;
    unsigned places;
    const char *companion; /* a second key; NULL: none */
    ts_check check_companion;
    bool needs_companion;
} ts_form;

enum {
    SCRIPT = TS_IN_SCRIPT,
    EXPECTED = TS_IN_EXPECTATION,
    SHOWN = TS_IN_SCRIPT | TS_IN_EXPECTATION,
    EVERYWHERE = TS_IN_SCRIPT | TS_IN_PEER | TS_IN_EXPECTATION,
};

/* The result of a form: a function is written out in a script, and only named in a trace. */
static void check_function_form(ts_checker *checker, json_t *value) {
    if (checker->place == TS_IN_EXPECTATION) {
        ts_check_matcher(checker, value);
    } else {
        ts_check_function(checker, value);
    }
}

static const ts_form forms[] = {
    {"$undefined", ts_check_true, SHOWN, NULL, NULL, false},
    {"$number", check_number_word, SHOWN, NULL, NULL, false},
    {"$bigint", check_digits, SHOWN, NULL, NULL, false},
    {"$symbol", ts_check_text, SHOWN, NULL, NULL, false},
    {"$bytes", check_hexadecimal, EVERYWHERE, NULL, NULL, false},
    {"$buffer", check_inner, EVERYWHERE, NULL, NULL, false},
    {"$uint8array", check_hexadecimal, SCRIPT, NULL, NULL, false},
    {"$latin1", check_inner, EVERYWHERE, NULL, NULL, false},
    {"$char", check_code_point, EVERYWHERE, NULL, NULL, false},
    {"$repeat", check_repetition, EVERYWHERE, NULL, NULL, false},
    {"$concat", check_inner_list, EVERYWHERE, NULL, NULL, false},
    {"$error", check_inner_members, SCRIPT, NULL, NULL, false},
    {"$function", check_function_form, SHOWN, NULL, NULL, false},
    {"$new", ts_check_path, SCRIPT, "args", ts_check_values, false},
    {"$super", ts_check_values, SCRIPT, NULL, NULL, false},
    {"$date", check_number, SHOWN, NULL, NULL, false},
    {"$map", check_pairs, SHOWN, NULL, NULL, false},
    {"$set", check_inner_list, EXPECTED, NULL, NULL, false},
    {"$headers", check_pairs, SHOWN, NULL, NULL, false},
    {"$url", check_inner, SHOWN, NULL, NULL, false},
    {"$null_prototype", check_inner_members, SCRIPT, NULL, NULL, false},
    {"$typeof", check_inner, SCRIPT, NULL, NULL, false},
    {"$length", check_inner, SCRIPT, NULL, NULL, false},
    {"$text", check_inner, SCRIPT, "encoding", ts_check_text, false},
    {"$keys", check_inner, SCRIPT, NULL, NULL, false},
    {"$is", check_pair, SCRIPT, NULL, NULL, false},
    {"$instance", check_instance, SCRIPT, NULL, NULL, false},
    {"$not", check_inner, SCRIPT, NULL, NULL, false},
    {"$ms", check_number, SCRIPT, NULL, NULL, false},
    {"$ref", ts_check_text, EXPECTED, NULL, NULL, false},
    {"$object", ts_check_text, EXPECTED, NULL, NULL, false},
    {"$any", ts_check_true, EXPECTED, NULL, NULL, false},
    {"$type", check_type, EXPECTED, NULL, NULL, false},
    {"$oneOf", check_choices, EXPECTED, NULL, NULL, false},
    {"$glob", ts_check_text, EXPECTED, NULL, NULL, false},
    {"$near", check_number, EXPECTED, "within", check_number, true},
    {"$includes", check_inner_members, EXPECTED, NULL, NULL, false},
};

static const ts_form *find_form(ts_checker *checker, const char *name) {
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(forms[i].name, name) != 0) {
            continue;
        }
        if ((forms[i].places & (unsigned)checker->place) != 0) {
            return &forms[i];
        }
        ts_check_fail(checker, "\"%s\" has no place %s", name,
                      checker->place == TS_IN_SCRIPT ? "in a script"
                      : checker->place == TS_IN_PEER ? "in a peer"
                                                     : "in an expectation");
        return NULL;
    }
    const char *names[sizeof(forms) / sizeof(forms[0])];
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        names[i] = forms[i].name;
    }
    const char *meant = ts_check_nearest(name, names, sizeof(names) / sizeof(names[0]));
    if (meant != NULL) {
        ts_check_fail(checker, "unknown form \"%s\"; did you mean \"%s\"?", name, meant);
    } else {
        ts_check_fail(checker,
                      "unknown form \"%s\" (a key that really begins with $ is written "
                      "with $$)",
                      name);
    }
    return NULL;
}

static void check_form(ts_checker *checker, json_t *object, const char *name) {
    const ts_form *form = find_form(checker, name);
    if (form == NULL) {
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        bool companion = form->companion != NULL && strcmp(key, form->companion) == 0;
        if (!companion && strcmp(key, name) != 0) {
            ts_check_fail(checker, "\"%s\" can't stand beside \"%s\"", key, name);
            continue;
        }
        size_t mark = ts_check_enter_key(checker, key);
        (companion ? form->check_companion : form->check)(checker, member);
        ts_check_leave(checker, mark);
    }
    if (form->needs_companion && json_object_get(object, form->companion) == NULL) {
        ts_check_fail(checker, "\"%s\" needs \"%s\"", name, form->companion);
    }
}

/* The key that makes an object a special form, NULL for a plain object. */
static const char *form_key(json_t *object) {
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        if (key[0] == '$' && key[1] != '$') {
            return key;
        }
    }
    return NULL;
}

static void check_reference(ts_checker *checker, const char *text) {
    if (text[0] != '$' || text[1] == '$') {
        return;
    }
    if (checker->place == TS_IN_PEER && !ts_check_is_address(text + 1)) {
        ts_check_fail(checker, "a peer knows no variables, only $port, $host and $unix; the text "
                               "$ is written $$");
        return;
    }
    if (text[1] == '\0') {
        ts_check_fail(checker, "an empty reference; the text $ is written $$");
        return;
    }
    ts_check_path_text(checker, text + 1);
}

static void check_any_value(ts_checker *checker, json_t *value) {
    if (json_is_array(value)) {
        check_inner_list(checker, value);
    } else if (json_is_object(value)) {
        const char *form = form_key(value);
        if (form != NULL) {
            check_form(checker, value, form);
        } else {
            check_inner_members(checker, value);
        }
    }
}

void ts_check_value(ts_checker *checker, json_t *value) {
    if (json_is_string(value)) {
        check_reference(checker, json_string_value(value));
        return;
    }
    check_any_value(checker, value);
}

void ts_check_values(ts_checker *checker, json_t *value) {
    ts_check_list_of(checker, value, "a list of values", ts_check_value);
}

/* In an expectation strings are what they say. */
void ts_check_matcher(ts_checker *checker, json_t *value) {
    check_any_value(checker, value);
}
