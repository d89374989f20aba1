/* net/server_listen.h - between the two files of net.Server. */
#ifndef NH_NET_SERVER_LISTEN_H
#define NH_NET_SERVER_LISTEN_H

#include "net/net_server_internal.h"

/* Binds and listens; 0 or the error. */
int nh_net_server_start(nh_net_server *server, const nh_address *address, int backlog);

#endif
