#include "parser/settings.h"

#include <stdio.h>
#include <string.h>

#include "support/input.h"

/* http.maxHeaderSize, in bytes. */
#define DEFAULT_MAX_HEADER_SIZE 16384U
/* Byte by byte up to this length. */
#define SHORT_BYTES 64
/* Cuts around bytes of one kind are spaced at least this far, so that their number is bounded. */
#define PIECES_AROUND_KIND 32

enum flag {
    FLAG_INSECURE = 1,
    FLAG_JOIN = 2,
    FLAG_FINISH = 4,
    FLAG_VIEWS = 32,
    FLAG_SKIPS_BODIES = 64,
    FLAG_TAKES_UPGRADES = 128
};

/* 0: the default; then each number up to 127; then steps of 64 up to 8 KiB. */
static size_t max_header_size_of(uint8_t byte) {
    return byte < 128 ? byte : (size_t)(byte - 127) * 64;
}

/* 0: the default; 1: no limit; then each number from 1. */
static double max_headers_count_of(uint8_t byte, double otherwise) {
    return byte == 0 ? otherwise : byte - 1;
}

struct parser_settings parser_settings_of(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_of(data, size);
    uint8_t flags = fuzz_input_byte(&input);
    struct parser_settings settings = {
        .comparison = (enum parser_comparison)(flags >> 3 & 3),
        .join = (flags & FLAG_JOIN) != 0,
        .finish = (flags & FLAG_FINISH) != 0,
        .views = (flags & FLAG_VIEWS) != 0,
        .skips_bodies = (flags & FLAG_SKIPS_BODIES) != 0,
        .takes_upgrades = (flags & FLAG_TAKES_UPGRADES) != 0,
    };
    nh_message_parser_options_init(&settings.options);
    settings.options.insecure_http_parser = (flags & FLAG_INSECURE) != 0;
    settings.seed = fuzz_input_byte(&input);
    settings.options.max_header_size = max_header_size_of(fuzz_input_byte(&input));
    settings.options.max_headers_count =
        max_headers_count_of(fuzz_input_byte(&input), settings.options.max_headers_count);
    return settings;
}

void parser_settings_print(const struct parser_settings *settings) {
    static const char *const comparisons[] = {"cut by seed", "cut at every byte", "cut evenly",
                                              "strict against insecure"};
    printf("%s, %s, seed %u%s%s%s%s%s\n",
           settings->options.insecure_http_parser ? "insecure" : "strict",
           comparisons[settings->comparison], settings->seed,
           settings->join ? ", joinDuplicateHeaders" : "",
           settings->finish ? ", the stream ends" : ", the stream stays open",
           settings->views ? ", headers are looked at" : "",
           settings->skips_bodies ? ", bodies are skipped" : "",
           settings->takes_upgrades ? ", upgrades are taken" : "");
    printf("maxHeaderSize %zu, maxHeadersCount %.0f (0: default, none)\n",
           settings->options.max_header_size, settings->options.max_headers_count);
}

size_t parser_max_header_size(const struct parser_settings *settings) {
    size_t size = settings->options.max_header_size;
    return size == 0 ? DEFAULT_MAX_HEADER_SIZE : size;
}

static size_t at_most(size_t value, size_t limit) {
    return value < limit ? value : limit;
}

/* The next place before or after a byte of one kind; `seed` says which. */
static size_t cut_around_kind(unsigned seed, nh_bytes wire, size_t start) {
    static const char kinds[] = "\r\n:; \t,0";
    int kind = kinds[seed & 7U];
    size_t after = seed >> 3 & 1U;
    size_t from = start + at_most(wire.length / PIECES_AROUND_KIND, wire.length - start);
    const uint8_t *found = memchr(wire.data + from, kind, wire.length - from);
    if (found != NULL && (size_t)(found - wire.data) + after == start) {
        found = memchr(found + 1, kind, wire.length - start - 1);
    }
    return found == NULL ? wire.length : (size_t)(found - wire.data) + after;
}

/* The next of a few places spread over the wire. */
static size_t cut_anywhere(unsigned seed, nh_bytes wire, size_t start) {
    size_t step = 1 + wire.length * (1 + (seed * 37U & 63U)) / 96;
    return start + (start == 0 && wire.length > 1 ? 1 + seed % (wire.length - 1) % step : step);
}

size_t parser_cut_after(const struct parser_settings *settings, nh_bytes wire, size_t start) {
    unsigned seed = settings->seed;
    switch (settings->comparison) {
    case PARSER_OTHER_MODE:
        return wire.length;
    case PARSER_CUT_ALL:
        if (wire.length <= SHORT_BYTES) {
            return start + 1;
        }
        break;
    case PARSER_CUT_EVENLY:
        return at_most(start + 1 + seed % 64U + wire.length / 32, wire.length);
    case PARSER_CUT_BY_SEED:
        break;
    }
    if (seed >= 128) {
        return cut_around_kind(seed, wire, start);
    }
    return at_most(cut_anywhere(seed, wire, start), wire.length);
}
