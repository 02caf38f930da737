// SPDX-License-Identifier: Apache-2.0
//
// Walks the instructions of a Code chunk.
//
//   CodeReader reader(header.code, limits);
//   Instruction instruction;
//   while (reader.next(instruction)) { ... instruction.operand(0) ... }
//   if (reader.failed()) ... reader.fault() ...
//
// An instruction comes with its fixed operands in place; the variable list that ends some instructions (select_val, put_tuple2,
// bs_create_bin, ...) is an operand of kind List and its elements are in `instruction.list`. Operands are checked against the
// module's tables, so a consumer may index with them. Which kinds an instruction allows is not known here: that is the loader's
// verifier.
//
// skip() steps over an instruction without decoding its operands; seek() goes back to an offset seen before. Together they let a
// loader index functions first and decode each on its first call.
//
// Rules of the decoder:
//  1. Nothing is read without a bounds check, nothing is allocated for a count that the remaining bytes cannot hold.
//  2. A list stands last in an instruction and holds no list.
//  3. After a fault the reader stays where the bad instruction starts and next() and skip() answer false for ever.
//
// Threading: a reader and its instruction belong to one thread; the bytes are shared and constant.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "beamfile/compact_term.h"
#include "beamfile/fault.h"
#include "beamfile/opcode_arity.h"

namespace vm::beamfile {

// Registers of each kind that instructions can name.
inline constexpr std::uint32_t kMaxRegisters = 1024;

enum class OperandKind : std::uint8_t {
  Unsigned,       // value: a number that the instruction interprets
  Integer,        // integer: an integer that fits 64 bits
  BigInteger,     // bytes(): an integer as big-endian two's complement, 9 bytes or more
  Overflow,       // an Unsigned or Character too large for 64 bits or negative; bytes() as for BigInteger
  Nil,            // the empty list
  Atom,           // value: index into the atom table, not 0
  XRegister,      // value: register; type: index into the type table, 0 when nothing is known
  YRegister,      // the same
  FloatRegister,  // value: register
  Label,          // value: label; 0 means "no label": failure raises an exception
  Character,      // value: a code point
  Literal,        // value: index into the literal table
  AllocList,      // alloc_words(), alloc_floats(), alloc_funs(): heap that the instruction needs
  List,           // value: number of elements in Instruction::list
};

// One operand, 16 bytes.
struct Operand {
  OperandKind kind = OperandKind::Nil;
  union {
    std::uint32_t type;   // registers: index into the type table
    std::uint32_t extra;  // BigInteger, Overflow: number of bytes; AllocList: number of funs
  };
  union {
    std::uint64_t value;
    std::int64_t integer;
    const std::uint8_t* data;
  };

  Operand() : type(0), value(0) {}
  Operand(OperandKind k, std::uint64_t v, std::uint32_t t = 0) : kind(k), type(t), value(v) {}

  bool is_register() const { return kind == OperandKind::XRegister || kind == OperandKind::YRegister; }
  Bytes bytes() const { return {data, extra}; }
  std::uint32_t alloc_words() const { return static_cast<std::uint32_t>(value); }
  std::uint32_t alloc_floats() const { return static_cast<std::uint32_t>(value >> 32); }
  std::uint32_t alloc_funs() const { return extra; }
};
static_assert(sizeof(Operand) == 16);

struct Instruction {
  std::uint8_t opcode = 0;
  std::uint8_t arity = 0;
  std::uint32_t offset = 0;  // of the opcode byte in the code
  std::array<Operand, kMaxOperands> operands;
  std::vector<Operand> list;  // elements of the last operand when that is a List, else empty; storage is reused

  const Operand& operand(unsigned index) const { return operands[index]; }
};

// How large the module's tables are. Zero types means that type hints are not checked and read as "nothing known".
struct OperandLimits {
  std::uint32_t atoms = 0;  // AtomTable::count(), so index 0 included
  std::uint32_t literals = 0;
  std::uint32_t labels = 0;  // CodeHeader::label_count
  std::uint32_t types = 0;
};

class CodeReader {
 public:
  CodeReader(Bytes code, const OperandLimits& limits)
      : start_(code.data()), at_(code.data()), end_(code.data() + code.size()), limits_(limits) {}

  // Decodes the next instruction. False after int_code_end was delivered and on a fault.
  bool next(Instruction& out);

  // Steps over the next instruction and tells its opcode. Checks bounds but not operand values.
  bool skip(std::uint8_t& opcode);

  // Offset of the next instruction.
  std::uint32_t offset() const { return static_cast<std::uint32_t>(at_ - start_); }

  // Continues at an offset that offset() or Instruction::offset gave before.
  void seek(std::uint32_t offset);

  bool failed() const { return failed_; }
  const Fault& fault() const { return fault_; }

 private:
  bool begin(std::uint8_t& opcode);
  bool read_operand(Operand& out);
  bool read_extended(std::uint64_t kind, Operand& out);
  bool read_typed_register(Operand& out);
  bool read_alloc_list(Operand& out);
  bool read_list(Instruction& out, Operand& operand);
  bool skip_operand(bool& is_list);
  bool read_term(CompactTerm& term);
  bool read_index(std::uint64_t limit, std::uint64_t& index);
  bool fail(Error error);

  const std::uint8_t* start_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  OperandLimits limits_;
  bool ended_ = false;
  bool failed_ = false;
  Fault fault_;
};

}  // namespace vm::beamfile
