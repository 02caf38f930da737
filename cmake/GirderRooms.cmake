# SPDX-License-Identifier: Apache-2.0
# One object library per room that has sources, and the emulator linked from all of them.

set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/layers.toml)
execute_process(
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/gen/rooms.py ${PROJECT_SOURCE_DIR}/src/layers.toml
  OUTPUT_FILE ${CMAKE_BINARY_DIR}/rooms.cmake
  COMMAND_ERROR_IS_FATAL ANY)
include(${CMAKE_BINARY_DIR}/rooms.cmake) # GIRDER_ROOMS, GIRDER_REACH_<room>

add_library(girder_libs INTERFACE)
target_link_libraries(girder_libs INTERFACE gmp pcre2-8 z tinfo dl pthread m)

# erl_nif.h of an installed OTP (Debian: erlang-dev): rooms nif and nifs implement and use exactly what it declares.
find_path(GIRDER_ERL_NIF_INCLUDE erl_nif.h PATHS /usr/lib/erlang/usr/include /usr/local/lib/erlang/usr/include)
if(NOT GIRDER_ERL_NIF_INCLUDE)
  message(FATAL_ERROR "erl_nif.h not found (Debian: erlang-dev); set GIRDER_ERL_NIF_INCLUDE to its folder")
endif()

# The interpreter loop: each handler ends in its own indirect jump, no two machine registers are paired in a vector register, and clearing a frame of two
# slots is no call of memset.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/interp/loop.cpp PROPERTIES COMPILE_OPTIONS
    "-fno-gcse;-fno-crossjumping;-fno-tree-loop-distribute-patterns;-fno-tree-vectorize;-fno-tree-slp-vectorize;--param=max-goto-duplication-insns=20")
  # Walks over terms move two pointers at a time. In one vector register each waits for the other, and both for the way back.
  set_source_files_properties(
    ${PROJECT_SOURCE_DIR}/src/term/equal.cpp ${PROJECT_SOURCE_DIR}/src/term/compare.cpp ${PROJECT_SOURCE_DIR}/src/term/phash2.cpp
    ${PROJECT_SOURCE_DIR}/src/etf/encode.cpp ${PROJECT_SOURCE_DIR}/src/etf/decode.cpp ${PROJECT_SOURCE_DIR}/src/ops/iolist.cpp
    PROPERTIES COMPILE_OPTIONS "-fno-tree-slp-vectorize")
endif()

set(girder_all_objects "")
foreach(room ${GIRDER_ROOMS})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*.cpp)
  if(room STREQUAL jit AND NOT GIRDER_JIT)
    continue()
  endif()
  if(NOT sources)
    continue()
  endif()
  # main() stays out of the room's library so that tests can link everything else of boot/.
  list(FILTER sources EXCLUDE REGEX "/src/boot/main\\.cpp$")
  if(NOT sources)
    continue()
  endif()
  add_library(girder_${room} OBJECT ${sources})
  target_link_libraries(girder_${room} PRIVATE girder_src_flags)
  if(room MATCHES "^(nif|nifs|driver)$")
    target_include_directories(girder_${room} SYSTEM PRIVATE ${GIRDER_ERL_NIF_INCLUDE})
  endif()
  add_dependencies(girder_${room} girder_gen)
  list(APPEND girder_all_objects $<TARGET_OBJECTS:girder_${room}>)
endforeach()

# Only a tree that has boot/main.cpp has an emulator.
file(GLOB girder_main CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/boot/main.cpp)
if(girder_main)
  add_executable(beam.smp ${girder_main} ${girder_all_objects})
  target_link_libraries(beam.smp PRIVATE girder_src_flags girder_libs)
  target_link_options(beam.smp PRIVATE -rdynamic) # NIF libraries resolve enif_* against the executable
  add_dependencies(beam.smp girder_gen)
endif()
