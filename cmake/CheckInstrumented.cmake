# cmake -DREADELF=PROGRAM -DOBJECTS=FILES -DSTAMP=FILE [-DCOVERAGE=ON] -P CheckInstrumented.cmake
#
# Fails unless the object of llhttp's state machine has coverage counters, thousands as it has branches: of 8 bits
# (libFuzzer) or guards of 32 bits (AFL++, honggfuzz); with COVERAGE, those of clang's source coverage, by which targets
# are measured, not fuzzed. Else writes the stamp.
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
set(kinds __sancov_cntrs:1 __sancov_guards:4)
if(COVERAGE)
  set(kinds __llvm_prf_cnts:8)
endif()
foreach(kind IN LISTS kinds)
  string(REGEX REPLACE ":.*" "" name "${kind}")
  string(REGEX REPLACE ".*:" "" bytes "${kind}")
  # name, type, address, offset, size
  string(REGEX MATCHALL "${name} +[A-Z]+ +[0-9a-f]+ +[0-9a-f]+ +[0-9a-f]+" found "${sections}")
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
