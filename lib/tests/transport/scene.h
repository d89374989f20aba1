/* What most cases start from: a server that listens on 127.0.0.1, whose first connection `accepted`
 * takes, and a `client` that is not connected. When both connections are closed, the server goes as
 * well. */
#ifndef NH_TESTS_TRANSPORT_SCENE_H
#define NH_TESTS_TRANSPORT_SCENE_H

#include "transport/world.h"

struct scene {
    struct world world;
    struct endpoint *server;
    struct endpoint *accepted;
    struct endpoint *client;
    nh_address address; /* of the server */
};

extern struct scene scene;

void set_scene(bool simulated);
void set_scene_at(bool simulated, const nh_address *address);
void set_scene_with(bool simulated, const nh_address *address, const nh_simulator_options *options);
/* Connects the client and runs. */
void run_scene(void);
/* Frees everything; fails when something leaked. */
void end_scene(void);

/* Reactions. */
void scene_count_closed(struct endpoint *endpoint);
void send_ping(struct endpoint *endpoint, int status);
void send_back(struct endpoint *endpoint, nh_bytes bytes);
void close_on_data(struct endpoint *endpoint, nh_bytes bytes);
void close_on_status(struct endpoint *endpoint, int status);
void read_on_connected(struct endpoint *endpoint, int status);
void send_and_end(struct endpoint *endpoint, int status);
void reset_on_data(struct endpoint *endpoint, nh_bytes bytes);
void take_without_reading(struct endpoint *server, nh_connection *connection);
/* Sends "ping", and closes the accepted end. */
void ping_and_close_accepted(struct endpoint *endpoint, int status);

/* Something to do later; has to live until then. */
struct scene_hook {
    void (*run)(void);
};

void scene_set_timeout(struct scene_hook *hook, uint64_t delay_ms);
void scene_set_immediate(struct scene_hook *hook);
/* Notes "immediate" in the world's log. */
void scene_note_immediate(void);

#endif
