// SPDX-License-Identifier: Apache-2.0
//
// A whole module: container and tables in one go, in the order and with the strictness of a loader. What only tools read (debug info,
// documentation, attributes) stays as spans.
//
// read() allocates in proportion to the input's size and decodes no instruction; use CodeReader with limits() for that.
//
// Threading: a value; the input bytes must outlive it.
#pragma once

#include <array>
#include <vector>

#include "beamfile/code_reader.h"
#include "beamfile/container.h"
#include "beamfile/tables.h"

namespace vm::beamfile {

struct ModuleFile {
  Container container;
  CodeHeader code;
  AtomTable atoms;
  std::vector<Import> imports;
  std::vector<Export> exports;
  std::vector<Export> locals;
  std::vector<Lambda> lambdas;
  LiteralTable literals;
  LineTable lines;
  TypeTable types;
  Bytes strings;
  Bytes attributes;    // external term format
  Bytes compile_info;  // external term format
  Bytes meta;          // external term format

  static Result<ModuleFile> read(Bytes file);

  std::string_view name() const { return atoms.names[1]; }

  OperandLimits limits() const {
    return {.atoms = atoms.count(),
            .literals = static_cast<std::uint32_t>(literals.terms.size()),
            .labels = code.label_count,
            .types = types.is_fallback ? 0 : static_cast<std::uint32_t>(types.types.size())};
  }
};

// Hands the bytes whose MD5 is the module's checksum (module_info(md5)) to `update`, piece by piece: the chunks that define what the
// module does, in a fixed order, with the unused `old_unique` field of each lambda read as zero.
template <typename Update>
void visit_checksum(const ModuleFile& file, Update&& update) {
  for (const ChunkId id : {chunk::kAtomsUtf8, chunk::kCode, chunk::kStrings, chunk::kImports, chunk::kExports}) {
    update(file.container.find(id));
  }
  constexpr std::size_t kCountBytes = 4;
  constexpr std::size_t kEntryBytes = 24;
  constexpr std::array<std::uint8_t, 4> kZeros{};
  Bytes lambdas = file.container.find(chunk::kLambdas);
  if (lambdas.size() >= kCountBytes) {
    update(lambdas.first(kCountBytes));
    lambdas = lambdas.subspan(kCountBytes);
    while (lambdas.size() >= kEntryBytes) {
      update(lambdas.first(kEntryBytes - kZeros.size()));
      update(Bytes(kZeros));
      lambdas = lambdas.subspan(kEntryBytes);
    }
  }
  update(file.container.find(chunk::kLiterals));
  update(file.container.find(chunk::kMeta));
}

}  // namespace vm::beamfile
