#include "cli/version.h"

const char *ts_version(void) {
    return TOUCHSTONE_VERSION;
}
