#include "transport/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- logs --------------------------------------------------------------------------------- */

static void append(struct log *log, const char *text, size_t length) {
    if (log->length + length < sizeof log->text) {
        memcpy(log->text + log->length, text, length);
        log->length += length;
        log->text[log->length] = '\0';
    }
}

static void begin_entry(struct log *log) {
    if (log->length > 0) {
        append(log, ", ", 2);
    }
}

void world_note(struct world *world, const char *entry) {
    if (!world->is_quiet) {
        begin_entry(&world->log);
        append(&world->log, entry, strlen(entry));
    }
}

static void note(struct endpoint *endpoint, const char *event, int status) {
    char entry[128];
    endpoint->last_is_data = false;
    if (endpoint->world->is_quiet) {
        return;
    }
    int prefix = snprintf(entry, sizeof entry, "%s:", endpoint->name);
    (void)snprintf(entry + prefix, sizeof entry - (size_t)prefix, "%s%s%s", event,
                   status == 0 ? "" : " ", status == 0 ? "" : nh_status_name(status));
    begin_entry(&endpoint->log);
    append(&endpoint->log, entry + prefix, strlen(entry + prefix));
    world_note(endpoint->world, entry);
}

static void note_data(struct endpoint *endpoint, nh_bytes bytes) {
    endpoint->received += bytes.length;
    if (endpoint->world->is_quiet) {
        return;
    }
    if (!endpoint->last_is_data || endpoint->world->keeps_reads_apart) {
        note(endpoint, "data ", 0);
    }
    endpoint->last_is_data = true;
    append(&endpoint->log, (const char *)bytes.data, bytes.length);
}

/* --- reports ------------------------------------------------------------------------------ */

static void connected(void *owner, int status) {
    struct endpoint *endpoint = owner;
    note(endpoint, "connected", status);
    if (endpoint->on_connected != NULL) {
        endpoint->on_connected(endpoint, status);
    }
}

static void got(void *owner, int status, nh_bytes bytes) {
    struct endpoint *endpoint = owner;
    if (status == 0) {
        note_data(endpoint, bytes);
        if (endpoint->on_data != NULL) {
            endpoint->on_data(endpoint, bytes);
        }
    } else if (status == NH_STATUS_END_OF_STREAM) {
        note(endpoint, "end", 0);
        if (endpoint->on_end != NULL) {
            endpoint->on_end(endpoint);
        }
    } else {
        note(endpoint, "error", status);
        if (endpoint->on_error != NULL) {
            endpoint->on_error(endpoint, status);
        }
    }
}

static void written(void *owner, int status) {
    struct endpoint *endpoint = owner;
    note(endpoint, "written", status);
    if (endpoint->on_written != NULL) {
        endpoint->on_written(endpoint, status);
    }
}

static void shut_down(void *owner, int status) {
    struct endpoint *endpoint = owner;
    note(endpoint, "shut_down", status);
    if (endpoint->on_shut_down != NULL) {
        endpoint->on_shut_down(endpoint, status);
    }
}

static void closed(void *owner) {
    struct endpoint *endpoint = owner;
    note(endpoint, "closed", 0);
    if (endpoint->on_closed != NULL) {
        endpoint->on_closed(endpoint);
    }
}

static void connection(void *owner, int status, nh_connection *accepted) {
    struct endpoint *endpoint = owner;
    note(endpoint, "connection", status);
    if (endpoint->on_connection != NULL) {
        endpoint->on_connection(endpoint, accepted);
    } else if (accepted != NULL) {
        endpoint->world->operations->close(accepted);
    }
}

static const nh_connection_observer observer = {connected, got, written, shut_down, closed};
static const nh_listening_observer listening_observer = {connection, closed};

/* --- endpoints ---------------------------------------------------------------------------- */

struct endpoint *world_endpoint(struct world *world, const char *name) {
    struct endpoint *endpoint = &world->endpoints[world->endpoint_count++];
    endpoint->world = world;
    endpoint->name = name;
    return endpoint;
}

