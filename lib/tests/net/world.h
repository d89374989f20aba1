/* A loop on the simulator and a log, for tests of sockets and servers. */
#ifndef TOUCHSTONE_TESTS_NET_WORLD_H
#define TOUCHSTONE_TESTS_NET_WORLD_H

#include <nodehttp/net_server.h>
#include <nodehttp/simulator.h>

#include "support/test_memory.h"

struct world {
    struct test_memory memory;
    nh_transport *simulator;
    nh_loop *loop;
    nh_net_server *server;
    int port; /* of the server, once it listens */
    char log[8192];
    size_t length;
};

/* False without memory; world_close() is to be called all the same. */
bool world_open(struct world *world);
/* Frees the loop and what it holds; the log stays. */
void world_close(struct world *world);
/* Adds a word to the log. */
void world_note(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_clear(struct world *world);

/* Logs the socket's or server's events as "TAG event arguments;". */
void world_watch(struct world *world, nh_emitter *emitter, const char *tag);
/* Starts a server on 127.0.0.1 whose connections are ended with "hi"; `answers` false leaves them
 * alone. Runs until it listens. */
void world_serve(struct world *world, bool answers);
void world_run(struct world *world);
/* "foo" looks up to these addresses (up to a NULL). */
void world_name(struct world *world, const char *const *addresses);

nh_value world_text(struct world *world, const char *text);
/* connect() to the world's port (or `port`) on `host`; NULL when it was refused, which is logged.
 */
nh_socket *world_connect(struct world *world, const char *host, int port, const char *tag);

#endif
