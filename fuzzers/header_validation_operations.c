/* The script of header_validation: calls that check what they are given, and those that send it. */
#include "header_validation_operations.h"

static const struct fuzz_operation operations[] = {
    [VALIDATION_NAME] = {"name", "bn"},     [VALIDATION_VALUE] = {"value", "bbnv"},
    [VALIDATION_SET] = {"set", "bbnv"},     [VALIDATION_GIVE] = {"give", "bbnv"},
    [VALIDATION_HEAD] = {"head", "bsv"},    [VALIDATION_STATUS] = {"status", "bsv"},
    [VALIDATION_LINE] = {"line", "bnv"},    [VALIDATION_TRAILER] = {"trailer", "bbnv"},
    [VALIDATION_HINTS] = {"hints", "bnvv"}, [VALIDATION_WRITE] = {"write", "bbd"},
    [VALIDATION_END] = {"end", "bbd"},      [VALIDATION_READ] = {"read", "bn"},
    [VALIDATION_ODD] = {"odd", "bbv"},      [VALIDATION_MODULE] = {"module", "bb"},
};

const struct fuzz_script_format fuzz_script_format = {
    .prefix = FUZZ_COMPOSER_SETTINGS,
    .refusal = FUZZ_COMPOSER_REFUSAL,
    .operations = operations,
    .count = sizeof(operations) / sizeof(operations[0]),
};
