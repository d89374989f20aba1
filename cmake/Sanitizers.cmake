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
  if(TOUCHSTONE_SANITIZE MATCHES "fuzzer")
    # What is told of each comparison helps the engine's own mutations of bytes; sessions and messages have mutators that
    # know words and numbers, and run a quarter faster without. touchstone_trace_comparisons() asks for it nevertheless.
    list(APPEND sanitize_flags -fno-sanitize-coverage=trace-cmp,indirect-calls,stack-depth)
    # Marking what goes out of scope within a function takes a tenth of a session's time; the presets asan-* look at it.
    if(TOUCHSTONE_SANITIZE MATCHES "address")
      list(APPEND sanitize_flags -fno-sanitize-address-use-after-scope)
    endif()
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

# In builds for an engine: options of the sources of TARGET (that match REGEX), which come after those that it inherits.
function(_touchstone_fuzzed_source_options target options)
  if(TOUCHSTONE_SANITIZE MATCHES "fuzzer")
    get_target_property(sources ${target} SOURCES)
    if(ARGN)
      list(FILTER sources INCLUDE REGEX "${ARGN}")
    endif()
    set_source_files_properties(${sources} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS "${options}")
  endif()
endfunction()

# touchstone_trace_comparisons(TARGET [REGEX]): the engine is told what the sources of TARGET (that match) compare, since
# their inputs are plain bytes, which it mutates by itself.
function(touchstone_trace_comparisons target)
  _touchstone_fuzzed_source_options(${target} -fsanitize-coverage=trace-cmp ${ARGN})
endfunction()

# touchstone_gives_no_feedback(TARGET [REGEX]): an input is not kept for what it reaches in these sources of TARGET (those
# that match), which are checked all the same. Each edge that a run reaches is looked at after it: what lies below or
# around the code that is to be searched would take more of the time than that code.
function(touchstone_gives_no_feedback target)
  _touchstone_fuzzed_source_options(${target} -fno-sanitize=fuzzer-no-link ${ARGN})
endfunction()

# touchstone_is_not_fuzzed(TARGET): it checks what is fuzzed. Without coverage and checks of its own it is fast, and no
# input is kept for the sake of an edge of it. It is checked in the builds without an engine, which replay the corpora.
function(touchstone_is_not_fuzzed target)
  _touchstone_fuzzed_source_options(${target} -fno-sanitize=fuzzer-no-link,undefined)
endfunction()
