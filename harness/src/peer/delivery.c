#include "peer/delivery.h"

#ifdef __linux__

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A question of sock_diag(7) about one socket. */
typedef struct question {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
} question;

static bool open_once(ts_delivery *delivery) {
    if (!delivery->opened) {
        delivery->opened = true;
        delivery->descriptor =
            socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
    }
    return delivery->descriptor >= 0;
}

/* Writes an address in network order; false when it is none. */
static bool put_address(const nh_address *address, __be16 *out_port, __be32 out_host[4]) {
    *out_port = htons(address->port);
    int family = address->family == NH_ADDRESS_IPV6 ? AF_INET6 : AF_INET;
    return inet_pton(family, address->host, out_host) == 1;
}

/* The other end is looked up by its own view: its address is the source. */
static bool make_question(const nh_address *local, const nh_address *remote, question *out) {
    *out = (question){
        .header = {.nlmsg_len = sizeof(*out),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST},
        .request = {.sdiag_family = local->family == NH_ADDRESS_IPV6 ? AF_INET6 : AF_INET,
                    .sdiag_protocol = IPPROTO_TCP,
                    .idiag_states = ~0U},
    };
    struct inet_diag_sockid *id = &out->request.id;
    id->idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return put_address(remote, &id->idiag_sport, id->idiag_src) &&
           put_address(local, &id->idiag_dport, id->idiag_dst);
}

static ts_delivery_state read_answer(const char *answer, size_t length) {
    struct nlmsghdr header;
    if (length < sizeof(header)) {
        return TS_DELIVERY_UNKNOWN;
    }
    memcpy(&header, answer, sizeof(header));
    if (header.nlmsg_type == SOCK_DIAG_BY_FAMILY) {
        struct inet_diag_msg message;
        if (length < NLMSG_HDRLEN + sizeof(message)) {
            return TS_DELIVERY_UNKNOWN;
        }
        memcpy(&message, answer + NLMSG_HDRLEN, sizeof(message));
        return message.idiag_rqueue == 0 ? TS_DELIVERY_READ : TS_DELIVERY_UNREAD;
    }
    if (header.nlmsg_type == NLMSG_ERROR && length >= NLMSG_HDRLEN + sizeof(struct nlmsgerr)) {
        struct nlmsgerr error;
        memcpy(&error, answer + NLMSG_HDRLEN, sizeof(error));
        return error.error == -ENOENT ? TS_DELIVERY_NOWHERE : TS_DELIVERY_UNKNOWN;
    }
    return TS_DELIVERY_UNKNOWN;
}

ts_delivery_state ts_delivery_look(ts_delivery *delivery, const nh_address *local,
                                   const nh_address *remote) {
    question ask;
    if (local->family == NH_ADDRESS_UNIX || !open_once(delivery) ||
        !make_question(local, remote, &ask) ||
        send(delivery->descriptor, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask)) {
        return TS_DELIVERY_UNKNOWN;
    }
    /* The kernel answers before send() returns. */
    char answer[1024];
    ssize_t length = recv(delivery->descriptor, answer, sizeof(answer), MSG_DONTWAIT);
    return length > 0 ? read_answer(answer, (size_t)length) : TS_DELIVERY_UNKNOWN;
}

void ts_delivery_close(ts_delivery *delivery) {
    if (delivery->opened && delivery->descriptor >= 0) {
        (void)close(delivery->descriptor);
    }
    *delivery = (ts_delivery){0};
}

#else

ts_delivery_state ts_delivery_look(ts_delivery *delivery, const nh_address *local,
                                   const nh_address *remote) {
    (void)delivery;
    (void)local;
    (void)remote;
    return TS_DELIVERY_UNKNOWN;
}

void ts_delivery_close(ts_delivery *delivery) {
    *delivery = (ts_delivery){0};
}

#endif
