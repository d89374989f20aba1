/* Look-ups and the host table.
 *
 * getaddrinfo runs beside the loop and takes longer than an empty iteration: an outcome is not
 * reported in the next poll phase but in the one after, unless the loop would wait there. */
#include "transport/sim/internal.h"

#define NO_SUCH_HOST (-3008)   /* UV_EAI_NONAME */
#define NO_SUCH_FAMILY (-3000) /* UV_EAI_ADDRFAMILY */

typedef struct sim_lookup_request {
    sim_node lookups; /* in simulator->lookups */
    sim_simulator *simulator;
    nh_lookup_done done;
    void *owner;
    uint64_t ready_iteration;
    uint64_t due_ms;
    bool is_ready;
    int status;
    size_t count;
    nh_address addresses[];
} sim_lookup_request;

/* --- hosts -------------------------------------------------------------------------------- */

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same_name(const char *a, const char *b) {
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static sim_host *find_host(const sim_simulator *simulator, const char *name) {
    for (sim_node *node = simulator->hosts.next; node != &simulator->hosts; node = node->next) {
        sim_host *host = SIM_OWNER(node, sim_host, hosts);
        if (is_same_name(host->name, name)) {
            return host;
        }
    }
    return NULL;
}

static void free_host(sim_simulator *simulator, sim_host *host) {
    sim_list_remove(&host->hosts);
    nh_memory_free(simulator->memory, host->name);
    nh_memory_free(simulator->memory, host);
}

void sim_hosts_free(sim_simulator *simulator) {
    while (!sim_list_is_empty(&simulator->hosts)) {
        free_host(simulator, SIM_OWNER(simulator->hosts.next, sim_host, hosts));
    }
}

int nh_simulator_set_host(nh_transport *transport, const char *name, int status,
                          const nh_address *addresses, size_t count, uint64_t delay_ms) {
    sim_simulator *simulator = sim_simulator_of(transport);
    if (count > (SIZE_MAX - sizeof(sim_host)) / sizeof(nh_address)) {
        return -ENOMEM;
    }
    sim_host *host =
        nh_memory_allocate(simulator->memory, sizeof *host + count * sizeof(nh_address));
    char *copy = nh_memory_allocate(simulator->memory, strlen(name) + 1);
    if (host == NULL || copy == NULL) {
        nh_memory_free(simulator->memory, host);
        nh_memory_free(simulator->memory, copy);
        return -ENOMEM;
    }
    memcpy(copy, name, strlen(name) + 1);
    *host = (sim_host){.name = copy, .status = status, .delay_ms = delay_ms, .count = count};
    if (count > 0) {
        memcpy(host->addresses, addresses, count * sizeof *addresses);
    }
    sim_host *old = find_host(simulator, name);
    if (old != NULL) {
        free_host(simulator, old);
    }
    sim_list_append(&simulator->hosts, &host->hosts);
    return 0;
}

/* --- requests ----------------------------------------------------------------------------- */

static void keep_addresses(sim_lookup_request *request, const sim_host *host, int family) {
    for (size_t i = 0; i < host->count; i++) {
        if (family == 0 || (int)host->addresses[i].family == family) {
            request->addresses[request->count++] = host->addresses[i];
        }
    }
}

static void resolve(sim_lookup_request *request, const sim_host *host, const char *name,
                    int family) {
    nh_address numeric;
    request->status = sim_fault(request->simulator, NULL, NH_SIMULATOR_LOOKUP);
    if (request->status != 0) {
        return;
    }
    if (host != NULL) {
        request->due_ms = sim_later(request->due_ms, host->delay_ms);
        request->status = host->status;
        if (host->status == 0) {
            keep_addresses(request, host, family);
        }
    } else if (sim_address_parse(name, 0, 0, &numeric)) {
        request->status = family == 0 || (int)numeric.family == family ? 0 : NO_SUCH_FAMILY;
        request->addresses[0] = numeric;
        request->count = request->status == 0 ? 1 : 0;
        return;
    }
    if (request->count == 0 && request->status == 0) {
        request->status = NO_SUCH_HOST;
    }
}

nh_lookup *sim_lookup(nh_transport *transport, const char *name, int family, nh_lookup_done done,
                      void *owner) {
    sim_simulator *simulator = sim_simulator_of(transport);
    const sim_host *host = find_host(simulator, name);
    size_t room = host == NULL ? 1 : host->count;
    sim_lookup_request *request =
        nh_memory_allocate(simulator->memory, sizeof *request + room * sizeof(nh_address));
    if (request == NULL) {
        return NULL;
    }
    *request = (sim_lookup_request){
        .simulator = simulator,
        .done = done,
        .owner = owner,
        .ready_iteration = simulator->iteration + 2,
        .due_ms = simulator->now_ms,
    };
    resolve(request, host, name, family);
    sim_list_append(&simulator->lookups, &request->lookups);
    simulator->active_requests++;
    return (nh_lookup *)(void *)request;
}

static void free_request(sim_lookup_request *request) {
    sim_list_remove(&request->lookups);
    nh_memory_free(request->simulator->memory, request);
}

void sim_lookup_cancel(nh_lookup *lookup) {
    sim_lookup_request *request = (sim_lookup_request *)(void *)lookup;
    request->simulator->active_requests--;
    free_request(request);
}

void sim_lookups_free(sim_simulator *simulator) {
    while (!sim_list_is_empty(&simulator->lookups)) {
        free_request(SIM_OWNER(simulator->lookups.next, sim_lookup_request, lookups));
    }
}

/* --- outcomes ----------------------------------------------------------------------------- */

void sim_lookups_mature(sim_simulator *simulator, bool waiting) {
    for (sim_node *node = simulator->lookups.next; node != &simulator->lookups; node = node->next) {
        sim_lookup_request *request = SIM_OWNER(node, sim_lookup_request, lookups);
        if (request->due_ms <= simulator->now_ms &&
            (waiting || request->ready_iteration <= simulator->iteration)) {
            request->is_ready = true;
            sim_wake(simulator, &simulator->lookup_watcher);
        }
    }
}

uint64_t sim_lookups_next_due(const sim_simulator *simulator) {
    uint64_t next_ms = SIM_NEVER;
    for (sim_node *node = simulator->lookups.next; node != &simulator->lookups; node = node->next) {
        const sim_lookup_request *request = SIM_OWNER(node, sim_lookup_request, lookups);
        if (request->due_ms < next_ms) {
            next_ms = request->due_ms;
        }
    }
    return next_ms;
}

static sim_lookup_request *first_ready(const sim_simulator *simulator) {
    for (sim_node *node = simulator->lookups.next; node != &simulator->lookups; node = node->next) {
        sim_lookup_request *request = SIM_OWNER(node, sim_lookup_request, lookups);
        if (request->is_ready) {
            return request;
        }
    }
    return NULL;
}

static unsigned readiness(sim_watcher *watcher) {
    const sim_simulator *simulator = SIM_OWNER(watcher, sim_simulator, lookup_watcher);
    return first_ready(simulator) == NULL ? 0 : SIM_IN;
}

static void end(sim_simulator *simulator, sim_lookup_request *request, int status) {
    sim_list_remove(&request->lookups);
    simulator->active_requests--;
    sim_begin_report(simulator);
    request->done(request->owner, status, request->addresses, status == 0 ? request->count : 0);
    sim_end_report(simulator);
    nh_memory_free(simulator->memory, request);
}

void sim_lookups_cancel(sim_simulator *simulator) {
    while (!sim_list_is_empty(&simulator->lookups)) {
        end(simulator, SIM_OWNER(simulator->lookups.next, sim_lookup_request, lookups), -ECANCELED);
    }
}

static void on_ready(sim_watcher *watcher, unsigned events) {
    sim_simulator *simulator = SIM_OWNER(watcher, sim_simulator, lookup_watcher);
    (void)events;
    for (sim_lookup_request *request = first_ready(simulator); request != NULL;
         request = first_ready(simulator)) {
        end(simulator, request, request->status);
    }
}

void sim_lookups_init(sim_simulator *simulator) {
    simulator->lookup_watcher.readiness = readiness;
    simulator->lookup_watcher.report = on_ready;
    sim_watch(simulator, &simulator->lookup_watcher, SIM_IN);
}
