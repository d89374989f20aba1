/* One connection of a peer: what arrives, and how it ends. */
#include "peer/internal.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* --- life --------------------------------------------------------------------------------- */

ts_peer_connection *ts_peer_connection_new(ts_peers *peers, char *lane, char *place,
                                           const json_t *script, bool keeps_open) {
    ts_peer_connection *connection = ts_allocate(1, sizeof(*connection));
    connection->peers = peers;
    connection->lane = lane;
    connection->place = place;
    bool has_options = json_is_object(script);
    connection->steps = has_options ? json_object_get(script, "steps") : script;
    connection->keeps_open =
        keeps_open || (has_options && json_is_true(json_object_get(script, "keeps_open")));
    connection->after_receives = ts_peer_after_receives(connection->steps);
    connection->waiting = TS_PEER_CONNECTS;
    connection->reads = true;
    connection->records = true;
    *peers->last = connection;
    peers->last = &connection->next;
    peers->connection_count++;
    return connection;
}

static void free_connection(ts_peer_connection *connection) {
    ts_text_free(&connection->received);
    ts_text_free(&connection->wanted);
    ts_text_free(&connection->sending);
    free(connection->lane);
    free(connection->place);
    free(connection);
}

/* What is being sent has to stay until the transport has reported the end of it. */
void ts_peer_connection_detach(ts_peer_connection *connection) {
    static const nh_connection_observer nobody;
    if (connection->connection != NULL && connection->is_writing) {
        connection->peers = NULL;
        return;
    }
    if (connection->connection != NULL) {
        connection->peers->transport->observe(connection->connection, &nobody, NULL);
    }
    free_connection(connection);
}

static void on_closed(void *owner) {
    ts_peer_connection *connection = owner;
    connection->connection = NULL;
    if (connection->peers == NULL) {
        free_connection(connection);
        return;
    }
    ts_peer_continue(connection, TS_PEER_CLOSES);
}

int ts_peer_connection_close(ts_peer_connection *connection, bool reset) {
    if (connection->connection == NULL || connection->is_closing) {
        return 0;
    }
    const nh_transport_operations *transport = connection->peers->transport;
    if (reset) {
        int status = transport->reset(connection->connection);
        if (status != 0) {
            return status;
        }
    } else {
        transport->close(connection->connection);
    }
    connection->is_closing = true;
    return 0;
}

void ts_peer_connection_close_if_done(ts_peer_connection *connection) {
    if (connection->other_ended && connection->waiting == TS_PEER_DONE && !connection->keeps_open) {
        (void)ts_peer_connection_close(connection, false);
    }
}

/* --- what arrives ------------------------------------------------------------------------- */

/* Keeps the bytes for the steps that receive, if more of them come. */
static void keep(ts_peer_connection *connection, nh_bytes bytes) {
    if (connection->step >= connection->after_receives) {
        ts_text_clear(&connection->received);
        connection->consumed = 0;
        return;
    }
    if (connection->received.length - connection->consumed + bytes.length > TS_PEER_MOST_UNREAD) {
        ts_peers_fail(connection->peers,
                      ts_format("%s: more than %d bytes came before a step received them",
                                connection->place, TS_PEER_MOST_UNREAD));
        return;
    }
    ts_text_append_bytes(&connection->received, (const char *)bytes.data, bytes.length);
}

static void on_end(ts_peer_connection *connection, int status) {
    connection->other_ended = true;
    if (status == NH_STATUS_END_OF_STREAM) {
        ts_peers_observe(connection, "ends", NULL);
    } else {
        connection->is_broken = true;
        const char *name = nh_status_name(status);
        if (strcmp(name, "ECONNRESET") == 0) {
            ts_peers_observe(connection, "resets", NULL);
        } else {
            ts_peers_observe(connection, "fails", json_string(name));
        }
    }
    ts_peer_received(connection);
    ts_peer_connection_close_if_done(connection);
}

static void on_read(void *owner, int status, nh_bytes bytes) {
    ts_peer_connection *connection = owner;
    if (connection->peers == NULL || connection->peers->is_closed) {
        return;
    }
    connection->peers->activity++;
    if (status != 0) {
        on_end(connection, status);
        return;
    }
    if (connection->records) {
        ts_peers_observe(connection, "receives",
                         ts_bytes_to_json((const char *)bytes.data, bytes.length));
    }
    keep(connection, bytes);
    ts_peer_received(connection);
}

void ts_peer_connection_update_reading(ts_peer_connection *connection) {
    const nh_transport_operations *transport = connection->peers->transport;
    if (connection->connection == NULL || connection->is_closing || connection->other_ended) {
        return;
    }
    if (!connection->reads) {
        transport->stop_reading(connection->connection);
        return;
    }
    int status = transport->start_reading(connection->connection);
    if (status != 0) {
        ts_peers_fail(connection->peers, ts_format("%s: it can't read: %s", connection->place,
                                                   nh_status_name(status)));
    }
}

/* --- how it begins ------------------------------------------------------------------------ */

static void begin(ts_peer_connection *connection) {
    if (connection->is_tcp) {
        connection->peers->transport->set_no_delay(connection->connection, true);
    }
    connection->waiting = TS_PEER_RUNS;
    ts_peer_connection_update_reading(connection);
    ts_peer_run(connection);
}

static void on_connected(void *owner, int status) {
    ts_peer_connection *connection = owner;
    if (connection->peers == NULL || connection->peers->is_closed) {
        return;
    }
    if (status == 0) {
        begin(connection);
        return;
    }
    ts_peers_observe(connection, "fails", json_string(nh_status_name(status)));
    connection->waiting = TS_PEER_DONE;
    (void)ts_peer_connection_close(connection, false);
}

static void on_written(void *owner, int status) {
    ts_peer_connection *connection = owner;
    connection->is_writing = false;
    if (connection->peers != NULL && !connection->peers->is_closed) {
        connection->peers->activity++;
        ts_peer_written(connection, status);
    }
}

static void on_shut_down(void *owner, int status) {
    ts_peer_connection *connection = owner;
    (void)status; /* the other end was faster: what it did is observed */
    if (connection->peers != NULL && !connection->peers->is_closed) {
        ts_peer_continue(connection, TS_PEER_ENDS);
    }
}

static const nh_connection_observer observer = {
    .connected = on_connected,
    .read = on_read,
    .written = on_written,
    .shut_down = on_shut_down,
    .closed = on_closed,
};

void ts_peer_connection_accept(ts_peer_connection *connection, nh_connection *accepted,
                               bool is_tcp) {
    connection->connection = accepted;
    connection->is_tcp = is_tcp;
    connection->peers->transport->observe(accepted, &observer, connection);
    begin(connection);
}

void ts_peer_connection_connect(ts_peer_connection *connection, const nh_address *address) {
    ts_peers *peers = connection->peers;
    connection->is_tcp = address->family != NH_ADDRESS_UNIX;
    connection->connection = peers->transport->open(nh_loop_transport(peers->loop), address->family,
                                                    &observer, connection);
    if (connection->connection == NULL) {
        ts_peers_fail(peers, ts_format("%s: out of memory", connection->place));
        return;
    }
    int status = peers->transport->connect(connection->connection, address, NULL);
    if (status != 0) {
        on_connected(connection, status);
    }
}
