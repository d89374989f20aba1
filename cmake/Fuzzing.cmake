# TOUCHSTONE_FUZZING: the fuzz targets get a fuzzing engine, and everything that they link is instrumented for it.
#
# Which engine: LIB_FUZZING_ENGINE, of the environment or the cache: an archive, or flags of the linker, as OSS-Fuzz and
# others hand it over. Default: -fsanitize=fuzzer, which is libFuzzer with clang and AFL++'s driver with afl-clang-fast.
include_guard(GLOBAL)

# On when the build looks like it: with coverage instrumentation for fuzzers, or with a compiler that fuzzes.
set(fuzzing_default OFF)
get_filename_component(fuzzing_compiler "${CMAKE_C_COMPILER}" NAME)
if("${TOUCHSTONE_SANITIZE} $ENV{CFLAGS} ${CMAKE_C_FLAGS}" MATCHES "fuzzer"
    OR fuzzing_compiler MATCHES "^(afl-|hfuzz-)" OR NOT "$ENV{LIB_FUZZING_ENGINE}" STREQUAL "")
  set(fuzzing_default ON)
endif()
option(TOUCHSTONE_FUZZING "Link the fuzz targets with a fuzzing engine" ${fuzzing_default})

set(LIB_FUZZING_ENGINE "$ENV{LIB_FUZZING_ENGINE}" CACHE STRING
  "The fuzzing engine: an archive or flags of the linker; empty: -fsanitize=fuzzer")
set(TOUCHSTONE_LLHTTP_SOURCE "" CACHE PATH
  "Folder with llhttp.c, llhttp's state machine (and api.c and http.c, or these come from libllhttp.a)")
