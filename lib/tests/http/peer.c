#include "http/peer.h"

#include <string.h>

static const nh_transport_operations *operations_of(const struct peer *peer) {
    return peer->fixture->simulator->operations;
}

static void peer_written(void *owner, int status) {
    (void)owner;
    (void)status;
}

static void peer_closed(void *owner) {
    struct peer_connection *connection = owner;
    connection->connection = NULL;
    connection->peer->open--;
}

static void send_bytes(struct peer_connection *connection, const char *bytes) {
    nh_bytes piece = nh_bytes_of_text(bytes);
    if (piece.length > 0) {
        (void)operations_of(connection->peer)->write(connection->connection, &piece, 1, NULL);
    }
}

static void answer(struct peer_connection *connection) {
    struct peer *peer = connection->peer;
    size_t last = peer->answer_count - 1;
    const struct peer_answer *chosen = &peer->answers[peer->heads < last ? peer->heads : last];
    peer->heads++;
    if (chosen->bytes != NULL) {
        send_bytes(connection, chosen->bytes);
    }
    if (chosen->then == PEER_ENDS) {
        (void)operations_of(peer)->shutdown(connection->connection);
    } else if (chosen->then == PEER_RESETS) {
        (void)operations_of(peer)->reset(connection->connection);
    }
}

static void peer_read(void *owner, int status, nh_bytes bytes) {
    struct peer_connection *connection = owner;
    if (status < 0) {
        operations_of(connection->peer)->close(connection->connection);
        return;
    }
    size_t room = sizeof(connection->received) - connection->length - 1;
    size_t length = bytes.length < room ? bytes.length : room;
    memcpy(connection->received + connection->length, bytes.data, length);
    connection->length += length;
    connection->received[connection->length] = '\0';
    const char *end;
    while (connection->connection != NULL &&
           (end = strstr(connection->received + connection->answered, "\r\n\r\n")) != NULL) {
        connection->answered = (size_t)(end - connection->received) + 4;
        answer(connection);
    }
}

static void peer_accepted(void *owner, int status, nh_connection *accepted) {
    static const nh_connection_observer observer = {.read = peer_read,
                                                    .written = peer_written,
                                                    .shut_down = peer_written,
                                                    .closed = peer_closed};
    struct peer *peer = owner;
    if (status < 0 || peer->connection_count == PEER_CONNECTIONS) {
        return;
    }
    struct peer_connection *connection = &peer->connections[peer->connection_count++];
    connection->peer = peer;
    connection->connection = accepted;
    peer->open++;
    operations_of(peer)->observe(accepted, &observer, connection);
    operations_of(peer)->set_referenced(accepted, false);
    (void)operations_of(peer)->start_reading(accepted);
}

static void listening_closed(void *owner) {
    (void)owner;
}

bool peer_open(struct peer *peer, struct fixture *fixture, const struct peer_answer *answers,
               size_t answer_count) {
    static const nh_listening_observer observer = {.connection = peer_accepted,
                                                   .closed = listening_closed};
    const nh_address address = {.family = NH_ADDRESS_IPV4, .host = PEER_HOST, .port = PEER_PORT};
    memset(peer, 0, sizeof(*peer));
    peer->fixture = fixture;
    peer->answers = answers;
    peer->answer_count = answer_count;
    if (operations_of(peer)->listen(fixture->simulator, &address, 16, &observer, peer,
                                    &peer->listening) != 0) {
        return false;
    }
    operations_of(peer)->listening_set_referenced(peer->listening, false);
    return true;
}

void peer_send(struct peer *peer, size_t connection, const char *bytes) {
    if (peer->connections[connection].connection != NULL) {
        send_bytes(&peer->connections[connection], bytes);
    }
}

void peer_end(struct peer *peer, size_t connection) {
    if (peer->connections[connection].connection != NULL) {
        (void)operations_of(peer)->shutdown(peer->connections[connection].connection);
    }
}
