/* Peers that listen, refuse or connect; signals, and how it all ends. */
#include "peer/internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct ts_peer {
    ts_peers *peers;
    ts_peer *next;
    const char *name;
    const json_t *definition;
    bool is_tcp;
    nh_listening *listening; /* of one that accepts */
    nh_connection *refusing; /* bound, so that nobody else gets the port */
    size_t accepted;
    const json_t *server; /* the address of the server that it connects to, once known */
    bool has_connected;
    ts_peer_later later;
};

/* --- what is reported --------------------------------------------------------------------- */

void ts_peers_fail(ts_peers *peers, char *message) {
    if (!peers->has_failed && !peers->is_closed) {
        peers->has_failed = true;
        peers->observer->failed(peers->owner, message);
    }
    free(message);
}

void ts_peers_observe(ts_peer_connection *connection, const char *name, json_t *value) {
    ts_peers *peers = connection->peers;
    if (peers != NULL && !peers->is_closed && !peers->has_failed) {
        peers->observer->observed(peers->owner, connection->lane, name, value);
    }
    json_decref(value);
}

/* --- later -------------------------------------------------------------------------------- */

void ts_peer_forget(ts_peers *peers, ts_peer_later *later) {
    if (later->timeout != 0) {
        nh_loop_clear_timeout(peers->loop, later->timeout);
    }
    if (later->immediate != 0) {
        nh_loop_clear_immediate(peers->loop, later->immediate);
    }
    *later = (ts_peer_later){0};
}

static nh_value function_of(ts_peers *peers, nh_function_call action, void *data) {
    return nh_function_new(nh_loop_memory(peers->loop), "", action, data, NULL);
}

void ts_peer_immediately(ts_peers *peers, ts_peer_later *later, nh_function_call action,
                         void *data) {
    ts_peer_forget(peers, later);
    nh_value function = function_of(peers, action, data);
    later->immediate = nh_loop_set_immediate(peers->loop, function);
    nh_value_release(&function);
    if (later->immediate == 0) {
        ts_peers_fail(peers, ts_duplicate("peers: out of memory"));
    }
}

void ts_peer_after(ts_peers *peers, ts_peer_later *later, uint64_t milliseconds,
                   nh_function_call action, void *data) {
    ts_peer_forget(peers, later);
    nh_value function = function_of(peers, action, data);
    later->timeout = nh_loop_set_timeout(peers->loop, function, milliseconds);
    nh_value_release(&function);
    if (later->timeout == 0) {
        ts_peers_fail(peers, ts_duplicate("peers: out of memory"));
    }
}

/* --- addresses ---------------------------------------------------------------------------- */

static json_t *address_to_json(const nh_address *address) {
    if (address->family == NH_ADDRESS_UNIX) {
        return json_pack("{s:s}", "path", address->host);
    }
    return json_pack("{s:s,s:i}", "host", address->host, "port", (int)address->port);
}

/* false when it is too long or neither a host with a port nor a path. */
static bool address_from_json(const json_t *json, nh_address *out_address) {
    const char *path = json_string_value(json_object_get(json, "path"));
    const char *host = json_string_value(json_object_get(json, "host"));
    json_int_t port = json_integer_value(json_object_get(json, "port"));
    const char *text = path != NULL ? path : host;
    *out_address = (nh_address){.family = NH_ADDRESS_UNIX};
    if (text == NULL || strlen(text) >= sizeof(out_address->host)) {
        return false;
    }
    memcpy(out_address->host, text, strlen(text) + 1);
    if (path == NULL) {
        out_address->family = strchr(host, ':') != NULL ? NH_ADDRESS_IPV6 : NH_ADDRESS_IPV4;
        out_address->port = (uint16_t)port;
    }
    return path != NULL || (port > 0 && port <= UINT16_MAX);
}

static void publish(ts_peer *peer, const nh_address *address) {
    ts_peers *peers = peer->peers;
    (void)json_object_set_new(peers->addresses, peer->name, address_to_json(address));
    (void)json_object_set_new(peers->known, peer->name, address_to_json(address));
}

static nh_address any_port(void) {
    return (nh_address){.family = NH_ADDRESS_IPV4, .host = "127.0.0.1"};
}

/* --- peers that accept -------------------------------------------------------------------- */

