/* AbortError: what destroys a stream whose signal fired. */
#include "stream/stream_internal.h"

nh_error *nh_abort_error_new(nh_memory *memory, nh_value reason) {
    nh_error *error = nh_error_new(memory, "AbortError", "ABORT_ERR", "The operation was aborted");

    if (reason.type != NH_UNDEFINED) {
        nh_error_set_property_take(error, "cause", nh_value_retain(reason));
    }
    return error;
}
