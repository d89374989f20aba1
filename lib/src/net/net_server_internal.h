/* net/net_server_internal.h - net.Server for classes derived from it (http.Server). */
#ifndef NH_NET_SERVER_INTERNAL_H
#define NH_NET_SERVER_INTERNAL_H

#include <nodehttp/net_server.h>

#include "core/loop_internal.h"
#include "core/object.h"
#include "net/socket_internal.h"

struct nh_net_server {
    nh_emitter emitter;
    nh_net_server_options options;
    nh_listening *listening; /* server._handle */
    size_t connections;      /* open accepted sockets */
    nh_value max_connections;
    nh_value path;      /* of a UNIX socket */
    uint64_t listen_id; /* counts listen() and close(): a late look-up is out of date */
    bool unreferenced;
};

extern const nh_class nh_net_server_class;

/* Prepares the instance of a derived class; `options` NULL is defaults. */
void nh_net_server_init(nh_net_server *server, const nh_net_server_options *options);
/* An accepted socket is gone. */
void nh_net_server_connection_closed(nh_net_server *server);

#endif
