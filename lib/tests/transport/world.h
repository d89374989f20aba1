/* The same little programs on the simulator and on libuv.
 *
 * A world has a transport, its loop and some endpoints. Everything reported to an endpoint is
 * written into its own log and into the world's ("client:connected"), then its reaction runs. Logs
 * are compared with text, so both transports have to give the same reports in the same order.
 *
 *     connected | connected ECONNREFUSED    data hello    end    error ECONNRESET
 *     written   written ECANCELED           shut_down     closed    connection
 *
 * Data in several reads is one entry, unless the world keeps them apart. */
#ifndef NH_TESTS_TRANSPORT_WORLD_H
#define NH_TESTS_TRANSPORT_WORLD_H

#include <nodehttp/simulator.h>
#include <nodehttp/uv.h>

#include "support/test_memory.h"
#include "support/unit.h"

#define WORLD_ENDPOINTS 8

struct world;

struct log {
    char text[4096];
    size_t length;
};

struct endpoint {
    struct world *world;
    const char *name;
    nh_connection *connection; /* NULL: none, or closed */
    nh_listening *listening;
    /* Reactions; NULL: none. */
    void (*on_connection)(struct endpoint *endpoint, nh_connection *connection);
    void (*on_connected)(struct endpoint *endpoint, int status);
    void (*on_data)(struct endpoint *endpoint, nh_bytes bytes);
    void (*on_end)(struct endpoint *endpoint);
    void (*on_error)(struct endpoint *endpoint, int status);
    void (*on_written)(struct endpoint *endpoint, int status);
    void (*on_shut_down)(struct endpoint *endpoint, int status);
    void (*on_closed)(struct endpoint *endpoint);
    struct log log;
    size_t received;   /* bytes */
    bool last_is_data; /* the last entry of the log */
};

struct world {
    struct test_memory memory;
    nh_transport *transport;
    const nh_transport_operations *operations;
    nh_loop *loop;
    bool is_simulated;
    bool keeps_reads_apart;
    bool is_quiet; /* nothing is logged */
    struct log log;
    struct endpoint endpoints[WORLD_ENDPOINTS];
    size_t endpoint_count;
};

/* `options` NULL: defaults; only for the simulator. False without memory. */
bool world_open(struct world *world, bool simulated, const nh_simulator_options *options);
/* Frees everything and checks that nothing leaked. */
void world_close(struct world *world);
void world_run(struct world *world);
/* Adds `entry` to the world's log only. */
void world_note(struct world *world, const char *entry);

struct endpoint *world_endpoint(struct world *world, const char *name);
nh_address address_of(nh_address_family family, const char *host, uint16_t port);
/* Listens there; the status of the call. */
int endpoint_listen(struct endpoint *endpoint, const nh_address *address);
/* The address it listens on. */
nh_address endpoint_address(struct endpoint *endpoint);
/* Opens a connection; false without memory. */
bool endpoint_open(struct endpoint *endpoint, nh_address_family family);
/* Opens and connects; the status of the call. */
int endpoint_connect(struct endpoint *endpoint, const nh_address *remote);
/* Takes an accepted connection and starts reading. */
void endpoint_take(struct endpoint *endpoint, nh_connection *connection);
void endpoint_read(struct endpoint *endpoint);
int endpoint_write(struct endpoint *endpoint, const char *text);
void endpoint_shutdown(struct endpoint *endpoint);
void endpoint_close(struct endpoint *endpoint);
void endpoint_reset(struct endpoint *endpoint);
void endpoint_close_listening(struct endpoint *endpoint);

#define ASSERT_LOG(holder, expected) ASSERT_STR_EQ((holder)->log.text, expected)

#endif
