# touchstone_warnings: the one place that says which warnings our own code must be free of.
include_guard(GLOBAL)
add_library(touchstone_warnings INTERFACE)

set(TOUCHSTONE_WARNING_FLAGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wswitch-enum -Wvla -Wformat=2)
set(TOUCHSTONE_C_WARNING_FLAGS -Wstrict-prototypes -Wmissing-prototypes)

target_compile_options(touchstone_warnings INTERFACE
  ${TOUCHSTONE_WARNING_FLAGS}
  $<$<COMPILE_LANGUAGE:C>:${TOUCHSTONE_C_WARNING_FLAGS}>
  $<$<BOOL:${TOUCHSTONE_WERROR}>:-Werror>)
