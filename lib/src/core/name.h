/* core/name.h - comparing names of events, classes and states.
 *
 * They are short, and most differ in their first character, so that calling the C library takes
 * longer than comparing; much longer where a sanitizer looks at each such call. */
#ifndef NH_CORE_NAME_H
#define NH_CORE_NAME_H

#include <stdbool.h>

static inline bool nh_name_equals(const char *name, const char *other) {
    while (*name == *other && *name != '\0') {
        name++;
        other++;
    }
    return *name == *other;
}

#endif
