#include "run/verdict.h"

#include <stdlib.h>

static const char *const names[] = {
#define X(name, text) text,
    TS_VERDICTS(X)
#undef X
};

const char *ts_verdict_name(ts_verdict verdict) {
    return names[verdict];
}

bool ts_verdict_is_failure(ts_verdict verdict) {
    return verdict != TS_PASS && verdict != TS_UNSUPPORTED && verdict != TS_NOT_APPLICABLE;
}

void ts_result_free(ts_result *result) {
    free(result->detail);
    free(result->context);
    json_decref(result->expected);
    json_decref(result->observed);
    *result = (ts_result){0};
}
