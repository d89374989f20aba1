/* transport/sim/internal.h - the parts of the simulator.
 *
 *   simulator.c   the iteration and its phases, virtual time, the public clock functions
 *   watcher.c     which handle is told what, and in which order (epoll, libuv's watcher queues)
 *   socket.c      the kernel's half of a connection: FIN, RST, buffers, readiness
 *   pipe.c        bytes on their way in one direction, and their shaping
 *   connection.c  libuv's half: nh_connection
 *   connect.c     connect, from the call to its outcome; routes
 *   listening.c   nh_listening, ports and paths
 *   address.c     numeric addresses
 *   lookup.c      nh_lookup and the host table
 *   fault.c       faults */
#ifndef NH_TRANSPORT_SIM_INTERNAL_H
#define NH_TRANSPORT_SIM_INTERNAL_H

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <nodehttp/simulator.h>

typedef struct sim_simulator sim_simulator;
typedef struct sim_connection sim_connection;
typedef struct sim_listening sim_listening;

#define SIM_READ_BYTES (64u * 1024u) /* libuv suggests so much for one read */
#define SIM_NEVER UINT64_MAX

static inline uint64_t sim_later(uint64_t now_ms, uint64_t delay_ms) {
    return delay_ms > SIM_NEVER - 1 - now_ms ? SIM_NEVER - 1 : now_ms + delay_ms;
}

/* --- lists: a ring through the list's own node --------------------------------------------- */

typedef struct sim_node {
    struct sim_node *previous;
    struct sim_node *next; /* NULL: in no list */
} sim_node;

#define SIM_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void sim_list_init(sim_node *list) {
    list->previous = list->next = list;
}

static inline bool sim_list_is_empty(const sim_node *list) {
    return list->next == list;
}

static inline bool sim_node_is_linked(const sim_node *node) {
    return node->next != NULL;
}

static inline void sim_list_append(sim_node *list, sim_node *node) {
    node->previous = list->previous;
    node->next = list;
    list->previous->next = node;
    list->previous = node;
}

/* No effect on a node that is in no list. */
static inline void sim_list_remove(sim_node *node) {
    if (node->next != NULL) {
        node->previous->next = node->next;
        node->next->previous = node->previous;
        node->previous = node->next = NULL;
    }
}

/* Moves everything from `from` to `to`, which is initialised by this. */
static inline void sim_list_move(sim_node *from, sim_node *to) {
    sim_list_init(to);
    if (!sim_list_is_empty(from)) {
        to->next = from->next;
        to->previous = from->previous;
        to->next->previous = to;
        to->previous->next = to;
        sim_list_init(from);
    }
}

/* --- watcher.c ---------------------------------------------------------------------------- */

enum { SIM_IN = 1, SIM_OUT = 4, SIM_ERROR = 8, SIM_HANG_UP = 16 };

/* One descriptor in the eyes of libuv (uv__io_t) and of epoll. */
typedef struct sim_watcher {
    unsigned (*readiness)(struct sim_watcher *watcher); /* what poll(2) would say */
    void (*report)(struct sim_watcher *watcher, unsigned events);
    unsigned wanted;     /* what libuv's side asks for; 0: does not watch */
    unsigned registered; /* `wanted` when it last told epoll */
    unsigned interest;   /* what epoll knows */
    unsigned occurred;   /* while in the batch: what is to be reported */
    bool in_epoll;       /* stays true for a while after `wanted` became 0, as in libuv */
    sim_node change;     /* in simulator->changes: epoll is to be told */
    sim_node ready;      /* in simulator->ready: epoll's ready list */
    sim_node batch;      /* in the batch that epoll_wait returned */
    sim_node pending;    /* in simulator->pending: report in the pending phase */
} sim_watcher;

