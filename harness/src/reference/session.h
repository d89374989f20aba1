/* reference/session.h - one run of a scenario's script on libnodehttp.
 *
 * The script is data; this is its interpreter (scenarios/README.md defines it). What the names in a
 * script mean is in the binding table (binding.h): the interpreter itself knows no member of the
 * http module. */
#ifndef TS_REFERENCE_SESSION_H
#define TS_REFERENCE_SESSION_H

#include <jansson.h>
#include <nodehttp/emitter.h>
#include <nodehttp/loop.h>
#include <nodehttp/transport.h>

/* What a session reports. `owner` is the pointer given to ts_session_new(). */
typedef struct ts_session_events {
    /* `value` is NULL when there is none; the callee takes the reference. `chunk`: a 'data' that is
     * not to be joined with its neighbours. */
    void (*observation)(void *owner, const char *lane, const char *name, json_t *value, bool chunk);
    void (*signal)(void *owner, const char *name);
    void (*listening)(void *owner, const char *name, const nh_address *address);
    /* The script uses a member that the library lacks; the session ignores everything after. */
    void (*unsupported)(void *owner, const char *member);
    /* The script itself is wrong. */
    void (*failed)(void *owner, const char *message);
} ts_session_events;

typedef struct ts_session ts_session;

/* A session on `loop`, which has to outlive it. `script` and `lanes` (may be NULL) are those of the
 * expanded scenario (borrowed: they have to outlive the session), `addresses` maps the names of
 * peers to {"host", "port"} or {"path"}; `unix_path` is where a `listen` step with "unix" listens
 * (may be NULL). NULL without memory. */
ts_session *ts_session_new(nh_loop *loop, const json_t *script, const json_t *lanes,
                           const json_t *addresses, const char *unix_path, double time_scale,
                           const ts_session_events *events, void *owner);
/* Runs the script, as one turn of the poll phase of the loop's next iterations. */
void ts_session_start(ts_session *session);
/* A peer gave a signal. `when` steps run in a turn of their own. */
void ts_session_signal(ts_session *session, const char *name);
/* The address of a listening server or peer, for `$port.NAME`. */
void ts_session_set_address(ts_session *session, const char *name, const nh_address *address);
/* Timers and immediates of the script that have not run yet. */
size_t ts_session_pending(const ts_session *session);
/* Destroys every stream, server and agent that the script has seen and reports nothing more. The
 * loop has to run a little further before ts_session_free(). */
void ts_session_stop(ts_session *session);
void ts_session_free(ts_session *session);

#endif
