# touchstone_sanitizers: instrumentation chosen by TOUCHSTONE_SANITIZE and TOUCHSTONE_COVERAGE.
# A finding ends the process with a failure; nothing is only reported.
include_guard(GLOBAL)
add_library(touchstone_sanitizers INTERFACE)

if(TOUCHSTONE_SANITIZE)
  set(sanitize_flags "-fsanitize=${TOUCHSTONE_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(TOUCHSTONE_SANITIZE MATCHES "undefined" AND TOUCHSTONE_SANITIZE MATCHES "fuzzer")
    # A comparison at every access through a pointer, each told to the engine: a quarter of the time of a parser's target.
    # AddressSanitizer finds what comes of them, and the presets asan-* replay the corpora with them.
    list(APPEND sanitize_flags -fno-sanitize=null,alignment,pointer-overflow,object-size)
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
