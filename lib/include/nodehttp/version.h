/* Which libnodehttp this is, and which Node.js it behaves like. */
#ifndef NODEHTTP_VERSION_H
#define NODEHTTP_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/* Version of these headers. */
#define NH_VERSION "0.1.0"
/* The Node.js release whose http module is the model. */
#define NH_NODE_VERSION "v23.5.0"

/* nh_version returns the version of the library that is linked, e.g. "0.1.0": a static string. It
 * differs from NH_VERSION where a program meets a shared library other than the one it was compiled
 * for. */
const char *nh_version(void);

/* nh_node_version returns the Node.js release that the linked library behaves like, e.g. "v23.5.0",
 * as process.version writes it: a static string. */
const char *nh_node_version(void);

#ifdef __cplusplus
}
#endif

#endif
