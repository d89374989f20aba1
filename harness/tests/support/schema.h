/* As much of JSON Schema (draft 2020-12) as scenario.schema.json uses. */
#ifndef TOUCHSTONE_TESTS_SUPPORT_SCHEMA_H
#define TOUCHSTONE_TESTS_SUPPORT_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

/* Whether `value` is valid. A keyword that is not implemented ends the program: it would pass
 * unnoticed. */
bool schema_accepts(json_t *schema, json_t *value);

#endif
