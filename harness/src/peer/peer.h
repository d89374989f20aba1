/* The raw TCP peers of a scenario (scenarios/README.md, "Peers"), on an nh_loop. */
#ifndef TOUCHSTONE_PEER_PEER_H
#define TOUCHSTONE_PEER_PEER_H

#include <jansson.h>
#include <nodehttp/loop.h>
#include <stdbool.h>

typedef struct ts_peers ts_peers;

/* What peers report, from turns of the loop and never from inside a call. JSON is borrowed. */
typedef struct ts_peers_observer {
    /* `value` NULL: none ("ends", "resets"). */
    void (*observed)(void *owner, const char *lane, const char *name, json_t *value);
    /* A peer gave a signal; the other peers have it already. */
    void (*signalled)(void *owner, const char *name);
    /* The peers can't do what the scenario says. */
    void (*failed)(void *owner, const char *message);
} ts_peers_observer;

/* Peers of the checked object `peers` (borrowed until ts_peers_free()) on `loop`, listening
 * already. `unix_path` is what paths of their UNIX sockets begin with. `time_scale` multiplies
 * pauses. NULL, and a message in `*out_error` owned by the caller, when one can't listen. */
ts_peers *ts_peers_new(nh_loop *loop, const json_t *peers, const char *unix_path, double time_scale,
                       const ts_peers_observer *observer, void *owner, char **out_error);
/* {"origin": {"host", "port"} or {"path"}} of all that accept or refuse. Borrowed. */
const json_t *ts_peers_addresses(const ts_peers *peers);

/* A server of the implementation listens: those that connect to it start. */
void ts_peers_listening(ts_peers *peers, const char *server, const json_t *address);
/* The script gave a signal. */
void ts_peers_signal(ts_peers *peers, const char *name);

/* Whether every peer is done or waits for something that only the other side can bring (bytes, an
 * end, a signal, or room for what it sends): false while one pauses, connects, closes, or waits for
 * the other side to read. */
bool ts_peers_are_quiescent(const ts_peers *peers);
/* A number that grows with everything that happens to a peer, recorded or not. */
unsigned long long ts_peers_activity(const ts_peers *peers);

/* Closes everything and reports nothing more; the loop runs the closing. */
void ts_peers_close(ts_peers *peers);
/* Frees them, before their loop; NULL is allowed. What is still open is closed without a report. */
void ts_peers_free(ts_peers *peers);

#endif
