# llhttp for fuzz builds: its state machine, compiled with the instrumentation of everything else.
#
# A fuzzer that does not see the state machine is blind: all of it counts as one edge. So there is no way around it here:
# llhttp::llhttp becomes the objects compiled from source, plus those members of libllhttp.a that have no state machine;
# were the objects missing, nothing would link. The target llhttp_instrumented_check refuses objects without
# coverage counters.
#
# The source: TOUCHSTONE_LLHTTP_SOURCE, or what `script/setup fuzz` makes. llhttp.c alone will do.
include_guard(GLOBAL)

set(llhttp_source "${TOUCHSTONE_LLHTTP_SOURCE}")
if(NOT llhttp_source)
  set(llhttp_source "${CMAKE_CURRENT_LIST_DIR}/../.deps/llhttp-source")
endif()
if(NOT EXISTS "${llhttp_source}/llhttp.c")
  message(FATAL_ERROR
    "There is no source of llhttp's state machine (${llhttp_source}/llhttp.c), and a fuzzer is blind without it.\n"
    "Run script/setup fuzz, which makes it; or configure with -DTOUCHSTONE_LLHTTP_SOURCE=FOLDER, "
    "src/ of an llhttp ${llhttp_VERSION} release.")
endif()

# What script/setup makes says of which version it is: the header of another one has other structures.
file(STRINGS "${llhttp_source}/llhttp.c" llhttp_source_version LIMIT_COUNT 1 REGEX "^/\\* llhttp [0-9.]+ \\*/$")
string(REGEX MATCH "[0-9.]+" llhttp_source_version "${llhttp_source_version}")
if(llhttp_source_version AND NOT llhttp_source_version VERSION_EQUAL llhttp_VERSION)
  message(FATAL_ERROR
    "${llhttp_source}/llhttp.c is llhttp ${llhttp_source_version}, but ${llhttp_INCLUDE_DIR}/llhttp.h is "
    "${llhttp_VERSION}.\nRemove ${llhttp_source} and run script/setup fuzz.")
endif()

add_library(llhttp_instrumented OBJECT "${llhttp_source}/llhttp.c")
target_include_directories(llhttp_instrumented PRIVATE "${llhttp_INCLUDE_DIR}")
target_compile_options(llhttp_instrumented PRIVATE -w)
target_link_libraries(llhttp_instrumented PRIVATE touchstone_sanitizers)
set_target_properties(llhttp_instrumented PROPERTIES POSITION_INDEPENDENT_CODE ON C_CLANG_TIDY "")

set(llhttp_rest "")
if(EXISTS "${llhttp_source}/api.c" AND EXISTS "${llhttp_source}/http.c")
  target_sources(llhttp_instrumented PRIVATE "${llhttp_source}/api.c" "${llhttp_source}/http.c")
else()
  # The archive without the member that holds the state machine.
  get_filename_component(llhttp_archive "${llhttp_LIBRARY}" DIRECTORY)
  set(llhttp_archive "${llhttp_archive}/libllhttp.a")
  if(NOT EXISTS "${llhttp_archive}")
    message(FATAL_ERROR
      "${llhttp_archive} is not there, and ${llhttp_source} has no api.c and http.c.\n"
      "Run script/setup fuzz, or configure with -DTOUCHSTONE_LLHTTP_SOURCE=FOLDER, src/ of an llhttp release.")
  endif()
  set(llhttp_rest "${CMAKE_BINARY_DIR}/llhttp/libllhttp_rest.a")
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/llhttp")
  file(COPY_FILE "${llhttp_archive}" "${llhttp_rest}")
  execute_process(COMMAND ${CMAKE_AR} t "${llhttp_rest}" OUTPUT_VARIABLE llhttp_members COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "llhttp(\\.c)?\\.o" llhttp_member "${llhttp_members}")
  execute_process(COMMAND ${CMAKE_AR} d "${llhttp_rest}" "${llhttp_member}" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_NM} "${llhttp_rest}" OUTPUT_VARIABLE llhttp_symbols COMMAND_ERROR_IS_FATAL ANY)
  if(llhttp_symbols MATCHES "[Tt] llhttp__internal_execute")
    message(FATAL_ERROR "${llhttp_archive}: the state machine is in a member of another name than expected:\n"
      "${llhttp_members}")
  endif()
endif()

add_library(llhttp_for_fuzzing INTERFACE)
target_include_directories(llhttp_for_fuzzing INTERFACE "${llhttp_INCLUDE_DIR}")
target_link_libraries(llhttp_for_fuzzing INTERFACE $<TARGET_OBJECTS:llhttp_instrumented> ${llhttp_rest})
add_dependencies(llhttp_for_fuzzing llhttp_instrumented)

find_program(READELF_EXECUTABLE NAMES "${CMAKE_READELF}" readelf llvm-readelf REQUIRED)
set(llhttp_checked "${CMAKE_BINARY_DIR}/llhttp/instrumented")
add_custom_command(OUTPUT "${llhttp_checked}"
  COMMAND ${CMAKE_COMMAND} "-DREADELF=${READELF_EXECUTABLE}" "-DOBJECTS=$<TARGET_OBJECTS:llhttp_instrumented>"
    "-DSTAMP=${llhttp_checked}" "-DCOVERAGE=${TOUCHSTONE_COVERAGE}" -P "${CMAKE_CURRENT_LIST_DIR}/CheckInstrumented.cmake"
  DEPENDS $<TARGET_OBJECTS:llhttp_instrumented> "${CMAKE_CURRENT_LIST_DIR}/CheckInstrumented.cmake"
  COMMENT "Checking that llhttp is instrumented" VERBATIM)
add_custom_target(llhttp_instrumented_check DEPENDS "${llhttp_checked}")
