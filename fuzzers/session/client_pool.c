/* The books of an agent, through its public properties. */
#include "session/client_run.h"

#include <math.h>

static double limit_of(const nh_agent *agent, nh_agent_property property) {
    nh_value value = nh_agent_get(agent, property);
    double limit = value.type == NH_NUMBER ? value.as.number : (double)NAN;
    nh_value_release(&value);
    return limit;
}

void client_note_limits(struct client_run *run, size_t agent) {
    static const nh_agent_property limits[] = {NH_AGENT_MAX_SOCKETS, NH_AGENT_MAX_TOTAL_SOCKETS,
                                               NH_AGENT_MAX_FREE_SOCKETS};
    double *most = run->books[agent].most;
    for (size_t i = 0; run->agents[agent] != NULL && i < sizeof(limits) / sizeof(limits[0]); i++) {
        double limit = limit_of(run->agents[agent], limits[i]);
        most[i] = limit > most[i] ? limit : most[i];
    }
}

void client_open_books(struct client_run *run, size_t agent) {
    run->books[agent] = (struct client_books){.limits_changed = false};
    client_note_limits(run, agent);
}

/* How many there are in the lists of a map. */
static size_t count_all(nh_value map) {
    size_t count = 0;
    for (size_t i = 0; i < nh_map_length(map); i++) {
        count += nh_list_length(nh_map_value_at(map, i));
    }
    return count;
}

static bool contains(nh_value list, nh_value object) {
    for (size_t i = 0; i < nh_list_length(list); i++) {
        if (nh_value_is_same(nh_list_get(list, i), object)) {
            return true;
        }
    }
    return false;
}

/* A socket that closed has left the lists; none is in two places, but for one that was given back
 * twice: Node.js has it twice in the list, and takes it out once. In `sockets` a name may have no
 * socket: it gets its list when a request comes, which may have to wait. So it may in `freeSockets`
 * when a socket is about to be idle, which has the agent connect for the next request in the queue,
 * and connecting throws: the socket never comes, the name stays, as in Node.js. */
static void check_sockets(struct client_run *run, const struct client_books *books, nh_value map,
                          nh_value other, bool idle) {
    for (size_t i = 0; i < nh_map_length(map); i++) {
        nh_value list = nh_map_value_at(map, i);
        FUZZ_CHECK(!idle || nh_list_length(list) > 0 || run->world.uncaught > 0,
                   "a name in freeSockets without a socket");
        for (size_t k = 0; k < nh_list_length(list); k++) {
            nh_value socket = nh_list_get(list, k);
            const struct grammar_object *events = grammar_find(&run->grammar, socket.as.object);
            FUZZ_CHECK(events == NULL || books->names_change || run->sockets_are_shared ||
                           (events->seen & GRAMMAR_BIT(GRAMMAR_CLOSE)) == 0,
                       "socket %u is in the pool after 'close'", events->number);
            for (size_t n = 0; n < nh_map_length(other); n++) {
                FUZZ_CHECK(books->names_change || run->sockets_are_shared ||
                               !contains(nh_map_value_at(other, n), socket),
                           "a socket is in use and idle");
            }
            for (size_t n = k + 1; n < nh_list_length(list); n++) {
                FUZZ_CHECK(run->sockets_are_shared ||
                               !nh_value_is_same(nh_list_get(list, n), socket),
                           "a socket is twice in a list");
            }
        }
    }
}

/* How many sockets were idle once and are gone, or going. */
static size_t count_lost(const struct client_run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->grammar.object_count; i++) {
        const struct grammar_object *events = &run->grammar.objects[i];
        count += events->kind == GRAMMAR_SOCKET &&
                 (events->seen & GRAMMAR_BIT(GRAMMAR_FREE)) != 0 &&
                 (events->object == NULL || nh_stream_is_destroyed(nh_as_stream(events->object)));
    }
    return count;
}

/* Where limits were set in between, the highest ones hold: sockets that are there stay. An idle
 * socket that was destroyed leaves the list when a request comes across it, which gets a new one;
 * when it closes, that lets in one more request from the queue, whatever the limit of the name: so
 * it does in Node.js. */
static void check_limits(const struct client_run *run, const struct client_books *books,
                         const nh_agent *agent, nh_value used, nh_value idle) {
    double max_sockets = books->most[0] + (double)count_lost(run);
    double max_total = books->most[1];
    double max_free = books->most[2];
    /* A socket that becomes idle makes way for a request of another name, and still counts: there
     * may be one too many, as in Node.js. */
    FUZZ_CHECK(nh_agent_total_socket_count(agent) <= max_total + 1, "%g sockets, at most %g",
               nh_agent_total_socket_count(agent), max_total);
    for (size_t i = 0; i < nh_map_length(used); i++) {
        size_t count = nh_list_length(nh_map_value_at(used, i)) +
                       nh_list_length(nh_map_get_bytes(idle, nh_map_key_at(used, i)));
        FUZZ_CHECK((double)count <= max_sockets, "%zu sockets of one name, at most %g", count,
                   max_sockets);
    }
    for (size_t i = 0; i < nh_map_length(idle); i++) {
        size_t count = nh_list_length(nh_map_value_at(idle, i));
        FUZZ_CHECK((double)count <= max_free, "%zu idle sockets of one name, at most %g", count,
                   max_free);
    }
}

