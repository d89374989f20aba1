/* memory.h - the allocator of a run.
 *
 * Counts, refuses on demand, and finds what the run forgot to free, with any engine: every run ends
 * with fuzz_memory_end(), which fails when a block is left.
 *
 * Under an engine, blocks come from an arena: an allocation is a few instructions and no address is
 * used twice in a run. AddressSanitizer is told which bytes are in use, so use after free and
 * overruns are found as with malloc, but the report does not say where the block was allocated and
 * freed. Replays therefore use malloc (so does an engine when TOUCHSTONE_FUZZ_MALLOC is set in the
 * environment). */
#ifndef FUZZERS_SUPPORT_MEMORY_H
#define FUZZERS_SUPPORT_MEMORY_H

#include <nodehttp/memory.h>

#include <stdbool.h>
#include <stdint.h>

struct fuzz_memory {
    nh_memory memory;   /* has to stay first */
    size_t blocks;      /* allocated and not freed */
    size_t bytes;       /* the same, in bytes asked for */
    size_t peak_bytes;  /* the most at any time of the run */
    size_t byte_limit;  /* requests beyond it are refused; 0: none */
    uint64_t requests;  /* made in this run, refused ones included */
    uint64_t refuse_at; /* number of the request to refuse, from 1; 0: none */
    bool refused;       /* whether any request was refused */
};

/* Begins a run: all counters at zero. The same object each time; one run at a time. */
struct fuzz_memory *fuzz_memory_begin(void);
/* Ends the run: fails when a block is left. */
void fuzz_memory_end(struct fuzz_memory *memory);
/* The counters of the run that ended last. */
const struct fuzz_memory *fuzz_memory_last(void);

#endif
