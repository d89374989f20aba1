/* An implementation of node:http under test, as the runner sees it.
 *
 * Two kinds exist: a child process behind an adapter (harness/src/adapter) and the in-process
 * reference (harness/src/reference). Both live on one libuv loop and are asynchronous: a call
 * starts something, the observer hears about the outcome later, from the loop. Nothing is reported
 * from inside a call, except from run_due() and pass_time(), which exist to let things happen.
 *
 * The life of an implementation, and of a run on it:
 *
 *   open -> opened | failed_to_open
 *     prepare    gives the loop on which the raw peers of this run live; peers are started there
 *     start      with the peers' addresses; observed, signalled, listening … are reported
 *     signal, sync (real time), run_due / pass_time (virtual time)
 *     stop -> stopped
 *     (prepare, start, … stop: the next run)
 *   close -> closed
 *
 * One run at a time. After `died` only close() may be called. */
#ifndef TOUCHSTONE_RUN_IMPLEMENTATION_H
#define TOUCHSTONE_RUN_IMPLEMENTATION_H

#include "scenario/scenario.h"

#include <jansson.h>
#include <nodehttp/loop.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ts_implementation ts_implementation;

/* Who an implementation says it is. Strings are the implementation's and live as long as it. */
typedef struct ts_implementation_identity {
    const char *name;      /* "node" */
    const char *version;   /* "23.5.0" */
    unsigned capabilities; /* ts_capability bits */
    /* Time is virtual: run_due() and pass_time() are there, and sync() is not needed. */
    bool virtual_time;
} ts_implementation_identity;

/* What one run starts with. Everything is borrowed until the run's `stopped` or `died`. */
typedef struct ts_run_start {
    unsigned long long run; /* number of the run; reports carry it */
    const ts_scenario *scenario;
    /* Peers by name: {"origin": {"host": "127.0.0.1", "port": 4711}, "other": {"path": "/…"}}. */
    const json_t *addresses;
    double time_scale;
    /* A path at which a UNIX socket of this run may be created; more of them by appending to it.
     * The runner removes what is left there. */
    const char *unix_path;
} ts_run_start;

/* What the runner hears; `owner` is the pointer given with the observer. Strings are valid during
 * the call; JSON values are borrowed, whoever keeps one takes a reference. Reports of a run that
 * has been stopped already are dropped by the implementation. */
typedef struct ts_implementation_observer {
    void (*opened)(void *owner, const ts_implementation_identity *identity);
    /* The set-up failed: not found, not executable, no or a wrong handshake. */
    void (*failed_to_open)(void *owner, const char *message);

    /* An observation of the run. `value` NULL: none. `chunk`: must not be joined. Returns false
     * when the run has to be given up (too much was observed): the implementation then leaves
     * run_due() or pass_time() soon and reports nothing more of this run but `stopped`. */
    bool (*observed)(void *owner, const char *lane, const char *name, json_t *value, bool chunk);
    void (*signalled)(void *owner, const char *name);
    /* A `listen` step took effect. `address`: {"host", "port"} or {"path"}. */
    void (*listening)(void *owner, const char *server, const json_t *address);
    /* Answer to sync `number`; `pending` of the script's timers, immediates have not run yet. */
    void (*synced)(void *owner, unsigned long long number, unsigned long long pending);
    /* The script uses `member`, which this implementation lacks. */
    void (*unsupported)(void *owner, const char *member);
    /* The script can't be run: a defect of the scenario, the adapter or the harness. */
    void (*failed)(void *owner, const char *message);
    /* Everything of the run is released. */
    void (*stopped)(void *owner);
    /* The implementation is gone, or broke the protocol and had to be killed. `reason` says which
     * in one line ("killed by signal 11 (SIGSEGV)", "not JSON: …"); `detail` (may be NULL) is the
     * tail of its standard error. `by_itself`: it ended on its own (crash); else it misbehaved as
     * an adapter (garbage, flood, silence). */
    void (*died)(void *owner, const char *reason, const char *detail, bool by_itself);

    /* Answer to close(): the implementation is freed when this returns. */
    void (*closed)(void *owner);
} ts_implementation_observer;

typedef enum ts_progress {
    TS_PROGRESS_IDLE, /* nothing is due at the present virtual time, nothing is under way */
    TS_PROGRESS_MORE  /* the budget is used up: call again */
} ts_progress;

typedef struct ts_implementation_operations {
    /* Starts it (a child process: spawns it and waits for the hello). `opened` or `failed_to_open`
     * follows. */
    void (*open)(ts_implementation *implementation);

    /* Gets ready for a run and returns the loop, with its transport, on which the raw peers of this
     * run live until `stopped` or `died`: the simulator's or the implementation's own libuv one, or
     * the harness's for a child process. NULL without memory. */
    nh_loop *(*prepare)(ts_implementation *implementation);
    /* Runs the script. In virtual time nothing happens before run_due(). */
    void (*start)(ts_implementation *implementation, const ts_run_start *start);
    /* A peer gave a signal. */
    void (*signal)(ts_implementation *implementation, const char *name);
    /* Asks for `synced` once the event loop has gone round (two immediates later). Real time. */
    void (*sync)(ts_implementation *implementation, unsigned long long number);
    /* Releases everything of the run: sockets, servers, agents, timers. `stopped` follows. Legal
     * after prepare() without start(), too. */
    void (*stop)(ts_implementation *implementation);

    /* Ends it (a child process: ends its standard input, kills it if it lingers) and frees it;
     * `closed` is reported last, also when open() failed or it died. */
    void (*close)(ts_implementation *implementation);

    /* --- virtual time only; NULL otherwise --------------------------------------------------- */

    /* Runs turns, of the script, the library and the peers, as long as something is due now or is
     * under way in the network (whose delays pass time), but not more than a bounded number. */
    ts_progress (*run_due)(ts_implementation *implementation);
    /* Lets time jump to the next timer of anyone, but not beyond `until_ms` of virtual time since
     * start(); then run_due() has something to do. false: there is no timer up to then, and it is
     * now `until_ms`. */
    bool (*pass_time)(ts_implementation *implementation, uint64_t until_ms);
    /* Virtual milliseconds since start(). */
    uint64_t (*elapsed_ms)(ts_implementation *implementation);
    /* The script's own timers and immediates that have not run yet. */
    unsigned long long (*pending)(ts_implementation *implementation);
} ts_implementation_operations;

/* The head of every implementation; kinds put it first in their own structure. Their constructors
 * take the observer and set all three. */
struct ts_implementation {
    const ts_implementation_operations *operations;
    const ts_implementation_observer *observer;
    void *owner;
};

#endif
