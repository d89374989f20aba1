#include "session/raw_client.h"

static const nh_transport_operations *operations_of(const struct raw_client *client) {
    return client->simulator->operations;
}

/* Sends what waits, until a piece is under way. */
static void send_pieces(struct raw_client *client) {
    while (client->connected && !client->writing && client->piece_count > 0) {
        int status = operations_of(client)->write(client->connection, &client->pieces[0], 1, NULL);
        client->writing = status == 1;
        if (status != 1) {
            client->piece_count--;
            for (size_t i = 0; i < client->piece_count; i++) {
                client->pieces[i] = client->pieces[i + 1];
            }
        }
    }
    if (client->connected && !client->writing && client->piece_count == 0 && client->finishes) {
        client->finishes = false;
        (void)operations_of(client)->shutdown(client->connection);
    }
}

static void on_connected(void *owner, int status) {
    struct raw_client *client = owner;
    if (status < 0) {
        raw_client_close(client);
        return;
    }
    client->connected = true;
    (void)operations_of(client)->start_reading(client->connection);
    send_pieces(client);
}

static void on_read(void *owner, int status, nh_bytes bytes) {
    struct raw_client *client = owner;
    if (status == 0) {
        client->received += bytes.length;
        response_reader_take(&client->reader, bytes);
    }
}

static void on_written(void *owner, int status) {
    struct raw_client *client = owner;
    (void)status;
    if (client->writing) {
        client->writing = false;
        client->piece_count--;
        for (size_t i = 0; i < client->piece_count; i++) {
            client->pieces[i] = client->pieces[i + 1];
        }
        send_pieces(client);
    }
}

static void on_shut_down(void *owner, int status) {
    (void)owner;
    (void)status;
}

static void on_closed(void *owner) {
    struct raw_client *client = owner;
    client->connection = NULL;
}

bool raw_client_open(struct raw_client *client, nh_transport *simulator, uint16_t port) {
    static const nh_connection_observer observer = {.connected = on_connected,
                                                    .read = on_read,
                                                    .written = on_written,
                                                    .shut_down = on_shut_down,
                                                    .closed = on_closed};
    const nh_address address = {.family = NH_ADDRESS_IPV4, .host = "127.0.0.1", .port = port};
    *client = (struct raw_client){.simulator = simulator};
    client->connection = simulator->operations->open(simulator, NH_ADDRESS_IPV4, &observer, client);
    if (client->connection == NULL) {
        return false;
    }
    if (simulator->operations->connect(client->connection, &address, NULL) != 0) {
        raw_client_close(client);
        return false;
    }
    nh_address local;
    if (simulator->operations->local_address(client->connection, &local) == 0) {
        client->local_port = local.port;
    }
    return true;
}

static void count_requests(struct raw_client *client, nh_bytes bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        uint8_t byte = bytes.data[i];
        if (byte == '/' && (client->last_sent == 'P' || client->last_sent == 'E')) {
            client->most_requests++;
        }
        client->last_sent = byte;
    }
}

void raw_client_send(struct raw_client *client, nh_bytes bytes) {
    if (client->connection == NULL || client->piece_count == RAW_CLIENT_PIECES ||
        client->finishes || bytes.length == 0) {
        return;
    }
    count_requests(client, bytes);
    client->sent += bytes.length;
    client->pieces[client->piece_count++] = bytes;
    send_pieces(client);
}

void raw_client_finish(struct raw_client *client) {
    if (client->connection != NULL) {
        client->finishes = true;
        send_pieces(client);
    }
}

void raw_client_close(struct raw_client *client) {
    if (client->connection != NULL && !client->closing) {
        client->connected = false;
        client->closing = true;
        operations_of(client)->close(client->connection);
    }
}

void raw_client_reset(struct raw_client *client) {
    if (client->connection != NULL && client->connected &&
        operations_of(client)->reset(client->connection) == 0) {
        client->connected = false;
        client->closing = true;
    }
}

void raw_client_read(struct raw_client *client, bool reads) {
    if (client->connection == NULL || !client->connected) {
        return;
    }
    if (reads) {
        (void)operations_of(client)->start_reading(client->connection);
    } else {
        operations_of(client)->stop_reading(client->connection);
    }
}
