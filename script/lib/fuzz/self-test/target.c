/* target.c - what script/fuzz is tried with: with FAILING, a target that has two bugs a few bytes
 * deep; without, one that has none. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t seen;

static void pass_on(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size);
    if (copy == NULL) {
        return;
    }
    for (size_t i = 0; i < size; i++) {
        copy[i] = data[i];
    }
#ifdef FAILING
    if (data[2] == 'X') {
        free(copy);
    }
#endif
    seen = copy[0];
#ifdef FAILING
    if (data[2] == 'X') {
        return;
    }
#endif
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || data[0] != 'G' || data[1] != 'E') {
        return 0;
    }
#ifdef FAILING
    if (data[2] == 'T') {
        fprintf(stderr, "%s:%d: property violated: %zu bytes are too many\n", __FILE__, __LINE__,
                size);
        abort();
    }
#endif
    pass_on(data, size);
    return 0;
}