void sim_watch(sim_simulator *simulator, sim_watcher *watcher, unsigned events);
void sim_unwatch(sim_simulator *simulator, sim_watcher *watcher, unsigned events);
/* The descriptor is closed: it is in no list any more. */
void sim_watcher_forget(sim_watcher *watcher);
/* Readiness may have changed. */
void sim_wake(sim_simulator *simulator, sim_watcher *watcher);
/* Report in the next pending phase. */
void sim_feed(sim_simulator *simulator, sim_watcher *watcher);
/* One epoll_wait without waiting; true when something was reported. */
bool sim_watchers_poll(sim_simulator *simulator);
/* Runs the pending phase once; true when there was anything. */
bool sim_watchers_run_pending(sim_simulator *simulator);
/* Whether sim_watchers_poll() would report something. */
bool sim_watchers_are_ready(const sim_simulator *simulator);

/* --- pipe.c ------------------------------------------------------------------------------- */

/* Bytes written in one go, or in several with the same due time. */
typedef struct sim_chunk {
    struct sim_chunk *next;
    uint64_t due_ms;
    size_t start; /* bytes read already */
    size_t end;   /* bytes filled */
    size_t capacity;
    uint8_t bytes[];
} sim_chunk;

typedef enum sim_mark_state { SIM_MARK_NONE, SIM_MARK_SENT, SIM_MARK_ARRIVED } sim_mark_state;

/* FIN or RST, behind the bytes. */
typedef struct sim_mark {
    sim_mark_state state;
    uint64_t due_ms;
} sim_mark;

/* One direction of a connection, kept at its receiver. `queued` bytes are in it; the first
 * `arrived` of them can be read, the others are on their way or held back. */
typedef struct sim_pipe {
    nh_simulator_shape shape;
    sim_chunk *first;
    sim_chunk *last;
    sim_chunk *arriving;  /* holds the next byte to arrive; NULL: all have */
    size_t arriving_from; /* its place in there */
    size_t queued;
    size_t arrived;
    uint64_t total_arrived;
    sim_mark fin;
    sim_mark rst;
} sim_pipe;

/* Appends up to `length` bytes; fewer, or none, when memory runs out. */
size_t sim_pipe_append(sim_pipe *pipe, nh_memory *memory, const uint8_t *bytes, size_t length,
                       uint64_t now_ms);
/* Takes up to `size` bytes that have arrived. */
size_t sim_pipe_take(sim_pipe *pipe, nh_memory *memory, uint8_t *buffer, size_t size);
/* Drops what has not arrived, but for the first `keep` bytes. */
void sim_pipe_truncate(sim_pipe *pipe, nh_memory *memory, size_t keep);
void sim_pipe_clear(sim_pipe *pipe, nh_memory *memory);
/* Lets bytes that are due by `now_ms` arrive, at most `room`; returns how many did. */
size_t sim_pipe_arrive(sim_pipe *pipe, uint64_t now_ms, size_t room);
/* When FIN or RST sent now is due; nothing waits to be merged any more. */
uint64_t sim_pipe_flush(sim_pipe *pipe, uint64_t now_ms);
/* Arrival needs no poll phase. */
bool sim_shape_is_plain(const nh_simulator_shape *shape);
/* When the next thing arrives, given `room` in the receiver's buffer; SIM_NEVER: nothing will by
 * itself. */
uint64_t sim_pipe_next_due(const sim_pipe *pipe, size_t room);

/* --- socket.c ----------------------------------------------------------------------------- */

typedef struct sim_link sim_link;

/* One end of a connection in the kernel. */
typedef struct sim_socket {
    sim_link *link;
    struct sim_socket *peer; /* the other end; stays until both are closed */
    nh_address local;
    nh_address remote;
    sim_pipe incoming;
    sim_watcher *watcher;  /* NULL while it waits to be accepted */
    sim_node transit;      /* in simulator->transit: something in `incoming` has not arrived */
    sim_node accept_queue; /* in listening->accept_queue */
    int error;             /* SO_ERROR, negative: told once to whoever asks first */
    bool is_open;          /* somebody holds the descriptor */
    bool is_dead;          /* TCP_CLOSE: a RST was received or sent */
    bool receive_shut;     /* FIN received */
    bool send_shut;        /* FIN sent, or nobody there to send to */
    bool closed_unread;    /* UNIX: was closed with bytes unread, which the peer is told */
} sim_socket;

