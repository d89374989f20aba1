/* The script of message_roundtrip: operations as message/composer.h tells them. */
#include "message_roundtrip_operations.h"
#include "message/composer.h"

static const struct fuzz_operation operations[] = {
    [FUZZ_SET] = {"set", "bbnv"},         [FUZZ_REMOVE] = {"remove", "bn"},
    [FUZZ_READ] = {"read", "bn"},         [FUZZ_GIVE] = {"give", "bbnv"},
    [FUZZ_HEAD] = {"head", "bsv"},        [FUZZ_STATUS] = {"status", "bsv"},
    [FUZZ_LINE] = {"line", "bnv"},        [FUZZ_WRITE] = {"write", "bbd"},
    [FUZZ_END] = {"end", "bbd"},          [FUZZ_TRAILER] = {"trailer", "bbnv"},
    [FUZZ_CORK] = {"cork", "b"},          [FUZZ_FLUSH] = {"flush", "b"},
    [FUZZ_INTERIM] = {"interim", "b"},    [FUZZ_HINTS] = {"hints", "bnvv"},
    [FUZZ_PROPERTY] = {"property", "bb"}, [FUZZ_TURN] = {"turn", ""},
    [FUZZ_ODD] = {"odd", "bbv"},          [FUZZ_OBJECT] = {"object", "bb"},
    [FUZZ_ALONE] = {"alone", "bd"},
};

const struct fuzz_script_format fuzz_script_format = {
    .prefix = FUZZ_COMPOSER_SETTINGS,
    .refusal = FUZZ_COMPOSER_REFUSAL,
    .operations = operations,
    .count = sizeof(operations) / sizeof(operations[0]),
};
