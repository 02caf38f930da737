# SPDX-License-Identifier: Apache-2.0
# Compiler, linker and build types. Targets: girder_flags (every file we compile), girder_src_flags (src/ only).

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # statement expressions and computed goto are part of the design
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

foreach(lang C CXX)
  set(CMAKE_${lang}_FLAGS_DEV "-O1 -g1")
  set(CMAKE_${lang}_FLAGS_RELEASE "-O2 -g1")
  set(CMAKE_${lang}_FLAGS_RELASSERT "-O2 -g1")
  set(CMAKE_${lang}_FLAGS_DEBUG "-O0 -g")
endforeach()

find_program(GIRDER_CCACHE ccache)
if(GIRDER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${GIRDER_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${GIRDER_CCACHE})
endif()

add_library(girder_flags INTERFACE)
target_include_directories(girder_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${GIRDER_GEN_DIR})
target_compile_options(girder_flags INTERFACE
  -fno-strict-aliasing -fno-omit-frame-pointer -Wall -Wextra -Wshadow
  $<$<BOOL:${GIRDER_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
target_compile_definitions(girder_flags INTERFACE
  _GNU_SOURCE
  GIRDER_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:Dev,RelAssert,Debug>:VM_DEBUG=1>
  $<$<CONFIG:Release>:NDEBUG>)

if(GIRDER_SANITIZE)
  target_compile_options(girder_flags INTERFACE -fsanitize=${GIRDER_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(girder_flags INTERFACE -fsanitize=${GIRDER_SANITIZE})
  if(GIRDER_SANITIZE MATCHES "undefined")
    target_compile_options(girder_flags INTERFACE -fno-sanitize=vptr) # src/ has no type information to check against
  endif()
  string(REPLACE "," ";" girder_sanitizers "${GIRDER_SANITIZE}")
  foreach(sanitizer ${girder_sanitizers})
    string(TOUPPER ${sanitizer} sanitizer_upper)
    target_compile_definitions(girder_flags INTERFACE VM_SANITIZE_${sanitizer_upper}=1)
  endforeach()
endif()

if(GIRDER_COVERAGE)
  target_compile_options(girder_flags INTERFACE --coverage)
  target_link_options(girder_flags INTERFACE --coverage)
endif()

# The JIT's frames and foreign NIFs have no unwind data, so nothing in src/ may throw (docs/decisions/0001).
add_library(girder_src_flags INTERFACE)
target_link_libraries(girder_src_flags INTERFACE girder_flags)
target_compile_options(girder_src_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
if(GIRDER_JIT)
  target_compile_definitions(girder_src_flags INTERFACE GIRDER_JIT=1)
endif()

# A fast linker when there is one; gcc and clang both know these names.
include(CheckLinkerFlag)
foreach(linker mold lld)
  check_linker_flag(CXX -fuse-ld=${linker} GIRDER_HAVE_${linker})
  if(GIRDER_HAVE_${linker})
    target_link_options(girder_flags INTERFACE -fuse-ld=${linker})
    break()
  endif()
endforeach()
