/* nh_lookup on uv_getaddrinfo. */
#include "transport/uv/internal.h"

struct uvt_lookup {
    uvt_transport *transport;
    uvt_lookup *previous;
    uvt_lookup *next;
    nh_lookup_done done; /* NULL: cancelled */
    void *owner;
    uv_getaddrinfo_t request;
};

static size_t count_results(const struct addrinfo *results) {
    size_t count = 0;
    for (; results != NULL; results = results->ai_next) {
        count++;
    }
    return count;
}

static size_t convert(const struct addrinfo *results, nh_address *addresses) {
    size_t count = 0;
    for (; results != NULL; results = results->ai_next) {
        if (uvt_address_from_system(results->ai_addr, &addresses[count]) == 0) {
            count++;
        }
    }
    return count;
}

static void report(const uvt_lookup *lookup, int status, const struct addrinfo *results) {
    uvt_transport *transport = lookup->transport;
    nh_address *addresses = NULL;
    size_t count = status == 0 ? count_results(results) : 0;
    if (count > 0) {
        addresses = nh_memory_allocate_zeroed(transport->memory, count, sizeof *addresses);
        status = addresses == NULL ? UV_ENOMEM : 0;
        count = addresses == NULL ? 0 : convert(results, addresses);
    }
    uvt_begin_report(transport);
    lookup->done(lookup->owner, status, addresses, count);
    uvt_end_report(transport);
    nh_memory_free(transport->memory, addresses);
}

static void release(uvt_lookup *lookup) {
    uvt_transport *transport = lookup->transport;
    if (lookup->previous != NULL) {
        lookup->previous->next = lookup->next;
    } else {
        transport->lookups = lookup->next;
    }
    if (lookup->next != NULL) {
        lookup->next->previous = lookup->previous;
    }
    nh_memory_free(transport->memory, lookup);
    uvt_transport_settle(transport);
}

static void on_result(uv_getaddrinfo_t *request, int status, struct addrinfo *results) {
    uvt_lookup *lookup = request->data;
    if (lookup->done != NULL) {
        lookup->transport->requests--;
        report(lookup, status, results);
    }
    uv_freeaddrinfo(results);
    release(lookup);
}

nh_lookup *uvt_lookup_start(nh_transport *public_transport, const char *host, int family,
                            nh_lookup_done done, void *owner) {
    uvt_transport *transport = uvt_transport_of(public_transport);
    uvt_lookup *lookup = nh_memory_allocate_zeroed(transport->memory, 1, sizeof *lookup);
    if (lookup == NULL) {
        return NULL;
    }
    lookup->transport = transport;
    lookup->done = done;
    lookup->owner = owner;
    lookup->request.data = lookup;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    hints.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
    if (uv_getaddrinfo(transport->uv, &lookup->request, on_result, host, NULL, &hints) != 0) {
        nh_memory_free(transport->memory, lookup);
        return NULL;
    }
    lookup->next = transport->lookups;
    if (lookup->next != NULL) {
        lookup->next->previous = lookup;
    }
    transport->lookups = lookup;
    transport->requests++;
    return (nh_lookup *)(void *)lookup;
}

/* A request that a thread works on already cannot be cancelled: it ends unheard. */
static void silence(uvt_lookup *lookup) {
    if (lookup->done != NULL) {
        lookup->done = NULL;
        lookup->transport->requests--;
        (void)uv_cancel((uv_req_t *)&lookup->request);
    }
}

void uvt_lookup_cancel(nh_lookup *lookup) {
    silence((uvt_lookup *)(void *)lookup);
}

void uvt_lookups_abandon(uvt_transport *transport) {
    for (uvt_lookup *lookup = transport->lookups; lookup != NULL; lookup = lookup->next) {
        nh_lookup_done done = lookup->done;
        silence(lookup);
        if (done != NULL && transport->loop != NULL) {
            uvt_begin_report(transport);
            done(lookup->owner, UV_ECANCELED, NULL, 0);
            uvt_end_report(transport);
        }
    }
}
