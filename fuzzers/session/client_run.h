/* client_run.h - one run of the target client_session: its requests, agents and raw server.
 *
 * client_session.c   the run from settings to final checks
 * client_calls.c     operations on requests, responses, sockets, agents
 * client_options.c   the next request's options, agents, connections that a program makes
 * client_properties.c properties, values of types that nobody expects, signals
 * client_watch.c     listeners: the grammar of events, and what a script does on an event
 * client_server.c    the raw server, and what it gets
 * client_network.c   shapes, routes, look-ups, faults
 * client_pool.c      the books of the agents */
#ifndef FUZZERS_SESSION_CLIENT_RUN_H
#define FUZZERS_SESSION_CLIENT_RUN_H

#include <nodehttp/nodehttp.h>

#include "session/client_operations.h"
#include "session/grammar.h"
#include "support/check.h"
#include "support/world.h"

#define CLIENT_REQUESTS ((size_t)16)
#define CLIENT_CONNECTIONS ((size_t)32)
#define CLIENT_ANSWERS ((size_t)16)
#define CLIENT_WHENS ((size_t)16)
#define CLIENT_CONTROLLERS ((size_t)4)
#define CLIENT_AGENTS ((size_t)3) /* the agent of the run, the second one, the global one */
#define CLIENT_OPTION_ODD_MOST ((size_t)4)
#define CLIENT_OPTION_HEADERS ((size_t)8)
#define CLIENT_SENDS ((size_t)8) /* that wait for the one under way */

struct client_run;

/* A request with all that belongs to it. Objects are set to NULL when they are freed. */
struct client_exchange {
    struct client_run *run;
    nh_client_request *request;        /* owned if the run keeps references; NULL: it threw */
    nh_incoming_message *response;     /* the same; NULL before 'response' */
    nh_stream *socket;                 /* borrowed; NULL before 'socket' */
    struct grammar_object *events;     /* of the request; NULL: not watched */
    struct grammar_object *res_events; /* of the response */
    struct grammar_object *socket_events;
    uint8_t listeners;           /* as in the operation */
    bool was_made;               /* http.request() returned it */
    bool has_connection_to_come; /* somebody will give it a connection, sooner or later */
    bool is_foreign;             /* its body may be any bytes: a response was piped into it */
    bool aborted;                /* abort() was called */
    bool may_abort;              /* a pipeline may call it */
    bool thrown_late;            /* http.request() threw when the agent had it already */
    unsigned ends_under_way;     /* calls of end() that have not returned */
    uint32_t ends;               /* the requests, by bit, that the end of its response ends */
    bool is_ended_by_a_pipe;     /* that end has come, or comes on the next tick */
    bool finishes_again;         /* one end() came from inside another */
    bool fails_with_socket;      /* its response does, when that was destroyed by the program */
    size_t agent;                /* whose it is; CLIENT_AGENTS: nobody's that the run knows */
    uint64_t aborted_at;         /* the loop's iteration then */
    bool closed;                 /* 'close' was emitted */
    bool response_has_ended;     /* one of them: 101 may have followed */
    bool completed;              /* both ends were there, and 'close' has followed or will */
    bool head_seen;              /* by the server */
};

/* A connection as the server sees it: accepted, or the far end of a Duplex. */
struct client_connection {
    struct client_run *run;
    nh_connection *connection; /* NULL once it is gone */
    nh_stream *duplex;         /* borrowed; NULL once it is gone */
    nh_bytes waiting[CLIENT_SENDS];
    size_t waiting_count;
    bool is_destroyed; /* the Duplex was destroyed, and has to close */
    bool has_closed;   /* it did */
    bool is_writing;
    bool finishes; /* FIN follows what waits */
    bool finished;
    /* What came in. */
    enum { CLIENT_SCAN_BODY, CLIENT_SCAN_LINE, CLIENT_SCAN_FIELDS } state;
    int owner;      /* request whose head came last; -1 before */
    bool is_opaque; /* no longer looked at */
    uint8_t last;   /* byte of a head */
    bool line_is_empty;
    char line[512]; /* the request line; before a body that is a string all of it is UTF-8 */
    size_t line_length;
};

