/* reference/binding_rows.h - the files that make up the binding table.
 *
 * Each bind_NAME.c defines `const ts_binding_rows ts_binding_rows_of_NAME`. The order matters: rows
 * of derived classes come before those of their bases. */
#ifndef TS_REFERENCE_BINDING_ROWS_H
#define TS_REFERENCE_BINDING_ROWS_H

#include "reference/binding.h"

#define TS_BINDING_GROUPS(X)                                                                       \
    X(http)                                                                                        \
    X(client_request)                                                                              \
    X(server_response)                                                                             \
    X(outgoing_message)                                                                            \
    X(incoming_message)                                                                            \
    X(agent)                                                                                       \
    X(socket)                                                                                      \
    X(server)                                                                                      \
    X(net_server)                                                                                  \
    X(stream)                                                                                      \
    X(emitter)                                                                                     \
    X(global)

#define TS_BINDING_DECLARE(name) extern const ts_binding_rows ts_binding_rows_of_##name;
TS_BINDING_GROUPS(TS_BINDING_DECLARE)
#undef TS_BINDING_DECLARE

/* For the end of such a file. */
#define TS_BINDING_ROWS(name, table)                                                               \
    const ts_binding_rows ts_binding_rows_of_##name = {(table), sizeof(table) / sizeof((table)[0])}

#endif