static void on_connection(void *owner, int status, nh_connection *accepted) {
    ts_peer *peer = owner;
    ts_peers *peers = peer->peers;
    if (status < 0) {
        ts_peers_fail(
            peers, ts_format("peers.%s: accepting failed: %s", peer->name, nh_status_name(status)));
        return;
    }
    if (peers->connection_count == TS_PEER_MOST_CONNECTIONS) {
        peers->transport->close(accepted);
        ts_peers_fail(peers, ts_format("peers.%s: more than %d connections", peer->name,
                                       TS_PEER_MOST_CONNECTIONS));
        return;
    }
    size_t index = peer->accepted++;
    const json_t *scripts = json_object_get(peer->definition, "accepts");
    bool is_listed = index < json_array_size(scripts);
    const json_t *script =
        is_listed ? json_array_get(scripts, index) : json_object_get(peer->definition, "further");
    char *place = is_listed ? ts_format("peers.%s.accepts[%zu]", peer->name, index)
                            : ts_format("peers.%s.further", peer->name);
    ts_peer_connection *connection =
        ts_peer_connection_new(peers, ts_format("%s.%zu", peer->name, index + 1), place, script,
                               json_is_true(json_object_get(peer->definition, "keeps_open")));
    ts_peer_connection_accept(connection, accepted, peer->is_tcp);
}

static const nh_listening_observer listening_observer = {.connection = on_connection};

static bool start_accepting(ts_peer *peer, char **out_error) {
    enum { BACKLOG = 128 };
    ts_peers *peers = peer->peers;
    nh_address address = any_port();
    if (json_is_true(json_object_get(peer->definition, "unix"))) {
        peer->is_tcp = false;
        char *path = ts_format("%s.%s", peers->unix_path, peer->name);
        bool fits = strlen(path) < sizeof(address.host);
        if (fits) {
            address = (nh_address){.family = NH_ADDRESS_UNIX};
            memcpy(address.host, path, strlen(path) + 1);
        } else {
            *out_error =
                ts_format("peers.%s: the path %s is too long for a UNIX socket", peer->name, path);
        }
        free(path);
        if (!fits) {
            return false;
        }
    }
    int status = peers->transport->listen(nh_loop_transport(peers->loop), &address, BACKLOG,
                                          &listening_observer, peer, &peer->listening);
    if (status == 0 && peer->is_tcp) {
        status = peers->transport->listening_address(peer->listening, &address);
    }
    if (status != 0) {
        *out_error = ts_format("peers.%s: it can't listen at %s: %s", peer->name, address.host,
                               nh_status_name(status));
        return false;
    }
    publish(peer, &address);
    return true;
}

/* --- peers that refuse -------------------------------------------------------------------- */

static const nh_connection_observer nobody;

static bool start_refusing(ts_peer *peer, char **out_error) {
    ts_peers *peers = peer->peers;
    nh_address address = any_port();
    peer->refusing =
        peers->transport->open(nh_loop_transport(peers->loop), address.family, &nobody, NULL);
    int status = peer->refusing != NULL ? peers->transport->bind(peer->refusing, &address)
                                        : nh_status_of_name("ENOMEM");
    if (status == 0) {
        status = peers->transport->local_address(peer->refusing, &address);
    }
    if (status != 0) {
        *out_error =
            ts_format("peers.%s: no port to refuse at: %s", peer->name, nh_status_name(status));
        return false;
    }
    publish(peer, &address);
    return true;
}

/* --- peers that connect ------------------------------------------------------------------- */

static bool may_connect(const ts_peer *peer) {
    const char *signal = json_string_value(json_object_get(peer->definition, "waits"));
    return peer->server != NULL && !peer->has_connected &&
           (signal == NULL || json_object_get(peer->peers->signals, signal) != NULL);
}

static void start_connecting(const nh_value *arguments, size_t count, void *data,
                             nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    ts_peer *peer = data;
    ts_peers *peers = peer->peers;
    peer->later = (ts_peer_later){0};
    nh_address address;
    if (!address_from_json(peer->server, &address)) {
        ts_peers_fail(peers, ts_format("peers.%s: the server has no usable address", peer->name));
        return;
    }
    peer->has_connected = true;
    const json_t *definition = peer->definition;
    ts_peer_connection *connection = ts_peer_connection_new(
        peers, ts_duplicate(peer->name), ts_format("peers.%s.steps", peer->name),
        json_object_get(definition, "steps"),
        json_is_true(json_object_get(definition, "keeps_open")));
    ts_peer_connection_connect(connection, &address);
}

static void connect_if_possible(ts_peer *peer) {
    if (may_connect(peer)) {
        ts_peer_immediately(peer->peers, &peer->later, start_connecting, peer);
    }
}

void ts_peers_listening(ts_peers *peers, const char *server, const json_t *address) {
    if (peers->is_closed) {
        return;
    }
    (void)json_object_set_new(peers->known, server, json_deep_copy(address));
    for (ts_peer *peer = peers->peers; peer != NULL; peer = peer->next) {
        const char *wanted = json_string_value(json_object_get(peer->definition, "connects"));
        if (wanted != NULL && strcmp(wanted, server) == 0 && peer->server == NULL) {
            peer->server = json_object_get(peers->known, server);
            connect_if_possible(peer);
        }
    }
}

/* --- signals ------------------------------------------------------------------------------ */

static void go_on(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    ts_peer_connection *connection = data;
    connection->later = (ts_peer_later){0};
    ts_peer_continue(connection, TS_PEER_SIGNAL);
}

