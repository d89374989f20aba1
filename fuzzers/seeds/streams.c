/* What goes over the wire in a scenario, and URLs in it. */
#include <string.h>

#include "parser/settings.h"
#include "seeds/seeds.h"

/* The same bytes with each kind of settings: what the target compares, and how it reads. */
static void add_stream(struct seeds *seeds, bool is_response, const ts_text *stream) {
    static const uint8_t settings[][PARSER_SETTINGS_BYTES] = {
        {0, 0, 0, 0},    {0x01, 0, 0, 0}, {0x04, 1, 0, 0}, {0x20, 2, 0, 0},
        {0x26, 3, 0, 0}, {0x80, 4, 0, 0}, {0x0C, 5, 0, 0}, {0x10, 6, 0, 0},
        {0x18, 7, 0, 0}, {0x41, 8, 0, 0}, {0, 9, 2, 0},    {0x20, 10, 0, 2},
    };
    if (stream->length == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        ts_text seed = {NULL, 0, 0};
        ts_text_append_bytes(&seed, (const char *)settings[i], PARSER_SETTINGS_BYTES);
        ts_text_append_bytes(&seed, ts_text_get(stream), stream->length);
        seeds_add(seeds, is_response ? "response_parser" : "request_parser", ts_text_get(&seed),
                  seed.length);
        ts_text_free(&seed);
    }
    seeds_of_lines(seeds, is_response, seed_bytes_of(stream));
}

/* All that a connection's steps send, one after the other. */
static void add_sent(struct seeds *seeds, const struct seed_source *source, bool is_response,
                     json_t *steps) {
    ts_text stream = {NULL, 0, 0};
    size_t index = 0;
    json_t *step = NULL;
    json_array_foreach(steps, index, step) {
        (void)seed_bytes(source, json_object_get(step, "send"), &stream);
    }
    add_stream(seeds, is_response, &stream);
    ts_text_free(&stream);
}

/* What the scenario expects a peer to receive, where it is said byte for byte. */
static void add_received(struct seeds *seeds, const struct seed_source *source) {
    const char *lane = NULL;
    json_t *observations = NULL;
    json_object_foreach(source->scenario->expect, lane, observations) {
        char *name = strdup(lane);
        if (name == NULL) {
            return;
        }
        name[strcspn(name, ".")] = '\0';
        const json_t *peer = json_object_get(source->scenario->peers, name);
        bool is_response = json_object_get(peer, "connects") != NULL;
        free(name);
        size_t index = 0;
        json_t *observation = NULL;
        json_array_foreach(observations, index, observation) {
            json_t *bytes = json_object_get(observation, "receives");
            ts_text stream = {NULL, 0, 0};
            if (peer != NULL && seed_bytes(source, bytes, &stream)) {
                add_stream(seeds, is_response, &stream);
            }
            ts_text_free(&stream);
        }
    }
}

void seeds_of_streams(struct seeds *seeds, const struct seed_source *source) {
    const char *name = NULL;
    json_t *peer = NULL;
    json_object_foreach(source->scenario->peers, name, peer) {
        size_t index = 0;
        json_t *connection = NULL;
        json_array_foreach(json_object_get(peer, "accepts"), index, connection) {
            add_sent(seeds, source, true, seed_connection_steps(connection));
        }
        add_sent(seeds, source, true, json_object_get(peer, "further"));
        add_sent(seeds, source, false, json_object_get(peer, "steps"));
    }
    add_received(seeds, source);
}

/* --- URLs ------------------------------------------------------------------------------------- */

struct urls {
    struct seeds *seeds;
    const struct seed_source *source;
};

/* `before`, a value's text and `after`, together a URL. */
static void add_url(const struct urls *urls, const char *before, const json_t *value,
                    const char *after) {
    ts_text url = {NULL, 0, 0};
    ts_text_append(&url, before);
    if (seed_bytes(urls->source, value, &url)) {
        ts_text_append(&url, after);
        if (url.length < 1024 && strstr(ts_text_get(&url), ":") != NULL) {
            seeds_add(urls->seeds, "url", ts_text_get(&url), url.length);
        }
    }
    ts_text_free(&url);
}

/* What http.get() and http.request() are given, every {"$url": ...}; and the paths, hosts and
 * credentials of options, where they would stand in a URL. */
static void visit_for_urls(json_t *object, void *data) {
    static const struct {
        const char *key, *before, *after;
    } options[] = {
        {"$url", "", ""},           {"path", "http://a", ""},
        {"host", "http://", "/"},   {"hostname", "http://", ":80/?a#b"},
        {"port", "http://a:", "/"}, {"auth", "http://", "@a/"},
    };
    const struct urls *urls = data;
    const char *call = seed_member(object, "call");
    const char *made = seed_member(object, "new");
    if ((call != NULL && strncmp(call, "http.", 5) == 0) ||
        (made != NULL && strcmp(made, "URL") == 0)) {
        add_url(urls, "", seed_argument(object, 0), "");
    }
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        add_url(urls, options[i].before, json_object_get(object, options[i].key), options[i].after);
    }
}

void seeds_of_urls(struct seeds *seeds, const struct seed_source *source) {
    struct urls urls = {seeds, source};
    seed_walk(source->scenario->script, visit_for_urls, &urls);
}
