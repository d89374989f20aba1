/* Version of the harness. */
#ifndef TOUCHSTONE_CLI_VERSION_H
#define TOUCHSTONE_CLI_VERSION_H

/* ts_version returns the version of the touchstone program, e.g. "0.1.0": a static string. */
const char *ts_version(void);

#endif
