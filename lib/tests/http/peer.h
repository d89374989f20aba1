/* A raw peer for tests of the client: listens on the simulator and answers each request head that
 * it gets with bytes of the test's. */
#ifndef NH_TESTS_HTTP_PEER_H
#define NH_TESTS_HTTP_PEER_H

#include "http/fixture.h"

#define PEER_HOST "127.0.0.1"
#define PEER_PORT 8080
#define PEER_CONNECTIONS 8

/* What the peer does after an answer. */
enum peer_then {
    PEER_STAYS, /* waits for the next head */
    PEER_ENDS,  /* sends FIN */
    PEER_RESETS /* sends RST */
};

struct peer_answer {
    const char *bytes; /* NULL: nothing is sent */
    enum peer_then then;
};

struct peer;
struct peer_connection {
    struct peer *peer;
    nh_connection *connection; /* NULL once closed */
    char received[4096];
    size_t length;
    size_t answered; /* bytes of `received` that were answered */
};

struct peer {
    struct fixture *fixture;
    const struct peer_answer *answers; /* one a head, the last one for all that follow */
    size_t answer_count;
    size_t heads;
    nh_listening *listening;
    struct peer_connection connections[PEER_CONNECTIONS];
    size_t connection_count;
    size_t open;
};

/* Listens on PEER_HOST:PEER_PORT. Everything is over with fixture_close(). */
bool peer_open(struct peer *peer, struct fixture *fixture, const struct peer_answer *answers,
               size_t answer_count);
/* Sends bytes on an open connection from outside. */
void peer_send(struct peer *peer, size_t connection, const char *bytes);
/* Closes a connection, with FIN. */
void peer_end(struct peer *peer, size_t connection);

#endif
