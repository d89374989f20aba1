/* net/address.h - addresses as values. */
#ifndef NH_NET_ADDRESS_H
#define NH_NET_ADDRESS_H

#include <nodehttp/transport.h>

#include "stream/sides.h"

/* Owned; undefined for UNIX sockets. */
nh_value nh_net_address_host(nh_memory *memory, const nh_address *address);
nh_value nh_net_address_port(const nh_address *address);
/* "IPv4", "IPv6" */
nh_value nh_net_address_family(nh_memory *memory, const nh_address *address);
/* {address, family, port}; {} for UNIX sockets and NULL. */
nh_value nh_net_address_value(nh_memory *memory, const nh_address *address);

#endif
