/* The inside of the raw peers.
 *
 * A peer listens, refuses or connects (peers.c). Each of its connections runs a script of its own
 * (step.c) over a transport connection (connection.c). All of it happens in turns of the loop; what
 * comes from outside (signals, addresses) is taken up in an immediate. */
#ifndef TOUCHSTONE_PEER_INTERNAL_H
#define TOUCHSTONE_PEER_INTERNAL_H

#include "base/text.h"
#include "peer/delivery.h"
#include "peer/peer.h"

#include <nodehttp/transport.h>

/* Bounds of one scenario's peers. */
enum { TS_PEER_MOST_CONNECTIONS = 1000, TS_PEER_MOST_UNREAD = 64 << 20 };

typedef struct ts_peer ts_peer;
typedef struct ts_peer_connection ts_peer_connection;

/* What a connection's script waits for. */
typedef enum ts_peer_waiting {
    TS_PEER_RUNS,     /* nothing: its next step comes */
    TS_PEER_CONNECTS, /* the connection */
    TS_PEER_RECEIVES, /* bytes, or the end */
    TS_PEER_SIGNAL,   /* a signal */
    TS_PEER_PAUSES,   /* time */
    TS_PEER_WRITES,   /* the transport to accept bytes */
    TS_PEER_DELIVERS, /* the other end to read them */
    TS_PEER_ENDS,     /* the end of the stream to be sent */
    TS_PEER_CLOSES,   /* the connection to be closed */
    TS_PEER_DONE      /* there are no more steps */
} ts_peer_waiting;

/* A timer or immediate of a connection or peer, one at a time. */
typedef struct ts_peer_later {
    uint64_t timeout;
    uint64_t immediate;
} ts_peer_later;

/* A script's state. */
struct ts_peer_connection {
    ts_peers *peers; /* NULL once they are freed */
    ts_peer_connection *next;
    char *lane;
    char *place; /* of its steps in the scenario: "peers.origin.accepts[0]" */
    const json_t *steps;
    size_t step;           /* the one that runs or comes next */
    size_t after_receives; /* the number of steps up to the last that receives */
    ts_peer_waiting waiting;
    bool is_running; /* inside ts_peer_run() */
    bool keeps_open;

    nh_connection *connection; /* NULL before it is opened and after it was reported closed */
    bool is_tcp;
    bool is_closing;  /* by us */
    bool reads;       /* wanted by the script */
    bool records;     /* wanted by the script */
    bool other_ended; /* the other end sent its FIN, or a reset */
    bool is_broken;   /* a reset or an error: can't be written any more */

    ts_text received; /* and not consumed by a step yet */
    size_t consumed;  /* bytes at its beginning that steps have consumed */
    size_t searched;  /* bytes at its beginning that hold no match */
    json_int_t heads; /* still awaited by the running step */
    ts_text wanted;   /* the text that the running step waits for */

    ts_text sending; /* all bytes of the running step */
    bool is_writing; /* the transport still has to report on a write */
    size_t sent;     /* accepted or under way */
    size_t segment;  /* index of the next size */
    unsigned looks;  /* at the other end, since the last segment */
    uint64_t looked_first_ms;
    bool other_stalls; /* the other end did not read the last time */
    bool is_simulated; /* the kernel has no such connection */

    ts_peer_later later;
};

struct ts_peers {
    nh_loop *loop;
    const nh_transport_operations *transport;
    double time_scale;
    const char *unix_path;
    const ts_peers_observer *observer;
    void *owner;
    bool is_closed;
    bool has_failed;
    json_t *addresses; /* of those that accept or refuse */
    json_t *known;     /* the same, and the servers that listen */
    json_t *signals;   /* given */
    ts_peer *peers;
    ts_peer_connection *connections; /* in the order in which they were made */
    ts_peer_connection **last;
    size_t connection_count;
    unsigned long long activity; /* reads, writes, steps */
    ts_delivery delivery;
};

/* --- peers.c ------------------------------------------------------------------------------ */

/* Reports that the peers can't go on; consumes `message`. The first report counts. */
void ts_peers_fail(ts_peers *peers, char *message);
void ts_peers_observe(ts_peer_connection *connection, const char *name, json_t *value);
/* Gives a signal on behalf of a peer. */
void ts_peers_give(ts_peers *peers, const char *name);

/* Calls `action` with `data` in the next check phase, or after so many milliseconds. What was
 * arranged before is dropped. */
void ts_peer_immediately(ts_peers *peers, ts_peer_later *later, nh_function_call action,
                         void *data);
void ts_peer_after(ts_peers *peers, ts_peer_later *later, uint64_t milliseconds,
                   nh_function_call action, void *data);
void ts_peer_forget(ts_peers *peers, ts_peer_later *later);

/* --- connection.c ------------------------------------------------------------------------- */

/* A new connection of a peer with its script: a list of steps, or an object with `steps`. Consumes
 * `lane` and `place`. It is in the peers' list and freed when it is closed and they are, too. */
ts_peer_connection *ts_peer_connection_new(ts_peers *peers, char *lane, char *place,
                                           const json_t *script, bool keeps_open);
/* Takes over an accepted connection. */
void ts_peer_connection_accept(ts_peer_connection *connection, nh_connection *accepted,
                               bool is_tcp);
void ts_peer_connection_connect(ts_peer_connection *connection, const nh_address *address);
/* Reads or not, as the script wants it. */
void ts_peer_connection_update_reading(ts_peer_connection *connection);
/* Closes it, with RST if `reset`; 0, or why it can't be reset. */
int ts_peer_connection_close(ts_peer_connection *connection, bool reset);
/* Closes it if nothing is left to do on it. */
void ts_peer_connection_close_if_done(ts_peer_connection *connection);
/* Lets go of it when the peers are freed. */
void ts_peer_connection_detach(ts_peer_connection *connection);

/* --- step.c ------------------------------------------------------------------------------- */

/* Runs steps up to one that waits. */
void ts_peer_run(ts_peer_connection *connection);
/* Something arrived, or can't arrive any more: a step that receives may be satisfied. */
void ts_peer_received(ts_peer_connection *connection);
/* The write under way has ended. */
void ts_peer_written(ts_peer_connection *connection, int status);
/* The script's waiting for `what` is over: it goes on. */
void ts_peer_continue(ts_peer_connection *connection, ts_peer_waiting what);
/* The number of steps up to the last one that receives. */
size_t ts_peer_after_receives(const json_t *steps);

#endif
