/* server_run.h - a run of the target server_session. */
#ifndef FUZZERS_SESSION_SERVER_RUN_H
#define FUZZERS_SESSION_SERVER_RUN_H

#include "session/grammar.h"
#include "session/raw_client.h"
#include "session/server_operations.h"

#define SERVER_RUN_PORT 8080
#define SERVER_RUN_CLIENTS 4
#define SERVER_RUN_EXCHANGES 64
#define SERVER_RUN_ARMS 16

/* A request with its response and its connection, as far as they are watched. */
struct server_exchange {
    struct grammar_object *request;
    struct grammar_object *response;
    struct grammar_object *socket;
};

/* An operation that is done later: when an event comes, or on a later tick ... */
struct server_arm {
    struct server_run *run;
    struct fuzz_step step;
    bool waits; /* for an event */
    enum grammar_kind kind;
    enum grammar_event event;
    unsigned skip; /* so many of those events pass before */
};

struct server_run {
    struct fuzz_world world;
    struct grammar *grammar;
    struct fuzz_input input;
    uint8_t settings[SERVER_SETTINGS];
    nh_server *server;
    struct raw_client clients[SERVER_RUN_CLIENTS];
    size_t client_count;
    struct server_exchange exchanges[SERVER_RUN_EXCHANGES];
    size_t exchange_count;
    struct server_arm arms[SERVER_RUN_ARMS];
    size_t arm_count;
    struct grammar_object *current; /* what the event under way is about; NULL outside */
    unsigned depth;                 /* of events and calls within each other */
    bool resets_fail;               /* a fault awaits, or awaited, the reset of a connection */
    /* A response was taken off its socket: it never closes, and when the connection was handed over
     * what waits behind it is kept until the loop goes. */
    bool detached;
    bool stalls; /* the program's connection never finishes a write: callbacks wait as long */
    unsigned server_closes;          /* calls of server.close() */
    unsigned server_closed;          /* times that it emitted 'close' */
    nh_stream *adopted;              /* the connection that the program brought */
    nh_abort_controller *controller; /* of signals that close the server; NULL before */
    size_t written;                  /* bytes that the program wrote */
    size_t pushed;                   /* bytes that it gave its own connection to read */
    size_t iterations;               /* of the loop */
    bool cuts_nothing;               /* the network, for there were many */
    size_t copies; /* things by which what is read is there once more: pipes, announcements */
    nh_emitter *held[GRAMMAR_MOST_OBJECTS]; /* references of the program's */
    size_t held_count;
};

/* The socket, request or response that `selector` picks, alive; NULL when there is none. */
struct grammar_object *server_run_pick(struct server_run *run, enum grammar_kind kind,
                                       unsigned selector);
/* The client at the other end of a server's socket; NULL when it isn't known. */
struct raw_client *server_run_client_of(struct server_run *run, nh_emitter *socket);
/* What is sent to the client from now on is the program's: it isn't checked. */
void server_run_give_up(const struct server_exchange *exchange);
/* A header is set. Of a Content-Disposition behind a Content-Length Node.js takes the bytes, reads
 * them as UTF-8 and may send that as Latin-1: what comes out can be a line end, so that nothing is
 * checked from then on. */
void server_run_note_header(const struct server_exchange *exchange, nh_bytes name, nh_bytes value);
/* A head with 1xx is sent for an exchange. In a response that waits for its turn, the final head is
 * put in front of it when the body is no string, here and in Node.js: not checked then. */
void server_run_note_early_head(const struct server_exchange *exchange);
/* Watches requests, responses and sockets that came with an event of the server. The exchange that
 * a request begins; NULL when none came. */
struct server_exchange *server_run_meet(struct server_run *run, const nh_value *arguments,
                                        size_t count);
/* Does one operation of the script; server_calls.c has those on objects. */
void server_run_do(struct server_run *run, const struct fuzz_step *step);
void server_run_call(struct server_run *run, const struct fuzz_step *step);
void server_run_call_with_value(struct server_run *run, const struct fuzz_step *step);
void server_run_call_unusual(struct server_run *run, const struct fuzz_step *step);
/* Whether there is a CR or LF in it: what Node.js takes for the link of early hints may have some,
 * so that it sends lines which are no fields, and so does the library. */
bool server_run_has_line_end(nh_bytes bytes);
/* A value of any type (owned). */
nh_value server_run_value(const struct server_run *run, unsigned choice, unsigned number);
/* Of a Duplex of the program's: has nothing to read, and forgets what is written. */
extern const nh_stream_operations server_run_taking;
/* The program lets go of the connection that it brought. */
void server_run_drop_adopted(struct server_run *run);
/* Does what waits for this event. */
void server_run_on_event(struct server_run *run, const struct grammar_object *object,
                         enum grammar_event event);
/* Opens the next client's connection. */
void server_run_connect(struct server_run *run);
/* Runs everything within so much time; fails when the loop does not come to rest. */
void server_run_pass(struct server_run *run, uint64_t milliseconds);
/* How bytes arrive, chosen by two bytes. */
void server_run_shape(unsigned kind, unsigned size, nh_simulator_shape *out_shape);
/* The listeners that the settings ask for. */
uint64_t server_run_events(const struct server_run *run, enum grammar_kind kind);

#endif
