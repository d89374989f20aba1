/* What the client side keeps for each loop. */
#include "http/client_loop_internal.h"

static const char key = 'c';

static void release_loop(nh_loop_resource *resource) {
    nh_client_loop *client = (nh_client_loop *)(void *)resource;
    nh_value_release(&client->global_agent);
    while (client->living != NULL) {
        nh_client_living *living = client->living;
        nh_emitter *object = nh_emitter_retain(living->object);
        nh_client_living_leave(living);
        living->end(object);
        nh_emitter_release(object);
    }
    nh_memory_free(nh_loop_memory(client->loop), client);
}

nh_client_loop *nh_client_loop_of(nh_loop *loop) {
    nh_loop_resource *found = nh_loop_find_resource(loop, &key);
    if (found != NULL) {
        return (nh_client_loop *)(void *)found;
    }
    nh_client_loop *client = nh_memory_allocate(nh_loop_memory(loop), sizeof(*client));
    if (client == NULL) {
        return NULL;
    }
    *client = (nh_client_loop){.resource = {.key = &key, .release = release_loop},
                               .loop = loop,
                               .global_agent = nh_undefined()};
    nh_loop_add_resource(loop, &client->resource);
    return client;
}

bool nh_client_living_join(nh_client_living *living, nh_emitter *object,
                           void (*end)(nh_emitter *object)) {
    nh_client_loop *client = nh_client_loop_of(object->loop);
    if (client == NULL) {
        return false;
    }
    living->object = object;
    living->end = end;
    living->next = client->living;
    living->place = &client->living;
    if (living->next != NULL) {
        living->next->place = &living->next;
    }
    client->living = living;
    return true;
}

void nh_client_living_leave(nh_client_living *living) {
    if (living->place == NULL) {
        return;
    }
    *living->place = living->next;
    if (living->next != NULL) {
        living->next->place = living->place;
    }
    living->place = NULL;
    living->next = NULL;
}
