# touchstone_sanitizers: instrumentation chosen by TOUCHSTONE_SANITIZE and TOUCHSTONE_COVERAGE.
# A finding ends the process with a failure; nothing is only reported.
include_guard(GLOBAL)
add_library(touchstone_sanitizers INTERFACE)

if(TOUCHSTONE_SANITIZE)
  set(sanitize_flags "-fsanitize=${TOUCHSTONE_SANITIZE}" -fno-omit-frame-pointer)
  if(TOUCHSTONE_SANITIZE MATCHES "undefined")
    list(APPEND sanitize_flags -fno-sanitize-recover=undefined)
  endif()
  target_compile_options(touchstone_sanitizers INTERFACE ${sanitize_flags})
  target_link_options(touchstone_sanitizers INTERFACE ${sanitize_flags})
endif()

if(TOUCHSTONE_COVERAGE)
  if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    set(coverage_flags -fprofile-instr-generate -fcoverage-mapping)
  else()
    set(coverage_flags --coverage)
  endif()
  target_compile_options(touchstone_sanitizers INTERFACE ${coverage_flags})
  target_link_options(touchstone_sanitizers INTERFACE ${coverage_flags})
endif()
