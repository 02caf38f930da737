// SPDX-License-Identifier: Apache-2.0
//
// The parts of a module that are unpacked on demand: literals, line table, attributes.
#include "beamfile/code_reader.h"
#include "beamfile/module_file.h"
#include "code/generic_ops.gen.h"
#include "heap/copy.h"
#include "load/module_extra_internal.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::load {

Term LoadExtra::literal(code::ModuleInstance& instance, std::size_t index) {
  if (!literals_unpacked) unpack_literals(instance);
  return index < instance.literals.size() ? instance.literals[index] : Term::non_value();
}

void LoadExtra::unpack_literals(code::ModuleInstance& instance) {
  literals_unpacked = true;
  auto table = beamfile::read_literals(literal_chunk);
  if (!table) {
    bad_literals = true;
    return;
  }
  std::size_t bytes = 0;
  for (const beamfile::Bytes& b : table.value().terms) bytes += b.size();
  heap::FragmentWriter writer(bytes / 2 + 16);
  std::vector<Term> terms(table.value().terms.size(), Term::non_value());
  std::vector<Term> good;
  etf::DecodeOptions options;
  options.hooks = loader->hooks_;
  for (std::size_t i = 0; i < terms.size(); i++) {
    std::size_t used = 0;
    const beamfile::Bytes& b = table.value().terms[i];
    if (!etf::decode(b, writer, &terms[i], options, &used)) terms[i] = Term::non_value();
    else good.push_back(terms[i]);
  }
  instance.literal_area = heap::make_literals(good.data(), good.size());
  auto next = good.begin();
  for (Term& t : terms) {
    if (t.is_value()) t = *next++;
  }
  instance.literals = std::move(terms);
  std::vector<Byte>().swap(literal_chunk);
}

void LoadExtra::unpack_lines(code::ModuleInstance& instance) {
  if (lines_unpacked) return;
  lines_unpacked = true;
  if (line_chunk.empty()) return;
  // The table's names lie in the chunk.
  const std::vector<Byte> chunk = std::move(line_chunk);
  auto table = beamfile::read_lines(chunk);
  if (!table) return;
  instance.lines.reserve(table.value().items.size());
  // Files and lines beyond these limits have no location, as on stock.
  constexpr std::uint32_t kMaxFile = 254, kMaxLine = (1 << 24) - 2;
  for (const beamfile::LineItem& item : table.value().items) {
    const bool is_told = item.file <= kMaxFile && item.line <= kMaxLine;
    instance.lines.push_back(is_told ? code::LineItem{item.file, item.line} : code::LineItem{0, 0});
  }
  heap::FragmentWriter writer;
  std::vector<Term> files;
  for (const std::string_view& file : table.value().files) {
    // File 0 is the module's own source, and so is one without a name.
    std::string text(file);
    if (text.empty()) text = std::string(term::AtomTable::text(instance.name)) + ".erl";
    term::ListBuilder list(writer);
    for (std::size_t i = 0; i < text.size();) {
      unsigned b = static_cast<Byte>(text[i]);
      const std::size_t length = b < 0xC2 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : b < 0xF5 ? 4 : 1;
      SWord c = length == 1 ? b : b & (0x7F >> length);
      std::size_t k = 1;
      for (; k < length && i + k < text.size() && (static_cast<Byte>(text[i + k]) & 0xC0) == 0x80; k++) c = c << 6 | (text[i + k] & 0x3F);
      if (k < length) c = b;  // not UTF-8: bytes are latin-1
      list.add(Term::small(c));
      i += k < length ? 1 : length;
    }
    files.push_back(list.finish());
  }
  instance.info_area = heap::make_literals(files.data(), files.size());
  instance.files = std::move(files);
}

namespace {

bool decode_chunk(const std::vector<Byte>& chunk, const etf::DecodeHooks* hooks, term::HeapWriter& h, Term* out) {
  *out = term::kNil;
  if (chunk.empty()) return true;
  etf::DecodeOptions options;
  options.hooks = hooks;
  return etf::decode(chunk, h, out, options);
}

}  // namespace

// The compiler leaves no attribute but an instruction somewhere in the function.
bool Loader::is_declared_native(const code::Function& f) {
  beamfile::CodeReader reader(beamfile::Bytes(f.instance->code), beamfile::OperandLimits{});
  reader.seek(f.code_begin);
  std::uint8_t opcode;
  while (reader.offset() < f.code_end && reader.skip(opcode))
    if (static_cast<code::GenericOp>(opcode) == code::GenericOp::nif_start) return true;
  return false;
}

bool Loader::attributes(const code::ModuleInstance& instance, term::HeapWriter& h, Term* out) {
  return decode_chunk(LoadExtra::of(instance).attribute_chunk, hooks_, h, out);
}

bool Loader::compile_info(const code::ModuleInstance& instance, term::HeapWriter& h, Term* out) {
  return decode_chunk(LoadExtra::of(instance).compile_chunk, hooks_, h, out);
}

}  // namespace vm::load
