/* The script of header_joining: settings of the run, then field lines. */
#include "header_joining_operations.h"

static const struct fuzz_operation operations[] = {
    [OP_LINE] = {"line", "bnv"},
    [OP_TRAILER] = {"trailer", "bnv"},
    [OP_REPEAT] = {"repeat", "bb"},
};

const struct fuzz_script_format fuzz_script_format = {
    .prefix = JOINING_SETTINGS,
    .refusal = JOINING_REFUSAL,
    .operations = operations,
    .count = sizeof(operations) / sizeof(operations[0]),
};
