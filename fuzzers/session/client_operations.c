#include "session/client_operations.h"

#define ROW(NAME, name, arguments) {name, arguments},
static const struct fuzz_operation operations[] = {CLIENT_OPERATIONS(ROW)};
#undef ROW

const struct fuzz_script_format fuzz_script_format = {
    .prefix = CLIENT_SETTINGS,
    .refusal = CLIENT_SETTING_REFUSE_LOW,
    .operations = operations,
    .count = CLIENT_OPERATION_COUNT,
    .mutant_operations = 24,
};