/* What the server says to a head. */
struct client_answer {
    unsigned then; /* 0 nothing, 1 FIN, 2 RST, 3 reading stops */
    nh_bytes bytes;
};

/* Operations that wait for an event. */
struct client_when {
    enum client_event event;
    size_t exchange;
    struct fuzz_input operations;
    unsigned count; /* 0: done */
};

/* What the script did to an agent, as far as it changes what its books have to say. */
struct client_books {
    /* It got a createConnection that calls back late: requests that come in the meantime do not
     * know of that connection, and ask for another. */
    bool connections_come_late;
    /* Or one that may give none: requests may never get one. */
    bool connections_may_not_come;
    bool limits_changed; /* a limit was set while it worked */
    bool limits_are_odd; /* to something that is no number: they limit nothing, or everything */
    /* Its keepSocketAlive() was replaced. Where its connections are Duplexes, too, one of these is
     * kept: the next request finds that it has no ref(), and it is lost between the lists, as in
     * Node.js. */
    bool keeps_sockets;
    bool has_duplexes;
    bool names_change; /* its getName() was replaced: sockets are not found where they were put */
    double most[3];    /* the highest maxSockets, maxTotalSockets, maxFreeSockets it had */
};

struct client_run {
    struct fuzz_world world;
    struct grammar grammar;
    nh_loop *loop;
    nh_memory *memory;
    const nh_transport_operations *transport;
    uint8_t settings[CLIENT_SETTINGS];
    struct client_books books[CLIENT_AGENTS];
    nh_simulator_shape shapes[2]; /* of connections to come, to the server and to the client */
    bool cuts_nothing;            /* the network, from now on */
    bool agents_hear_nothing; /* a socket lost the listeners by which its agent keeps its pool */
    bool sockets_are_shared;  /* a request may come to its end with the socket of another one */
    unsigned depth;           /* of listeners that do operations */
    size_t operations;        /* done so far */
    uint64_t iterations;
    size_t bytes;    /* of bodies that the program sends */
    size_t answered; /* bytes that servers send */

    struct client_exchange exchanges[CLIENT_REQUESTS];
    size_t exchange_count;
    struct client_when whens[CLIENT_WHENS];
    size_t when_count;

    struct client_connection connections[CLIENT_CONNECTIONS];
    size_t connection_count;
    struct client_answer answers[CLIENT_ANSWERS];
    size_t answer_count;
    size_t answers_given;
    unsigned accept_policy;
    nh_listening *listening[3]; /* 8080, 8081, UNIX; opened when needed */
    bool names_are_set;

    nh_agent *agents[CLIENT_AGENTS]; /* owned; made when needed; NULL before */
    nh_abort_controller *controllers[CLIENT_CONTROLLERS];
    nh_abort_signal *signals[CLIENT_CONTROLLERS]; /* owned; of no controller */
    nh_stream *pair; /* owned; of signal_pair: frees the other stream when it is destroyed */

    /* The next request. */
    struct {
        nh_bytes header_names[CLIENT_OPTION_HEADERS];
        nh_bytes header_values[CLIENT_OPTION_HEADERS];
        size_t header_count;
        nh_bytes path;
        unsigned source;
        unsigned flags;
        unsigned timeout;
        unsigned max_header_size;
        int signal; /* controller, or CLIENT_CONTROLLERS + place; -1: none */
        unsigned odd_options[CLIENT_OPTION_ODD_MOST][2]; /* which, what value */
        size_t odd_count;
        unsigned connect[2];  /* what createConnection does, with what value */
        unsigned unique;      /* the value in uniqueHeaders */
        unsigned text_option; /* which option is that text */
        nh_bytes text;
        bool has_text;
        bool path_is_list;
        bool has_connect;
        bool has_unique;
        bool has_timeout;
        bool has_max_header_size;
    } next;
};

/* client_calls.c */

/* The response of `exchange` is about to be piped into the request of `target`; `ends`: its end
 * ends it. */
