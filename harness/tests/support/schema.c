#include "schema.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

typedef struct validation {
    json_t *root;
} validation;

static bool accepts(const validation *v, json_t *schema, json_t *value);

static bool has_type(const char *type, const json_t *value) {
    return (strcmp(type, "null") == 0 && json_is_null(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "number") == 0 && json_is_number(value)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "object") == 0 && json_is_object(value));
}

static bool check_type(const json_t *types, const json_t *value) {
    size_t index;
    json_t *type;
    if (json_is_string(types)) {
        return has_type(json_string_value(types), value);
    }
    json_array_foreach(types, index, type) {
        if (has_type(json_string_value(type), value)) {
            return true;
        }
    }
    return false;
}

static bool check_pattern(const json_t *pattern, const json_t *value) {
    if (!json_is_string(value)) {
        return true;
    }
    regex_t expression;
    if (regcomp(&expression, json_string_value(pattern), REG_EXTENDED | REG_NOSUB) != 0) {
        (void)fprintf(stderr, "schema: bad pattern %s\n", json_string_value(pattern));
        abort();
    }
    bool matches = regexec(&expression, json_string_value(value), 0, NULL, 0) == 0;
    regfree(&expression);
    return matches;
}

static size_t count_accepting(const validation *v, json_t *schemas, json_t *value) {
    size_t count = 0;
    size_t index;
    json_t *schema;
    json_array_foreach(schemas, index, schema) {
        count += accepts(v, schema, value);
    }
    return count;
}

static bool check_required(const json_t *names, const json_t *value) {
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name) {
        if (json_is_object(value) && json_object_get(value, json_string_value(name)) == NULL) {
            return false;
        }
    }
    return true;
}

static bool check_members(const validation *v, json_t *schema, json_t *value) {
    json_t *properties = json_object_get(schema, "properties");
    json_t *additional = json_object_get(schema, "additionalProperties");
    json_t *names = json_object_get(schema, "propertyNames");
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        json_t *own = json_object_get(properties, key);
        json_t *applied = own != NULL ? own : additional;
        if (applied != NULL && !accepts(v, applied, member)) {
            return false;
        }
        json_t *name = json_string(key);
        bool named = names == NULL || accepts(v, names, name);
        json_decref(name);
        if (!named) {
            return false;
        }
    }
    return true;
}

static bool check_elements(const validation *v, json_t *schema, json_t *value) {
    json_t *first = json_object_get(schema, "prefixItems");
    json_t *items = json_object_get(schema, "items");
    size_t index;
    json_t *element;
    json_array_foreach(value, index, element) {
        json_t *own = json_array_get(first, index);
        json_t *applied = own != NULL ? own : items;
        if (applied != NULL && !accepts(v, applied, element)) {
            return false;
        }
    }
    return true;
}

static bool check_enum(const json_t *choices, const json_t *value) {
    size_t index;
    json_t *choice;
    json_array_foreach(choices, index, choice) {
        if (json_equal(choice, value)) {
            return true;
        }
    }
    return false;
}

static json_t *resolve(const validation *v, const char *reference) {
    static const char prefix[] = "#/$defs/";
    json_t *found =
        strncmp(reference, prefix, sizeof(prefix) - 1) == 0
            ? json_object_get(json_object_get(v->root, "$defs"), reference + sizeof(prefix) - 1)
            : NULL;
    if (found == NULL) {
        (void)fprintf(stderr, "schema: no %s\n", reference);
        abort();
    }
    return found;
}

static size_t characters(const json_t *text) {
    return ts_utf8_count(json_string_value(text), json_string_length(text));
}

static bool check_keyword(const validation *v, const char *key, json_t *argument, json_t *value) {
    double number = json_number_value(argument);
    if (strcmp(key, "type") == 0) {
        return check_type(argument, value);
    }
    if (strcmp(key, "$ref") == 0) {
        return accepts(v, resolve(v, json_string_value(argument)), value);
    }
    if (strcmp(key, "anyOf") == 0) {
        return count_accepting(v, argument, value) > 0;
    }
    if (strcmp(key, "oneOf") == 0) {
        return count_accepting(v, argument, value) == 1;
    }
    if (strcmp(key, "not") == 0) {
        return !accepts(v, argument, value);
    }
    if (strcmp(key, "const") == 0) {
        return json_equal(argument, value) != 0;
    }
    if (strcmp(key, "enum") == 0) {
        return check_enum(argument, value);
    }
    if (strcmp(key, "pattern") == 0) {
        return check_pattern(argument, value);
    }
    if (strcmp(key, "minLength") == 0) {
        return !json_is_string(value) || (double)characters(value) >= number;
    }
    if (strcmp(key, "minimum") == 0) {
        return !json_is_number(value) || json_number_value(value) >= number;
    }
    if (strcmp(key, "maximum") == 0) {
        return !json_is_number(value) || json_number_value(value) <= number;
    }
    if (strcmp(key, "minItems") == 0) {
        return !json_is_array(value) || (double)json_array_size(value) >= number;
    }
    if (strcmp(key, "maxItems") == 0) {
        return !json_is_array(value) || (double)json_array_size(value) <= number;
    }
    if (strcmp(key, "minProperties") == 0) {
        return !json_is_object(value) || (double)json_object_size(value) >= number;
    }
    if (strcmp(key, "maxProperties") == 0) {
        return !json_is_object(value) || (double)json_object_size(value) <= number;
    }
    static const char *const silent[] = {"description", "title", "$schema", "$id", "$defs",
                                         /* looked at together */
                                         "properties", "additionalProperties", "propertyNames",
                                         "items", "prefixItems", "required"};
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        if (strcmp(key, silent[i]) == 0) {
            return true;
        }
    }
    (void)fprintf(stderr, "schema: keyword %s is not implemented\n", key);
    abort();
}

static bool accepts(const validation *v, json_t *schema, json_t *value) {
    if (json_is_boolean(schema)) {
        return json_is_true(schema);
    }
    /* First what is cheap: of many alternatives most fail there. */
    json_t *required = json_object_get(schema, "required");
    if (required != NULL && !check_required(required, value)) {
        return false;
    }
    const char *key;
    json_t *argument;
    json_object_foreach(schema, key, argument) {
        if (!check_keyword(v, key, argument, value)) {
            return false;
        }
    }
    return check_members(v, schema, value) && check_elements(v, schema, value);
}

bool schema_accepts(json_t *schema, json_t *value) {
    validation v = {schema};
    return accepts(&v, schema, value);
}
