/* Numeric addresses, and what a socket tells about its ends. */
#include <arpa/inet.h>
#include <string.h>

#include "net/address.h"
#include "net/connect.h"

static bool is_zone(const char *zone) {
    size_t length = strspn(zone, "0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:");

    return length > 0 && zone[length] == '\0';
}

int nh_net_is_ip(const char *text) {
    unsigned char binary[16];
    char plain[64];
    const char *zone = strchr(text, '%');
    size_t length = zone != NULL ? (size_t)(zone - text) : strlen(text);

    if (length >= sizeof(plain) || (zone != NULL && !is_zone(zone + 1))) {
        return 0;
    }
    memcpy(plain, text, length);
    plain[length] = '\0';
    if (zone == NULL && inet_pton(AF_INET, plain, binary) == 1) {
        return 4;
    }
    return inet_pton(AF_INET6, plain, binary) == 1 ? 6 : 0;
}

bool nh_net_parse_address(const char *host, int port, nh_address *out_address) {
    int family = nh_net_is_ip(host);
    size_t length = strlen(host);

    if (family == 0 || length >= sizeof(out_address->host)) {
        return false;
    }
    *out_address = (nh_address){
        .family = family == 4 ? NH_ADDRESS_IPV4 : NH_ADDRESS_IPV6,
        .port = (uint16_t)port,
    };
    memcpy(out_address->host, host, length + 1);
    return true;
}

nh_value nh_net_address_host(nh_memory *memory, const nh_address *address) {
    return address->family == NH_ADDRESS_UNIX ? nh_undefined()
                                              : nh_string_of(memory, address->host);
}

nh_value nh_net_address_port(const nh_address *address) {
    return address->family == NH_ADDRESS_UNIX ? nh_undefined() : nh_number(address->port);
}

nh_value nh_net_address_family(nh_memory *memory, const nh_address *address) {
    if (address->family == NH_ADDRESS_UNIX) {
        return nh_undefined();
    }
    return nh_string_of(memory, address->family == NH_ADDRESS_IPV4 ? "IPv4" : "IPv6");
}

nh_value nh_net_address_value(nh_memory *memory, const nh_address *address) {
    nh_value map = nh_map_new(memory);

    if (address == NULL || address->family == NH_ADDRESS_UNIX) {
        return map;
    }
    if (!nh_map_set_take(map, "address", nh_net_address_host(memory, address)) ||
        !nh_map_set_take(map, "family", nh_net_address_family(memory, address)) ||
        !nh_map_set_take(map, "port", nh_net_address_port(address))) {
        nh_value_release(&map);
        return (nh_value){.type = NH_INVALID};
    }
    return map;
}

/* --- the ends of a socket ----------------------------------------------------------------- */

static nh_memory *memory_of(const nh_socket *socket) {
    return nh_object_memory(&socket->stream.emitter);
}

/* socket._getsockname(): asked for as long as there is a handle. */
static bool local_end(const nh_socket *socket, nh_address *out_address) {
    return socket->handle != NULL &&
           nh_socket_transport(socket)->local_address(socket->handle->connection, out_address) == 0;
}

/* socket._getpeername(): remembered once it was asked for. */
static bool remote_end(nh_socket *socket, nh_address *out_address) {
    if (!socket->has_remote && socket->handle != NULL && !socket->connecting) {
        socket->has_remote = nh_socket_transport(socket)->remote_address(socket->handle->connection,
                                                                         &socket->remote) == 0;
    }
    if (socket->has_remote) {
        *out_address = socket->remote;
    }
    return socket->has_remote;
}

nh_value nh_socket_address(nh_socket *socket) {
    nh_address address;

    return nh_net_address_value(memory_of(socket), local_end(socket, &address) ? &address : NULL);
}

nh_value nh_socket_remote_address(nh_socket *socket) {
    nh_address address;

    return remote_end(socket, &address) ? nh_net_address_host(memory_of(socket), &address)
                                        : nh_undefined();
}

nh_value nh_socket_remote_port(nh_socket *socket) {
    nh_address address;

    return remote_end(socket, &address) ? nh_net_address_port(&address) : nh_undefined();
}

nh_value nh_socket_remote_family(nh_socket *socket) {
    nh_address address;

    return remote_end(socket, &address) ? nh_net_address_family(memory_of(socket), &address)
                                        : nh_undefined();
}

nh_value nh_socket_local_address(nh_socket *socket) {
    nh_address address;

    return local_end(socket, &address) ? nh_net_address_host(memory_of(socket), &address)
                                       : nh_undefined();
}

nh_value nh_socket_local_port(nh_socket *socket) {
    nh_address address;

    return local_end(socket, &address) ? nh_net_address_port(&address) : nh_undefined();
}

nh_value nh_socket_local_family(nh_socket *socket) {
    nh_address address;

    return local_end(socket, &address) ? nh_net_address_family(memory_of(socket), &address)
                                       : nh_undefined();
}

/* --- other properties --------------------------------------------------------------------- */

nh_value nh_socket_timeout(const nh_socket *socket) {
    return nh_value_retain(socket->timeout);
}

uint64_t nh_socket_bytes_read(const nh_socket *socket) {
    return socket->handle != NULL ? socket->handle->bytes_read : socket->bytes_read;
}

uint64_t nh_socket_bytes_written(const nh_socket *socket) {
    const nh_queue *pending = &socket->stream.writable.pending;
    uint64_t bytes = socket->handle != NULL ? socket->handle->bytes_written : socket->bytes_written;

    for (size_t i = 0; i < pending->count; i++) {
        const nh_pending_write *write = nh_queue_at(pending, i);
        bytes += nh_socket_chunk_bytes(write->chunk, write->encoding);
    }
    return bytes + nh_socket_output_waiting_bytes(socket);
}

bool nh_socket_is_connecting(const nh_socket *socket) {
    return socket->connecting;
}

bool nh_socket_is_pending(const nh_socket *socket) {
    return socket->handle == NULL || socket->connecting;
}

const char *nh_socket_ready_state(const nh_socket *socket) {
    bool readable = nh_readable_is_readable(&socket->stream);
    bool writable = nh_writable_is_writable(&socket->stream);

    if (socket->connecting) {
        return "opening";
    }
    if (readable) {
        return writable ? "open" : "readOnly";
    }
    return writable ? "writeOnly" : "closed";
}

nh_value nh_socket_attempted_addresses(const nh_socket *socket) {
    return nh_value_retain(socket->attempted_addresses);
}
