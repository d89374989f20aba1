# Finds llhttp, the HTTP/1.1 parser of Node.js. Defines llhttp::llhttp, llhttp_VERSION, llhttp_FOUND.
#
# Searched in this order: llhttp_ROOT and CMAKE_PREFIX_PATH; the project-local prefix .deps/ that script/setup
# fills where the distribution has no package; pkg-config's answer; the system.
#
# A module, because the CMake package in Debian 13's libllhttp-dev computes its prefix wrongly for the
# multi-arch directory and carries no version.
set(llhttp_local_prefix "${CMAKE_CURRENT_LIST_DIR}/../.deps/usr")
if(IS_DIRECTORY "${llhttp_local_prefix}/include")
  file(REAL_PATH "${llhttp_local_prefix}" llhttp_local_prefix)
else()
  unset(llhttp_local_prefix)
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_LLHTTP QUIET libllhttp)
endif()

find_path(llhttp_INCLUDE_DIR llhttp.h
  HINTS ${llhttp_local_prefix}/include ${PC_LLHTTP_INCLUDEDIR})
# Where the library lies decides its kind: outside of the loader's path only the archive is of use.
if(llhttp_local_prefix AND llhttp_INCLUDE_DIR STREQUAL "${llhttp_local_prefix}/include")
  find_library(llhttp_LIBRARY NAMES libllhttp.a
    PATHS "${llhttp_local_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}" "${llhttp_local_prefix}/lib"
    NO_DEFAULT_PATH)
else()
  find_library(llhttp_LIBRARY NAMES llhttp HINTS ${PC_LLHTTP_LIBDIR})
endif()

if(llhttp_INCLUDE_DIR)
  file(STRINGS "${llhttp_INCLUDE_DIR}/llhttp.h" llhttp_version_lines
    REGEX "^#define LLHTTP_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
  string(REGEX MATCHALL "[0-9]+" llhttp_version_parts "${llhttp_version_lines}")
  list(JOIN llhttp_version_parts "." llhttp_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(llhttp
  REQUIRED_VARS llhttp_LIBRARY llhttp_INCLUDE_DIR
  VERSION_VAR llhttp_VERSION
  REASON_FAILURE_MESSAGE "run script/setup, which installs it or fetches it into .deps/")
mark_as_advanced(llhttp_LIBRARY llhttp_INCLUDE_DIR)

if(llhttp_FOUND AND NOT TARGET llhttp::llhttp)
  add_library(llhttp::llhttp UNKNOWN IMPORTED GLOBAL)
  set_target_properties(llhttp::llhttp PROPERTIES
    IMPORTED_LOCATION "${llhttp_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${llhttp_INCLUDE_DIR}")
endif()
