# cmake -DREADELF=PROGRAM -DOBJECTS=FILES -DSTAMP=FILE -P CheckInstrumented.cmake
#
# Fails unless the object of llhttp's state machine has coverage counters, thousands as it has branches: of 8 bits
# (libFuzzer) or guards of 32 bits (AFL++, honggfuzz). Else writes the stamp.
set(enough 1000)

foreach(object IN LISTS OBJECTS)
  if(object MATCHES "/llhttp\\.c\\.o$")
    set(machine "${object}")
  endif()
endforeach()
execute_process(COMMAND "${READELF}" -SW "${machine}"
  OUTPUT_VARIABLE sections ERROR_VARIABLE errors RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${machine} cannot be read, so nobody knows whether it is instrumented "
    "(fuzz builds are made without link-time optimisation):\n${errors}")
endif()
set(edges 0)
foreach(kind IN ITEMS cntrs:1 guards:4)
  string(REGEX REPLACE ":.*" "" name "${kind}")
  string(REGEX REPLACE ".*:" "" bytes "${kind}")
  # name, type, address, offset, size
  string(REGEX MATCHALL "__sancov_${name} +[A-Z]+ +[0-9a-f]+ +[0-9a-f]+ +[0-9a-f]+" found "${sections}")
  foreach(section IN LISTS found)
    string(REGEX REPLACE ".* " "0x" size "${section}")
    math(EXPR edges "${edges} + ${size} / ${bytes}")
  endforeach()
endforeach()
if(edges LESS enough)
  message(FATAL_ERROR "llhttp's state machine has ${edges} coverage counters, so it is not instrumented, and a fuzzer "
    "would be blind. Compile with -fsanitize=fuzzer-no-link (TOUCHSTONE_SANITIZE, CFLAGS) or with afl-clang-fast.")
endif()
file(WRITE "${STAMP}" "${edges}\n")
