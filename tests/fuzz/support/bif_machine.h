// SPDX-License-Identifier: Apache-2.0
//
// What fuzz targets of built-ins share: a process that is never scheduled, whose built-ins are called as an engine would call them, and terms made
// from the input's bytes.
//
// The heap is verified and collected after every input, so that a built-in that left a broken term behind is found at once. A built-in
// that yields is called again with the arguments it asked for; a trap to Erlang code ends the call.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "bif/bif_decls.gen.h"
#include "ops/maps.h"
#include "proc/bif_context.h"
#include "proc/runtime.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::fuzz {

// The input, read from its front. Reading past the end gives zeros.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : p_(data), end_(data + size) {}
  bool empty() const { return p_ == end_; }
  unsigned byte() { return p_ == end_ ? 0 : *p_++; }
  std::span<const Byte> bytes(std::size_t n) {
    const std::size_t given = std::min(n, static_cast<std::size_t>(end_ - p_));
    const std::span<const Byte> result(p_, given);
    p_ += given;
    return result;
  }
  std::span<const Byte> rest() { return bytes(static_cast<std::size_t>(end_ - p_)); }

 private:
  const std::uint8_t* p_;
  const std::uint8_t* end_;
};

// Makes terms of every type; `words` are atoms that mean something to the built-in under test.
class TermMaker {
 public:
  TermMaker(Input& input, term::HeapWriter& heap, std::span<const Term> words) : in_(input), h_(heap), words_(words) {}

  Term any(unsigned depth = 0) {
    const unsigned kind = in_.byte() % (depth < kMaxDepth ? 16 : 8);
    switch (kind) {
      case 0: return Term::small(static_cast<std::int8_t>(in_.byte()));
      case 1: return Term::small(static_cast<SWord>(in_.byte() << 16 | in_.byte() << 8 | in_.byte()));
      case 2: return big();
      case 3: return floating();
      case 4: return binary();
      case 5: return bits();
      case 6: return term::kNil;
      case 7: return word();
      case 8: return word();
      case 9: return list(depth, term::kNil);
      case 10: return list(depth, term::kNil);
      case 11: return list(depth, any(depth + 1));
      case 12: return tuple(depth);
      case 13: return tuple(depth);
      case 14: return map(depth);
      default: return characters();
    }
  }
  Term word() { return words_[in_.byte() % words_.size()]; }
  Term binary() { return term::make_binary(h_, in_.bytes(in_.byte())); }
  Term list(unsigned depth, Term tail) {
    const std::vector<Term> elements = several(depth);
    return term::list_from(h_, elements, tail);
  }

 private:
  static constexpr unsigned kMaxDepth = 6;

  std::vector<Term> several(unsigned depth) {
    std::vector<Term> result;
    for (unsigned n = in_.byte() % 6; n > 0; n--) result.push_back(any(depth + 1));
    return result;
  }
  Term big() {
    Word limbs[3] = {};
    const std::span<const Byte> bytes = in_.bytes(in_.byte() % (sizeof limbs + 1));
    if (!bytes.empty()) std::memcpy(limbs, bytes.data(), bytes.size());
    return term::make_big(h_, limbs, (in_.byte() & 1) != 0);
  }
  Term floating() {
    Word pattern = 0;
    const std::span<const Byte> bytes = in_.bytes(8);
    if (!bytes.empty()) std::memcpy(&pattern, bytes.data(), bytes.size());
    const double d = std::bit_cast<double>(pattern);
    return term::make_float(h_, d - d == 0 ? d : 1.5);
  }
  Term bits() {
    const Term whole = binary();
    const std::size_t size = term::bits_of(whole).size;
    const std::size_t from = std::min<std::size_t>(in_.byte() % 9, size);
    return term::make_sub_bits(h_, whole, from, size - from - std::min<std::size_t>(in_.byte() % 9, size - from));
  }
  Term tuple(unsigned depth) {
    const std::vector<Term> elements = several(depth);
    term::Tuple t = term::Tuple::alloc(h_, elements.size());
    for (std::size_t i = 0; i < elements.size(); i++) t.set(i, elements[i]);
    return t.term();
  }
  Term map(unsigned depth) {
    std::vector<Term> pairs = several(depth);
    if (pairs.size() % 2 != 0) pairs.pop_back();
    return ops::map_from_pairs(h_, pairs);
  }
  Term characters() {
    std::vector<Term> elements;
    for (Byte b : in_.bytes(in_.byte())) elements.push_back(Term::small(b < 0x80 ? b : (b & 0x7F) * 0x2311));
    return term::list_from(h_, elements);
  }

  Input& in_;
  term::HeapWriter& h_;
  std::span<const Term> words_;
};

// One process and the calls it makes.
class BifMachine {
 public:
  static BifMachine& instance() {
    static BifMachine machine;
    return machine;
  }
  proc::Process& process() { return *process_; }
  term::HeapWriter& heap() { return process_->heap; }

  // Calls f(args...) as code would. The result, or the non-value when it raised, trapped or did not end in many slices.
  template <typename Context, typename... Args>
  Term call(proc::BifResult (*f)(Context&, Args...), std::type_identity_t<Args>... args) {
    proc::GcContext cx(*process_);
    process_->reductions_left = kSlice;
    process_->pending = proc::PendingKind::None;
    return f(static_cast<Context&>(cx), args...).value();
  }
  // Atoms by name.
  static std::vector<Term> atoms(std::initializer_list<std::string_view> names) {
    std::vector<Term> result;
    for (std::string_view name : names) result.push_back(term::AtomTable::intern(name));
    return result;
  }
  // Verifies what the calls left and drops everything.
  void end_input(std::initializer_list<Term> results) {
    std::vector<Term> registers;
    for (Term t : results) {
      if (t.is_value()) registers.push_back(t);
    }
    if (process_->pending == proc::PendingKind::Raise) registers.push_back(process_->scratch->exception.reason);
    process_->heap.verify(registers.data(), registers.size(), *process_);
    VM_CHECK(process_->collect(registers.data(), registers.size(), 0, true));
    process_->heap.verify(registers.data(), registers.size(), *process_);
    process_->pending = proc::PendingKind::None;
    process_->scratch->exception = proc::Exception{};
    VM_CHECK(process_->collect(nullptr, 0, 0, true));
  }

 private:
  static constexpr SWord kSlice = 4000;

  BifMachine() {
    runtime_.code = &code_;
    process_ = new proc::Process(runtime_, Term::small(0));
    process_->heap.init(233);
  }

  code::CodeStore code_;
  proc::Runtime runtime_;
  proc::Process* process_;
};

}  // namespace vm::fuzz
