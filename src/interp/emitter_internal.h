// SPDX-License-Identifier: Apache-2.0
//
// Emitter: one FunctionBody → cells. Label operands become fixups, for the cells have no address yet.
//
// Every instruction has a plain form: its label, then one cell per operand (registers tagged, see registers.h). `emit_special` handles
// those whose cells differ from their operands; specialisation and fusing come before that (fuse.cpp).
#pragma once

#include <vector>

#include "code/backend.h"
#include "interp/instructions.h"
#include "ops/code_lines.h"

namespace vm::interp {

class Emitter {
 public:
  explicit Emitter(const code::FunctionBody& body) : body_(body) {}
  void emit();

  struct Fixup {
    std::size_t cell;
    Word label;
  };
  std::vector<code::CodeWord> cells;
  std::vector<ops::LineEntry> lines;
  std::vector<Fixup> label_fixups;
  std::vector<Fixup> catch_fixups;
  // Offset of a label, or of a bad_code instruction when the function has no such label.
  std::size_t offset_of(Word label) const;
  std::size_t entry_offset() const;

 private:
  using Operands = std::span<const code::Operand>;

  void define_label(Word label);
  void note_line(Word index);
  void emit_one(const code::Instruction& i);
  bool emit_special(const code::Instruction& i);
  // Tries a specialised or fused form at instruction `at`; answers how many instructions it took, 0 for none.
  std::size_t fuse(std::size_t at);
  std::size_t specialise(std::size_t at);
  std::size_t fuse_move(std::size_t at);
  std::size_t fuse_element(std::size_t at);
  std::size_t fuse_elements(std::size_t at);
  std::size_t fuse_is_tuple(std::size_t at);
  std::size_t fuse_tagged_tuple(std::size_t at);
  std::size_t fuse_next_cons(std::size_t at);
  std::size_t behind_frame(std::size_t at) const;
  std::size_t fuse_allocate(std::size_t at);
  std::size_t tail_call_fun(std::size_t at);
  std::size_t fuse_guard(std::size_t at);
  bool calls_near(std::size_t at) const;
  void put_near(std::size_t at);
  std::size_t fuse_near_call(std::size_t at);
  std::size_t fuse_put_tuple(std::size_t at);
  // Gives instructions whose successor is known to be the next one a label that runs both.
  void join();
  std::size_t fuse_bits(std::size_t at);
  std::size_t fuse_start_match(std::size_t at);
  std::size_t fuse_get_integer(std::size_t at);
  std::size_t following(std::size_t at) const;
  bool is_op(std::size_t at, code::Op op) const;
  void follow_tuple(const code::Instruction& i);
  bool is_known_tuple(const code::Operand& o, Word index) const;
  Operands operands_at(std::size_t at) const { return body_.operands_of(body_.instructions[at]); }
  void note_lines(std::size_t from, std::size_t to);
  void put_operands(Operands o);
  void emit_plain(const code::Instruction& i);
  void emit_call_bif(const code::Instruction& i);
  void emit_enter_dirty(const code::Bif& bif);
  void emit_float_move(Operands o);
  void emit_select(Operands o);
  void emit_create_bin(Operands o);
  void emit_bs_match(Operands o);
  void put(code::CodeWord w) { cells.push_back(w); }
  void put(code::Op op) { put_instruction(static_cast<unsigned>(op)); }
  void put(Fused op) { put_instruction(code::kOpCount + static_cast<unsigned>(op)); }
  void put_instruction(unsigned number) {
    starts_.push_back({static_cast<std::uint32_t>(cells.size()), number});
    cells.push_back(reinterpret_cast<code::CodeWord>(instruction_labels()[number]));
  }
  void put_label(Word label);
  void put_operand(const code::Operand& o);
  static code::CodeWord encode(const code::Operand& o);

  // Where each instruction begins, and its number; labels lie between, cells of operands do not.
  struct Start {
    std::uint32_t cell;
    unsigned number;
  };
  std::vector<Start> starts_;
  const code::FunctionBody& body_;
  Word label_base_ = 0;
  std::vector<std::uint32_t> label_offsets_;  // by label - label_base_; kNoOffset: not in this function
  std::uint32_t bad_code_ = 0;
  bool stress_ = false;
  // The x register that holds a tuple wherever control is right now, as a test has shown, and of how many elements; kNoRegister: none.
  Word tuple_in_ = kNoRegister;
  Word tuple_size_ = 0;
  static constexpr Word kNoRegister = ~Word{0};
  enum class Near : std::uint8_t { Unknown, Yes, No };
  mutable Near near_ = Near::Unknown;  // whether functions of this module stay what they are
  static constexpr std::uint32_t kNoOffset = 0xffffffff;
};

}  // namespace vm::interp