/* Requests wait for a name that has all its sockets. A request that waits since there were too many
 * sockets in all may go on doing so when there no longer are: when a socket goes, Node.js looks at
 * the names in the queue up to the first that has a socket, and serves nobody from there on. So it
 * may wait, but only as long as there is any socket that can close and let it in. */
static void check_queue(const nh_agent *agent, nh_value used, nh_value idle, nh_value waiting,
                        bool is_served) {
    double max_sockets = limit_of(agent, NH_AGENT_MAX_SOCKETS);
    bool is_limited = isfinite(limit_of(agent, NH_AGENT_MAX_TOTAL_SOCKETS));
    for (size_t i = 0; i < nh_map_length(waiting); i++) {
        nh_bytes name = nh_map_key_at(waiting, i);
        FUZZ_CHECK(nh_list_length(nh_map_value_at(waiting, i)) > 0,
                   "a name in requests without a request");
        if (!is_served) {
            continue;
        }
        size_t count = nh_list_length(nh_map_get_bytes(used, name)) +
                       nh_list_length(nh_map_get_bytes(idle, name));
        FUZZ_CHECK((double)count >= max_sockets || is_limited,
                   "requests wait for %.*s, which has %zu sockets of %g", (int)name.length,
                   (const char *)name.data, count, max_sockets);
        FUZZ_CHECK(nh_agent_total_socket_count(agent) > 0, "requests wait, and there is no socket");
    }
}

/* Sockets that are destroyed and have not told so yet: one that was idle leaves its list as soon as
 * a request comes across it, but counts until its 'close', as in Node.js. */
static double count_dying(const struct client_run *run) {
    double count = 0;
    for (size_t i = 0; i < run->grammar.object_count; i++) {
        const struct grammar_object *events = &run->grammar.objects[i];
        if (events->kind == GRAMMAR_SOCKET && events->object != NULL &&
            (events->seen & GRAMMAR_BIT(GRAMMAR_CLOSE)) == 0 &&
            nh_stream_is_destroyed(nh_as_stream(events->object))) {
            count++;
        }
    }
    return count;
}

static void check_pool(struct client_run *run, const struct client_books *books,
                       const nh_agent *agent) {
    nh_value used = nh_agent_sockets(agent);
    nh_value idle = nh_agent_free_sockets(agent);
    nh_value waiting = nh_agent_requests(agent);
    check_sockets(run, books, used, idle, false);
    check_sockets(run, books, idle, used, true);
    double sum = (double)(count_all(used) + count_all(idle));
    if (grammar_keeps_promises(&run->grammar)) {
        double total = nh_agent_total_socket_count(agent);
        FUZZ_CHECK(sum == total || (sum < total && total <= sum + count_dying(run)),
                   "%g sockets, totalSocketCount %g", sum, total);
        /* A connection that is still being made counts nowhere, in Node.js neither. */
        if (!books->connections_come_late && !books->limits_are_odd) {
            check_limits(run, books, agent, used, idle);
        }
        /* A limit that is raised calls nobody from the queue, and a request that is told that there
         * is no connection for it stays there, both as in Node.js. */
        check_queue(agent, used, idle, waiting,
                    !books->limits_changed && !books->connections_may_not_come);
    }
    nh_value_release(&used);
    nh_value_release(&idle);
    nh_value_release(&waiting);
}

void client_check_pools(struct client_run *run) {
    if (run->agents_hear_nothing) {
        return;
    }
    for (size_t i = 0; i < CLIENT_AGENTS; i++) {
        if (run->agents[i] != NULL) {
            check_pool(run, &run->books[i], run->agents[i]);
        }
    }
}

/* Every socket has gone, whoever made it. Requests have gone with theirs, unless some never got
 * one.
 */
void client_check_pools_are_empty(struct client_run *run) {
    if (!grammar_keeps_promises(&run->grammar)) {
        return;
    }
    for (size_t i = 0; i < CLIENT_AGENTS; i++) {
        if (run->agents[i] == NULL) {
            continue;
        }
        nh_value maps[] = {nh_agent_sockets(run->agents[i]), nh_agent_free_sockets(run->agents[i]),
                           nh_agent_requests(run->agents[i])};
        static const char *const names[] = {"sockets", "freeSockets", "requests"};
        const struct client_books *books = &run->books[i];
        bool may_wait = books->connections_may_not_come || books->limits_changed;
        FUZZ_CHECK(nh_agent_total_socket_count(run->agents[i]) == 0, "agent %zu counts %g sockets",
                   i, nh_agent_total_socket_count(run->agents[i]));
        for (size_t n = 0; n < 3; n++) {
            FUZZ_CHECK(count_all(maps[n]) == 0 || (n == 2 && may_wait),
                       "agent %zu: something is left in %s", i, names[n]);
            nh_value_release(&maps[n]);
        }
    }
}
