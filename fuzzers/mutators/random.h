/* random.h - the mutators' chance: a small generator, the same numbers for the same seed. */
#ifndef FUZZERS_MUTATORS_RANDOM_H
#define FUZZERS_MUTATORS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_random {
    uint64_t state;
};

static inline struct fuzz_random fuzz_random_of(uint64_t seed) {
    return (struct fuzz_random){seed};
}

/* A counter whose values are scattered by two rounds of multiplying and shifting: every seed is a
 * good one, neighbouring seeds have nothing in common. */
static inline uint64_t fuzz_random_next(struct fuzz_random *random) {
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t bits = random->state;
    bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
    return bits ^ bits >> 31;
}

/* A number from 0 to `bound` - 1; 0 when `bound` is 0. */
static inline size_t fuzz_random_below(struct fuzz_random *random, size_t bound) {
    return bound == 0 ? 0 : (size_t)(fuzz_random_next(random) % bound);
}

/* True once in `n` calls. */
static inline bool fuzz_random_once_in(struct fuzz_random *random, size_t n) {
    return fuzz_random_below(random, n) == 0;
}

#endif
