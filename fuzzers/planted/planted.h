/* planted.h - bugs on purpose, one at a time; part of every source file of the build with planted
 * bugs.
 *
 * PLANTED(name) is true when the environment variable TOUCHSTONE_PLANTED_BUG names that bug, with
 * dashes for underscores. Which there are: planted_bugs.h, which script/fuzz --planted makes from
 * the patches.
 *
 * Included before everything else, so it includes no header of the C library itself. */
#ifndef FUZZERS_PLANTED_PLANTED_H
#define FUZZERS_PLANTED_PLANTED_H

enum planted_bug {
#define PLANTED_BUG(name, text) PLANTED_BUG_##name,
#include "planted_bugs.h"
#undef PLANTED_BUG
    PLANTED_BUGS
};

static _Bool planted_chosen[PLANTED_BUGS] __attribute__((unused));

char *getenv(const char *name);

/* Chosen once, when the program starts: asking is cheap then. */
static __attribute__((constructor)) void planted_choose(void) {
    static const char *const names[PLANTED_BUGS] = {
#define PLANTED_BUG(name, text) text,
#include "planted_bugs.h"
#undef PLANTED_BUG
    };
    const char *name = getenv("TOUCHSTONE_PLANTED_BUG");
    for (int i = 0; name != 0 && i < PLANTED_BUGS; i++) {
        planted_chosen[i] = __builtin_strcmp(names[i], name) == 0;
    }
}

#define PLANTED(name) (planted_chosen[PLANTED_BUG_##name])

#endif
