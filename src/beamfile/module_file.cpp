// SPDX-License-Identifier: Apache-2.0
#include "beamfile/module_file.h"

#include <utility>

namespace vm::beamfile {

namespace {

base::Failure<Fault> missing(ChunkId id) { return base::fail(Fault{Error::MissingChunk, id, 0}); }

Result<AtomTable> read_atoms(const Container& container) {
  if (const Bytes data = container.find(chunk::kAtomsUtf8); !data.empty()) return read_atoms(data, TextEncoding::Utf8);
  if (const Bytes data = container.find(chunk::kAtomsLatin1); !data.empty()) return read_atoms(data, TextEncoding::Latin1);
  return missing(chunk::kAtomsUtf8);
}

}  // namespace

Result<ModuleFile> ModuleFile::read(Bytes bytes) {
  ModuleFile file;
  file.container = VM_TRY(Container::parse(bytes));
  const Container& container = file.container;
  for (const ChunkId id : {chunk::kCode, chunk::kImports, chunk::kExports}) {
    if (container.find(id).empty()) return missing(id);
  }
  file.code = VM_TRY(read_code_header(container.find(chunk::kCode)));
  file.atoms = VM_TRY(read_atoms(container));
  file.imports = VM_TRY(read_imports(container.find(chunk::kImports), file.atoms));
  const std::uint32_t labels = file.code.label_count;
  file.exports = VM_TRY(read_exports(container.find(chunk::kExports), file.atoms, labels, chunk::kExports));
  if (const Bytes data = container.find(chunk::kLocals); !data.empty()) {
    file.locals = VM_TRY(read_exports(data, file.atoms, labels, chunk::kLocals));
  }
  if (const Bytes data = container.find(chunk::kLambdas); !data.empty()) {
    file.lambdas = VM_TRY(read_lambdas(data, file.atoms, labels));
  }
  if (const Bytes data = container.find(chunk::kLiterals); !data.empty()) file.literals = VM_TRY(read_literals(data));
  if (const Bytes data = container.find(chunk::kLines); !data.empty()) file.lines = VM_TRY(read_lines(data));
  if (const Bytes data = container.find(chunk::kTypes); !data.empty()) file.types = VM_TRY(read_types(data));
  file.strings = container.find(chunk::kStrings);
  file.attributes = container.find(chunk::kAttributes);
  file.compile_info = container.find(chunk::kCompileInfo);
  file.meta = container.find(chunk::kMeta);
  return file;
}

}  // namespace vm::beamfile
