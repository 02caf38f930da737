// SPDX-License-Identifier: Apache-2.0
//
// What the loader keeps of a module instance beside code::ModuleInstance: the chunks that are unpacked on demand, and what was unpacked.
// Hangs at ModuleInstance::load_extra. Used under the code lock.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "beamfile/code_reader.h"
#include "load/loader.h"

namespace vm::load {

struct LoadExtra {
  Loader* loader = nullptr;
  std::uint32_t atom_count = 0;  // index 0 included
  std::uint32_t label_count = 0;
  std::vector<Byte> literal_chunk;  // until the literals are needed
  std::vector<Byte> line_chunk;     // until the first function is decoded
  std::vector<Byte> attribute_chunk;
  std::vector<Byte> compile_chunk;
  bool literals_unpacked = false;
  bool lines_unpacked = false;
  bool has_literals = false;
  bool bad_literals = false;
  std::vector<heap::LiteralArea*> number_areas;  // big integers that were operands
  std::unique_ptr<code::Export> on_load_cell;
  std::vector<code::Function*> lambda_targets;  // parallel to ModuleInstance::lambdas

  static LoadExtra& of(code::ModuleInstance& instance) { return *static_cast<LoadExtra*>(instance.load_extra); }
  static const LoadExtra& of(const code::ModuleInstance& instance) { return *static_cast<const LoadExtra*>(instance.load_extra); }

  // Literal `index`, or the non-value when the table does not have it or cannot be unpacked.
  Term literal(code::ModuleInstance& instance, std::size_t index);
  void unpack_lines(code::ModuleInstance& instance);

 private:
  void unpack_literals(code::ModuleInstance& instance);
};

}  // namespace vm::load