void ts_peers_signal(ts_peers *peers, const char *name) {
    if (peers->is_closed || json_object_get(peers->signals, name) != NULL) {
        return;
    }
    (void)json_object_set_new(peers->signals, name, json_true());
    for (ts_peer *peer = peers->peers; peer != NULL; peer = peer->next) {
        const char *wanted = json_string_value(json_object_get(peer->definition, "waits"));
        if (wanted != NULL && strcmp(wanted, name) == 0) {
            connect_if_possible(peer);
        }
    }
    for (ts_peer_connection *one = peers->connections; one != NULL; one = one->next) {
        const json_t *step = json_array_get(one->steps, one->step);
        const char *wanted = json_string_value(json_object_get(step, "wait"));
        if (one->waiting == TS_PEER_SIGNAL && wanted != NULL && strcmp(wanted, name) == 0) {
            ts_peer_immediately(peers, &one->later, go_on, one);
        }
    }
}

void ts_peers_give(ts_peers *peers, const char *name) {
    ts_peers_signal(peers, name);
    peers->observer->signalled(peers->owner, name);
}

/* --- life --------------------------------------------------------------------------------- */

static bool start(ts_peer *peer, char **out_error) {
    if (json_object_get(peer->definition, "accepts") != NULL) {
        return start_accepting(peer, out_error);
    }
    if (json_object_get(peer->definition, "refuses") != NULL) {
        return start_refusing(peer, out_error);
    }
    return true;
}

ts_peers *ts_peers_new(nh_loop *loop, const json_t *definitions, const char *unix_path,
                       double time_scale, const ts_peers_observer *observer, void *owner,
                       char **out_error) {
    ts_peers *peers = ts_allocate(1, sizeof(*peers));
    peers->loop = loop;
    peers->last = &peers->connections;
    peers->transport = nh_loop_transport(loop)->operations;
    peers->time_scale = time_scale;
    peers->unix_path = unix_path;
    peers->observer = observer;
    peers->owner = owner;
    peers->addresses = json_object();
    peers->known = json_object();
    peers->signals = json_object();
    *out_error = NULL;
    ts_peer **end = &peers->peers;
    const char *name;
    json_t *definition;
    json_object_foreach((json_t *)(uintptr_t)definitions, name, definition) {
        ts_peer *peer = ts_allocate(1, sizeof(*peer));
        peer->peers = peers;
        peer->name = name;
        peer->definition = definition;
        peer->is_tcp = true;
        *end = peer;
        end = &peer->next;
        if (!start(peer, out_error)) {
            ts_peers_free(peers);
            return NULL;
        }
    }
    return peers;
}

const json_t *ts_peers_addresses(const ts_peers *peers) {
    return peers->addresses;
}

bool ts_peers_are_quiescent(const ts_peers *peers) {
    if (peers->has_failed) {
        return true;
    }
    for (const ts_peer *peer = peers->peers; peer != NULL; peer = peer->next) {
        if (peer->later.immediate != 0) {
            return false;
        }
    }
    for (const ts_peer_connection *one = peers->connections; one != NULL; one = one->next) {
        bool waits_for_others = one->waiting == TS_PEER_DONE || one->waiting == TS_PEER_RECEIVES ||
                                one->waiting == TS_PEER_SIGNAL || one->waiting == TS_PEER_WRITES;
        if (!waits_for_others || one->later.immediate != 0 || one->later.timeout != 0) {
            return false;
        }
    }
    return true;
}

unsigned long long ts_peers_activity(const ts_peers *peers) {
    return peers->activity;
}

void ts_peers_close(ts_peers *peers) {
    peers->is_closed = true;
    for (ts_peer *peer = peers->peers; peer != NULL; peer = peer->next) {
        ts_peer_forget(peers, &peer->later);
        if (peer->listening != NULL) {
            peers->transport->close_listening(peer->listening);
            peer->listening = NULL;
        }
        if (peer->refusing != NULL) {
            peers->transport->close(peer->refusing);
            peer->refusing = NULL;
        }
    }
    for (ts_peer_connection *one = peers->connections; one != NULL; one = one->next) {
        ts_peer_forget(peers, &one->later);
        (void)ts_peer_connection_close(one, false);
    }
}

void ts_peers_free(ts_peers *peers) {
    if (peers == NULL) {
        return;
    }
    ts_peers_close(peers);
    while (peers->connections != NULL) {
        ts_peer_connection *connection = peers->connections;
        peers->connections = connection->next;
        ts_peer_connection_detach(connection);
    }
    while (peers->peers != NULL) {
        ts_peer *peer = peers->peers;
        peers->peers = peer->next;
        free(peer);
    }
    ts_delivery_close(&peers->delivery);
    json_decref(peers->addresses);
    json_decref(peers->known);
    json_decref(peers->signals);
    free(peers);
}
