# SPDX-License-Identifier: Apache-2.0
# Runs tools/gen over the spec files (*.tab) into ${GIRDER_GEN_DIR}. Outputs are rewritten only when their text changes,
# so touching a spec recompiles only what really reads the changed part.

find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

file(GLOB_RECURSE girder_specs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.tab)
file(GLOB girder_generator CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/gen/*.py)

set(girder_generated
  ${GIRDER_GEN_DIR}/term/atoms.gen.h
  ${GIRDER_GEN_DIR}/term/atom_names.gen.inc
  ${GIRDER_GEN_DIR}/bif/bif_decls.gen.h
  ${GIRDER_GEN_DIR}/bif/bif_rows.gen.inc
  ${GIRDER_GEN_DIR}/code/generic_ops.gen.h
  ${GIRDER_GEN_DIR}/beamfile/opcode_arity.gen.h
  ${GIRDER_GEN_DIR}/code/internal_ops.gen.h
  ${GIRDER_GEN_DIR}/code/internal_ops.gen.inc
  ${GIRDER_GEN_DIR}/reference/bifs.md
  ${GIRDER_GEN_DIR}/reference/generic_ops.md
  ${GIRDER_GEN_DIR}/reference/internal_ops.md)

add_custom_command(
  OUTPUT ${GIRDER_GEN_DIR}/gen.stamp
  BYPRODUCTS ${girder_generated}
  COMMAND ${Python3_EXECUTABLE} -m tools.gen ${PROJECT_SOURCE_DIR}/src ${GIRDER_GEN_DIR}
  COMMAND ${CMAKE_COMMAND} -E touch ${GIRDER_GEN_DIR}/gen.stamp
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  DEPENDS ${girder_specs} ${girder_generator}
  COMMENT "Generating tables from src/**/*.tab"
  VERBATIM)
add_custom_target(girder_gen DEPENDS ${GIRDER_GEN_DIR}/gen.stamp)
