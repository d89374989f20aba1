/* A request under observation: its events and those of its response become words of the trace. */
#ifndef NH_TESTS_HTTP_CLIENT_FIXTURE_H
#define NH_TESTS_HTTP_CLIENT_FIXTURE_H

#include "http/peer.h"

/* When something is done to the request, and what. */
enum moment {
    NEVER,
    AT_CREATE,
    AT_SOCKET,
    AT_FINISH,
    AT_RESPONSE,
    AT_DATA,
    AT_END,
    AT_CLOSE,
    AT_ERROR,
    AT_TIMEOUT
};
enum deed { NOTHING, ABORT, DESTROY, DESTROY_ERROR };

struct watched {
    struct fixture *fixture;
    nh_client_request *request; /* owned; NULL when http.request() threw */
    enum moment moment;
    enum deed deed;
    bool done;
    bool leaves_response; /* the response is not read */
};

/* Makes a request with these options (consumed) and watches it; what is thrown becomes a word. */
void watch_request(struct watched *watched, struct fixture *fixture, nh_value options);
/* {host, port, ...} of the peer. */
nh_value peer_options(struct fixture *fixture);
/* Adds a property to a map of options. */
void set_option(nh_value options, const char *name, nh_value value);
void end_request(struct watched *watched, const char *body);
void forget_request(struct watched *watched);

#endif
