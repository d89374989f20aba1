/* nh_address and struct sockaddr. */
#include "transport/uv/internal.h"

int uvt_address_to_system(const nh_address *address, struct sockaddr_storage *out_system) {
    memset(out_system, 0, sizeof *out_system);
    switch (address->family) {
    case NH_ADDRESS_IPV4:
        return uv_ip4_addr(address->host, address->port, (struct sockaddr_in *)out_system);
    case NH_ADDRESS_IPV6:
        return uv_ip6_addr(address->host, address->port, (struct sockaddr_in6 *)out_system);
    case NH_ADDRESS_UNIX:
    default:
        return UV_EINVAL;
    }
}

int uvt_address_from_system(const struct sockaddr *system, nh_address *out_address) {
    nh_address address = {.family = NH_ADDRESS_IPV4};
    int status = UV_EAFNOSUPPORT;
    if (system->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, system, sizeof ipv4);
        address.port = ntohs(ipv4.sin_port);
        status = uv_ip4_name(&ipv4, address.host, sizeof address.host);
    } else if (system->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, system, sizeof ipv6);
        address.family = NH_ADDRESS_IPV6;
        address.port = ntohs(ipv6.sin6_port);
        status = uv_ip6_name(&ipv6, address.host, sizeof address.host);
    }
    if (status == 0) {
        *out_address = address;
    }
    return status;
}

static int path_of(const uvt_handle *handle, bool remote, nh_address *out_address) {
    nh_address address = {.family = NH_ADDRESS_UNIX};
    size_t size = sizeof address.host - 1;
    int status = remote ? uv_pipe_getpeername(&handle->uv.pipe, address.host, &size)
                        : uv_pipe_getsockname(&handle->uv.pipe, address.host, &size);
    if (status == 0) {
        *out_address = address;
    }
    return status;
}

int uvt_handle_address(const uvt_handle *handle, bool remote, nh_address *out_address) {
    if (handle->is_closing) {
        return UV_EBADF;
    }
    if (handle->family == NH_ADDRESS_UNIX) {
        return path_of(handle, remote, out_address);
    }
    struct sockaddr_storage system = {0};
    int size = (int)sizeof system;
    struct sockaddr *name = (struct sockaddr *)&system;
    int status = remote ? uv_tcp_getpeername(&handle->uv.tcp, name, &size)
                        : uv_tcp_getsockname(&handle->uv.tcp, name, &size);
    return status == 0 ? uvt_address_from_system(name, out_address) : status;
}
