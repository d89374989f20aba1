/* http/client_loop_internal.h - what the client side keeps for each loop: the global agent, and the
 * objects that live by themselves (a request that waits for its response, an agent whose sockets
 * are open), which have to let go of each other when the loop is freed under them. */
#ifndef NH_HTTP_CLIENT_LOOP_INTERNAL_H
#define NH_HTTP_CLIENT_LOOP_INTERNAL_H

#include "core/loop_internal.h"
#include "core/object.h"

/* Inside such an object; it joins when it is made, and leaves in its class's destroy hook. */
typedef struct nh_client_living {
    nh_emitter *object;
    /* Called in nh_loop_free(): releases what the object holds, and the reference it may hold to
     * itself. */
    void (*end)(nh_emitter *object);
    struct nh_client_living *next;
    struct nh_client_living **place; /* NULL: not in the list */
} nh_client_living;

typedef struct nh_client_loop {
    nh_loop_resource resource; /* first */
    nh_loop *loop;
    nh_client_living *living;
    nh_value global_agent;
    bool has_global_agent; /* made or assigned */
} nh_client_loop;

/* NULL without memory. */
nh_client_loop *nh_client_loop_of(nh_loop *loop);
/* False without memory. */
bool nh_client_living_join(nh_client_living *living, nh_emitter *object,
                           void (*end)(nh_emitter *object));
void nh_client_living_leave(nh_client_living *living);

#endif