void client_note_pipe(struct client_exchange *exchange, struct client_exchange *target, bool ends);
/* Performs one operation; those that let time go on do nothing here. */
void client_perform(struct client_run *run, const struct fuzz_step *step,
                    struct fuzz_input *following);

/* client_options.c */

void client_forget_options(struct client_run *run);
/* Starts a request with the options gathered; the operation's arguments. */
void client_start_request(struct client_run *run, unsigned method, unsigned origin,
                          unsigned listeners);
/* The agent (borrowed), made when it does not exist yet; NULL without memory. */
nh_agent *client_agent(struct client_run *run, size_t index);
nh_abort_controller *client_controller(struct client_run *run, size_t index);

/* The signal (borrowed) of a controller or at a place; NULL when there is none. */
nh_abort_signal *client_signal(struct client_run *run, size_t index);

/* client_properties.c */

/* Performs an operation from CLIENT_OPTION_ODD on. */
void client_perform_odd(struct client_run *run, const struct fuzz_step *step);
/* Adds the options gathered that may be of any type; false without memory. */
bool client_set_odd_options(struct client_run *run, nh_value options);
void client_release_signals(struct client_run *run);
/* A value of any type; owned, NH_INVALID without memory. */
nh_value client_odd_value(struct client_run *run, unsigned which);
#define CLIENT_ODD_VALUES 32u

/* client_unusual.c */

/* Performs an operation from CLIENT_OPTION_CONNECT on. */
void client_perform_unusual(struct client_run *run, const struct fuzz_step *step);
/* Adds createConnection and uniqueHeaders as the script wants them; false without memory. */
bool client_set_unusual_options(struct client_run *run, nh_value options);

/* client_watch.c */

extern const struct grammar_hooks client_grammar_hooks;
/* Watches a request that was just made. */
void client_watch_request(struct client_exchange *exchange);
/* The exchange's references, if the run keeps any, are given up. */
void client_let_go(struct client_exchange *exchange);
/* The request was closed, and may now close once more. */
void client_expect_another_close(struct client_exchange *exchange);
/* Nobody promises that this request ever closes. */
void client_expect_nothing(struct client_exchange *exchange);
/* What has to be true of a request when everything is over. */
void client_check_exchange(const struct client_exchange *exchange);
/* How many sockets were told to reset, cannot, and never close. */
size_t client_count_stuck_sockets(const struct client_run *run);
/* Ticks follow each turn: what a tick was to tell has been told by now. */
void client_check_ticks(const struct client_run *run);

/* client_server.c */

/* Makes the server of an origin listen, if it has one. */
void client_server_open(struct client_run *run, enum client_origin origin);
void client_server_send(struct client_connection *connection, nh_bytes bytes);
void client_server_finish(struct client_connection *connection);
void client_server_reset(struct client_connection *connection);
void client_server_close(struct client_connection *connection);
void client_server_set_reading(struct client_connection *connection, bool reading);
/* Each Duplex that was destroyed has closed. When everything is over. */
void client_server_check_closed(const struct client_run *run);
/* The far end of a Duplex, which is returned owned; NULL without memory, or at the limit. */
nh_stream *client_server_duplex(struct client_run *run);
/* Whose bytes these are. */
char client_letter(size_t exchange);
extern const char *const client_methods[];
extern const size_t client_method_count;

/* client_network.c */

void client_shape(struct client_run *run, unsigned direction, unsigned what, unsigned amount);
/* From now on the network passes on what it gets, in one piece. */
void client_stop_cutting(struct client_run *run);
void client_route(struct client_run *run, unsigned origin, unsigned outcome);
void client_lookup(struct client_run *run, unsigned name, unsigned outcome);
void client_fault(struct client_run *run, unsigned operation, unsigned nth, unsigned status);
/* The names that origins use. */
void client_set_names(struct client_run *run);

/* client_pool.c */

/* An agent was made, or one of its limits set. */
void client_open_books(struct client_run *run, size_t agent);
void client_note_limits(struct client_run *run, size_t agent);
void client_check_pools(struct client_run *run);
/* After everything was closed. */
void client_check_pools_are_empty(struct client_run *run);

#endif
