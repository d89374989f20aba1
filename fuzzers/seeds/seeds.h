/* seeds.h - what the maker of seeds consists of: a place for seeds, scripts that grow, and ways to
 * look through a scenario. */
#ifndef FUZZERS_SEEDS_SEEDS_H
#define FUZZERS_SEEDS_SEEDS_H

#include <jansson.h>

#include "base/text.h"
#include "scenario/scenario.h"
#include "support/script.h"

/* Longer seeds are left out: an engine would spend its time on them. */
#define SEED_MOST_BYTES ((size_t)4096)

/* --- where seeds go --------------------------------------------------------------------------- */

struct seeds {
    const char *folder; /* FOLDER/TARGET/HASH */
    size_t count;       /* files written */
    bool failed;        /* a file could not be written; the message is out */
};

/* Writes a seed of a target, named by a hash of its bytes: the same bytes are there once. */
void seeds_add(struct seeds *seeds, const char *target, const void *bytes, size_t length);

/* --- scripts ---------------------------------------------------------------------------------- */

struct seed_script {
    const struct fuzz_script_format *format;
    uint8_t bytes[SEED_MOST_BYTES]; /* settings, then operations */
    size_t length;
    size_t operations;
};

/* Begins a script; its settings are zero. */
void seed_script_begin(struct seed_script *script, const struct fuzz_script_format *format);
/* Appends an operation, if there is room. */
void seed_script_add(struct seed_script *script, const struct fuzz_step *step);
/* The same, by the operation's name; nothing happens if the table has none of that name. */
void seed_script_add_named(struct seed_script *script, const char *name,
                           const struct fuzz_step *step);

/* --- looking through a scenario --------------------------------------------------------------- */

/* A scenario, and the addresses that its values may refer to. */
struct seed_source {
    const ts_scenario *scenario;
    json_t *addresses;
};

/* Calls `visit` for every object in `value`, outer ones first, in the order of the text. */
void seed_walk(json_t *value, void (*visit)(json_t *object, void *data), void *data);

/* The bytes of a text, a number or a special form; false, and nothing appended, for others. */
bool seed_bytes(const struct seed_source *source, const json_t *value, ts_text *bytes);

/* A member's text; NULL when it is none. */
const char *seed_member(const json_t *object, const char *name);
/* An argument of a call, NULL when there is none. */
json_t *seed_argument(const json_t *call, size_t index);
/* The method that a step calls: what follows the last dot of its path; NULL if it calls none. */
const char *seed_method(const json_t *step);
/* Whether a handler is among those attached by a step or a call ("on" or "events"). */
bool seed_has_handler(const json_t *step, const char *event);
/* The steps of a handler, a list or the member "do"; NULL when it has none. */
json_t *seed_steps_of(json_t *handler);
/* The steps of a peer's connection, which may stand in an object. */
json_t *seed_connection_steps(json_t *connection);

/* A header that a value holds: calls `visit` with name and value for each of an object's members,
 * of a list of pairs or of a flat list. */
void seed_each_header(const struct seed_source *source, json_t *headers,
                      void (*visit)(nh_bytes name, nh_bytes value, void *data), void *data);

nh_bytes seed_bytes_of(const ts_text *text);

/* --- the makers ------------------------------------------------------------------------------- */

/* request_parser and response_parser: what peers send, and what they are expected to receive. */
void seeds_of_streams(struct seeds *seeds, const struct seed_source *source);
/* url: texts that are URLs. */
void seeds_of_urls(struct seeds *seeds, const struct seed_source *source);
/* header_joining: field lines of those streams. */
void seeds_of_lines(struct seeds *seeds, bool is_response, nh_bytes stream);
/* header_validation and message_roundtrip: messages as scenarios compose them. */
void seeds_of_messages(struct seeds *seeds, const struct seed_source *source);
/* server_session: scenarios with peers that connect. */
void seeds_of_server(struct seeds *seeds, const struct seed_source *source);
/* client_session: scenarios with peers that accept. */
void seeds_of_client(struct seeds *seeds, const struct seed_source *source);

/* The tables of the targets' operations, which each target's sources call fuzz_script_format. */
extern const struct fuzz_script_format seed_format_header_joining;
extern const struct fuzz_script_format seed_format_header_validation;
extern const struct fuzz_script_format seed_format_message_roundtrip;
extern const struct fuzz_script_format seed_format_server_session;
extern const struct fuzz_script_format seed_format_client_session;

#endif
