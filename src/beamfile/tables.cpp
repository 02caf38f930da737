// SPDX-License-Identifier: Apache-2.0
#include "beamfile/tables.h"

#include <array>
#include <utility>

#include "beamfile/byte_reader_internal.h"
#include "beamfile/container.h"

namespace vm::beamfile {

Result<AtomTable> read_atoms(Bytes data, TextEncoding encoding) {
  ByteReader reader(data, encoding == TextEncoding::Utf8 ? chunk::kAtomsUtf8 : chunk::kAtomsLatin1);
  const auto stated = static_cast<std::int32_t>(reader.u32());
  const bool compact_lengths = stated < 0 && encoding == TextEncoding::Utf8;
  const std::int64_t count = compact_lengths ? -std::int64_t{stated} : stated;
  if (count < 1 || static_cast<std::uint64_t>(count) > reader.remaining()) reader.fail(Error::BadCount);
  AtomTable table;
  table.encoding = encoding;
  if (reader.ok()) table.names.reserve(static_cast<std::size_t>(count) + 1);
  table.names.emplace_back();
  for (std::int64_t i = 0; i < count && reader.ok(); ++i) {
    std::uint64_t length = 0;
    if (compact_lengths) {
      const CompactTerm term = reader.compact();
      reader.check(term.is(CompactTag::U), Error::BadTag);
      length = term.value;
    } else {
      length = reader.u8();
    }
    table.names.push_back(reader.text(length));
  }
  if (!reader.ok()) return reader.failure();
  return table;
}

Result<std::vector<Import>> read_imports(Bytes data, const AtomTable& atoms) {
  constexpr std::size_t kEntryBytes = 12;
  ByteReader reader(data, chunk::kImports);
  std::vector<Import> imports(reader.count(kEntryBytes));
  for (Import& entry : imports) {
    entry.module = reader.u32();
    entry.function = reader.u32();
    entry.arity = reader.u32();
    reader.check(entry.module < atoms.count() && entry.function < atoms.count(), Error::BadIndex);
    reader.check(entry.module != 0 && entry.function != 0, Error::BadIndex);
    reader.check(entry.arity <= kMaxArity, Error::BadValue);
  }
  if (!reader.ok()) return reader.failure();
  return imports;
}

Result<std::vector<Export>> read_exports(Bytes data, const AtomTable& atoms, std::uint32_t label_count, ChunkId chunk) {
  constexpr std::size_t kEntryBytes = 12;
  ByteReader reader(data, chunk);
  std::vector<Export> exports(reader.count(kEntryBytes));
  for (Export& entry : exports) {
    entry.function = reader.u32();
    entry.arity = reader.u32();
    entry.label = reader.u32();
    reader.check(entry.function != 0 && entry.function < atoms.count(), Error::BadIndex);
    reader.check(entry.label != 0 && entry.label < label_count, Error::BadIndex);
    reader.check(entry.arity <= kMaxArity, Error::BadValue);
  }
  if (!reader.ok()) return reader.failure();
  return exports;
}

Result<std::vector<Lambda>> read_lambdas(Bytes data, const AtomTable& atoms, std::uint32_t label_count) {
  constexpr std::size_t kEntryBytes = 24;
  ByteReader reader(data, chunk::kLambdas);
  std::vector<Lambda> lambdas(reader.count(kEntryBytes));
  for (Lambda& entry : lambdas) {
    entry.function = reader.u32();
    entry.arity = reader.u32();
    entry.label = reader.u32();
    entry.index = reader.u32();
    entry.free_count = reader.u32();
    entry.old_unique = reader.u32();
    reader.check(entry.function != 0 && entry.function < atoms.count(), Error::BadIndex);
    reader.check(entry.label != 0 && entry.label < label_count, Error::BadIndex);
    reader.check(entry.arity <= kMaxArity && entry.free_count <= entry.arity, Error::BadValue);
  }
  // Bytes left over would escape the module's checksum.
  reader.check(reader.remaining() == 0, Error::BadCount);
  if (!reader.ok()) return reader.failure();
  return lambdas;
}

Result<LiteralTable> read_literals(Bytes data) {
  LiteralTable table;
  ByteReader outer(data, chunk::kLiterals);
  const std::uint32_t inflated_size = outer.u32();
  if (!outer.ok()) return outer.failure();
  Bytes raw = outer.rest();
  if (inflated_size != 0) {
    auto inflated = inflate_exactly(raw, inflated_size, chunk::kLiterals);
    if (!inflated) return inflated.propagate();
    table.storage = inflated.take();
    raw = table.storage;
  }
  ByteReader reader(raw, chunk::kLiterals);
  constexpr std::size_t kSmallestEntryBytes = 4;
  table.terms.resize(reader.count(kSmallestEntryBytes));
  for (Bytes& term : table.terms) {
    const std::uint32_t size = reader.u32();
    term = reader.bytes(size);
  }
  if (!reader.ok()) return reader.failure();
  return table;
}

Result<LineTable> read_lines(Bytes data) {
  LineTable table;
  table.items.emplace_back();
  table.files.emplace_back();
  ByteReader reader(data, chunk::kLines);
  const std::uint32_t version = reader.u32();
  if (!reader.ok()) return reader.failure();
  if (version != 0) return table;
  reader.u32();  // flags, without meaning so far
  table.instruction_count = reader.u32();
  const std::uint32_t item_count = reader.u32();
  const std::uint32_t file_count = reader.u32();
  reader.check(item_count <= reader.remaining() && file_count <= reader.remaining(), Error::BadCount);
  if (!reader.ok()) return reader.failure();
  table.items.reserve(std::size_t{item_count} + 1);
  table.files.reserve(std::size_t{file_count} + 1);

  std::uint32_t file = 0;
  while (table.items.size() <= item_count && reader.ok()) {
    const CompactTerm term = reader.compact();
    if (term.is(CompactTag::A)) {
      reader.check(term.value <= file_count, Error::BadIndex);
      file = static_cast<std::uint32_t>(term.value);
    } else if (term.is(CompactTag::I)) {
      reader.check(term.value <= std::numeric_limits<std::uint32_t>::max(), Error::BadValue);
      table.items.push_back({file, static_cast<std::uint32_t>(term.value)});
    } else {
      reader.fail(Error::BadTag);
    }
  }
  for (std::uint32_t i = 0; i < file_count && reader.ok(); ++i) {
    const std::uint16_t length = reader.u16();
    table.files.push_back(reader.text(length));
  }
  if (!reader.ok()) return reader.failure();
  return table;
}

namespace {

// Where a Type chunk version keeps the bits of a type, and whether ranges are optional.
struct TypeFormat {
  std::span<const std::uint16_t> bits;  // our bit for each of the file's, from bit 0
  int first_flag = 0;                   // has-lower-bound, has-upper-bound, has-unit from here; 0: fixed 18-byte entries
};

constexpr std::array<std::uint16_t, 13> kBitsWithMatchContext = {
    type_bits::kAtom, type_bits::kBitstring, type_bits::kMatchContext, type_bits::kCons, type_bits::kFloat,
    type_bits::kFun,  type_bits::kInteger,   type_bits::kMap,          type_bits::kNil,  type_bits::kPid,
    type_bits::kPort, type_bits::kReference, type_bits::kTuple};
// From version 3 on a match context is one of the things that "bitstring" says.
constexpr std::array<std::uint16_t, 13> kBitsWithRecord = {type_bits::kAtom,      type_bits::kBitstring | type_bits::kMatchContext,
                                                           type_bits::kCons,      type_bits::kFloat,
                                                           type_bits::kFun,       type_bits::kInteger,
                                                           type_bits::kMap,       type_bits::kNil,
                                                           type_bits::kPid,       type_bits::kPort,
                                                           type_bits::kReference, type_bits::kTuple,
                                                           type_bits::kRecord};

bool type_format(std::uint32_t version, TypeFormat& format) {
  switch (version) {
    case 1: format = {kBitsWithMatchContext, 0}; return true;
    case 2: format = {kBitsWithMatchContext, 13}; return true;
    case 3: format = {std::span(kBitsWithRecord).first(12), 12}; return true;
    case 4: format = {kBitsWithRecord, 13}; return true;
    default: return false;
  }
}

// "Any" of an older format covers kinds that the format has no bit for.
std::uint16_t translate_bits(std::uint16_t stored, const TypeFormat& format) {
  const auto all = static_cast<std::uint16_t>((1u << format.bits.size()) - 1);
  if ((stored & all) == all) return type_bits::kAny;
  std::uint16_t bits = 0;
  for (std::size_t i = 0; i < format.bits.size(); ++i) {
    if ((stored >> i & 1) != 0) bits |= format.bits[i];
  }
  return bits;
}

Type read_type(ByteReader& reader, const TypeFormat& format) {
  Type type;
  const std::uint16_t stored = reader.u16();
  type.bits = translate_bits(stored, format);
  reader.check(type.bits != 0, Error::BadValue);
  if (format.first_flag == 0) {
    type.min = reader.i64();
    type.max = reader.i64();
    type.has_min = type.has_max = type.min <= type.max;
    return type;
  }
  type.has_min = (stored >> format.first_flag & 1) != 0;
  type.has_max = (stored >> (format.first_flag + 1) & 1) != 0;
  const bool has_unit = (stored >> (format.first_flag + 2) & 1) != 0;
  const bool is_number = (type.bits & (type_bits::kInteger | type_bits::kFloat)) != 0;
  reader.check(is_number || !(type.has_min || type.has_max), Error::BadValue);
  reader.check((type.bits & type_bits::kBitstring) != 0 || !has_unit, Error::BadValue);
  if (type.has_min) type.min = reader.i64();
  if (type.has_max) type.max = reader.i64();
  if (has_unit) type.unit = static_cast<std::uint16_t>(reader.u8() + 1);
  return type;
}

}  // namespace

Result<TypeTable> read_types(Bytes data) {
  TypeTable table;
  ByteReader reader(data, chunk::kTypes);
  const std::uint32_t version = reader.u32();
  if (!reader.ok()) return reader.failure();
  TypeFormat format;
  if (!type_format(version, format)) return table;
  const std::uint32_t count = reader.count(sizeof(std::uint16_t));
  reader.check(count >= 1, Error::BadCount);
  table.types.clear();
  table.types.reserve(count);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) table.types.push_back(read_type(reader, format));
  if (reader.ok()) {
    const Type& any = table.types[0];
    reader.check(any.bits == type_bits::kAny && !any.has_min && !any.has_max, Error::BadValue);
  }
  if (!reader.ok()) return reader.failure();
  table.is_fallback = false;
  return table;
}

Result<CodeHeader> read_code_header(Bytes data) {
  constexpr std::uint32_t kInstructionSet = 0;
  ByteReader reader(data, chunk::kCode);
  const std::uint32_t header_size = reader.u32();
  ByteReader header(reader.bytes(header_size), chunk::kCode);
  if (!reader.ok()) return reader.failure();
  const std::uint32_t instruction_set = header.u32();
  CodeHeader result;
  result.opcode_max = header.u32();
  result.label_count = header.u32();
  result.function_count = header.u32();
  header.check(instruction_set == kInstructionSet, Error::UnsupportedVersion);
  if (!header.ok()) return header.failure();
  result.code = reader.rest();
  // Every label and function costs at least two bytes of code, so tables sized by these counts stay in proportion.
  header.check(result.label_count <= result.code.size() + 1 && result.function_count <= result.code.size(), Error::BadCount);
  if (!header.ok()) return header.failure();
  return result;
}

}  // namespace vm::beamfile