struct sim_link {
    sim_simulator *simulator;
    sim_node links; /* in simulator->links */
    bool is_unix;
    sim_socket client;
    sim_socket server;
};

/* Two connected ends, both open; NULL without memory. */
sim_link *sim_link_new(sim_simulator *simulator, const nh_address *client,
                       const nh_address *server);
void sim_link_free(sim_link *link);
unsigned sim_socket_readiness(const sim_socket *socket);
/* send(2): the bytes of `pieces` after the first `skip`. A negative errno, -EAGAIN among them, or 0
 * and the number of bytes accepted. */
int sim_socket_send(sim_socket *socket, const nh_bytes *pieces, size_t count, size_t skip,
                    size_t *out_accepted);
/* recv(2): 0 and the number of bytes (0: end of stream), or a negative errno. */
int sim_socket_receive(sim_socket *socket, uint8_t *buffer, size_t size, size_t *out_length);
/* SO_ERROR: the pending error, which is then gone. */
int sim_socket_take_error(sim_socket *socket);
/* shutdown(2) with SHUT_WR. */
int sim_socket_shutdown(sim_socket *socket);
/* close(2); `reset`: with SO_LINGER 0. Frees the link when it was the last end. */
void sim_socket_close(sim_socket *socket, bool reset);
/* Delivers what is due. */
void sim_socket_deliver(sim_socket *socket);
/* Delivers one step of everything that is on its way. */
void sim_sockets_deliver(sim_simulator *simulator);
/* When something will next arrive at `socket`. */
uint64_t sim_socket_next_due(const sim_socket *socket);
/* Who receives in that direction. */
sim_socket *sim_link_receiver(sim_link *link, nh_simulator_direction direction);
/* The shape of `socket->incoming` has changed. */
void sim_socket_reshaped(sim_socket *socket);

/* --- handles ------------------------------------------------------------------------------ */

/* What libuv calls a handle: it keeps the loop running while active and referenced, and closes in
 * two steps. */
typedef struct sim_handle {
    sim_simulator *simulator;
    sim_watcher watcher;
    sim_node handles; /* in simulator->handles */
    bool is_active;
    bool is_unreferenced;
    bool is_closing;
    struct sim_handle *next_closing;
    void (*close)(struct sim_handle *handle);   /* as the public function does; once */
    void (*finish)(struct sim_handle *handle);  /* closing phase: reports */
    void (*release)(struct sim_handle *handle); /* frees, reporting nothing */
} sim_handle;

void sim_handle_init(sim_handle *handle, sim_simulator *simulator);
void sim_handle_set_active(sim_handle *handle, bool active);
void sim_handle_set_referenced(sim_handle *handle, bool referenced);
/* The first step of closing. */
void sim_handle_close(sim_handle *handle);
void sim_handle_free(sim_handle *handle);

/* --- connection.c ------------------------------------------------------------------------- */

#define SIM_INLINE_PIECES 4

typedef enum sim_connect_state {
    SIM_CONNECT_NONE,
    SIM_CONNECT_WAITING, /* in simulator->connects until `connect_due_ms` */
    SIM_CONNECT_ANSWERED /* the outcome is known but not reported */
} sim_connect_state;

struct sim_connection {
    sim_handle handle;
    nh_address_family family;
    const nh_connection_observer *observer; /* NULL: nobody to tell yet */
    void *owner;
    sim_socket *socket; /* NULL: not connected, or closed */
    nh_address local;   /* when `is_bound` and not connected yet */
    bool is_bound;

    /* the state of uv_stream_t */
    bool is_readable;
    bool is_writable;
    bool is_reading;
    bool read_was_partial;
    bool has_ended;      /* end of stream reported */
    bool is_shutting;    /* shutdown asked for */
    bool is_shut;        /* FIN sent */
    bool is_connecting;  /* outcome of connect not reported */
    bool is_writing;     /* outcome of write not reported */
    bool write_finished; /* ... but known */
    int write_status;

