/* net/connect.h - one call of socket.connect(), from the look-up to the outcome. */
#ifndef NH_NET_CONNECT_H
#define NH_NET_CONNECT_H

#include "net/handle.h"

struct nh_connect_attempt {
    size_t
        references; /* the socket, a look-up under way, the function that a lookup function got */
    nh_socket *socket; /* retained: a look-up outlives destroy() */
    nh_value host;
    nh_value given_host; /* as in the options, for error messages */
    nh_value given_port;
    nh_value local_address; /* string or undefined */
    int port;
    double local_port; /* as in the options; 0: none */
    bool looks_up_all; /* with autoSelectFamily */
    bool bound;        /* a local address and port were chosen */
    /* What is being connected to. */
    nh_address address;
    /* With several addresses: */
    nh_address *addresses;
    size_t addresses_count;
    size_t next; /* of `addresses` */
    double attempt_timeout_ms;
    nh_timer timer;
    nh_value errors; /* list */
};

void nh_connect_attempt_release(nh_connect_attempt *attempt);
/* The socket's attempt is over. */
void nh_connect_attempt_drop(nh_socket *socket);
/* Whether the attempt still is what the socket is doing. */
bool nh_connect_attempt_is_current(const nh_connect_attempt *attempt);

/* Binds, announces and starts connecting to the attempt's address; failures destroy the socket. */
void nh_connect_single(nh_connect_attempt *attempt);
/* Tries the attempt's addresses one after the other. */
void nh_connect_next(nh_connect_attempt *attempt, bool cancelled);
/* The outcome of the one that is under way when there are several. */
void nh_connect_multiple_done(nh_connect_attempt *attempt, int status);
/* The end of a successful connect, and of a failed single one. */
void nh_connect_succeeded(nh_socket *socket);

/* "connect ECONNREFUSED 127.0.0.1:80 - Local (...)" for the attempt's address. */
nh_error *nh_connect_error(const nh_connect_attempt *attempt, int status);
/* The same for a connect call that failed at once, which names the local end but adds no properties
 * for it. */
nh_error *nh_connect_call_error(const nh_connect_attempt *attempt, int status);
/* Binds the socket's connection where the options ask for it; the error of it, or NULL. */
nh_error *nh_connect_bind(nh_connect_attempt *attempt, bool with_address);
/* Emits 'connectionAttempt', 'connectionAttemptTimeout' or, with `error`,
 * 'connectionAttemptFailed'. */
void nh_connect_announce(const nh_connect_attempt *attempt, const char *event, nh_error *error);

/* Looks the attempt's host up with `lookup` (a function value, or undefined for the transport's)
 * and goes on from there. Returned errors are thrown in Node.js. */
nh_error *nh_connect_look_up(nh_connect_attempt *attempt, nh_value lookup, nh_value family,
                             nh_value hints);
/* Destroys the socket with `error` on the next tick. */
void nh_connect_fail_later(nh_socket *socket, nh_error *error);

/* `host` as a numeric address; false when it is none, or too long. */
bool nh_net_parse_address(const char *host, int port, nh_address *out_address);

#endif
