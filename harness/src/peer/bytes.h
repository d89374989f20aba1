/* The bytes that a value in a peer's script stands for. */
#ifndef TOUCHSTONE_PEER_BYTES_H
#define TOUCHSTONE_PEER_BYTES_H

#include "base/text.h"

/* Most bytes of one value. */
#define TS_PEER_MOST_BYTES ((size_t)64 << 20)

/* Appends the bytes of `value`: text in UTF-8, a reference to an address ("$port.server", which
 * `addresses` knows by name), or a special form. false, and a message in `*out_error` owned by the
 * caller, when it is none of them or too long. */
bool ts_peer_bytes(const json_t *value, const json_t *addresses, ts_text *bytes, char **out_error);

#endif