    /* the connect under way */
    sim_connect_state connect_state;
    sim_node connects;
    uint64_t connect_due_ms;
    uint64_t connect_gives_up_ms;
    uint64_t connect_wait_ms; /* before the next attempt */
    int connect_status;       /* the outcome; while waiting: 0 asks the listener */
    nh_address remote;

    /* the write under way */
    const nh_bytes *pieces;
    size_t piece_count;
    size_t write_length;
    size_t write_accepted;
    nh_bytes inline_pieces[SIM_INLINE_PIECES];
    nh_bytes *allocated_pieces; /* NULL: they are inline */
};

sim_connection *sim_connection_new(sim_simulator *simulator, nh_address_family family);
/* Joins the handle and the kernel's end. */
void sim_connection_use(sim_connection *connection, sim_socket *socket);
/* Reports the outcome of the write under way, when it is known. */
void sim_connection_report_written(sim_connection *connection);
/* The write under way ends so, unless its outcome is known already. */
void sim_connection_end_write(sim_connection *connection, int status);

static inline sim_connection *sim_connection_of(nh_connection *connection) {
    return (sim_connection *)(void *)connection;
}

nh_connection *sim_open(nh_transport *transport, nh_address_family family,
                        const nh_connection_observer *observer, void *owner);
void sim_observe(nh_connection *connection, const nh_connection_observer *observer, void *owner);
int sim_start_reading(nh_connection *connection);
void sim_stop_reading(nh_connection *connection);
int sim_write(nh_connection *connection, const nh_bytes *pieces, size_t count, size_t *out_queued);
size_t sim_write_queue_size(nh_connection *connection);
int sim_shutdown(nh_connection *connection);
void sim_close(nh_connection *connection);
int sim_reset(nh_connection *connection);
int sim_local_address(nh_connection *connection, nh_address *out_address);
int sim_remote_address(nh_connection *connection, nh_address *out_address);
void sim_set_referenced(nh_connection *connection, bool referenced);

/* --- connect.c ---------------------------------------------------------------------------- */

typedef struct sim_route {
    sim_node routes;
    nh_address remote;
    nh_simulator_route route;
} sim_route;

int sim_bind(nh_connection *connection, const nh_address *local);
int sim_connect(nh_connection *connection, const nh_address *remote, const nh_address *local);
/* Reports the outcome. */
void sim_connect_report(sim_connection *connection);
/* Goes on with those that are due. */
void sim_connects_advance(sim_simulator *simulator);
/* NULL: what Linux does on the loopback interface. */
const nh_simulator_route *sim_route_find(const sim_simulator *simulator, const nh_address *remote);
/* The address is one of this machine. */
bool sim_address_is_local(const sim_simulator *simulator, const nh_address *address);

/* --- listening.c -------------------------------------------------------------------------- */

struct sim_listening {
    sim_handle handle;
    sim_node listenings; /* in simulator->listenings while open */
    const nh_listening_observer *observer;
    void *owner;
    nh_address address;
    size_t backlog;
    sim_node accept_queue; /* sim_socket.accept_queue */
    size_t waiting;        /* in it */
};

int sim_listen(nh_transport *transport, const nh_address *address, int backlog,
               const nh_listening_observer *observer, void *owner, nh_listening **out_listening);
int sim_listening_address(nh_listening *listening, nh_address *out_address);
void sim_listening_set_referenced(nh_listening *listening, bool referenced);
void sim_listening_close(nh_listening *listening);
/* Who would answer a connect to `remote`; NULL: nobody. */
sim_listening *sim_listening_find(const sim_simulator *simulator, const nh_address *remote);
bool sim_listening_is_full(const sim_listening *listening);
void sim_listening_enqueue(sim_listening *listening, sim_socket *socket);
/* A TCP port that nothing uses, 0 when there is none. */
uint16_t sim_port_choose(sim_simulator *simulator);
/* -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL, or 0 and the address in its canonical form, port chosen. */
int sim_address_claim(sim_simulator *simulator, const nh_address *address, nh_address *out_address);

