// SPDX-License-Identifier: Apache-2.0
//
// The tables of a module, chunk by chunk: bytes in, small structs out. Text and literals are spans into the input (or, for compressed
// literals, into storage that the table owns), so the input has to outlive what was read from it.
//
// All counts, indexes and lengths are checked here; code that uses a table may index with what another table holds. Where releases
// differ the newest form wins and the difference ends here:
//
//   atoms     latin-1 in `Atom` (before OTP 20), UTF-8 with one length byte, UTF-8 with compact lengths (negative count, OTP 28 on)
//   literals  compressed, or raw when the size field is 0 (OTP 28 on)
//   types     version 1 (OTP 25), 2 (26), 3 (27, 28), 4 (29); others are ignored: types are hints
//
// Threading: values, no sharing.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "beamfile/fault.h"

namespace vm::beamfile {

// Index into the module's atom table. 0 is not an atom but stands for the empty list in operands.
using AtomIndex = std::uint32_t;
using Label = std::uint32_t;

inline constexpr std::uint32_t kMaxArity = 255;

enum class TextEncoding : std::uint8_t { Latin1, Utf8 };

struct AtomTable {
  TextEncoding encoding = TextEncoding::Utf8;
  std::vector<std::string_view> names;  // names[0] is unused, names[1] is the module

  std::uint32_t count() const { return static_cast<std::uint32_t>(names.size()); }
};

struct Import {
  AtomIndex module = 0;
  AtomIndex function = 0;
  std::uint32_t arity = 0;
};

// An entry of the export or local function table.
struct Export {
  AtomIndex function = 0;
  std::uint32_t arity = 0;
  Label label = 0;
};

struct Lambda {
  AtomIndex function = 0;
  std::uint32_t arity = 0;  // free variables included
  Label label = 0;
  std::uint32_t index = 0;
  std::uint32_t free_count = 0;
  std::uint32_t old_unique = 0;
};

struct LiteralTable {
  std::vector<Bytes> terms;  // external term format, version byte included
  std::vector<std::uint8_t> storage;
};

struct LineItem {
  std::uint32_t file = 0;  // index into LineTable::files
  std::uint32_t line = 0;
};

struct LineTable {
  std::uint32_t instruction_count = 0;
  std::vector<LineItem> items;          // items[0] is "no location"; `line` instructions index this
  std::vector<std::string_view> files;  // files[0] is empty and stands for the module's own source file; UTF-8
};

// What the compiler knows of a value: a set of these.
namespace type_bits {
inline constexpr std::uint16_t kAtom = 1 << 0;
inline constexpr std::uint16_t kBitstring = 1 << 1;
inline constexpr std::uint16_t kMatchContext = 1 << 2;
inline constexpr std::uint16_t kCons = 1 << 3;
inline constexpr std::uint16_t kFloat = 1 << 4;
inline constexpr std::uint16_t kFun = 1 << 5;
inline constexpr std::uint16_t kInteger = 1 << 6;
inline constexpr std::uint16_t kMap = 1 << 7;
inline constexpr std::uint16_t kNil = 1 << 8;
inline constexpr std::uint16_t kPid = 1 << 9;
inline constexpr std::uint16_t kPort = 1 << 10;
inline constexpr std::uint16_t kReference = 1 << 11;
inline constexpr std::uint16_t kTuple = 1 << 12;
inline constexpr std::uint16_t kRecord = 1 << 13;
inline constexpr std::uint16_t kAny = (1 << 14) - 1;
}  // namespace type_bits

struct Type {
  std::uint16_t bits = type_bits::kAny;
  std::uint16_t unit = 1;  // the bit size of a bitstring is a multiple of this
  bool has_min = false;    // numbers only
  bool has_max = false;
  std::int64_t min = 0;
  std::int64_t max = 0;
};

// types[0] is always "any". A module without types, or with types of an unknown version, has just that.
struct TypeTable {
  std::vector<Type> types{Type{}};
  bool is_fallback = true;
};

struct CodeHeader {
  std::uint32_t opcode_max = 0;
  std::uint32_t label_count = 0;  // labels are 1 .. label_count - 1
  std::uint32_t function_count = 0;
  Bytes code;
};

Result<AtomTable> read_atoms(Bytes data, TextEncoding encoding);
Result<std::vector<Import>> read_imports(Bytes data, const AtomTable& atoms);
Result<std::vector<Export>> read_exports(Bytes data, const AtomTable& atoms, std::uint32_t label_count, ChunkId chunk);
Result<std::vector<Lambda>> read_lambdas(Bytes data, const AtomTable& atoms, std::uint32_t label_count);
Result<LiteralTable> read_literals(Bytes data);
Result<LineTable> read_lines(Bytes data);
Result<TypeTable> read_types(Bytes data);
Result<CodeHeader> read_code_header(Bytes data);

}  // namespace vm::beamfile
