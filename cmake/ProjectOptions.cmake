# Options and defaults shared by the whole project and by lib/ when it is built alone.
include_guard(GLOBAL)
include(CTest)
include(GNUInstallDirs)

option(TOUCHSTONE_TESTS "Build the tests" ON)
option(TOUCHSTONE_WERROR "Treat warnings as errors (CI)" OFF)
option(TOUCHSTONE_VALGRIND "Run the CUnit suites under valgrind" OFF)
option(TOUCHSTONE_COVERAGE "Instrument for gcov / llvm-cov" OFF)
set(TOUCHSTONE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

# C11 without GNU extensions; the POSIX and BSD calls of libc stay visible.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
add_compile_definitions($<$<COMPILE_LANGUAGE:C>:_DEFAULT_SOURCE>)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

include(Warnings)
include(Sanitizers)
include(Fuzzing)
include(UnitTest)