nh_address address_of(nh_address_family family, const char *host, uint16_t port) {
    nh_address address = {.family = family, .port = port};
    (void)snprintf(address.host, sizeof address.host, "%s", host);
    return address;
}

int endpoint_listen(struct endpoint *endpoint, const nh_address *address) {
    return endpoint->world->operations->listen(endpoint->world->transport, address, 511,
                                               &listening_observer, endpoint, &endpoint->listening);
}

nh_address endpoint_address(struct endpoint *endpoint) {
    nh_address address = {.family = NH_ADDRESS_IPV4};
    if (endpoint->listening != NULL) {
        ASSERT_INT_EQ(endpoint->world->operations->listening_address(endpoint->listening, &address),
                      0);
    }
    return address;
}

bool endpoint_open(struct endpoint *endpoint, nh_address_family family) {
    const struct world *world = endpoint->world;
    endpoint->connection = world->operations->open(world->transport, family, &observer, endpoint);
    return endpoint->connection != NULL;
}

int endpoint_connect(struct endpoint *endpoint, const nh_address *remote) {
    return endpoint_open(endpoint, remote->family)
               ? endpoint->world->operations->connect(endpoint->connection, remote, NULL)
               : -ENOMEM;
}

void endpoint_take(struct endpoint *endpoint, nh_connection *accepted) {
    endpoint->connection = accepted;
    if (accepted != NULL) {
        endpoint->world->operations->observe(accepted, &observer, endpoint);
        endpoint_read(endpoint);
    }
}

void endpoint_read(struct endpoint *endpoint) {
    ASSERT_INT_EQ(endpoint->world->operations->start_reading(endpoint->connection), 0);
}

int endpoint_write(struct endpoint *endpoint, const char *text) {
    nh_bytes bytes = nh_bytes_of_text(text);
    return endpoint->world->operations->write(endpoint->connection, &bytes, 1, NULL);
}

void endpoint_shutdown(struct endpoint *endpoint) {
    int status = endpoint->world->operations->shutdown(endpoint->connection);
    if (status != 0) {
        note(endpoint, "shutdown refused", status);
    }
}

void endpoint_close(struct endpoint *endpoint) {
    if (endpoint->connection != NULL) {
        endpoint->world->operations->close(endpoint->connection);
        endpoint->connection = NULL;
    }
}

void endpoint_reset(struct endpoint *endpoint) {
    int status = endpoint->world->operations->reset(endpoint->connection);
    if (status != 0) {
        note(endpoint, "reset refused", status);
    } else {
        endpoint->connection = NULL;
    }
}

void endpoint_close_listening(struct endpoint *endpoint) {
    if (endpoint->listening != NULL) {
        endpoint->world->operations->close_listening(endpoint->listening);
        endpoint->listening = NULL;
    }
}

/* --- worlds ------------------------------------------------------------------------------- */

bool world_open(struct world *world, bool simulated, const nh_simulator_options *options) {
    size_t refuse_at = world->memory.refuse_at;
    memset(world, 0, sizeof *world);
    world->memory = test_memory_make();
    world->memory.refuse_at = refuse_at;
    world->is_simulated = simulated;
    world->transport = simulated ? nh_simulator_new(&world->memory.memory, options)
                                 : nh_uv_transport_new(&world->memory.memory, NULL);
    if (world->transport == NULL) {
        return false;
    }
    world->operations = world->transport->operations;
    world->loop = nh_loop_new(&world->memory.memory, world->transport);
    return world->loop != NULL;
}

void world_close(struct world *world) {
    if (world->loop != NULL) {
        nh_loop_free(world->loop);
    }
    if (world->is_simulated) {
        nh_simulator_free(world->transport);
    } else {
        nh_uv_transport_free(world->transport);
    }
    ASSERT_SIZE_EQ(world->memory.blocks, 0);
}

void world_run(struct world *world) {
    nh_loop_run(world->loop);
}
