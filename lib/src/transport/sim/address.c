/* Numeric addresses. */
#include "transport/sim/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/name.h"

void sim_address_set_host(nh_address *address, const char *host) {
    size_t length = strlen(host);
    if (length >= sizeof address->host) {
        length = sizeof address->host - 1; /* as libuv does with long paths */
    }
    memset(address->host, 0, sizeof address->host);
    memcpy(address->host, host, length);
}

bool sim_address_parse(const char *text, int family, uint16_t port, nh_address *out_address) {
    nh_address address = {.port = port};
    struct in_addr ipv4;
    struct in6_addr ipv6;
    /* inet_aton: 127.1 and 0x7f000001 are addresses to getaddrinfo, too. */
    if (family != 6 && inet_aton(text, &ipv4) != 0) {
        address.family = NH_ADDRESS_IPV4;
        (void)inet_ntop(AF_INET, &ipv4, address.host, sizeof address.host);
    } else if (family != 4 && inet_pton(AF_INET6, text, &ipv6) == 1) {
        address.family = NH_ADDRESS_IPV6;
        (void)inet_ntop(AF_INET6, &ipv6, address.host, sizeof address.host);
    } else {
        return false;
    }
    *out_address = address;
    return true;
}

bool sim_address_normalise(const nh_address *address, nh_address *out_address) {
    if (address->family == NH_ADDRESS_UNIX) {
        nh_address path = {.family = NH_ADDRESS_UNIX};
        sim_address_set_host(&path, address->host);
        *out_address = path;
        return path.host[0] != '\0';
    }
    return sim_address_parse(address->host, (int)address->family, address->port, out_address);
}

bool sim_address_equal(const nh_address *a, const nh_address *b) {
    return a->family == b->family && a->port == b->port && nh_name_equals(a->host, b->host);
}

nh_address sim_address_mapped(const nh_address *address) {
    nh_address mapped = *address;
    if (address->family == NH_ADDRESS_IPV4) {
        memset(mapped.host, 0, sizeof mapped.host);
        mapped.family = NH_ADDRESS_IPV6;
        memcpy(mapped.host, "::ffff:", 7);
        memcpy(mapped.host + 7, address->host, strlen(address->host));
    }
    return mapped;
}

nh_address sim_address_unmapped(const nh_address *address) {
    nh_address plain = *address;
    if (address->family == NH_ADDRESS_IPV6 && strncmp(address->host, "::ffff:", 7) == 0) {
        nh_address parsed;
        if (sim_address_parse(address->host + 7, 4, address->port, &parsed)) {
            plain = parsed;
        }
    }
    return plain;
}

bool sim_address_is_any(const nh_address *address) {
    return (address->family == NH_ADDRESS_IPV4 && nh_name_equals(address->host, "0.0.0.0")) ||
           (address->family == NH_ADDRESS_IPV6 && nh_name_equals(address->host, "::"));
}

bool sim_address_is_loopback(const nh_address *address) {
    nh_address plain = sim_address_unmapped(address);
    return (plain.family == NH_ADDRESS_IPV4 && strncmp(plain.host, "127.", 4) == 0) ||
           (plain.family == NH_ADDRESS_IPV6 && strcmp(plain.host, "::1") == 0);
}

bool sim_address_covers(const nh_address *listening, const nh_address *remote) {
    nh_address own = sim_address_unmapped(listening);
    nh_address other = sim_address_unmapped(remote);
    if (own.port != other.port || own.family == NH_ADDRESS_UNIX ||
        other.family == NH_ADDRESS_UNIX) {
        return sim_address_equal(&own, &other);
    }
    if (sim_address_is_any(&own)) {
        /* :: takes both families, as libuv leaves IPV6_V6ONLY off. */
        return own.family == NH_ADDRESS_IPV6 || other.family == NH_ADDRESS_IPV4;
    }
    return sim_address_equal(&own, &other);
}
