/* JSON as a person would lay it out. */
#ifndef TOUCHSTONE_BASE_JSON_LAYOUT_H
#define TOUCHSTONE_BASE_JSON_LAYOUT_H

#include "base/text.h"

/* Appends `value`, ending with a newline: what fits into 100 columns stands on one line; lists of
 * short items fill lines; the outermost object has one member a line. Members keep their order. */
void ts_json_layout(ts_text *text, json_t *value);
/* Appends `value` to a line that is `column` characters long already and begins with `indent`
 * spaces; no newline follows. */
void ts_json_layout_inside(ts_text *text, json_t *value, size_t indent, size_t column);

#endif
