# CUnit suites. Test cases and assertions: see lib/tests/support/unit.h.
#
# touchstone_add_unit_test(NAME SOURCE...): a suite of the library, registered in ctest as NAME.
#   It sees the library's private headers ("core/...") and those of its tests ("support/...").
# touchstone_add_harness_test(NAME SOURCE...): a suite of the harness; it sees what the harness sees.
include_guard(GLOBAL)

function(touchstone_add_suite name)
  if(NOT ARGN)
    message(FATAL_ERROR "${name}: no source given")
  endif()
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE touchstone_unit touchstone_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/tests")
  set(wrapper "")
  if(TOUCHSTONE_VALGRIND)
    find_program(VALGRIND_EXECUTABLE valgrind REQUIRED)
    set(wrapper "${VALGRIND_EXECUTABLE}" --quiet --error-exitcode=99 --leak-check=full
      --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible)
  endif()
  add_test(NAME ${name} COMMAND ${wrapper} $<TARGET_FILE:${name}>)
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

function(touchstone_add_unit_test name)
  touchstone_add_suite(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE nodehttp)
  target_include_directories(${name} PRIVATE "${NODEHTTP_SOURCE_DIR}/src")
endfunction()

function(touchstone_add_harness_test name)
  touchstone_add_suite(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE touchstone_harness)
endfunction()