/* --- address.c ---------------------------------------------------------------------------- */

/* Reads `text` as an address of `family` (0: either) and stores it in its canonical form. */
bool sim_address_parse(const char *text, int family, uint16_t port, nh_address *out_address);
/* The canonical form of an address; false when it is none. */
bool sim_address_normalise(const nh_address *address, nh_address *out_address);
bool sim_address_equal(const nh_address *a, const nh_address *b);
/* 0.0.0.0, :: */
bool sim_address_is_any(const nh_address *address);
bool sim_address_is_loopback(const nh_address *address);
/* Who listens on `listening` hears what goes to `remote`. */
bool sim_address_covers(const nh_address *listening, const nh_address *remote);
/* An IPv4 address as IPv6 sockets see it (::ffff:a.b.c.d), and back; others unchanged. */
nh_address sim_address_mapped(const nh_address *address);
nh_address sim_address_unmapped(const nh_address *address);
void sim_address_set_host(nh_address *address, const char *host);

/* --- lookup.c ----------------------------------------------------------------------------- */

typedef struct sim_host {
    sim_node hosts;
    char *name;
    int status;
    uint64_t delay_ms;
    size_t count;
    nh_address addresses[];
} sim_host;

nh_lookup *sim_lookup(nh_transport *transport, const char *host, int family, nh_lookup_done done,
                      void *owner);
void sim_lookup_cancel(nh_lookup *lookup);
void sim_lookups_init(sim_simulator *simulator);
/* Those that are due become ready; `waiting`: the loop would wait otherwise. */
void sim_lookups_mature(sim_simulator *simulator, bool waiting);
uint64_t sim_lookups_next_due(const sim_simulator *simulator);
void sim_lookups_free(sim_simulator *simulator);
/* Ends all of them with -ECANCELED. */
void sim_lookups_cancel(sim_simulator *simulator);
void sim_hosts_free(sim_simulator *simulator);

/* --- fault.c ------------------------------------------------------------------------------ */

/* The status with which this occurrence fails; 0: it does not. */
int sim_fault(sim_simulator *simulator, const sim_connection *connection,
              nh_simulator_operation operation);
void sim_faults_forget(sim_simulator *simulator, const sim_connection *connection);

/* --- simulator.c -------------------------------------------------------------------------- */

struct sim_simulator {
    nh_transport transport; /* first: a nh_transport is its simulator */
    nh_memory *memory;
    nh_loop *loop; /* NULL: none attached */
    nh_simulator_options options;
    nh_simulator_shape shapes[2]; /* by nh_simulator_direction */

    uint64_t now_ms;
    uint64_t iteration;
    uint32_t busy_iterations; /* since time last passed */
    bool is_stopped;
    bool timer_is_armed;
    bool timer_is_referenced;
    uint64_t timer_deadline_ms;
    bool immediates_are_armed;

    sim_node changes;    /* sim_watcher.change */
    sim_node ready;      /* sim_watcher.ready */
    sim_node pending;    /* sim_watcher.pending */
    sim_handle *closing; /* last closed first */
    size_t active_handles;
    size_t active_requests;

    sim_node handles;    /* sim_handle.handles */
    sim_node links;      /* sim_link.links */
    sim_node transit;    /* sim_socket.transit */
    sim_node connects;   /* sim_connection.connects */
    sim_node listenings; /* sim_listening.listenings */
    sim_node lookups;
    sim_node hosts;  /* sim_host.hosts */
    sim_node routes; /* sim_route.routes */
    sim_node faults;
    sim_watcher lookup_watcher; /* libuv hears of finished look-ups through a descriptor */
    uint16_t next_port;
    bool ports_have_wrapped;
    uint8_t read_buffer[SIM_READ_BYTES]; /* last, since it need not be zeroed */
};

static inline sim_simulator *sim_simulator_of(nh_transport *transport) {
    return (sim_simulator *)(void *)transport;
}

/* Bracket a report. */
void sim_begin_report(sim_simulator *simulator);
void sim_end_report(sim_simulator *simulator);

#endif
